//! Made sequences: what happens to people in front of a camera.

mod common;

use std::collections::BTreeSet;

use common::{at, number_at, person, run, times, tracker, tracker_with};
use safe_yolo_core::{Class, Detection, PixelBox};
use safe_yolo_track::{CameraMotion, TrackError, TrackerConfig};

/// A walk of 1.5 m/s where a person is 40 pixels wide, pixels a second.
const WALK: f64 = 110.0;

#[test]
fn two_people_who_cross_keep_their_numbers() {
    for rate in [4.0, 6.0, 10.0, 15.0, 30.0] {
        // The nearer one, 20 px lower, hides the other while they overlap by half.
        let left = |t: f64| 100.0 + WALK * t;
        let right = |t: f64| 640.0 - WALK * t;
        let seen = run(&mut tracker(), times(rate, 5.0), |t| {
            let mut found = vec![person(left(t), 220.0, 0.9)];
            if (left(t) - right(t)).abs() > 20.0 {
                found.push(person(right(t), 200.0, 0.85));
            }
            found
        });
        let (_, first) = seen.first().unwrap();
        let (t, last) = seen.last().unwrap();
        assert_eq!(number_at(last, left(*t)), number_at(first, left(0.0)), "{rate}/s");
        assert_eq!(number_at(last, right(*t)), number_at(first, right(0.0)), "{rate}/s");
        assert!(seen.iter().all(|(_, tracks)| tracks.len() == 2), "{rate}/s");
    }
}

#[test]
fn a_second_behind_a_pillar_keeps_the_number() {
    for rate in [4.0, 10.0, 15.0, 30.0] {
        let hidden = 2.0..3.0;
        let x = |t: f64| 50.0 + WALK * t;
        let seen = run(&mut tracker(), times(rate, 5.0), |t| {
            if hidden.contains(&t) { vec![] } else { vec![person(x(t), 200.0, 0.9)] }
        });
        for (t, tracks) in &seen {
            let [track] = tracks.as_slice() else { panic!("{rate}/s, {t} s: {tracks:?}") };
            assert_eq!(track.id.number, 1, "{rate}/s, {t} s");
            assert_eq!(track.predicted, hidden.contains(t), "{rate}/s, {t} s");
            let off = f64::from(track.bbox.center().x) - x(*t);
            assert!(off.abs() < 12.0, "{rate}/s, {t} s: {off} px off");
            assert!((track.bbox.width() - 40.0).abs() < 4.0, "{:?}", track.bbox);
        }
    }
}

#[test]
fn who_is_hidden_too_long_is_forgotten() {
    let hidden = 2.0..4.3;
    let seen = run(&mut tracker(), times(10.0, 6.0), |t| {
        if hidden.contains(&t) { vec![] } else { vec![person(300.0, 200.0, 0.9)] }
    });
    for (t, tracks) in &seen {
        // Last seen at 1.9 s; the last prediction is at 3.9 s.
        let expect = if *t < 3.95 {
            Some(1)
        } else if *t < 4.35 {
            None
        } else {
            Some(2)
        };
        assert_eq!(tracks.first().map(|track| track.id.number), expect, "{t} s");
    }
}

#[test]
fn unsure_detections_keep_a_track_but_start_none() {
    let seen = run(&mut tracker(), times(10.0, 5.0), |t| {
        let score = if t < 1.0 { 0.9 } else { 0.2 };
        vec![person(100.0 + 20.0 * t, 200.0, score), person(500.0, 200.0, 0.45)]
    });
    for (t, tracks) in &seen {
        let [track] = tracks.as_slice() else { panic!("{t} s: {tracks:?}") };
        assert!(!track.predicted && track.last_seen == at(*t), "{t} s");
        assert!(*t < 1.0 || (track.score - 0.2).abs() < 1e-6);
    }
    // Below the low score they do not even do that.
    let seen = run(&mut tracker(), times(10.0, 5.0), |t| {
        vec![person(100.0, 200.0, if t < 1.0 { 0.9 } else { 0.05 })]
    });
    assert!(seen.last().unwrap().1.is_empty());
}

