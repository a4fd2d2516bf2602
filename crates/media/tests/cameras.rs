//! Cameras: pictures with the camera's own times, and every fault by its name.

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
use safe_yolo_testkit::clip::{ClipCodec, ClipSpec};
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::rtsp::{Login, RtspOptions, RtspServer, Scheme};
use safe_yolo_testkit::{process, wait};

/// Longer than anything here takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const PASSWORD: &str = "hunter2hunter2";

fn footage() -> Footage {
    Footage::make(&ClipSpec::default()).unwrap()
}

fn login(scheme: Scheme) -> RtspOptions {
    let login = Login { user: "operator".into(), password: PASSWORD.into(), scheme };
    RtspOptions { login: Some(login), ..RtspOptions::default() }
}

fn spec(url: &str) -> SourceSpec {
    SourceSpec::parse(url, &SourcePolicy::restricted(Vec::new())).unwrap()
}

async fn open_url(url: &str) -> Result<PictureStream, StreamError> {
    open(&spec(url), OpenOptions::default()).await
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

fn steps_ms(pictures: &[Decoded]) -> Vec<i64> {
    pictures.windows(2).map(|pair| (pair[1].time.0 - pair[0].time.0 + 500) / 1000).collect()
}

#[tokio::test]
async fn pictures_come_at_the_camera_s_rate_with_its_times() {
    let server = RtspServer::start(footage()).await.unwrap();
    // Before the first is sent: those that queue up while it is opened come at once.
    let begin = Instant::now();
    let mut stream = open_url(&server.url()).await.unwrap();
    assert_eq!(stream.info().size, PictureSize::new(320, 180));
    assert_eq!(stream.info().codec, "h264");
    // More than one round, over the place where the RTP clock begins anew.
    let pictures = take(&mut stream, 50).await;
    let elapsed = begin.elapsed().as_secs_f64();
    assert_eq!(pictures[0].time.0, 0);
    assert!(steps_ms(&pictures).iter().all(|step| *step == 67), "{:?}", steps_ms(&pictures));
    assert!((3.2..20.0).contains(&elapsed), "49 steps of 1/15 s took {elapsed} s");
    assert_ne!(pictures[10].picture.data(), pictures[11].picture.data());
    assert_eq!((server.connections(), server.describes(), server.video_setups()), (1, 1, 1));
}

#[tokio::test]
async fn pictures_sent_out_of_order_are_shown_in_order() {
    for codec in [ClipCodec::H264, ClipCodec::H265] {
        let clip = ClipSpec { b_frames: 2, codec, ..ClipSpec::default() };
        let server = RtspServer::start(Footage::make(&clip).unwrap()).await.unwrap();
        let mut stream = open_url(&server.url()).await.unwrap();
        let pictures = take(&mut stream, 45).await;
        let steps = steps_ms(&pictures);
        assert!(steps.iter().all(|step| *step == 67), "{codec:?}: {steps:?}");
    }
}

#[tokio::test]
async fn sound_is_never_asked_for() {
    let options = RtspOptions { audio: true, ..RtspOptions::default() };
    let server = RtspServer::start_with(footage(), options).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 5).await;
    assert_eq!((server.video_setups(), server.audio_setups()), (1, 0));
}

