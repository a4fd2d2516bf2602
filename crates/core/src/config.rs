//! What is asked of a camera: its source, zones and rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::rule::RuleError;
use crate::{
    Calendar, Calibration, CameraId, Class, FractionPoint, Polygon, Rule, Schedule, ZoneId,
};

/// What a zone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneType {
    /// People should not be here.
    Warning,
    /// Nobody may be here.
    Danger,
    /// Anybody may be here; only its own rules and equipment count.
    Custom,
}

impl ZoneType {
    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Custom => "custom",
        }
    }
}

/// What of a person says whether he is in a zone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The middle of the lower edge of the box: where the feet are.
    #[default]
    Foot,
    /// The middle of the box: where a camera looks straight down, or feet are always hidden.
    Centre,
    /// Half of the box: for zones that are drawn on the picture and not on the floor.
    Overlap,
}

impl Anchor {
    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Centre => "centre",
            Self::Overlap => "overlap",
        }
    }
}

/// An item of protective equipment that a zone can require.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Equipment {
    Helmet,
    Vest,
    Mask,
    Gloves,
    Boots,
    Goggles,
}

impl Equipment {
    /// Every item that can be required.
    pub const ALL: [Self; 6] =
        [Self::Helmet, Self::Vest, Self::Mask, Self::Gloves, Self::Boots, Self::Goggles];

    /// The class whose boxes show the item.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Helmet => Class::Helmet,
            Self::Vest => Class::Vest,
            Self::Mask => Class::Mask,
            Self::Gloves => Class::Gloves,
            Self::Boots => Class::Boots,
            Self::Goggles => Class::Goggles,
        }
    }

    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.class().name()
    }
}

/// A polygon on the floor and what is asked of people in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Never used again after the zone is deleted.
    pub id: ZoneId,
    /// What people call it.
    pub name: String,
    /// What it means.
    #[serde(rename = "type")]
    pub zone_type: ZoneType,
    /// Its outline, fractions of the picture.
    pub points: Polygon,
    /// The place that it shows. Zones of several cameras that name the same one see the same: their alarms
    /// are one incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What of a person says whether he is in it.
    #[serde(default)]
    pub anchor: Anchor,
    /// Whether its rules apply.
    #[serde(default = "yes")]
    pub active: bool,
    /// When they do; always unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Seconds a condition must hold before its alarm.
    #[serde(default = "default_dwell_s")]
    pub dwell_s: f64,
    /// Seconds before the same person raises the same alarm again.
    #[serde(default = "default_pause_s")]
    pub pause_s: f64,
    /// Equipment judged in this zone.
    #[serde(default)]
    pub require: BTreeSet<Equipment>,
    /// What else is watched for here.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

const fn yes() -> bool {
    true
}

/// Dwell unless stated, seconds.
#[must_use]
pub const fn default_dwell_s() -> f64 {
    2.0
}

/// Pause unless stated, seconds.
#[must_use]
pub const fn default_pause_s() -> f64 {
    30.0
}

/// Why a camera's or zone's settings can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A number is out of its range.
    #[error("{field} is {value}: it must lie between {min} and {max}")]
    Range {
        /// Which setting.
        field: &'static str,
        /// As given.
        value: f64,
        /// Least allowed.
        min: f64,
        /// Most allowed.
        max: f64,
    },
    /// A name is empty or too long.
    #[error("{field} '{value}' must have 1 to {max} characters, none of them a control character")]
    Name {
        /// Which setting.
        field: &'static str,
        /// As given, shortened.
        value: String,
        /// Most characters allowed.
        max: usize,
    },
    /// Too many zones on one camera.
    #[error("a camera may have at most {max} zones, this one has {0}", max = CameraConfig::ZONES_MAX)]
    TooManyZones(usize),
    /// More cameras than one server is made for.
    #[error("{0} cameras are configured: one server takes at most {max}", max = CameraConfig::CAMERAS_MAX)]
    TooManyCameras(usize),
    /// Two zones share a name.
    #[error("two zones are named '{0}': give each its own name")]
    ZoneTwice(String),
    /// Too many rules in one zone.
    #[error("a zone may have at most {max} rules, '{zone}' has {count}", max = Zone::RULES_MAX)]
    TooManyRules {
        /// Which zone.
        zone: String,
        /// As given.
        count: usize,
    },
    /// Two rules of a zone share a name.
    #[error("two rules of zone '{zone}' are named '{name}': give each its own name")]
    RuleTwice {
        /// Which zone.
        zone: String,
        /// The name.
        name: String,
    },
    /// A rule does not make sense.
    #[error("zone '{zone}': {error}")]
    Rule {
        /// Which zone.
        zone: String,
        /// What is wrong.
        error: RuleError,
    },
    /// A rule measures in metres, and nobody knows how long one is.
    #[error(
        "zone '{zone}': rule '{rule}' measures in metres, but the camera has no calibration: give one, or use heights of the person"
    )]
    NoCalibration {
        /// Which zone.
        zone: String,
        /// Which rule.
        rule: String,
    },
    /// Too many masked areas on one camera.
    #[error("a camera may have at most {max} masked areas, this one has {0}", max = CameraConfig::MASKS_MAX)]
    TooManyMasks(usize),
    /// Too many blacked areas on one camera.
    #[error("a camera may have at most {max} blacked areas, this one has {0}", max = CameraConfig::MASKS_MAX)]
    TooManyPrivacyMasks(usize),
    /// Nothing of a zone is looked at.
    #[error("zone '{0}' lies in masked areas: nobody would ever be seen there; move one of them")]
    Masked(String),
    /// The loaded model can't see what a rule needs.
    #[error(
        "{} needs '{class}', but the loaded model knows only {known}: load a model with that class or {}",
        needy(.zone, .rule.as_deref()),
        if .rule.is_some() { "leave the rule out" } else { "drop the requirement" }
    )]
    ClassMissing {
        /// Which zone.
        zone: String,
        /// Which of its rules; none where the zone itself needs it.
        rule: Option<String>,
        /// Which class.
        class: Class,
        /// What the model knows.
        known: String,
    },
}

