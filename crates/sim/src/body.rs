//! The frame of a figure's body: joints in metres, placed in the hall.

use super::camera::{Place, capsule, project, scale};
use super::canvas::{Paint, Rgb, Shape, Spot};
use super::look::Look;
use super::script::{Heading, Stance, foot_swing, unit};

/// A point of the body for an average height: to its own right, forward, up, metres.
pub(super) type Joint = [f32; 3];

/// The average height all joints are given for, metres.
const AVERAGE: f32 = 1.75;

/// A body standing somewhere in the hall, facing some way.
pub(super) struct Body {
    x: f32,
    z: f32,
    /// Forward: right in the picture, and toward the camera.
    pub(super) forward: Heading,
    /// The body's own right hand, likewise.
    pub(super) right: Heading,
    /// Metres of the hall for a metre of an average body.
    pub(super) size: f32,
    breadth: f32,
    /// Rise and fall of the trunk while walking, metres.
    bob: f32,
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
    pub(super) fn new(stance: &Stance, look: &Look) -> Self {
        // People who walk across the view are drawn in three-quarter view:
        // from the side, an arm hides most of a vest.
        let [across, toward] = stance.heading;
        let forward = unit([across, toward + 1.15 * across.abs()]);
        let right = [-forward[1], forward[0]];
        let (reach, _) = foot_swing(stance.strides + look.phase);
        let bob = -0.045 * stance.pace * reach * reach;
        let size = look.height / AVERAGE;
        Self { x: stance.x, z: stance.z, forward, right, size, breadth: look.breadth, bob }
    }

    /// Where a joint is in the hall; the ankles do not bob.
    pub(super) fn place(&self, [r, f, u]: Joint) -> Place {
        let (r, f) = (r * self.size * self.breadth, f * self.size);
        let lift = if u > 0.3 { self.bob } else { 0.0 };
        [
            self.x + r * self.right[0] + f * self.forward[0],
            (u + lift) * self.size,
            self.z - r * self.right[1] - f * self.forward[1],
        ]
    }

    /// Where a joint appears in the picture.
    pub(super) fn spot(&self, joint: Joint) -> Spot {
        project(self.place(joint))
    }

    /// How much nearer the camera than the body's axis a joint is, metres.
    pub(super) fn nearness(&self, [r, f, _]: Joint) -> f32 {
        r * self.right[1] + f * self.forward[1]
    }

    /// Pixels for a metre of the body.
    pub(super) fn pixels(&self) -> f32 {
        scale(self.z) * self.size
    }

    /// Half the breadth in the picture of something `r` metres to either side and `f` deep.
    pub(super) fn half(&self, r: f32, f: f32) -> f32 {
        let (a, b) = (r * self.breadth * self.right[0], f * self.forward[0]);
        (a * a + b * b).sqrt() * self.pixels()
    }

    /// A rounded bar between two joints, lit from the left.
    pub(super) fn bar(&self, a: Joint, b: Joint, radii: [f32; 2], color: Rgb) -> Shape {
        let p = self.pixels();
        let (a, b) = (self.spot(a), self.spot(b));
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
            let hip = [r, 0.0, 0.93 + self.bob];
            // The heel of the foot behind comes up before the foot does.
            let heel = 0.07 * (-reach).max(0.0) * stance.pace;
            let ankle = [r * 1.1, reach * ahead, 0.085 + 0.09 * lift * stance.pace + heel];
            Limb {
                root: [hip[0], 0.0, 0.93],
                middle: bend(hip, ankle, 0.428, 0.428, 1.0),
                end: ankle,
            }
        })
    }

    /// The arms, right and left.
    pub(super) fn arms(&self, stance: &Stance, look: &Look) -> [Limb; 2] {
        [(0.225, 0.5), (-0.225, 0.0)].map(|(r, offset)| {
            let (reach, _) = foot_swing(stance.strides + look.phase + offset);
            let swing = reach * 0.17 * stance.pace + 0.05;
            let shoulder = [r, 0.0, 1.41];
            let wrist = [r * 1.25, swing, 0.90 + 0.35 * swing * swing];
            Limb { root: shoulder, middle: bend(shoulder, wrist, 0.28, 0.27, -1.0), end: wrist }
        })
    }
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
