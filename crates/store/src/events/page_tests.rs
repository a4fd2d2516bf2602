//! Every filter against all events, its plan, and the counts that triggers keep.

use std::collections::BTreeSet;

use safe_yolo_core::event::{ChangeKind, SnapshotState, ZoneRef};
use safe_yolo_core::{
    CameraId, Event, EventChange, EventId, EventType, Message, Severity, Utc, ZoneId,
};
use sqlx::Row;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const CAMERAS: [&str; 3] = ["yard", "gate", "dock"];
const ZONES: [Option<&str>; 3] = [Some("z1"), Some("z2"), None];
const TYPES: [EventType; 3] = [EventType::Fall, EventType::Fire, EventType::Entrance];
const HOUR: i64 = 3_600_000_000;
/// 2026-01-31T08:00:00Z.
const EIGHT: i64 = 1_769_846_400_000_000;

/// Small numbers without a pattern.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }
}

fn event(dice: &mut Dice) -> Event {
    let camera = CAMERAS[dice.roll(3)];
    let start = Utc(EIGHT + i64::try_from(dice.roll(72)).unwrap() * HOUR / 7);
    Event {
        id: EventId(Uuid::now_v7()),
        camera: (dice.roll(9) > 0).then(|| camera.parse().unwrap()),
        camera_name: camera.to_owned(),
        event_type: TYPES[dice.roll(3)],
        severity: Severity::ALL[dice.roll(3)],
        zone: ZONES[dice.roll(3)].map(|id| ZoneRef {
            id: id.parse().unwrap(),
            name: id.into(),
            place: None,
        }),
        track: None,
        start,
        end: None,
        message: Message { ko: "사람".into(), en: "person".into() },
        details: serde_json::Map::new(),
        config_version: 1,
        snapshot: SnapshotState::None,
        clip: SnapshotState::None,
    }
}

/// A store with events of all kinds, some acknowledged, some changed afterwards.
async fn filled(count: usize) -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let mut dice = Dice(7);
    let events: Vec<Event> = (0..count).map(|_| event(&mut dice)).collect();
    let raised = |event: &Event| {
        (Uuid::now_v7(), EventChange { kind: ChangeKind::Raised, event: event.clone() })
    };
    store.record_batch(&events.iter().map(raised).collect::<Vec<_>>()).await.unwrap();
    for event in events.iter().filter(|_| dice.roll(4) == 0) {
        store.acknowledge(event.id, "kim", "", Utc(EIGHT)).await.unwrap();
    }
    for event in events.iter().step_by(10) {
        // Graver than it seemed, and later.
        let mut event = event.clone();
        (event.severity, event.start) = (Severity::Critical, event.start.plus_micros(2 * HOUR));
        let change = EventChange { kind: ChangeKind::Updated, event };
        store.record(Uuid::now_v7(), &change).await.unwrap();
    }
    (dir, store)
}

/// Every combination that the history page offers.
fn filters() -> Vec<EventFilter> {
    let camera = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<CameraId>>();
    let zone = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<ZoneId>>();
    let mut filters = Vec::new();
    for cameras in [camera(&[]), camera(&["yard"]), camera(&["gate", "dock"]), camera(&["none"])] {
        for zones in [zone(&[]), zone(&["z1"])] {
            for event_types in [vec![], vec![EventType::Fall], TYPES[1..].to_vec()] {
                for severities in [vec![], Severity::ALL[1..].to_vec()] {
                    for acknowledged in [None, Some(true), Some(false)] {
                        for (from, to) in [
                            (None, None),
                            (Some(Utc(EIGHT + HOUR / 2)), None),
                            (Some(Utc(EIGHT + HOUR)), Some(Utc(EIGHT + 5 * HOUR + 1))),
                        ] {
                            filters.push(EventFilter {
                                cameras: cameras.clone(),
                                zones: zones.clone(),
                                event_types: event_types.clone(),
                                severities: severities.clone(),
                                acknowledged,
                                from,
                                to,
                                limit: 20,
                                ..EventFilter::default()
                            });
                        }
                    }
                }
            }
        }
    }
    filters
}

fn fits(filter: &EventFilter, record: &EventRecord) -> bool {
    let event = &record.event;
    let among = |list: &[String], value: Option<String>| {
        list.is_empty() || value.is_some_and(|value| list.contains(&value))
    };
    let texts = |list: &[ZoneId]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let cameras: Vec<String> = filter.cameras.iter().map(ToString::to_string).collect();
    among(&cameras, event.camera.as_ref().map(ToString::to_string))
        && among(&texts(&filter.zones), event.zone.as_ref().map(|zone| zone.id.to_string()))
        && (filter.event_types.is_empty() || filter.event_types.contains(&event.event_type))
        && (filter.severities.is_empty() || filter.severities.contains(&event.severity))
        && match filter.acknowledged {
            None => true,
            Some(true) => record.acknowledged.is_some(),
            Some(false) => event.severity.is_alarm() && record.acknowledged.is_none(),
        }
        && filter.from.is_none_or(|from| event.start >= from)
        && filter.to.is_none_or(|to| event.start < to)
}

