//! Types, units, geometry and time as data, shared by every layer.
//!
//! Nothing here reads a clock, a file or a socket; nothing here spawns a thread.

pub mod analysis;
pub mod assignment;
pub mod breaker;
pub mod class;
pub mod config;
pub mod event;
pub mod geometry;
pub mod grid;
pub mod id;
pub mod rule;
pub mod state;
pub mod time;
pub mod track;

pub use analysis::{Analysis, CloseUp, Detection, SkipReason};
pub use breaker::{Breaker, BreakerConfig, BreakerState};
pub use class::Class;
pub use config::{CameraConfig, Equipment, Zone, ZoneType};
pub use event::{Event, EventChange, EventType, Message, Severity};
pub use geometry::{FractionPoint, PictureSize, PixelBox, PixelPoint, Polygon};
pub use id::{CameraId, EventId, SegmentId, TrackId, ZoneId};
pub use rule::{Rule, RuleKind, RuleType};
pub use state::{BlindReason, CameraState};
pub use time::{PictureTime, Utc};
pub use track::Track;
