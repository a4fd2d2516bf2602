//! What a camera is told of its view, and when its zones apply: taken, refused by name, forgotten.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::site::{Answer, Client, Site};

fn floor() -> Value {
    json!({
        "points": [[0.1, 0.9], [0.9, 0.9], [0.7, 0.3], [0.3, 0.3]],
        "metres": [[0.0, 0.0], [4.1, 0.0], [4.1, 12.7], [0.0, 12.7]],
    })
}

fn sky() -> Value {
    json!([[0.0, 0.0], [1.0, 0.0], [1.0, 0.2], [0.0, 0.25]])
}

/// A site, an administrator and the path of a camera without zones.
async fn site() -> (Site, Client, String) {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let path = format!("/api/cameras/{}", admin.camera("quiet").await);
    (site, admin, path)
}

fn zone(camera: &str, changed: &[(&str, Value)]) -> Value {
    let mut zone = json!({
        "camera": camera.rsplit('/').next(), "name": "press", "type": "danger",
        "points": [[0.1, 0.4], [0.9, 0.4], [0.9, 0.9], [0.1, 0.9]],
    });
    for (field, value) in changed {
        zone[*field] = value.clone();
    }
    zone
}

fn near_forklift() -> Value {
    json!([{"type": "proximity", "class": "forklift", "distance_m": 2.3}])
}

/// It is refused, and the message says all of this.
fn refused(answer: &Answer, what: &str, says: &[&str]) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {answer:?}");
    assert_eq!(answer.code(), "invalid", "{what}");
    let detail = answer.json["detail"].as_str().unwrap();
    for part in says {
        assert!(detail.contains(part), "{what}: '{part}' is not in '{detail}'");
    }
}

#[tokio::test]
async fn masks_and_calibration_come_change_and_go() {
    let (site, admin, path) = site().await;
    let bare = admin.get(&path).await.ok();
    assert_eq!((&bare["masks"], &bare["calibration"]), (&json!([]), &Value::Null));
    let version = bare["version"].as_u64().unwrap();
    let corner = json!([[0.0, 0.7], [0.2, 1.0], [0.0, 1.0]]);
    // Each change, and masks, calibration and how many versions there are after it.
    for (change, masks, calibration, later) in [
        (json!({"masks": [sky(), corner]}), json!([sky(), corner]), Value::Null, 1),
        (json!({"calibration": floor()}), json!([sky(), corner]), floor(), 2),
        (json!({"calibration": floor()}), json!([sky(), corner]), floor(), 2),
        (json!({"masks": null}), json!([sky(), corner]), floor(), 2),
        (json!({"masks": [sky()]}), json!([sky()]), floor(), 3),
        (json!({"name": "north"}), json!([sky()]), floor(), 4),
        (json!({"calibration": null}), json!([sky()]), Value::Null, 5),
        (json!({"calibration": null}), json!([sky()]), Value::Null, 5),
        (json!({"masks": []}), json!([]), Value::Null, 6),
    ] {
        let changed = admin.patch(&path, change.clone()).await.ok();
        assert_eq!(
            (&changed["masks"], &changed["calibration"]),
            (&masks, &calibration),
            "{change}"
        );
        assert_eq!(changed["version"], version + later, "{change}");
        let mut read = admin.get(&path).await.ok();
        read["status"] = changed["status"].clone();
        assert_eq!(read, changed, "{change}");
    }
    let newest = admin.get(&format!("{path}/versions?limit=2")).await.ok();
    assert_eq!(
        newest["versions"][1]["changes"],
        json!([{"path": ["calibration"], "before": floor(), "after": null}])
    );
    site.audited("camera.change", |e| e.who == "admin" && e.action == "camera.change").await;

    let new = json!({"name": "yard", "source": "sim://quiet", "enabled": false,
        "masks": [sky()], "calibration": floor()});
    let added = admin.post("/api/cameras", new).await.ok();
    assert_eq!((&added["masks"], &added["calibration"]), (&json!([sky()]), &floor()));
}

