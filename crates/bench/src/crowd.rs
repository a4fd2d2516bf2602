//! A hundred quiet cameras: watched all the time, looked at often enough, and
//! motion in one is noticed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use safe_yolo_core::PictureSize;

use crate::Bench;
use crate::cameras::CameraArguments;
use crate::farm::Farm;
use crate::live;
use crate::load::{ANALYSED_MAX, busy, names};
use crate::program::{Server, SiteCamera, site};
use crate::stats::{number, quantile, verdict};

const CAMERAS: usize = 100;
/// Time between two questions for the cameras' states.
const STEP: Duration = Duration::from_millis(250);
/// The server brings the ages that it tells up to date this often.
const TOLD_EVERY_S: f64 = 0.25;
/// Motion that is not analysed within this counts as never.
const MOTION_MAX: Duration = Duration::from_secs(15);
/// Width of the pictures of the one camera that is watched, pixels.
const WIDTH: u32 = 160;

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let size = PictureSize::new(640, 360);
    let what = CameraArguments { people: 0, intruders: 0, quiet: CAMERAS, size, rate: 5 };
    let mut farm = Farm::start(&what).await?;
    let list: Vec<SiteCamera> =
        farm.cameras.iter().map(|(_, url)| SiteCamera::new(url, ANALYSED_MAX)).collect();
    let server = Server::start(&site(&list)).await?;
    let began = Instant::now();
    let live_at_first = server.wait_live(Duration::from_secs(60)).await?;
    let all_live_s = began.elapsed().as_secs_f64();
    tokio::time::sleep(bench.seconds(10)).await;

    let window = bench.seconds(60);
    let (began, before) = (Instant::now(), server.metrics().await?);
    let used_before = server.usage(Some(farm.pid()?));
    let (mut live_least, mut age_most) = (CAMERAS, 0.0_f64);
    while began.elapsed() < window {
        let cameras = server.cameras().await?;
        live_least = live_least.min(cameras.iter().filter(|camera| camera.is_live()).count());
        for camera in &cameras {
            let age = camera
                .status
                .analysis_age_ms
                .map_or(f64::INFINITY, |ms| Duration::from_millis(ms).as_secs_f64());
            age_most = age_most.max(age);
        }
        tokio::time::sleep(STEP).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let cores = server.usage(Some(farm.pid()?)).cores_since(&used_before, seconds);
    let analysed = server.metrics().await?.analysed_since(&before)? / seconds;
    println!("| {CAMERAS} quiet cameras, 640x360 H.264 at 5/s over RTSP, {seconds:.0} s | |");
    println!("|---|---|");
    println!("| LIVE after {all_live_s:.0} s from the start | {live_at_first} |");
    println!(
        "| LIVE, least at any time (all {CAMERAS}) | {live_least}: {} |",
        verdict(live_least == CAMERAS)
    );
    // What was told may be as old as the time between two tellings and two questions.
    let gap = age_most + TOLD_EVERY_S + STEP.as_secs_f64();
    println!(
        "| largest time between two looks at a camera, s: at most (5) | {gap:.1}: {} |",
        verdict(gap <= 5.0)
    );
    println!("| looks/s in all; a camera | {analysed:.1}; {:.2} |", analysed / number(CAMERAS));
    println!("| cores busy: {} | {} |", names(), busy(&cores));
    println!(
        "| memory, MB: server / its decoders | {:.0} / {:.0} |",
        server.resident_mb()?,
        server.children_mb(crate::process::Part::Decoders)
    );
    motion(bench, &server, &mut farm).await?;
    println!();
    Ok(())
}

/// Lets one camera after another show people, and looks how long it takes.
async fn motion(bench: &Bench, server: &Server, farm: &mut Farm) -> Result<()> {
    let samples: usize = if bench.quick { 3 } else { 20 };
    let ids: Vec<String> = server.cameras().await?.into_iter().map(|camera| camera.id).collect();
    let (mut looked, mut found) = (Vec::new(), Vec::new());
    for sample in 0..samples {
        let number = (sample * 37 + 5) % CAMERAS;
        let id = ids.get(number).context("no such camera")?;
        let mut socket = server.live(&[id], WIDTH).await?;
        live::next(&mut socket).await?;
        // Not in step with key pictures or with the scheduler's rounds.
        let wait = Duration::from_millis(700 + u64::try_from(sample)? * 263 % 1000);
        drain(&mut socket, wait).await?;
        let moved_us = farm.show(number, true).await?;
        let (first_look, first_person) = looks(&mut socket, moved_us).await?;
        looked.push(first_look);
        found.push(first_person);
        farm.show(number, false).await?;
    }
    let within = quantile(&mut looked, 1.0);
    println!(
        "| motion in one camera to its first analysis, s: median / slowest of {samples} (1) | {:.2} / {within:.2}: {} |",
        quantile(&mut looked, 0.5),
        verdict(within <= 1.0)
    );
    println!(
        "| motion to the first analysis that finds a person, s: median / slowest | {:.2} / {:.2} |",
        quantile(&mut found, 0.5),
        quantile(&mut found, 1.0)
    );
    Ok(())
}

/// Takes what comes for this long.
async fn drain(socket: &mut crate::program::Socket, lasts: Duration) -> Result<()> {
    let end = tokio::time::Instant::now() + lasts;
    while let Ok(seen) = tokio::time::timeout_at(end, live::next(socket)).await {
        seen?;
    }
    Ok(())
}

/// Seconds from `moved_us` to the arrival of the first analysed picture taken
/// after it, and of the first with a person on it; infinite when none came.
async fn looks(socket: &mut crate::program::Socket, moved_us: i64) -> Result<(f64, f64)> {
    let end = tokio::time::Instant::now() + MOTION_MAX;
    let mut first_look = f64::INFINITY;
    while let Ok(seen) = tokio::time::timeout_at(end, live::next(socket)).await {
        let seen = seen?;
        if !seen.is_analysed() || seen.header.utc.micros() < moved_us {
            continue;
        }
        let took = safe_yolo_core::PictureTime(seen.at_us - moved_us).secs_f64();
        first_look = first_look.min(took);
        if seen.header.boxes.iter().any(|found| found.class == "person") {
            return Ok((first_look, took));
        }
    }
    Ok((first_look, f64::INFINITY))
}
