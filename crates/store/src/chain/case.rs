//! The part of the chain that proves one incident, to be taken elsewhere.

use std::collections::{BTreeSet, HashMap};

use safe_yolo_core::EventId;
use serde::{Deserialize, Serialize};

use super::read::{self, COLUMNS, ENTRIES_MAX, Row};
use super::{ChainEntry, ChangeContent, DeedContent, Hash, Head, IncidentContent, kind};
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading the chain of an incident";
/// Most evidence files of one event.
const FILES_MAX: i64 = 16;

/// Rows as they are stored, and the entries that prove them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseChain {
    /// Where the chain ended.
    pub head: Head,
    /// Entries of the incident, of what was done about it, of its events' changes and files.
    pub entries: Vec<ChainEntry>,
    changes: Vec<ChangeContent>,
    deeds: Vec<DeedContent>,
    incident: IncidentContent,
}

impl CaseChain {
    /// The entry that an evidence file was written with.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&ChainEntry> {
        let is_file = |kind: &str| matches!(kind, kind::FILE | kind::ADOPTED);
        self.entries.iter().rev().find(|entry| is_file(&entry.kind) && entry.target == name)
    }

    /// Evidence files that were written and not removed since.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let mut files = BTreeSet::new();
        for entry in &self.entries {
            match entry.kind.as_str() {
                kind::FILE | kind::ADOPTED => {
                    files.insert(entry.target.as_str());
                }
                kind::REMOVED => {
                    files.remove(removed_name(&entry.target));
                }
                _ => {}
            }
        }
        files
    }

    /// Evidence files that were removed, each with why.
    #[must_use]
    pub fn removed(&self) -> Vec<(&str, &str)> {
        let files = self.files();
        let removed = self.entries.iter().filter(|entry| entry.kind == kind::REMOVED);
        removed
            .filter_map(|entry| entry.target.rsplit_once(' '))
            .filter(|(name, _)| !files.contains(name))
            .collect()
    }

    /// What is wrong with it, in words; nothing is if it is as it was written. Changes older than
    /// the chain have no entry of their own and are no fault: their number is [`Self::unproved`].
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut known: HashMap<(&str, &str), &ChainEntry> = HashMap::new();
        let mut before: Option<&ChainEntry> = None;
        for entry in &self.entries {
            let ChainEntry { number, kind, target, .. } = entry;
            if !entry.is_whole() {
                faults.push(format!(
                    "chain entry {number} ({kind} {target}) is not what its hash says"
                ));
            }
            if let Some(before) = before
                && (*number <= before.number
                    || (*number == before.number + 1 && entry.before != before.hash))
            {
                faults.push(format!(
                    "chain entry {number} does not follow from entry {}",
                    before.number
                ));
            }
            before = Some(entry);
            let is_file = kind == kind::FILE || kind == kind::ADOPTED;
            let written = [kind::FILE, kind::ADOPTED]
                .iter()
                .find_map(|of| known.get(&(*of, target.as_str())));
            if let Some(first) = written.filter(|first| is_file && first.content != entry.content) {
                faults.push(format!(
                    "chain entries {} and {number} say different things of file {target}",
                    first.number
                ));
            }
            known.insert((kind, target), entry);
        }
        if before.is_some_and(|last| {
            last.number > self.head.number
                || (last.number == self.head.number && last.hash != self.head.hash)
        }) {
            faults.push("the entries go on behind the head of the chain".to_owned());
        }
        let mut check = |kind: &'static str, target: String, hash: Hash, must: bool| match known
            .get(&(kind, target.as_str()))
        {
            Some(entry) if entry.content == hash => {}
            Some(entry) => faults.push(format!(
                "{kind} {target} is not what chain entry {} was written for",
                entry.number
            )),
            None if must => faults.push(format!("{kind} {target} is in no entry of the chain")),
            None => {}
        };
        for row in &self.changes {
            check(kind::CHANGE, row.seq.to_string(), row.hash(), false);
        }
        for row in &self.deeds {
            check(kind::DEED, row.number.to_string(), row.hash(), true);
        }
        check(kind::INCIDENT, self.incident.id.clone(), self.incident.hash(), true);
        faults
    }

    /// How many changes are older than the chain.
    #[must_use]
    pub fn unproved(&self) -> usize {
        let entries = self.entries.iter().filter(|entry| entry.kind == kind::CHANGE).count();
        self.changes.len().saturating_sub(entries)
    }

    /// The newest form of an event, as JSON, as its newest change has it.
    #[must_use]
    pub fn event(&self, id: &str) -> Option<&str> {
        self.changes.iter().rev().find(|row| row.event_id == id).map(|row| row.event.as_str())
    }

    /// The incident, as JSON.
    #[must_use]
    pub fn incident(&self) -> &str {
        &self.incident.incident
    }
}

