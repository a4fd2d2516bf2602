//! Site files are read, written and refused with all their mistakes.

use proptest::prelude::*;
use safe_yolo_core::rule::Length;
use safe_yolo_core::{Class, Direction, Message, RuleKind, RuleType, Severity, Tripwire, When};

use super::*;

const YARD: &str = r#"
[[camera]]
name = "yard"
source = "rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1"
[[camera.zone]]
name = "press"
type = "danger"
points = [[0.10, 0.55], [0.42, 0.50], [0.47, 0.98], [0.08, 0.98]]
dwell_s = 1.0
require = ["helmet"]
[[camera.zone.rule]]
type = "lone_worker"
dwell_s = 120
[[camera.zone.rule]]
type = "proximity"
class = "forklift"
distance = 0.5
message = { ko = "지게차 접근", en = "forklift" }
"#;

fn mistakes(text: &str) -> String {
    Site::parse("site.toml", text).unwrap_err().to_string()
}

#[test]
fn the_smallest_form_is_read() {
    let site = Site::parse("site.toml", YARD).unwrap();
    assert_eq!(site.summary(), "1 camera, 1 zone, 2 rules");
    let config = site.camera("yard").unwrap().config().unwrap();
    assert_eq!(config.zones[0].points.points().len(), 4);
    assert!((config.zones[0].dwell_s - 1.0).abs() < 1e-9);
    assert!((config.zones[0].pause_s - 30.0).abs() < 1e-9);
    let rules = &config.zones[0].rules;
    assert!((rules[0].dwell_s - 120.0).abs() < 1e-9 && rules[1].name == "proximity");
    assert_eq!(rules[1].message.as_ref().unwrap().ko, "지게차 접근");
    let error = site.camera("gate").unwrap_err().to_string();
    assert!(error.contains("'gate'") && error.contains("yard"), "{error}");
}

#[test]
fn a_mistake_is_named_with_line_column_value_and_the_way_out() {
    let press = "camera 'yard', zone 'press'";
    for (from, to, says) in [
        (
            "\"danger\"",
            "\"dangerous\"",
            "7:8: {press}: type is \"dangerous\": did you mean 'danger'? It must be one of warning, danger",
        ),
        (
            "[0.08, 0.98]]",
            "[0.08, 1.98]]",
            "8:53: {press}: point 4 (0.08, 1.98) is outside the picture: both numbers must lie between 0 and 1",
        ),
        (
            "[0.08, 0.98]]",
            "[0.08, 0.98, 1.0]]",
            "8:53: {press}: point 4 is [0.08, 0.98, 1.0]: it must be two numbers as in [0.1, 0.2]",
        ),
        (
            "[0.47, 0.98], [0.08, 0.98]]",
            "[0.08, 0.98], [0.47, 0.98]]",
            "8:10: {press}: the edge from point 2 crosses the edge from point 4: draw the outline without crossings",
        ),
        (
            "[0.42, 0.50], [0.47, 0.98], ",
            "",
            "8:10: {press}: a polygon needs at least 3 points, this one has 2",
        ),
        (
            "dwell_s = 1.0",
            "dwell_s = -1.0",
            "9:11: {press}: dwell_s is -1: it must lie between 0 and 3600",
        ),
        (
            "dwell_s = 1.0",
            "dwell_s = \"1\"",
            "9:11: {press}: dwell_s is \"1\": it must be a number",
        ),
        (
            "dwell_s = 1.0",
            "dwel_s = 1.0",
            "9:1: {press}: unknown field 'dwel_s': did you mean 'dwell_s'?",
        ),
        (
            "\"helmet\"",
            "\"hat\"",
            "10:12: {press}: require is \"hat\": it must be one of helmet, vest, mask, gloves, boots, goggles",
        ),
        (
            "dwell_s = 120",
            "people = 3",
            "13:10: {press}: rule 'lone_worker' of type lone_worker takes no 'people': leave it out",
        ),
        (
            "\"lone_worker\"",
            "\"near_miss\"\nclass = \"vehicle\"\ndistance = 1",
            "11:1: {press}: rule 'near_miss' of type near_miss needs 'speed'",
        ),
        (
            "\"lone_worker\"",
            "\"fall\"\nname = \"proximity\"",
            "15:1: {press}: two of its rules are named 'proximity': give each its own name (line 13 has the other)",
        ),
        (
            "\"lone_worker\"",
            "\"occupancy_above\"\npeople = 2.5",
            "13:10: {press}, rule 'occupancy_above': people is 2.5: it must be a whole number, 0 or more",
        ),
        (
            "class = \"forklift\"",
            "class = \"safety_cone\"",
            "16:9: {press}: rule 'proximity' of type proximity can't be about 'safety_cone': use machinery, vehicle or forklift",
        ),
        (
            "class = \"forklift\"",
            "class = \"forklft\"",
            "16:9: {press}, rule 'proximity': class is \"forklft\": did you mean 'forklift'? It must be one of person, ",
        ),
        (
            "en = \"forklift\"",
            "eng = \"forklift\"",
            "18:11: {press}, rule 'proximity': message: 'en' is missing: add it",
        ),
        (
            "en = \"forklift\"",
            "en = \"\"",
            "18:11: {press}: rule 'proximity': its message must have 1 to 200",
        ),
        ("[[camera]]", "[[camera]", "2:10: this is no TOML: "),
        (
            "[[camera]]",
            "[camera]",
            "2:1: write [[camera]], in two pairs of brackets, before each one",
        ),
        (
            "[[camera.zone]]",
            "[camera.zone]",
            "5:1: camera 'yard': write [[camera.zone]], in two pairs of brackets, before each one",
        ),
    ] {
        let error = mistakes(&YARD.replace(from, to));
        let says = format!(
            "1 mistake in site file 'site.toml'\nsite.toml:{}",
            says.replace("{press}", press)
        );
        assert!(error.starts_with(&says), "{says}\n{error}");
        assert_eq!(error.lines().count(), 2, "{error}");
    }
}

