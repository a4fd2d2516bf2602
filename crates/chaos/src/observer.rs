//! The one who looks on: events, live pictures, states every second and by
//! asking, over connections of its own that it opens anew whenever they break.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use safe_yolo_testkit::program::{Client, Heard};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::judge::Look;

/// A connection on which nothing comes for this long is broken.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// Before a connection is tried again, and between two questions.
const STEP: Duration = Duration::from_millis(200);
/// Width of the pictures, pixels: the smallest there is.
const WIDTH: u32 = 160;

/// A change that was announced as recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) event: String,
}

impl Change {
    pub(crate) fn read(message: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (kind, event) = (text(&message["kind"])?, text(&message["event"]["id"])?);
        Some(Self { seq: message["seq"].as_i64()?, kind, event })
    }
}

/// What was heard of events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    /// The newest change that was announced as recorded.
    pub(crate) cursor: i64,
    /// Changes that were announced as recorded, by number.
    pub(crate) changes: BTreeMap<i64, Change>,
    /// Announced a second time, or out of order.
    pub(crate) doubled: usize,
    /// Events that were announced as not recorded.
    pub(crate) unrecorded: BTreeSet<String>,
    /// Messages of alarms raised, recorded or not.
    pub(crate) raised: usize,
}

impl Events {
    /// Takes a `change` message.
    fn take(&mut self, message: &Value) {
        self.raised += usize::from(message["kind"] == "raised");
        if message["recorded"] == false {
            self.unrecorded.extend(message["event"]["id"].as_str().map(str::to_owned));
            return;
        }
        let Some(change) = Change::read(message) else { return };
        if change.seq <= self.cursor {
            self.doubled += 1;
            return;
        }
        self.cursor = change.seq;
        self.changes.insert(change.seq, change);
    }
}

/// The server to look at, and its cameras in order.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) client: Client,
    pub(crate) cameras: Arc<Vec<String>>,
}

#[derive(Debug)]
struct Shared {
    epoch: Instant,
    looks: Mutex<Vec<Look>>,
    events: Mutex<Events>,
    breaks: Mutex<usize>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks on until it is dropped.
#[derive(Debug)]
pub(crate) struct Observer {
    shared: Arc<Shared>,
    target: watch::Sender<Option<Target>>,
    _tasks: JoinSet<()>,
}

impl Observer {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared {
            epoch: Instant::now(),
            looks: Mutex::default(),
            events: Mutex::default(),
            breaks: Mutex::default(),
        });
        let (target, seen) = watch::channel(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(follow_events(Arc::clone(&shared), seen.clone()));
        tasks.spawn(follow_live(Arc::clone(&shared), seen.clone()));
        tasks.spawn(ask(Arc::clone(&shared), seen));
        Self { shared, target, _tasks: tasks }
    }

    /// Looks at this server from now on; none while there is none. Open
    /// connections are kept until they break.
    pub(crate) fn look_at(&self, target: Option<Target>) {
        self.target.send_replace(target);
    }

    /// Time since the beginning.
    pub(crate) fn now(&self) -> Duration {
        self.shared.epoch.elapsed()
    }

    /// A moment as time since the beginning.
    pub(crate) fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.shared.epoch)
    }

    /// All that was seen since then.
    pub(crate) fn looks_since(&self, from: Duration) -> Vec<Look> {
        locked(&self.shared.looks).iter().filter(|look| look.at >= from).copied().collect()
    }

    /// Keeps no more of what was seen up to now.
    pub(crate) fn forget_looks(&self) {
        locked(&self.shared.looks).clear();
    }

    /// All that was heard of events.
    pub(crate) fn events(&self) -> Events {
        locked(&self.shared.events).clone()
    }

    /// The newest change that was announced as recorded.
    pub(crate) fn cursor(&self) -> i64 {
        locked(&self.shared.events).cursor
    }

    /// Connections that broke.
    pub(crate) fn breaks(&self) -> usize {
        *locked(&self.shared.breaks)
    }
}

/// The server to look at, once there is one; none when all is over.
async fn target(seen: &mut watch::Receiver<Option<Target>>) -> Option<Target> {
    seen.wait_for(Option::is_some).await.ok().and_then(|target| target.clone())
}

