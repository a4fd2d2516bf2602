//! The schedule on simulated time: cameras that send, a detector that takes so
//! long, and what each camera got.

use proptest::prelude::*;

use safe_yolo_core::PictureTime;

use super::*;
use crate::pacing::RateLimit;

const SIZE: PictureSize = PictureSize::new(448, 256);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn wish(per_s: f64) -> Wish {
    Wish { period: Duration::from_secs_f64(1.0 / per_s), weight: 1.0 }
}

/// A camera of the simulation.
#[derive(Debug, Clone)]
struct Camera {
    /// Pictures a second.
    rate: f64,
    wish: Wish,
}

/// What a camera got.
#[derive(Debug, Clone, Default)]
struct Got {
    analysed: u64,
    replaced: u64,
    /// The longest time between two analyses, from 2 s on.
    gap_max: Duration,
    last: Duration,
}

/// Runs the schedule for `seconds` with `sessions` detectors that take `cost` a picture.
fn simulate(cameras: &[Camera], sessions: usize, cost: Duration, seconds: u64) -> Vec<Got> {
    let mut schedule = Schedule::default();
    let lanes: Vec<_> = cameras.iter().map(|c| schedule.add(c.wish, ms(0))).collect();
    let mut got = vec![Got::default(); cameras.len()];
    let mut limits: Vec<_> = cameras.iter().map(|_| RateLimit::default()).collect();
    let mut running: Vec<(Duration, LaneId)> = Vec::new();
    for step in 0..seconds * 1000 {
        let now = ms(step);
        running.retain(|(until, lane)| {
            let done = *until <= now;
            if done {
                schedule.finished(*lane);
            }
            !done
        });
        for (camera, of) in cameras.iter().enumerate() {
            // Pictures come at the camera's rate; those before their turn are not offered.
            let period = Duration::from_secs_f64(1.0 / of.rate);
            let interval = u64::try_from(period.as_millis()).unwrap().max(1);
            // Cameras are not in step with each other.
            if (step + 7 * camera as u64).is_multiple_of(interval) {
                let time = PictureTime::from_millis(step as i64);
                if limits[camera].is_due(time, of.wish.period) {
                    limits[camera].take(time, of.wish.period);
                } else if !schedule.is_waiting(lanes[camera]) {
                    continue;
                }
                if schedule.offer(lanes[camera], step, SIZE, now).is_some() {
                    got[camera].replaced += 1;
                }
            }
        }
        while running.len() < sessions {
            let Some(taken) = schedule.take(now, 1).pop() else { break };
            let camera = lanes.iter().position(|lane| *lane == taken.lane).unwrap();
            assert!(taken.picture <= step);
            got[camera].analysed += 1;
            if now > ms(2000) {
                got[camera].gap_max = got[camera].gap_max.max(now - got[camera].last);
            }
            got[camera].last = now;
            running.push((now + cost, taken.lane));
        }
    }
    got
}

#[test]
fn enough_for_all_means_everybody_gets_the_wish() {
    let cameras = vec![Camera { rate: 15.0, wish: wish(10.0) }; 6];
    for got in simulate(&cameras, 2, ms(10), 20) {
        assert!((185..=215).contains(&got.analysed), "{got:?}");
    }
}

#[test]
fn c12_under_overload_equal_cameras_get_equal_shares() {
    let cameras = vec![Camera { rate: 15.0, wish: wish(10.0) }; 12];
    // Two detectors of 50/s for 120/s that are wanted.
    let got = simulate(&cameras, 2, ms(20), 30);
    let least = got.iter().map(|g| g.analysed).min().unwrap();
    let sum: u64 = got.iter().map(|g| g.analysed).sum();
    assert!(sum >= 2900, "the detectors are kept busy: {sum}");
    assert!(least as f64 >= 0.95 * sum as f64 / 12.0, "{got:?}");
}

#[test]
fn c3_twice_the_sessions_analyse_twice_as_much() {
    let cameras = vec![Camera { rate: 15.0, wish: wish(10.0) }; 12];
    let sum = |sessions| -> u64 {
        simulate(&cameras, sessions, ms(40), 20).iter().map(|got| got.analysed).sum()
    };
    let (one, two, four) = (sum(1), sum(2), sum(4));
    assert!(two as f64 >= 1.95 * one as f64, "{one}, {two}");
    assert!(four as f64 >= 1.95 * two as f64, "{two}, {four}");
}

#[test]
fn quiet_cameras_keep_their_look_a_second_beside_busy_ones() {
    let mut cameras = vec![Camera { rate: 15.0, wish: wish(10.0) }; 6];
    cameras.extend(vec![Camera { rate: 15.0, wish: wish(1.25) }; 6]);
    // 40/s for 67/s that are wanted.
    let got = simulate(&cameras, 2, ms(50), 30);
    for busy in &got[..6] {
        assert!(busy.analysed >= 5 * 30, "{busy:?}");
    }
    for quiet in &got[6..] {
        assert!(quiet.analysed >= 29, "{quiet:?}");
        assert!(quiet.gap_max <= ms(1100), "{quiet:?}");
    }
}

#[test]
fn a_hundred_quiet_cameras_are_each_looked_at_within_five_seconds() {
    let cameras = vec![Camera { rate: 5.0, wish: wish(1.25) }; 100];
    // 40/s for 125/s that are wanted.
    for got in simulate(&cameras, 2, ms(50), 30) {
        assert!(got.gap_max <= ms(3000), "{got:?}");
    }
}

