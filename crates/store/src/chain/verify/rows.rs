//! The chain's own links, and the rows that they describe.

use std::collections::HashMap;
use std::path::Path;

use futures_util::TryStreamExt;
use safe_yolo_core::{Incident, Severity, Utc};
use serde::Deserialize;
use sqlx::SqliteConnection;

use super::super::{
    AuditContent, ChangeContent, DeedContent, Hash, Head, IncidentContent, entry_hash,
    genesis_reach, hash_of_old, kind,
};
use super::{DOING, Known, Report, What};
use crate::StoreError;
use crate::error::Doing;

/// An entry and, beside it, the row that it describes.
#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    at: i64,
    kind: String,
    target: String,
    content: Vec<u8>,
    hash: Vec<u8>,
    seq: Option<i64>,
    change_id: Option<String>,
    event_id: Option<String>,
    change_kind: Option<String>,
    changed_at: Option<i64>,
    event: Option<String>,
    acknowledged: Option<String>,
    audit: Option<i64>,
    done_at: Option<i64>,
    who: Option<String>,
    action: Option<String>,
    audit_target: Option<String>,
    detail: Option<String>,
    deed_number: Option<i64>,
    incident: Option<String>,
    deed_at: Option<i64>,
    deed_who: Option<String>,
    deed: Option<String>,
    note: Option<String>,
}

impl Row {
    /// The hash of the change as it is stored now.
    fn change(&self) -> Option<Hash> {
        let row = ChangeContent {
            seq: self.seq?,
            change_id: self.change_id.clone()?,
            event_id: self.event_id.clone()?,
            kind: self.change_kind.clone()?,
            at: self.changed_at?,
            event: self.event.clone()?,
            acknowledged: self.acknowledged.clone(),
        };
        Some(row.hash())
    }

    /// The hash of the line of the audit as it is stored now.
    fn audit(&self) -> Option<Hash> {
        let row = AuditContent {
            number: self.audit?,
            at: self.done_at?,
            who: self.who.clone()?,
            action: self.action.clone()?,
            target: self.audit_target.clone()?,
            detail: self.detail.clone()?,
        };
        Some(row.hash())
    }

    /// The hash of the entry of an incident's log as it is stored now.
    fn deed(&self) -> Option<Hash> {
        let row = DeedContent {
            number: self.deed_number?,
            incident: self.incident.clone()?,
            at: self.deed_at?,
            who: self.deed_who.clone()?,
            deed: self.deed.clone()?,
            note: self.note.clone()?,
        };
        Some(row.hash())
    }
}

const ENTRIES: &str = "
    SELECT c.number, c.at, c.kind, c.target, c.content, c.hash,
           e.seq, e.change_id, e.event_id, e.kind AS change_kind, e.at AS changed_at, e.event, e.acknowledged,
           a.number AS audit, a.at AS done_at, a.who, a.action, a.target AS audit_target, a.detail,
           d.number AS deed_number, d.incident, d.at AS deed_at, d.who AS deed_who, d.deed, d.note
    FROM chain AS c
    LEFT JOIN event_changes AS e ON c.kind = 'change' AND e.seq = CAST(c.target AS INTEGER)
    LEFT JOIN audit AS a ON c.kind = 'audit' AND a.number = CAST(c.target AS INTEGER)
    LEFT JOIN incident_log AS d ON c.kind = 'deed' AND d.number = CAST(c.target AS INTEGER)
    ORDER BY c.number";

/// Where the walk stands.
struct Walk<'a> {
    report: &'a mut Report,
    files: HashMap<String, Known>,
    /// The first entry of each file, also of those that were removed.
    written: HashMap<String, Known>,
    number: i64,
    hash: Hash,
    /// The newest change and line of the audit that entries were found of.
    changes: i64,
    audit: i64,
    deeds: i64,
    /// The newest entry of each incident.
    incidents: HashMap<String, Known>,
    /// Numbers between two entries, of which rows must not exist: kind, after, before.
    gaps: Vec<(&'static str, i64, i64)>,
    genesis: Option<(i64, i64, Hash)>,
}

