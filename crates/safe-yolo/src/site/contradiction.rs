//! Rules of one zone that can't all be clear, whatever happens there.

use std::ops::Range;

use safe_yolo_core::{Class, Rule, RuleKind, ZoneType};

/// A rule and its place in the text.
pub(super) struct Placed<'r> {
    pub(super) rule: &'r Rule,
    pub(super) at: Range<usize>,
}

/// Each contradiction with the place of the rule that comes last.
pub(super) fn find(zone_type: ZoneType, rules: &[Placed<'_>]) -> Vec<(usize, String)> {
    let rules: Vec<&Placed<'_>> =
        rules.iter().filter(|placed| always_applies(placed.rule)).collect();
    let mut found = Vec::new();
    for (index, last) in rules.iter().enumerate() {
        if zone_type == ZoneType::Danger
            && let RuleKind::OccupancyBelow { people } = last.rule.kind
        {
            let name = &last.rule.name;
            found.push((
                last.at.start,
                format!(
                    "rule '{name}' wants at least {people} people where nobody may be: make it a \
                     warning zone or leave the rule out"
                ),
            ));
        }
        for first in rules.iter().take(index) {
            if let Some(says) = pair(first.rule, last.rule) {
                found.push((last.at.start, says));
            }
        }
    }
    found.extend(exactly_one(&rules));
    found
}

/// Whether a rule applies whenever its zone does; others may take turns.
const fn always_applies(rule: &Rule) -> bool {
    rule.active && rule.schedule.is_none() && rule.when.is_none()
}

fn pair(first: &Rule, last: &Rule) -> Option<String> {
    for (one, other) in [(first, last), (last, first)] {
        if let (
            RuleKind::OccupancyAbove { people: most },
            RuleKind::OccupancyBelow { people: least },
        ) = (one.kind, other.kind)
            && least > most
        {
            return Some(format!(
                "rule '{}' wants at most {most} people and rule '{}' at least {least}: no number \
                 is right for both, so change 'people' of one",
                one.name, other.name
            ));
        }
        if let RuleKind::ObjectMissing { class } = one.kind
            && forbidden(other) == Some(class)
        {
            return Some(format!(
                "rule '{}' wants a {class} to be there and rule '{}' wants none: leave one out",
                one.name, other.name
            ));
        }
    }
    None
}

/// What a rule wants none of.
const fn forbidden(rule: &Rule) -> Option<Class> {
    match rule.kind {
        RuleKind::ObjectPresent { class } => Some(class),
        RuleKind::Fire => Some(Class::Fire),
        RuleKind::Smoke => Some(Class::Smoke),
        _ => None,
    }
}

/// At least one, at most one, and nobody alone.
fn exactly_one(rules: &[&Placed<'_>]) -> Option<(usize, String)> {
    let of = |kind: RuleKind| rules.iter().find(|placed| placed.rule.kind == kind);
    let least = of(RuleKind::OccupancyBelow { people: 1 })?;
    let most = of(RuleKind::OccupancyAbove { people: 1 })?;
    let alone = of(RuleKind::LoneWorker)?;
    let at = least.at.start.max(most.at.start).max(alone.at.start);
    let [least, most, alone] = [least, most, alone].map(|placed| &placed.rule.name);
    Some((
        at,
        format!(
            "rules '{least}' and '{most}' want exactly one person, and rule '{alone}' wants nobody \
             alone: leave one out"
        ),
    ))
}
