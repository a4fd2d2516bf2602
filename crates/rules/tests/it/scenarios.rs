//! Whole scenes through the judge: people as tracks, time as data.

use std::collections::BTreeSet;
use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Class, Detection, Equipment, Event, EventChange, EventType, PictureSize,
    PictureTime, PixelBox, Rule, RuleKind, SegmentId, Severity, Track, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry, ZoneVerdict};

use crate::common::{self, track};

const SIZE: PictureSize = PictureSize::new(960, 540);

fn zone(zone_type: ZoneType, dwell_s: f64, require: &[Equipment]) -> Zone {
    Zone { dwell_s, require: require.iter().copied().collect(), ..common::zone(zone_type) }
}

fn config(zones: Vec<Zone>, version: u64) -> Arc<CameraConfig> {
    Arc::new(CameraConfig { version, ..common::config(zones) })
}

fn known() -> BTreeSet<Class> {
    [Class::Person, Class::Helmet, Class::NoHelmet, Class::Vest, Class::NoVest].into()
}

/// A person of the scene at one moment.
#[derive(Clone, Copy)]
struct Person {
    track: u32,
    x: f32,
    helmet: bool,
    hidden: bool,
}

/// Plays a scene at `rate` analysed pictures a second and collects what changed.
fn play(
    judge: &mut Judge,
    rate: f64,
    seconds: (f64, f64),
    scene: impl Fn(f64) -> Vec<Person>,
) -> Vec<EventChange> {
    let mut changes = Vec::new();
    let pictures = (seconds.0 * rate).ceil() as i64..(seconds.1 * rate) as i64;
    for number in pictures {
        let at_s = number as f64 / rate;
        let time = PictureTime::from_secs_f64(at_s);
        let mut tracks = Vec::new();
        let mut detections = Vec::new();
        for person in scene(at_s) {
            let bbox = PixelBox::from_xywh(person.x, 250.0, 70.0, 200.0);
            tracks.push(track(person.track, bbox, time, person.hidden));
            if person.helmet && !person.hidden {
                let bbox = PixelBox::from_xywh(person.x + 20.0, 250.0, 30.0, 25.0);
                detections.push(Detection { class: Class::Helmet, score: 0.65, bbox });
            }
        }
        let entry = PictureEntry {
            time,
            utc: Utc(time.micros()),
            size: SIZE,
            tracks: &tracks,
            detections: &detections,
            input_scale: 448.0 / 960.0,
            close_up: None,
        };
        changes.extend(judge.feed(&Entry::Picture(entry)));
    }
    changes
}

fn person(track: u32, x: f32) -> Person {
    Person { track, x, helmet: true, hidden: false }
}

fn judge(zones: Vec<Zone>) -> Judge {
    Judge::new(SegmentId(1), config(zones, 1), known())
}

fn raised(changes: &[EventChange], event_type: EventType) -> Vec<&Event> {
    changes
        .iter()
        .filter(|c| c.kind == ChangeKind::Raised && c.event.event_type == event_type)
        .map(|c| &c.event)
        .collect()
}

fn start_s(event: &Event) -> f64 {
    event.details["start_s"].as_f64().unwrap()
}

#[test]
fn p1_a_colleagues_helmet_hides_nobody() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[Equipment::Helmet])]);
    let changes = play(&mut judge, 10.0, (0.0, 10.0), |_| {
        vec![Person { helmet: false, ..person(1, 500.0) }, person(2, 600.0)]
    });
    let missing = raised(&changes, EventType::HelmetMissing);
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].track.as_ref().unwrap().number, 1);
    assert_eq!(missing[0].severity, Severity::Warning);
}

#[test]
fn p2_a_second_intruder_raises_its_own_alarm() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[])]);
    let changes = play(&mut judge, 10.0, (0.0, 30.0), |at| {
        let mut people = Vec::new();
        if at >= 1.0 {
            people.push(person(1, 500.0));
        }
        if at >= 11.0 {
            people.push(person(2, 700.0));
        }
        people
    });
    let alarms = raised(&changes, EventType::DangerZoneIntrusion);
    let told: Vec<_> =
        alarms.iter().map(|e| (e.track.as_ref().unwrap().number, start_s(e).round())).collect();
    assert_eq!(told, [(1, 3.0), (2, 13.0)]);
}

