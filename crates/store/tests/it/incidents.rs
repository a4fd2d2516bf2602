//! Incidents: grouping, steps, mutes, escalation, what survives a restart.

use std::collections::BTreeMap;

use safe_yolo_core::event::ZoneRef;
use safe_yolo_core::incident::{IncidentState, Step, StepError};
use safe_yolo_core::{AlarmSettings, Event, EventId, EventType, Severity, Utc};
use safe_yolo_store::{
    IncidentFilter, IncidentList, IncidentRecord, NewMute, StepBy, Store, StoreError,
};
use uuid::Uuid;

use crate::fixture::{connect, ended, event, raised, seconds, store, updated};

async fn record(store: &Store, event: &Event) {
    store.record(Uuid::now_v7(), &raised(event)).await.unwrap();
}

fn at(mut event: Event, second: i64) -> Event {
    event.id = EventId(Uuid::now_v7());
    event.start = seconds(second);
    event
}

fn alarm(second: i64) -> Event {
    at(event(Severity::Warning), second)
}

async fn all(store: &Store) -> Vec<IncidentRecord> {
    store.incidents(&IncidentFilter::default()).await.unwrap().incidents
}

async fn take(
    store: &Store,
    id: EventId,
    step: Step,
    by: &str,
) -> Result<IncidentRecord, StoreError> {
    let wanted = StepBy { id, step: &step, by, at: seconds(1000), based_on: None };
    store.take_step(wanted).await
}

fn acknowledge() -> Step {
    Step::Acknowledge { reason: "seen".into() }
}

fn mute(minutes: u32) -> NewMute {
    NewMute {
        camera: Some("yard".parse().unwrap()),
        zone: None,
        event_type: None,
        minutes,
        reason: "maintenance".into(),
    }
}

