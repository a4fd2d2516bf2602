//! Shapes of answers that other crates write, for the description. A test
//! holds them against what is really written.

#![expect(dead_code, reason = "read by the description only")]

mod incidents;

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use incidents::{Incident, IncidentState, Mute};

/// What a camera is worth right now; only LIVE may look safe.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum CameraState {
    Connecting,
    Live,
    Degraded,
    Stale,
    Offline,
    Paused,
    Stopped,
}

/// Why a camera can't be trusted to see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlindReason {
    Opening,
    AnalysisLate,
    DetectorFailed,
    Frozen,
    Dark,
    Covered,
    Moved,
    Damaged,
    NoPictures,
    Unreachable,
    Unauthorized,
    Undecodable,
    NotFound,
    Ended,
    Command,
    Restarting,
}

/// Why a camera is analysed so often.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    People,
    Motion,
    Quiet,
}

/// A camera's state and figures; what is not known is null.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {
    pub(crate) state: CameraState,
    pub(crate) reason: Option<BlindReason>,
    pub(crate) picture_age_ms: Option<u64>,
    pub(crate) analysis_age_ms: Option<u64>,
    pub(crate) analysed_per_s: Option<f64>,
    pub(crate) wanted_per_s: f64,
    pub(crate) need: Need,
    pub(crate) pictures_per_s: Option<f64>,
    pub(crate) dropped: u64,
    pub(crate) position_ms: Option<i64>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) playing: bool,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) people: Option<u64>,
    pub(crate) source_connections: u64,
    pub(crate) restarts: u64,
}

/// What a zone means.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZoneType {
    Warning,
    Danger,
    Custom,
}

/// What of a person says whether he is in a zone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Anchor {
    Foot,
    Centre,
    Overlap,
}

/// A day of the week.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// What holidays are to a period.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holidays {
    Included,
    Excluded,
    Only,
}

/// Hours of some days in the site's time; one that ends before it begins goes on over midnight.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Period {
    /// On which days it begins; all unless given.
    pub(crate) days: Option<Vec<Day>>,
    /// As `08:30`; the begin of the day unless given.
    pub(crate) from: Option<String>,
    /// As `24:00`, no longer then; the end of the day unless given.
    pub(crate) to: Option<String>,
    pub(crate) holidays: Option<Holidays>,
}

/// What must be so in the zone for a rule to apply; where that can't be told, it applies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    pub(crate) class: Awaited,
    /// Whether it must be there, or must not.
    pub(crate) present: bool,
}

/// What a rule can wait for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Awaited {
    Person,
    SafetyCone,
    Machinery,
    Vehicle,
    Forklift,
    FireExtinguisher,
    Fire,
    Smoke,
}

/// Which way a line is crossed, for who stands at its first point and looks at the second.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Both,
    ToLeft,
    ToRight,
}

/// Four points of the picture and where they are on the floor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    /// `[x, y]` in fractions of the picture: four corners, in order.
    pub(crate) points: Vec<[f64; 2]>,
    /// `[x, y]` in metres: the same corners.
    pub(crate) metres: Vec<[f64; 2]>,
}

/// Equipment that a zone can require.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Equipment {
    Helmet,
    Vest,
    Mask,
    Gloves,
    Boots,
    Goggles,
}

/// What a rule watches for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleType {
    Loitering,
    OccupancyAbove,
    OccupancyBelow,
    EntriesAbove,
    LoneWorker,
    LineCrossing,
    ObjectMissing,
    ObjectPresent,
    Proximity,
    NearMiss,
    Fall,
    Motionless,
    Fire,
    Smoke,
}

/// What a detection shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Thing {
    SafetyCone,
    Machinery,
    Vehicle,
    Forklift,
    FireExtinguisher,
    Fire,
    Smoke,
}

