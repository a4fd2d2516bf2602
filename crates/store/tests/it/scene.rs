//! What a camera is told of its view, and what zones watch for: it is kept whole, and refused whole.

use std::collections::BTreeSet;

use safe_yolo_core::config::ConfigError;
use safe_yolo_core::{
    Anchor, Calibration, CameraConfig, CameraId, Equipment, Polygon, Rule, Schedule, ZoneType,
};
use safe_yolo_store::{
    CameraPatch, CameraRecord, Deed, NewCamera, NewZone, Origin, Store, StoreError, ZonePatch,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{hasty, kim, polygon, store, zone};

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Numbers that have no short form in binary.
fn floor() -> Calibration {
    read(json!({
        "points": [[0.1, 0.9], [0.9, 0.9], [0.7, 0.30000000000000004], [0.3, 0.3]],
        "metres": [[0.0, 0.0], [4.1, 0.0], [4.1, 12.700000000000001], [0.0, 12.7]],
    }))
}

fn sky() -> Polygon {
    read(json!([[0.0, 0.0], [1.0, 0.0], [1.0, 0.1], [0.0, 0.30000000000000004]]))
}

fn nights() -> Schedule {
    read(json!([
        {"days": ["mon", "fri"], "from": "22:00", "to": "06:00", "holidays": "excluded"},
        {"holidays": "only"},
    ]))
}

fn near_forklift() -> Rule {
    read(json!({"type": "proximity", "class": "forklift", "distance_m": 2.3}))
}

/// One rule of each kind of setting.
fn rules() -> Vec<Rule> {
    read(json!([
        {"type": "line_crossing", "line": [[0.1, 0.2], [0.9, 0.30000000000000004]], "direction": "to_left",
         "severity": "CRITICAL"},
        {"type": "entries_above", "name": "rush", "people": 12, "window_s": 600.5, "pause_s": 61.5},
        {"type": "proximity", "class": "forklift", "distance_m": 2.3, "dwell_s": 0.7},
        {"type": "near_miss", "class": "vehicle", "distance_m": 3.1, "speed_m_s": 1.1},
        {"type": "near_miss", "name": "by heights", "class": "vehicle", "distance": 0.7, "speed": 0.3},
        {"type": "fire", "when": {"class": "person", "present": false}},
        {"type": "lone_worker", "active": false, "schedule": [{"days": ["sat"], "to": "12:30"}],
         "message": {"ko": "혼자입니다", "en": "alone"}},
    ]))
}

fn watched(name: &str, rules: Vec<Rule>) -> NewZone {
    NewZone {
        anchor: Anchor::Overlap,
        active: false,
        schedule: Some(nights()),
        require: BTreeSet::from([Equipment::Goggles]),
        rules,
        ..NewZone::new(name, ZoneType::Custom, polygon(0.1 + 0.2))
    }
}

async fn calibrated(store: &Store) -> CameraRecord {
    let mut new = NewCamera::new("gate", "rtsp://10.0.0.5/1", Origin::Api);
    (new.masks, new.calibration) = (vec![sky()], Some(floor()));
    store.create_camera(new, &kim().by).await.unwrap()
}

async fn reopened(dir: &TempDir, store: Store) -> Store {
    store.close().await;
    Store::open_with(dir.path(), hasty()).await.unwrap()
}

/// Paths, values before and after of the newest version.
async fn told(store: &Store, camera: &CameraId) -> Vec<(String, Value, Value)> {
    let newest = store.camera_versions(camera, None, 1).await.unwrap().remove(0);
    newest.changes.into_iter().map(|c| (c.path.join("/"), c.before, c.after)).collect()
}

fn masks(masks: Vec<Polygon>) -> CameraPatch {
    CameraPatch { masks: Some(masks), ..CameraPatch::default() }
}

fn calibration(calibration: Option<Calibration>) -> CameraPatch {
    CameraPatch { calibration: Some(calibration), ..CameraPatch::default() }
}

fn with_rules(rules: Vec<Rule>) -> ZonePatch {
    ZonePatch { rules: Some(rules), ..ZonePatch::default() }
}

/// Rules in metres without a calibration are refused, and the message names zone, rule and way out.
fn is_without_calibration(error: &StoreError, zone: &str, rule: &str) {
    let StoreError::Config(ConfigError::NoCalibration { zone: z, rule: r }) = error else {
        panic!("{error}");
    };
    assert_eq!((z.as_str(), r.as_str()), (zone, rule));
    assert!(error.to_string().contains("no calibration: give one"), "{error}");
}

#[tokio::test]
async fn masks_and_calibration_are_kept_changed_and_forgotten() {
    let (dir, store) = store().await;
    let made = calibrated(&store).await;
    let id = made.config.id.clone();
    assert_eq!((&made.config.masks, &made.config.calibration), (&vec![sky()], &Some(floor())));
    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(store.cameras().await.unwrap(), [made]);

    let same = CameraPatch { calibration: Some(Some(floor())), ..masks(vec![sky()]) };
    assert_eq!(store.update_camera(&id, same, &kim()).await.unwrap().config.version, 1);
    let renamed = CameraPatch { name: Some("north".into()), ..CameraPatch::default() };
    let left = store.update_camera(&id, renamed, &kim()).await.unwrap().config;
    assert_eq!((left.version, left.masks, left.calibration), (2, vec![sky()], Some(floor())));

    let two = vec![polygon(0.9), sky()];
    let masked = store.update_camera(&id, masks(two.clone()), &kim()).await.unwrap();
    assert_eq!((masked.config.version, &masked.config.calibration), (3, &Some(floor())));
    assert_eq!(told(&store, &id).await, [("masks".into(), json!([sky()]), json!(two))]);
    let forgotten = store.update_camera(&id, calibration(None), &kim()).await.unwrap();
    assert_eq!((forgotten.config.version, &forgotten.config.calibration), (4, &None));
    assert_eq!(told(&store, &id).await, [("calibration".into(), json!(floor()), Value::Null)]);
    let again = store.update_camera(&id, calibration(None), &kim()).await.unwrap();
    assert_eq!(again, forgotten, "there is none to forget");

    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&id).await.unwrap(), Some(forgotten));
    let bare = store.update_camera(&id, masks(Vec::new()), &kim()).await.unwrap();
    assert_eq!(bare.config.masks, []);
    let back = store.update_camera(&id, calibration(Some(floor())), &kim()).await.unwrap();
    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&id).await.unwrap(), Some(back));
    let third = store.camera_version(&id, 3).await.unwrap().unwrap().settings;
    assert_eq!((&third["masks"], &third["calibration"]), (&json!(two), &json!(floor())));
}

