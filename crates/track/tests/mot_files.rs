//! MOTChallenge files in and out, against a stored answer.

mod common;

use common::{at, tracker};
use safe_yolo_core::PictureSize;
use safe_yolo_track::TrackerConfig;
use safe_yolo_track::mot::{MotError, parse_detections, track_mot, write_track};

const SIZE: PictureSize = PictureSize::new(640, 480);

fn track(text: &str) -> Result<String, MotError> {
    track_mot(text, 10.0, SIZE, TrackerConfig::default())
}

/// `UPDATE_GOLDEN=1 cargo test -p safe-yolo-track` writes the answer anew.
#[test]
fn the_made_file_gives_the_stored_tracks() {
    let tracks = track(include_str!("data/three_people.det.txt")).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/three_people.tracks.txt");
        std::fs::write(path, &tracks).unwrap();
    }
    assert_eq!(tracks, include_str!("data/three_people.tracks.txt"));
}

/// Frames without detections are skipped where that is safe: the answer is
/// that of a tracker which is told of every frame.
#[test]
fn frames_without_detections_count() {
    let text = "4,-1,100,100,40,110,0.9\n5,-1,104,100,40,110,0.9\n20,-1,160,100,40,110,0.9\n\
                90,-1,100,100,40,110,0.9\n91,-1,104,100,40,110,0.9\n1000,-1,100,100,40,110,0.9\n";
    let detections = parse_detections(text).unwrap();
    let (mut tracker, mut expect) = (tracker(), String::new());
    for frame in 1..=1000 {
        let found = detections.get(&frame).map_or(&[][..], Vec::as_slice);
        for track in tracker.update(at(f64::from(frame - 1) / 10.0), found).unwrap() {
            if !track.predicted {
                write_track(&mut expect, frame, &track, SIZE);
            }
        }
    }
    assert_eq!(track(text).unwrap(), expect);
    let frames: Vec<_> = expect.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(frames, ["5", "20", "91"]);
}

#[test]
fn a_gap_of_millions_of_frames_is_skipped() {
    let text = "1,-1,10,10,40,110,0.9\n5000000,-1,10,10,40,110,0.9\n10000000,-1,10,10,40,110,0.9\n";
    assert_eq!(track(text).unwrap().lines().count(), 1);
}

#[test]
fn boxes_are_cut_at_the_edges() {
    let tracks = track("1,-1,620,-30,40,110,0.9\n1,-1,900,10,40,110,0.9\n").unwrap();
    assert_eq!(tracks, "1,1,620.00,0.00,20.00,80.00,0.9000,-1,-1,-1\n");
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, expect: &str| {
        let said = track(text).unwrap_or_else(|error| error.to_string());
        assert!(said.contains(expect), "'{said}' lacks '{expect}'");
    };
    let good = "1,-1,10,10,40,110,0.9\n";
    check("", "");
    check("\n  \r\n1, -1, 10, 10, 40, 110, 0.9, -1, -1, -1\r\n", "1,1,10.00,10.00,40.00,110.00");
    check("1.0,-1,10,10,40,110,1\n", "1,1,10.00");
    check(&format!("{good}\n2,-1,10\n"), "line 3: there is no y: write frame,id,x,y,w,h,score");
    check(&format!("{good}x,-1,1,1,1,1,1"), "line 2: frame 'x' is not a whole number");
    check("0,-1,1,1,1,1,1", "frame '0' is not");
    check("1.5,-1,1,1,1,1,1", "frame '1.5' is not");
    check("10000001,-1,1,1,1,1,1", "a whole number from 1 to 10000000");
    check("1,who,1,1,1,1,1", "id 'who' is not a number");
    check("1,-1,1,1,-4,1,1", "w '-4' is not a width above 0");
    check("1,-1,1,1,4,NaN,1", "h 'NaN' is not a height above 0");
    check("1,-1,inf,1,4,4,1", "x 'inf' is not a place");
    check("1,-1,1,1,4,4,37.2", "score '37.2' is not from 0 to 1: scale the scores first");
    check(&format!("1,-1,{}", "9".repeat(5000)), "x '9999999999999999999999999999999999999999' is");
    for fps in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
        let refused = track_mot(good, fps, SIZE, TrackerConfig::default());
        assert!(matches!(refused, Err(MotError::Rate(_))), "{fps}");
    }
    for size in [PictureSize::new(0, 480), PictureSize::new(640, u32::MAX)] {
        let refused = track_mot(good, 10.0, size, TrackerConfig::default());
        assert!(matches!(refused, Err(MotError::Size { .. })), "{size:?}");
    }
    let config = TrackerConfig { low: 2.0, ..TrackerConfig::default() };
    assert!(matches!(track_mot(good, 10.0, SIZE, config), Err(MotError::Config(_))));
}