#[tokio::test]
async fn areas_that_nobody_may_see_come_change_and_go() {
    let (site, admin, path) = site().await;
    let bare = admin.get(&path).await.ok();
    assert_eq!(bare["privacy_masks"], json!([]));
    for areas in [json!([sky()]), json!([sky(), sky()]), json!([])] {
        let changed = admin.patch(&path, json!({"privacy_masks": areas})).await.ok();
        assert_eq!((&changed["privacy_masks"], &changed["masks"]), (&areas, &json!([])));
        assert_eq!(admin.get(&path).await.ok()["privacy_masks"], areas);
        // What was changed is in the history, under its name.
        let versions = admin.get(&format!("{path}/versions")).await.ok();
        let newest = &versions["versions"][0];
        assert_eq!(newest["changes"][0]["path"], json!(["privacy_masks"]), "{newest}");
    }
    admin.patch(&path, json!({"privacy_masks": [sky()]})).await.ok();
    let stored = site.store.cameras().await.unwrap().remove(0).config.privacy_masks;
    assert_eq!(serde_json::to_value(stored).unwrap(), json!([sky()]));
}

#[tokio::test]
async fn impossible_masks_and_calibrations_are_refused_by_name() {
    let (_site, admin, path) = site().await;
    let kept = json!({"masks": vec![sky(); 16], "calibration": floor()});
    let before = admin.patch(&path, kept).await.ok();
    let crossing = json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]);
    let points = |points: Value| {
        let mut calibration = floor();
        calibration["points"] = points;
        json!({"calibration": calibration})
    };
    let metres = |metres: Value| {
        let mut calibration = floor();
        calibration["metres"] = metres;
        json!({"calibration": calibration})
    };
    let in_a_line = ["calibration", "no three of them in a line"];
    for (what, change, says) in [
        ("17 masks", json!({"masks": vec![sky(); 17]}), &["at most 16 masked areas", "17"][..]),
        (
            "17 blacked areas",
            json!({"privacy_masks": vec![sky(); 17]}),
            &["at most 16 blacked areas", "17"],
        ),
        ("crossing", json!({"masks": [crossing]}), &["the edge from point 1 crosses", "point 3"]),
        (
            "two points",
            json!({"masks": [[[0.1, 0.1], [0.9, 0.9]]]}),
            &["at least 3 points", "has 2"],
        ),
        (
            "outside",
            json!({"masks": [[[0.1, 0.1], [1.5, 0.1], [0.1, 0.9]]]}),
            &["point 2 (1.5, 0.1)"],
        ),
        (
            "three points in a line",
            points(json!([[0.1, 0.9], [0.5, 0.9], [0.9, 0.9], [0.3, 0.3]])),
            &in_a_line,
        ),
        (
            "three places in a line",
            metres(json!([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [0.0, 9.0]])),
            &in_a_line,
        ),
        (
            "crossing points",
            points(json!([[0.1, 0.9], [0.9, 0.3], [0.9, 0.9], [0.1, 0.3]])),
            &["points of the calibration", "crosses"],
        ),
        (
            "three places",
            metres(json!([[0.0, 0.0], [4.1, 0.0], [4.1, 12.7]])),
            &["4 places in metres", "4 and 3 are given"],
        ),
        (
            "far away",
            metres(json!([[0.0, 0.0], [4.1, 0.0], [4.1, 1001.0], [0.0, 12.7]])),
            &["place 3", "1001"],
        ),
        ("no places", json!({"calibration": {"points": floor()["points"]}}), &["metres"]),
        ("another field", json!({"mask": []}), &["unknown field `mask`"]),
    ] {
        refused(&admin.patch(&path, change.clone()).await, what, says);
        let mut new = change;
        (new["name"], new["source"]) = (json!("yard"), json!("sim://quiet"));
        refused(&admin.post("/api/cameras", new).await, what, says);
    }
    let after = admin.get(&path).await.ok();
    assert_eq!(
        (&after["version"], &after["masks"], &after["calibration"]),
        (&before["version"], &before["masks"], &before["calibration"])
    );
    assert_eq!(admin.get("/api/cameras").await.ok()["cameras"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn zones_and_views_that_do_not_fit_are_refused_by_name() {
    let (_site, admin, path) = site().await;
    let metric = zone(&path, &[("rules", near_forklift())]);
    let uncalibrated = ["zone 'press'", "rule 'proximity'", "metres", "no calibration"];
    refused(&admin.post("/api/zones", metric.clone()).await, "metres", &uncalibrated);
    admin.patch(&path, json!({"masks": [sky()], "calibration": floor()})).await.ok();
    let added = admin.post("/api/zones", metric).await.ok();
    assert_eq!(added["rules"][0]["distance_m"], json!(2.3));
    let zone_path = format!("/api/zones/{}", added["id"].as_str().unwrap());

    let in_sky = json!([[0.2, 0.05], [0.8, 0.05], [0.5, 0.15]]);
    let masked = ["zone 'lamp'", "masked areas"];
    let lamp = zone(&path, &[("name", json!("lamp")), ("points", in_sky.clone())]);
    refused(&admin.post("/api/zones", lamp).await, "a zone in a mask", &masked);
    let moved = admin.patch(&zone_path, json!({"points": in_sky})).await;
    refused(&moved, "a zone that moves into a mask", &["zone 'press'", "masked areas"]);
    let all = json!({"masks": [sky(), [[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]]});
    refused(&admin.patch(&path, all).await, "a mask over it", &["zone 'press'", "masked areas"]);
    let forgotten = admin.patch(&path, json!({"calibration": null})).await;
    refused(&forgotten, "no calibration any more", &uncalibrated);

    let now = admin.get(&path).await.ok();
    assert_eq!((&now["zones"], &now["calibration"]), (&json!([added]), &floor()));
    assert_eq!(now["masks"], json!([sky()]));
    // With its rule gone, nothing needs the metres; a restore would.
    admin.patch(&zone_path, json!({"rules": []})).await.ok();
    let bare = admin.patch(&path, json!({"calibration": null})).await.ok();
    let restore = format!("{path}/versions/{}/restore", added["version"]);
    refused(&admin.post(&restore, json!({})).await, "a restore", &uncalibrated);
    let after = admin.get(&path).await.ok();
    assert_eq!((&after["version"], &after["zones"]), (&bare["version"], &bare["zones"]));
}

#[tokio::test]
async fn zones_have_hours_until_they_are_taken_away() {
    let (_site, admin, path) = site().await;
    let nights = json!([
        {"days": ["mon", "fri"], "from": "22:00", "to": "06:00", "holidays": "excluded"},
        {"days": ["sat"], "to": "24:00", "holidays": "included"},
    ]);
    let lunch = json!([{"from": "12:00", "to": "13:00", "holidays": "included"}]);
    let rules = json!([{"type": "fall", "schedule": lunch,
        "when": {"class": "forklift", "present": true}}]);
    let added = admin
        .post("/api/zones", zone(&path, &[("schedule", nights.clone()), ("rules", rules)]))
        .await
        .ok();
    assert_eq!(added["schedule"], nights);
    assert_eq!(added["rules"][0]["schedule"], lunch);
    assert_eq!(added["rules"][0]["when"], json!({"class": "forklift", "present": true}));
    let zone_path = format!("/api/zones/{}", added["id"].as_str().unwrap());
    let version = added["version"].as_u64().unwrap();
    for (change, schedule, later) in [
        (json!({"dwell_s": 3}), nights.clone(), 1),
        (json!({"schedule": lunch}), lunch.clone(), 2),
        (json!({"schedule": null}), Value::Null, 3),
        (json!({"schedule": null}), Value::Null, 3),
        (json!({"schedule": nights}), nights.clone(), 4),
    ] {
        let changed = admin.patch(&zone_path, change.clone()).await.ok();
        assert_eq!(changed["schedule"], schedule, "{change}");
        assert_eq!(changed["version"], version + later, "{change}");
        assert_eq!(admin.get(&zone_path).await.ok(), changed, "{change}");
    }
    let before = admin.get(&zone_path).await.ok();
    for (schedule, says) in [
        (json!([{"from": "08:00", "to": "08:00"}]), "from 08:00 to 08:00 is empty"),
        (json!([{"days": []}]), "without days never applies"),
        (json!([]), "without periods never applies"),
        (json!([{"from": "08:00", "to": "25:00"}]), "'25:00' is no time of a day"),
        (json!([{"from": "8:00"}]), "'8:00' is no time of a day"),
        (json!([{"days": ["someday"]}]), "someday"),
        (json!(vec![json!({"from": "08:00"}); 17]), "17 periods: at most 16"),
        (json!([{"until": "08:00"}]), "unknown field `until`"),
    ] {
        let what = schedule.to_string();
        let changed = admin.patch(&zone_path, json!({"schedule": schedule})).await;
        refused(&changed, &what, &[says]);
        let other = zone(&path, &[("name", json!("dock")), ("schedule", schedule.clone())]);
        refused(&admin.post("/api/zones", other).await, &what, &[says]);
        let rules = json!({"rules": [{"type": "fall", "schedule": schedule}]});
        refused(&admin.patch(&zone_path, rules).await, &what, &[says]);
    }
    assert_eq!(admin.get(&zone_path).await.ok(), before, "a refusal changes nothing");
    assert_eq!(admin.get(&path).await.ok()["zones"], json!([before]));
}
