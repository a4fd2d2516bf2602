//! The outbox: the only way of the engine's changes into the store.
//!
//! One task writes what waits in one transaction, in order. While the database
//! fails, changes go to the [`Journal`] and are replayed, in order and before
//! newer ones, when it is back. An alarm that is not durable in time is
//! announced all the same, as not recorded.

mod work;
mod writer;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{BreakerConfig, EventChange, EventId};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Announced, Journal, Store};

/// Whether changes become durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreState {
    /// They do.
    Ok,
    /// They wait in the journal; the text says why.
    Failed(String),
}

/// How the outbox works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxConfig {
    /// Changes that may wait in memory: so many in the queue (`block`, then
    /// refuse), and twice as many before the writer, which is stuck from the
    /// half on.
    pub capacity: usize,
    /// Changes in one transaction. The more wait, the fewer pages and syncs each costs.
    pub batch_max: usize,
    /// An alarm that is not durable by then is announced as not recorded.
    pub announce_after: Duration,
    /// When a database that fails is tried again; changes go to the journal meanwhile.
    pub breaker: BreakerConfig,
    /// How long [`OutboxHandle::submit`] waits for room.
    pub submit_wait: Duration,
    /// With nothing to write for so long it is tried whether the database
    /// would take a write: its failure shows before the next alarm needs it.
    pub probe_every: Duration,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            capacity: 1024,
            batch_max: 1024,
            announce_after: Duration::from_millis(300),
            breaker: BreakerConfig {
                failures_max: 1,
                open_first: Duration::from_millis(100),
                open_for: Duration::from_secs(2),
                steady_after: Duration::ZERO,
            },
            submit_wait: Duration::from_millis(200),
            probe_every: Duration::from_secs(2),
        }
    }
}

/// Alarms that were announced before the writer had them and are remembered.
const ANNOUNCED_MAX: usize = 4096;

/// Why a change was not taken. It comes back, so that it is not lost silently.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too many changes wait.
    #[error("too many event changes wait for the store: event {} was not taken", .0.event.id)]
    Full(Box<EventChange>),
    /// The outbox has been shut down.
    #[error("the outbox is shut down: event {} was not taken", .0.event.id)]
    Closed(Box<EventChange>),
}

/// What was left undone at the end.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShutdownError {
    /// Neither database nor journal would take these.
    #[error(
        "{0} event changes could be written neither to the database nor to the journal: check the disk"
    )]
    Lost(usize),
    /// The writer's task broke.
    #[error("the outbox's writer ended by itself: see the log")]
    Died,
}

/// A change on its way.
#[derive(Debug, Clone)]
struct Submitted {
    change_id: Uuid,
    change: EventChange,
    at: Instant,
    /// Told already as not recorded.
    announced: bool,
}

/// How far the writer has got: by this one sees whether it still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Pieces of work done, failed ones among them.
    pub done: u64,
    /// Something waits or is being written.
    pub has_work: bool,
}

/// What the writer counts as it works.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    busy: AtomicBool,
    /// More waits before the writer than it should.
    stuck: AtomicBool,
}

/// Starts outboxes.
#[derive(Debug)]
pub struct Outbox;

impl Outbox {
    /// Starts the writer. What a journal holds from before is replayed first;
    /// until that is done the state is `Failed`.
    #[must_use]
    pub fn spawn(store: Store, journal: Journal, config: OutboxConfig) -> OutboxHandle {
        let (sender, input) = mpsc::channel(config.capacity.max(1));
        let (stop, stopped) = watch::channel(false);
        let (done, finished) = watch::channel(None);
        let submit_wait = config.submit_wait;
        let writer = writer::Writer::new(store.clone(), journal, config, input, stopped);
        let state = writer.state();
        let counts = writer.counts();
        tokio::spawn(async move {
            let lost = writer.run().await;
            done.send_replace(Some(lost));
        });
        let shared = Shared {
            store,
            sender,
            stop,
            state,
            finished,
            submit_wait,
            counts,
            refused: AtomicU64::new(0),
            announced: Mutex::default(),
        };
        OutboxHandle { shared: Arc::new(shared) }
    }
}

#[derive(Debug)]
struct Shared {
    store: Store,
    sender: mpsc::Sender<Submitted>,
    stop: watch::Sender<bool>,
    state: watch::Receiver<StoreState>,
    finished: watch::Receiver<Option<usize>>,
    submit_wait: Duration,
    counts: Arc<Counts>,
    refused: AtomicU64,
    /// Alarms that were announced before the writer had them, so that each is
    /// announced once; the oldest of [`ANNOUNCED_MAX`] is forgotten.
    announced: Mutex<BTreeSet<EventId>>,
}

