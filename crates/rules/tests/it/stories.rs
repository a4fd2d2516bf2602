//! What must be so of every rule, one at a time and exactly, whatever happens when: pictures may be fewer, nobody may look for
//! a while, boxes may come in another order, tracks may have other numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Class, Detection, Equipment, EventChange, EventType, PictureTime, PixelBox, Rule,
    RuleKind, SegmentId, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, RuleVerdict, ZoneVerdict};
use serde_json::json;

use crate::fixtures::{by_the_dice, config, every_class, picture, track, zone};

/// Pictures a second of the camera.
const RATE: f64 = 15.0;
/// Dwell of all that have one, seconds.
const DWELL_S: f64 = 4.0;
/// Longest time between two pictures when they are thinned, seconds.
const GAP_S: f64 = 0.6;

/// What is seen in one picture.
#[derive(Debug, Clone, Default)]
struct Seen {
    people: Vec<(u32, PixelBox)>,
    things: Vec<(Class, PixelBox)>,
}

/// A rule, and how its condition looks while it holds and while it does not, by the seconds since
/// that began.
struct Case {
    event: EventType,
    zone: Zone,
    dwell_s: f64,
    holds: fn(f64) -> Seen,
    clear: fn(f64) -> Seen,
    /// How long after its end it may still be told of: votes and windows.
    lag_s: f64,
    /// Ends by itself so long after it began.
    lasts_s: f64,
}

fn standing(x: f32) -> PixelBox {
    PixelBox::from_xywh(x, 250.0, 70.0, 200.0)
}

fn forklift(x: f32) -> (Class, PixelBox) {
    (Class::Forklift, PixelBox::from_xywh(x, 260.0, 150.0, 190.0))
}

fn there(class: Class) -> (Class, PixelBox) {
    (class, PixelBox::from_xywh(700.0, 380.0, 40.0, 70.0))
}

/// From one place to another within so many seconds.
fn on_the_way(from: f32, to: f32, seconds: f64, elapsed: f64) -> f32 {
    from + (to - from) * (elapsed / seconds).clamp(0.0, 1.0) as f32
}

const INSIDE: f32 = 600.0;
const OUTSIDE: f32 = 100.0;

fn people(places: &[f32]) -> Seen {
    Seen { people: (1..).zip(places.iter().map(|x| standing(*x))).collect(), things: Vec::new() }
}

fn thing(class: Class) -> Seen {
    Seen { people: Vec::new(), things: vec![there(class)] }
}

fn with_forklift(x: f32) -> Seen {
    Seen { things: vec![forklift(x)], ..people(&[500.0]) }
}

fn helmet(class: Class) -> Seen {
    let head = PixelBox::from_xywh(INSIDE + 20.0, 250.0, 30.0, 25.0);
    Seen { things: vec![(class, head)], ..people(&[INSIDE]) }
}

/// Two people, the second a second later, who leave after four.
fn two_come_in(elapsed: f64) -> Seen {
    let place = |from: f64| {
        if (from..4.0).contains(&elapsed) { INSIDE + 200.0 * from as f32 } else { OUTSIDE }
    };
    people(&[place(0.0), place(1.0)])
}

fn case(rule: serde_json::Value, holds: fn(f64) -> Seen, clear: fn(f64) -> Seen) -> Case {
    let rule: Rule = serde_json::from_value(rule).unwrap();
    let (event, dwell_s) = (rule.event(), rule.dwell_s);
    let lag_s = match rule.kind {
        RuleKind::ObjectMissing { .. }
        | RuleKind::ObjectPresent { .. }
        | RuleKind::Fire
        | RuleKind::Smoke => 3.5,
        // Half a second makes sure of an exit, and half a second of the end.
        RuleKind::OccupancyAbove { .. }
        | RuleKind::OccupancyBelow { .. }
        | RuleKind::LoneWorker => 1.2,
        _ => 0.7,
    };
    let lasts_s = match rule.kind {
        RuleKind::EntriesAbove { window_s, .. } => window_s + 2.0,
        _ => f64::INFINITY,
    };
    let zone = Zone { rules: vec![rule], ..zone(ZoneType::Custom) };
    Case { event, zone, dwell_s, holds, clear, lag_s, lasts_s }
}

