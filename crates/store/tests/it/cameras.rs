//! Cameras and zones.

use safe_yolo_core::Severity;
use safe_yolo_store::{
    CameraPatch, Credentials, NewCamera, NewZone, Origin, SiteCamera, StoreError, Upserted,
    ZonePatch,
};
use uuid::Uuid;

use crate::fixture::{connect, event, kim, polygon, raised, store, zone};

#[tokio::test]
async fn each_change_raises_the_version_by_one() {
    let (_dir, store) = store().await;
    let mut new = NewCamera::new("gate", "rtsp://10.0.0.5/1", Origin::Api);
    new.credentials = Some(Credentials { username: "u".into(), password: "s3cret".into() });
    let made = store.create_camera(new, &kim().by).await.unwrap();
    let id = made.config.id.clone();
    assert!(id.as_str().starts_with("c-") && id.as_str().len() == 12, "{id}");
    assert_eq!(made.config.version, 1);
    assert!(!format!("{made:?}").contains("s3cret"));

    let patch = CameraPatch { name: Some("north gate".into()), ..CameraPatch::default() };
    let renamed = store.update_camera(&id, patch.clone(), &kim()).await.unwrap();
    assert_eq!((renamed.config.version, renamed.credentials.is_some()), (2, true));
    assert_eq!(store.update_camera(&id, patch, &kim()).await.unwrap(), renamed);
    let forget = CameraPatch { credentials: Some(None), ..CameraPatch::default() };
    assert_eq!(store.update_camera(&id, forget, &kim()).await.unwrap().config.version, 3);

    let (camera, press) = store.create_zone(&id, zone("press"), &kim()).await.unwrap();
    assert_eq!(
        (camera.config.version, camera.config.zones.as_slice()),
        (4, std::slice::from_ref(&press))
    );
    let patch = ZonePatch { points: Some(polygon(0.8)), ..ZonePatch::default() };
    let camera = store.update_zone(&press.id, patch.clone(), &kim()).await.unwrap();
    assert_eq!((camera.config.version, &camera.config.zones[0].points), (5, &polygon(0.8)));
    assert_eq!(store.update_zone(&press.id, patch, &kim()).await.unwrap().config.version, 5);
    assert_eq!(
        store.zone(&press.id).await.unwrap().unwrap(),
        (id.clone(), camera.config.zones[0].clone())
    );
    let camera = store.delete_zone(&press.id, &kim()).await.unwrap();
    assert_eq!((camera.config.version, camera.config.zones.len()), (6, 0));
    assert_eq!(store.zone(&press.id).await.unwrap(), None);
    assert!(matches!(
        store.delete_zone(&press.id, &kim()).await,
        Err(StoreError::NotFound { what: "zone", .. })
    ));
    assert_eq!(store.camera(&id).await.unwrap(), Some(camera.clone()));
    assert_eq!(store.cameras().await.unwrap(), [camera]);
}

#[tokio::test]
async fn names_are_unique_among_the_living() {
    let (_dir, store) = store().await;
    let gate =
        store.create_camera(NewCamera::new("gate", "sim:1", Origin::Api), &kim().by).await.unwrap();
    let yard =
        store.create_camera(NewCamera::new("yard", "sim:2", Origin::Api), &kim().by).await.unwrap();
    let error = store
        .create_camera(NewCamera::new("gate", "sim:3", Origin::Api), &kim().by)
        .await
        .unwrap_err();
    assert!(matches!(&error, StoreError::Conflict { name, .. } if name == "gate"), "{error}");
    let patch = CameraPatch { name: Some("gate".into()), ..CameraPatch::default() };
    assert!(matches!(
        store.update_camera(&yard.config.id, patch, &kim()).await,
        Err(StoreError::Conflict { .. })
    ));
    store.delete_camera(&gate.config.id, &kim()).await.unwrap();
    let again =
        store.create_camera(NewCamera::new("gate", "sim:1", Origin::Api), &kim().by).await.unwrap();
    assert_ne!(again.config.id, gate.config.id);

    store.create_zone(&yard.config.id, zone("press"), &kim()).await.unwrap();
    let error = store.create_zone(&yard.config.id, zone("press"), &kim()).await.unwrap_err();
    assert!(error.to_string().contains("press"), "{error}");
    let wrong = NewZone { dwell_s: f64::NAN, ..zone("other") };
    assert!(matches!(
        store.create_zone(&yard.config.id, wrong, &kim()).await,
        Err(StoreError::Config(_))
    ));
    assert_eq!(store.camera(&yard.config.id).await.unwrap().unwrap().config.version, 2);
}

#[tokio::test]
async fn p8_deleting_a_camera_keeps_its_events_and_forgets_its_password() {
    let (dir, store) = store().await;
    let mut new = NewCamera::new("gate", "rtsp://10.0.0.5/1", Origin::Api);
    new.credentials = Some(Credentials { username: "u".into(), password: "s3cret".into() });
    let camera = store.create_camera(new, &kim().by).await.unwrap();
    let (_, press) = store.create_zone(&camera.config.id, zone("press"), &kim()).await.unwrap();
    let mut seen = event(Severity::Critical);
    seen.camera = Some(camera.config.id.clone());
    store.record(Uuid::now_v7(), &raised(&seen)).await.unwrap();

    store.delete_camera(&camera.config.id, &kim()).await.unwrap();
    assert_eq!(store.camera(&camera.config.id).await.unwrap(), None);
    assert_eq!(store.zone(&press.id).await.unwrap(), None);
    assert_eq!(store.event(seen.id).await.unwrap().unwrap().event, seen);
    assert_eq!(store.open_events(Some(&camera.config.id)).await.unwrap().len(), 1);
    let missing = store.delete_camera(&camera.config.id, &kim()).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { what: "camera", .. }), "{missing}");
    let mut connection = connect(dir.path()).await;
    let password: Option<String> = sqlx::query_scalar("SELECT password FROM cameras")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(password, None);
}

#[tokio::test]
async fn a_site_file_is_followed_by_name() {
    let (_dir, store) = store().await;
    let mut site = SiteCamera {
        camera: NewCamera::new("gate", "sim:1", Origin::Site),
        zones: vec![zone("press"), zone("belt")],
    };
    let Upserted::Created(first) = store.upsert_camera_by_name(site.clone()).await.unwrap() else {
        panic!("not created");
    };
    assert_eq!((first.config.version, first.config.zones.len()), (1, 2));
    let same = store.upsert_camera_by_name(site.clone()).await.unwrap();
    assert_eq!(same, Upserted::Unchanged(first.clone()));

    site.camera.source = "sim:2".into();
    site.zones = vec![zone("dock"), NewZone { dwell_s: 5.0, ..zone("belt") }];
    let Upserted::Changed(second) = store.upsert_camera_by_name(site.clone()).await.unwrap() else {
        panic!("not changed");
    };
    assert_eq!((&second.config.id, second.config.version), (&first.config.id, 2));
    let names: Vec<_> = second.config.zones.iter().map(|zone| zone.name.as_str()).collect();
    assert_eq!(names, ["belt", "dock"]);
    assert_eq!(second.config.zones[0].id, first.config.zones[1].id);
    assert_eq!(store.camera(&first.config.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.upsert_camera_by_name(site).await.unwrap(), Upserted::Unchanged(second));
    let twice = SiteCamera {
        camera: NewCamera::new("gate", "sim:1", Origin::Site),
        zones: vec![zone("press"), zone("press")],
    };
    assert!(matches!(store.upsert_camera_by_name(twice).await, Err(StoreError::Config(_))));
}
