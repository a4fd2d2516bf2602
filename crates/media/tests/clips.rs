//! Clips, written by the real child and looked at with `ffprobe`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking, and its measurements are to be read"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use safe_yolo_core::geometry::{FractionPoint, PictureSize, Polygon};
use safe_yolo_core::time::PictureTime;
use safe_yolo_media::clip::{ClipError, ClipRing, ClipSupply, Cut, Material, Written};
use safe_yolo_media::jpeg;
use safe_yolo_media::picture::I420;
use safe_yolo_media::privacy::PrivacyMask;
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_media::stream::{OpenOptions, PictureStream, open};
use safe_yolo_testkit::clip::{ClipCodec, ClipSpec, picture_times_us};
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::http::{HttpCamera, jpegs};
use safe_yolo_testkit::rtsp::RtspServer;

/// Longer than anything here takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

const fn ms(ms: i64) -> PictureTime {
    PictureTime::from_millis(ms)
}

fn cut(material: Material) -> Cut {
    Cut { material, privacy: None, ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into() }
}

async fn open_url(url: &str) -> PictureStream {
    let spec = SourceSpec::parse(url, &SourcePolicy::restricted(Vec::new())).unwrap();
    open(&spec, OpenOptions::default()).await.unwrap()
}

fn ring(stream: &PictureStream) -> ClipRing {
    match stream.clips() {
        Some(ClipSupply::Session(ring)) => ring.clone(),
        other => panic!("{other:?}"),
    }
}

/// Reads until a picture of this time came.
async fn read_to(stream: &mut PictureStream, until: PictureTime) {
    loop {
        let next = tokio::time::timeout(LIMIT, stream.next()).await.expect("a picture in time");
        if next.unwrap().expect("a camera has no end").time >= until {
            return;
        }
    }
}

/// What `ffprobe` says of the only video stream.
struct Probed {
    codec: String,
    tag: String,
    size: (u64, u64),
    /// Seconds.
    start: f64,
    duration: f64,
    /// Presentation and decoding times of the packets, seconds.
    packets: Vec<(f64, f64)>,
    decoded_us: Vec<i64>,
}

fn probe(clip: &Path) -> Probed {
    let output = Command::new("ffprobe")
        .args(["-loglevel", "error", "-of", "json", "-show_streams", "-show_packets"])
        .arg(clip)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["streams"].as_array().unwrap().len(), 1, "video only");
    let stream = &answer["streams"][0];
    let seconds = |value: &serde_json::Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let packets = answer["packets"].as_array().unwrap();
    Probed {
        codec: stream["codec_name"].as_str().unwrap().to_owned(),
        tag: stream["codec_tag_string"].as_str().unwrap().to_owned(),
        size: (stream["width"].as_u64().unwrap(), stream["height"].as_u64().unwrap()),
        start: seconds(&stream["start_time"]),
        duration: seconds(&stream["duration"]),
        packets: packets
            .iter()
            .map(|p| (seconds(&p["pts_time"]), seconds(&p["dts_time"])))
            .collect(),
        decoded_us: picture_times_us(clip).unwrap(),
    }
}

/// Whether what may be sought in comes before what it describes.
fn is_fast_start(clip: &Path) -> bool {
    let bytes = std::fs::read(clip).unwrap();
    let at = |name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    at(b"moov") < at(b"mdat")
}

/// Of a picture, the NAL units that hold it.
fn slices(codec: ClipCodec, nals: &[Vec<u8>]) -> Vec<&[u8]> {
    let is_slice = |nal: &&Vec<u8>| match codec {
        ClipCodec::H264 => matches!(nal[0] & 0x1F, 1..=5),
        _ => (nal[0] >> 1) & 0x3F < 32,
    };
    nals.iter().filter(is_slice).map(Vec::as_slice).collect()
}

/// A camera that sends this, and the part of its pictures from 2.2 s to 4 s as a clip.
async fn clip_of(spec: &ClipSpec, to: &Path) -> Written {
    let footage = Footage::make(spec).unwrap();
    let server = RtspServer::start(footage.clone()).await.unwrap();
    let mut stream = open_url(&server.url()).await;
    let ring = ring(&stream);
    read_to(&mut stream, ms(1000)).await;
    let hold = ring.hold(ms(2200)).unwrap();
    read_to(&mut stream, ms(4500)).await;
    let units = hold.take(ms(4000)).unwrap();
    let written = cut(Material::Units(units)).write(to).await.unwrap();

    // The very bytes of the camera: no picture was coded anew.
    let sent: Vec<_> = footage.pictures.iter().map(|p| slices(spec.codec, &p.nals)).collect();
    let kept = Footage::read(to, spec.codec, 2.0).unwrap();
    let first = slices(spec.codec, &kept.pictures[0].nals);
    let begin = sent.iter().position(|nals| *nals == first).expect("the first is the camera's");
    for (at, picture) in kept.pictures.iter().enumerate() {
        let expected = &sent[(begin + at) % sent.len()];
        assert_eq!(&slices(spec.codec, &picture.nals), expected, "picture {at}");
    }
    written
}

