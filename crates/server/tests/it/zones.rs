//! Zones: what is accepted, what is refused, and that the engine is told.

use reqwest::StatusCode;
use safe_yolo_store::Store;
use serde_json::{Value, json};

use crate::site::Site;

fn zone(camera: &str) -> Value {
    json!({
        "camera": camera, "name": "press", "type": "danger",
        "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
        "require": ["helmet"],
    })
}

fn with(mut zone: Value, field: &str, value: Value) -> Value {
    zone[field] = value;
    zone
}

#[tokio::test]
async fn zones_come_change_and_go() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let added = admin.post("/api/zones", zone(&camera)).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let added = added.json;
    let id = added["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&added["active"], &added["dwell_s"], &added["pause_s"], &added["camera"]),
        (&json!(true), &json!(2.0), &json!(30.0), &json!(camera))
    );
    let listed = admin.get(&format!("/api/zones?camera={camera}")).await.ok();
    assert_eq!(listed["zones"], json!([added]));
    let version =
        admin.get(&format!("/api/cameras/{camera}")).await.ok()["version"].as_u64().unwrap();

    let change = json!({"name": "press 2", "dwell_s": 0.5, "camera": camera});
    let changed = admin.patch(&format!("/api/zones/{id}"), change).await.ok();
    assert_eq!((&changed["name"], &changed["points"]), (&json!("press 2"), &added["points"]));
    let now = admin.get(&format!("/api/cameras/{camera}")).await.ok();
    assert_eq!(now["version"], version + 1);
    assert_eq!(now["zones"], json!([changed]));

    assert_eq!(admin.delete(&format!("/api/zones/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.get(&format!("/api/zones/{id}")).await.code(), "not_found");
    assert_eq!(admin.delete(&format!("/api/zones/{id}")).await.code(), "not_found");
    for action in ["zone.add", "zone.change", "zone.delete"] {
        site.audited(action, |e| e.who == "admin" && e.action == action).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deeds_of_the_last_moment_are_noted() {
    let mut site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let added = admin.post("/api/zones", zone(&camera)).await.json;
    let path = format!("/api/zones/{}", added["id"].as_str().unwrap());
    for number in 0..40 {
        admin.patch(&path, json!({"name": format!("press {number}")})).await.ok();
    }
    site.end().await;
    let store = Store::open(&site.data).await.unwrap();
    let audited = store.audit_list(100).await.unwrap();
    assert_eq!(audited.iter().filter(|e| e.action == "zone.change").count(), 40);
    assert!(audited.is_sorted_by_key(|e| std::cmp::Reverse(e.at)), "in the order of the deeds");
}

#[tokio::test]
async fn impossible_zones_are_refused() {
    let site = Site::without_masks().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let base = || zone(&camera);
    let points = |points: Value| with(base(), "points", points);
    let many: Vec<[f64; 2]> = (0..65).map(|i| [f64::from(i) / 65.0, f64::from(i % 2)]).collect();
    for (what, body) in [
        ("two points", points(json!([[0.1, 0.1], [0.9, 0.9]]))),
        ("crossing edges", points(json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]))),
        ("null for NaN", points(json!([[null, 0.1], [0.9, 0.1], [0.9, 0.9]]))),
        ("text for NaN", points(json!([["NaN", 0.1], [0.9, 0.1], [0.9, 0.9]]))),
        ("outside", points(json!([[-0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]))),
        ("far outside", points(json!([[1e300, 0.1], [0.9, 0.1], [0.9, 0.9]]))),
        ("no area", points(json!([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]))),
        ("too many points", points(json!(many))),
        ("three numbers", points(json!([[0.1, 0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]))),
        ("a class that the model lacks", with(base(), "require", json!(["mask"]))),
        ("equipment that is none", with(base(), "require", json!(["hat"]))),
        ("no name", with(base(), "name", json!("  "))),
        ("control characters", with(base(), "name", json!("a\nb"))),
        ("dwell below zero", with(base(), "dwell_s", json!(-1))),
        ("a pause of years", with(base(), "pause_s", json!(1e9))),
        ("another type", with(base(), "type", json!("forbidden"))),
        ("an unknown field", with(base(), "colour", json!("red"))),
    ] {
        let refused = admin.post("/api/zones", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {refused:?}");
        assert_eq!(refused.code(), "invalid", "{what}");
    }
    for unknown in ["c0", "../etc", ""] {
        let refused = admin.post("/api/zones", zone(unknown)).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (404, "not_found"), "{unknown}");
    }
    let kept = admin.post("/api/zones", base()).await.ok();
    let id = kept["id"].as_str().unwrap();
    for change in [
        json!({"points": [[0.1, 0.1], [0.9, 0.9]]}),
        json!({"require": ["mask"]}),
        json!({"camera": "another"}),
    ] {
        assert_eq!(admin.patch(&format!("/api/zones/{id}"), change).await.code(), "invalid");
    }
    assert_eq!(
        admin.get(&format!("/api/zones/{id}")).await.ok(),
        kept,
        "a refusal changes nothing"
    );
    let second = admin.post("/api/zones", base()).await;
    assert_eq!(second.code(), "invalid", "two zones of one name");
}
