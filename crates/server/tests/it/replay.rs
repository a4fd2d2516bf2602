//! Replays: what was logged is judged again, by other zones too, and what is missing is told.

use reqwest::StatusCode;
use safe_yolo_core::{Anchor, Utc, ZoneType};
use safe_yolo_server::StartupCamera;
use safe_yolo_sim::Scene;
use safe_yolo_store::{NewCamera, NewZone, Origin};
use serde_json::{Value, json};

use crate::site::{Client, PATIENCE, Site, quiet};

fn now() -> Utc {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Utc(i64::try_from(now.as_micros()).unwrap())
}

/// A camera that shows the drawn scene, with its zones.
fn hall() -> StartupCamera {
    let zones = Scene::new("helmets", 1).unwrap().zones();
    let zone = |zone: safe_yolo_sim::SceneZone| NewZone {
        dwell_s: 1.0,
        pause_s: 5.0,
        require: zone.require,
        ..NewZone::new(
            &zone.name_en,
            zone.zone_type,
            safe_yolo_core::Polygon::new(zone.points).unwrap(),
        )
    };
    StartupCamera {
        camera: NewCamera::new("hall", "sim://helmets?seed=1", Origin::CommandLine),
        zones: Some(zones.into_iter().map(zone).collect()),
    }
}

