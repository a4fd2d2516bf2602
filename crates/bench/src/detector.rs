//! The pipeline against the bare ONNX Runtime call on the same pictures, decoding apart.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use safe_yolo_core::{
    Analysis, CameraConfig, Equipment, FractionPoint, PictureTime, Polygon, SegmentId, Utc, Zone,
    ZoneType,
};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::letterbox::Room;
use safe_yolo_infer::{Detector, DetectorPool, ModelSource, PoolConfig, Runtime};
use safe_yolo_media::picture::I420;
use safe_yolo_pipeline::analyst::Analyst;
use safe_yolo_track::TrackerConfig;

use crate::clip;
use crate::stats::quantile;

const PICTURES: u32 = 150;
const RATE: f64 = 15.0;
/// Measured in turn, so that a busy moment of the machine hits both.
const ROUNDS: usize = 5;

pub(crate) async fn measure() -> Result<()> {
    let pictures: Vec<Arc<I420>> =
        clip::pictures(PICTURES, RATE)?.into_iter().map(Arc::new).collect();
    let runtime = Runtime::find()?;
    let pool = DetectorPool::start(&runtime, &PoolConfig::default())?;
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bare_rate(&runtime, &pictures)?);
        whole.push(pipeline_rate(&pool, &pictures).await?);
    }
    let mut overhead: Vec<f64> =
        bare.iter().zip(&whole).map(|(bare, whole)| bare / whole - 1.0).collect();
    println!("| 1280x720, detector on all cores, {ROUNDS} rounds of {PICTURES} pictures | |");
    println!("|---|---|");
    println!("| bare ONNX Runtime call, pictures/s (median) | {:.0} |", quantile(&mut bare, 0.5));
    println!(
        "| with scaling, decoding of boxes, tracking and rules, pictures/s (median) | {:.0} |",
        quantile(&mut whole, 0.5)
    );
    println!(
        "| what the pipeline adds, median of the rounds (at most 25 %) | {:.0} % |\n",
        quantile(&mut overhead, 0.5) * 100.0
    );
    Ok(())
}

/// Sessions of one thread on every core over inputs that are ready.
fn bare_rate(runtime: &Runtime, pictures: &[Arc<I420>]) -> Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut lanes = Vec::new();
    for lane in 0..cores {
        let mut detector = Detector::load(runtime, &ModelSource::Bundled, 1)?;
        let letterbox = detector.letterbox(clip::SIZE);
        let (mut inputs, mut room) = (Vec::new(), Room::default());
        for picture in pictures.iter().skip(lane).step_by(cores) {
            let area = letterbox.input.width as usize * letterbox.input.height as usize;
            let mut input = vec![0.0; 3 * area];
            letterbox.fill(picture.view(), &mut room, &mut input)?;
            inputs.push(input);
        }
        // The first call allocates.
        detector.infer(&inputs[0], letterbox.input, 1, SCORE_MIN)?;
        lanes.push((detector, letterbox.input, inputs));
    }
    let started = Instant::now();
    let outcome: Result<Vec<()>, _> = std::thread::scope(|scope| {
        let running: Vec<_> = lanes
            .iter_mut()
            .map(|(detector, size, inputs)| {
                scope.spawn(move || {
                    inputs
                        .iter()
                        .try_for_each(|input| detector.infer(input, *size, 1, SCORE_MIN).map(drop))
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .map_err(|_panic| anyhow::anyhow!("a thread panicked"))?
                    .map_err(Into::into)
            })
            .collect::<Result<Vec<()>, anyhow::Error>>()
    });
    outcome?;
    Ok(f64::from(PICTURES) / started.elapsed().as_secs_f64())
}

/// The pool, the tracker and the rules over the same pictures.
async fn pipeline_rate(pool: &DetectorPool, pictures: &[Arc<I420>]) -> Result<f64> {
    let config = Arc::new(config()?);
    let tracking = TrackerConfig::default();
    let mut analyst = Analyst::new(SegmentId(1), config, pool.info().classes(), tracking)?;
    let scale = pool.input_scale(clip::SIZE);
    let started = Instant::now();
    let mut running = FuturesOrdered::new();
    let mut waiting = pictures.iter().zip(0_u32..);
    loop {
        while running.len() < 4 {
            let Some((picture, number)) = waiting.next() else { break };
            let (pool, picture) = (pool.clone(), Arc::clone(picture));
            running.push_back(async move { (number, pool.analyse(picture, SCORE_MIN).await) });
        }
        let Some((number, analysis)) = running.next().await else { break };
        let Analysis::Done(found) = analysis else { bail!("picture {number} was not analysed") };
        let time = PictureTime::from_secs_f64(f64::from(number) / RATE);
        let picture = &pictures[number as usize];
        analyst.picture(time, Utc(time.micros()), picture, scale, &found, None)?;
    }
    Ok(f64::from(PICTURES) / started.elapsed().as_secs_f64())
}

fn config() -> Result<CameraConfig> {
    let points = [[0.05, 0.4], [0.95, 0.4], [0.95, 0.95], [0.05, 0.95]];
    let zone = Zone {
        id: "z".parse()?,
        name: "all".into(),
        zone_type: ZoneType::Danger,
        points: Polygon::new(points.into_iter().map(FractionPoint::from).collect())?,
        active: true,
        place: None,
        anchor: safe_yolo_core::Anchor::Foot,
        schedule: None,
        dwell_s: 2.0,
        pause_s: 30.0,
        require: [Equipment::Helmet, Equipment::Vest].into(),
        rules: Vec::new(),
    };
    Ok(CameraConfig {
        id: "bench".parse()?,
        name: "bench".into(),
        source: "memory".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 60.0,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        zones: vec![zone],
        version: 1,
    })
}
