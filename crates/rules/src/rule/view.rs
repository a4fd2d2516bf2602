//! How rules stand, for screens.

use safe_yolo_core::{TrackId, Tripwire};
use serde::{Deserialize, Serialize};

use super::Figures;
use super::crossing::Passed;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleVerdict {
    /// An alarm of it lasts.
    Fire,
    /// It was looked at, and nothing is wrong.
    Clear,
    /// That can't be said.
    Unknown,
    /// It is not asked now: its schedule or what it waits for says so.
    Off,
}

/// One rule as it stands, for screens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleView {
    /// What people call it.
    pub name: String,
    /// What it watches for.
    #[serde(rename = "type")]
    pub rule_type: safe_yolo_core::RuleType,
    /// What it says.
    pub verdict: RuleVerdict,
    /// Why it can't say more: `not_looked_at`, `class_unknown`, `out_of_sight`, `hidden`, `cut`,
    /// `not_sure`, `not_calibrated`, `pending` (the zone's condition holds, but not yet for its
    /// dwell). Why it is off: `schedule`, `waiting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For how long its condition has held, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<f64>,
    /// Of a line: how many have crossed it since the segment began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<Passed>,
    /// Of entrances: how many there were within the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a line: its two points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Tripwire>,
    /// What it rests on: of whom its condition holds, or can't be told; a few at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ground {
    /// The person, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<TrackId>,
    /// What it says of him, or of the place.
    pub verdict: RuleVerdict,
    /// Why it can't say more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For how long the condition has held, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<f64>,
    /// Its figures and boxes, as in the event that it raises.
    #[serde(skip_serializing_if = "Figures::is_empty")]
    pub details: Figures,
}

/// Grounds that are told of a rule.
pub(super) const GROUNDS_MAX: usize = 8;
