//! Pictures, clips and site files of the drawn scene.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use safe_yolo_core::PictureTime;
use safe_yolo_media::jpeg;
use safe_yolo_sim::Scene;

/// A JPEG file of the scene at this time.
pub(crate) fn still(scenario: &str, millis: i64, path: &Path) {
    let scene = Scene::new(scenario, 1).unwrap();
    let mut rgb = Vec::new();
    scene.render(PictureTime::from_millis(millis), &mut rgb);
    let bytes = jpeg::encode_rgb(&rgb, scene.size(), jpeg::QUALITY_EVIDENCE).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A video file of the scene's first seconds, with so many pictures a second.
pub(crate) fn clip(scenario: &str, seconds: u32, rate: u32, path: &Path) {
    let scene = Scene::new(scenario, 1).unwrap();
    let size = scene.size();
    let mut encoder = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"])
        .args(["-s", &format!("{}x{}", size.width, size.height), "-r", &rate.to_string()])
        .args(["-i", "pipe:0", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20"])
        .args(["-g", &rate.to_string(), "-pix_fmt", "yuv420p"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("ffmpeg");
    let mut pictures = encoder.stdin.take().unwrap();
    let mut rgb = Vec::new();
    for number in 0..seconds * rate {
        let time = PictureTime::from_secs_f64(f64::from(number) / f64::from(rate));
        scene.render(time, &mut rgb);
        pictures.write_all(&rgb).unwrap();
    }
    drop(pictures);
    assert!(encoder.wait().unwrap().success(), "ffmpeg made no clip");
}

/// Pictures in a video file.
pub(crate) fn count_pictures(path: &Path) -> usize {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(path)
        .output()
        .expect("ffprobe");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().trim_end_matches(',').parse().unwrap_or_else(|_| panic!("ffprobe says '{text}'"))
}

/// The corners of the scene's first zone.
pub(crate) fn corners(scenario: &str) -> serde_json::Value {
    let scene = Scene::new(scenario, 1).unwrap();
    let zone = scene.zones().swap_remove(0);
    serde_json::json!(zone.points.iter().map(|point| [point.x, point.y]).collect::<Vec<_>>())
}
