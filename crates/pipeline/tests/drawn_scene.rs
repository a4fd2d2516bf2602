//! The drawn scene through the real detector, tracker and rules. Nobody watches.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    Analysis, CameraConfig, Event, EventChange, EventType, FractionPoint, PictureTime, PixelBox,
    Polygon, Zone,
};
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::offline::Offline;
use safe_yolo_sim::{Scene, SceneZone};
use safe_yolo_track::TrackerConfig;

use common::detectors;

fn zone(number: usize, suggested: &SceneZone) -> Zone {
    let points: Vec<FractionPoint> = suggested.points.clone();
    Zone {
        id: format!("z-{number}").parse().unwrap(),
        name: suggested.name_en.clone(),
        zone_type: suggested.zone_type,
        points: Polygon::new(points).unwrap(),
        active: true,
        place: None,
        anchor: safe_yolo_core::Anchor::Foot,
        schedule: None,
        dwell_s: 2.0,
        pause_s: 30.0,
        require: suggested.require.clone(),
        rules: suggested.rules.clone(),
    }
}

/// All changes of a scenario over so many seconds at this rate, and the people's boxes.
async fn play(
    scenario: &str,
    seed: u64,
    seconds: f64,
    rate: f64,
) -> (Vec<EventChange>, Vec<(f64, u32, PixelBox)>) {
    let scene = Scene::new(scenario, seed).unwrap();
    let zones = scene.zones().iter().enumerate().map(|(i, z)| zone(i, z)).collect();
    let address = format!("sim://{scenario}?seed={seed}");
    let config = CameraConfig {
        id: "cam".parse().unwrap(),
        name: "drawn".into(),
        source: address.clone(),
        enabled: true,
        repeat: true,
        analysis_rate_max: rate,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        zones,
        version: 1,
    };
    let offline = Offline {
        detectors: detectors(),
        tracking: TrackerConfig::default(),
        config: Arc::new(config),
        source: SourceSpec::parse(&address, &SourcePolicy::trusted()).unwrap(),
        rate_max: Some(rate),
        until: Some(PictureTime::from_secs_f64(seconds)),
        second_look: true,
    };
    let (mut changes, mut boxes) = (Vec::new(), Vec::new());
    let last = offline
        .run(
            |_| {},
            |frame| {
                let Analysis::Done(analysed) = frame.analysis else {
                    panic!("a picture was not analysed")
                };
                changes.extend(analysed.changes);
                boxes.extend(
                    analysed.tracks.iter().map(|t| (frame.time.secs_f64(), t.id.number, t.bbox)),
                );
                Ok(())
            },
        )
        .await
        .unwrap();
    changes.extend(last);
    (changes, boxes)
}

fn raised(changes: &[EventChange], event_type: EventType) -> Vec<&Event> {
    let wanted =
        |c: &&EventChange| c.kind == ChangeKind::Raised && c.event.event_type == event_type;
    changes.iter().filter(wanted).map(|c| &c.event).collect()
}

fn start_s(event: &Event) -> f64 {
    event.details["start_s"].as_f64().unwrap()
}

/// Which of the scene's people an event's box lies on.
fn actor(scenario: &str, seed: u64, event: &Event) -> u32 {
    let scene = Scene::new(scenario, seed).unwrap();
    let bbox: PixelBox = serde_json::from_value(event.details["box"].clone()).unwrap();
    let truth = scene.truth(PictureTime::from_secs_f64(start_s(event)));
    let best = truth.iter().max_by(|a, b| a.bbox.iou(&bbox).total_cmp(&b.bbox.iou(&bbox))).unwrap();
    assert!(best.bbox.iou(&bbox) > 0.5, "the event's box lies on nobody");
    best.actor
}

/// P1 and P3: the bare head beside the helmet is found, once, at any rate.
#[tokio::test(flavor = "multi_thread")]
async fn one_bare_head_beside_a_helmet_is_one_alarm() {
    let mut starts = Vec::new();
    for rate in [4.0, 15.0] {
        for seed in [1, 2] {
            let (changes, _) = play("helmets", seed, 20.0, rate).await;
            let missing = raised(&changes, EventType::HelmetMissing);
            assert_eq!(missing.len(), 1, "seed {seed} at {rate}/s: {missing:#?}");
            // Actor 1 is the one without a helmet.
            assert_eq!(actor("helmets", seed, missing[0]), 1, "seed {seed} at {rate}/s");
            assert_eq!(
                raised(&changes, EventType::DangerZoneIntrusion).len(),
                2,
                "seed {seed} at {rate}/s"
            );
            starts.push(start_s(missing[0]));
        }
    }
    let spread = starts.iter().fold(0.0_f64, |m, s| m.max(*s))
        - starts.iter().fold(f64::MAX, |m, s| m.min(*s));
    assert!(spread <= 1.0, "the alarm comes at {starts:?} s");
}

/// P2 and P3: an intruder ten seconds after another raises an alarm of his own.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_intruder_is_a_second_alarm() {
    for rate in [4.0, 15.0] {
        let (changes, _) = play("intruders", 1, 22.0, rate).await;
        let alarms = raised(&changes, EventType::DangerZoneIntrusion);
        assert_eq!(alarms.len(), 2, "at {rate}/s: {alarms:#?}");
        let who: Vec<u32> = alarms.iter().map(|e| actor("intruders", 1, e)).collect();
        assert_eq!(who, [0, 1], "at {rate}/s");
        for (event, entered) in alarms.iter().zip([3.0, 13.0]) {
            let after = start_s(event) - entered;
            assert!((1.5..=3.5).contains(&after), "alarm {after} s after entering at {rate}/s");
        }
        assert!(raised(&changes, EventType::HelmetMissing).is_empty(), "both wear helmets");
    }
}

/// P4: a second behind a pillar is no exit, and the stay is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_behind_a_pillar_is_no_exit() {
    for rate in [4.0, 15.0] {
        let (changes, boxes) = play("pillar", 1, 16.0, rate).await;
        let entrances = raised(&changes, EventType::Entrance);
        assert_eq!(entrances.len(), 1, "at {rate}/s: {changes:#?} {boxes:?}");
        let exits = raised(&changes, EventType::Exit);
        assert_eq!(exits.len(), 1, "at {rate}/s: {exits:#?}");
        let stay_s = exits[0].details["stay_s"].as_f64().unwrap();
        assert!(
            (stay_s - 8.0).abs() <= 1.0,
            "in the zone from 3.5 s to 11.5 s, told {stay_s} s at {rate}/s"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_hall_has_nobody() {
    let (changes, boxes) = play("quiet", 1, 10.0, 4.0).await;
    assert!(changes.is_empty(), "{changes:#?}");
    assert!(boxes.is_empty(), "{boxes:?}");
}
