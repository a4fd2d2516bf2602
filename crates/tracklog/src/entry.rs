//! Entries as they are stored: owned, and settings without the camera's address.

use std::collections::BTreeSet;

use safe_yolo_core::{
    CameraConfig, Class, CloseUp, Detection, PictureSize, PictureTime, Track, Utc,
};
use safe_yolo_rules::{Entry, PictureEntry};
use serde::{Deserialize, Serialize};

/// What judges: a camera's settings and what the model can see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The camera's settings; `source` is empty, as addresses may hold passwords.
    pub config: CameraConfig,
    /// What the loaded model can see.
    pub known: BTreeSet<Class>,
}

impl Settings {
    /// The settings without the source's address.
    #[must_use]
    pub fn new(config: &CameraConfig, known: BTreeSet<Class>) -> Self {
        let mut config = config.clone();
        config.source.clear();
        Self { config, known }
    }
}

/// One analysed picture.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in `PictureEntry`")]
pub struct Picture {
    pub time: PictureTime,
    pub utc: Utc,
    pub size: PictureSize,
    pub tracks: Vec<Track>,
    pub detections: Vec<Detection>,
    pub input_scale: f32,
    pub close_up: Option<CloseUp>,
}

impl Picture {
    /// As the judge takes it.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        Entry::Picture(PictureEntry {
            time: self.time,
            utc: self.utc,
            size: self.size,
            tracks: &self.tracks,
            detections: &self.detections,
            input_scale: self.input_scale,
            close_up: self.close_up,
        })
    }
}

/// One entry that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A picture was analysed.
    Picture(Picture),
    /// Nothing was looked at for a while.
    NotAnalysed {
        /// From when, time of the segment.
        from: PictureTime,
        /// Until when.
        to: PictureTime,
        /// Why.
        reason: String,
    },
    /// The settings changed.
    Config(Box<Settings>),
    /// The segment is over.
    Finish {
        /// Why.
        reason: String,
    },
}