#[test]
fn motion_overtakes_quiet_cameras() {
    let mut cameras = vec![Camera { rate: 5.0, wish: wish(1.0) }; 30];
    cameras.push(Camera { rate: 15.0, wish: wish(10.0) });
    // 40/s: the quiet ones take 30, the one with motion gets the rest.
    let got = simulate(&cameras, 2, ms(50), 20);
    assert!(got[30].analysed >= 6 * 20, "{:?}", got[30]);
}

#[test]
fn more_risk_gets_more_of_what_is_scarce() {
    let risky = Wish { weight: 2.0, ..wish(10.0) };
    let mut cameras = vec![Camera { rate: 15.0, wish: wish(10.0) }; 3];
    cameras.extend(vec![Camera { rate: 15.0, wish: risky }; 3]);
    // 20/s for 60/s that are wanted.
    let got = simulate(&cameras, 1, ms(50), 30);
    assert!(got[3].analysed as f64 >= 1.5 * got[0].analysed as f64, "{got:?}");
    assert!(got[0].analysed >= 30, "{got:?}");
}

#[test]
fn c10_only_the_newest_picture_waits() {
    let mut schedule = Schedule::default();
    let lane = schedule.add(wish(10.0), ms(0));
    assert_eq!(schedule.offer(lane, 1, SIZE, ms(0)), None);
    assert_eq!(schedule.offer(lane, 2, SIZE, ms(66)), Some(1));
    let taken = schedule.take(ms(70), 8);
    assert_eq!(taken, [Taken { lane, picture: 2, waited: ms(70) }]);
    // One of a camera at a time, or its tracks would be moved out of order.
    assert_eq!(schedule.offer(lane, 3, SIZE, ms(133)), None);
    assert!(schedule.take(ms(140), 8).is_empty());
    schedule.finished(lane);
    assert_eq!(schedule.take(ms(141), 8).len(), 1);
}

#[test]
fn a_batch_has_one_input_size() {
    let mut schedule = Schedule::default();
    let other = PictureSize::new(416, 320);
    let lanes: Vec<_> = (0..4).map(|_| schedule.add(wish(10.0), ms(0))).collect();
    for (number, lane) in lanes.iter().enumerate() {
        let size = if number % 2 == 0 { SIZE } else { other };
        schedule.offer(*lane, number, size, ms(0));
    }
    let pictures: Vec<_> = schedule.take(ms(1), 8).into_iter().map(|t| t.picture).collect();
    assert_eq!(pictures, [0, 2]);
    let pictures: Vec<_> = schedule.take(ms(1), 8).into_iter().map(|t| t.picture).collect();
    assert_eq!(pictures, [1, 3]);
}

#[test]
fn what_is_gone_or_withdrawn_is_not_taken() {
    let mut schedule = Schedule::default();
    let (a, b) = (schedule.add(wish(10.0), ms(0)), schedule.add(wish(10.0), ms(0)));
    schedule.offer(a, 1, SIZE, ms(0));
    schedule.offer(b, 2, SIZE, ms(0));
    schedule.remove(a);
    assert_eq!(schedule.withdraw(b), Some(2));
    assert!(schedule.take(ms(1), 8).is_empty());
    assert_eq!(schedule.offer(a, 3, SIZE, ms(2)), Some(3), "nobody is there to look at it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the cameras wish and the detector takes, nobody starves: once
    /// over the floor, a picture waits for at most two turns of every other camera.
    #[test]
    fn nobody_starves(
        wishes in prop::collection::vec((1.0_f64..30.0, 1.0_f64..3.0), 1..20),
        cost_ms in 5_u64..80,
        sessions in 1_usize..4,
    ) {
        let cameras: Vec<_> = wishes
            .iter()
            .map(|(per_s, weight)| Camera {
                rate: 20.0,
                wish: Wish { weight: *weight, ..wish(*per_s) },
            })
            .collect();
        let got = simulate(&cameras, sessions, ms(cost_ms), 12);
        let turns = 2 * ms(cost_ms) * u32::try_from(cameras.len()).unwrap() / u32::try_from(sessions).unwrap();
        // A period until it is offered, the floor, everybody's turn, and the grain of the simulation.
        let bound = Duration::from_secs(1) + FLOOR + turns + ms(cost_ms) + ms(150);
        for got in got {
            prop_assert!(got.gap_max <= bound, "{got:?}, bound {bound:?}");
        }
    }

    /// Equal cameras that always have a picture differ by one turn at most.
    #[test]
    fn equal_cameras_take_turns(count in 1_usize..16, steps in 1_u64..200) {
        let mut schedule = Schedule::default();
        let lanes: Vec<_> = (0..count).map(|_| schedule.add(wish(10.0), ms(0))).collect();
        let mut taken = vec![0_u64; count];
        for step in 0..steps {
            for lane in &lanes {
                schedule.offer(*lane, step, SIZE, ms(step * 10));
            }
            let first = schedule.take(ms(step * 10), 1).pop().unwrap();
            schedule.finished(first.lane);
            taken[lanes.iter().position(|lane| *lane == first.lane).unwrap()] += 1;
        }
        let (least, most) = (taken.iter().min().unwrap(), taken.iter().max().unwrap());
        prop_assert!(most - least <= 1, "{taken:?}");
    }
}
