//! Who runs the detector: the event loop itself, a thread for each picture, one other process, or an owner of
//! its own that takes the newest picture of each camera. The loop is the same each time, so are the pictures.

mod cameras;
mod designs;
mod run;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use safe_yolo_core::{Detection, PictureSize, PictureTime};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::{Detector, ModelSource, Runtime};
use safe_yolo_media::picture::I420;
use safe_yolo_sim::Scene;

use self::cameras::{Cell, PERIOD, share};
use self::designs::{Design, NAMES};
use self::run::LoopLog;
use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};
use crate::experiments::together::{cores, lock};
use crate::python::Python;

const ABOUT: About = About {
    name: "event-loop",
    source: "000",
    title: Text { en: "Who runs the detector", ko: "탐지는 누가 돌리는가" },
    shows: Text {
        en: "An event loop with 1, 2, 4 and 12 cameras answers commands while the bundled model looks at the \
             pictures: on the loop itself, on a thread for each picture, in one other process, and behind the \
             product's scheduler, which keeps the newest picture of each camera for a detector that it alone \
             feeds. A loop that detects answers nobody meanwhile.",
        ko: "카메라 1, 2, 4, 12대를 맡은 이벤트 루프가 명령에 응답하는 동안 내장 모델이 영상을 탐지한다. 루프에서 직접, \
             영상마다 스레드에서, 별도 프로세스 하나에서, 그리고 제품의 스케줄러 뒤에서(카메라마다 최신 영상 한 장만 \
             남겨 전담 탐지기에 넘긴다). 루프가 직접 탐지하면 그동안 아무 명령에도 응답하지 못한다.",
    },
    published: Text {
        en: "38 to 137 ms blocked a frame; other cameras and commands wait 80 ms",
        ko: "프레임당 38~137 ms 블로킹, 다른 카메라와 명령은 80 ms 대기",
    },
    choice: Text {
        en: "The detector is a process of its own behind a scheduler: one waiting picture a camera, the newest, \
             and what it replaces is counted. Sessions and batch are measured when it starts.",
        ko: "탐지기는 별도 프로세스이고 그 앞에 스케줄러가 있다. 카메라마다 최신 영상 한 장만 기다리며, 밀려난 영상은 \
             개수를 센다. 세션 수와 배치 크기는 시작할 때 측정해서 정한다.",
    },
    libraries: &["tokio", "safe-yolo-pipeline", "safe-yolo-infer", "ort"],
    size: Some(Size { unit: "ms each way", whole: 1200, reduced: 80, most: 60_000, bytes_each: 0 }),
};

/// Cameras on the loop, one after the other.
const CAMERAS: [usize; 4] = [1, 2, 4, 12];
/// Different pictures; the cameras go round.
const PICTURES: u32 = 6;
const SIZE: PictureSize = PictureSize::new(1280, 720);
/// A box as sure as this must be found by every design. Weaker ones may lie on the edge of being told.
const SURE: f32 = 0.3;

/// The experiment.
pub(super) struct EventLoop;

