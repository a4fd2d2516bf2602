//! Regulations: read by all, edited by administrators, each edit told before and after.

use reqwest::StatusCode;
use safe_yolo_store::Role;
use serde_json::{Value, json};

use crate::site::Site;

const PATH: &str = "/api/regulations";

fn new() -> Value {
    json!({
        "category": "site",
        "law": {"ko": "사업장 안전수칙", "en": "Site rules"},
        "title": {"ko": "도장 부스", "en": "Paint booth"},
        "text": {"ko": "방독마스크를 착용합니다.", "en": "Wear a gas mask."},
        "types": ["mask_missing"],
    })
}

fn ids(answer: &Value) -> Vec<String> {
    let all = answer["regulations"].as_array().unwrap();
    all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_articles_of_an_alarm_come_in_their_order() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let all = viewer.get(PATH).await.ok();
    let helmets = viewer.get(&format!("{PATH}?type=helmet_missing")).await.ok();
    assert_eq!(ids(&helmets)[0], "rules-32", "the one about equipment first");
    let told = helmets["regulations"].as_array().unwrap();
    assert!(told.len() < ids(&all).len() && told.iter().all(|one| one["active"] == true));
    assert!(
        told.iter().all(|one| one["types"].as_array().unwrap().contains(&json!("helmet_missing")))
    );
    assert_eq!(told[0]["article"], json!({"ko": "제32조", "en": "Art. 32"}));
    assert_eq!(ids(&viewer.get(&format!("{PATH}?type=proximity")).await.ok())[0], "rules-172");
    assert_eq!(ids(&viewer.get(&format!("{PATH}?type=system")).await.ok()), [""; 0]);
    let wrong = viewer.get(&format!("{PATH}?type=flood")).await;
    assert_eq!(wrong.code(), "invalid");
    assert!(wrong.json["detail"].as_str().unwrap().contains("'flood'"), "{wrong:?}");
}

#[tokio::test]
async fn edits_are_versions_that_the_audit_tells() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let added = admin.post(PATH, new()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let added = added.json;
    assert_eq!((&added["version"], &added["edited_by"]), (&json!(1), &json!("admin")));
    let path = format!("{PATH}/{}", added["id"].as_str().unwrap());
    let change = json!({"version": 1, "active": false, "url": "https://example.com/a"});
    let changed = admin.patch(&path, change.clone()).await.ok();
    assert_eq!((&changed["version"], &changed["title"]), (&json!(2), &added["title"]));
    let stale = admin.patch(&path, change).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::CONFLICT, "conflict"));
    let detail = stale.json["detail"].as_str().unwrap();
    assert!(detail.contains("is at version 2 by now, by admin"), "{detail}");
    assert!(
        !ids(&admin.get(&format!("{PATH}?type=mask_missing")).await.ok())
            .contains(&added["id"].as_str().unwrap().to_owned()),
        "it is not active"
    );
    let unlinked = admin.patch(&path, json!({"url": null})).await.ok();
    assert_eq!(unlinked["url"], json!(null));
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.patch(&path, json!({"active": true})).await.code(), "not_found");
    site.audited("the change", |e| {
        let told: Value = serde_json::from_str(&e.detail).unwrap_or_default();
        e.action == "regulation.change"
            && told["active"] == json!({"before": true, "after": false})
            && told["title"].is_null()
    })
    .await;
    for action in ["regulation.add", "regulation.delete"] {
        site.audited(action, |e| e.who == "admin" && e.action == action).await;
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    for (field, value, says) in [
        ("category", json!("law"), "unknown variant `law`"),
        ("types", json!(["flood"]), "unknown variant `flood`"),
        ("title", json!({"ko": "", "en": "a"}), "title ''"),
        ("text", json!({"ko": "가".repeat(1001), "en": "a"}), "1 to 1000 characters"),
        ("text", json!({"ko": "가"}), "missing field `en`"),
        ("url", json!("javascript:alert(1)"), "url 'javascript:alert(1)'"),
        ("position", json!(1_000_001), "position '1000001'"),
        ("order", json!(1), "unknown field `order`"),
    ] {
        let mut wrong = new();
        wrong[field] = value;
        let refused = admin.post(PATH, wrong).await;
        assert_eq!(refused.code(), "invalid", "{field}: {refused:?}");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{field}: {detail}");
    }
}
