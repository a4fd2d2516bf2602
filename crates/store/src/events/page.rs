//! Pages of events, newest first, found by their keys.
//!
//! Events that share camera, zone, type and severity make a slot (migration 0006). Where much fits,
//! the newest keys are looked through; where little does, the newest of each slot that fits are
//! merged. Neither reads the events themselves, nor more keys than a bound says.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::rows::{EVENT_COLUMNS, EventRow};
use super::{EventFilter, EventRecord};
use crate::error::Doing;
use crate::statistics::hour_of;
use crate::{Store, StoreError};

const DOING: &str = "reading events";
/// Changes over which the newest keys are looked through first.
const WINDOW: i64 = 20_000;
const KEYS: &str = "SELECT k.raised_seq";

/// Numbers of raisings, both included, and begins of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: i64,
    last: i64,
    from: i64,
    to: i64,
}

impl EventFilter {
    pub(crate) fn has_slots(&self) -> bool {
        !(self.cameras.is_empty()
            && self.zones.is_empty()
            && self.event_types.is_empty()
            && self.severities.is_empty())
    }

    /// The standings of `event_keys` that fit.
    const fn standings(&self) -> &'static [i64] {
        match self.acknowledged {
            None => &[0, 1, 2],
            Some(false) => &[1],
            Some(true) => &[2],
        }
    }

    pub(crate) fn page_size(&self) -> i64 {
        let limit = if self.limit == 0 { Self::LIMIT } else { self.limit };
        i64::from(limit.min(Self::LIMIT_MAX))
    }
}

/// Adds ` AND column IN (...)`, unless all values fit.
pub(crate) fn push_among(
    query: &mut QueryBuilder<Sqlite>,
    column: &str,
    values: impl ExactSizeIterator<Item = String>,
) {
    if values.len() == 0 {
        return;
    }
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

/// What an event's slot must be; `slots` is the name of `event_slots` in the query.
pub(crate) fn push_slots(query: &mut QueryBuilder<Sqlite>, slots: &str, filter: &EventFilter) {
    let of = |column: &str| format!("{slots}.{column}");
    let name = |name: &'static str| name.to_owned();
    push_among(query, &of("camera"), filter.cameras.iter().map(ToString::to_string));
    push_among(query, &of("zone"), filter.zones.iter().map(ToString::to_string));
    push_among(query, &of("event_type"), filter.event_types.iter().map(|t| name(t.name())));
    push_among(query, &of("severity"), filter.severities.iter().map(|s| name(s.name())));
}

fn push_range(query: &mut QueryBuilder<Sqlite>, keys: &str, range: Range) {
    query.push(format!(" AND {keys}.raised_seq >= ")).push_bind(range.first);
    query.push(format!(" AND {keys}.raised_seq <= ")).push_bind(range.last);
    if range.from > i64::MIN {
        query.push(format!(" AND {keys}.start_at >= ")).push_bind(range.from);
    }
    if range.to < i64::MAX {
        query.push(format!(" AND {keys}.start_at < ")).push_bind(range.to);
    }
}

fn push_standings(query: &mut QueryBuilder<Sqlite>, keys: &str, filter: &EventFilter) {
    if filter.acknowledged.is_some() {
        for standing in filter.standings() {
            query.push(format!(" AND {keys}.standing = ")).push_bind(*standing);
        }
    }
}

/// The newest keys in the order of their raising, whatever slot they are of.
fn in_order(select: &str, filter: &EventFilter, range: Range, limit: i64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!(
        "{select} FROM event_keys k INDEXED BY event_keys_order WHERE 1 = 1"
    ));
    push_range(&mut query, "k", range);
    push_standings(&mut query, "k", filter);
    if filter.has_slots() {
        query.push(" AND k.slot IN (SELECT s.slot FROM event_slots s WHERE 1 = 1");
        push_slots(&mut query, "s", filter);
        query.push(")");
    }
    query.push(" ORDER BY k.raised_seq DESC LIMIT ").push_bind(limit);
    query
}

/// The newest keys of each slot that fits, merged.
fn by_slots(filter: &EventFilter, range: Range, limit: i64) -> QueryBuilder<Sqlite> {
    let standings: Vec<String> =
        filter.standings().iter().map(|standing| format!("({standing})")).collect();
    let mut query = QueryBuilder::new(format!(
        "WITH v (standing) AS (VALUES {})
         SELECT k.raised_seq FROM event_slots s CROSS JOIN v CROSS JOIN event_keys k
         WHERE k.slot = s.slot AND k.standing = v.standing",
        standings.join(", ")
    ));
    push_slots(&mut query, "s", filter);
    query.push(
        " AND k.raised_seq IN (SELECT i.raised_seq FROM event_keys i
           WHERE i.slot = s.slot AND i.standing = v.standing",
    );
    push_range(&mut query, "i", range);
    query.push(" ORDER BY i.raised_seq DESC LIMIT ").push_bind(limit);
    query.push(") ORDER BY k.raised_seq DESC LIMIT ").push_bind(limit);
    query
}

