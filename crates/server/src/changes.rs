//! Changes of events for everybody who listens: read from the store once,
//! written as JSON once, and handed to all by the bus in commit order.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use safe_yolo_bus::{Bus, Capacity, Publisher, bus};
use safe_yolo_core::EventId;
use safe_yolo_store::{Announced, Store, StoreError, StoredChange};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Changes and alarms that could not be stored in time, kept for those who are
/// slow (`drop_oldest`); about 1 KB each.
const KEPT: Capacity = Capacity {
    items: NonZeroUsize::new(1024).expect("not 0"),
    notices: NonZeroUsize::new(256).expect("not 0"),
};
/// Changes read at once.
const BATCH: u32 = 256;
/// Events followed until they are recorded, more than notices are kept; the
/// oldest is forgotten.
const UNRECORDED_MAX: usize = 1024;
/// Time until a reading that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where changes come from, as messages of `/ws/events`.
pub(crate) type Changes = Bus<Utf8Bytes>;

/// A change that is in the store, as clients get it.
#[derive(Debug, Serialize)]
pub(crate) struct Stored {
    recorded: bool,
    #[serde(flatten)]
    change: StoredChange,
}

impl From<StoredChange> for Stored {
    fn from(change: StoredChange) -> Self {
        Self { recorded: true, change }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "change")]
struct Message<'a, T> {
    #[serde(flatten)]
    change: &'a T,
}

/// A change as a message. What can't be written is logged; then there is none.
fn message(change: &impl Serialize) -> Option<Utf8Bytes> {
    match serde_json::to_string(&Message { change }) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            metrics::counter!("safe_yolo_server_unwritable_changes_total").increment(1);
            tracing::error!(%error, "a change of an event could not be written");
            None
        }
    }
}

/// Changes after a number as messages, in order.
pub(crate) async fn read(
    store: &Store,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Option<Utf8Bytes>)>, StoreError> {
    let changes = store.changes_after(after, limit).await?;
    Ok(changes.into_iter().map(|change| (change.seq, message(&Stored::from(change)))).collect())
}

/// Follows the store and publishes what it commits.
pub(crate) struct Follower {
    store: Store,
    publisher: Publisher<Utf8Bytes>,
    /// The last change that was taken from the store.
    cursor: i64,
    /// Events that were announced and are not recorded. While there are some,
    /// whoever joins is told of all that is kept of them.
    unrecorded: BTreeSet<EventId>,
    grown: watch::Receiver<i64>,
    news: broadcast::Receiver<Announced>,
}

impl Follower {
    /// Begins with the newest changes there are, so that clients that come
    /// back after a restart need not ask the store.
    pub(crate) async fn new(store: Store) -> (Self, Changes) {
        // Listened to before anything is read, so that nothing falls between.
        let news = store.announcements();
        let mut grown = store.subscribe_seq();
        let newest = *grown.borrow_and_update();
        let kept = i64::try_from(KEPT.items.get()).unwrap_or(i64::MAX);
        let begin = newest.saturating_sub(kept).max(0);
        let (publisher, changes) = bus(KEPT, begin);
        let mut follower =
            Self { store, publisher, cursor: begin, unrecorded: BTreeSet::new(), grown, news };
        while follower.cursor < newest {
            match read(&follower.store, follower.cursor, BATCH).await {
                Ok(read) if !read.is_empty() => follower.publish(read),
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "changes could not be read; they are tried again");
                    break;
                }
            }
        }
        (follower, changes)
    }

    /// Works until `closing` is cancelled, or the store is gone.
    pub(crate) async fn run(mut self, closing: CancellationToken) {
        let mut is_behind = self.cursor < *self.grown.borrow();
        let mut retry_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled() => return,
                announced = self.news.recv() => if self.take(announced).is_break() { return },
                grown = self.grown.changed(), if !is_behind => match grown {
                    Ok(()) => is_behind = true,
                    Err(_store_is_gone) => return,
                },
                () = tokio::time::sleep_until(retry_at), if is_behind => {
                    match self.advance().await {
                        Ok(more) => is_behind = more,
                        Err(error) => {
                            metrics::counter!("safe_yolo_server_failed_change_reads_total").increment(1);
                            tracing::warn!(%error, "changes could not be read for viewers");
                            retry_at = Instant::now() + RETRY;
                        }
                    }
                }
            }
        }
    }

    /// Publishes the next changes; answers whether there may be more.
    async fn advance(&mut self) -> Result<bool, StoreError> {
        self.grown.mark_unchanged();
        let (store, cursor) = (self.store.clone(), self.cursor);
        let mut reading = Box::pin(async move { read(&store, cursor, BATCH).await });
        let changes = loop {
            // An alarm does not wait for a slow disk.
            tokio::select! {
                biased;
                announced = self.news.recv() => if self.take(announced).is_break() {
                    return Ok(false);
                },
                read = &mut reading => break read?,
            }
        };
        let more = !changes.is_empty();
        self.publish(changes);
        Ok(more)
    }

    fn publish(&mut self, changes: Vec<(i64, Option<Utf8Bytes>)>) {
        for (seq, message) in changes {
            self.cursor = seq;
            if let Some(message) = message
                && let Err(error) = self.publisher.publish(seq, message)
            {
                tracing::error!(%error, "a change of an event was not handed on");
            }
        }
    }

    /// Hands on alarms that could not be stored in time; what is recorded is
    /// read from the store.
    fn take(&mut self, announced: Result<Announced, RecvError>) -> std::ops::ControlFlow<()> {
        match announced {
            Ok(announced) if !announced.recorded => {
                if let Some(message) = message(&announced) {
                    self.publisher.announce(message);
                }
                self.unrecorded.insert(announced.record.event.id);
                if self.unrecorded.len() > UNRECORDED_MAX {
                    // Ids begin with their time.
                    self.unrecorded.pop_first();
                }
            }
            Ok(announced) => {
                let was_last = self.unrecorded.remove(&announced.record.event.id)
                    && self.unrecorded.is_empty();
                if was_last {
                    self.publisher.forget_notices();
                }
            }
            Err(RecvError::Lagged(count)) => {
                // Those that were recorded are no loss.
                metrics::counter!("safe_yolo_server_lagged_announcements_total").increment(count);
            }
            Err(RecvError::Closed) => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }
}
