//! Checklists: what must be so at a place before and during a shift, and who or what says that
//! it is. Blind is not safe: an item that a camera watches is never ticked by UNKNOWN.

mod counting;
mod template;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{EventType, Message, ZoneId};

pub use counting::{Counting, Deed, GAP_MAX, PATIENCE, Standing, Tick, shown};
pub use template::{Template, templates};

/// Who ticks an item.
#[derive(Debug, Clone, PartialEq)]
pub enum TickedBy {
    /// A person.
    Hand,
    /// The camera, by its rules.
    Rule(RuleTick),
}

/// When a camera ticks an item: none of these events may be going on, for so long.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTick {
    /// What must not happen; at least one.
    pub types: BTreeSet<EventType>,
    /// In this zone only; else in the checklist's zone, or in all of the camera's.
    pub zone: Option<ZoneId>,
    /// Seconds for which all must have been clear without a break.
    pub clear_for_s: f64,
}

/// One line of a checklist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ItemText", into = "ItemText")]
pub struct ChecklistItem {
    /// Its own name in the list: `PPE_HELMET`.
    pub id: String,
    /// What people read.
    pub text: Message,
    /// Who ticks it.
    pub by: TickedBy,
}

/// Why a checklist is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChecklistError {
    /// Nothing in it.
    #[error("a checklist without items has nothing to tick: give at least one")]
    NoItem,
    /// More than anybody works off.
    #[error("a checklist has {0} items: at most {max}, make a second list", max = ChecklistItem::ITEMS_MAX)]
    TooManyItems(usize),
    /// Not a name.
    #[error("item '{0}' has no usable id: use 1 to 40 of A-Z, a-z, 0-9, '-' and '_'")]
    Id(String),
    /// Two of one name.
    #[error("item '{0}' is there twice: give each its own id")]
    Twice(String),
    /// Empty or too long.
    #[error("{what} '{value}' must have 1 to {max} characters and no control characters")]
    Words {
        /// Which words.
        what: String,
        /// As given, shortened.
        value: String,
        /// Most characters.
        max: usize,
    },
    /// Who ticks it is not said clearly.
    #[error(
        "item '{0}' is ticked by hand: leave types, zone and clear_for_s out, or write by: rule"
    )]
    Hand(String),
    /// No event is named.
    #[error(
        "item '{0}' is ticked by a rule: name the event types that must not happen, as [\"helmet_missing\"]"
    )]
    NoType(String),
    /// Nothing that goes on, so it is never clear.
    #[error(
        "item '{item}' can't be ticked by '{event_type}': it is not a violation that a camera's rule watches for; choose another type"
    )]
    Type {
        /// Which item.
        item: String,
        /// The type's name.
        event_type: &'static str,
    },
    /// Too short or too long.
    #[error("clear_for_s of item '{item}' is {value}: give 1 to 86400 seconds")]
    ClearFor {
        /// Which item.
        item: String,
        /// As given.
        value: f64,
    },
}

impl ChecklistItem {
    /// Most items of a list.
    pub const ITEMS_MAX: usize = 50;
    /// Most characters of an item's text in one language.
    pub const TEXT_MAX: usize = 200;
    /// Most characters of a list's name in one language.
    pub const NAME_MAX: usize = 80;
    /// Seconds clear before it is ticked, unless given.
    pub const CLEAR_FOR_S: f64 = 60.0;
    const CLEAR_FOR_MAX_S: f64 = 86_400.0;
    const ID_MAX: usize = 40;

    fn validate(&self) -> Result<(), ChecklistError> {
        let fits = (1..=Self::ID_MAX).contains(&self.id.len())
            && self.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fits {
            return Err(ChecklistError::Id(short(&self.id)));
        }
        check_words(&format!("text of item '{}'", self.id), &self.text, Self::TEXT_MAX)?;
        let TickedBy::Rule(rule) = &self.by else { return Ok(()) };
        if rule.types.is_empty() {
            return Err(ChecklistError::NoType(self.id.clone()));
        }
        if let Some(none) = rule.types.iter().find(|t| !is_watched(**t)) {
            return Err(ChecklistError::Type { item: self.id.clone(), event_type: none.name() });
        }
        // Written so that NaN fails too.
        if !(1.0..=Self::CLEAR_FOR_MAX_S).contains(&rule.clear_for_s) {
            return Err(ChecklistError::ClearFor {
                item: self.id.clone(),
                value: rule.clear_for_s,
            });
        }
        Ok(())
    }

    /// Whether these can be the items of one list.
    ///
    /// # Errors
    /// Names the first item that does not fit.
    pub fn validate_all(items: &[Self]) -> Result<(), ChecklistError> {
        if items.is_empty() {
            return Err(ChecklistError::NoItem);
        }
        if items.len() > Self::ITEMS_MAX {
            return Err(ChecklistError::TooManyItems(items.len()));
        }
        let mut ids = BTreeSet::new();
        for item in items {
            item.validate()?;
            if !ids.insert(item.id.as_str()) {
                return Err(ChecklistError::Twice(item.id.clone()));
            }
        }
        Ok(())
    }

    /// Whether this can be the name of a list.
    ///
    /// # Errors
    /// When it is empty or too long in a language.
    pub fn validate_name(name: &Message) -> Result<(), ChecklistError> {
        check_words("name", name, Self::NAME_MAX)
    }
}

/// Whether a rule watches for it, so that it can be said to be clear.
#[must_use]
pub const fn is_watched(event_type: EventType) -> bool {
    !matches!(event_type, EventType::Entrance | EventType::Exit | EventType::System)
}

