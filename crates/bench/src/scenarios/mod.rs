//! Event F1 over the shipped scenarios, in two columns: true boxes, and the detector's, both fed to
//! the same tracker and rules. What the first column lacks, tracking and rules lose; what the second
//! lacks beyond it, the detector.

mod equipment;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    Analysis, CameraConfig, Class, Detection, EventChange, PictureSize, PictureTime, Polygon, Zone,
};
use safe_yolo_infer::{DetectorPool, PoolConfig, Runtime};
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::offline::{Offline, Watch};
use safe_yolo_score::events::{self, EventRow, EventScore, EventStart};
use safe_yolo_sim::Scene;
use safe_yolo_track::TrackerConfig;

use equipment::Said;

/// F1 that each column must reach.
const TRUE_BOXES_F1_MIN: f64 = 0.98;
const DETECTOR_F1_MIN: f64 = 0.95;
/// F1 that each type of event must reach in each column.
const TYPE_F1_MIN: f64 = 0.95;
/// Less of something than this no detector finds.
const VISIBLE_MIN: f32 = 0.25;
/// Numbers of drivers begin here: they are part of their vehicle.
const DRIVER_FIRST: u32 = 1000;
/// True boxes are as sharp as the picture.
const TRUE_BOXES_SCALE: f32 = 1.0;

/// Which columns, over which scenes.
#[derive(Debug, Args)]
pub(crate) struct ScenarioArguments {
    /// Only this scenario, or `random`; may be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Seeds of the scenes; may be given again
    #[arg(long, value_name = "N", default_values_t = [1, 2])]
    seed: Vec<u64>,
    /// Analysed pictures a second
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=15))]
    rate: u8,
    /// Size of the pictures; without it that of the scenario's camera
    #[arg(long, value_name = "WxH")]
    size: Option<PictureSize>,
    /// Looks at nobody twice, to tell what the second look brings
    #[arg(long)]
    without_second_look: bool,
    /// Leaves the detector out
    #[arg(long)]
    true_boxes_only: bool,
    /// Lists what is missed and what is false
    #[arg(long)]
    list: bool,
}

/// True and found events of some scenes.
#[derive(Debug, Default)]
struct Events {
    truth: Vec<EventStart>,
    found: Vec<EventStart>,
}

pub(crate) async fn run(arguments: &ScenarioArguments) -> Result<()> {
    let names = if arguments.only.is_empty() {
        Scene::SCENARIOS.to_vec()
    } else {
        arguments.only.iter().map(String::as_str).collect()
    };
    let rate = f64::from(arguments.rate);
    let detectors = match arguments.true_boxes_only {
        true => None,
        false => Some(DetectorPool::start(&Runtime::find()?, &PoolConfig::default())?),
    };
    let (mut boxes, mut seen) = (Events::default(), Events::default());
    let mut said = Said::default();
    println!("| scenario | true events | F1 from true boxes | F1 from the detector |");
    println!("|---|---|---|---|");
    for name in names {
        let (mut from_boxes, mut from_seen) = (Events::default(), Events::default());
        for seed in &arguments.seed {
            let camera = format!("{name}-{seed}");
            let scene = Scene::open(name, *seed, arguments.size)?;
            let truth = truth(&scene, &camera);
            from_boxes.truth.extend(truth.clone());
            from_boxes.found.extend(found(&camera, &from_true_boxes(&scene, rate)?));
            if let Some(detectors) = &detectors {
                let (changes, equipment) =
                    from_detector(arguments, (name, *seed), &scene, detectors).await?;
                said.add(equipment);
                // What the model does not know no rule can tell, and says so.
                let blind = blind_types(&scene, &detectors.info().classes());
                from_seen
                    .truth
                    .extend(truth.into_iter().filter(|e| !blind.contains(&e.event_type)));
                from_seen.found.extend(found(&camera, &changes));
            }
        }
        let score = from_boxes.score()?;
        let detected = detectors.as_ref().map(|_| from_seen.score()).transpose()?;
        println!(
            "| `{name}` | {} | {} | {} |",
            score.all.true_events,
            shown(&score.all),
            detected.as_ref().map_or_else(|| "not measured".to_owned(), |score| shown(&score.all))
        );
        if arguments.list {
            from_boxes.list("true boxes");
            from_seen.list("detector");
        }
        boxes.add(from_boxes);
        seen.add(from_seen);
    }
    let mut low = check("true boxes", &boxes.score()?, TRUE_BOXES_F1_MIN);
    if detectors.is_some() {
        low |= check("detector", &seen.score()?, DETECTOR_F1_MIN);
        said.print();
    }
    if low {
        bail!("an F1 is below its bound");
    }
    Ok(())
}

