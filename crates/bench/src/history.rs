//! The store with a million events: how fast they go in, durably and in batches, and how fast lists
//! and statistics of them come out.

use std::ops::Range;
use std::time::Instant;

use anyhow::{Context, Result};
use safe_yolo_core::event::{ChangeKind, SnapshotState, ZoneRef};
use safe_yolo_core::{
    CameraId, Equipment, Event, EventChange, EventId, EventType, Message, Polygon, Severity, Utc,
    ZoneId, ZoneType,
};
use safe_yolo_store::statistics::{
    EquipmentTime, EventKey, Figures, HOUR_US, Watch, WatchedTime, hour_of,
};
use safe_yolo_store::{Author, Edit, EventFilter, NewCamera, NewZone, Origin, OutboxConfig, Store};
use uuid::Uuid;

use crate::Bench;
use crate::stats::{number, quantile, verdict};

const CAMERAS: usize = 12;
const ZONES: usize = 5;
const DAYS: i64 = 30;
/// Goals.
const EVENTS_PER_S: f64 = 5000.0;
const ANSWER_MS: f64 = 50.0;
/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000_000;

const TYPES: [(EventType, Severity); 8] = [
    (EventType::DangerZoneIntrusion, Severity::Critical),
    (EventType::WarningZoneIntrusion, Severity::Warning),
    (EventType::HelmetMissing, Severity::Warning),
    (EventType::VestMissing, Severity::Warning),
    (EventType::Entrance, Severity::Info),
    (EventType::Exit, Severity::Info),
    (EventType::Fall, Severity::Critical),
    (EventType::Proximity, Severity::Critical),
];

/// Numbers without a pattern, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z >> 33) % sides.max(1) as u64).unwrap_or(0)
    }

    fn one<'a, T>(&mut self, among: &'a [T]) -> Result<&'a T> {
        among.get(self.roll(among.len())).context("an empty list")
    }
}

struct Place {
    camera: CameraId,
    zones: Vec<ZoneId>,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let count = if bench.quick { 50_000 } else { 1_000_000 };
    let rounds = if bench.quick { 20 } else { 200 };
    println!("## History\n");
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path()).await?;
    let places = places(&store).await?;
    let mut dice = Dice(1);
    write(&store, &places, &mut dice, count).await?;
    acknowledge(&store, &mut dice).await?;
    figures(&store, &places).await?;
    println!(
        "\n| {count} events of {CAMERAS} cameras with {ZONES} zones in {DAYS} days, {rounds} questions of each kind | median, ms | 99 %, ms |\n|---|---|---|"
    );
    let mut worst = lists(&store, &places, &mut dice, rounds).await?;
    worst = worst.max(statistics(&store, &places, &mut dice, rounds).await?);
    println!(
        "\nslowest 99 % {worst:.1} ms (under {ANSWER_MS:.0}): {}\n",
        verdict(worst < ANSWER_MS)
    );
    store.close().await;
    Ok(())
}

async fn places(store: &Store) -> Result<Vec<Place>> {
    let corners = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]];
    let by = Author::SiteFile;
    let mut places = Vec::new();
    for n in 0..CAMERAS {
        let camera = NewCamera::new(&format!("camera {n}"), "sim://quiet", Origin::Api);
        let camera = store.create_camera(camera, &by).await?.config.id;
        let mut zones = Vec::new();
        for z in 0..ZONES {
            let points = Polygon::new(corners.into_iter().map(Into::into).collect())?;
            let zone = NewZone::new(&format!("zone {z}"), ZoneType::Danger, points);
            let edit = Edit::by_user("bench", None);
            zones.push(store.create_zone(&camera, zone, &edit).await?.1.id);
        }
        places.push(Place { camera, zones });
    }
    Ok(places)
}

fn event(places: &[Place], dice: &mut Dice, at: i64) -> Result<Event> {
    let place = dice.one(places)?;
    let (event_type, severity) = *dice.one(&TYPES)?;
    let zone = dice.one(&place.zones)?;
    let mut details = serde_json::Map::new();
    details.insert("since_s".to_owned(), 2.1.into());
    details.insert("box".to_owned(), serde_json::json!([412.5, 220.0, 488.25, 430.5]));
    Ok(Event {
        id: EventId(Uuid::now_v7()),
        camera: Some(place.camera.clone()),
        camera_name: "정문 앞 카메라".to_owned(),
        event_type,
        severity,
        zone: Some(ZoneRef {
            id: zone.clone(), name: "프레스 작업 구역".to_owned(), place: None
        }),
        track: None,
        start: Utc(at),
        end: None,
        message: Message {
            ko: "프레스 작업 구역: 작업자 #17 위험구역 침입 (2.1초 경과)".to_owned(),
            en: "press: worker #17 in a danger zone for 2.1 s".to_owned(),
        },
        details,
        config_version: 3,
        snapshot: SnapshotState::Stored,
        clip: SnapshotState::None,
    })
}