#[test]
fn a_mistake_seen_once_never_appears() {
    for rate in [2.0, 4.0, 10.0, 30.0] {
        let seen = run(&mut tracker(), times(rate, 4.0), |t| {
            let mut found = vec![person(100.0, 200.0, 0.9)];
            if (2.0..2.0 + 1.0 / rate).contains(&(t + 1e-9)) {
                found.push(person(500.0, 200.0, 0.95));
            }
            found
        });
        assert!(seen.iter().all(|(_, tracks)| tracks.len() == 1), "{rate}/s");
        assert!(tracker().predict(at(1.0)).is_empty());
    }
}

/// Who enters in plain sight is confirmed by the second sight, walking or running, at any rate.
#[test]
fn who_walks_in_is_confirmed_at_once() {
    for (rate, speed) in
        [(2.0, WALK), (4.0, WALK), (4.0, 1.5 * WALK), (10.0, 2.0 * WALK), (30.0, 2.5 * WALK)]
    {
        let mut tracker = tracker();
        tracker.update(at(0.0), &[]).unwrap();
        for i in 1..4_u32 {
            let t = f64::from(i) / rate;
            let tracks = tracker.update(at(t), &[person(speed * t, 200.0, 0.9)]).unwrap();
            assert_eq!(tracks.len(), usize::from(i > 1), "{rate}/s, picture {i}");
            assert!(tracks.iter().all(|track| track.id.number == 1 && !track.predicted));
        }
    }
}

/// Who is hardly seen is confirmed by more sights, or after a quarter of a second in
/// sight, and no sooner.
#[test]
fn the_less_sure_are_confirmed_later() {
    for (rate, score, picture) in [
        (30.0, 0.9, 2),
        (30.0, 0.8, 3),
        (30.0, 0.51, 4),
        (10.0, 0.8, 3),
        (10.0, 0.51, 4),
        (5.0, 0.51, 3),
        (4.0, 0.51, 2),
        (2.0, 0.51, 2),
    ] {
        let mut tracker = tracker();
        tracker.update(at(0.0), &[]).unwrap();
        let confirmed = (1..10_u32).find(|number| {
            let t = f64::from(*number) / rate;
            !tracker.update(at(t), &[person(100.0, 200.0, score)]).unwrap().is_empty()
        });
        assert_eq!(confirmed, Some(picture), "{score} at {rate}/s");
    }
    // A sight that is missing begins it anew, under another number.
    let mut tracker = tracker();
    tracker.update(at(0.0), &[]).unwrap();
    for number in 1..60_u32 {
        let found = [person(100.0, 200.0, 0.8)];
        let found = if number % 3 == 0 { &[][..] } else { &found };
        let tracks = tracker.update(at(f64::from(number) / 30.0), found).unwrap();
        assert!(tracks.is_empty(), "picture {number}");
    }
}

/// Somebody half hidden for three seconds, longer than a lost track is kept: the
/// second association holds them, in each of the kinds of tracker.
#[test]
fn the_second_association_holds_who_is_half_hidden() {
    for config in [TrackerConfig::default(), TrackerConfig::bot_sort(), TrackerConfig::byte_track()]
    {
        for (low, numbers) in [(config.low, vec![1]), (config.high, vec![1, 2])] {
            let config = TrackerConfig { low, ..config.clone() };
            let hidden = 2.0..5.0;
            let seen = run(&mut tracker_with(config.clone()), times(10.0, 7.0), |t| {
                vec![person(100.0 + 30.0 * t, 200.0, if hidden.contains(&t) { 0.3 } else { 0.9 })]
            });
            let mut seen: Vec<_> =
                seen.iter().flat_map(|(_, tracks)| tracks).map(|track| track.id.number).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen, numbers, "{config:?}");
        }
    }
}

