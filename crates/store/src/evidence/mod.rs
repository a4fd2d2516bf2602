//! Files that prove events: `evidence/YYYY/MM/DD/<event id>{,.clean}.jpg` and others whose names
//! begin with the event's id, by the day (UTC) in it.
//!
//! A file is written beside, synced and renamed, and then its hash goes into the chain. What a
//! crash leaves between these steps, [`recover`] mends at the next start.

pub mod disk;
mod files;
mod hold;
mod recover;
mod retention;
mod write;

#[cfg(test)]
mod crash_tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safe_yolo_core::EventId;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

pub use disk::{DiskLevel, DiskSpace, Space};
pub use files::FileKind;
pub use recover::{LeftFiles, Recovered};
pub use retention::Removal;
pub use write::SavedFile;

use crate::{Store, StoreError};

/// Why evidence could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Disk or budget is full.
    #[error(
        "there is no room for {bytes} bytes of evidence in '{path}' ({detail}): free space or raise the budget"
    )]
    NoSpace {
        /// The folder.
        path: PathBuf,
        /// What was to be written.
        bytes: u64,
        /// Which limit was met.
        detail: String,
    },
    /// A file can't be used.
    #[error("cannot {doing} '{path}': check that it is writable")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no such picture: never stored, or removed for room.
    #[error("there is no picture of event {0}")]
    NotFound(EventId),
    /// The id does not say when the event was.
    #[error("event id {0} is not a UUID of version 7: its day is unknown")]
    NoDay(EventId),
    /// The disk is nearly full: what is left is for events.
    #[error(
        "no evidence is written to '{path}': {free} bytes are free on its disk and {needed} must be; free space or move the data folder"
    )]
    DiskLow {
        /// The folder.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes below which nothing is written.
        needed: u64,
    },
    /// What is removed must be noted first.
    #[error("evidence was not removed for room, as that could not be noted")]
    Noting(#[source] StoreError),
    /// The work was cut off by the program's end.
    #[error("the program is ending: the picture of event {0} was not handled")]
    Ending(EventId),
}

/// How much evidence is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceLimits {
    /// Bytes of all files. The evidence of the oldest events is removed for newer, but never that
    /// of events that are held.
    pub bytes_max: u64,
    /// How long it is kept, unless its event is held; for ever unless given.
    pub age_max: Option<Duration>,
}

impl EvidenceLimits {
    /// Days for which evidence is kept unless stated.
    pub const DAYS: u32 = 30;
}

impl Default for EvidenceLimits {
    fn default() -> Self {
        let age_max = Some(Duration::from_secs(u64::from(Self::DAYS) * 86_400));
        Self { bytes_max: 20 << 30, age_max }
    }
}

/// A day in UTC; orders as time does.
type Day = (i32, u8, u8);

/// Files whose hashes could not be noted; more are adopted at the next start.
const UNCHAINED_MAX: usize = 1024;

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    limits: EvidenceLimits,
    store: Store,
    space: DiskSpace,
    /// Bytes by day; a day leaves with its folder, so there are no more
    /// entries than folders.
    days: Mutex<BTreeMap<Day, u64>>,
    /// Held while writing and removing: the budget must not be spent twice.
    turn: tokio::sync::Mutex<()>,
    /// Written while the database failed; bounded by [`UNCHAINED_MAX`].
    unchained: Mutex<VecDeque<SavedFile>>,
    /// Names of files that could not be deleted, tried again with each removal by age: no room is sought in them.
    stuck: Mutex<BTreeSet<String>>,
    #[cfg(test)]
    crash_at: Option<&'static str>,
}

/// The folder of evidence. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    inner: Arc<Inner>,
}

fn day_of(id: EventId) -> Result<Day, EvidenceError> {
    if id.0.get_version_num() != 7 {
        return Err(EvidenceError::NoDay(id));
    }
    let seconds = id.0.get_timestamp().map(|timestamp| timestamp.to_unix().0);
    let at = seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok());
    let date = at.ok_or(EvidenceError::NoDay(id))?.date();
    Ok((date.year(), u8::from(date.month()), date.day()))
}

