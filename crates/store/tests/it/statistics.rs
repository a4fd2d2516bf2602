//! Figures: what is added is found again, and old files get their counts.

use safe_yolo_core::{CameraId, Equipment, Severity, ZoneId};
use safe_yolo_store::statistics::{
    COLUMNS, EquipmentTime, EventKey, Figures, HOUR_US, HeatTime, Looked, ROWS, Watch, WatchedTime,
    hour_of,
};
use safe_yolo_store::{EventFilter, NewCamera, Origin, Store};
use uuid::Uuid;

use crate::fixture::{T0, connect, event, kim, raised, seconds, store, zone};

const DAY_US: i64 = 24 * HOUR_US;

/// A camera with one zone.
async fn place(store: &Store) -> (CameraId, ZoneId) {
    let camera = store
        .create_camera(NewCamera::new("yard", "sim://quiet", Origin::Api), &kim().by)
        .await
        .unwrap()
        .config
        .id;
    let (_, zone) = store.create_zone(&camera, zone("press"), &kim()).await.unwrap();
    (camera, zone.id)
}

fn watched(
    camera: &CameraId,
    zone: Option<&ZoneId>,
    hour: i64,
    what: Watch,
    us: i64,
) -> WatchedTime {
    WatchedTime { camera: camera.clone(), zone: zone.cloned(), hour, what, us }
}

#[tokio::test]
async fn time_is_added_up_by_hour_place_and_reason() {
    let (_dir, store) = store().await;
    let (camera, zone) = place(&store).await;
    let first = hour_of(T0.micros());
    let hours = [first, first + HOUR_US, first + 30 * HOUR_US];
    let mut figures = Figures::default();
    for hour in hours {
        figures.watched.extend([
            watched(&camera, None, hour, Watch::Analysed, 40),
            watched(&camera, None, hour, Watch::Blind("dark"), 15),
            watched(&camera, None, hour, Watch::Blind("frozen"), 5),
            watched(&camera, Some(&zone), hour, Watch::Analysed, 30),
            watched(&camera, Some(&zone), hour, Watch::Blind("off"), 30),
        ]);
    }
    store.add_figures(&figures).await.unwrap();
    store.add_figures(&figures).await.unwrap();
    let all = EventFilter::default();
    let zones = EventFilter { zones: vec![zone.clone()], ..all.clone() };
    let looked = |analysed_us, blind_us| Looked { analysed_us, blind_us };
    let by_hour = store.looked_by_hour(&all, &(first..first + 2 * HOUR_US)).await.unwrap();
    assert_eq!(by_hour, [(hours[0], looked(80, 40)), (hours[1], looked(80, 40))]);
    let by_hour = store.looked_by_hour(&zones, &(first..first + HOUR_US)).await.unwrap();
    assert_eq!(by_hour, [(first, looked(60, 60))]);
    // Whole days come from other rows than the hours beside them.
    let day = first - first.rem_euclid(DAY_US);
    for period in [day..day + 3 * DAY_US, first..first + 31 * HOUR_US] {
        let by_camera = store.looked_by_place(false, &all, &period).await.unwrap();
        assert_eq!(by_camera, [(camera.to_string(), looked(240, 120))], "{period:?}");
        let by_zone = store.looked_by_place(true, &all, &period).await.unwrap();
        assert_eq!(by_zone, [(zone.to_string(), looked(180, 180))], "{period:?}");
        let reasons = store.blind_by_reason(&all, &period).await.unwrap();
        assert_eq!(reasons, [("dark".to_owned(), 90), ("frozen".to_owned(), 30)], "{period:?}");
    }
    let other = EventFilter { cameras: vec!["other".parse().unwrap()], ..all };
    assert_eq!(store.looked_by_hour(&other, &(day..day + DAY_US)).await.unwrap(), []);
    assert_eq!(store.looked_by_place(true, &other, &(day..day + DAY_US)).await.unwrap(), []);
    assert_eq!(store.looked_by_place(false, &other, &(day..day)).await.unwrap(), []);
}

