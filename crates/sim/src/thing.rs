//! Things that stand on the floor, come and go: cone, extinguisher, fire, smoke, and what hides people.

use safe_yolo_core::Class;
use serde::Deserialize;

use super::camera::{Camera, Place, capsule, ellipse};
use super::canvas::{Paint, Rgb, Shape, Spot};
use super::random::{SplitMix64, wave};
use super::solid::Solid;

const ORANGE: Rgb = [240.0, 96.0, 36.0];
const WHITE: Rgb = [238.0, 238.0, 232.0];
const RED: Rgb = [204.0, 34.0, 36.0];
const BLACK: Rgb = [44.0, 44.0, 46.0];

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Cone,
    Extinguisher,
    Fire,
    Smoke,
    Pillar,
    Rack,
    Crates,
}

impl Kind {
    /// What a detector should call it; none for what is a part of the hall.
    pub(super) const fn class(self) -> Option<Class> {
        match self {
            Self::Cone => Some(Class::SafetyCone),
            Self::Extinguisher => Some(Class::FireExtinguisher),
            Self::Fire => Some(Class::Fire),
            Self::Smoke => Some(Class::Smoke),
            Self::Pillar | Self::Rack | Self::Crates => None,
        }
    }

    /// Its width, height and depth unless the scenario says otherwise, metres; none for what has one size only.
    pub(super) const fn size(self) -> Option<[f32; 3]> {
        match self {
            Self::Pillar => Some([0.5, 6.0, 0.5]),
            Self::Rack => Some([2.4, 2.4, 0.9]),
            Self::Crates => Some([1.3, 1.2, 0.9]),
            Self::Cone | Self::Extinguisher | Self::Fire | Self::Smoke => None,
        }
    }
}

/// A thing and when it is there.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    /// The middle of its near side: to the right of the hall's middle and away, metres.
    pub(super) at: [f32; 2],
    /// Width, height and depth of what hides people, metres.
    pub(super) size: Option<[f32; 3]>,
    /// It is there from this second of the loop to that one.
    pub(super) there: [f64; 2],
}

impl Thing {
    /// Whether it is there `seconds` into the loop.
    pub(super) fn is_there(&self, seconds: f64) -> bool {
        (self.there[0]..self.there[1]).contains(&seconds)
    }

    /// Its shadow on the floor, or its glow: no part of it.
    pub(super) fn soft(&self, camera: &Camera) -> Option<Shape> {
        let [x, z] = self.at;
        match self.kind {
            Kind::Cone => Some(shadow(camera, [x, 0.0, z], 0.26)),
            Kind::Extinguisher => Some(shadow(camera, [x, 0.0, z], 0.16)),
            Kind::Fire => {
                let m = camera.scale([x, 0.25, z]);
                let points = ellipse(camera.project([x, 0.25, z]), 0.7 * m, 0.55 * m);
                Some(Shape { points, paint: Paint::veil([255.0, 170.0, 70.0], 0.12) })
            }
            Kind::Smoke => None,
            Kind::Pillar | Kind::Rack | Kind::Crates => {
                let Solid { right: [l, r], ahead: [b, _], .. } = self.solid()?;
                let corners = [[l - 0.15, 0.15], [r + 0.3, 0.15], [r + 0.3, b], [l - 0.15, b]];
                let spot =
                    |[right, ahead]: [f32; 2]| camera.project(self.place([right, ahead, 0.0]));
                let points = corners.map(spot).to_vec();
                Some(Shape { points, paint: Paint::veil([30.0, 32.0, 36.0], 0.3) })
            }
        }
    }

    /// A place in its frame, in the hall: right, toward the usual camera, up.
    const fn place(&self, [right, ahead, up]: Place) -> Place {
        [self.at[0] + right, up, self.at[1] - ahead]
    }

    fn solid(&self) -> Option<Solid> {
        let [wide, high, deep] = self.size.or(self.kind.size())?;
        let color = match self.kind {
            Kind::Pillar => [172.0, 174.0, 174.0],
            Kind::Rack => [84.0, 98.0, 120.0],
            _ => [150.0, 122.0, 86.0],
        };
        let right = [-wide / 2.0, wide / 2.0];
        Some(Solid { right, ahead: [-deep, 0.0], up: [0.0, high], color })
    }

    /// The outline of what hides people behind it.
    pub(super) fn hides(&self, camera: &Camera) -> Option<Vec<Spot>> {
        Some(self.solid()?.outline(camera, |place| self.place(place)))
    }

