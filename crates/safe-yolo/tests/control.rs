//! Commands and edits while viewers look: what is answered is in force, and no
//! picture from before gets through.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::PATIENCE;
use common::client::Client;
use common::footage::corners;
use common::server::{Server, Site};
use common::socket::{Heard, Picture, Socket};
use safe_yolo_core::Utc;
use safe_yolo_testkit::clip::ClipSpec;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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

/// Takes pictures as they arrive, and marks places among them.
struct Viewer {
    task: JoinHandle<Vec<Picture>>,
    seen: watch::Receiver<(usize, i64)>,
    /// So many marks are asked for.
    ask: watch::Sender<usize>,
    /// How many pictures came before each.
    marks: watch::Receiver<Vec<usize>>,
    end: watch::Sender<bool>,
}

impl Viewer {
    async fn of(admin: &Client, camera: &str) -> Self {
        let mut socket: Socket = admin.socket("/ws/live").await;
        socket.subscribe(&[camera]).await;
        let id = camera.to_owned();
        let (tell, seen) = watch::channel((0, -1));
        let (ask, mut mark_asked) = watch::channel(0);
        let (mark, marks) = watch::channel(Vec::new());
        let (end, mut asked) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut pictures = Vec::new();
            loop {
                tokio::select! {
                    _ = asked.changed() => return pictures,
                    // A camera that is not there is answered in order with the pictures.
                    _ = mark_asked.changed() => socket.subscribe(&[&id, "nobody"]).await,
                    heard = socket.hear() => match heard.expect("the connection holds") {
                        Heard::Picture(picture) => {
                            tell.send_replace((pictures.len() + 1, picture.time_us()));
                            pictures.push(picture);
                        }
                        Heard::Text(text) if text["type"] == "error" => {
                            mark.send_modify(|marks| marks.push(pictures.len()));
                        }
                        Heard::Text(_) => {}
                    }
                }
            }
        });
        Self { task, seen, ask, marks, end }
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

    /// How many pictures came before all that are sent from now on.
    async fn mark(&mut self) -> usize {
        self.ask.send_modify(|asked| *asked += 1);
        let asked = *self.ask.borrow();
        let there = self.marks.wait_for(|marks| marks.len() >= asked);
        let marks = tokio::time::timeout(PATIENCE, there).await.expect("an answer").unwrap();
        marks[asked - 1]
    }

    async fn pictures(self) -> Vec<Picture> {
        self.end.send(true).unwrap();
        self.task.await.unwrap()
    }
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
        let status = admin.command(&id, seek).await.ok();
        assert_eq!(status["playing"], true, "{status}");
        let from = viewer.mark().await;
        viewer.more(5).await;
        let to = viewer.seen.borrow().0;
        orders.push((position_ms * 1000, from, to));
    }
    let refused = json!({"action": "seek", "position_ms": 60_000});
    assert_eq!(admin.command(&id, refused).await.status, 422);
    let pictures = viewer.pictures().await;
    for (position, from, to) in orders {
        let old = pictures[..from].iter().map(Picture::segment).max().unwrap();
        for picture in &pictures[from..to] {
            assert!(picture.segment() >= old, "an older segment: {}", picture.header);
            let place = position - 100_000..position + 5_000_000;
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
    let status = admin.command(&id, json!({"action": "pause"})).await.ok();
    let from = viewer.mark().await;
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
    let to = viewer.mark().await;
    admin.command(&id, json!({"action": "play"})).await.ok();
    viewer.more(3).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    let pictures = viewer.pictures().await;
    for picture in &pictures[from..to] {
        assert_eq!(picture.header["state"], "PAUSED", "{}", picture.header);
        assert!(picture.time_us() / 1000 <= position, "{}", picture.header);
    }
    let plays = |picture: &&Picture| picture.header["state"] != "PAUSED";
    let playing: Vec<_> = pictures.iter().filter(plays).collect();
    assert!(playing.is_sorted_by_key(|picture| picture.time_us()), "it goes on, not back");
    let first = pictures[to..].iter().find(plays).unwrap();
    assert!(first.time_us() / 1000 < position + 2000, "from where it was: {}", first.header);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_stopped_file_shows_nothing_and_begins_again() {
    let (_site, server, admin, id) = playing().await;
    let mut viewer = Viewer::of(&admin, &id).await;
    // Far enough that the start is told apart, however late its first picture comes.
    viewer.reach(5_000_000).await;
    let decoders = server.decoders();
    assert!(!decoders.is_empty(), "a file is decoded by a child");
    let status = admin.command(&id, json!({"action": "stop"})).await.ok();
    let from = viewer.mark().await;
    assert_eq!((&status["state"], &status["playing"]), (&json!("STOPPED"), &json!(false)));
    assert_eq!(status["reason"], "command");
    common::server::gone(&decoders, Duration::from_secs(30)).await;
    let mut clock = admin.socket("/ws/live").await;
    for _ in 0..2 {
        clock.text("status").await.unwrap();
    }
    let picture = admin.get(&format!("/api/cameras/{id}/picture")).await;
    assert_eq!(picture.status, 404, "the last picture is from before");
    let to = viewer.mark().await;
    admin.command(&id, json!({"action": "play"})).await.ok();
    viewer.more(3).await;
    admin.until_state(&id, "LIVE", PATIENCE).await;
    let pictures = viewer.pictures().await;
    let late = pictures[from..to].first();
    assert!(late.is_none(), "a picture while stopped: {}", late.unwrap().header);
    let first = &pictures[to];
    assert!(first.time_us() < 3_000_000, "from the start: {}", first.header);
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
    admin.until_state(&id, "LIVE", PATIENCE).await;
}

fn utc_now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Utc(i64::try_from(since.as_micros()).unwrap())
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
    let answered = utc_now();
    let camera = admin.get(&format!("/api/cameras/{id}")).await.ok();
    assert_eq!(camera["version"], version + 1);
    // Pictures taken before the answer may come first, and no others.
    let after = loop {
        let picture = viewer.picture_where(done).await;
        if picture.header["config_version"] != version {
            break picture;
        }
        let taken = Utc::parse(picture.header["utc"].as_str().unwrap()).unwrap();
        assert!(taken <= answered, "the edit is not in force: {}", picture.header);
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
        // Or more: after a gap in the analysis people get new numbers.
        let both = |answer: &Value| answer["events"].as_array().unwrap().len() >= 2;
        let events = admin.until(&path, PATIENCE, both).await;
        for event in events["events"].as_array().unwrap() {
            assert!(event["track"].as_str().unwrap().starts_with(&format!("{id}/")), "{event}");
        }
    }
    assert_eq!(all.len(), 4, "{all:?}");
}