/// One of every rule.
fn cases() -> Vec<Case> {
    let lasting = |kind: &str| json!({ "type": kind, "dwell_s": DWELL_S, "pause_s": 0.0 });
    let of = |mut rule: serde_json::Value, more: serde_json::Value| {
        let (Some(all), Some(more)) = (rule.as_object_mut(), more.as_object()) else { panic!() };
        all.extend(more.clone());
        rule
    };
    let inside = |_: f64| people(&[INSIDE]);
    let outside = |_: f64| people(&[OUTSIDE]);
    vec![
        Case {
            event: EventType::WarningZoneIntrusion,
            zone: Zone { dwell_s: DWELL_S, pause_s: 0.0, ..zone(ZoneType::Warning) },
            dwell_s: DWELL_S,
            holds: inside,
            clear: outside,
            lag_s: 0.7,
            lasts_s: f64::INFINITY,
        },
        Case {
            event: EventType::HelmetMissing,
            zone: Zone {
                dwell_s: 2.0,
                pause_s: 0.0,
                require: [Equipment::Helmet].into(),
                ..zone(ZoneType::Custom)
            },
            // Six tenths of the window must be seen, seven tenths of that bare.
            dwell_s: 0.8,
            holds: |_| helmet(Class::NoHelmet),
            clear: |_| helmet(Class::Helmet),
            lag_s: 2.0,
            lasts_s: f64::INFINITY,
        },
        case(lasting("loitering"), inside, outside),
        case(
            of(lasting("occupancy_above"), json!({ "people": 1 })),
            |_| people(&[INSIDE, 800.0]),
            |_| people(&[INSIDE, OUTSIDE]),
        ),
        case(of(lasting("occupancy_below"), json!({ "people": 1 })), outside, inside),
        case(lasting("lone_worker"), |_| people(&[INSIDE, OUTSIDE]), |_| people(&[INSIDE, 800.0])),
        case(
            json!({ "type": "entries_above", "people": 1, "window_s": 10.0, "pause_s": 0.0 }),
            two_come_in,
            |_| people(&[OUTSIDE, OUTSIDE]),
        ),
        case(
            json!({ "type": "line_crossing", "line": [[0.6667, 1.0], [0.6667, 0.5]], "direction": "to_left" }),
            |elapsed| people(&[on_the_way(800.0, 500.0, 1.6, elapsed)]),
            |elapsed| people(&[on_the_way(500.0, 800.0, 2.0, elapsed)]),
        ),
        case(
            of(lasting("object_missing"), json!({ "class": "fire_extinguisher" })),
            |_| Seen::default(),
            |_| thing(Class::FireExtinguisher),
        ),
        case(
            of(lasting("object_present"), json!({ "class": "machinery" })),
            |_| thing(Class::Machinery),
            |_| Seen::default(),
        ),
        case(
            of(lasting("proximity"), json!({ "class": "forklift", "distance": 0.5 })),
            |elapsed| with_forklift(on_the_way(800.0, 590.0, 0.5, elapsed)),
            |elapsed| with_forklift(on_the_way(590.0, 800.0, 0.5, elapsed)),
        ),
        case(
            json!({ "type": "near_miss", "class": "forklift", "distance": 0.6, "speed": 0.3, "pause_s": 0.0 }),
            |elapsed| with_forklift(on_the_way(800.0, 590.0, 1.2, elapsed)),
            |elapsed| with_forklift(on_the_way(590.0, 800.0, 3.0, elapsed)),
        ),
        case(
            lasting("fall"),
            |_| Seen {
                people: vec![(1, PixelBox::from_xywh(440.0, 385.0, 190.0, 65.0))],
                things: Vec::new(),
            },
            |_| people(&[500.0]),
        ),
        case(lasting("motionless"), inside, |elapsed| {
            people(&[INSIDE + 180.0 + 120.0 * (elapsed * 1.6).sin() as f32])
        }),
        case(lasting("fire"), |_| thing(Class::Fire), |_| Seen::default()),
        case(lasting("smoke"), |_| thing(Class::Smoke), |_| Seen::default()),
    ]
}

impl Case {
    fn config(&self) -> Arc<CameraConfig> {
        Arc::new(config(vec![self.zone.clone()]))
    }

    /// Whether one picture that shows it is enough, so that short ones count too.
    fn is_instant(&self) -> bool {
        self.dwell_s < DWELL_S
    }
}

