//! The site's calendar: one for all cameras, a version of each, whole or not at all.

use std::fs;
use std::path::Path;

use safe_yolo_core::{Calendar, CameraId};
use safe_yolo_store::{Author, Deed, NewCamera, Origin, SiteCamera, Store, StoreError, Upserted};
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use tempfile::TempDir;

use crate::fixture::{connect, hasty, kim, store, zone};
use crate::history::old_database;

fn seoul(holidays: &[&str]) -> Calendar {
    let holidays: Vec<String> = holidays.iter().map(|day| (*day).to_owned()).collect();
    Calendar::new("Asia/Seoul", &holidays).unwrap()
}

async fn camera(store: &Store, name: &str) -> CameraId {
    let new = NewCamera::new(name, "sim://quiet", Origin::Api);
    store.create_camera(new, &kim().by).await.unwrap().config.id
}

/// Versions of a camera, newest first: number, who, and paths with values before and after.
async fn told(store: &Store, camera: &CameraId) -> Vec<(u64, Author, Vec<(String, Value, Value)>)> {
    let versions = store.camera_versions(camera, None, 100).await.unwrap();
    assert!(versions[..versions.len() - 1].iter().all(|v| v.deed == Deed::Changed), "{versions:?}");
    let change = |c: safe_yolo_store::Change| (c.path.join("/"), c.before, c.after);
    versions
        .into_iter()
        .map(|v| (v.version, v.by, v.changes.into_iter().map(change).collect()))
        .collect()
}

#[tokio::test]
async fn a_calendar_is_a_version_of_every_camera_once() {
    let (dir, store) = store().await;
    assert_eq!(store.calendar().await.unwrap(), Calendar::default());
    let (gate, yard, gone) =
        (camera(&store, "gate").await, camera(&store, "yard").await, camera(&store, "gone").await);
    store.create_zone(&yard, zone("press"), &kim()).await.unwrap();
    store.delete_camera(&gone, &kim()).await.unwrap();

    let (lee, days) = (Author::User("lee".into()), ["2026-05-05", "2026-01-01"]);
    let changed = store.set_calendar(&seoul(&days), &lee).await.unwrap();
    let versions: Vec<_> = changed.iter().map(|r| (&r.config.id, r.config.version)).collect();
    assert_eq!(versions, [(&gate, 2), (&yard, 3)]);
    assert!(changed.iter().all(|record| record.config.calendar == seoul(&days)));
    assert_eq!(store.cameras().await.unwrap(), changed);
    assert_eq!(store.calendar().await.unwrap(), seoul(&days));
    let whole = vec![
        ("calendar/holidays".to_owned(), json!([]), json!(["2026-01-01", "2026-05-05"])),
        ("calendar/time_zone".to_owned(), json!("UTC"), json!("Asia/Seoul")),
    ];
    assert_eq!(told(&store, &gate).await[0], (2, lee.clone(), whole.clone()));
    assert_eq!(told(&store, &yard).await[0], (3, lee.clone(), whole));
    assert_eq!(store.camera_versions(&gone, None, 9).await.unwrap().len(), 2, "it is deleted");

    // The same days, told otherwise.
    let same = seoul(&["2026-01-01", "2026-05-05", "2026-05-05"]);
    assert_eq!(store.set_calendar(&same, &kim().by).await.unwrap(), []);
    let store = {
        store.close().await;
        Store::open_with(dir.path(), hasty()).await.unwrap()
    };
    assert_eq!(store.set_calendar(&same, &kim().by).await.unwrap(), []);
    assert_eq!(store.cameras().await.unwrap(), changed);
    assert_eq!((told(&store, &gate).await.len(), told(&store, &yard).await.len()), (2, 3));

    store.set_calendar(&seoul(&["2026-05-05"]), &Author::SiteFile).await.unwrap();
    let fewer = [(
        "calendar/holidays".to_owned(),
        json!(["2026-01-01", "2026-05-05"]),
        json!(["2026-05-05"]),
    )];
    assert_eq!(told(&store, &gate).await[0], (3, Author::SiteFile, fewer.to_vec()));
    assert_eq!(told(&store, &yard).await[0].0, 4);
}

