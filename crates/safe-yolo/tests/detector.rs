//! The detector's own process: what it finds, and what its end costs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use safe_yolo_core::{Analysis, BreakerConfig, PictureSize, PictureTime};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::{
    Analyser, Detector, DetectorState, Family, IsolatedConfig, IsolatedDetector, IsolatedError,
    ModelSource, Plan, PlanChoice, Provider, Runtime,
};
use safe_yolo_media::picture::I420;
use safe_yolo_sim::Scene;
use tempfile::TempDir;

#[path = "../../chaos/src/nan_model.rs"]
#[expect(dead_code, reason = "one of its models is used")]
mod nan_model;

/// Shown at once means within this.
const AT_ONCE: Duration = Duration::from_secs(5);
const BACK_MAX: Duration = Duration::from_secs(10);

fn config() -> IsolatedConfig {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_safe-yolo"));
    let choice =
        PlanChoice { sessions: Some(1), threads: Some(1), batch: Some(4), wait_ms: Some(0) };
    // A busy machine is slow, and no hang.
    let answer_max = Duration::from_secs(30);
    IsolatedConfig { choice, answer_max, ..IsolatedConfig::new(program, ModelSource::Bundled) }
}

fn start(config: IsolatedConfig) -> IsolatedDetector {
    IsolatedDetector::start(config).unwrap()
}

/// A detector, and the longest it may take to be back: on a slow machine that is
/// measured by what its first start took, as it is less urgent later.
fn start_measured(config: IsolatedConfig) -> (IsolatedDetector, Duration) {
    let begun = Instant::now();
    let detector = start(config);
    (detector, BACK_MAX.max(begun.elapsed() * 4))
}

/// Pictures with people, some of another size.
fn pictures() -> Vec<Arc<I420>> {
    let scene = Scene::new("helmets", 1).unwrap();
    let mut rgb = Vec::new();
    let mut pictures = Vec::new();
    for second in [2, 4, 6] {
        scene.render(PictureTime::from_millis(second * 1000), &mut rgb);
        pictures.push(I420::from_rgb(scene.size(), &rgb).unwrap());
    }
    let large = pictures[0].scaled(PictureSize::new(1280, 720)).unwrap();
    pictures.push(large);
    pictures.into_iter().map(Arc::new).collect()
}

