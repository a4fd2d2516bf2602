//! The frame of a figure's body: joints in metres, placed in the hall.

use super::camera::{Camera, Place, capsule, circle};
use super::canvas::{Paint, Rgb, Shape, Spot};
use super::look::Look;
use super::random::wave;
use super::script::{Stance, foot_swing, unit};

/// A point of the body for an average height: to its own right, forward, up, metres.
pub(super) type Joint = [f32; 3];

/// The average height all joints are given for, metres.
const AVERAGE: f32 = 1.75;
/// Height of the hips, metres.
const HIP: f32 = 0.93;
/// How much lower the hips of somebody are who crouches, metres.
const CROUCH: f32 = 0.44;
/// How far the trunk leans forward then, metres a metre.
const LEAN: f32 = 0.34;

/// A body somewhere in the hall, facing some way.
pub(super) struct Body {
    camera: Camera,
    origin: Place,
    /// The body's own right hand, forward and up, in the hall; unit vectors.
    axes: [Place; 3],
    /// Right hand and forward, as far as they point across the body in the picture.
    widths: [f32; 2],
    /// Right hand and forward, as far as they point toward the camera.
    toward: [f32; 2],
    /// Up the body and across it in the picture, unit vectors.
    along: Spot,
    across: Spot,
    /// Metres of the hall for a metre of an average body.
    pub(super) size: f32,
    breadth: f32,
    /// Rise and fall of the trunk while walking, and how far it is down, metres.
    lift: f32,
    /// 0 upright, 1 crouching.
    crouch: f32,
    /// Pixels for a metre of the body.
    pixels: f32,
}

/// Both ends of one stride for a side of the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limb {
    /// Hip or shoulder.
    pub(super) root: Joint,
    /// Knee or elbow.
    pub(super) middle: Joint,
    /// Ankle or wrist.
    pub(super) end: Joint,
}

impl Body {
    /// The body of this actor at this moment.
    pub(super) fn new(camera: &Camera, stance: &Stance, look: &Look) -> Self {
        // People who walk across the view are drawn in three-quarter view:
        // from the side, an arm hides most of a vest.
        let [across, toward] = camera.heading(stance.heading);
        let forward = camera.heading_in_hall(unit([across, toward + 1.15 * across.abs()]));
        let right = [-forward[1], forward[0]];
        let upright = [[right[0], 0.0, -right[1]], [forward[0], 0.0, -forward[1]], [0.0, 1.0, 0.0]];
        let axes = upright.map(|axis| tilted(axis, stance));
        let (reach, _) = foot_swing(stance.strides + look.phase);
        let bob = -0.045 * stance.pace * reach * reach;
        let size = look.height / AVERAGE;
        let [r, f, u] = axes.map(|axis| camera.aim(axis));
        let length = (u[0] * u[0] + u[1] * u[1]).sqrt();
        let along = if length < 0.05 { [0.0, -1.0] } else { [u[0] / length, u[1] / length] };
        let sideways = [-along[1], along[0]];
        let width = |axis: Place| axis[0] * sideways[0] + axis[1] * sideways[1];
        // Whoever lies is half a body's depth above the floor.
        let origin = [stance.x, 0.15 * axes[2][0].abs().max(axes[2][2].abs()), stance.z];
        let mut body = Self {
            camera: *camera,
            origin,
            axes,
            widths: [width(r), width(f)],
            toward: [-r[2], -f[2]],
            along,
            across: sideways,
            size,
            breadth: look.breadth,
            lift: bob - CROUCH * stance.crouch,
            crouch: stance.crouch,
            pixels: 0.0,
        };
        body.pixels = camera.scale(body.place([0.0, 0.0, 1.0])) * size;
        body
    }

    fn at(&self, [r, f, u]: Joint) -> Place {
        let (r, f, u) = (r * self.size * self.breadth, f * self.size, u * self.size);
        let [right, forward, up] = &self.axes;
        std::array::from_fn(|i| self.origin[i] + r * right[i] + f * forward[i] + u * up[i])
    }

    /// Where a joint above the hips is in the hall.
    pub(super) fn place(&self, [r, f, u]: Joint) -> Place {
        self.at([r, f + LEAN * self.crouch * (u - HIP).max(0.0), u + self.lift])
    }

    /// Where the hips are.
    pub(super) fn hips(&self) -> Place {
        self.at([0.0, 0.0, HIP])
    }

    /// Where a joint above the hips appears in the picture.
    pub(super) fn spot(&self, joint: Joint) -> Spot {
        self.camera.project(self.place(joint))
    }

    /// Where a point of the picture is that lies this far to the right, and up the body, pixels.
    pub(super) fn beside(&self, [x, y]: Spot, right: f32, up: f32) -> Spot {
        [
            x + right * self.across[0] + up * self.along[0],
            y + right * self.across[1] + up * self.along[1],
        ]
    }

    /// How much nearer the camera than the body's axis a joint is, metres.
    pub(super) fn nearness(&self, [r, f, _]: Joint) -> f32 {
        r * self.toward[0] + f * self.toward[1]
    }

    /// How much the body faces the camera: 1 straight, 0 from the side, -1 from behind.
    pub(super) const fn faces(&self) -> f32 {
        self.toward[1]
    }

    /// How much it faces the left or right of the picture, 0 to 1.
    pub(super) const fn sideways(&self) -> f32 {
        self.widths[1].abs()
    }