#[tokio::test]
async fn a_clip_is_what_the_camera_sent_in_each_codec_and_order() {
    let dir = tempfile::tempdir().unwrap();
    for codec in [ClipCodec::H264, ClipCodec::H265] {
        for b_frames in [0, 2] {
            let spec = ClipSpec { codec, b_frames, ..ClipSpec::default() };
            let name = format!("{codec:?} with {b_frames} B pictures");
            let path = dir.path().join(".x.mp4.half");
            let written = clip_of(&spec, &path).await;
            let probed = probe(&path);
            let (name_of_codec, tag) = match codec {
                ClipCodec::H264 => ("h264", "avc1"),
                _ => ("hevc", "hvc1"),
            };
            assert_eq!(
                (probed.codec.as_str(), probed.tag.as_str()),
                (name_of_codec, tag),
                "{name}"
            );
            assert_eq!(written.codec, name_of_codec);
            assert!(!written.encoded);
            assert_eq!(probed.size, (320, 180));
            assert_eq!(written.bytes, path.metadata().unwrap().len());
            // A key picture a second: from that at 2 s to the picture at 4 s.
            assert_eq!(written.start, ms(2000), "{name}");
            assert!((3_934_000..=4_000_000).contains(&written.end.0), "{name}: {:?}", written.end);
            assert!(probed.start.abs() < 0.001, "{name}: {}", probed.start);
            assert!((1.9..2.2).contains(&probed.duration), "{name}: {}", probed.duration);
            let dts: Vec<f64> = probed.packets.iter().map(|(_, dts)| *dts).collect();
            assert!(dts.windows(2).all(|two| two[0] < two[1]), "{name}: {dts:?}");
            assert!(probed.packets.iter().all(|(pts, dts)| pts >= dts), "{name}");
            let steps: Vec<i64> =
                probed.decoded_us.windows(2).map(|two| (two[1] - two[0] + 500) / 1000).collect();
            assert!(steps.iter().all(|step| *step == 67), "{name}: {steps:?}");
            assert!(probed.decoded_us.len() >= 29, "{name}: {}", probed.decoded_us.len());
            assert!(is_fast_start(&path), "{name}");
        }
    }
}