fn signal(name: &str, detector: &IsolatedDetector) {
    let pid = detector.status().pid.unwrap().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Waits until the state is as wanted and says how long that took.
async fn wait_for(
    detector: &IsolatedDetector,
    limit: Duration,
    wanted: impl FnMut(&DetectorState) -> bool,
) -> Duration {
    let begun = Instant::now();
    let mut state = detector.state();
    let reached = tokio::time::timeout(limit, state.wait_for(wanted)).await;
    assert!(reached.is_ok(), "not within {limit:?}, but {:?}", *detector.state().borrow());
    begun.elapsed()
}

fn is_down(state: &DetectorState) -> bool {
    matches!(state, DetectorState::Down(_))
}

fn is_ready(state: &DetectorState) -> bool {
    *state == DetectorState::Ready
}

#[tokio::test]
async fn it_finds_what_the_model_finds_in_this_process() {
    let detector = start(config());
    let pictures = pictures();
    let answers = detector.analyse(pictures.clone(), SCORE_MIN).await;
    let mut plain = Detector::load(&Runtime::find().unwrap(), &ModelSource::Bundled, 1).unwrap();
    let mut people = 0;
    for (picture, answer) in pictures.iter().zip(answers) {
        let Analysis::Done(found) = answer else { panic!("{answer:?}") };
        let expected = plain.detect(picture, SCORE_MIN).unwrap();
        assert_eq!(found.len(), expected.len());
        people += found.len();
        for (found, expected) in found.iter().zip(&expected) {
            // A batch of four is summed up in another order.
            assert_eq!(found.class, expected.class);
            assert!((found.score - expected.score).abs() < 1e-3);
            assert!((found.bbox.x1 - expected.bbox.x1).abs() < 0.1);
        }
    }
    assert!(people > 0);
    assert_eq!(detector.status().plan, Plan { sessions: 1, threads: 1, batch: 4, wait_ms: 0 });
}

#[tokio::test]
async fn c12_a_crash_is_told_at_once_and_costs_seconds() {
    let (detector, back_max) = start_measured(config());
    let before = detector.status().pid;
    let pictures_before = pictures();
    let mut state = detector.state();
    signal("-STOP", &detector);
    let owed = detector.analyse(pictures_before, SCORE_MIN);
    signal("-KILL", &detector);
    let down = tokio::time::timeout(AT_ONCE, state.changed());
    assert!(down.await.is_ok_and(|changed| changed.is_ok()), "nobody is told");
    for answer in owed.await {
        let Analysis::Failed(why) = &answer else { panic!("{answer:?}") };
        // Whoever notices first says why: the one who reads or the one who writes.
        assert!(why.contains("ended") || why.contains("takes no requests"), "{why}");
    }
    wait_for(&detector, back_max, is_ready).await;
    assert_ne!(detector.status().pid, before);
    assert_eq!(detector.status().restarts, 1);

    // Rust's own handler takes the first for a question about its stack; a
    // fault of the program's own comes again at once.
    while let Some(pid) = detector.status().pid.filter(|_| detector.status().restarts == 1) {
        // It may be gone by now.
        Command::new("kill").args(["-SEGV", &pid.to_string()]).status().unwrap();
    }
    wait_for(&detector, back_max, is_ready).await;
    let answers = detector.analyse(pictures(), SCORE_MIN).await;
    assert!(answers.iter().all(|answer| matches!(answer, Analysis::Done(_))), "{answers:?}");
}

#[tokio::test]
async fn c12_a_hang_is_a_failure_too() {
    // It judges the last answer, too: four pictures, and the first after a start.
    let answer_max = Duration::from_secs(5);
    let (detector, back_max) = start_measured(IsolatedConfig { answer_max, ..config() });
    let pictures = pictures();
    signal("-STOP", &detector);
    let begun = Instant::now();
    let answers = detector.analyse(pictures.clone(), SCORE_MIN).await;
    assert!(begun.elapsed() < answer_max + AT_ONCE, "{:?}", begun.elapsed());
    assert!(answers.iter().all(|answer| matches!(answer, Analysis::Failed(_))), "{answers:?}");
    wait_for(&detector, back_max, is_ready).await;
    let answers = detector.analyse(pictures, SCORE_MIN).await;
    assert!(answers.iter().all(|answer| matches!(answer, Analysis::Done(_))), "{answers:?}");
}

/// A picture of one brightness.
fn plain(brightness: u8) -> Vec<Arc<I420>> {
    let size = PictureSize::new(320, 240);
    let mut bytes = vec![128; I420::byte_len(size)];
    bytes[..320 * 240].fill(brightness);
    vec![Arc::new(I420::new(size, bytes).unwrap())]
}

/// Waits until a failed picture says so; asks for this one until then.
async fn wait_for_failure(detector: &IsolatedDetector, picture: &[Arc<I420>], wanted: &str) {
    let failed = async {
        loop {
            let answers = detector.analyse(picture.to_vec(), SCORE_MIN).await;
            assert!(matches!(answers[..], [Analysis::Failed(_)]), "{answers:?}");
            if format!("{answers:?}").contains(wanted) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), failed).await.unwrap();
}

#[tokio::test]
async fn c12_who_answers_with_failures_only_is_started_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("nan.onnx");
    std::fs::write(&file, nan_model::model(nan_model::Mad::OnBright)).unwrap();
    // A good answer before three seconds of failures is no recovery.
    let breaker = BreakerConfig { failures_max: 2, ..BreakerConfig::default() };
    let model = ModelSource::File(file);
    let (detector, back_max) = start_measured(IsolatedConfig { model, breaker, ..config() });
    let (dark, bright) = (plain(60), plain(235));
    for restarts in 1..=2 {
        let pid = detector.status().pid;
        let answers = detector.analyse(dark.clone(), SCORE_MIN).await;
        assert!(matches!(answers[..], [Analysis::Done(_)]), "{answers:?}");
        wait_for_failure(&detector, &bright, "fails on every picture: the model's output").await;
        if restarts == 1 {
            wait_for(&detector, back_max, is_ready).await;
            assert_ne!(detector.status().pid, pid);
            assert_eq!(detector.status().restarts, 1);
        }
    }
    let mut status = detector.watch_status();
    let open = status.wait_for(|status| status.breaker == "open");
    tokio::time::timeout(AT_ONCE, open).await.unwrap().unwrap();
}

