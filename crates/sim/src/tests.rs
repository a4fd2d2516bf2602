//! The scenes' promises: the same bytes for a seed, and a truth that fits the scripts.

use std::fmt::Write as _;

use safe_yolo_core::{Class, PictureSize, PictureTime, Polygon};

use super::camera::Camera;
use super::{LookSet, Posture, Scene, SceneError, TruthKind, TruthPerson};

const SIZE: PictureSize = Camera::USUAL.size;

pub(super) fn scene(name: &str, seed: u64) -> Scene {
    Scene::new(name, seed).unwrap()
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3))
}

fn rendered(name: &str, seed: u64, seconds: f64) -> u64 {
    let mut rgb = Vec::new();
    let scene = scene(name, seed);
    scene.render(PictureTime::from_secs_f64(seconds), &mut rgb);
    assert_eq!(rgb.len(), scene.size().width as usize * scene.size().height as usize * 3);
    hash(&rgb)
}

pub(super) fn pictures(scene: &Scene) -> impl Iterator<Item = (f64, Vec<TruthPerson>)> + '_ {
    let count = (scene.duration() * scene.rate()) as u32;
    (0..count).map(move |i| {
        let seconds = f64::from(i) / scene.rate();
        (seconds, scene.truth(PictureTime::from_secs_f64(seconds)))
    })
}

/// First and last second an actor's foot is in the first zone, and how many times he came.
fn stay(scene: &Scene, actor: u32) -> (f64, f64, u32) {
    let zone = Polygon::new(scene.zones()[0].points.clone()).unwrap();
    let (mut first, mut last, mut visits, mut inside) = (f64::MAX, f64::MIN, 0, false);
    for (seconds, people) in pictures(scene) {
        let was = inside;
        inside = people.iter().any(|p| p.actor == actor && zone.contains(p.foot.to_fraction(SIZE)));
        if inside {
            (first, last) = (first.min(seconds), last.max(seconds));
            visits += u32::from(!was);
        }
    }
    (first, last, visits)
}

#[test]
fn a_picture_is_a_function_of_scenario_seed_and_time() {
    for name in Scene::SCENARIOS {
        assert_eq!(rendered(name, 7, 4.2), rendered(name, 7, 4.2));
        assert_ne!(rendered(name, 7, 4.2), rendered(name, 8, 4.2));
        assert_ne!(
            rendered(name, 7, 4.2),
            rendered(name, 7, 4.3),
            "the noise of {name} stands still"
        );
    }
    assert_ne!(rendered("demo", 1, 4.2), rendered("helmets", 1, 4.2));
}

#[test]
fn unknown_scenarios_are_refused_with_the_known_ones() {
    let error = Scene::new("moon", 1).err().unwrap();
    assert_eq!(error, SceneError::Unknown { name: "moon".to_owned() });
    let text = error.to_string();
    assert!(Scene::SCENARIOS.iter().all(|name| text.contains(name)), "{text}");
    assert!(Scene::SCENARIOS.is_sorted());
}

#[test]
fn zones_are_polygons_with_names_of_their_own() {
    for name in Scene::SCENARIOS {
        let zones = scene(name, 1).zones();
        assert!(!zones.is_empty());
        for zone in &zones {
            Polygon::new(zone.points.clone()).unwrap();
            assert_eq!(zones.iter().filter(|other| other.name_ko == zone.name_ko).count(), 1);
        }
    }
}

