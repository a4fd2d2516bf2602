//! Looks at made-up cameras, on given clocks.

use std::collections::BTreeSet;

use proptest::prelude::*;
use safe_yolo_core::config::default_pause_s;
use safe_yolo_core::{Anchor, Calendar, Polygon, ZoneType};

use super::*;

/// 2026-01-31T08:00:00Z, the begin of an hour.
const EIGHT: Utc = Utc(1_769_846_400_000_000);
const HOUR: i64 = safe_yolo_store::statistics::HOUR_US;
const SECOND: i64 = 1_000_000;

fn config() -> CameraConfig {
    let corners = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]];
    let zone = |id: &str| Zone {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        zone_type: ZoneType::Danger,
        points: Polygon::new(corners.into_iter().map(Into::into).collect()).unwrap(),
        place: None,
        anchor: Anchor::default(),
        active: true,
        schedule: None,
        dwell_s: 2.0,
        pause_s: default_pause_s(),
        require: BTreeSet::from([Equipment::Helmet]),
        rules: Vec::new(),
    };
    CameraConfig {
        id: "yard".parse().unwrap(),
        name: "yard".to_owned(),
        source: "sim://quiet".to_owned(),
        enabled: true,
        repeat: false,
        analysis_rate_max: 10.0,
        zones: vec![zone("press"), zone("gate")],
        version: 1,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: Calendar::new("Asia/Seoul", &[]).unwrap(),
    }
}

fn zone_seen(id: &str, worn: &[Verdict]) -> SeenZone {
    SeenZone {
        id: id.parse().unwrap(),
        is_judged: true,
        is_off: false,
        worn: worn.iter().map(|verdict| (Equipment::Helmet, *verdict)).collect(),
    }
}

fn live(config: &CameraConfig, seen: Option<Seen>) -> Look<'_> {
    Look { config, state: CameraState::Live, reason: None, seen }
}

fn blind(config: &CameraConfig, reason: BlindReason) -> Look<'_> {
    Look { config, state: CameraState::Offline, reason: Some(reason), seen: None }
}

/// Microseconds by what, of the camera as a whole or of a zone.
fn times(figures: &Figures, zone: Option<&str>) -> BTreeMap<&'static str, i64> {
    let mut times = BTreeMap::new();
    for time in &figures.watched {
        if time.zone.as_ref().map(ZoneId::as_str) == zone {
            let name = match time.what {
                Watch::Analysed => "analysed",
                Watch::Blind(reason) => reason,
            };
            *times.entry(name).or_default() += time.us;
        }
    }
    times
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn only_live_counts_as_analysed() {
    let config = config();
    for state in CameraState::ALL {
        let mut sums = Sums::default();
        let seen = Seen { cells: vec![5], zones: vec![zone_seen("press", &[Verdict::Present])] };
        for now in 0..3 {
            let look = Look {
                config: &config,
                state,
                reason: Some(BlindReason::Dark),
                seen: Some(seen.clone()),
            };
            assert_eq!(sums.look(seconds(now), EIGHT, [look].into_iter()), 0);
        }
        let figures = sums.take();
        let what = if state == CameraState::Live { "analysed" } else { "dark" };
        assert_eq!(times(&figures, None), BTreeMap::from([(what, 2 * SECOND)]), "{state}");
        assert_eq!(times(&figures, Some("press")), BTreeMap::from([(what, 2 * SECOND)]));
        assert_eq!(figures.equipment.is_empty(), state != CameraState::Live, "{state}");
        assert_eq!(figures.heat.is_empty(), state != CameraState::Live, "{state}");
    }
}

#[test]
fn a_late_look_counts_five_seconds_and_the_rest_as_not_watched() {
    let (config, mut sums) = (config(), Sums::default());
    sums.look(seconds(10), EIGHT, [live(&config, None)].into_iter());
    let late = EIGHT.plus_micros(3 * SECOND);
    sums.look(seconds(30), late, [live(&config, None)].into_iter());
    let figures = sums.take();
    let expected = BTreeMap::from([("analysed", 5 * SECOND), ("unobserved", 15 * SECOND)]);
    assert_eq!(times(&figures, None), expected);
    // Three of twenty seconds lie in the new hour.
    let new: i64 = figures
        .watched
        .iter()
        .filter(|time| time.zone.is_none() && time.hour == EIGHT.micros())
        .map(|time| time.us)
        .sum();
    assert_eq!(new, 3 * SECOND);
}

#[test]
fn a_zone_is_watched_only_while_its_rules_can_speak() {
    let (mut config, mut sums) = (config(), Sums::default());
    config.zones[1].active = false;
    let zone = |is_judged, is_off| SeenZone { is_judged, is_off, ..zone_seen("press", &[]) };
    let rounds = [
        (Some(zone(true, false)), "analysed"),
        (Some(zone(false, false)), "unknown"),
        (Some(zone(true, true)), "off"),
    ];
    sums.look(seconds(0), EIGHT, [live(&config, None)].into_iter());
    for (now, (zone, what)) in (1..).zip(rounds) {
        let seen = Seen { cells: Vec::new(), zones: zone.into_iter().collect() };
        sums.look(seconds(now), EIGHT, [live(&config, Some(seen))].into_iter());
        let figures = sums.take();
        assert_eq!(times(&figures, Some("press")), BTreeMap::from([(what, SECOND)]));
        assert_eq!(times(&figures, Some("gate")), BTreeMap::from([("off", SECOND)]));
        assert_eq!(times(&figures, None), BTreeMap::from([("analysed", SECOND)]));
    }
}

