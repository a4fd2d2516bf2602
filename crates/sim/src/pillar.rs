//! A pillar wide enough to hide a passing worker for exactly one second.

use super::camera::Camera;
use super::canvas::{Paint, Shape, Spot};
use super::figure;
use super::look::Look;
use super::scenario::Actor;
use super::script::Stance;

/// Distance of the pillar from the camera, metres.
const DISTANCE: f32 = 7.0;
/// When the worker disappears, seconds. Half-way between two pictures at 15
/// a second, so that rounding can't make it a picture more or less.
const HIDDEN_FROM: f64 = 6.9;
/// For how long, seconds.
const HIDDEN_FOR: f64 = 1.0;

/// An upright column in front of the people, from the floor out of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pillar {
    /// Left edge, pixels.
    pub(super) left: f32,
    /// Right edge, pixels.
    pub(super) right: f32,
    /// Row of its foot.
    pub(super) bottom: f32,
    /// Ten centimetres of it, pixels.
    hand: f32,
    /// How far it is ahead of the camera, metres.
    pub(super) depth: f32,
}

impl Pillar {
    /// Its outline.
    pub(super) const fn outline(&self) -> [Spot; 4] {
        let (left, right, bottom) = (self.left, self.right, self.bottom);
        [[left, -2.0], [right, -2.0], [right, bottom], [left, bottom]]
    }

    /// What is drawn of it.
    pub(super) fn shapes(&self) -> Vec<Shape> {
        let (left, right, bottom) = (self.left, self.right, self.bottom);
        let quad = |top: f32, low: f32, paint: Paint, wider: f32| Shape {
            points: vec![
                [left - wider, top],
                [right + wider, top],
                [right + wider, low],
                [left - wider, low],
            ],
            paint,
        };
        let middle = [f32::midpoint(left, right), 0.0];
        let lit = [left, 0.0];
        let tone = |color, gain| Paint::shaded(color, middle, lit, gain);
        let hand = self.hand;
        let mut out = vec![
            quad(bottom - 3.0, bottom + 7.0, Paint::veil([30.0, 32.0, 36.0], 0.35), 5.0),
            quad(-2.0, bottom, tone([172.0, 174.0, 174.0], 0.10), 0.0),
        ];
        // A painted guard of black and yellow at the foot.
        for stripe in 0..6_u8 {
            let low = bottom - f32::from(stripe) * hand;
            let color = if stripe % 2 == 0 { [226.0, 186.0, 60.0] } else { [62.0, 62.0, 64.0] };
            out.push(quad(low - hand, low, tone(color, 0.10), 0.0));
        }
        out
    }
}

/// Left and right end of an actor in the picture.
fn reach(camera: &Camera, stance: &Stance, look: &Look) -> [f32; 2] {
    figure::draw(camera, stance, look).shapes.iter().fold(
        [f32::MAX, f32::MIN],
        |[left, right], shape| {
            let [x1, _, x2, _] = shape.bounds();
            [left.min(x1), right.max(x2)]
        },
    )
}

/// The pillar for a worker who walks from left to right.
///
/// Its edges are where his own outline is at the beginning and the end of the
/// second. An outline stands still for a moment while a foot stands, so his
/// stride is shifted until both edges are crossed on the move.
pub(super) fn fit(camera: &Camera, walker: &mut Actor, duration: f64) -> Pillar {
    const TRIES: u8 = 64;
    let until = HIDDEN_FROM + HIDDEN_FOR;
    let seeded = walker.look.phase;
    let foot = [0.0, 0.0, DISTANCE];
    let mut pillar = Pillar {
        left: 0.0,
        right: camera.size.width as f32,
        bottom: camera.project(foot)[1],
        hand: 0.1 * camera.scale(foot),
        depth: camera.depth(foot),
    };
    for attempt in 0..TRIES {
        walker.look.phase = seeded + f32::from(attempt) / f32::from(TRIES);
        let reach_at = |time: f64| {
            let stance = walker.script.at(time, duration);
            stance.map_or([0.0; 2], |stance| reach(camera, &stance, &walker.look))
        };
        (pillar.left, pillar.right) = (reach_at(HIDDEN_FROM)[0], reach_at(until)[1]);
        let covers = |time: f64| {
            let [left, right] = reach_at(time);
            left >= pillar.left && right <= pillar.right
        };
        let covered = |from: f64, seconds: f64| {
            (0..50_u8).map(move |i| from + seconds * f64::from(i) / 50.0).map(covers)
        };
        let fits = covered(HIDDEN_FROM, HIDDEN_FOR).all(|hidden| hidden)
            && !covered(HIDDEN_FROM - 0.5, 0.4995).any(|hidden| hidden)
            && !covered(until + 0.0005, 0.5).any(|hidden| hidden);
        if fits {
            break;
        }
    }
    pillar
}