#[tokio::test]
async fn logins() {
    for scheme in [Scheme::Digest, Scheme::Basic] {
        let server = RtspServer::start_with(footage(), login(scheme)).await.unwrap();
        let mut stream = open_url(&server.url_with_login()).await.unwrap();
        take(&mut stream, 3).await;
        let pid = stream.decoder_pid().unwrap();
        let seen = process::command_line(pid) + &process::environment(pid);
        assert!(
            seen.contains("ffmpeg") && !seen.contains(PASSWORD) && !seen.contains("operator"),
            "{seen}"
        );
        assert!(!format!("{stream:?}").contains(PASSWORD));

        let separate = Credentials::new("operator", PASSWORD).unwrap();
        let spec = spec(&server.url()).with_credentials(Some(separate));
        assert!(open(&spec, OpenOptions::default()).await.is_ok());

        for wrong in [server.url(), server.url().replace("rtsp://", "rtsp://operator:Wr0ngWr0ng@")]
        {
            let error = open_url(&wrong).await.unwrap_err();
            assert_eq!(error.reason(), BlindReason::Unauthorized, "{error}");
            let said = format!("{error} {error:?} {spec:?}");
            assert!(!said.contains("Wr0ng") && !said.contains(PASSWORD), "{said}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_when_opening() {
    let mut server = RtspServer::start(footage()).await.unwrap();
    let error = open_url(&format!("rtsp://{}/other", server.addr())).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::NotFound, "{error}");

    server.refuse(true);
    let error = open_url(&server.url()).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::Unreachable, "{error}");
    server.refuse(false);

    server.be_silent(true);
    let options =
        OpenOptions { connect_timeout: Duration::from_millis(300), ..OpenOptions::default() };
    let error = open(&spec(&server.url()), options).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::Unreachable, "{error}");
    server.be_silent(false);

    server.send_garbage(true);
    let error = open_url(&server.url()).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::Unreachable, "{error}");
    server.send_garbage(false);

    server.without_packets(true);
    let options =
        OpenOptions { silence_timeout: Duration::from_millis(300), ..OpenOptions::default() };
    let error = open(&spec(&server.url()), options).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::NoPictures, "{error}");
    wait::until("the session is over", LIMIT, || server.sessions() == 0).await.unwrap();
    server.without_packets(false);

    server.stop().await;
    let error = open_url(&server.url()).await.unwrap_err();
    assert_eq!(error.reason(), BlindReason::Unreachable, "{error}");

    server.restart().await.unwrap();
    assert!(open_url(&server.url()).await.is_ok());
}

#[tokio::test]
async fn a_camera_without_video_is_refused() {
    let options = RtspOptions { audio: true, without_video: true, ..RtspOptions::default() };
    let server = RtspServer::start_with(footage(), options).await.unwrap();
    let error = open_url(&server.url()).await.unwrap_err();
    assert!(matches!(error, StreamError::NoVideo { .. }), "{error}");
    assert!(error.to_string().contains("audio/pcmu"), "{error}");
    assert_eq!((server.video_setups(), server.audio_setups()), (0, 0));
}

#[tokio::test]
async fn dropping_a_stalled_stream_ends_child_and_session_at_once() {
    let server = RtspServer::start(footage()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 3).await;
    let pid = stream.decoder_pid().unwrap();
    server.stall(true);
    // Whatever was on its way comes still; then nothing does, and waiting for it may be given up.
    while tokio::time::timeout(Duration::from_millis(300), stream.next()).await.is_ok() {}
    let begin = Instant::now();
    drop(stream);
    // Waiting for a child's exit may take 2 s: dropping does not wait.
    assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
    wait::until("the child is gone", LIMIT, || !process::is_running(pid)).await.unwrap();
    wait::until("the connection is closed", LIMIT, || server.open_connections() == 0)
        .await
        .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(server.teardowns(), 1);
}