impl Experiment for EventLoop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let no_detector = |error: &dyn std::fmt::Display| LabError::failed("no detector", error);
        let runtime = Runtime::find().map_err(|error| no_detector(&error))?;
        let mut detector = Detector::load(&runtime, &ModelSource::Bundled, cores())
            .map_err(|error| no_detector(&error))?;
        let pictures = pictures()?;
        let truth = pictures.iter().map(|picture| detector.detect(picture, SCORE_MIN));
        let truth: Vec<_> = truth.collect::<Result<_, _>>().map_err(|error| no_detector(&error))?;
        let detector = Arc::new(Mutex::new(detector));
        let mut runs = Vec::new();
        for name in NAMES {
            // Started once for all numbers of cameras, and ended before the next design begins.
            let design = Design::start(name, given, &detector)?;
            for &cameras in if given.reduced { &CAMERAS[..2] } else { &CAMERAS[..] } {
                let lasts = Duration::from_millis(given.size);
                let cell = Cell { cameras, lasts, pictures: pictures.clone() };
                let (way, log) = given.measure(&format!("{name} {cameras}"), || {
                    run::run(&cell, |feeds| design.spawn(feeds))
                })?;
                let answers = log.cameras.iter().map(|camera| camera.answers.len()).sum();
                let way =
                    design.told(figures(Way { seconds: share(way.seconds, answers), ..way }, &log));
                runs.push(Run { name, cell, way, log });
            }
        }
        Ok(findings(runs, &truth))
    }

    fn twin(&self, given: &Given<'_>, python: &Python) -> Result<Findings, LabError> {
        let failed = |error: &dyn std::fmt::Display| LabError::failed("laying out pictures", error);
        let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
        let model = folder.path().join("model.onnx");
        let bytes = ModelSource::Bundled.bytes().map_err(|error| failed(&error))?;
        std::fs::write(&model, bytes).map_err(|error| failed(&error))?;
        for (number, picture) in pictures()?.iter().enumerate() {
            // A format that loses nothing and that OpenCV reads.
            let mut file = format!("P6 {} {} 255\n", SIZE.width, SIZE.height).into_bytes();
            file.extend(picture.to_rgb().map_err(|error| failed(&error))?);
            std::fs::write(folder.path().join(format!("{number}.ppm")), file)
                .map_err(|error| failed(&error))?;
        }
        let more = ["--model".as_ref(), model.as_os_str(), "--pictures".as_ref()];
        python.run(ABOUT.name, given, &[&more[..], &[folder.path().as_os_str()]].concat())
    }
}

/// Pictures of the drawn hall, a second apart.
fn pictures() -> Result<Vec<Arc<I420>>, LabError> {
    let failed = |error: &dyn std::fmt::Display| LabError::failed("drawing pictures", error);
    let scene = Scene::in_size("helmets", 1, SIZE).map_err(|error| failed(&error))?;
    let mut rgb = Vec::new();
    let draw = |number| {
        scene.render(PictureTime::from_millis(1000 * i64::from(number)), &mut rgb);
        I420::from_rgb(SIZE, &rgb).map(Arc::new).map_err(|error| failed(&error))
    };
    (0..PICTURES).map(draw).collect()
}

/// One design with so many cameras, measured.
struct Run {
    name: &'static str,
    cell: Cell,
    way: Way,
    log: LoopLog,
}

fn figures(way: Way, log: &LoopLog) -> Way {
    let ms = |values: &[Duration], part| cameras::quantile(values, part).as_secs_f64() * 1e3;
    let gaps: Vec<Duration> = log.cameras.iter().flat_map(|camera| camera.gaps()).collect();
    let jitter = ms(&gaps, 0.99) - PERIOD.as_secs_f64() * 1e3;
    let replaced: usize = log.cameras.iter().map(|camera| camera.replaced.len()).sum();
    let rate = if way.seconds > 0.0 { 1.0 / way.seconds } else { 0.0 };
    way.with("command, median", ms(&log.commands, 0.5), "ms")
        .with("command, 99 %", ms(&log.commands, 0.99), "ms")
        .with("command, most", ms(&log.commands, 1.0), "ms")
        .with("jitter, 99 %", jitter.max(0.0), "ms")
        .with("analysed", rate, "pictures/s")
        .with("replaced", cameras::number(replaced), "pictures")
}

fn figure(run: &Run, name: &str) -> f64 {
    run.way.figures.iter().find(|figure| figure.name == name).map_or(f64::NAN, |found| found.value)
}

fn findings(runs: Vec<Run>, truth: &[Vec<Detection>]) -> Findings {
    let sure = truth.iter().flatten().filter(|found| found.score >= SURE).count();
    let mut checks = vec![Check::bound("boxes in the pictures", ">= 1", sure, sure >= 1)];
    for name in NAMES {
        checks.extend(outcome(name, runs.iter().filter(|run| run.name == name), truth));
    }
    let goals = runs.iter().filter(|run| run.name == "actor").flat_map(|run| goals(run, &runs));
    Findings { checks, goals: goals.collect(), ways: runs.into_iter().map(|run| run.way).collect() }
}

