//! What holds whatever the detector says.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::{HashMap, HashSet};

use common::{person, tracker_with};
use proptest::prelude::*;
use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, Track};
use safe_yolo_track::{CameraMotion, Tracker, TrackerConfig, mot};

type Step = (i64, Vec<Detection>);

fn limits() -> TrackerConfig {
    TrackerConfig { detections_max: 8, tracks_max: 10, lost_s: 1.0, ..TrackerConfig::default() }
}

/// People in a small picture, so that they meet, with some nonsense among them.
fn detection() -> impl Strategy<Value = Detection> {
    let sound = (0.0..640.0, 100.0..400.0, 0.0..1.0f32).prop_map(|(x, y, s)| person(x, y, s));
    let size = 0.0..300.0f32;
    let odd = (-50.0..700.0f32, -50.0..500.0f32, size.clone(), size, 0.0..1.0f32).prop_map(
        |(x, y, w, h, score)| Detection {
            class: Class::Person,
            score,
            bbox: PixelBox::from_xywh(x, y, w, h),
        },
    );
    let any = (any::<[f32; 4]>(), any::<f32>()).prop_map(|(corners, score)| Detection {
        class: Class::Person,
        score,
        bbox: corners.into(),
    });
    prop_oneof![6 => sound, 2 => odd, 1 => any]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap_us = prop_oneof![8 => 1..400_000_i64, 1 => 400_000..20_000_000_i64];
    prop::collection::vec((gap_us, prop::collection::vec(detection(), 0..14)), 1..40)
}

fn play(tracker: &mut Tracker, steps: &[Step]) -> Vec<Vec<Track>> {
    let mut time = PictureTime::default();
    let update = |(gap_us, found): &Step| {
        time = PictureTime(time.0 + gap_us);
        tracker.update(time, found).unwrap()
    };
    steps.iter().map(update).collect()
}

proptest! {
    #[test]
    fn the_same_again_gives_the_same(steps in steps()) {
        let first = play(&mut tracker_with(limits()), &steps);
        prop_assert_eq!(first, play(&mut tracker_with(limits()), &steps));
    }

    #[test]
    fn the_order_of_detections_does_not_matter(
        (steps, shuffled) in steps().prop_flat_map(|steps| {
            let shuffle = |(gap, found): &Step| (Just(*gap), Just(found.clone()).prop_shuffle());
            let shuffled: Vec<_> = steps.iter().map(shuffle).collect();
            (Just(steps), shuffled)
        })
    ) {
        let first = play(&mut tracker_with(limits()), &steps);
        prop_assert_eq!(first, play(&mut tracker_with(limits()), &shuffled));
    }

    /// One number names one track: it begins once and, once gone, is gone.
    #[test]
    fn numbers_are_never_used_again(steps in steps()) {
        let (mut begun, mut gone) = (HashMap::new(), HashSet::new());
        let mut before = HashSet::new();
        for tracks in play(&mut tracker_with(limits()), &steps) {
            let now: HashSet<_> = tracks.iter().map(|t| t.id.number).collect();
            prop_assert_eq!(now.len(), tracks.len());
            gone.extend(before.difference(&now).copied());
            prop_assert!(now.is_disjoint(&gone));
            for track in &tracks {
                let first_seen = *begun.entry(track.id.number).or_insert(track.first_seen);
                prop_assert_eq!(first_seen, track.first_seen);
            }
            before = now;
        }
    }

    #[test]
    fn c7_boxes_are_finite_and_memory_is_bounded(
        steps in steps(),
        x in -100.0..100.0f64,
        turn in -0.1..0.1f64,
    ) {
        let mut tracker = tracker_with(limits());
        let motion = CameraMotion::new([[1.1, -turn, x], [turn, 0.95, 3.0]]).unwrap();
        let mut time = PictureTime::default();
        for (gap_us, found) in &steps {
            time = PictureTime(time.0 + gap_us);
            tracker.compensate(&motion);
            let mut tracks = tracker.update(time, found).unwrap();
            prop_assert!(tracker.len() <= 10);
            for track in &tracks {
                let unseen_s = time.secs_since(track.last_seen);
                prop_assert_eq!(track.predicted, track.last_seen != time);
                prop_assert!((0.0..=1.0).contains(&unseen_s));
            }
            tracks.extend(tracker.predict(PictureTime(time.0 + gap_us)));
            for track in tracks {
                let sides: [f32; 4] = track.bbox.into();
                prop_assert!(sides.iter().all(|side| side.is_finite()));
                prop_assert!(track.bbox.width() >= 0.0 && track.bbox.height() >= 0.0);
                prop_assert!((0.0..=1.0).contains(&track.score));
            }
        }
    }

    /// Times at the ends of the range neither overflow nor stop the tracker.
    #[test]
    fn any_times_are_endured(times in prop::collection::vec(any::<i64>(), 1..20)) {
        let mut tracker = tracker_with(limits());
        for time in times {
            let refused = tracker.update(PictureTime(time), &[person(50.0, 80.0, 0.9)]).is_err();
            prop_assert!(refused || tracker.len() <= 2);
            for end in [i64::MIN, i64::MAX] {
                prop_assert!(tracker.predict(PictureTime(end)).len() <= 2);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([0-9eE.,+ -]{0,24}\n?|\\PC{0,12}\n?){0,6}") {
        if let Err(error) = mot::parse_detections(&text) {
            prop_assert!(error.to_string().starts_with("line "));
        }
    }
}
