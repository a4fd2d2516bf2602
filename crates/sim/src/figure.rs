//! Drawing a worker: shadow, legs, trunk with vest, arms.

use std::ops::Range;

use super::body::{Body, Limb};
use super::camera::{Camera, circle};
use super::canvas::{Paint, Rgb, Shape, Spot};
use super::head;
use super::look::Look;
use super::script::Stance;

/// Colour of boots.
const BOOT: Rgb = [52.0, 44.0, 40.0];
/// Colour of the reflecting stripes.
const STRIPE: Rgb = [236.0, 238.0, 232.0];

/// A drawn worker.
#[derive(Debug, Clone, Default)]
pub(super) struct Figure {
    /// His shapes, the rearmost first.
    pub(super) shapes: Vec<Shape>,
    /// Which of them are the helmet, or the head without one.
    pub(super) head: Range<usize>,
    /// Which are the vest, or the trunk without one.
    pub(super) trunk: Range<usize>,
    /// Which are the mask, or where one would be; empty when seen from behind.
    pub(super) face: Range<usize>,
}

/// A worker at one moment; the shadow is apart.
pub(super) fn draw(camera: &Camera, stance: &Stance, look: &Look) -> Figure {
    let body = Body::new(camera, stance, look);
    let mut out = Vec::with_capacity(64);
    for leg in rear_first(&body, body.legs(stance, look)) {
        push_leg(&mut out, &body, look, &leg);
    }
    let arms = rear_first(&body, body.arms(stance, look));
    // From the side the far arm is behind the trunk; from the front both hang beside it.
    let sideways = body.sideways() > 0.35;
    if sideways {
        push_arm(&mut out, &body, look, &arms[0]);
    }
    let begin = out.len();
    push_trunk(&mut out, &body, look);
    let trunk = begin..out.len();
    if !sideways {
        push_arm(&mut out, &body, look, &arms[0]);
    }
    let (head, face) = head::push(&mut out, &body, look);
    push_arm(&mut out, &body, look, &arms[1]);
    Figure { shapes: out, head, trunk, face }
}

/// The soft shadow on the floor.
pub(super) fn shadow(camera: &Camera, stance: &Stance, look: &Look) -> Vec<Shape> {
    let down = stance.fall;
    let hips = Body::new(camera, stance, look).hips();
    let at = [stance.x + 0.06 + (hips[0] - stance.x) * down, 0.0, hips[2]];
    let lie = [stance.lie[0] * 0.75 * down, -stance.lie[1] * 0.75 * down];
    [1.0, 0.8, 0.6, 0.42]
        .map(|part| {
            let along = [(0.46 + lie[0].abs()) * part, lie[1] * part];
            let points = camera.disc(at, along, [0.0, 0.30 * part]);
            Shape { points, paint: Paint::veil([30.0, 32.0, 36.0], 0.14) }
        })
        .to_vec()
}

fn rear_first(body: &Body, [a, b]: [Limb; 2]) -> [Limb; 2] {
    if body.nearness(a.root) <= body.nearness(b.root) { [a, b] } else { [b, a] }
}

fn push_leg(out: &mut Vec<Shape>, body: &Body, look: &Look, leg: &Limb) {
    let [r, f, u] = leg.end;
    let (heel, toe) = ([r, f - 0.05, u - 0.035], [r * 1.15, f + 0.15, u - 0.045]);
    out.push(body.leg_bar(heel, toe, [0.055, 0.042], BOOT));
    out.push(body.leg_bar([r, f, u + 0.07], [r, f, u], [0.058, 0.058], BOOT));
    let shin = [r, f, u + 0.06];
    out.push(body.leg_bar(leg.middle, shin, [0.078, 0.066], look.trousers));
    out.push(body.leg_bar(leg.root, leg.middle, [0.105, 0.080], look.trousers));
}

fn push_arm(out: &mut Vec<Shape>, body: &Body, look: &Look, arm: &Limb) {
    let [r, f, u] = arm.end;
    out.push(body.bar([r, f, u], [r, f + 0.02, u - 0.09], [0.042, 0.040], look.skin));
    out.push(body.bar(arm.middle, arm.end, [0.054, 0.046], look.shirt));
    out.push(body.bar(arm.root, arm.middle, [0.066, 0.056], look.shirt));
}

