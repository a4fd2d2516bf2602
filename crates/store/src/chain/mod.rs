//! The hash chain: what was written when, in an order that nobody can alter unseen.
//!
//! Each entry names a thing (a change of an event, a line of the audit, an evidence file) and the
//! hash of its content, and is bound to the entry before. It is written in the transaction of what
//! it describes. [`verify`] walks it. Who can write the whole file can still cut off its end or
//! make all of it anew: against that helps the head of the chain in signed exports.

mod case;
mod encoding;
mod read;
pub mod verify;

use futures_util::TryStreamExt;
use safe_yolo_core::Utc;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

pub use case::CaseChain;
pub use encoding::{Hash, entry_hash};
pub use read::{ChainEntry, Head};

pub(crate) use encoding::{AuditContent, ChangeContent, DeedContent, Fields, IncidentContent};
pub(crate) use read::newest_of_file;

use crate::error::Doing;
use crate::store::now;
use crate::{Store, StoreError};

const DOING: &str = "adding to the chain";
/// Entries written with one statement.
const ROWS_MAX: usize = 500;

/// The kinds of entries.
pub mod kind {
    /// The first entry: all that is older than the chain.
    pub const GENESIS: &str = "genesis";
    /// A row of `event_changes`; the target is its number.
    pub const CHANGE: &str = "change";
    /// A row of `audit`; the target is its number.
    pub const AUDIT: &str = "audit";
    /// An evidence file; the target is its name under `evidence/`.
    pub const FILE: &str = "file";
    /// An evidence file that was found at a start, written by a run that was cut off.
    pub const ADOPTED: &str = "adopted";
    /// An evidence file was removed; the target is its name, a space and why.
    pub const REMOVED: &str = "removed";
    /// A row of `incident_log`, what was done about an incident; the target is its number.
    pub const DEED: &str = "deed";
    /// An incident after a change; the target is its id. Only the newest of an incident can be
    /// compared with what is stored.
    pub const INCIDENT: &str = "incident";
}

/// What is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Utc,
    pub(crate) kind: &'a str,
    pub(crate) target: &'a str,
    pub(crate) content: Hash,
}

