//! Versions of settings: two people at once, who changed what, and the way back.

use reqwest::{Method, StatusCode};
use safe_yolo_server::StartupCamera;
use safe_yolo_store::{NewCamera, Origin, Role};
use serde_json::{Value, json};

use crate::site::{Answer, Client, PASSWORD, Site, answer, quiet};

fn zone(camera: &str, name: &str) -> Value {
    json!({
        "camera": camera, "name": name, "type": "danger",
        "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
        "rules": [{"type": "fall"}, {"type": "loitering", "name": "lingering"}],
    })
}

/// A change based on the state with this tag.
async fn on(client: &Client, tag: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = client.request(method, path).header("if-match", tag);
    answer(if body.is_null() { request } else { request.json(&body) }).await
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

async fn versions(client: &Client, camera: &str) -> Vec<Value> {
    let answer = client.get(&format!("/api/cameras/{camera}/versions")).await.ok();
    answer["versions"].as_array().unwrap().clone()
}

/// Another administrator.
async fn lee(site: &Site) -> Client {
    site.store.create_user("lee", PASSWORD.into(), Role::Admin).await.unwrap();
    site.login("lee", PASSWORD).await
}

#[tokio::test]
async fn of_two_who_edit_at_once_the_second_is_told_of_the_first() {
    let site = Site::quiet().await;
    let (kim, lee) = (site.admin().await, lee(&site).await);
    let camera = kim.camera("quiet").await;
    let added = kim.post("/api/zones", zone(&camera, "press")).await;
    let path = format!("/api/zones/{}", added.json["id"].as_str().unwrap());
    let (seen_by_kim, seen_by_lee) = (kim.get(&path).await, lee.get(&path).await);
    assert_eq!(tag(&added), tag(&seen_by_kim));
    let version = seen_by_lee.json["version"].as_u64().unwrap();
    assert_eq!(tag(&seen_by_lee), format!("\"{version}\""));

    let first = on(&lee, &tag(&seen_by_lee), Method::PATCH, &path, json!({"dwell_s": 5})).await;
    assert_eq!((first.status, tag(&first)), (StatusCode::OK, format!("\"{}\"", version + 1)));
    let camera_path = format!("/api/cameras/{camera}");
    for (method, path, body) in [
        (Method::PATCH, path.as_str(), json!({"dwell_s": 9})),
        (Method::DELETE, path.as_str(), Value::Null),
        (Method::POST, "/api/zones", zone(&camera, "dock")),
        (Method::PATCH, camera_path.as_str(), json!({"name": "mine"})),
        (Method::POST, &format!("{camera_path}/versions/1/restore"), Value::Null),
        (Method::DELETE, camera_path.as_str(), Value::Null),
    ] {
        let refused = on(&kim, &tag(&seen_by_kim), method.clone(), path, body).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{method} {path}");
        assert_eq!(refused.code(), "precondition_failed");
        let newest = &refused.json["newest"];
        assert_eq!(newest["by"], json!({"kind": "user", "name": "lee"}), "{method} {path}");
        assert_eq!((&newest["version"], &newest["camera"]), (&json!(version + 1), &json!(camera)));
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("lee") && detail.contains("load it again"), "{detail}");
    }
    let now = kim.get(&camera_path).await;
    assert_eq!(tag(&now), tag(&first), "nothing was written");
    assert_eq!((&now.json["name"], &now.json["zones"]), (&json!("quiet"), &json!([first.json])));

    // Whoever has seen the newest may; whoever does not say wins, as before.
    let second = on(&kim, &tag(&now), Method::PATCH, &path, json!({"dwell_s": 9})).await;
    assert_eq!(second.json["dwell_s"], json!(9.0));
    assert_eq!(lee.patch(&path, json!({"dwell_s": 7})).await.ok()["dwell_s"], json!(7.0));
    let any = on(&lee, "*", Method::PATCH, &path, json!({"dwell_s": 8})).await;
    assert_eq!(any.status, StatusCode::OK);
    for wrong in ["7", "\"x\"", "\"1\", \"2\""] {
        let refused = on(&kim, wrong, Method::PATCH, &path, json!({"dwell_s": 1})).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "malformed"));
    }
}

