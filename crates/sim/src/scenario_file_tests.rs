//! What is wrong with a scenario is told with its place and the way out.

use super::*;

const GOOD: &str = "duration_s = 10.0\n\
    [[worker]]\nstart_s = 1.0\nfrom = [0.0, 8.0]\n\
    steps = [{ walk_to = [1.0, 8.0], s = 2.0 }, { stand = \"left\", s = 3.0 }]\n\
    [[zone]]\nname = { ko = \"구역\", en = \"zone\" }\ntype = \"danger\"\nsides = [-1.0, 1.0, 7.0, 9.0]\n";

#[test]
fn mistakes_are_told_with_line_and_column_and_the_way_out() {
    assert!(File::read(GOOD).is_ok());
    let camera = "[camera]\nat = [0.0, 3.0, 0.0]\npitch_deg = 20\nfov_deg = 60\n[[zone]]";
    for (from, to, says) in [
        (
            "duration_s = 10.0",
            "duration_s = 0.0",
            "line 1, column 14: duration_s is 0: it must be over 0",
        ),
        ("duration_s = 10.0", "duration_s = nan", "duration_s is NaN"),
        ("duration_s = 10.0", "duration_s = 4.0", "line 5, column 9: worker 1: its steps last 5 s"),
        ("duration_s = 10.0", "duration_s = 10.0\npilar = true", "unknown field `pilar`"),
        ("duration_s = 10.0", "duration_s = 10.0\npilar = true", "line 2, column 1"),
        ("start_s = 1.0", "start_s = 10.0", "line 3, column 11: worker 1: start_s is 10"),
        (
            "from = [0.0, 8.0]",
            "from = [0.0, 1.0]",
            "line 4, column 8: worker 1: from is [0, 1]: at most 30 metres",
        ),
        (
            "walk_to = [1.0, 8.0]",
            "walk_to = [inf, 8.0]",
            "line 5, column 22: worker 1: step 1: walk_to is [inf, 8]",
        ),
        ("s = 3.0", "s = -3.0", "line 5, column 67: worker 1: step 2: s is -3"),
        (", s = 3.0", "", "line 5, column 45: worker 1: step 2: it must say how long it lasts"),
        ("stand = \"left\"", "stand = \"left\", fall = \"left\"", "step 2: it must say one of"),
        ("stand = \"left\", s = 3.0", "fall = \"left\", s = 1.0", "a fall lasts at least 3"),
        ("stand = \"left\"", "take_off = \"mask\"", "leave s out"),
        ("\"left\"", "\"up\"", "line 5, column 55"),
        ("\"left\"", "\"up\"", "unknown variant `up`, expected `left` or `right`"),
        ("type = \"danger\"", "type = \"deadly\"", "unknown variant `deadly`"),
        ("sides = [-1.0, 1.0", "sides = [1.0, -1.0", "line 9, column 9: zone 1: sides are"),
        ("sides = [-1.0, 1.0", "sides = [20.0, 25.0", "is not in the camera's picture: move it"),
        (
            "[[zone]]",
            "[[thing]]\nkind = \"cone\"\nat = [0.0, 50.0]\n[[zone]]",
            "line 8, column 6: thing 1: at is [0, 50]",
        ),
        (
            "[[zone]]",
            "[[thing]]\nkind = \"cone\"\nat = [0.0, 5.0]\nsize = [1, 1, 1]\n[[zone]]",
            "line 9, column 8: thing 1: size is for pillar, rack and crates",
        ),
        (
            "[[zone]]",
            "[[thing]]\nkind = \"rack\"\nat = [0.0, 5.0]\nsize = [1, 99, 1]\n[[zone]]",
            "from 0.05 to 12 metres",
        ),
        (
            "[[zone]]",
            "[[cover]]\nfrom_s = 3.0\nuntil_s = 12.0\n[[zone]]",
            "line 6, column 1: cover 1: from 3 s",
        ),
        ("[[zone]]", "[[light]]\nat_s = 3.0\nlevel = -1.0\n[[zone]]", "light 1: -1 at 3 s"),
        (
            "[[zone]]",
            "[[shake]]\nfrom_s = 3.0\nuntil_s = 4.0\npixels = 90\n[[zone]]",
            "line 9, column 10: shake 1: 90 pixels: at most 20",
        ),
        (
            "[[zone]]",
            &camera.replace("20", "75"),
            "line 8, column 13: pitch_deg is 75: it must lie from 0 to 60",
        ),
        ("[[zone]]", &camera.replace("3.0", "nan"), "line 7, column 6: at is [0, NaN, 0]"),
        (
            "[[zone]]",
            &camera.replace("60", "60\nsize = [641, 360]"),
            "size is [641, 360]: even numbers",
        ),
        ("{ stand", "{ take_off = \"trousers\" }, { stand", "line 5"),
        ("[[worker]]", "pillar = true\n[[wörker]]", "line 3, column 4"),
        (
            "[[worker]]",
            "[[forklift]]\nstart_s = 0.0\nfrom = [0.0, 8.0]\nsteps = [{ crouch = \"left\", s = 2.0 }]\n[[worker]]",
            "a forklift neither crouches nor falls",
        ),
        ("[[worker]]", "[[worker", "line 2"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} is not there");
        let error = File::read(&text).err().unwrap_or_default();
        assert!(error.contains(says), "'{says}' is not in: {error}");
    }
    let none = "duration_s = 10.0\npillar = true\n";
    let error = File::read(none).err().unwrap_or_default();
    assert!(error.contains("line 2, column 10") && error.contains("there is none"), "{error}");
    assert!(File::read(&GOOD.replacen("[[zone]]", camera, 1)).is_ok());
}

#[test]
fn any_text_is_an_answer() {
    // Every prefix of a file, and every file with one character changed.
    let whole = include_str!("../scenarios/forklift.toml");
    for (at, _) in whole.char_indices().step_by(3) {
        drop(File::read(&whole[..at]));
        for other in ["9", "]", "\"", "-", "é"] {
            let end = at + whole[at..].chars().next().map_or(0, char::len_utf8);
            drop(File::read(&format!("{}{other}{}", &whole[..at], &whole[end..])));
        }
    }
}
