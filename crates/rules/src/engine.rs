//! The judge of one camera: reads a log of entries, tells what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use safe_yolo_core::event::{ChangeKind, SnapshotState, ZoneRef};
use safe_yolo_core::{
    CameraConfig, CameraId, Class, Detection, Equipment, Event, EventChange, EventId, EventType,
    PictureSize, PictureTime, SegmentId, Severity, Track, Utc, Zone, ZoneId, ZoneType,
};
use serde_json::{Map, json};

use crate::equipment::{self, Count, Seen, Verdict};
use crate::message::message;
use crate::presence::{Presence, Step, is_inside};
use crate::subject::{Raised, Subject, Subjects};
use crate::view::{Level, PersonView, View, ZonePersonView, ZoneVerdict, ZoneView};

/// One analysed picture.
#[derive(Debug, Clone, Copy)]
pub struct PictureEntry<'a> {
    /// Its time in the segment; later than the last one's.
    pub time: PictureTime,
    /// Its time in the world.
    pub utc: Utc,
    /// Its size.
    pub size: PictureSize,
    /// Confirmed tracks, predicted ones included.
    pub tracks: &'a [Track],
    /// Everything detected.
    pub detections: &'a [Detection],
    /// Model input pixels a source pixel.
    pub input_scale: f32,
}

/// What the rules are told. They know nothing else, so that silence is seen
/// and a replay gives the same events.
#[derive(Debug, Clone)]
pub enum Entry<'a> {
    /// A picture was analysed.
    Picture(PictureEntry<'a>),
    /// Nothing was looked at for a while.
    NotAnalysed {
        /// From when, time of the segment.
        from: PictureTime,
        /// Until when.
        to: PictureTime,
        /// Why.
        reason: &'static str,
    },
    /// The settings changed.
    Config {
        /// The new ones.
        config: Arc<CameraConfig>,
        /// What the loaded model can see.
        known: BTreeSet<Class>,
    },
}

/// The rules of one camera over one segment.
#[derive(Debug)]
pub struct Judge {
    camera: CameraId,
    segment: SegmentId,
    config: Arc<CameraConfig>,
    known: BTreeSet<Class>,
    subjects: Subjects,
    now: (PictureTime, Utc),
    /// Whether the newest entry is a look, not a gap.
    looking: bool,
    events_made: u64,
}

impl Judge {
    /// A judge for one segment of a camera.
    #[must_use]
    pub fn new(segment: SegmentId, config: Arc<CameraConfig>, known: BTreeSet<Class>) -> Self {
        Self {
            camera: config.id.clone(),
            segment,
            config,
            known,
            subjects: Subjects::default(),
            now: (PictureTime::default(), Utc::default()),
            looking: false,
            events_made: 0,
        }
    }

    /// Takes one entry of the log and returns what it changed, in order.
    pub fn feed(&mut self, entry: &Entry<'_>) -> Vec<EventChange> {
        match entry {
            Entry::Picture(picture) => self.picture(picture),
            Entry::NotAnalysed { .. } => {
                self.looking = false;
                self.subjects.skip_gap();
                Vec::new()
            }
            Entry::Config { config, known } => self.reconfigure(config, known),
        }
    }

    /// Ends everything that lasts, because the segment does.
    pub fn finish(&mut self, reason: &str) -> Vec<EventChange> {
        let (time, utc) = self.now;
        let mut changes = Vec::new();
        for mut subject in self.subjects.take_all() {
            end_all(&mut subject, |_| true, time, utc, reason, &mut changes);
        }
        changes
    }

    fn reconfigure(
        &mut self,
        config: &Arc<CameraConfig>,
        known: &BTreeSet<Class>,
    ) -> Vec<EventChange> {
        self.config = Arc::clone(config);
        self.known.clone_from(known);
        let live: BTreeSet<&ZoneId> =
            config.zones.iter().filter(|z| z.active).map(|z| &z.id).collect();
        let (time, utc) = self.now;
        let mut changes = Vec::new();
        for subject in self.subjects.all_mut() {
            subject.presence.retain(|zone, _| live.contains(zone));
            end_all(
                subject,
                |(_, zone)| !live.contains(zone),
                time,
                utc,
                "zone_removed",
                &mut changes,
            );
        }
        changes
    }