#[tokio::test]
async fn cameras_that_come_later_have_the_calendar() {
    let (dir, store) = store().await;
    assert_eq!(store.set_calendar(&seoul(&["2026-05-05"]), &kim().by).await.unwrap(), []);
    store.close().await;
    let store = Store::open_with(dir.path(), hasty()).await.unwrap();
    assert_eq!(store.calendar().await.unwrap(), seoul(&["2026-05-05"]));

    let gate = camera(&store, "gate").await;
    let site = SiteCamera {
        camera: NewCamera::new("yard", "sim://quiet", Origin::Site),
        zones: vec![zone("press")],
    };
    let Upserted::Created(yard) = store.upsert_camera_by_name(site.clone()).await.unwrap() else {
        panic!("not created");
    };
    let same = store.upsert_camera_by_name(site).await.unwrap();
    assert_eq!(same, Upserted::Unchanged(yard.clone()), "a start does not undo the calendar");
    for id in [&gate, &yard.config.id] {
        let kept = store.camera(id).await.unwrap().unwrap().config;
        assert_eq!((kept.calendar, kept.version), (seoul(&["2026-05-05"]), 1));
        let first = store.camera_version(id, 1).await.unwrap().unwrap().settings;
        assert_eq!(
            first["calendar"],
            json!({"time_zone": "Asia/Seoul", "holidays": ["2026-05-05"]})
        );
    }
    assert_eq!(yard.config.calendar, seoul(&["2026-05-05"]));
}

#[tokio::test]
async fn a_calendar_that_one_camera_can_not_note_is_not_set() {
    let (dir, store) = store().await;
    camera(&store, "gate").await;
    let yard = camera(&store, "yard").await;
    let before = store.cameras().await.unwrap();
    let mut connection = connect(dir.path()).await;
    let sql = format!(
        "CREATE TRIGGER mute BEFORE INSERT ON camera_versions WHEN NEW.camera = '{yard}'
         BEGIN SELECT RAISE(ABORT, 'mute'); END"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    let failed = store.set_calendar(&seoul(&[]), &kim().by).await.unwrap_err();
    assert!(failed.is_unavailable(), "{failed}");
    assert_eq!(store.calendar().await.unwrap(), Calendar::default());
    assert_eq!(store.cameras().await.unwrap(), before);
    sqlx::raw_sql("DROP TRIGGER mute").execute(&mut connection).await.unwrap();
    let changed = store.set_calendar(&seoul(&[]), &kim().by).await.unwrap();
    assert!(changed.iter().all(|record| record.config.version == 2), "{changed:?}");

    let broken = "UPDATE site SET calendar = '{\"time_zone\": \"Asia/Atlantis\"}'";
    sqlx::raw_sql(broken).execute(&mut connection).await.unwrap();
    for error in [
        store.calendar().await.unwrap_err(),
        store.camera(&yard).await.unwrap_err(),
        store.set_calendar(&seoul(&["2026-05-05"]), &kim().by).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unreadable { what: "calendar", .. }), "{error}");
        assert!(error.to_string().contains("Asia/Atlantis"), "{error}");
    }
}

/// Runs the first so many migrations, as a version of the program of that time did.
async fn migrate(dir: &Path, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> =
        fs::read_dir(all).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    for name in &files[..count] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
        fs::copy(from, folder.path().join(name)).unwrap();
    }
    let migrator = Migrator::new(folder.path()).await.unwrap();
    migrator.run(&mut connect(dir).await).await.unwrap();
}

#[tokio::test]
async fn p9_a_database_from_before_scenes_and_calendars_keeps_its_cameras() {
    for migrations in [1, 2] {
        let dir = TempDir::new().unwrap();
        old_database(dir.path()).await;
        migrate(dir.path(), migrations).await;
        let columns = sqlx::raw_sql("SELECT scene FROM cameras");
        assert!(columns.execute(&mut connect(dir.path()).await).await.is_err(), "it is old");
        let id: CameraId = "c-old".parse().unwrap();
        let store = Store::open_with(dir.path(), hasty()).await.unwrap();
        let found = store.camera(&id).await.unwrap().unwrap();
        assert_eq!(store.cameras().await.unwrap(), std::slice::from_ref(&found));
        let config = &found.config;
        assert_eq!(
            (config.name.as_str(), config.version, config.analysis_rate_max),
            ("gate", 4, 10.0)
        );
        assert_eq!((&config.masks, &config.calibration), (&Vec::new(), &None));
        assert_eq!(config.calendar, Calendar::default());
        let login = found.credentials.as_ref().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("root", "s3cret"));
        let press = &config.zones[0];
        assert_eq!((config.zones.len(), press.name.as_str(), &press.schedule), (1, "press", &None));
        assert_eq!((press.anchor, press.points.points().len()), (safe_yolo_core::Anchor::Foot, 3));

        let changed = store.set_calendar(&seoul(&["2026-05-05"]), &kim().by).await.unwrap();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert_eq!(changed[0].config.version, 5);
        let restored = store.restore_zones(&id, 4, &kim()).await.unwrap();
        assert_eq!(restored, changed[0], "zones of that time are as they are now");
        store.close().await;
        let store = Store::open_with(dir.path(), hasty()).await.unwrap();
        assert_eq!(store.cameras().await.unwrap(), changed);
    }
}
