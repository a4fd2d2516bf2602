//! Events: none lost, none doubled, acknowledged by whom and why.

use reqwest::StatusCode;
use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId, EventType, Message, Severity, Utc};
use safe_yolo_server::StartupCamera;
use safe_yolo_store::{NewCamera, NewZone, Origin, Role};
use serde_json::{Value, json};
use sqlx::Connection;
use uuid::Uuid;

use crate::site::{Site, Socket, quiet};

pub(crate) fn event(camera: Option<&str>) -> Event {
    Event {
        id: EventId(Uuid::now_v7()),
        camera: camera.map(|camera| camera.parse().unwrap()),
        camera_name: "yard".into(),
        event_type: EventType::DangerZoneIntrusion,
        severity: Severity::Critical,
        zone: None,
        track: None,
        start: Utc::parse("2026-01-31T08:15:00Z").unwrap(),
        end: None,
        message: Message { ko: "사람".into(), en: "person".into() },
        details: serde_json::Map::new(),
        config_version: 1,
        snapshot: SnapshotState::None,
        clip: SnapshotState::None,
    }
}

async fn raise(site: &Site, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let event = event(None);
        ids.push(event.id.to_string());
        let change = EventChange { kind: ChangeKind::Raised, event };
        site.store.record(Uuid::now_v7(), &change).await.unwrap();
    }
    ids
}

/// The ids of the next changes of events that these tests made.
async fn changes(socket: &mut Socket, count: usize) -> Vec<(i64, String)> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let change = socket.text("change").await;
        if change["event"]["camera_name"] != "yard" {
            continue;
        }
        assert_eq!(change["recorded"], true);
        let id = change["event"]["id"].as_str().unwrap().to_owned();
        heard.push((change["seq"].as_i64().unwrap(), id));
    }
    heard
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let before = raise(&site, 250).await;
    let mut socket = viewer.socket("/ws/events?after=0").await;
    let hello = socket.text("hello").await;
    assert!(hello["seq"].as_i64().unwrap() >= 250);
    let first = changes(&mut socket, 100).await;
    drop(socket);
    let meanwhile = raise(&site, 30).await;
    let mut socket = viewer.socket(&format!("/ws/events?after={}", first[99].0)).await;
    let second = changes(&mut socket, 180).await;
    let late = raise(&site, 20).await;
    let third = changes(&mut socket, 20).await;

    let heard: Vec<_> = [first, second, third].concat();
    assert!(heard.is_sorted_by(|a, b| a.0 < b.0), "in order, each once");
    let ids: Vec<_> = heard.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, [before, meanwhile, late].concat());
}

#[tokio::test]
async fn without_a_number_only_news_come() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    raise(&site, 3).await;
    let mut socket = viewer.socket("/ws/events").await;
    let newest = socket.text("hello").await["seq"].as_i64().unwrap();
    let news = raise(&site, 1).await;
    let heard = changes(&mut socket, 1).await;
    assert_eq!(heard[0].1, news[0]);
    assert!(heard[0].0 > newest);
    let beat = socket.text("heartbeat").await;
    assert!(beat["seq"].as_i64().unwrap() >= heard[0].0);
    socket.say_text("what?").await;
    assert_eq!(socket.text("error").await["code"], "malformed");
    socket.text("heartbeat").await;
    for wrong in ["-1", "x", "1.5"] {
        let refused = viewer.try_socket(&format!("/ws/events?after={wrong}"), None).await;
        assert_eq!(refused.err(), Some(422), "{wrong}");
    }
    // A number that was never given out.
    let mut ahead = viewer.socket("/ws/events?after=999999").await;
    ahead.text("hello").await;
    let news = raise(&site, 1).await;
    assert_eq!(changes(&mut ahead, 1).await[0].1, news[0]);
}

