//! How long an update takes with 100 people, on one core:
//! `cargo run --release -p safe-yolo-track --example update_time`
//! Fails when a median is above the bound.

#![allow(clippy::print_stdout, reason = "its output is the result")]

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, SegmentId};
use safe_yolo_track::{Tracker, TrackerConfig};

const PEOPLE: u32 = 100;
const PICTURES: u32 = 3000;
/// Most that an update may take, milliseconds: others on the machine make single ones longer.
const MEDIAN_MAX_MS: f64 = 0.3;

/// People who walk in rows, to and fro, some of them hidden or hardly seen at times;
/// `apart` is the distance of neighbours in pixels, of boxes of 40 by 110.
fn crowd(picture: u32, apart: f64) -> Vec<Detection> {
    let seen = (0..PEOPLE).filter(|who| (who * 13 + picture) % 80 >= 3);
    let at = |who: u32| {
        let (column, row) = (f64::from(who % 20), f64::from(who / 20));
        let turn = f64::from(picture) / 40.0 + f64::from(who);
        let (x, y) = (apart * column + 25.0 * turn.sin(), 1.5 * apart * row + 5.0 * turn.cos());
        let score = if (who * 7 + picture) % 50 < 4 { 0.3 } else { 0.85 };
        let bbox = PixelBox::from_xywh(x as f32, y as f32, 40.0, 110.0);
        Detection { class: Class::Person, score, bbox }
    };
    seen.map(at).collect()
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut slow = false;
    for (name, config) in
        [("own", TrackerConfig::default()), ("ByteTrack", TrackerConfig::byte_track())]
    {
        for (what, apart) in [("side by side", 70.0), ("half hidden", 20.0), ("a heap", 4.0)] {
            let mut tracker = Tracker::new("gate".parse()?, SegmentId(1), config.clone())?;
            let (mut took, mut tracks) = (Vec::new(), Vec::new());
            for picture in 0..PICTURES {
                let found = crowd(picture, apart);
                let time = PictureTime::from_millis(i64::from(picture) * 100);
                let begin = Instant::now();
                tracker.update_into(time, &found, None, &mut tracks)?;
                took.push(begin.elapsed());
            }
            took.sort_unstable();
            let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
            let mean = took.iter().sum::<Duration>().as_secs_f64() * 1000.0 / f64::from(PICTURES);
            slow |= at(50) > MEDIAN_MAX_MS;
            println!(
                "{name}, {what}: mean {mean:.3} ms, median {:.3} ms (at most {MEDIAN_MAX_MS}), 99 % {:.3} ms, at most {:.3} ms; {} tracks",
                at(50),
                at(99),
                at(100),
                tracker.len()
            );
        }
    }
    Ok(if slow { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
