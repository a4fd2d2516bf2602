//! Mutes: what is to be quiet for a time. A muted alarm is recorded and shown as muted, but makes no
//! incident and waits for nobody. If it still lasts when its mute is over, it rings then.

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{CameraId, Event, EventType, Utc, ZoneId};
use serde::Serialize;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::NOTE_CHARS_MAX;
use super::escalate::Partly;
use super::group::Grouping;
use crate::error::Doing;
use crate::events::{EventRow, put_rung};
use crate::{Store, StoreError, chain};

const DOING: &str = "muting alarms";
/// The most mutes in force at once.
const MUTES_MAX: i64 = 200;
/// Alarms that ring at once when mutes end.
const RING_MAX: i64 = 200;

/// What is to be quiet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewMute {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this zone.
    pub zone: Option<ZoneId>,
    /// Only what this rule raises.
    pub event_type: Option<EventType>,
    /// For so many minutes, 1440 at most.
    pub minutes: u32,
    /// Why.
    pub reason: String,
}

impl NewMute {
    /// The longest time for which something may be quiet: it must not be forgotten.
    pub const MINUTES_MAX: u32 = 24 * 60;

    fn check(&self) -> Result<(), StoreError> {
        let invalid = |field, value: String, rule| Err(StoreError::Invalid { field, value, rule });
        if self.camera.is_none() && self.zone.is_none() && self.event_type.is_none() {
            let rule = "name a camera, a zone or a type: everything at once can't be muted";
            return invalid("mute", "everything".into(), rule);
        }
        if !(1..=Self::MINUTES_MAX).contains(&self.minutes) {
            return invalid("minutes", self.minutes.to_string(), "lie between 1 and 1440");
        }
        let length = self.reason.trim().chars().count();
        if !(1..=NOTE_CHARS_MAX).contains(&length) {
            let value = self.reason.chars().take(40).collect();
            return invalid("reason", value, "have 1 to 1000 characters");
        }
        Ok(())
    }
}

/// Who let it ring again before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Lifted {
    pub by: String,
    pub at: Utc,
}

/// What is or was quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mute {
    /// Which mute.
    pub id: i64,
    /// Only this camera.
    pub camera: Option<String>,
    /// Only this zone.
    pub zone: Option<String>,
    /// Only what this rule raises.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// Since when.
    pub from: Utc,
    /// Until when, unless it is lifted before.
    pub until: Utc,
    /// Why.
    pub reason: String,
    /// Who wanted it.
    pub by: String,
    /// Who lifted it.
    pub lifted: Option<Lifted>,
    /// Alarms that it keeps quiet and that still last.
    pub events: i64,
}

#[derive(sqlx::FromRow)]
struct MuteRow {
    number: i64,
    camera: Option<String>,
    zone: Option<String>,
    event_type: Option<String>,
    from_at: i64,
    until_at: i64,
    reason: String,
    by: String,
    lifted_at: Option<i64>,
    lifted_by: Option<String>,
    events: i64,
}

impl From<MuteRow> for Mute {
    fn from(row: MuteRow) -> Self {
        Self {
            id: row.number,
            camera: row.camera,
            zone: row.zone,
            event_type: row.event_type,
            from: Utc(row.from_at),
            until: Utc(row.until_at),
            reason: row.reason,
            by: row.by,
            lifted: row
                .lifted_at
                .map(|at| Lifted { by: row.lifted_by.unwrap_or_default(), at: Utc(at) }),
            events: row.events,
        }
    }
}

const COLUMNS: &str = "SELECT number, camera, zone, event_type, from_at, until_at, reason, by, lifted_at, lifted_by,
       (SELECT COUNT(*) FROM events WHERE muted = mutes.number AND muted IS NOT NULL AND end_at IS NULL) AS events
     FROM mutes";

/// A mute in force, as far as alarms are concerned.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct InForce {
    number: i64,
    camera: Option<String>,
    zone: Option<String>,
    event_type: Option<String>,
    from_at: i64,
    until_at: i64,
}

impl InForce {
    fn covers(&self, event: &Event) -> bool {
        let fits = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == is)
        };
        (self.from_at..self.until_at).contains(&event.start.micros())
            && fits(&self.camera, event.camera.as_ref().map(CameraId::as_str))
            && fits(&self.zone, event.zone.as_ref().map(|zone| zone.id.as_str()))
            && fits(&self.event_type, Some(event.event_type.name()))
    }
}

/// All mutes in force.
pub(crate) async fn in_force(db: &mut SqliteConnection) -> Result<Vec<InForce>, StoreError> {
    sqlx::query_as(
        "SELECT number, camera, zone, event_type, from_at, until_at FROM mutes WHERE over = 0",
    )
    .fetch_all(db)
    .await
    .doing(DOING)
}

/// Which of them keeps an alarm quiet, the longest first.
pub(crate) fn quieted(mutes: &[InForce], event: &Event) -> Option<i64> {
    let covering = mutes.iter().filter(|mute| mute.covers(event));
    covering.max_by_key(|mute| mute.until_at).map(|mute| mute.number)
}

async fn by_number(db: &mut SqliteConnection, id: i64) -> Result<Option<Mute>, StoreError> {
    let row: Option<MuteRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE number = ?")))
            .bind(id)
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    Ok(row.map(Mute::from))
}

