//! Events and their numbered changes.
//!
//! `seq` counts changes in commit order and is never given twice. An event's
//! own `seq` is that of its newest change, its `raised_seq` (kept here) that of
//! its first.

mod acknowledge;
mod merge;
pub(crate) mod page;
mod read;
mod record;
mod rows;
mod unfinished;

use safe_yolo_core::event::{Acknowledgement, ChangeKind};
use safe_yolo_core::{CameraId, Event, EventId, EventType, Severity, Utc, ZoneId};
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use acknowledge::apply as acknowledge_here;
pub(crate) use record::unbroken;
pub(crate) use rows::{EventRow, put_rung};

/// An event as it is stored; written to JSON in the shape of the API's `Event`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventRecord {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Its newest change; 0, written as null, while it is not stored.
    #[serde(serialize_with = "null_for_none")]
    pub seq: i64,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// The incident that it belongs to, if it is an alarm that rang.
    pub incident: Option<EventId>,
    /// The mute that keeps it quiet, or did when it began.
    pub muted: Option<i64>,
    /// Of that mute; only where events are read, not where they are told as they happen.
    pub muted_by: Option<MutedBy>,
}

/// Who keeps an event quiet, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutedBy {
    /// Who muted.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when, or when it was lifted.
    pub until: Utc,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn null_for_none<S: Serializer>(seq: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    (*seq > 0).then_some(*seq).serialize(serializer)
}

/// One change, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredChange {
    /// Its number: grows in commit order.
    pub seq: i64,
    /// What became of the event.
    pub kind: ChangeKind,
    /// The event after this change.
    #[serde(rename = "event")]
    pub record: EventRecord,
}

/// What came of handing over a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The change's number; that of the first time for a repeated change.
    pub seq: i64,
    /// The event after that change.
    pub record: EventRecord,
}

/// News of an event for everybody who listens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Announced {
    /// Whether it is durable. An alarm that is not comes once more when it is.
    pub recorded: bool,
    /// The change's number, once recorded.
    pub seq: Option<i64>,
    /// What became of the event.
    pub kind: ChangeKind,
    /// The event after the change.
    #[serde(rename = "event")]
    pub record: EventRecord,
}

/// Which events to read. Nothing set means all, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventFilter {
    /// Of one of these cameras, deleted ones included.
    pub cameras: Vec<CameraId>,
    /// In one of these zones, deleted ones included.
    pub zones: Vec<ZoneId>,
    /// Of one of these types.
    pub event_types: Vec<EventType>,
    /// Of one of these severities.
    pub severities: Vec<Severity>,
    /// `true`: acknowledged ones. `false`: those that wait for it, so alarms only.
    pub acknowledged: Option<bool>,
    /// That began then or later.
    pub from: Option<Utc>,
    /// That began before.
    pub to: Option<Utc>,
    /// Changed after this change, oldest change first; to go on, pass the
    /// last event's `seq`.
    pub after_seq: Option<i64>,
    /// Raised before the event that this change belongs to; to page back, pass
    /// the last event's `seq`, however old. Ignored with `after_seq`.
    pub before_seq: Option<i64>,
    /// Most events to read; 100 if 0, 500 at most.
    pub limit: u32,
}

impl EventFilter {
    /// Most events in one answer.
    pub const LIMIT_MAX: u32 = 500;
    /// Events in one answer unless stated.
    pub const LIMIT: u32 = 100;
}
