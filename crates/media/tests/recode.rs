//! Clips decoded, changed and encoded anew by real children.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use safe_yolo_core::PictureSize;
use safe_yolo_media::clip::{ClipError, recode};
use safe_yolo_testkit::clip::picture_times_us;
use tempfile::TempDir;

fn clip(dir: &TempDir, video: &str, more: &[&str]) -> PathBuf {
    let path = dir.path().join("from.mp4");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", video]);
    command.args(["-pix_fmt", "yuv420p"]).args(more).arg(&path);
    assert!(command.status().unwrap().success());
    path
}

fn create(path: &Path) -> File {
    File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

#[tokio::test]
async fn times_and_size_stay_and_pictures_are_those_that_were_made() {
    let dir = TempDir::new().unwrap();
    // Uneven times, and pictures that are decoded in another order than shown.
    let video = "testsrc2=size=322x182:rate=10:duration=2,select='not(eq(mod(n,5),3))'";
    let from = clip(&dir, video, &["-fps_mode", "passthrough", "-bf", "2"]);
    let to = dir.path().join("to.mp4");
    let (seen, times) = mpsc::sync_channel(64);
    let change = move |t_s: f64, size: PictureSize, i420: &mut [u8]| {
        let luma = size.width as usize * size.height as usize;
        i420[..luma].fill(200);
        seen.send((t_s, size)).unwrap();
    };
    let pictures = recode("ffmpeg", File::open(&from).unwrap(), create(&to), change).await.unwrap();
    let times: Vec<(f64, PictureSize)> = times.iter().collect();
    let (was, is) = (picture_times_us(&from).unwrap(), picture_times_us(&to).unwrap());
    assert_eq!((pictures, was.len(), is.len(), times.len()), (16, 16, 16, 16));
    for (at, (t_s, size)) in times.iter().enumerate() {
        assert_eq!(*size, PictureSize::new(322, 182));
        let wanted = was[at] - was[0];
        assert!((is[at] - is[0] - wanted).abs() < 200, "{at}: {} and {wanted}", is[at]);
        assert!((t_s * 1e6 - wanted as f64).abs() < 200.0, "{at}: {t_s} and {wanted}");
    }
    let decoded = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(&to)
        .args(["-pix_fmt", "gray", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    let grey = decoded.stdout;
    assert!(grey.len() >= 16 * 322 * 182, "{}", grey.len());
    assert!(grey.iter().all(|value| value.abs_diff(grey[0]) < 6), "all of one grey");
}

#[tokio::test]
async fn what_is_no_clip_is_told() {
    let dir = TempDir::new().unwrap();
    let (from, to) = (dir.path().join("from.mp4"), dir.path().join("to.mp4"));
    std::fs::write(&from, vec![7; 100_000]).unwrap();
    let nothing = |_: f64, _: PictureSize, _: &mut [u8]| {};
    let error = recode("ffmpeg", File::open(&from).unwrap(), create(&to), nothing).await;
    let error = error.unwrap_err();
    assert!(matches!(&error, ClipError::Child(said) if said.contains("decoding")), "{error}");
    let error = recode("no-ffmpeg", File::open(&from).unwrap(), create(&to), nothing).await;
    assert!(error.unwrap_err().to_string().contains("no-ffmpeg"));
}

/// Nothing goes on once nobody waits for it.
#[tokio::test]
async fn dropping_it_ends_the_children() {
    let dir = TempDir::new().unwrap();
    let from = clip(&dir, "testsrc2=size=640x360:rate=25:duration=40", &["-preset", "ultrafast"]);
    let to = dir.path().join("to.mp4");
    let (seen, mut pictures) = tokio::sync::mpsc::channel(1);
    let change = move |_: f64, _: PictureSize, _: &mut [u8]| {
        // Waits for whoever counts them; nobody does any more once this was dropped.
        seen.blocking_send(()).ok();
    };
    let work = recode("ffmpeg", File::open(&from).unwrap(), create(&to), change);
    tokio::select! {
        done = work => panic!("{done:?}"),
        first = pictures.recv() => first.unwrap(),
    }
    let mut rest = 0;
    let end = async {
        while pictures.recv().await.is_some() {
            rest += 1;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), end).await.unwrap();
    assert!(rest < 900, "{rest} of 1000 pictures came after it was dropped");
}