fn check_words(what: &str, words: &Message, max: usize) -> Result<(), ChecklistError> {
    for (language, text) in [("ko", &words.ko), ("en", &words.en)] {
        let is_long = text.chars().count() > max;
        if text.trim().is_empty() || is_long || text.chars().any(char::is_control) {
            let what = format!("{what} ({language})");
            return Err(ChecklistError::Words { what, value: short(text), max });
        }
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ByText {
    Hand,
    Rule,
}

/// An item as it is written: one table.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemText {
    id: String,
    text: Message,
    by: ByText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    types: Option<BTreeSet<EventType>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<ZoneId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clear_for_s: Option<f64>,
}

impl TryFrom<ItemText> for ChecklistItem {
    type Error = ChecklistError;
    fn try_from(text: ItemText) -> Result<Self, ChecklistError> {
        let by = match text.by {
            ByText::Hand => {
                if text.types.is_some() || text.zone.is_some() || text.clear_for_s.is_some() {
                    return Err(ChecklistError::Hand(short(&text.id)));
                }
                TickedBy::Hand
            }
            ByText::Rule => TickedBy::Rule(RuleTick {
                types: text.types.unwrap_or_default(),
                zone: text.zone,
                clear_for_s: text.clear_for_s.unwrap_or(Self::CLEAR_FOR_S),
            }),
        };
        Ok(Self { id: text.id, text: text.text, by })
    }
}

impl From<ChecklistItem> for ItemText {
    fn from(item: ChecklistItem) -> Self {
        let ChecklistItem { id, text, by } = item;
        match by {
            TickedBy::Hand => {
                Self { id, text, by: ByText::Hand, types: None, zone: None, clear_for_s: None }
            }
            TickedBy::Rule(rule) => Self {
                id,
                text,
                by: ByText::Rule,
                types: Some(rule.types),
                zone: rule.zone,
                clear_for_s: Some(rule.clear_for_s),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ChecklistItem, String> {
        let item: ChecklistItem = serde_json::from_str(json).map_err(|e| e.to_string())?;
        ChecklistItem::validate_all(std::slice::from_ref(&item)).map_err(|e| e.to_string())?;
        Ok(item)
    }

    #[test]
    fn what_is_no_item_is_named() {
        for (rest, says) in [
            (r#""by":"hand","types":["fall"]"#, "item 'A' is ticked by hand"),
            (r#""by":"hand","clear_for_s":60"#, "item 'A' is ticked by hand"),
            (r#""by":"rule""#, "item 'A' is ticked by a rule"),
            (r#""by":"rule","types":[]"#, "item 'A' is ticked by a rule"),
            (r#""by":"rule","types":["flood"]"#, "unknown variant `flood`"),
            (r#""by":"rule","types":["system"]"#, "can't be ticked by 'system'"),
            (r#""by":"rule","types":["entrance"]"#, "can't be ticked by 'entrance'"),
            (r#""by":"rule","types":["fall"],"clear_for_s":0.9"#, "is 0.9: give 1 to 86400"),
            (r#""by":"rule","types":["fall"],"clear_for_s":86401"#, "is 86401: give 1 to 86400"),
            (r#""by":"rule","types":["fall"],"zone":"Z/1""#, "'Z/1' is not an identifier"),
            (r#""by":"camera""#, "unknown variant `camera`"),
            (r#""by":"hand","done":true"#, "unknown field `done`"),
        ] {
            let json = format!(r#"{{"id":"A","text":{{"ko":"가","en":"a"}},{rest}}}"#);
            let error = read(&json).unwrap_err();
            assert!(error.contains(says), "{json}: {error}");
        }
        let long = "가".repeat(201);
        for (id, ko, says) in [
            ("", "가", "item '' has no usable id"),
            ("A B", "가", "item 'A B' has no usable id"),
            ("A", " ", "text of item 'A' (ko) ' ' must have 1 to 200"),
            ("A", long.as_str(), "must have 1 to 200 characters"),
        ] {
            let json = format!(r#"{{"id":"{id}","text":{{"ko":"{ko}","en":"a"}},"by":"hand"}}"#);
            let error = read(&json).unwrap_err();
            assert!(error.contains(says), "{json}: {error}");
        }
    }

    #[test]
    fn lists_are_neither_empty_nor_endless_nor_ambiguous() {
        let item = |n: usize| ChecklistItem {
            id: format!("I{n}"),
            text: Message { ko: "가".into(), en: "a".into() },
            by: TickedBy::Hand,
        };
        let items: Vec<_> = (0..51).map(item).collect();
        assert_eq!(ChecklistItem::validate_all(&[]), Err(ChecklistError::NoItem));
        assert_eq!(ChecklistItem::validate_all(&items), Err(ChecklistError::TooManyItems(51)));
        assert_eq!(ChecklistItem::validate_all(&items[..50]), Ok(()));
        let twice = [item(1), item(2), item(1)];
        assert_eq!(ChecklistItem::validate_all(&twice), Err(ChecklistError::Twice("I1".into())));
        let name = |ko: &str| Message { ko: ko.into(), en: "Shift".into() };
        assert!(ChecklistItem::validate_name(&name("교대 점검")).is_ok());
        assert!(ChecklistItem::validate_name(&name(&"가".repeat(81))).is_err());
    }

    #[test]
    fn items_are_written_as_they_are_read() {
        let json = r#"{"id":"A","text":{"ko":"가","en":"a"},"by":"rule","types":["fall"]}"#;
        let item = read(json).unwrap();
        let TickedBy::Rule(rule) = &item.by else { panic!("{item:?}") };
        assert!((rule.clear_for_s - 60.0).abs() < f64::EPSILON);
        let again = serde_json::to_string(&item).unwrap();
        assert_eq!(serde_json::from_str::<ChecklistItem>(&again).unwrap(), item);
    }
}
