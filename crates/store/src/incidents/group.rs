//! Alarms find their incident, in the transaction that records them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use safe_yolo_core::incident::{Cause, Headcount, IncidentState, Step};
use safe_yolo_core::{AlarmSettings, Event, EventId, Incident, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{IncidentRecord, rows};
use crate::error::Doing;
use crate::events::EventRow;
use crate::store::now;
use crate::{Store, StoreError};

const DOING: &str = "recording an incident";
/// Alarms grouped in one transaction at the start.
const WAITING_MAX: i64 = 500;

/// Incidents that one transaction touches: each is read once and written once, however many alarms
/// it gets. No more entries than the transaction has changes.
pub(crate) struct Grouping<'a> {
    settings: &'a AlarmSettings,
    /// Of each cause that was asked about its newest open incident, if it has one.
    by_cause: HashMap<String, Option<EventId>>,
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

    /// Reads what is needed for these alarms and for changes to alarms of these incidents, at once.
    pub(crate) async fn prepare(
        &mut self,
        db: &mut SqliteConnection,
        alarms: impl Iterator<Item = &Event>,
        ids: &[EventId],
    ) -> Result<(), StoreError> {
        let causes: BTreeSet<String> = alarms.map(|event| Cause::of(event).key).collect();
        if causes.is_empty() && ids.is_empty() {
            return Ok(());
        }
        let asked: Vec<&str> = causes.iter().map(String::as_str).collect();
        let found = rows::of_causes(db, &asked, ids).await?;
        for cause in &causes {
            self.by_cause.entry(cause.clone()).or_insert(None);
        }
        let mut known = Vec::with_capacity(found.len());
        for (cause, IncidentRecord { number, incident }) in found {
            known.push(incident.id);
            // One that was asked for by its id may be closed, or not the newest of its cause.
            if causes.contains(&cause) && !incident.state.is_closed() {
                self.by_cause.insert(cause.clone(), Some(incident.id));
            }
            let touched = Touched { number: Some(number), cause, incident, changed: false };
            self.touched.entry(touched.incident.id).or_insert(touched);
        }
        self.read_people(db, &known).await
    }

    async fn read_people(
        &mut self,
        db: &mut SqliteConnection,
        ids: &[EventId],
    ) -> Result<(), StoreError> {
        let ids: Vec<EventId> =
            ids.iter().copied().filter(|id| !self.people.contains_key(id)).collect();
        let list = serde_json::to_string(&ids)
            .map_err(|error| StoreError::unreadable("incident", "a list", error))?;
        self.people.extend(ids.into_iter().map(|id| (id, People::new())));
        let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
            "SELECT incident, camera, track, events, open_events FROM incident_people
             WHERE incident IN (SELECT value FROM json_each(?))",
        )
        .bind(list)
        .fetch_all(db)
        .await
        .doing(DOING)?;
        for (incident, camera, track, events, open) in rows {
            let id: EventId = incident.parse().map_err(|error| {
                StoreError::unreadable("incident", &incident, format!("{error}"))
            })?;
            let counts = Counts { events, open, changed: false };
            self.people.entry(id).or_default().insert((camera, track), counts);
        }
        Ok(())
    }

    /// The incident of an alarm that begins to ring at this time, which may be later than its start.
    pub(crate) async fn join(
        &mut self,
        db: &mut SqliteConnection,
        event: &Event,
        rings: Utc,
    ) -> Result<EventId, StoreError> {
        let cause = Cause::of(event);
        if !self.by_cause.contains_key(&cause.key) {
            self.prepare(db, std::iter::once(event), &[]).await?;
        }
        let known = self.by_cause.get(&cause.key).copied().flatten();
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
                let waited = touched.incident.state == IncidentState::Raised;
                touched.incident.join(event, head);
                if !waited {
                    touched.incident.rings(rings);
                }
                touched.changed = true;
            }
            _ => {
                let (mut incident, changed) = (Incident::new(event), true);
                incident.rings(rings);
                self.by_cause.insert(cause.key.clone(), Some(id));
                self.touched
                    .insert(id, Touched { number: None, cause: cause.key, incident, changed });
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
        if !self.touched.contains_key(&id) {
            self.prepare(db, std::iter::empty(), &[id]).await?;
        }
        Ok(self.touched.contains_key(&id))
    }

    /// Counts of somebody in an incident; none where an alarm is about nobody.
    async fn counts(
        &mut self,
        db: &mut SqliteConnection,
        id: EventId,
        event: &Event,
    ) -> Result<Option<&mut Counts>, StoreError> {
        let (Some(camera), Some(track)) = (&event.camera, &event.track) else { return Ok(None) };
        if !self.people.contains_key(&id) {
            self.read_people(db, &[id]).await?;
        }
        let people = self.people.entry(id).or_default();
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
        for some in changed.chunks(rows::ROWS_MAX) {
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
        let changed: Vec<Touched> =
            self.touched.into_values().filter(|touched| touched.changed).collect();
        let mut next = match changed.iter().any(|touched| touched.number.is_none()) {
            true => rows::next_number(db).await?,
            false => 0,
        };
        let numbered = changed.into_iter().map(|touched| {
            let number = touched.number.unwrap_or(next);
            next += i64::from(touched.number.is_none());
            (touched.cause, IncidentRecord { number, incident: touched.incident })
        });
        let written: Vec<(String, IncidentRecord)> = numbered.collect();
        rows::put_all(db, &written, self.settings).await?;
        let written = written.into_iter().map(|(_, record)| record).collect();
        Ok(written)
    }
}

impl Store {
    /// Gives alarms from before there were incidents theirs, as far as they wait.
    pub(crate) async fn group_waiting(&self) -> Result<(), StoreError> {
        loop {
            let mut tx = self.begin(DOING).await?;
            let settings = self.alarm_settings();
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
                let incident = grouping.join(&mut tx, &event, now()).await?;
                sqlx::query("UPDATE events SET incident = ? WHERE id = ?")
                    .bind(incident.to_string())
                    .bind(event.id.to_string())
                    .execute(&mut *tx)
                    .await
                    .doing(DOING)?;
            }
            // They come into the chain when it begins, which is next.
            grouping.write(&mut tx).await?;
            tx.commit().await.doing(DOING)?;
        }
    }
}
