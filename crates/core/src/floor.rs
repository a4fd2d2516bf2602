//! The floor in metres: a plane seen in perspective, from four points whose places are known.

use nalgebra::{SMatrix, SVector};
use serde::{Deserialize, Serialize};

use crate::{FractionPoint, Polygon};

/// A place on the floor, metres, in the frame of the calibration's points.
pub type FloorPoint = [f64; 2];

/// How fractions of the picture become metres on the floor (a homography).
///
/// The eight unknowns follow from four pairs of points (Hartley and Zisserman, Multiple View
/// Geometry, 2nd edition, section 4.1, with the last element 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalibrationText", into = "CalibrationText")]
pub struct Calibration {
    text: CalibrationText,
    /// The middle of the points, from which the matrix counts: it is never on the horizon.
    middle: FractionPoint,
    matrix: [f64; 9],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalibrationText {
    points: Vec<FractionPoint>,
    metres: Vec<FloorPoint>,
}

/// Why points make no calibration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Not four of each.
    #[error("a calibration needs 4 points and 4 places in metres, {points} and {metres} are given")]
    Count {
        /// Points in the picture.
        points: usize,
        /// Places on the floor.
        metres: usize,
    },
    /// They make no quadrilateral in the picture.
    #[error("the points of the calibration: {0}")]
    Points(#[from] crate::geometry::PolygonError),
    /// A place is no number, or farther than any camera sees.
    #[error("place {index} of the calibration is {value:?}: metres from -1000 to 1000 are meant")]
    Place {
        /// Which, from 1.
        index: usize,
        /// As given.
        value: FloorPoint,
    },
    /// Three in a line, in the picture or on the floor, or corners in another order.
    #[error(
        "the calibration's points and places don't fit together: give four corners in the same order, no three of them in a line"
    )]
    Shape,
}

impl Calibration {
    /// From four points in the picture and where they are on the floor, metres.
    ///
    /// # Errors
    /// When they are not four corners in the same order.
    pub fn new(
        points: Vec<FractionPoint>,
        metres: Vec<FloorPoint>,
    ) -> Result<Self, CalibrationError> {
        if points.len() != 4 || metres.len() != 4 {
            let (points, metres) = (points.len(), metres.len());
            return Err(CalibrationError::Count { points, metres });
        }
        Polygon::new(points.clone())?;
        let fits = |v: &FloorPoint| v.iter().all(|side| (-1000.0..=1000.0).contains(side));
        if let Some(at) = metres.iter().position(|place| !fits(place)) {
            return Err(CalibrationError::Place { index: at + 1, value: metres[at] });
        }
        let places: Vec<[f64; 2]> = points.iter().map(|p| [p.x, p.y]).collect();
        // Mirrored is fine: where the floor's axes lead is up to who measured.
        if !is_convex(&places, 1e-4) || !is_convex(&metres, 0.01) {
            return Err(CalibrationError::Shape);
        }
        let mean = |of: fn(&FractionPoint) -> f64| points.iter().map(of).sum::<f64>() / 4.0;
        let middle = FractionPoint { x: mean(|p| p.x), y: mean(|p| p.y) };
        let centred: Vec<_> = points.iter().map(|p| from(middle, *p)).collect();
        let matrix = homography(&centred, &metres).ok_or(CalibrationError::Shape)?;
        let calibration = Self { text: CalibrationText { points, metres }, middle, matrix };
        let exact = calibration.text.points.iter().zip(&calibration.text.metres).all(|(p, m)| {
            let found = calibration.metres(*p);
            found.is_some_and(|f| (f[0] - m[0]).hypot(f[1] - m[1]) < 1e-6)
        });
        if exact { Ok(calibration) } else { Err(CalibrationError::Shape) }
    }

    /// Where a point of the picture is on the floor, metres; none at or above the horizon.
    #[must_use]
    pub fn metres(&self, point: FractionPoint) -> Option<FloorPoint> {
        let point = from(self.middle, point);
        let [a, b, c, d, e, f, g, h, i] = self.matrix;
        let w = g * point.x + h * point.y + i;
        // Positive before the horizon, as for the four points.
        (w > 1e-9)
            .then(|| [(a * point.x + b * point.y + c) / w, (d * point.x + e * point.y + f) / w])
    }

    /// Metres between two points of the picture; none if one is no place on the floor.
    #[must_use]
    pub fn distance_m(&self, a: FractionPoint, b: FractionPoint) -> Option<f64> {
        let (a, b) = (self.metres(a)?, self.metres(b)?);
        Some((a[0] - b[0]).hypot(a[1] - b[1]))
    }
}

impl TryFrom<CalibrationText> for Calibration {
    type Error = CalibrationError;
    fn try_from(text: CalibrationText) -> Result<Self, CalibrationError> {
        Self::new(text.points, text.metres)
    }
}

