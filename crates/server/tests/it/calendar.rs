//! The site's calendar: read by all, set by administrators, a version of every camera.

use reqwest::{Method, StatusCode};
use safe_yolo_server::StartupCamera;
use safe_yolo_store::{NewCamera, Origin, Role};
use serde_json::{Value, json};

use crate::site::{Answer, Client, Site, quiet};

const PATH: &str = "/api/calendar";

async fn put(client: &Client, body: Value) -> Answer {
    client.send(Method::PUT, PATH, Some(body)).await
}

fn seoul(holidays: &[&str]) -> Value {
    json!({"time_zone": "Asia/Seoul", "holidays": holidays})
}

fn gate() -> StartupCamera {
    StartupCamera {
        camera: NewCamera::new("gate", "sim://quiet", Origin::CommandLine),
        zones: Some(Vec::new()),
    }
}

/// Name, version and the newest version's author and changes of every camera.
async fn versions(client: &Client) -> Vec<(Value, Value, Value, Value)> {
    let cameras = client.get("/api/cameras").await.ok();
    let mut told = Vec::new();
    for camera in cameras["cameras"].as_array().unwrap() {
        let id = camera["id"].as_str().unwrap();
        let mut newest = client.get(&format!("/api/cameras/{id}/versions?limit=1")).await.ok();
        let newest = newest["versions"][0].take();
        assert_eq!(newest["version"], camera["version"], "{newest}");
        told.push((
            camera["name"].clone(),
            camera["version"].clone(),
            newest["by"]["name"].clone(),
            newest["changes"].clone(),
        ));
    }
    told
}

#[tokio::test]
async fn administrators_set_it_for_every_camera_once() {
    let site = Site::with(vec![quiet(), gate()]).await;
    let admin = site.admin().await;
    assert_eq!(admin.get(PATH).await.ok(), json!({"time_zone": "UTC", "holidays": []}));
    let before = versions(&admin).await;
    assert!(before.iter().all(|(_, version, ..)| version == 1), "{before:?}");

    let set = put(&admin, seoul(&["2026-05-05", "2026-01-01"])).await.ok();
    assert_eq!(set, seoul(&["2026-01-01", "2026-05-05"]), "in the order of the year");
    assert_eq!(admin.get(PATH).await.ok(), set);
    let changes = json!([
        {"path": ["calendar", "holidays"], "before": [], "after": ["2026-01-01", "2026-05-05"]},
        {"path": ["calendar", "time_zone"], "before": "UTC", "after": "Asia/Seoul"},
    ]);
    let told = versions(&admin).await;
    let row = |name: &str| (json!(name), json!(2), json!("admin"), changes.clone());
    assert_eq!(told, [row("quiet"), row("gate")]);
    site.audited("calendar.change", |e| {
        (e.who.as_str(), e.action.as_str()) == ("admin", "calendar.change")
    })
    .await;
    assert_eq!(put(&admin, set.clone()).await.ok(), set);
    assert_eq!(versions(&admin).await, told, "nothing has changed");
    // Pictures are judged by it from now on.
    let mut live = admin.socket("/ws/live").await;
    let camera = admin.camera("gate").await;
    live.say(json!({"type": "subscribe", "cameras": [{"id": camera, "width": 320}]})).await;
    while live.picture().await.header["config_version"] != 2 {}

    let new = json!({"name": "yard", "source": "sim://quiet", "enabled": false});
    let added = admin.post("/api/cameras", new).await.ok();
    let first = format!("/api/cameras/{}/versions/1", added["id"].as_str().unwrap());
    assert_eq!(admin.get(&first).await.ok()["settings"]["calendar"], set);
    let site = site.restart(vec![quiet(), gate()]).await;
    let admin = site.admin().await;
    assert_eq!(admin.get(PATH).await.ok(), set);
    assert_eq!(versions(&admin).await[..2], told, "a start changes nothing");
}

#[tokio::test]
async fn who_may_not_and_what_can_not_be_is_refused() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let set = put(&admin, seoul(&["2026-05-05"])).await.ok();
    let told = versions(&admin).await;
    for role in [Role::Viewer, Role::Operator] {
        let somebody = site.somebody(role).await;
        assert_eq!(somebody.get(PATH).await.ok(), set, "{role}");
        let refused = put(&somebody, seoul(&[])).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::FORBIDDEN, "forbidden"),
            "{role}"
        );
    }
    let anonymous = site.anonymous();
    for refused in [anonymous.get(PATH).await, put(&anonymous, seoul(&[])).await] {
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
    }
    let many = vec!["2026-05-05"; 1001];
    for (body, says) in [
        (json!({"time_zone": "Asia/Pyeongtaek", "holidays": []}), "time_zone 'Asia/Pyeongtaek'"),
        (json!({"time_zone": "", "holidays": []}), "time_zone ''"),
        (seoul(&["2026-05-05", "2026-02-30"]), "holiday '2026-02-30'"),
        (seoul(&["05.05.2026"]), "holiday '05.05.2026'"),
        (seoul(&many), "1001 holidays"),
        (json!({"time_zone": "Asia/Seoul"}), "holidays"),
        (json!({"time_zone": "Asia/Seoul", "holidays": [], "zone": 9}), "unknown field `zone`"),
    ] {
        let refused = put(&admin, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}: {refused:?}");
        assert_eq!(refused.code(), "invalid", "{says}");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(says), "'{says}' is not in '{detail}'");
    }
    assert_eq!(admin.get(PATH).await.ok(), set);
    assert_eq!(versions(&admin).await, told, "a refusal changes nothing");
}