#[test]
fn p3_verdicts_do_not_hang_on_the_picture_rate() {
    let starts = |rate: f64| {
        let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[Equipment::Helmet])]);
        let changes = play(&mut judge, rate, (0.0, 12.0), |at| {
            if at < 1.0 { Vec::new() } else { vec![Person { helmet: false, ..person(1, 500.0) }] }
        });
        [EventType::DangerZoneIntrusion, EventType::HelmetMissing].map(|t| {
            let events = raised(&changes, t);
            assert_eq!(events.len(), 1, "{t:?} at {rate}/s");
            start_s(events[0])
        })
    };
    let expected = starts(15.0);
    for rate in [1.0, 2.5, 4.0, 10.0, 30.0] {
        // At one look a second the moment can't be told more exactly.
        let tolerance = if rate < 2.0 { 1.5 } else { 0.5 };
        for (a, b) in starts(rate).into_iter().zip(expected) {
            assert!((a - b).abs() <= tolerance, "{a} s at {rate}/s, {b} s at 15/s");
        }
    }
}

#[test]
fn p4_a_pillar_and_a_new_id_end_nothing() {
    let mut judge = judge(vec![zone(ZoneType::Warning, 2.0, &[])]);
    let changes = play(&mut judge, 10.0, (0.0, 14.0), |at| match at {
        // Walks in from the left at one second, leaves to the left at ten.
        _ if at < 1.0 => vec![person(1, 250.0)],
        _ if at < 4.0 => vec![person(1, 500.0)],
        // One second behind the pillar: first predicted, then gone.
        _ if at < 4.5 => vec![Person { hidden: true, ..person(1, 520.0) }],
        _ if at < 5.0 => Vec::new(),
        _ if at < 10.0 => vec![person(2, 540.0)],
        _ => vec![person(2, 250.0)],
    });
    assert_eq!(raised(&changes, EventType::Entrance).len(), 1);
    assert_eq!(raised(&changes, EventType::WarningZoneIntrusion).len(), 1);
    let exits = raised(&changes, EventType::Exit);
    assert_eq!(exits.len(), 1);
    let stay_s = exits[0].details["stay_s"].as_f64().unwrap();
    assert!((stay_s - 9.0).abs() < 0.3, "stayed {stay_s} s");
    let ended: Vec<_> = changes.iter().filter(|c| c.kind == ChangeKind::Ended).collect();
    assert_eq!(ended.len(), 1, "one alarm, ended once");
}

/// The rule runs while nobody is there, and begins anew with what it sees: there is no flag to
/// be lost at a restart.
#[test]
fn p5_a_missing_extinguisher_is_told_though_nobody_is_there() {
    let class = Class::FireExtinguisher;
    let mut watched = zone(ZoneType::Warning, 2.0, &[]);
    watched.rules = vec![Rule::new(RuleKind::ObjectMissing { class })];
    let known: BTreeSet<Class> = known().into_iter().chain([class]).collect();
    for restarted_at_s in [None, Some(4.0), Some(30.0)] {
        let start = || Judge::new(SegmentId(1), config(vec![watched.clone()], 1), known.clone());
        let mut judge = start();
        let mut changes = play(&mut judge, 5.0, (0.0, restarted_at_s.unwrap_or(20.0)), |_| vec![]);
        if let Some(at_s) = restarted_at_s {
            judge = start();
            changes = play(&mut judge, 5.0, (at_s, at_s + 20.0), |_| vec![]);
        }
        let missing = raised(&changes, EventType::ObjectMissing);
        assert_eq!(missing.len(), 1, "restarted at {restarted_at_s:?}");
        assert!(missing[0].track.is_none());
    }
}

/// The same scene in a quarter and in four times the pixels gives the same events.
#[test]
fn p6_whose_helmet_it_is_does_not_hang_on_the_resolution() {
    let told = |scale: f32| {
        let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[Equipment::Helmet])]);
        let part = |x: f32, y: f32, w: f32, h: f32| {
            PixelBox::from_xywh(x * scale, y * scale, w * scale, h * scale)
        };
        let mut changes = Vec::new();
        for number in 0..60_u32 {
            let time = PictureTime::from_secs_f64(f64::from(number) / 10.0);
            // A hundred pixels apart: "near the head" of both, in the prototype.
            let tracks = [(1, 500.0), (2, 560.0)].map(|(track, x)| Track {
                id: format!("cam/1/{track}").parse().unwrap(),
                bbox: part(x, 250.0, 50.0, 150.0),
                score: 0.8,
                predicted: false,
                first_seen: time,
                last_seen: time,
            });
            let helmet = part(573.0, 250.0, 24.0, 20.0);
            let detections = [Detection { class: Class::Helmet, score: 0.65, bbox: helmet }];
            changes.extend(judge.feed(&Entry::Picture(PictureEntry {
                time,
                utc: Utc(time.micros()),
                size: PictureSize::new((960.0 * scale) as u32, (540.0 * scale) as u32),
                tracks: &tracks,
                detections: &detections,
                input_scale: 0.5 / scale,
                close_up: None,
            })));
        }
        let missing = raised(&changes, EventType::HelmetMissing);
        let told = missing.iter().map(|e| (e.track.as_ref().unwrap().number, start_s(e).to_bits()));
        told.collect::<Vec<_>>()
    };
    let expected = told(1.0);
    assert_eq!(expected.iter().map(|(track, _)| *track).collect::<Vec<_>>(), [1]);
    assert_eq!(told(0.5), expected);
    assert_eq!(told(4.0), expected);
}

