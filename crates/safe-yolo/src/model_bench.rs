//! `safe-yolo model bench`: how fast a model is on this machine.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use safe_yolo_core::PictureSize;
use safe_yolo_core::geometry::SizeError;
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::{Detector, Family, Provider, Runtime};
use safe_yolo_media::picture::I420;

use crate::model::{parse_family, source};

/// Calls before the measurement: the first ones allocate.
const WARM_UP: usize = 3;

/// Which model, and how it is run.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// ONNX model
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The model's family, where its file does not show it
    #[arg(long, value_name = "NAME", value_parser = parse_family)]
    model_family: Option<Family>,
    /// Size of the pictures
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = parse_size)]
    size: PictureSize,
    /// Size of the model's input; without it the shape of the pictures
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    input: Option<PictureSize>,
    /// Threads of the one session
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// How long each of the two measurements takes
    #[arg(long, value_name = "S", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,
    /// Where the model runs; without fallback
    #[arg(long, value_name = "NAME", default_value = "cpu", value_parser = parse_provider)]
    provider: Provider,
}

pub(crate) fn parse_size(text: &str) -> Result<PictureSize, String> {
    let size: PictureSize = text.parse().map_err(|error: SizeError| error.to_string())?;
    I420::check_size(size).map_err(|error| error.to_string())?;
    Ok(size)
}

fn parse_provider(text: &str) -> Result<Provider, String> {
    let names = || Provider::ALL.map(Provider::name).join(", ");
    Provider::from_name(text)
        .ok_or_else(|| format!("'{text}' is no provider: it must be one of {}", names()))
}

pub(crate) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    let runtime = Runtime::find().context("no detector")?;
    let source = source(arguments.file.clone(), arguments.model_family);
    let threads = usize::from(arguments.threads);
    let mut detector = Detector::load_on(&runtime, &source, arguments.provider, threads)?;
    if let Some(size) = arguments.input {
        detector.set_input(size)?;
    }
    let picture = picture(arguments.size)?;
    let input = detector.info().input_for(arguments.size);
    let grey = detector.info().convention.grey();
    // A model that wants several pictures in a call gets as many.
    let batch = detector.info().fixed_batch.unwrap_or(1);
    let bare_input = vec![grey; batch * 3 * input.width as usize * input.height as usize];
    let duration = Duration::from_secs(u64::from(arguments.seconds));
    let bare = measure(duration, || {
        let answers = detector.infer(&bare_input, input, batch, SCORE_MIN)?;
        if let Some(Err(error)) = answers.into_iter().find(Result::is_err) {
            return Err(error.into());
        }
        Ok(batch)
    })?;
    let whole = measure(duration, || Ok(detector.detect(&picture, SCORE_MIN).map(|_| 1)?))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: family {}, pictures of {}, input {input}, {} thread(s), {}",
        detector.info().name,
        detector.info().family,
        arguments.size,
        arguments.threads,
        arguments.provider.name(),
    )?;
    for (what, times) in [("bare session", bare), ("with scaling and reading of boxes", whole)] {
        writeln!(
            out,
            "{what:<34} {:>7.1} pictures/s, {:>7.2} ms a picture (median), {:>7.2} ms (95 %), {} calls",
            times.rate, times.median_ms, times.late_ms, times.calls
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Times {
    rate: f64,
    median_ms: f64,
    late_ms: f64,
    calls: usize,
}

/// Runs calls for so long; each says how many pictures it looked at.
fn measure(duration: Duration, mut call: impl FnMut() -> Result<usize>) -> Result<Times> {
    for _ in 0..WARM_UP {
        call()?;
    }
    let (mut times, mut pictures) = (Vec::new(), 0);
    let started = Instant::now();
    while times.is_empty() || started.elapsed() < duration {
        let begun = Instant::now();
        let looked_at = call()?;
        pictures += looked_at;
        #[expect(clippy::cast_precision_loss, reason = "at most 32")]
        times.push(begun.elapsed().as_secs_f64() * 1000.0 / looked_at.max(1) as f64);
    }
    #[expect(clippy::cast_precision_loss, reason = "pictures of some minutes")]
    let rate = pictures as f64 / started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get((times.len() - 1) * part / 100).copied();
    let (Some(median_ms), Some(late_ms)) = (at(50), at(95)) else { bail!("nothing was measured") };
    Ok(Times { rate, median_ms, late_ms, calls: times.len() })
}

/// Something to look at: no part of it is like another.
fn picture(size: PictureSize) -> Result<I420> {
    let byte = |at: usize| u8::try_from((at * 7 + at / 991 * 13) % 200 + 20).unwrap_or(128);
    Ok(I420::new(size, (0..I420::byte_len(size)).map(byte).collect())?)
}
