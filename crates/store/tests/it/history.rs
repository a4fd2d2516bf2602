//! Versions of cameras: none is missing, none tells a secret, and the way back.

use std::fs;
use std::path::Path;

use safe_yolo_core::{CameraId, Severity};
use safe_yolo_store::{
    Author, CameraPatch, CameraVersion, Credentials, Deed, Edit, NewCamera, NewZone, Origin,
    SiteCamera, Store, StoreError, StoreOptions, ZonePatch,
};
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{connect, event, hasty, kim, polygon, raised, store, zone};

async fn camera(store: &Store) -> CameraId {
    let new = NewCamera::new("gate", "rtsp://10.0.0.5/1", Origin::Api);
    store.create_camera(new, &kim().by).await.unwrap().config.id
}

async fn versions(store: &Store, camera: &CameraId) -> Vec<CameraVersion> {
    store.camera_versions(camera, None, 100).await.unwrap()
}

/// Paths, values before and after of the newest version.
async fn told(store: &Store, camera: &CameraId) -> Vec<(String, Value, Value)> {
    let newest = versions(store, camera).await.remove(0);
    newest.changes.into_iter().map(|c| (c.path.join("/"), c.before, c.after)).collect()
}

fn dwell(seconds: f64) -> ZonePatch {
    ZonePatch { dwell_s: Some(seconds), ..ZonePatch::default() }
}

