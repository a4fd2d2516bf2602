//! What a crash left between writing a file and noting it, and between noting a removal and removing.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{EventChange, EventId};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    EvidenceError, EvidenceStore, FileKind, SavedFile, event_of, failed, name_of, picture_suffix,
};
use crate::chain::{self, kind};
use crate::error::Doing;
use crate::{EventRecord, Store, StoreError};

const DOING: &str = "looking after evidence files";
/// Events that are looked at before the start goes on.
const PENDING_MAX: i64 = 10_000;

/// Files that were there at the start and of which something may have to be mended.
#[derive(Debug, Default)]
pub struct LeftFiles(BTreeMap<EventId, Vec<String>>);

/// What was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Files whole but not noted: they are now, as adopted.
    pub adopted: u64,
    /// Files noted as removed that were still there: they are gone now.
    pub removed: u64,
    /// Files that belong to no event which waits for them: left alone.
    pub strays: u64,
    /// Events whose pictures turned out to be there.
    pub settled: u64,
}

impl Recovered {
    fn add(&mut self, other: Self) {
        self.adopted += other.adopted;
        self.removed += other.removed;
        self.strays += other.strays;
        self.settled += other.settled;
    }
}

impl Store {
    /// Events that wait for files, among the newest: files are written soon after their event.
    async fn pending_events(&self) -> Result<Vec<EventRecord>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM (SELECT id, event, raised_seq FROM events ORDER BY raised_seq DESC LIMIT ?)
             WHERE event LIKE '%\":\"pending\"%' ORDER BY raised_seq",
        )
        .bind(PENDING_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        let mut pending = Vec::with_capacity(ids.len());
        for id in ids {
            let parsed = id
                .parse()
                .map_err(|error| StoreError::unreadable("event", &id, format!("{error}")))?;
            pending.extend(self.event(parsed).await?);
        }
        Ok(pending)
    }

    async fn newest_of_file(&self, name: &str) -> Result<Option<chain::ChainEntry>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        chain::newest_of_file(&mut reader, name).await
    }
}

impl EvidenceStore {
    /// Mends what concerns events that wait for files: to be called before those are given up.
    /// Answers the files of the other events, for [`EvidenceStore::recover_rest`].
    ///
    /// # Errors
    /// When files or the database can't be read or written.
    pub async fn recover(&self) -> Result<(Recovered, LeftFiles), EvidenceError> {
        let root = self.inner.root.clone();
        let listed = spawn_blocking(move || chain::verify::files::names(&root)).await;
        let names = listed
            .map_err(io::Error::other)
            .and_then(|names| names)
            .map_err(failed("read", &self.inner.root))?;
        let (mut left, mut recovered) =
            (BTreeMap::<EventId, Vec<String>>::new(), Recovered::default());
        for name in names {
            match event_of(&name) {
                Some(id) => left.entry(id).or_default().push(name),
                None => recovered.strays += 1,
            }
        }
        let pending = self.inner.store.pending_events().await.map_err(EvidenceError::Noting)?;
        for record in pending {
            if let Some(names) = left.remove(&record.event.id) {
                recovered.add(self.recover_event(Some(record), names).await?);
            }
        }
        Ok((recovered, LeftFiles(left)))
    }

    /// Mends the rest; may take long where an older version has left much that is not noted.
    ///
    /// # Errors
    /// As [`EvidenceStore::recover`].
    pub async fn recover_rest(&self, left: LeftFiles) -> Result<Recovered, EvidenceError> {
        let mut recovered = Recovered::default();
        for (id, names) in left.0 {
            let record = self.inner.store.event(id).await.map_err(EvidenceError::Noting)?;
            recovered.add(self.recover_event(record, names).await?);
        }
        Ok(recovered)
    }