    /// Pixels for a metre of the body.
    pub(super) const fn pixels(&self) -> f32 {
        self.pixels
    }

    /// Half the breadth in the picture of something `r` metres to either side and `f` deep.
    pub(super) fn half(&self, r: f32, f: f32) -> f32 {
        let (a, b) = (r * self.breadth * self.widths[0], f * self.widths[1]);
        (a * a + b * b).sqrt() * self.pixels
    }

    /// An ellipse around the body's axis: its middle, metres to either side, forward.
    pub(super) fn ring(&self, middle: Joint, r: f32, f: f32) -> Vec<Spot> {
        let middle = self.place(middle);
        let [right, forward, _] = &self.axes;
        let (r, f) = (r * self.size, f * self.size);
        circle(24)
            .map(|[c, s]| {
                let place =
                    std::array::from_fn(|i| middle[i] + c * r * right[i] + s * f * forward[i]);
                self.camera.project(place)
            })
            .collect()
    }

    /// A rounded bar between two joints above the hips, lit from the left.
    pub(super) fn bar(&self, a: Joint, b: Joint, radii: [f32; 2], color: Rgb) -> Shape {
        self.bar_between([self.spot(a), self.spot(b)], radii, color)
    }

    /// The same of a leg, which neither bobs nor leans.
    pub(super) fn leg_bar(&self, a: Joint, b: Joint, radii: [f32; 2], color: Rgb) -> Shape {
        let ends = [a, b].map(|joint| self.camera.project(self.at(joint)));
        self.bar_between(ends, radii, color)
    }

    fn bar_between(&self, [a, b]: [Spot; 2], radii: [f32; 2], color: Rgb) -> Shape {
        let p = self.pixels;
        let points = capsule(a, radii[0] * p, b, radii[1] * p);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        // Across the bar, on its left side.
        let side = if dy >= 0.0 { -radii[0] * p } else { radii[0] * p };
        let lit = [a[0] + dy / length * side, a[1] - dx / length * side];
        Shape { points, paint: Paint::shaded(color, a, lit, 0.22) }
    }

    /// The legs, right and left.
    pub(super) fn legs(&self, stance: &Stance, look: &Look) -> [Limb; 2] {
        [(0.095, 0.0), (-0.095, 0.5)].map(|(r, offset)| {
            let (reach, lift) = foot_swing(stance.strides + look.phase + offset);
            let ahead = (0.3 * stance.stride).min(0.34) * stance.pace;
            let hip = [r, 0.0, HIP + self.lift];
            // The heel of the foot behind comes up before the foot does.
            let heel = 0.07 * (-reach).max(0.0) * stance.pace;
            // Whoever crouches puts one foot before the other.
            let apart = self.crouch * if offset > 0.0 { 0.16 } else { -0.10 };
            let ankle = [r * 1.1, reach * ahead + apart, 0.085 + 0.09 * lift * stance.pace + heel];
            Limb { root: hip, middle: bend(hip, ankle, 0.428, 0.428, 1.0), end: ankle }
        })
    }

    /// The arms, right and left.
    pub(super) fn arms(&self, stance: &Stance, look: &Look) -> [Limb; 2] {
        [(0.225, 0.5), (-0.225, 0.0)].map(|(r, offset)| {
            let (reach, _) = foot_swing(stance.strides + look.phase + offset);
            let swing = reach * 0.17 * stance.pace + 0.05 + 0.24 * self.crouch;
            let shoulder = [r, 0.0, 1.41];
            let wrist = [r * 1.25, swing, 0.90 + 0.35 * swing * swing];
            Limb { root: shoulder, middle: bend(shoulder, wrist, 0.28, 0.27, -1.0), end: wrist }
        })
    }
}

/// An axis of an upright body, turned as the body is when it falls: from upright over to `lie`.
fn tilted(axis: Place, stance: &Stance) -> Place {
    if stance.fall <= 0.0 {
        return axis;
    }
    let (c, s) = (wave(stance.fall / 4.0 + 0.25), wave(stance.fall / 4.0));
    let over = [stance.lie[0], 0.0, -stance.lie[1]];
    let part = axis[0] * over[0] + axis[2] * over[2];
    let up = axis[1];
    // In the plane of `over` and up it turns, across it nothing changes.
    std::array::from_fn(|i| {
        let upward = if i == 1 { 1.0 } else { 0.0 };
        let still = axis[i] - part * over[i] - up * upward;
        still + part * (c * over[i] - s * upward) + up * (c * upward + s * over[i])
    })
}

/// The joint between two bones of given lengths, bent forward (1) or backward (-1).
fn bend(root: Joint, end: Joint, upper: f32, lower: f32, way: f32) -> Joint {
    let (df, du) = (end[1] - root[1], end[2] - root[2]);
    let distance = (df * df + du * du).sqrt().max(1e-3);
    let reach = distance.min(upper + lower - 1e-3);
    let along = (reach * reach + upper * upper - lower * lower) / (2.0 * reach);
    let off = (upper * upper - along * along).max(0.0).sqrt() * way;
    let (uf, uu) = (df / distance, du / distance);
    [
        f32::midpoint(root[0], end[0]),
        root[1] + uf * along - uu * off,
        root[2] + uu * along + uf * off,
    ]
}