/// From when until when the condition holds, seconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: f64,
    until: f64,
}

/// Long times in which it does not hold, and between them times in which it does: longer than
/// the dwell and what must be granted, or far shorter than it.
#[derive(Debug, Clone)]
struct Story {
    clear: Vec<f64>,
    /// Beyond the dwell, or a part of it when it is short.
    holds: Vec<(bool, f64)>,
}

impl Story {
    fn any() -> impl Strategy<Value = Self> {
        let clear = prop::collection::vec(14.0..20.0, 4);
        let holds = prop::collection::vec((prop::bool::weighted(0.7), 0.0..1.0), 3);
        (clear, holds).prop_map(|(clear, holds)| Self { clear, holds })
    }

    /// When the condition of this rule holds, each with whether that is long enough for an event.
    fn stretches(&self, case: &Case) -> Vec<(Stretch, bool)> {
        let mut now = self.clear[0];
        let mut all = Vec::new();
        for ((long, part), clear) in self.holds.iter().zip(&self.clear[1..]) {
            let long = *long || case.is_instant();
            let seconds =
                if long { case.dwell_s + 6.0 + 6.0 * part } else { 0.2 + part * (DWELL_S - 3.4) };
            all.push((Stretch { from: now, until: now + seconds }, long));
            now += seconds + clear;
        }
        all
    }

    fn seconds(&self, case: &Case) -> f64 {
        let last = self.stretches(case).last().map_or(0.0, |(stretch, _)| stretch.until);
        last + self.clear.last().unwrap()
    }

    /// What is seen at this second.
    fn at(&self, case: &Case, now: f64) -> Seen {
        let stretches = self.stretches(case);
        if let Some((stretch, _)) = stretches.iter().find(|(s, _)| (s.from..s.until).contains(&now))
        {
            return (case.holds)(now - stretch.from);
        }
        let before = stretches.iter().rev().find(|(stretch, _)| stretch.until <= now);
        // Long ago whatever was before the story is over.
        (case.clear)(before.map_or(now + 100.0, |(stretch, _)| now - stretch.until))
    }
}

/// What the judge is told of one moment.
enum Told {
    Picture,
    Blind,
    Nothing,
}

/// Something that was raised or ended.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    at: f64,
    raised: bool,
    track: Option<u32>,
    /// Since when it was so.
    since: f64,
}

/// What became of a story.
struct Outcome {
    changes: Vec<Change>,
    /// The moments at which nobody looked, and what was said then.
    blind: Vec<(f64, RuleVerdict, ZoneVerdict)>,
}

fn play(
    case: &Case,
    story: &Story,
    told: impl Fn(f64) -> Told,
    show: impl Fn(Seen) -> Seen,
) -> Outcome {
    let mut judge = Judge::new(SegmentId(1), case.config(), every_class());
    let (mut changes, mut blind) = (Vec::new(), Vec::new());
    let mut last = PictureTime::default();
    for number in 0..(story.seconds(case) * RATE) as u32 {
        let now = f64::from(number) / RATE;
        let time = PictureTime::from_secs_f64(now);
        let fed = match told(now) {
            Told::Nothing => continue,
            Told::Blind => {
                judge.feed(&Entry::NotAnalysed { from: last, to: time, reason: "covered" })
            }
            Told::Picture => {
                let seen = show(story.at(case, now));
                let tracks: Vec<_> =
                    seen.people.iter().map(|(n, bbox)| track(*n, *bbox, time)).collect();
                let detection = |(class, bbox): &(Class, PixelBox)| Detection {
                    class: *class,
                    score: 0.7,
                    bbox: *bbox,
                };
                let detections: Vec<_> = seen.things.iter().map(detection).collect();
                judge.feed(&Entry::Picture(picture(time, &tracks, &detections)))
            }
        };
        last = time;
        changes.extend(fed.iter().filter_map(|change| of_rule(case, change, now)));
        if let Told::Blind = told(now) {
            let zone = judge.view().zones.remove(0);
            let rule = zone.rules.first().map_or(RuleVerdict::Unknown, |rule| rule.verdict);
            blind.push((now, rule, zone.verdict));
        }
    }
    Outcome { changes, blind }
}

