//! Evidence that is written elsewhere and taken over whole: clips and lists of boxes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use safe_yolo_core::EventId;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::{EvidenceError, EvidenceStore, Inner, day_of, day_path, failed, remove_quietly};

/// What is read at once, bytes.
const READ_LEN: usize = 128 << 10;

/// A file of an event beside its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The clip.
    Clip,
    /// What was found in the picture.
    Boxes,
    /// What was found in the pictures of the clip.
    ClipBoxes,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Clip, Self::Boxes, Self::ClipBoxes];

    /// The file's name.
    #[must_use]
    pub fn file_name(self, id: EventId) -> String {
        let ending = match self {
            Self::Clip => "mp4",
            Self::Boxes => "boxes.json",
            Self::ClipBoxes => "clip-boxes.json",
        };
        format!("{id}.{ending}")
    }
}

/// A file that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// Its name, without the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in lower-case hexadecimal.
    pub sha256: String,
}

impl EvidenceStore {
    /// Where to write a file that [`Self::save_file`] is to take over: on the file system of the
    /// evidence, under a name that is removed at the next start.
    ///
    /// # Errors
    /// When its folder can't be made, or the id has no day.
    pub async fn temporary(&self, id: EventId, kind: FileKind) -> Result<PathBuf, EvidenceError> {
        let folder = self.inner.root.join(day_path(day_of(id)?));
        let made = spawn_blocking(move || {
            fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
            Ok(folder.join(format!(".{}.half", kind.file_name(id))))
        });
        made.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    /// Takes over a file that was written whole, synced and renamed; what was there of this kind
    /// is replaced. It is removed when it can't be kept.
    ///
    /// # Errors
    /// [`EvidenceError::NoSpace`] when the budget is full; others when it can't be read or moved.
    pub async fn save_file(
        &self,
        id: EventId,
        kind: FileKind,
        from: PathBuf,
    ) -> Result<SavedFile, EvidenceError> {
        let inner = self.inner.clone();
        let saved = spawn_blocking(move || {
            let saved = inner.save_file(id, kind, &from);
            if saved.is_err() {
                remove_quietly(&from);
            }
            saved
        });
        saved.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    /// Keeps these bytes as a file of the event.
    ///
    /// # Errors
    /// As [`Self::save_file`], and when the disk is full.
    pub async fn save_bytes(
        &self,
        id: EventId,
        kind: FileKind,
        bytes: Vec<u8>,
    ) -> Result<SavedFile, EvidenceError> {
        let half = self.temporary(id, kind).await?;
        let (to, inner) = (half.clone(), self.inner.clone());
        let written = spawn_blocking(move || {
            let written = File::create(&to).and_then(|mut file| file.write_all(&bytes));
            written.map_err(|error| {
                remove_quietly(&to);
                inner.why(bytes.len() as u64, &to, error)
            })
        });
        written.await.map_err(|_cut_off| EvidenceError::Ending(id))??;
        self.save_file(id, kind, half).await
    }

    /// A file of an event, open for reading, and its length.
    ///
    /// # Errors
    /// [`EvidenceError::NotFound`] when there is none; others when it can't be read.
    pub async fn open_file(
        &self,
        id: EventId,
        kind: FileKind,
    ) -> Result<(File, u64), EvidenceError> {
        let path = self.inner.root.join(day_path(day_of(id)?)).join(kind.file_name(id));
        let opened = spawn_blocking(move || {
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(EvidenceError::NotFound(id));
                }
                result => result.map_err(failed("open", &path))?,
            };
            let length = file.metadata().map_err(failed("look at", &path))?.len();
            Ok((file, length))
        });
        opened.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }
}

impl Inner {
    fn save_file(
        &self,
        id: EventId,
        kind: FileKind,
        from: &Path,
    ) -> Result<SavedFile, EvidenceError> {
        let day = day_of(id)?;
        // Read before the budget is taken hold of, so that nobody waits for it.
        let (bytes, sha256) = seal(from).map_err(failed("read", from))?;
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut days, day, bytes)?;
        let folder = self.root.join(day_path(day));
        let name = kind.file_name(id);
        let replaced = fs::metadata(folder.join(&name)).map_or(0, |file| file.len());
        fs::rename(from, folder.join(&name))
            .and_then(|()| File::open(&folder)?.sync_all())
            .map_err(|error| self.why(bytes, &folder, error))?;
        let total = days.entry(day).or_default();
        *total = (*total + bytes).saturating_sub(replaced);
        Ok(SavedFile { name, bytes, sha256 })
    }

    /// What a failure to write means.
    fn why(&self, bytes: u64, path: &Path, error: io::Error) -> EvidenceError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                EvidenceError::NoSpace { path: self.root.clone(), bytes, detail: error.to_string() }
            }
            _ => failed("write", path)(error),
        }
    }
}

/// Syncs a file; its length and SHA-256.
fn seal(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; READ_LEN];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        length += read as u64;
    }
    file.sync_all()?;
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((length, hex))
}
