//! A rule as it is written: one flat table.

use serde::{Deserialize, Serialize};

use super::{Length, Rule, RuleError, RuleKind, RuleType, When};
use crate::schedule::Schedule;
use crate::tripwire::{Direction, Tripwire};
use crate::{Class, Message, Severity};

/// Seconds in which entrances are counted unless stated: an hour.
const WINDOW_S: f64 = 3600.0;

/// A rule as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleText {
    #[serde(rename = "type")]
    rule_type: RuleType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    people: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<Tripwire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<Class>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distance_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed_m_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dwell_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl RuleText {
    /// A text of this type that says nothing more.
    const fn new(rule_type: RuleType) -> Self {
        Self {
            rule_type,
            name: None,
            people: None,
            window_s: None,
            line: None,
            direction: None,
            class: None,
            distance: None,
            distance_m: None,
            speed: None,
            speed_m_s: None,
            active: None,
            severity: None,
            dwell_s: None,
            pause_s: None,
            schedule: None,
            when: None,
            message: None,
        }
    }

    /// The settings that only some types take, and whether each is given.
    fn given(&self) -> [(&'static str, bool); 10] {
        [
            ("people", self.people.is_some()),
            ("window_s", self.window_s.is_some()),
            ("line", self.line.is_some()),
            ("direction", self.direction.is_some()),
            ("class", self.class.is_some()),
            ("distance", self.distance.is_some()),
            ("distance_m", self.distance_m.is_some()),
            ("speed", self.speed.is_some()),
            ("speed_m_s", self.speed_m_s.is_some()),
            ("dwell_s", self.dwell_s.is_some()),
        ]
    }

    /// Whether the type takes all that is given, and all that it needs is.
    fn check(&self, rule: &str) -> Result<(), RuleError> {
        let rule_type = self.rule_type;
        let given = self.given();
        let is_given = |name: &&&str| given.iter().any(|(given, is)| *given == **name && *is);
        for setting in rule_type.settings() {
            let count = setting.names.iter().filter(is_given).count();
            let rule = || rule.to_owned();
            match (count, setting.needed) {
                (0, Some(setting)) => {
                    return Err(RuleError::Missing { rule: rule(), rule_type, setting });
                }
                (2.., _) => {
                    return Err(RuleError::Units { rule: rule(), setting: setting.names[0] });
                }
                _ => {}
            }
        }
        let takes = |name: &str| rule_type.settings().iter().any(|s| s.names.contains(&name));
        if let Some((setting, _)) = given.iter().find(|(name, is)| *is && !takes(name)) {
            return Err(RuleError::Unused { rule: rule.to_owned(), rule_type, setting });
        }
        if rule_type == RuleType::NearMiss && self.distance.is_some() != self.speed.is_some() {
            return Err(RuleError::Units { rule: rule.to_owned(), setting: "distance and speed" });
        }
        Ok(())
    }

    /// What it watches for; what the type does not take is not looked at.
    fn kind(&self) -> Option<RuleKind> {
        let length = match (self.distance, self.distance_m) {
            (Some(heights), _) => Some(Length::Heights(heights)),
            (None, metres) => metres.map(Length::Metres),
        };
        Some(match self.rule_type {
            RuleType::Loitering => RuleKind::Loitering,
            RuleType::OccupancyAbove => RuleKind::OccupancyAbove { people: self.people? },
            RuleType::OccupancyBelow => RuleKind::OccupancyBelow { people: self.people? },
            RuleType::EntriesAbove => RuleKind::EntriesAbove {
                people: self.people?,
                window_s: self.window_s.unwrap_or(WINDOW_S),
            },
            RuleType::LoneWorker => RuleKind::LoneWorker,
            RuleType::LineCrossing => RuleKind::LineCrossing {
                line: self.line?,
                direction: self.direction.unwrap_or(Direction::Both),
            },
            RuleType::ObjectMissing => RuleKind::ObjectMissing { class: self.class? },
            RuleType::ObjectPresent => RuleKind::ObjectPresent { class: self.class? },
            RuleType::Proximity => RuleKind::Proximity { class: self.class?, distance: length? },
            RuleType::NearMiss => RuleKind::NearMiss {
                class: self.class?,
                distance: length?,
                speed: self.speed.or(self.speed_m_s)?,
            },
            RuleType::Fall => RuleKind::Fall,
            RuleType::Motionless => RuleKind::Motionless,
            RuleType::Fire => RuleKind::Fire,
            RuleType::Smoke => RuleKind::Smoke,
        })
    }

    fn set_kind(&mut self, kind: RuleKind) {
        let mut set_distance = |distance| match distance {
            Length::Heights(heights) => self.distance = Some(heights),
            Length::Metres(metres) => self.distance_m = Some(metres),
        };
        match kind {
            RuleKind::OccupancyAbove { people } | RuleKind::OccupancyBelow { people } => {
                self.people = Some(people);
            }
            RuleKind::EntriesAbove { people, window_s } => {
                (self.people, self.window_s) = (Some(people), Some(window_s));
            }
            RuleKind::LineCrossing { line, direction } => {
                (self.line, self.direction) = (Some(line), Some(direction));
            }
            RuleKind::ObjectMissing { class } | RuleKind::ObjectPresent { class } => {
                self.class = Some(class);
            }
            RuleKind::Proximity { class, distance } => {
                set_distance(distance);
                self.class = Some(class);
            }
            RuleKind::NearMiss { class, distance, speed } => {
                set_distance(distance);
                self.class = Some(class);
                match distance {
                    Length::Heights(_) => self.speed = Some(speed),
                    Length::Metres(_) => self.speed_m_s = Some(speed),
                }
            }
            _ => {}
        }
    }
}

impl TryFrom<RuleText> for Rule {
    type Error = RuleError;

    fn try_from(text: RuleText) -> Result<Self, RuleError> {
        let rule_type = text.rule_type;
        let rule = text.name.clone().unwrap_or_else(|| rule_type.name().to_owned());
        text.check(&rule)?;
        // Nothing is missing any more.
        let missing = || RuleError::Missing { rule: rule.clone(), rule_type, setting: "type" };
        let usual = Self::new(text.kind().ok_or_else(missing)?);
        let rule = Self {
            name: rule,
            kind: usual.kind,
            active: text.active.unwrap_or(usual.active),
            severity: text.severity.unwrap_or(usual.severity),
            dwell_s: text.dwell_s.unwrap_or(usual.dwell_s),
            pause_s: text.pause_s.unwrap_or(usual.pause_s),
            schedule: text.schedule,
            when: text.when,
            message: text.message,
        };
        rule.validate()?;
        Ok(rule)
    }
}

impl From<Rule> for RuleText {
    fn from(rule: Rule) -> Self {
        let rule_type = rule.kind.rule_type();
        let dwells = rule_type.settings().iter().any(|s| s.names == ["dwell_s"]);
        let mut text = Self {
            name: Some(rule.name),
            active: Some(rule.active),
            severity: Some(rule.severity),
            dwell_s: dwells.then_some(rule.dwell_s),
            pause_s: Some(rule.pause_s),
            schedule: rule.schedule,
            when: rule.when,
            message: rule.message,
            ..Self::new(rule_type)
        };
        text.set_kind(rule.kind);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rule, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What a setting may be.
    fn example(setting: &str) -> &'static str {
        match setting {
            "people" => "3",
            "class" => r#""forklift""#,
            "line" => "[[0.2,0.5],[0.8,0.5]]",
            "direction" => r#""to_left""#,
            "window_s" => "60",
            _ => "0.5",
        }
    }

    #[test]
    fn a_rule_needs_only_what_its_type_does() {
        for rule_type in RuleType::ALL {
            let needed = rule_type.settings().iter().filter(|s| s.needed.is_some());
            let mut text = format!(r#"{{"type":"{rule_type}""#);
            for setting in needed.clone().map(|setting| setting.names[0]) {
                text += &format!(r#","{setting}":{}"#, example(setting));
            }
            let rule = read(&format!("{text}}}")).unwrap();
            assert_eq!(rule.kind.rule_type(), rule_type);
            assert_eq!(rule, Rule::new(rule.kind), "all else is as usual");
            assert_eq!(rule.event().name(), rule_type.name());
            let again = serde_json::to_string(&rule).unwrap();
            assert_eq!(read(&again).unwrap(), rule, "{again}");
            for setting in needed.map(|setting| setting.names[0]) {
                let without = text.replace(&format!(r#","{setting}":{}"#, example(setting)), "");
                let error = read(&format!("{without}}}")).unwrap_err();
                assert!(error.contains(&format!("needs '{setting}'")), "{without}: {error}");
            }
            // What another type takes.
            let taken = |name: &str| rule_type.settings().iter().any(|s| s.names.contains(&name));
            let others = RuleType::ALL.iter().flat_map(|other| other.settings());
            for setting in others.flat_map(|s| s.names).filter(|name| !taken(name)) {
                let error = read(&format!(r#"{text},"{setting}":{}}}"#, example(setting)));
                assert!(error.unwrap_err().contains(&format!("takes no '{setting}'")));
            }
        }
    }

    #[test]
    fn metres_are_another_unit() {
        let text = r#"{"type":"near_miss","class":"forklift","distance_m":2,"speed_m_s":1.5}"#;
        let rule = read(text).unwrap();
        assert!(rule.kind.needs_calibration());
        assert_eq!(read(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
    }

    #[test]
    fn schedule_and_condition_are_kept() {
        let text = r#"{"type":"loitering","when":{"class":"forklift","present":true},
            "schedule":[{"days":["sat","sun"],"from":"22:00","to":"06:00"}]}"#;
        let rule = read(text).unwrap();
        assert!(rule.classes().contains(&Class::Forklift));
        assert_eq!(rule.schedule.as_ref().unwrap().periods().len(), 1);
        assert_eq!(read(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
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
            (
                r#"{"type":"proximity","class":"forklift","distance":1,"distance_m":2}"#,
                "give distance in heights of the person or in metres",
            ),
            (
                r#"{"type":"near_miss","class":"forklift","distance":1,"speed_m_s":2}"#,
                "give distance and speed in heights",
            ),
            (r#"{"type":"entries_above","people":3,"window_s":5}"#, "window_s is 5"),
            (r#"{"type":"line_crossing","line":[[0.1,0.1]]}"#, "a tripwire has 2 points"),
            (
                r#"{"type":"fall","when":{"class":"helmet","present":true}}"#,
                "people and things only",
            ),
            (r#"{"type":"fall","when":{"class":"person","present":false}}"#, "could never fire"),
            (r#"{"type":"fire","when":{"class":"fire","present":true}}"#, "could never fire"),
            (r#"{"type":"fall","schedule":[]}"#, "a schedule without periods"),
            (r#"{"type":"fall","name":" "}"#, "its name must have 1 to 80 characters"),
            (r#"{"type":"fall","message":{"ko":"","en":"x"}}"#, "its message must have 1 to 200"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
