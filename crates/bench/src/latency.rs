//! How fast things happen while six cameras with people and six quiet ones are
//! analysed: commands, answers, and events from the camera to the subscriber.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use safe_yolo_core::{PictureTime, Utc};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::Bench;
use crate::cameras::{CameraArguments, micros};
use crate::commands;
use crate::farm::Farm;
use crate::footage::Clip;
use crate::load::{ANALYSED_MAX, RATE, SIZE};
use crate::program::{Server, SiteCamera, Socket, site};
use crate::side::Ours;
use crate::stats::{quantile, verdict};

const PEOPLE: usize = 6;
const QUIET: usize = 6;
/// Width at which the viewer of the file looks, pixels.
const WIDTH: u32 = 640;
/// Kinds of events without votes: their only wait is the rule's own dwell, which is nil here.
const AT_ONCE: [&str; 2] = ["danger_zone_intrusion", "entrance"];

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let what =
        CameraArguments { people: 0, intruders: PEOPLE, quiet: QUIET, size: SIZE, rate: RATE };
    let mut farm = Farm::start(&what).await?;
    let mut list: Vec<SiteCamera> = farm
        .cameras
        .iter()
        .map(|(_, url)| SiteCamera {
            dwell_s: 0.0,
            pause_s: 0.0,
            ..SiteCamera::new(url, ANALYSED_MAX)
        })
        .collect();
    let file = Clip::people(SIZE, RATE).file()?;
    list.push(SiteCamera::new(&file.display(), ANALYSED_MAX));
    let server = Server::start(&site(&list)).await?;
    server.wait_live(Duration::from_secs(40)).await?;
    let ids: Vec<String> = server.cameras().await?.into_iter().map(|camera| camera.id).collect();
    tokio::time::sleep(bench.seconds(10)).await;

    println!(
        "| beside {PEOPLE} cameras with people and {QUIET} quiet, 1280x720 at {RATE}/s over RTSP | |"
    );
    println!("|---|---|");
    let live_at_first = live(&server).await?;
    events(bench, &server, &mut farm, &ids).await?;
    answers(bench, &server).await?;
    println!(
        "| of these {} cameras LIVE before / after | {live_at_first} / {} |",
        ids.len(),
        live(&server).await?
    );
    let mut ours = Ours::over(server, WIDTH, &ids[PEOPLE + QUIET..]).await?;
    let mut timed = commands::measure(&mut ours, 0, bench.seconds(120)).await?;
    let effect = quantile(&mut timed.effect, 0.99);
    println!(
        "| pause or seek of a file, asked to no older picture after it, ms: median / 99 % (at most 10) | {}: {} |",
        timed.effect_text(),
        verdict(effect <= 10.0)
    );
    println!(
        "| of it until the answer, ms: median / 99 % | {:.1} / {:.1} |",
        quantile(&mut timed.answered, 0.5),
        quantile(&mut timed.answered, 0.99)
    );
    println!(
        "| seek to the first picture of the new place, ms: median / 99 % | {:.0} / {:.0} |\n",
        quantile(&mut timed.new_place, 0.5),
        quantile(&mut timed.new_place, 0.99)
    );
    Ok(())
}

async fn live(server: &Server) -> Result<usize> {
    Ok(server.cameras().await?.iter().filter(|camera| camera.is_live()).count())
}

async fn answers(bench: &Bench, server: &Server) -> Result<()> {
    let count = if bench.quick { 150 } else { 1000 };
    let mut took = Vec::new();
    for number in 0..count {
        let path = ["/api/cameras", "/api/events?limit=50", "/api/system"][number % 3];
        let asked = Instant::now();
        server.get(path).await?;
        took.push(asked.elapsed().as_secs_f64() * 1000.0);
        // As people and screens ask, not as fast as it goes.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let slow = quantile(&mut took, 0.99);
    println!(
        "| REST, ms: median / 99 % of {count} (20) | {:.1} / {slow:.1}: {} |",
        quantile(&mut took, 0.5),
        verdict(slow <= 20.0)
    );
    Ok(())
}

/// An event and when its picture was sent by the camera.
#[derive(Debug)]
struct Raised {
    camera: usize,
    /// The number of its picture in the camera's session.
    picture: u64,
    /// When that picture was taken as the server knows it, microseconds since 1970.
    taken_us: i64,
    arrived_us: i64,
}

async fn events(bench: &Bench, server: &Server, farm: &mut Farm, ids: &[String]) -> Result<()> {
    let mut socket = server.socket("/ws/events").await?;
    let end = tokio::time::Instant::now() + bench.seconds(150);
    let (mut known, mut raised) = (BTreeSet::new(), Vec::new());
    while let Ok(event) = tokio::time::timeout_at(end, next_event(&mut socket)).await {
        let (event, arrived_us) = event?;
        let kind = event["type"].as_str().unwrap_or_default();
        let id = event["id"].as_str().unwrap_or_default().to_owned();
        // What is announced before it is stored comes once more; the first counts.
        if !AT_ONCE.contains(&kind) || !known.insert(id) {
            continue;
        }
        let camera = event["camera"].as_str().unwrap_or_default();
        let camera = ids.iter().position(|id| id == camera).context("an unknown camera")?;
        let time_s = event["details"]["start_s"].as_f64().context("an event without start_s")?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the pictures of a session of some minutes"
        )]
        let picture = (time_s * f64::from(RATE)).round() as u64;
        let taken_us = Utc::parse(event["start"].as_str().unwrap_or_default())?.micros();
        raised.push(Raised { camera, picture, taken_us, arrived_us });
    }
    let millis = |from_us, to_us: i64| PictureTime(to_us - from_us).secs_f64() * 1000.0;
    let (mut took, mut inside) = (Vec::new(), Vec::new());
    for Raised { camera, picture, taken_us, arrived_us } in raised {
        if camera < PEOPLE
            && let Some(sent_us) = farm.sent_at(camera, picture).await?
        {
            took.push(millis(sent_us, arrived_us));
            inside.push(millis(taken_us, arrived_us));
        }
    }
    let slow = quantile(&mut took, 0.95);
    println!(
        "| picture leaves the camera to its event at the subscriber, dwell 0, ms: median / 95 % / slowest of {} (95 %: 250) | {:.0} / {slow:.0} / {:.0}: {} |",
        took.len(),
        quantile(&mut took, 0.5),
        quantile(&mut took, 1.0),
        verdict(slow <= 250.0)
    );
    println!(
        "| the same from the picture's time as the server knows it (less the fastest way into it), ms: median / 95 % | {:.0} / {:.0} |",
        quantile(&mut inside, 0.5),
        quantile(&mut inside, 0.95)
    );
    Ok(())
}

/// The next raised event, and when it arrived, microseconds since 1970.
async fn next_event(socket: &mut Socket) -> Result<(Value, i64)> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            let arrived_us = micros(SystemTime::now());
            let mut message: Value = serde_json::from_str(&text)?;
            if message["type"] == "change" && message["kind"] == "raised" {
                return Ok((message["event"].take(), arrived_us));
            }
        }
    }
    bail!("the connection for events ended")
}
