//! The view of the hall: a pinhole camera over the floor.
//!
//! Floor coordinates are metres: `x` to the right of the hall's middle, `y` up
//! from the floor, `z` away from where the usual camera stands.

use safe_yolo_core::{FractionPoint, PictureSize, PixelPoint};

use super::canvas::Spot;
use super::random::wave;

/// A place in the hall: x, y and z, metres.
pub(super) type Place = [f32; 3];

/// Nothing nearer to the lens than this is drawn in its true size, metres.
const NEAR: f32 = 0.5;

/// Where the camera is and how it looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Camera {
    /// Size of its pictures, pixels.
    pub(super) size: PictureSize,
    /// Where it hangs.
    pub(super) at: Place,
    /// Cosine and sine of the angle by which it is turned to the right.
    turn: [f32; 2],
    /// Cosine and sine of the angle by which it looks down.
    tilt: [f32; 2],
    /// Focal length, pixels: a metre at `z` metres is `focal / z` pixels.
    focal: f32,
    /// Where its axis meets the picture, pixels.
    middle: Spot,
}

/// Angles and opening of a camera, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    /// To the right.
    pub(super) yaw: f32,
    /// Downwards.
    pub(super) pitch: f32,
    /// Horizontal field of view.
    pub(super) fov: f32,
}

impl Camera {
    /// The camera of a scenario that names none. It looks level; its lens is shifted
    /// downwards, so that the horizon lies above the picture's middle.
    pub(super) const USUAL: Self = Self {
        size: PictureSize::new(960, 540),
        at: [0.0, 3.2, 0.0],
        turn: [1.0, 0.0],
        tilt: [1.0, 0.0],
        focal: 900.0,
        middle: [480.0, 82.0],
    };

    /// A camera at this place.
    pub(super) fn new(size: PictureSize, at: Place, view: View) -> Self {
        let (w, h) = (size.width as f32, size.height as f32);
        let [cosine, sine] = direction(view.fov / 2.0);
        Self {
            size,
            at,
            turn: direction(view.yaw),
            tilt: direction(view.pitch),
            focal: w / 2.0 * cosine / sine.max(1e-3),
            middle: [w / 2.0, h / 2.0],
        }
    }

    /// The same view in pictures of another size: the same from left to right.
    pub(super) fn resized(mut self, size: PictureSize) -> Self {
        let by = size.width as f32 / self.size.width as f32;
        let down = size.height as f32 - self.size.height as f32 * by;
        self.focal *= by;
        self.middle = [self.middle[0] * by, self.middle[1] * by + down / 2.0];
        self.size = size;
        self
    }

    /// A direction of the hall in the camera's frame: to the right, down, ahead.
    pub(super) fn aim(&self, [x, y, z]: Place) -> Place {
        let ([c, s], [tilt_c, tilt_s]) = (self.turn, self.tilt);
        let (right, ahead) = (c * x - s * z, s * x + c * z);
        [right, tilt_c * -y - tilt_s * ahead, tilt_s * -y + tilt_c * ahead]
    }

    /// A direction of the floor as the camera sees it: right in the picture, and toward it.
    pub(super) fn heading(&self, [across, toward]: [f32; 2]) -> [f32; 2] {
        let [c, s] = self.turn;
        [c * across + s * toward, c * toward - s * across]
    }

    /// The opposite of [`Self::heading`].
    pub(super) fn heading_in_hall(&self, [across, toward]: [f32; 2]) -> [f32; 2] {
        let [c, s] = self.turn;
        [c * across - s * toward, c * toward + s * across]
    }

    /// How far ahead of the lens a place is, metres.
    pub(super) fn depth(&self, [x, y, z]: Place) -> f32 {
        self.aim([x - self.at[0], y - self.at[1], z - self.at[2]])[2]
    }

    /// Pixels a metre at this place.
    pub(super) fn scale(&self, place: Place) -> f32 {
        self.focal / self.depth(place).max(NEAR)
    }

    /// Where a place appears in the picture.
    pub(super) fn project(&self, [x, y, z]: Place) -> Spot {
        let [right, down, ahead] = self.aim([x - self.at[0], y - self.at[1], z - self.at[2]]);
        let s = self.focal / ahead.max(NEAR);
        [self.middle[0] + right * s, self.middle[1] + down * s]
    }

    /// A point of the floor in the picture.
    pub(super) fn foot(&self, x: f32, z: f32) -> PixelPoint {
        let [x, y] = self.project([x, 0.0, z]);
        PixelPoint { x, y }
    }

    /// Where the floor is that appears at this spot below the horizon.
    fn floor_at(&self, [x, y]: Spot) -> [f64; 2] {
        let ([c, s], [tilt_c, tilt_s]) = (self.turn.map(f64::from), self.tilt.map(f64::from));
        let focal = f64::from(self.focal);
        let right = f64::from(x - self.middle[0]) / focal;
        let down = f64::from(y - self.middle[1]) / focal;
        // The ray in the hall, turned back: first up again, then to the left.
        let (fall, ahead) = (tilt_c * down + tilt_s, tilt_c - tilt_s * down);
        let far = f64::from(self.at[1]) / fall.max(1e-6);
        [
            f64::from(self.at[0]) + far * (c * right + s * ahead),
            f64::from(self.at[2]) + far * (c * ahead - s * right),
        ]
    }

