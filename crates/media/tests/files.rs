//! Files: every picture with its own time, and clear words for what is no video.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::state::BlindReason;
use safe_yolo_core::time::PictureTime;
use safe_yolo_media::StreamError;
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_media::stream::{OpenOptions, PictureStream, open};
use safe_yolo_testkit::clip::{ClipCodec, ClipSpec, damaged, picture_times_us, truncated};
use safe_yolo_testkit::{process, wait};

fn spec(path: &Path) -> SourceSpec {
    SourceSpec::parse(path.to_str().unwrap(), &SourcePolicy::trusted()).unwrap()
}

async fn open_path(path: &Path) -> Result<PictureStream, StreamError> {
    open(&spec(path), OpenOptions::default()).await
}

/// The times of all pictures to the end, or to an error.
async fn times(stream: &mut PictureStream) -> Result<Vec<i64>, StreamError> {
    let mut times = Vec::new();
    while let Some(decoded) = stream.next().await? {
        assert_eq!(decoded.picture.size(), stream.info().size);
        times.push(decoded.time.0);
    }
    // The end stays the end.
    assert!(matches!(stream.next().await, Ok(None)));
    Ok(times)
}

fn increasing(times: &[i64]) -> bool {
    times.windows(2).all(|pair| pair[0] < pair[1])
}

#[tokio::test]
async fn times_are_those_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let base = ClipSpec {
        b_frames: 3,
        key_every: 12,
        variable_rate: true,
        rate: 30,
        ..ClipSpec::default()
    };
    for (name, spec) in [
        ("b.mp4", ClipSpec { rate: 25, variable_rate: false, ..base.clone() }),
        ("b-v.mp4", base.clone()),
        ("b-v.mkv", base.clone()),
        ("b-v.ts", base.clone()),
        ("b-v.mov", ClipSpec { codec: ClipCodec::H265, ..base.clone() }),
        ("sound.mp4", ClipSpec { sound: true, ..base.clone() }),
        (
            "odd.avi",
            ClipSpec { codec: ClipCodec::Mjpeg, b_frames: 0, variable_rate: false, ..base.clone() },
        ),
        ("-n: %1'.flv", ClipSpec { ..base.clone() }),
    ] {
        let path = spec.write_in(dir.path(), &format!("./{name}")).unwrap();
        let expected = picture_times_us(&path).unwrap();
        let mut stream = open_path(&path).await.unwrap();
        let info = stream.info().clone();
        assert_eq!(info.size, PictureSize::new(320, 180), "{name}");
        let got = times(&mut stream).await.unwrap();
        assert_eq!(got, expected, "{name}");
        assert!(increasing(&got), "{name}");
        assert!(got.len() > 20, "{name}");
        assert_eq!(info.start.0, expected[0], "{name}");
        let duration = info.duration.unwrap().as_secs_f64();
        assert!((1.8..2.2).contains(&duration), "{name}: {duration}");
        assert!(info.pictures_per_s.is_some(), "{name}");
    }
}

#[tokio::test]
async fn times_below_zero_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = ClipSpec::default().write_in(dir.path(), "a.mp4").unwrap();
    for name in ["early.mov", "early.mkv"] {
        let early = dir.path().join(name);
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-loglevel", "error", "-i"]).arg(&path);
        command.args(["-c:v", "mjpeg", "-avoid_negative_ts", "disabled"]);
        command.args(["-output_ts_offset", "-0.5", "-fps_mode", "passthrough"]).arg(&early);
        assert!(command.status().unwrap().success());
        let expected = picture_times_us(&early).unwrap();
        assert!(expected[0] < 0, "{name}: {expected:?}");
        let mut stream = open_path(&early).await.unwrap();
        assert_eq!(times(&mut stream).await.unwrap(), expected, "{name}");
    }
}

#[tokio::test]
async fn pictures_are_the_right_ones() {
    let dir = tempfile::tempdir().unwrap();
    let path = ClipSpec::default().write_in(dir.path(), "a.mp4").unwrap();
    let mut stream = open_path(&path).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let rgb = first.picture.to_rgb().unwrap();
    let mean = |from: usize| {
        rgb.iter().skip(from).step_by(3).map(|v| u64::from(*v)).sum::<u64>() / (320 * 180)
    };
    // The test picture is colourful, neither black nor grey.
    assert!((60..200).contains(&mean(0)) && (60..200).contains(&mean(1)));
    let second = stream.next().await.unwrap().unwrap();
    assert_ne!(first.picture.data(), second.picture.data());
}