/// Checks chain and rows; answers the files that must be there.
pub(super) async fn check(
    db: &mut SqliteConnection,
    path: &Path,
    report: &mut Report,
) -> Result<HashMap<String, Known>, StoreError> {
    let tables: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'chain'",
    )
    .fetch_one(&mut *db)
    .await
    .doing(DOING)?;
    if tables == 0 {
        return Err(StoreError::Corrupted {
            path: path.to_owned(),
            detail: "it has no hash chain: this version of the program has never opened it, or the chain was removed"
                .to_owned(),
        });
    }
    let mut walk = Walk {
        report,
        files: HashMap::new(),
        written: HashMap::new(),
        number: 0,
        hash: Hash::ZERO,
        changes: 0,
        audit: 0,
        deeds: 0,
        incidents: HashMap::new(),
        gaps: Vec::new(),
        genesis: None,
    };
    let mut rows = sqlx::query_as::<_, Row>(ENTRIES).fetch(&mut *db);
    while let Some(row) = rows.try_next().await.doing(DOING)? {
        walk.take(&row);
    }
    drop(rows);
    walk.report.head = Head { number: walk.number, hash: walk.hash };
    if walk.number == 0 {
        walk.report.fault(None, "chain", "", What::Missing, "the chain is empty");
    }
    let Walk { report, files, changes, audit, deeds, incidents, mut gaps, genesis, .. } = walk;
    if let Some((old_changes, old_audit, content)) = genesis
        && hash_of_old(db, old_changes, old_audit).await? != content
    {
        let detail = format!(
            "one of the changes up to {old_changes} or of the audit entries up to {old_audit}, which are older than the chain, is not what it was"
        );
        report.fault(Some(1), kind::GENESIS, "", What::Changed, detail);
    }
    gaps.push((kind::CHANGE, changes, i64::MAX));
    gaps.push((kind::AUDIT, audit, i64::MAX));
    gaps.push((kind::DEED, deeds, i64::MAX));
    for (of, after, before) in gaps {
        let query = match of {
            kind::CHANGE => {
                "SELECT seq FROM event_changes WHERE seq > ? AND seq < ? ORDER BY seq LIMIT 100"
            }
            kind::AUDIT => {
                "SELECT number FROM audit WHERE number > ? AND number < ? ORDER BY number LIMIT 100"
            }
            _ => {
                "SELECT number FROM incident_log WHERE number > ? AND number < ? ORDER BY number LIMIT 100"
            }
        };
        let rows: Vec<i64> = sqlx::query_scalar(query)
            .bind(after)
            .bind(before)
            .fetch_all(&mut *db)
            .await
            .doing(DOING)?;
        for row in rows {
            report.fault(
                None,
                of,
                &row.to_string(),
                What::Added,
                "the row is in no entry of the chain",
            );
        }
    }
    check_events(db, report).await?;
    check_incidents(db, incidents, report).await?;
    Ok(files)
}

