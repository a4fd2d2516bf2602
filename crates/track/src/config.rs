//! The thresholds of the tracker, and which of them make sense.

use crate::BoxState;

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
    /// What is followed of a box.
    pub state: BoxState,
    /// Whether the first association and the confirmation multiply the overlap with
    /// the detection's score, so that of two detections on one person the surer
    /// wins (`fuse_score` of BoT-SORT's and `ByteTrack`'s code).
    pub fuse_score: bool,
    /// How far beyond its box a track in sight is looked for, in parts of what the
    /// prediction is less certain than at 30 pictures a second; 0 is the plain IoU.
    pub search_reach: f64,
    /// Highest cost, `1 - IoU * score`, of a match in the first association.
    pub match_cost_max: f64,
    /// Highest cost, `1 - IoU`, of a match in the second association.
    pub second_match_cost_max: f64,
    /// Highest cost, `1 - IoU * score`, of the match that confirms a track.
    pub unconfirmed_match_cost_max: f64,
    /// The scores of a track's detections have to add up to this before it is
    /// confirmed: who is seen plainly is confirmed by the second picture, others by the
    /// third or fourth. 0 confirms by the second at any score.
    pub confirm_score_sum: f64,
    /// Or the track has been matched in every picture for this long, seconds: two sights
    /// that lie further apart say more than two of the same moment.
    pub confirm_s: f64,
    /// Below this cost, `1 - IoU`, a lost track and a newer one are the same person.
    pub duplicate_cost_max: f64,
    /// How long a track that no detection matches is kept, seconds.
    pub lost_s: f64,
    /// When pictures lie further apart than this, a track is confirmed by its
    /// first detection, seconds: a walking person no longer overlaps
    /// their former place, and a rule that waits for an overlap would never see them.
    pub confirm_at_once_s: f64,
    /// Largest cosine distance of embeddings at which looks count, if there are any.
    pub appearance_cosine_max: f64,
    /// Largest distance of boxes, `1 - IoU`, at which looks count.
    pub appearance_place_max: f64,
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
            new: 0.5,
            state: BoxState::Width,
            fuse_score: true,
            search_reach: 1.0,
            match_cost_max: 0.8,
            second_match_cost_max: 0.5,
            unconfirmed_match_cost_max: 0.7,
            confirm_score_sum: 1.7,
            confirm_s: 0.25,
            duplicate_cost_max: 0.15,
            lost_s: 2.0,
            confirm_at_once_s: 0.7,
            appearance_cosine_max: 0.25,
            appearance_place_max: 0.5,
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
    /// No setting has this name.
    #[error("there is no tracker setting `{name}`: use one of {}", TrackerConfig::NAMES.join(", "))]
    Unknown {
        /// The name as given.
        name: String,
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
    /// The settings of BoT-SORT's code for MOT17, with the plain IoU at any rate.
    #[must_use]
    pub fn bot_sort() -> Self {
        Self {
            high: 0.6,
            new: 0.7,
            search_reach: 0.0,
            confirm_score_sum: 0.0,
            lost_s: 1.0,
            confirm_at_once_s: Self::LOST_S_MAX,
            ..Self::default()
        }
    }

    /// The settings of `ByteTrack`'s code, with its filter.
    #[must_use]
    pub fn byte_track() -> Self {
        Self { high: 0.5, new: 0.6, state: BoxState::AspectRatio, ..Self::bot_sort() }
    }

    /// Longest time a lost track may be kept, seconds: beyond it a prediction says nothing.
    pub const LOST_S_MAX: f64 = 60.0;
    /// Most detections and tracks that may be allowed: the assignment takes
    /// time with the cube of their number.
    pub const COUNT_MAX: usize = 1000;

    /// Furthest search; the margin is at most twice the box in any case.
    pub const REACH_MAX: f64 = 10.0;
    /// Most that may be asked for before a track is confirmed.
    pub const SCORE_SUM_MAX: f64 = 10.0;

    /// The settings that are numbers, by name; `fuse_score` is 0 or 1.
    pub const NAMES: [&str; 18] = [
        "high",
        "low",
        "new",
        "fuse_score",
        "search_reach",
        "match_cost_max",
        "second_match_cost_max",
        "unconfirmed_match_cost_max",
        "confirm_score_sum",
        "confirm_s",
        "duplicate_cost_max",
        "lost_s",
        "confirm_at_once_s",
        "appearance_cosine_max",
        "appearance_place_max",
        "detections_max",
        "tracks_max",
        "state",
    ];

    /// Sets one number by its name; `state` is 0 for the width and 1 for the aspect ratio.
    /// [`Self::validate`] says whether the whole makes sense.
    ///
    /// # Errors
    /// When there is no such setting, or it can't be set to this value.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), TrackerConfigError> {
        let choice = |name| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(TrackerConfigError::OutOfRange { name, value, min: 0.0, max: 1.0 }),
        };
        let count = |name| {
            let max = Self::COUNT_MAX as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            if (1.0..=max).contains(&value) && value.fract() == 0.0 {
                Ok(value as usize)
            } else {
                Err(TrackerConfigError::OutOfRange { name, value, min: 1.0, max })
            }
        };
        match name {
            "high" => self.high = value,
            "low" => self.low = value,
            "new" => self.new = value,
            "fuse_score" => self.fuse_score = choice("fuse_score")?,
            "search_reach" => self.search_reach = value,
            "match_cost_max" => self.match_cost_max = value,
            "second_match_cost_max" => self.second_match_cost_max = value,
            "unconfirmed_match_cost_max" => self.unconfirmed_match_cost_max = value,
            "confirm_score_sum" => self.confirm_score_sum = value,
            "confirm_s" => self.confirm_s = value,
            "duplicate_cost_max" => self.duplicate_cost_max = value,
            "lost_s" => self.lost_s = value,
            "confirm_at_once_s" => self.confirm_at_once_s = value,
            "appearance_cosine_max" => self.appearance_cosine_max = value,
            "appearance_place_max" => self.appearance_place_max = value,
            "detections_max" => self.detections_max = count("detections_max")?,
            "tracks_max" => self.tracks_max = count("tracks_max")?,
            "state" => {
                self.state = if choice("state")? { BoxState::AspectRatio } else { BoxState::Width }
            }
            _ => {
                return Err(TrackerConfigError::Unknown { name: name.chars().take(40).collect() });
            }
        }
        Ok(())
    }

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
            ("search_reach", self.search_reach, 0.0, Self::REACH_MAX),
            ("confirm_score_sum", self.confirm_score_sum, 0.0, Self::SCORE_SUM_MAX),
            ("confirm_s", self.confirm_s, 0.0, Self::LOST_S_MAX),
            ("appearance_cosine_max", self.appearance_cosine_max, 0.0, 2.0),
            ("appearance_place_max", self.appearance_place_max, 0.0, 1.0),
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
        check(|c| c.search_reach = -1.0, "`search_reach` is -1: use a number from 0 to 10");
        check(|c| c.confirm_score_sum = 11.0, "`confirm_score_sum` is 11");
        check(|c| c.appearance_cosine_max = 2.5, "`appearance_cosine_max` is 2.5");
        check(|c| *c = TrackerConfig::bot_sort(), "fine");
        check(|c| *c = TrackerConfig::byte_track(), "fine");
        check(|c| c.set("lost_s", 99.0).unwrap(), "`lost_s` is 99");
        check(|c| c.low = 0.55, "`low` (0.55) is above `high` (0.5)");
        check(|c| c.new = 0.3, "`high` (0.5) is above `new` (0.3)");
        check(|c| c.confirm_s = -0.1, "`confirm_s` is -0.1: use a number from 0 to 60");
    }

    #[test]
    fn every_name_can_be_set_and_no_other() {
        for name in TrackerConfig::NAMES {
            let mut config = TrackerConfig::default();
            assert_eq!(config.set(name, 1.0), Ok(()), "{name}");
            let mut other = config.clone();
            assert!(other.set(name, 0.0).is_err() || other != config, "{name} changes nothing");
        }
        let mut config = TrackerConfig::default();
        let said = config.set("hihg", 0.5).unwrap_err().to_string();
        assert!(said.starts_with("there is no tracker setting `hihg`: use one of high, low"));
        for (name, value) in
            [("tracks_max", 1.5), ("detections_max", f64::NAN), ("fuse_score", 0.5), ("state", 2.0)]
        {
            assert!(config.set(name, value).unwrap_err().to_string().contains(name), "{name}");
        }
        assert_eq!(config, TrackerConfig::default());
    }
}
