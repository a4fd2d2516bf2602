//! From one person in one zone to findings: raised, paused, ended.

use safe_yolo_core::event::{ChangeKind, SnapshotState, ZoneRef};
use safe_yolo_core::{
    CameraConfig, CameraId, Equipment, Event, EventChange, EventId, EventType, Message,
    PictureTime, SegmentId, Severity, Utc, Zone, ZoneId, ZoneType,
};
use serde_json::{Map, json};

use crate::engine::PictureEntry;
use crate::equipment::{self, Count, Verdict};
use crate::message::message;
use crate::presence::{Presence, Step, Whereabouts, whereabouts};
use crate::subject::{Raised, Subject};

/// Window of a zone's verdicts: its dwell, within what votes can carry.
pub(crate) fn window_s(zone: &Zone) -> f64 {
    zone.dwell_s.clamp(1.0, equipment::Ballot::WINDOW_MAX_S)
}

/// What an event is made of.
pub(crate) struct Finding<'a> {
    pub(crate) event_type: EventType,
    pub(crate) severity: Severity,
    pub(crate) zone: &'a Zone,
    /// The person, if it is about one.
    pub(crate) subject: Option<&'a Subject>,
    /// When its condition began.
    pub(crate) since: PictureTime,
    pub(crate) message: Message,
    pub(crate) details: Map<String, serde_json::Value>,
}

/// Makes the events of one picture.
pub(crate) struct EventMaker<'a> {
    pub(crate) camera: &'a CameraId,
    pub(crate) segment: SegmentId,
    pub(crate) config: &'a CameraConfig,
    pub(crate) now: (PictureTime, Utc),
    pub(crate) made: &'a mut u64,
}

/// Whether a zone is within its hours.
pub(crate) fn applies(zone: &Zone, config: &CameraConfig, utc: Utc) -> bool {
    let schedule = zone.schedule.as_ref();
    schedule.is_none_or(|schedule| schedule.covers(utc, &config.calendar))
}

impl EventMaker<'_> {
    /// Whether the zone's own rules are asked now.
    pub(crate) fn applies(&self, zone: &Zone) -> bool {
        applies(zone, self.config, self.now.1)
    }

    /// An event about somebody in `zone` whose condition began at `since`.
    fn of_person(
        &mut self,
        (event_type, severity): (EventType, Severity),
        zone: &Zone,
        subject: &Subject,
        since: PictureTime,
        details: Map<String, serde_json::Value>,
    ) -> Event {
        let seconds = self.now.0.secs_since(since);
        let said = details.get("stay_s").and_then(serde_json::Value::as_f64).unwrap_or(seconds);
        let message = message(event_type, &zone.name, subject.track.number, said);
        let subject = Some(subject);
        self.make(Finding { event_type, severity, zone, subject, since, message, details })
    }

    /// The event of a finding.
    pub(crate) fn make(&mut self, finding: Finding<'_>) -> Event {
        let Finding { event_type, severity, zone, subject, since, message, mut details } = finding;
        let (time, utc) = self.now;
        *self.made += 1;
        details.insert("start_s".into(), json!(time.secs_f64()));
        details.insert("since_s".into(), json!(since.secs_f64()));
        if let Some(subject) = subject {
            details.insert("box".into(), json!(subject.bbox));
            details.insert("score".into(), json!(subject.score));
        }
        Event {
            id: event_id(self.camera, self.segment, *self.made, utc),
            camera: Some(self.camera.clone()),
            camera_name: self.config.name.clone(),
            event_type,
            severity,
            zone: Some(ZoneRef {
                id: zone.id.clone(),
                name: zone.name.clone(),
                place: zone.place.clone(),
            }),
            track: subject.map(|subject| subject.track.clone()),
            start: utc,
            end: None,
            message,
            details,
            config_version: self.config.version,
            snapshot: SnapshotState::None,
            clip: SnapshotState::None,
        }
    }
}

