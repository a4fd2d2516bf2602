//! Runs: a reset ends one, keeps how it ended, and begins the next.

use safe_yolo_core::checklist::{Deed, Tick};
use safe_yolo_core::{ChecklistId, Message, Utc};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{Checklist, Touch, check_note, rows, tick_name, tick_named};
use crate::error::Doing;
use crate::{Store, StoreError};

/// Runs of a list that are kept, the newest: a year of three shifts.
const RUNS_MAX: i64 = 1100;
/// Most runs in one answer.
const LIST_MAX: u32 = 100;

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// A shift began.
    Shift,
    /// Somebody.
    Hand,
    /// The list was deleted.
    Deleted,
}

impl EndedBy {
    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::Hand => "hand",
            Self::Deleted => "deleted",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Shift, Self::Hand, Self::Deleted].into_iter().find(|by| by.name() == name)
    }
}

/// How an item stood at the end of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunItem {
    /// Its name in the list.
    pub id: String,
    /// What people read.
    pub text: Message,
    /// `open`, `done` or `unconfirmed`.
    pub state: String,
    /// Who last ticked or un-ticked it.
    pub last: Option<Touch>,
    /// Since when nobody could tell whether its tick holds.
    pub unconfirmed_since: Option<Utc>,
}

/// Something done to an item.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in `Touch`")]
pub struct RunDeed {
    pub item: String,
    pub at: Utc,
    pub deed: Deed,
    pub who: Option<String>,
    pub note: String,
}

/// A run, from one reset to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistRun {
    /// Its number: grows over all lists.
    pub number: u64,
    /// When it began.
    pub started: Utc,
    /// When and how it ended; none of the current one.
    pub ended: Option<(Utc, EndedBy)>,
    /// Who ended it, if somebody did.
    pub who: Option<String>,
    /// What he said of it.
    pub note: String,
    /// How the items stood at the end, or stand now.
    pub items: Vec<RunItem>,
    /// What was done, oldest first; the newest are kept.
    pub deeds: Vec<RunDeed>,
    /// So many older deeds are not kept.
    pub untold: u64,
}

pub(super) struct Ending<'a> {
    pub(super) by: EndedBy,
    pub(super) who: Option<&'a str>,
    pub(super) note: &'a str,
    pub(super) at: Utc,
}

#[derive(sqlx::FromRow)]
struct RunRow {
    number: i64,
    started: i64,
    ended: Option<i64>,
    ended_by: Option<String>,
    who: Option<String>,
    note: String,
    items: Option<String>,
    untold: i64,
}

fn items_of(list: &Checklist) -> Vec<RunItem> {
    let item = |state: &super::ItemState| RunItem {
        id: state.item.id.clone(),
        text: state.item.text.clone(),
        state: tick_name(state.tick).to_owned(),
        last: state.last.clone(),
        unconfirmed_since: state.unconfirmed_since,
    };
    list.items.iter().map(item).collect()
}

