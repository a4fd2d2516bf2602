//! A disk that fills: who watches is told what is not kept any more, and when it is again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use safe_yolo_store::evidence::{DiskSpace, Space};
use serde_json::Value;

use crate::site::{Site, quiet};

/// Bytes of the disk, of which 1 GiB is kept free.
const TOTAL: u64 = 20 << 30;

async fn ready(site: &Site) -> (u16, Value) {
    let answer = reqwest::get(format!("{}/readyz", site.base)).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p15_a_disk_that_fills_is_told_and_so_is_room() {
    let free = Arc::new(AtomicU64::new(TOTAL));
    let asked = Arc::clone(&free);
    let disk =
        DiskSpace::new(move |_| Ok(Space { free: asked.load(Ordering::SeqCst), total: TOTAL }));
    let site = Site::on_disk(vec![quiet()], disk).await;
    let admin = site.admin().await;
    let enough = admin.until("/api/system", |system| system["disk"]["level"] == "enough").await;
    assert!(enough["disk"]["detail"].is_null(), "{enough}");
    assert_eq!(ready(&site).await.0, 200);

    let about = |page: &Value, level: &str| {
        let events = page["events"].as_array().unwrap().clone();
        let is_it = |event: &Value| event["details"]["level"] == level;
        events.into_iter().find(is_it)
    };
    let told = "/api/events?type=system";
    free.store(900 << 20, Ordering::SeqCst);
    let page = admin.until(told, |page| about(page, "low").is_some()).await;
    assert_eq!(about(&page, "low").unwrap()["severity"], "WARNING");
    assert_eq!(ready(&site).await.0, 200, "all is written");

    free.store(200 << 20, Ordering::SeqCst);
    let page = admin.until(told, |page| about(page, "no_pictures").is_some()).await;
    let event = about(&page, "no_pictures").unwrap();
    assert_eq!(
        (&event["severity"], &event["details"]["part"]),
        (&"CRITICAL".into(), &"disk".into())
    );
    assert!(about(&page, "low").unwrap()["end"].is_string(), "{page}");
    let system =
        admin.until("/api/system", |system| system["disk"]["level"] == "no_pictures").await;
    assert!(system["disk"]["detail"].as_str().unwrap().contains("200 MiB"), "{system}");
    let (status, body) = ready(&site).await;
    assert_eq!((status, &body["disk"]), (503, &"failed".into()));

    free.store(TOTAL, Ordering::SeqCst);
    let is_over = |page: &Value| about(page, "no_pictures").unwrap()["end"].is_string();
    admin.until(told, is_over).await;
    assert_eq!(ready(&site).await.0, 200);
}
