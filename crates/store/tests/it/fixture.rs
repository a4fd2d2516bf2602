//! Stores in temporary folders, events, and bounded waiting.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use safe_yolo_core::event::{ChangeKind, SnapshotState, ZoneRef};
use safe_yolo_core::{
    Equipment, Event, EventChange, EventId, EventType, Message, Polygon, Rule, RuleKind, Severity,
    Utc, ZoneType,
};
use safe_yolo_store::{Edit, NewZone, Store, StoreOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-01-31T08:15:00Z.
pub(crate) const T0: Utc = Utc(1_769_847_300_000_000);

pub(crate) fn seconds(n: i64) -> Utc {
    T0.plus_micros(n * 1_000_000)
}

/// Gives up on locks fast, so that tests of failures are short.
pub(crate) fn hasty() -> StoreOptions {
    StoreOptions { busy_timeout: Duration::from_millis(50), ..StoreOptions::default() }
}

pub(crate) async fn store() -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store = Store::open_with(dir.path(), hasty()).await.unwrap();
    (dir, store)
}

pub(crate) fn event(severity: Severity) -> Event {
    let mut details = serde_json::Map::new();
    details.insert("since_s".into(), 2.1.into());
    Event {
        id: EventId(Uuid::now_v7()),
        camera: Some("yard".parse().unwrap()),
        camera_name: "마당".into(),
        event_type: EventType::DangerZoneIntrusion,
        severity,
        zone: Some(ZoneRef { id: "z-press".parse().unwrap(), name: "press".into(), place: None }),
        track: Some("yard/1/17".parse().unwrap()),
        start: T0,
        end: None,
        message: Message { ko: "위험구역 침입".into(), en: "intrusion".into() },
        details,
        config_version: 3,
        snapshot: SnapshotState::Pending,
        clip: SnapshotState::Pending,
    }
}

pub(crate) fn raised(event: &Event) -> EventChange {
    EventChange { kind: ChangeKind::Raised, event: event.clone() }
}

pub(crate) fn updated(event: &Event) -> EventChange {
    EventChange { kind: ChangeKind::Updated, event: event.clone() }
}

pub(crate) fn ended(event: &Event, at: Utc) -> EventChange {
    let mut event = event.clone();
    event.end = Some(at);
    EventChange { kind: ChangeKind::Ended, event }
}

pub(crate) fn polygon(size: f64) -> Polygon {
    Polygon::new(vec![[0.1, 0.1].into(), [size, 0.1].into(), [0.1, 0.7].into()]).unwrap()
}

pub(crate) fn zone(name: &str) -> NewZone {
    NewZone {
        dwell_s: 1.1,
        require: BTreeSet::from([Equipment::Helmet]),
        rules: vec![Rule::new(RuleKind::OccupancyAbove { people: 3 })],
        ..NewZone::new(name, ZoneType::Danger, polygon(0.1 + 0.2))
    }
}

/// A change by an administrator who does not say what it is based on.
pub(crate) fn kim() -> Edit {
    Edit::by_user("kim", None)
}

/// Records a new event.
pub(crate) async fn raise(store: &Store, severity: Severity) -> EventId {
    let event = event(severity);
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    event.id
}

pub(crate) async fn connect(dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join(Store::FILE)).connect().await.unwrap()
}

/// Another program that holds the database's write lock until dropped or released.
pub(crate) struct Lock(SqliteConnection);

impl Lock {
    pub(crate) async fn take(dir: &Path) -> Self {
        let mut connection = connect(dir).await;
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
        Self(connection)
    }

    pub(crate) async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// Fails a test that waits for what does not come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