/// Beside a sure detection of somebody else, an unsure one is that of the hidden one: the
/// first association takes the sure ones, and only what is left may take the unsure.
#[test]
fn unsure_detections_never_take_the_place_of_sure_ones() {
    for config in [TrackerConfig::default(), TrackerConfig::byte_track()] {
        let mut tracker = tracker_with(config);
        run(&mut tracker, times(10.0, 1.0), |_| vec![person(100.0, 200.0, 0.9)]);
        // The unsure one lies nearer.
        let seen = run(&mut tracker, [1.1], |_| {
            vec![person(101.0, 200.0, 0.4), person(108.0, 200.0, 0.9)]
        });
        let [track] = seen[0].1.as_slice() else { panic!("{seen:?}") };
        assert!((track.score - 0.9).abs() < 1e-6, "{track:?}");
    }
}

/// ByteTrack's filter follows a walk as well as BoT-SORT's, behind a pillar too.
#[test]
fn both_filters_follow_a_walk() {
    for config in [TrackerConfig::bot_sort(), TrackerConfig::byte_track()] {
        let hidden = 2.0..2.8;
        let x = |t: f64| 50.0 + WALK * t;
        let seen = run(&mut tracker_with(config), times(15.0, 5.0), |t| {
            if hidden.contains(&t) { vec![] } else { vec![person(x(t), 200.0, 0.9)] }
        });
        for (t, tracks) in seen.iter().skip(1) {
            let [track] = tracks.as_slice() else { panic!("{t} s: {tracks:?}") };
            assert_eq!(track.id.number, 1, "{t} s");
            let off = f64::from(track.bbox.center().x) - x(*t);
            assert!(off.abs() < 12.0, "{t} s: {off} px off");
        }
    }
}

/// Ten thousand boxes: the best are used, the others counted, and the next picture
/// is as if they had not been there.
#[test]
fn ten_thousand_boxes_are_endured() {
    let mut tracker = tracker();
    let flood: Vec<Detection> = (0..10_000_u32)
        .map(|i| {
            let (x, y) = (f64::from(i % 100) * 19.0, f64::from(i / 100) * 10.0);
            person(x, y, 0.5 + (i % 97) as f32 / 200.0)
        })
        .collect();
    let limits = TrackerConfig::default();
    for number in 0..5_u32 {
        let tracks = tracker.update(at(f64::from(number) / 10.0), &flood).unwrap();
        assert!(tracks.len() <= limits.tracks_max);
        assert!(tracker.len() <= limits.tracks_max);
    }
    let dropped = (flood.len() - limits.detections_max) as u64 * 5;
    assert_eq!(tracker.counters().detections_dropped, dropped);
    assert_eq!(tracker.counters().detections_refused, 0);
}

/// Below the rates at which an overlap can be waited for, one sight is enough.
#[test]
fn pictures_a_second_apart_confirm_at_once() {
    let mut tracker = tracker();
    tracker.update(at(0.0), &[]).unwrap();
    assert_eq!(tracker.update(at(1.0), &[person(100.0, 200.0, 0.8)]).unwrap().len(), 1);
}

#[test]
fn the_rate_may_change_all_the_time() {
    let mut t = 0.0;
    let mut instants = Vec::new();
    for i in 0..60_u32 {
        instants.push(t);
        t += [0.033, 0.25, 0.1, 0.04, 0.5, 0.066][i as usize % 6];
    }
    let seen = run(&mut tracker(), instants, |t| vec![person(100.0 + 60.0 * t, 200.0, 0.9)]);
    for (t, tracks) in &seen {
        assert_eq!(tracks.len(), 1, "{t} s");
        assert_eq!(number_at(tracks, 100.0 + 60.0 * t), Some(1), "{t} s");
    }
}

/// Somebody passes behind a person who stands still: both are held all the
/// time, though the two boxes are one for a while.
#[test]
fn who_passes_behind_another_is_no_duplicate() {
    let walker = |t: f64| 200.0 + 50.0 * t;
    for walker_first in [true, false] {
        let (from, hidden) = (if walker_first { 0.0 } else { 0.5 }, 1.5..2.5);
        let seen = run(&mut tracker(), times(10.0, 4.0), |t| {
            let mut found = Vec::new();
            if t >= 0.5 - from {
                found.push(person(300.0, 200.0, 0.9));
            }
            if t >= from && !hidden.contains(&t) {
                found.push(person(walker(t), 200.0, 0.9));
            }
            found
        });
        for (t, tracks) in seen.iter().filter(|(t, _)| *t > 0.65) {
            assert_eq!(tracks.len(), 2, "{t} s");
            let standing = if walker_first { 2 } else { 1 };
            assert_eq!(number_at(tracks, 300.0), Some(standing), "{t} s");
        }
    }
}

