//! `rules replay` over the data of a real server.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use common::footage::corners;
use common::server::{ADMIN_PASSWORD, Site};
use common::{Outcome, PATIENCE, safe_yolo, text};
use safe_yolo_core::Utc;
use serde_json::Value;

fn now() -> Utc {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Utc(i64::try_from(now.as_micros()).unwrap())
}

/// A site file with the zone of the drawn scene.
fn site_file(dwell_s: f64, more: &str) -> String {
    let points = corners("helmets");
    format!(
        "[[camera]]\nname = \"hall\"\nsource = \"sim://helmets?seed=1\"\n[[camera.zone]]\n\
         name = \"press\"\ntype = \"danger\"\npoints = {points}\ndwell_s = {dwell_s:?}\n{more}"
    )
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fired_is_shown_beside_what_would_have() {
    let site = Site::new();
    let (stored, tried) = (site.path().join("site.toml"), site.path().join("tried.toml"));
    fs::write(&stored, site_file(1.0, "")).unwrap();
    let loitering = "[[camera.zone.rule]]\ntype = \"loitering\"\ndwell_s = 1.0\n";
    fs::write(&tried, site_file(2.0, loitering)).unwrap();
    let from = now().to_string();
    let mut command = site.command();
    command.args(["--site", text(&stored)]).env("SAFE_YOLO_ADMIN_PASSWORD", ADMIN_PASSWORD);
    let mut server = site.start(&mut command).await;
    let admin = server.admin().await;
    let alarm = |answer: &Value| answer["events"].as_array().is_some_and(|e| !e.is_empty());
    let path = "/api/events?type=danger_zone_intrusion";
    admin.until(path, PATIENCE, alarm).await;
    let known = admin.get("/api/events?limit=500").await.ok();
    assert!(server.terminate().success(), "{}", server.log());
    let to = now().to_string();

    let data = site.data();
    let replay = |more: &[&str]| {
        let arguments = ["rules", "replay", "--data", text(&data), "--camera", "hall"];
        safe_yolo(
            arguments.into_iter().chain(["--from", &from, "--to", &to]).chain(more.iter().copied()),
        )
    };
    // Every event of the rules that the server had told is told again, the same.
    let again: BTreeMap<String, Value> = lines(&replay(&["--changes"]).ok())
        .into_iter()
        .filter(|change| change["kind"] == "raised")
        .map(|change| (change["event"]["id"].as_str().unwrap().to_owned(), change["event"].clone()))
        .collect();
    let rules = known["events"].as_array().unwrap().iter().filter(|e| e["type"] != "system");
    let mut count = 0;
    for event in rules {
        let same = &again[event["id"].as_str().unwrap()];
        for field in ["type", "severity", "zone", "track", "start", "message", "config_version"] {
            assert_eq!(same[field], event[field], "{field} of {event}");
        }
        count += 1;
    }
    assert!(count >= 2, "{known}");

    let fired = lines(&replay(&["--json"]).ok());
    assert!(fired.iter().any(|line| line["fired"]["type"] == "danger_zone_intrusion"), "{fired:?}");
    assert_eq!(fired.last().unwrap()["summary"]["exact"], true);

    let compared = lines(&replay(&["--json", "--with", text(&tried)]).ok());
    let has = |difference: &str, event: &str, kind: &str| {
        compared.iter().any(|l| l["difference"] == difference && l[event]["type"] == kind)
    };
    assert!(has("new", "would_fire", "loitering"), "{compared:?}");
    assert!(has("same", "fired", "entrance"), "{compared:?}");
    assert!(!has("same", "fired", "danger_zone_intrusion"), "{compared:?}");
    let table = replay(&["--with", text(&tried)]).ok().stdout;
    for word in ["new", "loitering, press", "pictures judged again in"] {
        assert!(table.contains(word), "{word}: {table}");
    }
}

#[test]
fn what_can_not_be_replayed_is_named() {
    let site = Site::new();
    let (from, to) = ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z");
    let replay = |camera: &str, from: &str, to: &str| {
        safe_yolo([
            "rules",
            "replay",
            "--data",
            text(site.path()),
            "--camera",
            camera,
            "--from",
            from,
            "--to",
            to,
        ])
    };
    replay("yard", from, to).refused(&["tracks"]);
    let folder = site.path().join("tracks/yard");
    fs::create_dir_all(&folder).unwrap();
    replay("gate", from, to).refused(&["'gate'", "it has: none"]);
    replay("yard", from, to).refused(&["no tracks of camera 'yard'"]);
    replay("yard", to, from).refused(&["must lie behind"]);
    replay("yard", "yesterday", to).refused(&["yesterday", "2026-01-31T08:15:00+09:00"]);
    let newer = [b"SYTRACKS".as_slice(), &[7, 0], &[0; 8]].concat();
    fs::write(folder.join("1769846400000-000000-1769846400000.tracks"), newer).unwrap();
    replay("yard", from, to).refused(&["format 7", "reads up to 1"]);
}
