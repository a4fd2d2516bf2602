//! Proving that nothing was altered: the chain, the rows and the files against each other.
//!
//! Reads only, with a connection of its own, so that it works beside a running server and on a copy
//! of a data folder.

pub(crate) mod files;
mod rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use safe_yolo_core::EventId;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::{Head, kind, read};
use crate::error::Doing;
use crate::{Store, StoreError};
pub(crate) use files::hash_file;

/// Faults that are named; more are counted.
const NAMED_MAX: usize = 100;
const DOING: &str = "reading what is to be verified";

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is not what it was.
    Changed,
    /// It is not there, and nothing says that it was removed.
    Missing,
    /// It is there under another name.
    Renamed,
    /// It is there and should not be.
    Added,
}

impl What {
    /// The name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Renamed => "renamed",
            Self::Added => "added",
        }
    }
}

/// A link that is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Of which entry; none for what has no entry.
    pub number: Option<i64>,
    /// The kind of entry, or `chain` for the chain itself, `event` for the list of events.
    pub kind: String,
    /// Of what: a row's number, a file's name.
    pub target: String,
    /// What is wrong with it.
    pub what: What,
    /// The same in words.
    pub detail: String,
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether everything is as it was written.
    pub ok: bool,
    /// Entries by kind.
    pub entries: BTreeMap<String, u64>,
    /// Files that are there and were read.
    pub files: u64,
    /// Bytes read of them.
    pub bytes: u64,
    /// Files that are in the chain but were not asked for.
    pub files_not_asked: u64,
    /// Where the chain ends. Compare it with one that was noted elsewhere, as in an exported case.
    pub head: Head,
    /// What is wrong, the first 100.
    pub faults: Vec<Fault>,
    /// How much is wrong.
    pub faults_total: u64,
    /// Files that nothing is known of, the first 100: no proof, and no fault.
    pub strays: Vec<String>,
    /// How many of them.
    pub strays_total: u64,
    /// Kinds of entries of which only the chain was checked and not what they describe.
    pub unchecked: Vec<String>,
}

impl Report {
    fn new() -> Self {
        Self {
            ok: false,
            entries: BTreeMap::new(),
            files: 0,
            bytes: 0,
            files_not_asked: 0,
            head: Head { number: 0, hash: super::Hash::ZERO },
            faults: Vec::new(),
            faults_total: 0,
            strays: Vec::new(),
            strays_total: 0,
            unchecked: Vec::new(),
        }
    }

    fn fault(
        &mut self,
        number: Option<i64>,
        kind: &str,
        target: &str,
        what: What,
        detail: impl Into<String>,
    ) {
        self.faults_total += 1;
        if self.faults.len() < NAMED_MAX {
            self.faults.push(Fault {
                number,
                kind: kind.to_owned(),
                target: target.to_owned(),
                what,
                detail: detail.into(),
            });
        }
    }
}

/// A file as the chain has it.
#[derive(Debug, Clone, Copy)]
struct Known {
    number: i64,
    content: super::Hash,
}

/// Verifies a data folder: the whole chain and all rows, and the files of these events or all.
///
/// # Errors
/// When the database can't be read, or has no chain yet. What is wrong inside is no error: it is in
/// the report.
pub async fn verify(data_dir: &Path, events: Option<&[EventId]>) -> Result<Report, StoreError> {
    let path = data_dir.join(Store::FILE);
    let mut db = connect(&path).await?;
    let mut report = Report::new();
    // One view of everything, whatever is written meanwhile.
    let mut tx = db.begin().await.doing(DOING)?;
    let known = rows::check(&mut tx, &path, &mut report).await?;
    tx.rollback().await.doing(DOING)?;
    let root = data_dir.join("evidence");
    let outcome = files::check(root, known, events.map(<[_]>::to_vec), report).await;
    let (mut report, missing) =
        outcome.map_err(|source| StoreError::Folder { path: data_dir.join("evidence"), source })?;
    for fault in missing {
        // Retention may have removed it while we read.
        let newest = read::newest_of_file(&mut db, &fault.target).await?;
        if newest.is_none_or(|entry| entry.kind != kind::REMOVED) {
            report.fault(fault.number, &fault.kind, &fault.target, fault.what, fault.detail);
        }
    }
    db.close().await.doing(DOING)?;
    report.ok = report.faults_total == 0;
    Ok(report)
}

/// The events of an incident, to verify its files only.
///
/// # Errors
/// When there is no such incident, or the database can't be read.
pub async fn events_of_incident(
    data_dir: &Path,
    incident: EventId,
) -> Result<Vec<EventId>, StoreError> {
    let mut db = connect(&data_dir.join(Store::FILE)).await?;
    let key = incident.to_string();
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM incidents WHERE id = ?")
        .bind(&key)
        .fetch_one(&mut db)
        .await
        .doing(DOING)?;
    if known == 0 {
        return Err(StoreError::not_found("incident", key));
    }
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM events WHERE incident = ?")
        .bind(&key)
        .fetch_all(&mut db)
        .await
        .doing(DOING)?;
    db.close().await.doing(DOING)?;
    let parse = |id: &String| {
        id.parse().map_err(|error| StoreError::unreadable("event", id, format!("{error}")))
    };
    ids.iter().map(parse).collect()
}

/// Whether the chain of a data folder has this entry: one that was noted elsewhere, as the head in
/// an exported case is. A chain that was cut off or made anew has not.
///
/// # Errors
/// When the database can't be read.
pub async fn has_entry(data_dir: &Path, noted: Head) -> Result<bool, StoreError> {
    let mut db = connect(&data_dir.join(Store::FILE)).await?;
    let hash: Option<Vec<u8>> = sqlx::query_scalar("SELECT hash FROM chain WHERE number = ?")
        .bind(noted.number)
        .fetch_optional(&mut db)
        .await
        .doing(DOING)?;
    db.close().await.doing(DOING)?;
    Ok(hash.is_some_and(|hash| hash == noted.hash.0))
}

async fn connect(path: &PathBuf) -> Result<SqliteConnection, StoreError> {
    let folder = |source| StoreError::Folder { path: path.clone(), source };
    tokio::fs::metadata(path).await.map_err(folder)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(10));
    match options.clone().connect().await {
        Ok(db) => Ok(db),
        // On a disk that can't be written the log beside the database can't be made: without one
        // there is nothing to miss.
        Err(_) if !path.with_extension("db-wal").exists() => {
            options.immutable(true).connect().await.doing(DOING)
        }
        Err(error) => Err(error).doing(DOING),
    }
}
