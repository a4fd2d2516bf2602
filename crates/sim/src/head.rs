//! Drawing a head: face, hair, the mask before it and the helmet over it.

use std::ops::Range;

use super::body::{Body, Joint};
use super::camera::circle;
use super::canvas::{Paint, Rgb, Shape, Spot};
use super::figure::ball;
use super::look::Look;

/// Middle of the head: forward and up, metres.
const MIDDLE: [f32; 2] = [0.02, 1.625];
/// Half the head's breadth, depth and height, metres.
const RADII: [f32; 3] = [0.088, 0.105, 0.128];

/// Adds a head to the shapes. Returns which of them are the helmet (or all of a bare head), and
/// which the mask (or its place).
pub(super) fn push(out: &mut Vec<Shape>, body: &Body, look: &Look) -> (Range<usize>, Range<usize>) {
    let neck = look.skin.map(|c| c * 0.82);
    out.push(body.bar([0.0, 0.0, 1.46], [0.0, 0.01, 1.54], [0.062, 0.058], neck));
    let breadth = body.half(RADII[0], RADII[1]) / body.pixels();
    let begin = out.len();
    if look.helmet.is_none() {
        push_back_hair(out, body, look, breadth);
    }
    let middle = [0.0, MIDDLE[0], MIDDLE[1]];
    out.push(ball(body, middle, [breadth, RADII[2]], look.skin, 0.10));
    push_ears(out, body, look);
    push_eyes(out, body, look);
    let mut face = out.len();
    match look.mask {
        Some(color) => push_mask(out, body, color),
        None => {
            push_mouth(out, body, look);
            face = out.len();
            push_bare(out, body);
        }
    }
    let face = face..out.len();
    let helmet = out.len();
    match look.helmet {
        Some(color) => push_helmet(out, body, color),
        None => push_hair(out, body, look, breadth),
    }
    let head = if look.helmet.is_some() { helmet..out.len() } else { begin..out.len() };
    (head, face)
}

/// A point of the head's surface: turned right of forward by a part of a
/// quarter turn (as sine and cosine), at a height from -1 chin to 1 crown.
fn surface(side: f32, front: f32, height: f32) -> Joint {
    let level = (1.0 - height * height).max(0.0).sqrt();
    [RADII[0] * side * level, MIDDLE[0] + RADII[1] * front * level, MIDDLE[1] + RADII[2] * height]
}

fn push_ears(out: &mut Vec<Shape>, body: &Body, look: &Look) {
    for side in [-1.0, 1.0] {
        let ear = [side * 0.092, 0.0, 1.615];
        if body.nearness(ear) > -0.05 {
            out.push(ball(body, ear, [0.018, 0.032], look.skin.map(|c| c * 0.88), 0.0));
        }
    }
}

/// How much a point of the head's surface faces the camera, metres.
fn seen(body: &Body, joint: Joint) -> f32 {
    body.nearness([joint[0], joint[1] - MIDDLE[0], 0.0])
}

fn push_eyes(out: &mut Vec<Shape>, body: &Body, look: &Look) {
    let dark = [46.0, 36.0, 34.0];
    for side in [-0.42, 0.42] {
        let eye = surface(side, 0.9, 0.10);
        // The narrower the more it is turned away.
        let open = (seen(body, eye) / RADII[1]).clamp(0.0, 1.0);
        if open > 0.15 {
            out.push(ball(body, eye, [0.020 * open, 0.011], [236.0, 230.0, 224.0], 0.0));
            out.push(ball(body, eye, [0.011 * open, 0.012], dark, 0.0));
            let brow = surface(side, 0.9, 0.30);
            out.push(ball(body, brow, [0.026 * open, 0.008], look.hair, 0.0));
        }
    }
}

fn push_mouth(out: &mut Vec<Shape>, body: &Body, look: &Look) {
    let nose = surface(0.0, 1.12, -0.12);
    if seen(body, nose) > 0.0 {
        out.push(ball(body, nose, [0.016, 0.028], look.skin.map(|c| c * 0.90), 0.1));
    }
    let mouth = surface(0.0, 1.0, -0.48);
    let open = (seen(body, mouth) / RADII[1]).clamp(0.0, 1.0);
    if open > 0.1 {
        out.push(ball(body, mouth, [0.032 * open, 0.011], [150.0, 78.0, 72.0], 0.0));
    }
    let chin = surface(0.0, 0.9, -0.86);
    if seen(body, chin) > 0.0 {
        out.push(ball(body, chin, [0.03, 0.008], look.skin.map(|c| c * 0.86), 0.0));
    }
}

/// Half the height of a mask, metres.
const MASK_HALF: f32 = 0.062;

/// Half its breadth when the face is turned to the camera by this much, metres.
fn mask_breadth(open: f32) -> f32 {
    (0.030 + 0.042 * open).min(0.070)
}

