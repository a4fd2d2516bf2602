//! Films of anything: people of all sizes who walk, jump, fall, hide and come back as another
//! track, things that come and go, pictures at odd times, and gaps.

use proptest::prelude::*;
use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, Track};

use crate::film::{Frame, Step};
use crate::fixtures::track;

/// Width and height of people, of whom a box shows all or a part.
const BODIES: [(f32, f32); 4] = [(28.0, 80.0), (60.0, 170.0), (85.0, 30.0), (28.0, 40.0)];
const CLASSES: [Class; 5] =
    [Class::Forklift, Class::Vehicle, Class::FireExtinguisher, Class::Fire, Class::Smoke];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Seen,
    Predicted,
    Gone,
}

/// Where somebody is from then on, moving evenly to the next.
#[derive(Debug, Clone)]
struct Point {
    for_s: f64,
    at: (f32, f32),
    body: usize,
    sight: Sight,
    helmet: bool,
}

#[derive(Debug, Clone)]
struct Thing {
    class: usize,
    points: Vec<Point>,
    score: f32,
}

/// A film of anything.
#[derive(Debug, Clone)]
pub(crate) struct Wild {
    people: Vec<Vec<Point>>,
    things: Vec<Thing>,
    /// Seconds from each picture to the next, and whether nobody looks in between.
    gaps: Vec<(f64, bool)>,
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    let sight = prop_oneof![
        6 => Just(Sight::Seen), 1 => Just(Sight::Predicted), 2 => Just(Sight::Gone)
    ];
    let place = (0.0..960.0_f32, 200.0..560.0_f32);
    let point = (0.2..6.0_f64, place, 0..BODIES.len(), sight, any::<bool>());
    let point =
        point.prop_map(|(for_s, at, body, sight, helmet)| Point { for_s, at, body, sight, helmet });
    prop::collection::vec(point, 1..12)
}

pub(crate) fn wild() -> impl Strategy<Value = Wild> {
    let thing = (0..CLASSES.len(), points(), 0.3..0.8_f32);
    let thing = thing.prop_map(|(class, points, score)| Thing { class, points, score });
    let gap = prop_oneof![
        20 => (0.05..0.4_f64, Just(false)),
        1 => (0.4..3.0_f64, Just(false)),
        1 => (0.1..12.0_f64, Just(true)),
    ];
    let people = prop::collection::vec(points(), 1..6);
    let things = prop::collection::vec(thing, 0..5);
    let gaps = prop::collection::vec(gap, 20..250);
    (people, things, gaps).prop_map(|(people, things, gaps)| Wild { people, things, gaps })
}

/// The point that holds at a time, the place then, and how often he was gone before.
fn at(points: &[Point], at_s: f64) -> (&Point, (f32, f32), u32) {
    let (mut from_s, mut lives) = (0.0, 0);
    for (point, next) in points.iter().zip(&points[1..]) {
        if at_s < from_s + point.for_s {
            let part = ((at_s - from_s) / point.for_s) as f32;
            let (a, b) = (point.at, next.at);
            return (point, (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part), lives);
        }
        from_s += point.for_s;
        lives += u32::from(point.sight == Sight::Gone);
    }
    let last = &points[points.len() - 1];
    (last, last.at, lives)
}

impl Wild {
    pub(crate) fn film(&self) -> Vec<Step> {
        let (mut at_s, mut steps) = (0.0, Vec::new());
        for (number, (gap_s, blind)) in (0..).zip(&self.gaps) {
            steps.push(Step::Look(self.frame(number, at_s)));
            if *blind {
                steps.push(Step::Blind(at_s, at_s + gap_s));
            }
            at_s += gap_s;
        }
        steps
    }

    fn frame(&self, number: u32, at_s: f64) -> Frame {
        let time = PictureTime::from_secs_f64(at_s);
        let (mut tracks, mut detections) = (Vec::new(), Vec::new());
        for (who, points) in (0..).zip(&self.people) {
            let (point, (x, y), lives) = at(points, at_s);
            if point.sight == Sight::Gone {
                continue;
            }
            let (w, h) = BODIES[point.body];
            let bbox = PixelBox::from_xywh(x - w / 2.0, y - h, w, h);
            let predicted = point.sight == Sight::Predicted;
            tracks.push(Track { predicted, ..track(who * 20 + lives + 1, bbox, time) });
            if point.helmet && !predicted {
                let bbox = PixelBox::from_xywh(x - w / 4.0, y - h, w / 2.0, h * 0.15);
                // No two are alike.
                let score = 0.5 + 0.01 * who as f32;
                detections.push(Detection { class: Class::Helmet, score, bbox });
            }
        }
        for (which, thing) in (0..).zip(&self.things) {
            let (point, (x, y), _) = at(&thing.points, at_s);
            if point.sight != Sight::Seen {
                continue;
            }
            let bbox = PixelBox::from_xywh(x - 60.0, y - 80.0, 120.0, 80.0);
            let breath = ((number * 7 + which * 3) % 10) as f32 / 100.0;
            let score = thing.score + breath + 0.001 * which as f32;
            detections.push(Detection { class: CLASSES[thing.class], score, bbox });
        }
        Frame { at_s, tracks, detections }
    }
}