fn of_rule(case: &Case, change: &EventChange, at: f64) -> Option<Change> {
    let raised = match change.kind {
        ChangeKind::Raised => true,
        ChangeKind::Ended => false,
        _ => return None,
    };
    (change.event.event_type == case.event).then(|| Change {
        at,
        raised,
        track: change.event.track.as_ref().map(|track| track.number),
        since: change.event.details["since_s"].as_f64().unwrap(),
    })
}

impl Outcome {
    fn raised(&self) -> Vec<&Change> {
        self.changes.iter().filter(|change| change.raised).collect()
    }
}

/// Every picture.
const fn all(_: f64) -> Told {
    Told::Picture
}

/// Which pictures are left when they are thinned by these dice.
fn thinned(dice: &[u8]) -> BTreeSet<u32> {
    let most = (GAP_S * RATE) as u32;
    let mut left = BTreeSet::new();
    let mut next = 0;
    for dice in dice.iter().cycle() {
        if next > 4000 {
            break;
        }
        left.insert(next);
        next += 1 + u32::from(*dice) % most;
    }
    left
}

fn number(now: f64) -> u32 {
    (now * RATE).round() as u32
}

/// For how long it has been seen to hold, seconds: since it was last seen not to for longer than
/// that is bridged. Not to look for up to two seconds is no gap.
fn watched_s(case: &Case, story: &Story, until: f64, is_blind: impl Fn(f64) -> bool) -> f64 {
    let stretches = story.stretches(case);
    let (mut held, mut clear, mut blind) = (0.0, 0.0, 0.0);
    for number in (0..=number(until)).rev() {
        let now = f64::from(number) / RATE;
        if is_blind(now) {
            blind += 1.0 / RATE;
            continue;
        }
        let gap = if blind <= 2.1 { blind } else { 0.0 };
        blind = 0.0;
        if stretches.iter().any(|(s, _)| (s.from..s.until).contains(&now)) {
            held += clear + gap + 1.0 / RATE;
            clear = 0.0;
        } else {
            clear += gap + 1.0 / RATE;
        }
        if clear > case.lag_s {
            break;
        }
    }
    held
}

