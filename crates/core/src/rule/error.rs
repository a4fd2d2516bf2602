//! Why a text is no rule.

use super::RuleType;
use crate::Class;

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
    /// The same thing is said twice, or in two units.
    #[error("rule '{rule}': give {setting} in heights of the person or in metres, not in both")]
    Units {
        /// Which rule.
        rule: String,
        /// What is meant.
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
    /// What the rule waits for is what it is about.
    #[error(
        "rule '{rule}' of type {rule_type} would wait for what it watches: it could never fire, or always would; change 'when'"
    )]
    When {
        /// Which rule.
        rule: String,
        /// Its type.
        rule_type: RuleType,
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

impl RuleError {
    /// The setting that is wrong, too much or not there; the first where several would do.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        let setting = match self {
            Self::Missing { setting, .. }
            | Self::Unused { setting, .. }
            | Self::Units { setting, .. }
            | Self::Range { setting, .. }
            | Self::Words { setting, .. } => setting,
            Self::Class { .. } => "class",
            Self::When { .. } => "when",
        };
        setting.split(['\'', ' ']).next().unwrap_or(setting)
    }
}
