//! The server from outside: rates, first picture, answers, commands, memory.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use crate::process::Part;
use crate::program::{Server, SiteCamera};
use crate::stats::quantile;
use crate::{clip, live, program};

/// Width of the live pictures, pixels.
const WIDTH: u32 = 960;

fn site(file: &Path, cameras: usize, rate: u32) -> String {
    program::site(&vec![SiteCamera::new(&file.display(), rate); cameras])
}

pub(crate) async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people-720p30.mp4");
    clip::file(&file, 900, 30)?;

    println!("| the server, 1280x720 H.264 files of 30 pictures/s with two people | |");
    println!("|---|---|");
    let server = Server::start(&site(&file, 1, 60)).await?;
    server.settle().await?;
    let one = server.cameras().await?.remove(0);
    println!("| one camera, analysed pictures/s (at least 15) | {} |", one.status.analysed_per_s);
    drop(server);

    let server = Server::start(&site(&file, 1, 10)).await?;
    server.settle().await?;
    let one_mb = server.resident_mb()?;
    println!("| memory with one camera, MB (at most 300) | {one_mb:.0} |");
    println!("| and its decoder child, MB | {:.0} |", server.children_mb(Part::Decoders));
    drop(server);
    let server = Server::start(&site(&file, 3, 10)).await?;
    server.settle().await?;
    let more_mb = (server.resident_mb()? - one_mb) / 2.0;
    println!("| memory for each more, MB (at most 40) | {more_mb:.0} |");
    drop(server);

    let server = Server::start(&site(&file, 2, 10)).await?;
    server.settle().await?;
    let ids: Vec<String> = server.cameras().await?.into_iter().map(|camera| camera.id).collect();
    let camera = ids.first().context("no camera")?;
    first_picture(&server, camera).await?;
    answers(&server).await?;
    commands(&server, camera).await?;
    println!();
    Ok(())
}

async fn first_picture(server: &Server, camera: &str) -> Result<()> {
    let mut took = Vec::new();
    for _ in 0..30 {
        // Long enough that the newest picture is one nobody has asked for yet.
        tokio::time::sleep(Duration::from_millis(137)).await;
        let started = Instant::now();
        let mut socket = server.live(&[camera], WIDTH).await?;
        live::next(&mut socket).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
        socket.close(None).await?;
    }
    println!(
        "| first picture after connecting, two cameras analysed, ms: median / slowest of 30 (under 500) | {:.1} / {:.1} |",
        quantile(&mut took, 0.5),
        quantile(&mut took, 1.0)
    );
    Ok(())
}

async fn answers(server: &Server) -> Result<()> {
    let mut took = Vec::new();
    for number in 0..600 {
        let path = ["/api/cameras", "/api/events?limit=50", "/api/system"][number % 3];
        let started = Instant::now();
        server.get(path).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "| REST while two cameras are analysed, ms: median / 99 % of 600 (under 20) | {:.1} / {:.1} |",
        quantile(&mut took, 0.5),
        quantile(&mut took, 0.99)
    );
    Ok(())
}

/// Seeks, and looks how long pictures from before still come.
async fn commands(server: &Server, camera: &str) -> Result<()> {
    let mut socket = server.live(&[camera], WIDTH).await?;
    let mut answered = Vec::new();
    let mut stale = Vec::new();
    for round in 0..20_i64 {
        let before = live::next(&mut socket).await?.header.segment;
        let asked = Instant::now();
        let seek = json!({"action": "seek", "position_ms": 1000 + round * 700});
        let command = server.command(camera, &seek);
        tokio::pin!(command);
        let mut done = false;
        let mut newest_old = 0.0_f64;
        loop {
            tokio::select! {
                result = &mut command, if !done => {
                    result?;
                    done = true;
                    answered.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
                seen = live::next(&mut socket) => {
                    let at = asked.elapsed().as_secs_f64() * 1000.0;
                    if seen?.header.segment == before {
                        newest_old = at;
                    } else if done {
                        break;
                    }
                }
            }
        }
        stale.push(newest_old);
    }
    println!(
        "| seek: answered after, ms: median / slowest of 20 | {:.0} / {:.0} |",
        quantile(&mut answered, 0.5),
        quantile(&mut answered, 1.0)
    );
    println!(
        "| seek: last older picture at the viewer after asking, ms: slowest of 20 (at most 50) | {:.0} |",
        quantile(&mut stale, 1.0)
    );
    Ok(())
}
