//! Picture by picture beside a second implementation, `trackforge`, set to the same
//! thresholds, where both define the same thing: ByteTrack's associations on the
//! overlap alone over DeepSORT's filter. `docs/tracking.md` says where they differ.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;

use common::{at, person, tracker_with};
use proptest::prelude::*;
use safe_yolo_core::{Class, Detection, PixelBox};
use safe_yolo_track::{CameraMotion, TrackerConfig};
use trackforge::trackers::botsort::BotSort;
use trackforge::trackers::byte_track::ByteTrack;
use trackforge::trackers::common::CameraMotion as TheirMotion;

const RATE: f64 = 30.0;
/// Pictures for which it keeps a lost track.
const BUFFER: usize = 30;

/// Ours, set to what it does.
fn ours() -> TrackerConfig {
    TrackerConfig {
        // It uses every unsure detection, however unsure.
        low: 0.0,
        fuse_score: false,
        // It confirms by the first detection and removes no duplicates.
        confirm_at_once_s: 0.0,
        duplicate_cost_max: 0.0,
        // It asks after the association whether a track is too old, we do before.
        lost_s: (BUFFER as f64 + 1.5) / RATE,
        ..TrackerConfig::byte_track()
    }
}

/// Who was given which detection: by track, the place in the list.
type Answer = BTreeMap<u64, usize>;

/// Detections that differ in their scores, by which they are found again.
fn told_apart(found: &[Detection]) -> Vec<Detection> {
    let number = |(at, detection): (usize, &Detection)| Detection {
        score: detection.score + at as f32 / 4096.0,
        ..*detection
    };
    found.iter().enumerate().map(number).collect()
}

fn theirs(found: &[Detection]) -> Vec<([f32; 4], f32, i64)> {
    let plain =
        |d: &Detection| ([d.bbox.x1, d.bbox.y1, d.bbox.width(), d.bbox.height()], d.score, 0);
    found.iter().map(plain).collect()
}

/// Runs both over the pictures, with the camera moved by so much before each.
fn answers(pictures: &[(Vec<Detection>, [f32; 2])], moves: bool) -> Vec<(Answer, Answer)> {
    let mut tracker = tracker_with(ours());
    let mut bot_sort = BotSort::new(0.5, BUFFER, 0.8, 0.6, 0.5, 0.25);
    let mut byte_track = ByteTrack::new(0.5, BUFFER, 0.8, 0.6);
    let mut all = Vec::new();
    for (number, (found, [dx, dy])) in pictures.iter().enumerate() {
        let found = told_apart(found);
        if moves {
            let rows = [[1.0, 0.0, f64::from(*dx)], [0.0, 1.0, f64::from(*dy)]];
            tracker.compensate(&CameraMotion::new(rows).unwrap());
        }
        let tracks = tracker.update(at(number as f64 / RATE), &found).unwrap();
        let place =
            |score: f32| found.iter().position(|d| d.score.to_bits() == score.to_bits()).unwrap();
        let mine = tracks.iter().filter(|t| !t.predicted);
        let mine = mine.map(|t| (u64::from(t.id.number), place(t.score))).collect();
        let other = if moves {
            let motion = TheirMotion::new(1.0, 0.0, *dx, 0.0, 1.0, *dy);
            let tracks = bot_sort.update_with_camera_motion(theirs(&found), &[], &motion);
            tracks.iter().map(|t| (t.track_id, t.det_ind.unwrap())).collect()
        } else {
            let tracks = byte_track.update(theirs(&found));
            tracks.iter().map(|t| (t.track_id, t.det_ind.unwrap())).collect()
        };
        all.push((mine, other));
    }
    all
}

/// Checks that the tracks are the same but for their numbers.
fn check(answers: &[(Answer, Answer)]) -> Result<(), String> {
    let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
    for (picture, (mine, other)) in answers.iter().enumerate() {
        let by_place: BTreeMap<usize, u64> = other.iter().map(|(id, at)| (*at, *id)).collect();
        if by_place.len() != mine.len() {
            return Err(format!("picture {picture}: {mine:?} and {other:?}"));
        }
        for (id, at) in mine {
            let Some(theirs) = by_place.get(at) else {
                return Err(format!("picture {picture}: only ours follows {at}"));
            };
            let (a, b) =
                (*there.entry(*id).or_insert(*theirs), *back.entry(*theirs).or_insert(*id));
            if (a, b) != (*theirs, *id) {
                return Err(format!("picture {picture}: {id} was {a}, and {theirs} was {b}"));
            }
        }
    }
    Ok(())
}

