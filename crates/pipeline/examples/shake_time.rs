//! How long the estimate of the camera's own motion takes, on one core:
//! `cargo run --release -p safe-yolo-pipeline --example shake_time`

#![allow(clippy::print_stdout, reason = "its output is the result")]

use std::error::Error;
use std::time::Instant;

use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_media::picture::I420;
use safe_yolo_pipeline::shake::{SmallGrey, camera_motion};
use safe_yolo_sim::Scene;

const ROUNDS: u32 = 500;

fn median_ms(mut work: impl FnMut()) -> f64 {
    let mut took: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    // 22 s to 25 s: shaken.
    let scene = Scene::new("covered", 1)?;
    let mut rgb = Vec::new();
    let mut picture = |time| -> Result<I420, Box<dyn Error>> {
        scene.render(PictureTime::from_millis(time), &mut rgb);
        Ok(I420::from_rgb(scene.size(), &rgb)?)
    };
    let pairs = [
        ("still", picture(20_000)?, picture(20_100)?),
        ("shaken", picture(23_000)?, picture(23_100)?),
    ];
    for (what, one, other) in &pairs {
        for size in [PictureSize::new(640, 360), PictureSize::new(1920, 1080)] {
            let (one, other) = (one.scaled(size)?, other.scaled(size)?);
            let (mut before, mut after) = (SmallGrey::default(), SmallGrey::default());
            before.fill(&one);
            let fill = median_ms(|| after.fill(std::hint::black_box(&other)));
            let motion = camera_motion(&before, &after, size);
            let estimate = median_ms(|| {
                std::hint::black_box(camera_motion(&before, std::hint::black_box(&after), size));
            });
            println!(
                "{what}, {}x{}: {fill:.3} ms to make small, {estimate:.3} ms to estimate: {motion:?}",
                size.width, size.height
            );
        }
    }
    Ok(())
}
