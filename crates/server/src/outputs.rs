//! What the engine gives: changes into the store, pictures onto the disk.
//!
//! One task hands on changes, in order, and never waits for a picture. Another
//! draws, encodes and writes; what became of a picture is one more change.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::time::Duration;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId, Message};
use safe_yolo_pipeline::Output;
use safe_yolo_pipeline::evidence::Evidence;
use safe_yolo_store::outbox::SubmitError;
use safe_yolo_store::{EvidenceStore, OutboxHandle, Store};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::app::PartState;
use crate::problem::chain;
use crate::system_event::{ended, system_event};

/// Changes and pictures that may wait here; then they wait in their cameras.
pub(crate) const OUTPUTS_MAX: usize = 1024;
/// Pictures that may wait to be written; another one is given up at once, as
/// memory is dearer than one of very many pictures.
const PICTURES_MAX: usize = 32;
/// Events whose picture is on its way; the oldest is forgotten, and then read
/// from the store.
const PENDING_MAX: usize = 1024;

/// Changes that the store refused and that are offered again; the oldest is lost
/// (`drop_oldest`, an error). With what waits before and in the store, hours of a full disk.
const WAITING_MAX: usize = 8192;
/// How often they are offered.
const OFFER_EVERY: Duration = Duration::from_millis(200);

/// What became of a picture.
type Written = (EventId, Result<(), String>);

/// Takes the engine's outputs.
pub(crate) struct Outputs {
    store: Store,
    outbox: OutboxHandle,
    /// The newest form of events whose picture is on its way.
    pending: BTreeMap<EventId, Event>,
    /// Changes that the store had no room for, oldest first.
    waiting: VecDeque<EventChange>,
    state: watch::Sender<PartState>,
    /// The `system` event while pictures can't be kept.
    failure: Option<Event>,
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
            failure: None,
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
        let (done, written) = mpsc::channel(PICTURES_MAX);
        tokio::spawn(write_pictures(to_write, done, evidence));
        tokio::spawn(self.run(from, pictures, written, drain))
    }

    async fn run(
        mut self,
        mut from: mpsc::Receiver<Output>,
        pictures: mpsc::Sender<Box<Evidence>>,
        mut written: mpsc::Receiver<Written>,
        drain: CancellationToken,
    ) {
        let mut offer = tokio::time::interval(OFFER_EVERY);
        offer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = offer.tick(), if !self.waiting.is_empty() => self.offer(),
                output = from.recv() => match output {
                    Some(output) => self.take(output, &pictures).await,
                    None => break,
                },
                Some(done) = written.recv() => self.written(done).await,
                () = drain.cancelled(), if !from.is_closed() => from.close(),
            }
        }
        // The writer ends once its queue is empty.
        drop(pictures);
        while let Some(done) = written.recv().await {
            self.written(done).await;
        }
        if let Some(event) = self.failure.take() {
            self.submit(ended(event, "shutdown"));
        }
        // As long as the end allows.
        while !self.waiting.is_empty() {
            offer.tick().await;
            self.offer();
        }
    }

    async fn take(&mut self, output: Output, pictures: &mpsc::Sender<Box<Evidence>>) {
        match output {
            Output::Change(change) => {
                self.remember(&change);
                self.submit(*change);
            }
            Output::Evidence(evidence) => {
                let event = evidence.event;
                if pictures.try_send(evidence).is_err() {
                    metrics::counter!("safe_yolo_server_dropped_evidence_total").increment(1);
                    self.settle(event, SnapshotState::Failed).await;
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 32")]
        metrics::gauge!("safe_yolo_server_evidence_queue_pictures")
            .set((pictures.max_capacity() - pictures.capacity()) as f64);
    }

    fn remember(&mut self, change: &EventChange) {
        let event = &change.event;
        let begins = change.kind == ChangeKind::Raised && event.snapshot == SnapshotState::Pending;
        if begins || self.pending.contains_key(&event.id) {
            self.pending.insert(event.id, event.clone());
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

    async fn written(&mut self, (event, result): Written) {
        match result {
            Ok(()) => {
                self.state.send_replace(PartState::Ok);
                if let Some(failure) = self.failure.take() {
                    tracing::info!("evidence can be kept again");
                    self.submit(ended(failure, "recovered"));
                }
                self.settle(event, SnapshotState::Stored).await;
            }
            Err(detail) => {
                metrics::counter!("safe_yolo_server_failed_evidence_total").increment(1);
                if self.failure.is_none() {
                    tracing::error!(detail, "evidence can't be kept");
                    let message = Message {
                        ko: "증거 사진을 저장할 수 없음".to_owned(),
                        en: "evidence can't be kept".to_owned(),
                    };
                    let failure =
                        system_event(None, message, json!({"part": "evidence", "detail": detail}));
                    self.failure = Some(failure.clone());
                    self.submit(EventChange { kind: ChangeKind::Raised, event: failure });
                }
                self.state.send_replace(PartState::Failed(detail));
                self.settle(event, SnapshotState::Failed).await;
            }
        }
    }

    /// Says of an event what became of its picture.
    async fn settle(&mut self, id: EventId, state: SnapshotState) {
        let event = match self.pending.remove(&id) {
            Some(event) => Some(event),
            None => match self.store.event(id).await {
                Ok(record) => record.map(|record| record.event),
                Err(error) => {
                    tracing::error!(event = %id, %error, "what became of a picture can't be noted");
                    None
                }
            },
        };
        if let Some(mut event) = event {
            event.snapshot = state;
            self.submit(EventChange { kind: ChangeKind::Updated, event });
        }
    }
}

fn lost(change: &EventChange, why: &str) {
    metrics::counter!("safe_yolo_server_lost_changes_total").increment(1);
    tracing::error!(event = %change.event.id, kind = ?change.kind, why, "an event change was lost");
}

async fn write_pictures(
    mut from: mpsc::Receiver<Box<Evidence>>,
    done: mpsc::Sender<Written>,
    store: EvidenceStore,
) {
    while let Some(evidence) = from.recv().await {
        let event = evidence.event;
        let result = write(&store, evidence).await;
        if done.send((event, result)).await.is_err() {
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
    Ok(())
}
