//! Reading the log: the entries of a segment in order, with its holes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use safe_yolo_core::{CameraId, SegmentId};

use crate::bytes::Input;
use crate::codec::Decoder;
use crate::entry::{Record, Settings};
use crate::file::{
    ChunkName, FOLDER, FORMAT_VERSION, Head, HeadError, Next, cameras, chunks, next_frame,
};

/// Why the log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder can't be read.
    #[error("cannot read '{path}'")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of a later version.
    #[error(
        "'{path}' is of format {found}, this version reads up to {known}: use the version that wrote it, or a later one",
        known = FORMAT_VERSION
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// No camera of that name.
    #[error("the track log has no camera '{name}', it has: {known}")]
    NoCamera {
        /// As asked.
        name: String,
        /// Those that there are.
        known: String,
    },
}

/// Why something is missing in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoleReason {
    /// Nothing is wrong with the log: the camera was not looked at, or there is no log of that time.
    NotLookedAt,
    /// It could not be written: the disk was too slow or full.
    Lost,
    /// It is there, but can't be read.
    Damaged,
    /// The program or the machine ended before the segment did.
    CutShort,
    /// It was removed to make room.
    Removed,
}

impl HoleReason {
    /// The name, as in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotLookedAt => "not_looked_at",
            Self::Lost => "lost",
            Self::Damaged => "damaged",
            Self::CutShort => "cut_short",
            Self::Removed => "removed",
        }
    }
}

/// The files of a data folder's log, for reading. Somebody may be writing meanwhile.
#[derive(Debug, Clone)]
pub struct LogReader {
    root: PathBuf,
}

/// One segment's files.
#[derive(Debug, Clone)]
pub struct SegmentFiles {
    /// Which segment.
    pub segment: SegmentId,
    chunks: Vec<ChunkName>,
}

impl SegmentFiles {
    /// When the first of its files begins, microseconds since 1970.
    #[must_use]
    pub fn start_us(&self) -> i64 {
        self.chunks.first().map_or(0, |chunk| chunk.start_ms.saturating_mul(1000))
    }

    /// Whether its begin was removed.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.chunks.first().is_some_and(|chunk| chunk.number > 0)
    }
}

impl LogReader {
    /// Reads the folder `tracks` of this data folder.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join(FOLDER) }
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> ReadError + '_ {
        |source| ReadError::File { path: self.root.clone(), source }
    }

    /// The camera with this id, or else the one that was last logged under this name.
    ///
    /// # Errors
    /// When there is none, or the folder can't be read.
    pub fn camera(&self, name: &str) -> Result<CameraId, ReadError> {
        let ids = cameras(&self.root).map_err(self.failed())?;
        if let Some(id) = ids.iter().find(|id| id.as_str() == name) {
            return Ok(id.clone());
        }
        let mut named: Vec<(i64, CameraId, String)> = Vec::new();
        for id in ids {
            if let Some((start_ms, called)) = self.last_name(&id)? {
                named.push((start_ms, id, called));
            }
        }
        named.sort();
        let found = named.iter().rev().find(|(_, _, called)| called == name);
        found.map(|(_, id, _)| id.clone()).ok_or_else(|| {
            let known: Vec<_> = named.iter().map(|(_, _, called)| called.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            ReadError::NoCamera { name: name.chars().take(80).collect(), known }
        })
    }

    /// What the camera was called in its newest file that can be read.
    fn last_name(&self, id: &CameraId) -> Result<Option<(i64, String)>, ReadError> {
        for chunk in chunks(&self.root, id).map_err(self.failed())?.iter().rev() {
            if let Some(bytes) = self.bytes(id, chunk)?
                && let Ok((head, ..)) = Head::read(&bytes)
            {
                return Ok(Some((head.start_ms, head.settings.config.name)));
            }
        }
        Ok(None)
    }

    /// The camera's segments, oldest first.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn segments(&self, camera: &CameraId) -> Result<Vec<SegmentFiles>, ReadError> {
        let mut segments: BTreeMap<SegmentId, Vec<ChunkName>> = BTreeMap::new();
        for chunk in chunks(&self.root, camera).map_err(self.failed())? {
            segments.entry(chunk.segment).or_default().push(chunk);
        }
        let files = |(segment, chunks)| SegmentFiles { segment, chunks };
        Ok(segments.into_iter().map(files).collect())
    }

    /// The file's bytes; none when it was removed meanwhile.
    fn bytes(&self, camera: &CameraId, chunk: &ChunkName) -> Result<Option<Vec<u8>>, ReadError> {
        let path = chunk.path(&self.root, camera);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ReadError::File { path, source }),
        }
    }

    /// Hands the segment's entries, in order, to `take` until that says it has enough. What lies
    /// before `begin_us` (microseconds since 1970) is left out as far as whole files do.
    ///
    /// # Errors
    /// When a file can't be read or is of a newer format. A damaged one is a hole.
    pub fn read<E: From<ReadError>>(
        &self,
        camera: &CameraId,
        files: &SegmentFiles,
        begin_us: Option<i64>,
        mut take: impl FnMut(Item) -> Result<Goes, E>,
    ) -> Result<(), E> {
        let begin_ms = begin_us.map_or(i64::MIN, |us| us / 1000);
        let first = files.chunks.iter().rposition(|chunk| chunk.start_ms <= begin_ms);
        let mut state = Reading::default();
        for chunk in files.chunks.iter().skip(first.unwrap_or_default()) {
            let goes = match self.bytes(camera, chunk)? {
                None => state.hole(HoleReason::Removed, &mut take)?,
                Some(bytes) => match Head::read(&bytes) {
                    Ok((head, classes, rest)) => {
                        let decoder =
                            || Decoder::new(camera.clone(), files.segment, classes.clone());
                        state.chunk(head, decoder, rest, &mut take)?
                    }
                    Err(HeadError::Damaged) => state.hole(HoleReason::Damaged, &mut take)?,
                    Err(HeadError::Newer(found)) => {
                        let path = chunk.path(&self.root, camera);
                        return Err(ReadError::Newer { path, found }.into());
                    }
                },
            };
            if goes == Goes::Enough {
                return Ok(());
            }
        }
        if !state.is_finished {
            take(Item::Unfinished)?;
        }
        Ok(())
    }
}

