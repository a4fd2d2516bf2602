//! A forklift: boxes that turn with it, drawn the rearmost first, and its driver.

use std::ops::Range;

use super::camera::{Camera, Place, ellipse};
use super::canvas::{Paint, Rgb, Shape};
use super::figure::Figure;
use super::look::Look;
use super::random::SplitMix64;
use super::script::Stance;
use super::solid::Solid;

const YELLOW: Rgb = [236.0, 172.0, 40.0];
const STEEL: Rgb = [92.0, 98.0, 104.0];
const DARK: Rgb = [52.0, 54.0, 58.0];
const RUBBER: Rgb = [40.0, 40.0, 42.0];
/// Colours of forklifts to train with: none is near to [`YELLOW`].
const TRAINING: [Rgb; 6] = [
    [214.0, 92.0, 36.0],
    [186.0, 44.0, 40.0],
    [70.0, 120.0, 80.0],
    [150.0, 154.0, 158.0],
    [60.0, 96.0, 160.0],
    [212.0, 206.0, 66.0],
];

const fn block(right: [f32; 2], ahead: [f32; 2], up: [f32; 2], color: Rgb) -> Solid {
    Solid { right, ahead, up, color }
}

/// How far it reaches on the floor: half its width, behind and ahead (with its forks), metres.
pub(super) const REACH: [f32; 3] = [0.6, 1.15, 2.15];

/// Body, counterweight, wheels, posts and roof, mast and forks.
const FORKLIFT: [Solid; 16] = [
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

/// The colour of a forklift to train with.
pub(super) fn training_color(random: &mut SplitMix64) -> Rgb {
    random.pick(&TRAINING, TRAINING[0])
}

/// A forklift at one moment.
pub(super) struct Forklift<'a> {
    camera: &'a Camera,
    stance: &'a Stance,
    driver: &'a Look,
    color: Rgb,
}

/// A forklift as it is drawn.
pub(super) struct Drawn {
    /// All of it, the rearmost first.
    pub(super) shapes: Vec<Shape>,
    /// The driver among them.
    pub(super) driver: Range<usize>,
    /// Head and trunk of the driver; his face is not drawn.
    pub(super) figure: Figure,
}

impl<'a> Forklift<'a> {
    /// A forklift; it is yellow unless it has a colour of its own.
    pub(super) fn new(
        camera: &'a Camera,
        stance: &'a Stance,
        driver: &'a Look,
        color: Option<Rgb>,
    ) -> Self {
        Self { camera, stance, driver, color: color.unwrap_or(YELLOW) }
    }

    /// A place in its frame, in the hall.
    fn place(&self, [right, ahead, up]: Place) -> Place {
        // Heading is right in the hall and toward the usual camera.
        let [across, toward] = self.stance.heading;
        let (x, z) = (right * -toward + ahead * across, -(right * across) - ahead * toward);
        [self.stance.x + x, up, self.stance.z + z]
    }

    /// Its shadow on the floor.
    pub(super) fn shadow(&self) -> Shape {
        let corners = [[-0.75, -1.3], [0.75, -1.3], [0.75, 1.2], [-0.75, 1.2]];
        let points =
            corners.map(|[right, ahead]| self.camera.project(self.place([right, ahead, 0.0])));
        Shape { points: points.to_vec(), paint: Paint::veil([30.0, 32.0, 36.0], 0.4) }
    }

    /// What is drawn of it.
    pub(super) fn draw(&self) -> Drawn {
        let painted = |solid: &Solid| Solid {
            color: if solid.color[0] > 200.0 { self.color } else { solid.color },
            ..*solid
        };
        let solids = FORKLIFT.iter().map(painted);
        let mut parts: Vec<(f32, Vec<Shape>, bool)> = solids
            .map(|solid| {
                let (depth, shapes) = solid.shapes(self.camera, |place| self.place(place));
                (depth, shapes, false)
            })
            .collect();
        let (depth, driver) = self.driver();
        parts.push((depth, driver, true));
        parts.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut shapes, mut driver) = (Vec::with_capacity(90), 0..0);
        for (_, part, is_driver) in parts {
            let begin = shapes.len();
            shapes.extend(part);
            if is_driver {
                driver = begin..shapes.len();
            }
        }
        // Trunk, head, cap: in this order.
        let first = driver.start;
        let figure = Figure {
            trunk: first..first + 1,
            head: if self.driver.helmet.is_some() { first + 2 } else { first + 1 }..driver.end,
            ..Figure::default()
        };
        Drawn { shapes, driver, figure }
    }

    /// Trunk, head and helmet above the seat.
    fn driver(&self) -> (f32, Vec<Shape>) {
        let seat = self.place([0.0, -0.1, 1.3]);
        let m = self.camera.scale(seat);
        let at = |up: f32| self.camera.project(self.place([0.0, -0.1, up]));
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
        (self.camera.depth(seat), shapes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_forklift_to_train_with_looks_like_the_scored_one() {
        for color in TRAINING {
            let apart = (0..3).map(|i| (color[i] - YELLOW[i]).abs()).fold(0.0, f32::max);
            assert!(apart >= 8.0, "{color:?}");
        }
    }
}