impl Walk<'_> {
    fn take(&mut self, row: &Row) {
        let number = row.number;
        *self.report.entries.entry(row.kind.clone()).or_default() += 1;
        if number != self.number + 1 {
            let gap = format!("entries {} to {} are not there", self.number + 1, number - 1);
            self.report.fault(Some(self.number + 1), "chain", "", What::Missing, gap);
        }
        let (content, hash) = (Hash::from_bytes(&row.content), Hash::from_bytes(&row.hash));
        let (Some(content), Some(hash)) = (content, hash) else {
            self.report.fault(
                Some(number),
                &row.kind,
                &row.target,
                What::Changed,
                "its hash is none",
            );
            self.number = number;
            return;
        };
        let due = entry_hash(self.hash, number, Utc(row.at), &row.kind, &row.target, content);
        // After a gap there is nothing to compare with.
        if due != hash && number == self.number + 1 {
            let detail = "the entry itself, or the one before, is not what it was";
            self.report.fault(Some(number), &row.kind, &row.target, What::Changed, detail);
        }
        self.number = number;
        self.hash = hash;
        self.describe(row, content);
    }

    /// What the entry is about.
    fn describe(&mut self, row: &Row, content: Hash) {
        match row.kind.as_str() {
            kind::GENESIS => match genesis_reach(&row.target) {
                Some((changes, audit)) if row.number == 1 => {
                    (self.changes, self.audit) = (changes, audit);
                    self.genesis = Some((changes, audit, content));
                }
                _ => {
                    let detail = "only the first entry covers what is older";
                    self.report.fault(
                        Some(row.number),
                        &row.kind,
                        &row.target,
                        What::Added,
                        detail,
                    );
                }
            },
            kind::CHANGE => {
                let before = self.changes;
                self.changes = self.row(row, content, row.change(), before);
            }
            kind::AUDIT => {
                let before = self.audit;
                self.audit = self.row(row, content, row.audit(), before);
            }
            kind::DEED => {
                let before = self.deeds;
                self.deeds = self.row(row, content, row.deed(), before);
            }
            kind::INCIDENT => {
                let known = Known { number: row.number, content };
                self.incidents.insert(row.target.clone(), known);
            }
            kind::FILE | kind::ADOPTED => {
                let known = Known { number: row.number, content };
                self.files.insert(row.target.clone(), known);
                let first = *self.written.entry(row.target.clone()).or_insert(known);
                // A file is written once: an entry that comes later proves nothing of another content.
                if first.content != content {
                    let detail = format!(
                        "entry {} says that its SHA-256 was {}, and a file is written once",
                        first.number, first.content
                    );
                    let target = row.target.as_str();
                    self.report.fault(Some(row.number), &row.kind, target, What::Changed, detail);
                }
            }
            kind::REMOVED => {
                let name = row.target.rsplit_once(' ').map_or(&*row.target, |(name, _why)| name);
                self.files.remove(name);
            }
            other => {
                if !self.report.unchecked.iter().any(|known| known == other)
                    && self.report.unchecked.len() < 32
                {
                    self.report.unchecked.push(other.to_owned());
                }
            }
        }
    }

    /// Compares a row with its entry; answers the newest number seen.
    fn row(&mut self, row: &Row, content: Hash, now: Option<Hash>, before: i64) -> i64 {
        let (number, target) = (Some(row.number), row.target.as_str());
        match now {
            Some(now) if now == content => {}
            Some(_) => {
                let detail = "the row is not what it was when it was written";
                self.report.fault(number, &row.kind, target, What::Changed, detail);
            }
            None => {
                let detail = "the row is not there any more";
                self.report.fault(number, &row.kind, target, What::Missing, detail);
            }
        }
        let Ok(at) = target.parse::<i64>() else { return before };
        if at > before + 1 && self.gaps.len() < 10_000 {
            let of = match row.kind.as_str() {
                kind::CHANGE => kind::CHANGE,
                kind::AUDIT => kind::AUDIT,
                _ => kind::DEED,
            };
            self.gaps.push((of, before, at));
        }
        at.max(before)
    }
}

/// A row of the list of events, and its newest change.
#[derive(sqlx::FromRow)]
struct Listed {
    id: String,
    event: String,
    acknowledged_at: Option<i64>,
    start_at: i64,
    end_at: Option<i64>,
    waits: bool,
    muted: Option<i64>,
    /// None when the change is not there.
    change: Option<i64>,
    acknowledged: Option<String>,
    differs: bool,
}

/// What the other columns of an event come from.
#[derive(Deserialize)]
struct Source {
    severity: Severity,
    start: Utc,
    end: Option<Utc>,
}

#[derive(Deserialize)]
struct When {
    at: Utc,
}

impl Listed {
    /// Whether the columns say what the event says.
    fn is_sound(&self) -> bool {
        let Ok(source) = serde_json::from_str::<Source>(&self.event) else { return false };
        let acknowledged =
            self.acknowledged.as_deref().map(serde_json::from_str::<When>).transpose();
        let Ok(acknowledged) = acknowledged else { return false };
        let waits = source.severity.is_alarm() && acknowledged.is_none() && self.muted.is_none();
        !self.differs
            && self.start_at == source.start.micros()
            && self.end_at == source.end.map(Utc::micros)
            && self.acknowledged_at == acknowledged.map(|when| when.at.micros())
            && self.waits == waits
    }
}

