//! Incidents over the interface: their life, two at once, mutes, settings, the socket.

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Event, EventChange};
use safe_yolo_store::Role;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use uuid::Uuid;

use crate::events::event;
use crate::site::{Site, Socket};

async fn record(site: &Site, kind: ChangeKind, event: &Event) {
    let change = EventChange { kind, event: event.clone() };
    site.store.record(Uuid::now_v7(), &change).await.unwrap();
}

async fn raise(site: &Site, camera: Option<&str>) -> Event {
    let event = event(camera);
    record(site, ChangeKind::Raised, &event).await;
    event
}

async fn end(site: &Site, event: &Event) {
    let mut event = event.clone();
    event.end = Some(event.start.plus_micros(4_000_000));
    record(site, ChangeKind::Ended, &event).await;
}

/// News of this incident, at this revision.
async fn news(socket: &mut Socket, id: &str, revision: u64) -> Value {
    loop {
        let incident = socket.text("incident").await["incident"].clone();
        if incident["id"] == id && incident["revision"] == revision {
            return incident;
        }
    }
}

#[tokio::test]
async fn an_incident_goes_through_its_life_and_everybody_hears_of_it() {
    let site = Site::quiet().await;
    let (operator, viewer) =
        (site.somebody(Role::Operator).await, site.somebody(Role::Viewer).await);
    let mut socket = viewer.socket("/ws/events").await;
    assert_eq!(socket.text("mutes").await["mutes"], json!([]));
    let event = raise(&site, None).await;
    let id = event.id.to_string();
    assert_eq!(news(&mut socket, &id, 1).await["state"], "raised");
    let step = async |what: &str, body: Value| {
        operator.post(&format!("/api/incidents/{id}/{what}"), body).await
    };

    let early = step("resolve", json!({"note": "done"})).await;
    assert_eq!(early.code(), "conflict");
    assert!(early.text.contains("acknowledge it first"), "{}", early.text);
    assert_eq!(
        step("acknowledge", json!({"reason": "on my way"})).await.ok()["state"],
        "acknowledged"
    );
    assert_eq!(news(&mut socket, &id, 2).await["acknowledged"]["by"], "operator");
    let stale = step("assign", json!({"to": "박 반장", "revision": 1})).await;
    assert_eq!(stale.code(), "conflict");
    assert!(stale.text.contains("revision 2"), "{}", stale.text);
    assert_eq!(
        step("assign", json!({"to": " 박 반장 ", "revision": 2})).await.ok()["assigned"]["to"],
        "박 반장"
    );
    assert_eq!(step("resolve", json!({})).await.code(), "conflict", "it goes on");
    end(&site, &event).await;
    step("notes", json!({"note": "fence closed"})).await.ok();
    step("hold", json!({"hold": true, "reason": "investigation"})).await.ok();
    assert_eq!(step("resolve", json!({"note": "done"})).await.ok()["state"], "resolved");
    let detail = viewer.get(&format!("/api/incidents/{id}")).await.ok();
    let log: Vec<_> =
        detail["log"].as_array().unwrap().iter().map(|d| d["deed"].as_str().unwrap()).collect();
    assert_eq!(log, ["acknowledged", "assigned", "note", "held", "resolved"]);
    assert_eq!(detail["event_list"][0]["id"], id.as_str());
    assert_eq!(detail["event_list"][0]["incident"], id.as_str());
    assert_eq!(detail["held"]["note"], "investigation");
    assert_eq!(operator.get("/api/people").await.ok()["people"].as_array().unwrap().len(), 4);

    let closed = viewer.get("/api/incidents?open=false&type=danger_zone_intrusion").await.ok();
    assert_eq!(closed["incidents"][0]["id"], id.as_str());
    step("reopen", json!({"note": "not done"})).await.ok();
    step("false-alarm", json!({"note": "a dummy"})).await.ok();
    let precision = viewer.get("/api/statistics/precision").await.ok();
    assert_eq!(precision["rules"][0]["false_alarms"], 1);
    assert_eq!(precision["rules"][0]["precision"], 0.0);
    site.audited("the false alarm", |e| {
        e.who == "operator" && e.action == "incident.false_alarm" && e.detail == "a dummy"
    })
    .await;
    for wrong in ["state=gone", "open=perhaps", "limit=0", "zone=../x", "colour=red", "before=x"] {
        assert_eq!(
            viewer.get(&format!("/api/incidents?{wrong}")).await.code(),
            "invalid",
            "{wrong}"
        );
    }
    assert_eq!(step("assign", json!({"to": "lee"})).await.code(), "conflict", "it is closed");
    assert_eq!(step("notes", json!({"note": "  "})).await.code(), "invalid");
    let unknown = format!("/api/incidents/{}", Uuid::now_v7());
    assert_eq!(viewer.get(&unknown).await.code(), "not_found");
}

