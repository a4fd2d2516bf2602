//! Cameras that stall, break off, talk nonsense, or change what they send.

use std::time::Duration;

use anyhow::Result;
use rand::RngExt;
use tokio::time::sleep;

use super::{Fault, Outcome};
use crate::judge::{Effect, Injection};
use crate::world::World;

/// How long a camera stays blind: longer than blindness may stay hidden.
const BLIND: Duration = Duration::from_secs(9);
/// Between two disturbances of one camera.
const DISTURB_EVERY: Duration = Duration::from_secs(12);
/// Clocks jump by so many seconds.
const JUMPS_S: [i64; 4] = [3600, -3600, 30, -30];

/// Stalls or garbage: victim after victim, overlapping.
pub(super) async fn go_blind(
    world: &mut World,
    fault: Fault,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    let switch = |world: &World, victim: usize, on: bool| {
        let rtsp = &world.cameras[victim].rtsp;
        match fault {
            Fault::RtspGarbage => rtsp.send_garbage(on),
            _ => rtsp.stall(on),
        }
    };
    let mut left = times;
    while left > 0 {
        let mut hit = Vec::new();
        for victim in 0..world.victims.min(left) {
            switch(world, victim, true);
            hit.push((victim, world.now()));
            let pause = world.random.random_range(0..500);
            sleep(Duration::from_millis(pause)).await;
        }
        left -= hit.len();
        for (victim, on) in hit {
            sleep((on + BLIND).saturating_sub(world.now())).await;
            switch(world, victim, false);
            let off = world.now();
            let effect = Effect::Blinds;
            outcome.injections.push(Injection { camera: Some(victim), on, off, effect });
        }
        world.all_live().await?;
        sleep(Duration::from_secs(3)).await;
    }
    Ok(())
}

/// Resets, other sizes or jumps of the clock: a moment each.
pub(super) async fn disturb(
    world: &mut World,
    fault: Fault,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    let every = DISTURB_EVERY / u32::try_from(world.victims).unwrap_or(1);
    for number in 0..times {
        let (victim, round) = (number % world.victims, number / world.victims);
        let camera = &world.cameras[victim];
        let at = world.now();
        match fault {
            Fault::RtspResolution if round.is_multiple_of(2) => {
                camera.rtsp.set_footage(world.other_size.clone());
            }
            Fault::RtspResolution => camera.rtsp.set_footage(camera.footage.clone()),
            Fault::RtspClock => camera.rtsp.jump_clock(JUMPS_S[number % JUMPS_S.len()]),
            _ => camera.rtsp.close_all(),
        }
        outcome.injections.push(Injection {
            camera: Some(victim),
            on: at,
            off: at,
            effect: Effect::Breaks,
        });
        sleep(every).await;
        let wanted = match fault {
            Fault::RtspResolution if round.is_multiple_of(2) => Some(480),
            Fault::RtspResolution => Some(640),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let path = format!("/api/cameras/{}/status", world.cameras[victim].id);
            let shown = world
                .client()?
                .until(&path, Duration::from_secs(10), |status| {
                    status["width"] == wanted && status["state"] == "LIVE"
                })
                .await;
            if let Err(error) = shown {
                outcome.problems.push(format!("after a change of size: {error}"));
            }
        }
    }
    world.all_live().await
}
