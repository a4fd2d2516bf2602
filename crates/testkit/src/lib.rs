//! Fixtures for tests: an RTSP camera with faults, clips made by ffmpeg.

pub mod clip;
mod error;
pub mod footage;
pub mod http;
pub mod process;
#[cfg(feature = "program")]
pub mod program;
pub mod rtsp;
pub mod wait;

pub use error::TestkitError;