    fn picture(&mut self, picture: &PictureEntry<'_>) -> Vec<EventChange> {
        self.now = (picture.time, picture.utc);
        self.looking = true;
        self.subjects.observe(picture.time, picture.tracks);
        self.vote(picture);
        let mut changes = Vec::new();
        let config = Arc::clone(&self.config);
        let mut maker = EventMaker {
            camera: &self.camera,
            segment: self.segment,
            config: &config,
            now: self.now,
            made: &mut self.events_made,
        };
        for subject in self.subjects.all_mut().iter_mut().filter(|s| s.is_whole()) {
            for zone in config.zones.iter().filter(|zone| zone.active) {
                step_zone(subject, zone, picture, &mut maker, &mut changes);
            }
        }
        for mut subject in self.subjects.take_gone() {
            let left: Vec<_> = std::mem::take(&mut subject.presence).into_iter().collect();
            for (id, presence) in left {
                if let Some(zone) = config.zones.iter().find(|zone| zone.id == id) {
                    leave(
                        &mut subject,
                        zone,
                        presence,
                        presence.last_inside,
                        &mut maker,
                        &mut changes,
                    );
                }
            }
            end_all(&mut subject, |_| true, picture.time, picture.utc, "left", &mut changes);
        }
        changes
    }

    fn vote(&mut self, picture: &PictureEntry<'_>) {
        let people: Vec<Seen> = self
            .subjects
            .all()
            .iter()
            .map(|s| Seen { bbox: s.bbox, matched: s.is_whole() })
            .collect();
        for item in equipment::asked_for(self.config.zones.iter()) {
            if !self.known.contains(&item.class()) {
                continue;
            }
            let votes = equipment::votes(
                &people,
                picture.detections,
                item,
                picture.size,
                picture.input_scale,
            );
            for (subject, vote) in self.subjects.all_mut().iter_mut().zip(votes) {
                subject.ballots.entry(item).or_default().cast(picture.time, vote);
            }
        }
    }

    /// What the newest picture means, for screens.
    #[must_use]
    pub fn view(&self) -> View {
        let now = self.now.0;
        let people = self
            .subjects
            .all()
            .iter()
            .filter(|s| s.matched || !s.presence.is_empty())
            .map(|s| PersonView {
                track: s.track.clone(),
                zones: s.presence.keys().cloned().collect(),
                equipment: s
                    .ballots
                    .iter()
                    .map(|(item, b)| (*item, b.count(now, VIEW_WINDOW_S).verdict))
                    .collect(),
                level: self.level(s),
            })
            .collect();
        let zones = self
            .config
            .zones
            .iter()
            .filter(|z| z.active)
            .map(|zone| self.zone_view(zone, now))
            .collect();
        View { people, zones }
    }

    fn level(&self, subject: &Subject) -> Level {
        let in_zone = subject
            .presence
            .keys()
            .filter_map(|id| self.config.zones.iter().find(|zone| zone.id == *id))
            .map(|zone| match zone.zone_type {
                ZoneType::Danger => Level::Danger,
                ZoneType::Warning => Level::Warning,
            })
            .max();
        let alarmed = subject.has_open().then_some(Level::Warning);
        in_zone.max(alarmed).unwrap_or(Level::Ok)
    }

    fn zone_view(&self, zone: &Zone, now: PictureTime) -> ZoneView {
        let inside: Vec<(&Subject, &Presence)> = self
            .subjects
            .all()
            .iter()
            .filter_map(|s| s.presence.get(&zone.id).map(|p| (s, p)))
            .collect();
        let alarm = inside
            .iter()
            .any(|(s, _)| s.raised.iter().any(|((_, id), r)| *id == zone.id && r.open));
        let verdict = match (self.looking, alarm, inside.is_empty()) {
            (false, _, _) => ZoneVerdict::Unknown,
            (true, true, _) => ZoneVerdict::Alarm,
            (true, false, false) => ZoneVerdict::Occupied,
            (true, false, true) => ZoneVerdict::Clear,
        };
        let verdict_of = |s: &Subject, item: &Equipment| {
            s.ballots.get(item).map_or(Verdict::Unknown, |b| b.count(now, window_s(zone)).verdict)
        };
        let people = inside
            .iter()
            .map(|(s, presence)| ZonePersonView {
                track: s.track.clone(),
                number: s.track.number,
                since_s: presence.stay_s(now),
                equipment: zone.require.iter().map(|item| (*item, verdict_of(s, item))).collect(),
            })
            .collect();
        ZoneView {
            id: zone.id.clone(),
            name: zone.name.clone(),
            zone_type: zone.zone_type,
            points: zone.points.clone(),
            verdict,
            people,
        }
    }
}

/// Window of the verdicts shown beside people, seconds.
const VIEW_WINDOW_S: f64 = 2.0;

/// Window of a zone's verdicts: its dwell, within what votes can carry.
fn window_s(zone: &Zone) -> f64 {
    zone.dwell_s.clamp(1.0, equipment::Ballot::WINDOW_MAX_S)
}

struct EventMaker<'a> {
    camera: &'a CameraId,
    segment: SegmentId,
    config: &'a CameraConfig,
    now: (PictureTime, Utc),
    made: &'a mut u64,
}