#[tokio::test]
async fn zones_keep_what_they_watch_for_and_when() {
    let (dir, store) = store().await;
    let id = calibrated(&store).await.config.id;
    let given = watched("dock", rules());
    let (record, dock) = store.create_zone(&id, given.clone(), &kim()).await.unwrap();
    assert_eq!(NewZone::from(dock.clone()), given);
    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&id).await.unwrap(), Some(record));
    assert_eq!(store.zone(&dock.id).await.unwrap(), Some((id.clone(), dock.clone())));

    let same = ZonePatch {
        anchor: Some(Anchor::Overlap),
        schedule: Some(Some(nights())),
        ..with_rules(rules())
    };
    assert_eq!(store.update_zone(&dock.id, same, &kim()).await.unwrap().config.version, 2);
    let path = |field: &str| format!("zones/{}/{field}", dock.id);
    let centred = ZonePatch { anchor: Some(Anchor::Centre), ..ZonePatch::default() };
    store.update_zone(&dock.id, centred, &kim()).await.unwrap();
    assert_eq!(told(&store, &id).await, [(path("anchor"), json!("overlap"), json!("centre"))]);
    let mut other = rules();
    other[0] =
        read(json!({"type": "line_crossing", "line": [[0.1, 0.2], [0.9, 0.30000000000000004]],
        "direction": "both", "severity": "CRITICAL"}));
    other[6].schedule = None;
    store.update_zone(&dock.id, with_rules(other.clone()), &kim()).await.unwrap();
    assert_eq!(
        told(&store, &id).await,
        [
            (path("rules/line_crossing/direction"), json!("to_left"), json!("both")),
            (path("rules/lone_worker/schedule"), json!(rules()[6].schedule), Value::Null),
        ]
    );
    let always = ZonePatch { schedule: Some(None), ..ZonePatch::default() };
    let record = store.update_zone(&dock.id, always, &kim()).await.unwrap();
    assert_eq!(told(&store, &id).await, [(path("schedule"), json!(nights()), Value::Null)]);
    let danger = ZonePatch { zone_type: Some(ZoneType::Danger), ..ZonePatch::default() };
    let last = store.update_zone(&dock.id, danger, &kim()).await.unwrap();
    assert_eq!((record.config.version, last.config.version), (5, 6));

    let store = reopened(&dir, store).await;
    let kept = store.camera(&id).await.unwrap().unwrap();
    assert_eq!(kept, last);
    let expected = NewZone {
        anchor: Anchor::Centre,
        schedule: None,
        zone_type: ZoneType::Danger,
        ..watched("dock", other)
    };
    assert_eq!(NewZone::from(kept.config.zones[0].clone()), expected);
    // The first version is as whole as the rows are.
    let restored = store.restore_zones(&id, 2, &kim()).await.unwrap();
    assert_eq!(restored.config.zones, [dock]);
}

