//! Cameras that send JPEG pictures over HTTP, and cameras that are not there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::{Duration, Instant};

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::state::BlindReason;
use safe_yolo_media::source::{Credentials, SourcePolicy, SourceSpec};
use safe_yolo_media::stream::{OpenOptions, PictureStream, open};
use safe_yolo_media::{Decoded, Decoding, StreamError};
use safe_yolo_testkit::http::{HttpCamera, HttpFault, jpegs};
use safe_yolo_testkit::rtsp::{Login, Scheme};
use safe_yolo_testkit::{process, wait};

/// Longer than anything here takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const PASSWORD: &str = "hunter2hunter2";

fn spec(url: &str) -> SourceSpec {
    SourceSpec::parse(url, &SourcePolicy::restricted(Vec::new())).unwrap()
}

async fn open_url(url: &str) -> Result<PictureStream, StreamError> {
    let silence_timeout = Duration::from_secs(2);
    open(&spec(url), OpenOptions { silence_timeout, ..OpenOptions::default() }).await
}

async fn camera() -> HttpCamera {
    HttpCamera::start(jpegs(320, 180).unwrap(), None).await.unwrap()
}

async fn take(stream: &mut PictureStream, count: usize) -> Vec<Decoded> {
    let mut pictures = Vec::new();
    while pictures.len() < count {
        let next = tokio::time::timeout(LIMIT, stream.next()).await.expect("a picture in time");
        pictures.push(next.unwrap().expect("a camera has no end"));
    }
    pictures
}

/// The error that ends the stream.
async fn end(stream: &mut PictureStream) -> StreamError {
    let work = async {
        loop {
            match stream.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a camera has no end"),
                Err(error) => return error,
            }
        }
    };
    tokio::time::timeout(LIMIT, work).await.expect("an end in time")
}

#[tokio::test]
async fn parts_are_pictures_with_the_time_of_their_arrival() {
    let camera = camera().await;
    // Before the first is sent: those that queue up while it is opened come at once.
    let begin = Instant::now();
    let mut stream = open_url(&camera.url("/video?fps=15")).await.unwrap();
    assert_eq!(stream.info().size, PictureSize::new(320, 180));
    assert_eq!(stream.info().codec, "mjpeg");
    let pictures = take(&mut stream, 31).await;
    let shown = pictures[30].time.secs_f64() - pictures[0].time.secs_f64();
    let took = begin.elapsed().as_secs_f64();
    // 2 s, less what the first was late.
    assert!((0.9..=took).contains(&shown), "{shown} s in {took} s");
    assert!(pictures.windows(2).all(|pair| pair[0].time < pair[1].time));
    assert_ne!(pictures[10].picture.data(), pictures[11].picture.data());
    assert_eq!(camera.requests(), 1);
    assert!(stream.last_unit_at().is_some());
    let pid = stream.decoder_pid().unwrap();
    drop(stream);
    wait::until("the child is gone", LIMIT, || !process::is_running(pid)).await.unwrap();
    wait::until("the connection is closed", LIMIT, || camera.open_connections() == 0)
        .await
        .unwrap();
}

#[tokio::test]
async fn still_pictures_are_asked_for_each_second() {
    let camera = camera().await;
    let begin = Instant::now();
    let mut stream = open_url(&camera.url("/still")).await.unwrap();
    let pictures = take(&mut stream, 4).await;
    // It is asked once a second at most; when an answer arrives is up to the machine.
    let took = begin.elapsed().as_secs_f64();
    assert!(took > 2.9, "{took} s");
    let step = |pair: &[Decoded]| pair[1].time.secs_f64() - pair[0].time.secs_f64();
    let smallest = pictures.windows(2).map(step).fold(f64::INFINITY, f64::min);
    assert!(smallest < 2.0, "{smallest} s");
}

#[tokio::test]
async fn in_economy_a_picture_a_second_is_decoded() {
    let camera = camera().await;
    let mut stream = open_url(&camera.url("/video")).await.unwrap();
    stream.set_economy(true);
    let begin = Instant::now();
    while stream.decoding() == Decoding::All {
        assert!(begin.elapsed() < LIMIT, "economy in time");
        take(&mut stream, 1).await;
    }
    // What was on its way before comes still; and on a machine that is busy some
    // may be late, so that those held ready in their place are decoded, too.
    take(&mut stream, 2).await;
    let pictures = take(&mut stream, 6).await;
    let took = pictures[5].time.secs_f64() - pictures[0].time.secs_f64();
    assert!((1.0..15.0).contains(&took), "5 steps took {took} s, and 0.33 s if all are decoded");
}