#[test]
fn boxes_lie_in_the_picture_and_move_smoothly_also_at_the_wrap() {
    for name in Scene::SCENARIOS {
        let scene = scene(name, 3);
        let [width, height] = [scene.size().width, scene.size().height].map(|side| side as f32);
        let last = scene.truth(PictureTime::from_secs_f64(scene.duration() - 1.0 / scene.rate()));
        let mut before = last;
        for (seconds, people) in pictures(&scene) {
            for person in &people {
                let b = person.bbox;
                assert!(b.x1 >= 0.0 && b.y1 >= 0.0 && b.x2 <= width && b.y2 <= height);
                let s = if person.visible > 0.002 { person.seen } else { b };
                assert!(
                    s.x1 >= b.x1 && s.y1 >= b.y1 && s.x2 <= b.x2 && s.y2 <= b.y2,
                    "{name} {seconds}: {person:?}"
                );
                assert!((0.0..=1.0).contains(&person.visible), "{name} {seconds}: {person:?}");
                match before.iter().find(|p| p.actor == person.actor) {
                    Some(was) => {
                        let step = (was.foot.x - person.foot.x).abs();
                        assert!(step < 14.0, "{name} {seconds}: {step} pixels at once");
                    }
                    None => assert!(person.visible < 0.3, "{name} {seconds}: {person:?} appears"),
                }
            }
            before = people;
        }
    }
}

#[test]
fn helmets_shows_both_all_the_time_and_apart() {
    let scene = scene("helmets", 2);
    let zone = Polygon::new(scene.zones()[0].points.clone()).unwrap();
    for (_, people) in pictures(&scene) {
        let [worn, bare] = people.as_slice() else { panic!("two people, not {people:?}") };
        assert!(worn.helmet && worn.vest && !bare.helmet && bare.vest);
        assert!(
            people.iter().all(|p| p.visible > 0.999 && zone.contains(p.foot.to_fraction(SIZE)))
        );
        assert!(people.iter().all(|p| zone.contains(p.bbox.foot().to_fraction(SIZE))));
        let gap = bare.bbox.x1 - worn.bbox.x2;
        assert!(gap > worn.bbox.width(), "{gap} pixels apart");
    }
}

#[test]
fn intruders_come_ten_seconds_apart() {
    for seed in 1..4 {
        let scene = scene("intruders", seed);
        let (first, last, visits) = stay(&scene, 0);
        assert!(
            (first - 3.0).abs() < 0.1 && (last - 50.0).abs() < 0.1 && visits == 1,
            "{first} {last}"
        );
        let (first, last, visits) = stay(&scene, 1);
        assert!(
            (first - 13.0).abs() < 0.1 && (last - 25.0).abs() < 0.1 && visits == 1,
            "{first} {last}"
        );
        assert!(pictures(&scene).all(|(_, people)| people.iter().all(|p| p.helmet)));
    }
}

#[test]
fn the_pillar_hides_the_worker_for_exactly_a_second_inside_the_zone() {
    for seed in 1..6 {
        let scene = scene("pillar", seed);
        let zone = Polygon::new(scene.zones()[0].points.clone()).unwrap();
        let (first, last, visits) = stay(&scene, 0);
        assert!((last - first - 8.0).abs() < 0.1 && visits == 1, "{first} to {last}");
        let hidden: Vec<_> = pictures(&scene)
            .filter(|(_, people)| people.iter().any(|p| p.visible < f32::EPSILON))
            .collect();
        assert_eq!(hidden.len(), 15, "seed {seed}");
        assert!(hidden.last().unwrap().0 - hidden[0].0 < 0.94);
        let inside = |p: &TruthPerson| zone.contains(p.foot.to_fraction(SIZE));
        assert!(hidden.iter().all(|(_, people)| people.iter().all(inside)));
        let covered = (0..2000)
            .map(|i| scene.truth(PictureTime::from_millis(6400 + i)))
            .filter(|people| people.iter().any(|p| p.visible < f32::EPSILON))
            .count();
        assert!((999..=1001).contains(&covered), "seed {seed}: {covered} ms");
    }
}

#[test]
fn quiet_is_empty_and_the_demo_is_lively() {
    assert!(pictures(&scene("quiet", 1)).all(|(_, people)| people.is_empty()));
    let demo = scene("demo", 1);
    let seen =
        |want: fn(&TruthPerson) -> bool| pictures(&demo).any(|(_, people)| people.iter().any(want));
    assert!(seen(|p| !p.helmet && p.vest) && seen(|p| p.helmet && !p.vest));
    let busy = pictures(&demo).filter(|(_, people)| !people.is_empty()).count();
    assert!(busy > 800, "somebody in {busy} of 900 pictures");
    let zone = Polygon::new(demo.zones()[0].points.clone()).unwrap();
    let early = pictures(&demo)
        .take(150)
        .any(|(_, people)| people.iter().any(|p| zone.contains(p.foot.to_fraction(SIZE))));
    assert!(early, "nobody in the zone within ten seconds");
}

