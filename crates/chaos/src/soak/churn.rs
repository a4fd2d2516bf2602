//! Months of use pressed into hours: viewers, zones, acknowledgements, reconnects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use safe_yolo_testkit::program::{Client, Heard};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::world::World;

/// Viewers at any time; each stays for a while and another one comes.
const VIEWERS: usize = 16;
/// How long a viewer stays, milliseconds.
const STAY_MS: std::ops::Range<u64> = 500..6000;
/// Between two edits of zones.
const EDIT_EVERY: Duration = Duration::from_millis(700);
/// Between two rounds of questions.
const ASK_EVERY: Duration = Duration::from_millis(300);

#[derive(Debug, Default)]
struct Counters {
    visits: AtomicU64,
    edits: AtomicU64,
    questions: AtomicU64,
    failures: AtomicU64,
    reconnects: AtomicU64,
}

/// Goes on until it is ended or dropped.
pub(super) struct Churn {
    counters: Arc<Counters>,
    tasks: JoinSet<()>,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Churn {
    pub(super) fn start(world: &World, seed: u64) -> Result<Self> {
        let counters = Arc::new(Counters::default());
        let client = world.client()?;
        let cameras: Arc<Vec<String>> =
            Arc::new(world.cameras.iter().map(|camera| camera.id.clone()).collect());
        let mut tasks = JoinSet::new();
        for number in 0..VIEWERS {
            let random = StdRng::seed_from_u64(seed + number as u64);
            let wants_pictures = number % 2 == 0;
            let (client, cameras, counters) =
                (client.clone(), Arc::clone(&cameras), Arc::clone(&counters));
            tasks.spawn(view(client, cameras, wants_pictures, random, counters));
        }
        tasks.spawn(edit(client.clone(), Arc::clone(&cameras), Arc::clone(&counters)));
        tasks.spawn(ask(client.clone(), Arc::clone(&counters)));
        Ok(Self { counters, tasks })
    }

    /// Breaks one camera's connections: the one whose turn it is.
    pub(super) fn reconnect(&self, world: &World, round: usize) {
        world.cameras[round % world.victims].rtsp.close_all();
        count(&self.counters.reconnects);
    }

    /// Ends it; answers what happened, in words.
    pub(super) async fn end(mut self) -> String {
        self.tasks.shutdown().await;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        format!(
            "{} visits of viewers, {} edits of zones, {} questions, {} reconnects, {} failures",
            of(&self.counters.visits),
            of(&self.counters.edits),
            of(&self.counters.questions),
            of(&self.counters.reconnects),
            of(&self.counters.failures)
        )
    }
}

async fn view(
    client: Client,
    cameras: Arc<Vec<String>>,
    wants_pictures: bool,
    mut random: StdRng,
    counters: Arc<Counters>,
) {
    loop {
        let until = Instant::now() + Duration::from_millis(random.random_range(STAY_MS));
        let path = if wants_pictures { "/ws/live" } else { "/ws/events" };
        let opened = client.socket(path).await;
        count(&counters.visits);
        let Ok(mut socket) = opened else {
            count(&counters.failures);
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        if wants_pictures {
            let one = random.random_range(0..cameras.len());
            if socket.subscribe(&[cameras[one].as_str()], 320).await.is_err() {
                count(&counters.failures);
            }
        }
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match socket.hear(left).await {
                Ok(Heard::End) => {
                    count(&counters.failures);
                    break;
                }
                Ok(Heard::Text(_) | Heard::Picture(_)) => {}
                Err(_nothing_more) => break,
            }
        }
    }
}

/// Draws a zone, moves it and takes it away again, camera after camera.
async fn edit(client: Client, cameras: Arc<Vec<String>>, counters: Arc<Counters>) {
    for camera in cameras.iter().cycle() {
        let zone = json!({"camera": camera, "name": "soak", "type": "warning", "dwell_s": 0.5,
            "pause_s": 1.0, "points": [[0.1, 0.5], [0.9, 0.5], [0.9, 0.95], [0.1, 0.95]]});
        let edited = async {
            let id = client.add("/api/zones", zone).await?;
            let path = format!("/api/zones/{id}");
            sleep(EDIT_EVERY).await;
            let moved = json!({"points": [[0.2, 0.5], [0.8, 0.5], [0.8, 0.9], [0.2, 0.9]]});
            client.patch(&path, moved).await?;
            sleep(EDIT_EVERY).await;
            client.delete(&path).await
        };
        if edited.await.is_err() {
            count(&counters.failures);
        }
        count(&counters.edits);
        sleep(EDIT_EVERY).await;
    }
}

/// Looks through lists and acknowledges what waits.
async fn ask(client: Client, counters: Arc<Counters>) {
    let paths = ["/api/events?limit=50", "/api/cameras", "/api/system", "/metrics"];
    for (number, path) in paths.iter().cycle().enumerate() {
        let answer = client.send(reqwest::Method::GET, path, None).await;
        if answer.is_err() {
            count(&counters.failures);
        }
        if number % 16 == 0
            && client.post("/api/events/acknowledge", json!({"reason": "seen"})).await.is_err()
        {
            count(&counters.failures);
        }
        count(&counters.questions);
        sleep(ASK_EVERY).await;
    }
}
