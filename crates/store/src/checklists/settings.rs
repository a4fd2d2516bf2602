//! When shifts begin, and when the items were last looked at.

use safe_yolo_core::Utc;
use safe_yolo_core::schedule::TimeOfDay;
use serde::{Deserialize, Serialize};

use crate::error::Doing;
use crate::{Store, StoreError};

/// Most shifts of a day.
const SHIFTS_MAX: usize = 12;

/// Settings of all checklists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistSettings {
    /// When shifts begin, by the clocks of the site; none for resets by hand only.
    pub shifts: Vec<TimeOfDay>,
}

impl Default for ChecklistSettings {
    fn default() -> Self {
        let shifts = ["06:00", "14:00", "22:00"].iter().filter_map(|text| text.parse().ok());
        Self { shifts: shifts.collect() }
    }
}

impl ChecklistSettings {
    /// In the order of the day.
    ///
    /// # Errors
    /// When a time is there twice, is no begin of a shift, or there are too many.
    pub fn checked(mut self) -> Result<Self, StoreError> {
        let invalid = |value: String, rule: &'static str| {
            Err(StoreError::Invalid { field: "shifts", value, rule })
        };
        if self.shifts.len() > SHIFTS_MAX {
            return invalid(self.shifts.len().to_string(), "be 12 times of the day at most");
        }
        self.shifts.sort_unstable();
        if let Some([twice, _]) = self.shifts.windows(2).find(|pair| pair.first() == pair.last()) {
            return invalid(twice.to_string(), "be given once each");
        }
        match self.shifts.iter().map(TimeOfDay::to_string).find(|time| time == "24:00") {
            Some(time) => invalid(time, "lie between 00:00 and 23:59"),
            None => Ok(self),
        }
    }
}

impl Store {
    /// The settings in force, and when they were set; the usual ones before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checklist_settings(&self) -> Result<(ChecklistSettings, Option<Utc>), StoreError> {
        let row: Option<(Option<String>, Option<i64>)> =
            sqlx::query_as("SELECT settings, changed FROM checklist_settings")
                .fetch_optional(&self.inner.readers)
                .await
                .doing("reading the settings of checklists")?;
        let (json, changed) = row.unwrap_or_default();
        let read = |json: String| {
            serde_json::from_str(&json)
                .map_err(|error| StoreError::unreadable("settings", "checklists", error))
        };
        Ok((json.map(read).transpose()?.unwrap_or_default(), changed.map(Utc)))
    }

    /// Sets them. Runs go on: the first shift that begins after `at` ends them.
    ///
    /// # Errors
    /// When they make no sense, or the database fails.
    pub async fn set_checklist_settings(
        &self,
        settings: ChecklistSettings,
        at: Utc,
    ) -> Result<ChecklistSettings, StoreError> {
        let settings = settings.checked()?;
        let json = serde_json::to_string(&settings)
            .map_err(|error| StoreError::unreadable("settings", "checklists", error))?;
        sqlx::query(
            "INSERT INTO checklist_settings (number, settings, changed) VALUES (1, ?, ?)
             ON CONFLICT DO UPDATE SET settings = excluded.settings, changed = excluded.changed",
        )
        .bind(json)
        .bind(at.micros())
        .execute(&self.inner.writer)
        .await
        .doing("setting when shifts begin")?;
        Ok(settings)
    }

    /// When the items were last looked at, as far as that is noted: never later than it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checklists_looked(&self) -> Result<Option<Utc>, StoreError> {
        let row: Option<Option<i64>> = sqlx::query_scalar("SELECT looked FROM checklist_settings")
            .fetch_optional(&self.inner.readers)
            .await
            .doing("reading when checklists were looked at")?;
        Ok(row.flatten().map(Utc))
    }

    /// Notes that they were looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_checklists_looked(&self, at: Utc) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO checklist_settings (number, looked) VALUES (1, ?)
             ON CONFLICT DO UPDATE SET looked = excluded.looked",
        )
        .bind(at.micros())
        .execute(&self.inner.writer)
        .await
        .doing("noting that checklists were looked at")?;
        Ok(())
    }
}