#[tokio::test]
async fn p7_who_acknowledges_and_why_is_kept() {
    let site = Site::quiet().await;
    let (operator, admin) = (site.somebody(Role::Operator).await, site.admin().await);
    let ids = raise(&site, 3).await;
    let mut socket = operator.socket("/ws/events").await;
    socket.text("hello").await;
    let path = format!("/api/events/{}/acknowledge", ids[0]);
    let seen = operator.post(&path, json!({"reason": "drill"})).await.ok();
    assert_eq!(
        (&seen["acknowledged"]["by"], &seen["acknowledged"]["reason"]),
        (&json!("operator"), &json!("drill"))
    );
    loop {
        let change = socket.text("change").await;
        if change["kind"] == "acknowledged" {
            assert_eq!(change["event"], seen);
            break;
        }
    }
    let again = operator.post(&path, json!({"reason": "mine"})).await.ok();
    assert_eq!(again, seen, "the first one stands");
    let late = admin.post(&path, json!({"reason": "mine"})).await;
    assert_eq!(late.code(), "conflict");
    assert!(late.json["detail"].as_str().unwrap().contains("by operator at"), "{}", late.text);
    let waiting = admin.get("/api/events?acknowledged=false&type=danger_zone_intrusion").await.ok();
    assert_eq!(waiting["events"].as_array().unwrap().len(), 2);
    let wrong = admin
        .post("/api/events/acknowledge", json!({"ids": [ids[1], Uuid::now_v7()], "reason": ""}))
        .await;
    assert_eq!(wrong.code(), "not_found");
    let many = admin
        .post("/api/events/acknowledge", json!({"ids": [ids[1]], "reason": "walked by"}))
        .await
        .ok();
    assert_eq!(many["acknowledged"], 1);
    let rest = admin.post("/api/events/acknowledge", json!({"reason": "end of shift"})).await.ok();
    assert!(rest["acknowledged"].as_u64().unwrap() >= 1);
    // What a camera has to say may come at any time.
    let left = admin.get("/api/events?acknowledged=false").await.ok();
    let open = left["events"].as_array().unwrap();
    assert!(open.iter().all(|event| event["type"] == "system"), "{left}");
    assert_eq!(left["unacknowledged"], open.len());
    for body in [json!({}), json!({"reason": 1}), json!({"reason": "x".repeat(2000)})] {
        assert_eq!(operator.post(&path, body).await.code(), "invalid");
    }
    let unknown = format!("/api/events/{}/acknowledge", Uuid::now_v7());
    assert_eq!(operator.post(&unknown, json!({"reason": ""})).await.code(), "not_found");
    site.audited("acknowledgement", |e| {
        e.who == "operator" && e.action == "event.acknowledge" && e.detail == "drill"
    })
    .await;
}

#[tokio::test]
async fn events_outlive_their_camera() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let event = event(Some(&camera));
    let id = event.id.to_string();
    let change = EventChange { kind: ChangeKind::Raised, event };
    site.store.record(Uuid::now_v7(), &change).await.unwrap();
    let path = format!("/api/cameras/{camera}");
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.get(&path).await.code(), "not_found");
    assert_eq!(admin.delete(&path).await.code(), "not_found");
    let kept = admin.get(&format!("/api/events/{id}")).await.ok();
    assert_eq!(kept["camera"], camera);
    let listed = admin.get(&format!("/api/events?camera={camera}")).await.ok();
    assert!(listed["events"].as_array().unwrap().iter().any(|event| event["id"] == id));
    let added =
        admin.post("/api/cameras", json!({"name": "quiet", "source": "sim://quiet"})).await.ok();
    assert_ne!(added["id"], camera, "an id is never given again");
}

#[tokio::test]
async fn pages_and_filters() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let ids = raise(&site, 5).await;
    let listed = |page: Value| -> Vec<String> {
        let events = page["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    let query = "/api/events?type=danger_zone_intrusion";
    let first = viewer.get(&format!("{query}&limit=2")).await.ok();
    let last_seq = first["events"][1]["seq"].as_i64().unwrap();
    assert_eq!(listed(first), [ids[4].clone(), ids[3].clone()]);
    let second = viewer.get(&format!("{query}&limit=2&before={last_seq}")).await.ok();
    assert_eq!(listed(second), [ids[2].clone(), ids[1].clone()]);
    let after = viewer.get(&format!("{query}&after={last_seq}")).await.ok();
    assert_eq!(listed(after), [ids[4].clone()]);
    let none = viewer.get(&format!("{query}&from=2027-01-01T00:00:00Z")).await.ok();
    assert_eq!(listed(none), Vec::<String>::new());
    for wrong in ["type=flood", "limit=0", "from=today", "colour=red", "camera=../x"] {
        assert_eq!(viewer.get(&format!("/api/events?{wrong}")).await.code(), "invalid", "{wrong}");
    }
}

/// A drawn scene whose first worker walks into a danger zone after three seconds.
fn intruders() -> StartupCamera {
    let corners = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]];
    let points: Vec<_> = corners.into_iter().map(safe_yolo_core::FractionPoint::from).collect();
    let zone = NewZone {
        dwell_s: 0.5,
        ..NewZone::new(
            "everywhere",
            safe_yolo_core::ZoneType::Danger,
            safe_yolo_core::Polygon::new(points).unwrap(),
        )
    };
    let camera = NewCamera::new("hall", "sim://intruders", Origin::CommandLine);
    StartupCamera { camera, zones: Some(vec![zone]) }
}

