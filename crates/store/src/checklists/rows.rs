//! Checklists and the ticks of their items as rows, inside a transaction.

use std::collections::BTreeMap;

use safe_yolo_core::checklist::{ChecklistItem, Deed, Tick};
use safe_yolo_core::{ChecklistId, Utc};
use sqlx::SqliteConnection;

use super::{Checklist, ItemState, Touch, after, tick_name, tick_named};
use crate::StoreError;
use crate::error::Doing;

const DOING: &str = "reading checklists";
/// Deeds of a run that are kept, the newest: a rule that comes and goes could make any number.
const DEEDS_MAX: i64 = 200;

#[derive(sqlx::FromRow)]
struct ListRow {
    id: String,
    camera: String,
    zone: Option<String>,
    name: String,
    items: String,
    version: i64,
    run: i64,
    started: i64,
}

#[derive(sqlx::FromRow)]
struct TickRow {
    checklist: String,
    item: String,
    revision: i64,
    tick: String,
    who: Option<String>,
    at: Option<i64>,
    note: String,
    unconfirmed_since: Option<i64>,
}

type Ticks = BTreeMap<(String, String), TickRow>;

fn whole(number: i64, id: &str) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_negative| StoreError::unreadable("checklist", id, format!("number {number}")))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl ListRow {
    fn into_checklist(self, ticks: &mut Ticks) -> Result<Checklist, StoreError> {
        let id = self.id.clone();
        let unreadable = |error: &dyn std::fmt::Display| {
            StoreError::unreadable("checklist", &id, error.to_string())
        };
        let items: Vec<ChecklistItem> =
            serde_json::from_str(&self.items).map_err(|error| unreadable(&error))?;
        let state = |item: ChecklistItem| {
            let row = ticks.remove(&(id.clone(), item.id.clone()));
            let row = row.ok_or_else(|| unreadable(&format!("item '{}' has no row", item.id)))?;
            row.into_state(item, &id)
        };
        let zone = self.zone.map(|zone| zone.parse()).transpose();
        Ok(Checklist {
            id: self.id.parse().map_err(|error| unreadable(&error))?,
            camera: self.camera.parse().map_err(|error| unreadable(&error))?,
            zone: zone.map_err(|error| unreadable(&error))?,
            name: serde_json::from_str(&self.name).map_err(|error| unreadable(&error))?,
            items: items.into_iter().map(state).collect::<Result<_, _>>()?,
            version: whole(self.version, &id)?,
            run: whole(self.run, &id)?,
            started: Utc(self.started),
        })
    }
}

impl TickRow {
    fn into_state(self, item: ChecklistItem, list: &str) -> Result<ItemState, StoreError> {
        let tick = tick_named(&self.tick).ok_or_else(|| {
            StoreError::unreadable("checklist", list, format!("tick '{}'", self.tick))
        })?;
        let (who, note) = (self.who, self.note);
        Ok(ItemState {
            item,
            revision: whole(self.revision, list)?,
            tick,
            last: self.at.map(|at| Touch { who, at: Utc(at), note }),
            unconfirmed_since: self.unconfirmed_since.map(Utc),
        })
    }
}

const LISTS: &str = "SELECT c.id, c.camera, c.zone, c.name, c.items, c.version, \
     r.number AS run, r.started FROM checklists c \
     JOIN checklist_runs r ON r.checklist = c.id AND r.ended IS NULL WHERE c.deleted_at IS NULL";
const TICKS: &str = "SELECT checklist, item, revision, tick, who, at, note, unconfirmed_since \
     FROM checklist_ticks";

fn by_item(rows: Vec<TickRow>) -> Ticks {
    rows.into_iter().map(|row| ((row.checklist.clone(), row.item.clone()), row)).collect()
}

/// All that are not deleted, oldest first.
pub(super) async fn all(db: &mut SqliteConnection) -> Result<Vec<Checklist>, StoreError> {
    let sql = join(LISTS, " ORDER BY c.number");
    let lists: Vec<ListRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *db).await.doing(DOING)?;
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<TickRow> = sqlx::query_as(TICKS).fetch_all(db).await.doing(DOING)?;
    let mut ticks = by_item(rows);
    lists.into_iter().map(|row| row.into_checklist(&mut ticks)).collect()
}

