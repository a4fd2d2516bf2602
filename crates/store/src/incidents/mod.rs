//! Incidents: alarms of one cause, what people do about them, and what is quiet meanwhile.
//!
//! An alarm joins its incident in the transaction that records it ([`group`]), so that there is no alarm
//! without an incident, and none is counted twice. Alarms that a mute keeps quiet have none.

mod clock;
mod escalate;
pub(crate) mod group;
pub(crate) mod mutes;
mod precision;
mod read;
mod rows;
mod settings;
mod steps;

use safe_yolo_core::incident::IncidentState;
use safe_yolo_core::{CameraId, EventId, EventType, Incident, Severity, Utc, ZoneId};
use serde::Serialize;

pub use escalate::Partly;
pub use mutes::{Lifted, Mute, NewMute};
pub use precision::RulePrecision;

/// An incident as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentRecord {
    /// Grows in the order in which incidents began.
    pub number: i64,
    /// What it is.
    #[serde(flatten)]
    pub incident: Incident,
}

/// What somebody did about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentDeed {
    /// Grows with each entry.
    pub number: i64,
    /// When.
    pub at: Utc,
    /// Which user; `system` for what went by itself.
    pub who: String,
    /// What, such as `acknowledged`.
    pub deed: String,
    /// What they say of it.
    pub note: String,
}

/// Some incidents, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IncidentList {
    /// Those that fit.
    pub incidents: Vec<IncidentRecord>,
    /// Numbers of those that fit and can't be read.
    pub unreadable: Vec<i64>,
}

/// Which incidents to read, newest first. Nothing set means all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IncidentFilter {
    /// `true`: those in which something is left to be done.
    pub open: Option<bool>,
    /// In this state only.
    pub state: Option<IncidentState>,
    /// Begun on this camera.
    pub camera: Option<CameraId>,
    /// Begun in this zone.
    pub zone: Option<ZoneId>,
    /// Of this type.
    pub event_type: Option<EventType>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// That began then or later.
    pub from: Option<Utc>,
    /// That began before.
    pub to: Option<Utc>,
    /// Of a smaller number, to page.
    pub before: Option<i64>,
    /// Most of them; 100 if 0, 500 at most.
    pub limit: u32,
}

impl IncidentFilter {
    /// Most incidents in one answer.
    pub const LIMIT_MAX: u32 = 500;
    /// Incidents in one answer unless stated.
    pub const LIMIT: u32 = 100;
}

/// How many incidents want something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IncidentCounts {
    /// Neither resolved nor a false alarm.
    pub open: u64,
    /// Nobody has acknowledged their newest alarm.
    pub unacknowledged: u64,
}

/// A change that somebody asks for.
#[derive(Debug, Clone)]
pub struct StepBy<'a> {
    /// Which incident.
    pub id: EventId,
    /// What.
    pub step: &'a safe_yolo_core::incident::Step,
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Utc,
    /// The revision that they saw, if they say so.
    pub based_on: Option<u64>,
}

/// Most characters of a reason, a note or a name.
pub(crate) const NOTE_CHARS_MAX: usize = 1000;
