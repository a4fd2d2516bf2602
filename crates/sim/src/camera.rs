//! The view of the hall: a pinhole camera that looks level over the floor.
//!
//! Floor coordinates are metres: `x` to the right of the picture's middle,
//! `y` up from the floor, `z` away from the camera. Sizes grow toward the
//! bottom of the picture as `1 / z`.

use safe_yolo_core::{FractionPoint, PictureSize, PixelPoint};

use super::canvas::Spot;
use super::random::wave;

/// Size of every picture, pixels.
pub(super) const SIZE: PictureSize = PictureSize::new(960, 540);
/// Focal length, pixels: a metre at `z` metres is `FOCAL / z` pixels.
const FOCAL: f32 = 900.0;
/// Row of the horizon. Above the middle, as with a lens shifted downwards.
const HORIZON: f32 = 82.0;
/// The camera's height above the floor, metres.
const HEIGHT: f32 = 3.2;

/// A place in the hall: x, y and z, metres.
pub(super) type Place = [f32; 3];

/// Pixels a metre at this distance.
pub(super) fn scale(z: f32) -> f32 {
    FOCAL / z.max(0.5)
}

/// Where a place appears in the picture.
pub(super) fn project([x, y, z]: Place) -> Spot {
    let s = scale(z);
    [SIZE.width as f32 / 2.0 + x * s, HORIZON + (HEIGHT - y) * s]
}

/// A point of the floor in the picture.
pub(super) fn foot(x: f32, z: f32) -> PixelPoint {
    let [x, y] = project([x, 0.0, z]);
    PixelPoint { x, y }
}

/// A point of the floor as a fraction of the picture, moved to its border if outside.
pub(super) fn fraction(x: f32, z: f32) -> FractionPoint {
    let at = foot(x, z).to_fraction(SIZE);
    FractionPoint { x: at.x.clamp(0.0, 1.0), y: at.y.clamp(0.0, 1.0) }
}

/// The outline of a level ellipse seen from the camera.
pub(super) fn disc([x, y, z]: Place, along: [f32; 2], across: [f32; 2]) -> Vec<Spot> {
    circle(24)
        .map(|[c, s]| {
            project([x + c * along[0] + s * across[0], y, z + c * along[1] + s * across[1]])
        })
        .collect()
}

/// An upright ellipse in the picture.
pub(super) fn ellipse([x, y]: Spot, width: f32, height: f32) -> Vec<Spot> {
    circle(24).map(|[c, s]| [x + c * width, y + s * height]).collect()
}

/// The outline of two circles and what lies between them.
pub(super) fn capsule(a: Spot, radius_a: f32, b: Spot, radius_b: f32) -> Vec<Spot> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = (dx * dx + dy * dy).sqrt();
    if length < 0.01 {
        return ellipse(a, radius_a.max(radius_b), radius_a.max(radius_b));
    }
    let (ux, uy) = (dx / length, dy / length);
    let mut points = Vec::with_capacity(18);
    // Half a circle around each end, in the frame of the axis.
    for (center, radius, sign) in [(b, radius_b, 1.0), (a, radius_a, -1.0)] {
        for i in 0..9 {
            let turn = i as f32 / 16.0;
            let (along, across) = (sign * wave(turn) * radius, -sign * wave(turn + 0.25) * radius);
            points
                .push([center[0] + ux * along - uy * across, center[1] + uy * along + ux * across]);
        }
    }
    points
}

/// `n` points of the unit circle, in order.
pub(super) fn circle(n: u16) -> impl Iterator<Item = [f32; 2]> {
    (0..n).map(move |i| {
        let turn = f32::from(i) / f32::from(n);
        [wave(turn + 0.25), wave(turn)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_toward_the_bottom() {
        let height = |z| project([0.0, 0.0, z])[1] - project([0.0, 1.75, z])[1];
        assert!(height(7.0) > 215.0 && height(10.0) < 160.0);
        assert!(foot(0.0, 7.0).y > foot(0.0, 10.0).y);
        let far_left = fraction(-90.0, 8.0);
        assert!(far_left.x.abs() < 1e-9);
    }
}
