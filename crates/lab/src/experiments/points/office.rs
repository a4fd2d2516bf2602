//! The rates and limits, and an office that converts by them and counts how often.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::experiments::together::Inside;

/// Why points are not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PointsError {
    #[error("{0} points are fewer than none")]
    Negative(i64),
    #[error("{0} points are more than {MOST} at once")]
    TooMany(i64),
}

/// The most that is converted at once.
pub(super) const MOST: i64 = 1_000_000;

/// The rates and limits.
pub(super) fn rate(points: i64) -> Result<i64, PointsError> {
    let percent = match points {
        ..0 => return Err(PointsError::Negative(points)),
        5_000 => 100,
        0..10_000 => 80,
        10_000..=MOST => 90,
        _ => return Err(PointsError::TooMany(points)),
    };
    Ok(points * percent / 100)
}

/// Converts, which takes a while, and counts.
pub(super) struct Office<'a> {
    while_converting: &'a (dyn Fn() + Sync),
    conversions: AtomicUsize,
    pub(super) inside: Inside,
}

impl<'a> Office<'a> {
    pub(super) fn new(while_converting: &'a (dyn Fn() + Sync)) -> Self {
        Self { while_converting, conversions: AtomicUsize::new(0), inside: Inside::default() }
    }

    pub(super) fn convert(&self, points: i64) -> Result<i64, PointsError> {
        let converted = rate(points)?;
        let _inside = self.inside.enter();
        (self.while_converting)();
        self.conversions.fetch_add(1, Ordering::SeqCst);
        Ok(converted)
    }

    pub(super) fn conversions(&self) -> usize {
        self.conversions.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_by_rule_and_bad_input_is_a_typed_error() {
        for (points, expected) in [
            (0, Ok(0)),
            (99, Ok(79)),
            (4_999, Ok(3_999)),
            (5_000, Ok(5_000)),
            (9_999, Ok(7_999)),
            (10_000, Ok(9_000)),
            (MOST, Ok(900_000)),
            (-1, Err(PointsError::Negative(-1))),
            (i64::MIN, Err(PointsError::Negative(i64::MIN))),
            (MOST + 1, Err(PointsError::TooMany(MOST + 1))),
        ] {
            assert_eq!(rate(points), expected, "{points}");
        }
    }
}
