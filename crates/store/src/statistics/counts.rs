//! How often something happened.

use std::ops::Range;

use sqlx::{QueryBuilder, Sqlite};

use super::{EventKey, Scope, push_period, split};
use crate::error::Doing;
use crate::events::page::{push_among, push_slots};
use crate::{Store, StoreError};

const DOING: &str = "counting events";

/// The sum over hours or days of each slot that fits, told apart by `column`.
fn push_sums(
    query: &mut QueryBuilder<Sqlite>,
    (table, unit): (&str, &str),
    column: &str,
    scope: &Scope,
    period: &Range<i64>,
) {
    query.push(format!(
        "SELECT {column} AS key, SUM(t.raised) AS raised FROM event_slots s CROSS JOIN {table} t WHERE t.slot = s.slot"
    ));
    push_slots(query, "s", scope);
    push_period(query, &format!("t.{unit}"), period);
    query.push(" GROUP BY 1");
}

impl Store {
    /// Events that began in each hour of a period, in order; hours without any are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_by_hour(
        &self,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let is_of_cameras = scope.zones.is_empty() && scope.event_types.is_empty();
        let mut query = QueryBuilder::<Sqlite>::default();
        if is_of_cameras {
            query.push("SELECT hour, SUM(raised) FROM camera_hours WHERE 1 = 1");
            push_period(&mut query, "hour", hours);
            push_among(&mut query, "camera", scope.cameras.iter().map(ToString::to_string));
            let severities = scope.severities.iter().map(|severity| severity.name().to_owned());
            push_among(&mut query, "severity", severities);
            query.push(" GROUP BY hour ORDER BY hour");
        } else {
            push_sums(&mut query, ("event_hours", "hour"), "t.hour", scope, hours);
            query.push(" ORDER BY 1");
        }
        let rows: Vec<(i64, i64)> =
            query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)?;
        Ok(rows.into_iter().filter(|(_, raised)| *raised != 0).collect())
    }

    /// Events that began in a period, told apart by `key`; `''` is no camera, no zone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_by(
        &self,
        key: EventKey,
        scope: &Scope,
        hours: &Range<i64>,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let column = format!("s.{}", key.column());
        let (days, [before, after]) = split(hours);
        let mut query = QueryBuilder::<Sqlite>::new("SELECT key, SUM(raised) FROM (");
        let mut is_first = true;
        for (table, period) in [
            (("event_days", "day"), days),
            (("event_hours", "hour"), before),
            (("event_hours", "hour"), after),
        ] {
            if period.is_empty() {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                query.push(" UNION ALL ");
            }
            push_sums(&mut query, table, &column, scope, &period);
        }
        if is_first {
            return Ok(Vec::new());
        }
        query.push(") GROUP BY key HAVING SUM(raised) <> 0 ORDER BY key");
        query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)
    }
}
