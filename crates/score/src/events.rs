//! Events by the rule of the Korean test of intelligent CCTV (KISA): what counts
//! is when an event starts.
//!
//! A detected start matches a true one of the same type, and of the same camera
//! where the truth names cameras, when
//! `-2 s <= detected start - true start <= +10 s`, both ends included, to the
//! microsecond. Each start is matched at most once, and as many as possible are.
//! Points are 100 times F1; 90 pass.

use std::collections::{BTreeMap, BTreeSet};

use safe_yolo_core::PictureTime;
use serde::{Deserialize, Serialize};

use crate::input::{LineError, Problem, json, lines, shown};

/// How much too early a detection may be, microseconds.
pub const EARLY_MAX_US: i64 = 2_000_000;
/// How late it may be, microseconds.
pub const LATE_MAX_US: i64 = 10_000_000;
/// Points that pass.
pub const POINTS_PASS: u8 = 90;

const FORM: &str = r#"{"type":"danger_zone_intrusion","start_s":12.5,"camera":"gate"}"#;
/// Latest start, seconds: 31 years.
const START_S_MAX: f64 = 1e9;

/// The start of an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventStart {
    /// What happened.
    pub event_type: String,
    /// Where; none in a truth that has one camera.
    pub camera: Option<String>,
    /// When, from the start of the recording.
    pub start: PictureTime,
}

/// Why events have no score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Some lines of a file say where, some do not.
    #[error("{file} names a camera in some lines only: name it in all or in none")]
    SomeCameras {
        /// Which of the two.
        file: &'static str,
    },
    /// The truth says where, the detected events do not.
    #[error("the truth names cameras, the found events do not: write \"camera\" in both")]
    NoCameras,
    /// The truth does not say where, and there are several places.
    #[error(
        "the found events are of {0} cameras, the truth names none: write \"camera\" in the truth"
    )]
    WhichCamera(usize),
}

/// How good the events of one type are, or all together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventRow {
    /// The type, or `all`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// True events.
    #[serde(rename = "true")]
    pub true_events: usize,
    /// Those of them that were found.
    pub found: usize,
    /// Found events that are not true, too early, too late or found twice.
    #[serde(rename = "false")]
    pub false_events: usize,
    /// True events that were not found.
    pub missed: usize,
    /// `found / (found + false)`; none for 0 / 0.
    pub precision: Option<f64>,
    /// `found / true`; none for 0 / 0.
    pub recall: Option<f64>,
    /// `2 found / (2 found + false + missed)`; none for 0 / 0.
    pub f1: Option<f64>,
    /// 100 times F1.
    pub points: Option<f64>,
    /// 90 points or more; in the row of all, by every type that has points.
    pub pass: bool,
}

/// The score of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventScore {
    /// One row a type, by name.
    pub types: Vec<EventRow>,
    /// All types together, counts added.
    pub all: EventRow,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    event_type: String,
    start_s: f64,
    #[serde(default)]
    camera: Option<String>,
}

/// Reads one JSON object a line, with `type`, `start_s` (seconds from the start of
/// the recording) and, if wanted, `camera`; other fields are passed over, so that
/// the `events.jsonl` of `safe-yolo analyze` can be read as it is.
///
/// # Errors
/// Names the first line that can't be used, what is wrong and what to write.
pub fn parse(text: &str) -> Result<Vec<EventStart>, LineError> {
    lines(text)
        .map(|(line, row)| parse_line(row).map_err(|problem| LineError { line, problem }))
        .collect()
}

fn parse_line(row: &str) -> Result<EventStart, Problem> {
    let Line { event_type, start_s, camera } = json(row, FORM)?;
    let is_name = |text: &str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !is_name(&event_type) {
        let (field, expected) = ("type", "a name of a-z, 0-9 and '_' such as helmet_missing");
        return Err(Problem::Wrong { field, value: shown(&event_type), expected });
    }
    if !(0.0..=START_S_MAX).contains(&start_s) {
        let (field, expected) = ("start_s", "a number of seconds from 0 to 1000000000");
        return Err(Problem::Wrong { field, value: shown(&start_s.to_string()), expected });
    }
    Ok(EventStart { event_type, camera, start: PictureTime::from_secs_f64(start_s) })
}

/// Whether all (or none) of the events name a camera, and which.
fn cameras<'a>(
    file: &'static str,
    events: &'a [EventStart],
) -> Result<BTreeSet<&'a str>, EventError> {
    let named = events.iter().filter(|event| event.camera.is_some()).count();
    if named != 0 && named != events.len() {
        return Err(EventError::SomeCameras { file });
    }
    Ok(events.iter().filter_map(|event| event.camera.as_deref()).collect())
}

/// Events that may match each other: type, and camera where cameras are told apart.
type Group<'a> = (&'a str, Option<&'a str>);