/// Half the trunk's outline from the neck down: to the side, depth, height, metres.
const TRUNK: [[f32; 3]; 6] = [
    [0.075, 0.06, 1.50],
    [0.185, 0.10, 1.455],
    [0.215, 0.125, 1.38],
    [0.200, 0.135, 1.20],
    [0.180, 0.130, 1.02],
    [0.180, 0.125, 0.88],
];

fn push_trunk(out: &mut Vec<Shape>, body: &Body, look: &Look) {
    out.push(trunk_part(body, 0.0, 0.88, look.shirt));
    let Some(vest) = look.vest else {
        // No belt: the detector takes a jacket with a belt for a vest.
        push_seam(out, body, 0.98, 1.46, look.shirt.map(|c| c * 0.72));
        return;
    };
    out.push(trunk_part(body, 0.012, 0.90, vest));
    // The opening at the neck.
    if body.faces() > 0.0 {
        let neck =
            [[-0.07, 0.08, 1.50], [0.07, 0.08, 1.50], [0.0, 0.13, 1.33]].map(|j| body.spot(j));
        out.push(Shape { points: neck.to_vec(), paint: Paint::flat(look.shirt.map(|c| c * 0.85)) });
    }
    let face = if body.faces() > 0.0 { 1.0 } else { -1.0 };
    for side in [-0.115, 0.115] {
        let (top, low) = ([side, 0.05 * face, 1.47], [side, 0.12 * face, 1.12]);
        if body.nearness(low) > 0.0 {
            out.push(body.bar(top, low, [0.024, 0.024], STRIPE));
        }
    }
    out.push(trunk_band(body, [1.09, 1.15], STRIPE));
    out.push(trunk_band(body, [0.955, 1.01], STRIPE));
    if face > 0.0 {
        push_seam(out, body, 0.91, 1.34, vest.map(|c| c * 0.6));
    }
}

/// The closing of a jacket, down the front.
fn push_seam(out: &mut Vec<Shape>, body: &Body, low: f32, high: f32, color: Rgb) {
    if body.faces() > 0.2 {
        out.push(body.bar([0.0, 0.12, high], [0.0, 0.13, low], [0.007, 0.007], color));
    }
}

/// The trunk down to a height, `wider` by that many metres.
fn trunk_part(body: &Body, wider: f32, low: f32, color: Rgb) -> Shape {
    let rows: Vec<[f32; 3]> =
        TRUNK.iter().copied().map(|[r, f, u]| [r + wider, f + wider, u.max(low)]).collect();
    outline(body, &rows, color)
}

/// A stripe around the trunk between two heights.
fn trunk_band(body: &Body, [low, high]: [f32; 2], color: Rgb) -> Shape {
    let row = |u: f32| {
        let [r, f] =
            TRUNK.windows(2).find(|w| w[0][2] >= u && u >= w[1][2]).map_or([0.18, 0.13], |w| {
                let part = (w[0][2] - u) / (w[0][2] - w[1][2]);
                [w[0][0] + (w[1][0] - w[0][0]) * part, w[0][1] + (w[1][1] - w[0][1]) * part]
            });
        [r + 0.013, f + 0.013, u]
    };
    outline(body, &[row(high), row(low)], color)
}

/// A shape symmetric about the body's axis, lit from the left.
fn outline(body: &Body, rows: &[[f32; 3]], color: Rgb) -> Shape {
    let side = |sign: f32| {
        move |&[r, f, u]: &[f32; 3]| -> Spot {
            body.beside(body.spot([0.0, 0.0, u]), sign * body.half(r, f), 0.0)
        }
    };
    let points: Vec<Spot> =
        rows.iter().map(side(1.0)).chain(rows.iter().rev().map(side(-1.0))).collect();
    let middle = body.spot([0.0, 0.0, 1.2]);
    let lit = [middle[0] - body.half(0.2, 0.13), middle[1]];
    Shape { points, paint: Paint::shaded(color, middle, lit, 0.16) }
}

/// An ellipse at a joint, as upright as the body, lit from above left.
pub(super) fn ball(body: &Body, joint: [f32; 3], radii: [f32; 2], color: Rgb, gain: f32) -> Shape {
    let p = body.pixels();
    let at = body.spot(joint);
    let (w, h) = (radii[0] * p, radii[1] * p);
    let lit = [at[0] - 0.7 * w, at[1] - 0.7 * h];
    let points = circle(24).map(|[c, s]| body.beside(at, c * w, -s * h)).collect();
    Shape { points, paint: Paint::shaded(color, at, lit, gain) }
}
