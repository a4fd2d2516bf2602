//! Rules of a zone: what must not happen there, for how long, and how grave it is.
//!
//! A rule belongs to a zone and is written as one table of named settings, the same in site
//! files, in the API and in the database. Which settings a rule takes depends on its type.

mod error;
mod rule_type;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use crate::schedule::Schedule;
use crate::tripwire::{Direction, Tripwire};
use crate::{Class, EventType, Message, Severity};

pub use error::RuleError;
pub use rule_type::RuleType;
use text::RuleText;

/// How far, or how fast a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// In heights of the person, in the picture.
    Heights(f64),
    /// In metres on the floor: for cameras that are calibrated.
    Metres(f64),
}

impl Length {
    /// The number without its unit.
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Heights(value) | Self::Metres(value) => value,
        }
    }
}

/// What a rule watches for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RuleKind {
    /// Somebody stays for the dwell.
    Loitering,
    /// More than `people` at once.
    OccupancyAbove {
        /// So many may be there.
        people: u32,
    },
    /// Fewer than `people` at once.
    OccupancyBelow {
        /// So many must be there.
        people: u32,
    },
    /// More than `people` came in within the window.
    EntriesAbove {
        /// So many may come.
        people: u32,
        /// Seconds.
        window_s: f64,
    },
    /// One person and nobody else.
    LoneWorker,
    /// Somebody crosses a line.
    LineCrossing {
        /// The line.
        line: Tripwire,
        /// Which way.
        direction: Direction,
    },
    /// Nothing of the class stands there, whether anybody is there or not.
    ObjectMissing {
        /// What must be there.
        class: Class,
    },
    /// Something of the class stands there.
    ObjectPresent {
        /// What may not be there.
        class: Class,
    },
    /// Somebody is nearer to something of the class than `distance`.
    Proximity {
        /// What is dangerous.
        class: Class,
        /// How near.
        distance: Length,
    },
    /// Somebody and something of the class come near to each other fast.
    NearMiss {
        /// What is dangerous.
        class: Class,
        /// How near.
        distance: Length,
        /// How fast the distance shrank, in its unit a second.
        speed: f64,
    },
    /// Somebody lies.
    Fall,
    /// Somebody does not move.
    Motionless,
    /// Flames.
    Fire,
    /// Smoke.
    Smoke,
}

impl RuleKind {
    /// Its name.
    #[must_use]
    pub const fn rule_type(&self) -> RuleType {
        match self {
            Self::Loitering => RuleType::Loitering,
            Self::OccupancyAbove { .. } => RuleType::OccupancyAbove,
            Self::OccupancyBelow { .. } => RuleType::OccupancyBelow,
            Self::EntriesAbove { .. } => RuleType::EntriesAbove,
            Self::LoneWorker => RuleType::LoneWorker,
            Self::LineCrossing { .. } => RuleType::LineCrossing,
            Self::ObjectMissing { .. } => RuleType::ObjectMissing,
            Self::ObjectPresent { .. } => RuleType::ObjectPresent,
            Self::Proximity { .. } => RuleType::Proximity,
            Self::NearMiss { .. } => RuleType::NearMiss,
            Self::Fall => RuleType::Fall,
            Self::Motionless => RuleType::Motionless,
            Self::Fire => RuleType::Fire,
            Self::Smoke => RuleType::Smoke,
        }
    }

    /// Whether it measures in metres, for which the camera must be calibrated.
    #[must_use]
    pub const fn needs_calibration(&self) -> bool {
        matches!(
            self,
            Self::Proximity { distance: Length::Metres(_), .. }
                | Self::NearMiss { distance: Length::Metres(_), .. }
        )
    }

    /// What it looks at: people, things, or both.
    const fn classes(&self) -> [Option<Class>; 2] {
        match self {
            Self::ObjectMissing { class } | Self::ObjectPresent { class } => [Some(*class), None],
            Self::Proximity { class, .. } | Self::NearMiss { class, .. } => {
                [Some(Class::Person), Some(*class)]
            }
            Self::Fire => [Some(Class::Fire), None],
            Self::Smoke => [Some(Class::Smoke), None],
            _ => [Some(Class::Person), None],
        }
    }
}

/// What must be so in the zone for a rule to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// People, or things of this class,
    pub class: Class,
    /// are there, or are not. Where that can't be told, the rule applies.
    pub present: bool,
}

/// One rule of a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RuleText", into = "RuleText")]
pub struct Rule {
    /// What people call it; no two rules of a zone have the same.
    pub name: String,
    /// What it watches for.
    pub kind: RuleKind,
    /// Whether it applies at all.
    pub active: bool,
    /// How grave it is.
    pub severity: Severity,
    /// Seconds that it must hold before its alarm.
    pub dwell_s: f64,
    /// Seconds before the same person, or the same place, raises it again.
    pub pause_s: f64,
    /// When it applies; when the zone does unless given.
    pub schedule: Option<Schedule>,
    /// What else must be so for it to apply.
    pub when: Option<When>,
    /// What the operator reads instead of the usual words.
    pub message: Option<Message>,
}

impl Rule {
    /// Most characters of a name.
    const NAME_MAX: usize = 80;
    /// Most characters of a message in one language.
    const MESSAGE_MAX: usize = 200;
    /// Longest dwell and window, seconds: a shift.
    const DWELL_MAX_S: f64 = 8.0 * 3600.0;
    const PAUSE_MAX_S: f64 = 86_400.0;
    /// Most people that are counted.
    const PEOPLE_MAX: f64 = 400.0;
    /// Most entrances that are counted.
    pub const ENTRIES_MAX: u32 = 10_000;