#[tokio::test]
async fn every_filter_finds_what_fits_page_by_page() {
    let (_dir, store) = filled(400).await;
    let (all, _) = store
        .events_page(&EventFilter { limit: 500, ..EventFilter::default() }, None)
        .await
        .unwrap();
    assert_eq!(all.len(), 400);
    let mut found_some = 0;
    for filter in filters() {
        let expected: Vec<EventId> =
            all.iter().filter(|record| fits(&filter, record)).map(|r| r.event.id).collect();
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let (page, next) = store.events_page(&filter, before).await.unwrap();
            found.extend(page.iter().map(|record| record.event.id));
            before = next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{filter:?}");
        let count = store.count_events(&filter, 1000).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        assert_eq!(store.count_events(&filter, 3).await.unwrap(), count.min(3));
        found_some += usize::from(expected.len() > 20);

        // What is merged from slots is what is found by looking through all keys.
        let mut reader = store.inner.readers.acquire().await.unwrap();
        if let Some(range) = range_of(&mut reader, &filter, None).await.unwrap() {
            let merged = numbers(&mut reader, by_slots(&filter, range, 20)).await.unwrap();
            let through = numbers(&mut reader, in_order(KEYS, &filter, range, 20)).await.unwrap();
            assert_eq!(merged, through, "{filter:?}");
        }
    }
    assert!(found_some > 50, "{found_some} filters needed several pages");
}

/// What SQLite says of how it would run a query.
async fn plan(db: &mut SqliteConnection, query: QueryBuilder<Sqlite>) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {}", query.sql().as_str());
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

#[tokio::test]
async fn no_filter_reads_all_events_or_all_keys() {
    let (_dir, store) = filled(50).await;
    let mut reader = store.inner.readers.acquire().await.unwrap();
    let mut seen = BTreeSet::new();
    for filter in filters() {
        let range = Range { first: 1, last: 1000, from: 1, to: EIGHT };
        for query in [in_order(KEYS, &filter, range, 50), by_slots(&filter, range, 50)] {
            let steps = plan(&mut reader, query).await;
            assert!(steps.iter().any(|step| step.starts_with("SEARCH")), "{steps:?}");
            for step in &steps {
                // Slots are few; `v` are the three standings.
                let is_scan = step.starts_with("SCAN");
                let is_small = [
                    "SCAN s",
                    "SCAN v",
                    "SCAN 3 CONSTANT",
                    "SCAN CONSTANT",
                    "SCAN 1 CONSTANT",
                    "SCAN 2 CONSTANT",
                ]
                .iter()
                .any(|small| step.starts_with(small));
                assert!(!is_scan || is_small, "{step} in {steps:?}");
            }
            seen.extend(steps);
        }
    }
    assert!(
        seen.iter().any(|step| step.contains("SEARCH k USING COVERING INDEX event_keys_order")),
        "{seen:#?}"
    );
}

#[tokio::test]
async fn counts_are_those_of_the_events_whatever_becomes_of_them() {
    let (_dir, store) = filled(300).await;
    let filter = EventFilter { limit: 500, ..EventFilter::default() };
    let (all, _) = store.events_page(&filter, None).await.unwrap();
    let readers = &store.inner.readers;
    let count = async |sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(readers).await.unwrap()
    };
    assert_eq!(count("SELECT COUNT(*) FROM event_keys").await, 300);
    for table in [
        "SELECT SUM(raised) FROM event_hours",
        "SELECT SUM(raised) FROM event_days",
        "SELECT SUM(raised) FROM camera_hours",
    ] {
        assert_eq!(count(table).await, 300, "{table}");
    }
    let hours = EIGHT - 24 * HOUR..EIGHT + 100 * HOUR;
    for (severity, event_types) in Severity::ALL.into_iter().zip([vec![], TYPES.to_vec(), vec![]]) {
        let filter =
            EventFilter { severities: vec![severity], event_types, ..EventFilter::default() };
        let by_hour = store.events_by_hour(&filter, &hours).await.unwrap();
        for hour in (0..120).map(|n| EIGHT - 24 * HOUR + n * HOUR) {
            let expected = all
                .iter()
                .filter(|r| r.event.severity == severity && hour_of(r.event.start.micros()) == hour)
                .count();
            let found = by_hour.iter().find(|(at, _)| *at == hour).map_or(0, |(_, n)| *n);
            assert_eq!(found, i64::try_from(expected).unwrap(), "{severity:?} at {hour}");
        }
    }
    let one = all[0].event.id.to_string();
    sqlx::query("DELETE FROM events WHERE id = ?")
        .bind(one)
        .execute(&store.inner.writer)
        .await
        .unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM event_keys").await, 299);
    assert_eq!(count("SELECT SUM(raised) FROM event_hours").await, 300, "it happened");
}
