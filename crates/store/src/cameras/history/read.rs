//! Reading versions.

use safe_yolo_core::{CameraId, Utc};
use sqlx::SqliteConnection;

use super::{Author, CameraVersion, Deed, VersionSettings, signed};
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading versions of a camera";
/// Most versions in one answer.
const LIST_MAX: u32 = 200;

#[derive(sqlx::FromRow)]
struct VersionRow {
    version: i64,
    at: i64,
    author: String,
    username: Option<String>,
    deed: String,
    restored: Option<i64>,
    changes: String,
}

#[derive(sqlx::FromRow)]
struct WholeRow {
    #[sqlx(flatten)]
    row: VersionRow,
    settings: String,
}

impl VersionRow {
    fn into_version(self, camera: &CameraId) -> Result<CameraVersion, StoreError> {
        let number = self.version;
        let unreadable = |detail: String| {
            StoreError::unreadable("version", format!("{number} of camera {camera}"), detail)
        };
        let whole =
            |n: i64| u64::try_from(n).map_err(|_negative| unreadable(format!("number {n}")));
        let author = || unreadable(format!("author '{}'", self.author));
        let restored = self.restored.map(whole).transpose()?;
        Ok(CameraVersion {
            camera: camera.clone(),
            version: whole(number)?,
            at: Utc(self.at),
            by: Author::from_parts(&self.author, self.username).ok_or_else(author)?,
            deed: Deed::from_parts(&self.deed, restored)
                .ok_or_else(|| unreadable(format!("deed '{}'", self.deed)))?,
            changes: serde_json::from_str(&self.changes)
                .map_err(|error| unreadable(error.to_string()))?,
        })
    }
}

impl Store {
    /// Versions of a camera, newest first, 200 at most; with `before` only older ones. None for a
    /// camera that never was; those of a deleted one stay.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn camera_versions(
        &self,
        camera: &CameraId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<CameraVersion>, StoreError> {
        let rows: Vec<VersionRow> = sqlx::query_as(
            "SELECT version, at, author, username, deed, restored, changes FROM camera_versions
             WHERE camera = ? AND version < ? ORDER BY version DESC LIMIT ?",
        )
        .bind(camera.as_str())
        .bind(before.map_or(i64::MAX, signed))
        .bind(i64::from(limit.min(LIST_MAX)))
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        rows.into_iter().map(|row| row.into_version(camera)).collect()
    }

    /// One version of a camera, unless it never was or is not kept any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn camera_version(
        &self,
        camera: &CameraId,
        version: u64,
    ) -> Result<Option<VersionSettings>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        one(&mut reader, camera, version).await
    }
}

pub(super) async fn one(
    db: &mut SqliteConnection,
    camera: &CameraId,
    version: u64,
) -> Result<Option<VersionSettings>, StoreError> {
    let row: Option<WholeRow> = sqlx::query_as(
        "SELECT version, at, author, username, deed, restored, changes, settings FROM camera_versions
         WHERE camera = ? AND version = ?",
    )
    .bind(camera.as_str())
    .bind(signed(version))
    .fetch_optional(db)
    .await
    .doing(DOING)?;
    let Some(WholeRow { row, settings }) = row else {
        return Ok(None);
    };
    let settings = serde_json::from_str(&settings).map_err(|error| {
        StoreError::unreadable("version", format!("{version} of camera {camera}"), error)
    })?;
    Ok(Some(VersionSettings { version: row.into_version(camera)?, settings }))
}
