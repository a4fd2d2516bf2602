//! A tracked person, as the tracker hands it to the rules.

use serde::{Deserialize, Serialize};

use crate::{PictureTime, PixelBox, TrackId};

/// One person followed over pictures of one segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Unique for ever.
    pub id: TrackId,
    /// Where the person is, pixels of the source picture.
    #[serde(rename = "box")]
    pub bbox: PixelBox,
    /// Score of the last detection that was matched, 0 to 1.
    pub score: f32,
    /// Whether the box is a prediction: no detection was matched in this picture.
    pub predicted: bool,
    /// When the track began.
    pub first_seen: PictureTime,
    /// When a detection was last matched.
    pub last_seen: PictureTime,
}
