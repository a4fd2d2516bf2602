//! The Kalman filter of one person's box: constant velocity, any time step.
//!
//! The state is BoT-SORT's (section 3.1 of arXiv:2206.14651): middle, width and
//! height in pixels, and their velocities, here in pixels a second; or that of
//! `DeepSORT` (arXiv:1703.07402) and `ByteTrack`, with width over height in the place of
//! the width. The noise is theirs too, which they give for one frame: a step of n
//! thirtieths of a second adds what n of their steps add.

use nalgebra::{SMatrix, SVector};
use safe_yolo_core::PixelBox;

use crate::CameraMotion;

/// What is followed of a box beside its middle and its height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoxState {
    /// The width: BoT-SORT's filter.
    #[default]
    Width,
    /// The width as a part of the height: `ByteTrack`'s filter.
    AspectRatio,
}

/// Frames a second at which BoT-SORT's noise is defined.
const REFERENCE_RATE: f64 = 30.0;
/// Standard deviation of a position, as a fraction of the box's size: of a
/// measurement, and of the process in one frame.
const POSITION_STD: f64 = 1.0 / 20.0;
/// Standard deviation that the process adds to a velocity in one frame, as a
/// fraction of the box's size a frame.
const VELOCITY_STD: f64 = 1.0 / 160.0;
/// The same three for width over height, which is no length: in `DeepSORT`'s code a
/// measurement deviates by 0.1, the process by 0.01 and the velocity by 0.00001 a frame.
const ASPECT_STD: f64 = 1e-2;
const ASPECT_SEEN_STD: f64 = 1e-1;
const ASPECT_VELOCITY_STD: f64 = 1e-5;
/// Boxes are not predicted smaller than this, pixels: noise is in proportion to
/// size, and a filter without noise can't be inverted.
const SIZE_MIN: f64 = 1.0;
/// Boxes are not predicted slimmer than this part of their height.
const ASPECT_MIN: f64 = 1e-3;

type State = SVector<f64, 8>;
type Covariance = SMatrix<f64, 8, 8>;
type Measurement = SVector<f64, 4>;

/// Where a box is and how it moves, with the uncertainty of both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoxFilter {
    state: BoxState,
    /// `cx, cy, w, h` in pixels, or `w/h` for `w`, and their velocities, a second.
    mean: State,
    covariance: Covariance,
}

/// Deviations of the four numbers of a state.
struct Noise {
    position: [f64; 4],
    velocity: [f64; 4],
    seen: [f64; 4],
}

impl BoxState {
    fn measurement(self, bbox: PixelBox) -> Measurement {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(bbox).map(f64::from);
        let (width, height) = ((x2 - x1).max(SIZE_MIN), (y2 - y1).max(SIZE_MIN));
        let third = match self {
            Self::Width => width,
            Self::AspectRatio => width / height,
        };
        Measurement::new(f64::midpoint(x1, x2), f64::midpoint(y1, y2), third, height)
    }

    /// The noise of a frame for a box with the width or aspect `third`.
    fn noise(self, third: f64, height: f64) -> Noise {
        let height = height.max(SIZE_MIN);
        match self {
            Self::Width => {
                let width = third.max(SIZE_MIN);
                let sizes = [width, height, width, height];
                let position = sizes.map(|size| POSITION_STD * size);
                Noise { position, velocity: sizes.map(|size| VELOCITY_STD * size), seen: position }
            }
            Self::AspectRatio => {
                let of = |length: f64, aspect| [length, length, aspect, length];
                let position = POSITION_STD * height;
                Noise {
                    position: of(position, ASPECT_STD),
                    velocity: of(VELOCITY_STD * height, ASPECT_VELOCITY_STD),
                    seen: of(position, ASPECT_SEEN_STD),
                }
            }
        }
    }
}

impl BoxFilter {
    /// A filter that has seen one box and knows nothing of its velocity.
    pub(crate) fn new(state: BoxState, bbox: PixelBox) -> Self {
        let seen = state.measurement(bbox);
        let mut mean = State::zeros();
        mean.fixed_rows_mut::<4>(0).copy_from(&seen);
        let Noise { position, velocity, .. } = state.noise(seen[2], seen[3]);
        let mut covariance = Covariance::zeros();
        for i in 0..4 {
            // Both codes let the aspect ratio begin with no more than a frame's noise.
            let is_aspect = state == BoxState::AspectRatio && i == 2;
            let (of_position, of_velocity) = if is_aspect { (1.0, 1.0) } else { (2.0, 10.0) };
            covariance[(i, i)] = (of_position * position[i]).powi(2);
            covariance[(i + 4, i + 4)] = (of_velocity * velocity[i] * REFERENCE_RATE).powi(2);
        }
        Self { state, mean, covariance }
    }