/// Raises all events in the order of their time.
async fn write(store: &Store, places: &[Place], dice: &mut Dice, count: usize) -> Result<()> {
    let step = DAYS * 24 * HOUR_US / i64::try_from(count)?;
    let tenth = count / 10;
    let mut rates = Vec::new();
    let (mut began, mut since) = (Instant::now(), 0);
    // As many as the outbox puts together when it has that many.
    let most = OutboxConfig::default().batch_max;
    let mut batch = Vec::with_capacity(most);
    for n in 0..count {
        let event = event(places, dice, BEGIN + i64::try_from(n)? * step)?;
        batch.push((Uuid::now_v7(), EventChange { kind: ChangeKind::Raised, event }));
        if batch.len() == most || n + 1 == count {
            store.record_batch(&batch).await?;
            since += batch.len();
            batch.clear();
        }
        if since >= tenth {
            rates.push(number(since) / began.elapsed().as_secs_f64());
            (began, since) = (Instant::now(), 0);
        }
    }
    let last = rates.last().copied().unwrap_or(f64::NAN);
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let first = rates.first().copied().unwrap_or(f64::NAN);
    let bytes = std::fs::metadata(store.path())?.len();
    println!(
        "| durable, {most} events a transaction, events made included | events/s |\n|---|---|"
    );
    println!(
        "| the first tenth | {first:.0} |\n| the last tenth, with the others there | {last:.0} |"
    );
    println!(
        "| the slowest tenth (at least {EVENTS_PER_S:.0}) | {least:.0}: {} |",
        verdict(least >= EVENTS_PER_S)
    );
    println!(
        "| bytes an event in the file | {:.0} |",
        number(usize::try_from(bytes)?) / number(count)
    );
    Ok(())
}

/// Some of the newest.
async fn acknowledge(store: &Store, dice: &mut Dice) -> Result<()> {
    let filter = EventFilter { acknowledged: Some(false), limit: 500, ..EventFilter::default() };
    let mut before = None;
    for _ in 0..20 {
        let (page, next) = store.events_page(&filter, before).await?;
        let ids: Vec<EventId> =
            page.iter().filter(|_| dice.roll(4) == 0).map(|record| record.event.id).collect();
        store.acknowledge_many(Some(&ids), "bench", "drill", Utc(BEGIN)).await?;
        before = next;
    }
    Ok(())
}

/// Each camera and zone was watched in each hour, not all the time.
async fn figures(store: &Store, places: &[Place]) -> Result<()> {
    for day in 0..DAYS {
        let mut figures = Figures::default();
        for hour in (0..24).map(|hour| BEGIN + (day * 24 + hour) * HOUR_US) {
            for place in places {
                let zones = place.zones.iter().map(Some);
                for zone in std::iter::once(None).chain(zones) {
                    for (what, us) in
                        [(Watch::Analysed, HOUR_US - 60), (Watch::Blind("analysis_late"), 60)]
                    {
                        let (camera, zone) = (place.camera.clone(), zone.cloned());
                        figures.watched.push(WatchedTime { camera, zone, hour, what, us });
                    }
                }
                for zone in &place.zones {
                    for item in [Equipment::Helmet, Equipment::Vest] {
                        figures.equipment.push(EquipmentTime {
                            zone: zone.clone(),
                            item,
                            hour,
                            present_us: 500,
                            missing_us: 30,
                            unknown_us: 100,
                        });
                    }
                }
            }
        }
        store.add_figures(&figures).await?;
    }
    Ok(())
}

fn tell(what: &str, times: &mut [f64]) -> f64 {
    let (median, most) = (quantile(times, 0.5), quantile(times, 0.99));
    println!("| {what} | {median:.2} | {most:.2} |");
    most
}

