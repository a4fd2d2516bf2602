//! A camera whose processing breaks off or is stuck, as everybody sees it.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use std::io::Write;

use reqwest::Method;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::OpenOptions;
use safe_yolo_pipeline::opener::Opening;
use safe_yolo_pipeline::{Opener, RealSources};
use safe_yolo_server::StartupCamera;
use safe_yolo_store::{NewCamera, Origin};
use serde_json::{Value, json};

use crate::site::{PATIENCE, Site, quiet};

/// A thread is blocked for this long at most, whatever the test forgets.
const BLOCKED_MAX: Duration = Duration::from_secs(60);

/// Opens real sources; those of seed 13 panic or block while they are told to.
#[derive(Debug, Clone, Default)]
struct Faulty {
    panics: Arc<AtomicBool>,
    blocks: Arc<AtomicBool>,
    is_blocking: Arc<AtomicBool>,
}

impl Opener for Faulty {
    fn open(&self, source: SourceSpec, options: OpenOptions) -> Opening {
        let faulty = self.clone();
        let is_good = !source.redacted().contains("seed=13");
        Box::pin(async move {
            if is_good {
                return RealSources.open(source, options).await;
            }
            assert!(!faulty.panics.load(Ordering::SeqCst), "made to panic by the test");
            let begun = Instant::now();
            while faulty.blocks.load(Ordering::SeqCst) && begun.elapsed() < BLOCKED_MAX {
                faulty.is_blocking.store(true, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(10));
            }
            RealSources.open(source, options).await
        })
    }
}

fn bad() -> StartupCamera {
    StartupCamera {
        camera: NewCamera::new("bad", "sim://quiet?seed=13", Origin::CommandLine),
        zones: Some(Vec::new()),
    }
}

/// The metric `safe_yolo_camera_state` of a camera in a state.
fn gauge(metrics: &str, camera: &str, state: &str) -> Option<f64> {
    let of = |line: &&str| {
        line.starts_with("safe_yolo_camera_state{")
            && line.contains(&format!("camera=\"{camera}\""))
            && line.contains(&format!("state=\"{state}\""))
    };
    metrics.lines().find(of)?.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_a_camera_that_breaks_off_shows_everywhere_and_comes_back() {
    let faulty = Faulty::default();
    faulty.panics.store(true, Ordering::SeqCst);
    let site = Site::opened_by(vec![bad(), quiet()], Arc::new(faulty.clone())).await;
    let admin = site.admin().await;
    let (bad, good) = (admin.camera("bad").await, admin.camera("quiet").await);
    let path = format!("/api/cameras/{bad}");
    let is_down = |camera: &Value| {
        camera["status"]["state"] == "OFFLINE" && camera["status"]["reason"] == "restarting"
    };
    admin.until(&path, is_down).await;
    let events = format!("/api/events?camera={bad}&type=system");
    let raised = admin.until(&events, |page| page["events"][0]["id"].is_string()).await;
    let event = &raised["events"][0];
    assert_eq!(event["details"]["reason"], "restarting", "{event}");
    assert!(event["message"]["ko"].as_str().unwrap().contains("다시 시작"), "{event}");

    // The gauge follows; a command is answered.
    let begun = Instant::now();
    loop {
        let metrics = reqwest::get(format!("{}/metrics", site.base)).await.unwrap();
        let metrics = metrics.text().await.unwrap();
        if gauge(&metrics, &bad, "OFFLINE") == Some(1.0) {
            assert_eq!(gauge(&metrics, &bad, "LIVE"), Some(0.0));
            assert!(metrics.contains("safe_yolo_pipeline_broken_generations_total"));
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{metrics}");
    }
    let refused = loop {
        let body = json!({"action": "play"});
        let answer = admin.send(Method::POST, &format!("{path}/command"), Some(body)).await;
        if !answer.status.is_success() {
            break answer;
        }
        assert!(begun.elapsed() < PATIENCE, "no pipeline runs for long");
    };
    assert_eq!(refused.status.as_u16(), 503, "{refused:?}");
    assert_eq!(refused.code(), "unavailable");

    // Before anything slow is waited for: a camera that panics on gets longer pauses.
    faulty.panics.store(false, Ordering::SeqCst);
    admin.until(&format!("/api/cameras/{good}"), |c| c["status"]["state"] == "LIVE").await;
    admin.until(&path, |camera| camera["status"]["state"] == "LIVE").await;
    let over = |page: &Value| {
        page["events"].as_array().unwrap().iter().all(|event| event["end"].is_string())
    };
    admin.until(&events, over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_comes_whatever_is_stuck() {
    let faulty = Faulty::default();
    let mut site = Site::opened_by(vec![bad(), quiet()], Arc::new(faulty.clone())).await;
    let admin = site.admin().await;
    let bad = admin.camera("bad").await;
    admin.until(&format!("/api/cameras/{bad}"), |c| c["status"]["state"] == "LIVE").await;
    // The camera is opened anew by a change of its source, and is stuck in that.
    faulty.blocks.store(true, Ordering::SeqCst);
    let change = json!({"source": "sim://quiet?seed=13&again=1"});
    let changed = admin.patch(&format!("/api/cameras/{bad}"), change).await;
    if !changed.status.is_success() {
        admin.patch(&format!("/api/cameras/{bad}"), json!({"repeat": true})).await.ok();
    }
    let begun = Instant::now();
    while !faulty.is_blocking.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < PATIENCE, "it is opened again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // One viewer that reads nothing, and a request that never gets its body.
    let mut viewer = admin.socket("/ws/live").await;
    viewer.say(json!({"type": "subscribe", "cameras": {}})).await;
    let mut slow = TcpStream::connect(site.base.trim_start_matches("http://")).unwrap();
    let head = "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();

    let asked = Instant::now();
    site.end().await;
    let took = asked.elapsed();
    faulty.blocks.store(false, Ordering::SeqCst);
    // A step that is given up makes it 20 s.
    assert!(took < Duration::from_secs(19), "the end took {took:?}");
}
