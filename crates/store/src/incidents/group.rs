//! Alarms find their incident, in the transaction that records them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, hash_map};

use safe_yolo_core::incident::{Cause, Headcount, Step};
use safe_yolo_core::{AlarmSettings, Event, EventId, Incident, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{IncidentRecord, rows};
use crate::error::Doing;
use crate::events::EventRow;
use crate::{Store, StoreError};

const DOING: &str = "recording an incident";
/// People written with one statement.
const ROWS_MAX: usize = 500;
/// Alarms grouped in one transaction at the start.
const WAITING_MAX: i64 = 500;

/// Incidents that one transaction touches: each is read once and written once, however many alarms
/// it gets. No more entries than the transaction has changes.
pub(crate) struct Grouping<'a> {
    settings: &'a AlarmSettings,
    by_cause: HashMap<String, EventId>,
    touched: BTreeMap<EventId, Touched>,
    people: HashMap<EventId, People>,
}

/// Whom an incident's alarms are about, by camera and track: how many alarms there were, and how many last.
type People = BTreeMap<(String, String), Counts>;

#[derive(Default)]
struct Counts {
    events: i64,
    open: i64,
    changed: bool,
}

struct Touched {
    /// None while it is not in the database.
    number: Option<i64>,
    cause: String,
    incident: Incident,
    changed: bool,
}

impl<'a> Grouping<'a> {
    pub(crate) fn new(settings: &'a AlarmSettings) -> Self {
        Self {
            settings,
            by_cause: HashMap::new(),
            touched: BTreeMap::new(),
            people: HashMap::new(),
        }
    }

    /// The incident of an alarm that begins.
    pub(crate) async fn join(
        &mut self,
        db: &mut SqliteConnection,
        event: &Event,
    ) -> Result<EventId, StoreError> {
        let cause = Cause::of(event);
        let known = match self.by_cause.get(&cause.key) {
            Some(id) => Some(*id),
            None => match rows::by_cause(db, &cause.key).await? {
                Some(record) => {
                    let id = record.incident.id;
                    self.touch(&cause.key, Some(record.number), record.incident);
                    Some(id)
                }
                None => None,
            },
        };
        let within = i64::from(self.settings.group_within_s) * 1_000_000;
        let joined = known
            .and_then(|id| self.touched.get(&id))
            .filter(|touched| touched.incident.takes(&cause, event.start, within))
            .map(|touched| touched.incident.id);
        let id = joined.unwrap_or(event.id);
        if joined.is_none() {
            // A new one: nobody is known of it.
            self.people.insert(id, People::new());
        }
        let head = self.arrive(db, id, event).await?;
        match self.touched.get_mut(&id) {
            Some(touched) if joined.is_some() => {
                touched.incident.join(event, head);
                touched.changed = true;
            }
            _ => {
                self.touch(&cause.key, None, Incident::new(event));
            }
        }
        Ok(id)
    }

    /// An alarm of an incident has changed; `before` is what it was.
    pub(crate) async fn follow(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        before: &Event,
        after: &Event,
    ) -> Result<(), StoreError> {
        let ended = after.end.filter(|_| before.end.is_none());
        if ended.is_none() && after.severity <= before.severity {
            return Ok(());
        }
        if !self.load(db, id).await? {
            return Ok(());
        }
        let head = match ended {
            Some(_) => Some(self.depart(db, id, after).await?),
            None => None,
        };
        if let Some(touched) = self.touched.get_mut(&id) {
            touched.incident.learn(after);
            if let (Some(end), Some(head)) = (ended, head) {
                touched.incident.leave(after, end, head);
            }
            touched.changed = true;
        }
        Ok(())
    }