/// Asks until the log has an alarm of the scene.
async fn replayed(admin: &Client, camera: &str, from: Utc, zones: Option<Value>) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let mut body = json!({"from": from.to_string(), "to": now().to_string()});
        if let Some(zones) = &zones {
            body["zones"] = zones.clone();
        }
        let answer = admin.post(&format!("/api/cameras/{camera}/replay"), body).await;
        let events = answer.json["events"].as_array();
        let alarm = |row: &Value| row["fired"]["type"] == "danger_zone_intrusion";
        if events.is_some_and(|rows| rows.iter().any(alarm)) {
            return answer.json;
        }
        assert!(answer.status != StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        assert!(begun.elapsed() < PATIENCE, "{answer:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_are_tried_over_what_was_seen() {
    let from = now();
    let site = Site::with(vec![hall()]).await;
    let admin = site.admin().await;
    let camera = admin.camera("hall").await;
    let same = replayed(&admin, &camera, from, None).await;
    assert_eq!(same["camera"], camera);
    let rows = same["events"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["difference"] == "same"), "{same}");
    assert_eq!(same["counts"]["same"], rows.len());
    for row in rows {
        assert_eq!(row["fired"], row["would_fire"]);
        let id = row["fired"]["id"].as_str().unwrap();
        let stored = admin.until(&format!("/api/events/{id}"), |event| event["id"] == id).await;
        for field in ["type", "severity", "zone", "track", "start", "message", "config_version"] {
            assert_eq!(row["fired"][field], stored[field], "{field}: {row}");
        }
    }

    // The zone as the API gives it, with another dwell; and one more.
    let zones = admin.get(&format!("/api/zones?camera={camera}")).await.ok();
    let mut zones = zones["zones"].clone();
    zones[0]["dwell_s"] = json!(2.0);
    let everywhere = json!({"name": "everywhere", "type": "warning", "dwell_s": 0.5,
        "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]});
    zones.as_array_mut().unwrap().push(everywhere);
    let tried = replayed(&admin, &camera, from, Some(zones)).await;
    let of = |kind: &str, difference: &str| {
        let rows = tried["events"].as_array().unwrap().iter();
        rows.filter(|row| {
            let event = if row["fired"].is_null() { &row["would_fire"] } else { &row["fired"] };
            event["type"] == kind && row["difference"] == difference
        })
        .count()
    };
    assert!(of("warning_zone_intrusion", "new") > 0, "{tried}");
    assert_eq!(of("danger_zone_intrusion", "same"), 0, "{tried}");
    assert!(of("entrance", "same") > 0 && tried["counts"]["gone"].is_u64(), "{tried}");
    for field in ["begins", "exact", "pictures", "took_ms", "holes", "holes_left_out"] {
        assert!(!tried[field].is_null(), "{field}: {tried}");
    }
    // From before the first picture on nobody had looked.
    let early = Utc(from.micros() - 60_000_000);
    let early = replayed(&admin, &camera, early, None).await;
    assert_eq!(early["holes"][0]["reason"], "not_looked_at", "{early}");
    let stored = admin.get(&format!("/api/zones?camera={camera}")).await.ok();
    assert_eq!(stored["zones"].as_array().unwrap().len(), 1, "nothing is changed: {stored}");
}

/// The drawn scene with settings of every kind, and zones that would raise other events without them.
fn settled_hall() -> StartupCamera {
    let StartupCamera { mut camera, zones } = hall();
    let points = |points: Value| serde_json::from_value(points).unwrap();
    camera.masks = vec![points(json!([[0.0, 0.0], [0.05, 0.0], [0.0, 0.05]]))];
    camera.calibration = serde_json::from_value(json!({
        "points": [[0.1, 0.9], [0.9, 0.9], [0.7, 0.4], [0.3, 0.4]],
        "metres": [[0.0, 0.0], [4.0, 0.0], [4.0, 9.0], [0.0, 9.0]],
    }))
    .unwrap();
    let everywhere = json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    let mut zones = zones.unwrap();
    let far_edge = zones[0].points.points().iter().map(|p| p.y).fold(1.0, f64::min);
    zones[0].rules = serde_json::from_value(json!([
        {"type": "occupancy_above", "people": 1, "dwell_s": 0.5, "when": {"class": "person", "present": true}},
        {"type": "line_crossing", "line": [[0.5, 0.1], [0.5, 0.9]], "direction": "to_left"},
        {"type": "entries_above", "people": 1, "window_s": 60},
        {"type": "proximity", "class": "forklift", "distance_m": 2.0},
        {"type": "loitering", "dwell_s": 1, "schedule": [{"holidays": "only"}]},
    ]))
    .unwrap();
    // Feet are nearer than the far edge of the zone; the middle of who stands there is above it.
    let above = json!([[0.0, 0.0], [1.0, 0.0], [1.0, far_edge], [0.0, far_edge]]);
    zones.push(NewZone {
        dwell_s: 0.5,
        anchor: Anchor::Centre,
        ..NewZone::new("above", ZoneType::Custom, points(above))
    });
    zones.push(NewZone {
        dwell_s: 0.5,
        schedule: serde_json::from_value(json!([{"holidays": "only"}])).unwrap(),
        ..NewZone::new("asleep", ZoneType::Danger, points(everywhere))
    });
    StartupCamera { camera, zones: Some(zones) }
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_are_tried_exactly_as_they_are_read() {
    let from = now();
    let site = Site::with(vec![settled_hall()]).await;
    let admin = site.admin().await;
    let camera = admin.camera("hall").await;
    let read = admin.get(&format!("/api/zones?camera={camera}")).await.ok()["zones"].clone();
    for (zone, field, value) in [
        (0, "version", json!(1)),
        (1, "anchor", json!("centre")),
        (2, "schedule", json!([{"holidays": "only"}])),
    ] {
        assert_eq!(read[zone][field], value);
    }
    // Long enough for all that raises something at all.
    let fires = |kind: &'static str| {
        let path = format!("/api/events?camera={camera}&type={kind}");
        let admin = admin.clone();
        async move { admin.until(&path, |page| page["events"][0]["id"].is_string()).await }
    };
    for kind in ["danger_zone_intrusion", "occupancy_above", "entries_above"] {
        fires(kind).await;
    }
    let tried = replayed(&admin, &camera, from, Some(read.clone())).await;
    let rows = tried["events"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["difference"] == "same"), "{tried}");
    assert_eq!(tried["counts"], json!({"same": rows.len(), "moved": 0, "new": 0, "gone": 0}));
    let of = |zone: &str, kind: &str| {
        let is_it =
            |row: &&Value| row["fired"]["zone"]["name"] == zone && row["fired"]["type"] == kind;
        rows.iter().filter(is_it).count()
    };
    assert!(of("above", "entrance") > 0, "it is not the feet that count there: {tried}");
    assert_eq!(of("asleep", "danger_zone_intrusion"), 0, "{tried}");

    // What differs, differs: without its hours the third zone wakes, by its feet the second is empty.
    let mut other = read;
    (other[1]["anchor"], other[2]["schedule"]) = (json!("foot"), Value::Null);
    let tried = replayed(&admin, &camera, from, Some(other)).await;
    let rows = tried["events"].as_array().unwrap();
    let of = |zone: &str, side: &str, difference: &str| {
        let is_it =
            |row: &&Value| row[side]["zone"]["name"] == zone && row["difference"] == difference;
        rows.iter().filter(is_it).count()
    };
    assert!(of("asleep", "would_fire", "new") > 0, "{tried}");
    assert!(of("above", "fired", "gone") > 0, "{tried}");
}

#[tokio::test]
async fn what_can_not_be_judged_is_refused() {
    let site = Site::with(vec![quiet()]).await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let path = format!("/api/cameras/{camera}/replay");
    let (from, to) = ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00+00:00");
    let asked = |from: &str, to: &str| json!({"from": from, "to": to});
    let zone =
        json!({"name": "z", "type": "danger", "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]});
    let with = |zones: Value| json!({"from": from, "to": to, "zones": zones});
    let mut foreign = zone.clone();
    foreign["camera"] = json!("other");
    let mut twice = zone.clone();
    (twice["id"], twice["name"]) = (json!("new-1"), json!("y"));
    for (what, body, says) in [
        ("turned round", asked(to, from), "must lie behind"),
        ("no time", asked("yesterday", to), "from is 'yesterday'"),
        ("too long", asked("2026-01-29T08:00:00Z", to), "24 hours"),
        (
            "crossing",
            with(json!([{"name": "z", "type": "danger",
            "points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]}])),
            "crosses",
        ),
        ("another camera's", with(json!([foreign])), "another camera"),
        ("one id twice", with(json!([zone.clone(), twice])), "'new-1'"),
        ("one name twice", with(json!([zone.clone(), zone.clone()])), "'z'"),
        ("unknown field", json!({"from": from, "to": to, "zone": []}), "zone"),
    ] {
        let refused = admin.post(&path, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {refused:?}");
        assert_eq!(refused.code(), "invalid", "{what}");
        assert!(refused.text.contains(says), "{what}: {}", refused.text);
    }
    let none = admin.post(&path, asked(from, to)).await;
    assert_eq!((none.status, none.code()), (StatusCode::NOT_FOUND, "not_found"));
    assert!(none.text.contains("no tracks of camera"), "{}", none.text);
    let unknown = admin.post("/api/cameras/nobody/replay", asked(from, to)).await;
    assert_eq!(unknown.code(), "not_found");
}
