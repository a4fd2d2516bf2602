//! Shapes of incidents and mutes.

#![expect(dead_code, reason = "read by the description only")]

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acknowledgement, EventType, EventZone, Severity};

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentState {
    Raised,
    Acknowledged,
    Assigned,
    Resolved,
    FalseAlarm,
}

/// What one camera has seen of an incident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentCamera {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Different people that its alarms were about.
    pub(crate) people: u32,
    /// Those of them whose alarms last.
    pub(crate) open_people: u32,
}

/// Who sees to an incident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    pub(crate) to: String,
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) note: String,
}

/// Who did something, when, and what they say of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Noted {
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) note: String,
}

/// How often nobody has acknowledged in time; level 0: there is still time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escalation {
    pub(crate) level: u8,
    pub(crate) at: Option<String>,
}

/// Alarms of one cause, and what people did about them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incident {
    /// Grows in the order in which incidents began: the cursor of lists.
    pub(crate) number: i64,
    /// The id of its first event.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) event_type: EventType,
    pub(crate) severity: Severity,
    pub(crate) camera: Option<String>,
    pub(crate) camera_name: String,
    pub(crate) zone: Option<EventZone>,
    pub(crate) cameras: Vec<IncidentCamera>,
    pub(crate) start: String,
    /// Null while one of its alarms lasts.
    pub(crate) end: Option<String>,
    pub(crate) last_event_at: String,
    pub(crate) events: u32,
    pub(crate) open_events: u32,
    pub(crate) people: u32,
    /// The most of them at the same time.
    pub(crate) people_peak: u32,
    pub(crate) state: IncidentState,
    /// Grows by one with each change.
    pub(crate) revision: u64,
    pub(crate) acknowledged: Option<Acknowledgement>,
    pub(crate) assigned: Option<Assignment>,
    pub(crate) closed: Option<Noted>,
    /// Since when nobody has acknowledged it.
    pub(crate) waiting_since: String,
    pub(crate) escalation: Escalation,
    pub(crate) held: Option<Noted>,
}

/// What is or was quiet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mute {
    pub(crate) id: i64,
    pub(crate) camera: Option<String>,
    pub(crate) zone: Option<String>,
    #[serde(rename = "type")]
    pub(crate) event_type: Option<EventType>,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) lifted: Option<Lifted>,
    /// Alarms that it keeps quiet and that still last.
    pub(crate) events: i64,
}

/// Who let it ring before its time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifted {
    pub(crate) by: String,
    pub(crate) at: String,
}