#[tokio::test]
async fn of_two_who_acknowledge_at_once_one_wins_and_the_other_is_told() {
    let site = Site::quiet().await;
    let (operator, admin) = (site.somebody(Role::Operator).await, site.admin().await);
    let id = raise(&site, None).await.id.to_string();
    let path = format!("/api/incidents/{id}/acknowledge");
    let body = || json!({"reason": "seen"});
    let (one, two) = tokio::join!(operator.post(&path, body()), admin.post(&path, body()));
    let (won, lost) = if one.status.is_success() { (one, two) } else { (two, one) };
    let winner = won.ok()["acknowledged"]["by"].as_str().unwrap().to_owned();
    assert_eq!(lost.code(), "conflict");
    let said = lost.json["detail"].as_str().unwrap();
    assert!(said.contains(&format!("{winner} acknowledged it at")), "{said}");
}

#[tokio::test]
async fn alarms_are_acknowledged_on_the_socket_by_those_who_may() {
    let site = Site::quiet().await;
    let (operator, viewer) =
        (site.somebody(Role::Operator).await, site.somebody(Role::Viewer).await);
    let event = raise(&site, None).await;
    let id = event.id.to_string();
    let ask = |request: u64| json!({"type": "acknowledge", "request": request, "incident": id, "reason": "seen"});
    let mut watching = viewer.socket("/ws/events").await;
    watching.say(ask(1)).await;
    let refused = watching.text("error").await;
    assert_eq!((&refused["code"], &refused["request"]), (&json!("forbidden"), &json!(1)));

    let mut socket = operator.socket("/ws/events").await;
    socket.say(ask(2)).await;
    let done = socket.text("acknowledged").await;
    assert_eq!((&done["request"], &done["count"]), (&json!(2), &json!(1)));
    assert_eq!(news(&mut watching, &id, 2).await["acknowledged"]["by"], "operator");
    socket.say(ask(3)).await;
    let late = socket.text("error").await;
    assert_eq!((&late["code"], &late["request"]), (&json!("conflict"), &json!(3)));

    let other = raise(&site, None).await.id.to_string();
    socket.say(json!({"type": "acknowledge", "id": other, "reason": "too"})).await;
    assert_eq!(socket.text("acknowledged").await["count"], 1);
    raise(&site, None).await;
    socket.say(json!({"type": "acknowledge", "request": 4, "all": true})).await;
    assert!(socket.text("acknowledged").await["count"].as_u64().unwrap() >= 1);
    socket.say(json!({"type": "acknowledge", "request": 5})).await;
    assert_eq!(socket.text("error").await["code"], "invalid");
    let left = operator.get("/api/incidents?state=raised&type=danger_zone_intrusion").await.ok();
    assert_eq!(left["incidents"], json!([]));
}