#[tokio::test]
async fn the_history_tells_who_changed_what() {
    let site = Site::quiet().await;
    let (kim, lee) = (site.admin().await, lee(&site).await);
    let camera = kim.camera("quiet").await;
    let press = kim.post("/api/zones", zone(&camera, "press")).await.ok();
    let path = format!("/api/zones/{}", press["id"].as_str().unwrap());
    let mut rules = press["rules"].clone();
    rules[1]["dwell_s"] = json!(90);
    lee.patch(&path, json!({"rules": rules, "points": [[0.1, 0.1], [0.8, 0.2], [0.9, 0.9]]}))
        .await
        .ok();

    let told = versions(&kim, &camera).await;
    let whole: Vec<_> =
        told.iter().map(|v| (v["version"].clone(), v["by"].clone(), v["action"].clone())).collect();
    assert_eq!(
        whole,
        [
            (json!(3), json!({"kind": "user", "name": "lee"}), json!("changed")),
            (json!(2), json!({"kind": "user", "name": "admin"}), json!("changed")),
            (json!(1), json!({"kind": "command_line"}), json!("added")),
        ]
    );
    let id = press["id"].clone();
    assert_eq!(
        told[0]["changes"],
        json!([
            {"path": ["zones", id, "points"], "zone": "press", "before": press["points"],
             "after": [[0.1, 0.1], [0.8, 0.2], [0.9, 0.9]]},
            {"path": ["zones", id, "rules", "lingering", "dwell_s"], "zone": "press",
             "before": 60.0, "after": 90.0},
        ])
    );
    let second = kim.get(&format!("/api/cameras/{camera}/versions/2")).await.ok();
    assert_eq!(second["settings"]["zones"][0]["rules"], press["rules"]);
    assert_eq!(second["settings"]["login"], json!(false));
    assert_eq!(second["changes"][0]["before"], Value::Null);

    let list = |query: &str| format!("/api/cameras/{camera}/versions?{query}");
    let page = kim.get(&list("before=3&limit=1")).await.ok();
    assert_eq!(page["versions"][0]["version"], json!(2));
    assert_eq!(page["versions"].as_array().unwrap().len(), 1);
    assert_eq!(kim.get(&list("before=1")).await.ok(), json!({"versions": []}));
    for wrong in ["limit=0", "limit=101", "limit=x", "before=-1", "after=1"] {
        assert_eq!(kim.get(&list(wrong)).await.code(), "invalid", "{wrong}");
    }
    for missing in ["c-none/versions", "c-none/versions/1", "../versions"] {
        assert_eq!(kim.get(&format!("/api/cameras/{missing}")).await.code(), "not_found");
    }
    for number in ["9", "0", "-1", "x"] {
        let none = kim.get(&format!("/api/cameras/{camera}/versions/{number}")).await;
        assert_eq!((none.status, none.code()), (StatusCode::NOT_FOUND, "not_found"), "{number}");
    }
    // What became of a deleted camera can still be asked.
    lee.delete(&format!("/api/cameras/{camera}")).await;
    assert_eq!(versions(&kim, &camera).await[0]["action"], json!("deleted"));
}

#[tokio::test]
async fn zones_come_back_and_are_in_force() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let path = format!("/api/cameras/{camera}");
    let press = admin.post("/api/zones", zone(&camera, "press")).await.ok();
    let zone_path = format!("/api/zones/{}", press["id"].as_str().unwrap());
    admin.delete(&zone_path).await;
    admin.post("/api/zones", zone(&camera, "dock")).await.ok();

    let restore = format!("{path}/versions/2/restore");
    let restored = on(&admin, "\"4\"", Method::POST, &restore, Value::Null).await;
    assert_eq!((restored.status, tag(&restored)), (StatusCode::OK, "\"5\"".into()));
    let zones = restored.json["zones"].as_array().unwrap().clone();
    assert_eq!(zones.len(), 1);
    assert_eq!((&zones[0]["id"], &zones[0]["rules"]), (&press["id"], &press["rules"]));
    let newest = versions(&admin, &camera).await.remove(0);
    assert_eq!((&newest["action"], &newest["restored"]), (&json!("restored"), &json!(2)));
    assert_eq!(admin.get(&zone_path).await.ok()["version"], json!(5));
    site.audited("camera.restore", |e| e.action == "camera.restore" && e.target == camera).await;
    // Pictures are judged by it: the live header names the version.
    let mut live = admin.socket("/ws/live").await;
    live.say(json!({"type": "subscribe", "cameras": [{"id": camera, "width": 320}]})).await;
    loop {
        let header = live.picture().await.header;
        if header["config_version"] == 5 {
            assert_eq!(header["zones"][0]["id"], press["id"]);
            break;
        }
    }
    // Nothing differs: no new version.
    assert_eq!(admin.post(&restore, json!({})).await.ok()["version"], json!(5));
    assert_eq!(
        admin.post(&format!("{path}/versions/77/restore"), json!({})).await.code(),
        "not_found"
    );
    for role in [Role::Viewer, Role::Operator] {
        let somebody = site.somebody(role).await;
        assert_eq!(versions(&somebody, &camera).await.len(), 5);
        assert_eq!(somebody.post(&restore, json!({})).await.code(), "forbidden", "{role}");
    }
}

#[tokio::test]
async fn a_start_is_told_like_a_person_and_only_when_something_changed() {
    let mut named = NewCamera::new("gate", "sim://quiet", Origin::Site);
    let start = |camera: &NewCamera| {
        vec![quiet(), StartupCamera { camera: camera.clone(), zones: Some(Vec::new()) }]
    };
    let site = Site::with(start(&named)).await;
    let site = site.restart(start(&named)).await;
    named.analysis_rate_max = 5.0;
    let site = site.restart(start(&named)).await;
    let admin = site.admin().await;
    let told = versions(&admin, &admin.camera("gate").await).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["by"], json!({"kind": "site_file"}));
    assert_eq!(
        told[0]["changes"],
        json!([{"path": ["analysis_rate_max"], "before": 10.0, "after": 5.0}])
    );
    assert_eq!(versions(&admin, &admin.camera("quiet").await).await.len(), 1);
}