#[tokio::test]
async fn each_change_is_noted_with_who_did_it_and_what_differs() {
    let (_dir, store) = store().await;
    let id = camera(&store).await;
    let (_, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    let path = format!("zones/{}", press.id);
    assert_eq!(
        told(&store, &id).await,
        [(path.clone(), Value::Null, serde_json::to_value(&press).unwrap())]
    );
    let lee = Edit::by_user("lee", None);
    store.update_zone(&press.id, dwell(5.0), &lee).await.unwrap();
    assert_eq!(told(&store, &id).await, [(format!("{path}/dwell_s"), json!(1.1), json!(5.0))]);
    store.update_zone(&press.id, dwell(5.0), &lee).await.unwrap();
    let moved = ZonePatch { points: Some(polygon(0.8)), ..ZonePatch::default() };
    store.update_zone(&press.id, moved, &lee).await.unwrap();
    assert_eq!(told(&store, &id).await[0].0, format!("{path}/points"));
    let renamed = CameraPatch { name: Some("north".into()), ..CameraPatch::default() };
    store.update_camera(&id, renamed, &kim()).await.unwrap();
    assert_eq!(told(&store, &id).await, [("name".into(), json!("gate"), json!("north"))]);
    store.delete_zone(&press.id, &lee).await.unwrap();
    assert_eq!(told(&store, &id).await[0].2, Value::Null);
    store.delete_camera(&id, &kim()).await.unwrap();

    let versions = versions(&store, &id).await;
    let who: Vec<_> =
        versions.iter().map(|v| (v.version, v.by.username().unwrap(), v.deed)).collect();
    assert_eq!(
        who,
        [
            (7, "kim", Deed::Deleted),
            (6, "lee", Deed::Changed),
            (5, "kim", Deed::Changed),
            (4, "lee", Deed::Changed),
            (3, "lee", Deed::Changed),
            (2, "kim", Deed::Changed),
            (1, "kim", Deed::Added),
        ]
    );
    assert!(versions.is_sorted_by_key(|v| std::cmp::Reverse(v.at)));
    assert_eq!(versions[3].changes[0].zone.as_deref(), Some("press"));
    let page = store.camera_versions(&id, Some(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|v| v.version).collect::<Vec<_>>(), [3, 2]);
    let third = store.camera_version(&id, 3).await.unwrap().unwrap();
    assert_eq!(third.settings["zones"][0]["dwell_s"], json!(5.0));
    assert_eq!(third.zones().unwrap()[0].points, press.points);
    assert_eq!(store.camera_version(&id, 8).await.unwrap(), None);
}

#[tokio::test]
async fn versions_hold_no_secret_and_tell_that_one_was_changed() {
    let (dir, store) = store().await;
    let login =
        |password: &str| Credentials { username: "root-user".into(), password: password.into() };
    let mut new = NewCamera::new("gate", "rtsp://10.0.0.5/1?token=t0ken-one", Origin::Api);
    new.credentials = Some(login("s3cret-one"));
    let id = store.create_camera(new, &kim().by).await.unwrap().config.id;
    let patch = CameraPatch {
        credentials: Some(Some(login("s3cret-two"))),
        source: Some("rtsp://10.0.0.5/1?token=t0ken-two".into()),
        ..CameraPatch::default()
    };
    store.update_camera(&id, patch, &kim()).await.unwrap();
    let newest = versions(&store, &id).await.remove(0);
    let told: Vec<_> = newest.changes.iter().map(|c| (c.path.join("/"), c.hidden)).collect();
    assert_eq!(told, [("source".to_owned(), true), ("login".to_owned(), true)]);
    assert_eq!(newest.changes[0].after, json!("rtsp://10.0.0.5/1?token=***"));
    let site = NewCamera::new("yard", "rtsp://root-user:s3cret-three@${HOST}/1", Origin::Site);
    store.upsert_camera_by_name(SiteCamera { camera: site, zones: Vec::new() }).await.unwrap();
    let forget = CameraPatch { credentials: Some(None), ..CameraPatch::default() };
    store.update_camera(&id, forget, &kim()).await.unwrap();
    let change = versions(&store, &id).await.remove(0).changes.remove(0);
    assert_eq!((change.before, change.after, change.hidden), (json!(true), json!(false), false));

    let mut connection = connect(dir.path()).await;
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT settings || changes FROM camera_versions ORDER BY number")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(kept.len(), 4);
    for text in kept {
        for secret in ["s3cret", "t0ken", "root-user"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_change_based_on_an_older_version_is_refused_and_names_who_was_first() {
    let (_dir, store) = store().await;
    let id = camera(&store).await;
    let (seen, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    let on = |version| Edit::by_user("lee", Some(version));
    store.update_zone(&press.id, dwell(5.0), &Edit::by_user("kim", Some(2))).await.unwrap();

    let error = store.update_zone(&press.id, dwell(9.0), &on(2)).await.unwrap_err();
    assert!(
        error.to_string().contains("kim") && error.to_string().contains("version 3"),
        "{error}"
    );
    let StoreError::Stale { name, based_on: 2, newest } = error else { panic!("{error}") };
    assert_eq!((name.as_str(), newest.version, &newest.by), ("gate", 3, &kim().by));
    assert_eq!(newest.changes[0].after, json!(5.0));
    let renamed = CameraPatch { name: Some("mine".into()), ..CameraPatch::default() };
    for refused in [
        store.delete_zone(&press.id, &on(2)).await.unwrap_err(),
        store.create_zone(&id, zone("dock"), &on(2)).await.unwrap_err(),
        store.update_camera(&id, renamed.clone(), &on(1)).await.unwrap_err(),
        store.update_camera(&id, renamed.clone(), &on(4)).await.unwrap_err(),
        store.restore_zones(&id, 1, &on(2)).await.unwrap_err(),
        store.delete_camera(&id, &on(2)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, StoreError::Stale { .. }), "{refused}");
    }
    let now = store.camera(&id).await.unwrap().unwrap();
    assert_eq!((now.config.version, now.config.zones[0].dwell_s), (3, 5.0));
    assert_eq!(seen.config.version, 2);
    assert_eq!(versions(&store, &id).await.len(), 3);
    assert_eq!(store.update_camera(&id, renamed, &on(3)).await.unwrap().config.version, 4);
}

#[tokio::test]
async fn a_change_that_fails_half_way_leaves_no_version() {
    let (dir, store) = store().await;
    let id = camera(&store).await;
    let (before, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    let mut connection = connect(dir.path()).await;
    // The zone's row is written last, after the version.
    sqlx::raw_sql(
        "CREATE TRIGGER broken BEFORE UPDATE ON zones BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let noted = versions(&store, &id).await;
    assert!(store.update_zone(&press.id, dwell(5.0), &kim()).await.is_err());
    assert!(store.delete_camera(&id, &kim()).await.is_err());
    assert_eq!(versions(&store, &id).await, noted);
    assert_eq!(store.camera(&id).await.unwrap(), Some(before));
    // The other way round: without its version no change.
    sqlx::raw_sql("DROP TRIGGER broken; CREATE TRIGGER mute BEFORE INSERT ON camera_versions BEGIN SELECT RAISE(ABORT, 'mute'); END")
        .execute(&mut connection)
        .await
        .unwrap();
    assert!(store.update_zone(&press.id, dwell(5.0), &kim()).await.is_err());
    assert!(store.create_zone(&id, zone("dock"), &kim()).await.is_err());
    assert_eq!(store.camera(&id).await.unwrap().unwrap().config.version, 2);
    let altered = sqlx::query("UPDATE camera_versions SET username = 'lee'")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert!(altered.to_string().contains("never changed"), "{altered}");
}

#[tokio::test]
async fn zones_come_back_as_they_were() {
    let (_dir, store) = store().await;
    let id = camera(&store).await;
    let (_, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    let (good, belt) = store.create_zone(&id, zone("belt"), &kim()).await.unwrap();
    store.update_zone(&belt.id, dwell(9.0), &kim()).await.unwrap();
    store.delete_zone(&press.id, &kim()).await.unwrap();
    store.create_zone(&id, zone("dock"), &kim()).await.unwrap();
    let renamed = CameraPatch { name: Some("north".into()), ..CameraPatch::default() };
    store.update_camera(&id, renamed, &kim()).await.unwrap();

    let restored = store.restore_zones(&id, 3, &Edit::by_user("lee", Some(7))).await.unwrap();
    assert_eq!((restored.config.version, restored.config.name.as_str()), (8, "north"));
    assert_eq!(restored.config.zones, good.config.zones);
    assert_eq!(store.camera(&id).await.unwrap(), Some(restored.clone()));
    assert_eq!(store.zone(&press.id).await.unwrap().unwrap().1, press);
    let newest = versions(&store, &id).await.remove(0);
    assert_eq!((newest.deed, newest.by), (Deed::Restored(3), Author::User("lee".into())));
    assert_eq!(newest.changes.len(), 3, "{:?}", newest.changes);
    assert_eq!(store.restore_zones(&id, 3, &kim()).await.unwrap(), restored, "nothing differs");
    let none = store.restore_zones(&id, 99, &kim()).await.unwrap_err();
    assert!(matches!(none, StoreError::NotFound { what: "version", .. }), "{none}");
}

#[tokio::test]
async fn who_brings_cameras_into_line_at_the_start_is_told() {
    let (_dir, store) = store().await;
    for (origin, by) in [
        (Origin::Site, Author::SiteFile),
        (Origin::CommandLine, Author::CommandLine),
        (Origin::Api, Author::Start),
    ] {
        let camera = NewCamera::new(origin.name(), "sim://quiet", origin);
        let mut site = SiteCamera { camera, zones: vec![zone("press")] };
        let made = store.upsert_camera_by_name(site.clone()).await.unwrap().into_record();
        site.zones[0] = NewZone { dwell_s: 5.0, ..zone("press") };
        store.upsert_camera_by_name(site.clone()).await.unwrap();
        store.upsert_camera_by_name(site).await.unwrap();
        let versions = versions(&store, &made.config.id).await;
        let told: Vec<_> = versions.iter().map(|v| (v.by.clone(), v.deed)).collect();
        assert_eq!(told, [(by.clone(), Deed::Changed), (by, Deed::Added)]);
        assert_eq!(versions[0].changes.len(), 1);
    }
}

#[tokio::test]
async fn old_versions_go_unless_an_event_names_them() {
    let dir = TempDir::new().unwrap();
    let options = StoreOptions { camera_versions: 3, ..hasty() };
    let store = Store::open_with(dir.path(), options).await.unwrap();
    let id = camera(&store).await;
    let other = store
        .create_camera(NewCamera::new("yard", "sim://quiet", Origin::Api), &kim().by)
        .await
        .unwrap();
    let (_, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    store.update_zone(&press.id, dwell(5.0), &kim()).await.unwrap();
    for (camera, config_version) in [(&id, 2), (&other.config.id, 3)] {
        let mut seen = event(Severity::Critical);
        (seen.camera, seen.config_version) = (Some(camera.clone()), config_version);
        store.record(Uuid::now_v7(), &raised(&seen)).await.unwrap();
    }
    for seconds in 6..10 {
        store.update_zone(&press.id, dwell(f64::from(seconds)), &kim()).await.unwrap();
    }
    let kept: Vec<_> = versions(&store, &id).await.iter().map(|v| v.version).collect();
    assert_eq!(kept, [7, 6, 5, 2]);
    assert_eq!(versions(&store, &other.config.id).await.len(), 1);
    assert_eq!(told(&store, &id).await.len(), 1);
}

/// Makes a database as the version before histories did: only the first migration.
pub(crate) async fn old_database(dir: &Path) {
    let folder = dir.join("migrations");
    fs::create_dir(&folder).unwrap();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/0001_initial.sql");
    fs::copy(first, folder.join("0001_initial.sql")).unwrap();
    fs::write(dir.join(Store::FILE), b"").unwrap();
    let mut connection = connect(dir).await;
    Migrator::new(folder).await.unwrap().run(&mut connection).await.unwrap();
    let mut seen = event(Severity::Critical);
    (seen.camera, seen.config_version) = (Some("c-old".parse().unwrap()), 4);
    let row = |table: &str, values: String| format!("INSERT INTO {table} VALUES ({values});");
    let zone = r#"{"id": "z-1", "name": "press", "type": "danger", "points": [[0.1, 0.1], [0.9, 0.1], [0.1, 0.7]]}"#;
    let camera = |id: &str, name: &str, deleted: &str| {
        let settings = "'rtsp://cam/1?token=abc', 'root', 's3cret', 1, 0, 10.0, 'api', 4, 1000";
        row("cameras", format!("NULL, '{id}', '{name}', {settings}, {deleted}"))
    };
    let json = serde_json::to_string(&seen).unwrap();
    let sql = [
        camera("c-old", "gate", "NULL"),
        camera("c-gone", "yard", "2000"),
        row("zones", format!("NULL, 'z-1', 'c-old', '{zone}', NULL")),
        row(
            "events",
            format!(
                "'{}', 'c-old', 'fall', 'CRITICAL', 1, NULL, 1, 1, 1, NULL, NULL, NULL, '{json}'",
                seen.id
            ),
        ),
        row("event_changes", format!("1, 'x', '{}', 'raised', 1, '{json}', NULL", seen.id)),
    ];
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.concat())).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_database_from_before_gets_its_present_state_as_first_version() {
    let dir = TempDir::new().unwrap();
    old_database(dir.path()).await;
    let id: CameraId = "c-old".parse().unwrap();
    let options = StoreOptions { camera_versions: 2, ..hasty() };
    for _start in 0..2 {
        let store = Store::open_with(dir.path(), options.clone()).await.unwrap();
        let versions = versions(&store, &id).await;
        let [found] = versions.as_slice() else { panic!("{versions:?}") };
        assert_eq!((found.version, found.deed, &found.by), (4, Deed::Found, &Author::Start));
        let settings = store.camera_version(&id, 4).await.unwrap().unwrap().settings;
        assert_eq!(
            (&settings["login"], &settings["zones"][0]["dwell_s"]),
            (&json!(true), &json!(2.0))
        );
        assert!(!settings.to_string().contains("s3cret") && !settings.to_string().contains("abc"));
        assert_eq!(store.camera_versions(&"c-gone".parse().unwrap(), None, 9).await.unwrap(), []);
        store.close().await;
    }
    let store = Store::open_with(dir.path(), options).await.unwrap();
    let camera = store.camera(&id).await.unwrap().unwrap();
    let press = camera.config.zones[0].id.clone();
    let stale = store.delete_zone(&press, &Edit::by_user("lee", Some(3))).await.unwrap_err();
    assert!(stale.to_string().contains("the start of the program"), "{stale}");
    for seconds in 5..9 {
        store.update_zone(&press, dwell(f64::from(seconds)), &kim()).await.unwrap();
    }
    let kept: Vec<_> = versions(&store, &id).await.iter().map(|v| v.version).collect();
    assert_eq!(kept, [8, 7, 4], "an old event names version 4");
}
