//! When alarms become one incident, when one that nobody acknowledges is escalated, and what is hidden
//! in what is exported of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Severity;

/// How alarms are grouped, escalated and exported; one for the whole site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmSettings {
    /// Seconds after the newest alarm of an incident, and after the end of its last one, within which
    /// another of the same cause joins it.
    pub group_within_s: u32,
    /// Seconds without acknowledgement after which each level of escalation is reached, by severity.
    pub escalate_after_s: BTreeMap<Severity, Vec<u32>>,
    /// What is made unrecognisable of people in cases that are exported without originals.
    #[serde(default)]
    pub export_blur: ExportBlur,
}

/// How much of people is made unrecognisable in what leaves the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportBlur {
    /// Their heads.
    #[default]
    Heads,
    /// All of them: gait and clothes tell, too, who somebody is.
    Bodies,
}

impl ExportBlur {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Heads, Self::Bodies];

    /// As the API names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heads => "heads",
            Self::Bodies => "bodies",
        }
    }

    /// The other way round.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|blur| blur.name() == name)
    }
}

impl Default for AlarmSettings {
    fn default() -> Self {
        Self {
            group_within_s: 120,
            escalate_after_s: BTreeMap::from([
                (Severity::Critical, vec![60, 300]),
                (Severity::Warning, vec![300, 1800]),
            ]),
            export_blur: ExportBlur::default(),
        }
    }
}

/// Why settings can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum AlarmSettingsError {
    #[error("group_within_s is {0}: it must lie between 0 and {max}", max = AlarmSettings::GROUP_MAX_S)]
    Group(u32),
    #[error("escalate_after_s of {0}: only WARNING and CRITICAL are acknowledged at all")]
    Severity(&'static str),
    #[error("escalate_after_s of {severity} has {count} levels: at most {max} are told apart", max = AlarmSettings::LEVELS_MAX)]
    Levels { severity: &'static str, count: usize },
    #[error(
        "escalate_after_s of {severity} is {value} at level {level}: it must lie between {min} and {max} and be later than the level before",
        min = AlarmSettings::ESCALATE_MIN_S,
        max = AlarmSettings::ESCALATE_MAX_S
    )]
    Later { severity: &'static str, level: usize, value: u32 },
}

impl AlarmSettings {
    /// Longest time within which alarms are grouped.
    pub const GROUP_MAX_S: u32 = 3600;
    /// Most levels of escalation.
    pub const LEVELS_MAX: usize = 2;
    /// Nobody can look and acknowledge in less.
    pub const ESCALATE_MIN_S: u32 = 10;
    /// Longest time until a level.
    pub const ESCALATE_MAX_S: u32 = 24 * 3600;

    /// Whether they make sense.
    ///
    /// # Errors
    /// Names the first value that does not.
    pub fn validate(&self) -> Result<(), AlarmSettingsError> {
        if self.group_within_s > Self::GROUP_MAX_S {
            return Err(AlarmSettingsError::Group(self.group_within_s));
        }
        for (severity, levels) in &self.escalate_after_s {
            let name = severity.name();
            if !severity.is_alarm() {
                return Err(AlarmSettingsError::Severity(name));
            }
            if levels.len() > Self::LEVELS_MAX {
                let count = levels.len();
                return Err(AlarmSettingsError::Levels { severity: name, count });
            }
            let mut least = Self::ESCALATE_MIN_S;
            for (index, &value) in levels.iter().enumerate() {
                if !(least..=Self::ESCALATE_MAX_S).contains(&value) {
                    let level = index + 1;
                    return Err(AlarmSettingsError::Later { severity: name, level, value });
                }
                least = value + 1;
            }
        }
        Ok(())
    }

    /// Seconds of waiting after which an incident that has reached `level` goes one further; none if there
    /// is no further one.
    #[must_use]
    pub fn next_level_after_s(&self, severity: Severity, level: u8) -> Option<u32> {
        self.escalate_after_s.get(&severity)?.get(usize::from(level)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_named() {
        let with = |severity, levels: &[u32]| AlarmSettings {
            escalate_after_s: BTreeMap::from([(severity, levels.to_vec())]),
            ..AlarmSettings::default()
        };
        assert_eq!(AlarmSettings::default().validate(), Ok(()));
        assert_eq!(with(Severity::Critical, &[]).validate(), Ok(()));
        for (settings, word) in [
            (AlarmSettings { group_within_s: 3601, ..AlarmSettings::default() }, "3601"),
            (with(Severity::Info, &[60]), "INFO"),
            (with(Severity::Critical, &[60, 120, 180]), "3 levels"),
            (with(Severity::Critical, &[9]), "9 at level 1"),
            (with(Severity::Warning, &[60, 60]), "60 at level 2"),
            (with(Severity::Warning, &[60, 86_401]), "86401 at level 2"),
        ] {
            let said = settings.validate().unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn settings_of_before_there_was_a_choice_blur_heads() {
        let old = r#"{"group_within_s":120,"escalate_after_s":{}}"#;
        let read: AlarmSettings = serde_json::from_str(old).unwrap();
        assert_eq!(read.export_blur, ExportBlur::Heads);
        let text = serde_json::to_string(&read).unwrap().replace("heads", "bodies");
        assert_eq!(
            serde_json::from_str::<AlarmSettings>(&text).unwrap().export_blur,
            ExportBlur::Bodies
        );
        serde_json::from_str::<AlarmSettings>(&text.replace("bodies", "nothing")).unwrap_err();
    }

    #[test]
    fn levels_follow_each_other_and_end() {
        let settings = AlarmSettings::default();
        let after = |level| settings.next_level_after_s(Severity::Critical, level);
        assert_eq!([after(0), after(1), after(2)], [Some(60), Some(300), None]);
        assert_eq!(settings.next_level_after_s(Severity::Info, 0), None);
    }
}
