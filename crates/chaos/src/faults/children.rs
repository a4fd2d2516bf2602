//! Child processes that die or hang: decoders, one a camera, and the detector.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use safe_yolo_testkit::process;
use tokio::time::sleep;

use super::{Others, Outcome};
use crate::judge::{Effect, Injection};
use crate::world::{World, gone};

/// Between two decoders killed, so that every camera has sight again before
/// its turn comes round.
const KILL_EVERY: Duration = Duration::from_secs(2);
/// How long the server may take to start a child in place of one that is gone.
const REPLACED_MAX: Duration = Duration::from_secs(15);
/// How long a child may hang before we end it, because the server does not.
const HANG_MAX: Duration = Duration::from_secs(20);
/// Between two faults of the detector, which all cameras share.
const CALM: Duration = Duration::from_secs(3);

/// The decoder of each victim: which child is whose shows when one is replaced.
async fn decoders_of_victims(world: &World) -> Result<Vec<u32>> {
    let mut decoders = Vec::new();
    for victim in 0..world.victims {
        let known = world.decoders()?;
        world.cameras[victim].rtsp.close_all();
        let new = world.new_decoder(&known, REPLACED_MAX).await?;
        decoders.push(new.context("no decoder is started for a camera that came back")?);
        // Sequential, and LIVE before the next one, so that none is mixed up.
        world.all_live().await?;
    }
    // Back-off is short again after a steady session.
    sleep(Duration::from_secs(6)).await;
    Ok(decoders)
}

pub(super) async fn kill_decoders(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut decoders = decoders_of_victims(world).await?;
    for number in 0..times {
        let victim = number % world.victims;
        let known = world.decoders()?;
        let at = world.now();
        if process::signal(decoders[victim], "KILL").is_err() {
            outcome.notes.push(format!("the decoder of camera {victim} had gone by itself"));
        }
        outcome.injections.push(Injection {
            camera: Some(victim),
            on: at,
            off: at,
            effect: Effect::Breaks,
        });
        match world.new_decoder(&known, REPLACED_MAX).await? {
            Some(new) => decoders[victim] = new,
            None => bail!("the decoder of camera {victim} is not replaced in 15 s"),
        }
        sleep(KILL_EVERY.saturating_sub(world.now() - at)).await;
    }
    Ok(())
}

pub(super) async fn hang_decoders(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut decoders = decoders_of_victims(world).await?;
    let mut ended = Vec::new();
    for number in 0..times {
        let victim = number % world.victims;
        let known = world.decoders()?;
        let hung = decoders[victim];
        let on = world.now();
        process::signal(hung, "STOP")?;
        let still_there = !gone(&[hung], HANG_MAX).await.is_empty();
        if still_there {
            outcome.problems.push("a decoder that hung for 20 s was not ended".to_owned());
            process::signal(hung, "KILL")?;
        }
        let off = world.now();
        ended.push((off - on).as_secs_f64());
        outcome.injections.push(Injection {
            camera: Some(victim),
            on,
            off,
            effect: Effect::Blinds,
        });
        match world.new_decoder(&known, REPLACED_MAX).await? {
            Some(new) => decoders[victim] = new,
            None => bail!("the decoder of camera {victim} is not replaced in 15 s"),
        }
    }
    let slowest = ended.into_iter().fold(0.0, f64::max);
    outcome.notes.push(format!("a hanging decoder was ended after {slowest:.1} s at most"));
    Ok(())
}

fn detector(world: &World) -> Result<u32> {
    world.detector()?.context("no detector child is there any more")
}

/// Connections ever made to each camera.
fn connections(world: &World) -> Vec<u64> {
    world.cameras.iter().map(|camera| camera.rtsp.connections()).collect()
}

/// The detector's trouble must cost no camera its connection.
fn check_connections(before: &[u64], world: &World, outcome: &mut Outcome) {
    if connections(world) != before {
        outcome
            .problems
            .push("cameras were connected anew, though only the detector failed".into());
    }
}

pub(super) async fn crash_detector(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Nobody;
    let before = connections(world);
    for _ in 0..times {
        let at = world.now();
        let victim = detector(world)?;
        // Rust's own handler takes the first for a question about its stack; a
        // fault of the program's own comes again at once.
        while process::is_running(victim) {
            process::signal(victim, "SEGV")?;
            sleep(Duration::from_millis(10)).await;
        }
        outcome.injections.push(Injection {
            camera: None,
            on: at,
            off: at,
            effect: Effect::Breaks,
        });
        sleep(Duration::from_millis(500)).await;
        world.all_live().await?;
        sleep(CALM).await;
    }
    check_connections(&before, world, outcome);
    Ok(())
}

pub(super) async fn hang_detector(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Nobody;
    let before = connections(world);
    let mut ended = Vec::new();
    for _ in 0..times {
        let hung = detector(world)?;
        let on = world.now();
        process::signal(hung, "STOP")?;
        if !gone(&[hung], HANG_MAX).await.is_empty() {
            outcome.problems.push("a detector that hung for 20 s was not ended".to_owned());
            process::signal(hung, "KILL")?;
        }
        let off = world.now();
        ended.push((off - on).as_secs_f64());
        outcome.injections.push(Injection { camera: None, on, off, effect: Effect::Blinds });
        sleep(Duration::from_millis(500)).await;
        world.all_live().await?;
        sleep(CALM).await;
    }
    let slowest = ended.into_iter().fold(0.0, f64::max);
    outcome.notes.push(format!("a hanging detector was ended after {slowest:.1} s at most"));
    check_connections(&before, world, outcome);
    Ok(())
}