#[tokio::test]
async fn what_is_muted_is_quiet_shown_and_rings_when_that_is_over() {
    let site = Site::quiet().await;
    let (operator, viewer) =
        (site.somebody(Role::Operator).await, site.somebody(Role::Viewer).await);
    let camera = operator.camera("quiet").await;
    let mut socket = viewer.socket("/ws/events").await;
    assert_eq!(socket.text("mutes").await["mutes"], json!([]));
    let body = json!({"camera": camera, "type": "danger_zone_intrusion", "minutes": 15, "reason": "drill"});
    let mute = operator.post("/api/mutes", body).await.ok();
    assert_eq!(socket.text("mutes").await["mutes"][0]["reason"], "drill");
    let mut event = event(Some(&camera));
    event.start = safe_yolo_core::Utc::parse(mute["from"].as_str().unwrap()).unwrap();
    record(&site, ChangeKind::Raised, &event).await;
    let mut brief = event.clone();
    brief.id = safe_yolo_core::EventId(uuid::Uuid::now_v7());
    brief.end = Some(brief.start);
    record(&site, ChangeKind::Raised, &brief).await;
    let quiet = viewer.get(&format!("/api/events/{}", event.id)).await.ok();
    assert_eq!((&quiet["muted"], &quiet["incident"]), (&mute["id"], &Value::Null));
    assert_eq!(quiet["muted_by"]["reason"], "drill");
    assert_eq!(viewer.get("/api/mutes").await.ok()["mutes"][0]["events"], 1);

    let path = format!("/api/mutes/{}", mute["id"]);
    assert_eq!(viewer.delete(&path).await.code(), "forbidden");
    assert_eq!(operator.delete(&path).await.ok()["lifted"]["by"], "operator");
    let id = event.id.to_string();
    assert_eq!(news(&mut socket, &id, 1).await["state"], "raised");
    let late = operator.delete(&path).await;
    assert_eq!(late.code(), "conflict");
    // Of what never rang it is told for ever who kept it quiet, and why.
    let page = viewer.get("/api/events?type=danger_zone_intrusion").await.ok();
    let brief = brief.id.to_string();
    let listed = page["events"].as_array().unwrap().iter().find(|e| e["id"] == brief.as_str());
    let told = viewer.get(&format!("/api/events/{brief}")).await.ok();
    for event in [listed.unwrap(), &told] {
        let by = &event["muted_by"];
        assert_eq!((&by["by"], &by["reason"]), (&json!("operator"), &json!("drill")), "{event}");
    }
    let file = operator.get("/api/events/export?type=danger_zone_intrusion").await.text;
    let row = file.lines().find(|line| line.starts_with(&brief)).unwrap();
    assert!(row.contains(",operator,drill,"), "{row}");
    assert!(late.text.contains("lifted by operator"), "{}", late.text);
    site.audited("the mute", |e| e.action == "mute.add" && e.detail.contains("drill")).await;

    let minutes =
        |camera: &str, minutes: u32| json!({"camera": camera, "minutes": minutes, "reason": "x"});
    for (body, code) in [
        (minutes("nowhere", 15), "not_found"),
        (json!({"zone": "z-none", "minutes": 5, "reason": "x"}), "not_found"),
        (minutes(&camera, 0), "invalid"),
        (minutes(&camera, 1441), "invalid"),
        (json!({"minutes": 5, "reason": "x"}), "invalid"),
        (json!({"camera": camera, "minutes": 5, "reason": ""}), "invalid"),
        (json!({"type": "flood", "minutes": 5, "reason": "x"}), "invalid"),
    ] {
        assert_eq!(operator.post("/api/mutes", body.clone()).await.code(), code, "{body}");
    }
    assert_eq!(operator.delete("/api/mutes/x").await.code(), "not_found");
}

