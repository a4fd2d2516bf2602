//! What has no order has none: detections, tracks, zones and rules; and numbers of tracks are
//! names.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{CameraConfig, EventChange, RuleType, Track, Zone};
use safe_yolo_rules::{Judge, RuleVerdict, ZoneVerdict};
use serde_json::Value;

use crate::film::{About, Frame, Step, Told, config, feed, judge, play, zones};
use crate::fixtures::by_the_dice;
use crate::wild::wild;

/// A change without the id, and without the message that tells the number of a track.
fn text(change: &EventChange) -> String {
    let mut event = serde_json::to_value(&change.event).unwrap();
    let fields = event.as_object_mut().unwrap();
    assert!(fields.remove("id").is_some() && fields.remove("message").is_some());
    format!("{} {event}", change.kind.name())
}

/// What every zone and rule says, by name.
fn says(judge: &Judge) -> BTreeMap<String, (ZoneVerdict, BTreeMap<String, RuleVerdict>)> {
    let of = |zone: safe_yolo_rules::ZoneView| {
        let rules = zone.rules.into_iter().map(|rule| (rule.name, rule.verdict)).collect();
        (zone.name, (zone.verdict, rules))
    };
    judge.view().zones.into_iter().map(of).collect()
}

/// A number that looks like chance.
fn dice(seed: u64, number: usize) -> u64 {
    let mixed = (seed ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}

/// The same in another order.
fn shuffled<T: Clone>(all: &[T], seed: u64) -> Vec<T> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|place| dice(seed, *place));
    order.into_iter().map(|place| all[place].clone()).collect()
}

fn shuffled_step(step: &Step, seed: u64) -> Step {
    match step {
        Step::Look(Frame { at_s, tracks, detections }) => Step::Look(Frame {
            at_s: *at_s,
            tracks: shuffled(tracks, seed),
            detections: shuffled(detections, seed),
        }),
        Step::Blind(from, to) => Step::Blind(*from, *to),
    }
}

fn shuffled_zones(seed: u64) -> Vec<Zone> {
    let zone = |zone: &Zone| Zone { rules: shuffled(&zone.rules, seed), ..zone.clone() };
    shuffled(&zones(5.0), seed).iter().map(zone).collect()
}

/// Another number for each, in another order.
const fn renamed(number: u32) -> u32 {
    5000 - number
}

fn renamed_step(step: &Step) -> Step {
    let rename = |track: &Track| {
        let id = format!("cam/1/{}", renamed(track.id.number)).parse().unwrap();
        Track { id, ..track.clone() }
    };
    match step {
        Step::Look(frame) => {
            let tracks = frame.tracks.iter().map(rename).collect();
            Step::Look(Frame { tracks, ..frame.clone() })
        }
        Step::Blind(from, to) => Step::Blind(*from, *to),
    }
}

fn rename(mut change: EventChange) -> EventChange {
    if let Some(track) = &mut change.event.track {
        track.number = renamed(track.number);
    }
    change
}

/// Both judges tell and say the same after each step, in whatever order.
fn same(
    configs: [&Arc<CameraConfig>; 2],
    film: &[Step],
    other: impl Fn(usize, &Step) -> Step,
    back: impl Fn(EventChange) -> EventChange,
) -> Result<(), TestCaseError> {
    let [mut a, mut b] = configs.map(judge);
    for (number, step) in film.iter().enumerate() {
        let mut told: Vec<String> = feed(&mut a, step).iter().map(text).collect();
        let other = feed(&mut b, &other(number, step)).into_iter().map(&back);
        let mut other: Vec<String> = other.map(|change| text(&change)).collect();
        told.sort();
        other.sort();
        prop_assert_eq!(told, other);
        prop_assert_eq!(says(&a), says(&b));
    }
    Ok(())
}

proptest! {
    #![proptest_config(by_the_dice(200))]

    #[test]
    fn the_order_in_a_picture_changes_nothing(wild in wild(), seed in any::<u64>()) {
        let config = config(zones(5.0));
        let other = |number, step: &Step| shuffled_step(step, dice(seed, number));
        same([&config, &config], &wild.film(), other, |change| change)?;
    }

    #[test]
    fn the_order_of_zones_and_rules_changes_nothing(wild in wild(), seed in any::<u64>()) {
        let configs = [config(zones(5.0)), config(shuffled_zones(seed))];
        same([&configs[0], &configs[1]], &wild.film(), |_, step| step.clone(), |change| change)?;
    }

    #[test]
    fn numbers_of_tracks_are_names(wild in wild()) {
        let config = config(zones(5.0));
        same([&config, &config], &wild.film(), |_, step| renamed_step(step), rename)?;
    }

    /// Whatever happens, an event ends once and after it began, and none of a place is raised while
    /// it lasts; nobody tells anything while nobody looks, and every verdict is UNKNOWN then.
    #[test]
    fn nothing_is_told_twice_and_nothing_by_nobody(wild in wild()) {
        let mut judge = judge(&config(zones(0.0)));
        let mut open: BTreeMap<String, About> = BTreeMap::new();
        for step in wild.film() {
            let changes = feed(&mut judge, &step);
            if let Step::Blind(..) = step {
                prop_assert!(changes.is_empty(), "{changes:?}");
                for (zone, (verdict, rules)) in says(&judge) {
                    prop_assert_eq!(verdict, ZoneVerdict::Unknown, "{}", zone);
                    let unknown = |verdict: &RuleVerdict| *verdict == RuleVerdict::Unknown;
                    prop_assert!(rules.values().all(unknown), "{zone}: {rules:?}");
                }
            }
            for change in changes {
                prop_assert!(matches!(change.kind, ChangeKind::Raised | ChangeKind::Ended));
                let told = Told::of(&change, 0.0);
                match told.is_raised() {
                    // Of an instant.
                    true if change.event.end.is_some() => {}
                    true => {
                        let is_of_place = told.about.track.is_none();
                        let is_twice = is_of_place && open.values().any(|a| *a == told.about);
                        prop_assert!(!is_twice, "lasts already: {}", told.about);
                        prop_assert!(open.insert(told.id, told.about).is_none());
                    }
                    false => {
                        prop_assert!(open.remove(&told.id).is_some(), "{}", told.about);
                        let end = change.event.details.get("end_reason").and_then(Value::as_str);
                        prop_assert!(["over", "left", "worn"].contains(&end.unwrap()));
                    }
                }
            }
        }
    }
}

/// These properties say something of every type too.
#[test]
fn wild_films_have_events() {
    let mut runner = TestRunner::deterministic();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..60 {
        let wild = wild().new_tree(&mut runner).unwrap().current();
        for t in play(&config(zones(5.0)), &wild.film()) {
            *told.entry(t.about.event).or_default() += 1;
        }
    }
    let own = ["entrance", "exit", "danger_zone_intrusion", "helmet_missing"];
    for event in RuleType::ALL.iter().map(|rule| rule.event().name()).chain(own) {
        assert!(told.contains_key(event), "{event}: {told:?}");
    }
}
