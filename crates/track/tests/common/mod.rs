//! Made people, and a tracker for them.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, SegmentId, Track};
use safe_yolo_track::{Tracker, TrackerConfig};

/// A person of 40 x 110 pixels around this point.
pub(crate) fn person(cx: f64, cy: f64, score: f32) -> Detection {
    let (cx, cy) = (cx as f32, cy as f32);
    let bbox = PixelBox::from_xywh(cx - 20.0, cy - 55.0, 40.0, 110.0);
    Detection { class: Class::Person, score, bbox }
}

pub(crate) fn tracker() -> Tracker {
    tracker_with(TrackerConfig::default())
}

pub(crate) fn tracker_with(config: TrackerConfig) -> Tracker {
    Tracker::new("gate".parse().unwrap(), SegmentId(7), config).unwrap()
}

pub(crate) fn at(seconds: f64) -> PictureTime {
    PictureTime::from_secs_f64(seconds)
}

/// Runs `scene` at these times; the answer has the tracks of each.
pub(crate) fn run(
    tracker: &mut Tracker,
    times: impl IntoIterator<Item = f64>,
    scene: impl Fn(f64) -> Vec<Detection>,
) -> Vec<(f64, Vec<Track>)> {
    let step = |t: f64| (t, tracker.update(at(t), &scene(t)).unwrap());
    times.into_iter().map(step).collect()
}

/// The times from 0 to `until` at `rate` pictures a second.
pub(crate) fn times(rate: f64, until: f64) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |i| f64::from(i) / rate).take_while(move |t| *t <= until)
}

/// Number of the track that was matched and lies nearest to this x.
pub(crate) fn number_at(tracks: &[Track], x: f64) -> Option<u32> {
    let gap = |t: &&Track| (f64::from(t.bbox.center().x) - x).abs();
    let seen = tracks.iter().filter(|t| !t.predicted && gap(t) < 20.0);
    seen.min_by(|a, b| gap(a).total_cmp(&gap(b))).map(|t| t.id.number)
}