/// A person lost under one number and found under another is one person.
#[test]
fn who_is_found_again_is_not_held_twice() {
    let mut tracker = tracker();
    run(&mut tracker, times(10.0, 1.0), |_| vec![person(300.0, 200.0, 0.9)]);
    // Shown elsewhere for two pictures, then back: the second number goes.
    let mut tracks = Vec::new();
    for t in [1.1, 1.2, 1.3, 1.4, 1.5] {
        let x = 300.0 + 45.0 * (1.5 - t) / 0.4;
        tracks = run(&mut tracker, [t], |_| vec![person(x, 200.0, 0.9)]).remove(0).1;
    }
    let numbers: Vec<_> = tracks.iter().map(|track| track.id.number).collect();
    assert_eq!(numbers.len(), 1, "{tracks:?}");
}

#[test]
fn between_analyses_boxes_are_predicted_and_nothing_changes() {
    let mut tracker = tracker();
    run(&mut tracker, times(4.0, 2.0), |t| vec![person(100.0 + WALK * t, 200.0, 0.9)]);
    for t in [2.1, 2.2, 2.2, 2.05] {
        let tracks = tracker.predict(at(t));
        assert!(tracks[0].predicted && tracks[0].last_seen == at(2.0));
        let off = f64::from(tracks[0].bbox.center().x) - (100.0 + WALK * t);
        assert!(off.abs() < 5.0, "{t} s: {off} px off");
    }
    assert_eq!(tracker.predict(at(1.0)), tracker.predict(at(2.0)), "no way back");
    assert!(tracker.predict(at(4.1)).is_empty(), "nobody is predicted for ever");
    assert_eq!(tracker.predict(at(2.1)).len(), 1);
}

#[test]
fn a_camera_that_jumps_keeps_the_numbers_when_told() {
    let jump = |t: f64| if t < 1.0 { 0.0 } else { 300.0 };
    for told in [true, false] {
        let mut tracker = tracker();
        let mut numbers = Vec::new();
        for t in times(10.0, 2.0) {
            if told && (t - 1.0).abs() < 1e-9 {
                let motion = CameraMotion::new([[1.0, 0.0, 300.0], [0.0, 1.0, 0.0]]).unwrap();
                tracker.compensate(&motion);
            }
            let x = 100.0 + 30.0 * t + jump(t);
            numbers = run(&mut tracker, [t], |_| vec![person(x, 200.0, 0.9)])[0]
                .1
                .iter()
                .filter(|track| !track.predicted)
                .map(|track| track.id.number)
                .collect();
        }
        assert_eq!(numbers, [if told { 1 } else { 2 }]);
    }
}

#[test]
fn only_sound_persons_count() {
    let mut tracker = tracker();
    let cone = Detection { class: Class::SafetyCone, ..person(300.0, 200.0, 0.9) };
    let with = |bbox: [f32; 4]| Detection { bbox: PixelBox::from(bbox), ..person(0.0, 0.0, 0.9) };
    let unsound = [
        with([f32::NAN, 0.0, 10.0, 10.0]),
        with([0.0, 0.0, f32::INFINITY, 10.0]),
        with([10.0, 0.0, 0.0, 10.0]),
        with([0.0, 5.0, 10.0, 5.0]),
        with([0.0, 0.0, 1e30, 10.0]),
        person(0.0, 0.0, f32::NAN),
        person(0.0, 0.0, 1.5),
    ];
    let mut found = unsound.to_vec();
    found.extend([cone, person(100.0, 200.0, 0.9)]);
    let tracks = tracker.update(at(0.0), &found).unwrap();
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].id.to_string(), "gate/7/1");
    assert_eq!(tracker.counters().detections_refused, unsound.len() as u64);
}