/// The list of events is what people are shown: each must be as its newest change left it.
async fn check_events(db: &mut SqliteConnection, report: &mut Report) -> Result<(), StoreError> {
    let mut rows = sqlx::query_as::<_, Listed>(
        "SELECT e.id, e.event, e.acknowledged_at, e.start_at, e.end_at, e.waits, e.muted, c.seq AS change, c.acknowledged,
            c.seq IS NULL OR c.event_id <> e.id OR c.event <> e.event
            OR (c.acknowledged IS NULL) <> (e.acknowledged_at IS NULL)
            OR json_extract(c.acknowledged, '$.by') IS NOT e.acknowledged_by
            OR json_extract(c.acknowledged, '$.reason') IS NOT e.acknowledged_reason
            OR e.severity <> json_extract(e.event, '$.severity') OR e.event_type <> json_extract(e.event, '$.type')
            OR e.camera IS NOT json_extract(e.event, '$.camera')
            OR EXISTS (SELECT 1 FROM event_changes AS n WHERE n.event_id = e.id AND n.seq > e.seq) AS differs
         FROM events AS e LEFT JOIN event_changes AS c ON c.seq = e.seq",
    )
    .fetch(&mut *db);
    while let Some(row) = rows.try_next().await.doing(DOING)? {
        if row.is_sound() {
            continue;
        }
        let detail = match row.change {
            Some(_) => {
                "the list of events says something else than the newest change of this event"
            }
            None => "the change that the list of events names is not there",
        };
        report.fault(None, "event", &row.id, What::Changed, detail);
    }
    drop(rows);
    let gone: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT event_id FROM event_changes AS c
         WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.id = c.event_id) LIMIT 100",
    )
    .fetch_all(db)
    .await
    .doing(DOING)?;
    for id in gone {
        let detail = "the event is not in the list of events any more";
        report.fault(None, "event", &id, What::Missing, detail);
    }
    Ok(())
}

/// An incident as it is stored, and what must agree with it.
#[derive(sqlx::FromRow)]
struct Stored {
    #[sqlx(flatten)]
    content: IncidentContent,
    closed: bool,
    severity: String,
    /// Alarms that say that they are of it.
    alarms: i64,
    /// The newest deed that closed or reopened it.
    deed: Option<String>,
}

impl Stored {
    /// What does not agree; none if all does.
    fn contradiction(&self) -> Option<&'static str> {
        let Ok(incident) = serde_json::from_str::<Incident>(&self.content.incident) else {
            return Some("the incident cannot be read");
        };
        let closing = incident.state.is_closed().then_some(incident.state.name());
        let closed = self.deed.as_deref().filter(|deed| *deed != REOPENED);
        if self.content.state != incident.state.name()
            || (self.content.held != 0) != incident.held.is_some()
            || self.closed != incident.state.is_closed()
            || self.severity != incident.severity.name()
        {
            return Some("the list of incidents says something else than the incident");
        }
        if closing != closed {
            return Some("it is closed or open in another way than the newest deed says");
        }
        if self.alarms != i64::from(incident.events) {
            return Some("not all of its alarms, or others, say that they are of it");
        }
        None
    }
}

/// The deed that opens an incident again.
const REOPENED: &str = "reopened";

/// Incidents change in place: each must be as its newest entry says.
async fn check_incidents(
    db: &mut SqliteConnection,
    mut known: HashMap<String, Known>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query_as::<_, Stored>(
        "SELECT number, id, state, held, incident, closed, severity,
            (SELECT COUNT(*) FROM events WHERE events.incident = incidents.id) AS alarms,
            (SELECT deed FROM incident_log AS d WHERE d.incident = incidents.id
                AND d.deed IN ('resolved', 'false_alarm', 'reopened') ORDER BY d.number DESC LIMIT 1) AS deed
         FROM incidents",
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await.doing(DOING)? {
        let id = &row.content.id;
        match known.remove(id) {
            Some(entry) if entry.content == row.content.hash() => {
                if let Some(detail) = row.contradiction() {
                    report.fault(Some(entry.number), kind::INCIDENT, id, What::Changed, detail);
                }
            }
            Some(entry) => {
                let detail = "the incident is not what its newest entry says";
                report.fault(Some(entry.number), kind::INCIDENT, id, What::Changed, detail);
            }
            None => {
                let detail = "the incident is in no entry of the chain";
                report.fault(None, kind::INCIDENT, id, What::Added, detail);
            }
        }
    }
    drop(rows);
    let mut gone: Vec<(String, Known)> = known.into_iter().collect();
    gone.sort_unstable_by_key(|(_, entry)| entry.number);
    for (id, entry) in gone {
        let detail = "the incident is not there any more";
        report.fault(Some(entry.number), kind::INCIDENT, &id, What::Missing, detail);
    }
    Ok(())
}
