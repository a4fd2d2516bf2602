//! The first start of a server: where it is, who may come in, what is kept secret.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::PATIENCE;
use common::client::Client;
use common::server::{ADMIN_PASSWORD, Site};
use safe_yolo_testkit::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_password_is_told_once_and_never_logged() {
    let site = Site::new();
    let mut server = site.start(&mut site.command()).await;
    let told = || server.said().contains("(shown only now)\n");
    until("the password", PATIENCE, told).await.unwrap();
    let said = server.said();
    let line = said.lines().find(|line| line.starts_with("First login: user admin")).unwrap();
    let (_, rest) = line.split_once("password ").unwrap();
    let password = rest.split(' ').next().unwrap();
    assert!(password.len() >= 12, "{said}");
    assert_eq!(said.matches(password).count(), 1, "{said}");
    let refused = Client::try_login(&server.base, "admin", "another password").await;
    assert_eq!(refused.err().map(|status| status.as_u16()), Some(401));
    let admin = Client::login(&server.base, "admin", password).await;
    admin.get("/api/cameras").await.ok();
    assert!(server.terminate().success(), "{}", server.log());
    let first_log = server.log();
    drop(server);

    let mut server = site.start(&mut site.command()).await;
    Client::login(&server.base, "admin", password).await.get("/api/system").await.ok();
    assert!(server.terminate().success(), "{}", server.log());
    let said = server.said();
    assert_eq!(said.lines().count(), 1, "only the address: {said}");
    for text in [&first_log, &said, &server.log()] {
        assert!(!text.contains(password), "{text}");
    }
    assert!(first_log.contains("listening") && !first_log.contains("panicked"), "{first_log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_password_is_taken_and_told_nowhere() {
    let site = Site::new();
    let mut command = site.command();
    command.args(["--log-json"]).env("SAFE_YOLO_ADMIN_PASSWORD", ADMIN_PASSWORD);
    command.env("SAFE_YOLO_LOG", "debug");
    let mut server = site.start(&mut command).await;
    let admin = server.admin().await;
    let cameras = admin.get("/api/cameras").await.ok();
    let cameras = cameras["cameras"].as_array().unwrap();
    let sources: Vec<_> = cameras.iter().map(|camera| camera["source"].as_str().unwrap()).collect();
    let simulated = ["sim://demo", "sim://crowd", "sim://intruders", "sim://helmet-off"];
    assert_eq!(sources, simulated, "the simulated site");
    assert!(server.terminate().success(), "{}", server.log());
    let (said, log) = (server.said(), server.log());
    assert_eq!(said.lines().count(), 1, "only the address: {said}");
    assert!(!log.contains(ADMIN_PASSWORD), "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
}

/// `demo` shows the four simulated cameras, also beside what is stored, and again after they were changed.
#[tokio::test(flavor = "multi_thread")]
async fn demo_shows_the_simulated_site_whatever_is_stored() {
    let site = Site::new();
    let data = site.data();
    let demo = || {
        let mut command = common::program();
        command.args(["demo", "--listen", "127.0.0.1:0", "--sessions", "1", "--data-dir"]);
        command.arg(&data).env("SAFE_YOLO_ADMIN_PASSWORD", ADMIN_PASSWORD);
        command
    };
    let simulated = ["sim://demo", "sim://crowd", "sim://intruders", "sim://helmet-off"];
    let sources = |cameras: &serde_json::Value| {
        let cameras = cameras["cameras"].as_array().unwrap();
        cameras.iter().map(|c| c["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut server = site.start(&mut demo()).await;
    let admin = server.admin().await;
    let cameras = admin.get("/api/cameras").await.ok();
    assert_eq!(sources(&cameras), simulated);
    let first = cameras["cameras"][0]["id"].as_str().unwrap();
    admin.send(reqwest::Method::DELETE, &format!("/api/cameras/{first}"), None).await.ok();
    admin.add_camera(serde_json::json!({"name": "hall", "source": "sim://quiet"})).await;
    assert!(server.terminate().success(), "{}", server.log());
    drop(server);
    let mut server = site.start(&mut demo()).await;
    let cameras = server.admin().await.get("/api/cameras").await.ok();
    let again = sources(&cameras);
    assert_eq!(again.len(), 5, "{again:?}");
    assert!(simulated.iter().all(|source| again.iter().any(|s| s == source)), "{again:?}");
    assert!(server.terminate().success(), "{}", server.log());
}
