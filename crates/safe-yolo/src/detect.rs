//! `safe-yolo detect`: what the detector finds in pictures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_core::{Detection, PictureSize};
use safe_yolo_infer::{Detector, Runtime};
use safe_yolo_media::draw::Canvas;
use safe_yolo_media::jpeg;
use safe_yolo_media::picture::I420;
use serde::Serialize;

use crate::model::ModelArguments;
use crate::model_bench::parse_size;

/// Which pictures, and how to show the boxes.
#[derive(Debug, Args)]
pub(crate) struct DetectArguments {
    /// JPEG or PNG files
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Prints one JSON object a picture
    #[arg(long)]
    json: bool,
    /// Writes the pictures with boxes into this folder
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
    /// Lowest score shown, 0 to 1
    #[arg(long, value_name = "S", default_value_t = 0.35, value_parser = score)]
    min_score: f32,
    /// Size of the model's input; without it the shape of each picture
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    input: Option<PictureSize>,
    #[command(flatten)]
    model: ModelArguments,
}

fn score(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(score) if (0.01..=1.0).contains(&score) => Ok(score),
        _ => Err(format!("'{text}' is no score: it must lie between 0.01 and 1")),
    }
}

#[derive(Serialize)]
struct Found<'a> {
    file: &'a Path,
    width: u32,
    height: u32,
    detections: &'a [Detection],
}

pub(crate) fn run(arguments: &DetectArguments) -> Result<ExitCode> {
    let runtime = Runtime::find().context("no detector")?;
    let mut detector =
        Detector::load(&runtime, &arguments.model.file.source(), 1).context("no detector")?;
    if let Some(size) = arguments.input {
        detector.set_input(size)?;
    }
    let mut failed = false;
    for file in &arguments.images {
        if let Err(error) = picture(arguments, &mut detector, file) {
            // One bad file does not keep the others from being looked at.
            eprintln!("error: '{}': {error:#}", file.display());
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn picture(arguments: &DetectArguments, detector: &mut Detector, file: &Path) -> Result<()> {
    // Before it is unpacked: a small file can hold a picture of gigabytes.
    let (width, height) = image::ImageReader::open(file)?
        .with_guessed_format()?
        .into_dimensions()
        .context("no JPEG or PNG picture")?;
    I420::check_size(PictureSize::new(width, height))?;
    let image = image::ImageReader::open(file)?.with_guessed_format()?;
    let image = image.decode().context("no JPEG or PNG picture")?.to_rgb8();
    let size = PictureSize::new(image.width(), image.height());
    let mut rgb = image.into_raw();
    let found = detector.detect(&I420::from_rgb(size, &rgb)?, arguments.min_score)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let found = Found { file, width: size.width, height: size.height, detections: &found };
        serde_json::to_writer(&mut out, &found)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{} ({}x{})", file.display(), size.width, size.height)?;
        for d in &found {
            let b = d.bbox;
            writeln!(
                out,
                "  {:<12} {:.2}  {:>5.0} {:>5.0} {:>5.0} {:>5.0}",
                d.class.name(),
                d.score,
                b.x1,
                b.y1,
                b.x2,
                b.y2
            )?;
        }
    }
    if let Some(folder) = &arguments.draw {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("folder '{}'", folder.display()))?;
        if let Some(mut canvas) = Canvas::new(size, &mut rgb) {
            for d in &found {
                canvas.outline(&d.bbox, [63, 178, 127], false);
                let label = format!("{} {:.2}", d.class, d.score);
                canvas.label(d.bbox.x1, d.bbox.y1, &label, [12, 14, 18], [63, 178, 127]);
            }
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let target = folder.join(format!("{name}.boxes.jpg"));
        std::fs::write(&target, jpeg::encode_rgb(&rgb, size, jpeg::QUALITY_EVIDENCE)?)
            .with_context(|| format!("picture '{}'", target.display()))?;
    }
    Ok(())
}
