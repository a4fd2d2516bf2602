//! What a camera is worth right now: only `Live` may look safe.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a camera, as every screen, answer and metric shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CameraState {
    /// No picture yet.
    Connecting,
    /// Pictures arrive and are analysed.
    Live,
    /// Pictures arrive, but are not analysed in time or show nothing new.
    Degraded,
    /// No picture for 3 s.
    Stale,
    /// No session for 10 s.
    Offline,
    /// A file that somebody paused: not watched.
    Paused,
    /// A source that somebody stopped: not watched.
    Stopped,
}

impl CameraState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Connecting,
        Self::Live,
        Self::Degraded,
        Self::Stale,
        Self::Offline,
        Self::Paused,
        Self::Stopped,
    ];

    /// Whether "nobody in danger" may be believed in this state.
    #[must_use]
    pub const fn is_watching(self) -> bool {
        matches!(self, Self::Live)
    }

    /// The name, as in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Live => "LIVE",
            Self::Degraded => "DEGRADED",
            Self::Stale => "STALE",
            Self::Offline => "OFFLINE",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for CameraState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a camera can't be trusted to see: a stable code, so that screens can
/// word it in the operator's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindReason {
    /// The source is being opened for the first time.
    Opening,
    /// The newest analysis is too old.
    AnalysisLate,
    /// The detector reports errors.
    DetectorFailed,
    /// The live picture does not change at all.
    Frozen,
    /// Parts of the coded pictures were lost on the way: what is seen is wrong in places
    /// until the next picture that stands alone.
    Damaged,
    /// The picture is black, or nearly: too dark for anything to be found.
    Dark,
    /// Something is before the camera: one smooth surface, or nothing is left of the background.
    Covered,
    /// The camera looks elsewhere: zones are not where they were drawn.
    Moved,
    /// No pictures arrive.
    NoPictures,
    /// The source does not answer.
    Unreachable,
    /// User or password refused.
    Unauthorized,
    /// The source's data can't be decoded.
    Undecodable,
    /// The source is not there.
    NotFound,
    /// The file has come to its end.
    Ended,
    /// Somebody paused or stopped it.
    Command,
    /// The camera's processing broke off by a fault of ours and is started again.
    Restarting,
}

impl BlindReason {
    /// The name, as in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::AnalysisLate => "analysis_late",
            Self::DetectorFailed => "detector_failed",
            Self::Frozen => "frozen",
            Self::Damaged => "damaged",
            Self::Dark => "dark",
            Self::Covered => "covered",
            Self::Moved => "moved",
            Self::NoPictures => "no_pictures",
            Self::Unreachable => "unreachable",
            Self::Unauthorized => "unauthorized",
            Self::Undecodable => "undecodable",
            Self::NotFound => "not_found",
            Self::Ended => "ended",
            Self::Command => "command",
            Self::Restarting => "restarting",
        }
    }
}
