//! The true events of scripted scenes.

use super::Scene;
use super::tests::{pictures, scene};

#[test]
fn the_true_events_are_those_of_the_script() {
    let told = |name: &str, seconds: f64| {
        let events = scene(name, 3).events(seconds);
        let event = |e: &super::TruthEvent| {
            format!("{} {} {:.0}", e.actor.unwrap(), e.kind.name(), e.start_s)
        };
        events.iter().map(event).collect::<Vec<_>>()
    };
    assert_eq!(
        told("intruders", 60.0),
        [
            "0 entrance 3",
            "0 danger_zone_intrusion 5",
            "1 entrance 13",
            "1 danger_zone_intrusion 15",
            "1 exit 25",
            "0 exit 50",
        ]
    );
    assert_eq!(
        told("helmet-off", 60.0),
        ["0 entrance 6", "0 danger_zone_intrusion 8", "0 helmet_missing 17", "0 exit 42",]
    );
    // A second behind the pillar ends nothing; fifteen behind a cover do.
    assert_eq!(told("pillar", 20.0), ["0 entrance 4", "0 danger_zone_intrusion 6", "0 exit 11"]);
    let covered = told("covered", 60.0);
    assert_eq!(covered.iter().filter(|e| e.contains("entrance")).count(), 2, "{covered:?}");
    assert_eq!(told("quiet", 20.0), Vec::<String>::new());
}

/// What the script says beside entrances and exits, to the second.
fn told(name: &str, seconds: f64) -> Vec<String> {
    let events = scene(name, 3).events(seconds);
    let told = events.iter().filter(|e| !["entrance", "exit"].contains(&e.kind.name()));
    told.map(|e| format!("{} {:.0}", e.kind.name(), e.start_s)).collect()
}

#[test]
fn the_rules_of_a_zone_should_raise_what_the_script_says() {
    let crossings = [6, 8, 18, 30, 36, 39, 43, 50].map(|at| format!("line_crossing {at}"));
    assert_eq!(told("line-crossing", 60.0), crossings);
    // Three walk through, and one who moves on in time is no more motionless than they loiter.
    assert_eq!(told("loitering", 75.0), ["loitering 19", "motionless 24", "loitering 62"]);
    assert_eq!(
        told("headcount", 90.0),
        ["occupancy_above 15", "occupancy_below 23", "lone_worker 40", "entries_above 63"]
    );
    assert_eq!(
        told("walkway", 80.0),
        [
            "object_present 13",
            "near_miss 19",
            "proximity 20",
            "object_missing 26",
            "near_miss 55",
            "proximity 56"
        ]
    );
}

#[test]
fn what_outlasts_its_pause_is_told_again_and_a_short_gap_ends_nothing() {
    let rule = |pause: &str| {
        let text = format!(
            r#"
            duration_s = 60.0
            [[worker]]
            start_s = 1.0
            from = [-6.4, 8.4]
            steps = [
                {{ walk_to = [0.0, 8.4], s = 6.0 }},
                {{ stand = "left", s = 11.0 }},
                {{ walk_to = [4.0, 8.4], s = 3.0 }},
                {{ walk_to = [0.0, 8.4], s = 3.0 }},
                {{ stand = "left", s = 20.0 }},
                {{ walk_to = [6.4, 8.4], s = 6.0 }},
            ]
            [[zone]]
            name = {{ ko = "승강기", en = "Lift" }}
            type = "custom"
            sides = [-1.0, 1.0, 7.6, 9.2]
            rules = [{{ type = "lone_worker", dwell_s = 5.0, pause_s = {pause} }}]
            "#
        );
        let scene = Scene::from_text("own", &text, 1, None).unwrap();
        let events = scene.events(60.0).into_iter();
        let alone = events.filter(|e| e.kind.name() == "lone_worker");
        alone.map(|e| format!("{:.0}", e.start_s)).collect::<Vec<_>>()
    };
    assert_eq!(rule("0.0"), ["11", "28"]);
    assert_eq!(rule("25.0"), ["11", "36"], "the second lasts longer than the pause");
    assert_eq!(rule("60.0"), ["11"]);
}

#[test]
fn the_calibration_is_the_floor_that_the_camera_sees() {
    for name in Scene::SCENARIOS {
        let scene = scene(name, 1);
        let floor = scene.calibration().unwrap();
        for person in pictures(&scene).flat_map(|(_, people)| people) {
            if person.cut {
                continue;
            }
            let Some(found) = floor.metres(person.foot.to_fraction(scene.size())) else {
                panic!("{name}: {person:?} stands beyond the horizon");
            };
            let [x, z] = person.place.map(f64::from);
            // The camera's shake moves the picture, not the calibration.
            let bound = if scene.plan.mishaps.shakes.is_empty() { 0.01 } else { 1.0 };
            let off = (found[0] - x).hypot(found[1] - z);
            assert!(off < bound, "{name}: {off} m from {:?} to {found:?}", person.place);
        }
    }
}
