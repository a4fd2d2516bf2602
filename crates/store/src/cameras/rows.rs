//! Cameras and zones as rows, read and written inside a transaction.

use std::collections::HashMap;

use safe_yolo_core::{Calendar, Calibration, CameraConfig, CameraId, Polygon, Zone, ZoneId};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::history::{self, Noted};
use super::{CameraRecord, Credentials, Origin, calendar};
use crate::StoreError;
use crate::error::Doing;
use crate::store::now;

const DOING: &str = "reading cameras";

#[derive(sqlx::FromRow)]
struct CameraRow {
    id: String,
    name: String,
    source: String,
    username: Option<String>,
    password: Option<String>,
    enabled: bool,
    repeat: bool,
    analysis_rate_max: f64,
    origin: String,
    version: i64,
    scene: String,
}

/// What is kept of a camera beside its columns.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Scene {
    masks: Vec<Polygon>,
    privacy_masks: Vec<Polygon>,
    calibration: Option<Calibration>,
}

fn scene_to_json(config: &CameraConfig) -> Result<String, StoreError> {
    let scene = Scene {
        masks: config.masks.clone(),
        privacy_masks: config.privacy_masks.clone(),
        calibration: config.calibration.clone(),
    };
    serde_json::to_string(&scene)
        .map_err(|error| StoreError::unreadable("camera", config.id.as_str(), error))
}

impl CameraRow {
    fn into_record(self, zones: Vec<Zone>, calendar: Calendar) -> Result<CameraRecord, StoreError> {
        let unreadable = |detail: String| StoreError::unreadable("camera", &self.id, detail);
        let origin = Origin::from_name(&self.origin)
            .ok_or_else(|| unreadable(format!("origin '{}'", self.origin)))?;
        let id: CameraId = self.id.parse().map_err(|error| unreadable(format!("{error}")))?;
        let version = u64::try_from(self.version)
            .map_err(|_negative| unreadable(format!("version {}", self.version)))?;
        let scene: Scene =
            serde_json::from_str(&self.scene).map_err(|error| unreadable(format!("{error}")))?;
        let credentials = match (self.username, self.password) {
            (None, None) => None,
            (username, password) => Some(Credentials {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            }),
        };
        let config = CameraConfig {
            id,
            name: self.name,
            source: self.source,
            enabled: self.enabled,
            repeat: self.repeat,
            analysis_rate_max: self.analysis_rate_max,
            masks: scene.masks,
            privacy_masks: scene.privacy_masks,
            calibration: scene.calibration,
            calendar,
            zones,
            version,
        };
        Ok(CameraRecord { config, credentials, origin })
    }
}

fn zone_from_json(id: &str, json: &str) -> Result<Zone, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::unreadable("zone", id, error))
}

fn zone_to_json(zone: &Zone) -> Result<String, StoreError> {
    serde_json::to_string(zone)
        .map_err(|error| StoreError::unreadable("zone", zone.id.as_str(), error))
}

/// All living cameras, oldest first.
pub(super) async fn all(db: &mut SqliteConnection) -> Result<Vec<CameraRecord>, StoreError> {
    let cameras: Vec<CameraRow> = sqlx::query_as(
        "SELECT id, name, source, username, password, enabled, repeat, analysis_rate_max, origin, version, scene
         FROM cameras WHERE deleted_at IS NULL ORDER BY number",
    )
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT camera, id, zone FROM zones WHERE deleted_at IS NULL ORDER BY number",
    )
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let calendar = calendar::read(db).await?;
    let mut zones: HashMap<String, Vec<Zone>> = HashMap::new();
    for (camera, id, json) in rows {
        zones.entry(camera).or_default().push(zone_from_json(&id, &json)?);
    }
    cameras
        .into_iter()
        .map(|row| {
            let zones = zones.remove(&row.id).unwrap_or_default();
            row.into_record(zones, calendar.clone())
        })
        .collect()
}

/// One living camera.
pub(super) async fn one(
    db: &mut SqliteConnection,
    id: &str,
) -> Result<Option<CameraRecord>, StoreError> {
    let row: Option<CameraRow> = sqlx::query_as(
        "SELECT id, name, source, username, password, enabled, repeat, analysis_rate_max, origin, version, scene
         FROM cameras WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(id)
    .fetch_optional(&mut *db)
    .await
    .doing(DOING)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT id, zone FROM zones WHERE camera = ? AND deleted_at IS NULL ORDER BY number",
    )
    .bind(id)
    .fetch_all(&mut *db)
    .await
    .doing(DOING)?;
    let calendar = calendar::read(db).await?;
    let zones = rows.iter().map(|(id, json)| zone_from_json(id, json)).collect::<Result<_, _>>()?;
    row.into_record(zones, calendar).map(Some)
}

/// The id of the living camera with this name.
pub(super) async fn id_by_name(
    db: &mut SqliteConnection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT id FROM cameras WHERE name = ? AND deleted_at IS NULL")
        .bind(name)
        .fetch_optional(db)
        .await
        .doing(DOING)
}

/// The camera of a living zone.
pub(super) async fn camera_of_zone(
    db: &mut SqliteConnection,
    zone: &ZoneId,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT camera FROM zones WHERE id = ? AND deleted_at IS NULL")
        .bind(zone.as_str())
        .fetch_optional(db)
        .await
        .doing(DOING)
}

