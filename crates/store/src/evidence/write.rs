//! Writing files: beside, synced, renamed, then into the chain.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use safe_yolo_core::EventId;
use tokio::task::spawn_blocking;

use super::{
    Day, EvidenceError, EvidenceStore, Inner, UNCHAINED_MAX, day_of, day_path, failed, name_of,
    picture_suffix,
};
use crate::chain::{self, Hash, kind};
use crate::error::Doing;
use crate::store::now;
use crate::{Store, StoreError};

const DOING: &str = "noting evidence files";

/// A file that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// Its name in the folder of evidence, such as `2026/01/31/<event>.jpg`.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Of its content.
    pub sha256: Hash,
}

impl Store {
    /// Notes files in the chain, all or none.
    pub(super) async fn chain_files(
        &self,
        kind: &str,
        files: &[SavedFile],
    ) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(DOING).await?;
        let at = now();
        let entries: Vec<chain::Entry<'_>> = files
            .iter()
            .map(|file| chain::Entry { at, kind, target: &file.name, content: file.sha256 })
            .collect();
        chain::append(&mut tx, &entries).await?;
        tx.commit().await.doing(DOING)
    }
}

impl EvidenceStore {
    /// Keeps both pictures of an event, or neither, and notes them in the chain. What is in the way
    /// of the budget is removed first.
    ///
    /// # Errors
    /// [`EvidenceError::NoSpace`] when disk or budget is full; others when the
    /// folder can't be written or the id has no day.
    pub async fn save(
        &self,
        id: EventId,
        boxes_jpeg: Vec<u8>,
        clean_jpeg: Vec<u8>,
    ) -> Result<Vec<SavedFile>, EvidenceError> {
        let bytes = (boxes_jpeg.len() + clean_jpeg.len()) as u64;
        let _turn = self.inner.turn.lock().await;
        self.check_disk(false).await?;
        self.make_room(id, bytes).await?;
        let inner = self.inner.clone();
        let contents = [(true, clean_jpeg), (false, boxes_jpeg)];
        let saved = spawn_blocking(move || inner.write_pictures(id, &contents)).await;
        let saved = saved.map_err(|_cut_off| EvidenceError::Ending(id))??;
        self.note(&saved).await;
        Ok(saved)
    }

    /// Notes files in the chain; while the database fails they wait for a better time.
    pub(super) async fn note(&self, saved: &[SavedFile]) {
        let waiting: Vec<SavedFile> = {
            let mut waiting = self.inner.unchained.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.extend(saved.iter().cloned());
            while waiting.len() > UNCHAINED_MAX
                && let Some(file) = waiting.pop_front()
            {
                tracing::warn!(file.name, "an evidence file is noted at the next start only");
            }
            waiting.drain(..).collect()
        };
        self.inner.reach("before the chain");
        if let Err(error) = self.inner.store.chain_files(kind::FILE, &waiting).await {
            tracing::error!(%error, files = waiting.len(), "evidence files can't be noted yet");
            let mut again = self.inner.unchained.lock().unwrap_or_else(PoisonError::into_inner);
            for file in waiting.into_iter().rev() {
                again.push_front(file);
            }
        }
        self.inner.reach("after the chain");
    }

    /// Notes what could not be noted before.
    pub async fn note_waiting(&self) {
        let waits = !self.inner.unchained.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if waits {
            let _turn = self.inner.turn.lock().await;
            self.note(&[]).await;
        }
    }
}

impl Inner {
    /// A step of writing is reached: tests end the process here.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "used in tests"))]
    #[cfg_attr(not(test), expect(clippy::missing_const_for_fn, reason = "not in tests"))]
    pub(super) fn reach(&self, step: &str) {
        #[cfg(test)]
        if self.crash_at == Some(step) {
            std::process::abort();
        }
        #[cfg(not(test))]
        let _ = step;
    }