/// One rule of a zone; what is left out is as usual for its type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(rename = "type")]
    pub(crate) rule_type: RuleType,
    /// Its own name among the zone's rules; the type's unless given.
    pub(crate) name: Option<String>,
    /// Of `occupancy_above`, `occupancy_below` and `entries_above`, which need it.
    pub(crate) people: Option<u32>,
    /// Of `entries_above`: seconds in which they are counted; 3600 unless given.
    pub(crate) window_s: Option<f64>,
    /// Of `line_crossing`, which needs it: two points in fractions of the picture.
    pub(crate) line: Option<Vec<[f64; 2]>>,
    /// Of `line_crossing`: `both` unless given.
    pub(crate) direction: Option<Direction>,
    /// Of `object_missing`, `object_present`, `proximity` and `near_miss`, which need it.
    pub(crate) class: Option<Thing>,
    /// Of `proximity` and `near_miss`, which need it or `distance_m`: in heights of the person.
    pub(crate) distance: Option<f64>,
    /// The same in metres: for cameras that are calibrated.
    pub(crate) distance_m: Option<f64>,
    /// Of `near_miss`, which needs it or `speed_m_s`: in heights of the person a second.
    pub(crate) speed: Option<f64>,
    /// The same in metres a second, with `distance_m`.
    pub(crate) speed_m_s: Option<f64>,
    pub(crate) active: Option<bool>,
    pub(crate) severity: Option<Severity>,
    /// Seconds that it must hold before its alarm.
    pub(crate) dwell_s: Option<f64>,
    /// Seconds before the same person, or the same place, raises it again.
    pub(crate) pause_s: Option<f64>,
    /// When it applies; when its zone does unless given.
    pub(crate) schedule: Option<Vec<Period>>,
    pub(crate) when: Option<When>,
    /// What the operator reads instead of the usual words.
    pub(crate) message: Option<Message>,
}

/// What happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventType {
    DangerZoneIntrusion,
    WarningZoneIntrusion,
    Entrance,
    Exit,
    HelmetMissing,
    VestMissing,
    MaskMissing,
    GlovesMissing,
    BootsMissing,
    GogglesMissing,
    Loitering,
    OccupancyAbove,
    OccupancyBelow,
    EntriesAbove,
    LoneWorker,
    LineCrossing,
    ObjectMissing,
    ObjectPresent,
    Proximity,
    NearMiss,
    Fall,
    Motionless,
    Fire,
    Smoke,
    System,
}

/// How much of people is made unrecognisable in what is exported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportBlur {
    Heads,
    Bodies,
}

/// How grave it is; WARNING and CRITICAL are alarms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Severity {
    Info,
    Warning,
    Critical,
}

/// A text in both languages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) ko: String,
    pub(crate) en: String,
}

/// The zone of an event, with its name at that time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventZone {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The place that it shares with zones of other cameras.
    pub(crate) place: Option<String>,
}

/// Whether pictures prove an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SnapshotState {
    None,
    Pending,
    Stored,
    Failed,
}

/// Who has seen an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) reason: String,
}

/// What happened, where, to whom, and what became of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// The newest change; null while it is not stored.
    pub(crate) seq: Option<i64>,
    pub(crate) camera: Option<String>,
    pub(crate) camera_name: String,
    #[serde(rename = "type")]
    pub(crate) event_type: EventType,
    pub(crate) severity: Severity,
    pub(crate) zone: Option<EventZone>,
    /// The person, as camera/segment/number.
    pub(crate) track: Option<String>,
    /// RFC 3339, UTC.
    pub(crate) start: String,
    /// Null while it lasts.
    pub(crate) end: Option<String>,
    pub(crate) message: Message,
    #[schema(value_type = Object)]
    pub(crate) details: BTreeMap<String, serde_json::Value>,
    /// The version of the camera's settings that judged it.
    pub(crate) config_version: u64,
    pub(crate) snapshot: SnapshotState,
    /// Of the clip; `details.clip` says what it shows.
    pub(crate) clip: SnapshotState,
    pub(crate) acknowledged: Option<Acknowledgement>,
    /// The incident that it belongs to, if it is an alarm that rang.
    pub(crate) incident: Option<String>,
    /// The mute that keeps it quiet, or did when it began.
    pub(crate) muted: Option<i64>,
    /// Of that mute; null where events are told as they happen.
    pub(crate) muted_by: Option<MutedBy>,
}

