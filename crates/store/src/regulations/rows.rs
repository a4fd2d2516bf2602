//! Regulations as rows.

use safe_yolo_core::{RegulationId, Utc};
use sqlx::SqliteConnection;

use super::{Category, Regulation};
use crate::StoreError;
use crate::error::Doing;

const DOING: &str = "reading regulations";

#[derive(sqlx::FromRow)]
pub(super) struct RegulationRow {
    id: String,
    category: String,
    content: String,
    position: i64,
    active: bool,
    version: i64,
    edited_by: Option<String>,
    edited_at: Option<i64>,
}

impl RegulationRow {
    fn into_regulation(self) -> Result<Regulation, StoreError> {
        let unreadable = |detail: String| StoreError::unreadable("regulation", &self.id, detail);
        let number = |n: i64| unreadable(format!("number {n}"));
        Ok(Regulation {
            category: Category::from_name(&self.category)
                .ok_or_else(|| unreadable(format!("category '{}'", self.category)))?,
            content: serde_json::from_str(&self.content)
                .map_err(|error| unreadable(error.to_string()))?,
            position: u32::try_from(self.position).map_err(|_large| number(self.position))?,
            active: self.active,
            version: u64::try_from(self.version).map_err(|_negative| number(self.version))?,
            id: self.id.parse().map_err(|error| unreadable(format!("{error}")))?,
            edited: self.edited_by.zip(self.edited_at.map(Utc)),
        })
    }
}

/// All that are not deleted, in their order.
pub(super) async fn all(db: &mut SqliteConnection) -> Result<Vec<Regulation>, StoreError> {
    let rows: Vec<RegulationRow> = sqlx::query_as(
        "SELECT id, category, content, position, active, version, edited_by, edited_at
         FROM regulations WHERE deleted_at IS NULL ORDER BY position, number",
    )
    .fetch_all(db)
    .await
    .doing(DOING)?;
    rows.into_iter().map(RegulationRow::into_regulation).collect()
}

/// One that must be there.
pub(super) async fn known(
    db: &mut SqliteConnection,
    id: &RegulationId,
) -> Result<Regulation, StoreError> {
    let row: Option<RegulationRow> = sqlx::query_as(
        "SELECT id, category, content, position, active, version, edited_by, edited_at
         FROM regulations WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(id.as_str())
    .fetch_optional(db)
    .await
    .doing(DOING)?;
    let row = row.ok_or_else(|| StoreError::not_found("regulation", id.as_str()))?;
    row.into_regulation()
}

/// Writes a new one, or the old one over; one with the id of a deleted one stays deleted.
pub(super) async fn put(
    db: &mut SqliteConnection,
    regulation: &Regulation,
) -> Result<(), StoreError> {
    let content = serde_json::to_string(&regulation.content)
        .map_err(|error| StoreError::unreadable("regulation", regulation.id.as_str(), error))?;
    let edited = regulation.edited.as_ref();
    sqlx::query(
        "INSERT INTO regulations (id, category, content, position, active, version, edited_by, edited_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET category = excluded.category, content = excluded.content,
             position = excluded.position, active = excluded.active, version = excluded.version,
             edited_by = excluded.edited_by, edited_at = excluded.edited_at",
    )
    .bind(regulation.id.as_str())
    .bind(regulation.category.name())
    .bind(content)
    .bind(i64::from(regulation.position))
    .bind(regulation.active)
    .bind(i64::try_from(regulation.version).unwrap_or(i64::MAX))
    .bind(edited.map(|(by, _)| by.as_str()))
    .bind(edited.map(|(_, at)| at.micros()))
    .execute(db)
    .await
    .doing("writing a regulation")?;
    Ok(())
}
