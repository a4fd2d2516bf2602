//! `safe-yolo doctor`: what works on this machine and what does not.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_infer::{Detector, Runtime};
use safe_yolo_media::picture::I420;
use safe_yolo_sim::Scene;

use crate::model::ModelArguments;
use crate::site::Site;

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// The data folder that `serve` will use
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// The address that `serve` will use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A site file to check
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArguments,
}

pub(crate) fn run(arguments: &DoctorArguments) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let mut sound = true;
    let mut tell = |name: &str, outcome: Result<String>| -> Result<()> {
        match outcome {
            Ok(text) => writeln!(out, "ok    {name:<14} {text}")?,
            Err(error) => {
                sound = false;
                writeln!(out, "FAIL  {name:<14} {error:#}")?;
            }
        }
        Ok(())
    };
    tell("ffmpeg", version("ffmpeg"))?;
    tell("ffprobe", version("ffprobe"))?;
    let runtime = Runtime::find();
    let found = runtime.as_ref().map(|r| r.path().display().to_string());
    tell("onnxruntime", found.map_err(|error| anyhow::anyhow!("{error}")))?;
    if let Ok(runtime) = &runtime {
        tell("model", model(runtime, &arguments.model))?;
    }
    tell("data folder", data_folder(&arguments.data_dir))?;
    tell("address", address(arguments.listen))?;
    if let Some(site) = &arguments.site {
        tell("site file", Site::read(site).map(|site| format!("{} cameras", site.cameras.len())))?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("-version").output().with_context(|| {
        format!("'{program}' can't be started: install it with `apt-get install ffmpeg`")
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or("unknown version").chars().take(60).collect())
}

/// Loads the model and looks at the drawn scene with it: the whole way of a
/// picture, and its speed here.
fn model(runtime: &Runtime, arguments: &ModelArguments) -> Result<String> {
    const RUNS: u32 = 20;
    let mut detector = Detector::load(runtime, &arguments.file.source(), 1)?;
    let scene = Scene::new("helmets", 1)?;
    let mut rgb = Vec::new();
    scene.render(PictureTime::from_millis(5000), &mut rgb);
    let size: PictureSize = scene.size();
    let picture = I420::from_rgb(size, &rgb)?;
    let found = detector.detect(&picture, 0.5)?;
    let started = Instant::now();
    for _ in 0..RUNS {
        detector.detect(&picture, 0.5)?;
    }
    let millis = started.elapsed().as_secs_f64() * 1000.0 / f64::from(RUNS);
    Ok(format!(
        "{}: {} classes, {:.1} ms a picture of {}x{} on one thread, {} objects in the drawn scene",
        detector.info().name,
        detector.info().classes().len(),
        millis,
        size.width,
        size.height,
        found.len()
    ))
}

fn data_folder(folder: &Path) -> Result<String> {
    let name = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("'{name}' can't be made"))?;
    let probe = folder.join(".doctor");
    std::fs::write(&probe, b"probe").with_context(|| format!("'{name}' can't be written to"))?;
    std::fs::remove_file(&probe)
        .with_context(|| format!("'{}' can't be removed", probe.display()))?;
    Ok(format!("'{name}' can be written to"))
}

fn address(listen: SocketAddr) -> Result<String> {
    TcpListener::bind(listen)
        .with_context(|| format!("{listen} can't be listened on: choose another with --listen"))?;
    Ok(format!("{listen} is free"))
}
