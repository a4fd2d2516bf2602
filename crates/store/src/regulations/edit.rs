//! Reading, adding, changing and deleting regulations.

use safe_yolo_core::{RegulationId, Utc};

use super::{NewRegulation, REGULATIONS_MAX, Regulation, RegulationPatch, rows};
use crate::error::Doing;
use crate::{Store, StoreError, random};

/// The highest place in the list.
const POSITION_MAX: u32 = 1_000_000;

fn check_position(position: u32) -> Result<(), StoreError> {
    if position <= POSITION_MAX {
        return Ok(());
    }
    let (value, rule) = (position.to_string(), "lie between 0 and 1000000");
    Err(StoreError::Invalid { field: "position", value, rule })
}

impl Store {
    /// All regulations in their order, those that are not active too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn regulations(&self) -> Result<Vec<Regulation>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing("reading regulations")?;
        rows::all(&mut reader).await
    }

    /// Adds a regulation.
    ///
    /// # Errors
    /// When a value does not fit, there are too many, or the database fails.
    pub async fn create_regulation(
        &self,
        new: NewRegulation,
        by: &str,
        at: Utc,
    ) -> Result<Regulation, StoreError> {
        let doing = "adding a regulation";
        new.content.validate()?;
        check_position(new.position)?;
        let mut tx = self.begin(doing).await?;
        if rows::all(&mut tx).await?.len() >= REGULATIONS_MAX {
            let place = "the site".to_owned();
            return Err(StoreError::Full { what: "regulations", place, max: REGULATIONS_MAX });
        }
        let id = random::id('r')?;
        let regulation = Regulation {
            id: id.parse().map_err(|error| StoreError::unreadable("regulation", &id, error))?,
            category: new.category,
            content: new.content,
            position: new.position,
            active: new.active,
            version: 1,
            edited: Some((by.to_owned(), at)),
        };
        rows::put(&mut tx, &regulation).await?;
        tx.commit().await.doing(doing)?;
        Ok(regulation)
    }

    /// Changes a regulation; answers how it was before and how it is now. A patch that changes
    /// nothing leaves the version.
    ///
    /// # Errors
    /// When there is no such regulation, the change is based on an older version, a value does not
    /// fit, or the database fails.
    pub async fn update_regulation(
        &self,
        id: &RegulationId,
        patch: RegulationPatch,
        by: &str,
        at: Utc,
    ) -> Result<(Regulation, Regulation), StoreError> {
        let doing = "changing a regulation";
        let mut tx = self.begin(doing).await?;
        let before = rows::known(&mut tx, id).await?;
        if patch.version.is_some_and(|version| version != before.version) {
            return Err(StoreError::Outdated {
                what: "regulation",
                id: id.to_string(),
                now: before.version,
                by: before.edited.map(|(by, _)| by),
            });
        }
        let mut after = before.clone();
        set(&mut after.category, patch.category);
        set(&mut after.content.law, patch.law);
        set(&mut after.content.article, patch.article);
        set(&mut after.content.title, patch.title);
        set(&mut after.content.text, patch.text);
        set(&mut after.content.url, patch.url);
        set(&mut after.content.types, patch.types);
        set(&mut after.position, patch.position);
        set(&mut after.active, patch.active);
        if after == before {
            return Ok((before.clone(), before));
        }
        after.content.validate()?;
        check_position(after.position)?;
        after.version += 1;
        after.edited = Some((by.to_owned(), at));
        rows::put(&mut tx, &after).await?;
        tx.commit().await.doing(doing)?;
        Ok((before, after))
    }

    /// Deletes a regulation; answers how it was.
    ///
    /// # Errors
    /// When there is no such regulation, or the database fails.
    pub async fn delete_regulation(
        &self,
        id: &RegulationId,
        at: Utc,
    ) -> Result<Regulation, StoreError> {
        let doing = "deleting a regulation";
        let mut tx = self.begin(doing).await?;
        let before = rows::known(&mut tx, id).await?;
        sqlx::query("UPDATE regulations SET deleted_at = ? WHERE id = ?")
            .bind(at.micros())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        tx.commit().await.doing(doing)?;
        Ok(before)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
