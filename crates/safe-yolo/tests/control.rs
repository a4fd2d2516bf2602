//! Commands and edits while viewers look: what is answered is in force, and no
//! picture from before gets through.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::PATIENCE;
use common::client::Client;
use common::footage::corners;
use common::server::{Server, Site};
use common::socket::{Heard, Picture, Socket};
use safe_yolo_testkit::clip::ClipSpec;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What may still be on its way when a command is answered.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

/// A server with one file camera of 20 s that plays.
async fn playing() -> (Site, Server, Client, String) {
    let site = Site::new();
    let clip = ClipSpec { seconds: 20.0, ..ClipSpec::default() };
    clip.write_in(&site.videos(), "clip.mp4").unwrap();
    let server = site.serve().await;
    let admin = server.admin().await;
    let camera = json!({"name": "clip", "source": "clip.mp4", "analysis_rate_max": 5});
    let id = admin.add_camera(camera).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    (site, server, admin, id)
}

/// Takes pictures as they arrive, so that each bears the right time.
struct Viewer {
    task: JoinHandle<Vec<Picture>>,
    seen: watch::Receiver<(usize, i64)>,
    end: watch::Sender<bool>,
}

impl Viewer {
    async fn of(admin: &Client, camera: &str) -> Self {
        let mut socket: Socket = admin.socket("/ws/live").await;
        socket.subscribe(&[camera]).await;
        let (tell, seen) = watch::channel((0, -1));
        let (end, mut asked) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut pictures = Vec::new();
            loop {
                tokio::select! {
                    _ = asked.changed() => return pictures,
                    heard = socket.hear() => match heard.expect("the connection holds") {
                        Heard::Picture(picture) => {
                            tell.send_replace((pictures.len() + 1, picture.time_us()));
                            pictures.push(picture);
                        }
                        Heard::Text(_) => {}
                    }
                }
            }
        });
        Self { task, seen, end }
    }

    /// Waits until the newest picture is from after this place in the file.
    async fn reach(&mut self, micros: i64) {
        let there = self.seen.wait_for(|(_, time)| *time >= micros);
        tokio::time::timeout(PATIENCE, there).await.expect("pictures go on").unwrap();
    }

    /// Waits for so many more pictures.
    async fn more(&mut self, count: usize) {
        let have = self.seen.borrow().0;
        let there = self.seen.wait_for(|(seen, _)| *seen >= have + count);
        tokio::time::timeout(PATIENCE, there).await.expect("pictures go on").unwrap();
    }

    async fn pictures(self) -> Vec<Picture> {
        self.end.send(true).unwrap();
        self.task.await.unwrap()
    }
}

