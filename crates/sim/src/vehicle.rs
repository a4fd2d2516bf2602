//! A forklift: boxes that turn with it, drawn the rearmost first, and its driver.

use super::camera::{Place, ellipse, project, scale};
use super::canvas::{Paint, Rgb, Shape};
use super::look::Look;
use super::script::Stance;

const YELLOW: Rgb = [236.0, 172.0, 40.0];
const STEEL: Rgb = [92.0, 98.0, 104.0];
const DARK: Rgb = [52.0, 54.0, 58.0];
const RUBBER: Rgb = [40.0, 40.0, 42.0];

/// A box in the vehicle's own frame, metres: from and to along its right, its length, upward.
struct Block {
    right: [f32; 2],
    ahead: [f32; 2],
    up: [f32; 2],
    color: Rgb,
}

const fn block(right: [f32; 2], ahead: [f32; 2], up: [f32; 2], color: Rgb) -> Block {
    Block { right, ahead, up, color }
}

/// Body, counterweight, wheels, posts and roof, mast and forks.
const FORKLIFT: [Block; 16] = [
    block([-0.55, 0.55], [-1.0, 0.9], [0.28, 0.80], YELLOW),
    block([-0.52, 0.52], [-1.15, -0.45], [0.45, 1.12], YELLOW),
    block([-0.30, 0.30], [-0.45, -0.30], [0.80, 1.30], DARK),
    block([-0.60, -0.40], [0.35, 0.95], [0.0, 0.60], RUBBER),
    block([0.40, 0.60], [0.35, 0.95], [0.0, 0.60], RUBBER),
    block([-0.58, -0.40], [-0.95, -0.45], [0.0, 0.50], RUBBER),
    block([0.40, 0.58], [-0.95, -0.45], [0.0, 0.50], RUBBER),
    block([-0.52, -0.46], [-0.62, -0.56], [1.12, 2.08], DARK),
    block([0.46, 0.52], [-0.62, -0.56], [1.12, 2.08], DARK),
    block([-0.52, -0.46], [0.66, 0.72], [0.80, 2.08], DARK),
    block([0.46, 0.52], [0.66, 0.72], [0.80, 2.08], DARK),
    block([-0.54, 0.54], [-0.66, 0.76], [2.08, 2.15], DARK),
    block([-0.36, -0.27], [0.98, 1.10], [0.08, 2.30], STEEL),
    block([0.27, 0.36], [0.98, 1.10], [0.08, 2.30], STEEL),
    block([-0.34, -0.22], [1.10, 2.15], [0.08, 0.14], STEEL),
    block([0.22, 0.34], [1.10, 2.15], [0.08, 0.14], STEEL),
];

/// A forklift at one moment.
pub(super) struct Forklift<'a> {
    stance: &'a Stance,
    driver: &'a Look,
}

impl<'a> Forklift<'a> {
    pub(super) const fn new(stance: &'a Stance, driver: &'a Look) -> Self {
        Self { stance, driver }
    }

    /// A place in its frame, in the hall.
    fn place(&self, [right, ahead, up]: [f32; 3]) -> Place {
        // Heading is right in the picture and toward the camera.
        let [across, toward] = self.stance.heading;
        let (x, z) = (right * -toward + ahead * across, -(right * across) - ahead * toward);
        [self.stance.x + x, up, self.stance.z + z]
    }

    /// Its shadow on the floor.
    pub(super) fn shadow(&self) -> Shape {
        let corners = [[-0.75, -1.3], [0.75, -1.3], [0.75, 1.2], [-0.75, 1.2]];
        let points = corners.map(|[right, ahead]| project(self.place([right, ahead, 0.0])));
        Shape { points: points.to_vec(), paint: Paint::veil([30.0, 32.0, 36.0], 0.4) }
    }

    /// What is drawn of it, the rearmost first.
    pub(super) fn shapes(&self) -> Vec<Shape> {
        let mut parts: Vec<(f32, Vec<Shape>)> = FORKLIFT.iter().map(|b| self.block(b)).collect();
        parts.push(self.driver());
        parts.sort_by(|a, b| b.0.total_cmp(&a.0));
        parts.into_iter().flat_map(|(_, shapes)| shapes).collect()
    }

    /// The sides of a box that are turned to the camera, and how far its middle is.
    fn block(&self, block: &Block) -> (f32, Vec<Shape>) {
        let Block { right: [l, r], ahead: [b, f], up: [d, u], color } = *block;
        let at = |right, ahead, up| self.place([right, ahead, up]);
        let middle = at(f32::midpoint(l, r), f32::midpoint(b, f), f32::midpoint(d, u));
        let faces = [
            ([at(l, b, d), at(r, b, d), at(r, b, u), at(l, b, u)], 0.84),
            ([at(l, f, d), at(r, f, d), at(r, f, u), at(l, f, u)], 0.96),
            ([at(l, b, d), at(l, f, d), at(l, f, u), at(l, b, u)], 0.90),
            ([at(r, b, d), at(r, f, d), at(r, f, u), at(r, b, u)], 0.76),
            ([at(l, b, u), at(r, b, u), at(r, f, u), at(l, f, u)], 1.08),
        ];
        let mut seen: Vec<(f32, Shape)> = faces
            .into_iter()
            .map(|(corners, light)| {
                let far = corners.iter().map(|corner| corner[2]).sum::<f32>() / 4.0;
                let color = color.map(|c| c * light);
                let points = corners.map(project).to_vec();
                (far, Shape { points, paint: Paint::flat(color) })
            })
            .collect();
        // Of a box, what is nearer covers what is behind; the top is seen from above last.
        seen.sort_by(|a, b| b.0.total_cmp(&a.0));
        (middle[2], seen.into_iter().map(|(_, shape)| shape).collect())
    }

    /// Trunk, head and helmet above the seat.
    fn driver(&self) -> (f32, Vec<Shape>) {
        let seat = self.place([0.0, -0.1, 0.0]);
        let m = scale(seat[2]);
        let at = |up: f32| project(self.place([0.0, -0.1, up]));
        let (trunk, head, crown) = (at(1.32), at(1.74), at(1.80));
        let jacket = self.driver.vest.unwrap_or(self.driver.shirt);
        let ball = |at: [f32; 2], w: f32, h: f32, color: Rgb| Shape {
            points: ellipse(at, w * m, h * m),
            paint: Paint::shaded(color, at, [at[0] - w * m, at[1] - h * m], 0.14),
        };
        let top = self.driver.helmet.unwrap_or(self.driver.hair);
        let cap = if self.driver.helmet.is_some() { 0.13 } else { 0.10 };
        let mut shapes = vec![
            ball(trunk, 0.23, 0.34, jacket),
            ball(head, 0.09, 0.125, self.driver.skin),
            ball(crown, cap, 0.085, top),
        ];
        if self.driver.helmet.is_some() {
            shapes.push(ball(at(1.76), 0.145, 0.022, top.map(|c| c * 0.9)));
        }
        (seat[2], shapes)
    }
}
