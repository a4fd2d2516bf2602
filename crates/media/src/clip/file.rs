//! A part of a video file.

use std::time::Duration;

use safe_yolo_core::time::PictureTime;

use super::ClipError;
use crate::probe::{self, FileFacts, OpenFile};
use crate::source::FileSource;

/// Seeks of some formats end up before a key picture that lies less than this before the place.
const SEEK_LOOSE_S: f64 = 0.14;
/// How long looking for a key picture may take.
const PROBE_MAX: Duration = Duration::from_secs(10);

/// A file, and which part of it.
#[derive(Debug, Clone)]
pub struct FilePart {
    source: FileSource,
    facts: FileFacts,
    from: PictureTime,
    to: PictureTime,
}

/// Where the child reads.
#[derive(Debug)]
pub(super) struct FileInput {
    pub(super) open: OpenFile,
    /// Seconds after the file's first time; from the beginning unless given.
    pub(super) seek_s: Option<f64>,
    /// Seconds from there on.
    pub(super) length_s: f64,
    /// Seconds to add to what the child makes of the times, so that the first is 0.
    pub(super) shift_s: f64,
    /// Time of the first picture.
    pub(super) start: PictureTime,
}

impl FilePart {
    pub(crate) const fn whole(source: FileSource, facts: FileFacts) -> Self {
        Self { source, facts, from: PictureTime(0), to: PictureTime(0) }
    }

    /// The pictures shown between these times.
    #[must_use]
    pub fn between(&self, from: PictureTime, to: PictureTime) -> Self {
        Self { from, to, ..self.clone() }
    }

    pub(super) const fn to(&self) -> PictureTime {
        self.to
    }

    pub(super) fn codec(&self) -> &str {
        &self.facts.probed.codec
    }

    /// Whether its pictures can go into a clip as they are.
    pub(super) fn is_copied(&self) -> bool {
        matches!(self.codec(), "h264" | "hevc")
    }

    /// Opens the file, which must be the same as when it was looked into. Copied pictures begin with
    /// the key picture at or before the part's.
    pub(super) async fn input(&self, ffprobe: &str, copy: bool) -> Result<FileInput, ClipError> {
        let open = probe::open(&self.source).await?;
        let known = Some(self.facts.clone());
        let facts = probe::facts(ffprobe, &self.source, &open, known, PROBE_MAX).await?;
        if facts != self.facts {
            let path = self.source.path().display();
            return Err(ClipError::Child(format!("'{path}' was changed meanwhile")));
        }
        let first_s = facts.probed.container_start_s;
        let key = if copy {
            Some(probe::key_before(ffprobe, &open, self.from, PROBE_MAX).await?)
        } else {
            None
        };
        let start = key.unwrap_or(self.from);
        // Beside the key picture, so that rounding does not end at the one before.
        let beside = if key.is_none() {
            0.0
        } else if open.demuxer == "mov" {
            0.001
        } else {
            SEEK_LOOSE_S
        };
        let seek_s = start.secs_f64() - first_s + beside;
        let seek_s = (start.secs_f64() > first_s).then_some(seek_s);
        let length_s = self.to.secs_f64() - seek_s.map_or(first_s, |seek| first_s + seek);
        let shift_s = seek_s.unwrap_or(0.0) - (start.secs_f64() - first_s);
        Ok(FileInput { open, seek_s, length_s: length_s.max(0.1), shift_s, start })
    }
}
