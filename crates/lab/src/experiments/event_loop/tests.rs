use std::thread;

use safe_yolo_core::{Class, PixelBox};
use tokio::task::JoinSet;

use super::cameras::{By, CameraLog, Feed, quantile};
use super::*;

fn cell(cameras: usize, pictures: u32) -> Cell {
    let size = PictureSize::new(64, 36);
    let grey = Arc::new(I420::new(size, vec![128; I420::byte_len(size)]).unwrap());
    Cell { cameras, lasts: PERIOD * pictures, pictures: vec![grey; 3] }
}

fn seen(score: f32, x: f32) -> Detection {
    Detection { class: Class::Person, score, bbox: PixelBox::new(x, 10.0, x + 50.0, 110.0) }
}

/// A log of answers about pictures of these numbers, by this thread.
fn log(answered: &[u32], replaced: &[u32]) -> CameraLog {
    let mut log = CameraLog { replaced: replaced.to_vec(), ..CameraLog::of(0) };
    for number in answered {
        let by = By::Thread(thread::current().id(), Duration::from_millis(5));
        log.answer(*number, vec![seen(0.9, 10.0)], by);
    }
    log
}

/// What `outcome` says of one camera's log of a design, as the names of the checks that don't hold.
fn failures(
    name: &'static str,
    camera: impl Into<Option<CameraLog>>,
    longest_gap: u64,
) -> Vec<String> {
    let log = LoopLog {
        cameras: camera.into().into_iter().collect(),
        commands: vec![Duration::ZERO; 2],
        sent: 2,
        longest_gap: Duration::from_millis(longest_gap),
        thread: thread::current().id(),
    };
    let run = Run { name, cell: cell(1, 3), way: Way::new(name, 1.0), log };
    let truth = vec![vec![seen(0.9, 10.0)]; 3];
    let checks = outcome(name, [&run].into_iter(), &truth);
    checks.into_iter().filter(|check| !check.held).map(|check| check.what).collect()
}

#[test]
fn each_way_to_lose_a_picture_fails_its_check() {
    assert_eq!(failures("blocking", log(&[0, 2], &[1]), 5), [""; 0]);
    let cases: [(&[u32], &[u32], &str); 4] = [
        (&[0, 2], &[], "blocking: pictures answered or replaced, once"),
        (&[0, 1, 2], &[1], "blocking: pictures answered or replaced, once"),
        (&[0, 7], &[1], "blocking: pictures answered or replaced, once"),
        (&[1, 0, 2], &[], "blocking: answers out of order"),
    ];
    for (answered, replaced, expected) in cases {
        assert_eq!(failures("blocking", log(answered, replaced), 5), [expected]);
    }
}

#[test]
fn a_loop_that_detects_is_found_out_and_so_is_one_that_should() {
    let lost = "actor: pictures answered or replaced, once";
    assert_eq!(failures("actor", None, 5), [lost], "a camera that is not there");
    let on_the_loop = "actor: detections on the loop's thread";
    assert_eq!(failures("actor", log(&[0, 1, 2], &[]), 5), [on_the_loop]);
    let mut elsewhere = log(&[0, 1, 2], &[]);
    for answer in &mut elsewhere.answers {
        answer.by = By::Process(std::process::id());
    }
    assert_eq!(failures("actor", elsewhere, 5), [on_the_loop]);
    let stalled = "blocking: the loop stands still for at least a detection";
    assert_eq!(failures("blocking", log(&[0, 1, 2], &[]), 4), [stalled]);
}

#[test]
fn other_boxes_are_told_from_the_same_ones() {
    let one = [seen(0.9, 10.0), seen(0.5, 200.0), seen(0.12, 400.0)];
    assert!(alike(&one, &[seen(0.505, 200.4), seen(0.9, 10.0)]), "order, rounding, weak ones");
    assert!(!alike(&one, &one[..1]), "one is missing");
    assert!(!alike(&one[..1], &one), "one too many");
    assert!(!alike(&one, &[seen(0.9, 10.0), seen(0.5, 202.0)]), "elsewhere");
    let other = Detection { class: Class::Helmet, ..seen(0.9, 10.0) };
    assert!(!alike(&one[..1], &[other]), "another thing");
    let mut wrong = log(&[0, 1, 2], &[]);
    wrong.answers[1].found.clear();
    assert_eq!(failures("blocking", wrong, 5), ["blocking: answers with other boxes"]);
}

/// A camera whose pictures are answered after the loop was blocked for so long.
async fn blocked(mut feed: Feed, blocks: Duration) -> Result<CameraLog, LabError> {
    let mut log = CameraLog::of(feed.camera);
    while let Some(offer) = feed.newest().await {
        log.replaced.extend(offer.overtaken);
        thread::sleep(blocks);
        log.answer(offer.number, Vec::new(), By::Thread(thread::current().id(), blocks));
    }
    Ok(log)
}

#[test]
fn a_blocked_loop_overtakes_pictures_and_notices_it_itself() {
    let (cell, blocks) = (cell(2, 5), 2 * PERIOD);
    let log = run::run(&cell, |feeds| {
        let mut cameras = JoinSet::new();
        for feed in feeds {
            cameras.spawn(blocked(feed, blocks));
        }
        cameras
    })
    .unwrap();
    assert!(log.longest_gap >= blocks && log.shortest_detection_here() == Some(blocks));
    assert!(log.sent > 0 && log.commands.len() == log.sent);
    for camera in &log.cameras {
        assert_eq!((camera.accounted_once(5), camera.out_of_order()), (5, 0));
        assert!(!camera.replaced.is_empty(), "two of them block for longer than a period");
        assert_eq!(camera.answers.last().map(|answer| answer.number), Some(4), "the newest stays");
    }
}

#[test]
fn a_camera_that_fails_ends_the_run_with_its_reason() {
    let error = run::run(&cell(1, 2), |_| {
        let mut cameras = JoinSet::new();
        cameras.spawn(async { Err(LabError::failed("looking", "as asked")) });
        cameras
    });
    assert_eq!(error.unwrap_err().to_string(), "looking: as asked");
}

#[test]
fn the_goals_compare_with_the_same_number_of_cameras() {
    let run = |name: &'static str, cameras, late, rate| Run {
        name,
        cell: cell(cameras, 3),
        way: Way::new(name, 1.0).with("command, 99 %", late, "ms").with("analysed", rate, ""),
        log: LoopLog {
            cameras: Vec::new(),
            commands: Vec::new(),
            sent: 0,
            longest_gap: Duration::ZERO,
            thread: thread::current().id(),
        },
    };
    let runs = [
        run("blocking", 1, 2.0, 15.0),
        run("blocking", 4, 80.0, 50.0),
        run("to-thread", 4, 1.0, 60.0),
        run("actor", 4, 2.0, 60.0),
    ];
    assert!(goals(&runs[3], &runs).iter().all(|goal| goal.held));
    let slower = run("actor", 4, 80.0, 55.0);
    assert!(goals(&slower, &runs).iter().all(|goal| !goal.held));
}

#[test]
fn quantiles_are_values_that_were_measured() {
    let values: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
    for (part, expected) in [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
        assert_eq!(quantile(&values, part), Duration::from_millis(expected), "{part}");
    }
    assert_eq!(quantile(&[], 0.5), Duration::ZERO);
}
