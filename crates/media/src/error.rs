//! Why a stream of pictures could not be opened, or ended.

use std::time::Duration;

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::state::BlindReason;
use safe_yolo_core::time::PictureTime;

use crate::nut::NutError;
use crate::picture::PictureError;
use crate::source::SourceError;

/// Why there are no (more) pictures. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The file is not there, or may not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file that is no video.
    #[error("'{path}' is not a video file that can be read: {why}")]
    NotVideo {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The decoder program can't be started.
    #[error(
        "the program '{program}' can't be started ({why}): install ffmpeg (`apt install ffmpeg`)"
    )]
    FfmpegMissing {
        /// The program as configured.
        program: String,
        /// What the system says.
        why: String,
    },
    /// No connection to the camera.
    #[error("{address} can't be reached: {why}")]
    Unreachable {
        /// The address, without credentials.
        address: String,
        /// What failed.
        why: String,
    },
    /// The camera refuses user or password.
    #[error("{address} refuses the login: check user and password ({why})")]
    Unauthorized {
        /// The address, without credentials.
        address: String,
        /// What the camera says.
        why: String,
    },
    /// The camera has no such stream.
    #[error("{address} has no such stream: check the path ({why})")]
    NoSuchStream {
        /// The address, without credentials.
        address: String,
        /// What the camera says.
        why: String,
    },
    /// A session without a video stream of a known codec.
    #[error("{address} offers no H.264, H.265 or JPEG video, only: {offered}")]
    NoVideo {
        /// The address, without credentials.
        address: String,
        /// What it offers.
        offered: String,
    },
    /// The session stands, but nothing comes.
    #[error("{address} sends no pictures: none in {} s", .waited.as_secs_f32())]
    NoPictures {
        /// The address, without credentials.
        address: String,
        /// For how long was waited.
        waited: Duration,
    },
    /// Data comes, but no picture can be made of it.
    #[error("the video of {address} can't be decoded: {why}")]
    Undecodable {
        /// The address or file.
        address: String,
        /// What the decoder says.
        why: String,
    },
    /// The decoder child ended, though the source did not.
    #[error("the decoder ended unexpectedly: {0}")]
    DecoderEnded(String),
    /// The decoder child sent something other than pictures.
    #[error("the decoder's output can't be read: {0}")]
    DecoderOutput(#[from] NutError),
    /// A picture of the decoder is not one.
    #[error("the decoder sent an impossible picture: {0}")]
    Picture(#[from] PictureError),
    /// Pictures larger than are accepted.
    #[error("pictures of {}x{} pixels are too large: at most {max_side} a side and {max_bytes} bytes of YUV 4:2:0", .size.width, .size.height)]
    TooLarge {
        /// Size of the pictures.
        size: PictureSize,
        /// Longest side, pixels.
        max_side: u32,
        /// Most bytes in a picture.
        max_bytes: u64,
    },
    /// The pictures have another size from here on: open the source again.
    #[error("the picture size changed from {}x{} to {to}: a new segment is needed", .from.width, .from.height)]
    SizeChanged {
        /// Size before.
        from: PictureSize,
        /// Size after, as far as known.
        to: String,
    },
    /// The source's clock jumped: open the source again, as a new segment.
    #[error("the source's clock jumped from {} s to {} s: a new segment is needed", .from.secs_f64(), .to.secs_f64())]
    ClockJump {
        /// Last time before.
        from: PictureTime,
        /// First time after.
        to: PictureTime,
    },
    /// The camera ended the session, or it broke.
    #[error("the session with {address} ended: {why}")]
    SessionLost {
        /// The address, without credentials.
        address: String,
        /// What happened.
        why: String,
    },
    /// A simulated source that can't be drawn.
    #[error("the simulated site can't be drawn: {0}")]
    Simulated(String),
    /// `next` was called after the stream had failed.
    #[error("the stream has ended before: open the source again")]
    AlreadyEnded,
    /// The system refuses something a stream needs.
    #[error("{what} failed: {why}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        why: String,
    },
}

impl StreamError {
    /// What the camera shows.
    #[must_use]
    pub const fn reason(&self) -> BlindReason {
        match self {
            Self::Source(error) => error.reason(),
            Self::NoSuchStream { .. } => BlindReason::NotFound,
            Self::Unreachable { .. } | Self::SessionLost { .. } => BlindReason::Unreachable,
            Self::Unauthorized { .. } => BlindReason::Unauthorized,
            Self::NoVideo { .. }
            | Self::NoPictures { .. }
            | Self::SizeChanged { .. }
            | Self::ClockJump { .. }
            | Self::AlreadyEnded
            | Self::Simulated(_) => BlindReason::NoPictures,
            Self::NotVideo { .. }
            | Self::FfmpegMissing { .. }
            | Self::Undecodable { .. }
            | Self::DecoderEnded(_)
            | Self::DecoderOutput(_)
            | Self::Picture(_)
            | Self::TooLarge { .. }
            | Self::System { .. } => BlindReason::Undecodable,
        }
    }

    /// Whether the source itself goes on, and only a new segment must begin:
    /// open it again at once, without back-off.
    #[must_use]
    pub const fn is_discontinuity(&self) -> bool {
        matches!(self, Self::ClockJump { .. } | Self::SizeChanged { .. })
    }
}
