//! What the engine gives: changes into the store, pictures onto the disk.
//!
//! One task hands on changes, in order, and never waits for a picture. Others
//! draw, encode and write pictures and clips; what became of one is one more change.

mod clips;
mod trouble;

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::time::{Duration, Instant};

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId};
use safe_yolo_pipeline::Output;
use safe_yolo_pipeline::clips::ClipJob;
use safe_yolo_pipeline::evidence::Evidence;
use safe_yolo_store::evidence::FileKind;
use safe_yolo_store::outbox::SubmitError;
use safe_yolo_store::{EvidenceStore, OutboxHandle, Store};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::app::PartState;
use crate::problem::chain;

use clips::{CLIPS_MAX, write_clips};
use trouble::Trouble;

/// Changes and pictures that may wait here; then they wait in their cameras.
pub(crate) const OUTPUTS_MAX: usize = 1024;
/// Pictures that may wait to be written; another one is given up at once, as
/// memory is dearer than one of very many pictures.
const PICTURES_MAX: usize = 32;
/// Events whose picture or clip is on its way; the oldest is forgotten, and then read
/// from the store.
const PENDING_MAX: usize = 1024;

/// Changes that the store refused and that are offered again; the oldest is lost
/// (`drop_oldest`, an error). With what waits before and in the store, hours of a full disk.
const WAITING_MAX: usize = 8192;
/// How often they are offered.
const OFFER_EVERY: Duration = Duration::from_millis(200);

/// A clip that nobody has brought after this time is lost: with a pipeline that broke off, say.
const CLIP_LATE: Duration = Duration::from_secs(300);
/// How often such clips are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// What became of a picture or clip.
enum Done {
    Picture(EventId, Result<(), String>),
    Clip(EventId, clips::Outcome),
}

/// Where pictures and clips go.
struct Writers {
    pictures: mpsc::Sender<Box<Evidence>>,
    clips: mpsc::Sender<Box<ClipJob>>,
}

/// An event whose evidence is on its way.
struct Pending {
    /// Its newest form.
    event: Event,
    picture: bool,
    /// Since when its clip is waited for.
    clip: Option<Instant>,
}

/// Takes the engine's outputs.
pub(crate) struct Outputs {
    store: Store,
    outbox: OutboxHandle,
    pending: BTreeMap<EventId, Pending>,
    /// Changes that the store had no room for, oldest first.
    waiting: VecDeque<EventChange>,
    state: watch::Sender<PartState>,
    picture_trouble: Trouble,
    clip_trouble: Trouble,
}

impl Outputs {
    pub(crate) const fn new(
        store: Store,
        outbox: OutboxHandle,
        state: watch::Sender<PartState>,
    ) -> Self {
        Self {
            store,
            outbox,
            pending: BTreeMap::new(),
            waiting: VecDeque::new(),
            state,
            picture_trouble: Trouble::new(
                "evidence",
                "증거 사진을 저장할 수 없음",
                "evidence can't be kept",
            ),
            clip_trouble: Trouble::new(
                "clips",
                "증거 영상을 저장할 수 없음",
                "clips of alarms can't be kept",
            ),
        }
    }

    /// Starts both tasks. They end when `drain` is cancelled and everything
    /// that was handed over until then is done.
    pub(crate) fn spawn(
        self,
        from: mpsc::Receiver<Output>,
        evidence: EvidenceStore,
        drain: CancellationToken,
    ) -> JoinHandle<()> {
        let (pictures, to_write) = mpsc::channel(PICTURES_MAX);
        let (clips, to_cut) = mpsc::channel(CLIPS_MAX);
        let (done, written) = mpsc::channel(PICTURES_MAX);
        tokio::spawn(write_pictures(to_write, done.clone(), evidence.clone()));
        tokio::spawn(write_clips(to_cut, done, evidence));
        tokio::spawn(self.run(from, Writers { pictures, clips }, written, drain))
    }

