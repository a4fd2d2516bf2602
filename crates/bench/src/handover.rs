//! The scheduler's hand-over against the best bare combination of sessions,
//! threads and batch: pictures from memory, no decoder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use safe_yolo_core::{Analysis, PictureTime, SegmentId, Utc};
use safe_yolo_infer::detector::{Look, SCORE_MIN};
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
/// Rounds in which bare calls, direct analysis and the scheduler take turns: the
/// machine's speed changes from minute to minute.
const ROUNDS: usize = 5;
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

/// Ready inputs, `batch` at a time.
type Batches = Vec<Vec<f32>>;

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let runtime = Runtime::find()?;
    let pictures: Vec<Arc<I420>> =
        clip::pictures(PICTURES, 15.0)?.into_iter().map(Arc::new).collect();
    let inputs = inputs(&runtime, &pictures)?;
    println!("| bare calls of the model on ready inputs: sessions x threads, batch | pictures/s |");
    println!("|---|---|");
    let mut best: Option<(Combination, f64)> = None;
    for combination in combinations() {
        let mut detectors = sessions(&runtime, combination)?;
        let batches = batches(&inputs, combination.batch);
        let rate = bare_rate(&mut detectors, &batches, combination.batch, bench.seconds(3))?;
        let Combination { sessions, threads, batch } = combination;
        println!("| {sessions} x {threads}, {batch} | {rate:.0} |");
        if best.is_none_or(|(_, fastest)| rate > fastest) {
            best = Some((combination, rate));
        }
    }
    let (best, _) = best.ok_or_else(|| anyhow!("no combination could be measured"))?;

    let mut detectors = sessions(&runtime, best)?;
    let batches = batches(&inputs, best.batch);
    let detector =
        Arc::new(IsolatedDetector::start(IsolatedConfig::new(program()?, ModelSource::Bundled))?);
    let scheduler = Scheduler::start(detector);
    let lasts = bench.seconds(4);
    let (mut bare, mut direct, mut scheduled) = (Vec::new(), Vec::new(), Vec::new());
    let (mut of_bare, mut of_direct) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let round = [
            bare_rate(&mut detectors, &batches, best.batch, lasts)?,
            direct_rate(&mut detectors, &pictures, best.batch, lasts)?,
            scheduled_rate(&scheduler, &pictures, lasts).await,
        ];
        bare.push(round[0]);
        direct.push(round[1]);
        scheduled.push(round[2]);
        of_bare.push(round[2] / round[0]);
        of_direct.push(round[2] / round[1]);
    }
    let Combination { sessions, threads, batch } = best;
    let median = |values: &mut Vec<f64>| quantile(values, 0.5);
    println!();
    println!(
        "| pictures/s, median of {ROUNDS} rounds in turns; {sessions} sessions x {threads} threads, batch {batch} | |"
    );
    println!("|---|---|");
    println!("| the bare model on ready inputs | {:.0} |", median(&mut bare));
    println!(
        "| the same sessions called directly with pictures: scaling and suppression added | {:.0} |",
        median(&mut direct)
    );
    println!(
        "| through scheduler and hand-over, detector in its own process | {:.0} |",
        median(&mut scheduled)
    );
    let of_bare = median(&mut of_bare);
    println!(
        "| scheduler and hand-over of the bare model, median of the rounds (at least 0.95) | {of_bare:.2}: {} |",
        crate::stats::verdict(of_bare >= 0.95)
    );
    println!("| and of the sessions called directly | {:.2} |\n", median(&mut of_direct));
    Ok(())
}