    async fn recover_event(
        &self,
        record: Option<EventRecord>,
        names: Vec<String>,
    ) -> Result<Recovered, EvidenceError> {
        // Nothing is removed meanwhile.
        let _turn = self.inner.turn.lock().await;
        let mut recovered = Recovered::default();
        let (mut unknown, mut there) = (Vec::new(), HashSet::new());
        for name in names {
            let newest =
                self.inner.store.newest_of_file(&name).await.map_err(EvidenceError::Noting)?;
            match newest {
                Some(entry) if entry.kind == kind::REMOVED => {
                    let inner = self.inner.clone();
                    let gone = spawn_blocking(move || {
                        let path = inner.root.join(&name);
                        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
                        match fs::remove_file(&path) {
                            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                                return Err(failed("remove", &path)(error));
                            }
                            _ => {}
                        }
                        match event_of(&name) {
                            Some(id) => inner.freed(id, bytes),
                            None => Ok(()),
                        }
                    });
                    gone.await
                        .map_err(io::Error::other)
                        .map_err(failed("remove", &self.inner.root))??;
                    recovered.removed += 1;
                }
                Some(_) => drop(there.insert(name)),
                None => unknown.push(name),
            }
        }
        let Some(record) =
            record.filter(|record| waits(record.event.snapshot) || waits(record.event.clip))
        else {
            recovered.strays += unknown.len() as u64;
            return Ok(recovered);
        };
        let unknown_total = unknown.len();
        let ours = files_of(&record)?;
        unknown.retain(|name| ours.contains(name));
        recovered.strays += (unknown_total - unknown.len()) as u64;
        if !unknown.is_empty() {
            let count = unknown.len();
            let files = self.hash_all(unknown).await?;
            recovered.strays += (count - files.len()) as u64;
            let store = &self.inner.store;
            store.chain_files(kind::ADOPTED, &files).await.map_err(EvidenceError::Noting)?;
            recovered.adopted += files.len() as u64;
            there.extend(files.into_iter().map(|file| file.name));
        }
        let has = |clean| {
            there.iter().any(|name| {
                name.ends_with(&format!("{}.{}", record.event.id, picture_suffix(clean)))
            })
        };
        let pending = |state| state == SnapshotState::Pending;
        let pictures = pending(record.event.snapshot) && has(false) && has(true);
        let clip = pending(record.event.clip)
            && there.iter().any(|name| name.ends_with(&format!("{}.mp4", record.event.id)));
        if pictures || clip {
            let mut event = record.event.clone();
            if pictures {
                event.snapshot = SnapshotState::Stored;
            }
            if clip {
                event.clip = SnapshotState::Stored;
            }
            let change = EventChange { kind: ChangeKind::Updated, event };
            self.inner
                .store
                .record(Uuid::now_v7(), &change)
                .await
                .map_err(EvidenceError::Noting)?;
            recovered.settled += 1;
        }
        Ok(recovered)
    }

    /// Those that can be read: one that can't must not keep the others from being looked after.
    async fn hash_all(&self, names: Vec<String>) -> Result<Vec<SavedFile>, EvidenceError> {
        let root = self.inner.root.clone();
        let hashing = spawn_blocking(move || {
            let hash = |name: String| match chain::verify::hash_file(&root.join(&name)) {
                Ok((sha256, bytes)) => Some(SavedFile { name, bytes, sha256 }),
                Err(error) => {
                    tracing::warn!(name, %error, "a file that is not noted can't be read and is left alone");
                    None
                }
            };
            names.into_iter().filter_map(hash).collect()
        });
        hashing.await.map_err(io::Error::other).map_err(failed("read", &self.inner.root))
    }
}

/// The files that an event has or waits for, by name; others with its id in their names are not its own.
fn files_of(record: &EventRecord) -> Result<HashSet<String>, EvidenceError> {
    let mut suffixes = Vec::new();
    if waits(record.event.snapshot) {
        suffixes.extend([picture_suffix(false), picture_suffix(true), FileKind::Boxes.suffix()]);
    }
    if waits(record.event.clip) {
        suffixes.extend([FileKind::Clip.suffix(), FileKind::ClipBoxes.suffix()]);
    }
    suffixes.into_iter().map(|suffix| name_of(record.event.id, suffix)).collect()
}

/// Whether an event has or waits for files: others' files are not taken for its own.
const fn waits(state: SnapshotState) -> bool {
    matches!(state, SnapshotState::Pending | SnapshotState::Stored)
}