/// A page of each combination of filters, at any place of the history.
async fn lists(store: &Store, places: &[Place], dice: &mut Dice, rounds: usize) -> Result<f64> {
    let mut worst = 0.0_f64;
    let newest = store.newest_seq().await?;
    for mask in 0..64_u32 {
        let mut times = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let filter = filter(mask, places, dice)?;
            // Each other question is for a page in the middle.
            let reach = usize::try_from(newest)?;
            let before = if round % 2 == 0 { None } else { Some(i64::try_from(dice.roll(reach))?) };
            let began = Instant::now();
            store.events_page(&filter, before).await?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        let names = ["camera", "zone", "type", "severity", "acknowledged", "period"];
        let named: Vec<&str> =
            (0..).zip(names).filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, n)| n).collect();
        let what = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        worst = worst.max(tell(&format!("list, filters: {what}"), &mut times));
    }
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        store.unacknowledged_count().await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(worst.max(tell("alarms that wait", &mut times)))
}

fn filter(mask: u32, places: &[Place], dice: &mut Dice) -> Result<EventFilter> {
    let has = |bit: u32| mask & (1 << bit) != 0;
    let place = dice.one(places)?;
    let mut filter = EventFilter { limit: 50, ..EventFilter::default() };
    if has(0) {
        filter.cameras.push(place.camera.clone());
    }
    if has(1) {
        filter.zones.push(dice.one(&place.zones)?.clone());
    }
    if has(2) {
        filter.event_types = vec![dice.one(&TYPES)?.0, dice.one(&TYPES)?.0];
    }
    if has(3) {
        // With some types nothing is as grave: then every place must be looked at for nothing.
        filter.severities.push(*dice.one(&Severity::ALL)?);
    }
    if has(4) {
        filter.acknowledged = Some(dice.roll(2) == 0);
    }
    if has(5) {
        let from = BEGIN + i64::try_from(dice.roll(29 * 24))? * HOUR_US + 1;
        filter.from = Some(Utc(from));
        filter.to = Some(Utc(from + (1 + i64::try_from(dice.roll(240))?) * HOUR_US));
    }
    Ok(filter)
}

/// What the statistics page asks for, over the whole time and over a week.
async fn statistics(
    store: &Store,
    places: &[Place],
    dice: &mut Dice,
    rounds: usize,
) -> Result<f64> {
    let end = BEGIN + DAYS * 24 * HOUR_US;
    let mut worst = 0.0_f64;
    let periods =
        [("30 days", BEGIN + HOUR_US..end - HOUR_US), ("7 days", end - 7 * 24 * HOUR_US..end)];
    for (name, period) in &periods {
        for what in ["hour or day", "type", "severity", "zone", "camera", "equipment"] {
            let mut times = Vec::with_capacity(rounds);
            for round in 0..rounds {
                let place = dice.one(places)?;
                let mut scope = EventFilter::default();
                match round % 4 {
                    1 => scope.cameras.push(place.camera.clone()),
                    2 => scope.zones.push(dice.one(&place.zones)?.clone()),
                    3 => scope.severities = vec![Severity::Warning, Severity::Critical],
                    _ => {}
                }
                let began = Instant::now();
                ask(store, what, &scope, period).await?;
                times.push(began.elapsed().as_secs_f64() * 1000.0);
            }
            worst = worst.max(tell(&format!("statistics by {what}, {name}"), &mut times));
        }
    }
    Ok(worst)
}

/// As the server asks for one answer.
async fn ask(store: &Store, what: &str, scope: &EventFilter, period: &Range<i64>) -> Result<()> {
    store.camera_lives().await?;
    store.zone_places().await?;
    store.looked_by_hour(scope, period).await?;
    let key = match what {
        "type" => Some(EventKey::Type),
        "severity" => Some(EventKey::Severity),
        "zone" => Some(EventKey::Zone),
        "camera" => Some(EventKey::Camera),
        _ => None,
    };
    match key {
        Some(key) => {
            store.events_by(key, scope, period).await?;
            if matches!(key, EventKey::Zone | EventKey::Camera) {
                store.looked_by_place(key == EventKey::Zone, scope, period).await?;
            }
        }
        None if what == "equipment" => {
            store.equipment_by_hour(scope, period).await?;
            return Ok(());
        }
        None => {
            let hours = hour_of(period.start)..period.end;
            store.events_by_hour(scope, &hours).await?;
        }
    }
    store.blind_by_reason(scope, period).await?;
    Ok(())
}
