//! `safe-yolo track`: the tracker alone, `MOTChallenge` in and out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
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
    #[arg(long, value_name = "WxH")]
    size: PictureSize,
    /// Tracks: `frame,id,x,y,w,h,score,-1,-1,-1` a line
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Settings to begin with; the program's own are those of `serve`
    #[arg(long, value_enum, default_value_t = Preset::Own)]
    preset: Preset,
    /// Changes a setting of the tracker; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, f64)>,
}

/// Where the settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// What `serve` and `analyze` use
    Own,
    /// BoT-SORT's code (arXiv:2206.14651)
    BotSort,
    /// ByteTrack's code (arXiv:2110.06864)
    ByteTrack,
}

fn setting(text: &str) -> Result<(String, f64)> {
    let Some((name, value)) = text.split_once('=') else {
        bail!("'{text}' is no setting: write it like lost_s=1.5");
    };
    let value = value.parse().with_context(|| format!("'{value}' is no number"))?;
    Ok((name.to_owned(), value))
}

fn config(arguments: &TrackArguments) -> Result<TrackerConfig> {
    let mut config = match arguments.preset {
        Preset::Own => TrackerConfig::default(),
        Preset::BotSort => TrackerConfig::bot_sort(),
        Preset::ByteTrack => TrackerConfig::byte_track(),
    };
    for (name, value) in &arguments.set {
        config.set(name, *value)?;
    }
    Ok(config)
}

pub(crate) fn run(arguments: &TrackArguments) -> Result<ExitCode> {
    let name = arguments.det.display();
    let text =
        std::fs::read_to_string(&arguments.det).with_context(|| format!("detections '{name}'"))?;
    let tracks = mot::track_mot(&text, arguments.fps, arguments.size, config(arguments)?)
        .with_context(|| format!("detections '{name}'"))?;
    std::fs::write(&arguments.out, tracks)
        .with_context(|| format!("tracks '{}'", arguments.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
