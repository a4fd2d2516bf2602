//! The thresholds of the tracker, and which of them make sense.

/// Thresholds of the tracker. Scores and costs are between 0 and 1, times are
/// seconds; the limits bound memory and the time of an update.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerConfig {
    /// Least score of a detection that takes part in the first association.
    pub high: f64,
    /// Least score of a detection that may prolong a track in the second association.
    pub low: f64,
    /// Least score of a detection that starts a track.
    pub new: f64,
    /// Highest cost, `1 - IoU * score`, of a match in the first association.
    pub match_cost_max: f64,
    /// Highest cost, `1 - IoU`, of a match in the second association.
    pub second_match_cost_max: f64,
    /// Highest cost, `1 - IoU * score`, of the match that confirms a track.
    pub unconfirmed_match_cost_max: f64,
    /// Below this cost, `1 - IoU`, a lost track and a newer one are the same person.
    pub duplicate_cost_max: f64,
    /// How long a track that no detection matches is kept, seconds.
    pub lost_s: f64,
    /// When pictures lie further apart than this, a track is confirmed by its
    /// first detection, seconds: a walking person no longer overlaps
    /// their former place, and a rule that waits for an overlap would never see them.
    pub confirm_at_once_s: f64,
    /// The most detections used of one picture: the best by score.
    pub detections_max: usize,
    /// The most tracks held, lost and unconfirmed ones included.
    pub tracks_max: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            high: 0.5,
            low: 0.1,
            new: 0.6,
            match_cost_max: 0.8,
            second_match_cost_max: 0.5,
            unconfirmed_match_cost_max: 0.7,
            duplicate_cost_max: 0.15,
            lost_s: 2.0,
            confirm_at_once_s: 0.7,
            detections_max: 120,
            tracks_max: 160,
        }
    }
}

/// Why a configuration makes no tracker.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrackerConfigError {
    /// A number lies outside its range, or is NaN.
    #[error("tracker setting `{name}` is {value}: use a number from {min} to {max}")]
    OutOfRange {
        /// The field.
        name: &'static str,
        /// What it is set to.
        value: f64,
        /// The least allowed.
        min: f64,
        /// The most allowed.
        max: f64,
    },
    /// Two scores are in the wrong order.
    #[error(
        "tracker setting `{lower}` ({lower_value}) is above `{upper}` ({upper_value}): \
         set low <= high <= new"
    )]
    Order {
        /// The field that must not be the larger.
        lower: &'static str,
        /// What it is set to.
        lower_value: f64,
        /// The field that must not be the smaller.
        upper: &'static str,
        /// What it is set to.
        upper_value: f64,
    },
}

impl TrackerConfig {
    /// Longest time a lost track may be kept, seconds: beyond it a prediction says nothing.
    pub const LOST_S_MAX: f64 = 60.0;
    /// Most detections and tracks that may be allowed: the assignment takes
    /// time with the cube of their number.
    pub const COUNT_MAX: usize = 1000;

    /// Checks every number.
    ///
    /// # Errors
    /// Names the first setting outside its range, and its value.
    pub fn validate(&self) -> Result<(), TrackerConfigError> {
        #[expect(clippy::cast_precision_loss, reason = "only shown")]
        let counts = [
            ("detections_max", self.detections_max as f64, 1.0, Self::COUNT_MAX as f64),
            ("tracks_max", self.tracks_max as f64, 1.0, Self::COUNT_MAX as f64),
        ];
        let numbers = [
            ("high", self.high, 0.0, 1.0),
            ("low", self.low, 0.0, 1.0),
            ("new", self.new, 0.0, 1.0),
            ("match_cost_max", self.match_cost_max, 0.0, 1.0),
            ("second_match_cost_max", self.second_match_cost_max, 0.0, 1.0),
            ("unconfirmed_match_cost_max", self.unconfirmed_match_cost_max, 0.0, 1.0),
            ("duplicate_cost_max", self.duplicate_cost_max, 0.0, 1.0),
            ("lost_s", self.lost_s, 0.0, Self::LOST_S_MAX),
            ("confirm_at_once_s", self.confirm_at_once_s, 0.0, Self::LOST_S_MAX),
        ];
        for (name, value, min, max) in numbers.into_iter().chain(counts) {
            if !(min..=max).contains(&value) {
                return Err(TrackerConfigError::OutOfRange { name, value, min, max });
            }
        }
        let orders = [("low", self.low, "high", self.high), ("high", self.high, "new", self.new)];
        for (lower, lower_value, upper, upper_value) in orders {
            if lower_value > upper_value {
                return Err(TrackerConfigError::Order { lower, lower_value, upper, upper_value });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut TrackerConfig), expect: &str) {
        let mut config = TrackerConfig::default();
        change(&mut config);
        let said = config.validate().map_or_else(|error| error.to_string(), |()| "fine".to_owned());
        assert!(said.contains(expect), "'{said}' lacks '{expect}'");
    }

    #[test]
    fn settings_outside_their_range_are_refused_by_name() {
        check(|_| (), "fine");
        check(|c| c.high = f64::NAN, "`high` is NaN: use a number from 0 to 1");
        check(|c| c.low = -0.1, "`low` is -0.1");
        check(|c| c.lost_s = 61.0, "`lost_s` is 61: use a number from 0 to 60");
        check(|c| c.lost_s = f64::INFINITY, "`lost_s` is inf");
        check(|c| c.detections_max = 0, "`detections_max` is 0: use a number from 1 to 1000");
        check(|c| c.tracks_max = 5000, "`tracks_max` is 5000");
        check(|c| c.low = 0.55, "`low` (0.55) is above `high` (0.5)");
        check(|c| c.new = 0.3, "`high` (0.5) is above `new` (0.3)");
    }
}