#[tokio::test]
async fn what_nobody_acknowledges_is_escalated_by_the_settings() {
    let site = Site::quiet().await;
    let (admin, viewer) = (site.admin().await, site.somebody(Role::Viewer).await);
    let defaults = viewer.get("/api/alarm-settings").await.ok();
    assert_eq!(defaults["escalate_after_s"]["CRITICAL"], json!([60, 300]));
    // The event of these tests began long ago: both levels are due as soon as they exist.
    let none = json!({"group_within_s": 120, "escalate_after_s": {}, "export_blur": "bodies"});
    let put = async |body: Value| {
        admin.send(reqwest::Method::PUT, "/api/alarm-settings", Some(body)).await
    };
    assert_eq!(put(none.clone()).await.ok(), none);
    let id = raise(&site, None).await.id.to_string();
    let path = format!("/api/incidents/{id}");
    assert_eq!(viewer.get(&path).await.ok()["escalation"]["level"], 0);
    // What is left out stays as it was.
    let set = json!({"group_within_s": 120, "escalate_after_s": {"CRITICAL": [10]}});
    assert_eq!(put(set).await.ok()["export_blur"], "bodies");
    let escalated = viewer.until(&path, |incident| incident["escalation"]["level"] == 1).await;
    assert_eq!(escalated["log"][0]["deed"], "escalated");
    for (body, word) in [
        (json!({"group_within_s": 4000, "escalate_after_s": {}}), "group_within_s"),
        (json!({"group_within_s": 1, "escalate_after_s": {"INFO": [60]}}), "INFO"),
        (json!({"group_within_s": 1, "escalate_after_s": {"LOUD": [60]}}), "LOUD"),
        (json!({"group_within_s": 1, "escalate_after_s": {"CRITICAL": [5]}}), "5 at level 1"),
        (json!({"group_within_s": 1}), "escalate_after_s"),
        (json!({"group_within_s": 1, "escalate_after_s": {}, "export_blur": "no"}), "export_blur"),
    ] {
        let refused = put(body).await;
        assert_eq!(refused.code(), "invalid");
        assert!(refused.text.contains(word), "{}", refused.text);
    }
}

#[tokio::test]
async fn an_incident_that_cant_be_read_is_told_and_stops_no_other() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let (bad, good) = (raise(&site, None).await, raise(&site, Some("quiet")).await);
    let options = SqliteConnectOptions::new().filename(site.store.path());
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let text = "SELECT incident FROM incidents WHERE id = ?";
    let whole: String =
        sqlx::query_scalar(text).bind(bad.id.to_string()).fetch_one(&mut database).await.unwrap();
    let mut put = async |text: &str, escalates_at: i64| {
        sqlx::query("UPDATE incidents SET incident = ?, escalates_at = ? WHERE id = ?")
            .bind(text)
            .bind(escalates_at)
            .bind(bad.id.to_string())
            .execute(&mut database)
            .await
            .unwrap();
        sqlx::query("UPDATE incidents SET escalates_at = 2 WHERE id = ?")
            .bind(good.id.to_string())
            .execute(&mut database)
            .await
            .unwrap();
    };
    put("rubbish", 1).await;
    let path = format!("/api/incidents/{}", good.id);
    admin.until(&path, |incident| incident["escalation"]["level"] == 1).await;
    let failed =
        admin.until("/api/system", |system| system["escalation"]["state"] == "failed").await;
    assert!(!failed["escalation"]["detail"].is_null(), "{failed}");
    let list = admin.get("/api/incidents").await.ok();
    let listed: Vec<&Value> =
        list["incidents"].as_array().unwrap().iter().map(|i| &i["id"]).collect();
    assert!(listed.contains(&&json!(good.id)) && !listed.contains(&&json!(bad.id)), "{list}");
    // What is left out is said, and counted.
    assert_eq!(list["unreadable"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["open"], listed.len() + 1);
    let ready = reqwest::get(format!("{}/readyz", site.base)).await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["escalation"], "failed");
    let about = |page: &Value| {
        let events = page["events"].as_array().unwrap().clone();
        events.into_iter().find(|event| event["details"]["part"] == "escalation")
    };
    let told = "/api/events?type=system";
    admin.until(told, |page| about(page).is_some()).await;

    put(&whole, 1).await;
    let path = format!("/api/incidents/{}", bad.id);
    admin.until(&path, |incident| incident["escalation"]["level"] == 1).await;
    admin.until("/api/system", |system| system["escalation"]["state"] == "ok").await;
    admin.until(told, |page| about(page).is_some_and(|event| event["end"].is_string())).await;
}