impl Store {
    /// Mutes something from now on. Alarms that ring already go on doing so.
    ///
    /// # Errors
    /// When everything would be muted, it is too long, there is no reason, too many are in force, or the
    /// database fails.
    pub async fn mute(&self, new: &NewMute, by: &str, at: Utc) -> Result<Mute, StoreError> {
        new.check()?;
        let mut tx = self.begin(DOING).await?;
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM mutes WHERE over = 0")
            .fetch_one(&mut *tx)
            .await
            .doing(DOING)?;
        if count >= MUTES_MAX {
            let rule = "be fewer than 200 at once: lift some";
            return Err(StoreError::Invalid { field: "mutes", value: count.to_string(), rule });
        }
        let until = at.plus_micros(i64::from(new.minutes) * 60_000_000);
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO mutes (camera, zone, event_type, from_at, until_at, reason, by, over)
             VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING number",
        )
        .bind(new.camera.as_ref().map(|camera| camera.as_str().to_owned()))
        .bind(new.zone.as_ref().map(|zone| zone.as_str().to_owned()))
        .bind(new.event_type.map(EventType::name))
        .bind(at.micros())
        .bind(until.micros())
        .bind(new.reason.trim())
        .bind(by)
        .fetch_one(&mut *tx)
        .await
        .doing(DOING)?;
        let mute = by_number(&mut tx, number).await?;
        tx.commit().await.doing(DOING)?;
        self.mutes_changed();
        mute.ok_or_else(|| StoreError::not_found("mute", number.to_string()))
    }

    /// Lets something ring again before its time; [`Store::ring`] makes it do so.
    ///
    /// # Errors
    /// When there is no such mute, it is over already, or the database fails.
    pub async fn lift(&self, id: i64, by: &str, at: Utc) -> Result<Mute, StoreError> {
        let mut tx = self.begin(DOING).await?;
        let Some(mute) = by_number(&mut tx, id).await? else {
            return Err(StoreError::not_found("mute", id.to_string()));
        };
        let lifted = sqlx::query(
            "UPDATE mutes SET over = 1, lifted_at = ?, lifted_by = ? WHERE number = ? AND over = 0",
        )
        .bind(at.micros())
        .bind(by)
        .bind(id)
        .execute(&mut *tx)
        .await
        .doing(DOING)?;
        if lifted.rows_affected() == 0 {
            let said = match &mute.lifted {
                Some(lifted) => format!("mute {id} was lifted by {} at {}", lifted.by, lifted.at),
                None => format!("mute {id} was over at {}", mute.until),
            };
            return Err(StoreError::TooLate { said });
        }
        let mute = by_number(&mut tx, id).await?;
        tx.commit().await.doing(DOING)?;
        self.mutes_changed();
        mute.ok_or_else(|| StoreError::not_found("mute", id.to_string()))
    }

    /// Mutes in force, the newest last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        let rows: Vec<MuteRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE over = 0 ORDER BY number"
        )))
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        Ok(rows.into_iter().map(Mute::from).collect())
    }

    /// One mute, in force or over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mute_by_id(&self, id: i64) -> Result<Option<Mute>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        by_number(&mut reader, id).await
    }

    /// Ends mutes whose time is over, and lets alarms ring that were quiet and still last. Answers how
    /// many did; one that can't be read stops no other. To be called every second or so.
    ///
    /// # Errors
    /// When the database fails; what rang until then does.
    pub async fn ring(&self, at: Utc) -> Result<Partly<usize>, StoreError> {
        let due: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM mutes WHERE over = 0 AND until_at <= ?)
                 OR EXISTS (SELECT 1 FROM events JOIN mutes ON mutes.number = events.muted
                            WHERE events.muted IS NOT NULL AND events.end_at IS NULL AND mutes.over = 1)",
        )
        .bind(at.micros())
        .fetch_one(&self.inner.readers)
        .await
        .doing(DOING)?;
        if !due {
            return Ok(Partly { done: 0, failed: None });
        }
        let store = self.clone();
        crate::events::unbroken(async move { store.ring_here(at).await }).await
    }

    async fn ring_here(&self, at: Utc) -> Result<Partly<usize>, StoreError> {
        let mut writer = self.inner.writer.acquire().await.doing(DOING)?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.doing(DOING)?;
        let settings = self.alarm_settings();
        let over = sqlx::query("UPDATE mutes SET over = 1 WHERE over = 0 AND until_at <= ?")
            .bind(at.micros())
            .execute(&mut *tx)
            .await
            .doing(DOING)?;
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted
             FROM events WHERE muted IS NOT NULL AND end_at IS NULL
                 AND muted IN (SELECT number FROM mutes WHERE over = 1)
             ORDER BY raised_seq LIMIT ?",
        )
        .bind(RING_MAX)
        .fetch_all(&mut *tx)
        .await
        .doing(DOING)?;
        let mut grouping = Grouping::new(&settings);
        let mut changes = Vec::with_capacity(rows.len());
        let mut failed = None;
        for row in rows {
            let raised_seq = row.raised_seq();
            let read = async {
                let record = row.into_record()?;
                let incident = grouping.join(&mut tx, &record.event, at).await?;
                Ok((record, incident))
            };
            let (record, incident) = match read.await {
                Ok(read) => read,
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            };
            let change_id = Uuid::now_v7().to_string();
            let change = put_rung(
                &mut tx,
                &change_id,
                at,
                ChangeKind::Updated,
                record,
                incident,
                raised_seq,
            );
            changes.push(change.await?);
        }
        let incidents = grouping.write(&mut tx).await?;
        chain::sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)?;
        self.publish(&changes);
        self.tell(incidents);
        if over.rows_affected() > 0 {
            self.mutes_changed();
        }
        Ok(Partly { done: changes.len(), failed })
    }
}