/// Of every kind, in every part of the text; each is told, none twice, none beside.
#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"[[camera]]
nme = "yard"
source = "ftp://10.0.0.5/stream1"
analysis_rate_max = 0.2
[[camera.zone]]
name = "프레스"
type = "danger"
points = [[0.1, 0.5], [0.4, 1.5], [0.4]]
dwell_s = "two"
pause_s = -1
require = ["helmet", "hat", "cape"]
[[camera.zone.rule]]
type = "proximity"
class = "forklft"
distance = 99
[[camera.zone.rule]]
type = "falls"
dwell_s = -1
[[camera.zone.rule]]
type = "occupancy_below"
people = 2
[[camera.zone]]
name = "프레스"
type = "warning"
colour = "red"
[[camera]]
name = "gate"
source = "sim://demo"
enabled = 1
[gate]
"#;
    let expected = "20 mistakes in site file 'site.toml'
site.toml:1:1: camera 1: 'name' is missing: add it
site.toml:2:1: camera 1: unknown field 'nme': did you mean 'name'?
site.toml:3:10: camera 1: 'ftp:' sources are not supported: use rtsp://, http://, usb://, sim://, file:// or a path (write ./ before a file name that contains ':')
site.toml:4:21: camera 1: analysis_rate_max is 0.2: it must lie between 1 and 60
site.toml:8:23: camera 1, zone '프레스': point 2 (0.4, 1.5) is outside the picture: both numbers must lie between 0 and 1
site.toml:8:35: camera 1, zone '프레스': point 3 is [0.4]: it must be two numbers as in [0.1, 0.2]
site.toml:9:11: camera 1, zone '프레스': dwell_s is \"two\": it must be a number
site.toml:10:11: camera 1, zone '프레스': pause_s is -1: it must lie between 0 and 86400
site.toml:11:22: camera 1, zone '프레스': require is \"hat\": it must be one of helmet, vest, mask, gloves, boots, goggles
site.toml:11:29: camera 1, zone '프레스': require is \"cape\": it must be one of helmet, vest, mask, gloves, boots, goggles
site.toml:14:9: camera 1, zone '프레스', rule 'proximity': class is \"forklft\": did you mean 'forklift'? It must be one of person, helmet, no_helmet, vest, no_vest, mask, no_mask, gloves, no_gloves, boots, no_boots, goggles, no_goggles, safety_cone, machinery, vehicle, forklift, fire_extinguisher, fire, smoke
site.toml:15:12: camera 1, zone '프레스': rule 'proximity': distance is 99, it must lie between 0.05 and 10
site.toml:17:8: camera 1, zone '프레스', rule 'falls': type is \"falls\": did you mean 'fall'? It must be one of loitering, occupancy_above, occupancy_below, entries_above, lone_worker, line_crossing, object_missing, object_present, proximity, near_miss, fall, motionless, fire, smoke
site.toml:18:11: camera 1, zone '프레스': rule 'falls': dwell_s is -1, it must lie between 0 and 28800
site.toml:19:1: camera 1, zone '프레스': rule 'occupancy_below' wants at least 2 people where nobody may be: make it a warning zone or leave the rule out
site.toml:22:1: camera 1, zone '프레스': 'points' is missing: add it
site.toml:23:8: camera 1: two zones are named '프레스': give each its own name (line 6 has the other)
site.toml:25:1: camera 1, zone '프레스': unknown field 'colour': known here are name, type, points, place, anchor, active, schedule, dwell_s, pause_s, require, rule
site.toml:29:11: camera 'gate': enabled is 1: it must be true or false
site.toml:30:2: unknown field 'gate': known here are calendar, camera";
    let told = mistakes(text);
    for (told, expected) in told.lines().zip(expected.lines()) {
        assert_eq!(told, expected);
    }
    assert_eq!(told, expected);
}