/// Prints the table of one column; whether its F1 is too low.
fn check(column: &str, score: &EventScore, least: f64) -> bool {
    println!("\n| {column} | true | found | false | F1 |\n|---|---|---|---|---|");
    for row in score.types.iter().chain([&score.all]) {
        println!(
            "| {} | {} | {} | {} | {} |",
            row.event_type,
            row.true_events,
            row.found,
            row.false_events,
            shown(row)
        );
    }
    let answer = |low: bool| if low { "no" } else { "yes" };
    let low = score.all.f1.is_none_or(|f1| f1 < least);
    let low_types = low_types(score);
    println!("\nat least {least}: {}", answer(low));
    println!("each at least {TYPE_F1_MIN}: {}", answer(!low_types.is_empty()));
    low || !low_types.is_empty()
}

/// The types of event whose F1 is too low.
fn low_types(score: &EventScore) -> Vec<&str> {
    let low = |row: &&EventRow| row.f1.is_some_and(|f1| f1 < TYPE_F1_MIN);
    score.types.iter().filter(low).map(|row| row.event_type.as_str()).collect()
}

fn shown(row: &EventRow) -> String {
    row.f1.map_or_else(|| "none true, none found".to_owned(), |f1| format!("{f1:.3}"))
}

impl Events {
    fn add(&mut self, other: Self) {
        self.truth.extend(other.truth);
        self.found.extend(other.found);
    }

    fn score(&self) -> Result<EventScore> {
        Ok(events::score(&self.truth, &self.found)?)
    }

    fn list(&self, column: &str) {
        let line = |event: &EventStart| {
            let camera = event.camera.as_deref().unwrap_or_default();
            format!("{camera} {:.2} {}", event.start.secs_f64(), event.event_type)
        };
        for (what, all) in [("true", &self.truth), ("found", &self.found)] {
            let mut lines: Vec<String> = all.iter().map(line).collect();
            lines.sort();
            lines.iter().for_each(|line| println!("{column}, {what}: {line}"));
        }
    }
}

/// The true events of one loop.
fn truth(scene: &Scene, camera: &str) -> Vec<EventStart> {
    let events = scene.events(scene.duration()).into_iter();
    let event = |event: safe_yolo_sim::TruthEvent| EventStart {
        event_type: event.kind.name().to_owned(),
        camera: Some(camera.to_owned()),
        start: PictureTime::from_secs_f64(event.start_s),
    };
    events.map(event).collect()
}

/// The events of rules that need what the model does not know.
fn blind_types(scene: &Scene, known: &BTreeSet<Class>) -> BTreeSet<String> {
    let rules = scene.zones().into_iter().flat_map(|zone| zone.rules);
    let blind = rules.filter(|rule| !rule.classes().is_subset(known));
    blind.map(|rule| rule.event().name().to_owned()).collect()
}

/// The events that were raised.
fn found(camera: &str, changes: &[EventChange]) -> Vec<EventStart> {
    let raised = changes.iter().filter(|change| change.kind == ChangeKind::Raised);
    let start = |change: &EventChange| {
        let start_s = change.event.details.get("start_s").and_then(serde_json::Value::as_f64)?;
        Some(EventStart {
            event_type: change.event.event_type.name().to_owned(),
            camera: Some(camera.to_owned()),
            start: PictureTime::from_secs_f64(start_s),
        })
    };
    raised.filter_map(start).collect()
}

/// A camera over the scene with its zones and the default rules.
fn config(scene: &Scene, source: &str, rate: f64) -> Result<CameraConfig> {
    let zone = |(number, suggested): (usize, safe_yolo_sim::SceneZone)| -> Result<Zone> {
        Ok(Zone {
            id: format!("zone-{number}").parse()?,
            name: suggested.name_en,
            zone_type: suggested.zone_type,
            points: Polygon::new(suggested.points)?,
            active: true,
            place: None,
            anchor: safe_yolo_core::Anchor::Foot,
            schedule: None,
            dwell_s: default_dwell_s(),
            pause_s: default_pause_s(),
            require: suggested.require,
            rules: suggested.rules,
        })
    };
    Ok(CameraConfig {
        id: "drawn".parse()?,
        name: "drawn".to_owned(),
        source: source.to_owned(),
        enabled: true,
        repeat: true,
        analysis_rate_max: rate,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: Some(scene.calibration()?),
        calendar: safe_yolo_core::Calendar::default(),
        zones: scene.zones().into_iter().enumerate().map(zone).collect::<Result<_>>()?,
        version: 1,
    })
}

