//! Camera supervisors, the analysis of each camera, live pictures and health.
//!
//! One task owns all state of one camera and talks to the rest by bounded
//! messages. Nothing here knows HTTP or SQL.

pub mod analyst;
mod backlog;
mod blindness;
pub mod camera;
pub mod clips;
mod command;
pub mod engine;
pub mod evidence;
#[cfg(test)]
mod fixture;
mod gate;
pub mod health;
mod heartbeat;
mod isolate;
pub mod live;
mod luma;
mod motion;
pub mod need;
pub mod offline;
mod open_events;
pub mod opener;
mod overseer;
mod pacing;
mod restart;
pub mod scheduler;
mod second_look;
pub mod shake;
pub mod shot;
pub mod status;
mod supervisor;
pub mod track_sink;
mod view_watch;

pub use camera::CameraHandle;
pub use command::{Command, CommandError};
pub use engine::{Engine, EngineConfig, Output};
pub use live::{LiveHeader, LivePicture};
pub use opener::{Opener, RealSources};
pub use status::Status;
pub use track_sink::{SegmentSink, TrackSink};
