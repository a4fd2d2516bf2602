//! What two judges made of the same pictures: the same, new, gone or moved.

use std::collections::{BTreeMap, BTreeSet};

use safe_yolo_core::{Event, EventType, TrackId, ZoneId};
use serde::Serialize;

/// Events farther apart than this are two, microseconds.
const APART_MAX_US: i64 = 600_000_000;
/// Events before and after one that it is compared with, so that thousands of one kind take no minutes.
const NEAR_MAX: usize = 32;

/// How an event of one judge stands to the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Both have it, with the same begin, end and severity.
    Same,
    /// Both have it, with another begin, end or severity.
    Moved,
    /// Only the settings that are tried have it.
    New,
    /// Only the stored settings have it.
    Gone,
}

impl Difference {
    /// The name, as in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Moved => "moved",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// An event of either judge, or of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// How they stand.
    pub difference: Difference,
    /// By the stored settings.
    pub fired: Option<Event>,
    /// By those that are tried.
    pub would_fire: Option<Event>,
    /// How much later it begins by those that are tried, seconds.
    pub moved_s: Option<f64>,
}

/// What makes two events the same happening, beside their time. The person is part of it: the tracks
/// are the same for both judges.
type Key = (EventType, Option<ZoneId>, Option<String>, Option<TrackId>);

fn key(event: &Event, with_track: bool) -> Key {
    let rule = event.details.get("rule").and_then(serde_json::Value::as_str).map(str::to_owned);
    let track = event.track.clone().filter(|_| with_track);
    (event.event_type, event.zone.as_ref().map(|zone| zone.id.clone()), rule, track)
}

fn apart_us(a: &Event, b: &Event) -> i64 {
    b.start.micros().saturating_sub(a.start.micros())
}

/// Pairs the events of the stored settings with those of the settings that are tried, nearest
/// first, and puts all of them in order of time.
#[must_use]
pub fn compare(fired: Vec<Event>, would_fire: Vec<Event>) -> Vec<Compared> {
    let mut old: Vec<Option<Event>> = fired.into_iter().map(Some).collect();
    let mut new: Vec<Option<Event>> = would_fire.into_iter().map(Some).collect();
    let mut all = Vec::with_capacity(old.len().max(new.len()));
    // Who changed his track in between is found without it.
    for with_track in [true, false] {
        for (old_at, new_at) in pairs(&old, &new, with_track) {
            let fired = old.get_mut(old_at).and_then(Option::take);
            let would_fire = new.get_mut(new_at).and_then(Option::take);
            all.extend(fired.zip(would_fire).map(|(fired, would_fire)| both(fired, would_fire)));
        }
    }
    let one =
        |difference, fired, would_fire| Compared { difference, fired, would_fire, moved_s: None };
    all.extend(old.into_iter().flatten().map(|event| one(Difference::Gone, Some(event), None)));
    all.extend(new.into_iter().flatten().map(|event| one(Difference::New, None, Some(event))));
    all.sort_by_key(|row| row.fired.as_ref().or(row.would_fire.as_ref()).map(|e| e.start));
    all
}

fn both(fired: Event, would_fire: Event) -> Compared {
    let is_same = fired.start == would_fire.start
        && fired.end == would_fire.end
        && fired.severity == would_fire.severity;
    #[expect(clippy::cast_precision_loss, reason = "at most some minutes")]
    let moved_s = apart_us(&fired, &would_fire) as f64 / 1e6;
    Compared {
        difference: if is_same { Difference::Same } else { Difference::Moved },
        fired: Some(fired),
        would_fire: Some(would_fire),
        moved_s: (!is_same).then_some(moved_s),
    }
}

