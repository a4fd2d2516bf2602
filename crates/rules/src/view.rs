//! What the rules make of the newest picture, for screens and figures.

use std::collections::BTreeMap;

use safe_yolo_core::{Equipment, TrackId, ZoneId, ZoneType};
use serde::{Deserialize, Serialize};

use crate::equipment::{Count, Verdict};
use crate::rule::{RuleVerdict, RuleView};

/// How grave a person's standing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to say.
    Ok,
    /// In a warning zone, or equipment is missing.
    Warning,
    /// In a danger zone.
    Danger,
}

/// What a zone's rules say together: fire, clear or unknown, with "somebody is
/// in, but no rule is met yet" told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneVerdict {
    /// Looked at, nobody there.
    Clear,
    /// Somebody is there, no alarm lasts.
    Occupied,
    /// An alarm lasts.
    Alarm,
    /// Not looked at: says nothing about safety.
    Unknown,
}

/// One person as the rules see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct PersonView {
    pub track: TrackId,
    pub zones: Vec<ZoneId>,
    /// Metres a second on the floor, of who is seen on a calibrated camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_m_s: Option<f64>,
    pub equipment: BTreeMap<Equipment, Verdict>,
    pub level: Level,
}

/// One person in a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZonePersonView {
    /// The person's track.
    pub track: TrackId,
    /// The track's number in its segment.
    pub number: u32,
    /// Seconds inside so far.
    pub since_s: f64,
    /// Metres a second on the floor, of who is seen on a calibrated camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_m_s: Option<f64>,
    /// Verdicts for the items the zone requires.
    pub equipment: BTreeMap<Equipment, Verdict>,
    /// The votes behind them.
    pub votes: BTreeMap<Equipment, Count>,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct ZoneView {
    pub id: ZoneId,
    pub name: String,
    #[serde(rename = "type")]
    pub zone_type: ZoneType,
    pub points: safe_yolo_core::Polygon,
    pub verdict: ZoneVerdict,
    /// Whether it is outside of its hours: nobody in it raises an alarm of intrusion or equipment.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    pub people: Vec<ZonePersonView>,
    /// Its rules beside intrusion and equipment.
    pub rules: Vec<RuleView>,
}

impl ZoneView {
    /// Nobody looks any more: what was said says nothing about now.
    pub fn forget(&mut self) {
        self.verdict = ZoneVerdict::Unknown;
        // Whoever wore a helmet then may not wear it now, or be there.
        self.people.clear();
        for rule in self.rules.iter_mut().filter(|rule| rule.verdict != RuleVerdict::Off) {
            (rule.verdict, rule.reason) = (RuleVerdict::Unknown, Some("not_looked_at"));
            rule.grounds.clear();
        }
    }
}

/// The newest picture in the rules' eyes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct View {
    pub people: Vec<PersonView>,
    pub zones: Vec<ZoneView>,
}
