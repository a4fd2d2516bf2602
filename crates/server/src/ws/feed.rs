//! What one client of `/ws/events` gets next: changes from the store until
//! they reach the bus, then from the bus. At the seam nothing is lost or
//! doubled, as both are read by number.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use safe_yolo_bus::{Next, Subscriber};
use safe_yolo_store::StoreError;
use serde::Serialize;

use crate::app::App;
use crate::changes;

/// Changes of the past that a client is sent; it is told of earlier ones and
/// can ask for them.
const HISTORY_MAX: i64 = 10_000;
/// Changes read at once: what waits for a client that catches up, about 1 KB each.
const BATCH: u32 = 100;
/// Time until a reading that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Batch = VecDeque<(i64, Option<Utf8Bytes>)>;
type Reading = Pin<Box<dyn Future<Output = Result<Batch, StoreError>> + Send>>;

/// The server is ending.
#[derive(Debug)]
pub(super) struct Ended;

#[derive(Serialize)]
#[serde(tag = "type", rename = "missed")]
struct Missed {
    after: Option<i64>,
    up_to: Option<i64>,
    count: u64,
}

/// Changes that are older than the bus.
struct History {
    /// The last change that was handed out.
    cursor: i64,
    batch: Batch,
    reading: Option<Reading>,
    /// A client further behind than this goes on with the newest
    /// [`HISTORY_MAX`]. Greater once it reads, or it would be told at each new
    /// change that one more is too old.
    behind_max: i64,
}

/// What comes next.
pub(super) struct Feed {
    app: App,
    /// Alarms that are not recorded come from here from the beginning, those
    /// among them that were announced before and are not recorded yet.
    subscriber: Subscriber<Utf8Bytes>,
    /// None once the bus was reached.
    history: Option<History>,
}

impl Feed {
    /// Everything after this change.
    pub(super) fn after(app: &App, after: i64) -> Self {
        let subscriber = app.changes.subscribe_with_notices();
        let history =
            History { cursor: after, batch: Batch::new(), reading: None, behind_max: HISTORY_MAX };
        Self { app: app.clone(), subscriber, history: Some(history) }
    }

    /// The next message. May be cancelled without losing one.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Ended> {
        loop {
            let next = match &mut self.history {
                None => self.subscriber.next().await.ok_or(Ended)?,
                Some(history) => {
                    while let Some((seq, message)) = history.batch.pop_front() {
                        history.cursor = seq;
                        if let Some(message) = message {
                            return Ok(message);
                        }
                    }
                    let Err(behind) = self.subscriber.seek(history.cursor) else {
                        self.history = None;
                        continue;
                    };
                    let limit = std::mem::replace(&mut history.behind_max, 2 * HISTORY_MAX);
                    if behind.reaches.saturating_sub(history.cursor) > limit {
                        let earliest = behind.reaches - HISTORY_MAX;
                        // Numbers of changes have no gaps.
                        let after = std::mem::replace(&mut history.cursor, earliest);
                        history.reading = None;
                        let count = u64::try_from(earliest - after).unwrap_or_default();
                        Next::Missed { after, up_to: earliest, count }
                    } else {
                        let cursor = history.cursor;
                        let reading =
                            history.reading.get_or_insert_with(|| read(self.app.clone(), cursor));
                        tokio::select! {
                            biased;
                            notice = self.subscriber.next_notice() => notice.ok_or(Ended)?,
                            batch = reading => {
                                history.reading = None;
                                self.take(batch);
                                continue;
                            }
                        }
                    }
                }
            };
            match next {
                Next::Item { item, .. } | Next::Notice(item) => return Ok(item),
                Next::Missed { after, up_to, count } => {
                    return Ok(missed(Some(after), Some(up_to), count));
                }
                Next::NoticesMissed { count } => return Ok(missed(None, None, count)),
            }
        }
    }

    fn take(&mut self, batch: Result<Batch, StoreError>) {
        let Some(history) = &mut self.history else { return };
        match batch {
            // Nothing is left between here and the bus.
            Ok(batch) if batch.is_empty() => {
                history.cursor = history.cursor.max(self.app.changes.reaches());
            }
            Ok(batch) => history.batch = batch,
            Err(error) => {
                tracing::warn!(%error, "changes could not be read for a viewer");
                let (app, cursor) = (self.app.clone(), history.cursor);
                history.reading = Some(Box::pin(async move {
                    tokio::time::sleep(RETRY).await;
                    read(app, cursor).await
                }));
            }
        }
    }
}

/// Reads the next changes when it is this client's turn.
fn read(app: App, after: i64) -> Reading {
    Box::pin(async move {
        // Never closed; without a permit it would be read all the same.
        let _turn = app.histories.acquire().await;
        Ok(changes::read(&app.store, after, BATCH).await?.into())
    })
}

/// Says which changes a client did not get. None for `after` and `up_to`:
/// alarms that were not recorded, which come once more when they are.
fn missed(after: Option<i64>, up_to: Option<i64>, count: u64) -> Utf8Bytes {
    let missed = Missed { after, up_to, count };
    // Three numbers: it can't fail.
    serde_json::to_string(&missed).unwrap_or_default().into()
}
