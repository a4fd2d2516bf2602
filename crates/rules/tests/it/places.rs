//! Where and when rules apply: anchors, masked areas, metres, schedules, conditions.

use std::collections::BTreeSet;
use std::sync::Arc;

use safe_yolo_core::{
    Anchor, Calendar, Calibration, CameraConfig, Class, Detection, EventChange, FractionPoint,
    PictureSize, PictureTime, PixelBox, SegmentId, Track, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry, RuleVerdict, Verdict, ZoneVerdict};
use serde_json::json;

use crate::fixtures::{self, every_class, picture, polygon, track};

const SIZE: PictureSize = PictureSize::new(1000, 500);
/// Monday 2026-05-04, 08:00 in Seoul.
const MORNING: i64 = 1_777_849_200_000_000;

/// A zone in the lower right quarter.
fn zone(zone_type: ZoneType) -> Zone {
    Zone {
        points: polygon(&[[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]]),
        dwell_s: 1.0,
        pause_s: 0.0,
        ..fixtures::zone(zone_type)
    }
}

fn config(zone: Zone) -> CameraConfig {
    let calendar = Calendar::new("Asia/Seoul", &["2026-05-05".to_owned()]).unwrap();
    CameraConfig { calendar, ..fixtures::config(vec![zone]) }
}

/// A judge and the time of its next picture.
struct Site {
    judge: Judge,
    millis: i64,
    begins: i64,
}

impl Site {
    fn new(config: CameraConfig) -> Self {
        config.validate().unwrap();
        let judge = Judge::new(SegmentId(1), Arc::new(config), every_class());
        Self { judge, millis: 0, begins: MORNING }
    }

    /// Shows the same boxes for some seconds at five pictures a second; what is raised and ended.
    fn show(
        &mut self,
        seconds: i64,
        people: &[PixelBox],
        things: &[(Class, PixelBox)],
    ) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..seconds * 5 {
            told.extend(self.picture(people, things).iter().map(|change| {
                let ends = change.event.details.get("end_reason").and_then(|r| r.as_str());
                format!(
                    "{}{}",
                    change.event.event_type.name(),
                    ends.map_or(String::new(), |r| format!(" {r}"))
                )
            }));
        }
        told.retain(|text| !text.starts_with("entrance") && !text.starts_with("exit"));
        told
    }

    fn picture(&mut self, people: &[PixelBox], things: &[(Class, PixelBox)]) -> Vec<EventChange> {
        let time = PictureTime::from_millis(self.millis);
        self.millis += 200;
        let tracks: Vec<Track> =
            (0..).zip(people).map(|(number, bbox)| track(number, *bbox, time)).collect();
        let detections: Vec<Detection> = things
            .iter()
            .map(|(class, bbox)| Detection { class: *class, score: 0.6, bbox: *bbox })
            .collect();
        self.judge.feed(&Entry::Picture(PictureEntry {
            utc: Utc(self.begins + time.micros()),
            size: SIZE,
            ..picture(time, &tracks, &detections)
        }))
    }

    fn rule(&self) -> (RuleVerdict, Option<&'static str>) {
        let view = self.judge.view();
        (view.zones[0].rules[0].verdict, view.zones[0].rules[0].reason)
    }

    fn people(&self) -> usize {
        self.judge.view().zones[0].people.len()
    }
}

const fn xywh(x: f32, y: f32, w: f32, h: f32) -> PixelBox {
    PixelBox::new(x, y, x + w, y + h)
}