fn needy(zone: &str, rule: Option<&str>) -> String {
    match rule {
        Some(rule) => format!("rule '{rule}' of zone '{zone}'"),
        None => format!("zone '{zone}'"),
    }
}

fn check_name(field: &'static str, name: &str) -> Result<(), ConfigError> {
    const NAME_MAX: usize = 80;
    let fits = !name.trim().is_empty()
        && name.chars().count() <= NAME_MAX
        && !name.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(ConfigError::Name {
            field,
            value: name.chars().take(NAME_MAX).collect(),
            max: NAME_MAX,
        })
    }
}

fn check_range(field: &'static str, value: f64, min: f64, max: f64) -> Result<(), ConfigError> {
    // Written so that NaN fails too.
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::Range { field, value, min, max })
    }
}

impl Zone {
    /// The most rules a zone may have.
    pub const RULES_MAX: usize = 16;

    /// Whether the settings make sense, whatever the model.
    ///
    /// # Errors
    /// Names the first setting that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_name("zone name", &self.name)?;
        if let Some(place) = &self.place {
            check_name("place", place)?;
        }
        check_range("dwell_s", self.dwell_s, 0.0, 3600.0)?;
        check_range("pause_s", self.pause_s, 0.0, 86400.0)?;
        if self.rules.len() > Self::RULES_MAX {
            let (zone, count) = (self.name.clone(), self.rules.len());
            return Err(ConfigError::TooManyRules { zone, count });
        }
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            let zone = || self.name.clone();
            rule.validate().map_err(|error| ConfigError::Rule { zone: zone(), error })?;
            if !names.insert(rule.name.as_str()) {
                return Err(ConfigError::RuleTwice { zone: zone(), name: rule.name.clone() });
            }
        }
        Ok(())
    }

    /// Whether a model with these classes can judge the zone's rules.
    ///
    /// # Errors
    /// Names the class that is missing.
    pub fn validate_classes(&self, known: &BTreeSet<Class>) -> Result<(), ConfigError> {
        let of_zone =
            std::iter::once(Class::Person).chain(self.require.iter().map(|item| item.class()));
        let of_rules = self
            .rules
            .iter()
            .filter(|rule| rule.active)
            .flat_map(|rule| rule.needs().map(|class| (Some(rule.name.as_str()), class)));
        for (rule, class) in of_zone.map(|class| (None, class)).chain(of_rules) {
            if !known.contains(&class) {
                let known = known.iter().map(|c| c.name()).collect::<Vec<_>>().join(", ");
                let (zone, rule) = (self.name.clone(), rule.map(str::to_owned));
                return Err(ConfigError::ClassMissing { zone, rule, class, known });
            }
        }
        Ok(())
    }
}

/// One camera's settings: an immutable snapshot with a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraConfig {
    /// Never used again after the camera is deleted.
    pub id: CameraId,
    /// What people call it.
    pub name: String,
    /// Where pictures come from; `${NAME}` stands for an environment variable.
    pub source: String,
    /// Whether it is watched at all.
    pub enabled: bool,
    /// Whether a file starts again at its end.
    pub repeat: bool,
    /// Most analysed pictures a second.
    pub analysis_rate_max: f64,
    /// Areas in which nobody and nothing is seen: pictures of people, mirrors, a screen.
    #[serde(default)]
    pub masks: Vec<Polygon>,
    /// Areas that nobody may see: blacked before anything looks at a picture, so nobody is seen there
    /// either.
    #[serde(default)]
    pub privacy_masks: Vec<Polygon>,
    /// How long a metre is where; unknown unless given.
    #[serde(default)]
    pub calibration: Option<Calibration>,
    /// The site's time zone and holidays.
    #[serde(default)]
    pub calendar: Calendar,
    /// Zones of this camera.
    pub zones: Vec<Zone>,
    /// Grows by one with each change to the camera or its zones.
    pub version: u64,
}