    /// An alarm of an incident was acknowledged by itself; with the last one the incident is.
    pub(crate) async fn acknowledged(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        by: &str,
        reason: &str,
        at: Utc,
    ) -> Result<(), StoreError> {
        let waiting: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM events WHERE incident = ? AND waits = 1)",
        )
        .bind(id.to_string())
        .fetch_one(&mut *db)
        .await
        .doing(DOING)?;
        if waiting || !self.load(db, id).await? {
            return Ok(());
        }
        if let Some(touched) = self.touched.get_mut(&id) {
            let step = Step::Acknowledge { reason: reason.to_owned() };
            // Whoever was faster has acknowledged it already.
            if touched.incident.take(&step, by, at, None).is_ok() {
                touched.changed = true;
                rows::note(db, id, at, by, step.name(), reason).await?;
            }
        }
        Ok(())
    }

    /// Brings an incident in; false if there is none.
    async fn load(&mut self, db: &mut SqliteConnection, id: EventId) -> Result<bool, StoreError> {
        if let Entry::Vacant(vacant) = self.touched.entry(id) {
            let Some(record) = rows::by_id(db, id).await? else { return Ok(false) };
            let (number, incident) = (Some(record.number), record.incident);
            vacant.insert(Touched { number, cause: String::new(), incident, changed: false });
        }
        Ok(true)
    }

    fn touch(&mut self, cause: &str, number: Option<i64>, incident: Incident) {
        self.by_cause.insert(cause.to_owned(), incident.id);
        let (cause, changed) = (cause.to_owned(), number.is_none());
        // What this transaction knows of it already is newer.
        let touched = Touched { number, cause, incident, changed };
        self.touched.entry(touched.incident.id).or_insert(touched);
    }

    /// Counts of somebody in an incident; none where an alarm is about nobody.
    async fn counts(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        event: &Event,
    ) -> Result<Option<&mut Counts>, StoreError> {
        let (Some(camera), Some(track)) = (&event.camera, &event.track) else { return Ok(None) };
        let people = match self.people.entry(id) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(vacant) => {
                let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
                    "SELECT camera, track, events, open_events FROM incident_people WHERE incident = ?",
                )
                .bind(id.to_string())
                .fetch_all(db)
                .await
                .doing(DOING)?;
                let counts = |(camera, track, events, open)| {
                    ((camera, track), Counts { events, open, changed: false })
                };
                vacant.insert(rows.into_iter().map(counts).collect())
            }
        };
        Ok(Some(people.entry((camera.as_str().to_owned(), track.to_string())).or_default()))
    }

    /// Somebody is the subject of one alarm more.
    async fn arrive(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        event: &Event,
    ) -> Result<Headcount, StoreError> {
        let Some(counts) = self.counts(db, id, event).await? else {
            return Ok(Headcount { is_new: true, alone: true });
        };
        let head = Headcount { is_new: counts.events == 0, alone: counts.open == 0 };
        counts.events += 1;
        counts.open += i64::from(event.end.is_none());
        counts.changed = true;
        Ok(head)
    }

    /// One of somebody's alarms is over.
    async fn depart(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        event: &Event,
    ) -> Result<Headcount, StoreError> {
        let Some(counts) = self.counts(db, id, event).await? else {
            return Ok(Headcount { is_new: false, alone: true });
        };
        let alone = counts.open == 1;
        counts.open = (counts.open - 1).max(0);
        counts.changed = true;
        Ok(Headcount { is_new: false, alone })
    }

    async fn write_people(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let changed: Vec<_> = self
            .people
            .iter()
            .flat_map(|(id, people)| people.iter().map(move |(who, counts)| (id, who, counts)))
            .filter(|(_, _, counts)| counts.changed)
            .collect();
        for some in changed.chunks(ROWS_MAX) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
                "INSERT INTO incident_people (incident, camera, track, events, open_events) ",
            );
            query.push_values(some, |mut row, (id, (camera, track), counts)| {
                row.push_bind(id.to_string())
                    .push_bind(camera)
                    .push_bind(track)
                    .push_bind(counts.events)
                    .push_bind(counts.open);
            });
            query.push(
                " ON CONFLICT DO UPDATE SET events = excluded.events, open_events = excluded.open_events",
            );
            query.build().persistent(false).execute(&mut *db).await.doing(DOING)?;
        }
        Ok(())
    }

    /// Writes what has changed, and answers it for whoever listens.
    pub(crate) async fn write(
        self,
        db: &mut SqliteConnection,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        self.write_people(db).await?;
        let mut written = Vec::new();
        for touched in self.touched.into_values().filter(|touched| touched.changed) {
            let Touched { number, cause, incident, .. } = touched;
            let record = match number {
                Some(number) => {
                    let record = IncidentRecord { number, incident };
                    rows::update(db, &record, self.settings).await?;
                    record
                }
                None => {
                    let number = rows::insert(db, &cause, &incident, self.settings).await?;
                    IncidentRecord { number, incident }
                }
            };
            written.push(record);
        }
        Ok(written)
    }
}

impl Store {
    /// Gives alarms from before there were incidents theirs, as far as they wait.
    pub(crate) async fn group_waiting(&self) -> Result<(), StoreError> {
        loop {
            let settings = self.alarm_settings();
            let mut tx = self.begin(DOING).await?;
            let rows: Vec<EventRow> = sqlx::query_as(
                "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted
                 FROM events WHERE waits = 1 AND incident IS NULL ORDER BY raised_seq LIMIT ?",
            )
            .bind(WAITING_MAX)
            .fetch_all(&mut *tx)
            .await
            .doing(DOING)?;
            if rows.is_empty() {
                return tx.rollback().await.doing(DOING);
            }
            let mut grouping = Grouping::new(&settings);
            for row in rows {
                let event = row.into_record()?.event;
                let incident = grouping.join(&mut tx, &event).await?;
                sqlx::query("UPDATE events SET incident = ? WHERE id = ?")
                    .bind(incident.to_string())
                    .bind(event.id.to_string())
                    .execute(&mut *tx)
                    .await
                    .doing(DOING)?;
            }
            grouping.write(&mut tx).await?;
            tx.commit().await.doing(DOING)?;
        }
    }
}