#[test]
fn the_anchor_says_what_of_a_person_is_in() {
    // His feet are below the zone's upper edge, his middle above it.
    let upper = xywh(700.0, 150.0, 60.0, 150.0);
    // Feet left of it, a third of the box in.
    let beside = xywh(430.0, 300.0, 100.0, 150.0);
    for (anchor, bbox, expected) in [
        (Anchor::Foot, upper, 1),
        (Anchor::Centre, upper, 0),
        (Anchor::Overlap, upper, 0),
        (Anchor::Foot, beside, 0),
        (Anchor::Overlap, xywh(450.0, 300.0, 100.0, 150.0), 1),
        (Anchor::Overlap, beside, 0),
        (Anchor::Centre, xywh(700.0, 200.0, 60.0, 150.0), 1),
    ] {
        let mut site = Site::new(config(Zone { anchor, ..zone(ZoneType::Warning) }));
        site.show(1, &[bbox], &[]);
        assert_eq!(site.people(), expected, "{anchor:?} {bbox:?}");
    }
    // Once in, a little less is enough.
    let mut site = Site::new(config(Zone { anchor: Anchor::Overlap, ..zone(ZoneType::Warning) }));
    site.show(1, &[xywh(450.0, 300.0, 100.0, 150.0)], &[]);
    site.show(2, &[xywh(442.0, 300.0, 100.0, 150.0)], &[]);
    assert_eq!(site.people(), 1);
    site.show(2, &[beside], &[]);
    assert_eq!(site.people(), 0);
}

#[test]
fn a_custom_zone_raises_nothing_of_its_own() {
    let worker = [xywh(700.0, 250.0, 60.0, 150.0)];
    assert_eq!(Site::new(config(zone(ZoneType::Custom))).show(5, &worker, &[]), [""; 0]);
    let told = Site::new(config(zone(ZoneType::Danger))).show(5, &worker, &[]);
    assert_eq!(told, ["danger_zone_intrusion"]);
}

#[test]
fn in_a_masked_area_nobody_and_nothing_is_seen() {
    let mut masked = config(Zone {
        rules: vec![
            serde_json::from_value(
                json!({"type": "object_present", "class": "vehicle", "dwell_s": 0}),
            )
            .unwrap(),
        ],
        ..zone(ZoneType::Danger)
    });
    masked.masks = vec![polygon(&[[0.7, 0.4], [1.0, 0.4], [1.0, 1.0], [0.7, 1.0]])];
    let mut site = Site::new(masked.clone());
    let poster = xywh(800.0, 250.0, 60.0, 150.0);
    let lorry = (Class::Vehicle, xywh(750.0, 300.0, 200.0, 100.0));
    assert_eq!(site.show(5, &[poster], &[lorry]), [""; 0]);
    assert!(site.judge.is_masked(&poster, SIZE));
    // Beside it they are.
    let told = site.show(
        5,
        &[xywh(520.0, 250.0, 60.0, 150.0)],
        &[(Class::Vehicle, xywh(520.0, 300.0, 100.0, 100.0))],
    );
    assert!(told.contains(&"danger_zone_intrusion".to_owned()), "{told:?}");
    assert!(told.contains(&"object_present".to_owned()), "{told:?}");
    masked.masks = vec![polygon(&[[0.4, 0.4], [1.0, 0.4], [1.0, 1.0], [0.4, 1.0]])];
    let error = masked.validate().unwrap_err().to_string();
    assert!(error.contains("'press' lies in masked areas"), "{error}");
}

#[test]
fn a_blacked_area_is_as_little_watched_as_a_masked_one() {
    let area = || vec![polygon(&[[0.7, 0.4], [1.0, 0.4], [1.0, 1.0], [0.7, 1.0]])];
    let rule = json!({"type": "object_present", "class": "vehicle", "dwell_s": 0});
    let rules = vec![serde_json::from_value(rule).unwrap()];
    let bare = config(Zone { rules, ..zone(ZoneType::Danger) });
    let mut masked = Site::new(CameraConfig { masks: area(), ..bare.clone() });
    let mut blacked = Site::new(CameraConfig { privacy_masks: area(), ..bare });
    let lorry = |x| (Class::Vehicle, xywh(x, 300.0, 100.0, 100.0));
    for (what, person, thing, is_seen) in [
        ("in it", xywh(800.0, 250.0, 60.0, 150.0), lorry(750.0), false),
        ("with their feet in it", xywh(645.0, 250.0, 120.0, 150.0), lorry(655.0), false),
        ("with their feet beside it", xywh(630.0, 250.0, 120.0, 150.0), lorry(640.0), true),
    ] {
        let told = blacked.show(5, &[person], &[thing]);
        assert_eq!(told, masked.show(5, &[person], &[thing]), "{what}");
        for event in ["danger_zone_intrusion", "object_present"] {
            assert_eq!(told.contains(&event.to_owned()), is_seen, "{what}: {told:?}");
        }
        assert_eq!(told.is_empty(), !is_seen, "{what}: {told:?}");
        assert_eq!(blacked.people(), usize::from(is_seen), "{what}");
        assert_eq!(blacked.judge.view(), masked.judge.view(), "{what}");
        assert_eq!(blacked.judge.is_masked(&person, SIZE), !is_seen, "{what}");
        assert_eq!(blacked.judge.is_masked(&thing.1, SIZE), !is_seen, "{what}");
    }
}