#[test]
fn people_and_what_they_wear_are_added_up() {
    let (config, mut sums) = (config(), Sums::default());
    let worn = [Verdict::Present, Verdict::Missing, Verdict::Missing, Verdict::Unknown];
    let seen =
        || Some(Seen { cells: vec![5, 5, 1295, 7777], zones: vec![zone_seen("press", &worn)] });
    for now in 0..=10 {
        sums.look(seconds(now), EIGHT, [live(&config, seen())].into_iter());
    }
    let figures = sums.take();
    let hour = EIGHT.micros() - HOUR;
    let expected = EquipmentTime {
        zone: "press".parse().unwrap(),
        item: Equipment::Helmet,
        hour,
        present_us: 10 * SECOND,
        missing_us: 20 * SECOND,
        unknown_us: 10 * SECOND,
    };
    assert_eq!(figures.equipment, [expected]);
    let heat = &figures.heat[0];
    // Eight in the morning of Greenwich is the evening of the same day in Seoul.
    assert_eq!(
        (heat.day.as_str(), heat.cells_ms[5], heat.cells_ms[1295]),
        ("2026-01-31", 20_000, 10_000)
    );
    assert_eq!(heat.cells_ms.iter().sum::<u32>(), 30_000);
}

#[test]
fn what_was_seen_last_stands_for_some_seconds_and_not_over_blindness() {
    let (config, mut sums) = (config(), Sums::default());
    let seen = Seen { cells: vec![5], zones: vec![zone_seen("press", &[Verdict::Present])] };
    sums.look(seconds(0), EIGHT, [live(&config, Some(seen.clone()))].into_iter());
    for now in 1..=8 {
        sums.look(seconds(now), EIGHT, [live(&config, None)].into_iter());
    }
    let figures = sums.take();
    assert_eq!(figures.equipment[0].present_us, 5 * SECOND);
    let zone = times(&figures, Some("press"));
    assert_eq!(zone, BTreeMap::from([("analysed", 5 * SECOND), ("analysis_late", 3 * SECOND)]));

    sums.look(seconds(9), EIGHT, [live(&config, Some(seen))].into_iter());
    sums.look(seconds(10), EIGHT, [blind(&config, BlindReason::NoPictures)].into_iter());
    sums.take();
    sums.look(seconds(11), EIGHT, [live(&config, None)].into_iter());
    let figures = sums.take();
    assert!(figures.equipment.is_empty(), "nobody is known to have stayed while it was blind");
}

#[test]
fn what_could_not_be_stored_is_not_lost() {
    let (config, mut sums) = (config(), Sums::default());
    let seen =
        || Some(Seen { cells: vec![5], zones: vec![zone_seen("press", &[Verdict::Present])] });
    for now in 0..=4 {
        sums.look(seconds(now), EIGHT, [live(&config, seen())].into_iter());
    }
    let refused = sums.take();
    for now in 5..=7 {
        sums.look(seconds(now), EIGHT, [live(&config, seen())].into_iter());
    }
    assert_eq!(sums.put_back(refused), 0);
    let figures = sums.take();
    assert_eq!(times(&figures, None), BTreeMap::from([("analysed", 7 * SECOND)]));
    assert_eq!(figures.equipment[0].present_us, 7 * SECOND);
    assert_eq!(figures.heat[0].cells_ms[5], 7000);
    assert_eq!(sums.take(), Figures::default());
}

#[test]
fn sums_have_an_end_that_is_told() {
    let (config, mut sums) = (config(), Sums::default());
    for n in 0..i64::try_from(WATCHED_MAX).unwrap() {
        let key = (config.id.clone(), None, n, Watch::Analysed);
        assert!(add(&mut sums.watched, WATCHED_MAX, key, 1));
    }
    sums.look(seconds(0), EIGHT, std::iter::empty());
    let lost = sums.look(seconds(1), EIGHT, [live(&config, None)].into_iter());
    assert_eq!(lost, 3, "the camera and two zones");
    assert_eq!(sums.watched.len(), WATCHED_MAX);
}

proptest! {
    /// However late looks come, no moment is counted twice or left out.
    #[test]
    fn all_time_is_counted_once(gaps in prop::collection::vec((0_u64..20_000_000, any::<bool>()), 1..60)) {
        let (config, mut sums) = (config(), Sums::default());
        let (mut now, mut at) = (Duration::ZERO, EIGHT.plus_micros(-5 * SECOND));
        sums.look(now, at, [live(&config, None)].into_iter());
        for (gap, is_live) in &gaps {
            now += Duration::from_micros(*gap);
            at = at.plus_micros(i64::try_from(*gap).unwrap());
            let look = if *is_live { live(&config, None) } else { blind(&config, BlindReason::Dark) };
            sums.look(now, at, [look].into_iter());
        }
        let figures = sums.take();
        let total: i64 = times(&figures, None).values().sum();
        prop_assert_eq!(total, i64::try_from(now.as_micros()).unwrap());
        for time in &figures.watched {
            prop_assert!(time.us <= HOUR);
        }
    }

    /// Time is given to the hours in which it was.
    #[test]
    fn time_is_spread_over_its_hours(end in 0_i64..100_000_000_000, us in 0_i64..20_000_000_000) {
        let parts: Vec<(i64, i64)> = spread(Utc(end), us).collect();
        prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>(), us);
        for (hour, part) in parts {
            let overlap = end.min(hour + HOUR) - (end - us).max(hour);
            prop_assert_eq!(part, overlap);
        }
    }
}