/// Hands changes to the outbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OutboxHandle {
    shared: Arc<Shared>,
}

impl OutboxHandle {
    /// Hands over a change without waiting; answers the id it was given.
    ///
    /// # Errors
    /// When too many wait or the outbox is shut down.
    pub fn try_submit(&self, change: EventChange) -> Result<Uuid, SubmitError> {
        let submitted = self.submitted(change);
        let change_id = submitted.change_id;
        self.shared.sender.try_send(submitted).map_err(|error| match error {
            mpsc::error::TrySendError::Full(back) => self.refuse(back),
            mpsc::error::TrySendError::Closed(back) => SubmitError::Closed(Box::new(back.change)),
        })?;
        Ok(change_id)
    }

    /// Hands over a change, waiting a little for room; answers the id it was given.
    ///
    /// # Errors
    /// When too many wait even then, or the outbox is shut down.
    pub async fn submit(&self, change: EventChange) -> Result<Uuid, SubmitError> {
        let submitted = self.submitted(change);
        let change_id = submitted.change_id;
        let sent = self.shared.sender.send_timeout(submitted, self.shared.submit_wait).await;
        sent.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(back) => self.refuse(back),
            mpsc::error::SendTimeoutError::Closed(back) => {
                SubmitError::Closed(Box::new(back.change))
            }
        })?;
        Ok(change_id)
    }

    fn submitted(&self, change: EventChange) -> Submitted {
        let announced = self.announce_if_stuck(&change);
        Submitted { change_id: Uuid::now_v7(), change, at: Instant::now(), announced }
    }

    /// Announces an alarm that begins as not recorded while the store fails or the
    /// writer is stuck: however much waits, an alarm is never mute. Answers
    /// whether it has been announced by this. Each is, once.
    pub fn announce_if_stuck(&self, change: &EventChange) -> bool {
        let event = &change.event;
        if change.kind != ChangeKind::Raised || !event.severity.is_alarm() {
            return false;
        }
        let mut announced = self.shared.announced.lock().unwrap_or_else(PoisonError::into_inner);
        if announced.contains(&event.id) {
            return true;
        }
        let fails = *self.shared.state.borrow() != StoreState::Ok;
        if !fails && !self.shared.counts.stuck.load(Ordering::Acquire) {
            return false;
        }
        announced.insert(event.id);
        if announced.len() > ANNOUNCED_MAX {
            announced.pop_first();
        }
        drop(announced);
        self.shared.store.announce_unrecorded(change.clone());
        true
    }

    fn refuse(&self, back: Submitted) -> SubmitError {
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        tracing::error!(event = %back.change.event.id, "an event change was refused: too many wait for the store");
        SubmitError::Full(Box::new(back.change))
    }

    /// Whether the queue has room for one change more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.shared.sender.capacity() > 0
    }

    /// Changes that wait in the queue.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.shared.sender.max_capacity() - self.shared.sender.capacity()
    }

    /// How far the writer has got.
    #[must_use]
    pub fn activity(&self) -> Activity {
        let counts = &self.shared.counts;
        Activity {
            done: counts.done.load(Ordering::Relaxed),
            has_work: counts.busy.load(Ordering::Relaxed) || self.depth() > 0,
        }
    }

    /// Changes refused since the start because too many waited.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// News of events; see [`Store::announcements`].
    #[must_use]
    pub fn announcements(&self) -> broadcast::Receiver<Announced> {
        self.shared.store.announcements()
    }

    /// Whether changes become durable, now and whenever that changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<StoreState> {
        self.shared.state.clone()
    }

    /// Takes no more changes and waits until those taken are in the database,
    /// or, if that fails once more, in the journal.
    ///
    /// # Errors
    /// When some could be written to neither.
    pub async fn shutdown(&self) -> Result<(), ShutdownError> {
        self.shared.stop.send_replace(true);
        let mut finished = self.shared.finished.clone();
        let lost =
            finished.wait_for(Option::is_some).await.map_err(|_task_gone| ShutdownError::Died)?;
        match *lost {
            None | Some(0) => Ok(()),
            Some(count) => Err(ShutdownError::Lost(count)),
        }
    }
}
