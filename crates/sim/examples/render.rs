//! How long a picture of 640x360 takes to be drawn: the mean of every shipped scenario, and the slowest picture.
//! Fails when a mean is above the bound.
//! `cargo run --release -p safe-yolo-sim --example render`

#![expect(clippy::print_stdout, reason = "its output is the result")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_sim::{LookSet, Scene, SceneError};

/// Most that a picture may take in the mean, milliseconds.
const MEAN_MAX_MS: f64 = 3.0;

fn main() -> Result<ExitCode, SceneError> {
    let size = PictureSize::new(640, 360);
    let mut scenes = Vec::new();
    for name in Scene::SCENARIOS {
        scenes.push(((*name).to_owned(), Scene::in_size(name, 1, size)?));
    }
    for seed in 0..3 {
        let scene = Scene::random(seed, LookSet::Training, Some(size))?;
        scenes.push((format!("random {seed}"), scene));
    }
    let mut slow = false;
    println!("| scene | mean, ms (at most {MEAN_MAX_MS}) | slowest, ms |\n|---|---|---|");
    for (name, scene) in scenes {
        let (mut all, mut most, mut rgb) = (Duration::ZERO, Duration::ZERO, Vec::new());
        let count = (scene.duration() * 5.0) as u32;
        for number in 0..count {
            let time = PictureTime::from_secs_f64(f64::from(number) / 5.0);
            let begun = Instant::now();
            scene.render(time, &mut rgb);
            let took = begun.elapsed();
            (all, most) = (all + took, most.max(took));
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let mean = ms(all) / f64::from(count);
        slow |= mean > MEAN_MAX_MS;
        println!("| {name} | {mean:.2} | {:.2} |", ms(most));
    }
    Ok(if slow { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
