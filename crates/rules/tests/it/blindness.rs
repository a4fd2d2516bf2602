//! UNKNOWN is never counted as CLEAR: what nobody saw ends nothing, is part of no dwell, and
//! raises nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use safe_yolo_core::{CameraConfig, RuleKind};
use safe_yolo_rules::{RuleVerdict, ZoneVerdict};

use crate::film::{
    About, DWELL_MAX_S, Frame, RATE, Step, Told, config, feed, judge, looks, play, raised, zones,
};
use crate::fixtures::by_the_dice;
use crate::orderly::{STAGE_S, upright_world, world};

const STAGES: usize = 5;
/// For so long votes, graces and confirmations may speak of what was, seconds.
const MEMORY_S: f64 = 3.5;
/// Votes are sure sooner by this when none against it is left in the window, seconds.
const UNSURE_S: f64 = 0.8;

fn pause() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(3600.0)]
}

/// The two zones; entrances are counted over all of the film, for who came while nobody looked
/// may have come at any moment of it.
fn hall(pause_s: f64) -> Arc<CameraConfig> {
    let mut zones = zones(pause_s);
    for rule in zones.iter_mut().flat_map(|zone| &mut zone.rules) {
        if let RuleKind::EntriesAbove { window_s, .. } = &mut rule.kind {
            *window_s = 600.0;
        }
    }
    config(zones)
}

/// A stretch of blindness, told as so many entries.
fn blind(from: f64, to: f64, parts: u32) -> Vec<Step> {
    let at = |part: u32| from + (to - from) * f64::from(part) / f64::from(parts);
    (0..parts).map(|part| Step::Blind(at(part), at(part + 1))).collect()
}

/// Plays a film; while nobody looks nothing is told and every verdict is UNKNOWN.
fn play_blind(config: &Arc<CameraConfig>, steps: &[Step]) -> Result<Vec<Told>, TestCaseError> {
    let mut judge = judge(config);
    let mut told = Vec::new();
    for step in steps {
        let changes = feed(&mut judge, step);
        match step {
            Step::Look(frame) => told.extend(changes.iter().map(|c| Told::of(c, frame.at_s))),
            Step::Blind(..) => {
                prop_assert!(changes.is_empty(), "told by nobody: {changes:?}");
                for zone in judge.view().zones {
                    prop_assert_eq!(zone.verdict, ZoneVerdict::Unknown);
                    for rule in zone.rules {
                        prop_assert_eq!(rule.verdict, RuleVerdict::Unknown, "{}", rule.name);
                    }
                }
            }
        }
    }
    Ok(told)
}

/// From when to when of each event, by its type, zone and subject.
fn spans(told: &[Told], end_s: f64) -> BTreeMap<About, Vec<(f64, f64)>> {
    let mut spans: BTreeMap<About, Vec<(f64, f64)>> = BTreeMap::new();
    for event in raised(told) {
        let ended = told.iter().find(|t| !t.is_raised() && t.id == event.id);
        let is_instant = ["entrance", "exit"].contains(&event.about.event.as_str());
        let to_s = if is_instant { event.at_s } else { ended.map_or(end_s, |t| t.at_s) };
        spans.entry(event.about.clone()).or_default().push((event.at_s, to_s));
    }
    spans
}

/// Everybody under another number, and later.
fn as_others(frame: &Frame, later_s: f64) -> Frame {
    let mut frame = Frame { at_s: frame.at_s + later_s, ..frame.clone() };
    for track in &mut frame.tracks {
        track.id.number += 500;
    }
    frame
}

/// What is about a place, whoever is there.
fn of_place(told: Vec<Told>) -> Vec<Told> {
    let mut told = told;
    for told in told.iter_mut().filter(|told| told.about.event == "lone_worker") {
        told.about.track = None;
    }
    told.retain(|told| told.about.track.is_none());
    told
}

/// Who moved while nobody looked is still again in another place: that is another alarm.
fn without_stillness(told: Vec<Told>) -> Vec<Told> {
    told.into_iter().filter(|told| told.about.event != "motionless").collect()
}