#[tokio::test]
async fn seeking_gives_the_first_picture_at_or_after_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let clip = ClipSpec { key_every: 20, seconds: 6.0, ..ClipSpec::default() };
    for name in ["a.mp4", "a.mkv", "a.ts", "a.flv", "a.avi"] {
        // AVI keeps no times of its own, so none to expect of B pictures.
        let b_frames = if name == "a.avi" { 0 } else { 2 };
        let clip = ClipSpec { b_frames, ..clip.clone() };
        let path = clip.write_in(dir.path(), name).unwrap();
        let all = picture_times_us(&path).unwrap();
        for share in [0.0, 0.35, 0.6, 0.99] {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "a share"
            )]
            let start = all[0] + ((all[all.len() - 1] - all[0]) as f64 * share) as i64;
            let expected: Vec<_> = all.iter().copied().filter(|time| *time >= start).collect();
            let options = OpenOptions { start: Some(PictureTime(start)), ..OpenOptions::default() };
            let mut stream = open(&spec(&path), options).await.unwrap();
            let got = times(&mut stream).await.unwrap();
            assert_eq!(got, expected, "{name} from {start}");
        }
        let beyond = PictureTime(all[all.len() - 1] + 5_000_000);
        let options = OpenOptions { start: Some(beyond), ..OpenOptions::default() };
        let mut stream = open(&spec(&path), options).await.unwrap();
        assert!(stream.next().await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn damaged_files_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let clip = ClipSpec { b_frames: 2, seconds: 4.0, ..ClipSpec::default() };
    for name in ["a.mkv", "a.ts", "a.avi"] {
        let whole = clip.write_in(dir.path(), name).unwrap();
        let bad = dir.path().join(format!("bad-{name}"));
        damaged(&whole, &bad, 0.3, 0.6).unwrap();
        let mut stream = open_path(&bad).await.unwrap();
        let got = times(&mut stream).await.unwrap();
        assert!(increasing(&got), "{name}: {got:?}");
        assert!(got.len() > 20 && got[got.len() - 1] > 3_500_000, "{name}: {got:?}");
    }
    let whole = clip.write_in(dir.path(), "b.mkv").unwrap();
    let cut = dir.path().join("cut.mkv");
    truncated(&whole, &cut, 0.5).unwrap();
    let mut stream = open_path(&cut).await.unwrap();
    let got = times(&mut stream).await.unwrap();
    assert!(increasing(&got) && got.len() > 10 && got.len() < 50, "{got:?}");
}

#[tokio::test]
async fn what_is_no_video_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let video = ClipSpec::default().write_in(dir.path(), "a.mp4").unwrap();
    truncated(&video, &dir.path().join("no-index.mp4"), 0.5).unwrap();
    let video = video.display();
    for (name, content, words) in [
        ("empty.mp4", String::new(), "empty"),
        ("text.mp4", "just some words".repeat(100), "format is not known"),
        ("list.m3u8", format!("#EXTM3U\n#EXTINF:1,\n{video}\n"), "playlist"),
        ("list.mp4", format!("#EXTM3U\n#EXTINF:1,\n{video}\n"), "playlist"),
        ("list.txt", format!("ffconcat version 1.0\nfile '{video}'\n"), "playlist"),
        ("bare.txt", format!("file '{video}'\n"), "format is not known"),
        ("half.mp4", "\0\0\0\u{20}ftypisom".repeat(40), ""),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let error = open_path(&path).await.unwrap_err();
        assert!(error.to_string().contains(words), "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert_eq!(error.reason(), BlindReason::Undecodable, "{name}: {error}");
    }
    let error = open_path(&dir.path().join("no-index.mp4")).await.unwrap_err();
    assert!(error.to_string().contains("moov atom not found"), "{error}");
    let gone = spec(&dir.path().join("a.mp4"));
    fs::remove_file(dir.path().join("a.mp4")).unwrap();
    let error = open(&gone, OpenOptions::default()).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::NotFound, "{error}");
}