/// Who keeps an event quiet, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MutedBy {
    pub(crate) by: String,
    pub(crate) reason: String,
    /// RFC 3339, UTC: until when, or when it was lifted.
    pub(crate) until: String,
}

/// What became of an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    Raised,
    Updated,
    Ended,
    Acknowledged,
}

/// One change, with the event after it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) seq: i64,
    pub(crate) kind: ChangeKind,
    /// Always true: what is not stored can't be asked for.
    pub(crate) recorded: bool,
    pub(crate) event: Event,
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::event::{Acknowledgement as Seen, ZoneRef};
    use safe_yolo_core::{Message as Words, Utc};
    use safe_yolo_store::{EventRecord, StoredChange};
    use serde_json::json;

    use super::*;
    use crate::system_event::system_event;

    #[test]
    fn answers_are_as_described() {
        let status = serde_json::to_value(safe_yolo_pipeline::Status::unknown()).unwrap();
        let read: Status = serde_json::from_value(status.clone()).unwrap();
        assert!(read.people.is_none() && matches!(read.state, CameraState::Connecting));
        assert_eq!(status.as_object().unwrap().len(), 17);

        let words = Words { ko: "가".into(), en: "a".into() };
        let mut event = system_event(None, words, json!({"part": "x"}));
        event.zone = Some(ZoneRef { id: "z1".parse().unwrap(), name: "Z".into(), place: None });
        event.track = Some("c/1/2".parse().unwrap());
        let acknowledged = Some(Seen { by: "kim".into(), at: Utc(0), reason: "seen".into() });
        let incident = safe_yolo_core::Incident::new(&event);
        let muted_by =
            safe_yolo_store::MutedBy { by: "lee".into(), reason: "drill".into(), until: Utc(1) };
        let (muted, muted_by) = (Some(3), Some(muted_by));
        let record = EventRecord { event, seq: 7, acknowledged, incident: None, muted, muted_by };
        let kind = safe_yolo_core::event::ChangeKind::Acknowledged;
        let change = crate::changes::Stored::from(StoredChange { seq: 7, kind, record });
        let change: Change = serde_json::from_value(serde_json::to_value(change).unwrap()).unwrap();
        let incident = safe_yolo_store::IncidentRecord { number: 1, incident };
        let incident: Incident = serde_json::from_value(json!(incident)).unwrap();
        assert_eq!((incident.events, incident.cameras.len()), (1, 0));
        let mute = safe_yolo_store::Mute {
            id: 1,
            camera: Some("c".into()),
            zone: None,
            event_type: Some("fall".into()),
            from: Utc(0),
            until: Utc(1),
            reason: "drill".into(),
            by: "kim".into(),
            lifted: Some(safe_yolo_store::Lifted { by: "lee".into(), at: Utc(1) }),
            events: 0,
        };
        let _: Mute = serde_json::from_value(json!(mute)).unwrap();
        for state in safe_yolo_core::IncidentState::ALL {
            let _: IncidentState = serde_json::from_value(json!(state)).unwrap();
        }
        assert!(change.recorded && change.seq == 7);
        assert!(matches!(change.kind, ChangeKind::Acknowledged));
        let event = change.event;
        assert_eq!((event.seq, event.track.as_deref()), (Some(7), Some("c/1/2")));
        assert_eq!(event.acknowledged.unwrap().reason, "seen");
        assert_eq!(event.details["part"], "x");
        for state in safe_yolo_core::CameraState::ALL {
            let _: CameraState = serde_json::from_value(json!(state)).unwrap();
        }
        for rule_type in safe_yolo_core::RuleType::ALL {
            let _: RuleType = serde_json::from_value(json!(rule_type)).unwrap();
        }
        let rule = safe_yolo_core::Rule::new(safe_yolo_core::RuleKind::Fall);
        let rule: Rule = serde_json::from_value(json!(rule)).unwrap();
        assert!(matches!(rule.rule_type, RuleType::Fall) && rule.people.is_none());
        for event_type in safe_yolo_core::EventType::ALL {
            let _: EventType = serde_json::from_value(json!(event_type)).unwrap();
        }
    }
}
