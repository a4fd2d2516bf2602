//! The Kalman filter of one person's box: constant velocity, any time step.
//!
//! The state is BoT-SORT's (section 3.1 of arXiv:2206.14651): middle, width and
//! height in pixels, and their velocities, here in pixels a second. The noise is
//! BoT-SORT's too, which it gives for one frame: a step of n thirtieths of a
//! second adds what n of its steps add.

use nalgebra::{SMatrix, SVector};
use safe_yolo_core::PixelBox;

use crate::CameraMotion;

/// Frames a second at which BoT-SORT's noise is defined.
const REFERENCE_RATE: f64 = 30.0;
/// Standard deviation of a position, as a fraction of the box's size: of a
/// measurement, and of the process in one frame.
const POSITION_STD: f64 = 1.0 / 20.0;
/// Standard deviation that the process adds to a velocity in one frame, as a
/// fraction of the box's size a frame.
const VELOCITY_STD: f64 = 1.0 / 160.0;
/// Boxes are not predicted smaller than this, pixels: noise is in proportion to
/// size, and a filter without noise can't be inverted.
const SIZE_MIN: f64 = 1.0;

type State = SVector<f64, 8>;
type Covariance = SMatrix<f64, 8, 8>;
type Measurement = SVector<f64, 4>;

/// Where a box is and how it moves, with the uncertainty of both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoxFilter {
    /// `cx, cy, w, h` in pixels and their velocities in pixels a second.
    mean: State,
    covariance: Covariance,
}

fn measurement(bbox: PixelBox) -> Measurement {
    let [x1, y1, x2, y2] = <[f32; 4]>::from(bbox).map(f64::from);
    let (width, height) = ((x2 - x1).max(SIZE_MIN), (y2 - y1).max(SIZE_MIN));
    Measurement::new(f64::midpoint(x1, x2), f64::midpoint(y1, y2), width, height)
}

impl BoxFilter {
    /// A filter that has seen one box and knows nothing of its velocity.
    pub(crate) fn new(bbox: PixelBox) -> Self {
        let seen = measurement(bbox);
        let mut mean = State::zeros();
        mean.fixed_rows_mut::<4>(0).copy_from(&seen);
        let mut covariance = Covariance::zeros();
        for i in 0..4 {
            let size = seen[2 + i % 2];
            covariance[(i, i)] = (2.0 * POSITION_STD * size).powi(2);
            covariance[(i + 4, i + 4)] = (10.0 * VELOCITY_STD * REFERENCE_RATE * size).powi(2);
        }
        Self { mean, covariance }
    }

    /// The box, pixels.
    pub(crate) fn bbox(&self) -> PixelBox {
        let (cx, cy) = (self.mean[0], self.mean[1]);
        let (w, h) = (self.mean[2].max(SIZE_MIN), self.mean[3].max(SIZE_MIN));
        let corners = [cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0];
        #[expect(clippy::cast_possible_truncation, reason = "pixels need no more than f32")]
        PixelBox::from(corners.map(|pixel| pixel as f32))
    }

    /// Standard deviation of the middle, across and down, pixels.
    pub(crate) fn spread(&self) -> (f64, f64) {
        (self.covariance[(0, 0)].max(0.0).sqrt(), self.covariance[(1, 1)].max(0.0).sqrt())
    }

    /// Moves the state `dt_s` seconds on.
    pub(crate) fn predict(&mut self, dt_s: f64) {
        let (width, height) = (self.mean[2].max(SIZE_MIN), self.mean[3].max(SIZE_MIN));
        let mut transition = Covariance::identity();
        for i in 0..4 {
            transition[(i, i + 4)] = dt_s;
        }
        self.mean = transition * self.mean;
        for i in 2..4 {
            self.mean[i] = self.mean[i].max(SIZE_MIN);
        }
        self.covariance = transition * self.covariance * transition.transpose();

        // What a velocity that wanders from frame to frame adds to the position
        // in n frames: sums of k and of k^2 over the frames that are left.
        let frames = dt_s * REFERENCE_RATE;
        let left = (frames - 1.0).max(0.0);
        let sum = frames * left / 2.0;
        let sum_of_squares = frames * left * (2.0 * frames - 1.0) / 6.0;
        for i in 0..4 {
            let size = if i % 2 == 0 { width } else { height };
            let position = (POSITION_STD * size).powi(2);
            // Pixels a frame, squared.
            let velocity = (VELOCITY_STD * size).powi(2);
            self.covariance[(i, i)] += position * frames + velocity * sum_of_squares;
            self.covariance[(i, i + 4)] += velocity * sum * REFERENCE_RATE;
            self.covariance[(i + 4, i)] += velocity * sum * REFERENCE_RATE;
            self.covariance[(i + 4, i + 4)] += velocity * frames * REFERENCE_RATE.powi(2);
        }
    }

    /// Takes in a box seen at the time of the state.
    pub(crate) fn update(&mut self, bbox: PixelBox) {
        let seen = measurement(bbox);
        let mut innovation = self.covariance.fixed_view::<4, 4>(0, 0).into_owned();
        for i in 0..4 {
            let size = self.mean[2 + i % 2].max(SIZE_MIN);
            innovation[(i, i)] += (POSITION_STD * size).powi(2);
        }
        let Some(cholesky) = innovation.cholesky() else {
            // Numbers beyond all measure: what is seen is all that is known.
            *self = Self::new(bbox);
            return;
        };
        let cross = self.covariance.fixed_columns::<4>(0).into_owned();
        let gain = cholesky.solve(&cross.transpose()).transpose();
        let residual = seen - self.mean.fixed_rows::<4>(0);
        self.mean += gain * residual;
        self.covariance -= gain * cross.transpose();
        // Rounding would let the halves drift apart.
        self.covariance = (self.covariance + self.covariance.transpose()) / 2.0;
        for i in 2..4 {
            self.mean[i] = self.mean[i].max(SIZE_MIN);
        }
    }

    /// Forgets how width and height change: nobody grows behind a pillar.
    pub(crate) fn freeze_size(&mut self) {
        self.mean[6] = 0.0;
        self.mean[7] = 0.0;
    }

    /// Carries the state into the picture after the camera moved.
    ///
    /// BoT-SORT turns width and height like a point, which in a camera that
    /// rolls by 2 degrees makes a standing person a tenth narrower: here they
    /// are only scaled.
    pub(crate) fn compensate(&mut self, motion: &CameraMotion) {
        let mut map = Covariance::identity() * motion.scale();
        map.fixed_view_mut::<2, 2>(0, 0).copy_from(&motion.linear());
        map.fixed_view_mut::<2, 2>(4, 4).copy_from(&motion.linear());
        self.mean = map * self.mean;
        self.mean[0] += motion.shift().x;
        self.mean[1] += motion.shift().y;
        self.covariance = map * self.covariance * map.transpose();
    }

    /// Whether all numbers are finite and the box lies within `reach` pixels of the origin.
    pub(crate) fn is_sane(&self, reach: f64) -> bool {
        self.mean.iter().chain(self.covariance.iter()).all(|number| number.is_finite())
            && self.mean.rows(0, 4).amax() <= reach
    }
}

#[cfg(test)]
#[path = "kalman_tests.rs"]
mod tests;
