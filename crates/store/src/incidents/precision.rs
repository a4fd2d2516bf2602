//! How often a rule is right, by what people made of its incidents.

use safe_yolo_core::Utc;
use serde::Serialize;

use crate::error::Doing;
use crate::{Store, StoreError};

/// Most lines in one answer.
const LINES_MAX: i64 = 1000;

/// What people made of the incidents of one rule.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct RulePrecision {
    /// The camera.
    pub camera: Option<String>,
    /// Its name when the newest incident began.
    #[sqlx(default)]
    pub camera_name: String,
    /// The zone.
    pub zone: Option<String>,
    /// Its name when the newest incident began.
    #[sqlx(default)]
    pub zone_name: Option<String>,
    /// What the rule raises.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Incidents that were resolved.
    pub true_alarms: i64,
    /// Incidents that were false alarms.
    pub false_alarms: i64,
    /// Incidents of which nobody has said yet what they were.
    pub unjudged: i64,
}

impl RulePrecision {
    /// Of the judged ones, the part that was no false alarm; none while nothing is judged.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        let judged = self.true_alarms + self.false_alarms;
        #[expect(clippy::cast_precision_loss, reason = "counts of incidents")]
        let part = self.true_alarms as f64 / judged as f64;
        (judged > 0).then_some(part)
    }
}

impl Store {
    /// Of each rule, what became of incidents that began in this time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn precision(
        &self,
        from: Option<Utc>,
        to: Option<Utc>,
    ) -> Result<Vec<RulePrecision>, StoreError> {
        sqlx::query_as(
            "SELECT camera, zone, event_type,
                 COALESCE(SUM(state = 'resolved'), 0) AS true_alarms,
                 COALESCE(SUM(state = 'false_alarm'), 0) AS false_alarms,
                 COALESCE(SUM(closed = 0), 0) AS unjudged,
                 COALESCE(json_extract(incident, '$.camera_name'), '') AS camera_name,
                 json_extract(incident, '$.zone.name') AS zone_name, MAX(number) AS newest
             FROM incidents WHERE start_at >= ? AND start_at < ? AND event_type <> 'system'
             GROUP BY camera, zone, event_type ORDER BY camera, zone, event_type LIMIT ?",
        )
        .bind(from.map_or(i64::MIN, Utc::micros))
        .bind(to.map_or(i64::MAX, Utc::micros))
        .bind(LINES_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing("counting false alarms")
    }
}