async fn follow_events(shared: Arc<Shared>, mut seen: watch::Receiver<Option<Target>>) {
    while let Some(target) = target(&mut seen).await {
        let after = locked(&shared.events).cursor;
        let path = format!("/ws/events?after={after}");
        if let Ok(mut socket) = target.client.socket(&path).await {
            loop {
                match socket.hear(SILENCE_MAX).await {
                    Ok(Heard::Text(text)) if text["type"] == "change" => {
                        locked(&shared.events).take(&text);
                    }
                    // What was skipped is asked for again, from the last one heard.
                    Ok(Heard::Text(text)) if text["type"] == "missed" => break,
                    Ok(Heard::Text(_) | Heard::Picture(_)) => {}
                    Ok(Heard::End) | Err(_) => {
                        *locked(&shared.breaks) += 1;
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(STEP).await;
    }
}

async fn follow_live(shared: Arc<Shared>, mut seen: watch::Receiver<Option<Target>>) {
    while let Some(target) = target(&mut seen).await {
        if let Ok(mut socket) = target.client.socket("/ws/live").await {
            let ids: Vec<&str> = target.cameras.iter().map(String::as_str).collect();
            let mut subscribed = socket.subscribe(&ids, WIDTH).await.is_ok();
            while subscribed {
                let heard = socket.hear(SILENCE_MAX).await;
                let at = shared.epoch.elapsed();
                let place = |id: &str| target.cameras.iter().position(|known| known == id);
                match heard {
                    Ok(Heard::Picture(picture)) => {
                        let camera = picture.header["camera"].as_str().and_then(place);
                        let look = camera.map(|camera| of_picture(&picture.header, camera, at));
                        locked(&shared.looks).extend(look);
                    }
                    Ok(Heard::Text(text)) if text["type"] == "status" => {
                        let cameras = text["cameras"].as_object();
                        let looks = cameras
                            .into_iter()
                            .flatten()
                            .filter_map(|(id, status)| Some(of_status(status, place(id)?, at)));
                        locked(&shared.looks).extend(looks);
                    }
                    Ok(Heard::Text(_)) => {}
                    Ok(Heard::End) | Err(_) => {
                        *locked(&shared.breaks) += 1;
                        subscribed = false;
                    }
                }
            }
        }
        tokio::time::sleep(STEP).await;
    }
}

async fn ask(shared: Arc<Shared>, mut seen: watch::Receiver<Option<Target>>) {
    while let Some(target) = target(&mut seen).await {
        if let Ok(answer) = target.client.get("/api/cameras").await {
            let at = shared.epoch.elapsed();
            let cameras = answer["cameras"].as_array();
            let looks = cameras.into_iter().flatten().filter_map(|camera| {
                let id = camera["id"].as_str()?;
                let place = target.cameras.iter().position(|known| known == id)?;
                Some(of_status(&camera["status"], place, at))
            });
            locked(&shared.looks).extend(looks);
        }
        tokio::time::sleep(STEP).await;
    }
}

fn of_status(status: &Value, camera: usize, at: Duration) -> Look {
    let live = status["state"] == "LIVE";
    Look { at, camera, live, knows: status["people"].is_number(), analysed: false }
}

fn of_picture(header: &Value, camera: usize, at: Duration) -> Look {
    let zones = header["zones"].as_array();
    let verdict = zones.into_iter().flatten().any(|zone| zone["verdict"] != "unknown");
    Look {
        at,
        camera,
        live: header["state"] == "LIVE",
        knows: verdict || !header["counters"].is_null(),
        analysed: header["analysis"] == "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(seq: i64, kind: &str) -> Value {
        json!({"recorded": true, "seq": seq, "kind": kind, "event": {"id": format!("event {seq}")}})
    }

    #[test]
    fn what_comes_twice_is_counted() {
        let mut events = Events::default();
        for seq in [1, 2, 4, 4, 3] {
            events.take(&change(seq, "raised"));
        }
        assert_eq!((events.cursor, events.doubled, events.changes.len()), (4, 2, 3));
        events
            .take(&json!({"recorded": false, "seq": null, "kind": "raised", "event": {"id": "x"}}));
        assert!(events.unrecorded.contains("x"));
        assert_eq!((events.raised, events.changes.len()), (6, 3));
    }

    #[test]
    fn a_verdict_or_a_count_is_knowledge() {
        let header = |verdict: &str, counters: Value| json!({"state": "STALE", "analysis": "done", "counters": counters, "zones": [{"verdict": verdict}]});
        let knows = |header: Value| of_picture(&header, 0, Duration::ZERO).knows;
        assert!(!knows(header("unknown", Value::Null)));
        assert!(knows(header("clear", Value::Null)));
        assert!(knows(header("unknown", json!({"people": 0}))));
        assert!(of_status(&json!({"state": "STALE", "people": 0}), 0, Duration::ZERO).knows);
    }
}
