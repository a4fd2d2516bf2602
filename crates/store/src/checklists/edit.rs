//! Reading, adding, changing and deleting checklists.

use std::collections::BTreeSet;

use safe_yolo_core::checklist::{ChecklistItem, TickedBy};
use safe_yolo_core::{CameraId, ChecklistId, Utc, ZoneId};
use sqlx::SqliteConnection;

use super::runs::{self, EndedBy, Ending};
use super::{
    CHECKLISTS_MAX, CHECKLISTS_OF_CAMERA_MAX, Checklist, ChecklistPatch, NewChecklist, rows,
};
use crate::error::Doing;
use crate::{Store, StoreError, random};

impl Store {
    /// All checklists that are not deleted, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checklists(&self) -> Result<Vec<Checklist>, StoreError> {
        let doing = "reading checklists";
        // One snapshot for all tables.
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let lists = rows::all(&mut tx).await?;
        tx.rollback().await.doing(doing)?;
        Ok(lists)
    }

    /// One checklist, unless it is deleted or never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checklist(&self, id: &ChecklistId) -> Result<Option<Checklist>, StoreError> {
        let doing = "reading a checklist";
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let list = rows::one(&mut tx, id).await?;
        tx.rollback().await.doing(doing)?;
        Ok(list)
    }

    /// Adds a checklist, whose first run begins.
    ///
    /// # Errors
    /// When there is no such camera or zone, an item does not fit, there are too many, or the
    /// database fails.
    pub async fn create_checklist(
        &self,
        new: NewChecklist,
        at: Utc,
    ) -> Result<Checklist, StoreError> {
        let doing = "adding a checklist";
        ChecklistItem::validate_name(&new.name)?;
        let mut tx = self.begin(doing).await?;
        check_camera(&mut tx, &new.camera).await?;
        check_items(&mut tx, &new.camera, new.zone.as_ref(), &new.items).await?;
        let (all, of_camera): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COALESCE(SUM(camera = ?), 0) FROM checklists WHERE deleted_at IS NULL",
        )
        .bind(new.camera.as_str())
        .fetch_one(&mut *tx)
        .await
        .doing(doing)?;
        let is_full = |count: i64, max: usize| usize::try_from(count).unwrap_or(usize::MAX) >= max;
        if is_full(of_camera, CHECKLISTS_OF_CAMERA_MAX) {
            let place = format!("camera '{}'", new.camera);
            return Err(StoreError::Full {
                what: "checklists",
                place,
                max: CHECKLISTS_OF_CAMERA_MAX,
            });
        }
        if is_full(all, CHECKLISTS_MAX) {
            let place = "the site".to_owned();
            return Err(StoreError::Full { what: "checklists", place, max: CHECKLISTS_MAX });
        }
        let id = random::id('k')?;
        let id: ChecklistId =
            id.parse().map_err(|error| StoreError::unreadable("checklist", &id, error))?;
        sqlx::query(
            "INSERT INTO checklists (id, camera, zone, name, items, version) VALUES (?, ?, ?, ?, ?, 1)",
        )
        .bind(id.as_str())
        .bind(new.camera.as_str())
        .bind(new.zone.as_ref().map(ZoneId::as_str))
        .bind(json(&id, &new.name)?)
        .bind(json(&id, &new.items)?)
        .execute(&mut *tx)
        .await
        .doing(doing)?;
        for item in &new.items {
            rows::open_item(&mut tx, &id, &item.id).await?;
        }
        runs::begin(&mut tx, &id, at).await?;
        let list = rows::known(&mut tx, &id).await?;
        tx.commit().await.doing(doing)?;
        Ok(list)
    }

    /// Changes a checklist. Items that stay as they are keep their ticks, others begin open; a
    /// patch that changes nothing leaves the version.
    ///
    /// # Errors
    /// When there is no such checklist or zone, the change is based on an older version, an item
    /// does not fit, or the database fails.
    pub async fn update_checklist(
        &self,
        id: &ChecklistId,
        patch: ChecklistPatch,
    ) -> Result<Checklist, StoreError> {
        let doing = "changing a checklist";
        let mut tx = self.begin(doing).await?;
        let before = rows::known(&mut tx, id).await?;
        if patch.version.is_some_and(|version| version != before.version) {
            return Err(StoreError::Outdated {
                what: "checklist",
                id: id.to_string(),
                now: before.version,
                by: None,
            });
        }
        let was: Vec<&ChecklistItem> = before.items.iter().map(|state| &state.item).collect();
        let name = patch.name.unwrap_or_else(|| before.name.clone());
        let zone = patch.zone.unwrap_or_else(|| before.zone.clone());
        let items = patch.items.unwrap_or_else(|| was.iter().map(|item| (*item).clone()).collect());
        let is_same =
            name == before.name && zone == before.zone && items.iter().eq(was.iter().copied());
        if is_same {
            return Ok(before);
        }
        ChecklistItem::validate_name(&name)?;
        check_items(&mut tx, &before.camera, zone.as_ref(), &items).await?;
        sqlx::query(
            "UPDATE checklists SET zone = ?, name = ?, items = ?, version = version + 1 WHERE id = ?",
        )
        .bind(zone.as_ref().map(ZoneId::as_str))
        .bind(json(id, &name)?)
        .bind(json(id, &items)?)
        .bind(id.as_str())
        .execute(&mut *tx)
        .await
        .doing(doing)?;
        let moved = zone != before.zone;
        for item in &items {
            let known = was.iter().find(|known| known.id == item.id);
            let watches_elsewhere = moved && matches!(item.by, TickedBy::Rule(_));
            if known.is_none_or(|known| *known != item) || watches_elsewhere {
                rows::open_item(&mut tx, id, &item.id).await?;
            }
        }
        let left: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        for gone in was.iter().filter(|item| !left.contains(item.id.as_str())) {
            sqlx::query("DELETE FROM checklist_ticks WHERE checklist = ? AND item = ?")
                .bind(id.as_str())
                .bind(&gone.id)
                .execute(&mut *tx)
                .await
                .doing(doing)?;
        }
        let list = rows::known(&mut tx, id).await?;
        tx.commit().await.doing(doing)?;
        Ok(list)
    }

    /// Deletes a checklist; its runs stay. `who` is none where its camera is gone.
    ///
    /// # Errors
    /// When there is no such checklist, or the database fails.
    pub async fn delete_checklist(
        &self,
        id: &ChecklistId,
        who: Option<&str>,
        at: Utc,
    ) -> Result<(), StoreError> {
        let doing = "deleting a checklist";
        let mut tx = self.begin(doing).await?;
        let list = rows::known(&mut tx, id).await?;
        runs::end(&mut tx, &list, &Ending { by: EndedBy::Deleted, who, note: "", at }).await?;
        sqlx::query("UPDATE checklists SET deleted_at = ? WHERE id = ?")
            .bind(at.micros())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        sqlx::query("DELETE FROM checklist_ticks WHERE checklist = ?")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        tx.commit().await.doing(doing)
    }
}