impl From<Calibration> for CalibrationText {
    fn from(calibration: Calibration) -> Self {
        calibration.text
    }
}

/// Whether all corners turn the same way, by an area of `least` at least.
fn is_convex(points: &[[f64; 2]], least: f64) -> bool {
    let turn = |i: usize| {
        let (a, b, c) = (points[i], points[(i + 1) % 4], points[(i + 2) % 4]);
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
    };
    let turns = [0, 1, 2, 3].map(turn);
    turns.iter().all(|t| *t > least) || turns.iter().all(|t| *t < -least)
}

fn from(middle: FractionPoint, point: FractionPoint) -> FractionPoint {
    FractionPoint { x: point.x - middle.x, y: point.y - middle.y }
}

fn homography(points: &[FractionPoint], metres: &[FloorPoint]) -> Option<[f64; 9]> {
    let mut left = SMatrix::<f64, 8, 8>::zeros();
    let mut right = SVector::<f64, 8>::zeros();
    for (n, (p, m)) in points.iter().zip(metres).enumerate() {
        let rows = [
            [p.x, p.y, 1.0, 0.0, 0.0, 0.0, -m[0] * p.x, -m[0] * p.y],
            [0.0, 0.0, 0.0, p.x, p.y, 1.0, -m[1] * p.x, -m[1] * p.y],
        ];
        for (k, row) in rows.iter().enumerate() {
            for (column, value) in row.iter().enumerate() {
                left[(2 * n + k, column)] = *value;
            }
            right[2 * n + k] = m[k];
        }
    }
    let found = left.lu().solve(&right)?;
    let mut matrix = [1.0; 9];
    matrix[..8].copy_from_slice(found.as_slice());
    // All four lie before the horizon, as the middle does.
    let w = |p: &FractionPoint| matrix[6] * p.x + matrix[7] * p.y + 1.0;
    let fits = matrix.iter().all(|v| v.is_finite()) && points.iter().all(|p| w(p) > 0.0);
    fits.then_some(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hall() -> Calibration {
        let points = [[0.3, 0.4], [0.7, 0.4], [0.95, 0.9], [0.05, 0.9]];
        let metres = vec![[0.0, 0.0], [6.0, 0.0], [6.0, 10.0], [0.0, 10.0]];
        Calibration::new(points.map(FractionPoint::from).to_vec(), metres).unwrap()
    }

    #[test]
    fn corners_and_centre_are_where_they_should_be() {
        let hall = hall();
        let middle = hall.metres(FractionPoint { x: 0.5, y: 0.4 }).unwrap();
        assert!((middle[0] - 3.0).abs() < 1e-9 && middle[1].abs() < 1e-9, "{middle:?}");
        // The diagonals of the picture meet where those of the floor do.
        let (a, b) = (FractionPoint { x: 0.3, y: 0.4 }, FractionPoint { x: 0.95, y: 0.9 });
        let d = hall.distance_m(a, b).unwrap();
        assert!((d - 6_f64.hypot(10.0)).abs() < 1e-9, "{d}");
        assert_eq!(hall.metres(FractionPoint { x: 0.5, y: 0.0 }), None, "above the horizon");
        let text = serde_json::to_string(&hall).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), hall);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let points = |p: [[f64; 2]; 4]| p.map(FractionPoint::from).to_vec();
        let square = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]];
        let metres = vec![[0.0, 0.0], [6.0, 0.0], [6.0, 10.0], [0.0, 10.0]];
        let refuse = |p, m| Calibration::new(p, m).unwrap_err().to_string();
        assert!(refuse(points(square)[..3].to_vec(), metres.clone()).contains("3 and 4"));
        let mut far = metres.clone();
        far[2] = [f64::NAN, 0.0];
        assert!(refuse(points(square), far).contains("place 3"));
        let mut line = metres.clone();
        line[1] = [3.0, 5.0];
        assert!(refuse(points(square), line).contains("no three of them in a line"));
        // Two corners in another order than in the picture.
        let mut turned = metres.clone();
        turned.swap(0, 1);
        assert!(refuse(points(square), turned).contains("same order"));
        let crossed = [square[0], square[2], square[1], square[3]];
        assert!(refuse(points(crossed), metres).contains("crosses"));
    }

    proptest! {
        /// A line of the floor is a line of the picture: what lies between stays between.
        #[test]
        fn straight_stays_straight(t in 0.01..0.99f64, ax in 0.3..0.7f64, bx in 0.1..0.9f64) {
            let hall = hall();
            let (a, b) = (FractionPoint { x: ax, y: 0.45 }, FractionPoint { x: bx, y: 0.85 });
            let between = FractionPoint { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
            let whole = hall.distance_m(a, b).unwrap();
            let parts = hall.distance_m(a, between).unwrap() + hall.distance_m(between, b).unwrap();
            prop_assert!((whole - parts).abs() < 1e-9 * whole.max(1.0));
        }
    }
}