impl EventMaker<'_> {
    /// An event about `track` in `zone` whose condition began at `since`.
    fn make(
        &mut self,
        event_type: EventType,
        severity: Severity,
        zone: &Zone,
        subject: &Subject,
        since: PictureTime,
        mut details: Map<String, serde_json::Value>,
    ) -> Event {
        let (time, utc) = self.now;
        *self.made += 1;
        let seconds = time.secs_since(since);
        details.insert("start_s".into(), json!(time.secs_f64()));
        details.insert("since_s".into(), json!(since.secs_f64()));
        details.insert("box".into(), json!(subject.bbox));
        details.insert("score".into(), json!(subject.score));
        let said = details.get("stay_s").and_then(serde_json::Value::as_f64).unwrap_or(seconds);
        Event {
            id: event_id(self.camera, self.segment, *self.made, utc),
            camera: Some(self.camera.clone()),
            camera_name: self.config.name.clone(),
            event_type,
            severity,
            zone: Some(ZoneRef { id: zone.id.clone(), name: zone.name.clone() }),
            track: Some(subject.track.clone()),
            start: utc,
            end: None,
            message: message(event_type, &zone.name, subject.track.number, said),
            details,
            config_version: self.config.version,
            snapshot: SnapshotState::None,
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

/// One matched person and one zone, after one picture.
fn step_zone(
    subject: &mut Subject,
    zone: &Zone,
    picture: &PictureEntry<'_>,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let known = subject.presence.get(&zone.id).copied();
    let inside = is_inside(zone, &subject.bbox, picture.size, known.is_some());
    let mut presence = match known {
        Some(presence) => presence,
        None if inside => Presence::new(picture.time),
        None => return,
    };
    let step = presence.observe(picture.time, inside);
    if let Step::Left(at) = step {
        subject.presence.remove(&zone.id);
        leave(subject, zone, presence, at, maker, changes);
        return;
    }
    if step == Step::Entered {
        let event = maker.make(
            EventType::Entrance,
            Severity::Info,
            zone,
            subject,
            presence.since,
            Map::new(),
        );
        changes.push(instant(event));
    }
    subject.presence.insert(zone.id.clone(), presence);
    if inside {
        intrusion(subject, zone, &presence, picture.time, maker, changes);
    }
    for item in &zone.require {
        equipment_rule(subject, zone, *item, &presence, inside, maker, changes);
    }
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
    };
    if presence.stay_s(time) >= zone.dwell_s {
        raise(subject, zone, event_type, severity, presence.since, Map::new(), maker, changes);
    }
}

fn equipment_rule(
    subject: &mut Subject,
    zone: &Zone,
    item: Equipment,
    presence: &Presence,
    inside: bool,
    maker: &mut EventMaker<'_>,
    changes: &mut Vec<EventChange>,
) {
    let (time, utc) = maker.now;
    let Some(ballot) = subject.ballots.get(&item) else { return };
    let count = ballot.count(time, window_s(zone));
    let event_type = EventType::missing(item);
    match count.verdict {
        Verdict::Missing if inside && presence.stay_s(time) >= zone.dwell_s => {
            let since = PictureTime::from_secs_f64(count.since_s.max(presence.since.secs_f64()));
            raise(
                subject,
                zone,
                event_type,
                Severity::Warning,
                since,
                details_of(&count),
                maker,
                changes,
            );
        }
        Verdict::Present => {
            let this = |key: &(EventType, ZoneId)| key.0 == event_type && key.1 == zone.id;
            end_all(subject, this, time, utc, "worn", changes);
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
    details: Map<String, serde_json::Value>,
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
    let event = maker.make(event_type, severity, zone, subject, since, details);
    subject.raised.insert(key, Raised { event: event.clone(), at: time, open: true });
    changes.push(EventChange { kind: ChangeKind::Raised, event });
}

/// The person left the zone at `at`: exit with stay time, open findings there end.
fn leave(
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
        let event = maker.make(EventType::Exit, Severity::Info, zone, subject, at, details);
        changes.push(instant(event));
    }
}

/// Events of an instant are over when they are raised.
fn instant(mut event: Event) -> EventChange {
    event.end = Some(event.start);
    EventChange { kind: ChangeKind::Raised, event }
}

fn end_all(
    subject: &mut Subject,
    which: impl Fn(&(EventType, ZoneId)) -> bool,
    time: PictureTime,
    utc: Utc,
    reason: &str,
    changes: &mut Vec<EventChange>,
) {
    let ending: BTreeMap<_, _> =
        subject.raised.iter_mut().filter(|(key, r)| r.open && which(key)).collect();
    for (_, raised) in ending {
        raised.open = false;
        raised.event.end = Some(utc);
        raised.event.details.insert("end_s".into(), json!(time.secs_f64()));
        raised.event.details.insert("end_reason".into(), json!(reason));
        changes.push(EventChange { kind: ChangeKind::Ended, event: raised.event.clone() });
    }
}
