//! Pictures that prove events: `evidence/YYYY/MM/DD/<event id>{,.clean}.jpg`,
//! by the day (UTC) in the event's id; clips and boxes beside them.

mod files;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use safe_yolo_core::EventId;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

pub use files::{FileKind, SavedFile};

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
    /// The work was cut off by the program's end.
    #[error("the program is ending: the picture of event {0} was not handled")]
    Ending(EventId),
}

/// How much evidence is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceLimits {
    /// Bytes of all pictures. The oldest days are removed for newer pictures,
    /// but never the day of the picture being saved.
    pub bytes_max: u64,
}

impl Default for EvidenceLimits {
    fn default() -> Self {
        Self { bytes_max: 20 << 30 }
    }
}

/// A day whose pictures were removed to make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedDay {
    /// Year, month and day, as in `2026/01/31`.
    pub day: String,
    /// Bytes freed.
    pub bytes: u64,
}

/// A day in UTC; orders as time does.
type Day = (i32, u8, u8);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    limits: EvidenceLimits,
    /// Bytes by day; a day leaves with its folder, so there are no more
    /// entries than folders.
    days: Mutex<BTreeMap<Day, u64>>,
}

/// The folder of pictures. Cheap to clone.
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

fn file_name(id: EventId, clean: bool) -> String {
    if clean { format!("{id}.clean.jpg") } else { format!("{id}.jpg") }
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EvidenceError + 'a {
    move |source| EvidenceError::File { doing, path: path.to_owned(), source }
}

impl EvidenceStore {
    /// Opens the folder `evidence` in a folder, making it if missing, and
    /// counts what is there. Files that a crash left half written are removed.
    ///
    /// # Errors
    /// When the folder can't be used.
    pub async fn open(dir: &Path, limits: EvidenceLimits) -> Result<Self, EvidenceError> {
        let root = dir.join("evidence");
        let shown = root.clone();
        let opened = spawn_blocking(move || {
            fs::create_dir_all(&root).map_err(failed("make", &root))?;
            let days = Mutex::new(count(&root)?);
            Ok(Self { inner: Arc::new(Inner { root, limits, days }) })
        });
        opened.await.map_err(io::Error::other).map_err(failed("open", &shown))?
    }

    /// Bytes of all pictures.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.days.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Keeps both pictures of an event, or neither. Answers which days were
    /// removed to make room; that is logged too.
    ///
    /// # Errors
    /// [`EvidenceError::NoSpace`] when disk or budget is full; others when the
    /// folder can't be written or the id has no day.
    pub async fn save(
        &self,
        id: EventId,
        boxes_jpeg: Vec<u8>,
        clean_jpeg: Vec<u8>,
    ) -> Result<Vec<RemovedDay>, EvidenceError> {
        let inner = self.inner.clone();
        let saved = spawn_blocking(move || inner.save(id, &boxes_jpeg, &clean_jpeg)).await;
        saved.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    /// A picture of an event: with boxes, or clean.
    ///
    /// # Errors
    /// [`EvidenceError::NotFound`] when there is none; others when it can't be read.
    pub async fn load(&self, id: EventId, clean: bool) -> Result<Vec<u8>, EvidenceError> {
        let path = self.inner.root.join(day_path(day_of(id)?)).join(file_name(id, clean));
        let read = spawn_blocking(move || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(EvidenceError::NotFound(id))
            }
            result => result.map_err(failed("read", &path)),
        });
        read.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }
}

