//! Small statistics of measured values.

/// The value below which this part (0 to 1) of the values lies; not a number when there are none.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a short list"
    )]
    let at = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The mean; not a number when there are none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a short list")]
    let count = values.len() as f64;
    values.iter().sum::<f64>() / count
}

/// The least value; not a number when there are none.
pub(crate) fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) const fn number(count: usize) -> f64 {
    count as f64
}

/// `met` or `NOT met`, for a goal beside its figure.
pub(crate) const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT met" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (part, expected) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            assert!((quantile(&mut values, part) - expected).abs() < 1e-9, "{part}");
        }
        assert!(quantile(&mut [], 0.5).is_nan());
        assert!((mean(&values) - 50.5).abs() < 1e-9 && (least(&values) - 1.0).abs() < 1e-9);
    }
}