#[tokio::test]
async fn a_clip_is_ready_in_moments_and_its_ring_is_small() {
    // 2 Mbit/s of 1280x720 at 25 pictures a second.
    let size = PictureSize::new(1280, 720);
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("two.mp4");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i"])
        .arg(format!("testsrc2=size={}x{}:rate=25:duration=4", size.width, size.height))
        .args(["-f", "lavfi", "-i", "nullsrc=size=1280x720:rate=25:duration=4"])
        .args(["-filter_complex", "[1]geq=random(1)*255:128:128[n];[0][n]blend=all_opacity=0.1"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2M", "-minrate", "2M"])
        .args(["-maxrate", "2M", "-bufsize", "1M", "-x264-params", "nal-hrd=cbr", "-g", "50"])
        .args(["-pix_fmt", "yuv420p"])
        .arg(&source)
        .status()
        .unwrap();
    assert!(made.success());
    let server = RtspServer::start(Footage::read(&source, ClipCodec::H264, 4.0).unwrap());
    let server = server.await.unwrap();
    let mut stream = open_url(&server.url()).await;
    let ring = ring(&stream);
    read_to(&mut stream, ms(5000)).await;
    let hold = ring.hold(ms(0)).unwrap();
    let mut most = 0;
    for at in 5..=15 {
        read_to(&mut stream, ms(at * 1000)).await;
        most = most.max(ring.bytes());
    }
    let units = hold.take(ms(15_000)).unwrap();
    let rate = units.bytes() as f64 * 8.0 / 15.0 / 1e6;
    assert!((1.7..2.3).contains(&rate), "{rate} Mbit/s");
    let begun = Instant::now();
    let written = cut(Material::Units(units)).write(&dir.path().join("a.mp4")).await.unwrap();
    let took = begun.elapsed();
    println!("ring {most} bytes at {rate:.2} Mbit/s; clip of {} bytes in {took:?}", written.bytes);
    assert!(most < 5 << 20, "{most}: 20 MiB is the bound");
}

fn grey(size: PictureSize, level: u8) -> I420 {
    let mut data = vec![128; I420::byte_len(size)];
    let luma = size.width as usize * size.height as usize;
    data[..luma].fill(level);
    I420::new(size, data).unwrap()
}

/// Brightness of a pixel in each picture of a clip.
fn luma_at(clip: &Path, x: u32, y: u32) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(clip)
        .args(["-vf", &format!("crop=2:2:{x}:{y}:exact=1"), "-fps_mode", "passthrough"])
        .args(["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks(6).map(|picture| picture[0]).collect()
}

#[tokio::test]
async fn pictures_of_jpeg_are_encoded_with_their_times_and_colours() {
    let size = PictureSize::new(322, 182);
    let ring = ClipRing::of_pictures(size);
    let hold = ring.hold(ms(0)).unwrap();
    let times = [0, 100, 250, 400, 517, 700, 1000];
    for at in times {
        let level = 60 + u8::try_from(at / 10).unwrap();
        ring.push_jpeg(ms(at), jpeg::encode(&grey(size, level), 322, 80).unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    let written = cut(Material::Units(hold.take(ms(2000)).unwrap())).write(&path).await.unwrap();
    assert_eq!((written.codec.as_str(), written.encoded), ("h264", true));
    let probed = probe(&path);
    assert_eq!(
        (probed.codec.as_str(), probed.tag.as_str(), probed.size),
        ("h264", "avc1", (322, 182))
    );
    let decoded: Vec<i64> = probed.decoded_us.iter().map(|us| (us + 500) / 1000).collect();
    assert_eq!(decoded, times);
    let levels = luma_at(&path, 100, 100);
    for (at, level) in times.iter().zip(levels) {
        assert!((i64::from(level) - 60 - at / 10).abs() <= 3, "{level} at {at} ms");
    }
}

#[tokio::test]
async fn a_camera_of_jpeg_pictures_has_clips_of_ten_a_second() {
    let server = HttpCamera::start(jpegs(320, 180).unwrap(), None).await.unwrap();
    let mut stream = open_url(&server.url("/video")).await;
    let ring = ring(&stream);
    let hold = ring.hold(ms(0)).unwrap();
    read_to(&mut stream, ms(2500)).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.mp4");
    let units = hold.take(ms(2000)).unwrap();
    let written = cut(Material::Units(units)).write(&path).await.unwrap();
    assert!(written.encoded);
    let probed = probe(&path);
    assert!((10..=22).contains(&probed.decoded_us.len()), "{:?}", probed.decoded_us);
    assert!((1.5..2.3).contains(&probed.duration), "{}", probed.duration);
}

async fn file_supply(path: &Path) -> (PictureStream, safe_yolo_media::clip::FilePart) {
    let spec = SourceSpec::parse(path.to_str().unwrap(), &SourcePolicy::trusted()).unwrap();
    let stream = open(&spec, OpenOptions::default()).await.unwrap();
    match stream.clips() {
        Some(ClipSupply::File(part)) => {
            let part = part.clone();
            (stream, part)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_copied_from_the_key_picture_before_it_or_encoded() {
    let dir = tempfile::tempdir().unwrap();
    for (name, codec, b_frames) in [
        ("a.mp4", ClipCodec::H264, 0),
        ("b.mp4", ClipCodec::H264, 2),
        ("c.mkv", ClipCodec::H264, 2),
        ("d.mp4", ClipCodec::H265, 2),
        ("e.avi", ClipCodec::Mjpeg, 0),
    ] {
        let spec = ClipSpec { seconds: 8.0, codec, b_frames, ..ClipSpec::default() };
        let source = spec.write_in(dir.path(), name).unwrap();
        let (_stream, part) = file_supply(&source).await;
        let path = dir.path().join(format!("{name}.clip"));
        let part = part.between(ms(3400), ms(6000));
        let written = cut(Material::File(part)).write(&path).await.unwrap();
        let probed = probe(&path);
        let copied = codec != ClipCodec::Mjpeg;
        assert_eq!(written.encoded, !copied, "{name}");
        let start = if copied { 3000 } else { 3400 };
        let near = (written.start.0 - start * 1000).abs();
        assert!(near < 5000, "{name}: {:?}", written.start);
        assert!(probed.start.abs() < 0.001, "{name}: {}", probed.start);
        let expected = 6.0 - start as f64 / 1000.0;
        assert!((probed.duration - expected).abs() < 0.25, "{name}: {}", probed.duration);
        let steps: Vec<i64> =
            probed.decoded_us.windows(2).map(|two| (two[1] - two[0] + 500) / 1000).collect();
        // The child ends a file's part by decoding times: B pictures before the last may be cut off.
        let whole = &steps[..steps.len() - usize::from(b_frames > 0)];
        assert!(whole.iter().all(|step| (66..=68).contains(step)), "{name}: {steps:?}");
    }
}

fn left_half() -> Polygon {
    let points = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];
    Polygon::new(points.map(|(x, y)| FractionPoint { x, y }).to_vec()).unwrap()
}

#[tokio::test]
async fn what_nobody_may_see_is_black_in_every_picture_of_a_clip() {
    let size = PictureSize::new(320, 180);
    let mask = PrivacyMask::new(&[left_half()], size);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".a.mp4.half");
    let server = RtspServer::start(Footage::make(&ClipSpec::default()).unwrap()).await.unwrap();
    let mut stream = open_url(&server.url()).await;
    let ring = ring(&stream);
    let hold = ring.hold(ms(0)).unwrap();
    read_to(&mut stream, ms(2200)).await;
    let units = hold.take(ms(2000)).unwrap();

    let jpegs = ClipRing::of_pictures(size);
    let pictures = jpegs.hold(ms(0)).unwrap();
    for at in 0..5 {
        jpegs.push_jpeg(ms(at * 100), jpeg::encode(&grey(size, 200), 320, 80).unwrap());
    }
    let source = ClipSpec { seconds: 4.0, ..ClipSpec::default() };
    let (_stream, part) = file_supply(&source.write_in(dir.path(), "a.mp4").unwrap()).await;
    for (name, material) in [
        ("session", Material::Units(units)),
        ("pictures", Material::Units(pictures.take(ms(900)).unwrap())),
        ("file", Material::File(part.between(ms(1500), ms(3000)))),
    ] {
        let cut = Cut { privacy: mask.clone(), ..cut(material) };
        let written = cut.write(&path).await.unwrap();
        assert!(written.encoded, "{name}");
        for (x, y) in [(2, 2), (150, 90), (156, 176)] {
            let levels = luma_at(&path, x, y);
            assert!(levels.len() >= 5, "{name}");
            // Lossy coding trembles by a step or two.
            assert!(levels.iter().all(|level| *level <= 20), "{name} at {x},{y}: {levels:?}");
        }
        let seen = luma_at(&path, 200, 20);
        assert!(seen.iter().any(|level| *level > 40), "{name}: the rest is there: {seen:?}");
        assert!(!dir.path().join(".a.mp4.mask.half").exists(), "the mask is gone");
    }
}

fn few_units() -> Material {
    let ring = ClipRing::of_pictures(PictureSize::new(64, 36));
    let hold = ring.hold(ms(0)).unwrap();
    let picture = grey(PictureSize::new(64, 36), 99);
    ring.push_jpeg(ms(0), jpeg::encode(&picture, 64, 80).unwrap());
    Material::Units(hold.take(ms(10)).unwrap())
}

#[tokio::test]
async fn a_clip_that_can_not_be_written_says_why_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none").join("a.mp4");
    let error = cut(few_units()).write(&missing).await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let path = dir.path().join("a.mp4");
    let no_program = Cut { ffmpeg: "no-such-ffmpeg".into(), ..cut(few_units()) };
    let error = no_program.write(&path).await.unwrap_err();
    assert!(error.to_string().contains("install ffmpeg"), "{error}");
    // A disk that is always full.
    let full = dir.path().join("full.mp4");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let error = cut(few_units()).write(&full).await.unwrap_err();
    assert!(matches!(error, ClipError::NoSpace { .. }), "{error}");
    assert!(!full.is_symlink());
    let spec = ClipSpec { seconds: 4.0, ..ClipSpec::default() };
    let source: PathBuf = spec.write_in(dir.path(), "b.mp4").unwrap();
    let (_stream, part) = file_supply(&source).await;
    ClipSpec { seconds: 3.0, ..ClipSpec::default() }.write(&source).unwrap();
    let changed = cut(Material::File(part.between(ms(1000), ms(2000)))).write(&path).await;
    assert!(matches!(changed, Err(ClipError::Child(why)) if why.contains("was changed")));
    assert!(!path.exists());
}
