//! Lines through samples.

use crate::judge::median;

/// A straight line fitted by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// Rise for one unit of x.
    pub(super) slope: f64,
    /// Its standard error, as if samples were independent.
    pub(super) slope_error: f64,
}

/// The line through these points (x, y); level when there are too few.
#[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
pub(super) fn line(points: &[(f64, f64)]) -> Line {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if points.len() < 3 || spread <= 0.0 {
        return Line { slope: 0.0, slope_error: 0.0 };
    }
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let left: f64 = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
    Line { slope, slope_error: (left / (count - 2.0) / spread).sqrt() }
}

/// How far the median of the last quarter lies above the first quarter's.
pub(super) fn flat(points: &[(f64, f64)]) -> f64 {
    let quarter = (points.len() / 4).max(1);
    let values = |points: &[(f64, f64)]| points.iter().map(|point| point.1).collect::<Vec<_>>();
    let first = points.get(..quarter).map(values).and_then(|values| median(&values));
    let last = points.get(points.len().saturating_sub(quarter)..).map(values);
    let last = last.and_then(|values| median(&values));
    first.zip(last).map_or(0.0, |(first, last)| last - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let points: Vec<_> = (0..100).map(f64::from).map(|x| (x, 3.0 - 0.5 * x)).collect();
        let Line { slope, slope_error } = line(&points);
        assert!((slope + 0.5).abs() < 1e-9 && slope_error < 1e-6, "{slope} {slope_error}");
        let noisy: Vec<_> = points.iter().map(|(x, y)| (*x, y + (x % 2.0) * 4.0)).collect();
        let noisy = line(&noisy);
        assert!((noisy.slope + 0.5).abs() < 2.0 * noisy.slope_error, "{noisy:?}");
        assert!(line(&points[..2]).slope.abs() < 1e-9, "two points are no line");
    }

    #[test]
    fn drift_is_told_from_noise() {
        let noise: Vec<_> = (0..100).map(f64::from).map(|x| (x, x % 10.0)).collect();
        assert!(flat(&noise).abs() <= 1.0);
        let rising: Vec<_> = (0..100).map(f64::from).map(|x| (x, x / 10.0)).collect();
        assert!(flat(&rising) > 5.0);
        assert!(flat(&[]).abs() < 1e-9);
    }
}