proptest! {
    #![proptest_config(by_the_dice(24))]

    /// A story is told as it is: an event for each time that is long enough, and none for others.
    #[test]
    fn what_lasts_is_told_once_and_what_does_not_never(story in Story::any()) {
        for case in cases() {
            let outcome = play(&case, &story, all, |seen| seen);
            let long: Vec<Stretch> =
                story.stretches(&case).iter().filter(|(_, long)| *long).map(|(s, _)| *s).collect();
            let raised = outcome.raised();
            prop_assert_eq!(raised.len(), long.len(), "{:?}: {:?} of {:?}", case.event, raised, long);
            for (change, stretch) in raised.iter().zip(&long) {
                let due = stretch.from + case.dwell_s;
                prop_assert!(
                    (due - 0.1..=due + 4.0).contains(&change.at),
                    "{:?}: {:?} of {:?}", case.event, change, stretch
                );
            }
        }
    }

    /// Thinning pictures changes no event's type, place or subject, and moves it by the gap at most.
    #[test]
    fn fewer_pictures_tell_the_same(
        story in Story::any(), dice in prop::collection::vec(any::<u8>(), 40),
    ) {
        let left = thinned(&dice);
        for case in cases() {
            let whole = play(&case, &story, all, |seen| seen);
            let thin = |now: f64| match left.contains(&number(now)) {
                true => Told::Picture,
                false => Told::Nothing,
            };
            let thinned = play(&case, &story, thin, |seen| seen);
            let (whole, thinned) = (whole.raised(), thinned.raised());
            let who = |changes: &[&Change]| changes.iter().map(|c| c.track).collect::<Vec<_>>();
            prop_assert_eq!(who(&thinned), who(&whole), "{:?}: {:?} {:?}", case.event, thinned, whole);
            for (thin, full) in thinned.iter().zip(&whole) {
                // What begins between two pictures is seen in the next, and so is the end of its dwell.
                let gap = GAP_S + 1.0 / RATE + 1e-3;
                prop_assert!(
                    (thin.since - full.since).abs() <= gap && (thin.at - full.at).abs() <= 2.0 * gap,
                    "{:?}: {:?} instead of {:?} of {:?} seen at {:?}",
                    case.event, thin, full, story.stretches(&case),
                    left.iter().map(|n| f64::from(*n) / RATE)
                        .filter(|at| (full.since - 1.0..thin.since + 1.0).contains(at))
                        .collect::<Vec<_>>()
                );
            }
        }
    }

    /// While nobody looks every rule is UNKNOWN and nothing is raised or ended; afterwards nothing is
    /// raised that is not so, nothing twice, nothing that lasts is ended, and what lasts for its
    /// dwell in sight is told.
    #[test]
    fn unknown_is_never_counted_as_clear(
        story in Story::any(),
        gaps in prop::collection::vec((0.0..100.0_f64, 0.2..20.0_f64), 1..5),
    ) {
        let is_blind = |now: f64| gaps.iter().any(|(from, long)| (*from..from + long).contains(&now));
        for case in cases() {
            let told = |now: f64| if is_blind(now) { Told::Blind } else { Told::Picture };
            let outcome = play(&case, &story, told, |seen| seen);
            for (at, rule, zone) in &outcome.blind {
                prop_assert_eq!(*rule, RuleVerdict::Unknown, "{:?} at {}", case.event, at);
                prop_assert_eq!(*zone, ZoneVerdict::Unknown, "{:?} at {}", case.event, at);
            }
            let stretches = story.stretches(&case);
            let mut open: BTreeMap<Option<u32>, f64> = BTreeMap::new();
            for change in &outcome.changes {
                prop_assert!(!is_blind(change.at), "{:?}: {:?} while blind", case.event, change);
                let now = stretches.iter().map(|(stretch, _)| stretch).find(|stretch| {
                    let until = stretch.until.max(stretch.from + case.lasts_s.min(1000.0));
                    let until = if case.lasts_s.is_finite() { until } else { stretch.until };
                    (stretch.from..=until + case.lag_s).contains(&change.at)
                });
                if change.raised {
                    let twice = open.insert(change.track, change.at);
                    prop_assert_eq!(twice, None, "{:?}: {:?} twice", case.event, change);
                    let Some(stretch) = now else {
                        return Err(TestCaseError::fail(format!("{:?}: {change:?} is not so in {stretches:?} with {gaps:?}", case.event)));
                    };
                    let watched = watched_s(&case, &story, change.at, is_blind);
                    prop_assert!(
                        // A forklift needs a moment to get away.
                        watched >= case.dwell_s - 0.5,
                        "{:?}: {:?} after {} s in {:?} of {:?} with {:?}",
                        case.event, change, watched, stretch, stretches, gaps
                    );
                } else {
                    prop_assert!(open.remove(&change.track).is_some(), "{:?}: {:?}", case.event, change);
                    // What happens in a moment ends by itself.
                    let lasts = stretches.iter().any(|(stretch, _)| {
                        (stretch.from + 0.7 + case.lag_s..stretch.until).contains(&change.at)
                    });
                    let ends_itself = matches!(
                        case.event,
                        EventType::NearMiss | EventType::LineCrossing | EventType::EntriesAbove
                    );
                    prop_assert!(
                        !lasts || ends_itself,
                        "{:?}: {:?} ended though it lasts: {:?} {:?}", case.event, change, stretches, gaps
                    );
                }
            }
        }
    }

    /// In which order boxes come changes nothing, nor do other numbers of the tracks.
    #[test]
    fn order_and_numbers_of_boxes_mean_nothing(story in Story::any(), first in 10_u32..1000) {
        for case in cases() {
            let plain = play(&case, &story, all, |seen| seen);
            let other = play(&case, &story, all, |mut seen| {
                seen.things.reverse();
                seen.people.reverse();
                seen.people.iter_mut().for_each(|(number, _)| *number += first);
                seen
            });
            let renumbered = |change: &Change| Change {
                track: change.track.map(|number| number + first),
                ..change.clone()
            };
            let mut expected: Vec<Change> = plain.changes.iter().map(renumbered).collect();
            let mut found = other.changes;
            let by_time = |a: &Change, b: &Change| a.at.total_cmp(&b.at).then(a.track.cmp(&b.track));
            expected.sort_by(by_time);
            found.sort_by(by_time);
            prop_assert_eq!(found, expected, "{:?}", case.event);
        }
    }
}
