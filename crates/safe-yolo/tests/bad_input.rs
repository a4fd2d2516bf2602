//! Files, models and options that are wrong: each is refused by name, with the
//! way out, and nothing else is harmed.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use common::footage::still;
use common::{Outcome, program, run, safe_yolo, text};
use safe_yolo_testkit::clip::{ClipSpec, truncated};
use tempfile::TempDir;

fn analyze(video: &Path, folder: &TempDir) -> Outcome {
    let out = folder.path().join("out");
    safe_yolo(["analyze", text(video), "--out", text(&out), "--sessions", "1"])
}

#[test]
fn what_is_no_video_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let clip = ClipSpec { seconds: 1.0, ..ClipSpec::default() };
    let whole = clip.write_in(folder.path(), "whole.mp4").unwrap();
    fs::write(at("empty.mp4"), "").unwrap();
    fs::write(at("notes.mp4"), "Shift of Monday: nothing happened.\n".repeat(200)).unwrap();
    truncated(&whole, &at("truncated.mp4"), 0.5).unwrap();
    // Lists would make the decoder read files that nobody named.
    fs::write(at("list.ffconcat"), "ffconcat version 1.0\nfile whole.mp4\n").unwrap();
    fs::write(at("list.mp4"), "ffconcat version 1.0\nfile whole.mp4\n").unwrap();
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\nwhole.mp4\n#EXT-X-ENDLIST\n";
    fs::write(at("list.m3u8"), playlist).unwrap();
    fs::create_dir(at("folder.mp4")).unwrap();
    for (name, says) in [
        ("empty.mp4", "not a video file"),
        ("notes.mp4", "not a video file"),
        ("truncated.mp4", "not a video file"),
        ("missing.mp4", "no file at"),
        ("list.ffconcat", "not a video file"),
        ("list.mp4", "not a video file"),
        ("list.m3u8", "not a video file"),
        ("folder.mp4", "is not a regular file"),
    ] {
        let outcome = analyze(&at(name), &folder);
        outcome.refused(&[name, says]);
        assert!(!at("out").join("report.json").exists(), "{name}: {outcome:?}");
    }
    analyze(&whole, &folder).ok();
}

#[test]
fn a_pipe_is_refused_without_waiting_for_its_writer() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe.mp4");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success() && pipe.metadata().unwrap().file_type().is_fifo());
    analyze(&pipe, &folder).refused(&["pipe.mp4", "is not a regular file"]);
}

#[test]
fn addresses_that_are_no_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let refused = |address: &str, says: &[&str]| analyze(Path::new(address), &folder).refused(says);
    refused("ftp://127.0.0.1/a.mp4", &["'ftp:'", "not supported"]);
    refused("http://127.0.0.1:9/a.mjpeg", &["http://127.0.0.1:9/a.mjpeg", "`serve`"]);
    refused("concat:a.mp4|b.mp4", &["'concat:'"]);
    refused("rtsp://127.0.0.1:9/live", &["rtsp://127.0.0.1:9/live", "`serve`"]);
    refused("sim://helmets", &["sim://helmets", "--until"]);
    refused("sim://nowhere", &["sim://nowhere", "--until"]);
    let out = folder.path().join("out");
    let unknown = ["analyze", "sim://nowhere", "--until", "1", "--out", text(&out)];
    safe_yolo(unknown).refused(&["nowhere", "helmets"]);
}

const SITE: &str = r#"
[[camera]]
name = "yard"
source = "sim://helmets"
[[camera.zone]]
name = "press"
type = "danger"
points = [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9], [0.1, 0.9]]
require = ["helmet"]
"#;

#[test]
fn mistakes_in_a_site_file_are_named_with_their_place() {
    let folder = TempDir::new().unwrap();
    let (site, out) = (folder.path().join("site.toml"), folder.path().join("out"));
    let outcome = |text_of_site: &str, camera: &str| {
        fs::write(&site, text_of_site).unwrap();
        let command = ["analyze", "sim://helmets", "--until", "1", "--out", text(&out)];
        safe_yolo(command.into_iter().chain(["--site", text(&site), "--camera", camera]))
    };
    let points = "[[0.1, 0.5], [0.4, 0.5], [0.4, 0.9], [0.1, 0.9]]";
    for (from, to, says) in [
        (points, "[[0.1, 0.5], [0.4, 0.5]]", "at least 3 points, this one has 2"),
        (points, "[[0.1, 0.5], [0.4, 0.9], [0.4, 0.5], [0.1, 0.9]]", "crosses"),
        (points, "[[0.1, 0.5], [0.4, 0.5], [1.4, 0.9]]", "point 3 (1.4, 0.9) is outside"),
        (points, "[[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]]", "no area"),
        (
            "require",
            "requires",
            "site.toml:9:1: camera 'yard', zone 'press': unknown field 'requires'",
        ),
        ("require", "requires", "did you mean 'require'?"),
        ("\"danger\"", "\"deadly\"", "deadly"),
        ("name = \"press\"", "name = \"press\"\ndwell_s = -3", "dwell_s is -3"),
        ("[\"helmet\"]", "[\"cape\"]", "cape"),
        ("[[camera]]", "[[camera]", "site.toml:2:10: this is no TOML"),
    ] {
        let outcome = outcome(&SITE.replace(from, to), "yard");
        outcome.refused(&["site.toml", says]);
        assert!(!out.exists(), "{outcome:?}");
    }
    outcome(SITE, "gate").refused(&["'gate'", "yard"]);
    fs::remove_file(&site).unwrap();
    let command = ["analyze", "sim://helmets", "--until", "1", "--out", text(&out)];
    let missing = command.into_iter().chain(["--site", text(&site), "--camera", "yard"]);
    safe_yolo(missing).refused(&["site.toml"]);
}

