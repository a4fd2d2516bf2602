//! How the camera moved between two pictures, as data.

use nalgebra::{Matrix2, Vector2};

/// An affine map from pixels of the picture analysed last to pixels of the
/// picture analysed next: `x' = a x + b y + tx`, `y' = c x + d y + ty`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraMotion {
    linear: Matrix2<f64>,
    shift: Vector2<f64>,
}

/// Why six numbers are no camera motion.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CameraMotionError {
    /// A number is NaN, infinite or absurdly large.
    #[error(
        "camera motion has {value} in row {row}, column {column}: \
         skip the compensation for this picture"
    )]
    Number {
        /// Row, from 1.
        row: usize,
        /// Column, from 1.
        column: usize,
        /// The number.
        value: f64,
    },
    /// The map mirrors, or grows or shrinks areas more than fourfold.
    #[error(
        "camera motion scales areas by {determinant}: only 0.25 to 4 is a camera that moved; \
         skip the compensation for this picture"
    )]
    Scale {
        /// Determinant of the linear part.
        determinant: f64,
    },
}

impl CameraMotion {
    /// Largest number accepted, pixels for the shift.
    const NUMBER_MAX: f64 = 1e5;

    /// The motion with these rows, `[[a, b, tx], [c, d, ty]]`, `tx` and `ty` in pixels.
    ///
    /// # Errors
    /// When a number is not finite or the map is not one a moving camera makes.
    pub fn new(rows: [[f64; 3]; 2]) -> Result<Self, CameraMotionError> {
        for (row, numbers) in (1..).zip(rows) {
            for (column, value) in (1..).zip(numbers) {
                if value.is_nan() || value.abs() > Self::NUMBER_MAX {
                    return Err(CameraMotionError::Number { row, column, value });
                }
            }
        }
        let [[a, b, tx], [c, d, ty]] = rows;
        let linear = Matrix2::new(a, b, c, d);
        let determinant = linear.determinant();
        if !(0.25..=4.0).contains(&determinant) {
            return Err(CameraMotionError::Scale { determinant });
        }
        Ok(Self { linear, shift: Vector2::new(tx, ty) })
    }

    /// Where a point of the earlier picture is in the later one, pixels.
    #[must_use]
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let moved = self.linear * Vector2::new(x, y) + self.shift;
        (moved.x, moved.y)
    }

    /// The part that turns and scales.
    pub(crate) const fn linear(&self) -> Matrix2<f64> {
        self.linear
    }

    /// The part that shifts, pixels.
    pub(crate) const fn shift(&self) -> Vector2<f64> {
        self.shift
    }

    /// By how much lengths grow on average.
    pub(crate) fn scale(&self) -> f64 {
        self.linear.determinant().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_camera_can_do_is_accepted() {
        assert!(CameraMotion::new([[1.0, 0.0, 12.0], [0.0, 1.0, -3.0]]).is_ok());
        assert!(matches!(
            CameraMotion::new([[1.0, 0.0, f64::NAN], [0.0, 1.0, 0.0]]),
            Err(CameraMotionError::Number { row: 1, column: 3, .. })
        ));
        assert!(matches!(
            CameraMotion::new([[1.0, 0.0, 0.0], [0.0, f64::INFINITY, 0.0]]),
            Err(CameraMotionError::Number { row: 2, column: 2, .. })
        ));
        for (a, d) in [(-1.0, 1.0), (0.0, 0.0), (3.0, 3.0)] {
            assert!(matches!(
                CameraMotion::new([[a, 0.0, 0.0], [0.0, d, 0.0]]),
                Err(CameraMotionError::Scale { .. })
            ));
        }
    }
}