/// What tracker and rules make of what is really there.
fn from_true_boxes(scene: &Scene, rate: f64) -> Result<Vec<EventChange>> {
    let config = Arc::new(config(scene, "sim://truth", rate)?);
    let known: BTreeSet<Class> = Class::ALL.iter().copied().collect();
    let mut watch = Watch::new(config, known, TrackerConfig::default())?;
    let mut changes = Vec::new();
    let count = scene.duration() * rate;
    for number in (0_u32..).take_while(|number| f64::from(*number) < count) {
        let time = PictureTime::from_secs_f64(f64::from(number) / rate);
        let answer = Analysis::Done(detections(scene, time));
        if let Analysis::Done(analysed) =
            watch.take(time, scene.size(), TRUE_BOXES_SCALE, answer)?
        {
            changes.extend(analysed.changes);
        }
    }
    changes.extend(watch.finish());
    Ok(changes)
}

/// What a perfect detector finds.
fn detections(scene: &Scene, time: PictureTime) -> Vec<Detection> {
    let boxes = scene.boxes(time).into_iter();
    boxes
        .filter(|b| b.visible >= VISIBLE_MIN && b.actor.is_none_or(|actor| actor < DRIVER_FIRST))
        .map(|b| Detection { class: b.class, score: 0.9, bbox: b.bbox })
        .collect()
}

/// What the whole pipeline makes of the pictures.
async fn from_detector(
    arguments: &ScenarioArguments,
    (name, seed): (&str, u64),
    scene: &Scene,
    detectors: &DetectorPool,
) -> Result<(Vec<EventChange>, Said)> {
    let rate = f64::from(arguments.rate);
    let address = format!("sim://{name}?seed={seed}&size={}", scene.size());
    let offline = Offline {
        detectors: detectors.clone(),
        tracking: TrackerConfig::default(),
        config: Arc::new(config(scene, &address, rate)?),
        source: SourceSpec::parse(&address, &SourcePolicy::trusted())?,
        rate_max: Some(rate),
        until: Some(PictureTime::from_secs_f64(scene.duration())),
        second_look: !arguments.without_second_look,
    };
    let (mut changes, mut failed, mut said) = (Vec::new(), 0, Said::default());
    let zones = offline.config.zones.clone();
    let sink = |frame: safe_yolo_pipeline::offline::Frame| {
        match frame.analysis {
            Analysis::Done(analysed) => {
                said.picture(scene, &zones, frame.time, &analysed);
                changes.extend(analysed.changes);
            }
            Analysis::Skipped(_) | Analysis::Failed(_) => failed += 1,
        }
        Ok(())
    };
    let last = offline.run(|_| {}, sink).await.with_context(|| address.clone())?;
    if failed > 0 {
        bail!("{address}: {failed} pictures were not analysed, so this is no score");
    }
    changes.extend(last);
    Ok((changes, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At several rates: what is told must not hang on how often somebody looks.
    #[test]
    fn true_boxes_give_the_true_events_of_every_scenario() {
        for rate in [5.0, 10.0] {
            let mut all = Events::default();
            for name in Scene::SCENARIOS {
                for seed in [1, 2] {
                    let scene = Scene::new(name, seed).unwrap();
                    let camera = format!("{name}-{seed}");
                    all.truth.extend(truth(&scene, &camera));
                    all.found.extend(found(&camera, &from_true_boxes(&scene, rate).unwrap()));
                }
            }
            assert!(all.truth.len() > 150, "{} events", all.truth.len());
            let score = all.score().unwrap();
            let f1 = score.all.f1.unwrap();
            assert!(f1 >= TRUE_BOXES_F1_MIN, "at {rate}/s F1 is {f1}: {score:#?}");
            assert_eq!(low_types(&score), Vec::<&str>::new(), "at {rate}/s: {score:#?}");
        }
    }

    /// A detector that misses somebody, or sees what is not there, must not reach the bound.
    #[test]
    fn a_blind_detector_has_no_events() {
        let scene = Scene::new("intruders", 1).unwrap();
        let blind = Events { truth: truth(&scene, "a"), found: Vec::new() };
        assert!(blind.score().unwrap().all.f1.unwrap() < 0.01);
    }
}
