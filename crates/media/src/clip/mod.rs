//! Clips: some seconds of a source before and after an alarm, as MP4.
//!
//! What a camera codes in H.264 or H.265 goes into the clip as it came ([`ring`], [`units`]). JPEG
//! pictures, and whatever has areas that nobody may see, are encoded by an `ffmpeg` child
//! ([`write`]), which puts both into the file. Of a file the child reads the part itself. What leaves the house is decoded,
//! changed and encoded anew ([`recode`]).

mod file;
mod recode;
mod ring;
mod units;
mod write;

use std::path::PathBuf;
use std::time::Duration;

use safe_yolo_core::time::PictureTime;

pub use file::FilePart;
pub use recode::recode;
pub use ring::{BYTES_MAX, ClipRing, Hold, KEEP};
pub use units::Units;

use crate::error::StreamError;
use crate::privacy::PrivacyMask;

/// Where a stream's clips are cut from.
#[derive(Debug, Clone)]
pub enum ClipSupply {
    /// The coded pictures of a session.
    Session(ClipRing),
    /// Pictures that the caller makes JPEGs of, for a ring of its own.
    Pictures,
    /// The file itself.
    File(FilePart),
}

/// What a clip is made of.
#[derive(Debug, Clone)]
pub enum Material {
    /// Coded pictures.
    Units(Units),
    /// A part of a file.
    File(FilePart),
}

/// A clip to be written.
#[derive(Debug, Clone)]
pub struct Cut {
    /// What it shows.
    pub material: Material,
    /// What is blacked in it.
    pub privacy: Option<PrivacyMask>,
    /// The program that writes it.
    pub ffmpeg: String,
    /// The program that looks into files.
    pub ffprobe: String,
}

/// A clip that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Codec, as ffmpeg names it.
    pub codec: String,
    /// Whether it was decoded and coded anew.
    pub encoded: bool,
    /// Time of its first picture, on the source's clock.
    pub start: PictureTime,
    /// Time of its last picture at the latest.
    pub end: PictureTime,
    /// Length of the file.
    pub bytes: u64,
}

/// Why there is no clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// Nothing was there that decoding can start at.
    #[error("the source sent no key picture in the seconds around the alarm")]
    Empty,
    /// The disk is full.
    #[error("no room for a clip at '{path}': free space")]
    NoSpace {
        /// The file.
        path: PathBuf,
    },
    /// The child failed.
    #[error("ffmpeg wrote no clip: {0}")]
    Child(String),
    /// The child did not end.
    #[error("ffmpeg was not done with a clip after {} s", .0.as_secs())]
    TooLong(Duration),
    /// The program or the file can't be used.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A file beside the clip can't be written or read.
    #[error("cannot {doing} '{path}'")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}
