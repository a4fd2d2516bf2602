//! One picture of a camera on its way through analysis.

use std::sync::Arc;

use safe_yolo_core::{PictureTime, SegmentId, Utc};
use safe_yolo_media::picture::I420;

/// One picture on its way to analysis.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The stretch of pictures it belongs to.
    pub segment: SegmentId,
    /// Grows with each command and segment: an answer about a picture from
    /// before is of no interest any more.
    pub era: u64,
    /// When it was taken, on its source's clock.
    pub time: PictureTime,
    /// The same in the world's time.
    pub utc: Utc,
    /// The picture, in the source's own size.
    pub picture: Arc<I420>,
}