/// Sends a command; gives the status it answers, and when it did.
async fn order(admin: &Client, camera: &str, command: Value) -> (Value, Instant) {
    let status = admin.command(camera, command).await.ok();
    (status, Instant::now())
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_after_a_seek_no_picture_from_before_arrives() {
    let (_site, _server, admin, id) = playing().await;
    let mut viewer = Viewer::of(&admin, &id).await;
    viewer.reach(1_000_000).await;
    // There and back, so that a place alone tells nothing: the segment must.
    let mut orders = Vec::new();
    for position_ms in [12_000, 500, 6_000] {
        let seek = json!({"action": "seek", "position_ms": position_ms});
        let (status, at) = order(&admin, &id, seek).await;
        assert_eq!(status["playing"], true, "{status}");
        orders.push((position_ms * 1000, at));
        viewer.more(5).await;
    }
    let refused = json!({"action": "seek", "position_ms": 60_000});
    assert_eq!(admin.command(&id, refused).await.status, 422);
    let pictures = viewer.pictures().await;
    for (number, (position, at)) in orders.iter().enumerate() {
        let before = pictures.iter().filter(|picture| picture.at < *at);
        let old = before.map(Picture::segment).max().unwrap();
        let until = orders.get(number + 1).map(|(_, next)| *next);
        let after: Vec<_> = pictures
            .iter()
            .filter(|p| p.at > *at + ON_ITS_WAY && until.is_none_or(|until| p.at < until))
            .collect();
        assert!(!after.is_empty(), "pictures of the new place come");
        for picture in after {
            assert!(picture.segment() >= old, "an older segment: {}", picture.header);
            let place = *position - 100_000..*position + 5_000_000;
            assert!(place.contains(&picture.time_us()), "{position}: {}", picture.header);
        }
    }
    let segments: BTreeSet<_> = pictures.iter().map(Picture::segment).collect();
    assert_eq!(segments.len(), 4, "a segment for each place: {segments:?}");
    assert!(pictures.is_sorted_by_key(Picture::segment), "no way back to an older segment");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_paused_file_stands_still_and_goes_on_from_there() {
    let (_site, _server, admin, id) = playing().await;
    let mut viewer = Viewer::of(&admin, &id).await;
    viewer.reach(800_000).await;
    let (status, paused) = order(&admin, &id, json!({"action": "pause"})).await;
    assert_eq!((&status["state"], &status["playing"]), (&json!("PAUSED"), &json!(false)));
    assert_eq!((&status["reason"], &status["people"]), (&json!("command"), &Value::Null));
    let position = status["position_ms"].as_i64().unwrap();
    // A second socket's heartbeats measure the time in which nothing may come.
    let mut clock = admin.socket("/ws/live").await;
    for _ in 0..3 {
        clock.text("status").await.unwrap();
    }
    let status = admin.status(&id).await;
    assert_eq!((&status["state"], &status["position_ms"]), (&json!("PAUSED"), &json!(position)));
    let (_, played) = order(&admin, &id, json!({"action": "play"})).await;
    viewer.more(3).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    let pictures = viewer.pictures().await;
    for picture in &pictures {
        if picture.at > paused + ON_ITS_WAY && picture.at < played {
            assert_eq!(picture.header["state"], "PAUSED", "{}", picture.header);
            assert!(picture.time_us() / 1000 <= position, "{}", picture.header);
        }
    }
    let after: Vec<_> = pictures.iter().filter(|p| p.header["state"] != "PAUSED").collect();
    assert!(after.is_sorted_by_key(|picture| picture.time_us()), "it goes on, not back");
    let first = after.iter().find(|picture| picture.at > played).unwrap();
    assert!(first.time_us() / 1000 < position + 2000, "from where it was: {}", first.header);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_stopped_file_shows_nothing_and_begins_again() {
    let (_site, server, admin, id) = playing().await;
    let mut viewer = Viewer::of(&admin, &id).await;
    viewer.reach(1_500_000).await;
    let decoders = server.decoders();
    assert!(!decoders.is_empty(), "a file is decoded by a child");
    let (status, stopped) = order(&admin, &id, json!({"action": "stop"})).await;
    assert_eq!((&status["state"], &status["playing"]), (&json!("STOPPED"), &json!(false)));
    assert_eq!(status["reason"], "command");
    common::server::gone(&decoders, Duration::from_secs(5)).await;
    let mut clock = admin.socket("/ws/live").await;
    for _ in 0..2 {
        clock.text("status").await.unwrap();
    }
    let picture = admin.get(&format!("/api/cameras/{id}/picture")).await;
    assert_eq!(picture.status, 404, "the last picture is from before");
    let (_, played) = order(&admin, &id, json!({"action": "play"})).await;
    viewer.more(3).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    let pictures = viewer.pictures().await;
    let late = pictures.iter().find(|p| p.at > stopped + ON_ITS_WAY && p.at < played);
    assert!(late.is_none(), "a picture while stopped: {}", late.unwrap().header);
    let first = pictures.iter().find(|picture| picture.at > played).unwrap();
    assert!(first.time_us() < 1_000_000, "from the start: {}", first.header);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_camera_takes_no_commands_of_a_file() {
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let id = admin.add_camera(json!({"name": "hall", "source": "sim://quiet"})).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    for command in [
        json!({"action": "pause"}),
        json!({"action": "stop"}),
        json!({"action": "seek", "position_ms": 0}),
    ] {
        let answer = admin.command(&id, command).await;
        assert_eq!((answer.status.as_u16(), answer.json["code"].as_str()), (409, Some("conflict")));
        assert!(answer.json["detail"].as_str().unwrap().contains("live camera"), "{answer:?}");
    }
    assert_eq!(admin.status(&id).await["state"], "LIVE");
}

/// The header's only zone.
fn zone(header: &Value) -> &Value {
    let zones = header["zones"].as_array().unwrap();
    assert_eq!(zones.len(), 1, "{header}");
    &zones[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_zone_edit_is_in_force_with_the_next_analysed_picture() {
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let camera = json!({"name": "hall", "source": "sim://helmets?seed=1", "analysis_rate_max": 5});
    let id = admin.add_camera(camera).await;
    // The ceiling, where nobody stands.
    let ceiling = json!([[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1]]);
    let new = json!({"camera": id, "name": "press", "type": "danger", "points": ceiling,
        "dwell_s": 1.0, "require": ["helmet"]});
    let made = admin.post("/api/zones", new).await.ok();
    let mut viewer = admin.socket("/ws/live").await;
    viewer.subscribe(&[&id]).await;
    let done = |picture: &Picture| picture.header["analysis"] == "done";
    let before = viewer.picture_where(|p| done(p) && p.header["counters"]["people"] == 2).await;
    assert_eq!(zone(&before.header)["verdict"], "clear", "{}", before.header);
    let version = before.header["config_version"].as_u64().unwrap();

    let path = format!("/api/zones/{}", made["id"].as_str().unwrap());
    admin.patch(&path, json!({"points": corners("helmets")})).await.ok();
    let camera = admin.get(&format!("/api/cameras/{id}")).await.ok();
    assert_eq!(camera["version"], version + 1);
    // Pictures sent before the answer may come first, but few: half a second's.
    let mut older = 0;
    let after = loop {
        let picture = viewer.picture_where(done).await;
        if picture.header["config_version"] != version {
            break picture;
        }
        older += 1;
        assert!(older <= 3, "the edit is not in force: {}", picture.header);
    };
    assert_eq!(after.header["config_version"], version + 1);
    assert_ne!(zone(&after.header)["verdict"], "clear", "{}", after.header);
    assert_eq!(zone(&after.header)["people"].as_array().unwrap().len(), 2, "{}", after.header);

    let path = format!("/api/events?camera={id}&type=helmet_missing");
    let raised = |answer: &Value| answer["events"][0].is_object();
    let event = admin.until(&path, PATIENCE, raised).await["events"][0].clone();
    assert_eq!(event["config_version"], version + 1, "{event}");
    let alarm = viewer.picture_where(|p| done(p) && zone(&p.header)["verdict"] == "alarm").await;
    assert_eq!(alarm.header["config_version"], version + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_people_of_two_cameras_of_one_scene_are_different_people() {
    let site = Site::new();
    let server = site.serve().await;
    let admin = server.admin().await;
    let mut cameras = Vec::new();
    for name in ["left", "right"] {
        let camera =
            json!({"name": name, "source": "sim://helmets?seed=1", "analysis_rate_max": 5});
        let id = admin.add_camera(camera).await;
        let new = json!({"camera": id, "name": "press", "type": "danger",
            "points": corners("helmets"), "dwell_s": 1.0});
        admin.post("/api/zones", new).await.ok();
        cameras.push(id);
    }
    let mut all = BTreeSet::new();
    for id in &cameras {
        let mut viewer = admin.socket("/ws/live").await;
        viewer.subscribe(&[id]).await;
        let picture = viewer.picture_where(|p| p.header["counters"]["people"] == 2).await;
        let boxes = picture.header["boxes"].as_array().unwrap();
        for track in boxes.iter().filter_map(|shown| shown["track"].as_str()) {
            assert!(track.starts_with(&format!("{id}/")), "{track}");
            assert_eq!(track.split('/').count(), 3, "camera/segment/number: {track}");
            assert!(all.insert(track.to_owned()), "{track} twice");
        }
        let path = format!("/api/events?camera={id}&type=danger_zone_intrusion");
        let two = |answer: &Value| answer["events"].as_array().unwrap().len() == 2;
        let events = admin.until(&path, PATIENCE, two).await;
        for event in events["events"].as_array().unwrap() {
            assert!(event["track"].as_str().unwrap().starts_with(&format!("{id}/")), "{event}");
        }
    }
    assert_eq!(all.len(), 4, "{all:?}");
}