fn day_path((year, month, day): Day) -> String {
    format!("{year:04}/{month:02}/{day:02}")
}

/// The event that a file belongs to.
fn event_of(name: &str) -> Option<EventId> {
    let file = name.rsplit('/').next()?;
    file.split_once('.')?.0.parse().ok()
}

/// What follows the event's id in the name of a picture.
const fn picture_suffix(clean: bool) -> &'static str {
    if clean { "clean.jpg" } else { "jpg" }
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EvidenceError + 'a {
    move |source| EvidenceError::File { doing, path: path.to_owned(), source }
}

impl EvidenceStore {
    /// The folder's name in the data folder.
    pub const FOLDER: &str = "evidence";

    /// Opens the folder `evidence` in a folder, making it if missing, and
    /// counts what is there. Files that a crash left half written are removed.
    ///
    /// # Errors
    /// When the folder can't be used.
    pub async fn open(
        dir: &Path,
        limits: EvidenceLimits,
        store: Store,
    ) -> Result<Self, EvidenceError> {
        Self::open_with(dir, limits, store, DiskSpace::default()).await
    }

    /// As [`EvidenceStore::open`], asking somebody else for the free space of the disk.
    ///
    /// # Errors
    /// As [`EvidenceStore::open`].
    pub async fn open_with(
        dir: &Path,
        limits: EvidenceLimits,
        store: Store,
        space: DiskSpace,
    ) -> Result<Self, EvidenceError> {
        let root = dir.join(Self::FOLDER);
        let shown = root.clone();
        let opened = spawn_blocking(move || {
            fs::create_dir_all(&root).map_err(failed("make", &root))?;
            let days = Mutex::new(write::count(&root)?);
            Ok(Self {
                inner: Arc::new(Inner {
                    root,
                    limits,
                    store,
                    space,
                    days,
                    turn: tokio::sync::Mutex::new(()),
                    unchained: Mutex::default(),
                    stuck: Mutex::default(),
                    #[cfg(test)]
                    crash_at: crash_tests::step(),
                }),
            })
        });
        opened.await.map_err(io::Error::other).map_err(failed("open", &shown))?
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.days.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// A picture of an event: with boxes, or clean.
    ///
    /// # Errors
    /// [`EvidenceError::NotFound`] when there is none; others when it can't be read.
    pub async fn load(&self, id: EventId, clean: bool) -> Result<Vec<u8>, EvidenceError> {
        let path = self.path(id, picture_suffix(clean))?;
        let read = spawn_blocking(move || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(EvidenceError::NotFound(id))
            }
            result => result.map_err(failed("read", &path)),
        });
        read.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    /// Where a file of an event lies, whether it is there or not; `suffix` follows the event's id
    /// and a dot.
    ///
    /// # Errors
    /// When the id has no day.
    pub fn path(&self, id: EventId, suffix: &str) -> Result<PathBuf, EvidenceError> {
        Ok(self.inner.root.join(name_of(id, suffix)?))
    }

    /// The files of an event that are there: their names in the folder, and their paths.
    ///
    /// # Errors
    /// When the folder can't be read or the id has no day.
    pub async fn files_of(&self, id: EventId) -> Result<Vec<(String, PathBuf)>, EvidenceError> {
        let (day, root) = (day_path(day_of(id)?), self.inner.root.clone());
        let listing = spawn_blocking(move || {
            let folder = root.join(&day);
            let mut files = Vec::new();
            for entry in write::entries(&folder)? {
                let name = format!("{day}/{}", entry.file_name().to_string_lossy());
                if event_of(&name) == Some(id) && !name.ends_with(".half") {
                    files.push((name, entry.path()));
                }
            }
            files.sort_unstable();
            Ok(files)
        });
        listing.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }
}

/// The name of a file in the folder of evidence.
fn name_of(id: EventId, suffix: &str) -> Result<String, EvidenceError> {
    Ok(format!("{}/{id}.{suffix}", day_path(day_of(id)?)))
}

/// The folder of an event's files in the folder of evidence.
pub(crate) fn folder_of(id: EventId) -> Result<String, EvidenceError> {
    Ok(day_path(day_of(id)?))
}
