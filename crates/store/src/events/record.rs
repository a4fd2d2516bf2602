//! Recording changes: each once, in order, announced in commit order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{AlarmSettings, CameraId, Event, EventChange, EventId, Utc};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::rows::{self, Attached, Batch, EventRow};
use super::{Announced, EventRecord, Recorded, StoredChange};
use crate::error::Doing;
use crate::events::merge::merge;
use crate::incidents::group::Grouping;
use crate::incidents::mutes::{self, InForce};
use crate::store::now;
use crate::{Store, StoreError, chain};

const DOING: &str = "recording events";
/// Changes in one transaction where the store chooses: longer ones would keep
/// new alarms waiting for the writer.
pub(super) const CHUNK: usize = 200;

/// When a change was made: its id's time (UUID version 7), so that a change
/// that waited in the journal keeps its own.
fn made_at(change_id: Uuid) -> Utc {
    match (change_id.get_version_num(), change_id.get_timestamp()) {
        (7, Some(timestamp)) => {
            let (seconds, nanos) = timestamp.to_unix();
            let micros = i128::from(seconds) * 1_000_000 + i128::from(nanos / 1000);
            Utc(i64::try_from(micros).unwrap_or(i64::MAX))
        }
        _ => now(),
    }
}

/// One transaction: what its changes are about is read at once, not one by one.
struct Recording<'a> {
    grouping: Grouping<'a>,
    mutes: Vec<InForce>,
    batch: Batch,
    /// Changes that were recorded before this transaction.
    repeated: HashSet<String>,
    /// Those of this transaction, by number and by the ids of their makers.
    stored: BTreeMap<i64, StoredChange>,
    numbers: HashMap<Uuid, i64>,
    /// Events as they are by now, with the number of their raising.
    events: HashMap<EventId, (EventRecord, i64)>,
}

impl<'a> Recording<'a> {
    async fn begin(
        db: &mut SqliteConnection,
        settings: &'a AlarmSettings,
        changes: &[(Uuid, EventChange)],
    ) -> Result<Self, StoreError> {
        let keys: Vec<String> = changes.iter().map(|(id, _)| id.to_string()).collect();
        let events: Vec<EventId> = changes.iter().map(|(_, change)| change.event.id).collect();
        let events = rows::events(db, &events).await?;
        let mut grouping = Grouping::new(settings);
        let incidents: BTreeSet<EventId> =
            events.values().filter_map(|(record, _)| record.incident).collect();
        let incidents: Vec<EventId> = incidents.into_iter().collect();
        let alarms = changes.iter().map(|(_, change)| &change.event);
        let alarms = alarms.filter(|e| e.severity.is_alarm() && !events.contains_key(&e.id));
        grouping.prepare(db, alarms, &incidents).await?;
        Ok(Self {
            grouping,
            mutes: mutes::in_force(db).await?,
            batch: Batch::begin(db).await?,
            stored: BTreeMap::new(),
            numbers: HashMap::new(),
            repeated: rows::known_changes(db, &keys).await?,
            events,
        })
    }