/// Whether more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Goes {
    On,
    Enough,
}

/// What is read from a segment.
#[derive(Debug)]
pub enum Item {
    /// The begin of what is read, with the settings in force.
    Begin {
        /// What judges.
        settings: Settings,
        /// Whether the segment itself begins here.
        is_whole: bool,
    },
    /// An entry.
    Record(Record),
    /// Something is missing between the last entry and the next.
    Hole(HoleReason),
    /// The settings in force behind a hole.
    Settings(Settings),
    /// The log ends, and nothing says that the segment does.
    Unfinished,
}

#[derive(Debug, Default)]
struct Reading {
    /// Whether the begin has been told.
    has_begun: bool,
    next_block: u64,
    /// The version of the settings in force.
    version: u64,
    is_finished: bool,
    /// In a hole: entries that need older settings than are known are left out.
    is_in_hole: bool,
}

impl Reading {
    fn hole<E>(
        &mut self,
        reason: HoleReason,
        take: &mut impl FnMut(Item) -> Result<Goes, E>,
    ) -> Result<Goes, E> {
        if std::mem::replace(&mut self.is_in_hole, true) {
            return Ok(Goes::On);
        }
        take(Item::Hole(reason))
    }

    fn chunk<E>(
        &mut self,
        head: Head,
        decoder: impl Fn() -> Decoder,
        mut rest: &[u8],
        take: &mut impl FnMut(Item) -> Result<Goes, E>,
    ) -> Result<Goes, E> {
        if !self.has_begun {
            self.has_begun = true;
            let is_whole = head.first_block == 0 && !self.is_in_hole;
            self.is_in_hole = false;
            self.next_block = head.first_block;
            self.version = head.settings.config.version;
            let settings = head.settings;
            if take(Item::Begin { settings, is_whole })? == Goes::Enough {
                return Ok(Goes::Enough);
            }
        } else {
            if head.first_block != self.next_block
                && self.hole(HoleReason::Lost, take)? == Goes::Enough
            {
                return Ok(Goes::Enough);
            }
            self.next_block = head.first_block;
            // What follows on without a hole was told in the entries.
            if self.is_in_hole {
                self.version = head.settings.config.version;
                if take(Item::Settings(head.settings))? == Goes::Enough {
                    return Ok(Goes::Enough);
                }
            }
            self.is_in_hole = false;
        }
        loop {
            let block = match next_frame(&mut rest) {
                Next::End => return Ok(Goes::On),
                Next::Damaged => {
                    // The end of a file may be half written, now or when the power failed.
                    let reason =
                        if rest.is_empty() { HoleReason::CutShort } else { HoleReason::Damaged };
                    if self.hole(reason, take)? == Goes::Enough {
                        return Ok(Goes::Enough);
                    }
                    continue;
                }
                Next::Block(block) => block,
            };
            if block.number != self.next_block
                && self.hole(HoleReason::Damaged, take)? == Goes::Enough
            {
                return Ok(Goes::Enough);
            }
            if self.is_in_hole && block.config_version != self.version {
                // The settings changed in what is missing; the next file tells them.
                continue;
            }
            self.is_in_hole = false;
            self.next_block = block.number + 1;
            if self.block(&mut decoder(), block.entries, take)? == Goes::Enough {
                return Ok(Goes::Enough);
            }
        }
    }

    fn block<E>(
        &mut self,
        decoder: &mut Decoder,
        entries: &[u8],
        take: &mut impl FnMut(Item) -> Result<Goes, E>,
    ) -> Result<Goes, E> {
        let mut input = Input(entries);
        while !input.is_empty() {
            let Ok(record) = decoder.record(&mut input) else {
                return self.hole(HoleReason::Damaged, take);
            };
            match &record {
                Record::Config(settings) => self.version = settings.config.version,
                Record::Finish { .. } => self.is_finished = true,
                Record::Picture(_) | Record::NotAnalysed { .. } => {}
            }
            if take(Item::Record(record))? == Goes::Enough {
                return Ok(Goes::Enough);
            }
        }
        Ok(Goes::On)
    }
}
