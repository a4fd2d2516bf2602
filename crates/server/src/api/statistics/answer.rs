//! What all answers have in common: hours, and rates that are not there where nothing is known.

use safe_yolo_store::statistics::{HOUR_US, Looked};
use serde::Serialize;
use utoipa::ToSchema;

/// Microseconds as hours, to a third of a second.
pub(super) fn hours(us: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let hours = us as f64 / HOUR_US as f64;
    (hours * 10_000.0).round() / 10_000.0
}

/// A part of a whole, to a tenth of a thousandth; none of nothing.
pub(super) fn share(part: i64, whole: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let share = part as f64 / whole as f64;
    (whole > 0).then(|| (share * 10_000.0).round() / 10_000.0)
}

/// How long somebody looked. Of several cameras the hours are added.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Watched {
    /// Pictures came and were analysed in time.
    analysed_h: f64,
    /// Nobody could look.
    blind_h: f64,
    /// The server did not run: nobody looked, and nobody knows.
    unrecorded_h: f64,
    #[serde(skip)]
    analysed_us: i64,
}

impl Watched {
    /// `watchable_us` is for how long somebody could have looked.
    pub(super) fn new(looked: Looked, watchable_us: i64) -> Self {
        let known = looked.analysed_us.saturating_add(looked.blind_us);
        Self {
            analysed_h: hours(looked.analysed_us),
            blind_h: hours(looked.blind_us),
            unrecorded_h: hours(watchable_us.saturating_sub(known).max(0)),
            analysed_us: looked.analysed_us,
        }
    }

    /// Events an hour; none where nobody looked.
    pub(super) fn per_hour(&self, events: i64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of events")]
        let rate = events as f64 * HOUR_US as f64 / self.analysed_us as f64;
        (self.analysed_us > 0).then(|| (rate * 1000.0).round() / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_is_not_none_an_hour() {
        let blind = Looked { analysed_us: 0, blind_us: HOUR_US };
        let watched = Watched::new(blind, 2 * HOUR_US);
        assert_eq!(watched.per_hour(0), None);
        assert_eq!(watched.per_hour(3), None);
        assert!((watched.unrecorded_h - 1.0).abs() < 1e-9);
        let half = Looked { analysed_us: HOUR_US / 2, blind_us: 0 };
        assert_eq!(Watched::new(half, 0).per_hour(3), Some(6.0));
        assert_eq!(Watched::new(half, 0).per_hour(0), Some(0.0));
        assert!(Watched::new(half, 0).unrecorded_h.abs() < 1e-9, "clocks that differ");
    }

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(1, 3), Some(0.3333));
    }
}