/// One person in a lane of their own: how fast, from where, when hidden and when
/// hardly seen.
#[derive(Debug, Clone)]
struct Walk {
    from: f64,
    speed: f64,
    hidden: (u32, u32),
    unsure: (u32, u32),
    score: f32,
}

fn walk() -> impl Strategy<Value = Walk> {
    let spell = || (0..120_u32, 0..50_u32);
    (0.0..600.0, -4.0..4.0, spell(), spell(), 0.4..0.95f32).prop_map(
        |(from, speed, hidden, unsure, score)| Walk { from, speed, hidden, unsure, score },
    )
}

/// The pictures of some people in lanes 300 pixels apart, box by box a little off; of
/// a camera that moves if asked for.
fn lanes(walks: &[Walk], jitter: &[i8], moves: bool) -> Vec<(Vec<Detection>, [f32; 2])> {
    let (mut camera, mut pictures) = ([0.0, 0.0], Vec::new());
    for picture in 0..150_u32 {
        let off = |n: u32| f64::from(jitter[(picture * 7 + n * 3) as usize % jitter.len()]) / 40.0;
        let by = if moves { [off(91) * 12.0, off(57) * 8.0] } else { [0.0; 2] };
        camera = [camera[0] + by[0], camera[1] + by[1]];
        let mut found = Vec::new();
        for (lane, walk) in (0_u32..).zip(walks) {
            let within = |(from, length): (u32, u32)| (from..from + length).contains(&picture);
            if !within(walk.hidden) {
                let x = walk.from + walk.speed * f64::from(picture) + off(lane) + camera[0];
                let y = 300.0 * f64::from(lane) + off(lane + 50) + camera[1];
                let score = if within(walk.unsure) { 0.3 } else { walk.score };
                found.push(person(x, y, score));
            }
        }
        pictures.push((found, by.map(|by| by as f32)));
    }
    pictures
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nobody competes for a detection: both say the same in every picture.
    #[test]
    fn people_in_lanes_are_followed_alike(
        walks in prop::collection::vec(walk(), 1..8),
        jitter in prop::collection::vec(any::<i8>(), 40),
    ) {
        let pictures = lanes(&walks, &jitter, false);
        prop_assert_eq!(check(&answers(&pictures, false)), Ok(()));
    }

    /// The same from a camera that is shaken: both are told by how much.
    #[test]
    fn so_are_they_by_a_camera_that_moves(
        walks in prop::collection::vec(walk(), 1..8),
        jitter in prop::collection::vec(any::<i8>(), 40),
    ) {
        let pictures = lanes(&walks, &jitter, true);
        prop_assert_eq!(check(&answers(&pictures, true)), Ok(()));
    }
}

fn tall(x: f64) -> Detection {
    let bbox = PixelBox::from_xywh(x as f32, 100.0, 40.0, 110.0);
    Detection { class: Class::Person, score: 0.9, bbox }
}

/// Two people beside each other, both 11 pixels further: the pair that overlaps most is
/// the second one's place and the first one's detection. `trackforge` takes it, which
/// leaves the other two apart; of all assignments, the one with both is the best.
#[test]
fn where_two_compete_it_is_greedy_and_we_are_not() {
    let row = |xs: [f64; 2]| (xs.map(tall).to_vec(), [0.0; 2]);
    let still = row([100.0, 116.0]);
    let mut pictures = vec![still; 20];
    pictures.push(row([111.0, 127.0]));
    let answers = answers(&pictures, false);
    assert_eq!(check(&answers[..20]), Ok(()));
    let (mine, other) = &answers[20];
    let (before, their_before) = &answers[19];
    assert_eq!(mine, before, "both are followed");
    assert_ne!(other, their_before, "one of the two is lost");
}

/// The fused score is ours and of the authors' code: the second implementation has none.
#[test]
fn where_scores_decide_only_ours_looks_at_them() {
    let plain = ours();
    let fused = TrackerConfig { fuse_score: true, ..ours() };
    let follow = |config: TrackerConfig| {
        let mut tracker = tracker_with(config);
        for number in 0..10 {
            tracker.update(at(f64::from(number) / RATE), &[person(100.0, 200.0, 0.9)]).unwrap();
        }
        // Two detections on one person, the surer one a little further off.
        let found = [person(102.0, 200.0, 0.55), person(105.0, 200.0, 0.95)];
        let tracks = tracker.update(at(10.0 / RATE), &found).unwrap();
        tracks.iter().find(|track| track.id.number == 1).unwrap().score
    };
    assert!(follow(plain) < 0.6);
    assert!(follow(fused) > 0.9);
}
