//! The server is killed at work, three times: whatever it had announced as
//! recorded is there afterwards, once, and it goes on watching.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::PATIENCE;
use common::client::Client;
use common::footage::{clip, corners};
use common::server::{Server, Site, gone};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A recorded change as a viewer was told of it: seq, kind, event.
type Change = (i64, String, String);

fn change(message: &Value) -> Change {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (message["seq"].as_i64().unwrap(), text(&message["kind"]), text(&message["event"]["id"]))
}

/// Two drawn cameras and one that repeats a file, with a zone each that raises
/// alarms soon and again.
async fn add_cameras(site: &Site, admin: &Client) -> Vec<String> {
    clip("helmets", 3, 10, &site.videos().join("hall.mp4"));
    let mut cameras = Vec::new();
    for (name, source, scenario) in [
        ("file", "hall.mp4", "helmets"),
        ("intruders", "sim://intruders?seed=1", "intruders"),
        ("helmets", "sim://helmets?seed=1", "helmets"),
    ] {
        let camera =
            json!({"name": name, "source": source, "repeat": true, "analysis_rate_max": 8});
        let id = admin.add_camera(camera).await;
        let zone = json!({"camera": id, "name": "press", "type": "danger", "dwell_s": 0.5,
            "pause_s": 1.0, "points": corners(scenario), "require": ["helmet"]});
        admin.post("/api/zones", zone).await.ok();
        cameras.push(id);
    }
    cameras
}

/// Collects what a viewer is told until the connection breaks.
async fn collect(
    admin: &Client,
    path: &str,
) -> (JoinHandle<Vec<Change>>, watch::Receiver<Vec<Change>>) {
    let mut socket = admin.socket(path).await;
    let (tell, told) = watch::channel(Vec::new());
    let task = tokio::spawn(async move {
        let mut changes = Vec::new();
        while let Some(message) = socket.text("change").await {
            if message["recorded"] == true {
                changes.push(change(&message));
                tell.send_replace(changes.clone());
            }
        }
        changes
    });
    (task, told)
}

/// Reads and acknowledges without a pause until the server is gone.
fn work(admin: &Client) -> Vec<JoinHandle<()>> {
    let acknowledge = json!({"reason": "seen"});
    let calls = [
        (Method::GET, "/api/events?limit=500", None),
        (Method::POST, "/api/events/acknowledge", Some(acknowledge)),
        (Method::GET, "/api/cameras", None),
    ];
    let endless = |(method, path, body): (Method, &'static str, Option<Value>)| {
        let admin = admin.clone();
        tokio::spawn(async move {
            while admin.try_send(method.clone(), path, body.clone()).await.is_ok() {}
        })
    };
    calls.into_iter().map(endless).collect()
}

/// Every event, by id.
async fn all_events(admin: &Client) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    let mut path = "/api/events?limit=50".to_owned();
    loop {
        let page = admin.get(&path).await.ok();
        let page = page["events"].as_array().unwrap();
        let Some(last) = page.last() else { return events };
        path = format!("/api/events?limit=50&before={}", last["seq"]);
        for event in page {
            let id = event["id"].as_str().unwrap().to_owned();
            assert!(events.insert(id, event.clone()).is_none(), "twice: {event}");
        }
    }
}

/// Every change up to now, in order, as a viewer that saw none is told them.
async fn all_changes(admin: &Client) -> Vec<Change> {
    let mut socket = admin.socket("/ws/events?after=0").await;
    let newest = socket.text("hello").await.unwrap()["seq"].as_i64().unwrap();
    let mut changes: Vec<Change> = Vec::new();
    while changes.last().is_none_or(|(seq, _, _)| *seq < newest) {
        changes.push(change(&socket.text("change").await.expect("the connection holds")));
    }
    changes
}

async fn all_live(admin: &Client, cameras: &[String]) {
    for camera in cameras {
        admin.until_state(camera, "LIVE", PATIENCE).await;
    }
}