#[test]
fn a_zone_of_which_nothing_is_looked_at_is_refused_whatever_hides_it() {
    let whole = || polygon(&[[0.4, 0.4], [1.0, 0.4], [1.0, 1.0], [0.4, 1.0]]);
    let left = || polygon(&[[0.4, 0.4], [0.75, 0.4], [0.75, 1.0], [0.4, 1.0]]);
    let right = || polygon(&[[0.75, 0.4], [1.0, 0.4], [1.0, 1.0], [0.75, 1.0]]);
    let bare = config(zone(ZoneType::Danger));
    for (masks, privacy_masks, is_hidden) in [
        (vec![], vec![], false),
        (vec![whole()], vec![], true),
        (vec![], vec![whole()], true),
        (vec![], vec![left(), right()], true),
        (vec![left()], vec![right()], true),
        (vec![right()], vec![left()], true),
        (vec![], vec![left()], false),
        (vec![left()], vec![left()], false),
    ] {
        let about = format!("{masks:?} and {privacy_masks:?}");
        let hidden = CameraConfig { masks, privacy_masks, ..bare.clone() };
        // It could never say anything but that nobody is there.
        let refusal = hidden.validate().err().map(|error| error.to_string());
        assert_eq!(refusal.is_some(), is_hidden, "{about}: {refusal:?}");
        let says = |text: String| text.contains("'press' lies in masked areas");
        assert!(refusal.is_none_or(says), "{about}");
    }
}

#[test]
fn what_the_lower_edge_cuts_off_is_in_an_area_that_reaches_it() {
    let area = || vec![polygon(&[[0.7, 0.4], [1.0, 0.4], [1.0, 1.0], [0.7, 1.0]])];
    let rule = json!({"type": "object_present", "class": "vehicle", "dwell_s": 0});
    let rules = vec![serde_json::from_value(rule).unwrap()];
    let bare = config(Zone { rules, ..zone(ZoneType::Custom) });
    for hidden in [
        CameraConfig { masks: area(), ..bare.clone() },
        CameraConfig { privacy_masks: area(), ..bare },
    ] {
        let mut site = Site::new(hidden);
        let lorry = xywh(800.0, 300.0, 150.0, 200.0);
        assert_eq!(site.show(5, &[], &[(Class::Vehicle, lorry)]), [""; 0]);
        assert!(site.judge.is_masked(&lorry, SIZE));
    }
}

#[test]
fn an_event_names_the_place_of_its_zone() {
    for place in [Some("press 3".to_owned()), None] {
        let rule = json!({"type": "loitering", "dwell_s": 2});
        let rules = vec![serde_json::from_value(rule).unwrap()];
        let zone = Zone { place: place.clone(), rules, ..zone(ZoneType::Danger) };
        let mut site = Site::new(config(zone));
        let worker = [xywh(700.0, 250.0, 60.0, 150.0)];
        let mut told: Vec<EventChange> = (0..25).flat_map(|_| site.picture(&worker, &[])).collect();
        told.extend((0..25).flat_map(|_| site.picture(&[], &[])));
        let mut types = BTreeSet::new();
        for EventChange { event, .. } in &told {
            types.insert(event.event_type.name());
            assert_eq!(event.zone.as_ref().unwrap().place, place, "{event:?}");
        }
        let expected = ["danger_zone_intrusion", "entrance", "exit", "loitering"];
        assert_eq!(types, BTreeSet::from(expected), "{told:?}");
    }
}

