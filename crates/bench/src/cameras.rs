//! `serve-cameras`: RTSP cameras in a process of their own, so that their work is
//! not taken for the server's.
//!
//! On standard output it names its cameras, one a line (`camera 0 people rtsp://..`),
//! then says `ready`. Then it obeys lines of standard input and answers each with
//! one line, until standard input is closed:
//!
//! | line | meaning | answer |
//! |---|---|---|
//! | `motion N` | camera N shows people from now on | `motion N MICROSECONDS` (since 1970) |
//! | `quiet N` | it shows the empty hall again | `quiet N MICROSECONDS` |
//! | `count` | | `count n0 n1 ..`: pictures sent by each camera |
//! | `sent N K` | | `sent N K MICROSECONDS` or `none`: when picture K of its session went out |

use std::io::{BufRead, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use safe_yolo_core::PictureSize;
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::rtsp::RtspServer;

use crate::footage::{Clip, begun_at};

/// Which cameras, and what they send.
#[derive(Debug, Args)]
pub(crate) struct CameraArguments {
    /// Cameras that show two people all the time
    #[arg(long, default_value_t = 0)]
    pub(crate) people: usize,
    /// Cameras that show somebody who walks into the zone every 10 s
    #[arg(long, default_value_t = 0)]
    pub(crate) intruders: usize,
    /// Cameras that show the empty hall
    #[arg(long, default_value_t = 0)]
    pub(crate) quiet: usize,
    /// Size of the pictures
    #[arg(long, value_parser = size, default_value = "1280x720")]
    pub(crate) size: PictureSize,
    /// Pictures a second
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) rate: u32,
}

/// Cameras one process serves at most.
const CAMERAS_MAX: usize = 1000;

/// Reads `1280x720`.
fn size(text: &str) -> Result<PictureSize> {
    let size: PictureSize = text.parse()?;
    match size {
        PictureSize { width: 160..=3840, height: 90..=2160 }
            if size.width.is_multiple_of(2) && size.height.is_multiple_of(2) =>
        {
            Ok(size)
        }
        _ => bail!("pictures of {size} are none of these cameras': even, 160x90 to 3840x2160"),
    }
}

/// Serves until standard input is closed.
pub(crate) async fn serve(arguments: &CameraArguments) -> Result<()> {
    let CameraArguments { people, intruders, quiet, size, rate } = *arguments;
    let count = people + intruders + quiet;
    if count == 0 || count > CAMERAS_MAX {
        bail!("{count} cameras: ask for 1 to {CAMERAS_MAX}");
    }
    let mut servers = Vec::new();
    let mut out = std::io::stdout().lock();
    let kinds = [
        ("people", people, Clip::people(size, rate)),
        ("intruders", intruders, Clip::intruder(size, rate)),
        ("quiet", quiet, Clip::quiet(size, rate)),
    ];
    for (kind, wanted, clip) in kinds {
        if wanted == 0 {
            continue;
        }
        let footage = clip.footage()?;
        for number in 0..wanted {
            // Not all at the same place, or they would all need attention at once.
            let server = RtspServer::start(begun_at(&footage, 3 * number)).await?;
            writeln!(out, "camera {} {kind} {}", servers.len(), server.url())?;
            servers.push(server);
        }
    }
    let motion = (quiet > 0).then(|| Clip::people(size, rate).footage()).transpose()?;
    let still = (quiet > 0).then(|| Clip::quiet(size, rate).footage()).transpose()?;
    writeln!(out, "ready")?;
    out.flush()?;
    let (lines, mut asked) = tokio::sync::mpsc::channel(16);
    // Blocking reading has a thread of its own; it ends with its input.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = asked.recv().await {
        let answer = obey(&line, &servers, motion.as_ref(), still.as_ref())
            .unwrap_or_else(|error| format!("error {error:#}"));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn obey(
    line: &str,
    servers: &[RtspServer],
    motion: Option<&Footage>,
    still: Option<&Footage>,
) -> Result<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let camera = |text: &str| -> Result<&RtspServer> {
        let number: usize = text.parse().with_context(|| format!("'{text}' is no number"))?;
        servers.get(number).with_context(|| format!("there is no camera {number}"))
    };
    match words[..] {
        ["count"] => {
            let counts: Vec<String> =
                servers.iter().map(|server| server.pictures_sent().to_string()).collect();
            Ok(format!("count {}", counts.join(" ")))
        }
        ["sent", number, picture] => {
            let at = camera(number)?.sent_at(picture.parse()?);
            let at = at.map_or_else(|| "none".to_owned(), |at| micros(at).to_string());
            Ok(format!("sent {number} {picture} {at}"))
        }
        [which @ ("motion" | "quiet"), number] => {
            let footage = if which == "motion" { motion } else { still };
            let footage = footage.context("there is no quiet camera")?.clone();
            let server = camera(number)?;
            let at = micros(SystemTime::now());
            server.set_footage(footage);
            Ok(format!("{which} {number} {at}"))
        }
        _ => bail!("'{line}' is none of: motion N, quiet N, count, sent N K"),
    }
}

/// Microseconds since 1970.
pub(crate) fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked() {
        assert_eq!(size("640x360").unwrap(), PictureSize::new(640, 360));
        for text in ["", "640", "640x", "0x0", "641x360", "-2x4", "100000x2"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
