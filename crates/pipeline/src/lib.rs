//! Camera supervisors, the analysis of each camera, live pictures and health.
//!
//! One task owns all state of one camera and talks to the rest by bounded
//! messages. Nothing here knows HTTP or SQL.

pub mod analyst;
pub mod camera;
mod command;
pub mod engine;
pub mod evidence;
pub mod health;
pub mod live;
pub mod offline;
mod outlet;
mod pacing;
pub mod status;
mod supervisor;

pub use camera::CameraHandle;
pub use command::{Command, CommandError};
pub use engine::{Engine, EngineConfig, Output};
pub use live::{LiveHeader, LivePicture};
pub use status::Status;
