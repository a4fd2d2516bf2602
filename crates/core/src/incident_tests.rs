use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::event::{Message, SnapshotState};

const S: i64 = 1_000_000;

fn at(seconds: i64) -> Utc {
    Utc(1_769_847_300_000_000 + seconds * S)
}

fn alarm(number: u128, second: i64) -> Event {
    Event {
        id: EventId(Uuid::from_u128(number)),
        camera: Some("yard".parse().unwrap()),
        camera_name: "Yard".into(),
        event_type: EventType::DangerZoneIntrusion,
        severity: Severity::Warning,
        zone: Some(ZoneRef { id: "z1".parse().unwrap(), name: "press".into(), place: None }),
        track: Some("yard/1/7".parse().unwrap()),
        start: at(second),
        end: None,
        message: Message { ko: "침입".into(), en: "intrusion".into() },
        details: serde_json::Map::new(),
        config_version: 1,
        snapshot: SnapshotState::None,
        clip: SnapshotState::None,
    }
}

fn head(is_new: bool, alone: bool) -> Headcount {
    Headcount { is_new, alone }
}

fn acknowledge() -> Step {
    Step::Acknowledge { reason: "seen".into() }
}

fn assign(to: &str) -> Step {
    Step::Assign { to: to.into(), note: String::new() }
}

fn resolve() -> Step {
    Step::Resolve { note: "fence closed".into() }
}

#[test]
fn an_incident_goes_through_its_life() {
    let event = alarm(1, 0);
    let mut incident = Incident::new(&event);
    assert_eq!((incident.state, incident.revision), (IncidentState::Raised, 1));
    assert_eq!(incident.take(&resolve(), "kim", at(1), None), Err(StepError::NotAcknowledged));
    assert_eq!(incident.take(&assign("lee"), "kim", at(1), None), Err(StepError::NotAcknowledged));
    incident.take(&acknowledge(), "kim", at(2), None).unwrap();
    incident.take(&assign("lee"), "kim", at(3), None).unwrap();
    assert_eq!(
        incident.take(&resolve(), "lee", at(4), None),
        Err(StepError::StillGoesOn { open: 1 })
    );
    incident.leave(&event, at(5), head(false, true));
    incident.take(&resolve(), "lee", at(6), None).unwrap();
    assert_eq!(incident.state, IncidentState::Resolved);
    let done = incident.take(&Step::FalseAlarm { note: String::new() }, "park", at(7), None);
    assert_eq!(done, Err(StepError::Done { deed: "resolved", by: "lee".into(), at: at(6) }));
    incident.take(&Step::Reopen { note: "again".into() }, "kim", at(8), None).unwrap();
    assert_eq!((incident.state, incident.closed.clone()), (IncidentState::Assigned, None));
    incident.take(&Step::FalseAlarm { note: "a dummy".into() }, "kim", at(9), None).unwrap();
    assert_eq!(incident.state, IncidentState::FalseAlarm);
    assert_eq!(incident.end, Some(at(5)));
}

#[test]
fn of_two_who_acknowledge_one_wins_and_the_other_is_told() {
    let mut incident = Incident::new(&alarm(1, 0));
    let seen = incident.revision;
    incident.take(&acknowledge(), "kim", at(2), Some(seen)).unwrap();
    let told = incident.take(&acknowledge(), "lee", at(2), Some(seen)).unwrap_err();
    assert_eq!(told, StepError::Done { deed: "acknowledged", by: "kim".into(), at: at(2) });
    let stale = incident.take(&assign("lee"), "lee", at(3), Some(seen)).unwrap_err();
    assert_eq!(stale, StepError::Stale { based_on: 1, now: 2 });
    assert_eq!(incident.acknowledged.unwrap().by, "kim");
}

#[test]
fn whoever_acknowledged_has_not_seen_what_came_later() {
    let mut incident = Incident::new(&alarm(1, 0));
    incident.take(&acknowledge(), "kim", at(2), None).unwrap();
    incident.take(&assign("lee"), "kim", at(3), None).unwrap();
    incident.escalate(at(1));
    incident.join(&alarm(2, 20), head(true, true));
    assert_eq!(incident.state, IncidentState::Raised);
    assert_eq!((incident.waiting_since, incident.escalation.level), (at(20), 0));
    assert_eq!(
        (incident.acknowledged.clone(), incident.people, incident.people_peak),
        (None, 2, 2)
    );
    incident.take(&acknowledge(), "park", at(21), None).unwrap();
    assert_eq!(incident.state, IncidentState::Assigned, "lee sees to it all the same");
}

#[test]
fn what_becomes_graver_is_a_change_and_what_does_not_is_none() {
    let mut event = alarm(1, 0);
    let mut incident = Incident::new(&event);
    incident.learn(&event);
    assert_eq!((incident.severity, incident.revision), (Severity::Warning, 1));
    event.severity = Severity::Critical;
    incident.learn(&event);
    assert_eq!((incident.severity, incident.revision), (Severity::Critical, 2));
}

#[test]
fn an_incident_does_not_end_before_its_last_alarm_began() {
    let (first, second) = (alarm(1, 0), alarm(2, 20));
    let mut incident = Incident::new(&first);
    incident.join(&second, head(true, true));
    incident.leave(&second, at(25), head(false, true));
    assert_eq!(incident.end, None);
    // The end of the first comes late, and lies before.
    incident.leave(&first, at(10), head(false, true));
    assert_eq!(incident.end, Some(at(20)));
}

