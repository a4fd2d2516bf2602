//! What is fed with bytes from outside, as fuzz targets: whatever the bytes, a clear error or
//! a defined result. A target panics when that does not hold.
//!
//! `make fuzz TARGET=name` lets libFuzzer look for such bytes; the tests of this crate feed
//! every target with damaged pieces of real input, so that none can rot.

#![allow(clippy::panic, reason = "a panic is how a target tells what it found")]

mod judge;

use std::fmt::Display;

use safe_yolo_core::{CameraId, Class, Detection, PictureSize, PictureTime, PixelBox, SegmentId};
use safe_yolo_infer::nms::non_maximum_suppression;
use safe_yolo_infer::protocol::{self, FromWorker, ToWorker};
use safe_yolo_score::{detection, events, mot};
use safe_yolo_sim::Scene;
use safe_yolo_track::{TrackError, Tracker, TrackerConfig};

pub use judge::judge;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("detections", detections),
    ("judge", judge),
    ("messages", messages),
    ("scenario", scenario),
    ("scores", scores),
];

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// All names, for messages.
#[must_use]
pub fn names() -> String {
    TARGETS.map(|(name, _)| name).join(", ")
}

/// Boxes of any numbers through suppression and tracking, in pictures whose times may stand
/// still or go back. A picture is a byte that says how many boxes, one for the time, and five
/// floats a box.
pub fn detections(data: &[u8]) {
    let config = TrackerConfig { detections_max: 64, tracks_max: 64, ..TrackerConfig::default() };
    let (detections_max, tracks_max) = (config.detections_max, config.tracks_max);
    let camera: CameraId = "fuzz".parse().unwrap_or_else(|error| panic!("{error}"));
    let mut tracker =
        Tracker::new(camera, SegmentId(1), config).unwrap_or_else(|error| panic!("{error}"));
    let (mut rest, mut time, mut last) = (data, 0_i64, None);
    while let Some((&[count, step], mut bytes)) = rest.split_first_chunk() {
        let mut boxes = Vec::new();
        while boxes.len() < usize::from(count)
            && let Some((numbers, more)) = bytes.split_first_chunk::<20>()
        {
            boxes.push(detection_of(numbers));
            bytes = more;
        }
        rest = bytes;
        let kept = non_maximum_suppression(boxes.clone(), 0.45, detections_max);
        assert!(kept.len() <= detections_max, "{} boxes are kept", kept.len());
        assert!(
            kept.iter().all(|one| boxes.iter().any(|b| b.score.to_bits() == one.score.to_bits()))
        );
        time += (i64::from(step) - 64) * 10_000;
        let is_later = last.is_none_or(|last| time > last);
        match tracker.update(PictureTime(time), &kept) {
            Ok(tracks) => {
                assert!(is_later, "a picture of {time} us after one of {last:?} us was taken");
                assert!(tracks.len() <= tracks_max, "{} tracks", tracks.len());
                let sides = tracks.iter().flat_map(|track| {
                    let PixelBox { x1, y1, x2, y2 } = track.bbox;
                    [x1, y1, x2, y2, x2 - x1, y2 - y1]
                });
                assert!(sides.into_iter().all(f32::is_finite), "a track without place: {tracks:?}");
                last = Some(time);
            }
            Err(TrackError::TimeNotLater { .. }) => {
                assert!(!is_later, "a picture of {time} us after one of {last:?} us was refused");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn detection_of(numbers: &[u8; 20]) -> Detection {
    let mut values = [0.0_f32; 5];
    for (value, bytes) in values.iter_mut().zip(numbers.as_chunks().0) {
        *value = f32::from_le_bytes(*bytes);
    }
    let [x1, y1, x2, y2, score] = values;
    Detection { class: Class::Person, score, bbox: PixelBox { x1, y1, x2, y2 } }
}

/// What comes through the pipe between server and detector.
pub fn messages(data: &[u8]) {
    let mut from = data;
    while let Some(message) = protocol::receive::<FromWorker>(&mut from).unwrap_or_else(told) {
        let mut again = Vec::new();
        protocol::send(&mut again, &message).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut from = data;
    while protocol::receive::<ToWorker>(&mut from).unwrap_or_else(told).is_some() {}
}

/// A scenario file: drawn, when it is one.
pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Scene::from_text("fuzz.toml", text, 1, Some(PictureSize::new(64, 64))) {
        Ok(scene) => {
            let mut rgb = Vec::new();
            for second in [0.0, scene.duration() / 2.0] {
                let time = PictureTime::from_secs_f64(second);
                scene.render(time, &mut rgb);
                assert_eq!(rgb.len(), 64 * 64 * 3);
                for found in scene.boxes(time) {
                    let PixelBox { x1, y1, x2, y2 } = found.bbox;
                    let is_box = x1 <= x2 && y1 <= y2;
                    assert!(is_box, "{second} s: {:?} {:?}", found.class, found.bbox);
                }
            }
            let events = scene.events(scene.duration().min(1.0));
            assert!(events.iter().all(|event| event.start_s <= 1.0), "{events:?}");
        }
        Err(error) => told(error),
    }
}

/// Files to be scored.
pub fn scores(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let classes = [None, Some(Class::Helmet), Some(Class::Person)];
    detection::parse_labels(text, &classes).unwrap_or_else(told);
    mot::parse_truth(text).unwrap_or_else(told);
    mot::parse_result(text).unwrap_or_else(told);
    if let Ok(starts) = events::parse(text)
        && let Ok(score) = events::score(&starts, &starts)
    {
        assert!(score.all.f1.is_none_or(|f1| f1 > 0.999_999), "the truth does not find itself");
    }
    if let (Ok(truth), Ok(found)) = (detection::parse_truth(text), detection::parse_found(text))
        && let Ok(score) = detection::score(&truth, &found)
    {
        assert!((0.0..=1.0).contains(&score.map50), "{score:?}");
    }
}

/// An error must say something.
fn told<T: Default>(error: impl Display) -> T {
    assert!(!error.to_string().trim().is_empty(), "an error without a word");
    T::default()
}
