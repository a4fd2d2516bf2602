//! Rules of a zone: what must not happen there, for how long, and how grave it is.
//!
//! A rule belongs to a zone and is written as one table of named settings, the same in site
//! files, in the API and in the database. Which settings a rule takes depends on its type.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Class, EventType, Message, Severity};

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
    /// One person and nobody else.
    LoneWorker,
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
        /// In heights of the person, in the picture.
        distance: f64,
    },
    /// Somebody and something of the class come near to each other fast.
    NearMiss {
        /// What is dangerous.
        class: Class,
        /// In heights of the person, in the picture.
        distance: f64,
        /// How fast the distance shrank, in heights of the person a second.
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

/// The name of a kind, without its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as in `RuleKind`")]
pub enum RuleType {
    Loitering,
    OccupancyAbove,
    OccupancyBelow,
    LoneWorker,
    ObjectMissing,
    ObjectPresent,
    Proximity,
    NearMiss,
    Fall,
    Motionless,
    Fire,
    Smoke,
}

impl RuleType {
    /// Every type.
    pub const ALL: [Self; 12] = [
        Self::Loitering,
        Self::OccupancyAbove,
        Self::OccupancyBelow,
        Self::LoneWorker,
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
            Self::LoneWorker => EventType::LoneWorker,
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

    /// The settings that only some types take, with whether this one needs them.
    const fn takes(self) -> Settings {
        let none = Settings { people: false, class: false, distance: false, speed: false };
        match self {
            Self::OccupancyAbove | Self::OccupancyBelow => Settings { people: true, ..none },
            Self::ObjectMissing | Self::ObjectPresent => Settings { class: true, ..none },
            Self::Proximity => Settings { class: true, distance: true, ..none },
            Self::NearMiss => Settings { class: true, distance: true, speed: true, ..none },
            _ => none,
        }
    }

    /// Seconds that it must hold unless stated.
    #[must_use]
    pub const fn dwell_s(self) -> f64 {
        match self {
            // Over in a moment.
            Self::NearMiss => 0.0,
            Self::Fire | Self::Smoke | Self::Proximity | Self::Fall => 1.0,
            Self::ObjectMissing | Self::ObjectPresent => 10.0,
            Self::OccupancyAbove | Self::OccupancyBelow => 5.0,
            Self::Loitering | Self::Motionless => 60.0,
            Self::LoneWorker => 300.0,
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

#[derive(Debug, Clone, Copy)]
struct Settings {
    people: bool,
    class: bool,
    distance: bool,
    speed: bool,
}

impl RuleKind {
    /// Its name.
    #[must_use]
    pub const fn rule_type(&self) -> RuleType {
        match self {
            Self::Loitering => RuleType::Loitering,
            Self::OccupancyAbove { .. } => RuleType::OccupancyAbove,
            Self::OccupancyBelow { .. } => RuleType::OccupancyBelow,
            Self::LoneWorker => RuleType::LoneWorker,
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

    /// What the model must know for it; without that the rule is never clear.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<Class> {
        match self {
            Self::ObjectMissing { class } | Self::ObjectPresent { class } => [*class].into(),
            Self::Proximity { class, .. } | Self::NearMiss { class, .. } => {
                [Class::Person, *class].into()
            }
            Self::Fire => [Class::Fire].into(),
            Self::Smoke => [Class::Smoke].into(),
            _ => [Class::Person].into(),
        }
    }
}

/// One rule of a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RuleText", into = "RuleText")]
pub struct Rule {
    /// What people call it; no two rules of a zone have the same.
    pub name: String,
    /// What it watches for.
    pub kind: RuleKind,
    /// Whether it applies.
    pub active: bool,
    /// How grave it is.
    pub severity: Severity,
    /// Seconds that it must hold before its alarm.
    pub dwell_s: f64,
    /// Seconds before the same person, or the same place, raises it again.
    pub pause_s: f64,
    /// What the operator reads instead of the usual words.
    pub message: Option<Message>,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// A setting that this type needs is not there.
    #[error("rule '{rule}' of type {rule_type} needs '{setting}'")]
    Missing {
        /// Which rule.
        rule: String,
        /// Its type.
        rule_type: RuleType,
        /// What is not there.
        setting: &'static str,
    },
    /// A setting that this type does not take.
    #[error("rule '{rule}' of type {rule_type} takes no '{setting}': leave it out")]
    Unused {
        /// Which rule.
        rule: String,
        /// Its type.
        rule_type: RuleType,
        /// What is too much.
        setting: &'static str,
    },
    /// A number is out of its range.
    #[error("rule '{rule}': {setting} is {value}, it must lie between {min} and {max}")]
    Range {
        /// Which rule.
        rule: String,
        /// Which setting.
        setting: &'static str,
        /// As given.
        value: f64,
        /// Least allowed.
        min: f64,
        /// Most allowed.
        max: f64,
    },
    /// A class that no such rule can be about.
    #[error("rule '{rule}' of type {rule_type} can't be about '{class}': {why}")]
    Class {
        /// Which rule.
        rule: String,
        /// Its type.
        rule_type: RuleType,
        /// As given.
        class: Class,
        /// Why not.
        why: &'static str,
    },
    /// A name or message is empty, too long, or has control characters.
    #[error("rule '{rule}': its {setting} must have 1 to {max} characters, no control characters")]
    Words {
        /// Which rule, shortened.
        rule: String,
        /// Which setting.
        setting: &'static str,
        /// Most characters allowed.
        max: usize,
    },
}

/// A rule as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    #[serde(rename = "type")]
    rule_type: RuleType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    people: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<Class>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dwell_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl Rule {
    /// Most characters of a name.
    const NAME_MAX: usize = 80;
    /// Most characters of a message in one language.
    const MESSAGE_MAX: usize = 200;
    /// Longest dwell, seconds: a shift.
    const DWELL_MAX_S: f64 = 8.0 * 3600.0;
    const PAUSE_MAX_S: f64 = 86_400.0;

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
            pause_s: crate::config::default_pause_s(),
            message: None,
        }
    }

    /// The event that it raises.
    #[must_use]
    pub const fn event(&self) -> EventType {
        self.kind.rule_type().event()
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
        let wrong_class = |class, why| {
            let (rule, rule_type) = (self.name.clone(), self.kind.rule_type());
            Err(RuleError::Class { rule, rule_type, class, why })
        };
        match self.kind {
            RuleKind::OccupancyAbove { people } => {
                self.check_range("people", f64::from(people), 0.0, 400.0)
            }
            RuleKind::OccupancyBelow { people } => {
                self.check_range("people", f64::from(people), 1.0, 400.0)
            }
            RuleKind::Proximity { class, distance }
            | RuleKind::NearMiss { class, distance, .. } => {
                if !matches!(class, Class::Machinery | Class::Vehicle | Class::Forklift) {
                    return wrong_class(class, "use machinery, vehicle or forklift");
                }
                if let RuleKind::NearMiss { speed, .. } = self.kind {
                    self.check_range("speed", speed, 0.05, 10.0)?;
                }
                self.check_range("distance", distance, 0.05, 10.0)
            }
            RuleKind::ObjectMissing { class } | RuleKind::ObjectPresent { class } => {
                let is_worn = class == Class::Person
                    || class.negative().is_some()
                    || Class::ALL.iter().any(|item| item.negative() == Some(class));
                if is_worn {
                    return wrong_class(class, "people and what they wear are no objects");
                }
                Ok(())
            }
            _ => Ok(()),
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

impl TryFrom<RuleText> for Rule {
    type Error = RuleError;

    fn try_from(text: RuleText) -> Result<Self, RuleError> {
        let rule_type = text.rule_type;
        let rule = text.name.unwrap_or_else(|| rule_type.name().to_owned());
        let takes = rule_type.takes();
        for (setting, is_taken, is_given) in [
            ("people", takes.people, text.people.is_some()),
            ("class", takes.class, text.class.is_some()),
            ("distance", takes.distance, text.distance.is_some()),
            ("speed", takes.speed, text.speed.is_some()),
        ] {
            match (is_taken, is_given) {
                (true, false) => return Err(RuleError::Missing { rule, rule_type, setting }),
                (false, true) => return Err(RuleError::Unused { rule, rule_type, setting }),
                _ => {}
            }
        }
        // What the type does not take is not looked at.
        let (people, class) = (text.people.unwrap_or(0), text.class.unwrap_or(Class::Person));
        let (distance, speed) = (text.distance.unwrap_or(0.0), text.speed.unwrap_or(0.0));
        let kind = match rule_type {
            RuleType::Loitering => RuleKind::Loitering,
            RuleType::OccupancyAbove => RuleKind::OccupancyAbove { people },
            RuleType::OccupancyBelow => RuleKind::OccupancyBelow { people },
            RuleType::LoneWorker => RuleKind::LoneWorker,
            RuleType::ObjectMissing => RuleKind::ObjectMissing { class },
            RuleType::ObjectPresent => RuleKind::ObjectPresent { class },
            RuleType::Proximity => RuleKind::Proximity { class, distance },
            RuleType::NearMiss => RuleKind::NearMiss { class, distance, speed },
            RuleType::Fall => RuleKind::Fall,
            RuleType::Motionless => RuleKind::Motionless,
            RuleType::Fire => RuleKind::Fire,
            RuleType::Smoke => RuleKind::Smoke,
        };
        let usual = Self::new(kind);
        let rule = Self {
            name: rule,
            kind,
            active: text.active.unwrap_or(usual.active),
            severity: text.severity.unwrap_or(usual.severity),
            dwell_s: text.dwell_s.unwrap_or(usual.dwell_s),
            pause_s: text.pause_s.unwrap_or(usual.pause_s),
            message: text.message,
        };
        rule.validate()?;
        Ok(rule)
    }
}

impl From<Rule> for RuleText {
    fn from(rule: Rule) -> Self {
        let (mut people, mut class, mut distance, mut speed) = (None, None, None, None);
        match rule.kind {
            RuleKind::OccupancyAbove { people: n } | RuleKind::OccupancyBelow { people: n } => {
                people = Some(n);
            }
            RuleKind::ObjectMissing { class: c } | RuleKind::ObjectPresent { class: c } => {
                class = Some(c);
            }
            RuleKind::Proximity { class: c, distance: d } => {
                (class, distance) = (Some(c), Some(d));
            }
            RuleKind::NearMiss { class: c, distance: d, speed: s } => {
                (class, distance, speed) = (Some(c), Some(d), Some(s));
            }
            _ => {}
        }
        Self {
            rule_type: rule.kind.rule_type(),
            name: Some(rule.name),
            people,
            class,
            distance,
            speed,
            active: Some(rule.active),
            severity: Some(rule.severity),
            dwell_s: Some(rule.dwell_s),
            pause_s: Some(rule.pause_s),
            message: rule.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rule, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_needs_only_its_type() {
        for rule_type in RuleType::ALL {
            let takes = rule_type.takes();
            let mut text = format!(r#"{{"type":"{rule_type}""#);
            for (taken, setting) in [
                (takes.people, r#","people":3"#),
                (takes.class, r#","class":"forklift""#),
                (takes.distance, r#","distance":0.5"#),
                (takes.speed, r#","speed":0.4"#),
            ] {
                text += if taken { setting } else { "" };
            }
            let rule = read(&format!("{text}}}")).unwrap();
            assert_eq!(rule.kind.rule_type(), rule_type);
            assert_eq!(rule, Rule::new(rule.kind), "all else is as usual");
            assert_eq!(rule.event().name(), rule_type.name());
            let again = serde_json::to_string(&rule).unwrap();
            assert_eq!(read(&again).unwrap(), rule, "{again}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, says) in [
            (r#"{"type":"occupancy_above"}"#, "of type occupancy_above needs 'people'"),
            (r#"{"type":"fall","class":"person"}"#, "of type fall takes no 'class'"),
            (r#"{"type":"falls"}"#, "unknown variant `falls`"),
            (r#"{"type":"fall","height":1}"#, "unknown field `height`"),
            (r#"{"type":"proximity","class":"forklift","distance":1,"speed":1}"#, "no 'speed'"),
            (r#"{"type":"fall","dwell_s":-1}"#, "dwell_s is -1, it must lie between 0 and 28800"),
            (r#"{"type":"fall","pause_s":1e9}"#, "pause_s is 1000000000"),
            (r#"{"type":"occupancy_below","people":0}"#, "people is 0, it must lie between 1"),
            (r#"{"type":"object_missing","class":"helmet"}"#, "can't be about 'helmet'"),
            (r#"{"type":"object_present","class":"no_vest"}"#, "can't be about 'no_vest'"),
            (
                r#"{"type":"proximity","class":"safety_cone","distance":1}"#,
                "use machinery, vehicle or forklift",
            ),
            (r#"{"type":"proximity","class":"forklift","distance":0}"#, "distance is 0"),
            (r#"{"type":"fall","name":" "}"#, "its name must have 1 to 80 characters"),
            (r#"{"type":"fall","message":{"ko":"","en":"x"}}"#, "its message must have 1 to 200"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