/// Half hidden people are slivers: no exit by a foot that is not one, and the
/// same person on the other side.
#[test]
fn walking_behind_a_pillar_is_one_stay() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[])]);
    let mut changes = Vec::new();
    for number in 0..40_i32 {
        let at_s = f64::from(number) / 4.0;
        let x = 450.0 + at_s as f32 * 40.0;
        let (track, bbox) = match at_s {
            _ if at_s < 4.0 => (1, PixelBox::from_xywh(x, 250.0, 70.0, 200.0)),
            _ if at_s < 4.5 => (1, PixelBox::from_xywh(x + 50.0, 100.0, 20.0, 100.0)),
            _ if at_s < 6.5 => (0, PixelBox::from_xywh(0.0, 0.0, 1.0, 1.0)),
            _ => (2, PixelBox::from_xywh(x, 250.0, 70.0, 200.0)),
        };
        let time = PictureTime::from_secs_f64(at_s);
        let tracks = [Track {
            id: format!("cam/1/{track}").parse().unwrap(),
            bbox,
            score: 0.8,
            predicted: false,
            first_seen: time,
            last_seen: time,
        }];
        let entry = PictureEntry {
            time,
            utc: Utc(time.micros()),
            size: SIZE,
            tracks: if track == 0 { &[] } else { &tracks },
            detections: &[],
            input_scale: 448.0 / 960.0,
            close_up: None,
        };
        changes.extend(judge.feed(&Entry::Picture(entry)));
    }
    assert_eq!(raised(&changes, EventType::Entrance).len(), 1);
    assert!(raised(&changes, EventType::Exit).is_empty(), "{changes:#?}");
    assert_eq!(raised(&changes, EventType::DangerZoneIntrusion).len(), 1);
}

#[test]
fn the_pause_is_the_persons_and_ends() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 1.0, &[])]);
    // In and out of the zone every five seconds, always in sight.
    let changes = play(&mut judge, 10.0, (0.0, 62.0), |at| {
        let inside = (at / 5.0) as i64 % 2 == 0;
        vec![person(1, if inside { 600.0 } else { 200.0 })]
    });
    let starts: Vec<_> = raised(&changes, EventType::DangerZoneIntrusion)
        .iter()
        .map(|e| start_s(e).round())
        .collect();
    assert_eq!(starts, [1.0, 31.0, 61.0]);
}

#[test]
fn a_helmet_put_on_ends_the_finding() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 2.0, &[Equipment::Helmet])]);
    let changes = play(&mut judge, 10.0, (0.0, 12.0), |at| {
        vec![Person { helmet: at >= 6.0, ..person(1, 500.0) }]
    });
    let ended: Vec<_> = changes
        .iter()
        .filter(|c| c.kind == ChangeKind::Ended && c.event.event_type == EventType::HelmetMissing)
        .collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].event.details["end_reason"], "worn");
}

#[test]
fn blind_time_is_unknown_and_makes_nobody_leave() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 1.0, &[])]);
    play(&mut judge, 10.0, (0.0, 4.0), |_| vec![person(1, 500.0)]);
    assert_eq!(judge.view().zones[0].verdict, ZoneVerdict::Alarm);
    let gap = Entry::NotAnalysed {
        from: PictureTime::from_millis(4000),
        to: PictureTime::from_millis(5500),
        reason: "detector_failed",
    };
    assert!(judge.feed(&gap).is_empty());
    assert_eq!(judge.view().zones[0].verdict, ZoneVerdict::Unknown);
    let changes = play(&mut judge, 10.0, (5.5, 8.0), |_| vec![person(1, 500.0)]);
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(judge.view().zones[0].verdict, ZoneVerdict::Alarm);
}

#[test]
fn an_edited_zone_judges_the_next_picture() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 0.0, &[])]);
    let inside = play(&mut judge, 10.0, (0.0, 1.0), |_| vec![person(1, 500.0)]);
    assert_eq!(raised(&inside, EventType::DangerZoneIntrusion).len(), 1);
    // The zone goes: its alarm ends at once.
    let ended = judge.feed(&Entry::Config { config: config(Vec::new(), 2), known: known() });
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].event.details["end_reason"], "zone_removed");
    // Another comes: the next picture is judged by it, and the event names its version.
    let mut other = zone(ZoneType::Danger, 0.0, &[]);
    other.id = "z-other".parse().unwrap();
    judge.feed(&Entry::Config { config: config(vec![other], 3), known: known() });
    let next = play(&mut judge, 10.0, (1.0, 1.1), |_| vec![person(1, 500.0)]);
    let alarms = raised(&next, EventType::DangerZoneIntrusion);
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].config_version, 3);
}

