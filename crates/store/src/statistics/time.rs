//! How long somebody looked, and what people wore meanwhile.

use std::ops::Range;

use safe_yolo_core::{CameraId, ZoneId};
use sqlx::{QueryBuilder, Sqlite};

use super::{ANALYSED, Scope, push_period, split};
use crate::error::Doing;
use crate::events::page::push_among;
use crate::{Store, StoreError};

const DOING: &str = "reading figures";

/// How long somebody looked and did not look, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Looked {
    pub analysed_us: i64,
    pub blind_us: i64,
}

impl std::ops::AddAssign for Looked {
    fn add_assign(&mut self, more: Self) {
        self.analysed_us = self.analysed_us.saturating_add(more.analysed_us);
        self.blind_us = self.blind_us.saturating_add(more.blind_us);
    }
}

/// What people wore in an hour, microseconds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct EquipmentHour {
    pub hour: i64,
    pub item: String,
    pub present_us: i64,
    pub missing_us: i64,
    pub unknown_us: i64,
}

/// From when to when a camera was configured, microseconds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Life {
    pub id: String,
    pub name: String,
    pub created: i64,
    pub deleted_at: Option<i64>,
}

/// Rows of cameras as a whole, or of the zones asked for.
fn push_watched(query: &mut QueryBuilder<Sqlite>, scope: &Scope) {
    if scope.zones.is_empty() {
        query.push(" AND w.zone = ''");
    }
    push_among(query, "w.zone", scope.zones.iter().map(ToString::to_string));
    push_among(query, "w.camera", scope.cameras.iter().map(ToString::to_string));
}

impl Store {
    /// How long somebody looked in each hour of a period, in order: at the cameras as a whole, or
    /// at the zones that are asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn looked_by_hour(
        &self,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(i64, Looked)>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "SELECT w.hour, SUM(CASE WHEN w.what = '{ANALYSED}' THEN w.us ELSE 0 END),
                    SUM(CASE WHEN w.what = '{ANALYSED}' THEN 0 ELSE w.us END) FROM watch_hours w WHERE 1 = 1"
        ));
        push_watched(&mut query, scope);
        push_period(&mut query, "w.hour", hours);
        query.push(" GROUP BY w.hour ORDER BY w.hour");
        let rows: Vec<(i64, i64, i64)> =
            query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)?;
        let row = |(hour, analysed_us, blind_us)| (hour, Looked { analysed_us, blind_us });
        Ok(rows.into_iter().map(row).collect())
    }

    /// How long somebody looked at each camera, or with `by_zone` at each zone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn looked_by_place(
        &self,
        by_zone: bool,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(String, Looked)>, StoreError> {
        let rows =
            self.sums(if by_zone { "zone" } else { "camera" }, by_zone, scope, hours).await?;
        let mut places: Vec<(String, Looked)> = Vec::new();
        for (place, what, us) in rows {
            let mut looked = Looked::default();
            if what == ANALYSED {
                looked.analysed_us = us;
            } else {
                looked.blind_us = us;
            }
            match places.last_mut().filter(|(last, _)| *last == place) {
                Some((_, sum)) => *sum += looked,
                None => places.push((place, looked)),
            }
        }
        Ok(places)
    }

    /// Why nobody looked, and for how long, longest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn blind_by_reason(
        &self,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.sums("''", false, scope, hours).await?;
        let mut reasons: Vec<(String, i64)> = rows
            .into_iter()
            .filter(|(_, what, _)| what != ANALYSED)
            .map(|(_, what, us)| (what, us))
            .collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(reasons)
    }

    /// Sums of `watch_hours` and `watch_days` by a column and by `what`.
    async fn sums(
        &self,
        column: &str,
        by_zone: bool,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(String, String, i64)>, StoreError> {
        let (days, [before, after]) = split(hours);
        let mut query = QueryBuilder::<Sqlite>::new("SELECT key, what, SUM(us) FROM (");
        let mut is_first = true;
        for ((table, unit), period) in [
            (("watch_days", "day"), days),
            (("watch_hours", "hour"), before),
            (("watch_hours", "hour"), after),
        ] {
            if period.is_empty() {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                query.push(" UNION ALL ");
            }
            let key = if by_zone { "w.zone" } else { column };
            query.push(format!("SELECT {key} AS key, w.what AS what, SUM(w.us) AS us FROM "));
            if by_zone && scope.zones.is_empty() {
                // Zone by zone, as the rows are sorted; deleted zones are kept in their table.
                query.push(format!("zones z CROSS JOIN {table} w WHERE w.zone = z.id"));
                push_among(&mut query, "w.camera", scope.cameras.iter().map(ToString::to_string));
            } else {
                query.push(format!("{table} w WHERE 1 = 1"));
                push_watched(&mut query, scope);
            }
            push_period(&mut query, &format!("w.{unit}"), &period);
            query.push(" GROUP BY 1, 2");
        }
        if is_first {
            return Ok(Vec::new());
        }
        query.push(") GROUP BY key, what ORDER BY key, what");
        query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)
    }

    /// What people wore in each hour of a period, in zones that required it, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn equipment_by_hour(
        &self,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<EquipmentHour>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT e.hour, e.item, SUM(e.present_us) AS present_us, SUM(e.missing_us) AS missing_us,
                    SUM(e.unknown_us) AS unknown_us
             FROM equipment_hours e WHERE 1 = 1",
        );
        push_among(&mut query, "e.zone", scope.zones.iter().map(ToString::to_string));
        if !scope.cameras.is_empty() {
            query.push(" AND e.zone IN (SELECT z.id FROM zones z WHERE 1 = 1");
            push_among(&mut query, "z.camera", scope.cameras.iter().map(ToString::to_string));
            query.push(")");
        }
        push_period(&mut query, "e.hour", hours);
        query.push(" GROUP BY e.hour, e.item ORDER BY e.hour, e.item");
        query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)
    }

    /// From when to when each camera was configured, deleted ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn camera_lives(&self) -> Result<Vec<Life>, StoreError> {
        sqlx::query_as("SELECT id, name, created, deleted_at FROM cameras ORDER BY number")
            .fetch_all(&self.inner.readers)
            .await
            .doing(DOING)
    }

    /// Camera and name of each zone, deleted ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn zone_places(&self) -> Result<Vec<(ZoneId, CameraId, String)>, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT id, camera, COALESCE(json_extract(zone, '$.name'), id) FROM zones ORDER BY number",
        )
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        rows.into_iter()
            .map(|(id, camera, name)| {
                let unreadable = |error: String| StoreError::unreadable("zone", id.as_str(), error);
                let zone = id.parse().map_err(|error| unreadable(format!("{error}")))?;
                let camera = camera.parse().map_err(|error| unreadable(format!("{error}")))?;
                Ok((zone, camera, name))
            })
            .collect()
    }
}