#[tokio::test]
async fn equipment_and_places_are_added_up() {
    let (_dir, store) = store().await;
    let (camera, zone) = place(&store).await;
    let hour = hour_of(T0.micros());
    let worn = EquipmentTime {
        zone: zone.clone(),
        item: Equipment::Helmet,
        hour,
        present_us: 30,
        missing_us: 10,
        unknown_us: 2,
    };
    let mut cells_ms = vec![0; COLUMNS * ROWS];
    cells_ms[7] = 1500;
    cells_ms[8] = u32::MAX;
    let heat = |day: &str| HeatTime {
        camera: camera.clone(),
        day: day.into(),
        cells_ms: cells_ms.clone(),
    };
    let figures = Figures {
        watched: Vec::new(),
        equipment: vec![worn],
        heat: vec![heat("2026-01-30"), heat("2026-01-31"), heat("2026-02-01")],
    };
    store.add_figures(&figures).await.unwrap();
    store.add_figures(&figures).await.unwrap();
    for filter in [
        EventFilter::default(),
        EventFilter { zones: vec![zone], ..EventFilter::default() },
        EventFilter { cameras: vec![camera.clone()], ..EventFilter::default() },
    ] {
        let rows = store.equipment_by_hour(&filter, &(hour..hour + HOUR_US)).await.unwrap();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!(
            (row.item.as_str(), row.present_us, row.missing_us, row.unknown_us),
            ("helmet", 60, 20, 4)
        );
        assert_eq!(store.equipment_by_hour(&filter, &(0..hour)).await.unwrap(), []);
    }
    let seconds = store.heat(&camera, "2026-01-31", "2026-02-01").await.unwrap();
    assert_eq!(seconds.len(), COLUMNS * ROWS);
    assert!((seconds[7] - 6.0).abs() < 1e-9, "two days, twice: {}", seconds[7]);
    assert!((seconds[8] - 2.0 * f64::from(u32::MAX) / 1000.0).abs() < 1e-3, "full, not begun anew");
    assert_eq!(seconds.iter().filter(|s| **s > 0.0).count(), 2);
}

#[tokio::test]
async fn a_file_from_before_gets_its_counts() {
    let (dir, store) = store().await;
    for n in 0..30 {
        let mut event = event(if n % 3 == 0 { Severity::Critical } else { Severity::Info });
        event.start = seconds(n * 900);
        event.zone = event.zone.filter(|_| n % 2 == 0);
        store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
        if n == 3 {
            store.acknowledge(event.id, "kim", "", T0).await.unwrap();
        }
    }
    let period = 0..T0.micros() + 10 * DAY_US;
    let filter = EventFilter { severities: vec![Severity::Critical], ..EventFilter::default() };
    let ask = async |store: &Store| {
        let page = store.events_page(&filter, None).await.unwrap().0;
        (
            store.events_by(EventKey::Zone, &filter, &period).await.unwrap(),
            store.events_by_hour(&EventFilter::default(), &period).await.unwrap(),
            page.into_iter().map(|record| record.event.id).collect::<Vec<_>>(),
        )
    };
    let before = ask(&store).await;
    assert_eq!(before.0, [(String::new(), 5), ("z-press".to_owned(), 5)]);
    assert_eq!(before.1.iter().map(|(_, raised)| raised).sum::<i64>(), 30);
    store.close().await;

    // As the program before left it.
    let mut connection = connect(dir.path()).await;
    sqlx::raw_sql(
        "DROP TRIGGER events_are_counted; DROP TRIGGER events_change_their_standing;
         DROP TRIGGER events_are_counted_anew; DROP TRIGGER deleted_events_have_no_key;
         DROP TABLE watch_hours; DROP TABLE watch_days; DROP TABLE equipment_hours; DROP TABLE heat;
         DROP TABLE event_slots; DROP TABLE event_keys; DROP TABLE event_hours; DROP TABLE event_days;
         DROP TABLE camera_hours; DROP TABLE hour_spans;
         CREATE INDEX events_camera ON events (camera, raised_seq); CREATE INDEX events_start ON events (start_at);
         DELETE FROM _sqlx_migrations WHERE version = 6;",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    drop(connection);
    let store = Store::open(dir.path()).await.unwrap();
    assert_eq!(ask(&store).await, before);
    let seen = EventFilter { acknowledged: Some(true), ..EventFilter::default() };
    assert_eq!(store.count_events(&seen, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_told_twice_is_counted_once() {
    let (_dir, store) = store().await;
    let event = event(Severity::Critical);
    let change = Uuid::now_v7();
    for id in [change, change, Uuid::now_v7()] {
        store.record(id, &raised(&event)).await.unwrap();
    }
    let period = 0..T0.micros() + DAY_US;
    let counts = store.events_by(EventKey::Type, &EventFilter::default(), &period).await.unwrap();
    assert_eq!(counts, [("danger_zone_intrusion".to_owned(), 1)]);
}
