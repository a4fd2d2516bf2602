//! One segment as it is written: entries become blocks, blocks go to the writer and nobody waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};
use safe_yolo_core::{CameraConfig, CameraId, Class, PictureTime, SegmentId, Utc};
use safe_yolo_rules::Entry;

use crate::codec::Encoder;
use crate::entry::Settings;
use crate::file::{BODY_BYTES_MAX, frame};

/// A block is closed when it has so many bytes,
const BLOCK_BYTES: usize = 16 << 10;
/// or lasts so long: what a lost block and a crash take, seconds.
const BLOCK_S: f64 = 4.0;

/// A block on its way to the disk.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) camera: CameraId,
    pub(crate) segment: SegmentId,
    /// From 0, over the segment.
    pub(crate) number: u64,
    /// In force at its begin.
    pub(crate) settings: Arc<Settings>,
    /// As it is written.
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: u32,
    /// When it begins.
    pub(crate) start_ms: i64,
    /// Whether the segment ends with it.
    pub(crate) is_last: bool,
}

/// What the writer is told.
#[derive(Debug)]
pub(crate) enum Message {
    Block(Block),
    /// Everything before this is written; then the writer ends.
    Close,
}

/// Counts entries that are in no file.
pub(crate) fn count_lost(camera: &CameraId, entries: u32) {
    metrics::counter!("safe_yolo_tracklog_lost_entries_total", "camera" => camera.to_string())
        .increment(u64::from(entries));
}

/// The log of one segment: owned by whoever feeds the judge.
///
/// Nothing here waits: a block that finds no room with the writer is lost and counted, and a
/// replay reports the hole.
#[derive(Debug)]
pub struct SegmentLog {
    camera: CameraId,
    segment: SegmentId,
    writer: Sender<Message>,
    encoder: Encoder,
    entries: Vec<u8>,
    count: u32,
    number: u64,
    /// In force at the block's begin, and now.
    begin: Arc<Settings>,
    now: Arc<Settings>,
    /// The block's first picture.
    first: Option<(PictureTime, Utc)>,
    /// Time of the newest picture, milliseconds since 1970.
    newest_ms: i64,
    is_losing: bool,
}

impl SegmentLog {
    pub(crate) fn new(
        writer: Sender<Message>,
        segment: SegmentId,
        config: &CameraConfig,
        known: BTreeSet<Class>,
    ) -> Self {
        let settings = Arc::new(Settings::new(config, known));
        Self {
            camera: config.id.clone(),
            segment,
            writer,
            encoder: Encoder::default(),
            entries: Vec::new(),
            count: 0,
            number: 0,
            begin: Arc::clone(&settings),
            now: settings,
            first: None,
            // Segments are numbered by the time at which they begin.
            newest_ms: i64::try_from(segment.0).unwrap_or(i64::MAX),
            is_losing: false,
        }
    }

    /// Takes an entry as the judge does.
    pub fn entry(&mut self, entry: &Entry<'_>) {
        self.count = self.count.saturating_add(1);
        match entry {
            Entry::Picture(picture) => {
                self.first.get_or_insert((picture.time, picture.utc));
                self.newest_ms = picture.utc.micros() / 1000;
                self.encoder.picture(&mut self.entries, picture);
                let lasts = self.first.map_or(0.0, |(first, _)| picture.time.secs_since(first));
                if lasts >= BLOCK_S || self.entries.len() >= BLOCK_BYTES {
                    self.close_block(false);
                }
            }
            Entry::NotAnalysed { from, to, reason } => {
                self.encoder.not_analysed(&mut self.entries, *from, *to, reason);
                // Nothing may follow for hours; but many in a row are not worth a block each.
                if self.first.is_some() || self.entries.len() >= BLOCK_BYTES {
                    self.close_block(false);
                }
            }
            Entry::Config { config, known } => {
                let settings = Arc::new(Settings::new(config, known.clone()));
                if let Err(error) = self.encoder.config(&mut self.entries, &settings) {
                    tracing::error!(camera = %self.camera, %error, "settings can't be logged");
                }
                self.now = settings;
                self.close_block(false);
            }
        }
    }

    /// The segment is over.
    pub fn finish(mut self, reason: &str) {
        self.count = self.count.saturating_add(1);
        self.encoder.finish(&mut self.entries, reason);
        self.close_block(true);
    }

    fn close_block(&mut self, is_last: bool) {
        if self.entries.is_empty() {
            return;
        }
        let entries = std::mem::take(&mut self.entries);
        let count = std::mem::take(&mut self.count);
        let start_ms = self.first.take().map_or(self.newest_ms, |(_, utc)| utc.micros() / 1000);
        let settings = std::mem::replace(&mut self.begin, Arc::clone(&self.now));
        self.encoder = Encoder::default();
        let number = self.number;
        self.number += 1;
        let block = Block {
            camera: self.camera.clone(),
            segment: self.segment,
            number,
            bytes: frame(number, settings.config.version, &entries),
            settings,
            entries: count,
            start_ms,
            is_last,
        };
        let fits = block.bytes.len() <= BODY_BYTES_MAX;
        let sent = if fits { self.writer.try_send(Message::Block(block)) } else { Ok(()) };
        let why = match sent {
            Ok(()) if fits => {
                self.is_losing = false;
                return;
            }
            Ok(()) => "a block is too large",
            Err(TrySendError::Full(_)) => "the disk is too slow",
            Err(TrySendError::Disconnected(_)) => "the log is closed",
        };
        count_lost(&self.camera, count);
        if !std::mem::replace(&mut self.is_losing, true) {
            tracing::error!(camera = %self.camera, segment = %self.segment, why, "the track log has a hole");
        }
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.close_block(false);
    }
}
