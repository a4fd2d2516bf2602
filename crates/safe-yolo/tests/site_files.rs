//! Site files checked, exported and imported through the program itself.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;

use common::server::Site;
use common::{safe_yolo, text};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

const YARD: &str = r#"[[camera]]
name = "1공장 마당"
source = "sim://quiet"
analysis_rate_max = 5
[[camera.zone]]
name = "프레스"
type = "danger"
points = [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9], [0.1, 0.9]]
require = ["helmet"]
[[camera.zone.rule]]
type = "fall"
"#;

#[test]
fn check_tells_all_mistakes_or_how_much_there_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("site.toml");
    fs::write(&file, YARD).unwrap();
    let outcome = safe_yolo(["rules", "check", text(&file)]).ok();
    assert_eq!(outcome.stdout, "1 camera, 1 zone, 1 rule: fine\n");

    let wrong = YARD.replace("= 5", "= 0").replace("\"fall\"", "\"fell\"").replace("0.9]]", "9]]");
    fs::write(&file, wrong).unwrap();
    let outcome = safe_yolo(["rules", "check", text(&file)]);
    let places = ["4:21", "8:47", "11:8"].map(|place| format!("\n{}:{place}: ", text(&file)));
    outcome.refused(&["error: 3 mistakes in site file", &places[0], &places[1], &places[2]]);
    assert_eq!((outcome.status.code(), outcome.stdout.as_str()), (Some(1), ""));

    fs::remove_file(&file).unwrap();
    safe_yolo(["rules", "check", text(&file)]).refused(&["site.toml"]);
    fs::write(&file, [0xff, 0xfe]).unwrap();
    safe_yolo(["rules", "check", text(&file)]).refused(&["site.toml", "UTF-8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_while_the_server_runs_is_a_site_file_of_the_same_cameras() {
    let site = Site::new();
    let file = site.path().join("site.toml");
    fs::write(&file, YARD).unwrap();
    let mut command = site.command();
    command
        .args(["--site", text(&file)])
        .env("SAFE_YOLO_ADMIN_PASSWORD", common::server::ADMIN_PASSWORD);
    let server = site.start(&mut command).await;
    let admin = server.admin().await;
    let login = json!({
        "name": "gate", "source": "rtsp://127.0.0.1:9/1",
        "username": "root-user", "password": "s3cret",
    });
    admin.send(Method::POST, "/api/cameras", Some(login)).await.ok();

    let out = site.path().join("export.toml");
    let data = site.data();
    let export = ["rules", "export", "--data", text(&data), "--out", text(&out)];
    let outcome = safe_yolo(export).ok();
    let written = fs::read_to_string(&out).unwrap();
    for said in [&written, &outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("s3cret") && !said.contains("root-user"), "{said}");
    }
    assert!(outcome.stderr.contains("CAMERA_2_PASSWORD"), "{outcome:?}");
    let summary = safe_yolo(["rules", "check", text(&out)]).ok().stdout;
    assert_eq!(summary, "2 cameras, 1 zone, 1 rule: fine\n");
    let again = safe_yolo(["rules", "export", "--data", text(&data)]).ok();
    assert_eq!(again.stdout, written, "standard output has the same");
    safe_yolo(export).refused(&["export.toml", "is there already"]);
    let nowhere = site.path().join("nowhere");
    safe_yolo(["rules", "export", "--data", text(&nowhere)]).refused(&["nowhere", "--data-dir"]);
    assert!(!nowhere.exists());
}

#[test]
fn p12_an_import_states_what_points_are() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let cameras = json!([{
        "id": 1, "name": "정문", "source": "rtsp://admin:s3cret@127.0.0.1:9/1",
        "source_type": "rtsp", "is_active": true,
    }]);
    let rois = json!([{
        "id": 1, "camera_id": 1, "name": "프레스", "color": "#FF0000", "zone_type": "danger",
        "points": "[{\"x\": 128, \"y\": 72}, {\"x\": 640, \"y\": 72}, {\"x\": 640, \"y\": 720}]",
        "is_active": 1,
    }]);
    fs::write(at("cameras.json"), cameras.to_string()).unwrap();
    fs::write(at("rois.json"), rois.to_string()).unwrap();
    fs::write(at("safety_monitor.db"), b"SQLite format 3\0 and more").unwrap();
    let (one, other, out) = (at("cameras.json"), at("rois.json"), at("site.toml"));
    let import = |size: &[&str]| {
        let files = ["rules", "import-prototype", text(&one), text(&other), "--out", text(&out)];
        safe_yolo(files.iter().chain(size))
    };
    import(&[]).refused(&["--picture-size"]);
    import(&["--picture-size", "auto"]).refused(&["auto", "1280x720", "fractions"]);
    import(&["--picture-size", "fractions"]).refused(&["rois.json", "프레스", "(128, 72)"]);
    import(&["--picture-size", "640x360"]).refused(&["프레스", "outside a picture of 640x360"]);
    assert!(!out.exists(), "nothing is written");
    let outcome = import(&["--picture-size", "1280x720"]).ok();
    let written = fs::read_to_string(&out).unwrap();
    for said in [&written, &outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert!(outcome.stderr.contains("CAMERA_1_PASSWORD"), "{outcome:?}");
    assert!(written.contains("points = [[0.1, 0.1], [0.5, 0.1], [0.5, 1.0]]"), "{written}");
    let summary = safe_yolo(["rules", "check", text(&out)]).ok().stdout;
    assert_eq!(summary, "1 camera, 1 zone, 0 rules: fine\n");
    let database = at("safety_monitor.db");
    let files =
        ["rules", "import-prototype", text(&database), "--out", "x", "--picture-size", "1x1"];
    safe_yolo(files).refused(&["safety_monitor.db", "sqlite3 -json"]);
}
