//! The files of `safe-yolo simulate`, and what it refuses.

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: SimulateArguments,
}

fn simulate(out: &Path, words: &str) -> Result<(), String> {
    let words = ["simulate", "--out", out.to_str().unwrap()].into_iter().chain(words.split(' '));
    let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
    run(&line.arguments).map(|_| ()).map_err(|error| format!("{error:#}"))
}

fn read(out: &Path, name: &str) -> String {
    std::fs::read_to_string(out.join(name)).unwrap()
}

#[test]
fn labels_are_numbered_as_the_training_numbers_them() {
    let python = include_str!("../../../training/classes.py");
    let (_, list) = python.split_once("CLASSES = (").unwrap();
    let names: Vec<&str> = list.split_once(')').unwrap().0.split('"').skip(1).step_by(2).collect();
    assert!(names.into_iter().eq(LABELS.iter().map(|class| class.name())));
}

#[test]
fn a_scene_is_written_with_all_that_is_true_of_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path();
    simulate(out, "intruders --seed 3 --seconds 20 --pictures 100").unwrap();
    let events = safe_yolo_score::events::parse(&read(out, "truth.jsonl")).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    let intrusion = "danger_zone_intrusion";
    assert_eq!(kinds, ["entrance", intrusion, "entrance", intrusion]);
    assert_eq!(read(out, "incidents.jsonl"), "");
    let tracks = safe_yolo_score::mot::parse_truth(&read(out, "gt.txt")).unwrap();
    assert!(tracks.len() > 400 && tracks.iter().all(|b| (1..=2).contains(&b.id)));
    let boxes = read(out, "boxes.jsonl");
    let truth = safe_yolo_score::detection::parse_truth(&boxes).unwrap();
    assert_eq!(truth.len(), 3);
    let people = read(out, "people.jsonl");
    assert_eq!(people.lines().count(), 300);
    let last: Value = serde_json::from_str(people.lines().last().unwrap()).unwrap();
    assert_eq!(last["people"][0]["zones"], json!(["Press danger zone"]));
    assert_eq!(last["people"][1]["posture"], "standing");
    let site = crate::site::Site::read(&out.join("site.toml")).unwrap();
    assert_eq!(site.camera("intruders").unwrap().config().unwrap().zones.len(), 1);
    for number in ["000001", "000101", "000201"] {
        let picture = out.join(format!("images/intruders-{number}.jpg"));
        assert_eq!(image::image_dimensions(picture).unwrap(), (960, 540));
    }
    let labels = read(out, "labels/intruders-000201.txt");
    let classes = LABELS.map(Some);
    let labelled = safe_yolo_score::detection::parse_labels(&labels, &classes).unwrap();
    assert_eq!(labelled.len(), truth[2].boxes.len());
}

#[test]
fn random_scenes_are_for_training_and_scenarios_are_not() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let train = "--look training --scenes 3 --seconds 1 --pictures 15 --size 320x180 --format png";
    simulate(&at("a"), &format!("random --seed 5 {train}")).unwrap();
    simulate(&at("b"), &format!("random --seed 5 {train}")).unwrap();
    for name in ["random-5-000001", "random-6-000001", "random-7-000001"] {
        let bytes = |run: &str| std::fs::read(at(run).join(format!("images/{name}.png"))).unwrap();
        assert_eq!(bytes("a"), bytes("b"));
    }
    assert!(!at("a").join("gt.txt").exists() && !at("a").join("site.toml").exists());
    for (words, says) in [
        ("demo --look training", "--look training goes with `random` only"),
        ("demo --scenes 2", "--scenes goes with `random` only"),
        ("moon", "there is no scenario 'moon': use one of"),
        ("moon.toml", "scenario file 'moon.toml'"),
        ("demo --seconds 0", "'0' is no length"),
        ("demo --size 641x360", "641x360 can't be drawn"),
        ("random --seed 9223372036854775808", "is too large: use one below"),
    ] {
        let said = simulate(&at("c"), words).unwrap_err();
        assert!(said.contains(says), "'{says}' is not in: {said}");
    }
}

#[test]
fn a_scenario_of_ones_own_is_drawn_and_its_mistakes_told() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("mine.toml");
    let good = "duration_s = 2.0\n[[worker]]\nstart_s = 0.0\nfrom = [0.0, 8.0]\n\
                steps = [{ crouch = \"left\", s = 2.0 }]\n";
    std::fs::write(&file, good).unwrap();
    let words = file.to_str().unwrap().to_owned();
    simulate(&folder.path().join("out"), &words).unwrap();
    assert!(read(&folder.path().join("out"), "people.jsonl").contains("\"crouching\""));
    std::fs::write(&file, good.replace("8.0", "1.0")).unwrap();
    let said = simulate(&folder.path().join("out"), &words).unwrap_err();
    assert!(said.contains("line 4, column 8: worker 1: from is [0, 1]"), "{said}");
}

#[test]
fn rules_of_a_scenario_are_in_its_site_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("fire");
    simulate(&out, "fire --seconds 1").unwrap();
    let site = crate::site::Site::read(&out.join("site.toml")).unwrap();
    let config = site.cameras[0].config().unwrap();
    let rules: Vec<&str> = config.zones[1].rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(rules, ["fire", "smoke"]);
}