proptest! {
    #![proptest_config(by_the_dice(150))]

    /// The film is stopped while nobody looks: all goes on as if that time had not been.
    #[test]
    fn blind_time_between_two_pictures_counts_for_nothing(
        (world, pause_s) in (world(STAGES), pause()),
        (stage, into_s) in (0..STAGES, 2.6..7.4_f64),
        (blind_s, parts) in (2.5..90.0_f64, 1..5_u32),
    ) {
        let config = hall(pause_s);
        let film = world.film();
        let from = ((stage as f64 * STAGE_S + into_s) * RATE) as usize;
        let (from_s, to_s) = (film[from - 1].at_s, film[from].at_s + blind_s);
        let later = |frame: &Frame| Frame { at_s: frame.at_s + blind_s, ..frame.clone() };
        let mut steps = looks(film[..from].to_vec());
        steps.extend(blind(from_s, to_s, parts));
        steps.extend(looks(film[from..].iter().map(later).collect()));
        let truth = play(&config, &looks(film));
        let told = play_blind(&config, &steps)?;
        let (truth, told) = (raised(&truth), raised(&told));
        let abouts = |told: &[&Told]| -> Vec<String> {
            told.iter().map(|t| t.about.to_string()).collect()
        };
        prop_assert_eq!(abouts(&truth), abouts(&told));
        for (a, b) in truth.iter().zip(&told) {
            let due_s = a.at_s + if a.at_s > from_s { blind_s } else { 0.0 };
            let is_early = b.at_s < due_s - UNSURE_S;
            prop_assert!(!is_early, "counted blind time: {a:?} {b:?}");
            prop_assert!(b.at_s <= due_s + MEMORY_S, "late: {a:?} {b:?}");
        }
    }

    /// After so long the tracker gives everybody a new number: what is said of a place goes on.
    #[test]
    fn new_tracks_end_nothing_that_is_about_a_place(
        world in world(STAGES),
        (stage, into_s) in (0..STAGES, 2.6..7.4_f64),
        blind_s in 2.5..90.0_f64,
    ) {
        let config = hall(0.0);
        let film = world.film();
        let from = ((stage as f64 * STAGE_S + into_s) * RATE) as usize;
        let from_s = film[from].at_s;
        let mut steps = looks(film[..from].to_vec());
        steps.extend(blind(film[from - 1].at_s, from_s + blind_s, 1));
        steps.extend(looks(film[from..].iter().map(|frame| as_others(frame, blind_s)).collect()));
        let mut told = play_blind(&config, &steps)?;
        for told in told.iter_mut().filter(|told| told.at_s > from_s) {
            told.at_s -= blind_s;
        }
        let truth = play(&config, &looks(film));
        let (truth, told) = (of_place(truth), of_place(told));
        let (truth, told) = (spans(&truth, world.length_s()), spans(&told, world.length_s()));
        for (about, spans) in &truth {
            let found = told.get(about).map_or(&[][..], Vec::as_slice);
            let lasts = |(start, end): &&(f64, f64)| *start < from_s && *end > from_s;
            for (start, end) in spans.iter().filter(lasts) {
                let is_same =
                    |(a, b): &(f64, f64)| (a - start).abs() < 0.01 && *b >= end - MEMORY_S;
                prop_assert!(found.iter().any(is_same), "{about}: {found:?}, so: {spans:?}");
            }
        }
        for (about, found) in &told {
            let so = truth.get(about).map_or(0, Vec::len);
            prop_assert!(found.len() <= so, "again: {about} {found:?}");
        }
    }

    /// Anything may have happened while nobody looked: nothing ends that lasts, nothing is raised
    /// that is not so, and what lasts is not raised again.
    #[test]
    fn what_nobody_saw_changes_no_event(
        (world, pause_s) in (upright_world(STAGES), pause()),
        (from_s, blind_s) in (0.5..38.0_f64, 0.1..25.0_f64),
        parts in 1..8_u32,
    ) {
        let config = hall(pause_s);
        let film = world.film();
        let end_s = world.length_s();
        let to_s = (from_s + blind_s).min(end_s);
        let seen = |from: f64, to: f64| -> Vec<Step> {
            let is_seen = |frame: &&Frame| (from..to).contains(&frame.at_s);
            looks(film.iter().filter(is_seen).cloned().collect())
        };
        let mut steps = seen(0.0, from_s);
        steps.extend(blind(from_s, to_s, parts));
        steps.extend(seen(to_s, end_s));
        let told = without_stillness(play_blind(&config, &steps)?);
        // A pause keeps quiet what is so all the same.
        let truth = spans(&play(&hall(0.0), &looks(film)), end_s);
        for (about, found) in spans(&told, end_s) {
            let Some(real) = truth.get(&about) else {
                return Err(TestCaseError::fail(format!("never so: {about} at {found:?}")));
            };
            prop_assert!(found.len() <= real.len(), "again: {about} {found:?}, so: {real:?}");
            for (start, end) in found {
                // What was so while nobody looked may be told when somebody does again.
                let before = if start < from_s { 0.1 } else { (start - from_s).max(MEMORY_S) };
                let is_so = real.iter().any(|(from, to)| {
                    *to >= start - before && *from <= start + DWELL_MAX_S + MEMORY_S
                });
                prop_assert!(is_so, "{about} at {start}, so: {real:?}");
                let lasts = end > from_s
                    && real.iter().any(|(from, to)| *from < end - 0.2 && end < *to - MEMORY_S);
                prop_assert!(!lasts, "{about} ended at {end}, so: {real:?}");
            }
        }
    }
}
