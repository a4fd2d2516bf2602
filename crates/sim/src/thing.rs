//! Things that stand on the floor, come and go: cone, extinguisher, fire, smoke.

use safe_yolo_core::Class;
use serde::Deserialize;

use super::camera::{Place, capsule, disc, ellipse, project, scale};
use super::canvas::{Paint, Rgb, Shape};
use super::random::{SplitMix64, wave};

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
}

impl Kind {
    /// What a detector should call it.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::Cone => Class::SafetyCone,
            Self::Extinguisher => Class::FireExtinguisher,
            Self::Fire => Class::Fire,
            Self::Smoke => Class::Smoke,
        }
    }
}

/// A thing and when it is there.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    /// To the right of the picture's middle and from the camera, metres.
    pub(super) at: [f32; 2],
    /// It is there from this second of the loop to that one.
    pub(super) there: [f64; 2],
}

impl Thing {
    /// Whether it is there `seconds` into the loop.
    pub(super) fn is_there(&self, seconds: f64) -> bool {
        (self.there[0]..self.there[1]).contains(&seconds)
    }

    /// Its shadow on the floor, or its glow: no part of it.
    pub(super) fn soft(&self) -> Option<Shape> {
        let [x, z] = self.at;
        match self.kind {
            Kind::Cone => Some(shadow([x, 0.0, z], 0.26)),
            Kind::Extinguisher => Some(shadow([x, 0.0, z], 0.16)),
            Kind::Fire => Some(Shape {
                points: ellipse(project([x, 0.25, z]), 0.7 * scale(z), 0.55 * scale(z)),
                paint: Paint::veil([255.0, 170.0, 70.0], 0.12),
            }),
            Kind::Smoke => None,
        }
    }

    /// What is drawn of it, the rearmost first.
    pub(super) fn shapes(&self, seconds: f64, seed: u64) -> Vec<Shape> {
        let [x, z] = self.at;
        let spot = |right: f32, up: f32| project([x + right, up, z]);
        match self.kind {
            Kind::Cone => cone(x, z),
            Kind::Extinguisher => {
                let m = scale(z);
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
            Kind::Fire => fire(self.at, seconds, seed),
            Kind::Smoke => smoke(self.at, seconds, seed),
        }
    }
}

fn shadow(at: Place, radius: f32) -> Shape {
    let points = disc(at, [radius * 1.3, 0.0], [0.0, radius]);
    Shape { points, paint: Paint::veil([30.0, 32.0, 36.0], 0.3) }
}

/// A traffic cone 0.7 m high with two white rings.
fn cone(x: f32, z: f32) -> Vec<Shape> {
    /// Half its breadth at a height, metres.
    fn half(up: f32) -> f32 {
        0.17 - 0.2 * up
    }
    let ring = |low: f32, high: f32, color: Rgb| {
        let at = |right: f32, up: f32| project([x + right, up, z]);
        let points = vec![
            at(-half(high), high),
            at(half(high), high),
            at(half(low), low),
            at(-half(low), low),
        ];
        Shape { points, paint: Paint::shaded(color, at(0.0, low), at(-half(low), low), 0.22) }
    };
    let base = [[-0.22, -0.2], [0.22, -0.2], [0.22, 0.2], [-0.22, 0.2]];
    let base = base.map(|[r, d]| project([x + r, 0.03, z + d])).to_vec();
    vec![
        Shape { points: base, paint: Paint::flat(ORANGE.map(|c| c * 0.8)) },
        ring(0.03, 0.70, ORANGE),
        ring(0.20, 0.32, WHITE),
        ring(0.45, 0.55, WHITE),
    ]
}

/// Flames that lick up eight times a second.
fn fire([x, z]: [f32; 2], seconds: f64, seed: u64) -> Vec<Shape> {
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
            let at = |right: f32, up: f32| project([x + side + right, up, z]);
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
fn smoke([x, z]: [f32; 2], seconds: f64, seed: u64) -> Vec<Shape> {
    const PUFFS: u8 = 26;
    /// Seconds from the floor to nothing.
    const LIFE: f32 = 5.0;
    let m = scale(z);
    let puff = |number: u8| {
        let mut random = SplitMix64::new(seed, 0x5A0C + u64::from(number));
        let age = (seconds as f32 + LIFE * f32::from(number) / f32::from(PUFFS)) / LIFE;
        let part = age - age.floor();
        let grey = random.between(120.0, 168.0);
        let drift = (random.between(-0.2, 0.5) + 0.15 * wave(age * 0.7)) * part;
        let size = (0.16 + 0.55 * part) * random.between(0.8, 1.2);
        let at = project([x + drift, 0.2 + 2.4 * part, z]);
        let thin = if part < 0.1 { part * 10.0 } else { (1.0 - part) * 1.1 };
        Shape {
            points: ellipse(at, size * m, size * 0.8 * m),
            paint: Paint::veil([grey, grey, grey + 4.0], 0.38 * thin.min(1.0)),
        }
    };
    (0..PUFFS).map(puff).collect()
}
