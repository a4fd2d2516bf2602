//! Cameras: which sources may be named, and what becomes of the others.

use std::fs;
use std::os::unix::fs::symlink;

use reqwest::StatusCode;
use safe_yolo_server::StartupCamera;
use safe_yolo_store::{NewCamera, Origin, Role};
use safe_yolo_testkit::clip::ClipSpec;
use serde_json::{Value, json};

use crate::site::{Site, quiet};

fn clip(site: &Site, name: &str, seconds: f64) -> String {
    let path = site.videos.join(name);
    ClipSpec { seconds, ..ClipSpec::default() }.write(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

fn file(name: &str, path: &str) -> StartupCamera {
    let mut camera = NewCamera::new(name, path, Origin::CommandLine);
    camera.repeat = true;
    StartupCamera { camera, zones: None }
}

#[tokio::test]
async fn only_allowed_sources_are_taken() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    fs::write(site.data.join("../secret.mp4"), b"x").unwrap();
    symlink(site.data.join("../secret.mp4"), site.videos.join("link.mp4")).unwrap();
    fs::write(site.videos.join("list.m3u8"), "#EXTM3U\n/etc/passwd\n").unwrap();
    let outside = site.data.join("../secret.mp4");
    for source in [
        outside.to_str().unwrap(),
        "../secret.mp4",
        "link.mp4",
        "/etc/passwd",
        "file:///etc/passwd",
        "concat:a.mp4|b.mp4",
        "https://127.0.0.1/a.mjpeg",
        "subfile,,start,0,end,0,,:/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "rtsp://",
        "rtsp://${HOME}/x",
        "sim://../x",
        "sim://nothing-of-that-name",
        "",
        "none.mp4",
        "a\0b",
    ] {
        for path in ["/api/cameras", "/api/cameras/test"] {
            let mut body = json!({"source": source});
            if path == "/api/cameras" {
                body["name"] = json!("new");
            }
            let refused = admin.post(path, body).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{source:?}: {refused:?}");
            assert!(["invalid", "source_failed"].contains(&refused.code()), "{source:?}");
            assert!(!refused.text.contains("root:"), "{}", refused.text);
        }
    }
    // A playlist lies in the folder, but is no video.
    let playlist = admin.post("/api/cameras/test", json!({"source": "list.m3u8"})).await;
    assert_eq!(playlist.code(), "source_failed", "{playlist:?}");
    assert_eq!(playlist.json["reason"], "undecodable");
    let cameras = admin.get("/api/cameras").await.ok();
    assert_eq!(cameras["cameras"].as_array().unwrap().len(), 1, "none was added");
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    for body in [
        json!({"name": "", "source": "sim://quiet"}),
        json!({"name": "x".repeat(100), "source": "sim://quiet"}),
        json!({"name": "a", "source": "sim://quiet", "analysis_rate_max": 0}),
        json!({"name": "a", "source": "sim://quiet", "analysis_rate_max": 1000}),
        json!({"name": "a", "source": "sim://quiet", "enabled": "yes"}),
        json!({"name": "a", "source": "sim://quiet", "id": "mine"}),
        json!({"name": "a", "source": "rtsp://127.0.0.1:9/", "username": "x".repeat(300)}),
        json!({"name": "a", "source": "rtsp://127.0.0.1:9/", "password": "alone"}),
        json!({"source": "sim://quiet"}),
    ] {
        let refused = admin.post("/api/cameras", body.clone()).await;
        assert_eq!(refused.code(), "invalid", "{body}");
    }
    let taken = admin.post("/api/cameras", json!({"name": "quiet", "source": "sim://quiet"})).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, "conflict"));
    for path in ["/api/cameras/none", "/api/cameras/none/status", "/api/cameras/%2e%2e/picture"] {
        assert_eq!(admin.get(path).await.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_the_running_camera_as_it_was() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let path = format!("/api/cameras/{}", admin.camera("quiet").await);
    let is_live = |status: &Value| status["state"] == "LIVE";
    admin.until(&format!("{path}/status"), is_live).await;
    let before = admin.get(&path).await.ok();
    for change in [
        json!({"analysis_rate_max": -5}),
        json!({"analysis_rate_max": 0}),
        json!({"analysis_rate_max": 1e9}),
        json!({"name": " "}),
        json!({"source": "sim://no-such-scenario"}),
        json!({"source": "gopher://127.0.0.1/", "name": "renamed"}),
        json!({"source": "/etc/passwd", "analysis_rate_max": 3}),
    ] {
        let refused = admin.patch(&path, change.clone()).await;
        assert!(refused.status.is_client_error(), "{change}: {refused:?}");
        let after = admin.get(&path).await.ok();
        for field in ["name", "source", "analysis_rate_max", "version", "enabled"] {
            assert_eq!(after[field], before[field], "{change} changed {field}");
        }
        let (was, is) = (&before["status"], &after["status"]);
        assert_eq!(is["state"], "LIVE", "{change}");
        assert_eq!(is["source_connections"], was["source_connections"], "{change} opened it anew");
    }
}

#[tokio::test]
async fn a_source_is_tried_before_it_is_added() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    clip(&site, "a.mp4", 1.0);
    for (source, width, height) in [("a.mp4", 320, 180), ("sim://quiet", 960, 540)] {
        let tried = admin.post("/api/cameras/test", json!({"source": source})).await.ok();
        assert_eq!((&tried["width"], &tried["height"]), (&json!(width), &json!(height)));
        let picture = tried["picture"].as_str().unwrap();
        assert!(picture.starts_with("data:image/jpeg;base64,/9j/"), "{}", &picture[..40]);
    }
}