fn join(begin: &str, end: &str) -> String {
    format!("{begin}{end}")
}

/// One that is not deleted.
pub(super) async fn one(
    db: &mut SqliteConnection,
    id: &ChecklistId,
) -> Result<Option<Checklist>, StoreError> {
    let sql = join(LISTS, " AND c.id = ?");
    let list: Option<ListRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(id.as_str())
        .fetch_optional(&mut *db)
        .await
        .doing(DOING)?;
    let Some(list) = list else { return Ok(None) };
    let sql = join(TICKS, " WHERE checklist = ?");
    let rows: Vec<TickRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(id.as_str())
        .fetch_all(db)
        .await
        .doing(DOING)?;
    list.into_checklist(&mut by_item(rows)).map(Some)
}

/// One that must be there.
pub(super) async fn known(
    db: &mut SqliteConnection,
    id: &ChecklistId,
) -> Result<Checklist, StoreError> {
    one(db, id).await?.ok_or_else(|| StoreError::not_found("checklist", id.as_str()))
}

/// Writes an item as open, one revision later than it was.
pub(super) async fn open_item(
    db: &mut SqliteConnection,
    list: &ChecklistId,
    item: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO checklist_ticks (checklist, item, revision, tick, note) VALUES (?, ?, 1, 'open', '')
         ON CONFLICT DO UPDATE SET revision = revision + 1, tick = 'open', who = NULL, at = NULL,
             note = '', unconfirmed_since = NULL",
    )
    .bind(list.as_str())
    .bind(item)
    .execute(db)
    .await
    .doing("opening an item of a checklist")?;
    Ok(())
}

/// What is done to an item.
pub(super) struct Doer<'a> {
    pub(super) deed: Deed,
    /// None for the camera.
    pub(super) who: Option<&'a str>,
    pub(super) at: Utc,
    pub(super) note: &'a str,
    /// Since when its tick is not confirmed.
    pub(super) since: Option<Utc>,
}

/// Writes what is done to an item, and notes it in the run.
pub(super) async fn act(
    db: &mut SqliteConnection,
    list: &Checklist,
    item: &str,
    doer: &Doer<'_>,
) -> Result<(), StoreError> {
    let doing = "ticking an item of a checklist";
    let tick = after(doer.deed);
    let is_touch = matches!(doer.deed, Deed::Ticked | Deed::Unticked);
    let since = (tick == Tick::Unconfirmed).then_some(doer.since.unwrap_or(doer.at).micros());
    sqlx::query(
        "UPDATE checklist_ticks SET revision = revision + ?3, tick = ?1, unconfirmed_since = ?2,
             who = iif(?3, ?4, who), at = iif(?3, ?5, at), note = iif(?3, ?6, note)
         WHERE checklist = ?7 AND item = ?8",
    )
    .bind(tick_name(tick))
    .bind(since)
    .bind(is_touch)
    .bind(doer.who)
    .bind(doer.at.micros())
    .bind(doer.note)
    .bind(list.id.as_str())
    .bind(item)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    sqlx::query(
        "INSERT INTO checklist_deeds (run, item, at, deed, who, note) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(signed(list.run))
    .bind(item)
    .bind(doer.at.micros())
    .bind(doer.deed.name())
    .bind(doer.who)
    .bind(doer.note)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    let forgotten = sqlx::query(
        "DELETE FROM checklist_deeds WHERE run = ?1 AND number <= (SELECT number FROM checklist_deeds
             WHERE run = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(signed(list.run))
    .bind(DEEDS_MAX)
    .execute(&mut *db)
    .await
    .doing(doing)?
    .rows_affected();
    if forgotten > 0 {
        sqlx::query("UPDATE checklist_runs SET untold = untold + ? WHERE number = ?")
            .bind(signed(forgotten))
            .bind(signed(list.run))
            .execute(db)
            .await
            .doing(doing)?;
    }
    Ok(())
}