#[tokio::test]
async fn a_missing_ffmpeg_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = ClipSpec::default().write_in(dir.path(), "a.mp4").unwrap();
    let none = "/nonexistent/ffmpeg".to_owned();
    for options in [
        OpenOptions { ffmpeg: none.clone(), ..OpenOptions::default() },
        OpenOptions { ffprobe: none.clone(), ..OpenOptions::default() },
    ] {
        let error = open(&spec(&path), options).await.unwrap_err();
        assert!(error.to_string().contains("apt install ffmpeg"), "{error}");
    }
}

#[tokio::test]
async fn what_is_known_of_a_file_is_asked_again_only_when_it_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = ClipSpec::default().write_in(dir.path(), "a.mp4").unwrap();
    let stream = open_path(&path).await.unwrap();
    // Nobody can be asked any more.
    let options = || OpenOptions {
        known: stream.facts().cloned(),
        ffprobe: "/nonexistent/ffprobe".to_owned(),
        ..OpenOptions::default()
    };
    let again = open(&spec(&path), options()).await.unwrap();
    assert_eq!(again.info(), stream.info());
    let longer = ClipSpec { seconds: 5.0, ..ClipSpec::default() };
    fs::rename(longer.write_in(dir.path(), "b.mp4").unwrap(), &path).unwrap();
    let error = open(&spec(&path), options()).await.unwrap_err();
    assert!(error.to_string().contains("ffprobe"), "another file: {error}");
}

#[tokio::test]
async fn a_change_of_size_ends_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    let one = ClipSpec::default().write_in(dir.path(), "1.ts").unwrap();
    let other = ClipSpec { width: 160, height: 120, ..ClipSpec::default() }
        .write_in(dir.path(), "2.ts")
        .unwrap();
    let both = dir.path().join("both.ts");
    fs::write(&both, [fs::read(one).unwrap(), fs::read(other).unwrap()].concat()).unwrap();
    let mut stream = open_path(&both).await.unwrap();
    let error = times(&mut stream).await.unwrap_err();
    assert!(error.is_discontinuity(), "{error}");
    assert!(matches!(stream.next().await, Err(StreamError::AlreadyEnded)));
}

#[tokio::test]
async fn dropping_ends_the_child_while_it_waits_for_us() {
    let dir = tempfile::tempdir().unwrap();
    let path =
        ClipSpec { seconds: 20.0, ..ClipSpec::default() }.write_in(dir.path(), "a.mp4").unwrap();
    let mut stream = open_path(&path).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let pid = stream.decoder_pid().unwrap();
    assert!(process::is_running(pid));
    assert!(
        process::environment(pid)
            .split(' ')
            .all(|v| ["PATH=", "LD_L"].iter().any(|p| v.starts_with(p)) || v.is_empty())
    );
    let before = Instant::now();
    drop(stream);
    // Waiting for a child's exit may take 2 s: dropping does not wait.
    assert!(before.elapsed() < Duration::from_millis(1500), "{:?}", before.elapsed());
    wait::until("the child is gone", Duration::from_secs(20), || !process::is_running(pid))
        .await
        .unwrap();
}

#[tokio::test]
async fn next_may_be_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let path =
        ClipSpec { b_frames: 2, ..ClipSpec::default() }.write_in(dir.path(), "a.mp4").unwrap();
    let expected = picture_times_us(&path).unwrap();
    let mut stream = open_path(&path).await.unwrap();
    let mut got = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_micros(300), stream.next()).await {
            Ok(next) => match next.unwrap() {
                Some(decoded) => got.push(decoded.time.0),
                None => break,
            },
            Err(_elapsed) => {}
        }
    }
    assert_eq!(got, expected);
}

/// Figures for the documentation: `cargo test --release -- --ignored --nocapture figures`.
#[tokio::test]
#[ignore = "measures, and proves nothing"]
async fn figures_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    for (width, height) in [(1280, 720), (1920, 1080)] {
        let clip = ClipSpec { width, height, seconds: 20.0, b_frames: 2, ..ClipSpec::default() };
        let path = clip.write_in(dir.path(), &format!("{height}.mp4")).unwrap();
        let begin = Instant::now();
        let mut stream = open_path(&path).await.unwrap();
        println!("{width}x{height}: first picture after {:?}", begin.elapsed());
        let begin = Instant::now();
        let count = times(&mut stream).await.unwrap().len();
        let each = begin.elapsed().as_secs_f64() * 1e3 / f64::from(u32::try_from(count).unwrap());
        println!("{width}x{height}: {each:.2} ms a picture over {count}");
    }
}