#[tokio::test]
async fn alarms_of_one_cause_become_one_incident_and_are_told_in_order() {
    let (_dir, store) = store().await;
    let mut news = store.incident_news();
    let (first, mut second, third) = (alarm(0), alarm(60), alarm(1000));
    second.track = Some("yard/1/18".parse().unwrap());
    for event in [&first, &second] {
        record(&store, event).await;
    }
    // An event that is no alarm is no incident.
    record(&store, &at(event(Severity::Info), 61)).await;
    store.record(Uuid::now_v7(), &ended(&first, seconds(70))).await.unwrap();
    store.record(Uuid::now_v7(), &ended(&second, seconds(80))).await.unwrap();
    record(&store, &third).await;

    let incidents = all(&store).await;
    assert_eq!(incidents.len(), 2);
    let old = &incidents[1].incident;
    assert_eq!((old.id, old.events, old.open_events), (first.id, 2, 0));
    assert_eq!((old.people, old.people_peak), (2, 2));
    assert_eq!((old.start, old.end), (seconds(0), Some(seconds(80))));
    assert_eq!(incidents[0].incident.id, third.id);
    let events = store.incident_events(first.id).await.unwrap();
    assert_eq!(events.iter().map(|e| e.event.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert!(events.iter().all(|e| e.incident == Some(first.id)));
    let mut told = Vec::new();
    while let Ok(record) = news.try_recv() {
        told.push((record.number, record.incident.revision));
    }
    assert_eq!(told, [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]);
}

#[tokio::test]
async fn an_incident_that_cannot_be_read_keeps_no_alarm_from_being_recorded() {
    let (dir, store) = store().await;
    let (first, second, third) = (alarm(0), alarm(10), alarm(20));
    record(&store, &first).await;
    let mut db = connect(dir.path()).await;
    sqlx::query("UPDATE incidents SET incident = '{'").execute(&mut db).await.unwrap();
    // Also beside others in one batch, and the end of an alarm in it.
    let changes = [raised(&second), ended(&first, seconds(15)), raised(&third)];
    let changes: Vec<_> = changes.into_iter().map(|change| (Uuid::now_v7(), change)).collect();
    store.record_batch(&changes).await.unwrap();
    let incident = |record: Option<safe_yolo_store::EventRecord>| record.unwrap().incident;
    let of = async |id| incident(store.event(id).await.unwrap());
    assert_eq!(of(first.id).await, Some(first.id));
    assert_eq!(of(second.id).await, Some(second.id), "a new one");
    assert_eq!(of(third.id).await, Some(second.id));
    assert_eq!(store.event(first.id).await.unwrap().unwrap().event.end, Some(seconds(15)));
    let new = store.incident(second.id).await.unwrap().unwrap();
    assert_eq!((new.number, new.incident.events), (2, 2));
    // Lists go on behind it, and settings can be changed.
    store.set_alarm_settings(quick()).await.unwrap();
    let mut later = alarm(5000);
    later.zone.as_mut().unwrap().id = "z-9".parse().unwrap();
    record(&store, &later).await;
    store.record(Uuid::now_v7(), &ended(&later, seconds(5010))).await.unwrap();
    sqlx::query("UPDATE incidents SET incident = '{' WHERE number = 2")
        .execute(&mut db)
        .await
        .unwrap();
    record(&store, &at(later.clone(), 9000)).await;
    let page = IncidentFilter { limit: 2, ..IncidentFilter::default() };
    let numbers = |page: IncidentList| {
        (page.incidents.iter().map(|r| r.number).collect::<Vec<_>>(), page.unreadable)
    };
    assert_eq!(numbers(store.incidents(&page).await.unwrap()), (vec![4, 3], vec![]));
    let all = store.incidents(&IncidentFilter::default()).await.unwrap();
    assert_eq!(numbers(all), (vec![4, 3], vec![2, 1]));
    let page = IncidentFilter { before: Some(4), ..page };
    assert_eq!(numbers(store.incidents(&page).await.unwrap()), (vec![3], vec![2, 1]));
    assert_eq!(store.incident_counts().await.unwrap().open, 4);
}

#[tokio::test]
async fn one_batch_groups_as_single_changes_do() {
    let (_one, single) = store().await;
    let (_two, batched) = store().await;
    let mut changes = Vec::new();
    for second in 0..40 {
        let mut event = alarm(second * 10);
        event.track = Some(format!("yard/1/{}", second % 7).parse().unwrap());
        event.zone.as_mut().unwrap().id = format!("z-{}", second % 3).parse().unwrap();
        changes.push((Uuid::now_v7(), raised(&event)));
        if second % 2 == 0 {
            changes.push((Uuid::now_v7(), ended(&event, seconds(second * 10 + 5))));
        }
    }
    for (id, change) in &changes {
        single.record(*id, change).await.unwrap();
    }
    batched.record_batch(&changes).await.unwrap();
    let key = |record: &IncidentRecord| record.incident.id;
    let (mut one, mut two) = (all(&single).await, all(&batched).await);
    one.sort_by_key(key);
    two.sort_by_key(key);
    let incidents =
        |all: &[IncidentRecord]| all.iter().map(|r| r.incident.clone()).collect::<Vec<_>>();
    assert_eq!(incidents(&one), incidents(&two));
    assert_eq!(one.len(), 3);
}

#[tokio::test]
async fn acknowledging_the_incident_acknowledges_its_alarms_and_the_other_way_round() {
    let (_dir, store) = store().await;
    let (first, second) = (alarm(0), alarm(1));
    record(&store, &first).await;
    record(&store, &second).await;
    let done = take(&store, first.id, acknowledge(), "kim").await.unwrap();
    assert_eq!(done.incident.state, IncidentState::Acknowledged);
    assert_eq!(store.unacknowledged_count().await.unwrap(), 0);
    let seen = store.event(second.id).await.unwrap().unwrap().acknowledged.unwrap();
    assert_eq!((seen.by.as_str(), seen.reason.as_str()), ("kim", "seen"));

    let third = alarm(2);
    record(&store, &third).await;
    let again = store.incident(first.id).await.unwrap().unwrap().incident;
    assert_eq!((again.state, again.events), (IncidentState::Raised, 3));
    store.acknowledge(third.id, "lee", "me too", seconds(3)).await.unwrap();
    let again = store.incident(first.id).await.unwrap().unwrap().incident;
    assert_eq!(again.state, IncidentState::Acknowledged);
    assert_eq!(again.acknowledged.unwrap().by, "lee");
    let log = store.incident_log(first.id).await.unwrap();
    let log: Vec<_> = log.iter().map(|d| (d.who.as_str(), d.deed.as_str())).collect();
    assert_eq!(log, [("kim", "acknowledged"), ("lee", "acknowledged")]);
}

#[tokio::test]
async fn of_two_at_once_one_wins_and_the_other_is_told_who() {
    let (_dir, store) = store().await;
    let event = alarm(0);
    record(&store, &event).await;
    let (one, two) = tokio::join!(
        take(&store, event.id, acknowledge(), "kim"),
        take(&store, event.id, acknowledge(), "lee"),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    let winner = won.unwrap().incident.acknowledged.unwrap().by;
    match lost.unwrap_err() {
        StoreError::Step { error, .. } => {
            assert!(matches!(*error, StepError::Done { by, .. } if by == winner));
        }
        other => panic!("{other}"),
    }
    assert_eq!(store.incident_log(event.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn steps_that_make_no_sense_change_nothing() {
    let (_dir, store) = store().await;
    let event = alarm(0);
    record(&store, &event).await;
    let before = store.incident(event.id).await.unwrap().unwrap();
    let long = "x".repeat(1001);
    for (step, word) in [
        (Step::Resolve { note: String::new() }, "acknowledge it first"),
        (Step::Acknowledge { reason: long.clone() }, "1000 characters"),
        (Step::Assign { to: " ".into(), note: String::new() }, "1 to 80"),
        (Step::Assign { to: "a\nb".into(), note: String::new() }, "1 to 80"),
        (Step::Note { note: " ".into() }, "say something"),
        (Step::Reopen { note: String::new() }, "not closed"),
        (Step::Release { note: String::new() }, "not held"),
    ] {
        let said = take(&store, event.id, step, "kim").await.unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
    let unknown = EventId(Uuid::now_v7());
    let said = take(&store, unknown, acknowledge(), "kim").await.unwrap_err();
    assert!(matches!(said, StoreError::NotFound { what: "incident", .. }), "{said}");
    assert_eq!(store.incident(event.id).await.unwrap().unwrap(), before);
    assert!(store.incident_log(event.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn p7_open_incidents_survive_a_restart_with_who_did_what() {
    let (dir, store) = store().await;
    let (first, mut other) = (alarm(0), alarm(1));
    other.event_type = EventType::HelmetMissing;
    record(&store, &first).await;
    record(&store, &other).await;
    take(&store, first.id, acknowledge(), "kim").await.unwrap();
    let assign = Step::Assign { to: "박 반장".into(), note: "press 3".into() };
    take(&store, first.id, assign, "kim").await.unwrap();
    let before = all(&store).await;
    store.close().await;

    let store = Store::open(dir.path()).await.unwrap();
    assert_eq!(all(&store).await, before);
    let counts = store.incident_counts().await.unwrap();
    assert_eq!((counts.open, counts.unacknowledged), (2, 1));
    assert_eq!(store.people().await.unwrap(), ["박 반장"]);
    // What still lasted is ended at the start, and its incident with it.
    store.end_left_open(seconds(9), "restart").await.unwrap();
    let ended = store.incident(first.id).await.unwrap().unwrap().incident;
    assert_eq!((ended.open_events, ended.end), (0, Some(seconds(9))));
    assert_eq!(ended.state, IncidentState::Assigned);
}

#[tokio::test]
async fn alarms_from_before_there_were_incidents_get_one() {
    let (dir, store) = store().await;
    let (first, second) = (alarm(0), alarm(5));
    record(&store, &first).await;
    record(&store, &second).await;
    store.close().await;
    let mut db = connect(dir.path()).await;
    for statement in [
        "DELETE FROM incidents",
        "DELETE FROM incident_people",
        "UPDATE events SET incident = NULL",
    ] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    let store = Store::open(dir.path()).await.unwrap();
    let incidents = all(&store).await;
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].incident.id, incidents[0].incident.events), (first.id, 2));
}

#[tokio::test]
async fn a_mute_keeps_quiet_for_its_time_only_and_what_lasts_rings_then() {
    let (_dir, store) = store().await;
    let mute = store.mute(&mute(1), "kim", seconds(0)).await.unwrap();
    let (lasts, mut over, mut elsewhere) = (alarm(10), alarm(11), alarm(12));
    over.end = Some(seconds(12));
    elsewhere.camera = Some("gate".parse().unwrap());
    elsewhere.zone.as_mut().unwrap().id = "z-gate".parse().unwrap();
    for event in [&lasts, &over, &elsewhere] {
        record(&store, event).await;
    }
    let quiet = store.event(lasts.id).await.unwrap().unwrap();
    assert_eq!((quiet.muted, quiet.incident), (Some(mute.id), None));
    let incidents = all(&store).await;
    assert_eq!(incidents.len(), 1, "another camera is not muted");
    assert_eq!(store.unacknowledged_count().await.unwrap(), 1);
    assert_eq!(store.mutes().await.unwrap()[0].events, 1);
    // Updates do not make it ring.
    store.record(Uuid::now_v7(), &updated(&lasts)).await.unwrap();
    assert_eq!(store.ring(seconds(59)).await.unwrap().done, 0);

    assert_eq!(store.ring(seconds(60)).await.unwrap().done, 1);
    assert_eq!(store.ring(seconds(61)).await.unwrap().done, 0);
    assert!(store.mutes().await.unwrap().is_empty());
    let rings = store.event(lasts.id).await.unwrap().unwrap();
    assert_eq!((rings.muted, rings.incident), (None, Some(lasts.id)));
    assert_eq!(store.unacknowledged_count().await.unwrap(), 2);
    let stays = store.event(over.id).await.unwrap().unwrap();
    assert_eq!((stays.muted, stays.incident), (Some(mute.id), None), "it was over before");
    let change = store.changes_after(0, 100).await.unwrap().pop().unwrap();
    assert_eq!((change.record.event.id, change.record.muted), (lasts.id, None));
}

#[tokio::test]
async fn a_mute_of_a_zone_or_of_a_type_alone_keeps_what_fits_quiet_and_nothing_else() {
    const INTRUSION: EventType = EventType::DangerZoneIntrusion;
    const BARE_HEAD: EventType = EventType::HelmetMissing;
    let of_zone = NewMute { camera: None, zone: Some("z-press".parse().unwrap()), ..mute(1) };
    let of_type = NewMute { camera: None, event_type: Some(BARE_HEAD), ..mute(1) };
    for (which, new) in [of_zone, of_type].into_iter().enumerate() {
        let (_dir, store) = store().await;
        let mute = store.mute(&new, "kim", seconds(0)).await.unwrap();
        let mut quiet = 0;
        // An alarm, and whether the zone's mute and the type's keep it quiet.
        for (camera, zone, event_type, second, fits) in [
            ("yard", Some("z-press"), INTRUSION, 10, [true, false]),
            ("yard", Some("z-press"), BARE_HEAD, 11, [true, true]),
            ("gate", Some("z-press"), BARE_HEAD, 12, [true, true]),
            ("gate", Some("z-dock"), BARE_HEAD, 13, [false, true]),
            ("yard", Some("z-dock"), INTRUSION, 14, [false, false]),
            // One of a whole camera lies in no zone.
            ("yard", None, BARE_HEAD, 15, [false, true]),
            ("yard", None, INTRUSION, 16, [false, false]),
            // The mute is over.
            ("yard", Some("z-press"), BARE_HEAD, 60, [false, false]),
        ] {
            let zone = zone.map(|id| ZoneRef {
                id: id.parse().unwrap(),
                name: id.to_owned(),
                place: None,
            });
            let camera = Some(camera.parse().unwrap());
            let event = Event { camera, zone, event_type, ..alarm(second) };
            record(&store, &event).await;
            let stored = store.event(event.id).await.unwrap().unwrap();
            let expected = fits[which].then_some(mute.id);
            assert_eq!(stored.muted, expected, "{new:?} and {event:?}");
            assert_eq!(stored.incident.is_none(), fits[which], "{new:?} and {event:?}");
            quiet += i64::from(fits[which]);
        }
        assert_eq!(store.mutes().await.unwrap()[0].events, quiet, "{new:?}");
        assert_eq!(store.unacknowledged_count().await.unwrap() as i64, 8 - quiet, "{new:?}");
    }
}

#[tokio::test]
async fn a_mute_that_is_lifted_lets_it_ring_and_is_lifted_once() {
    let (_dir, store) = store().await;
    let id = store.mute(&mute(60), "kim", seconds(0)).await.unwrap().id;
    record(&store, &alarm(10)).await;
    store.lift(id, "lee", seconds(20)).await.unwrap();
    let told = store.lift(id, "park", seconds(21)).await.unwrap_err().to_string();
    assert!(told.contains("lee"), "{told}");
    assert_eq!(store.ring(seconds(21)).await.unwrap().done, 1);
    assert!(matches!(store.lift(99, "lee", seconds(1)).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn what_was_muted_has_its_time_before_it_is_escalated() {
    let (_dir, store) = store().await;
    store.set_alarm_settings(quick()).await.unwrap();
    store.mute(&mute(60), "kim", seconds(0)).await.unwrap();
    record(&store, &alarm(10)).await;
    assert_eq!(store.ring(seconds(3600)).await.unwrap().done, 1);
    assert!(store.escalate(seconds(3659)).await.unwrap().done.is_empty());
    assert_eq!(store.escalate(seconds(3660)).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn mutes_without_end_reason_or_aim_are_refused() {
    let (_dir, store) = store().await;
    let everything = NewMute { camera: None, ..mute(10) };
    let unreasoned = NewMute { reason: " ".into(), ..mute(10) };
    for (new, word) in [
        (mute(0), "1440"),
        (mute(1441), "1440"),
        (everything, "everything"),
        (unreasoned, "reason"),
    ] {
        let said = store.mute(&new, "kim", seconds(0)).await.unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
    assert!(store.mutes().await.unwrap().is_empty());
}

fn quick() -> AlarmSettings {
    let levels = BTreeMap::from([(Severity::Warning, vec![60, 300])]);
    AlarmSettings { escalate_after_s: levels, ..AlarmSettings::default() }
}

#[tokio::test]
async fn what_nobody_acknowledges_is_escalated_also_over_a_restart() {
    let (dir, store) = store().await;
    store.set_alarm_settings(quick()).await.unwrap();
    let event = alarm(0);
    record(&store, &event).await;
    assert!(store.escalate(seconds(59)).await.unwrap().done.is_empty());
    assert_eq!(store.escalate(seconds(60)).await.unwrap().done[0].escalation.level, 1);
    assert!(store.escalate(seconds(61)).await.unwrap().done.is_empty());
    store.close().await;
    let store = Store::open(dir.path()).await.unwrap();
    assert_eq!(*store.alarm_settings(), quick());
    let second = store.escalate(seconds(400)).await.unwrap().done;
    assert_eq!((second[0].escalation.level, second[0].escalation.at), (2, Some(seconds(400))));
    assert!(
        store.escalate(seconds(9000)).await.unwrap().done.is_empty(),
        "there is no third level"
    );
    let log = store.incident_log(event.id).await.unwrap();
    let said: Vec<_> = log.iter().map(|d| (d.who.as_str(), d.note.as_str())).collect();
    assert_eq!(said, [("system", "level 1"), ("system", "level 2")]);
}

#[tokio::test]
async fn what_is_acknowledged_is_not_escalated_until_it_rings_again() {
    let (_dir, store) = store().await;
    store.set_alarm_settings(quick()).await.unwrap();
    let event = alarm(0);
    record(&store, &event).await;
    take(&store, event.id, acknowledge(), "kim").await.unwrap();
    assert!(store.escalate(seconds(9000)).await.unwrap().done.is_empty());
    record(&store, &alarm(100)).await;
    assert!(store.escalate(seconds(159)).await.unwrap().done.is_empty());
    assert_eq!(store.escalate(seconds(160)).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nobody_wait_longer() {
    let (dir, store) = store().await;
    store.set_alarm_settings(quick()).await.unwrap();
    store
        .mute(&NewMute { camera: Some("gate".parse().unwrap()), ..mute(10) }, "kim", seconds(0))
        .await
        .unwrap();
    record(&store, &alarm(0)).await;
    // At second 30 the clock is set back by an hour.
    store.clock_was_set(-3_600_000_000).await.unwrap();
    let now = |second: i64| Utc(seconds(second).0 - 3_600_000_000);
    // Whatever is written meanwhile.
    let id = all(&store).await[0].incident.id;
    take(&store, id, Step::Note { note: "the clock was wrong".into() }, "kim").await.unwrap();
    assert!(store.escalate(now(59)).await.unwrap().done.is_empty());
    assert_eq!(store.escalate(now(60)).await.unwrap().done.len(), 1);
    assert!(store.escalate(now(299)).await.unwrap().done.is_empty());
    assert_eq!(store.escalate(now(300)).await.unwrap().done.len(), 1, "the second level");
    assert!(safe_yolo_store::chain::verify::verify(dir.path(), None).await.unwrap().ok);
    assert_eq!(store.mutes().await.unwrap()[0].until, now(600));
    // The mute holds for alarms by the new clock.
    let mut event = alarm(0);
    (event.start, event.camera) = (now(61), Some("gate".parse().unwrap()));
    record(&store, &event).await;
    assert!(store.event(event.id).await.unwrap().unwrap().muted.is_some());
    store.ring(now(600)).await.unwrap();
    assert!(store.mutes().await.unwrap().is_empty());
}

#[tokio::test]
async fn precision_counts_only_what_people_have_judged() {
    let (_dir, store) = store().await;
    let mut ids = Vec::new();
    for hour in 0..4 {
        let mut event = alarm(hour * 3600);
        event.end = Some(seconds(hour * 3600 + 1));
        record(&store, &event).await;
        ids.push(event.id);
    }
    let unjudged = store.precision(None, None).await.unwrap();
    assert_eq!((unjudged[0].unjudged, unjudged[0].precision()), (4, None));
    for (index, id) in ids.iter().take(3).enumerate() {
        take(&store, *id, acknowledge(), "kim").await.unwrap();
        let note = String::new();
        let step = if index == 0 { Step::FalseAlarm { note } } else { Step::Resolve { note } };
        take(&store, *id, step, "kim").await.unwrap();
    }
    let lines = store.precision(Some(seconds(0)), Some(seconds(4 * 3600))).await.unwrap();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!((line.true_alarms, line.false_alarms, line.unjudged), (2, 1, 1));
    assert!((line.precision().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!((line.camera_name.as_str(), line.zone_name.as_deref()), ("마당", Some("press")));
}

#[tokio::test]
async fn filters_and_pages_find_what_they_say() {
    let (_dir, store) = store().await;
    for hour in 0..5 {
        let mut event = alarm(hour * 3600);
        event.severity = if hour % 2 == 0 { Severity::Critical } else { Severity::Warning };
        event.end = Some(event.start);
        record(&store, &event).await;
    }
    let newest = all(&store).await;
    let done = newest[0].incident.id;
    take(&store, done, acknowledge(), "kim").await.unwrap();
    take(&store, done, Step::FalseAlarm { note: "dummy".into() }, "kim").await.unwrap();
    let count =
        async |filter: IncidentFilter| store.incidents(&filter).await.unwrap().incidents.len();
    let none = IncidentFilter::default;
    assert_eq!(count(IncidentFilter { open: Some(true), ..none() }).await, 4);
    assert_eq!(count(IncidentFilter { state: Some(IncidentState::FalseAlarm), ..none() }).await, 1);
    assert_eq!(count(IncidentFilter { severity: Some(Severity::Critical), ..none() }).await, 3);
    assert_eq!(
        count(IncidentFilter { from: Some(seconds(3600)), to: Some(seconds(3 * 3600)), ..none() })
            .await,
        2
    );
    assert_eq!(count(IncidentFilter { camera: Some("gate".parse().unwrap()), ..none() }).await, 0);
    let page = IncidentFilter { before: Some(newest[1].number), limit: 2, ..none() };
    let page = store.incidents(&page).await.unwrap().incidents;
    assert_eq!(page.iter().map(|r| r.number).collect::<Vec<_>>(), [3, 2]);
}