#[test]
fn a_helmet_comes_off_and_on_again() {
    let scene = scene("helmet-off", 2);
    let bare: Vec<f64> = pictures(&scene)
        .filter(|(_, people)| people.iter().any(|person| !person.helmet))
        .map(|(seconds, _)| seconds)
        .collect();
    assert!((bare[0] - 15.0).abs() < 0.1 && (bare[bare.len() - 1] - 35.0).abs() < 0.1, "{bare:?}");
    assert_eq!(bare.len(), 300, "without a break");
    let at = |seconds| rendered("helmet-off", 2, seconds);
    assert_ne!(at(14.0), at(16.0));
}

#[test]
fn things_are_there_when_the_scenario_says_so() {
    let seen = |name: &str, class: Class| {
        let scene = scene(name, 1);
        let there = |seconds: &u32| {
            let things = scene.things(PictureTime::from_secs_f64(f64::from(*seconds) + 0.5));
            things.iter().any(|thing| thing.class == class && thing.bbox.area() > 400.0)
        };
        (0..60).filter(there).collect::<Vec<_>>()
    };
    let extinguisher = seen("extinguisher-removed", Class::FireExtinguisher);
    assert!(extinguisher.into_iter().eq((0..20).chain(50..60)));
    assert!(seen("fire", Class::Smoke).into_iter().eq(10..50));
    assert!(seen("fire", Class::Fire).into_iter().eq(16..45));
    assert_eq!(seen("extinguisher-removed", Class::SafetyCone).len(), 60);
    let forklift = seen("forklift", Class::Forklift);
    assert!(forklift.len() > 20 && forklift.len() < 50, "it comes and goes: {forklift:?}");
}

#[test]
fn a_covered_camera_sees_nothing_and_a_dark_hall_is_dark() {
    let scene = scene("covered", 1);
    let mean = |seconds: f64| {
        let mut rgb = Vec::new();
        scene.render(PictureTime::from_secs_f64(seconds), &mut rgb);
        rgb.iter().map(|value| f64::from(*value)).sum::<f64>() / rgb.len() as f64
    };
    let visible = |seconds: f64| {
        scene.truth(PictureTime::from_secs_f64(seconds)).iter().map(|p| p.visible).sum::<f32>()
    };
    assert!(mean(30.0) < 50.0 && visible(30.0) < f32::EPSILON);
    assert!(visible(20.0) > 0.9 && visible(45.0) > 0.9);
    let (light, dark) = (mean(5.0), mean(20.0));
    assert!((dark / light - 0.45).abs() < 0.02, "{dark} of {light}");
}

/// Bytes that no change may alter by mistake, and no machine may draw otherwise.
#[test]
fn pictures_are_the_same_to_the_byte_on_every_machine() {
    let mut drawn = String::new();
    for name in Scene::SCENARIOS {
        writeln!(drawn, "{name} {:016x}", rendered(name, 7, 11.4)).unwrap();
    }
    for set in [LookSet::Scoring, LookSet::Training] {
        for seed in 0..3 {
            let mut rgb = Vec::new();
            let size = PictureSize::new(640, 360);
            let scene = Scene::random(seed, set, Some(size)).unwrap();
            scene.render(PictureTime::from_secs_f64(6.2), &mut rgb);
            assert_eq!(rgb.len(), 640 * 360 * 3);
            writeln!(drawn, "random {set:?} {seed} {:016x}", hash(&rgb)).unwrap();
        }
    }
    assert_eq!(drawn, include_str!("golden.txt"), "if this is meant, put it into src/golden.txt");
}

