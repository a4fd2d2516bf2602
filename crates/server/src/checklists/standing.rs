//! What the rules of a camera's zones say of an item: clear, violated, or that it can't be said.

use safe_yolo_core::checklist::{RuleTick, Standing};
use safe_yolo_core::{CameraConfig, EventType, Zone, ZoneId, ZoneType};
use safe_yolo_rules::{RuleVerdict, Verdict, ZoneVerdict, ZoneView};

/// What is said, and why not more.
pub(super) type Said = (Standing, Option<&'static str>);

const CLEAR: Said = (Standing::Clear, None);
const VIOLATION: Said = (Standing::Violation, None);

pub(super) const fn unknown(reason: &'static str) -> Said {
    (Standing::Unknown, Some(reason))
}

/// One that weighs more than the other: a violation more than what can't be said.
fn graver(one: Said, other: Said) -> Said {
    let weight = |said: &Said| match said.0 {
        Standing::Clear => 0,
        Standing::Unknown => 1,
        Standing::Violation => 2,
    };
    if weight(&other) > weight(&one) { other } else { one }
}

/// What the newest picture says of an item; `place` is the checklist's zone.
///
/// Every type must be watched somewhere in the item's place: what nobody watches for is not clear.
/// Intrusion of the two kinds of zones is one: without zones of a kind nobody can intrude there.
pub(super) fn say(
    rule: &RuleTick,
    place: Option<&ZoneId>,
    config: &CameraConfig,
    zones: &[ZoneView],
) -> Said {
    let place = rule.zone.as_ref().or(place);
    if place.is_some_and(|id| !config.zones.iter().any(|zone| zone.id == *id)) {
        return unknown("zone_gone");
    }
    let here: Vec<(&ZoneView, &Zone)> = zones
        .iter()
        .filter(|view| place.is_none_or(|id| view.id == *id))
        .filter_map(|view| Some((view, config.zones.iter().find(|zone| zone.id == view.id)?)))
        .collect();
    let (intrusions, others): (Vec<EventType>, Vec<EventType>) =
        rule.types.iter().partition(|event_type| intruded(**event_type).is_some());
    let groups = std::iter::once(intrusions).chain(others.into_iter().map(|t| vec![t]));
    groups
        .filter(|group| !group.is_empty())
        .map(|group| {
            let pairs = here.iter().flat_map(|pair| group.iter().map(move |t| (*pair, *t)));
            let said = pairs.filter_map(|((view, zone), t)| of_zone(t, view, zone));
            said.reduce(graver).unwrap_or(unknown("no_rule"))
        })
        .reduce(graver)
        .unwrap_or(unknown("no_rule"))
}

/// The kind of zone that an intrusion is into.
const fn intruded(event_type: EventType) -> Option<ZoneType> {
    match event_type {
        EventType::DangerZoneIntrusion => Some(ZoneType::Danger),
        EventType::WarningZoneIntrusion => Some(ZoneType::Warning),
        _ => None,
    }
}

/// What a zone says of a type; none if it does not watch for it.
fn of_zone(event_type: EventType, view: &ZoneView, zone: &Zone) -> Option<Said> {
    if let Some(kind) = intruded(event_type) {
        return (view.zone_type == kind).then(|| intrusion(view, zone));
    }
    let item = zone.require.iter().find(|item| EventType::missing(**item) == event_type);
    if let Some(item) = item {
        let verdicts = view.people.iter().map(|person| person.equipment.get(item));
        let worn = verdicts.map(|verdict| match verdict {
            Some(Verdict::Present) => CLEAR,
            Some(Verdict::Missing) => VIOLATION,
            Some(Verdict::Unknown) | None => unknown("not_sure"),
        });
        let said = worn.reduce(graver).unwrap_or(CLEAR);
        return Some(blinded(view).map_or(said, |blind| blind));
    }
    let rules = view.rules.iter().filter(|rule| rule.rule_type.event() == event_type);
    rules
        .map(|rule| match rule.verdict {
            RuleVerdict::Fire => VIOLATION,
            RuleVerdict::Clear => CLEAR,
            RuleVerdict::Unknown => unknown(rule.reason.unwrap_or("not_sure")),
            RuleVerdict::Off => unknown("off"),
        })
        .reduce(graver)
}

/// Why a zone says nothing of people in it.
fn blinded(view: &ZoneView) -> Option<Said> {
    if view.verdict == ZoneVerdict::Unknown {
        return Some(unknown("zone_unknown"));
    }
    view.off.then_some(unknown("off"))
}

fn intrusion(view: &ZoneView, zone: &Zone) -> Said {
    if let Some(blind) = blinded(view) {
        return blind;
    }
    let people = view.people.iter().map(|person| match person.since_s >= zone.dwell_s {
        true => VIOLATION,
        false => unknown("pending"),
    });
    people.reduce(graver).unwrap_or(CLEAR)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use safe_yolo_core::{Anchor, Equipment, Polygon, RuleType};
    use safe_yolo_rules::{RuleView, ZonePersonView};

    use super::*;
    use EventType::{
        DangerZoneIntrusion, Fall, HelmetMissing, ObjectMissing, WarningZoneIntrusion,
    };

    fn polygon() -> Polygon {
        Polygon::new(vec![[0.1, 0.1].into(), [0.9, 0.1].into(), [0.5, 0.9].into()]).unwrap()
    }

    fn zone(id: &str, zone_type: ZoneType) -> (Zone, ZoneView) {
        let zone = Zone {
            id: id.parse().unwrap(),
            name: id.into(),
            zone_type,
            points: polygon(),
            place: None,
            anchor: Anchor::Foot,
            active: true,
            schedule: None,
            dwell_s: 2.0,
            pause_s: 30.0,
            require: BTreeSet::from([Equipment::Helmet]),
            rules: Vec::new(),
        };
        let view = ZoneView {
            id: zone.id.clone(),
            name: zone.name.clone(),
            zone_type,
            points: polygon(),
            verdict: ZoneVerdict::Clear,
            off: false,
            people: Vec::new(),
            rules: vec![rule(RuleType::ObjectMissing, RuleVerdict::Clear, None)],
        };
        (zone, view)
    }

    fn rule(rule_type: RuleType, verdict: RuleVerdict, reason: Option<&'static str>) -> RuleView {
        RuleView {
            name: rule_type.name().into(),
            rule_type,
            verdict,
            reason,
            held_s: None,
            passed: None,
            count: None,
            line: None,
            grounds: Vec::new(),
        }
    }

    fn person(since_s: f64, helmet: Verdict) -> ZonePersonView {
        ZonePersonView {
            track: "yard/1/7".parse().unwrap(),
            number: 7,
            since_s,
            speed_m_s: None,
            equipment: BTreeMap::from([(Equipment::Helmet, helmet)]),
            votes: BTreeMap::new(),
        }
    }

    fn tick(types: &[EventType]) -> RuleTick {
        RuleTick { types: types.iter().copied().collect(), zone: None, clear_for_s: 60.0 }
    }

    /// What is said of a press (danger) and a hall (custom), after a change to the press.
    fn said(types: &[EventType], change: impl Fn(&mut ZoneView)) -> Said {
        let ((press, mut view), (hall, hall_view)) =
            (zone("press", ZoneType::Danger), zone("hall", ZoneType::Custom));
        change(&mut view);
        say(&tick(types), None, &config(vec![press, hall]), &[view, hall_view])
    }

    fn config(zones: Vec<Zone>) -> CameraConfig {
        CameraConfig {
            id: "yard".parse().unwrap(),
            name: "yard".into(),
            source: "sim://quiet".into(),
            enabled: true,
            repeat: false,
            analysis_rate_max: 10.0,
            masks: Vec::new(),
            privacy_masks: Vec::new(),
            calibration: None,
            calendar: safe_yolo_core::Calendar::default(),
            zones,
            version: 1,
        }
    }

    #[test]
    fn each_kind_of_item_is_read_off_the_view() {
        type Change = fn(&mut ZoneView);
        let unchanged: Change = |_| ();
        let cases: [(&str, &[EventType], Change, Said); 19] = [
            ("nobody there", &[HelmetMissing], unchanged, CLEAR),
            ("worn", &[HelmetMissing], |z| z.people = vec![person(9.0, Verdict::Present)], CLEAR),
            (
                "missing",
                &[HelmetMissing],
                |z| z.people = vec![person(9.0, Verdict::Missing)],
                VIOLATION,
            ),
            (
                "not told",
                &[HelmetMissing],
                |z| z.people = vec![person(9.0, Verdict::Unknown)],
                unknown("not_sure"),
            ),
            (
                "one of two",
                &[HelmetMissing],
                |z| z.people = vec![person(9.0, Verdict::Unknown), person(1.0, Verdict::Missing)],
                VIOLATION,
            ),
            (
                "no vote",
                &[HelmetMissing],
                |z| {
                    z.people = vec![person(9.0, Verdict::Present)];
                    z.people[0].equipment.clear();
                },
                unknown("not_sure"),
            ),
            (
                "blind",
                &[HelmetMissing],
                |z| z.verdict = ZoneVerdict::Unknown,
                unknown("zone_unknown"),
            ),
            ("outside of hours", &[HelmetMissing], |z| z.off = true, unknown("off")),
            ("not required", &[EventType::VestMissing], unchanged, unknown("no_rule")),
            (
                "one of two types is not watched for",
                &[HelmetMissing, Fall],
                unchanged,
                unknown("no_rule"),
            ),
            ("no zone to warn", &[DangerZoneIntrusion, WarningZoneIntrusion], unchanged, CLEAR),
            ("no zone of the kind", &[WarningZoneIntrusion], unchanged, unknown("no_rule")),
            (
                "passing by",
                &[DangerZoneIntrusion],
                |z| z.people = vec![person(1.0, Verdict::Present)],
                unknown("pending"),
            ),
            (
                "in it",
                &[DangerZoneIntrusion],
                |z| z.people = vec![person(2.0, Verdict::Present)],
                VIOLATION,
            ),
            (
                "unseen",
                &[DangerZoneIntrusion],
                |z| z.verdict = ZoneVerdict::Unknown,
                unknown("zone_unknown"),
            ),
            ("in place", &[ObjectMissing], unchanged, CLEAR),
            ("gone", &[ObjectMissing], |z| z.rules[0].verdict = RuleVerdict::Fire, VIOLATION),
            (
                "hidden",
                &[ObjectMissing],
                |z| {
                    let hidden = Some("hidden");
                    z.rules = vec![rule(RuleType::ObjectMissing, RuleVerdict::Unknown, hidden)];
                },
                unknown("hidden"),
            ),
            (
                "not asked",
                &[ObjectMissing],
                |z| z.rules[0].verdict = RuleVerdict::Off,
                unknown("off"),
            ),
        ];
        for (what, types, change, expected) in cases {
            assert_eq!(said(types, change), expected, "{what}");
        }
    }

    #[test]
    fn the_place_is_the_items_or_the_lists_or_all() {
        let ((press, view), (hall, mut hall_view)) =
            (zone("press", ZoneType::Danger), zone("hall", ZoneType::Custom));
        hall_view.people = vec![person(9.0, Verdict::Missing)];
        let (press_id, hall_id) = (press.id.clone(), hall.id.clone());
        let (config, zones) = (config(vec![press, hall]), [view, hall_view]);
        let everywhere = tick(&[HelmetMissing]);
        let in_press = RuleTick { zone: Some(press_id.clone()), ..everywhere.clone() };
        assert_eq!(say(&everywhere, None, &config, &zones), VIOLATION);
        assert_eq!(say(&everywhere, Some(&press_id), &config, &zones), CLEAR);
        assert_eq!(say(&everywhere, Some(&hall_id), &config, &zones), VIOLATION);
        assert_eq!(say(&in_press, Some(&hall_id), &config, &zones), CLEAR);
        let gone: ZoneId = "z-gone".parse().unwrap();
        assert_eq!(say(&everywhere, Some(&gone), &config, &zones), unknown("zone_gone"));
        // A zone that is switched off is not in the view.
        assert_eq!(say(&in_press, None, &config, &zones[1..]), unknown("no_rule"));
    }
}
