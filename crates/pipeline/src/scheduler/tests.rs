//! The scheduler's task with a detector that takes as long as it is told, on
//! tokio's paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};

use safe_yolo_core::{PictureTime, SegmentId, Utc};
use safe_yolo_infer::{Answers, Capacity, ModelInfo};
use safe_yolo_media::picture::I420;

use super::*;

#[derive(Debug)]
struct Fake {
    info: Arc<ModelInfo>,
    capacity: Capacity,
    cost: Duration,
    state: watch::Sender<DetectorState>,
    calls: Mutex<Vec<usize>>,
    panics: AtomicUsize,
}

impl Fake {
    fn new(capacity: Capacity, cost: Duration) -> Arc<Self> {
        Arc::new(Self {
            info: crate::fixture::model(),
            capacity,
            cost,
            state: watch::Sender::new(DetectorState::Ready),
            calls: Mutex::default(),
            panics: AtomicUsize::new(0),
        })
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().clone()
    }
}

impl Analyser for Fake {
    fn info(&self) -> Arc<ModelInfo> {
        Arc::clone(&self.info)
    }

    fn capacity(&self) -> Capacity {
        self.capacity
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        self.state.subscribe()
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, _min_score: f32) -> Answers {
        self.calls.lock().unwrap().push(pictures.len());
        let panics = self.panics.load(Ordering::Relaxed);
        assert!(panics == 0 || self.panics.fetch_sub(1, Ordering::Relaxed) == 0, "as asked");
        let cost = self.cost;
        Box::pin(async move {
            tokio::time::sleep(cost).await;
            pictures.iter().map(|_| Analysis::Done(Vec::new())).collect()
        })
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn one_at_a_time() -> Capacity {
    Capacity { sessions: 1, batches: 1, batch: 1, wait: Duration::ZERO }
}

fn shot(number: i64) -> Shot {
    let size = PictureSize::new(64, 36);
    Shot {
        segment: SegmentId(1),
        era: 0,
        time: PictureTime::from_millis(number),
        utc: Utc(0),
        picture: Arc::new(I420::new(size, vec![0; I420::byte_len(size)]).unwrap()),
    }
}

fn lane(scheduler: &Scheduler) -> Lane {
    scheduler.lane(Wish { period: ms(100), weight: 1.0 })
}

#[tokio::test(start_paused = true)]
async fn the_newest_picture_wins() {
    let detector = Fake::new(one_at_a_time(), ms(50));
    let scheduler = Scheduler::start(detector.clone());
    let mut camera = lane(&scheduler);
    assert!(camera.push(shot(1), true).passed_over.is_none());
    tokio::time::sleep(ms(10)).await;
    // The first is being analysed; of the next two the newer one is kept, due or not.
    assert!(camera.push(shot(2), true).passed_over.is_none());
    let pushed = camera.push(shot(3), false);
    assert_eq!(pushed.passed_over.map(|shot| shot.time.micros()), Some(2000));
    assert!(pushed.was_waiting && pushed.in_flight == Some(ms(10)));
    assert_eq!(camera.answer().await.0.time.micros(), 1000);
    assert_eq!(camera.answer().await.0.time.micros(), 3000);
    let pushed = camera.push(shot(4), false);
    assert!(!pushed.was_waiting && pushed.in_flight.is_none());
    assert_eq!(detector.calls(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn pictures_of_several_cameras_go_together_and_answers_come_home() {
    let capacity = Capacity { sessions: 1, batches: 1, batch: 4, wait: ms(3) };
    let detector = Fake::new(capacity, ms(20));
    let scheduler = Scheduler::start(detector.clone());
    let mut cameras: Vec<_> = (0..5).map(|_| lane(&scheduler)).collect();
    for (number, camera) in cameras.iter_mut().enumerate() {
        camera.push(shot(number as i64), true);
    }
    for (number, camera) in cameras.iter_mut().enumerate() {
        assert_eq!(camera.answer().await.0.time, PictureTime::from_millis(number as i64));
    }
    assert_eq!(detector.calls(), [4, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_waited_for_only_a_moment() {
    let capacity = Capacity { sessions: 1, batches: 1, batch: 4, wait: ms(3) };
    let detector = Fake::new(capacity, ms(20));
    let scheduler = Scheduler::start(detector.clone());
    let mut camera = lane(&scheduler);
    let begun = Instant::now();
    camera.push(shot(1), true);
    camera.answer().await;
    assert!((ms(23)..ms(26)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_a_detector_that_is_down() {
    let detector = Fake::new(one_at_a_time(), ms(10));
    detector.state.send_replace(DetectorState::Down("killed".into()));
    let scheduler = Scheduler::start(detector.clone());
    let mut camera = lane(&scheduler);
    camera.push(shot(1), true);
    tokio::time::sleep(ms(500)).await;
    assert!(detector.calls().is_empty());
    camera.push(shot(2), true);
    detector.state.send_replace(DetectorState::Ready);
    assert_eq!(camera.answer().await.0.time.micros(), 2000, "the newest, when it is back");
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_leaves_disturbs_nobody() {
    let detector = Fake::new(one_at_a_time(), ms(50));
    let scheduler = Scheduler::start(detector.clone());
    let (mut gone, mut stays) = (lane(&scheduler), lane(&scheduler));
    gone.push(shot(1), true);
    tokio::time::sleep(ms(10)).await;
    gone.push(shot(2), true);
    stays.push(shot(3), true);
    drop(gone);
    assert_eq!(stays.answer().await.0.time.micros(), 3000);
    assert_eq!(detector.calls(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_takes_no_answers_holds_nobody_up() {
    let detector = Fake::new(one_at_a_time(), ms(10));
    let scheduler = Scheduler::start(detector.clone());
    let (mut stuck, mut works) = (lane(&scheduler), lane(&scheduler));
    for number in 0..20 {
        stuck.push(shot(number), true);
        works.push(shot(number), true);
        assert_eq!(works.answer().await.0.time, PictureTime::from_millis(number));
    }
    assert_eq!(detector.calls().len(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_detector_that_panics_costs_a_moment() {
    let detector = Fake::new(one_at_a_time(), ms(10));
    detector.panics.store(1, Ordering::Relaxed);
    let scheduler = Scheduler::start(detector.clone());
    let mut camera = lane(&scheduler);
    camera.push(shot(1), true);
    tokio::time::sleep(ms(50)).await;
    camera.push(shot(2), true);
    assert_eq!(camera.answer().await.0.time.micros(), 2000);
}