/// Works until `moment` has come, and is killed; gives what was announced.
async fn work_and_kill(
    mut server: Server,
    admin: &Client,
    path: &str,
    moment: impl Fn(&[Change]) -> bool,
) -> Vec<Change> {
    let (collecting, mut told) = collect(admin, path).await;
    let working = work(admin);
    let come = told.wait_for(|changes| moment(changes));
    tokio::time::timeout(PATIENCE, come).await.expect("events come").unwrap();
    let children = server.kill();
    assert!(!children.is_empty(), "a file is decoded by a child");
    gone(&children, Duration::from_secs(30)).await;
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    for task in working {
        tokio::time::timeout(PATIENCE, task).await.expect("the server is gone").unwrap();
    }
    collecting.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_announced_as_recorded_survives_being_killed() {
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let cameras = add_cameras(&site, &admin).await;
    let newest_is = |kind: &'static str, at_least: usize| {
        move |changes: &[Change]| {
            changes.len() >= at_least && changes.last().is_some_and(|(_, last, _)| last == kind)
        }
    };
    // Right after the first events; with an alarm just raised; amid acknowledgements.
    let mut announced =
        work_and_kill(server, &admin, "/ws/events?after=0", |c| !c.is_empty()).await;
    let first = announced.len();
    for moment in [newest_is("raised", 12), newest_is("acknowledged", 25)] {
        let server = site.serve().await;
        let admin = server.admin().await;
        all_live(&admin, &cameras).await;
        let path = format!("/ws/events?after={}", announced.last().unwrap().0);
        announced.extend(work_and_kill(server, &admin, &path, moment).await);
    }
    assert!(first > 0 && announced.len() > 30, "{first}, {}", announced.len());
    assert!(announced.is_sorted_by(|a, b| a.0 < b.0), "strictly rising, none twice");

    let mut server = site.serve().await;
    let admin = server.admin().await;
    let changes = all_changes(&admin).await;
    assert!(changes.is_sorted_by(|a, b| a.0 < b.0), "strictly rising, none twice");
    let known: BTreeSet<&Change> = changes.iter().collect();
    let lost: Vec<_> = announced.iter().filter(|change| !known.contains(change)).collect();
    assert!(lost.is_empty(), "announced, but not recorded: {lost:?}");

    let events = all_events(&admin).await;
    let acknowledged: BTreeSet<&str> = announced
        .iter()
        .filter(|(_, kind, _)| kind == "acknowledged")
        .map(|(_, _, id)| id.as_str())
        .collect();
    let mut cut_off = 0;
    for id in announced.iter().map(|(_, _, id)| id.as_str()).collect::<BTreeSet<_>>() {
        let event = events.get(id).unwrap_or_else(|| panic!("event {id} is lost"));
        assert!(event["end"].is_string(), "still open after its run was killed: {event}");
        assert!(!acknowledged.contains(id) || event["acknowledged"].is_object(), "{event}");
        cut_off += usize::from(event["details"]["end_reason"] == "restart");
    }
    assert!(cut_off > 0, "somebody was in a zone when it was killed");

    all_live(&admin, &cameras).await;
    let newest = changes.last().unwrap().0;
    let goes_on = |answer: &Value| answer["seq"].as_i64().unwrap() > newest;
    admin.until("/api/events?limit=1", PATIENCE, goes_on).await;
    let system = admin.get("/api/system").await.ok();
    assert_eq!(system["store"]["state"], "ok", "{system}");
    assert!(server.terminate().success(), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alarm_waits_for_a_picture_that_nobody_writes_any_more() {
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    add_cameras(&site, &admin).await;
    let raised = |changes: &[Change]| {
        changes.len() >= 4 && changes.last().is_some_and(|(_, kind, _)| kind == "raised")
    };
    let announced = work_and_kill(server, &admin, "/ws/events?after=0", raised).await;
    let server = site.serve().await;
    let admin = server.admin().await;
    for (_, _, id) in announced {
        let event = admin.get(&format!("/api/events/{id}")).await.ok();
        assert_ne!(event["snapshot"], "pending", "{event}");
        let picture = admin.get(&format!("/api/events/{id}/snapshot")).await;
        let is_promised = event["snapshot"] == "stored";
        assert!(!is_promised || picture.status.is_success(), "no picture: {event}");
    }
}