fn group(event: &EventStart, by_camera: bool) -> Group<'_> {
    (&event.event_type, event.camera.as_deref().filter(|_| by_camera))
}

/// Starts, microseconds.
#[derive(Default)]
struct Starts {
    truth: Vec<i64>,
    found: Vec<i64>,
}

/// Scores the found events. Their order does not matter.
///
/// # Errors
/// When one side says where the events happened and the other does not.
pub fn score(truth: &[EventStart], found: &[EventStart]) -> Result<EventScore, EventError> {
    let truth_cameras = cameras("the truth", truth)?;
    let found_cameras = cameras("the file of found events", found)?;
    if !truth_cameras.is_empty() && found_cameras.is_empty() && !found.is_empty() {
        return Err(EventError::NoCameras);
    }
    if !truth.is_empty() && truth_cameras.is_empty() && found_cameras.len() > 1 {
        return Err(EventError::WhichCamera(found_cameras.len()));
    }
    let by_camera = !truth_cameras.is_empty();
    let mut groups: BTreeMap<Group<'_>, Starts> = BTreeMap::new();
    for event in truth {
        groups.entry(group(event, by_camera)).or_default().truth.push(event.start.micros());
    }
    for event in found {
        groups.entry(group(event, by_camera)).or_default().found.push(event.start.micros());
    }
    let mut types: BTreeMap<&str, Counts> = BTreeMap::new();
    for ((event_type, _), Starts { mut truth, mut found }) in groups {
        truth.sort_unstable();
        found.sort_unstable();
        let counts = types.entry(event_type).or_default();
        let matched = matches(&truth, &found);
        counts.found += matched;
        counts.missed += truth.len() - matched;
        counts.false_events += found.len() - matched;
    }
    let mut sum = Counts::default();
    for counts in types.values() {
        sum.found += counts.found;
        sum.missed += counts.missed;
        sum.false_events += counts.false_events;
    }
    let types: Vec<EventRow> =
        types.into_iter().map(|(event_type, counts)| counts.row(event_type)).collect();
    let mut all = sum.row("all");
    all.pass = !types.is_empty() && types.iter().all(|row| row.pass);
    Ok(EventScore { types, all })
}

/// How many pairs can be made of these starts, both in order.
///
/// All windows are equally long, so the earliest true start that is still free
/// may always take the earliest detection inside its window: any other choice
/// can be exchanged for this one without losing a pair.
fn matches(truth: &[i64], found: &[i64]) -> usize {
    let (mut truth, mut found) = (truth.iter().peekable(), found.iter().peekable());
    let mut pairs = 0;
    while let (Some(&&start), Some(&&seen)) = (truth.peek(), found.peek()) {
        let late = seen - start;
        if late > LATE_MAX_US {
            truth.next();
        } else if late < -EARLY_MAX_US {
            found.next();
        } else {
            pairs += 1;
            truth.next();
            found.next();
        }
    }
    pairs
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    found: usize,
    false_events: usize,
    missed: usize,
}

impl Counts {
    fn row(self, event_type: &str) -> EventRow {
        let Self { found, false_events, missed } = self;
        let f1 = crate::tracking::ratio(2 * found, 2 * found + false_events + missed);
        // In whole numbers, so that exactly 90 points pass.
        let whole = 2 * found + false_events + missed;
        EventRow {
            event_type: event_type.to_owned(),
            true_events: found + missed,
            found,
            false_events,
            missed,
            precision: crate::tracking::ratio(found, found + false_events),
            recall: crate::tracking::ratio(found, found + missed),
            f1,
            points: f1.map(|f1| 100.0 * f1),
            pass: whole > 0 && 200 * found >= usize::from(POINTS_PASS) * whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tries everything.
    fn brute_force(truth: &[i64], found: &[i64]) -> usize {
        let Some((first, rest)) = truth.split_first() else { return 0 };
        let mut best = brute_force(rest, found);
        for (index, seen) in found.iter().enumerate() {
            if (-EARLY_MAX_US..=LATE_MAX_US).contains(&(seen - first)) {
                let mut others = found.to_vec();
                others.remove(index);
                best = best.max(1 + brute_force(rest, &others));
            }
        }
        best
    }

    #[test]
    fn both_ends_of_the_window_belong_to_it() {
        for (seen, pairs) in
            [(7_999_999, 0), (8_000_000, 1), (20_000_000, 1), (20_000_001, 0), (10_000_000, 1)]
        {
            assert_eq!(matches(&[10_000_000], &[seen]), pairs, "{seen}");
        }
    }

    proptest! {
        #[test]
        fn as_many_as_trying_everything(
            mut truth in prop::collection::vec(0..40_i64, 0..6),
            mut found in prop::collection::vec(0..40_i64, 0..6),
        ) {
            truth.iter_mut().chain(&mut found).for_each(|second| *second *= 1_000_000);
            truth.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(matches(&truth, &found), brute_force(&truth, &found));
        }
    }
}