pub(super) async fn begin(
    db: &mut SqliteConnection,
    id: &ChecklistId,
    at: Utc,
) -> Result<(), StoreError> {
    let doing = "beginning a run of a checklist";
    sqlx::query("INSERT INTO checklist_runs (checklist, started) VALUES (?, ?)")
        .bind(id.as_str())
        .bind(at.micros())
        .execute(&mut *db)
        .await
        .doing(doing)?;
    sqlx::query(
        "DELETE FROM checklist_runs WHERE checklist = ?1 AND number <= (SELECT number
             FROM checklist_runs WHERE checklist = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(id.as_str())
    .bind(RUNS_MAX)
    .execute(db)
    .await
    .doing(doing)?;
    Ok(())
}

pub(super) async fn end(
    db: &mut SqliteConnection,
    list: &Checklist,
    ending: &Ending<'_>,
) -> Result<(), StoreError> {
    let items = serde_json::to_string(&items_of(list))
        .map_err(|error| StoreError::unreadable("checklist", list.id.as_str(), error))?;
    sqlx::query(
        "UPDATE checklist_runs SET ended = ?, ended_by = ?, who = ?, note = ?, items = ? WHERE number = ?",
    )
    // A clock that was set back makes no run of negative length.
    .bind(ending.at.max(list.started).micros())
    .bind(ending.by.name())
    .bind(ending.who)
    .bind(ending.note)
    .bind(items)
    .bind(rows::signed(list.run))
    .execute(db)
    .await
    .doing("ending a run of a checklist")?;
    Ok(())
}

async fn turn(
    db: &mut SqliteConnection,
    list: &Checklist,
    ending: &Ending<'_>,
) -> Result<(), StoreError> {
    end(db, list, ending).await?;
    // As the clock goes now, also where it was ahead when the last run began.
    begin(db, &list.id, ending.at).await?;
    for state in &list.items {
        rows::open_item(db, &list.id, &state.item.id).await?;
    }
    Ok(())
}

impl Store {
    /// Ends a list's run by hand and begins the next, with all items open.
    ///
    /// # Errors
    /// When there is no such list, the note is too long, or the database fails.
    pub async fn reset_checklist(
        &self,
        id: &ChecklistId,
        who: &str,
        note: &str,
        at: Utc,
    ) -> Result<Checklist, StoreError> {
        let doing = "resetting a checklist";
        check_note(note)?;
        let mut tx = self.begin(doing).await?;
        let list = rows::known(&mut tx, id).await?;
        turn(&mut tx, &list, &Ending { by: EndedBy::Hand, who: Some(who), note, at }).await?;
        let list = rows::known(&mut tx, id).await?;
        tx.commit().await.doing(doing)?;
        Ok(list)
    }

    /// A shift began: ends every run that began before it, or after `now` by a clock that was wrong then, and begins
    /// the next; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_shift(&self, began: Utc, now: Utc) -> Result<usize, StoreError> {
        let doing = "resetting checklists for a shift";
        let mut tx = self.begin(doing).await?;
        let lists = rows::all(&mut tx).await?;
        let is_old = |list: &&Checklist| list.started < began || list.started > now;
        let old: Vec<&Checklist> = lists.iter().filter(is_old).collect();
        for list in &old {
            let ending = Ending { by: EndedBy::Shift, who: None, note: "", at: began };
            turn(&mut tx, list, &ending).await?;
        }
        tx.commit().await.doing(doing)?;
        Ok(old.len())
    }

    /// Runs of a list that lasted into the time from `from` to `to`, newest first, older than the
    /// one with the number `before`; 100 at most. Those of a deleted list stay.
    ///
    /// # Errors
    /// When there never was such a list, or the database fails.
    pub async fn checklist_runs(
        &self,
        id: &ChecklistId,
        from: Option<Utc>,
        to: Option<Utc>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChecklistRun>, StoreError> {
        let doing = "reading runs of a checklist";
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let found: Option<i64> = sqlx::query_scalar("SELECT number FROM checklists WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .doing(doing)?;
        found.ok_or_else(|| StoreError::not_found("checklist", id.as_str()))?;
        let current = rows::one(&mut tx, id).await?;
        let found: Vec<RunRow> = sqlx::query_as(
            "SELECT number, started, ended, ended_by, who, note, items, untold FROM checklist_runs
             WHERE checklist = ? AND COALESCE(ended, ?) > ? AND started < ? AND number < ?
             ORDER BY number DESC LIMIT ?",
        )
        .bind(id.as_str())
        .bind(i64::MAX)
        .bind(from.map_or(i64::MIN, Utc::micros))
        .bind(to.map_or(i64::MAX, Utc::micros))
        .bind(before.map_or(i64::MAX, rows::signed))
        .bind(i64::from(limit.clamp(1, LIST_MAX)))
        .fetch_all(&mut *tx)
        .await
        .doing(doing)?;
        let mut runs = Vec::with_capacity(found.len());
        for row in found {
            let deeds = deeds(&mut tx, row.number).await?;
            runs.push(row.into_run(id, current.as_ref(), deeds)?);
        }
        tx.rollback().await.doing(doing)?;
        Ok(runs)
    }
}

async fn deeds(db: &mut SqliteConnection, run: i64) -> Result<Vec<RunDeed>, StoreError> {
    let found: Vec<(String, i64, String, Option<String>, String)> = sqlx::query_as(
        "SELECT item, at, deed, who, note FROM checklist_deeds WHERE run = ? ORDER BY number",
    )
    .bind(run)
    .fetch_all(db)
    .await
    .doing("reading runs of a checklist")?;
    let deed = |(item, at, name, who, note): (String, i64, String, Option<String>, String)| {
        let deed = Deed::from_name(&name).ok_or_else(|| {
            StoreError::unreadable("run", run.to_string(), format!("deed '{name}'"))
        })?;
        Ok(RunDeed { item, at: Utc(at), deed, who, note })
    };
    found.into_iter().map(deed).collect()
}

impl RunRow {
    fn into_run(
        self,
        id: &ChecklistId,
        current: Option<&Checklist>,
        deeds: Vec<RunDeed>,
    ) -> Result<ChecklistRun, StoreError> {
        let number = self.number;
        let unreadable = |detail: String| {
            StoreError::unreadable("run", format!("{number} of checklist {id}"), detail)
        };
        let whole =
            |n: i64| u64::try_from(n).map_err(|_negative| unreadable(format!("number {n}")));
        let items: Vec<RunItem> = match &self.items {
            Some(json) => {
                serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?
            }
            None => current.map(items_of).unwrap_or_default(),
        };
        if let Some(item) = items.iter().find(|item| tick_named(&item.state).is_none()) {
            return Err(unreadable(format!("state '{}'", item.state)));
        }
        let ended = match (self.ended, self.ended_by) {
            (Some(at), Some(by)) => {
                let by =
                    EndedBy::from_name(&by).ok_or_else(|| unreadable(format!("end '{by}'")))?;
                Some((Utc(at), by))
            }
            _ => None,
        };
        Ok(ChecklistRun {
            number: whole(self.number)?,
            started: Utc(self.started),
            ended,
            who: self.who,
            note: self.note,
            items,
            deeds,
            untold: whole(self.untold)?,
        })
    }
}

impl ChecklistRun {
    /// Items that were not ticked, or whose tick did not count, at the end.
    pub fn open_items(&self) -> impl Iterator<Item = &RunItem> {
        self.items.iter().filter(|item| item.state != tick_name(Tick::Done))
    }
}
