//! What the judge forgets.

use safe_yolo_core::rule::Length;
use safe_yolo_core::{
    Anchor, Calendar, CameraConfig, Direction, FractionPoint, Polygon, RuleKind, Tripwire,
};

use super::*;

const SIZE: PictureSize = PictureSize::new(1000, 500);

/// The left part of the picture, with these rules.
fn config(kinds: impl IntoIterator<Item = RuleKind>) -> Arc<CameraConfig> {
    let points = [[0.0, 0.0], [0.3, 0.0], [0.3, 1.0], [0.0, 1.0]].map(FractionPoint::from);
    let rule = |kind| Rule { dwell_s: 0.0, ..Rule::new(kind) };
    let zone = Zone {
        id: "left".parse().unwrap(),
        name: "left".into(),
        zone_type: ZoneType::Custom,
        points: Polygon::new(points.into()).unwrap(),
        place: None,
        anchor: Anchor::Foot,
        active: true,
        schedule: None,
        dwell_s: 1.0,
        pause_s: 30.0,
        require: BTreeSet::new(),
        rules: kinds.into_iter().map(rule).collect(),
    };
    Arc::new(CameraConfig {
        id: "cam".parse().unwrap(),
        name: "hall".into(),
        source: "sim://quiet".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 10.0,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: Calendar::default(),
        zones: vec![zone],
        version: 1,
    })
}

struct Hall {
    judge: Judge,
    time: PictureTime,
}

impl Hall {
    fn new(kinds: impl IntoIterator<Item = RuleKind>) -> Self {
        let known = Class::ALL.iter().copied().collect();
        let judge = Judge::new(SegmentId(1), config(kinds), known);
        Self { judge, time: PictureTime::default() }
    }

    /// Ten pictures a second of these people and a forklift.
    fn show(&mut self, seconds: f64, people: &[PixelBox]) -> Vec<EventChange> {
        let track = |(number, bbox): (u32, &PixelBox)| Track {
            id: format!("cam/1/{number}").parse().unwrap(),
            bbox: *bbox,
            score: 0.9,
            predicted: false,
            first_seen: PictureTime::default(),
            last_seen: self.time,
        };
        let tracks: Vec<Track> = (1..).zip(people).map(track).collect();
        let forklift = PixelBox::from_xywh(150.0, 250.0, 200.0, 200.0);
        let detections = [Detection { class: Class::Forklift, score: 0.9, bbox: forklift }];
        let end = self.time.secs_f64() + seconds;
        let mut changes = Vec::new();
        while self.time.secs_f64() < end - 0.05 {
            self.time = self.time + std::time::Duration::from_millis(100);
            changes.extend(self.judge.feed(&Entry::Picture(PictureEntry {
                time: self.time,
                utc: Utc(self.time.micros()),
                size: SIZE,
                tracks: &tracks,
                detections: &detections,
                input_scale: 1.0,
                close_up: None,
            })));
        }
        changes
    }

    fn rule(&self) -> crate::RuleView {
        self.judge.view().zones[0].rules[0].clone()
    }
}

#[test]
fn who_left_a_zone_is_no_ground_any_more() {
    let mut hall = Hall::new([RuleKind::Fall]);
    // Whether he lies can't be told where the picture's edge cuts him.
    let cut = |x| PixelBox::from_xywh(x, 350.0, 100.0, 150.0);
    hall.show(1.0, &[cut(100.0)]);
    assert_eq!(hall.rule().grounds.len(), 1, "{:?}", hall.rule());
    hall.show(2.0, &[cut(600.0)]);
    assert_eq!(hall.rule().verdict, RuleVerdict::Clear);
    assert_eq!(hall.rule().grounds, [], "he was never alarmed about");

    let raised = hall.show(4.0, &[PixelBox::from_xywh(50.0, 300.0, 200.0, 80.0)]);
    assert!(raised.iter().any(|c| c.event.event_type.name() == "fall"), "{raised:?}");
    hall.show(1.0, &[cut(100.0)]);
    hall.show(2.0, &[cut(600.0)]);
    assert_eq!(hall.rule().verdict, RuleVerdict::Clear);
    assert_eq!(hall.rule().grounds, [], "his alarm is over");
}

#[test]
fn nothing_is_kept_of_who_is_gone() {
    let line = Tripwire::new([0.2, 0.0].into(), [0.2, 1.0].into()).unwrap();
    let kinds = [
        RuleKind::Loitering,
        RuleKind::EntriesAbove { people: 1, window_s: 60.0 },
        RuleKind::LineCrossing { line, direction: Direction::Both },
        RuleKind::Proximity { class: Class::Forklift, distance: Length::Heights(5.0) },
        RuleKind::Fall,
        RuleKind::Motionless,
    ];
    let mut hall = Hall::new(kinds);
    // How many rules remember nobody, of each kind of memory.
    let empty = |hall: &Hall| {
        let book = format!("{:?}", hall.judge.rules);
        ["still: {}", "near: WasNear({})", "sides: {}", "inside: {}", "standings: {}"]
            .map(|memory| book.matches(memory).count())
    };
    let person = |x| PixelBox::from_xywh(x, 200.0, 60.0, 180.0);
    hall.show(2.0, &[person(20.0), person(90.0), person(800.0)]);
    assert_eq!(empty(&hall), [5, 5, 5, 5, 2], "some rules remember somebody");
    hall.show(5.0, &[]);
    // What an entrance too many was found of is the zone; who stood still may lie there.
    assert_eq!(empty(&hall), [6, 6, 6, 6, 4]);
    hall.show(60.0, &[]);
    assert_eq!(empty(&hall), [6, 6, 6, 6, 5]);
}
