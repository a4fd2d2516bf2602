//! The writer: one thread takes blocks from a bounded queue and puts them into files.
//!
//! It may be as slow as the disk is. What does not fit into its queue was lost before it came here;
//! what it can't write is lost here. Either way the blocks' numbers show the hole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use safe_yolo_core::{CameraConfig, CameraId, Class, SegmentId};

use crate::disk::{Appended, Disk, RealDisk};
use crate::file::{ChunkName, FOLDER, Head, class_names};
use crate::segment::{Block, Message, SegmentLog, count_lost};
use crate::shelf::{Shelf, TrackLogLimits};

/// Blocks that may wait; a block is 16 KiB at most as a rule. Policy: refuse (a hole).
const BLOCKS_MAX: usize = 1024;
/// A file is closed when it is so large,
const CHUNK_BYTES: u64 = 1 << 20;
/// or so long.
const CHUNK_MS: i64 = 600_000;
/// Segments that are remembered; each camera writes one.
const SEGMENTS_MAX: usize = 1024;
/// How often old files are looked for while nothing is written.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Why the log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum TrackLogError {
    /// The folder can't be used.
    #[error("cannot use the folder of tracks '{path}': check that it is writable")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    to_writer: Sender<Message>,
    bytes: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The log of tracks, open for writing. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TrackLog(Arc<Shared>);

impl TrackLog {
    /// Opens the folder `tracks` in a folder, making it if missing, counts what is there and starts
    /// the writer.
    ///
    /// # Errors
    /// When the folder can't be used.
    pub fn open(dir: &Path, limits: TrackLogLimits) -> Result<Self, TrackLogError> {
        Self::on(RealDisk, dir, limits)
    }

    fn on(disk: impl Disk, dir: &Path, limits: TrackLogLimits) -> Result<Self, TrackLogError> {
        let root = dir.join(FOLDER);
        let failed = |source| TrackLogError::Folder { path: root.clone(), source };
        let shelf = Shelf::open(&root, limits).map_err(failed)?;
        let (to_writer, from) = crossbeam_channel::bounded(BLOCKS_MAX);
        let bytes = Arc::new(AtomicU64::new(shelf.bytes()));
        let writer = Writer {
            root: root.clone(),
            disk: Box::new(disk),
            shelf,
            open: BTreeMap::new(),
            bytes: Arc::clone(&bytes),
            is_failing: false,
        };
        let thread = std::thread::Builder::new().name("track-log".to_owned());
        let thread = thread.spawn(move || writer.run(&from)).map_err(failed)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self(Arc::new(Shared { root, to_writer, bytes, thread })))
    }

    /// The log of a segment that begins now.
    #[must_use]
    pub fn segment(
        &self,
        segment: SegmentId,
        config: &CameraConfig,
        known: BTreeSet<Class>,
    ) -> SegmentLog {
        SegmentLog::new(self.0.to_writer.clone(), segment, config, known)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Blocks that wait to be written.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.to_writer.len()
    }

    /// Writes what was handed over until now and ends the writer; blocks as long as the disk takes.
    pub fn close(&self) {
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // A writer that is gone has nothing left to write.
        self.0.to_writer.send(Message::Close).ok();
        if thread.join().is_err() {
            tracing::error!("the writer of the track log broke off");
        }
    }
}

/// A segment that is written.
#[derive(Default)]
struct Open {
    file: Option<(ChunkName, Box<dyn Appended>)>,
    /// Bytes of the file.
    bytes: u64,
    /// Of the next file.
    next_number: u32,
    /// The block that follows what is written.
    next_block: u64,
}