impl CameraConfig {
    /// The most cameras of one server.
    pub const CAMERAS_MAX: usize = 256;
    /// The most zones a camera may have.
    pub const ZONES_MAX: usize = 64;
    /// The most masked areas a camera may have, and the most blacked ones.
    pub const MASKS_MAX: usize = 16;
    /// Most analysed pictures a second unless stated.
    pub const ANALYSIS_RATE_MAX: f64 = 10.0;

    /// Whether the settings make sense, whatever the model.
    ///
    /// # Errors
    /// Names the first setting that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_name("camera name", &self.name)?;
        // Below once a second a person walks through a zone between two looks.
        check_range("analysis_rate_max", self.analysis_rate_max, 1.0, 60.0)?;
        if self.zones.len() > Self::ZONES_MAX {
            return Err(ConfigError::TooManyZones(self.zones.len()));
        }
        let mut names = BTreeSet::new();
        for zone in &self.zones {
            zone.validate()?;
            if !names.insert(zone.name.as_str()) {
                return Err(ConfigError::ZoneTwice(zone.name.clone()));
            }
            let metric = zone.rules.iter().find(|rule| rule.kind.needs_calibration());
            if let Some(rule) = metric.filter(|_| self.calibration.is_none()) {
                let (zone, rule) = (zone.name.clone(), rule.name.clone());
                return Err(ConfigError::NoCalibration { zone, rule });
            }
            if self.hides(zone) {
                return Err(ConfigError::Masked(zone.name.clone()));
            }
        }
        if self.masks.len() > Self::MASKS_MAX {
            return Err(ConfigError::TooManyMasks(self.masks.len()));
        }
        if self.privacy_masks.len() > Self::MASKS_MAX {
            return Err(ConfigError::TooManyPrivacyMasks(self.privacy_masks.len()));
        }
        Ok(())
    }

    /// Whether any area of the picture is not watched.
    #[must_use]
    pub const fn has_masks(&self) -> bool {
        !self.masks.is_empty() || !self.privacy_masks.is_empty()
    }

    /// Whether a point of the picture is in a masked or blacked area.
    #[must_use]
    pub fn is_masked(&self, point: FractionPoint) -> bool {
        let point = point.on_picture();
        self.masks.iter().chain(&self.privacy_masks).any(|mask| mask.contains(point))
    }

    /// Whether nothing of a zone is looked at, to a 64th of the picture.
    fn hides(&self, zone: &Zone) -> bool {
        if !self.has_masks() {
            return false;
        }
        let at = |i: i32| (f64::from(i) + 0.5) / 64.0;
        let grid = (0..64 * 64).map(|i| FractionPoint { x: at(i % 64), y: at(i / 64) });
        let corners = zone.points.points().iter().copied();
        let mut points = grid.filter(|p| zone.points.contains(*p)).peekable();
        match points.peek() {
            Some(_) => points.all(|point| self.is_masked(point)),
            None => corners.into_iter().all(|point| self.is_masked(point)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FractionPoint, RuleKind};

    #[test]
    fn who_needs_a_class_that_the_model_lacks_is_named() {
        let corner = |x, y| FractionPoint { x, y };
        let mut zone = Zone {
            id: "z1".parse().unwrap(),
            name: "press".into(),
            zone_type: ZoneType::Danger,
            points: Polygon::new(vec![corner(0.1, 0.1), corner(0.9, 0.1), corner(0.5, 0.9)])
                .unwrap(),
            place: None,
            anchor: Anchor::default(),
            active: true,
            schedule: None,
            dwell_s: default_dwell_s(),
            pause_s: default_pause_s(),
            require: [Equipment::Helmet].into(),
            rules: vec![Rule::new(RuleKind::ObjectMissing { class: Class::FireExtinguisher })],
        };
        let says = |zone: &Zone, known: &[Class]| {
            let known = known.iter().copied().collect();
            zone.validate_classes(&known).map_err(|error| error.to_string())
        };
        let all = [Class::Person, Class::Helmet, Class::FireExtinguisher];
        assert_eq!(says(&zone, &all), Ok(()));
        assert_eq!(
            says(&zone, &[Class::Person]).unwrap_err(),
            "zone 'press' needs 'helmet', but the loaded model knows only person: load a model \
             with that class or drop the requirement"
        );
        assert_eq!(
            says(&zone, &all[..2]).unwrap_err(),
            "rule 'object_missing' of zone 'press' needs 'fire_extinguisher', but the loaded model \
             knows only person, helmet: load a model with that class or leave the rule out"
        );
        zone.rules[0].active = false;
        assert_eq!(says(&zone, &all[..2]), Ok(()), "a rule that is off needs nothing");
    }
}