/// A program that has an accelerator as long as a file says so: the processor.
fn accelerated(folder: &Path) -> PathBuf {
    let program = folder.join("accelerated");
    let text = format!(
        "#!/bin/sh\n[ \"$3\" = cpu ] || [ \"$(cat '{}')\" = good ] || exit 3\nshift 3\n\
         exec '{}' detector --provider cpu \"$@\"\n",
        folder.join("mood").display(),
        env!("CARGO_BIN_EXE_safe-yolo")
    );
    std::fs::write(&program, text).unwrap();
    set_mood(folder, "bad");
    assert!(Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
    program
}

#[tokio::test]
async fn a_better_provider_takes_over_without_a_pause_and_is_given_up_at_once() {
    let folder = TempDir::new().unwrap();
    let providers = vec![Provider::Cuda, Provider::Cpu];
    let (program, better_after) = (accelerated(folder.path()), Duration::from_millis(100));
    let config = IsolatedConfig { program, providers, better_after, ..config() };
    let (detector, back_max) = start_measured(config);
    assert!(detector.status().fallback);
    let state = detector.state();
    let before = detector.status().pid;
    set_mood(folder.path(), "good");
    let returned = async {
        while detector.status().fallback {
            let answers = detector.analyse(pictures(), SCORE_MIN).await;
            assert!(answers.iter().all(|a| matches!(a, Analysis::Done(_))), "{answers:?}");
        }
    };
    tokio::time::timeout(back_max + AT_ONCE, returned).await.unwrap();
    assert!(!state.has_changed().unwrap(), "it was never down");
    let status = detector.status();
    assert_ne!(status.pid, before);
    assert_eq!((status.provider, status.restarts), (Provider::Cuda, 0));

    set_mood(folder.path(), "bad");
    signal("-KILL", &detector);
    let mut statuses = detector.watch_status();
    let back = statuses.wait_for(|status| status.fallback && status.restarts == 1);
    tokio::time::timeout(back_max, back).await.unwrap().unwrap();
    wait_for(&detector, back_max, is_ready).await;
    let answers = detector.analyse(pictures(), SCORE_MIN).await;
    assert!(answers.iter().all(|answer| matches!(answer, Analysis::Done(_))), "{answers:?}");
}

/// A program that is the real one as long as a file says so.
fn moody(folder: &Path) -> PathBuf {
    let program = folder.join("moody");
    let text = format!(
        "#!/bin/sh\n[ \"$(cat '{}')\" = good ] || exit 3\nexec '{}' \"$@\"\n",
        folder.join("mood").display(),
        env!("CARGO_BIN_EXE_safe-yolo")
    );
    std::fs::write(&program, text).unwrap();
    set_mood(folder, "good");
    assert!(Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
    program
}

fn set_mood(folder: &Path, mood: &str) {
    std::fs::write(folder.join("mood"), mood).unwrap();
}

#[tokio::test]
async fn c12_what_keeps_failing_is_left_alone_for_a_while_and_then_tried_again() {
    let folder = TempDir::new().unwrap();
    let breaker = BreakerConfig { open_first: Duration::from_secs(2), ..BreakerConfig::default() };
    let program = moody(folder.path());
    let (detector, back_max) = start_measured(IsolatedConfig { program, breaker, ..config() });
    let mut status = detector.watch_status();
    set_mood(folder.path(), "bad");
    signal("-KILL", &detector);
    let open = status.wait_for(|status| status.breaker == "open");
    tokio::time::timeout(Duration::from_secs(20), open).await.unwrap().unwrap();
    assert!(is_down(&detector.state().borrow().clone()), "cameras are blind meanwhile");
    set_mood(folder.path(), "good");
    wait_for(&detector, Duration::from_secs(2) + back_max, is_ready).await;
    let closed = async {
        while detector.status().breaker != "closed" {
            let answers = detector.analyse(pictures(), SCORE_MIN).await;
            assert!(answers.iter().all(|a| matches!(a, Analysis::Done(_))), "{answers:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(15), closed).await.unwrap();
}

#[tokio::test]
async fn an_accelerator_that_is_not_there_is_fallen_back_from() {
    for best in [Provider::Cuda, Provider::Tensorrt, Provider::Openvino] {
        let providers = best.with_fallbacks().to_vec();
        let detector = start(IsolatedConfig { providers, ..config() });
        let status = detector.status();
        if status.provider != Provider::Cpu {
            println!("SKIPPED: this machine has {} for it", status.provider.name());
            continue;
        }
        assert!(status.fallback, "{best:?}");
        let answers = detector.analyse(pictures(), SCORE_MIN).await;
        assert!(answers.iter().all(|a| matches!(a, Analysis::Done(_))), "{best:?}: {answers:?}");
    }
}

#[test]
fn a_child_that_is_none_is_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let with = |program: &Path| {
        let start_max = Duration::from_secs(30);
        let config = IsolatedConfig { program: program.to_owned(), start_max, ..config() };
        match IsolatedDetector::start(config) {
            Err(IsolatedError::Start(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(with(Path::new("/bin/false")).contains("exit status: 1"));
    assert!(with(&folder.path().join("nothing")).contains("nothing"));
    let chatty = folder.path().join("chatty");
    std::fs::write(&chatty, "#!/bin/sh\nprintf 'GET / HTTP/1.1' >&0\nsleep 20\n").unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&chatty).status().unwrap().success());
    let why = with(&chatty);
    assert!(why.contains("frame") || why.contains("expected"), "{why}");
}

#[test]
fn a_model_that_can_not_be_used_is_refused_by_name() {
    let model = ModelSource::File("/nowhere/model.onnx".into());
    let refused = IsolatedDetector::start(IsolatedConfig { model, ..config() });
    let Err(IsolatedError::Refused(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("/nowhere/model.onnx"), "{why}");
}

#[tokio::test]
async fn a_model_of_another_family_works_in_the_child_too() {
    let file = golden("two-families.onnx");
    let model = ModelSource::File(file.clone());
    let refused = IsolatedDetector::start(IsolatedConfig { model, ..config() });
    let Err(IsolatedError::Refused(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("could be yolox or yolov10"), "{why}");
    for (model, family) in [
        (ModelSource::FileOf(file, Family::Yolox), Family::Yolox),
        (ModelSource::File(golden("rf-detr.onnx")), Family::RfDetr),
    ] {
        let mut plain = Detector::load(&Runtime::find().unwrap(), &model, 1).unwrap();
        let detector = start(IsolatedConfig { model, ..config() });
        assert_eq!(detector.info().as_ref(), plain.info());
        assert_eq!(detector.info().family, family);
        let pictures = pictures();
        let answers = detector.analyse(pictures.clone(), SCORE_MIN).await;
        for (picture, answer) in pictures.iter().zip(answers) {
            assert_eq!(answer, Analysis::Done(plain.detect(picture, SCORE_MIN).unwrap()));
        }
    }
}

/// A file of the detector's own tests.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infer/tests/golden").join(name)
}

#[test]
fn it_ends_with_its_owner() {
    let detector = start(config());
    let pid = detector.status().pid.unwrap();
    drop(detector);
    let gone = || !Path::new(&format!("/proc/{pid}")).exists();
    let deadline = Instant::now() + BACK_MAX;
    while !gone() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(gone());
}
