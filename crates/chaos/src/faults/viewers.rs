//! Viewers that are slow beyond all measure, and very many of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::RngExt;
use safe_yolo_testkit::process;
use safe_yolo_testkit::program::{Client, Heard};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Others, Outcome};
use crate::world::World;

/// How long viewers that read nothing are kept.
const STUCK: Duration = Duration::from_secs(24);
/// Memory that all of them together may cost, MiB.
const STUCK_MIB_MAX: u64 = 64;
/// How long subscribers come and go.
const CROWD: Duration = Duration::from_secs(24);
/// How long sockets may stay counted after their viewers have gone.
const LEFT_MAX: Duration = Duration::from_secs(15);

fn memory_mib(world: &World) -> Result<u64> {
    Ok(process::resident_kib(world.server()?.pid()).context("the server is gone")? / 1024)
}

/// Web sockets that the server counts.
async fn sockets(client: &Client) -> Result<u64> {
    let answer = client.send(reqwest::Method::GET, "/metrics", None).await?;
    // One line a kind of socket.
    let lines = answer.text.lines().filter(|line| line.starts_with("safe_yolo_server_sockets{"));
    let counts: Option<Vec<u64>> =
        lines.map(|line| line.rsplit_once(' ')?.1.parse().ok()).collect();
    let counts = counts.filter(|counts| !counts.is_empty());
    Ok(counts.context("/metrics does not count web sockets")?.iter().sum())
}

/// Waits until the server counts no more sockets than before.
async fn check_left(world: &World, before: u64, outcome: &mut Outcome) -> Result<()> {
    let begun = Instant::now();
    loop {
        let now = sockets(world.client()?).await?;
        if now <= before {
            return Ok(());
        }
        if begun.elapsed() > LEFT_MAX {
            outcome.problems.push(format!("{now} sockets are still counted, {before} before"));
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

pub(super) async fn never_read(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Everyone;
    let client = world.client()?.clone();
    let (memory, before) = (memory_mib(world)?, sockets(&client).await?);
    let mut stuck = Vec::new();
    for number in 0..times {
        // Every second one wants pictures, as large as they come.
        if number.is_multiple_of(2) {
            let mut socket = client.socket("/ws/live").await?;
            let ids: Vec<&str> = world.cameras.iter().map(|camera| camera.id.as_str()).collect();
            socket.subscribe(&ids, 1920).await?;
            stuck.push(socket);
        } else {
            stuck.push(client.socket("/ws/events?after=0").await?);
        }
        outcome.injected += 1;
    }
    sleep(STUCK).await;
    let counted = sockets(&client).await?.saturating_sub(before);
    let grown = memory_mib(world)?.saturating_sub(memory);
    outcome.notes.push(format!(
        "after {} s {counted} of {times} were still connected; the server had grown by {grown} MiB",
        STUCK.as_secs()
    ));
    if grown > STUCK_MIB_MAX {
        outcome.problems.push(format!("{grown} MiB more memory, at most {STUCK_MIB_MAX} allowed"));
    }
    drop(stuck);
    check_left(world, before, outcome).await
}

/// What the crowd met.
#[derive(Debug, Default)]
struct Crowd {
    visits: AtomicUsize,
    refused: AtomicUsize,
    silent: AtomicUsize,
}

pub(super) async fn come_and_go(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Everyone;
    let client = world.client()?.clone();
    let (memory, before) = (memory_mib(world)?, sockets(&client).await?);
    let until = Instant::now() + CROWD;
    let crowd = Arc::new(Crowd::default());
    let mut tasks = JoinSet::new();
    for number in 0..times {
        let camera = world.cameras[number % world.cameras.len()].id.clone();
        // Drawn here, so that a seed draws the same crowd again.
        let (first, stay) =
            (world.random.random_range(0..4000), world.random.random_range(2000..5000));
        let (client, crowd) = (client.clone(), Arc::clone(&crowd));
        tasks.spawn(async move {
            sleep(Duration::from_millis(first)).await;
            while Instant::now() < until {
                let camera = number.is_multiple_of(2).then_some(camera.as_str());
                visit(&client, camera, Duration::from_millis(stay), &crowd).await;
                sleep(Duration::from_millis(stay)).await;
            }
        });
    }
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(sockets(&client).await?.saturating_sub(before));
        sleep(Duration::from_millis(500)).await;
    }
    while tasks.join_next().await.is_some() {}
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let (visits, refused, silent) =
        (count(&crowd.visits), count(&crowd.refused), count(&crowd.silent));
    outcome.injected = times;
    outcome.notes.push(format!(
        "{visits} visits, {most} at once at most; the server had grown by {} MiB",
        memory_mib(world)?.saturating_sub(memory)
    ));
    if refused > 0 {
        outcome.problems.push(format!("{refused} of {visits} visits were refused"));
    }
    if silent > 0 {
        outcome.problems.push(format!("{silent} of {visits} visitors were told nothing"));
    }
    check_left(world, before, outcome).await
}

/// Comes, looks for a while, and goes: at a camera, or else at events.
async fn visit(client: &Client, camera: Option<&str>, stay: Duration, crowd: &Crowd) {
    crowd.visits.fetch_add(1, Ordering::Relaxed);
    let path = if camera.is_some() { "/ws/live" } else { "/ws/events" };
    let Ok(mut socket) = client.socket(path).await else {
        crowd.refused.fetch_add(1, Ordering::Relaxed);
        return;
    };
    if let Some(camera) = camera
        && socket.subscribe(&[camera], 160).await.is_err()
    {
        crowd.refused.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let until = Instant::now() + stay;
    let mut heard = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match socket.hear(left).await {
            Ok(Heard::Text(_) | Heard::Picture(_)) => heard += 1,
            Ok(Heard::End) | Err(_) => break,
        }
    }
    crowd.silent.fetch_add(usize::from(heard == 0), Ordering::Relaxed);
}