impl Inner {
    fn save(
        &self,
        id: EventId,
        boxes: &[u8],
        clean: &[u8],
    ) -> Result<Vec<RemovedDay>, EvidenceError> {
        let day = day_of(id)?;
        let bytes = (boxes.len() + clean.len()) as u64;
        // Held while writing: the budget must not be spent twice.
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = self.make_room(&mut days, day, bytes)?;
        let folder = self.root.join(day_path(day));
        // Pictures of this event that are there already are replaced.
        let length =
            |clean| fs::metadata(folder.join(file_name(id, clean))).map_or(0, |file| file.len());
        let replaced = length(false) + length(true);
        let result = fs::create_dir_all(&folder).and_then(|()| {
            let written = write_pair(&folder, id, boxes, clean);
            if written.is_err() {
                remove_quietly(&folder.join(file_name(id, false)));
                remove_quietly(&folder.join(file_name(id, true)));
            }
            written
        });
        match result {
            Ok(()) => {
                let total = days.entry(day).or_default();
                *total = (*total + bytes).saturating_sub(replaced);
                Ok(removed)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                ) =>
            {
                Err(EvidenceError::NoSpace {
                    path: self.root.clone(),
                    bytes,
                    detail: error.to_string(),
                })
            }
            Err(error) => Err(failed("write", &folder)(error)),
        }
    }

    /// Removes the oldest days until `bytes` more fit.
    fn make_room(
        &self,
        days: &mut BTreeMap<Day, u64>,
        today: Day,
        bytes: u64,
    ) -> Result<Vec<RemovedDay>, EvidenceError> {
        let max = self.limits.bytes_max;
        let mut used: u64 = days.values().sum();
        // Nothing is removed in vain.
        let kept = days.range(today..).map(|(_, bytes)| bytes).sum::<u64>();
        if kept + bytes > max {
            let detail = format!("the budget is {max} bytes, {kept} are of this day or newer");
            return Err(EvidenceError::NoSpace { path: self.root.clone(), bytes, detail });
        }
        let mut removed = Vec::new();
        while used + bytes > max {
            let Some((&day, &freed)) = days.first_key_value() else {
                break;
            };
            let folder = self.root.join(day_path(day));
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("remove", &folder)(error));
                }
                _ => {}
            }
            tracing::warn!(
                day = day_path(day),
                bytes = freed,
                budget = max,
                "evidence of the oldest day was removed for room"
            );
            days.remove(&day);
            used -= freed;
            removed.push(RemovedDay { day: day_path(day), bytes: freed });
        }
        Ok(removed)
    }
}

fn write_pair(folder: &Path, id: EventId, boxes: &[u8], clean: &[u8]) -> io::Result<()> {
    write_file(folder, &file_name(id, true), clean)?;
    write_file(folder, &file_name(id, false), boxes)?;
    File::open(folder)?.sync_all()
}

/// Whole or not at all: written beside, synced, renamed.
fn write_file(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let half = folder.join(format!(".{name}.half"));
    let written = File::create(&half).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&half, folder.join(name))
    });
    if written.is_err() {
        remove_quietly(&half);
    }
    written
}

/// Cleans up after a failure that is reported already.
fn remove_quietly(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a half written picture could not be removed");
    }
}

/// Folders named by numbers, with their numbers.
fn numbered(folder: &Path) -> Result<Vec<(i32, PathBuf)>, EvidenceError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        let number =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|_| path.is_dir()) {
            found.push((number, path));
        }
    }
    Ok(found)
}

/// Bytes by day; removes what was half written.
fn count(root: &Path) -> Result<BTreeMap<Day, u64>, EvidenceError> {
    let mut days = BTreeMap::new();
    for (year, folder) in numbered(root)? {
        for (month, folder) in numbered(&folder)? {
            for (day, folder) in numbered(&folder)? {
                let mut bytes = 0;
                for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
                    let path = entry.map_err(failed("read", &folder))?.path();
                    if path.extension().is_some_and(|extension| extension == "half") {
                        remove_quietly(&path);
                    } else {
                        bytes += path.metadata().map_err(failed("read", &path))?.len();
                    }
                }
                let small = |number| u8::try_from(number).unwrap_or_default();
                days.insert((year, small(month), small(day)), bytes);
            }
        }
    }
    Ok(days)
}
