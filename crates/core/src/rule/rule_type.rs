//! The names of the kinds of rules, and what each takes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EventType, Severity};

/// The name of a kind, without its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as in `RuleKind`")]
pub enum RuleType {
    Loitering,
    OccupancyAbove,
    OccupancyBelow,
    EntriesAbove,
    LoneWorker,
    LineCrossing,
    ObjectMissing,
    ObjectPresent,
    Proximity,
    NearMiss,
    Fall,
    Motionless,
    Fire,
    Smoke,
}

/// A setting that only some types take.
pub(super) struct Setting {
    /// Its names, one a unit.
    pub(super) names: &'static [&'static str],
    /// How it is asked for when it is needed and not there.
    pub(super) needed: Option<&'static str>,
}

const fn needed(names: &'static [&'static str], asked: &'static str) -> Setting {
    Setting { names, needed: Some(asked) }
}

const PEOPLE: Setting = needed(&["people"], "people");
const CLASS: Setting = needed(&["class"], "class");
const DISTANCE: Setting = needed(&["distance", "distance_m"], "distance' or 'distance_m");
const SPEED: Setting = needed(&["speed", "speed_m_s"], "speed' or 'speed_m_s");
const LINE: Setting = needed(&["line"], "line");
const DIRECTION: Setting = Setting { names: &["direction"], needed: None };
const WINDOW: Setting = Setting { names: &["window_s"], needed: None };
const DWELL: Setting = Setting { names: &["dwell_s"], needed: None };

impl RuleType {
    /// Every type.
    pub const ALL: [Self; 14] = [
        Self::Loitering,
        Self::OccupancyAbove,
        Self::OccupancyBelow,
        Self::EntriesAbove,
        Self::LoneWorker,
        Self::LineCrossing,
        Self::ObjectMissing,
        Self::ObjectPresent,
        Self::Proximity,
        Self::NearMiss,
        Self::Fall,
        Self::Motionless,
        Self::Fire,
        Self::Smoke,
    ];

    /// The event that it raises; both have the same name.
    #[must_use]
    pub const fn event(self) -> EventType {
        match self {
            Self::Loitering => EventType::Loitering,
            Self::OccupancyAbove => EventType::OccupancyAbove,
            Self::OccupancyBelow => EventType::OccupancyBelow,
            Self::EntriesAbove => EventType::EntriesAbove,
            Self::LoneWorker => EventType::LoneWorker,
            Self::LineCrossing => EventType::LineCrossing,
            Self::ObjectMissing => EventType::ObjectMissing,
            Self::ObjectPresent => EventType::ObjectPresent,
            Self::Proximity => EventType::Proximity,
            Self::NearMiss => EventType::NearMiss,
            Self::Fall => EventType::Fall,
            Self::Motionless => EventType::Motionless,
            Self::Fire => EventType::Fire,
            Self::Smoke => EventType::Smoke,
        }
    }

    /// The name, as in files and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.event().name()
    }

    /// The settings that not every type takes.
    pub(super) const fn settings(self) -> &'static [Setting] {
        match self {
            Self::OccupancyAbove | Self::OccupancyBelow => &[PEOPLE, DWELL],
            // It is over in a moment: nothing lasts that could dwell.
            Self::EntriesAbove => &[PEOPLE, WINDOW],
            Self::LineCrossing => &[LINE, DIRECTION],
            Self::ObjectMissing | Self::ObjectPresent => &[CLASS, DWELL],
            Self::Proximity => &[CLASS, DISTANCE, DWELL],
            Self::NearMiss => &[CLASS, DISTANCE, SPEED, DWELL],
            Self::Loitering
            | Self::LoneWorker
            | Self::Fall
            | Self::Motionless
            | Self::Fire
            | Self::Smoke => &[DWELL],
        }
    }

    /// Seconds that it must hold unless stated.
    #[must_use]
    pub const fn dwell_s(self) -> f64 {
        match self {
            // Over in a moment.
            Self::NearMiss | Self::LineCrossing | Self::EntriesAbove => 0.0,
            Self::Fire | Self::Smoke | Self::Proximity | Self::Fall => 1.0,
            Self::ObjectMissing | Self::ObjectPresent => 10.0,
            Self::OccupancyAbove | Self::OccupancyBelow => 5.0,
            Self::Loitering | Self::Motionless => 60.0,
            Self::LoneWorker => 300.0,
        }
    }

    /// Seconds before the same person, or the same place, raises it again, unless stated.
    #[must_use]
    pub const fn pause_s(self) -> f64 {
        match self {
            // Who crosses and comes back has crossed twice.
            Self::LineCrossing => 0.0,
            _ => crate::config::default_pause_s(),
        }
    }

    /// How grave it is unless stated.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Fire
            | Self::Smoke
            | Self::Proximity
            | Self::NearMiss
            | Self::Fall
            | Self::Motionless => Severity::Critical,
            _ => Severity::Warning,
        }
    }
}

impl fmt::Display for RuleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