#[test]
fn time_that_does_not_pass_is_refused() {
    let mut tracker = tracker();
    tracker.update(at(1.0), &[person(100.0, 200.0, 0.9)]).unwrap();
    let before = tracker.predict(at(1.0));
    for t in [1.0, 0.5] {
        let error = tracker.update(at(t), &[]).unwrap_err();
        assert_eq!(error, TrackError::TimeNotLater { last: at(1.0), given: at(t) });
    }
    let said = tracker.update(at(0.5), &[]).unwrap_err().to_string();
    assert!(said.contains("500000 us") && said.contains("1000000 us"), "{said}");
    assert_eq!(tracker.predict(at(1.0)), before);
}

#[test]
fn limits_keep_the_best_and_the_present() {
    let config = TrackerConfig { detections_max: 3, tracks_max: 4, ..TrackerConfig::default() };
    let mut tracker = tracker_with(config);
    let row = |from: f64, score: f32| -> Vec<Detection> {
        (0..5_u8)
            .map(|i| person(from + 100.0 * f64::from(i), 200.0, score + f32::from(i) / 100.0))
            .collect()
    };
    let tracks = tracker.update(at(0.0), &row(0.0, 0.8)).unwrap();
    let xs: Vec<_> = tracks.iter().map(|t| t.bbox.center().x).collect();
    assert_eq!(xs, [400.0, 300.0, 200.0], "the best, best first");
    assert_eq!(tracker.counters().detections_dropped, 2);
    // Two of the three lost ones make room, the fourth place was free.
    tracker.update(at(0.1), &row(2000.0, 0.86)).unwrap();
    assert_eq!((tracker.len(), tracker.counters().tracks_evicted), (4, 2));
    let tracks = tracker.update(at(0.2), &row(2000.0, 0.86)).unwrap();
    let numbers: Vec<_> = tracks.iter().map(|t| (t.id.number, t.predicted)).collect();
    assert_eq!(numbers, [(3, true), (4, false), (5, false), (6, false)]);
    // With all in sight nobody makes room.
    let mut found = row(2000.0, 0.86)[2..].to_vec();
    tracker.update(at(0.3), &found).unwrap();
    found[0] = person(5000.0, 200.0, 0.9);
    found[1] = person(6000.0, 200.0, 0.9);
    tracker.update(at(0.4), &found).unwrap();
    assert_eq!(tracker.len(), 4);
}

#[test]
fn a_wrong_configuration_makes_no_tracker() {
    let config = TrackerConfig { lost_s: -1.0, ..TrackerConfig::default() };
    let tracker =
        safe_yolo_track::Tracker::new("gate".parse().unwrap(), Default::default(), config);
    assert!(tracker.unwrap_err().to_string().contains("`lost_s` is -1"));
}

/// The prototype made up an id where its tracker had none. Here whoever is seen was detected in that
/// picture, no two share a number, and a new number is larger than all before.
#[test]
fn p13_no_id_is_made_up() {
    let mut tracker = tracker();
    let mut ever = BTreeSet::new();
    for picture in 0..600_u32 {
        // People come and go for twelve seconds, and the detector misses every fifth.
        let found: Vec<Detection> = (0..6_u32)
            .filter(|p| (picture / 120 + p) % 3 != 0 && (picture + p) % 5 != 0)
            .map(|p| person(120.0 + 180.0 * f64::from(p), 200.0 + f64::from(picture % 40), 0.9))
            .collect();
        let tracks = tracker.update(at(f64::from(picture) / 10.0), &found).unwrap();
        for track in tracks.iter().filter(|track| !track.predicted) {
            let nearest = found.iter().map(|d| d.bbox.iou(&track.bbox)).fold(0.0, f32::max);
            assert!(nearest > 0.5, "{track:?} is nobody who was found at {picture}");
        }
        let now: BTreeSet<u32> = tracks.iter().map(|track| track.id.number).collect();
        assert_eq!(now.len(), tracks.len(), "a number twice at {picture}");
        let largest = ever.last().copied().unwrap_or(0);
        assert!(now.difference(&ever).all(|number| *number > largest), "{now:?} after {largest}");
        ever.extend(now);
    }
    assert!(ever.len() > 6, "who was away for twelve seconds is somebody new: {ever:?}");
}
