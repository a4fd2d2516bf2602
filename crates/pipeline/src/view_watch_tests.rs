//! Views that are the same, and views that are blind.

use safe_yolo_core::PictureTime;
use safe_yolo_sim::Scene;

use super::*;

const SIZE: PictureSize = PictureSize::new(320, 180);

/// Draws of a generator, from 0 to 1.
fn dice(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed * 2 + 88_172_645_463_325_253;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// A hall of boxes that is larger than the picture.
fn hall(seed: u64) -> impl Fn(f32, f32) -> f32 {
    let mut draw = dice(seed);
    let boxes: Vec<[f32; 5]> = (0..60)
        .map(|_| {
            let (x, y) = (draw() * 480.0 - 80.0, draw() * 300.0 - 60.0);
            [x, y, x + 12.0 + draw() * 60.0, y + 12.0 + draw() * 60.0, 40.0 + draw() * 160.0]
        })
        .collect();
    move |x, y| {
        let inside = |b: &&[f32; 5]| (b[0]..b[2]).contains(&x) && (b[1]..b[3]).contains(&y);
        boxes.iter().rev().find(inside).map_or(90.0, |b| b[4])
    }
}

/// A picture of what is seen at each place, with grain of a camera.
fn picture(seed: u64, seen: impl Fn(f32, f32) -> f32) -> I420 {
    let mut draw = dice(seed);
    let mut data = vec![128; I420::byte_len(SIZE)];
    for (at, pixel) in data.iter_mut().enumerate().take(320 * 180) {
        let grain = (draw() + draw() - 1.0) * 6.0;
        *pixel = (seen((at % 320) as f32, (at / 320) as f32) + grain).clamp(16.0, 235.0) as u8;
    }
    I420::new(SIZE, data).unwrap()
}

/// The watch over so many seconds of one view, at this rate.
struct Play {
    watch: ViewWatch,
    now: Duration,
    rate: f64,
    number: u64,
}

impl Play {
    fn new(rate: f64) -> Self {
        Self { watch: ViewWatch::new(true), now: Duration::ZERO, rate, number: 0 }
    }

    fn show(&mut self, seconds: f64, seen: impl Fn(f32, f32) -> f32) -> Vec<Look> {
        let pictures = (seconds * self.rate).ceil() as u64;
        (0..pictures)
            .map(|_| {
                self.now += Duration::from_secs_f64(1.0 / self.rate);
                self.number += 1;
                self.watch.picture(self.now, &picture(self.number, &seen))
            })
            .collect()
    }
}

const RATES: [f64; 3] = [1.0, 5.0, 15.0];

#[test]
fn a_covered_camera_is_doubtful_at_once_and_blind_in_two_seconds_until_it_is_free() {
    for rate in RATES {
        let (mut play, hall) = (Play::new(rate), hall(1));
        assert!(play.show(20.0, &hall).iter().all(|look| *look == Look::Good), "{rate}");
        for surface in [40.0, 120.0, 235.0] {
            let covered = play.show(5.0, |_, _| surface);
            assert_ne!(covered[0], Look::Good, "{surface} at {rate}: nothing of it is judged");
            assert_eq!(covered.last(), Some(&Look::Blind(BlindReason::Covered)), "{surface}");
            let first = covered.iter().position(|look| matches!(look, Look::Blind(_))).unwrap();
            let after = first as f64 / rate;
            assert!((1.9..=3.1).contains(&after), "{surface} at {rate}: after {after} s");
            let free = play.show(4.0, &hall);
            assert_eq!(free.last(), Some(&Look::Good), "{surface} at {rate}");
            let back = free.iter().position(|look| *look == Look::Good).unwrap() as f64 / rate;
            assert!((0.9..=2.1).contains(&back), "{surface} at {rate}: back after {back} s");
        }
    }
}

#[test]
fn a_bag_over_a_camera_that_lets_some_light_through_is_found_by_the_background() {
    for rate in RATES {
        let (mut play, hall) = (Play::new(rate), hall(2));
        play.show(20.0, &hall);
        // Brighter on one side, and with folds, but nothing of the hall.
        let bag = |x: f32, y: f32| 60.0 + 0.25 * x + 6.0 * (y / 30.0).sin();
        assert_eq!(play.show(8.0, bag).last(), Some(&Look::Blind(BlindReason::Covered)), "{rate}");
    }
}

#[test]
fn darkness_is_told_apart_from_a_night_with_a_lamp() {
    for rate in RATES {
        let (mut play, hall) = (Play::new(rate), hall(3));
        play.show(15.0, &hall);
        let night = |x: f32, y: f32| if x < 40.0 && y < 40.0 { 180.0 } else { 20.0 };
        let dark = play.show(5.0, |_, _| 18.0);
        assert_eq!(dark.last(), Some(&Look::Blind(BlindReason::Dark)), "{rate}");
        assert_ne!(dark[0], Look::Good);
        assert_eq!(play.show(5.0, &hall).last(), Some(&Look::Good));
        let mut at_night = Play::new(rate);
        assert!(at_night.show(20.0, night).iter().all(|look| *look == Look::Good), "{rate}");
    }
}

#[test]
fn a_camera_that_was_turned_is_blind_until_it_is_turned_back_or_accepted() {
    for rate in RATES {
        let (mut play, hall) = (Play::new(rate), hall(4));
        play.show(20.0, &hall);
        let turned = |x: f32, y: f32| hall(x + 60.0, y + 18.0);
        let looks = play.show(12.0, turned);
        assert_eq!(looks.last(), Some(&Look::Blind(BlindReason::Moved)), "{rate}");
        let first = looks.iter().position(|look| matches!(look, Look::Blind(_))).unwrap();
        assert!((5.9..=7.1).contains(&(first as f64 / rate)), "{first} at {rate}");
        // It does not learn what it should not see.
        assert_eq!(play.show(60.0, turned).last(), Some(&Look::Blind(BlindReason::Moved)));
        assert_eq!(play.show(4.0, &hall).last(), Some(&Look::Good), "turned back");
        play.show(12.0, turned);
        play.watch.accept();
        assert!(play.show(30.0, turned).iter().all(|look| *look == Look::Good), "{rate}");
        assert_eq!(play.show(12.0, &hall).last(), Some(&Look::Blind(BlindReason::Moved)));
    }
}

/// Clock and name, as many cameras write them into the picture.
fn written(x: f32, y: f32) -> Option<f32> {
    let is_line = (6.0..14.0).contains(&y) || (166.0..174.0).contains(&y);
    let is_ink = (x as u32 / 3 + y as u32 / 3).is_multiple_of(2) && (8.0..110.0).contains(&x);
    (is_line && is_ink).then_some(235.0)
}

#[test]
fn what_the_camera_writes_into_its_picture_is_no_view() {
    for rate in RATES {
        let (mut play, hall) = (Play::new(rate), hall(15));
        let with = |x: f32, y: f32, seen: f32| written(x, y).unwrap_or(seen);
        let all = play.show(20.0, |x, y| with(x, y, hall(x, y)));
        assert!(all.iter().all(|look| *look == Look::Good), "{rate}");
        for (seen, reason) in [(18.0, BlindReason::Dark), (120.0, BlindReason::Covered)] {
            let looks = play.show(5.0, |x, y| with(x, y, seen));
            assert_eq!(looks.last(), Some(&Look::Blind(reason)), "{rate}");
            let back = play.show(4.0, |x, y| with(x, y, hall(x, y)));
            assert_eq!(back.last(), Some(&Look::Good), "{rate}");
        }
        let turned = play.show(12.0, |x, y| with(x, y, hall(x + 60.0, y + 18.0)));
        assert_eq!(turned.last(), Some(&Look::Blind(BlindReason::Moved)), "{rate}");
        // Nor is it one for a camera that is dark from the start.
        let dark = Play::new(rate).show(5.0, |x, y| with(x, y, 18.0));
        assert_eq!(dark.last(), Some(&Look::Blind(BlindReason::Dark)), "{rate}");
    }
}

#[test]
fn who_sees_something_else_after_the_dark_is_not_blind_for_ever() {
    for rate in RATES {
        for dark_s in [1.0, 5.0] {
            let (mut play, hall) = (Play::new(rate), hall(16));
            play.show(20.0, &hall);
            play.show(dark_s, |_, _| 18.0);
            // Half of the hall is as it was: neither the same nor another view for sure.
            let other = |x: f32, y: f32| if x < 150.0 { hall(x, y) } else { hall(x + 40.0, y) };
            let looks = play.show(20.0, other);
            let likeness = play.watch.compare().unwrap().1;
            assert!((MOVED_LIKENESS_MAX..BACK_LIKENESS_MIN).contains(&likeness), "{likeness}");
            assert_eq!(looks.last(), Some(&Look::Good), "{dark_s} s at {rate}");
        }
    }
}

#[test]
fn another_size_does_not_turn_a_camera_back() {
    let (mut play, hall) = (Play::new(5.0), hall(17));
    play.show(20.0, &hall);
    let turned = |x: f32, y: f32| hall(x + 60.0, y + 18.0);
    assert_eq!(play.show(12.0, turned).last(), Some(&Look::Blind(BlindReason::Moved)));
    let large = PictureSize::new(640, 360);
    let mut data = vec![128; I420::byte_len(large)];
    for (at, pixel) in data.iter_mut().enumerate().take(640 * 360) {
        *pixel = turned((at % 640) as f32 / 2.0, (at / 640) as f32 / 2.0) as u8;
    }
    let picture = I420::new(large, data).unwrap();
    for _ in 0..100 {
        play.now += Duration::from_millis(200);
        assert_eq!(play.watch.picture(play.now, &picture), Look::Blind(BlindReason::Moved));
    }
}

#[test]
fn light_shaking_and_people_are_no_blindness() {
    for rate in RATES {
        for seed in 5..9 {
            let (mut play, hall) = (Play::new(rate), hall(seed));
            let mut all = play.show(20.0, &hall);
            // Steps of 40 % and a dim hall.
            for light in [0.6, 1.4, 1.0, 0.45, 1.0] {
                all.extend(play.show(6.0, |x, y| 16.0 + (hall(x, y) - 16.0) * light));
            }
            // Up to 5 of 320 pixels to and fro: 20 of 1280.
            for shift in [-5.0, 5.0, -4.0, 4.0, 0.0, 5.0, -5.0] {
                all.extend(play.show(1.0, |x, y| hall(x + shift, y - shift * 0.6)));
            }
            // Somebody near, and a forklift before a third of the picture.
            let person = |x: f32, y: f32| (120.0..200.0).contains(&x) && y > 30.0;
            all.extend(play.show(10.0, |x, y| if person(x, y) { 60.0 } else { hall(x, y) }));
            all.extend(play.show(10.0, |x, y| if x < 110.0 { 150.0 } else { hall(x, y) }));
            all.extend(play.show(5.0, &hall));
            assert!(all.iter().all(|look| *look == Look::Good), "seed {seed} at {rate}");
        }
    }
}

#[test]
fn a_wall_with_little_on_it_is_not_said_to_have_moved() {
    let mut play = Play::new(5.0);
    let wall = |x: f32, y: f32| {
        let door = (20.0..50.0).contains(&x) && y > 60.0;
        if door { 60.0 } else { 150.0 + 0.05 * x }
    };
    let mut all = play.show(20.0, wall);
    all.extend(play.show(10.0, |x, y| if x > 240.0 { 90.0 } else { wall(x, y) }));
    assert!(all.iter().all(|look| *look == Look::Good));
}

#[test]
fn a_file_of_many_views_is_only_dark_or_covered() {
    let mut play = Play { watch: ViewWatch::new(false), ..Play::new(5.0) };
    for seed in 10..14 {
        assert!(play.show(15.0, hall(seed)).iter().all(|look| *look == Look::Good));
    }
    assert_eq!(play.show(4.0, |_, _| 100.0).last(), Some(&Look::Blind(BlindReason::Covered)));
}

#[test]
fn the_smallest_picture_is_looked_at_too() {
    let size = PictureSize::new(2, 2);
    let mut watch = ViewWatch::new(true);
    for number in 0..100 {
        let picture = I420::new(size, vec![128; I420::byte_len(size)]).unwrap();
        watch.picture(Duration::from_millis(number * 200), &picture);
    }
    assert_eq!(watch.blind(), Some(BlindReason::Covered));
}

/// A scenario of the simulated site at two pictures a second: what is told, and when.
fn told(scenario: &str, seed: u64) -> Vec<(f64, Option<BlindReason>)> {
    let scene = Scene::new(scenario, seed).unwrap();
    let size = scene.size();
    let (mut watch, mut rgb, mut told) = (ViewWatch::new(true), Vec::new(), Vec::new());
    for number in 0..(scene.duration() * 2.0) as i64 {
        let time = PictureTime::from_millis(number * 500);
        scene.render(time, &mut rgb);
        let mut data = vec![128; I420::byte_len(size)];
        for (luma, rgb) in data.iter_mut().zip(rgb.chunks_exact(3)) {
            let sum = 66 * u32::from(rgb[0]) + 129 * u32::from(rgb[1]) + 25 * u32::from(rgb[2]);
            *luma = (16 + (sum >> 8)).min(235) as u8;
        }
        let picture = I420::new(size, data).unwrap();
        watch.picture(Duration::from_millis(number as u64 * 500), &picture);
        if told.last().is_none_or(|(_, last)| *last != watch.blind()) {
            told.push((number as f64 / 2.0, watch.blind()));
        }
    }
    told
}

#[test]
fn of_the_shipped_scenarios_only_the_covered_camera_is_blind() {
    for name in Scene::SCENARIOS.iter().copied() {
        let told = told(name, 1);
        if name == "covered" {
            let [(_, None), (begin, Some(BlindReason::Covered)), (end, None)] = told[..] else {
                panic!("{told:?}");
            };
            assert!((27.0..=28.0).contains(&begin) && (40.0..=42.0).contains(&end), "{told:?}");
        } else {
            assert_eq!(told, [(0.0, None)], "{name}");
        }
    }
}