/// Analysed pictures a second of cameras that always have a picture from memory
/// to offer, through the scheduler and the detector's own process, with the
/// plan that it measures by itself.
async fn scheduled_rate(scheduler: &Scheduler, pictures: &[Arc<I420>], lasts: Duration) -> f64 {
    let analysed = Arc::new(AtomicU32::new(0));
    let mut cameras = JoinSet::new();
    for number in 0..CAMERAS {
        let mut lane = scheduler.lane(Wish { period: Duration::from_millis(100), weight: 1.0 });
        let (pictures, analysed) = (pictures.to_vec(), Arc::clone(&analysed));
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
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (began, before) = (Instant::now(), analysed.load(Ordering::Relaxed));
    tokio::time::sleep(lasts).await;
    let count = analysed.load(Ordering::Relaxed) - before;
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn combinations() -> impl Iterator<Item = Combination> {
    SESSIONS.into_iter().flat_map(|sessions| {
        THREADS.into_iter().flat_map(move |threads| {
            BATCHES.into_iter().map(move |batch| Combination { sessions, threads, batch })
        })
    })
}

/// Inputs of the model, ready to be run.
fn inputs(runtime: &Runtime, pictures: &[Arc<I420>]) -> Result<Vec<Vec<f32>>> {
    let letterbox = Detector::load(runtime, &ModelSource::Bundled, 1)?.letterbox(clip::SIZE);
    let area = letterbox.input.width as usize * letterbox.input.height as usize;
    let ready = |picture: &Arc<I420>| -> Result<Vec<f32>> {
        let mut input = vec![0.0; 3 * area];
        letterbox.fill(picture.view(), &mut Room::default(), &mut input)?;
        Ok(input)
    };
    pictures.iter().map(ready).collect()
}

fn batches(inputs: &[Vec<f32>], batch: usize) -> Batches {
    inputs.chunks_exact(batch).map(<[Vec<f32>]>::concat).collect()
}

fn sessions(runtime: &Runtime, combination: Combination) -> Result<Vec<Detector>> {
    let load = |_| Ok(Detector::load(runtime, &ModelSource::Bundled, combination.threads)?);
    (0..combination.sessions).map(load).collect()
}

/// Pictures a second of the model on ready inputs.
fn bare_rate(
    detectors: &mut [Detector],
    batches: &Batches,
    batch: usize,
    lasts: Duration,
) -> Result<f64> {
    rate(detectors, batches, batch, lasts, |detector, input| {
        let size = detector.letterbox(clip::SIZE).input;
        for found in detector.infer(input, size, batch, SCORE_MIN)? {
            found?;
        }
        Ok(())
    })
}

/// Pictures a second of the same sessions from picture to boxes, without a
/// scheduler and in this process.
fn direct_rate(
    detectors: &mut [Detector],
    pictures: &[Arc<I420>],
    batch: usize,
    lasts: Duration,
) -> Result<f64> {
    let batches: Vec<_> = pictures.chunks_exact(batch).collect();
    rate(detectors, &batches, batch, lasts, |detector, batch| {
        let looks: Vec<_> = batch
            .iter()
            .map(|picture| Look { source: picture.size(), picture: picture.view() })
            .collect();
        for found in detector.detect_all(&looks, SCORE_MIN) {
            found?;
        }
        Ok(())
    })
}

/// Calls every detector on a thread of its own, again and again.
fn rate<T: Sync>(
    detectors: &mut [Detector],
    batches: &[T],
    batch: usize,
    lasts: Duration,
    call: impl Fn(&mut Detector, &T) -> Result<()> + Sync,
) -> Result<f64> {
    for detector in &mut *detectors {
        // The first call allocates.
        batches.first().map_or(Ok(()), |first| call(detector, first))?;
    }
    let began = Instant::now();
    let (end, call) = (began + lasts, &call);
    let counts: Result<Vec<u32>> = std::thread::scope(|scope| {
        let running: Vec<_> = detectors
            .iter_mut()
            .map(|detector| {
                scope.spawn(move || -> Result<u32> {
                    let mut count = 0;
                    for input in batches.iter().cycle() {
                        if Instant::now() >= end {
                            break;
                        }
                        call(detector, input)?;
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
}