    async fn apply(
        &mut self,
        db: &mut SqliteConnection,
        change_id: Uuid,
        change: &EventChange,
    ) -> Result<StoredChange, StoreError> {
        let key = change_id.to_string();
        if let Some(first) = self.numbers.get(&change_id).and_then(|seq| self.stored.get(seq)) {
            return Ok(first.clone());
        }
        if self.repeated.contains(&key)
            && let Some(first) = rows::change_by_id(db, &key).await?
        {
            return Ok(first);
        }
        let at = made_at(change_id);
        let Some((before, raised_seq)) = self.events.get(&change.event.id).cloned() else {
            // Whatever it is called: without a raising it would be lost to all who list events.
            let event = change.event.clone();
            let attached = self.place(db, &event, event.start).await?;
            let stored = self.batch.put(&key, at, ChangeKind::Raised, event, attached, None)?;
            return Ok(self.keep(change_id, stored, None));
        };
        if change.kind == ChangeKind::Raised {
            let first = match self.stored.get(&raised_seq) {
                Some(first) => Some(first.clone()),
                None => rows::change_by_seq(db, raised_seq).await?,
            };
            if let Some(first) = first {
                return Ok(first);
            }
        }
        let (kind, event) = merge(&before.event, change.kind, change.event.clone());
        let (incident, muted) = match (before.incident, before.muted) {
            (Some(incident), muted) => {
                self.grouping.follow(db, incident, &before.event, &event).await?;
                (Some(incident), muted)
            }
            // It has become an alarm.
            (None, None) if !before.event.severity.is_alarm() => {
                let Attached { incident, muted, .. } = self.place(db, &event, at).await?;
                (incident, muted)
            }
            quiet => quiet,
        };
        let attached = Attached { acknowledged: before.acknowledged, incident, muted };
        let stored = self.batch.put(&key, at, kind, event, attached, Some(raised_seq))?;
        Ok(self.keep(change_id, stored, Some(raised_seq)))
    }

    fn keep(
        &mut self,
        change_id: Uuid,
        stored: StoredChange,
        raised_seq: Option<i64>,
    ) -> StoredChange {
        let raised_seq = raised_seq.unwrap_or(stored.seq);
        self.events.insert(stored.record.event.id, (stored.record.clone(), raised_seq));
        self.numbers.insert(change_id, stored.seq);
        self.stored.insert(stored.seq, stored.clone());
        stored
    }

    /// Where an alarm belongs that begins to ring at this time.
    async fn place(
        &mut self,
        db: &mut SqliteConnection,
        event: &Event,
        rings: Utc,
    ) -> Result<Attached, StoreError> {
        if !event.severity.is_alarm() {
            return Ok(Attached::default());
        }
        let muted = mutes::quieted(&self.mutes, event);
        let incident = match muted {
            Some(_) => None,
            None => Some(self.grouping.join(db, event, rings).await?),
        };
        Ok(Attached { acknowledged: None, incident, muted })
    }
}

impl Store {
    /// Records one change. The same change again (by its id, or a second
    /// raising of an event) gives what the first gave and stores nothing. A
    /// change to an event that was never raised is stored as its raising. An
    /// acknowledgement is kept, an event that has ended stays ended. Runs to
    /// its end even if the caller goes away.
    ///
    /// # Errors
    /// When the database fails; then nothing is recorded.
    pub async fn record(
        &self,
        change_id: Uuid,
        change: &EventChange,
    ) -> Result<Recorded, StoreError> {
        let recorded = self.record_batch(&[(change_id, change.clone())]).await?;
        recorded
            .into_iter()
            .next()
            .ok_or_else(|| StoreError::not_found("event", change.event.id.to_string()))
    }

    /// Records changes in order, all or none; see [`Store::record`].
    ///
    /// # Errors
    /// When the database fails; then nothing is recorded.
    pub async fn record_batch(
        &self,
        changes: &[(Uuid, EventChange)],
    ) -> Result<Vec<Recorded>, StoreError> {
        let (store, changes) = (self.clone(), changes.to_vec());
        unbroken(async move { store.record_here(&changes).await }).await
    }

