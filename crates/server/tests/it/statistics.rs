//! Figures beside the hours in which somebody looked, and events as files.

use reqwest::StatusCode;
use safe_yolo_core::event::{ChangeKind, ZoneRef};
use safe_yolo_core::{
    CameraId, Equipment, EventChange, EventType, Polygon, Severity, Utc, ZoneId, ZoneType,
};
use safe_yolo_server::StartupCamera;
use safe_yolo_store::statistics::{
    COLUMNS, EquipmentTime, Figures, HOUR_US, HeatTime, ROWS, Watch, WatchedTime,
};
use safe_yolo_store::{NewCamera, NewZone, Origin, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::event;
use crate::site::Site;

/// 2026-01-31T08:00:00Z, five in the afternoon in Seoul.
const EIGHT: i64 = 1_769_846_400_000_000;

fn whole_picture(name: &str) -> NewZone {
    let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    let points = Polygon::new(corners.into_iter().map(Into::into).collect()).unwrap();
    NewZone { require: [Equipment::Helmet].into(), ..NewZone::new(name, ZoneType::Warning, points) }
}

/// A site with one camera that is switched off, so that nobody looks by itself.
async fn site() -> (Site, CameraId, ZoneId) {
    let mut camera = NewCamera::new("yard", "sim://quiet", Origin::CommandLine);
    camera.enabled = false;
    let zones = Some(vec![whole_picture("press")]);
    let site = Site::with(vec![StartupCamera { camera, zones }]).await;
    let record = site.store.cameras().await.unwrap().remove(0);
    let zone = record.config.zones[0].id.clone();
    (site, record.config.id, zone)
}

async fn put_calendar(site: &Site, zone: &str) {
    let body = json!({"time_zone": zone, "holidays": []});
    let admin = site.admin().await;
    admin.send(reqwest::Method::PUT, "/api/calendar", Some(body)).await.ok();
}

async fn raise(site: &Site, camera: &CameraId, zone: Option<&ZoneId>, hour: i64, kind: EventType) {
    let mut event = event(Some(camera.as_str()));
    event.event_type = kind;
    event.start = Utc(EIGHT + hour * HOUR_US + 1);
    event.zone = zone.map(|id| ZoneRef { id: id.clone(), name: "press".into(), place: None });
    let change = EventChange { kind: ChangeKind::Raised, event };
    site.store.record(Uuid::now_v7(), &change).await.unwrap();
}

fn watched(
    camera: &CameraId,
    zone: Option<&ZoneId>,
    hour: i64,
    what: Watch,
    us: i64,
) -> WatchedTime {
    let (camera, zone) = (camera.clone(), zone.cloned());
    WatchedTime { camera, zone, hour: EIGHT + hour * HOUR_US, what, us }
}

#[tokio::test]
async fn nothing_is_counted_without_the_time_in_which_somebody_looked() {
    let (site, camera, zone) = site().await;
    put_calendar(&site, "Asia/Seoul").await;
    let viewer = site.somebody(Role::Viewer).await;
    // Watched half of the first hour, blind in the second, and in the third nobody knows.
    let figures = Figures {
        watched: vec![
            watched(&camera, None, 0, Watch::Analysed, HOUR_US / 2),
            watched(&camera, None, 0, Watch::Blind("dark"), HOUR_US / 4),
            watched(&camera, None, 1, Watch::Blind("no_pictures"), HOUR_US),
            watched(&camera, Some(&zone), 0, Watch::Analysed, HOUR_US / 4),
        ],
        ..Figures::default()
    };
    site.store.add_figures(&figures).await.unwrap();
    for (hour, kind) in [(0, EventType::Fall), (0, EventType::Fire), (1, EventType::Fall)] {
        raise(&site, &camera, Some(&zone), hour, kind).await;
    }
    raise(&site, &camera, None, 0, EventType::System).await;

    let period = "from=2026-01-31T08:00:00Z&to=2026-01-31T11:00:00Z";
    let ask = async |more: &str| viewer.get(&format!("/api/statistics?{period}{more}")).await.ok();
    let rows = |answer: &Value, field: &str| {
        let rows = answer["rows"].as_array().unwrap().iter();
        rows.map(|row| row[field].clone()).collect::<Vec<_>>()
    };
    let hours = ask("&by=hour").await;
    assert_eq!(rows(&hours, "events"), [3, 1, 0]);
    assert_eq!(rows(&hours, "per_hour"), [json!(6.0), Value::Null, Value::Null]);
    assert_eq!(rows(&hours, "analysed_h"), [0.5, 0.0, 0.0]);
    assert_eq!(rows(&hours, "blind_h"), [0.25, 1.0, 0.0]);
    assert_eq!(hours["total"]["events"], 4);
    assert_eq!(hours["total"]["per_hour"], 8.0);
    let blind: Vec<_> = hours["blind"].as_array().unwrap().clone();
    assert_eq!(blind[0], json!({"reason": "no_pictures", "hours": 1.0}));
    assert_eq!(blind[1], json!({"reason": "dark", "hours": 0.25}));

    let zones = ask(&format!("&by=hour&zone={zone}")).await;
    assert_eq!(rows(&zones, "events"), [2, 1, 0]);
    assert_eq!(rows(&zones, "per_hour"), [json!(8.0), Value::Null, Value::Null]);
    let types = ask("&by=type").await;
    assert_eq!(rows(&types, "key"), ["fall", "fire", "system"]);
    assert_eq!(rows(&types, "events"), [2, 1, 1]);
    assert_eq!(rows(&types, "analysed_h"), [0.5, 0.5, 0.5]);
    let places = ask("&by=zone").await;
    assert_eq!(rows(&places, "name"), [Value::Null, json!("press")]);
    assert_eq!(rows(&places, "camera_name"), [Value::Null, json!("yard")]);
    assert_eq!(rows(&places, "events"), [1, 3]);
    assert_eq!(rows(&places, "per_hour"), [Value::Null, json!(12.0)]);
    let cameras = ask("&by=camera").await;
    assert_eq!(
        (rows(&cameras, "name"), rows(&cameras, "events")),
        (vec![json!("yard")], vec![json!(4)])
    );
    let fewer = ask("&by=severity&type=fall,fire&severity=CRITICAL").await;
    assert_eq!(
        (rows(&fewer, "key"), rows(&fewer, "events")),
        (vec![json!("CRITICAL")], vec![json!(3)])
    );

    let day =
        viewer.get("/api/statistics?from=2026-01-30T15:00:00Z&to=2026-02-01T15:00:00Z").await.ok();
    assert_eq!(rows(&day, "key"), ["2026-01-31", "2026-02-01"], "days are the site's");
    assert_eq!(rows(&day, "events"), [4, 0]);
    assert_eq!(day["time_zone"], "Asia/Seoul");
    let clock = ask("&by=hour_of_day").await;
    assert_eq!(clock["rows"][17]["events"], 3);
    assert_eq!(rows(&clock, "events").len(), 24);
}

#[tokio::test]
async fn what_people_wear_and_where_they_stand_is_told_with_its_doubts() {
    let (site, camera, zone) = site().await;
    put_calendar(&site, "Asia/Seoul").await;
    let viewer = site.somebody(Role::Viewer).await;
    let worn = |hour, present_us, missing_us, unknown_us| EquipmentTime {
        zone: zone.clone(),
        item: Equipment::Helmet,
        hour: EIGHT + hour * HOUR_US,
        present_us,
        missing_us,
        unknown_us,
    };
    let mut cells_ms = vec![0; COLUMNS * ROWS];
    cells_ms[100] = 90_000;
    let figures = Figures {
        watched: vec![watched(&camera, None, 0, Watch::Analysed, HOUR_US)],
        equipment: vec![worn(0, 3 * HOUR_US, HOUR_US, HOUR_US), worn(1, 0, 0, HOUR_US)],
        heat: vec![HeatTime { camera: camera.clone(), day: "2026-01-31".into(), cells_ms }],
    };
    site.store.add_figures(&figures).await.unwrap();
    let period = "from=2026-01-31T08:00:00Z&to=2026-01-31T11:00:00Z";
    let path = format!("/api/statistics/equipment?{period}&by=hour&camera={camera}");
    let answer = viewer.get(&path).await.ok();
    assert_eq!(
        answer["rows"][0]["items"],
        json!([{"item": "helmet", "present_h": 3.0, "missing_h": 1.0, "unknown_h": 1.0,
                "rate": 0.75, "unknown_share": 0.2}])
    );
    assert_eq!(answer["rows"][0]["analysed_h"], 1.0);
    assert_eq!(answer["rows"][1]["items"][0]["rate"], Value::Null, "nobody could say");
    assert_eq!(answer["rows"][1]["items"][0]["unknown_share"], 1.0);
    assert_eq!(answer["rows"][2]["items"], json!([]));
    assert_eq!(answer["total"]["items"][0]["rate"], 0.75);

    let path = format!("/api/heatmap?camera={camera}&{period}");
    let heat = viewer.get(&path).await.ok();
    assert_eq!((&heat["columns"], &heat["rows"]), (&json!(48), &json!(27)));
    let seconds = heat["seconds"].as_array().unwrap();
    assert_eq!(seconds.len(), 48 * 27);
    assert_eq!(seconds[100], 90.0);
    assert_eq!(
        (&heat["first_day"], &heat["last_day"]),
        (&json!("2026-01-31"), &json!("2026-01-31"))
    );
    assert_eq!(heat["analysed_h"], 1.0);
}

#[tokio::test]
async fn impossible_questions_are_named() {
    let (site, camera, zone) = site().await;
    let viewer = site.somebody(Role::Viewer).await;
    let other = site
        .store
        .create_camera(
            NewCamera::new("other", "sim://quiet", Origin::Api),
            &safe_yolo_store::Edit::by_user("kim", None).by,
        )
        .await
        .unwrap()
        .config
        .id;
    for (path, code, says) in [
        ("/api/statistics?by=moon".to_owned(), "invalid", "by is 'moon': use one of day, hour"),
        ("/api/statistics?from=now".to_owned(), "invalid", "from is 'now'"),
        ("/api/statistics?camera=nobody".to_owned(), "not_found", "no camera 'nobody'"),
        ("/api/statistics?zone=z-none".to_owned(), "not_found", "no zone 'z-none'"),
        (format!("/api/statistics?zone={zone}&camera={other}"), "invalid", "leave camera out"),
        ("/api/statistics?type=flood".to_owned(), "invalid", "type is 'flood'"),
        ("/api/statistics?mode=fast".to_owned(), "invalid", "mode"),
        ("/api/statistics/equipment?by=type".to_owned(), "invalid", "by is 'type': use one of day"),
        (
            "/api/statistics?by=hour&from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z".to_owned(),
            "invalid",
            "ask by day",
        ),
        ("/api/heatmap".to_owned(), "invalid", "camera"),
        (format!("/api/heatmap?camera={camera},{other}"), "invalid", "one camera"),
        ("/api/events/export?format=xls".to_owned(), "invalid", "format is 'xls': use csv or json"),
        ("/api/events?zone=a%20b".to_owned(), "invalid", "zone is 'a b'"),
    ] {
        let operator;
        let client = if path.contains("export") {
            operator = site.somebody(Role::Operator).await;
            &operator
        } else {
            &viewer
        };
        let answer = client.get(&path).await;
        assert_eq!(answer.code(), code, "{path}: {answer:?}");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
}

/// Lines of RFC 4180 as cells.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !is_quoted, "the file ends with a line's end");
    rows
}

#[tokio::test]
async fn events_leave_as_files_whole_and_harmless() {
    let (site, camera, zone) = site().await;
    put_calendar(&site, "Asia/Seoul").await;
    let (mut ids, mut changes) = (Vec::new(), Vec::new());
    for n in 0..1203_i64 {
        let mut event = event(Some(camera.as_str()));
        event.start = Utc(EIGHT + n * 1_000_000);
        event.severity = if n % 3 == 0 { Severity::Critical } else { Severity::Info };
        event.zone =
            Some(ZoneRef { id: zone.clone(), name: "=cmd|' /C calc'!A0".into(), place: None });
        event.message.en = "a \"hot\", wet\nfloor".into();
        event.details.insert("votes".into(), json!([1, 2]));
        ids.push(event.id.to_string());
        changes.push((Uuid::now_v7(), EventChange { kind: ChangeKind::Raised, event }));
    }
    site.store.record_batch(&changes).await.unwrap();
    ids.reverse();
    let operator = site.somebody(Role::Operator).await;
    let answer = operator.get(&format!("/api/events/export?zone={zone}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.kind, "text/csv; charset=utf-8");
    let name = answer.headers["content-disposition"].to_str().unwrap();
    assert!(
        name.starts_with("attachment; filename=\"events-2") && name.ends_with(".csv\""),
        "{name}"
    );
    let text = answer.text.strip_prefix('\u{feff}').expect("Excel is told that it is UTF-8");
    let rows = parse_csv(text);
    assert_eq!(rows.len(), 1204);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|n| n == name).unwrap();
    let told: Vec<&str> = rows[1..].iter().map(|row| row[column("id")].as_str()).collect();
    assert_eq!(told, ids);
    let last = &rows[1203];
    assert_eq!(last[column("zone_name")], "'=cmd|' /C calc'!A0");
    assert_eq!(last[column("message_en")], "a \"hot\", wet\nfloor");
    assert_eq!(last[column("message_ko")], "사람");
    assert_eq!(last[column("local_start")], "2026-01-31 17:00:00");
    assert_eq!(last[column("start")], "2026-01-31T08:00:00Z");
    assert_eq!(last[column("details")], "{\"votes\":[1,2]}");

    let query = "format=json&severity=CRITICAL&from=2026-01-31T08:10:00Z&acknowledged=false";
    let list = operator.get(&format!("/api/events/export?{query}")).await;
    assert_eq!(list.kind, "application/json");
    let list = list.ok();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 201);
    assert!(list.iter().all(|event| event["severity"] == "CRITICAL"));
    let nothing = operator.get("/api/events/export?format=json&type=smoke").await.ok();
    assert_eq!(nothing, json!([]));

    site.audited("export", |entry| {
        entry.action == "events.export"
            && entry.who == "operator"
            && entry.detail
                == "json, 201: severity=CRITICAL acknowledged=false from=2026-01-31T08:10:00Z"
    })
    .await;
    let refused = site.somebody(Role::Viewer).await.get("/api/events/export").await;
    assert_eq!(refused.code(), "forbidden");

    let page = operator
        .get("/api/events?severity=CRITICAL,WARNING&type=fall,danger_zone_intrusion&limit=500");
    assert_eq!(page.await.ok()["events"].as_array().unwrap().len(), 401);
}

#[tokio::test]
async fn who_is_watched_is_counted_and_kept_over_a_restart() {
    let people = || {
        let mut camera = NewCamera::new("hall", "sim://helmets?seed=1", Origin::CommandLine);
        camera.repeat = true;
        vec![StartupCamera { camera, zones: Some(vec![whole_picture("hall")]) }]
    };
    let site = Site::with(people()).await;
    let viewer = site.somebody(Role::Viewer).await;
    let camera = viewer.camera("hall").await;
    viewer
        .until("/api/statistics", |answer| {
            answer["total"]["analysed_h"].as_f64().is_some_and(|hours| hours > 0.0)
        })
        .await;
    let site = site.restart(people()).await;
    let viewer = site.login("viewer", crate::site::PASSWORD).await;
    let total = viewer.get("/api/statistics?by=camera").await.ok()["total"].clone();
    assert!(total["analysed_h"].as_f64().unwrap() > 0.0, "{total}");
    let worn = viewer.get("/api/statistics/equipment").await.ok();
    let helmet = &worn["total"]["items"][0];
    assert_eq!(helmet["item"], "helmet", "{worn}");
    let hours = |field: &str| helmet[field].as_f64().unwrap();
    assert!(hours("present_h") + hours("missing_h") + hours("unknown_h") > 0.0, "{worn}");
    let heat = viewer.get(&format!("/api/heatmap?camera={camera}")).await.ok();
    let seconds: f64 =
        heat["seconds"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).sum();
    assert!(seconds > 0.0, "somebody stood somewhere");
}
