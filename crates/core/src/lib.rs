//! Types, units, geometry and time as data, shared by every layer.
//!
//! Nothing here reads a clock, a file or a socket; nothing here spawns a thread.

pub mod address;
pub mod alarm_settings;
pub mod analysis;
pub mod assignment;
pub mod breaker;
pub mod checklist;
pub mod class;
pub mod config;
mod days;
pub mod event;
pub mod floor;
pub mod geometry;
pub mod grid;
pub mod id;
pub mod incident;
mod overlap;
pub mod rule;
pub mod schedule;
pub mod state;
pub mod time;
pub mod track;
pub mod tripwire;

pub use alarm_settings::{AlarmSettings, ExportBlur};
pub use analysis::{Analysis, CloseUp, Detection, SkipReason};
pub use breaker::{Breaker, BreakerConfig, BreakerState};
pub use class::Class;
pub use config::{Anchor, CameraConfig, Equipment, Zone, ZoneType};
pub use event::{Event, EventChange, EventType, Message, Severity};
pub use floor::{Calibration, CalibrationError};
pub use geometry::{FractionPoint, PictureSize, PixelBox, PixelPoint, Polygon};
pub use id::{CameraId, ChecklistId, EventId, RegulationId, SegmentId, TrackId, ZoneId};
pub use incident::{Incident, IncidentState};
pub use rule::{Rule, RuleKind, RuleType, When};
pub use schedule::{Calendar, Schedule};
pub use state::{BlindReason, CameraState};
pub use time::{PictureTime, Utc};
pub use track::Track;
pub use tripwire::{Direction, Tripwire};
