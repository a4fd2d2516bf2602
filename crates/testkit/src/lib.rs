//! Fixtures for tests: an RTSP camera with faults, clips made by ffmpeg.

pub mod clip;
mod error;
pub mod footage;
pub mod process;
pub mod rtsp;
pub mod wait;

pub use error::TestkitError;