/// Settings that are tables and lists themselves are told at the outermost value.
#[test]
fn mistakes_in_schedules_lines_masks_and_the_calendar_are_told() {
    let text = r#"[calendar]
time_zone = "Asia/Soul"
holidays = ["2026-02-30"]
[[camera]]
name = "yard"
source = "sim://demo"
masks = [[[0, 0], [1, 0]]]
calibration = { points = [[0.3, 0.5]], metres = [[0, 0]] }
[[camera.zone]]
name = "press"
type = "custom"
anchor = "feet"
points = [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9]]
schedule = [{ from = "25:00" }]
[[camera.zone.rule]]
type = "line_crossing"
line = [[0.1, 0.5], [0.1, 0.5]]
direction = "left"
[[camera.zone.rule]]
type = "near_miss"
class = "forklift"
distance_m = 1
speed = 1
[[camera.zone.rule]]
type = "proximity"
class = "forklift"
[[camera.zone.rule]]
type = "fall"
when = { class = "person", present = false }
"#;
    let expected = "10 mistakes in site file 'site.toml'
site.toml:1:1: calendar: time_zone 'Asia/Soul' is not known: use a name of the IANA database, as Asia/Seoul
site.toml:7:9: camera 'yard': masks is [[[0, 0], [1, 0]]]: a polygon needs at least 3 points, this one has 2
site.toml:8:15: camera 'yard': calibration is { points = [[0.3, 0.5]], metres = [[0, 0…: a calibration needs 4 points and 4 places in metres, 1 and 1 are given
site.toml:12:10: camera 'yard', zone 'press': anchor is \"feet\": it must be one of foot, centre, overlap
site.toml:14:22: camera 'yard', zone 'press': schedule is \"25:00\": '25:00' is no time of a day: write hours and minutes from 00:00 to 24:00, as 08:30
site.toml:17:8: camera 'yard', zone 'press', rule 'line_crossing': line is [[0.1, 0.5], [0.1, 0.5]]: the tripwire is too short to have sides: pull its points apart
site.toml:18:13: camera 'yard', zone 'press', rule 'line_crossing': direction is \"left\": it must be one of both, to_left, to_right
site.toml:19:1: camera 'yard', zone 'press': rule 'near_miss': give distance and speed in heights of the person or in metres, not in both
site.toml:24:1: camera 'yard', zone 'press': rule 'proximity' of type proximity needs 'distance' or 'distance_m'
site.toml:29:8: camera 'yard', zone 'press': rule 'fall' of type fall would wait for what it watches: it could never fire, or always would; change 'when'";
    assert_eq!(mistakes(text), expected);
}

/// A rule in metres is told of by the camera that has no floor in metres.
#[test]
fn what_does_not_fit_together_is_told_of_the_camera() {
    let told = mistakes(&YARD.replace("distance = 0.5", "distance_m = 0.5"));
    assert_eq!(
        told,
        "1 mistake in site file 'site.toml'\nsite.toml:2:1: camera 'yard': zone 'press': rule 'proximity' measures in metres, \
         but the camera has no calibration: give one, or use heights of the person"
    );
}

#[test]
fn mistakes_are_shown_up_to_a_bound_and_counted_behind_it() {
    let zone =
        "[[camera.zone]]\nname = \"\"\ntype = \"warning\"\npoints = [[0, 0], [1, 0], [1, 1]]\n";
    let text = |zones| {
        format!("[[camera]]\nname = \"a\"\nsource = \"sim://demo\"\n{}", zone.repeat(zones))
    };
    let told = mistakes(&text(57));
    assert!(told.starts_with("57 mistakes"), "{told}");
    assert_eq!(told.lines().count(), 52, "{told}");
    assert!(told.ends_with("\nand 7 more"), "{told}");
    assert!(!mistakes(&text(50)).contains("more"));
}

#[test]
fn limits_and_names_are_told_where_they_are_passed() {
    let camera = |name: &str| format!("[[camera]]\nname = \"{name}\"\nsource = \"sim://demo\"\n");
    let told = mistakes(&[camera("a"), camera("b"), camera("a")].concat());
    assert!(
        told.ends_with(
            "site.toml:8:8: two cameras are named 'a': give each its own name (line 2 has the other)"
        ),
        "{told}"
    );
    let many: String = (0..300).map(|number| camera(&format!("c{number}"))).collect();
    let told = mistakes(&many);
    assert!(
        told.ends_with("site.toml:769:1: 300 cameras are configured: one server takes at most 256")
    );
    let zone = |number| {
        format!(
            "[[camera.zone]]\nname = \"z{number}\"\ntype = \"warning\"\npoints = [[0, 0], [1, 0], [1, 1]]\n"
        )
    };
    let zones: String = (0..65).map(zone).collect();
    let told = mistakes(&(camera("a") + &zones));
    assert!(
        told.ends_with(
            "site.toml:260:1: camera 'a': a camera may have at most 64 zones, this one has 65"
        ),
        "{told}"
    );
    let rules: String = (0..17)
        .map(|n| format!("[[camera.zone.rule]]\ntype = \"fall\"\nname = \"r{n}\"\n"))
        .collect();
    let told = mistakes(&(camera("a") + &zone(1) + &rules));
    let says =
        "site.toml:56:1: camera 'a', zone 'z1': a zone may have at most 16 rules, this one has 17";
    assert!(told.ends_with(says), "{told}");
}

#[test]
fn rules_that_can_never_all_be_clear_are_refused() {
    let told = |zone_type: &str, rules: &[&str]| {
        let rules: String =
            rules.iter().map(|rule| format!("[[camera.zone.rule]]\n{rule}\n")).collect();
        let text = format!(
            "[[camera]]\nname = \"a\"\nsource = \"sim://demo\"\n[[camera.zone]]\nname = \"z\"\n\
             type = \"{zone_type}\"\npoints = [[0, 0], [1, 0], [1, 1]]\n{rules}"
        );
        Site::parse("f", &text).err().map(|error| error.to_string())
    };
    let (above_2, below_4) =
        ("type = \"occupancy_above\"\npeople = 2", "type = \"occupancy_below\"\npeople = 4");
    let (above_1, below_1) =
        ("type = \"occupancy_above\"\npeople = 1", "type = \"occupancy_below\"\npeople = 1");
    let (lone, cone) = ("type = \"lone_worker\"", "class = \"safety_cone\"");
    let (missing, present) = (
        format!("type = \"object_missing\"\n{cone}"),
        format!("type = \"object_present\"\n{cone}"),
    );
    let fire_must_burn = "type = \"object_missing\"\nclass = \"fire\"";
    for (zone_type, rules, at, says) in [
        (
            "warning",
            &[above_2, below_4][..],
            "11:1",
            "wants at most 2 people and rule 'occupancy_below' at least 4",
        ),
        (
            "warning",
            &[below_4, above_2],
            "11:1",
            "wants at most 2 people and rule 'occupancy_below' at least 4",
        ),
        ("danger", &[below_1], "8:1", "at least 1 people where nobody may be"),
        (
            "warning",
            &[&missing, &present],
            "11:1",
            "wants a safety_cone to be there and rule 'object_present' wants none",
        ),
        (
            "danger",
            &["type = \"fire\"", fire_must_burn],
            "10:1",
            "wants a fire to be there and rule 'fire' wants none",
        ),
        (
            "warning",
            &[above_1, lone, below_1],
            "13:1",
            "want exactly one person, and rule 'lone_worker' wants nobody alone",
        ),
    ] {
        let told = told(zone_type, rules).unwrap_or_else(|| panic!("{says}"));
        assert!(told.starts_with("1 mistake ") && told.contains(&format!("f:{at}: ")), "{told}");
        assert!(told.contains(says), "{says}: {told}");
    }
    let off = format!("{below_4}\nactive = false");
    for (zone_type, rules) in [
        ("warning", &[above_2, "type = \"occupancy_below\"\npeople = 2", lone][..]),
        ("warning", &[above_2, &off]),
        ("danger", &[above_2, lone]),
        ("danger", &[&off]),
        ("warning", &[&missing, "type = \"object_present\"\nclass = \"vehicle\""]),
        ("warning", &[above_1, lone]),
        ("warning", &[above_1, below_1]),
    ] {
        assert_eq!(told(zone_type, rules), None);
    }
}

#[test]
fn no_mistake_shows_what_may_be_a_password() {
    for (from, to) in [
        ("source = \"rtsp://user:${YARD_PASSWORD}@", "source = \"rtsp://user:s3cret@bad host/"),
        ("source = \"rtsp://user:${YARD_PASSWORD}@", "source = \"rtsp://user:s3cret/x@"),
        ("source = \"rtsp://user:${YARD_PASSWORD}@", "sorce = \"rtsp://user:s3cret@"),
        (
            "source = \"rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1\"",
            "source = [\"rtsp://u:s3cret@c/\"]",
        ),
        (
            "source = \"rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1\"",
            "source = \"rtsp://u:s3cret@c/",
        ),
        (
            "source = \"rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1\"",
            "source = { a = \"s3cret\" }",
        ),
    ] {
        let told = mistakes(&YARD.replace(from, to));
        assert!(told.contains("site.toml:4:"), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

/// A camera with a rule of every type and every setting away from its usual value.
fn full_camera() -> CameraConfig {
    let mut config = Site::parse("f", YARD).unwrap().camera("yard").unwrap().config().unwrap();
    config.name = "1공장 \"정문\" \\ 한".into();
    (config.enabled, config.repeat, config.analysis_rate_max) = (false, false, 7.3);
    config.masks = vec![serde_json::from_str("[[0.9, 0.0], [1.0, 0.0], [1.0, 0.1]]").unwrap()];
    config.privacy_masks =
        vec![serde_json::from_str("[[0.0, 0.9], [0.1, 0.9], [0.1, 1.0]]").unwrap()];
    config.calibration = Some(
        serde_json::from_str(
            r#"{"points":[[0.3,0.5],[0.7,0.5],[0.9,0.9],[0.1,0.9]],"metres":[[0,0],[6,0],[6,4],[0,4.1]]}"#,
        )
        .unwrap(),
    );
    config.calendar = Calendar::new("Asia/Seoul", &["2026-05-05".to_owned()]).unwrap();
    let zone = &mut config.zones[0];
    (zone.active, zone.dwell_s, zone.pause_s) = (false, 0.1 + 0.2, 1e-7);
    zone.require = Equipment::ALL.into();
    zone.zone_type = ZoneType::Warning;
    zone.anchor = Anchor::Centre;
    zone.schedule = Some(serde_json::from_str(r#"[{"holidays":"only"}]"#).unwrap());
    zone.rules.clear();
    for rule_type in RuleType::ALL {
        let class = Class::Forklift;
        let kind = match rule_type {
            RuleType::Loitering => RuleKind::Loitering,
            RuleType::OccupancyAbove => RuleKind::OccupancyAbove { people: 400 },
            RuleType::OccupancyBelow => RuleKind::OccupancyBelow { people: 3 },
            RuleType::EntriesAbove => RuleKind::EntriesAbove { people: 9, window_s: 12.5 },
            RuleType::LineCrossing => RuleKind::LineCrossing {
                line: Tripwire::new([0.1, 0.7].into(), [0.9, 1.0 / 3.0].into()).unwrap(),
                direction: Direction::ToRight,
            },
            RuleType::LoneWorker => RuleKind::LoneWorker,
            RuleType::ObjectMissing => RuleKind::ObjectMissing { class: Class::FireExtinguisher },
            RuleType::ObjectPresent => RuleKind::ObjectPresent { class },
            RuleType::Proximity => {
                RuleKind::Proximity { class, distance: Length::Heights(1.0 / 3.0) }
            }
            RuleType::NearMiss => {
                RuleKind::NearMiss { class, distance: Length::Metres(0.7), speed: 0.1 }
            }
            RuleType::Fall => RuleKind::Fall,
            RuleType::Motionless => RuleKind::Motionless,
            RuleType::Fire => RuleKind::Fire,
            RuleType::Smoke => RuleKind::Smoke,
        };
        let mut rule = Rule::new(kind);
        rule.name = format!("규칙 {rule_type} 'a' #1");
        (rule.active, rule.severity) = (rule_type != RuleType::Fall, Severity::Info);
        rule.pause_s = 0.7;
        if rule.dwell_s > 0.0 || rule_type == RuleType::NearMiss {
            rule.dwell_s = 3.3;
        }
        rule.schedule = Some(
            serde_json::from_str(r#"[{"days":["mon"],"from":"22:00","to":"06:00"}]"#).unwrap(),
        );
        rule.when = Some(When { class: Class::SafetyCone, present: true });
        rule.message =
            Some(Message { ko: "대피하십시오".into(), en: "leave \"now\"".into() });
        zone.rules.push(rule);
    }
    config
}

#[test]
fn what_is_written_reads_back_to_equal_settings() {
    let mut cameras = vec![full_camera(), CameraConfig { name: "둘".into(), ..full_camera() }];
    cameras[1].zones.clear();
    let text = write(Some(&cameras[0].calendar), &cameras).unwrap();
    let site = Site::parse("f", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let again: Vec<_> = site.cameras.iter().map(|camera| camera.config().unwrap()).collect();
    assert_eq!(again, cameras, "{text}");
    assert!(text.contains("1공장") && text.contains("대피하십시오"), "people can read it: {text}");
    assert_eq!(write(site.calendar.as_ref(), &again).unwrap(), text);
}

proptest! {
    /// Whatever happens to a text, it is read, or refused with mistakes that lie in it.
    #[test]
    fn a_damaged_text_is_never_a_crash(
        cuts in prop::collection::vec((0..600_usize, 0..12_usize, "[\\[\\]\\{\\}=\"'.,#\\n\\r a-z0-9가-힣_-]{0,6}"), 1..6)
    ) {
        let mut text = YARD.to_owned();
        for (at, length, put) in cuts {
            let boundary = |mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) { at -= 1; }
                at
            };
            let range = boundary(at)..boundary(at + length);
            text.replace_range(range, &put);
        }
        match Site::parse("f", &text) {
            Ok(site) => {
                for camera in &site.cameras {
                    prop_assert!(camera.config().unwrap().validate().is_ok());
                }
            }
            Err(error) => {
                let told = error.to_string();
                let lines = text.split('\n').count();
                for line in told.lines().skip(1).filter(|line| line.starts_with("f:")) {
                    let number: usize = line.split(':').nth(1).unwrap().parse().unwrap();
                    prop_assert!((1..=lines).contains(&number), "{}", line);
                }
                prop_assert!(told.contains(" in site file 'f'\nf:"), "{}", told);
            }
        }
    }

    /// A text of nothing but the reader's own words.
    #[test]
    fn any_text_is_safe_to_read(text in "(\\[\\[camera\\]\\]\n|\\[\\[camera.zone\\]\\]\n|\\[\\[camera.zone.rule\\]\\]\n|(name|type|source|points|dwell_s|people|class|zone|rule|message) = (\"fall\"|\"danger\"|1|-1|nan|true|\\[\\]|\\[\\[0, 1\\]\\]|\\{ ko = 1 \\}|\\[1, \"a\"\\]|1979-05-27)\n|[ -~]){0,40}") {
        drop(Site::parse("f", &text).map_err(|error| error.to_string()));
    }
}