/// The file's name in the target of an entry that says that it was removed.
fn removed_name(target: &str) -> &str {
    target.rsplit_once(' ').map_or(target, |(name, _why)| name)
}

impl Store {
    /// What proves an incident, its events and their files.
    ///
    /// # Errors
    /// When there is no such incident, it has more than 10 000 entries, or the database fails.
    pub async fn chain_of_incident(&self, id: EventId) -> Result<CaseChain, StoreError> {
        // One view of everything.
        let mut tx = self.inner.readers.begin().await.doing(DOING)?;
        let key = id.to_string();
        let incident: Option<IncidentContent> =
            sqlx::query_as("SELECT number, id, state, held, incident FROM incidents WHERE id = ?")
                .bind(&key)
                .fetch_optional(&mut *tx)
                .await
                .doing(DOING)?;
        let incident = incident.ok_or_else(|| StoreError::not_found("incident", &key))?;
        let limit = i64::try_from(ENTRIES_MAX).unwrap_or(i64::MAX);
        let changes: Vec<ChangeContent> = sqlx::query_as(
            "SELECT c.seq, c.change_id, c.event_id, c.kind, c.at, c.event, c.acknowledged
             FROM event_changes AS c JOIN events AS e ON e.id = c.event_id
             WHERE e.incident = ? ORDER BY c.seq LIMIT ?",
        )
        .bind(&key)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .doing(DOING)?;
        let deeds: Vec<DeedContent> = sqlx::query_as(
            "SELECT number, incident, at, who, deed, note FROM incident_log WHERE incident = ? ORDER BY number LIMIT ?",
        )
        .bind(&key)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .doing(DOING)?;
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE number IN (
                SELECT number FROM chain WHERE kind = 'change' AND target IN
                    (SELECT CAST(c.seq AS TEXT) FROM event_changes AS c JOIN events AS e ON e.id = c.event_id
                     WHERE e.incident = ?1)
                UNION SELECT number FROM chain WHERE kind = 'deed' AND target IN
                    (SELECT CAST(number AS TEXT) FROM incident_log WHERE incident = ?1)
                UNION SELECT MAX(number) FROM chain WHERE kind = 'incident' AND target = ?1)
             ORDER BY number LIMIT ?2"
        )))
        .bind(&key)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .doing(DOING)?;
        if rows.len() >= ENTRIES_MAX || changes.len() >= ENTRIES_MAX {
            return Err(StoreError::Invalid {
                field: "incident",
                value: key,
                rule: "have less than 10000 changes to be proved as one case",
            });
        }
        let mut entries = rows.into_iter().map(Row::into_entry).collect::<Result<Vec<_>, _>>()?;
        let mut events: Vec<&str> = changes.iter().map(|row| row.event_id.as_str()).collect();
        events.sort_unstable();
        events.dedup();
        for event in events {
            entries.extend(files_of(&mut tx, event).await?);
        }
        entries.sort_unstable_by_key(|entry| entry.number);
        let head = read::head(&mut tx).await?;
        tx.rollback().await.doing(DOING)?;
        Ok(CaseChain { head, entries, changes, deeds, incident })
    }
}

/// The entries of an event's files.
async fn files_of(
    db: &mut sqlx::SqliteConnection,
    event: &str,
) -> Result<Vec<ChainEntry>, StoreError> {
    let unreadable = |detail: String| StoreError::unreadable("event", event, detail);
    let id: EventId = event.parse().map_err(|error| unreadable(format!("{error}")))?;
    let Ok(folder) = crate::evidence::folder_of(id) else { return Ok(Vec::new()) };
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{COLUMNS} WHERE kind IN ('file', 'adopted', 'removed') AND target >= ?1 || '.' AND target < ?1 || '/'
         ORDER BY number LIMIT ?2"
    )))
    .bind(format!("{folder}/{event}"))
    .bind(FILES_MAX)
    .fetch_all(db)
    .await
    .doing(DOING)?;
    rows.into_iter().map(Row::into_entry).collect()
}
