//! Regulations: what the program brings along, and that edits and deletions stand.

use std::collections::BTreeSet;

use safe_yolo_core::{EventType, Message, RegulationId};
use safe_yolo_store::regulations::{
    Category, Content, NewRegulation, REGULATIONS_MAX, RegulationPatch,
};
use safe_yolo_store::{Store, StoreError};

use crate::fixture::{connect, hasty, seconds, store};

fn words(ko: &str, en: &str) -> Message {
    Message { ko: ko.into(), en: en.into() }
}

fn new() -> NewRegulation {
    NewRegulation {
        category: Category::Site,
        content: Content {
            law: words("사업장 안전수칙", "Site rules"),
            article: words("", ""),
            title: words("도장 부스", "Paint booth"),
            text: words("부스 안에서는 방독마스크를 착용합니다.", "Wear a gas mask in the booth."),
            url: None,
            types: BTreeSet::from([EventType::MaskMissing]),
        },
        position: 5,
        active: true,
    }
}

#[tokio::test]
async fn what_was_changed_or_deleted_stays_so_over_a_restart() {
    let (dir, store) = store().await;
    let all = store.regulations().await.unwrap();
    assert!(all.iter().all(|r| r.active && r.edited.is_none() && r.version == 1));
    assert!(all.is_sorted_by_key(|r| r.position));
    let (helmets, gone): (RegulationId, RegulationId) =
        ("rules-32".parse().unwrap(), "act-6".parse().unwrap());
    let title = words("우리 보호구", "Our equipment");
    let patch = RegulationPatch {
        version: Some(1),
        title: Some(title.clone()),
        ..RegulationPatch::default()
    };
    let (before, after) =
        store.update_regulation(&helmets, patch.clone(), "kim", seconds(1)).await.unwrap();
    assert_eq!((before.version, after.version, &after.content.title), (1, 2, &title));
    assert_eq!(after.content.text, before.content.text);
    let stale = store.update_regulation(&helmets, patch, "lee", seconds(2)).await.unwrap_err();
    assert!(stale.to_string().contains("at version 2 by now, by kim"), "{stale}");
    let same = RegulationPatch { title: Some(title), ..RegulationPatch::default() };
    let (_, unchanged) = store.update_regulation(&helmets, same, "lee", seconds(2)).await.unwrap();
    assert_eq!(unchanged, after);
    store.delete_regulation(&gone, seconds(3)).await.unwrap();
    let added = store.create_regulation(new(), "kim", seconds(4)).await.unwrap();
    store.close().await;

    let store = Store::open_with(dir.path(), hasty()).await.unwrap();
    let now = store.regulations().await.unwrap();
    assert_eq!(now.len(), all.len(), "one gone, one new");
    assert_eq!(now[0], added, "by its place");
    assert!(now.contains(&after) && now.iter().all(|r| r.id != gone), "{now:?}");
    let again = store.delete_regulation(&gone, seconds(5)).await.unwrap_err();
    assert!(matches!(again, StoreError::NotFound { what: "regulation", .. }), "{again}");
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let (dir, store) = store().await;
    type Change = fn(&mut NewRegulation);
    let cases: [(Change, &str); 6] = [
        (|r| r.content.title.en = String::new(), "title '' must have 1 to 120"),
        (|r| r.content.law.ko = "가".repeat(121), "law '가"),
        (|r| r.content.text.ko = "가".repeat(1001), "must have 1 to 1000"),
        (|r| r.content.article.en = "x".repeat(41), "must have 40 characters"),
        (
            |r| r.content.url = Some("javascript:alert(1)".into()),
            "url 'javascript:alert(1)' must begin",
        ),
        (|r| r.position = 1_000_001, "position '1000001' must lie"),
    ];
    for (change, says) in cases {
        let mut wrong = new();
        change(&mut wrong);
        let error = store.create_regulation(wrong, "kim", seconds(0)).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let id = store.create_regulation(new(), "kim", seconds(0)).await.unwrap().id;
    let patch = RegulationPatch { url: Some(Some("ftp://a".into())), ..RegulationPatch::default() };
    assert!(store.update_regulation(&id, patch, "kim", seconds(1)).await.is_err());
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
        INSERT INTO regulations (id, category, content, position, active, version)
        SELECT 'f-' || i, 'site', (SELECT content FROM regulations LIMIT 1), 1, 1, 1 FROM n";
    sqlx::raw_sql(sql).execute(&mut connect(dir.path()).await).await.unwrap();
    let full = store.create_regulation(new(), "kim", seconds(0)).await.unwrap_err();
    assert!(full.to_string().contains(&format!("has {REGULATIONS_MAX} regulations")), "{full}");
}
