//! The description that is checked in is the one that is served.

use crate::site::Site;

#[tokio::test]
async fn the_description_is_checked_in_and_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let described = safe_yolo_server::openapi_json().unwrap() + "\n";
    if std::env::var_os("SAFE_YOLO_BLESS").is_some() {
        std::fs::write(path, &described).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == described,
        "openapi.json is out of date: run this with SAFE_YOLO_BLESS=1"
    );

    let site = Site::quiet().await;
    let served = site.admin().await.get("/api/openapi.json").await.ok();
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&described).unwrap());
}
