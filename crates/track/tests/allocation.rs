//! An update allocates nothing once the tracker has seen a scene of that size. The
//! counting allocator is that of `allocation-counter` and counts by thread.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{at, person, tracker_with};
use safe_yolo_core::{Detection, PixelBox, Track};
use safe_yolo_track::{Appearance, BoxState, CameraMotion, TrackerConfig};

/// A crowd of `count` in which some are hidden, half seen, leave and come back, and
/// some are nobody; a new picture each time.
fn crowd(count: u32, picture: u32) -> Vec<Detection> {
    let mut found = Vec::new();
    for who in 0..count {
        let (column, row) = (f64::from(who % 20), f64::from(who / 20));
        let walked = f64::from(picture % 200) * if who % 2 == 0 { 1.5 } else { -1.5 };
        let phase = (who * 7 + picture) % 60;
        let score = if phase < 8 { 0.2 } else { 0.55 + f32::from((who % 9) as u8) / 25.0 };
        if phase >= 4 {
            found.push(person(100.0 + 70.0 * column + walked, 150.0 + 140.0 * row, score));
        }
    }
    // Seen once: begun and dropped.
    found.push(person(f64::from(picture % 17) * 80.0, 900.0, 0.6));
    found
}

/// Embeddings by place.
struct ByPlace;

impl Appearance for ByPlace {
    fn dimension(&self) -> usize {
        64
    }

    fn embed(&mut self, boxes: &[PixelBox], into: &mut [f32]) {
        for (bbox, embedding) in boxes.iter().zip(into.chunks_exact_mut(64)) {
            for (at, number) in embedding.iter_mut().enumerate() {
                *number = (bbox.x1 / 70.0 + at as f32).sin();
            }
        }
    }
}

fn allocated(config: TrackerConfig, with_looks: bool) -> u64 {
    let mut tracker = tracker_with(config);
    let mut tracks: Vec<Track> = Vec::new();
    let pictures: Vec<Vec<Detection>> = (0..1200).map(|n| crowd(100, n)).collect();
    let motion = CameraMotion::new([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]).unwrap();
    let mut seen = 0;
    let mut step = |number: usize| {
        tracker.compensate(&motion);
        let mut looks = ByPlace;
        let looks: Option<&mut dyn Appearance> = if with_looks { Some(&mut looks) } else { None };
        let time = at(number as f64 / 10.0);
        tracker.update_into(time, &pictures[number], looks, &mut tracks).unwrap();
        seen = seen.max(tracks.len());
    };
    for number in 0..600 {
        step(number);
    }
    let counted = allocation_counter::measure(|| {
        for number in 600..1200 {
            step(number);
        }
    });
    assert!(seen >= 95, "{seen} were followed");
    counted.count_total
}

#[test]
fn an_update_allocates_nothing_after_warm_up() {
    assert_eq!(allocated(TrackerConfig::default(), false), 0);
    assert_eq!(allocated(TrackerConfig::byte_track(), false), 0);
}

#[test]
fn nor_with_a_model_of_appearance() {
    assert_eq!(allocated(TrackerConfig::default(), true), 0);
    let config = TrackerConfig { state: BoxState::AspectRatio, ..TrackerConfig::default() };
    assert_eq!(allocated(config, true), 0);
}

/// The counter counts.
#[test]
fn what_allocates_is_seen() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1, 2, 3])));
    assert!(counted.count_total >= 1);
}
