//! Who crosses a line, and which way.

use std::collections::BTreeMap;

use safe_yolo_core::{Direction, PictureSize, PixelPoint, Tripwire};
use serde::Serialize;

use super::Figures;
use super::condition::{About, Now, Scene};
use crate::presence::EDGE_HYSTERESIS;
use crate::subject::Subject;

/// Who is out of sight may have crossed if he was nearer to the line than this, in heights.
const REACH_MAX: f64 = 1.5;

/// How many have crossed since the segment began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Passed {
    /// From the right side to the left.
    pub to_left: u32,
    /// From the left side to the right.
    pub to_right: u32,
}

/// On which side of a line everybody is.
#[derive(Debug, Clone, Default)]
pub(super) struct Crossings {
    /// Where everybody was last plainly on one side.
    sides: BTreeMap<u64, PixelPoint>,
    pub(super) passed: Passed,
}

impl Crossings {
    /// Forgets who is gone.
    pub(super) fn keep(&mut self, is_here: impl Fn(u64) -> bool) {
        self.sides.retain(|number, _| is_here(*number));
    }

    /// Nobody looked for a while: who is on the other side now may have gone round.
    pub(super) fn skip(&mut self) {
        self.sides.clear();
    }

    pub(super) fn judge(
        &mut self,
        line: &Tripwire,
        direction: Direction,
        scene: &Scene<'_>,
    ) -> Vec<(About, Now)> {
        let one = |subject: &Subject| {
            (About::Person(subject.number), self.step(subject, line, direction, scene.size))
        };
        scene.subjects.iter().map(one).collect()
    }

    fn step(
        &mut self,
        subject: &Subject,
        line: &Tripwire,
        direction: Direction,
        size: PictureSize,
    ) -> Now {
        let foot = subject.bbox.foot();
        let height = f64::from(subject.bbox.height());
        if !subject.is_whole() {
            return match line.distance_px(foot, size) < REACH_MAX * height {
                true => Now::Unknown(if subject.matched { "hidden" } else { "out_of_sight" }),
                false => Now::No,
            };
        }
        // Boxes breathe: who stands on the line has not crossed it.
        if line.left_px(foot, size).abs() < EDGE_HYSTERESIS * height {
            return Now::No;
        }
        let Some(before) = self.sides.insert(subject.number, foot) else { return Now::No };
        match line.crossing(before, foot, size) {
            None => Now::No,
            Some(way) => {
                match way {
                    Direction::ToLeft => self.passed.to_left += 1,
                    Direction::ToRight | Direction::Both => self.passed.to_right += 1,
                }
                match direction.includes(way) {
                    true => Now::with(Figures::Crossed { direction: way }),
                    false => Now::No,
                }
            }
        }
    }
}