    fn write_pictures(
        &self,
        id: EventId,
        contents: &[(bool, Vec<u8>); 2],
    ) -> Result<Vec<SavedFile>, EvidenceError> {
        let day = day_of(id)?;
        let folder = self.root.join(day_path(day));
        let bytes: u64 = contents.iter().map(|(_, content)| content.len() as u64).sum();
        let file = |clean| format!("{id}.{}", picture_suffix(clean));
        // Pictures of this event that are there already are replaced.
        let length = |clean| fs::metadata(folder.join(file(clean))).map_or(0, |file| file.len());
        let replaced = length(false) + length(true);
        let write = || {
            fs::create_dir_all(&folder)?;
            for (clean, content) in contents {
                self.write_file(&folder, &file(*clean), content)?;
                self.reach(if *clean { "first renamed" } else { "second renamed" });
            }
            File::open(&folder)?.sync_all()?;
            self.reach("folder synced");
            Ok(())
        };
        // What was there before may be in the chain.
        let fresh: Vec<PathBuf> = [false, true]
            .map(|clean| folder.join(file(clean)))
            .into_iter()
            .filter(|path| !path.exists())
            .collect();
        if let Err(error) = write() {
            fresh.iter().for_each(|path| remove_quietly(path));
            return Err(self.refused(&folder, bytes, error));
        }
        self.grow(day, bytes, replaced);
        let saved = contents.iter().map(|(clean, content)| {
            Ok(SavedFile {
                name: name_of(id, picture_suffix(*clean))?,
                bytes: content.len() as u64,
                sha256: Hash::of(content),
            })
        });
        saved.collect()
    }

    /// Whole or not at all: written beside, synced, renamed.
    fn write_file(&self, folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
        let half = folder.join(format!(".{name}.half"));
        let written = File::create(&half).and_then(|mut file| {
            let (first, rest) = content.split_at(content.len() / 2);
            file.write_all(first)?;
            self.reach("half written");
            file.write_all(rest)?;
            file.sync_all()?;
            self.reach("before renaming");
            fs::rename(&half, folder.join(name))
        });
        if written.is_err() {
            remove_quietly(&half);
        }
        written
    }

    pub(super) fn grow(&self, day: Day, bytes: u64, replaced: u64) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let total = days.entry(day).or_default();
        *total = (*total + bytes).saturating_sub(replaced);
    }

    pub(super) fn refused(&self, folder: &Path, bytes: u64, error: io::Error) -> EvidenceError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                EvidenceError::NoSpace { path: self.root.clone(), bytes, detail: error.to_string() }
            }
            _ => failed("write", folder)(error),
        }
    }
}

/// Cleans up after a failure that is reported already.
pub(super) fn remove_quietly(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a half written file could not be removed");
    }
}

/// What is in a folder; nothing if it is not there.
pub(super) fn entries(folder: &Path) -> Result<Vec<DirEntry>, EvidenceError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listing => listing
            .and_then(|entries| entries.collect::<io::Result<Vec<DirEntry>>>())
            .map_err(failed("read", folder)),
    }
}

/// The days that have a folder, oldest first.
pub(super) fn days(root: &Path) -> Result<Vec<Day>, EvidenceError> {
    let numbered = |folder: &Path| -> Result<Vec<i32>, EvidenceError> {
        let all = entries(folder)?;
        let number = |entry: &DirEntry| {
            entry.path().is_dir().then(|| entry.file_name().to_str()?.parse().ok()).flatten()
        };
        Ok(all.iter().filter_map(number).collect())
    };
    let small = |number| u8::try_from(number).unwrap_or_default();
    let mut days = Vec::new();
    for year in numbered(root)? {
        let of_year = root.join(format!("{year:04}"));
        for month in numbered(&of_year)? {
            for day in numbered(&of_year.join(format!("{month:02}")))? {
                days.push((year, small(month), small(day)));
            }
        }
    }
    days.sort_unstable();
    Ok(days)
}

/// Bytes by day; removes what was half written.
pub(super) fn count(root: &Path) -> Result<BTreeMap<Day, u64>, EvidenceError> {
    let mut counted = BTreeMap::new();
    for day in days(root)? {
        let mut bytes = 0;
        for entry in entries(&root.join(day_path(day)))? {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "half") {
                remove_quietly(&path);
            } else {
                bytes += entry.metadata().map_err(failed("read", &path))?.len();
            }
        }
        counted.insert(day, bytes);
    }
    Ok(counted)
}
