//! Regulations: what the law and the site ask for, in short words of our own, beside the alarms
//! that they are about. Administrators edit them; what the program brings along is a beginning.

mod edit;
mod rows;
mod seeds;

use std::collections::BTreeSet;

use safe_yolo_core::{EventType, Message, RegulationId, Utc};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Most regulations that are kept.
pub const REGULATIONS_MAX: usize = 500;

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The Occupational Safety and Health Act (산업안전보건법).
    OshAct,
    /// The Rules on Occupational Safety and Health Standards (산업안전보건기준에 관한 규칙).
    OshRules,
    /// The Serious Accidents Punishment Act (중대재해처벌법) and its decree.
    SeriousAccidents,
    /// The site's own rules.
    Site,
}

impl Category {
    /// Every category, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::OshAct, Self::OshRules, Self::SeriousAccidents, Self::Site];

    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OshAct => "osh_act",
            Self::OshRules => "osh_rules",
            Self::SeriousAccidents => "serious_accidents",
            Self::Site => "site",
        }
    }

    /// The category with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

/// What a regulation says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The law, or whose rule it is.
    pub law: Message,
    /// Which article; may be empty.
    pub article: Message,
    /// What it is about.
    pub title: Message,
    /// A summary in our own words.
    pub text: Message,
    /// Where the law's own text is.
    #[serde(default)]
    pub url: Option<String>,
    /// The events that it is shown with.
    pub types: BTreeSet<EventType>,
}

/// One regulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regulation {
    /// Its identifier.
    pub id: RegulationId,
    /// Where it comes from.
    pub category: Category,
    /// What it says.
    pub content: Content,
    /// Its place in the list: lower ones come first.
    pub position: u32,
    /// Whether it is shown to operators.
    pub active: bool,
    /// Grows by one with each change.
    pub version: u64,
    /// Who changed it last, and when; none for what the program brought along.
    pub edited: Option<(String, Utc)>,
}

/// A regulation to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `Regulation`")]
pub struct NewRegulation {
    pub category: Category,
    pub content: Content,
    pub position: u32,
    pub active: bool,
}

/// What to change of a regulation; what is none stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "as in `Regulation` and `Content`")]
pub struct RegulationPatch {
    /// The version that the change is based on: it is refused if there is a newer one.
    pub version: Option<u64>,
    pub category: Option<Category>,
    pub law: Option<Message>,
    pub article: Option<Message>,
    pub title: Option<Message>,
    pub text: Option<Message>,
    pub url: Option<Option<String>>,
    pub types: Option<BTreeSet<EventType>>,
    pub position: Option<u32>,
    pub active: Option<bool>,
}

impl Content {
    const URL_MAX: usize = 500;

    /// Whether it can be shown.
    ///
    /// # Errors
    /// Names the first value that is empty, too long or no address.
    pub fn validate(&self) -> Result<(), StoreError> {
        words("law", &self.law, 1..=120, "have 1 to 120 characters in both languages")?;
        words("article", &self.article, 0..=40, "have 40 characters at most")?;
        words("title", &self.title, 1..=120, "have 1 to 120 characters in both languages")?;
        words("text", &self.text, 1..=1000, "have 1 to 1000 characters in both languages")?;
        let Some(url) = &self.url else { return Ok(()) };
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        let is_plain = !url.chars().any(|c| c.is_control() || c.is_whitespace());
        if is_web && is_plain && url.chars().count() <= Self::URL_MAX {
            return Ok(());
        }
        let rule = "begin with https:// or http:// and have no spaces and 500 characters at most";
        Err(StoreError::Invalid { field: "url", value: short(url), rule })
    }
}

fn words(
    field: &'static str,
    words: &Message,
    length: std::ops::RangeInclusive<usize>,
    rule: &'static str,
) -> Result<(), StoreError> {
    for text in [&words.ko, &words.en] {
        let is_empty = text.trim().is_empty() && *length.start() > 0;
        let is_text = !text.chars().any(|c| c.is_control() && c != '\n');
        if is_empty || !is_text || !length.contains(&text.chars().count()) {
            return Err(StoreError::Invalid { field, value: short(text), rule });
        }
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
