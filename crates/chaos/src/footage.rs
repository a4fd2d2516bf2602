//! What the cameras send: the drawn hall with people, as H.264.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use safe_yolo_core::PictureTime;
use safe_yolo_sim::Scene;
use safe_yolo_testkit::clip::ClipCodec;
use safe_yolo_testkit::footage::Footage;
use serde_json::{Value, json};

/// Pictures a second.
pub(crate) const RATE: u32 = 10;

/// Length of the film in which somebody walks in.
pub(crate) const ROUND: Duration = Duration::from_secs(7);

/// What to film.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shooting {
    pub(crate) scenario: &'static str,
    pub(crate) seed: u64,
    /// Length of the film, seconds.
    pub(crate) seconds: u32,
    /// Of the film, pixels.
    pub(crate) size: (u32, u32),
}

impl Shooting {
    /// Somebody walks into a zone, is gone, and comes again: an alarm of each
    /// zone in every round.
    pub(crate) const fn intruders(seed: u64) -> Self {
        Self { scenario: "intruders", seed, seconds: ROUND.as_secs() as u32, size: (640, 360) }
    }

    /// Two people who stay.
    pub(crate) const fn helmets(seed: u64) -> Self {
        Self { scenario: "helmets", seed, seconds: 20, size: (640, 360) }
    }

    /// Films it; takes seconds and blocks.
    pub(crate) fn film(self) -> Result<Footage> {
        let folder = tempfile::tempdir()?;
        let clip = folder.path().join("clip.mp4");
        let scene = Scene::new(self.scenario, self.seed)?;
        let size = scene.size();
        let mut encoder = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"])
            .args(["-s", &format!("{}x{}", size.width, size.height), "-r", &RATE.to_string()])
            .args(["-i", "pipe:0", "-vf", &format!("scale={}:{}", self.size.0, self.size.1)])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "22", "-bf", "0"])
            .args(["-g", &RATE.to_string(), "-pix_fmt", "yuv420p"])
            .arg(&clip)
            .stdin(Stdio::piped())
            .spawn()
            .context("starting ffmpeg")?;
        let mut pictures = encoder.stdin.take().context("ffmpeg takes no pictures")?;
        let mut rgb = Vec::new();
        for number in 0..self.seconds * RATE {
            let time = f64::from(number) / f64::from(RATE);
            scene.render(PictureTime::from_secs_f64(time), &mut rgb);
            pictures.write_all(&rgb).context("filming")?;
        }
        drop(pictures);
        ensure!(encoder.wait()?.success(), "ffmpeg made no film");
        Ok(Footage::read(&clip, ClipCodec::H264, f64::from(self.seconds))?)
    }
}

/// The corners of the scenario's first zone.
pub(crate) fn corners(scenario: &str) -> Result<Value> {
    let zones = Scene::new(scenario, 1)?.zones();
    let zone = zones.first().context("a scenario without zones")?;
    Ok(json!(zone.points.iter().map(|point| [point.x, point.y]).collect::<Vec<_>>()))
}