#[tokio::test]
async fn a_stall_passes() {
    let server = RtspServer::start(footage()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 3).await;
    server.stall(true);
    while tokio::time::timeout(Duration::from_millis(300), stream.next()).await.is_ok() {}
    server.stall(false);
    take(&mut stream, 10).await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_slow_caller_does_not_slow_the_session() {
    let clip = ClipSpec { width: 1280, height: 720, ..ClipSpec::default() };
    let server = RtspServer::start(Footage::make(&clip).unwrap()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    // Far more than fits in pipes and queues; the camera sends on all the time, for
    // 13 s if nothing holds it up.
    let before = server.pictures_sent();
    wait::until("200 pictures are sent", LIMIT * 3, || server.pictures_sent() > before + 200)
        .await
        .unwrap();
    assert_eq!(server.connections(), 1);
    // What comes now was kept, then what is new; with a gap, but in order.
    let pictures = take(&mut stream, 30).await;
    assert!(pictures[0].time > first.time);
    assert!(steps_ms(&pictures).iter().all(|step| *step > 0));
    let newest = pictures[29].time.secs_f64();
    assert!(newest > 5.0, "the oldest were given up: {newest}");
}

#[tokio::test]
async fn an_end_of_the_session_is_told() {
    let server = RtspServer::start(footage()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 3).await;
    server.close_all();
    let error = end(&mut stream).await;
    assert!(matches!(error, StreamError::SessionLost { .. }), "{error}");
    assert!(matches!(stream.next().await, Err(StreamError::AlreadyEnded)));

    let mut stream = open_url(&server.url()).await.unwrap();
    server.send_garbage(true);
    let error = end(&mut stream).await;
    assert!(matches!(error, StreamError::SessionLost { .. }), "{error}");
}

#[tokio::test]
async fn jumps_of_the_clock_and_changes_of_size_end_the_stream() {
    let server = RtspServer::start(footage()).await.unwrap();
    for seconds in [60, -60] {
        let mut stream = open_url(&server.url()).await.unwrap();
        take(&mut stream, 3).await;
        server.jump_clock(seconds);
        let error = end(&mut stream).await;
        assert!(matches!(error, StreamError::ClockJump { .. }), "{error}");
        assert!(error.is_discontinuity());
    }
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 3).await;
    let other = ClipSpec { width: 640, height: 360, ..ClipSpec::default() };
    server.set_footage(Footage::make(&other).unwrap());
    let error = end(&mut stream).await;
    assert!(matches!(error, StreamError::SizeChanged { .. }), "{error}");
    assert!(error.to_string().contains("320x180 to 640x360"), "{error}");
    let stream = open_url(&server.url()).await.unwrap();
    assert_eq!(stream.info().size, PictureSize::new(640, 360));
}

#[tokio::test]
async fn losses_and_damage_are_lived_with() {
    let server = RtspServer::start(footage()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    server.lose_every(7);
    let lossy = take(&mut stream, 30).await;
    assert!(lossy.iter().any(|picture| stream.is_damaged(picture.time)), "nothing was lost");
    server.lose_every(0);
    // What was lost is made good by the next key picture, a second later at most.
    let whole = take(&mut stream, 45).await;
    assert!(whole.last().is_some_and(|picture| !stream.is_damaged(picture.time)));
    server.damage_every(3);
    let damaged = take(&mut stream, 30).await;
    for pictures in [lossy, damaged] {
        assert!(steps_ms(&pictures).iter().all(|step| *step > 0));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_killed_decoder_is_told() {
    let server = RtspServer::start(footage()).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    take(&mut stream, 3).await;
    let pid = stream.decoder_pid().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let error = end(&mut stream).await;
    assert!(matches!(error, StreamError::DecoderEnded(_)), "{error}");
    assert_eq!(error.reason(), BlindReason::Undecodable);
    assert!(error.to_string().contains("signal: 9"), "{error}");
}

/// Footage of an empty room, with a figure from that second on.
fn room(codec: ClipCodec, key_every: u32, figure_from: f64) -> Footage {
    let seconds = f64::from(key_every) / 15.0 * 2.0;
    let figure_from = Some(figure_from);
    Footage::make(&ClipSpec { codec, key_every, seconds, figure_from, ..ClipSpec::default() })
        .unwrap()
}

/// Takes pictures until key pictures alone are decoded.
async fn until_economy(stream: &mut PictureStream) -> Decoded {
    stream.set_economy(true);
    let begin = Instant::now();
    loop {
        let last = take(stream, 1).await.remove(0);
        if stream.decoding() == Decoding::KeyPictures {
            return last;
        }
        assert!(begin.elapsed() < LIMIT, "economy in time");
    }
}

/// How long ago the camera sent this picture, of which it sends 15 a second; a
/// change of footage shifts their times by half a step.
fn late(server: &RtspServer, picture: &Decoded) -> Duration {
    let number = u64::try_from((picture.time.0 * 15 + 900_000) / 1_000_000).unwrap();
    server.sent_at(number).unwrap().elapsed().unwrap_or_default()
}

#[tokio::test]
async fn in_economy_key_pictures_come_at_once_and_alone() {
    for codec in [ClipCodec::H264, ClipCodec::H265] {
        let server = RtspServer::start(room(codec, 15, 100.0)).await.unwrap();
        let mut stream = open_url(&server.url()).await.unwrap();
        assert_eq!(stream.decoding(), Decoding::All);
        let mut tries = 0;
        let mut pictures = loop {
            until_economy(&mut stream).await;
            // What was on its way before comes still.
            take(&mut stream, 2).await;
            let sent = server.pictures_sent();
            let mut lags = Vec::new();
            let mut pictures = Vec::new();
            for _ in 0..4 {
                let picture = take(&mut stream, 1).await.remove(0);
                lags.push(late(&server, &picture));
                pictures.push(picture);
            }
            let sent = server.pictures_sent() - sent;
            let steps = steps_ms(&pictures);
            // The camera sends all the time.
            if steps == [1000; 3]
                && (40..=80).contains(&sent)
                && lags.iter().all(|lag| *lag < Duration::from_millis(500))
            {
                break pictures;
            }
            // When a busy machine stalls as a key picture is due, all is decoded for a while.
            tries += 1;
            assert!(tries < 10, "{codec:?}: steps {steps:?}, {sent} sent, {lags:?} late");
        };
        // All again, and nothing is left out.
        stream.set_economy(false);
        pictures.extend(take(&mut stream, 30).await);
        let steps = steps_ms(&pictures[3..]);
        assert!(steps.iter().all(|step| *step == 67), "{codec:?}: {steps:?}");
        assert_eq!(stream.decoding(), Decoding::All);
        assert_eq!(stream.size_motion_at(), None);
    }
}

/// How late it is shown that someone comes into the empty room. The footage is
/// made before: that would hold up the camera, which runs in this thread.
async fn motion_shown_after(empty: Footage, figure: Footage) -> Duration {
    let server = RtspServer::start(empty).await.unwrap();
    let mut stream = open_url(&server.url()).await.unwrap();
    let mut last = until_economy(&mut stream).await;
    let still = last.picture.data().to_vec();
    server.set_footage(figure);
    let is_still = |decoded: &Decoded| {
        let pairs = decoded.picture.data().iter().zip(&still);
        pairs.filter(|(a, b)| a.abs_diff(**b) > 16).count() < 100
    };
    let shown = loop {
        let next = take(&mut stream, 1).await.remove(0);
        if !is_still(&next) {
            break next;
        }
        last = next;
    };
    let late = late(&server, &shown);
    assert_eq!(steps_ms(&[last, shown]), [67], "not a picture of it is missed");
    assert_eq!(stream.decoding(), Decoding::All);
    assert!(stream.size_motion_at().is_some());
    let steps = steps_ms(&take(&mut stream, 30).await);
    assert!(steps.iter().all(|step| *step == 67), "{steps:?}");
    late
}

#[tokio::test]
async fn motion_between_key_pictures_is_shown_within_a_second() {
    // Key pictures come every 2 s; someone comes in 1 s after one.
    let empty = room(ClipCodec::H264, 30, 100.0);
    let figure = room(ClipCodec::H264, 30, 1.0);
    let mut lates = Vec::new();
    // A busy machine may stall in one of them.
    while lates.len() < 3 {
        let late = motion_shown_after(empty.clone(), figure.clone()).await;
        if late < Duration::from_secs(1) {
            return;
        }
        lates.push(late);
    }
    panic!("never within a second: {lates:?}");
}

#[tokio::test]
async fn streams_that_need_reordering_are_decoded_whole() {
    for codec in [ClipCodec::H264, ClipCodec::H265] {
        let clip = ClipSpec { b_frames: 2, codec, ..ClipSpec::default() };
        let server = RtspServer::start(Footage::make(&clip).unwrap()).await.unwrap();
        let mut stream = open_url(&server.url()).await.unwrap();
        stream.set_economy(true);
        let steps = steps_ms(&take(&mut stream, 75).await);
        assert!(steps.iter().all(|step| *step == 67), "{codec:?}: {steps:?}");
        assert_eq!(stream.decoding(), Decoding::All);
    }
}

/// Figures for the documentation: `cargo test --release -- --ignored --nocapture figures`.
#[tokio::test]
#[ignore = "measures, and proves nothing"]
async fn figures_of_a_camera() {
    let clip = ClipSpec { width: 1280, height: 720, seconds: 4.0, ..ClipSpec::default() };
    let server = RtspServer::start(Footage::make(&clip).unwrap()).await.unwrap();
    let begin = Instant::now();
    let mut stream = open_url(&server.url()).await.unwrap();
    println!("first picture after {:?}", begin.elapsed());
    let pid = stream.decoder_pid().unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let start = Instant::now();
    let mut lags = Vec::new();
    for _ in 0..300 {
        let next = stream.next().await.unwrap().unwrap();
        let due = Duration::from_micros(u64::try_from(next.time.0 - first.time.0).unwrap());
        lags.push(start.elapsed().as_secs_f64() - due.as_secs_f64());
    }
    let earliest = lags.iter().copied().fold(f64::INFINITY, f64::min);
    let mut late: Vec<_> = lags.iter().map(|lag| (lag - earliest) * 1e3).collect();
    late.sort_by(f64::total_cmp);
    println!("spread of arrival: median {:.1} ms, 99th of 100 {:.1} ms", late[150], late[297]);
    println!("memory of the child: {} KiB", process::resident_kib(pid).unwrap());
}