#[tokio::test]
async fn an_intrusion_is_raised_announced_and_proved() {
    let site = Site::with(vec![intruders()]).await;
    let viewer = site.somebody(Role::Viewer).await;
    let mut socket = viewer.socket("/ws/events?after=0").await;
    let raised = loop {
        let change = socket.text("change").await;
        if change["event"]["type"] == "danger_zone_intrusion" && change["kind"] == "raised" {
            break change["event"].clone();
        }
    };
    assert_eq!(
        (&raised["severity"], &raised["zone"]["name"]),
        (&json!("CRITICAL"), &json!("everywhere"))
    );
    assert_eq!(raised["snapshot"], "pending");
    let path = format!("/api/events/{}", raised["id"].as_str().unwrap());
    viewer.until(&path, |event| event["snapshot"] == "stored").await;
    for query in ["", "?clean=1"] {
        let picture = viewer.get(&format!("{path}/snapshot{query}")).await;
        assert_eq!((picture.status, picture.kind.as_str()), (StatusCode::OK, "image/jpeg"));
    }
    assert_eq!(
        viewer.get(&format!("/api/events/{}/snapshot", Uuid::now_v7())).await.code(),
        "not_found"
    );
}

#[tokio::test]
async fn an_alarm_that_cant_be_stored_is_heard_and_stored_later() {
    let site = Site::with(vec![intruders()]).await;
    let viewer = site.somebody(Role::Viewer).await;
    let mut socket = viewer.socket("/ws/events").await;
    socket.text("hello").await;
    // Another program holds the database.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.store.path());
    let mut other = sqlx::sqlite::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let unrecorded = loop {
        let change = socket.text("change").await;
        // The store's own warning, or a camera's, may be the first.
        if change["recorded"] == false && change["event"]["type"] == "danger_zone_intrusion" {
            break change;
        }
    };
    assert!(unrecorded["seq"].is_null() && unrecorded["event"]["seq"].is_null());
    assert_eq!(
        (&unrecorded["kind"], &unrecorded["event"]["severity"]),
        (&json!("raised"), &json!("CRITICAL"))
    );
    // Whoever comes later is told of it, too.
    let mut later = viewer.socket("/ws/events").await;
    loop {
        let change = later.text("change").await;
        if change["recorded"] == false && change["event"]["id"] == unrecorded["event"]["id"] {
            break;
        }
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let recorded = loop {
        let change = socket.text("change").await;
        if change["recorded"] == true && change["event"]["id"] == unrecorded["event"]["id"] {
            break change;
        }
    };
    assert_eq!(recorded["kind"], "raised");
    assert!(recorded["seq"].as_i64().is_some());
}

#[tokio::test]
async fn p15_evidence_that_cant_be_kept_is_told_until_it_can() {
    let site = Site::with(vec![intruders()]).await;
    let admin = site.admin().await;
    // A file in the place of the year's folder: the disk refuses.
    let evidence = site.data.join("evidence");
    std::fs::remove_dir_all(&evidence).unwrap();
    std::fs::write(&evidence, b"in the way").unwrap();
    let failed = admin.until("/api/system", |system| system["evidence"]["state"] == "failed").await;
    assert!(!failed["evidence"]["detail"].is_null());
    let query = "/api/events?type=danger_zone_intrusion";
    let page = admin.until(query, |page| page["events"][0]["snapshot"] == "failed").await;
    assert_eq!(page["events"][0]["severity"], "CRITICAL", "the event stands");
    let told = |page: &Value| -> usize {
        let is_about = |event: &&Value| event["details"]["part"] == "evidence";
        page["events"].as_array().unwrap().iter().filter(is_about).count()
    };
    let system = admin.until("/api/events?type=system", |page| told(page) > 0).await;
    assert_eq!(told(&system), 1);
    std::fs::remove_file(&evidence).unwrap();
    // The next alarm's picture is kept: a zone of another name makes one.
    let hall = admin.camera("hall").await;
    let zones = admin.get(&format!("/api/zones?camera={hall}")).await.ok();
    let points = zones["zones"][0]["points"].clone();
    let again =
        json!({"camera": hall, "name": "again", "type": "danger", "points": points, "dwell_s": 0});
    admin.post("/api/zones", again).await.ok();
    admin.until("/api/system", |system| system["evidence"]["state"] == "ok").await;
    admin
        .until("/api/events?type=system", |page| {
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .any(|e| e["details"]["part"] == "evidence" && !e["end"].is_null())
        })
        .await;
}

#[tokio::test]
async fn a_restart_ends_what_was_open_and_keeps_the_log() {
    let site = Site::quiet().await;
    let ids = raise(&site, 1).await;
    let site = site.restart(vec![quiet()]).await;
    let admin = site.admin().await;
    let ended = admin.get(&format!("/api/events/{}", ids[0])).await.ok();
    assert_eq!(
        (ended["end"].is_null(), &ended["details"]["end_reason"]),
        (false, &json!("restart"))
    );
    let mut socket = admin.socket("/ws/events?after=0").await;
    let heard = changes(&mut socket, 2).await;
    assert_eq!((heard[0].1.as_str(), heard[1].1.as_str()), (ids[0].as_str(), ids[0].as_str()));
}
