//! The outbox's task: a small machine that does one piece of work at a time
//! and keeps taking changes and announcing late alarms meanwhile.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safe_yolo_core::EventChange;
use safe_yolo_core::breaker::{Breaker, BreakerState};
use safe_yolo_core::event::ChangeKind;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::work::{self, Done, Queue, Work, finished};
use super::{Counts, OutboxConfig, StoreState, Submitted};
use crate::error::chain;
use crate::{Journal, Store};

enum Happened {
    Done(Done),
    Deadline,
    Stop,
    Input(Option<Submitted>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Changes go straight to the database.
    Healthy,
    /// The journal is to be read.
    Loading,
    /// What the journal held is written to the database.
    Replaying,
    /// Changes go to the journal until the breaker allows a trial.
    Failed,
}

/// An alarm that nobody has heard of yet.
struct Late {
    at: Instant,
    change_id: Uuid,
    change: EventChange,
}

pub(super) struct Writer {
    store: Store,
    journal: Arc<Mutex<Journal>>,
    config: OutboxConfig,
    input: mpsc::Receiver<Submitted>,
    stopped: watch::Receiver<bool>,
    state: watch::Sender<StoreState>,
    phase: Phase,
    /// When the database is tried, unless something is written before.
    probe_at: Instant,
    breaker: Breaker,
    began: Instant,
    /// Bounded: no more is taken from the queue at twice `capacity`.
    pending: VecDeque<Submitted>,
    /// Read from the journal, not yet in the database again.
    replaying: VecDeque<Submitted>,
    /// Bounded as `pending` is; entries leave when recorded or announced.
    late: VecDeque<Late>,
    /// The journal took no more at the last try.
    journal_stuck: bool,
    damaged: bool,
    input_open: bool,
    stopping: bool,
    /// The one more try that a stop is worth has been made.
    last_try_made: bool,
    counts: Arc<Counts>,
}

impl Writer {
    pub(super) fn new(
        store: Store,
        journal: Journal,
        config: OutboxConfig,
        input: mpsc::Receiver<Submitted>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (phase, state) = if journal.is_empty() {
            (Phase::Healthy, StoreState::Ok)
        } else {
            (
                Phase::Loading,
                StoreState::Failed("replaying the journal of an earlier failure".to_owned()),
            )
        };
        Self {
            probe_at: Instant::now() + config.probe_every,
            breaker: Breaker::new(config.breaker),
            began: Instant::now(),
            store,
            journal: Arc::new(Mutex::new(journal)),
            config,
            input,
            stopped,
            state: watch::Sender::new(state),
            phase,
            pending: VecDeque::new(),
            replaying: VecDeque::new(),
            late: VecDeque::new(),
            journal_stuck: false,
            damaged: false,
            input_open: true,
            stopping: false,
            last_try_made: false,
            counts: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> watch::Receiver<StoreState> {
        self.state.subscribe()
    }

    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Works until the input is closed and drained; answers how many changes
    /// are lost.
    pub(super) async fn run(mut self) -> usize {
        let mut work: Option<Work> = None;
        loop {
            if work.is_none() {
                work = self.next_work();
            }
            if work.is_none() && self.is_finished() {
                return self.pending.len() + self.input.len();
            }
            self.counts.busy.store(work.is_some(), Ordering::Relaxed);
            // Before more is taken: what was sent before this is known still has
            // room here, and so is announced; what comes after is at once.
            self.counts.stuck.store(self.pending.len() >= self.config.capacity, Ordering::Release);
            let deadline = self.deadline(work.is_none());
            let room = self.has_room() && self.late.len() < 2 * self.config.capacity;
            let alarm_clock = async move {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let happened = tokio::select! {
                // First, so that an alarm just recorded is not announced as late.
                biased;
                done = finished(work.as_mut()) => Happened::Done(done),
                () = alarm_clock => Happened::Deadline,
                // An error means that the handles are gone: the same as a stop.
                () = async { drop(self.stopped.wait_for(|stop| *stop).await) }, if !self.stopping => Happened::Stop,
                submitted = self.input.recv(), if self.input_open && room => Happened::Input(submitted),
            };
            match happened {
                Happened::Done(done) => {
                    self.counts.done.fetch_add(1, Ordering::Relaxed);
                    work = None;
                    self.finish(done);
                }
                Happened::Deadline => self.announce_late(),
                Happened::Stop => {
                    self.stopping = true;
                    self.input.close();
                }
                Happened::Input(Some(submitted)) => self.take(submitted),
                Happened::Input(None) => self.input_open = false,
            }
        }
    }

    fn has_room(&self) -> bool {
        self.pending.len() < 2 * self.config.capacity
    }

    /// Whether it is stopping and nothing more can be taken in.
    fn is_last(&self) -> bool {
        self.stopping && (!self.input_open || !self.has_room())
    }

    fn is_finished(&self) -> bool {
        let settled = match self.phase {
            Phase::Healthy => self.pending.is_empty(),
            // What is not in the journal by now will not get there.
            Phase::Failed => self.last_try_made && (self.pending.is_empty() || self.journal_stuck),
            Phase::Loading | Phase::Replaying => false,
        };
        settled && self.is_last()
    }

    fn take(&mut self, submitted: Submitted) {
        let begins = submitted.change.kind == ChangeKind::Raised;
        if begins && submitted.change.event.severity.is_alarm() && !submitted.announced {
            self.late.push_back(Late {
                at: submitted.at + self.config.announce_after,
                change_id: submitted.change_id,
                change: submitted.change.clone(),
            });
        }
        self.pending.push_back(submitted);
    }

    fn deadline(&self, idle: bool) -> Option<Instant> {
        let late = self.late.front().map(|late| late.at);
        let retry = match self.phase {
            Phase::Failed if idle => match self.breaker.state() {
                BreakerState::Open(until) => self.began.checked_add(until),
                BreakerState::Closed | BreakerState::HalfOpen => None,
            },
            Phase::Healthy if idle && !self.stopping => Some(self.probe_at),
            _ => None,
        };
        match (late, retry) {
            (Some(late), Some(retry)) => Some(late.min(retry)),
            (late, retry) => late.or(retry),
        }
    }

    fn announce_late(&mut self) {
        let now = Instant::now();
        while let Some(late) = self.late.pop_front_if(|late| late.at <= now) {
            tracing::warn!(event = %late.change.event.id, "an alarm is announced before it could be recorded");
            self.store.announce_unrecorded(late.change);
        }
    }

    fn next_work(&mut self) -> Option<Work> {
        loop {
            match self.phase {
                Phase::Healthy if self.pending.is_empty() => {
                    let is_due = !self.stopping && Instant::now() >= self.probe_at;
                    return is_due.then(|| work::probe(self.store.clone()));
                }
                Phase::Healthy => return Some(self.write(Queue::Memory)),
                Phase::Loading => {
                    return Some(work::load(self.store.clone(), self.journal.clone()));
                }
                Phase::Replaying if self.replaying.is_empty() => {
                    return Some(work::clear(self.journal.clone(), self.damaged));
                }
                Phase::Replaying => return Some(self.write(Queue::Journal)),
                Phase::Failed => {
                    if !self.pending.is_empty() && !self.journal_stuck {
                        return Some(work::append(
                            self.journal.clone(),
                            std::mem::take(&mut self.pending),
                        ));
                    }
                    let last_try = self.is_last();
                    if last_try && self.last_try_made {
                        return None;
                    }
                    // At the end there is no later to wait for.
                    let now = if last_try { Duration::MAX } else { self.began.elapsed() };
                    if !self.breaker.may_try(now) {
                        return None;
                    }
                    self.last_try_made = last_try;
                    self.phase = Phase::Loading;
                }
            }
        }
    }

    fn write(&mut self, from: Queue) -> Work {
        let queue = match from {
            Queue::Memory => &mut self.pending,
            Queue::Journal => &mut self.replaying,
        };
        let count = queue.len().min(self.config.batch_max.max(1));
        work::write(self.store.clone(), from, queue.drain(..count).collect())
    }

    fn finish(&mut self, done: Done) {
        self.probe_at = Instant::now() + self.config.probe_every;
        match done {
            Done::Probed(Ok(())) => {}
            Done::Written { batch, result: Ok(()), .. } => {
                let recorded: HashSet<Uuid> = batch.iter().map(|s| s.change_id).collect();
                self.late.retain(|late| !recorded.contains(&late.change_id));
            }
            Done::Written { from, mut batch, result: Err(error) } => {
                match from {
                    Queue::Memory => {
                        batch.append(&mut self.pending);
                        self.pending = batch;
                    }
                    Queue::Journal => self.replaying.clear(),
                }
                self.fail(chain(&error));
            }
            Done::Journaled { mut batch, result } => {
                let taken = *result.as_ref().unwrap_or(&0);
                batch.drain(..taken);
                if !batch.is_empty() {
                    self.journal_stuck = true;
                    let full = || {
                        chain(&self.journal.lock().unwrap_or_else(PoisonError::into_inner).full())
                    };
                    let detail = result.err().unwrap_or_else(full);
                    tracing::error!(
                        waiting = batch.len(),
                        detail,
                        "event changes wait in memory: the journal takes no more"
                    );
                    self.state.send_replace(StoreState::Failed(detail));
                    batch.append(&mut self.pending);
                    self.pending = batch;
                }
            }
            Done::Loaded(Ok(replay)) => {
                for line in &replay.damaged {
                    tracing::error!(
                        line = line.number,
                        detail = line.detail,
                        "a line of the journal cannot be read"
                    );
                }
                self.damaged = !replay.damaged.is_empty();
                let at = Instant::now();
                let again =
                    |(change_id, change)| Submitted { change_id, change, at, announced: true };
                self.replaying = replay.changes.into_iter().map(again).collect();
                self.phase = Phase::Replaying;
            }
            Done::Cleared(Ok(())) => {
                self.phase = Phase::Healthy;
                self.damaged = false;
                self.breaker.works(self.began.elapsed());
                let before = self.state.send_replace(StoreState::Ok);
                if before != StoreState::Ok {
                    tracing::info!("the store takes event changes again; the journal is replayed");
                }
            }
            Done::Probed(Err(detail)) | Done::Loaded(Err(detail)) | Done::Cleared(Err(detail)) => {
                self.fail(detail);
            }
        }
    }

    fn fail(&mut self, detail: String) {
        self.breaker.failed(self.began.elapsed());
        // The journal may have room again too.
        self.journal_stuck = false;
        self.phase = Phase::Failed;
        tracing::error!(
            detail,
            failures = self.breaker.failures(),
            "the store takes no event changes; they go to the journal"
        );
        self.state.send_replace(StoreState::Failed(detail));
    }
}