    /// Records in the caller's own task: the announcements have been sent when
    /// this is first seen to be ready. Must be polled to its end.
    pub(crate) async fn record_here(
        &self,
        changes: &[(Uuid, EventChange)],
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut writer = self.inner.writer.acquire().await.doing(DOING)?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.doing(DOING)?;
        let settings = self.alarm_settings();
        let mut recording = Recording::begin(&mut tx, &settings, changes).await?;
        let mut stored = Vec::with_capacity(changes.len());
        for (change_id, change) in changes {
            stored.push(recording.apply(&mut tx, *change_id, change).await?);
        }
        recording.batch.write(&mut tx).await?;
        let incidents = recording.grouping.write(&mut tx).await?;
        chain::sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)?;
        self.publish(&stored);
        self.tell(incidents);
        Ok(stored
            .into_iter()
            .map(|change| Recorded { seq: change.seq, record: change.record })
            .collect())
    }

    /// Tells everybody what was committed. Called with the writer still held,
    /// so that news goes out in commit order.
    pub(crate) fn publish(&self, changes: &[StoredChange]) {
        let known = *self.inner.seq.borrow();
        // Repeats of what was announced before are no news.
        let mut told = HashSet::new();
        for change in changes.iter().filter(|change| change.seq > known) {
            if told.insert(change.seq) {
                self.announce(Announced {
                    recorded: true,
                    seq: Some(change.seq),
                    kind: change.kind,
                    record: change.record.clone(),
                });
            }
        }
        if let Some(newest) = changes.iter().map(|change| change.seq).max() {
            self.inner.seq.send_if_modified(|seq| {
                let newer = newest > *seq;
                *seq = newest.max(*seq);
                newer
            });
        }
    }

    /// Sends news; that nobody listens is no error.
    pub(crate) fn announce(&self, news: Announced) {
        drop(self.inner.announcements.send(news));
    }

    /// Tells of a change that is not in the database.
    pub(crate) fn announce_unrecorded(&self, change: EventChange) {
        self.announce(Announced {
            recorded: false,
            seq: None,
            kind: change.kind,
            record: EventRecord {
                event: change.event,
                seq: 0,
                acknowledged: None,
                incident: None,
                muted: None,
                muted_by: None,
            },
        });
    }

    /// News of every event from now on, in commit order; alarms that could not
    /// be stored in time come in between. A receiver that lags behind loses
    /// the oldest and is told; it can read them by [`Store::changes_after`].
    #[must_use]
    pub fn announcements(&self) -> broadcast::Receiver<Announced> {
        self.inner.announcements.subscribe()
    }

    /// The newest committed change, now and whenever it grows.
    #[must_use]
    pub fn subscribe_seq(&self) -> watch::Receiver<i64> {
        self.inner.seq.subscribe()
    }

    /// Events that have not ended, in the order of their raising.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_events(
        &self,
        camera: Option<&CameraId>,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted
             FROM events WHERE end_at IS NULL AND (?1 IS NULL OR camera = ?1) ORDER BY raised_seq",
        )
        .bind(camera.map(|camera| camera.as_str().to_owned()))
        .fetch_all(&self.inner.readers)
        .await
        .doing("reading open events")?;
        rows.into_iter().map(EventRow::into_record).collect()
    }

    /// Ends all events that were left open, as at a start after a crash, with
    /// `details.end_reason` and as ordinary changes. Call it once the journal
    /// is replayed and before the engine raises anything. Answers how many.
    ///
    /// # Errors
    /// When the database fails; what was ended until then stays so.
    pub async fn end_left_open(&self, at: Utc, reason: &str) -> Result<usize, StoreError> {
        let changes: Vec<(Uuid, EventChange)> = self
            .open_events(None)
            .await?
            .into_iter()
            .map(|record| {
                let mut event = record.event;
                event.end = Some(at.max(event.start));
                event.details.insert("end_reason".to_owned(), reason.into());
                // Whoever was to write picture and clip is gone.
                for state in [&mut event.snapshot, &mut event.clip] {
                    if *state == SnapshotState::Pending {
                        *state = SnapshotState::Failed;
                    }
                }
                (Uuid::now_v7(), EventChange { kind: ChangeKind::Ended, event })
            })
            .collect();
        for chunk in changes.chunks(CHUNK) {
            self.record_batch(chunk).await?;
        }
        Ok(changes.len())
    }
}

/// Runs a write to its end even if the caller stops waiting: what is committed
/// must also be announced.
pub(crate) async fn unbroken<T: Send + 'static>(
    write: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(write).await {
        Ok(result) => result,
        Err(error) => {
            let source = sqlx::Error::Io(std::io::Error::other(error));
            Err(StoreError::Database { doing: DOING, source })
        }
    }
}
