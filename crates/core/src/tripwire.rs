//! Tripwires: lines on the floor with two sides.

use serde::{Deserialize, Serialize};

use crate::{FractionPoint, PictureSize, PixelPoint};

/// A line from one point of the picture to another; who stands at the first and looks at the
/// second has its left side on his left, as the picture shows it. Written as two points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<FractionPoint>", into = "Vec<FractionPoint>")]
pub struct Tripwire {
    from: FractionPoint,
    to: FractionPoint,
}

/// Why points are no tripwire.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TripwireError {
    /// Not two.
    #[error("a tripwire has 2 points, this one has {0}")]
    Count(usize),
    /// A coordinate is outside the picture.
    #[error(
        "point {index} ({x}, {y}) of the tripwire is outside the picture: both numbers must lie between 0 and 1"
    )]
    Outside {
        /// Which, from 1.
        index: usize,
        /// As given.
        x: f64,
        /// As given.
        y: f64,
    },
    /// The points are the same, or nearly.
    #[error("the tripwire is too short to have sides: pull its points apart")]
    Short,
}

/// Which way somebody crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Any.
    Both,
    /// From its right side to its left.
    ToLeft,
    /// From its left side to its right.
    ToRight,
}

impl Direction {
    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::ToLeft => "to_left",
            Self::ToRight => "to_right",
        }
    }

    /// Whether one who asks for this direction means the other.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

impl Tripwire {
    /// Shorter than this part of the picture is no line.
    pub const LENGTH_MIN: f64 = 0.01;

    /// A tripwire between two points.
    ///
    /// # Errors
    /// When a point is outside the picture or both are the same.
    pub fn new(from: FractionPoint, to: FractionPoint) -> Result<Self, TripwireError> {
        let inside = |v: f64| (0.0..=1.0).contains(&v);
        for (index, p) in [(1, from), (2, to)] {
            if !inside(p.x) || !inside(p.y) {
                return Err(TripwireError::Outside { index, x: p.x, y: p.y });
            }
        }
        if (from.x - to.x).hypot(from.y - to.y) < Self::LENGTH_MIN {
            return Err(TripwireError::Short);
        }
        Ok(Self { from, to })
    }

    /// Its two points.
    #[must_use]
    pub const fn points(&self) -> [FractionPoint; 2] {
        [self.from, self.to]
    }

    /// Its ends in pixels.
    fn ends(&self, size: PictureSize) -> [(f64, f64); 2] {
        let (w, h) = (f64::from(size.width), f64::from(size.height));
        [(self.from.x * w, self.from.y * h), (self.to.x * w, self.to.y * h)]
    }

    /// How far a point is to the left of the endless line, pixels; negative to its right.
    #[must_use]
    pub fn left_px(&self, p: PixelPoint, size: PictureSize) -> f64 {
        let [(ax, ay), (bx, by)] = self.ends(size);
        let (dx, dy) = (bx - ax, by - ay);
        // The picture's y grows downwards, so that left is where the product is negative.
        -(dx * (f64::from(p.y) - ay) - dy * (f64::from(p.x) - ax)) / dx.hypot(dy).max(1e-9)
    }

    /// How far a point is from the tripwire, pixels.
    #[must_use]
    pub fn distance_px(&self, p: PixelPoint, size: PictureSize) -> f64 {
        let [(ax, ay), (bx, by)] = self.ends(size);
        let (dx, dy) = (bx - ax, by - ay);
        let (x, y) = (f64::from(p.x) - ax, f64::from(p.y) - ay);
        let t = ((x * dx + y * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
        (x - t * dx).hypot(y - t * dy)
    }

    /// Which way a straight step from one point to another crosses it, if it does.
    #[must_use]
    pub fn crossing(
        &self,
        from: PixelPoint,
        to: PixelPoint,
        size: PictureSize,
    ) -> Option<Direction> {
        let (before, after) = (self.left_px(from, size), self.left_px(to, size));
        let direction = match (before, after) {
            (b, a) if b <= 0.0 && a > 0.0 => Direction::ToLeft,
            (b, a) if b > 0.0 && a <= 0.0 => Direction::ToRight,
            _ => return None,
        };
        // Where the step meets the endless line, along the tripwire from 0 to 1.
        let t = before / (before - after);
        let x = f64::from(from.x) + t * f64::from(to.x - from.x);
        let y = f64::from(from.y) + t * f64::from(to.y - from.y);
        let [(ax, ay), (bx, by)] = self.ends(size);
        let (dx, dy) = (bx - ax, by - ay);
        let along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1e-9);
        (0.0..=1.0).contains(&along).then_some(direction)
    }
}

impl TryFrom<Vec<FractionPoint>> for Tripwire {
    type Error = TripwireError;
    fn try_from(points: Vec<FractionPoint>) -> Result<Self, TripwireError> {
        match points[..] {
            [from, to] => Self::new(from, to),
            _ => Err(TripwireError::Count(points.len())),
        }
    }
}

impl From<Tripwire> for Vec<FractionPoint> {
    fn from(line: Tripwire) -> Self {
        line.points().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: PictureSize = PictureSize::new(200, 100);

    /// From the bottom of the picture to its top, in the middle: left is left.
    fn upwards() -> Tripwire {
        serde_json::from_str("[[0.5,1.0],[0.5,0.5]]").unwrap()
    }

    const fn at(x: f32, y: f32) -> PixelPoint {
        PixelPoint { x, y }
    }

    #[test]
    fn left_is_left_of_who_looks_along_it() {
        let line = upwards();
        assert!((line.left_px(at(90.0, 20.0), SIZE) - 10.0).abs() < 1e-9);
        assert!((line.left_px(at(120.0, 20.0), SIZE) + 20.0).abs() < 1e-9);
        let cross = |x1, x2, y| line.crossing(at(x1, y), at(x2, y), SIZE);
        assert_eq!(cross(120.0, 80.0, 70.0), Some(Direction::ToLeft));
        assert_eq!(cross(80.0, 120.0, 70.0), Some(Direction::ToRight));
        assert_eq!(cross(80.0, 90.0, 70.0), None, "one side only");
        assert_eq!(cross(80.0, 120.0, 40.0), None, "above its end");
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for (text, says) in [
            ("[[0.1,0.1]]", "has 2 points, this one has 1"),
            ("[[0.1,0.1],[0.1,1.1]]", "point 2 (0.1, 1.1)"),
            ("[[0.1,0.1],[0.1,0.105]]", "too short"),
        ] {
            let error = serde_json::from_str::<Tripwire>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        /// There and back are opposite, and a step over a point between the ends crosses.
        #[test]
        fn crossings_have_a_direction(along in 0.01..0.99f64, dx in 1.0..90.0f32, dy in -20.0..20.0f32) {
            let line = upwards();
            #[expect(clippy::cast_possible_truncation, reason = "pixels")]
            let middle = (100.0_f32, (100.0 - 50.0 * along) as f32);
            let (a, b) = (at(middle.0 - dx, middle.1 - dy), at(middle.0 + dx, middle.1 + dy));
            prop_assert_eq!(line.crossing(a, b, SIZE), Some(Direction::ToRight));
            prop_assert_eq!(line.crossing(b, a, SIZE), Some(Direction::ToLeft));
        }
    }
}
