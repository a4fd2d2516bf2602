//! Following people from picture to picture of one camera: BoT-SORT (Aharon,
//! Orfaig and Bobrovsky, "BoT-SORT: Robust Associations Multi-Pedestrian Tracking",
//! arXiv:2206.14651), on top of ByteTrack's two associations (Zhang et al., ECCV
//! 2022, arXiv:2110.06864), which it also is by [`TrackerConfig::byte_track`].
//!
//! All durations are seconds and every step takes the time that passed, so that
//! the rate of analysis may be anything and may change. Nothing here reads a
//! clock, a file or a socket.
//!
//! What is absent: a model of appearance (one is accepted through [`Appearance`]),
//! and the estimation of camera motion (an estimate is accepted through
//! [`Tracker::compensate`]).

pub mod appearance;
mod association;
mod config;
mod kalman;
pub mod mot;
mod motion;
mod tracker;
mod tracklet;

pub use appearance::Appearance;
pub use config::{TrackerConfig, TrackerConfigError};
pub use kalman::BoxState;
pub use motion::{CameraMotion, CameraMotionError};
pub use tracker::{TrackError, Tracker, TrackerCounters};
