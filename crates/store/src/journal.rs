//! The journal: changes that wait on disk while the database fails.
//!
//! A bounded file of JSON lines, synced before an append is confirmed. All
//! calls block; the outbox makes them on a blocking thread.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use safe_yolo_core::EventChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::now;

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file can't be used.
    #[error("cannot {doing} the journal '{path}': check that its folder is writable and has room")]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It has reached its limit.
    #[error(
        "the journal '{path}' is full ({bytes_max} bytes): repair the database, or raise the limit"
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// Its limit.
        bytes_max: u64,
    },
    /// A change can't be written as JSON.
    #[error("a change of event {event} cannot be written to the journal")]
    Unwritable {
        /// Which event.
        event: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Line<C> {
    change_id: Uuid,
    change: C,
}

/// A line that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedLine {
    /// Which line, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub detail: String,
}

/// What the journal holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// Changes in the order in which they were appended.
    pub changes: Vec<(Uuid, EventChange)>,
    /// Lines that can't be read; the file should be kept for them.
    pub damaged: Vec<DamagedLine>,
}

/// The journal file, open for appending.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    bytes: u64,
    bytes_max: u64,
}

impl Journal {
    /// The file's name in its folder.
    pub const FILE: &str = "outbox.journal";
    /// Bytes unless stated: some twenty thousand changes.
    pub const BYTES_MAX: u64 = 16 << 20;

    /// Opens or makes the journal in a folder. A last line that a crash cut
    /// short was never confirmed to anybody: it is dropped with a warning.
    ///
    /// # Errors
    /// When the file can't be used.
    pub fn open(dir: &Path, bytes_max: u64) -> Result<Self, JournalError> {
        let path = dir.join(Self::FILE);
        let failed = |source| JournalError::File { doing: "open", path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(failed)?;
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < content.len() {
            tracing::warn!(
                path = %path.display(),
                bytes = content.len() - whole,
                "the journal's last line was cut short by a crash and is dropped; it was never confirmed"
            );
            file.set_len(whole as u64).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        Ok(Self { file, path, bytes: whole as u64, bytes_max })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing waits in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends a change; it is on disk when this returns.
    ///
    /// # Errors
    /// When the journal is full or the file can't be written.
    pub fn append(&mut self, change_id: Uuid, change: &EventChange) -> Result<(), JournalError> {
        match self.append_all([(change_id, change)])? {
            0 => Err(self.full()),
            _ => Ok(()),
        }
    }

    /// Appends changes in order until the journal is full, with one sync;
    /// answers how many. All or none of these are in the file after an error.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn append_all<'a>(
        &mut self,
        changes: impl IntoIterator<Item = (Uuid, &'a EventChange)>,
    ) -> Result<usize, JournalError> {
        let mut text = Vec::new();
        let mut count = 0;
        for (change_id, change) in changes {
            let mut line = serde_json::to_vec(&Line { change_id, change }).map_err(|source| {
                JournalError::Unwritable { event: change.event.id.to_string(), source }
            })?;
            line.push(b'\n');
            if self.bytes + (text.len() + line.len()) as u64 > self.bytes_max {
                break;
            }
            text.append(&mut line);
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        if let Err(source) = self.write(&text) {
            // Half a line in the middle would damage the one after it.
            if let Err(error) = self.file.set_len(self.bytes) {
                tracing::error!(path = %self.path.display(), %error, "half a line could not be removed from the journal");
            }
            return Err(JournalError::File { doing: "append to", path: self.path.clone(), source });
        }
        self.bytes += text.len() as u64;
        Ok(count)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        self.file.write_all(text)?;
        self.file.sync_data()
    }

    pub(crate) fn full(&self) -> JournalError {
        JournalError::Full { path: self.path.clone(), bytes_max: self.bytes_max }
    }

    /// Everything in the journal, in order. Lines that can't be read are
    /// reported; see [`Journal::set_aside`].
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn replay(&mut self) -> Result<Replay, JournalError> {
        let failed = |source| JournalError::File { doing: "read", path: self.path.clone(), source };
        let mut content = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        (&self.file).take(self.bytes).read_to_end(&mut content).map_err(failed)?;
        let mut replay = Replay::default();
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line<EventChange>>(line) {
                Ok(line) => replay.changes.push((line.change_id, line.change)),
                Err(error) => replay
                    .damaged
                    .push(DamagedLine { number: index + 1, detail: error.to_string() }),
            }
        }
        Ok(replay)
    }

    /// Empties the journal, once all it held is stored.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn clear(&mut self) -> Result<(), JournalError> {
        let failed =
            |source| JournalError::File { doing: "empty", path: self.path.clone(), source };
        self.file.set_len(0).map_err(failed)?;
        self.bytes = 0;
        self.file.sync_all().map_err(failed)
    }

    /// Copies the journal to a file beside it, for lines that can't be read;
    /// answers its path.
    ///
    /// # Errors
    /// When the copy can't be written.
    pub fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let path = self.path.with_extension(format!("damaged-{}", now().micros()));
        let failed = |source| JournalError::File { doing: "copy", path: self.path.clone(), source };
        std::fs::copy(&self.path, &path).map_err(failed)?;
        File::open(&path).and_then(|copy| copy.sync_all()).map_err(failed)?;
        Ok(path)
    }
}