    /// The box, pixels.
    pub(crate) fn bbox(&self) -> PixelBox {
        let (cx, cy) = (self.mean[0], self.mean[1]);
        let h = self.mean[3].max(SIZE_MIN);
        let w = match self.state {
            BoxState::Width => self.mean[2],
            BoxState::AspectRatio => self.mean[2] * h,
        };
        let w = w.max(SIZE_MIN);
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
        let Noise { position, velocity, .. } = self.state.noise(self.mean[2], self.mean[3]);
        for i in 0..4 {
            self.mean[i] += dt_s * self.mean[i + 4];
        }
        self.keep_size();
        // `F P F^T` where F is the identity with `dt_s` beside it.
        let p = &mut self.covariance;
        for i in 0..4 {
            for j in 0..4 {
                let across = p[(i, j + 4)] + p[(i + 4, j)];
                p[(i, j)] += dt_s * (across + dt_s * p[(i + 4, j + 4)]);
            }
        }
        for i in 0..4 {
            for j in 0..4 {
                p[(i, j + 4)] += dt_s * p[(i + 4, j + 4)];
                p[(j + 4, i)] = p[(i, j + 4)];
            }
        }

        // What a velocity that wanders from frame to frame adds to the position
        // in n frames: sums of k and of k^2 over the frames that are left.
        let frames = dt_s * REFERENCE_RATE;
        let left = (frames - 1.0).max(0.0);
        let sum = frames * left / 2.0;
        let sum_of_squares = frames * left * (2.0 * frames - 1.0) / 6.0;
        for i in 0..4 {
            let position = position[i].powi(2);
            // Pixels a frame, squared.
            let velocity = velocity[i].powi(2);
            p[(i, i)] += position * frames + velocity * sum_of_squares;
            p[(i, i + 4)] += velocity * sum * REFERENCE_RATE;
            p[(i + 4, i)] += velocity * sum * REFERENCE_RATE;
            p[(i + 4, i + 4)] += velocity * frames * REFERENCE_RATE.powi(2);
        }
    }

    fn keep_size(&mut self) {
        let third = match self.state {
            BoxState::Width => SIZE_MIN,
            BoxState::AspectRatio => ASPECT_MIN,
        };
        self.mean[2] = self.mean[2].max(third);
        self.mean[3] = self.mean[3].max(SIZE_MIN);
    }

    /// Takes in a box seen at the time of the state.
    pub(crate) fn update(&mut self, bbox: PixelBox) {
        let seen = self.state.measurement(bbox);
        let noise = self.state.noise(self.mean[2], self.mean[3]);
        let mut innovation = self.covariance.fixed_view::<4, 4>(0, 0).into_owned();
        for i in 0..4 {
            innovation[(i, i)] += noise.seen[i].powi(2);
        }
        let Some(cholesky) = innovation.cholesky() else {
            // Numbers beyond all measure: what is seen is all that is known.
            *self = Self::new(self.state, bbox);
            return;
        };
        let cross = self.covariance.fixed_columns::<4>(0).into_owned();
        let gain = cholesky.solve(&cross.transpose()).transpose();
        let residual = seen - self.mean.fixed_rows::<4>(0);
        self.mean += gain * residual;
        self.covariance -= gain * cross.transpose();
        // Rounding would let the halves drift apart.
        self.covariance = (self.covariance + self.covariance.transpose()) / 2.0;
        self.keep_size();
    }

    /// Forgets how the size changes: nobody grows behind a pillar. BoT-SORT
    /// forgets width and height, `ByteTrack` the height only.
    pub(crate) fn freeze_size(&mut self) {
        if self.state == BoxState::Width {
            self.mean[6] = 0.0;
        }
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
        if self.state == BoxState::AspectRatio {
            map[(2, 2)] = 1.0;
            map[(6, 6)] = 1.0;
        }
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
