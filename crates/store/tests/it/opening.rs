//! Opening: new folders, old files, files that are none of ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use safe_yolo_core::Severity;
use safe_yolo_store::{NewCamera, Origin, Role, Store, StoreError};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{connect, event, kim, raised};

#[tokio::test]
async fn a_folder_is_made_for_its_owner_and_keeps_what_was_stored() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("deep/data");
    let store = Store::open(&data).await.unwrap();
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for file in fs::read_dir(&data).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
    }
    let event = event(Severity::Critical);
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    store.create_user("kim", "long enough".into(), Role::Operator).await.unwrap();
    let camera = store
        .create_camera(NewCamera::new("gate", "sim:gate", Origin::Api), &kim().by)
        .await
        .unwrap();
    store.close().await;

    let store = Store::open(&data).await.unwrap();
    assert_eq!(*store.subscribe_seq().borrow(), 1);
    assert_eq!(store.event(event.id).await.unwrap().unwrap().event, event);
    assert_eq!(store.camera(&camera.config.id).await.unwrap(), Some(camera));
    assert!(store.verify_login("kim", "long enough".into()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    for garbage in [&b"not a database, but longer than its header"[..], b"short"] {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join(Store::FILE), garbage).unwrap();
        let error = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{error:?}");
        assert!(error.to_string().contains(Store::FILE));
        assert_eq!(fs::read(dir.path().join(Store::FILE)).unwrap(), garbage);
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    store.close().await;
    drop(store);
    let path = dir.path().join(Store::FILE);
    let mut bytes = fs::read(&path).unwrap();
    // Everything behind the first page.
    bytes[4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(Store::FILE), b"").unwrap();
    let mut connection = connect(dir.path()).await;
    sqlx::raw_sql("CREATE TABLE theirs (a)").execute(&mut connection).await.unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { application_id: 0, .. }), "{error:?}");
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let dir = TempDir::new().unwrap();
    Store::open(dir.path()).await.unwrap().close().await;
    let mut connection = connect(dir.path()).await;
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { version: 9999, .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), b"").unwrap();
    let error = Store::open(&dir.path().join("file/data")).await.unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error:?}");
}
