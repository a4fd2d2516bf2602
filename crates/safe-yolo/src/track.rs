//! `safe-yolo track`: the tracker alone, `MOTChallenge` in and out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use safe_yolo_core::PictureSize;
use safe_yolo_track::{TrackerConfig, mot};

/// What to track.
#[derive(Debug, Args)]
pub(crate) struct TrackArguments {
    /// Detections: `frame,id,x,y,w,h,score` a line
    #[arg(long, value_name = "FILE")]
    det: PathBuf,
    /// Pictures a second
    #[arg(long, value_name = "N")]
    fps: f64,
    /// Size of the pictures, pixels
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: PictureSize,
    /// Tracks: `frame,id,x,y,w,h,score,-1,-1,-1` a line
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn size(text: &str) -> Result<PictureSize> {
    let sides = text.split_once('x').map(|(w, h)| (w.parse::<u32>(), h.parse::<u32>()));
    match sides {
        Some((Ok(width), Ok(height))) if width > 0 && height > 0 => {
            Ok(PictureSize::new(width, height))
        }
        _ => bail!("'{text}' is no size: write it like 1920x1080"),
    }
}

pub(crate) fn run(arguments: &TrackArguments) -> Result<ExitCode> {
    let name = arguments.det.display();
    let text =
        std::fs::read_to_string(&arguments.det).with_context(|| format!("detections '{name}'"))?;
    let tracks = mot::track_mot(&text, arguments.fps, arguments.size, TrackerConfig::default())
        .with_context(|| format!("detections '{name}'"))?;
    std::fs::write(&arguments.out, tracks)
        .with_context(|| format!("tracks '{}'", arguments.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