#[test]
fn outside_its_hours_a_zone_is_not_asked() {
    let schedule =
        serde_json::from_value(json!([{"to": "08:00"}, {"from": "08:01", "holidays": "excluded"}]));
    let rules = vec![serde_json::from_value(json!({"type": "loitering", "dwell_s": 5})).unwrap()];
    let zone = Zone { schedule: schedule.unwrap(), rules, ..zone(ZoneType::Danger) };
    let mut site = Site::new(config(zone));
    let worker = [xywh(700.0, 250.0, 60.0, 150.0)];
    assert_eq!(site.show(30, &worker, &[]), [""; 0], "08:00 to 08:00:30");
    assert_eq!(site.rule(), (RuleVerdict::Off, Some("schedule")));
    assert_eq!(site.people(), 1, "he is counted all the same");
    assert!(site.judge.view().zones[0].off, "and it is said why he raises no alarm");
    // From 08:01 on; the stay is no shorter for the hours.
    assert_eq!(site.show(45, &worker, &[]), ["danger_zone_intrusion", "loitering"]);
    assert_eq!(site.rule().0, RuleVerdict::Fire);
    assert!(!site.judge.view().zones[0].off);
    // Midnight: the next day is a holiday, of which only the first hours count.
    site.millis = 57_600_000 - 1000;
    assert_eq!(site.show(3, &worker, &[]), [""; 0]);
    site.millis = 86_400_000 - 1000;
    let told = site.show(3, &worker, &[]);
    assert_eq!(told, ["danger_zone_intrusion schedule", "loitering schedule"]);
}

#[test]
fn a_rule_waits_for_its_condition_and_not_for_doubt() {
    let rule = json!({"type": "loitering", "dwell_s": 2, "pause_s": 0, "when": {"class": "forklift", "present": true}});
    let rules = vec![serde_json::from_value(rule).unwrap()];
    let mut site = Site::new(config(Zone { rules, ..zone(ZoneType::Custom) }));
    let worker = [xywh(700.0, 250.0, 60.0, 150.0)];
    let forklift = [(Class::Forklift, xywh(560.0, 300.0, 100.0, 150.0))];
    site.show(1, &[], &[]);
    // Too few pictures to say that there is none: the rule applies.
    assert_eq!(site.rule().0, RuleVerdict::Clear);
    site.show(3, &[], &[]);
    assert_eq!(site.rule(), (RuleVerdict::Off, Some("waiting")));
    assert_eq!(site.show(5, &worker, &[]), [""; 0]);
    assert_eq!(site.show(5, &worker, &forklift), ["loitering"]);
    assert_eq!(site.show(8, &worker, &[]), ["loitering waiting"]);
    assert_eq!(site.rule(), (RuleVerdict::Off, Some("waiting")));
}

#[test]
fn what_holds_when_a_rule_begins_has_its_dwell_before_it() {
    let worker = [xywh(700.0, 250.0, 60.0, 150.0)];
    let forklift = [(Class::Forklift, xywh(560.0, 300.0, 100.0, 150.0))];
    for rule in [
        json!({"type": "loitering", "dwell_s": 6}),
        json!({"type": "motionless", "dwell_s": 6}),
        json!({"type": "lone_worker", "dwell_s": 6}),
        json!({"type": "object_missing", "class": "fire_extinguisher", "dwell_s": 6}),
    ] {
        let mut waits = rule.clone();
        waits["when"] = json!({"class": "forklift", "present": true});
        let name = rule["type"].as_str().unwrap();
        let rules = vec![serde_json::from_value(waits).unwrap()];
        let mut site = Site::new(config(Zone { rules, ..zone(ZoneType::Custom) }));
        // It was asked for a moment, a long time ago.
        site.show(2, &worker, &forklift);
        assert_eq!(site.show(20, &worker, &[]), [""; 0], "{name}");
        assert_eq!(site.rule(), (RuleVerdict::Off, Some("waiting")), "{name}");
        assert_eq!(site.show(6, &worker, &forklift), [""; 0], "{name}");
        assert_eq!(site.show(4, &worker, &forklift), [name]);
    }
}