#[test]
fn what_is_trained_with_and_what_is_scored_are_apart() {
    for name in Scene::SCENARIOS {
        let height = scene(name, 1).camera_height();
        assert!((3.0..=3.4).contains(&height), "{name}: camera at {height} m");
    }
    for seed in 0..300 {
        let height = |set| Scene::random_height(seed, set);
        assert!((3.0..=3.4).contains(&height(LookSet::Scoring)), "seed {seed}");
        let trained = height(LookSet::Training);
        assert!(!(2.9..=3.5).contains(&trained), "seed {seed}: camera at {trained} m");
    }
    let first = 1 << 63;
    assert_eq!(Scene::new("quiet", first).err(), Some(SceneError::Seed(first)));
    assert_eq!(Scene::random(first, LookSet::Training, None).err(), Some(SceneError::Seed(first)));
    let text = SceneError::Seed(first).to_string();
    assert!(text.contains("use one below 9223372036854775808"), "{text}");
}

#[test]
fn sizes_that_no_picture_has_are_refused() {
    for (width, height) in [(0, 360), (641, 360), (640, 10_000)] {
        let size = PictureSize::new(width, height);
        let error = Scene::in_size("demo", 1, size).err();
        assert_eq!(error, Some(SceneError::Size(width, height)));
    }
    let small = Scene::in_size("intruders", 1, PictureSize::new(320, 180)).unwrap();
    let (usual, time) = (scene("intruders", 1), PictureTime::from_secs_f64(8.0));
    let (a, b) = (small.truth(time)[0], usual.truth(time)[0]);
    assert!((a.bbox.x1 * 3.0 - b.bbox.x1).abs() < 0.1 && (a.bbox.y2 * 3.0 - b.bbox.y2).abs() < 0.1);
    assert!((a.place[0] - b.place[0]).abs() < 1e-6 && (a.place[1] - b.place[1]).abs() < 1e-6);
}

#[test]
fn somebody_falls_lies_and_gets_up() {
    let scene = scene("fall", 1);
    let at = |seconds: f64| {
        let people = scene.truth(PictureTime::from_secs_f64(seconds));
        people.into_iter().find(|person| person.actor == 0).unwrap()
    };
    assert_eq!(at(3.0).posture, Posture::Walking);
    assert_eq!(at(8.0).posture, Posture::Standing);
    let lying = at(15.0);
    assert_eq!(lying.posture, Posture::Lying);
    assert!(lying.bbox.width() > 2.0 * lying.bbox.height(), "{:?}", lying.bbox);
    // Under his hips, not at his feet.
    assert!((at(8.0).place[0] - lying.place[0] - 0.93).abs() < 0.1, "{:?}", lying.place);
    let falls: Vec<_> = scene.incidents(45.0).into_iter().map(|e| (e.kind, e.actor)).collect();
    assert_eq!(falls, [(TruthKind::Fall, Some(0))]);
}

#[test]
fn crouching_makes_lower_and_takes_no_vest_off() {
    let scene = scene("vest-off", 1);
    let at = |seconds| scene.truth(PictureTime::from_secs_f64(seconds))[0];
    let (up, down) = (at(20.0), at(26.0));
    assert_eq!((up.posture, down.posture), (Posture::Standing, Posture::Crouching));
    let part = down.bbox.height() / up.bbox.height();
    assert!((0.6..0.85).contains(&part), "{part} of his height");
    assert!(!up.vest && !down.vest && at(10.0).vest && at(36.0).vest);
}

#[test]
fn what_stands_before_somebody_hides_him() {
    let scene = scene("hidden", 1);
    let at = |seconds: f64, actor: u32| {
        let people = scene.truth(PictureTime::from_secs_f64(seconds));
        people.into_iter().find(|person| person.actor == actor).unwrap()
    };
    let crossing: Vec<f32> = (0..90).map(|i| at(3.0 + f64::from(i) / 15.0, 0).visible).collect();
    let hidden = crossing.iter().filter(|visible| **visible < 0.25).count();
    assert!((5..30).contains(&hidden), "out of sight for {hidden} pictures: less than two seconds");
    // Behind the crates his legs are hidden, his head is not.
    let behind = at(20.0, 1);
    assert!((0.3..0.85).contains(&behind.visible), "{}", behind.visible);
    assert!(
        behind.seen.y2 < behind.bbox.y2 - 20.0 && (behind.seen.y1 - behind.bbox.y1).abs() < 3.0
    );
    let boxes = scene.boxes(PictureTime::from_secs_f64(20.0));
    let bare = boxes.iter().find(|b| b.class == Class::NoHelmet).unwrap();
    assert!(bare.visible > 0.95 && bare.actor == Some(1));
}