/// Refuses a name that another living camera has.
async fn check_name(db: &mut SqliteConnection, record: &CameraRecord) -> Result<(), StoreError> {
    match id_by_name(db, &record.config.name).await? {
        Some(other) if other != record.config.id.as_str() => {
            Err(StoreError::Conflict { what: "camera", name: record.config.name.clone() })
        }
        _ => Ok(()),
    }
}

/// Writes a new camera with its zones, and its first version.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    record: &CameraRecord,
    noted: Noted<'_>,
) -> Result<(), StoreError> {
    record.config.validate()?;
    check_name(db, record).await?;
    sqlx::query(
        "INSERT INTO cameras (id, created, name, source, username, password, enabled, repeat, analysis_rate_max, origin, version, scene)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(record.config.id.as_str())
    .bind(now().micros())
    .bind(&record.config.name)
    .bind(&record.config.source)
    .bind(record.credentials.as_ref().map(|c| c.username.as_str()))
    .bind(record.credentials.as_ref().map(|c| c.password.as_str()))
    .bind(record.config.enabled)
    .bind(record.config.repeat)
    .bind(record.config.analysis_rate_max)
    .bind(record.origin.name())
    .bind(i64::try_from(record.config.version).unwrap_or(i64::MAX))
    .bind(scene_to_json(&record.config)?)
    .execute(&mut *db)
    .await
    .doing("adding a camera")?;
    for zone in &record.config.zones {
        put_zone(db, &record.config.id, zone).await?;
    }
    history::add(db, None, record, noted).await
}

/// Writes the camera's own row, not its zones, and the version that it has become.
pub(super) async fn update(
    db: &mut SqliteConnection,
    before: &CameraRecord,
    record: &CameraRecord,
    noted: Noted<'_>,
) -> Result<(), StoreError> {
    record.config.validate()?;
    check_name(db, record).await?;
    sqlx::query(
        "UPDATE cameras SET name = ?, source = ?, username = ?, password = ?, enabled = ?, repeat = ?,
         analysis_rate_max = ?, origin = ?, version = ?, scene = ? WHERE id = ?",
    )
    .bind(&record.config.name)
    .bind(&record.config.source)
    .bind(record.credentials.as_ref().map(|c| c.username.as_str()))
    .bind(record.credentials.as_ref().map(|c| c.password.as_str()))
    .bind(record.config.enabled)
    .bind(record.config.repeat)
    .bind(record.config.analysis_rate_max)
    .bind(record.origin.name())
    .bind(i64::try_from(record.config.version).unwrap_or(i64::MAX))
    .bind(scene_to_json(&record.config)?)
    .bind(record.config.id.as_str())
    .execute(&mut *db)
    .await
    .doing("changing a camera")?;
    history::add(db, Some(before), record, noted).await
}

/// Brings the rows of zones from what they were to what they are.
pub(super) async fn put_zones(
    db: &mut SqliteConnection,
    before: &CameraRecord,
    after: &CameraRecord,
) -> Result<(), StoreError> {
    for zone in &before.config.zones {
        if !after.config.zones.iter().any(|kept| kept.id == zone.id) {
            delete_zone(db, &zone.id).await?;
        }
    }
    for zone in &after.config.zones {
        if !before.config.zones.contains(zone) {
            put_zone(db, &after.config.id, zone).await?;
        }
    }
    Ok(())
}

/// Adds or replaces a zone; one that was deleted is there again.
pub(super) async fn put_zone(
    db: &mut SqliteConnection,
    camera: &CameraId,
    zone: &Zone,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO zones (id, camera, zone) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, deleted_at = NULL",
    )
    .bind(zone.id.as_str())
    .bind(camera.as_str())
    .bind(zone_to_json(zone)?)
    .execute(db)
    .await
    .doing("writing a zone")?;
    Ok(())
}

pub(super) async fn delete_zone(
    db: &mut SqliteConnection,
    zone: &ZoneId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE zones SET deleted_at = ? WHERE id = ?")
        .bind(now().micros())
        .bind(zone.as_str())
        .execute(db)
        .await
        .doing("deleting a zone")?;
    Ok(())
}

/// Marks camera and zones deleted and forgets the credentials; the rows keep
/// the ids from being given again.
pub(super) async fn delete(
    db: &mut SqliteConnection,
    record: &CameraRecord,
    noted: Noted<'_>,
) -> Result<(), StoreError> {
    let doing = "deleting a camera";
    let (at, id) = (now().micros(), record.config.id.as_str());
    let mut last = record.clone();
    last.config.version += 1;
    sqlx::query(
        "UPDATE cameras SET deleted_at = ?, username = NULL, password = NULL, version = ? WHERE id = ?",
    )
    .bind(at)
    .bind(i64::try_from(last.config.version).unwrap_or(i64::MAX))
    .bind(id)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    sqlx::query("UPDATE zones SET deleted_at = ? WHERE camera = ? AND deleted_at IS NULL")
        .bind(at)
        .bind(id)
        .execute(&mut *db)
        .await
        .doing(doing)?;
    history::add(db, Some(record), &last, noted).await
}
