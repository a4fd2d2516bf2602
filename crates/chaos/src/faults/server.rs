//! The program itself: killed under load, and given a model that has gone mad.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::RngExt;
use safe_yolo_testkit::TestkitError;
use safe_yolo_testkit::program::Client;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Others, Outcome};
use crate::audit;
use crate::judge::{Effect, Injection};
use crate::nan_model::{self, Mad};
use crate::world::{World, gone};

/// Changes before a kill that are compared after it; all are, at the end.
const AUDITED: i64 = 300;
/// Decoders of a killed server must be gone by then.
const ORPHANS_MAX: Duration = Duration::from_secs(5);
/// How long a server with a mad model is watched.
const MAD: Duration = Duration::from_secs(10);

/// Reads and acknowledges without a pause until the server is gone.
fn work(client: &Client) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (path, acknowledges) in [
        ("/api/events?limit=200", false),
        ("/api/events/acknowledge", true),
        ("/api/cameras", false),
    ] {
        let client = client.clone();
        tasks.spawn(async move {
            loop {
                let answer = if acknowledges {
                    client.post(path, json!({"reason": "seen"})).await
                } else {
                    client.get(path).await
                };
                if answer.is_err() {
                    return;
                }
                // Load, but not so much that the server does nothing else.
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
    tasks
}

pub(super) async fn kill(world: &mut World, times: usize, outcome: &mut Outcome) -> Result<()> {
    outcome.others = Others::Nobody;
    for _ in 0..times {
        world.all_live().await?;
        let _work = work(world.client()?);
        let wait = world.random.random_range(200..2000);
        sleep(Duration::from_millis(wait)).await;
        let after = (world.observer.cursor() - AUDITED).max(0);
        let (on, children) = world.kill()?;
        let left = gone(&children, ORPHANS_MAX).await;
        if !left.is_empty() {
            outcome.problems.push(format!("children {left:?} outlived the server by 5 s"));
        }
        let off = world.start().await?;
        outcome.injections.push(Injection { camera: None, on, off, effect: Effect::Away });
        let audit = audit::changes(world.client()?, &world.observer, after).await?;
        if audit.lost + audit.doubled > 0 {
            outcome.problems.push(format!(
                "after kill {}: {} lost, {} doubled",
                outcome.injections.len(),
                audit.lost,
                audit.doubled
            ));
        }
    }
    world.all_live().await
}

/// A model that never answers anything else is refused at the start.
async fn always_nan(world: &World, outcome: &mut Outcome) -> Result<()> {
    let (file, data) = (world.path("always-nan.onnx"), world.path("never"));
    std::fs::write(&file, nan_model::model(Mad::Always))?;
    let mut command = world.files.serve(&data);
    command.arg("--model").arg(&file);
    match world.beside("always-nan").start(command).await {
        Err(TestkitError::NotStarted { said, .. }) if said.contains("always-nan.onnx") => {
            outcome.notes.push("a model that always says NaN is refused at the start".to_owned());
            Ok(())
        }
        Err(error) => Err(error.into()),
        // It must then be as blind as with the other one, which is looked at next.
        Ok(_server) => Ok(()),
    }
}

pub(super) async fn nan_model(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Nobody;
    always_nan(world, outcome).await?;
    let file = world.path("nan.onnx");
    std::fs::write(&file, nan_model::model(Mad::OnBright))?;
    for _ in 0..times {
        world.stop().await?;
        world.extra = vec!["--model".to_owned(), file.display().to_string()];
        let started = world.start().await;
        world.extra.clear();
        let on = started?;
        sleep(MAD).await;
        let cameras = world.statuses().await?;
        let told = cameras.iter().filter(|c| c["status"]["reason"] == "detector_failed").count();
        if told < cameras.len() {
            outcome
                .problems
                .push(format!("{told} of {} cameras say that the detector fails", cameras.len()));
        }
        let path = "/api/events?type=system&limit=200";
        let events = world.client()?.get(path).await?;
        let is_open = |event: &&serde_json::Value| {
            event["end"].is_null() && event["details"]["reason"] == "detector_failed"
        };
        let open = events["events"].as_array().into_iter().flatten().filter(is_open).count();
        ensure!(open >= cameras.len(), "{open} system events tell of the failing detector");
        world.stop().await?;
        outcome.injections.push(Injection {
            camera: None,
            on,
            off: world.now(),
            effect: Effect::NeverSaw,
        });
        world.start().await?;
        world.all_live().await?;
    }
    Ok(())
}
