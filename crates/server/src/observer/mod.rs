//! Watches the watching: how long each camera and zone was looked at, what people wore meanwhile
//! and where they stood. Nothing may be counted without it.
//!
//! Once a second it looks at each camera's state and newest picture, as every screen does, and
//! every 15 s it adds what it has seen to the store.

mod seen;
mod sums;

use std::time::Duration;

use safe_yolo_store::Store;
use safe_yolo_store::statistics::Figures;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::App;
use crate::clock;
use sums::{Look, Sums};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Time after which what was seen is stored.
const FLUSH: Duration = Duration::from_secs(15);

/// Watches until the server ends; then stores what it still has.
pub(crate) async fn observe(app: App) {
    let mut sums = Sums::default();
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    let mut flushed = begun;
    // A store that is slow must not keep anybody from looking: one flush is on its way at most.
    let mut storing: Option<JoinHandle<Option<Figures>>> = None;
    loop {
        let is_ending = tokio::select! {
            biased;
            () = app.closing.cancelled() => true,
            _ = tick.tick() => false,
        };
        look(&app, &mut sums, begun.elapsed());
        if let Some(done) = storing.take_if(|task| is_ending || task.is_finished()) {
            take_back(done.await, &mut sums);
        }
        if is_ending {
            take_back(tokio::spawn(store(app.store.clone(), sums.take())).await, &mut sums);
            return;
        }
        if storing.is_none() && flushed.elapsed() >= FLUSH {
            storing = Some(tokio::spawn(store(app.store.clone(), sums.take())));
            flushed = Instant::now();
        }
    }
}

/// Answers what could not be stored.
async fn store(store: Store, figures: Figures) -> Option<Figures> {
    let error = store.add_figures(&figures).await.err()?;
    tracing::warn!(%error, "figures could not be stored: they are tried again");
    Some(figures)
}

fn take_back(stored: Result<Option<Figures>, JoinError>, sums: &mut Sums) {
    match stored {
        Ok(None) => {}
        Ok(Some(figures)) => lost(sums.put_back(figures)),
        Err(error) => {
            tracing::error!(%error, "figures were lost");
            lost(1);
        }
    }
}

fn lost(count: u64) {
    if count > 0 {
        metrics::counter!("safe_yolo_server_lost_figures_total").increment(count);
    }
}

fn look(app: &App, sums: &mut Sums, now: Duration) {
    let cameras = app.registry.all();
    let looks = cameras.iter().map(|record| {
        let picture = app.engine.camera(&record.config.id).and_then(|handle| handle.newest());
        let status = app.status(record);
        Look {
            config: &record.config,
            state: status.state,
            reason: status.reason,
            seen: picture.and_then(|picture| seen::seen(&picture.header)),
        }
    });
    lost(sums.look(now, clock::now(), looks));
}
