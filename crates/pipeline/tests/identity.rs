//! Real identity: a person keeps their stay and their votes when the tracker gives them
//! another number. Measured on drawn scenes with the boxes of the truth, hidden ones left out:
//! `cargo test -p safe-yolo-pipeline --test identity -- --nocapture` prints the table.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, SegmentId, ZoneId};
use safe_yolo_rules::presence::Presence;
use safe_yolo_rules::subject::Subjects;
use safe_yolo_sim::Scene;
use safe_yolo_track::{Tracker, TrackerConfig};

/// Of whom less is seen is not detected.
const VISIBLE_MIN: f32 = 0.25;
/// Who overlaps somebody else by more is not asked who he is: the box may be either's.
const OVERLAP_MAX: f32 = 0.3;
/// Who is unseen for longer than the rules' grace has left, and comes as somebody new.
const UNSEEN_MAX_S: f64 = safe_yolo_rules::presence::GRACE_S;

/// What became of the people of a scene.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Kept {
    people: usize,
    /// How often a person got another number from the tracker.
    new_numbers: usize,
    /// How often a person was taken for another one by the rules.
    new_persons: usize,
    /// Persons of the rules that were two people of the scene.
    mixed: usize,
}

impl Kept {
    fn add(&mut self, other: Self) {
        self.people += other.people;
        self.new_numbers += other.new_numbers;
        self.new_persons += other.new_persons;
        self.mixed += other.mixed;
    }
}

/// A box a little off, differently in each picture.
fn detection(bbox: PixelBox, seed: u64) -> Detection {
    let off = |n: u64| {
        let mut x = (seed + n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 31;
        (x % 1000) as f32 / 1000.0 - 0.5
    };
    let (w, h) = (bbox.width(), bbox.height());
    let corners = [
        bbox.x1 + 0.06 * w * off(1),
        bbox.y1 + 0.04 * h * off(2),
        bbox.x2 + 0.06 * w * off(3),
        bbox.y2 + 0.04 * h * off(4),
    ];
    Detection { class: Class::Person, score: 0.8, bbox: PixelBox::from(corners) }
}

/// Plays a scene of so many seconds at a rate, through tracker and rules.
fn play(scenario: &str, seed: u64, rate: f64, seconds: f64, lost_s: f64) -> Kept {
    let scene = Scene::new(scenario, seed).unwrap();
    let config = TrackerConfig { lost_s, ..TrackerConfig::default() };
    let mut tracker = Tracker::new("cam".parse().unwrap(), SegmentId(1), config).unwrap();
    let mut subjects = Subjects::default();
    let mut persons = 0_u32;
    let (mut numbers, mut known) = (BTreeMap::new(), BTreeMap::new());
    let mut who: BTreeMap<ZoneId, BTreeSet<(u32, u32)>> = BTreeMap::new();
    // When each actor was last seen, and how often they came.
    let mut comings: BTreeMap<u32, (PictureTime, u32)> = BTreeMap::new();
    let mut kept = Kept::default();
    for number in 0..(seconds * rate) as u32 {
        let time = PictureTime::from_secs_f64(f64::from(number) / rate);
        let truth: Vec<_> =
            scene.truth(time).into_iter().filter(|p| p.visible >= VISIBLE_MIN).collect();
        let found: Vec<_> = truth
            .iter()
            .map(|p| detection(p.bbox, u64::from(number) * 64 + u64::from(p.actor) * 8 + seed))
            .collect();
        for person in &truth {
            let (seen, coming) = comings.entry(person.actor).or_insert((time, 0));
            *coming += u32::from(time.secs_since(*seen) > UNSEEN_MAX_S);
            *seen = time;
        }
        let tracks = tracker.update(time, &found).unwrap();
        subjects.observe(time, &tracks);
        subjects.take_gone();
        // Each person of the rules carries a mark of their own.
        for subject in subjects.all_mut() {
            if subject.presence.is_empty() {
                persons += 1;
                let mark: ZoneId = format!("person-{persons}").parse().unwrap();
                subject.presence.insert(mark, Presence::new(time));
            }
        }
        for subject in subjects.all().iter().filter(|subject| subject.matched) {
            let overlap = |p: &&safe_yolo_sim::TruthPerson| p.bbox.iou(&subject.bbox);
            let Some(person) = truth.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b))) else {
                continue;
            };
            let is_near = |other: &safe_yolo_sim::TruthPerson| {
                other.actor != person.actor && other.bbox.iou(&person.bbox) > OVERLAP_MAX
            };
            if overlap(&person) < 0.6 || truth.iter().any(is_near) {
                continue;
            }
            let who_it_is = (person.actor, comings[&person.actor].1);
            let mark = subject.presence.keys().next().unwrap();
            let same = |before: Option<u32>| before.is_none_or(|n| n == subject.track.number);
            kept.new_numbers += usize::from(!same(numbers.insert(who_it_is, subject.track.number)));
            let before = known.insert(who_it_is, mark.clone());
            kept.new_persons += usize::from(before.is_some_and(|before| before != *mark));
            who.entry(mark.clone()).or_default().insert(who_it_is);
        }
    }
    kept.people = known.len();
    kept.mixed = who.values().filter(|actors| actors.len() > 1).count();
    kept
}

/// All seeds and rates of a scenario.
fn measure(scenario: &str, seeds: u64, seconds: f64, lost_s: f64) -> Kept {
    let mut all = Kept::default();
    for seed in 1..=seeds {
        for rate in [4.0, 10.0, 15.0] {
            all.add(play(scenario, seed, rate, seconds, lost_s));
        }
    }
    println!(
        "| `{scenario}` | {lost_s} s | {} | {} | {} | {} |",
        all.people, all.new_numbers, all.new_persons, all.mixed
    );
    all
}

/// A second behind a pillar: with the tracker's own memory the number stays, with a
/// shorter one the person does.
#[test]
fn who_was_behind_the_pillar_is_the_same_person() {
    println!("| scenario | tracks kept | people | new numbers | new persons | mixed |");
    let own = measure("pillar", 10, 16.0, TrackerConfig::default().lost_s);
    assert_eq!((own.people, own.new_persons, own.mixed), (30, 0, 0));
    let short = measure("pillar", 10, 16.0, 0.3);
    assert!(short.new_numbers >= 30, "the pillar must take the number away: {short:?}");
    assert_eq!((short.people, short.new_persons, short.mixed), (30, 0, 0));
}

/// Ten who hide each other. Some are mistaken where two cross, as numbers are; but of
/// what a short memory of the tracker loses, the rules find most again.
#[test]
fn in_a_crowd_most_who_lose_their_number_stay_who_they_are() {
    let own = measure("crowd", 2, 60.0, TrackerConfig::default().lost_s);
    assert!(own.people >= 60 && own.new_persons <= own.new_numbers, "{own:?}");
    let short = measure("crowd", 2, 60.0, 0.3);
    assert!(short.new_numbers > own.new_numbers, "{short:?}");
    assert!(short.new_persons <= own.new_persons, "{short:?}");
}