/// A UUID version 7 whose random part is made from what makes the event
/// unique, so that a replay gives the same one (FNV-1a, 2 x 64 bits).
fn event_id(camera: &CameraId, segment: SegmentId, number: u64, utc: Utc) -> EventId {
    let hash = |seed: u64| {
        let bytes =
            camera.as_str().bytes().chain(segment.0.to_le_bytes()).chain(number.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325 ^ seed, |h: u64, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let mut random = [0; 10];
    random[..8].copy_from_slice(&hash(0).to_le_bytes());
    random[8..].copy_from_slice(&hash(0x9e37_79b9_7f4a_7c15).to_le_bytes()[..2]);
    let millis = u64::try_from(utc.micros() / 1000).unwrap_or(0);
    EventId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// One matched person and one zone, after one picture; when he went out, if it made sure of that.
pub(crate) fn step_zone(
    subject: &mut Subject,
    zone: &Zone,
    picture: &PictureEntry<'_>,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) -> Option<PictureTime> {
    let known = subject.presence.get(&zone.id).copied();
    let floor = maker.config.calibration.as_ref();
    let place = whereabouts(zone, &subject.bbox, picture.size, floor, known.is_some());
    let inside = place != Whereabouts::Outside;
    let mut presence = match known {
        Some(presence) => presence,
        None if inside => Presence::new(picture.time),
        None => return None,
    };
    // The edge bridges boxes that breathe; it makes no stay longer.
    presence.place = place;
    let step = presence.observe(picture.time, inside);
    if let Step::Left(at) = step {
        subject.presence.remove(&zone.id);
        leave(subject, zone, presence, at, maker, changes);
        return Some(at);
    }
    if step == Step::Entered {
        let entrance = (EventType::Entrance, Severity::Info);
        let event = maker.of_person(entrance, zone, subject, presence.since, Map::new());
        changes.push(instant(event));
    }
    match subject.presence.get_mut(&zone.id) {
        Some(known) => *known = presence,
        None => _ = subject.presence.insert(zone.id.clone(), presence),
    }
    if !maker.applies(zone) {
        let (time, utc) = maker.now;
        end_all(subject, |key| key.1 == zone.id, time, utc, "schedule", changes);
        return None;
    }
    if place == Whereabouts::Inside {
        intrusion(subject, zone, &presence, picture.time, maker, changes);
    }
    for item in &zone.require {
        equipment_rule(subject, zone, *item, &presence, maker, changes);
    }
    None
}

/// One person who is not seen whole: his feet may be anywhere below what is seen of him, but not in
/// a zone that is beside him. When he went out, if the picture made sure of that.
pub(crate) fn step_beside(
    subject: &mut Subject,
    zone: &Zone,
    picture: &PictureEntry<'_>,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) -> Option<PictureTime> {
    let presence = subject.presence.get_mut(&zone.id)?;
    let width = f64::from(picture.size.width);
    let (left, right) = (f64::from(subject.bbox.x1) / width, f64::from(subject.bbox.x2) / width);
    let corners = zone.points.points();
    let is_beside = corners.iter().all(|p| p.x < left) || corners.iter().all(|p| p.x > right);
    if !is_beside {
        return None;
    }
    presence.place = Whereabouts::Outside;
    let Step::Left(at) = presence.observe(picture.time, false) else { return None };
    let presence = subject.presence.remove(&zone.id)?;
    leave(subject, zone, presence, at, maker, changes);
    Some(at)
}

fn intrusion(
    subject: &mut Subject,
    zone: &Zone,
    presence: &Presence,
    time: PictureTime,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let (event_type, severity) = match zone.zone_type {
        ZoneType::Danger => (EventType::DangerZoneIntrusion, Severity::Critical),
        ZoneType::Warning => (EventType::WarningZoneIntrusion, Severity::Warning),
        ZoneType::Custom => return,
    };
    if presence.watched_s(time) >= zone.dwell_s {
        raise(subject, zone, event_type, severity, presence.since, Map::new, maker, changes);
    }
}

fn equipment_rule(
    subject: &mut Subject,
    zone: &Zone,
    item: Equipment,
    presence: &Presence,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let (time, utc) = maker.now;
    let Some(ballot) = subject.ballots.get(&item) else { return };
    let count = ballot.count(time, window_s(zone));
    let event_type = EventType::missing(item);
    match count.verdict {
        Verdict::Missing
            if presence.place == Whereabouts::Inside
                && presence.watched_s(time) >= zone.dwell_s =>
        {
            let since = PictureTime::from_secs_f64(count.since_s.max(presence.since.secs_f64()));
            raise(
                subject,
                zone,
                event_type,
                Severity::Warning,
                since,
                || details_of(&count),
                maker,
                changes,
            );
        }
        Verdict::Present => {
            let raised = subject.raised.get_mut(&(event_type, zone.id.clone()));
            changes.extend(raised.and_then(|raised| raised.end(time, utc, "worn")));
        }
        Verdict::Missing | Verdict::Unknown => {}
    }
}

fn details_of(count: &Count) -> Map<String, serde_json::Value> {
    let mut details = Map::new();
    details.insert(
        "votes".into(),
        json!({"present": count.present, "missing": count.missing, "coverage": count.coverage}),
    );
    details
}

/// Raises the finding unless it lasts already or its pause does.
#[expect(clippy::too_many_arguments, reason = "an event is made of all of these")]
fn raise(
    subject: &mut Subject,
    zone: &Zone,
    event_type: EventType,
    severity: Severity,
    since: PictureTime,
    details: impl FnOnce() -> Map<String, serde_json::Value>,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let (time, _) = maker.now;
    let key = (event_type, zone.id.clone());
    if let Some(raised) = subject.raised.get(&key)
        && (raised.open || time.secs_since(raised.at) < zone.pause_s)
    {
        return;
    }
    let event = maker.of_person((event_type, severity), zone, subject, since, details());
    subject.raised.insert(key, Raised::new(&event, time));
    changes.push(EventChange { kind: ChangeKind::Raised, event });
}

/// The person left the zone at `at`: exit with stay time, open findings there end.
pub(crate) fn leave(
    subject: &mut Subject,
    zone: &Zone,
    presence: Presence,
    at: PictureTime,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let (time, utc) = maker.now;
    end_all(subject, |key| key.1 == zone.id, time, utc, "left", changes);
    if presence.entered {
        let mut details = Map::new();
        details.insert("stay_s".into(), json!(presence.stay_s(at)));
        let exit = (EventType::Exit, Severity::Info);
        let event = maker.of_person(exit, zone, subject, at, details);
        changes.push(instant(event));
    }
}

/// Events of an instant are over when they are raised.
fn instant(mut event: Event) -> EventChange {
    event.end = Some(event.start);
    EventChange { kind: ChangeKind::Raised, event }
}

/// Whether the settings still have the rule that raises this.
pub(crate) fn has_rule(config: &CameraConfig, (event, zone): &(EventType, ZoneId)) -> bool {
    let Some(zone) = config.zones.iter().find(|z| z.id == *zone) else { return false };
    match event {
        EventType::DangerZoneIntrusion => zone.zone_type == ZoneType::Danger,
        EventType::WarningZoneIntrusion => zone.zone_type == ZoneType::Warning,
        _ => zone.require.iter().any(|item| EventType::missing(*item) == *event),
    }
}

pub(crate) fn end_all(
    subject: &mut Subject,
    which: impl Fn(&(EventType, ZoneId)) -> bool,
    time: PictureTime,
    utc: Utc,
    reason: &str,
    changes: &mut Vec<EventChange>,
) {
    let ending = subject.raised.iter_mut().filter(|(key, _)| which(key));
    changes.extend(ending.filter_map(|(_, raised)| raised.end(time, utc, reason)));
}