    /// Four points of the floor in the lower part of the picture, and their places, metres.
    pub(super) fn corners_of_floor(&self) -> (Vec<FractionPoint>, Vec<[f64; 2]>) {
        let corners = [[0.25, 0.6], [0.75, 0.6], [0.95, 0.95], [0.05, 0.95]];
        let (w, h) = (self.size.width as f32, self.size.height as f32);
        let points = corners.map(|[x, y]| FractionPoint { x, y }).to_vec();
        let places = corners.map(|[x, y]| self.floor_at([x as f32 * w, y as f32 * h]));
        (points, places.to_vec())
    }

    /// The part of a floor polygon that is in the picture, as fractions of it: at most four corners
    /// more than `corners`, and fewer than three when nothing of it is seen.
    pub(super) fn polygon(&self, corners: &[[f32; 2]]) -> Vec<FractionPoint> {
        let (w, h) = (self.size.width as f32, self.size.height as f32);
        let mut points: Vec<Spot> =
            corners.iter().map(|&[x, z]| self.project([x, 0.0, z])).collect();
        // Sutherland and Hodgman 1974: one side of the picture after the other.
        for (axis, sign, limit) in [(0, 1.0, 0.0), (0, -1.0, -w), (1, 1.0, 0.0), (1, -1.0, -h)] {
            let over = |spot: Spot| spot[axis] * sign - limit;
            let mut kept = Vec::with_capacity(points.len() + 2);
            for (i, &to) in points.iter().enumerate() {
                let from = points[(i + points.len() - 1) % points.len()];
                let (a, b) = (over(from), over(to));
                if (a >= 0.0) != (b >= 0.0) {
                    let part = a / (a - b);
                    let mid = |k: usize| from[k] + (to[k] - from[k]) * part;
                    kept.push([mid(0), mid(1)]);
                }
                if b >= 0.0 {
                    kept.push(to);
                }
            }
            points = kept;
        }
        let fraction = |&[x, y]: &Spot| {
            let at = PixelPoint { x, y }.to_fraction(self.size);
            FractionPoint { x: at.x.clamp(0.0, 1.0), y: at.y.clamp(0.0, 1.0) }
        };
        points.iter().map(fraction).collect()
    }

    /// The outline of a level ellipse.
    pub(super) fn disc(&self, at: Place, along: [f32; 2], across: [f32; 2]) -> Vec<Spot> {
        let [x, y, z] = at;
        circle(24)
            .map(|[c, s]| {
                let (dx, dz) = (c * along[0] + s * across[0], c * along[1] + s * across[1]);
                self.project([x + dx, y, z + dz])
            })
            .collect()
    }
}

/// Cosine and sine of an angle in degrees, at length 1.
pub(super) fn direction(degrees: f32) -> [f32; 2] {
    let turns = degrees / 360.0;
    let (c, s) = (wave(turns + 0.25), wave(turns));
    let length = (c * c + s * s).sqrt();
    [c / length, s / length]
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
        let camera = Camera::USUAL;
        let height = |z| camera.project([0.0, 0.0, z])[1] - camera.project([0.0, 1.75, z])[1];
        assert!(height(7.0) > 215.0 && height(10.0) < 160.0);
        assert!(camera.foot(0.0, 7.0).y > camera.foot(0.0, 10.0).y);
    }

    #[test]
    fn a_camera_that_looks_down_and_aside_sees_the_middle_of_its_aim_in_the_middle() {
        let view = View { yaw: 20.0, pitch: 15.0, fov: 60.0 };
        let camera = Camera::new(PictureSize::new(640, 360), [1.0, 3.0, 0.5], view);
        // Along the axis: 15 degrees down from 3 m meets the floor 11.2 m away.
        let (far, turn) = (3.0 / 15_f32.to_radians().tan(), 20_f32.to_radians());
        let [x, y] = camera.project([1.0 + far * turn.sin(), 0.0, 0.5 + far * turn.cos()]);
        assert!((x - 320.0).abs() < 1.0 && (y - 180.0).abs() < 1.0, "{x} {y}");
        // Half of the field of view is the border.
        let (down, half) = (15_f32.to_radians(), 30_f32.to_radians());
        let right = 8.0 / down.cos() * half.tan();
        let place = [
            1.0 + 8.0 * turn.sin() + right * turn.cos(),
            3.0 - 8.0 * down.tan(),
            0.5 + 8.0 * turn.cos() - right * turn.sin(),
        ];
        let [x, y] = camera.project(place);
        assert!((x - 640.0).abs() < 1.0 && (y - 180.0).abs() < 1.0, "{x} {y}");
        let there = camera.heading([0.6, 0.8]);
        let back = camera.heading_in_hall(there);
        assert!((back[0] - 0.6).abs() < 1e-6 && (back[1] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn zones_are_cut_at_the_border_and_not_bent() {
        let camera = Camera::USUAL;
        let whole = camera.polygon(&[[-1.0, 8.0], [1.0, 8.0], [1.0, 10.0], [-1.0, 10.0]]);
        assert_eq!(whole.len(), 4);
        let cut = camera.polygon(&[[2.0, 8.0], [9.0, 8.0], [9.0, 10.0], [2.0, 10.0]]);
        assert!(cut.iter().all(|p| (0.0..=1.0).contains(&p.x)));
        // The far side keeps its row up to the border.
        let row = camera.foot(2.0, 10.0).to_fraction(camera.size).y;
        let at_border = cut.iter().filter(|p| (p.x - 1.0).abs() < 1e-6);
        assert!(at_border.clone().any(|p| (p.y - row).abs() < 1e-6), "{cut:?}");
        assert!(camera.polygon(&[[20.0, 8.0], [29.0, 8.0], [29.0, 10.0]]).len() < 3);
    }
}