    async fn run(
        mut self,
        mut from: mpsc::Receiver<Output>,
        writers: Writers,
        mut written: mpsc::Receiver<Done>,
        drain: CancellationToken,
    ) {
        let mut offer = tokio::time::interval(OFFER_EVERY);
        offer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = offer.tick(), if !self.waiting.is_empty() => self.offer(),
                output = from.recv() => match output {
                    Some(output) => self.take(output, &writers).await,
                    None => break,
                },
                Some(done) = written.recv() => self.done(done).await,
                _ = sweep.tick() => self.give_up_lost_clips().await,
                () = drain.cancelled(), if !from.is_closed() => from.close(),
            }
        }
        // The writers end once their queues are empty.
        drop(writers);
        while let Some(done) = written.recv().await {
            self.done(done).await;
        }
        for over in [self.picture_trouble.over("shutdown"), self.clip_trouble.over("shutdown")] {
            over.into_iter().for_each(|change| self.submit(change));
        }
        // As long as the end allows.
        while !self.waiting.is_empty() {
            offer.tick().await;
            self.offer();
        }
    }

    async fn take(&mut self, output: Output, writers: &Writers) {
        match output {
            Output::Change(change) => {
                self.remember(&change);
                self.submit(*change);
            }
            Output::Evidence(evidence) => {
                let event = evidence.event;
                if writers.pictures.try_send(evidence).is_err() {
                    metrics::counter!("safe_yolo_server_dropped_evidence_total").increment(1);
                    self.settle(event, |pending| {
                        pending.event.snapshot = SnapshotState::Failed;
                        pending.picture = false;
                    })
                    .await;
                }
            }
            Output::Clip(job) => {
                if let Err(refused) = writers.clips.try_send(job) {
                    let job = refused.into_inner();
                    tracing::error!("a clip was given up: too many wait to be written");
                    metrics::counter!("safe_yolo_server_dropped_clips_total").increment(1);
                    for event in job.events() {
                        self.clip_failed(event, "too many clips wait to be written").await;
                    }
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 32")]
        metrics::gauge!("safe_yolo_server_evidence_queue_pictures")
            .set((writers.pictures.max_capacity() - writers.pictures.capacity()) as f64);
        #[expect(clippy::cast_precision_loss, reason = "at most 64")]
        metrics::gauge!("safe_yolo_server_queue_entries", "queue" => "clips")
            .set((writers.clips.max_capacity() - writers.clips.capacity()) as f64);
    }

    fn remember(&mut self, change: &EventChange) {
        let event = &change.event;
        if let Some(known) = self.pending.get_mut(&event.id) {
            known.event = event.clone();
            return;
        }
        let is_pending = |state| state == SnapshotState::Pending;
        let (picture, clip) = (is_pending(event.snapshot), is_pending(event.clip));
        if change.kind == ChangeKind::Raised && (picture || clip) {
            let clip = clip.then(Instant::now);
            self.pending.insert(event.id, Pending { event: event.clone(), picture, clip });
            if self.pending.len() > PENDING_MAX {
                self.pending.pop_first();
            }
        }
    }

    /// Hands a change over. What finds no room waits, and alarms among it are
    /// announced all the same.
    fn submit(&mut self, change: EventChange) {
        self.outbox.announce_if_stuck(&change);
        self.waiting.push_back(change);
        self.offer();
        if self.waiting.len() > WAITING_MAX
            && let Some(change) = self.waiting.pop_front()
        {
            lost(&change, "the store takes no more");
        }
    }

    /// Offers the store what waits, in order.
    fn offer(&mut self) {
        while self.outbox.has_room()
            && let Some(change) = self.waiting.pop_front()
        {
            match self.outbox.try_submit(change) {
                Ok(_) => {}
                Err(SubmitError::Full(back)) => {
                    self.waiting.push_front(*back);
                    break;
                }
                Err(SubmitError::Closed(change)) => lost(&change, "the store is closed"),
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        metrics::gauge!("safe_yolo_server_queue_entries", "queue" => "changes")
            .set(self.waiting.len() as f64);
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Picture(event, result) => {
                let state = match &result {
                    Ok(()) => SnapshotState::Stored,
                    Err(_) => SnapshotState::Failed,
                };
                let told = match result {
                    Ok(()) => self.picture_trouble.over("recovered"),
                    Err(detail) => {
                        metrics::counter!("safe_yolo_server_failed_evidence_total").increment(1);
                        self.picture_trouble.failed(detail)
                    }
                };
                self.tell(told);
                self.settle(event, |pending| {
                    pending.event.snapshot = state;
                    pending.picture = false;
                })
                .await;
            }
            Done::Clip(event, Ok(facts)) => {
                let told = self.clip_trouble.over("recovered");
                self.tell(told);
                self.settle_clip(event, SnapshotState::Stored, facts).await;
            }
            Done::Clip(event, Err(failure)) => {
                metrics::counter!("safe_yolo_server_failed_clips_total").increment(1);
                if failure.harmless {
                    tracing::warn!(%event, detail = failure.detail, "an alarm has no clip");
                } else {
                    let told = self.clip_trouble.failed(failure.detail.clone());
                    self.tell(told);
                }
                self.clip_failed(event, &failure.detail).await;
            }
        }
    }

    /// Tells of trouble that began or ended, and of the state that both parts make.
    fn tell(&mut self, change: Option<EventChange>) {
        let wrong = self.picture_trouble.detail().or_else(|| self.clip_trouble.detail());
        let state = wrong.map_or(PartState::Ok, |detail| PartState::Failed(detail.to_owned()));
        self.state.send_replace(state);
        change.into_iter().for_each(|change| self.submit(change));
    }

    async fn clip_failed(&mut self, event: EventId, why: &str) {
        let facts = [("failed".to_owned(), json!(why))].into_iter().collect();
        self.settle_clip(event, SnapshotState::Failed, facts).await;
    }

    async fn settle_clip(
        &mut self,
        event: EventId,
        state: SnapshotState,
        facts: Map<String, Value>,
    ) {
        self.settle(event, |pending| {
            pending.event.clip = state;
            pending.event.details.insert("clip".to_owned(), Value::Object(facts));
            pending.clip = None;
        })
        .await;
    }

    async fn give_up_lost_clips(&mut self) {
        let is_lost = |pending: &Pending| pending.clip.is_some_and(|at| at.elapsed() > CLIP_LATE);
        let lost = self.pending.iter().filter(|(_, pending)| is_lost(pending));
        let lost: Vec<EventId> = lost.map(|(event, _)| *event).collect();
        for event in lost {
            tracing::error!(%event, "a clip was lost: nobody brought it");
            metrics::counter!("safe_yolo_server_failed_clips_total").increment(1);
            self.clip_failed(event, "its camera's pipeline broke off").await;
        }
    }

    /// Says of an event what became of its picture or clip.
    async fn settle(&mut self, id: EventId, what: impl FnOnce(&mut Pending) + Send) {
        let mut pending = match self.pending.remove(&id) {
            Some(pending) => pending,
            None => match self.store.event(id).await {
                Ok(Some(record)) => Pending { event: record.event, picture: false, clip: None },
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(event = %id, %error, "what became of evidence can't be noted");
                    return;
                }
            },
        };
        what(&mut pending);
        let event = pending.event.clone();
        if pending.picture || pending.clip.is_some() {
            self.pending.insert(id, pending);
        }
        self.submit(EventChange { kind: ChangeKind::Updated, event });
    }
}

fn lost(change: &EventChange, why: &str) {
    metrics::counter!("safe_yolo_server_lost_changes_total").increment(1);
    tracing::error!(event = %change.event.id, kind = ?change.kind, why, "an event change was lost");
}

async fn write_pictures(
    mut from: mpsc::Receiver<Box<Evidence>>,
    done: mpsc::Sender<Done>,
    store: EvidenceStore,
) {
    while let Some(evidence) = from.recv().await {
        let event = evidence.event;
        let result = write(&store, evidence).await;
        if done.send(Done::Picture(event, result)).await.is_err() {
            return;
        }
    }
}

async fn write(store: &EvidenceStore, evidence: Box<Evidence>) -> Result<(), String> {
    let event = evidence.event;
    let all = |error: &dyn Error| chain(error);
    let rendered = spawn_blocking(move || evidence.render()).await.map_err(|e| all(&e))?;
    let rendered = rendered.map_err(|e| all(&e))?;
    store.save(event, rendered.boxes, rendered.clean).await.map_err(|e| all(&e))?;
    let boxes = store.save_bytes(event, FileKind::Boxes, rendered.boxes_file);
    boxes.await.map_err(|e| all(&e))?;
    Ok(())
}