/// Where a mask would be: nothing that is seen, but the place that a detector should name.
fn push_bare(out: &mut Vec<Shape>, body: &Body) {
    let front = surface(0.0, 1.06, -0.42);
    let open = (seen(body, front) / RADII[1]).clamp(0.0, 1.0);
    if open >= 0.1 {
        let Shape { points, .. } =
            ball(body, front, [mask_breadth(open), MASK_HALF], [0.0; 3], 0.0);
        out.push(Shape { points, paint: Paint::veil([0.0; 3], 0.0) });
    }
}

/// A mask from the nose to the chin, with its bands to the ears.
fn push_mask(out: &mut Vec<Shape>, body: &Body, color: Rgb) {
    let front = surface(0.0, 1.06, -0.42);
    let open = (seen(body, front) / RADII[1]).clamp(0.0, 1.0);
    if open < 0.1 {
        return;
    }
    let band = color.map(|c| c * 0.86);
    for side in [-0.9, 0.9] {
        let cheek = surface(side, 0.35, -0.2);
        if seen(body, cheek) > -0.02 {
            out.push(body.bar(cheek, surface(side * 0.7, 0.8, -0.35), [0.008, 0.010], band));
        }
    }
    let breadth = mask_breadth(open);
    out.push(ball(body, front, [breadth, MASK_HALF], color, 0.12));
    let fold = surface(0.0, 1.1, -0.36);
    out.push(ball(body, fold, [breadth * 0.8, 0.006], band, 0.0));
}

fn push_back_hair(out: &mut Vec<Shape>, body: &Body, look: &Look, breadth: f32) {
    let back = [0.0, MIDDLE[0] - 0.028, MIDDLE[1] + 0.022];
    out.push(ball(body, back, [breadth * 0.97, RADII[2] * 0.90], look.hair, 0.12));
}

/// Hair that leaves the forehead free, parted at one side.
fn push_hair(out: &mut Vec<Shape>, body: &Body, look: &Look, breadth: f32) {
    let from_behind = body.faces() < 0.0;
    if from_behind {
        let back = [0.0, MIDDLE[0] - 0.01, MIDDLE[1] + 0.03];
        out.push(ball(body, back, [breadth * 1.06, RADII[2] * 0.96], look.hair, 0.12));
        return;
    }
    let tufts = [
        (-0.75, 0.45, 0.72, 0.034),
        (-0.45, 0.72, 0.80, 0.036),
        (-0.05, 0.85, 0.86, 0.038),
        (0.35, 0.78, 0.82, 0.036),
        (0.70, 0.50, 0.74, 0.034),
        (0.95, 0.10, 0.40, 0.026),
        (-0.95, 0.10, 0.40, 0.026),
    ];
    for (side, front, height, radius) in tufts {
        let tuft = surface(side, front, height);
        if body.nearness([tuft[0], tuft[1] - MIDDLE[0], 0.0]) > -0.04 {
            out.push(ball(body, tuft, [radius * 0.7, radius * 0.5], look.hair, 0.15));
        }
    }
    let crown = [0.0, MIDDLE[0] - 0.02, MIDDLE[1] + RADII[2] * 0.82];
    out.push(ball(body, crown, [breadth * 0.84, 0.027], look.hair, 0.15));
}

/// A dome with a brim that is longer at the front.
fn push_helmet(out: &mut Vec<Shape>, body: &Body, color: Rgb) {
    const RIM: f32 = 1.672;
    let level = |r: f32, back: f32, front: f32, up: f32| {
        let middle = [0.0, f32::midpoint(front, -back), up];
        body.ring(middle, r, f32::midpoint(front, back))
    };
    // The brim's shadow on the forehead, then the brim, then the dome.
    let dark = color.map(|c| c * 0.62);
    out.push(Shape { points: level(0.132, 0.135, 0.205, RIM - 0.018), paint: Paint::flat(dark) });
    let brim = color.map(|c| c * 0.94);
    out.push(Shape { points: level(0.138, 0.140, 0.215, RIM), paint: Paint::flat(brim) });
    let p = body.pixels();
    let base = body.spot([0.0, 0.015, RIM + 0.004]);
    let (width, height) = (body.half(0.128, 0.142), 0.158 * p);
    let dome: Vec<Spot> = circle(24)
        .map(|[c, s]| {
            body.beside(base, c * width, if s > 0.0 { -s * 0.022 * p } else { -s * height })
        })
        .collect();
    let middle = body.beside(base, 0.0, height * 0.4);
    let lit = [base[0] - width * 0.6, base[1] - height];
    out.push(Shape { points: dome, paint: Paint::shaded(color, middle, lit, 0.16) });
    // The ridge along the top and the shine beside it.
    let ridge = color.map(|c| c * 0.86);
    out.push(body.bar([0.0, 0.125, RIM + 0.06], [0.0, 0.06, RIM + 0.135], [0.010, 0.012], ridge));
    let shine = body.beside(base, -width * 0.38, height * 0.62);
    let points = super::camera::ellipse(shine, width * 0.2, height * 0.14);
    out.push(Shape { points, paint: Paint::veil([255.0, 255.0, 244.0], 0.6) });
}