#[tokio::test]
async fn settings_that_do_not_fit_one_another_are_refused_whole() {
    let (dir, store) = store().await;
    let mut bare = NewCamera::new("yard", "sim://quiet", Origin::Api);
    bare.masks = vec![sky(); CameraConfig::MASKS_MAX + 1];
    let many = store.create_camera(bare.clone(), &kim().by).await.unwrap_err();
    assert!(matches!(many, StoreError::Config(ConfigError::TooManyMasks(17))), "{many}");
    assert!(many.to_string().contains("at most 16") && many.to_string().contains("17"), "{many}");
    assert_eq!(store.cameras().await.unwrap(), []);
    bare.masks.pop();
    let yard = store.create_camera(bare, &kim().by).await.unwrap().config.id;
    let metric = watched("dock", vec![near_forklift()]);
    let refused = store.create_zone(&yard, metric.clone(), &kim()).await.unwrap_err();
    is_without_calibration(&refused, "dock", "proximity");

    let gate = calibrated(&store).await.config.id;
    store.create_zone(&gate, metric, &kim()).await.unwrap();
    let (before, _) = store.create_zone(&gate, zone("press"), &kim()).await.unwrap();
    let refused = store.update_camera(&gate, calibration(None), &kim()).await.unwrap_err();
    is_without_calibration(&refused, "dock", "proximity");
    for hidden in [vec![polygon(0.1 + 0.2)], vec![sky(), polygon(0.9)]] {
        let refused = store.update_camera(&gate, masks(hidden), &kim()).await.unwrap_err();
        assert!(refused.to_string().contains("zone 'dock' lies in masked areas"), "{refused}");
    }
    let high =
        NewZone { points: read(json!([[0.2, 0.02], [0.8, 0.02], [0.5, 0.08]])), ..zone("lamp") };
    let refused = store.create_zone(&gate, high, &kim()).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Config(ConfigError::Masked(zone)) if zone == "lamp"),
        "{refused}"
    );
    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&gate).await.unwrap(), Some(before));
    assert_eq!(store.camera_versions(&gate, None, 9).await.unwrap().len(), 3);
    assert_eq!(store.camera_versions(&yard, None, 9).await.unwrap().len(), 1);
    // A part of the zone is enough to be seen in.
    store.update_camera(&gate, masks(vec![sky(), polygon(0.15)]), &kim()).await.unwrap();
}

#[tokio::test]
async fn zones_do_not_come_back_into_a_camera_that_can_not_judge_them() {
    let (dir, store) = store().await;
    let id = calibrated(&store).await.config.id;
    let metric = watched("dock", vec![near_forklift()]);
    let (good, dock) = store.create_zone(&id, metric, &kim()).await.unwrap();
    store.update_zone(&dock.id, with_rules(Vec::new()), &kim()).await.unwrap();
    let bare = store.update_camera(&id, calibration(None), &kim()).await.unwrap();

    let refused = store.restore_zones(&id, 2, &kim()).await.unwrap_err();
    is_without_calibration(&refused, "dock", "proximity");
    let store = reopened(&dir, store).await;
    assert_eq!(store.camera(&id).await.unwrap(), Some(bare.clone()));
    assert_eq!(store.zone(&dock.id).await.unwrap().unwrap().1, bare.config.zones[0]);
    assert_eq!(store.camera_versions(&id, None, 9).await.unwrap().len(), 4);

    let measured = store.update_camera(&id, calibration(Some(floor())), &kim()).await.unwrap();
    let restored = store.restore_zones(&id, 2, &kim()).await.unwrap();
    assert_eq!((measured.config.version, restored.config.version), (5, 6));
    assert_eq!(restored.config.zones, good.config.zones);
    let newest = store.camera_versions(&id, None, 1).await.unwrap().remove(0);
    assert_eq!(newest.deed, Deed::Restored(2));

    store.delete_zone(&dock.id, &kim()).await.unwrap();
    let dark = store.update_camera(&id, masks(vec![polygon(0.9)]), &kim()).await.unwrap();
    let refused = store.restore_zones(&id, 2, &kim()).await.unwrap_err();
    assert!(refused.to_string().contains("zone 'dock' lies in masked areas"), "{refused}");
    assert_eq!(store.camera(&id).await.unwrap(), Some(dark));
    assert_eq!(store.zone(&dock.id).await.unwrap(), None, "it stays deleted");
}