#[tokio::test]
async fn logins() {
    for scheme in [Scheme::Digest, Scheme::Basic] {
        let login = Login { user: "operator".into(), password: PASSWORD.into(), scheme };
        let camera = HttpCamera::start(jpegs(320, 180).unwrap(), Some(login)).await.unwrap();
        let right = spec(&camera.url_with("operator", PASSWORD, "/video?a=b"));
        let mut stream = open(&right, OpenOptions::default()).await.unwrap();
        take(&mut stream, 3).await;
        let pid = stream.decoder_pid().unwrap();
        let seen = process::command_line(pid) + &process::environment(pid);
        assert!(seen.contains("ffmpeg") && !seen.contains(PASSWORD), "{seen}");
        assert!(!format!("{stream:?} {right:?} {right}").contains(PASSWORD));

        let separate = Credentials::new("operator", PASSWORD).unwrap();
        let given = spec(&camera.url("/video")).with_credentials(Some(separate));
        assert!(open(&given, OpenOptions::default()).await.is_ok());

        let wrong = camera.url_with("operator", "Wr0ngWr0ng", "/video");
        for wrong in [camera.url("/video"), wrong] {
            let error = open_url(&wrong).await.unwrap_err();
            assert_eq!(error.reason(), BlindReason::Unauthorized, "{error}");
            let said = format!("{error} {error:?}");
            assert!(!said.contains("Wr0ng") && !said.contains(PASSWORD), "{said}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_when_opening() {
    let camera = camera().await;
    let error = open_url(&camera.url("/other")).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::NotFound, "{error}");
    for (fault, reason, said) in [
        (HttpFault::Page, BlindReason::NoPictures, "text/html"),
        (HttpFault::Redirect, BlindReason::Unreachable, "not followed"),
        (HttpFault::Closing, BlindReason::Unreachable, "can't be reached"),
        (HttpFault::Stalled, BlindReason::NoPictures, "sends no pictures"),
    ] {
        camera.set_fault(fault);
        let error = open_url(&camera.url("/video")).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    camera.set_fault(HttpFault::Silent);
    let options =
        OpenOptions { connect_timeout: Duration::from_millis(300), ..OpenOptions::default() };
    let error = open(&spec(&camera.url("/video")), options).await.unwrap_err();
    assert!(error.to_string().contains("no answer within 0.3 s"), "{error}");
    assert_eq!(error.reason(), BlindReason::Unreachable);

    let gone = camera.url("/video");
    drop(camera);
    let error = open_url(&gone).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::Unreachable, "{error}");
}

#[tokio::test]
async fn faults_while_it_runs() {
    let camera = camera().await;
    let mut stream = open_url(&camera.url("/video")).await.unwrap();
    take(&mut stream, 3).await;
    for fault in [HttpFault::GarbageParts, HttpFault::WrongLengths] {
        camera.set_fault(fault);
        let pictures = take(&mut stream, 20).await;
        assert!(pictures.windows(2).all(|pair| pair[0].time < pair[1].time), "{fault:?}");
    }
    camera.set_fault(HttpFault::Stalled);
    while tokio::time::timeout(Duration::from_millis(300), stream.next()).await.is_ok() {}
    camera.set_fault(HttpFault::None);
    take(&mut stream, 5).await;
    assert_eq!(camera.requests(), 1, "all on one connection");

    camera.set_pictures(jpegs(640, 360).unwrap());
    let error = end(&mut stream).await;
    assert!(error.is_discontinuity(), "{error}");
    assert!(error.to_string().contains("320x180 to 640x360"), "{error}");

    let mut stream = open_url(&camera.url("/video")).await.unwrap();
    camera.set_fault(HttpFault::Closing);
    let error = end(&mut stream).await;
    assert!(matches!(error, StreamError::SessionLost { .. }), "{error}");
}

#[tokio::test]
async fn a_usb_camera_that_is_not_there_is_told() {
    let spec = spec("usb:///dev/video255");
    let error = open(&spec, OpenOptions::default()).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::NotFound);
    assert!(error.to_string().contains("/dev/video255"), "{error}");
}
