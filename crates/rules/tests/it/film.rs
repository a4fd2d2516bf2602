//! Films: what is found in each picture, and what the judge makes of it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Class, Detection, Direction, Equipment, EventChange, FractionPoint, PictureTime,
    Rule, RuleKind, SegmentId, Track, Tripwire, Zone, ZoneType, rule::Length,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry};

use crate::fixtures::{self, every_class, picture};

/// Pictures a second.
pub(crate) const RATE: f64 = 10.0;

/// What is found in one picture.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) at_s: f64,
    pub(crate) tracks: Vec<Track>,
    pub(crate) detections: Vec<Detection>,
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Look(Frame),
    /// Nobody looked between these seconds.
    Blind(f64, f64),
}

/// One change, as an operator compares them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) at_s: f64,
    pub(crate) about: About,
    pub(crate) kind: ChangeKind,
    pub(crate) since_s: f64,
    pub(crate) reason: Option<String>,
    pub(crate) id: String,
}

/// Type, zone and subject of an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct About {
    pub(crate) event: String,
    pub(crate) zone: String,
    pub(crate) track: Option<u32>,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, zone, track } = self;
        match track {
            Some(track) => write!(f, "{event} in {zone} of {track}"),
            None => write!(f, "{event} in {zone}"),
        }
    }
}

impl Told {
    pub(crate) fn of(change: &EventChange, at_s: f64) -> Self {
        let (event, text) = (&change.event, |key| change.event.details.get(key));
        Self {
            at_s,
            about: About {
                event: event.event_type.name().to_owned(),
                zone: event.zone.as_ref().unwrap().id.to_string(),
                track: event.track.as_ref().map(|track| track.number),
            },
            kind: change.kind,
            since_s: text("since_s").unwrap().as_f64().unwrap(),
            reason: text("end_reason").map(|reason| reason.as_str().unwrap().to_owned()),
            id: event.id.to_string(),
        }
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.kind == ChangeKind::Raised
    }
}

/// All that was raised, sorted by type, zone and subject; of each in the order of time.
pub(crate) fn raised(told: &[Told]) -> Vec<&Told> {
    let mut raised: Vec<&Told> = told.iter().filter(|told| told.is_raised()).collect();
    raised.sort_by(|a, b| a.about.cmp(&b.about));
    raised
}

pub(crate) fn looks(frames: Vec<Frame>) -> Vec<Step> {
    frames.into_iter().map(Step::Look).collect()
}

/// Feeds one step.
pub(crate) fn feed(judge: &mut Judge, step: &Step) -> Vec<EventChange> {
    match step {
        Step::Look(Frame { at_s, tracks, detections }) => {
            let time = PictureTime::from_secs_f64(*at_s);
            let entry = PictureEntry { input_scale: 1.0, ..picture(time, tracks, detections) };
            judge.feed(&Entry::Picture(entry))
        }
        Step::Blind(from, to) => judge.feed(&Entry::NotAnalysed {
            from: PictureTime::from_secs_f64(*from),
            to: PictureTime::from_secs_f64(*to),
            reason: "covered",
        }),
    }
}

pub(crate) fn judge(config: &Arc<CameraConfig>) -> Judge {
    Judge::new(SegmentId(1), Arc::clone(config), every_class())
}

/// Shows a film to a new judge.
pub(crate) fn play(config: &Arc<CameraConfig>, steps: &[Step]) -> Vec<Told> {
    let mut judge = judge(config);
    let mut told = Vec::new();
    for step in steps {
        let at_s = match step {
            Step::Look(frame) => frame.at_s,
            Step::Blind(_, to) => *to,
        };
        told.extend(feed(&mut judge, step).iter().map(|change| Told::of(change, at_s)));
    }
    told
}

/// Longest dwell of these rules, seconds.
pub(crate) const DWELL_MAX_S: f64 = 5.0;

/// Two zones at the same place, in which all types of rules share.
pub(crate) fn zones(pause_s: f64) -> Vec<Zone> {
    let line = [[0.36, 1.0], [0.36, 0.3]].map(FractionPoint::from);
    let (line, direction) = (Tripwire::new(line[0], line[1]).unwrap(), Direction::Both);
    let (class, near) = (Class::Forklift, Length::Heights(1.0));
    let with = |kinds: &[(RuleKind, f64)]| {
        let rule = |(kind, dwell_s): &(RuleKind, f64)| Rule {
            dwell_s: *dwell_s,
            pause_s,
            ..Rule::new(*kind)
        };
        kinds.iter().map(rule).collect()
    };
    let hall = with(&[
        (RuleKind::Loitering, 4.0),
        (RuleKind::OccupancyAbove { people: 1 }, 2.0),
        (RuleKind::LoneWorker, 4.0),
        (RuleKind::LineCrossing { line, direction }, 0.0),
        (RuleKind::ObjectMissing { class: Class::FireExtinguisher }, 2.0),
        (RuleKind::Fire, 1.0),
        (RuleKind::Fall, 1.0),
    ]);
    let yard = with(&[
        (RuleKind::OccupancyBelow { people: 2 }, 2.0),
        (RuleKind::EntriesAbove { people: 1, window_s: 13.0 }, 0.0),
        (RuleKind::ObjectPresent { class: Class::Vehicle }, 2.0),
        (RuleKind::Smoke, 1.0),
        (RuleKind::Proximity { class, distance: near }, 1.0),
        (RuleKind::NearMiss { class, distance: near, speed: 0.9 }, 0.0),
        (RuleKind::Motionless, DWELL_MAX_S),
    ]);
    let require = BTreeSet::from([Equipment::Helmet]);
    let zone = |zone_type| Zone { dwell_s: 3.0, pause_s, ..fixtures::zone(zone_type) };
    let hall = Zone { rules: hall, require, ..zone(ZoneType::Danger) };
    let id = "z-yard".parse().unwrap();
    vec![hall, Zone { id, name: "yard".into(), rules: yard, ..zone(ZoneType::Warning) }]
}

pub(crate) fn config(zones: Vec<Zone>) -> Arc<CameraConfig> {
    let config = fixtures::config(zones);
    config.validate().unwrap();
    Arc::new(config)
}
