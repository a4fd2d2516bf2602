//! The scheduler's hand-over against the best bare combination of sessions,
//! threads and batch: pictures from memory, no decoder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use safe_yolo_core::{Analysis, PictureTime, SegmentId, Utc};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::letterbox::Room;
use safe_yolo_infer::{Detector, IsolatedConfig, IsolatedDetector, ModelSource, Runtime};
use safe_yolo_media::picture::I420;
use safe_yolo_pipeline::scheduler::{Scheduler, Wish};
use safe_yolo_pipeline::shot::Shot;
use tokio::task::JoinSet;

use crate::program::program;
use crate::stats::quantile;
use crate::{Bench, clip};

const SESSIONS: [usize; 2] = [1, 2];
const THREADS: [usize; 2] = [1, 2];
const BATCHES: [usize; 3] = [1, 2, 4];
const PICTURES: u32 = 40;
const ROUNDS: usize = 3;
/// Cameras that offer pictures to the scheduler.
const CAMERAS: usize = 12;

/// How the model is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Combination {
    sessions: usize,
    /// Of each session.
    threads: usize,
    batch: usize,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let runtime = Runtime::find()?;
    let inputs = inputs(&runtime)?;
    let lasts = bench.seconds(5);
    println!(
        "| bare calls of the model on ready inputs: sessions x threads, batch | pictures/s (median of {ROUNDS}) |"
    );
    println!("|---|---|");
    let mut best: Option<(Combination, f64)> = None;
    for combination in combinations() {
        let Combination { sessions, threads, batch } = combination;
        let mut rates = bare_rates(&runtime, combination, &inputs, lasts)?;
        let rate = quantile(&mut rates, 0.5);
        println!("| {sessions} x {threads}, {batch} | {rate:.0} |");
        if best.is_none_or(|(_, fastest)| rate > fastest) {
            best = Some((combination, rate));
        }
    }
    let (Combination { sessions, threads, batch }, bare) =
        best.ok_or_else(|| anyhow!("no combination could be measured"))?;
    println!("| best: {sessions} x {threads}, {batch} | {bare:.0} |");
    let rate = scheduled_rate(lasts).await?;
    println!(
        "| through scheduler and hand-over; of the best bare (at least 0.95) | {rate:.0}; {:.2}: {} |\n",
        rate / bare,
        crate::stats::verdict(rate / bare >= 0.95)
    );
    Ok(())
}

/// Analysed pictures a second of cameras that always have a picture from memory
/// to offer, through the scheduler and the detector's own process, with the
/// plan that it measures by itself.
async fn scheduled_rate(lasts: Duration) -> Result<f64> {
    let config = IsolatedConfig::new(program()?, ModelSource::Bundled);
    let detector = Arc::new(IsolatedDetector::start(config)?);
    let scheduler = Scheduler::start(detector);
    let pictures: Vec<_> = clip::pictures(PICTURES, 15.0)?.into_iter().map(Arc::new).collect();
    let analysed = Arc::new(AtomicU32::new(0));
    let mut cameras = JoinSet::new();
    for number in 0..CAMERAS {
        let mut lane = scheduler.lane(Wish { period: Duration::from_millis(100), weight: 1.0 });
        let (pictures, analysed) = (pictures.clone(), Arc::clone(&analysed));
        cameras.spawn(async move {
            for picture in pictures.iter().cycle().skip(number) {
                let shot = Shot {
                    segment: SegmentId(1),
                    era: 0,
                    time: PictureTime(0),
                    utc: Utc(0),
                    picture: Arc::clone(picture),
                };
                lane.push(shot, true);
                if let (_, Analysis::Done(_)) = lane.answer().await {
                    analysed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (began, before) = (Instant::now(), analysed.load(Ordering::Relaxed));
    tokio::time::sleep(lasts).await;
    let count = analysed.load(Ordering::Relaxed) - before;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

fn combinations() -> impl Iterator<Item = Combination> {
    SESSIONS.into_iter().flat_map(|sessions| {
        THREADS.into_iter().flat_map(move |threads| {
            BATCHES.into_iter().map(move |batch| Combination { sessions, threads, batch })
        })
    })
}

/// Inputs of the model, ready to be run.
fn inputs(runtime: &Runtime) -> Result<Vec<Vec<f32>>> {
    let letterbox = Detector::load(runtime, &ModelSource::Bundled, 1)?.letterbox(clip::SIZE);
    let area = letterbox.input.width as usize * letterbox.input.height as usize;
    let ready = |picture: I420| -> Result<Vec<f32>> {
        let mut input = vec![0.0; 3 * area];
        letterbox.fill(picture.view(), &mut Room::default(), &mut input)?;
        Ok(input)
    };
    clip::pictures(PICTURES, 15.0)?.into_iter().map(ready).collect()
}

/// Pictures a second of each round.
fn bare_rates(
    runtime: &Runtime,
    combination: Combination,
    inputs: &[Vec<f32>],
    lasts: Duration,
) -> Result<Vec<f64>> {
    let batch = combination.batch;
    let batches: Vec<Vec<f32>> = inputs.chunks_exact(batch).map(<[Vec<f32>]>::concat).collect();
    let batches = &batches;
    let mut detectors = Vec::new();
    for _ in 0..combination.sessions {
        let mut detector = Detector::load(runtime, &ModelSource::Bundled, combination.threads)?;
        let size = detector.letterbox(clip::SIZE).input;
        // The first call allocates.
        detector.infer(&batches[0], size, batch, SCORE_MIN)?;
        detectors.push((detector, size));
    }
    let rounds = (0..ROUNDS).map(|_| -> Result<f64> {
        let began = Instant::now();
        let end = began + lasts / u32::try_from(ROUNDS).unwrap_or(1);
        let counts: Result<Vec<u32>> = std::thread::scope(|scope| {
            let running: Vec<_> = detectors
                .iter_mut()
                .map(|(detector, size)| {
                    scope.spawn(move || -> Result<u32> {
                        let mut count = 0;
                        for input in batches.iter().cycle() {
                            if Instant::now() >= end {
                                break;
                            }
                            detector.infer(input, *size, batch, SCORE_MIN)?;
                            count += u32::try_from(batch)?;
                        }
                        Ok(count)
                    })
                })
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Result<u32>>| {
                thread.join().map_err(|_panic| anyhow!("a thread panicked"))?
            };
            running.into_iter().map(join).collect()
        });
        Ok(f64::from(counts?.iter().sum::<u32>()) / began.elapsed().as_secs_f64())
    });
    rounds.collect()
}
