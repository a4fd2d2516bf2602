//! Live pictures: the newest one of a camera with what is known about it, for
//! any number of viewers. A JPEG of each width is made once, when first asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use safe_yolo_core::{
    BlindReason, CameraId, CameraState, Class, Equipment, PictureTime, PixelBox, SegmentId, Utc,
    ZoneId,
};
use safe_yolo_media::jpeg;
use safe_yolo_media::picture::I420;
use safe_yolo_rules::{Level, Verdict, ZoneView};
use serde::Serialize;
use tokio::sync::OnceCell;

/// Widths that pictures are scaled down to, pixels; the next one up is sent.
const WIDTHS: [u32; 5] = [320, 640, 960, 1280, 1920];

/// Whether and how the picture was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveAnalysis {
    /// Looked at.
    Done,
    /// Not looked at; boxes are carried on from the last look.
    Predicted,
    /// Not looked at, and nothing is known.
    Skipped,
    /// Looking failed.
    Failed,
}

/// One box over the picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct LiveBox {
    pub track: Option<String>,
    pub number: Option<u32>,
    pub class: Class,
    pub score: f32,
    #[serde(rename = "box")]
    pub bbox: PixelBox,
    pub predicted: bool,
    pub equipment: BTreeMap<Equipment, Verdict>,
    pub zones: Vec<ZoneId>,
    pub level: Level,
}

/// How many people, and how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Counters {
    pub people: usize,
    pub no_helmet: usize,
    pub warning: usize,
    pub danger: usize,
}

/// What is known about one picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct LiveHeader {
    pub camera: CameraId,
    pub segment: SegmentId,
    pub time_us: PictureTime,
    pub utc: Utc,
    pub width: u32,
    pub height: u32,
    pub analysis: LiveAnalysis,
    pub boxes: Vec<LiveBox>,
    pub zones: Vec<ZoneView>,
    pub counters: Option<Counters>,
    pub config_version: u64,
    pub state: CameraState,
    pub reason: Option<BlindReason>,
}

/// One picture and what is known about it.
#[derive(Debug)]
pub struct LivePicture {
    /// What is known.
    pub header: LiveHeader,
    /// The picture.
    pub picture: Arc<I420>,
    /// Rises by one with each picture published: gaps are what a viewer missed.
    pub number: u64,
    encoded: [OnceCell<Result<Bytes, String>>; WIDTHS.len()],
}

impl LivePicture {
    pub(crate) fn new(header: LiveHeader, picture: Arc<I420>, number: u64) -> Self {
        Self { header, picture, number, encoded: Default::default() }
    }

    /// The picture as JPEG, about `width` pixels wide; made once for all viewers.
    ///
    /// # Errors
    /// When encoding fails.
    pub async fn jpeg(&self, width: u32) -> Result<Bytes, String> {
        let at = WIDTHS.iter().position(|w| *w >= width).unwrap_or(WIDTHS.len() - 1);
        self.encoded[at]
            .get_or_init(|| async {
                let picture = Arc::clone(&self.picture);
                tokio::task::spawn_blocking(move || {
                    jpeg::encode(&picture, WIDTHS[at], jpeg::QUALITY_LIVE)
                })
                .await
                .map_err(|error| error.to_string())
                .and_then(|jpeg| jpeg.map_err(|error| error.to_string()))
                .map(Bytes::from)
            })
            .await
            .clone()
    }

    /// The binary message of `/ws/live`: length of the header, header, JPEG.
    ///
    /// # Errors
    /// When encoding fails.
    pub async fn message(&self, width: u32) -> Result<Bytes, String> {
        let jpeg = self.jpeg(width).await?;
        let header = serde_json::to_vec(&self.header).map_err(|error| error.to_string())?;
        let length = u32::try_from(header.len()).map_err(|error| error.to_string())?;
        Ok([&length.to_le_bytes()[..], &header, &jpeg].concat().into())
    }
}
