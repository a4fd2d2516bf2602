//! Fewer pictures, or later ones, tell the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use safe_yolo_core::{EventType, RuleType};

use crate::film::{Frame, RATE, Told, config, looks, play, raised, zones};
use crate::fixtures::by_the_dice;
use crate::orderly::world;

const STAGES: usize = 6;

fn pause() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(3600.0)]
}

/// Type, zone and subject of all that was raised and ended, sorted.
fn plain(told: &[Told]) -> Vec<String> {
    let mut plain: Vec<String> =
        told.iter().map(|t| format!("{} {}", t.about, t.kind.name())).collect();
    plain.sort();
    plain
}

/// How far apart the same may begin, seconds, when pictures are `gap_s` apart.
fn apart_s(told: &Told, gap_s: f64) -> f64 {
    let event = EventType::ALL.iter().find(|event| event.name() == told.about.event).unwrap();
    match event {
        // Seen in one picture.
        EventType::Entrance
        | EventType::Exit
        | EventType::DangerZoneIntrusion
        | EventType::WarningZoneIntrusion
        | EventType::Loitering
        | EventType::OccupancyAbove
        | EventType::LineCrossing
        | EventType::Proximity
        | EventType::Fall => gap_s,
        // Told from half a second of pictures, which may begin at another one,
        EventType::NearMiss => gap_s + 0.5,
        // when somebody stops who is slow as late as he has come through what counts as one place.
        EventType::Motionless => gap_s + 0.8,
        // Votes, entrances and the grace for who is out of sight take a time that has an end too.
        _ => 2.0 * gap_s,
    }
}

/// Both tell the same; what begins is seen a gap later at most, and the end of its dwell another.
fn same(dense: &[Told], thin: &[Told], gap_s: f64) -> Result<(), TestCaseError> {
    let (a, b) = (plain(dense), plain(thin));
    prop_assert!(a == b, "{:#?}\nof all pictures, of those left: {:#?}", a, b);
    for (a, b) in raised(dense).into_iter().zip(raised(thin)) {
        let (since, start) = ((a.since_s - b.since_s).abs(), (a.at_s - b.at_s).abs());
        let most_s = apart_s(a, gap_s) + 0.001;
        prop_assert!(since <= most_s, "begins {since} s apart: {:?} {:?}", a, b);
        prop_assert!(start <= most_s + gap_s, "starts {start} s apart: {:?} {:?}", a, b);
    }
    Ok(())
}

proptest! {
    #![proptest_config(by_the_dice(150))]

    #[test]
    fn fewer_pictures_tell_the_same(
        (world, pause_s) in (world(STAGES), pause()),
        (every, first) in (2..=3_usize).prop_flat_map(|every| (Just(every), 0..every)),
    ) {
        let config = config(zones(pause_s));
        let film = world.film();
        let thin = film.iter().skip(first).step_by(every).cloned().collect();
        let (dense, thin) = (play(&config, &looks(film)), play(&config, &looks(thin)));
        same(&dense, &thin, every as f64 / RATE)?;
    }

    #[test]
    fn pictures_that_come_late_tell_the_same(
        (world, pause_s) in (world(STAGES), pause()),
        delays in prop::collection::vec(0.0..0.2_f64, 1..40),
    ) {
        let config = config(zones(pause_s));
        let film = world.film();
        let mut last_s = -1.0_f64;
        let late = film.iter().zip(delays.iter().cycle()).map(|(frame, delay_s)| {
            last_s = (frame.at_s + delay_s).max(last_s + 0.001);
            Frame { at_s: last_s, ..frame.clone() }
        });
        let late = late.collect();
        let (dense, late) = (play(&config, &looks(film)), play(&config, &looks(late)));
        same(&dense, &late, 0.2 + 1.0 / RATE)?;
    }
}

/// The properties say something of every type: in a few of these worlds each is raised and ended.
#[test]
fn the_worlds_have_events_of_every_type() {
    let mut runner = TestRunner::deterministic();
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..40 {
        let world = world(STAGES).new_tree(&mut runner).unwrap().current();
        for t in play(&config(zones(0.0)), &looks(world.film())) {
            told.entry(t.about.event).or_default().insert(t.kind.name().to_owned());
        }
    }
    let own = [
        EventType::Entrance,
        EventType::Exit,
        EventType::DangerZoneIntrusion,
        EventType::WarningZoneIntrusion,
        EventType::HelmetMissing,
    ];
    let all = RuleType::ALL.iter().map(|rule| rule.event()).chain(own);
    for event in all {
        let kinds = told.get(event.name()).map_or(0, BTreeSet::len);
        let instant = matches!(event, EventType::Entrance | EventType::Exit);
        assert_eq!(kinds, if instant { 1 } else { 2 }, "{}: {told:?}", event.name());
    }
}