/// Places of those that belong together: of each key the nearest two first.
fn pairs(old: &[Option<Event>], new: &[Option<Event>], with_track: bool) -> Vec<(usize, usize)> {
    let mut by_key: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, event) in old.iter().enumerate() {
        if let Some(event) = event {
            by_key.entry(key(event, with_track)).or_default().0.push(at);
        }
    }
    for (at, event) in new.iter().enumerate() {
        if let Some(event) = event {
            by_key.entry(key(event, with_track)).or_default().1.push(at);
        }
    }
    let mut pairs = Vec::new();
    for (olds, news) in by_key.into_values() {
        let starts = |list: &[Option<Event>], at: usize| {
            list.get(at).and_then(Option::as_ref).map_or(0, |event| event.start.micros())
        };
        let mut near: Vec<(i64, usize, usize)> = Vec::new();
        for old_at in olds {
            let start = starts(old, old_at);
            // Both lists are in order of time: only what lies near is looked at.
            let middle = news.partition_point(|at| starts(new, *at) < start);
            let around = news.iter().skip(middle.saturating_sub(NEAR_MAX)).take(2 * NEAR_MAX);
            near.extend(
                around
                    .map(|at| ((starts(new, *at) - start).abs(), old_at, *at))
                    .filter(|(apart, ..)| *apart <= APART_MAX_US),
            );
        }
        near.sort_unstable();
        let (mut taken_old, mut taken_new) = (BTreeSet::new(), BTreeSet::new());
        for (_, old_at, new_at) in near {
            if !taken_old.contains(&old_at) && !taken_new.contains(&new_at) {
                taken_old.insert(old_at);
                taken_new.insert(new_at);
                pairs.push((old_at, new_at));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::event::{SnapshotState, ZoneRef};
    use safe_yolo_core::{Message, Severity, Utc};

    use super::*;

    fn event(start_s: i64, event_type: EventType, track: Option<u32>) -> Event {
        Event {
            id: format!("00000000-0000-7000-8000-{start_s:012}").parse().unwrap(),
            camera: None,
            camera_name: "yard".into(),
            event_type,
            severity: Severity::Warning,
            zone: Some(ZoneRef { id: "z-1".parse().unwrap(), name: "press".into(), place: None }),
            track: track.map(|number| format!("yard/1/{number}").parse().unwrap()),
            start: Utc(start_s * 1_000_000),
            end: None,
            message: Message { ko: "가".into(), en: "a".into() },
            details: serde_json::Map::new(),
            config_version: 1,
            snapshot: SnapshotState::None,
            clip: SnapshotState::None,
        }
    }

    fn differences(old: &[Event], new: &[Event]) -> Vec<(Difference, Option<f64>)> {
        let rows = compare(old.to_vec(), new.to_vec());
        rows.into_iter().map(|row| (row.difference, row.moved_s)).collect()
    }

    #[test]
    fn events_are_the_same_moved_new_or_gone() {
        use Difference::{Gone, Moved, New, Same};
        let at = |start_s, track| event(start_s, EventType::Loitering, Some(track));
        let old = [at(10, 1), at(20, 2), at(900, 2)];
        assert_eq!(differences(&old, &old), [(Same, None); 3]);
        assert_eq!(differences(&old, &[]), [(Gone, None); 3]);
        assert_eq!(differences(&[], &old), [(New, None); 3]);
        let later = [at(40, 1), at(20, 2), at(1800, 2)];
        let rows = differences(&old, &later);
        assert_eq!(rows, [(Moved, Some(30.0)), (Same, None), (Gone, None), (New, None)]);
        let ended = Event { end: Some(Utc(30_000_000)), ..at(20, 2) };
        assert_eq!(differences(&[at(20, 2)], &[ended]), [(Moved, Some(0.0))]);
    }

    #[test]
    fn the_nearest_of_one_kind_belong_together() {
        use Difference::{Gone, Moved, Same};
        let at = |start_s| event(start_s, EventType::OccupancyAbove, None);
        let rows = differences(&[at(10), at(50), at(100)], &[at(52), at(100)]);
        assert_eq!(rows, [(Gone, None), (Moved, Some(2.0)), (Same, None)]);
        // Another track of the same person.
        let person = |start_s, track| event(start_s, EventType::Fall, Some(track));
        let rows = differences(&[person(10, 1)], &[person(13, 4)]);
        assert_eq!(rows, [(Moved, Some(3.0))]);
        // Another type is another event, whenever it is.
        let other = [event(10, EventType::Motionless, Some(1))];
        assert_eq!(differences(&[person(10, 1)], &other).len(), 2);
    }

    #[test]
    fn many_of_one_kind_are_paired_in_a_moment() {
        let many = |shift| -> Vec<Event> {
            (0..5000_i64).map(|n| event(n * 2 + shift, EventType::Entrance, None)).collect()
        };
        let rows = compare(many(0), many(1));
        let moved = rows.iter().filter(|row| row.difference == Difference::Moved).count();
        assert!(moved >= 4999, "{moved}");
    }
}
