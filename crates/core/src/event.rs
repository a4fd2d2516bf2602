//! Events: what happened, where, to whom, and what became of it.

use serde::{Deserialize, Serialize};

use crate::{CameraId, Equipment, EventId, TrackId, Utc, ZoneId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// A person stayed in a danger zone.
    DangerZoneIntrusion,
    /// A person stayed in a warning zone.
    WarningZoneIntrusion,
    /// A person came into a zone.
    Entrance,
    /// A person left a zone; `details.stay_s` says after how long.
    Exit,
    /// A person in a zone that requires a helmet wears none.
    HelmetMissing,
    /// A person in a zone that requires a vest wears none.
    VestMissing,
    /// A person in a zone that requires a mask wears none.
    MaskMissing,
    /// A person in a zone that requires gloves wears none.
    GlovesMissing,
    /// A person in a zone that requires boots wears none.
    BootsMissing,
    /// A person in a zone that requires goggles wears none.
    GogglesMissing,
    /// Somebody stayed in a zone.
    Loitering,
    /// More people in a zone than may be.
    OccupancyAbove,
    /// Fewer people in a zone than must be.
    OccupancyBelow,
    /// More people came into a zone than may within a time.
    EntriesAbove,
    /// Somebody is alone in a zone.
    LoneWorker,
    /// Somebody crossed a line.
    LineCrossing,
    /// Something that must be in a zone is not.
    ObjectMissing,
    /// Something that may not be in a zone is.
    ObjectPresent,
    /// Somebody is near to a machine or vehicle.
    Proximity,
    /// Somebody and a machine or vehicle came near to each other fast.
    NearMiss,
    /// Somebody lies.
    Fall,
    /// Somebody does not move.
    Motionless,
    /// Flames.
    Fire,
    /// Smoke.
    Smoke,
    /// The system itself: a camera went blind, storage failed, and so on.
    System,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 25] = [
        Self::DangerZoneIntrusion,
        Self::WarningZoneIntrusion,
        Self::Entrance,
        Self::Exit,
        Self::HelmetMissing,
        Self::VestMissing,
        Self::MaskMissing,
        Self::GlovesMissing,
        Self::BootsMissing,
        Self::GogglesMissing,
        Self::Loitering,
        Self::OccupancyAbove,
        Self::OccupancyBelow,
        Self::EntriesAbove,
        Self::LoneWorker,
        Self::LineCrossing,
        Self::ObjectMissing,
        Self::ObjectPresent,
        Self::Proximity,
        Self::NearMiss,
        Self::Fall,
        Self::Motionless,
        Self::Fire,
        Self::Smoke,
        Self::System,
    ];

    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DangerZoneIntrusion => "danger_zone_intrusion",
            Self::WarningZoneIntrusion => "warning_zone_intrusion",
            Self::Entrance => "entrance",
            Self::Exit => "exit",
            Self::HelmetMissing => "helmet_missing",
            Self::VestMissing => "vest_missing",
            Self::MaskMissing => "mask_missing",
            Self::GlovesMissing => "gloves_missing",
            Self::BootsMissing => "boots_missing",
            Self::GogglesMissing => "goggles_missing",
            Self::Loitering => "loitering",
            Self::OccupancyAbove => "occupancy_above",
            Self::OccupancyBelow => "occupancy_below",
            Self::EntriesAbove => "entries_above",
            Self::LoneWorker => "lone_worker",
            Self::LineCrossing => "line_crossing",
            Self::ObjectMissing => "object_missing",
            Self::ObjectPresent => "object_present",
            Self::Proximity => "proximity",
            Self::NearMiss => "near_miss",
            Self::Fall => "fall",
            Self::Motionless => "motionless",
            Self::Fire => "fire",
            Self::Smoke => "smoke",
            Self::System => "system",
        }
    }

    /// The type with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The event of a missing item.
    #[must_use]
    pub const fn missing(item: Equipment) -> Self {
        match item {
            Equipment::Helmet => Self::HelmetMissing,
            Equipment::Vest => Self::VestMissing,
            Equipment::Mask => Self::MaskMissing,
            Equipment::Gloves => Self::GlovesMissing,
            Equipment::Boots => Self::BootsMissing,
            Equipment::Goggles => Self::GogglesMissing,
        }
    }
}

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    /// Every severity, least grave first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }

    /// The severity with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whether somebody has to acknowledge it.
    #[must_use]
    pub fn is_alarm(self) -> bool {
        self > Self::Info
    }
}

/// What an operator reads, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Message {
    pub ko: String,
    pub en: String,
}

/// The zone of an event, with its name at that time: zones can be renamed or deleted, events stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct ZoneRef {
    pub id: ZoneId,
    pub name: String,
    /// The place that it shares with zones of other cameras.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Whether a picture, or a clip, proves the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotState {
    /// None is meant to be.
    #[default]
    None,
    /// Being written.
    Pending,
    /// On disk.
    Stored,
    /// Could not be written: the event stands without.
    Failed,
}

impl SnapshotState {
    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Stored => "stored",
            Self::Failed => "failed",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Pending, Self::Stored, Self::Failed]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// One event, as it is announced and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Made by the engine, before anything is stored.
    pub id: EventId,
    /// The camera, or none for the system as a whole.
    pub camera: Option<CameraId>,
    /// The camera's name at that time.
    pub camera_name: String,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// How grave it is.
    pub severity: Severity,
    /// The zone, if it happened in one.
    pub zone: Option<ZoneRef>,
    /// The person, if it is about one.
    pub track: Option<TrackId>,
    /// When the rule was met.
    pub start: Utc,
    /// When it was over; none while it lasts.
    pub end: Option<Utc>,
    /// What an operator reads.
    pub message: Message,
    /// Figures: `since_s`, `stay_s`, votes, boxes, reason and so on.
    pub details: serde_json::Map<String, serde_json::Value>,
    /// The version of the camera's settings that judged it.
    pub config_version: u64,
    /// Whether pictures prove it.
    pub snapshot: SnapshotState,
    /// Whether a clip does; `details.clip` says which part of the source it shows.
    #[serde(default)]
    pub clip: SnapshotState,
}

/// What became of an event; each is counted once by the store's `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Raised,
    /// Its figures or evidence changed.
    Updated,
    /// It is over.
    Ended,
    /// Somebody has seen it.
    Acknowledged,
}

impl ChangeKind {
    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Updated => "updated",
            Self::Ended => "ended",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Raised, Self::Updated, Self::Ended, Self::Acknowledged]
            .into_iter()
            .find(|k| k.name() == name)
    }
}

/// A change that the engine hands to the store: the event as it is from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventChange {
    /// What became of it.
    pub kind: ChangeKind,
    /// The whole event after the change.
    pub event: Event,
}

/// Who has seen an event, when, and what they say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Acknowledgement {
    pub by: String,
    pub at: Utc,
    pub reason: String,
}