#[test]
fn a_mask_is_a_box_where_the_face_is_seen() {
    let scene = scene("mask-off", 1);
    let classes = |seconds: f64, actor| {
        let boxes = scene.boxes(PictureTime::from_secs_f64(seconds));
        boxes.iter().filter(|b| b.actor == Some(actor)).map(|b| b.class).collect::<Vec<_>>()
    };
    let worn = [Class::Person, Class::Helmet, Class::Vest, Class::Mask];
    assert_eq!(classes(12.0, 1), worn);
    assert_eq!(classes(20.0, 0), [Class::Person, Class::Helmet, Class::Vest, Class::NoMask]);
    let boxes = scene.boxes(PictureTime::from_secs_f64(12.0));
    for boxed in boxes.iter().filter(|b| b.class == Class::Mask) {
        let of = |class| boxes.iter().find(|b| b.class == class && b.actor == boxed.actor).unwrap();
        let (person, helmet) = (of(Class::Person).bbox, of(Class::Helmet).bbox);
        assert!(boxed.bbox.y1 >= helmet.y1 && boxed.bbox.y2 < person.y1 + 0.2 * person.height());
        assert!(boxed.bbox.width() > 4.0 && boxed.bbox.width() < 0.5 * person.width());
    }
}

#[test]
fn a_forklift_that_brakes_late_is_a_near_miss_and_its_driver_a_person() {
    let near = |name: &str| {
        let incidents = scene(name, 1).incidents(60.0);
        incidents.into_iter().filter(|e| e.kind == TruthKind::NearMiss).map(|e| e.start_s).collect()
    };
    let starts: Vec<f64> = near("near-miss");
    assert!((9.0..10.1).contains(&starts[0]), "{starts:?}");
    assert!(near("yard").is_empty(), "it keeps away");
    let boxes = scene("near-miss", 1).boxes(PictureTime::from_secs_f64(9.0));
    let driver: Vec<Class> =
        boxes.iter().filter(|b| b.actor == Some(1000)).map(|b| b.class).collect();
    assert_eq!(driver, [Class::Person, Class::Helmet, Class::Vest]);
    assert!(boxes.iter().any(|b| b.class == Class::Forklift && b.actor.is_none()));
}

/// `cargo test -p safe-yolo-sim -- --ignored look` writes `target/sim-NAME-SECOND.ppm` to be looked at.
#[test]
#[ignore = "for the eye"]
fn look() {
    for (name, second) in [
        ("fall", 15),
        ("hidden", 5),
        ("mask-off", 20),
        ("near-miss", 10),
        ("vest-off", 26),
        ("yard", 10),
        ("helmet-off", 20),
        ("extinguisher-removed", 17),
        ("fire", 18),
        ("crowd", 30),
        ("forklift", 9),
        ("forklift", 19),
        ("forklift", 40),
        ("covered", 20),
        ("far", 20),
        ("headcount", 16),
        ("line-crossing", 36),
        ("loitering", 18),
        ("walkway", 25),
        ("walkway", 56),
    ] {
        let mut rgb = Vec::new();
        let scene = scene(name, 1);
        scene.render(PictureTime::from_secs_f64(f64::from(second)), &mut rgb);
        let head = format!("P6 {} {} 255\n", scene.size().width, scene.size().height);
        let path = format!("{}/../../target/sim-{name}-{second}.ppm", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, [head.as_bytes(), &rgb].concat()).unwrap();
    }
}
