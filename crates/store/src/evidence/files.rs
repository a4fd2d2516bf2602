//! Files that are made elsewhere and taken in whole: clips, and what was found in pictures.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use safe_yolo_core::EventId;
use tokio::task::spawn_blocking;

use super::write::remove_quietly;
use super::{EvidenceError, EvidenceStore, Inner, SavedFile, day_of, day_path, failed, name_of};
use crate::chain;

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

    /// What follows the event's id in the name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Clip => "mp4",
            Self::Boxes => "boxes.json",
            Self::ClipBoxes => "clip-boxes.json",
        }
    }
}

impl EvidenceStore {
    /// Where to write a file that [`Self::save_file`] is to take in: on the disk of the evidence,
    /// under a name that is removed at the next start.
    ///
    /// # Errors
    /// When its folder can't be made, or the id has no day.
    pub async fn temporary(&self, id: EventId, kind: FileKind) -> Result<PathBuf, EvidenceError> {
        let folder = self.inner.root.join(day_path(day_of(id)?));
        let made = spawn_blocking(move || {
            fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
            Ok(folder.join(format!(".{id}.{}.half", kind.suffix())))
        });
        made.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    /// Takes a finished file into the folder of evidence, synced and renamed, and notes it in the
    /// chain; one of this kind that is there is replaced. It is removed when it can't be kept.
    ///
    /// # Errors
    /// [`EvidenceError::NoSpace`] when the budget is full, [`EvidenceError::DiskLow`] when the disk
    /// nearly is; others when the file can't be read or moved.
    pub async fn save_file(
        &self,
        id: EventId,
        kind: FileKind,
        from: PathBuf,
    ) -> Result<SavedFile, EvidenceError> {
        let saved = self.take_in(id, kind, &from).await;
        if saved.is_err() {
            let removing = spawn_blocking(move || remove_quietly(&from));
            removing.await.map_err(|_cut_off| EvidenceError::Ending(id))?;
        }
        saved
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
                inner.refused(&to, bytes.len() as u64, error)
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
        let path = self.path(id, kind.suffix())?;
        let opened = spawn_blocking(move || {
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(EvidenceError::NotFound(id));
                }
                opened => opened.map_err(failed("open", &path))?,
            };
            let length = file.metadata().map_err(failed("look at", &path))?.len();
            Ok((file, length))
        });
        opened.await.map_err(|_cut_off| EvidenceError::Ending(id))?
    }

    async fn take_in(
        &self,
        id: EventId,
        kind: FileKind,
        from: &Path,
    ) -> Result<SavedFile, EvidenceError> {
        let name = name_of(id, kind.suffix())?;
        // Read before the turn is taken, so that nobody waits for it.
        let read = from.to_owned();
        let sealed = spawn_blocking(move || {
            File::open(&read).and_then(|file| file.sync_all()).map_err(failed("sync", &read))?;
            chain::verify::hash_file(&read).map_err(failed("read", &read))
        });
        let (sha256, bytes) = sealed.await.map_err(|_cut_off| EvidenceError::Ending(id))??;
        let _turn = self.inner.turn.lock().await;
        self.check_disk(kind == FileKind::Clip).await?;
        self.make_room(id, bytes).await?;
        let (inner, from, target) = (self.inner.clone(), from.to_owned(), name.clone());
        let moved = spawn_blocking(move || inner.take_file(id, &from, &target, bytes)).await;
        moved.map_err(|_cut_off| EvidenceError::Ending(id))??;
        let saved = SavedFile { name, bytes, sha256 };
        self.note(std::slice::from_ref(&saved)).await;
        Ok(saved)
    }
}

impl Inner {
    fn take_file(
        &self,
        id: EventId,
        from: &Path,
        name: &str,
        bytes: u64,
    ) -> Result<(), EvidenceError> {
        let day = day_of(id)?;
        let folder = self.root.join(day_path(day));
        let to = self.root.join(name);
        let replaced = fs::metadata(&to).map_or(0, |file| file.len());
        let moved = fs::create_dir_all(&folder).and_then(|()| fs::rename(from, &to));
        let synced = moved.and_then(|()| {
            File::open(&folder).and_then(|folder| folder.sync_all()).inspect_err(|_why| {
                // Nobody would note or count it.
                remove_quietly(&to);
            })
        });
        synced.map_err(|error| self.refused(&folder, bytes, error))?;
        self.reach("file renamed");
        self.grow(day, bytes, replaced);
        Ok(())
    }
}