/// Adds entries, in the caller's transaction.
pub(crate) async fn append(
    db: &mut SqliteConnection,
    entries: &[Entry<'_>],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let Head { mut number, mut hash } = read::head(db).await?;
    for some in entries.chunks(ROWS_MAX) {
        let mut rows = Vec::with_capacity(some.len());
        for entry in some {
            number += 1;
            hash = entry_hash(hash, number, entry.at, entry.kind, entry.target, entry.content);
            rows.push((number, entry, hash));
        }
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO chain (number, at, kind, target, content, hash) ");
        query.push_values(rows, |mut row, (number, entry, hash)| {
            row.push_bind(number)
                .push_bind(entry.at.micros())
                .push_bind(entry.kind)
                .push_bind(entry.target)
                .push_bind(entry.content.0.to_vec())
                .push_bind(hash.0.to_vec());
        });
        query.build().execute(&mut *db).await.doing(DOING)?;
    }
    Ok(())
}

/// Adds what was written to `event_changes`, `audit`, `incident_log` and `incidents` and is not in
/// the chain yet. To be called before every commit that writes there; what somebody forgot comes
/// with the next.
pub(crate) async fn sweep(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let (changes, audit, deeds): (i64, i64, i64) =
        sqlx::query_as("SELECT changes, audit, deeds FROM chain_reach WHERE number = 1")
            .fetch_one(&mut *db)
            .await
            .doing(DOING)?;
    let changed: Vec<ChangeContent> = sqlx::query_as(
        "SELECT seq, change_id, event_id, kind, at, event, acknowledged FROM event_changes WHERE seq > ? ORDER BY seq",
    )
    .bind(changes)
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let noted: Vec<AuditContent> = sqlx::query_as(
        "SELECT number, at, who, action, target, detail FROM audit WHERE number > ? ORDER BY number",
    )
    .bind(audit)
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let done: Vec<DeedContent> = sqlx::query_as(
        "SELECT number, incident, at, who, deed, note FROM incident_log WHERE number > ? ORDER BY number",
    )
    .bind(deeds)
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let incidents: Vec<IncidentContent> = sqlx::query_as(
        "SELECT number, id, state, held, incident FROM incidents
         WHERE number IN (SELECT number FROM incidents_to_chain) ORDER BY number",
    )
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let at = now().micros();
    let numbered = changed
        .iter()
        .map(|row| (row.at, kind::CHANGE, row.seq, row.hash()))
        .chain(noted.iter().map(|row| (row.at, kind::AUDIT, row.number, row.hash())))
        .chain(done.iter().map(|row| (row.at, kind::DEED, row.number, row.hash())));
    let rows: Vec<_> = numbered
        .map(|(at, kind, number, content)| (at, kind, number.to_string(), content))
        .chain(incidents.iter().map(|row| (at, kind::INCIDENT, row.id.clone(), row.hash())))
        .collect();
    let entries: Vec<Entry<'_>> = rows
        .iter()
        .map(|(at, kind, target, content)| Entry { at: Utc(*at), kind, target, content: *content })
        .collect();
    append(db, &entries).await?;
    if !incidents.is_empty() {
        sqlx::query("DELETE FROM incidents_to_chain").execute(&mut *db).await.doing(DOING)?;
    }
    if changed.len() + noted.len() + done.len() > 0 {
        sqlx::query("UPDATE chain_reach SET changes = ?, audit = ?, deeds = ? WHERE number = 1")
            .bind(changed.last().map_or(changes, |row| row.seq))
            .bind(noted.last().map_or(audit, |row| row.number))
            .bind(done.last().map_or(deeds, |row| row.number))
            .execute(db)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

/// The hash of all changes and audit entries up to these numbers.
pub(crate) async fn hash_of_old(
    db: &mut SqliteConnection,
    changes: i64,
    audit: i64,
) -> Result<Hash, StoreError> {
    let mut fields = Fields::default();
    let mut rows = sqlx::query_as::<_, ChangeContent>(
        "SELECT seq, change_id, event_id, kind, at, event, acknowledged FROM event_changes WHERE seq <= ? ORDER BY seq",
    )
    .bind(changes)
    .fetch(&mut *db);
    while let Some(row) = rows.try_next().await.doing(DOING)? {
        fields = fields.hash(row.hash());
    }
    drop(rows);
    let mut rows = sqlx::query_as::<_, AuditContent>(
        "SELECT number, at, who, action, target, detail FROM audit WHERE number <= ? ORDER BY number",
    )
    .bind(audit)
    .fetch(&mut *db);
    while let Some(row) = rows.try_next().await.doing(DOING)? {
        fields = fields.hash(row.hash());
    }
    drop(rows);
    Ok(fields.finish())
}

/// What the first entry covers, as its target says it.
pub(crate) fn genesis_target(changes: i64, audit: i64) -> String {
    format!("changes {changes} audit {audit}")
}

/// The numbers in such a target.
pub(crate) fn genesis_reach(target: &str) -> Option<(i64, i64)> {
    let (changes, audit) = target.strip_prefix("changes ")?.split_once(" audit ")?;
    Some((changes.parse().ok()?, audit.parse().ok()?))
}

impl Store {
    /// Begins the chain where there is none, and takes in what a run of an older version may have
    /// written since.
    pub(crate) async fn begin_chain(&self) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        if read::head(&mut tx).await?.number == 0 {
            let (changes, audit): (i64, i64) = sqlx::query_as(
                "SELECT (SELECT COALESCE(MAX(seq), 0) FROM event_changes), (SELECT COALESCE(MAX(number), 0) FROM audit)",
            )
            .fetch_one(&mut *tx)
            .await
            .doing(DOING)?;
            let content = hash_of_old(&mut tx, changes, audit).await?;
            let target = genesis_target(changes, audit);
            let entry = Entry { at: now(), kind: kind::GENESIS, target: &target, content };
            append(&mut tx, &[entry]).await?;
            sqlx::query(
                "INSERT OR REPLACE INTO chain_reach (number, changes, audit, deeds) VALUES (1, ?, ?, 0)",
            )
            .bind(changes)
            .bind(audit)
            .execute(&mut *tx)
            .await
            .doing(DOING)?;
        }
        sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)
    }
}