    /// A pillar, rack or pile of crates, the rearmost first.
    fn block(&self, camera: &Camera, seed: u64) -> Vec<Shape> {
        let Some(solid) = self.solid() else { return Vec::new() };
        let (_, mut out) = solid.shapes(camera, |place| self.place(place));
        let ([left, right], [_, high]) = (solid.right, solid.up);
        // On the near side, a little before it.
        let mut panel = |[l, r, low, top]: [f32; 4], color: Rgb| {
            let corners = [[l, top], [r, top], [r, low], [l, low]];
            let points: Vec<Spot> =
                corners.iter().map(|&[x, y]| camera.project(self.place([x, 0.0, y]))).collect();
            let middle = [
                f32::midpoint(points[0][0], points[2][0]),
                f32::midpoint(points[0][1], points[2][1]),
            ];
            let lit = points[0];
            out.push(Shape { points, paint: Paint::shaded(color, middle, lit, 0.08) });
        };
        let mut random = SplitMix64::new(seed, 0xB10C + u64::from(self.at[0].to_bits()));
        match self.kind {
            Kind::Pillar => {
                for stripe in 0..10_u8 {
                    let low = 0.12 * f32::from(stripe);
                    let color =
                        if stripe % 2 == 0 { [226.0, 186.0, 60.0] } else { [62.0, 62.0, 64.0] };
                    panel([left, right, low, low + 0.12], color);
                }
            }
            Kind::Rack => {
                let shelves = (high / 0.8).round().max(1.0);
                for shelf in 0..shelves as u8 {
                    let low = high * f32::from(shelf) / shelves;
                    let room = high / shelves - 0.12;
                    let mut x = left + 0.08;
                    while x + 0.2 < right {
                        let wide = random.between(0.3, 0.6).min(right - 0.08 - x);
                        let tone = random.between(0.75, 1.1);
                        let color = [150.0, 128.0, 100.0].map(|c: f32| c * tone);
                        panel(
                            [x, x + wide, low + 0.08, low + room * random.between(0.7, 1.0)],
                            color,
                        );
                        x += wide + 0.05;
                    }
                    panel([left, right, low, low + 0.08], [176.0, 96.0, 48.0]);
                }
                for x in [left, right - 0.08] {
                    panel([x, x + 0.08, 0.0, high], [70.0, 92.0, 124.0]);
                }
            }
            _ => {
                let rows = (high / 0.4).round().max(1.0);
                for row in 0..rows as u8 {
                    let low = high * f32::from(row) / rows;
                    let tone = random.between(0.85, 1.1);
                    let color = [168.0, 138.0, 98.0].map(|c: f32| c * tone);
                    panel([left + 0.02, right - 0.02, low + 0.03, low + high / rows - 0.02], color);
                }
            }
        }
        out
    }

    /// What is drawn of it, the rearmost first.
    pub(super) fn shapes(&self, camera: &Camera, seconds: f64, seed: u64) -> Vec<Shape> {
        let [x, z] = self.at;
        let spot = |right: f32, up: f32| camera.project([x + right, up, z]);
        match self.kind {
            Kind::Cone => cone(camera, x, z),
            Kind::Extinguisher => {
                let m = camera.scale([x, 0.3, z]);
                let (low, high) = (spot(0.0, 0.10), spot(0.0, 0.44));
                let (left, middle) = (spot(-0.09, 0.27), spot(0.0, 0.27));
                let neck =
                    vec![spot(-0.03, 0.62), spot(0.03, 0.62), spot(0.03, 0.5), spot(-0.03, 0.5)];
                let lever =
                    vec![spot(-0.10, 0.66), spot(0.05, 0.63), spot(0.05, 0.60), spot(-0.10, 0.62)];
                let label =
                    [spot(-0.05, 0.36), spot(0.06, 0.36), spot(0.06, 0.22), spot(-0.05, 0.22)];
                vec![
                    Shape {
                        points: capsule(spot(0.03, 0.58), 0.02 * m, spot(0.13, 0.2), 0.02 * m),
                        paint: Paint::flat(BLACK),
                    },
                    Shape { points: neck, paint: Paint::flat(BLACK) },
                    Shape {
                        points: capsule(low, 0.10 * m, high, 0.10 * m),
                        paint: Paint::shaded(RED, middle, left, 0.25),
                    },
                    Shape { points: label.to_vec(), paint: Paint::flat(WHITE) },
                    Shape { points: lever, paint: Paint::flat(BLACK) },
                ]
            }
            Kind::Fire => fire(camera, self.at, seconds, seed),
            Kind::Smoke => smoke(camera, self.at, seconds, seed),
            Kind::Pillar | Kind::Rack | Kind::Crates => self.block(camera, seed),
        }
    }
}