/// Where events of the filter's period can be; none where there are none.
async fn range_of(
    db: &mut SqliteConnection,
    filter: &EventFilter,
    before: Option<i64>,
) -> Result<Option<Range>, StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(raised_seq) FROM event_keys")
        .fetch_one(&mut *db)
        .await
        .doing(DOING)?;
    let Some(newest) = newest else { return Ok(None) };
    let last = before.map_or(newest, |before| newest.min(before.saturating_sub(1)));
    let mut range = Range {
        first: 0,
        last,
        from: filter.from.map_or(i64::MIN, |at| at.micros()),
        to: filter.to.map_or(i64::MAX, |at| at.micros()),
    };
    if filter.from.is_some() || filter.to.is_some() {
        let hour = if filter.from.is_some() { hour_of(range.from) } else { i64::MIN };
        let span: (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT MIN(first_seq), MAX(last_seq) FROM hour_spans WHERE hour >= ? AND hour < ?",
        )
        .bind(hour)
        .bind(range.to)
        .fetch_one(&mut *db)
        .await
        .doing(DOING)?;
        let (Some(first), Some(last)) = span else { return Ok(None) };
        range.first = first;
        range.last = range.last.min(last);
    }
    Ok((range.first <= range.last).then_some(range))
}

async fn numbers(
    db: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
) -> Result<Vec<i64>, StoreError> {
    query.build_query_scalar().fetch_all(db).await.doing(DOING)
}

async fn keys(
    db: &mut SqliteConnection,
    filter: &EventFilter,
    range: Range,
) -> Result<Vec<i64>, StoreError> {
    let limit = filter.page_size();
    if !filter.has_slots() && filter.acknowledged.is_none() {
        return numbers(db, in_order(KEYS, filter, range, limit)).await;
    }
    let near = Range { first: range.first.max(range.last.saturating_sub(WINDOW)), ..range };
    let found = numbers(db, in_order(KEYS, filter, near, limit)).await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= limit);
    if is_full || near.first == range.first {
        return Ok(found);
    }
    numbers(db, by_slots(filter, range, limit)).await
}

impl Store {
    /// Events that fit, in reverse order of their raising, from before the raising `before` on;
    /// and the `before` that gives the next page, none after the last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_page(
        &self,
        filter: &EventFilter,
        before: Option<i64>,
    ) -> Result<(Vec<EventRecord>, Option<i64>), StoreError> {
        // One moment for keys and events.
        let mut tx = self.inner.readers.begin().await.doing(DOING)?;
        let keys = match range_of(&mut tx, filter, before).await? {
            Some(range) => keys(&mut tx, filter, range).await?,
            None => Vec::new(),
        };
        let list = serde_json::to_string(&keys)
            .map_err(|error| StoreError::unreadable("event", "list", error))?;
        let rows: Vec<EventRow> = QueryBuilder::<Sqlite>::new(EVENT_COLUMNS)
            .push(" WHERE raised_seq IN (SELECT value FROM json_each(")
            .push_bind(list)
            .push(")) ORDER BY raised_seq DESC")
            .build_query_as()
            .fetch_all(&mut *tx)
            .await
            .doing(DOING)?;
        tx.rollback().await.doing(DOING)?;
        let is_full = i64::try_from(keys.len()).is_ok_and(|count| count >= filter.page_size());
        let next = keys.last().copied().filter(|_| is_full);
        let records = rows.into_iter().map(EventRow::into_record).collect::<Result<_, _>>()?;
        Ok((records, next))
    }

    /// How many events fit, counted up to `max`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_events(&self, filter: &EventFilter, max: u64) -> Result<u64, StoreError> {
        let mut tx = self.inner.readers.begin().await.doing(DOING)?;
        let count = match range_of(&mut tx, filter, None).await? {
            Some(range) => {
                let max = i64::try_from(max).unwrap_or(i64::MAX);
                let mut query = in_order("SELECT COUNT(*) FROM (SELECT 1", filter, range, max);
                query.push(")");
                query.build_query_scalar::<i64>().fetch_one(&mut *tx).await.doing(DOING)?
            }
            None => 0,
        };
        tx.rollback().await.doing(DOING)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
