//! The program under a service manager: told when it is ready, that it gets on
//! and that it ends; asked to end, it saves what it has announced.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use common::PATIENCE;
use common::footage::corners;
use common::server::{ADMIN_PASSWORD, Site};
use serde_json::json;

/// Reads all the time, as a manager does: its queue holds a few messages only.
fn listen(manager: UnixDatagram) -> Receiver<String> {
    let (tell, told) = sync_channel(4096);
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok(length) = manager.recv(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if tell.send(message).is_err() {
                return;
            }
        }
    });
    told
}

/// Waits until a message holds `wanted`.
fn hear(told: &Receiver<String>, wanted: &str) {
    let begun = Instant::now();
    let mut heard = Vec::new();
    while let Ok(message) = told.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
        if message.lines().any(|line| line == wanted) {
            return;
        }
        heard.push(message);
    }
    panic!("no {wanted} in {heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_before_the_end_are_kept_and_the_manager_is_told() {
    let site = Site::new();
    let path = site.path().join("notify");
    let told = listen(UnixDatagram::bind(&path).unwrap());
    let mut command = site.command();
    command
        .env("SAFE_YOLO_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "900000")
        .env_remove("WATCHDOG_PID");
    let mut server = site.start(&mut command).await;
    hear(&told, "READY=1");
    let admin = server.admin().await;
    let camera = json!({"name": "hall", "source": "sim://helmets?seed=1", "analysis_rate_max": 8});
    let id = admin.add_camera(camera).await;
    let zone = json!({"camera": id, "name": "press", "type": "danger", "dwell_s": 0.5,
        "pause_s": 1.0, "points": corners("helmets"), "require": ["helmet"]});
    let mut socket = admin.socket("/ws/events?after=0").await;
    admin.post("/api/zones", zone).await.ok();
    let mut alarms = BTreeSet::new();
    while alarms.len() < 2 {
        let message = socket.text("change").await.expect("the connection holds");
        if message["kind"] == "raised" && message["event"]["severity"] != "INFO" {
            alarms.insert(message["event"]["id"].as_str().unwrap().to_owned());
        }
    }
    for _ in 0..3 {
        hear(&told, "WATCHDOG=1");
    }
    let asked = Instant::now();
    assert!(server.terminate().success(), "{}", server.log());
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    hear(&told, "STOPPING=1");

    let server = site.serve().await;
    let admin = server.admin().await;
    for id in alarms {
        let event = admin.get(&format!("/api/events/{id}")).await.ok();
        assert!(event["end"].is_string(), "left open: {event}");
        assert_ne!(event["snapshot"], "pending", "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_hastens_the_end() {
    let site = Site::new();
    let mut server = site.serve().await;
    // A request without its body holds the end up for some seconds.
    let mut slow = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    let head = "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    let _admin = server.admin().await;
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &server.pid().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let begun = safe_yolo_testkit::wait::until("the end begins", PATIENCE, || {
        server.log().contains("ending: cameras first")
    });
    begun.await.unwrap();
    let asked = Instant::now();
    let status = server.terminate();
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert!(!status.success(), "an end that was cut short is none that succeeded");
    assert!(server.log().contains("second signal"), "{}", server.log());
}