    /// A rule of this kind with everything else as usual.
    #[must_use]
    pub fn new(kind: RuleKind) -> Self {
        let rule_type = kind.rule_type();
        Self {
            name: rule_type.name().to_owned(),
            kind,
            active: true,
            severity: rule_type.severity(),
            dwell_s: rule_type.dwell_s(),
            pause_s: rule_type.pause_s(),
            schedule: None,
            when: None,
            message: None,
        }
    }

    /// Reads a rule and tells what is no table of settings from settings that make no sense.
    ///
    /// # Errors
    /// The outer one is the reader's own.
    pub fn read<'de, D>(from: D) -> Result<Result<Self, RuleError>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Ok(Self::try_from(RuleText::deserialize(from)?))
    }

    /// The event that it raises.
    #[must_use]
    pub const fn event(&self) -> EventType {
        self.kind.rule_type().event()
    }

    /// What the model must know for it; without that the rule is never clear.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<Class> {
        self.needs().collect()
    }

    /// The same one by one; a class may come twice.
    pub fn needs(&self) -> impl Iterator<Item = Class> + use<> {
        let awaited = self.when.map(|when| when.class);
        self.kind.classes().into_iter().flatten().chain(awaited)
    }

    /// Whether the settings make sense, whatever the model.
    ///
    /// # Errors
    /// Names the first setting that does not.
    pub fn validate(&self) -> Result<(), RuleError> {
        self.check_words("name", &self.name, Self::NAME_MAX)?;
        for words in self.message.iter().flat_map(|message| [&message.ko, &message.en]) {
            self.check_words("message", words, Self::MESSAGE_MAX)?;
        }
        self.check_range("dwell_s", self.dwell_s, 0.0, Self::DWELL_MAX_S)?;
        self.check_range("pause_s", self.pause_s, 0.0, Self::PAUSE_MAX_S)?;
        self.check_when()?;
        match self.kind {
            RuleKind::OccupancyAbove { people } => {
                self.check_range("people", people.into(), 0.0, Self::PEOPLE_MAX)
            }
            RuleKind::OccupancyBelow { people } => {
                self.check_range("people", people.into(), 1.0, Self::PEOPLE_MAX)
            }
            RuleKind::EntriesAbove { people, window_s } => {
                self.check_range("people", people.into(), 0.0, Self::ENTRIES_MAX.into())?;
                self.check_range("window_s", window_s, 10.0, Self::DWELL_MAX_S)
            }
            RuleKind::Proximity { class, distance } => self.check_distance(class, distance),
            RuleKind::NearMiss { class, distance, speed } => {
                self.check_distance(class, distance)?;
                match distance {
                    Length::Heights(_) => self.check_range("speed", speed, 0.05, 10.0),
                    Length::Metres(_) => self.check_range("speed_m_s", speed, 0.1, 20.0),
                }
            }
            RuleKind::ObjectMissing { class } | RuleKind::ObjectPresent { class } => {
                match is_thing(class) {
                    true => Ok(()),
                    false => self.wrong_class(class, "people and what they wear are no objects"),
                }
            }
            _ => Ok(()),
        }
    }

    fn wrong_class(&self, class: Class, why: &'static str) -> Result<(), RuleError> {
        let (rule, rule_type) = (self.name.clone(), self.kind.rule_type());
        Err(RuleError::Class { rule, rule_type, class, why })
    }

    fn check_when(&self) -> Result<(), RuleError> {
        let Some(When { class, present }) = self.when else { return Ok(()) };
        if class != Class::Person && !is_thing(class) {
            return self.wrong_class(class, "a rule can wait for people and things only");
        }
        let is_own = match self.kind {
            RuleKind::ObjectMissing { class: own } | RuleKind::ObjectPresent { class: own } => {
                own == class
            }
            RuleKind::Fire => class == Class::Fire,
            RuleKind::Smoke => class == Class::Smoke,
            RuleKind::OccupancyBelow { .. } => false,
            _ => !present && self.kind.classes().contains(&Some(class)),
        };
        if is_own {
            let (rule, rule_type) = (self.name.clone(), self.kind.rule_type());
            return Err(RuleError::When { rule, rule_type });
        }
        Ok(())
    }

    fn check_distance(&self, class: Class, distance: Length) -> Result<(), RuleError> {
        if !matches!(class, Class::Machinery | Class::Vehicle | Class::Forklift) {
            return self.wrong_class(class, "use machinery, vehicle or forklift");
        }
        match distance {
            Length::Heights(value) => self.check_range("distance", value, 0.05, 10.0),
            Length::Metres(value) => self.check_range("distance_m", value, 0.1, 50.0),
        }
    }

    fn check_words(&self, setting: &'static str, words: &str, max: usize) -> Result<(), RuleError> {
        let count = words.chars().count();
        if words.trim().is_empty() || count > max || words.chars().any(char::is_control) {
            let rule = self.name.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(RuleError::Words { rule, setting, max });
        }
        Ok(())
    }

    fn check_range(
        &self,
        setting: &'static str,
        value: f64,
        min: f64,
        max: f64,
    ) -> Result<(), RuleError> {
        // Written so that NaN fails too.
        if (min..=max).contains(&value) {
            return Ok(());
        }
        Err(RuleError::Range { rule: self.name.clone(), setting, value, min, max })
    }
}

/// Whether it is neither a person nor what one wears.
fn is_thing(class: Class) -> bool {
    class != Class::Person && !class.is_worn()
}