#[test]
fn one_bad_picture_keeps_no_good_one_from_being_looked_at() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("garbage.jpg"), [0x5A_u8; 4000]).unwrap();
    fs::write(at("empty.jpg"), "").unwrap();
    still("helmets", 5000, &at("good.jpg"));
    let whole = fs::read(at("good.jpg")).unwrap();
    fs::write(at("cut.jpg"), &whole[..200]).unwrap();
    let (garbage, empty, cut) = (at("garbage.jpg"), at("empty.jpg"), at("cut.jpg"));
    let (missing, good) = (at("missing.jpg"), at("good.jpg"));
    let files = [&garbage, &empty, &cut, &missing, &good].map(|path| text(path));
    let outcome = safe_yolo(["detect", "--json"].into_iter().chain(files));
    outcome.refused(&["garbage.jpg", "empty.jpg", "cut.jpg", "missing.jpg"]);
    assert!(!outcome.stderr.contains("good.jpg"), "{outcome:?}");
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    assert!(outcome.stdout.contains("good.jpg") && outcome.stdout.contains("\"person\""));
}

#[test]
fn scores_outside_their_range_are_refused() {
    for score in ["2", "-1", "0", "NaN", "high"] {
        let outcome = safe_yolo(["detect", &format!("--min-score={score}"), "picture.jpg"]);
        outcome.refused(&["--min-score", score, "between 0.01 and 1"]);
    }
}

#[test]
fn a_file_of_detections_is_refused_with_line_and_field() {
    let folder = TempDir::new().unwrap();
    let (det, out) = (folder.path().join("det.txt"), folder.path().join("tracks.txt"));
    let track = |lines: &str, fps: &str, size: &str| {
        fs::write(&det, lines).unwrap();
        let (det, out) = (text(&det), text(&out));
        let size = format!("--size={size}");
        safe_yolo(["track", "--det", det, "--fps", fps, &size, "--out", out])
    };
    let good = "1,-1,10,10,20,40,0.9\n";
    for (line, says) in [
        ("2,-1,10,10,20,40", "there is no score"),
        ("2,-1,10,10,wide,40,0.9", "w 'wide'"),
        ("2,-1,10,10,20,-4,0.9", "h '-4'"),
        ("2,-1,10,10,20,40,90", "score '90'"),
        ("0,-1,10,10,20,40,0.9", "frame '0'"),
        ("nonsense", "frame 'nonsense'"),
    ] {
        let outcome = track(&format!("{good}{line}\n"), "25", "640x480");
        outcome.refused(&["det.txt", "line 2", says]);
        assert!(!out.exists(), "{outcome:?}");
    }
    for fps in ["0", "1001", "NaN", "1e9"] {
        track(good, fps, "640x480").refused(&["frames a second", "0.1 to 1000"]);
    }
    track(good, "fast", "640x480").refused(&["--fps", "fast"]);
    for size in ["640", "0x480", "640x", "640x480x3", "-640x480"] {
        track(good, "25", size).refused(&["--size", "1280x720"]);
    }
    track(good, "25", "640x480").ok();
    assert!(out.exists());
    let (in_, to) = (text(&det), text(&out));
    let base = ["track", "--det", in_, "--fps", "25", "--size", "640x480", "--out", to];
    let with = |more: [&'static str; 2]| safe_yolo(base.into_iter().chain(more));
    with(["--set", "lost_s=1.5"]).ok();
    with(["--preset", "byte-track"]).ok();
    with(["--set", "lost_s=99"]).refused(&["`lost_s` is 99", "from 0 to 60"]);
    with(["--set", "hihg=0.5"]).refused(&["no tracker setting `hihg`", "high"]);
    with(["--set", "new=0.2"]).refused(&["`high` (0.5) is above `new` (0.2)"]);
    with(["--set", "lost_s"]).refused(&["--set", "lost_s=1.5"]);
    with(["--set", "lost_s=long"]).refused(&["--set", "'long' is no number"]);
    with(["--preset", "sort"]).refused(&["--preset", "bot-sort"]);
    fs::remove_file(&det).unwrap();
    let missing = ["track", "--det", text(&det), "--fps", "25", "--size", "9x9", "--out", "x"];
    safe_yolo(missing).refused(&["det.txt"]);
}

#[test]
fn an_output_that_cannot_be_written_is_told_by_name() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let clip = ClipSpec { seconds: 0.4, ..ClipSpec::default() };
    let video = clip.write_in(folder.path(), "clip.mp4").unwrap();
    fs::write(at("taken"), "a file").unwrap();
    let out = at("taken");
    safe_yolo(["analyze", text(&video), "--out", text(&out)]).refused(&["taken"]);
    fs::create_dir_all(at("out/events.jsonl")).unwrap();
    let out = at("out");
    safe_yolo(["analyze", text(&video), "--out", text(&out)]).refused(&["events.jsonl"]);
    fs::create_dir_all(at("videos/annotated.mp4")).unwrap();
    let out = at("videos");
    let outcome = safe_yolo(["analyze", text(&video), "--annotate", "--out", text(&out)]);
    outcome.refused(&["annotated.mp4"]);
}

#[test]
fn a_variable_of_a_site_file_that_is_not_set_is_named() {
    let folder = TempDir::new().unwrap();
    let site = folder.path().join("site.toml");
    let camera =
        "[[camera]]\nname = \"gate\"\nsource = \"rtsp://root:${NOT_SET}@127.0.0.1/live\"\n";
    fs::write(&site, camera).unwrap();
    let data = folder.path().join("data");
    let mut serve = program();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)]);
    run(serve.args(["--site", text(&site)])).refused(&["NOT_SET", "not set", "'gate'"]);
}