fn shadow(camera: &Camera, at: Place, radius: f32) -> Shape {
    let points = camera.disc(at, [radius * 1.3, 0.0], [0.0, radius]);
    Shape { points, paint: Paint::veil([30.0, 32.0, 36.0], 0.3) }
}

/// A traffic cone 0.7 m high with two white rings.
fn cone(camera: &Camera, x: f32, z: f32) -> Vec<Shape> {
    /// Half its breadth at a height, metres.
    fn half(up: f32) -> f32 {
        0.17 - 0.2 * up
    }
    let ring = |low: f32, high: f32, color: Rgb| {
        let at = |right: f32, up: f32| camera.project([x + right, up, z]);
        let points = vec![
            at(-half(high), high),
            at(half(high), high),
            at(half(low), low),
            at(-half(low), low),
        ];
        Shape { points, paint: Paint::shaded(color, at(0.0, low), at(-half(low), low), 0.22) }
    };
    let base = [[-0.22, -0.2], [0.22, -0.2], [0.22, 0.2], [-0.22, 0.2]];
    let base = base.map(|[r, d]| camera.project([x + r, 0.03, z + d])).to_vec();
    vec![
        Shape { points: base, paint: Paint::flat(ORANGE.map(|c| c * 0.8)) },
        ring(0.03, 0.70, ORANGE),
        ring(0.20, 0.32, WHITE),
        ring(0.45, 0.55, WHITE),
    ]
}

/// Flames that lick up eight times a second.
fn fire(camera: &Camera, [x, z]: [f32; 2], seconds: f64, seed: u64) -> Vec<Shape> {
    let mut out = Vec::new();
    let colors = [[226.0, 74.0, 22.0], [248.0, 140.0, 34.0], [255.0, 214.0, 96.0]];
    for (layer, color) in (0_u8..).zip(colors) {
        let share = 1.0 - 0.28 * f32::from(layer);
        for tongue in 0..7_u8 {
            let mut random = SplitMix64::new(seed, 0xF1A3 + u64::from(tongue));
            let (phase, speed) = (random.unit(), random.between(0.7, 1.3));
            let turn = (seconds as f32) * speed + phase;
            let side = (f32::from(tongue) - 3.0) * 0.11 * share;
            let reach = 1.0 - (side / 0.5) * (side / 0.5);
            let high = share * reach * (0.65 + 0.22 * wave(turn * 2.3) + 0.1 * wave(turn * 5.1));
            let lean = 0.08 * wave(turn * 1.7);
            let at = |right: f32, up: f32| camera.project([x + side + right, up, z]);
            let points = vec![
                at(lean, high.max(0.12)),
                at(0.09 * share, high * 0.45),
                at(0.10 * share, 0.02),
                at(-0.10 * share, 0.02),
                at(-0.09 * share, high * 0.45),
            ];
            out.push(Shape { points, paint: Paint::veil(color, 0.82) });
        }
    }
    out
}

/// Clouds that rise, grow and thin out.
fn smoke(camera: &Camera, [x, z]: [f32; 2], seconds: f64, seed: u64) -> Vec<Shape> {
    const PUFFS: u8 = 26;
    /// Seconds from the floor to nothing.
    const LIFE: f32 = 5.0;
    let m = camera.scale([x, 0.5, z]);
    let puff = |number: u8| {
        let mut random = SplitMix64::new(seed, 0x5A0C + u64::from(number));
        let age = (seconds as f32 + LIFE * f32::from(number) / f32::from(PUFFS)) / LIFE;
        let part = age - age.floor();
        let grey = random.between(120.0, 168.0);
        let drift = (random.between(-0.2, 0.5) + 0.15 * wave(age * 0.7)) * part;
        let size = (0.16 + 0.55 * part) * random.between(0.8, 1.2);
        let at = camera.project([x + drift, 0.2 + 2.4 * part, z]);
        let thin = if part < 0.1 { part * 10.0 } else { (1.0 - part) * 1.1 };
        Shape {
            points: ellipse(at, size * m, size * 0.8 * m),
            paint: Paint::veil([grey, grey, grey + 4.0], 0.38 * thin.min(1.0)),
        }
    };
    (0..PUFFS).map(puff).collect()
}