#[test]
fn metres_are_measured_on_the_floor() {
    // Ten metres wide at the bottom of the picture, twenty at its middle.
    let floor = Calibration::new(
        [[0.25, 0.5], [0.75, 0.5], [1.0, 1.0], [0.0, 1.0]].map(FractionPoint::from).to_vec(),
        vec![[0.0, 20.0], [10.0, 20.0], [10.0, 0.0], [0.0, 0.0]],
    );
    let rule = json!({"type": "proximity", "class": "forklift", "distance_m": 2.0, "dwell_s": 0});
    let rules = vec![serde_json::from_value(rule).unwrap()];
    let mut uncalibrated = config(Zone { rules, ..zone(ZoneType::Custom) });
    let error = uncalibrated.validate().unwrap_err().to_string();
    assert!(
        error.contains("rule 'proximity' measures in metres") && error.contains("calibration"),
        "{error}"
    );
    uncalibrated.calibration = Some(floor.unwrap());
    let mut site = Site::new(uncalibrated);
    // At the bottom of the picture 100 pixels are a metre.
    let worker = [xywh(600.0, 300.0, 80.0, 199.0)];
    let at = |x: f32| [(Class::Forklift, xywh(x, 300.0, 100.0, 199.0))];
    assert_eq!(site.show(2, &worker, &at(640.0 + 250.0)), [""; 0]);
    assert_eq!(site.rule().0, RuleVerdict::Clear);
    assert_eq!(site.show(2, &worker, &at(640.0 + 150.0)), ["proximity"]);
}

#[test]
fn who_walks_on_a_measured_floor_has_a_speed() {
    // A metre is 100 pixels at the bottom of the picture, and so is it across.
    let corners = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]];
    let metres = vec![[0.0, 2.5], [10.0, 2.5], [10.0, 0.0], [0.0, 0.0]];
    let floor = Calibration::new(corners.map(FractionPoint::from).to_vec(), metres).unwrap();
    for (calibration, speed) in [(Some(floor), Some(1.5)), (None, None)] {
        let measured = CameraConfig { calibration, ..config(zone(ZoneType::Custom)) };
        let mut site = Site::new(measured);
        for picture in 0_u8..12 {
            let x = 520.0 + 30.0 * f32::from(picture);
            site.picture(&[xywh(x, 300.0, 80.0, 190.0)], &[]);
        }
        let view = site.judge.view();
        assert_eq!(view.people[0].speed_m_s, speed);
        assert_eq!(view.zones[0].people[0].speed_m_s, speed);
        // Who is not seen now is not said to walk.
        site.picture(&[], &[]);
        assert_eq!(site.judge.view().zones[0].people[0].speed_m_s, None);
    }
}

#[test]
fn every_item_is_judged_where_it_is_worn() {
    use safe_yolo_core::Equipment;
    for item in Equipment::ALL {
        let require = BTreeSet::from([item]);
        let worker = xywh(700.0, 100.0, 100.0, 300.0);
        let (y, h) = match item {
            Equipment::Helmet | Equipment::Mask | Equipment::Goggles => (110.0, 30.0),
            Equipment::Vest => (160.0, 100.0),
            Equipment::Gloves => (240.0, 30.0),
            Equipment::Boots => (370.0, 30.0),
        };
        let there = xywh(730.0, y, 40.0, h);
        for (class, verdict, event) in [
            (item.class(), Verdict::Present, None),
            (
                item.class().negative().unwrap(),
                Verdict::Missing,
                Some(format!("{}_missing", item.name())),
            ),
        ] {
            let zone = Zone { require: require.clone(), ..zone(ZoneType::Custom) };
            let mut site = Site::new(config(zone));
            let told = site.show(5, &[worker], &[(class, there)]);
            let view = site.judge.view();
            assert_eq!(view.zones[0].people[0].equipment[&item], verdict, "{class}");
            assert_eq!(told.first(), event.as_ref(), "{class}");
        }
        // Far from where it is worn it is nobody's; and what is not seen is not said to be missing
        // where it is hidden most of the time.
        let zone = Zone { require, ..zone(ZoneType::Custom) };
        let mut site = Site::new(config(zone));
        site.show(5, &[worker], &[(item.class(), xywh(100.0, 400.0, 40.0, 30.0))]);
        let verdict = site.judge.view().zones[0].people[0].equipment[&item];
        let plain = matches!(item, Equipment::Helmet | Equipment::Vest);
        assert_eq!(verdict, if plain { Verdict::Missing } else { Verdict::Unknown }, "{item:?}");
        assert_eq!(site.judge.view().zones[0].verdict == ZoneVerdict::Alarm, plain);
    }
}
