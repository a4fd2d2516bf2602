//! Tracks a MOTChallenge file of detections:
//! `cargo run -p safe-yolo-track --example track_mot -- det.txt 25 640x480 out.txt [lost_s=1.5 ..]`

use std::error::Error;

use safe_yolo_core::PictureSize;
use safe_yolo_track::TrackerConfig;
use safe_yolo_track::mot::track_mot;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [det, fps, size, out, settings @ ..] = args.as_slice() else {
        return Err("usage: track_mot DET FPS WIDTHxHEIGHT OUT [NAME=VALUE ..]".into());
    };
    let mut config = TrackerConfig::default();
    for setting in settings {
        let (name, value) =
            setting.split_once('=').ok_or_else(|| format!("'{setting}' is not like lost_s=1.5"))?;
        config.set(name, value.parse()?)?;
    }
    let size: PictureSize = size.parse()?;
    let text = std::fs::read_to_string(det)?;
    let tracks = track_mot(&text, fps.parse()?, size, config)?;
    std::fs::write(out, tracks)?;
    Ok(())
}
