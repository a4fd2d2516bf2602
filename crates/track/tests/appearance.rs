//! Looks, told by a fake model.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{at, person, tracker, tracker_with};
use safe_yolo_core::{Detection, PixelBox, Track};
use safe_yolo_track::appearance::DIMENSION_MAX;
use safe_yolo_track::{Appearance, TrackError, Tracker, TrackerConfig};

/// Tells people by the colour that belongs to their place in this picture.
struct Colours<'a>(&'a [(f64, [f32; 3])]);

impl Appearance for Colours<'_> {
    fn dimension(&self) -> usize {
        3
    }

    fn embed(&mut self, boxes: &[PixelBox], into: &mut [f32]) {
        for (bbox, embedding) in boxes.iter().zip(into.chunks_exact_mut(3)) {
            let gap = |x: f64| (f64::from(bbox.center().x) - x).abs();
            let nearest = self.0.iter().min_by(|a, b| gap(a.0).total_cmp(&gap(b.0))).unwrap();
            embedding.copy_from_slice(&nearest.1);
        }
    }
}

const RED: [f32; 3] = [2.0, 0.1, 0.1];
const BLUE: [f32; 3] = [0.1, 0.1, 3.0];

fn look(tracker: &mut Tracker, t: f64, people: &[(f64, [f32; 3])]) -> Vec<Track> {
    let found: Vec<Detection> = people.iter().map(|(x, _)| person(*x, 200.0, 0.9)).collect();
    let mut tracks = Vec::new();
    let mut colours = Colours(people);
    tracker.update_into(at(t), &found, Some(&mut colours), &mut tracks).unwrap();
    tracks
}

/// Two who stand so close that each overlaps the other's place, and change places
/// between two pictures: place alone says that nobody moved.
fn change_places(config: TrackerConfig, colours: [[f32; 3]; 2]) -> [u32; 2] {
    let mut tracker = tracker_with(config);
    let (left, right) = (300.0, 310.0);
    for number in 0..10 {
        look(&mut tracker, f64::from(number) / 10.0, &[(left, colours[0]), (right, colours[1])]);
    }
    let tracks = look(&mut tracker, 1.0, &[(left, colours[1]), (right, colours[0])]);
    let mut by_x: Vec<_> = tracks.iter().map(|t| (t.bbox.center().x, t.id.number)).collect();
    by_x.sort_by(|a, b| a.0.total_cmp(&b.0));
    [by_x[0].1, by_x[1].1]
}

#[test]
fn looks_tell_apart_who_changed_places() {
    let config = TrackerConfig::default;
    let before = change_places(config(), [RED, RED]);
    let after = change_places(config(), [RED, BLUE]);
    assert_eq!(after, [before[1], before[0]], "the colours changed places, and so the numbers");
    // Where the model says nothing, and where looks must agree better than any do, place decides.
    for says_nothing in [[0.0; 3], [f32::NAN; 3], [f32::INFINITY; 3]] {
        assert_eq!(change_places(config(), [says_nothing, says_nothing]), before);
    }
    let off = TrackerConfig { appearance_cosine_max: 0.0, ..config() };
    assert_eq!(change_places(off, [RED, BLUE]), before);
}

/// Looks never join what lies too far apart: a red jacket elsewhere is another one.
#[test]
fn looks_do_not_reach_across_the_picture() {
    let mut tracker = tracker();
    for number in 0..10 {
        look(&mut tracker, f64::from(number) / 10.0, &[(100.0, RED)]);
    }
    let tracks = look(&mut tracker, 1.0, &[(500.0, RED)]);
    let first = tracks.iter().find(|track| track.id.number == 1).unwrap();
    assert!(first.predicted);
}

/// A model that is there now and then does no harm.
#[test]
fn pictures_with_and_without_a_model_may_alternate() {
    let mut tracker = tracker();
    for number in 0..40 {
        let t = f64::from(number) / 10.0;
        let x = 100.0 + 30.0 * t;
        let tracks = if number % 3 == 0 {
            tracker.update(at(t), &[person(x, 200.0, 0.9)]).unwrap()
        } else {
            look(&mut tracker, t, &[(x, RED)])
        };
        assert_eq!(tracks.len(), 1, "{t} s");
        assert_eq!(tracks[0].id.number, 1, "{t} s");
    }
}

struct Wide(usize);

impl Appearance for Wide {
    fn dimension(&self) -> usize {
        self.0
    }

    fn embed(&mut self, boxes: &[PixelBox], into: &mut [f32]) {
        assert_eq!(into.len(), boxes.len() * self.0);
        into.fill(1.0);
    }
}

#[test]
fn embeddings_without_a_usable_length_are_refused() {
    let mut tracker = tracker();
    tracker.update(at(0.0), &[person(100.0, 200.0, 0.9)]).unwrap();
    let before = tracker.predict(at(0.0));
    let mut tracks = Vec::new();
    for dimension in [0, DIMENSION_MAX + 1] {
        let error =
            tracker.update_into(at(1.0), &[], Some(&mut Wide(dimension)), &mut tracks).unwrap_err();
        assert_eq!(error, TrackError::Dimension { dimension });
        assert!(error.to_string().contains("use a model of appearance with 1 to 4096"), "{error}");
    }
    assert_eq!(tracker.predict(at(0.0)), before, "nothing has changed");
    // Another model from now on: what the first one said counts no more.
    for (number, dimension) in [(1, 8), (2, 8), (3, 16), (4, 16)] {
        let found = [person(100.0, 200.0, 0.9)];
        let t = at(f64::from(number) / 10.0);
        tracker.update_into(t, &found, Some(&mut Wide(dimension)), &mut tracks).unwrap();
        assert_eq!(tracks.len(), 1);
        assert_eq!(tracks[0].id.number, 1);
    }
}