#[test]
fn alarms_of_one_cause_are_grouped_over_time_and_cameras() {
    let first = alarm(1, 0);
    let cause = Cause::of(&first);
    let mut incident = Incident::new(&first);
    assert!(incident.takes(&cause, at(4000), 120 * S), "it still goes on");
    incident.leave(&first, at(30), head(false, true));
    assert!(incident.takes(&cause, at(150), 120 * S));
    assert!(!incident.takes(&cause, at(151), 120 * S));
    incident.take(&acknowledge(), "kim", at(31), None).unwrap();
    incident.take(&resolve(), "kim", at(32), None).unwrap();
    assert!(!incident.takes(&cause, at(40), 120 * S), "what is resolved takes nothing more");

    let placed = |camera: &str, place: Option<&str>| {
        let mut event = alarm(3, 0);
        event.camera = Some(camera.parse().unwrap());
        event.zone = Some(ZoneRef {
            id: format!("z-{camera}").parse().unwrap(),
            name: "press".into(),
            place: place.map(Into::into),
        });
        Cause::of(&event).key
    };
    assert_eq!(placed("a", Some("press 3")), placed("b", Some("press 3")));
    assert_ne!(placed("a", None), placed("b", None), "a name alone is no place");
    let mut other = alarm(4, 0);
    other.event_type = EventType::HelmetMissing;
    assert_ne!(Cause::of(&other), cause);
}

#[test]
fn cameras_that_go_blind_together_are_one_incident_and_later_ones_another() {
    let blind = |camera: &str, second| {
        let mut event = alarm(5, second);
        event.event_type = EventType::System;
        (event.zone, event.track) = (None, None);
        event.camera = Some(camera.parse().unwrap());
        event.details.insert("state".into(), "OFFLINE".into());
        event
    };
    let (first, second) = (blind("a", 0), blind("b", 3));
    assert_eq!(Cause::of(&first), Cause::of(&second));
    let mut incident = Incident::new(&first);
    assert!(incident.takes(&Cause::of(&second), second.start, 120 * S));
    incident.join(&second, head(true, true));
    assert_eq!((incident.cameras.len(), incident.people, incident.people_peak), (2, 0, 0));
    assert!(
        !incident.takes(&Cause::of(&first), at(500), 120 * S),
        "it lasts, but that is another cause"
    );
}

#[test]
fn one_person_seen_by_two_cameras_is_one_person() {
    let mut incident = Incident::new(&alarm(1, 0));
    let mut other = alarm(2, 1);
    other.camera = Some("gate".parse().unwrap());
    incident.join(&other, head(true, true));
    assert_eq!((incident.people, incident.people_peak, incident.cameras.len()), (1, 1, 2));
}

#[derive(Debug, Clone)]
enum Happening {
    Alarm { person: u8, lasts: bool },
    End,
    Step(u8),
}

proptest! {
    #[test]
    fn nothing_waits_unseen_and_figures_add_up(
        happenings in prop::collection::vec(
            prop_oneof![
                (0..4_u8, any::<bool>()).prop_map(|(person, lasts)| Happening::Alarm { person, lasts }),
                Just(Happening::End),
                (0..8_u8).prop_map(Happening::Step),
            ],
            1..60,
        )
    ) {
        let mut incident = Incident::new(&alarm(1, 0));
        let mut open = vec![(0_u8, alarm(1, 0))];
        let mut people = std::collections::BTreeSet::from([0_u8]);
        let (mut now, mut events, mut unseen) = (0, 1, true);
        for happening in happenings {
            now += 1;
            let before = incident.revision;
            match happening {
                Happening::Alarm { person, lasts } => {
                    if incident.state.is_closed() {
                        continue;
                    }
                    let mut event = alarm(u128::from(events) + 1, now);
                    event.end = (!lasts).then(|| at(now));
                    let alone = open.iter().all(|(other, _)| *other != person);
                    incident.join(&event, head(people.insert(person), alone));
                    if lasts {
                        open.push((person, event));
                    }
                    (events, unseen) = (events + 1, true);
                }
                Happening::End => {
                    let Some((person, event)) = open.pop() else { continue };
                    let alone = open.iter().all(|(other, _)| *other != person);
                    incident.leave(&event, at(now), head(false, alone));
                }
                Happening::Step(step) => {
                    let note = String::new();
                    let step = match step {
                        0 => acknowledge(),
                        1 => assign("lee"),
                        2 => resolve(),
                        3 => Step::FalseAlarm { note },
                        4 => Step::Reopen { note },
                        5 => Step::Note { note },
                        6 => Step::Hold { note },
                        _ => Step::Release { note },
                    };
                    let untouched = incident.clone();
                    match incident.take(&step, "kim", at(now), None) {
                        Ok(()) if matches!(step, Step::Acknowledge { .. }) => unseen = false,
                        Ok(()) => {}
                        Err(_) => prop_assert_eq!(&incident, &untouched),
                    }
                    if incident == untouched {
                        continue;
                    }
                }
            }
            prop_assert!(incident.revision > before);
            prop_assert_eq!(incident.state == IncidentState::Raised, unseen);
            prop_assert_eq!(incident.acknowledged.is_none(), unseen);
            prop_assert_eq!(incident.open_events as usize, open.len());
            prop_assert_eq!(incident.end.is_none(), !open.is_empty());
            prop_assert_eq!(incident.events, events);
            prop_assert_eq!(incident.people as usize, people.len());
            let there: std::collections::BTreeSet<_> = open.iter().map(|(person, _)| person).collect();
            prop_assert_eq!(incident.cameras[0].open_people as usize, there.len());
            prop_assert!(incident.people_peak as usize >= there.len());
            prop_assert!(incident.people_peak <= incident.people);
            prop_assert_eq!(incident.closed.is_some(), incident.state.is_closed());
            if incident.state == IncidentState::Resolved {
                prop_assert!(open.is_empty() || incident.end.is_none());
            }
        }
    }
}