/// What must hold of a design, whatever the machine.
fn outcome<'a>(
    name: &str,
    runs: impl Iterator<Item = &'a Run>,
    truth: &[Vec<Detection>],
) -> Vec<Check> {
    let (mut offered, mut accounted, mut answers) = (0, 0, 0);
    let (mut disorder, mut other_boxes, mut on_the_loop) = (0, 0, 0);
    let (mut sent, mut answered, mut stalled) = (0, 0, true);
    for Run { cell, log, .. } in runs {
        // By what there should be: a camera that is missing lost all its pictures.
        offered += cell.cameras * cell.offered() as usize;
        for camera in &log.cameras {
            accounted += camera.accounted_once(cell.offered());
            answers += camera.answers.len();
            disorder += camera.out_of_order();
            on_the_loop +=
                camera.answers.iter().filter(|answer| answer.by.is_thread(log.thread)).count();
            other_boxes += camera
                .answers
                .iter()
                .filter(|answer| {
                    !alike(&answer.found, &truth[cell.which(camera.camera, answer.number)])
                })
                .count();
        }
        sent += log.sent;
        answered += log.commands.len();
        stalled &= log.shortest_detection_here().is_some_and(|least| log.longest_gap >= least);
    }
    let mut checks = vec![
        Check::equal(&format!("{name}: pictures answered or replaced, once"), &offered, &accounted),
        Check::equal(&format!("{name}: answers out of order"), &0, &disorder),
        Check::equal(&format!("{name}: answers with other boxes"), &0, &other_boxes),
        Check::equal(&format!("{name}: commands answered"), &sent, &answered),
    ];
    let here = if name == "blocking" { answers } else { 0 };
    checks.push(Check::equal(
        &format!("{name}: detections on the loop's thread"),
        &here,
        &on_the_loop,
    ));
    if name == "blocking" {
        let what = "blocking: the loop stands still for at least a detection";
        checks.push(Check::equal(what, &true, &stalled));
    }
    checks
}

/// What the product's design is for.
fn goals(actor: &Run, runs: &[Run]) -> [Check; 2] {
    let cameras = actor.cell.cameras;
    let others = || runs.iter().filter(|run| run.cell.cameras == cameras && run.name != "actor");
    let (late, rate) = (figure(actor, "command, 99 %"), figure(actor, "analysed"));
    let blocking = others().find(|run| run.name == "blocking");
    let bound = blocking.map_or(f64::NAN, |run| figure(run, "command, 99 %"));
    let best = others().map(|run| figure(run, "analysed")).fold(0.0, f64::max);
    [
        Check::bound(
            &format!("actor {cameras}: commands, 99 %"),
            format!("under blocking's {bound:.1} ms"),
            format!("{late:.1} ms"),
            late < bound,
        ),
        Check::bound(
            &format!("actor {cameras}: pictures/s"),
            // Where all keep up they only differ by how the last picture falls.
            format!(">= 0.97 of the best other, {best:.1}"),
            format!("{rate:.1}"),
            rate >= 0.97 * best,
        ),
    ]
}

/// Whether two answers about a picture say the same, but for rounding.
fn alike(one: &[Detection], other: &[Detection]) -> bool {
    let holds = |all: &[Detection], wanted: &Detection| {
        all.iter().any(|found| {
            let (a, b): ([f32; 4], [f32; 4]) = (found.bbox.into(), wanted.bbox.into());
            found.class == wanted.class
                && (found.score - wanted.score).abs() < 0.02
                && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1.0)
        })
    };
    let within = |some: &[Detection], all: &[Detection]| {
        some.iter().filter(|found| found.score >= SURE).all(|found| holds(all, found))
    };
    within(one, other) && within(other, one)
}

/// Looks at a picture right here.
fn look(detector: &Mutex<Detector>, picture: &I420) -> Result<Vec<Detection>, LabError> {
    // The threads take turns: the old design's one detector carried the tracks of all cameras along, and
    // two pictures at once mixed them up. Here a call without the lock would not compile.
    lock(detector)
        .detect(picture, SCORE_MIN)
        .map_err(|error| LabError::failed("looking at a picture", error))
}

#[cfg(test)]
mod tests;