struct Writer {
    root: PathBuf,
    disk: Box<dyn Disk>,
    shelf: Shelf,
    open: BTreeMap<(SegmentId, CameraId), Open>,
    bytes: Arc<AtomicU64>,
    is_failing: bool,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Writer {
    fn run(mut self, from: &Receiver<Message>) {
        loop {
            match from.recv_timeout(TIDY_EVERY) {
                Ok(Message::Block(block)) => self.block(&block),
                Err(RecvTimeoutError::Timeout) => self.make_room(0),
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            self.bytes.store(self.shelf.bytes(), Ordering::Relaxed);
        }
        for open in self.open.values_mut() {
            close(open);
        }
    }

    fn make_room(&mut self, bytes: u64) {
        let open = &self.open;
        self.shelf.make_room(now_ms(), bytes, |camera, chunk| {
            let key = (chunk.segment, camera.clone());
            let written = open.get(&key).and_then(|open| open.file.as_ref());
            written.is_some_and(|(name, _)| name == chunk)
        });
    }

    fn block(&mut self, block: &Block) {
        let key = (block.segment, block.camera.clone());
        if !self.open.contains_key(&key) {
            self.leave_earlier(&block.camera);
        }
        let mut open = self.open.remove(&key).unwrap_or_default();
        let written = self.write(&mut open, block);
        if let Err(error) = written {
            // Half a block is cut off where that is possible; a reader finds the damage anyway.
            if let Some((_, file)) = open.file.as_mut() {
                file.cut(open.bytes).ok();
            }
            open.file = None;
            count_lost(&block.camera, block.entries);
            metrics::counter!("safe_yolo_tracklog_failed_writes_total").increment(1);
            if !std::mem::replace(&mut self.is_failing, true) {
                tracing::error!(camera = %block.camera, %error, "tracks can't be kept: replays will have a hole");
            }
        } else if std::mem::take(&mut self.is_failing) {
            tracing::info!("tracks can be kept again");
        }
        if block.is_last {
            close(&mut open);
        } else {
            self.open.insert(key, open);
        }
    }

    /// A new segment of the camera has begun: files of earlier ones are closed. That one of them
    /// goes on is possible where a pipeline is stuck, so their numbers are kept.
    fn leave_earlier(&mut self, camera: &CameraId) {
        self.open.iter_mut().filter(|((_, id), _)| id == camera).for_each(|(_, open)| close(open));
        if self.open.len() >= SEGMENTS_MAX {
            self.open.pop_first();
        }
    }

    fn write(&mut self, open: &mut Open, block: &Block) -> io::Result<()> {
        let is_next = block.number == open.next_block;
        let is_whole = open.file.as_ref().is_some_and(|(name, _)| {
            open.bytes >= CHUNK_BYTES || block.start_ms - name.start_ms >= CHUNK_MS
        });
        if is_whole || !is_next {
            // The settings may have changed in what is missing: a new file tells them.
            close(open);
        }
        if open.file.is_none() {
            self.create(open, block)?;
        }
        let Some((name, file)) = open.file.as_mut() else { return Ok(()) };
        file.append(&block.bytes)?;
        let length = block.bytes.len() as u64;
        open.bytes += length;
        open.next_block = block.number + 1;
        self.shelf.add(&block.camera, name, length);
        Ok(())
    }

    fn create(&mut self, open: &mut Open, block: &Block) -> io::Result<()> {
        let name = ChunkName {
            segment: block.segment,
            number: open.next_number,
            start_ms: block.start_ms,
        };
        let head = Head {
            camera: block.camera.clone(),
            segment: block.segment,
            number: name.number,
            start_ms: name.start_ms,
            first_block: block.number,
            classes: class_names(),
            settings: block.settings.as_ref().clone(),
        };
        let head = head.to_bytes()?;
        self.make_room(CHUNK_BYTES);
        let path = name.path(&self.root, &block.camera);
        let mut file = self.disk.create(&path)?;
        if let Err(error) = file.append(&head) {
            std::fs::remove_file(&path).ok();
            return Err(error);
        }
        // Files rise in number even where one in between could not be written.
        open.next_number += 1;
        open.bytes = head.len() as u64;
        self.shelf.add(&block.camera, &name, open.bytes);
        open.file = Some((name, file));
        Ok(())
    }
}

fn close(open: &mut Open) {
    if let Some((name, mut file)) = open.file.take()
        && let Err(error) = file.sync()
    {
        tracing::warn!(segment = %name.segment, number = name.number, %error, "a file of tracks may not be whole on the disk");
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
