//! A camera that speaks RTSP, from the interface down to its packets: seen,
//! lost, seen again; one connection for all viewers; its password kept secret.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::time::{Duration, Instant};

use common::PATIENCE;
use common::client::Client;
use common::server::{Server, Site};
use safe_yolo_testkit::clip::ClipSpec;
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::process;
use safe_yolo_testkit::rtsp::{Login, RtspOptions, RtspServer, Scheme};
use safe_yolo_testkit::wait::until;
use serde_json::{Value, json};

fn footage() -> Footage {
    Footage::make(&ClipSpec::default()).unwrap()
}

/// The camera's newest `system` event, once that is one which lasts.
async fn system_event(admin: &Client, camera: &str) -> Value {
    let path = format!("/api/events?camera={camera}&type=system&limit=1");
    let lasts = |answer: &Value| {
        let event = &answer["events"][0];
        event.is_object() && event["end"].is_null()
    };
    admin.until(&path, PATIENCE, lasts).await["events"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_camera_shows_in_time_and_comes_back_by_itself() {
    let mut camera = RtspServer::start(footage()).await.unwrap();
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let id = admin.add_camera(json!({"name": "gate", "source": camera.url()})).await;
    let status = admin.until_state(&id, "LIVE", PATIENCE).await;
    assert_eq!((&status["width"], &status["height"]), (&json!(320), &json!(180)));
    assert_eq!((&status["reason"], &status["position_ms"]), (&Value::Null, &Value::Null));

    let (mut one, mut two) = (admin.socket("/ws/live").await, admin.socket("/ws/live").await);
    one.subscribe(&[&id]).await;
    two.subscribe(&[&id]).await;
    for viewer in [&mut one, &mut two] {
        let picture = viewer.picture_where(|picture| picture.header["state"] == "LIVE").await;
        assert_eq!(picture.header["camera"], id.as_str());
        assert!(picture.jpeg.starts_with(&[0xff, 0xd8]));
    }
    assert_eq!((camera.connections(), camera.sessions()), (1, 1), "one for all viewers");
    // A first analysis that was late may have raised one; it is over soon.
    let path = format!("/api/events?camera={id}&type=system");
    let over = |answer: &Value| {
        answer["events"].as_array().unwrap().iter().all(|event| event["end"].is_string())
    };
    admin.until(&path, PATIENCE, over).await;

    camera.stop().await;
    let lost = Instant::now();
    let path = format!("/api/cameras/{id}/status");
    let in_time = Duration::from_secs(5);
    admin.until(&path, in_time, |status| status["state"] != "LIVE").await;
    assert!(lost.elapsed() < in_time, "{:?}", lost.elapsed());
    admin.until_state(&id, "STALE", PATIENCE).await;
    let event = system_event(&admin, &id).await;
    assert_eq!(event["severity"], "WARNING");
    assert_eq!(event["camera_name"], "gate");
    let status = admin.status(&id).await;
    assert_eq!(status["people"], Value::Null, "what is not seen is not counted");

    camera.restart().await.unwrap();
    let back = Instant::now();
    admin.until_state(&id, "LIVE", Duration::from_secs(10)).await;
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
    let path = format!("/api/events/{}", event["id"].as_str().unwrap());
    admin.until(&path, PATIENCE, |event| event["end"].is_string()).await;
    let again = one.picture_where(|picture| picture.header["state"] == "LIVE").await;
    assert!(again.at > back, "the same viewer sees it again");
    let status = admin.status(&id).await;
    assert_eq!(
        status["source_connections"].as_u64().unwrap(),
        1 + status["restarts"].as_u64().unwrap()
    );
    assert_eq!(camera.sessions(), 1);
    two.picture().await;
}

const PASSWORD: &str = "Tr0ub4dor3secret";

/// Everything the server says or shows that might hold a password.
async fn everything_said(server: &Server, admin: &Client, id: &str) -> Vec<(String, String)> {
    let mut said = vec![("log".to_owned(), server.log()), ("output".to_owned(), server.said())];
    let camera = format!("/api/cameras/{id}");
    let status = format!("{camera}/status");
    for path in [
        "/api/cameras",
        &camera,
        &status,
        "/api/events?limit=500",
        "/api/system",
        "/metrics",
        "/api/openapi.json",
        "/readyz",
        "/healthz",
    ] {
        said.push((path.to_owned(), admin.get(path).await.text));
    }
    for pid in server.children().into_iter().chain([server.pid()]) {
        said.push((format!("command line of {pid}"), process::command_line(pid)));
        said.push((format!("environment of {pid}"), process::environment(pid)));
    }
    said
}

async fn with_login(scheme: Scheme) -> RtspServer {
    let login = Login { user: "watcher".into(), password: PASSWORD.into(), scheme };
    let options = RtspOptions { login: Some(login), ..RtspOptions::default() };
    RtspServer::start_with(footage(), options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_told_as_such_and_no_password_gets_out() {
    let camera = with_login(Scheme::Digest).await;
    let wrong = "wr0ngPassw0rd1234";
    let site = Site::new();
    let mut command = site.command();
    command.env("SAFE_YOLO_ADMIN_PASSWORD", common::server::ADMIN_PASSWORD);
    command.env("SAFE_YOLO_LOG", "debug");
    let server = site.start(&mut command).await;
    let admin = server.admin().await;
    let source = camera.url().replace("rtsp://", &format!("rtsp://watcher:{wrong}@"));
    let id = admin.add_camera(json!({"name": "gate", "source": source})).await;
    let path = format!("/api/cameras/{id}/status");
    let unauthorized = |status: &Value| status["reason"] == "unauthorized";
    let status = admin.until(&path, PATIENCE, unauthorized).await;
    assert_ne!(status["state"], "LIVE");
    let event = system_event(&admin, &id).await;
    assert_eq!(event["details"]["reason"], "unauthorized", "{event}");
    assert!(camera.refused_logins() > 0 && camera.sessions() == 0);

    let tried = json!({"source": camera.url(), "username": "watcher", "password": wrong});
    let tried = admin.post("/api/cameras/test", tried).await;
    assert_eq!((tried.json["code"].as_str(), tried.status.as_u16()), (Some("source_failed"), 422));
    assert!(!tried.text.contains(wrong), "{}", tried.text);
    for (place, text) in everything_said(&server, &admin, &id).await {
        assert!(!text.contains(wrong), "{place}: {text}");
    }

    // With the right one it is seen, and that is no less secret.
    let login = json!({"username": "watcher", "password": PASSWORD});
    let changed = admin.patch(&format!("/api/cameras/{id}"), login).await;
    assert!(!changed.text.contains(PASSWORD), "{}", changed.text);
    changed.ok();
    admin.until_state(&id, "LIVE", PATIENCE).await;
    let decodes = || !server.decoders().is_empty();
    until("a decoder", PATIENCE, decodes).await.unwrap();
    for (place, text) in everything_said(&server, &admin, &id).await {
        assert!(!text.contains(PASSWORD) && !text.contains(wrong), "{place}: {text}");
    }
}

/// Pictures keep coming, all the same: the badge must not say that somebody watches.
#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_hangs_on_one_picture_is_degraded() {
    let still = ClipSpec { frozen: true, ..ClipSpec::default() };
    let camera = RtspServer::start(Footage::make(&still).unwrap()).await.unwrap();
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let id = admin.add_camera(json!({"name": "hung", "source": camera.url()})).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    // On a busy machine its analysis may be late as well, which is said first.
    let path = format!("/api/cameras/{id}/status");
    let frozen = |status: &Value| status["reason"] == "frozen";
    let status = admin.until(&path, Duration::from_secs(30), frozen).await;
    assert_eq!(status["state"], "DEGRADED");
    assert_eq!(status["people"], Value::Null, "what is not seen is not counted");
    let path = format!("/api/events?camera={id}&type=system&limit=1");
    let frozen = |answer: &Value| answer["events"][0]["details"]["reason"] == "frozen";
    admin.until(&path, PATIENCE, frozen).await;
}