#[tokio::test]
async fn files_take_commands_and_live_cameras_do_not() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let operator = site.somebody(Role::Operator).await;
    clip(&site, "a.mp4", 4.0);
    let new = json!({"name": "film", "source": "a.mp4", "repeat": true, "analysis_rate_max": 2});
    let film = admin.post("/api/cameras", new).await;
    assert_eq!(film.status, StatusCode::CREATED, "{film:?}");
    assert_eq!((&film.json["kind"], &film.json["source"]), (&json!("file"), &json!("a.mp4")));
    let path = format!("/api/cameras/{}", film.json["id"].as_str().unwrap());
    admin.until(&format!("{path}/status"), |status| !status["picture_age_ms"].is_null()).await;
    let command = format!("{path}/command");
    let paused = operator.post(&command, json!({"action": "pause"})).await.ok();
    assert_eq!((&paused["state"], &paused["playing"]), (&json!("PAUSED"), &json!(false)));
    assert!(paused["people"].is_null(), "not watched is not empty");
    operator.post(&command, json!({"action": "seek", "position_ms": 2000})).await.ok();
    admin
        .until(&format!("{path}/status"), |s| {
            s["position_ms"].as_i64().is_some_and(|p| (1900..2200).contains(&p))
        })
        .await;
    for wrong in [
        json!({"action": "seek"}),
        json!({"action": "seek", "position_ms": -1}),
        json!({"action": "seek", "position_ms": 99_999}),
        json!({"action": "play", "position_ms": 1}),
        json!({"action": "rewind"}),
    ] {
        assert_eq!(operator.post(&command, wrong.clone()).await.code(), "invalid", "{wrong}");
    }
    operator.post(&command, json!({"action": "play"})).await.ok();
    site.audited("pause", |e| {
        e.who == "operator" && e.action == "camera.command" && e.detail == "pause"
    })
    .await;

    let quiet = format!("/api/cameras/{}/command", admin.camera("quiet").await);
    let refused = operator.post(&quiet, json!({"action": "pause"})).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "conflict"));

    let disabled = admin.patch(&path, json!({"enabled": false})).await.ok();
    assert_eq!(disabled["status"]["state"], "STOPPED");
    assert_eq!(operator.post(&command, json!({"action": "play"})).await.code(), "conflict");
    assert_eq!(admin.get(&format!("{path}/picture")).await.code(), "not_found");
}

#[tokio::test]
async fn a_camera_whose_file_is_gone_is_shown_as_offline_until_it_is_back() {
    let site = Site::quiet().await;
    let path = clip(&site, "a.mp4", 1.0);
    let (moved, kept) = (site.videos.join("b.mp4"), std::path::PathBuf::from(&path));
    fs::rename(&kept, &moved).unwrap();
    let site = site.restart(vec![quiet(), file("film", &path)]).await;
    let admin = site.admin().await;
    let id = admin.camera("film").await;
    let status = admin.get(&format!("/api/cameras/{id}/status")).await.ok();
    assert_eq!((&status["state"], &status["reason"]), (&json!("OFFLINE"), &json!("not_found")));
    let events = format!("/api/events?camera={id}&type=system");
    let raised = admin.until(&events, |page| !page["events"][0].is_null()).await;
    assert_eq!(raised["events"][0]["end"], json!(null));
    fs::rename(&moved, &kept).unwrap();
    let status = format!("/api/cameras/{id}/status");
    admin.until(&status, |status| !status["picture_age_ms"].is_null()).await;
    admin
        .until(&events, |page| {
            page["events"].as_array().unwrap().iter().any(|e| !e["end"].is_null())
        })
        .await;
}

#[tokio::test]
async fn a_first_start_shows_the_simulated_site_once() {
    let site = Site::with(Vec::new()).await;
    let admin = site.admin().await;
    let cameras = admin.get("/api/cameras").await.ok();
    let all = cameras["cameras"].as_array().unwrap();
    let sources: Vec<_> = all.iter().map(|camera| camera["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["sim://demo", "sim://crowd", "sim://intruders", "sim://helmet-off"]);
    assert!(all.iter().all(|camera| !camera["zones"].as_array().unwrap().is_empty()));
    let site = site.restart(Vec::new()).await;
    let again = site.admin().await.get("/api/cameras").await.ok();
    let ids = |cameras: &Value| {
        let all = cameras["cameras"].as_array().unwrap().iter();
        all.map(|camera| camera["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&again), ids(&cameras));
}

#[tokio::test]
async fn readiness_follows_what_is_observed() {
    let site = Site::quiet().await;
    let nobody = site.anonymous();
    let ready = nobody.until("/readyz", |body| body["ready"] == true).await;
    assert_eq!(ready["store"], "ok");
    let live = nobody.until("/readyz", |body| body["cameras"]["live"] == 1).await;
    assert_eq!((&live["detector"], &live["cameras"]["stuck"]), (&json!("ok"), &json!(0)));
    let counted = json!({"total": 1, "live": 1});
    let admin = site.admin().await;
    let system = admin.until("/api/system", |system| system["cameras"] == counted).await;
    for part in ["store", "evidence", "escalation"] {
        assert_eq!(system[part], json!({"state": "ok", "detail": null}), "{part}");
    }
    let all = json!({"state": "ok", "detail": null, "cameras_failed": 0, "cameras_late": 0});
    assert_eq!(system["detector"], all);
    assert!(system["model"]["classes"].as_array().unwrap().contains(&json!("person")));
}
