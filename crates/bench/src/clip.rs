//! Pictures to measure with: the drawn scene at 1280x720, in memory and as H.264.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_media::picture::I420;
use safe_yolo_sim::Scene;

/// Size of the pictures.
pub(crate) const SIZE: PictureSize = PictureSize::new(1280, 720);

/// So many pictures of the scene with two people, `rate` a second.
pub(crate) fn pictures(count: u32, rate: f64) -> Result<Vec<I420>> {
    let scene = Scene::new("helmets", 1)?;
    let mut rgb = Vec::new();
    (0..count)
        .map(|number| {
            scene.render(PictureTime::from_secs_f64(f64::from(number) / rate), &mut rgb);
            Ok(I420::from_rgb(scene.size(), &rgb)?.scaled(SIZE)?)
        })
        .collect()
}

/// The same as an H.264 file.
pub(crate) fn file(path: &Path, count: u32, rate: u32) -> Result<()> {
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p"])
        .args(["-video_size", "1280x720", "-framerate", &rate.to_string(), "-i", "pipe:0"])
        .args(["-c:v", "libx264", "-preset", "veryfast", "-g", &(2 * rate).to_string()])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .context("ffmpeg")?;
    let mut pipe = child.stdin.take().context("ffmpeg takes no input")?;
    for picture in pictures(count, f64::from(rate))? {
        pipe.write_all(picture.data())?;
    }
    drop(pipe);
    ensure!(child.wait()?.success(), "ffmpeg failed");
    Ok(())
}