#[test]
fn a_class_the_model_lacks_is_never_missing() {
    let without_helmet: BTreeSet<Class> = [Class::Person].into();
    let zones = vec![zone(ZoneType::Danger, 1.0, &[Equipment::Helmet])];
    let mut judge = Judge::new(SegmentId(1), config(zones, 1), without_helmet);
    let changes =
        play(&mut judge, 10.0, (0.0, 10.0), |_| vec![Person { helmet: false, ..person(1, 500.0) }]);
    assert!(raised(&changes, EventType::HelmetMissing).is_empty());
    let without_alarm = Judge::new(
        SegmentId(1),
        config(vec![zone(ZoneType::Danger, 60.0, &[Equipment::Helmet])], 1),
        [Class::Person].into(),
    );
    let mut judge = without_alarm;
    play(&mut judge, 10.0, (0.0, 2.0), |_| Vec::new());
    assert_eq!(
        judge.view().zones[0].verdict,
        ZoneVerdict::Unknown,
        "not clear: it can't be judged"
    );
}

/// Somebody else coming out from behind the same pillar is not silenced by the
/// pause of the one who went behind it.
#[test]
fn a_pause_is_not_handed_on_to_somebody_else() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 1.0, &[])]);
    let changes = play(&mut judge, 10.0, (0.0, 12.0), |at| match at {
        _ if at < 3.0 => vec![person(1, 500.0)],
        // Out of the zone, behind the pillar, gone for a second and a half.
        _ if at < 5.0 => vec![person(1, 250.0)],
        _ if at < 6.5 => Vec::new(),
        _ if at < 7.0 => vec![person(2, 260.0)],
        _ => vec![person(2, 500.0)],
    });
    let alarms = raised(&changes, EventType::DangerZoneIntrusion);
    let who: Vec<_> = alarms.iter().map(|e| e.track.as_ref().unwrap().number).collect();
    assert_eq!(who, [1, 2]);
}

#[test]
fn a_rule_that_is_dropped_ends_its_finding() {
    let mut judge = judge(vec![zone(ZoneType::Danger, 1.0, &[Equipment::Helmet])]);
    let bare = |_| vec![Person { helmet: false, ..person(1, 500.0) }];
    let changes = play(&mut judge, 10.0, (0.0, 5.0), bare);
    assert_eq!(raised(&changes, EventType::HelmetMissing).len(), 1);
    let without = config(vec![zone(ZoneType::Danger, 1.0, &[])], 2);
    let ended = judge.feed(&Entry::Config { config: without, known: known() });
    assert_eq!(ended.len(), 1, "the intrusion goes on");
    assert_eq!(ended[0].event.event_type, EventType::HelmetMissing);
    assert_eq!(ended[0].event.details["end_reason"], "rule_removed");
    assert_eq!(judge.view().zones[0].verdict, ZoneVerdict::Unknown, "nobody has looked since");
}

#[test]
fn a_replay_gives_the_same_events_to_the_byte() {
    let run = || {
        let mut judge = judge(vec![zone(ZoneType::Danger, 1.0, &[Equipment::Helmet])]);
        let mut changes = play(&mut judge, 10.0, (0.0, 6.0), |at| {
            vec![Person { helmet: false, ..person(1, 400.0 + at as f32 * 20.0) }]
        });
        changes.extend(judge.finish("discontinuity"));
        serde_json::to_string(&changes).unwrap()
    };
    let first = run();
    assert_eq!(first, run());
    assert!(first.contains("discontinuity"));
}

/// A program that is started anew makes no id that there was before, though its segments begin
/// with the same people; the same segment makes the same ids, which is how replays compare.
#[test]
fn p10_ids_of_events_are_never_used_again() {
    let ids = |segment: u64| -> Vec<String> {
        let mut judge = Judge::new(
            SegmentId(segment),
            config(vec![zone(ZoneType::Danger, 1.0, &[])], 1),
            known(),
        );
        let changes =
            play(&mut judge, 10.0, (0.0, 8.0), |_| vec![person(1, 500.0), person(2, 620.0)]);
        let raised = changes.iter().filter(|c| c.kind == ChangeKind::Raised);
        raised.map(|c| c.event.id.to_string()).collect()
    };
    let (first, again, restarted) = (ids(1), ids(1), ids(2));
    assert_eq!(first, again);
    assert_eq!(first.len(), 4, "{first:?}");
    let all: BTreeSet<&String> = first.iter().chain(&restarted).collect();
    assert_eq!(all.len(), 8, "{first:?} {restarted:?}");
}