fn json<T: serde::Serialize>(id: &ChecklistId, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::unreadable("checklist", id.as_str(), error))
}

async fn check_camera(db: &mut SqliteConnection, id: &CameraId) -> Result<(), StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT number FROM cameras WHERE id = ? AND deleted_at IS NULL")
            .bind(id.as_str())
            .fetch_optional(db)
            .await
            .doing("looking for a camera")?;
    found.map(|_| ()).ok_or_else(|| StoreError::not_found("camera", id.as_str()))
}

/// Whether the items fit, and all their zones are the camera's.
async fn check_items(
    db: &mut SqliteConnection,
    camera: &CameraId,
    zone: Option<&ZoneId>,
    items: &[ChecklistItem],
) -> Result<(), StoreError> {
    ChecklistItem::validate_all(items)?;
    let of_item = |item: &ChecklistItem| match &item.by {
        TickedBy::Rule(rule) => rule.zone.clone(),
        TickedBy::Hand => None,
    };
    let zones: BTreeSet<ZoneId> = items.iter().filter_map(of_item).chain(zone.cloned()).collect();
    for zone in zones {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT number FROM zones WHERE id = ? AND camera = ? AND deleted_at IS NULL",
        )
        .bind(zone.as_str())
        .bind(camera.as_str())
        .fetch_optional(&mut *db)
        .await
        .doing("looking for a zone")?;
        if found.is_none() {
            return Err(StoreError::NoZone { zone: zone.to_string(), camera: camera.to_string() });
        }
    }
    Ok(())
}
