//! What differs between two versions of settings, by structure: fields by name, zones by id, rules
//! by name. It knows no field, so that those to come are told as well.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the members of a list are known by, if all have it and no two the same.
const KEYS: [&str; 2] = ["id", "name"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where: names of fields, ids of zones, names of rules, such as `zones`, `z-1`, `dwell_s`.
    pub path: Vec<String>,
    /// The name of the zone that it is in, after the change if it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// As it was; null if it was not there.
    pub before: Value,
    /// As it is now; null if it is gone.
    pub after: Value,
    /// It differs in a way that is a secret: both values look the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl Change {
    fn new(path: &[String], before: &Value, after: &Value) -> Self {
        let (path, before, after) = (path.to_vec(), before.clone(), after.clone());
        Self { path, zone: None, before, after, hidden: false }
    }

    /// A difference that may not be shown.
    pub(super) fn hidden(field: &str, shown: &Value) -> Self {
        Self { hidden: true, ..Self::new(&[field.to_owned()], shown, shown) }
    }
}

/// All differences, in the order of their paths.
pub(super) fn compare(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(&mut Vec::new(), before, after, &mut changes);
    for change in &mut changes {
        if let [list, id, ..] = change.path.as_slice()
            && list == "zones"
        {
            change.zone = zone_name(after, id).or_else(|| zone_name(before, id));
        }
    }
    changes
}

fn zone_name(settings: &Value, id: &str) -> Option<String> {
    let zones = settings.get("zones")?.as_array()?;
    let zone = zones.iter().find(|zone| zone.get("id").and_then(Value::as_str) == Some(id))?;
    zone.get("name")?.as_str().map(str::to_owned)
}

fn walk(path: &mut Vec<String>, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for field in fields {
                let (old, new) = (old.get(field), new.get(field));
                step(path, field, old, new, changes);
            }
        }
        (Value::Array(old), Value::Array(new)) => match key_of(old, new) {
            Some(key) => walk_list(path, key, old, new, changes),
            None => changes.push(Change::new(path, before, after)),
        },
        _ => changes.push(Change::new(path, before, after)),
    }
}

fn step(
    path: &mut Vec<String>,
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    path.push(name.to_owned());
    walk(path, before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null), changes);
    path.pop();
}

fn walk_list(
    path: &mut Vec<String>,
    key: &str,
    old: &[Value],
    new: &[Value],
    changes: &mut Vec<Change>,
) {
    let (was, is) = (by_key(key, old), by_key(key, new));
    let kept = |list: &[Value], others: &BTreeMap<&str, &Value>| -> Vec<Value> {
        let names = list.iter().filter_map(|member| member.get(key));
        names
            .filter(|name| name.as_str().is_some_and(|n| others.contains_key(n)))
            .cloned()
            .collect()
    };
    let (order_before, order_after) = (kept(old, &is), kept(new, &was));
    let renamed = renamed(key, &was, &is);
    for (name, before) in &was {
        let new_name = renamed.get(name);
        if let Some(after) = new_name.and_then(|new_name| is.get(new_name)) {
            step(path, new_name.unwrap_or(name), Some(before), Some(after), changes);
        } else {
            step(path, name, Some(before), is.get(name).copied(), changes);
        }
    }
    for (name, after) in &is {
        if !was.contains_key(name) && !renamed.values().any(|known| known == name) {
            step(path, name, None, Some(after), changes);
        }
    }
    if order_before != order_after {
        changes.push(Change::new(path, &order_before.into(), &order_after.into()));
    }
}

/// Members that differ in nothing but their name, the old name first.
fn renamed<'a>(
    key: &str,
    was: &BTreeMap<&'a str, &'a Value>,
    is: &BTreeMap<&'a str, &'a Value>,
) -> BTreeMap<&'a str, &'a str> {
    let mut found = BTreeMap::new();
    if key != "name" {
        return found;
    }
    let rest = |value: &Value| -> Map<String, Value> {
        let mut rest = value.as_object().cloned().unwrap_or_default();
        rest.remove(key);
        rest
    };
    let mut added: Vec<_> = is.iter().filter(|(name, _)| !was.contains_key(*name)).collect();
    for (name, before) in was.iter().filter(|(name, _)| !is.contains_key(*name)) {
        if let Some(at) = added.iter().position(|(_, after)| rest(before) == rest(after)) {
            found.insert(*name, *added.swap_remove(at).0);
        }
    }
    found
}

fn by_key<'a>(key: &str, list: &'a [Value]) -> BTreeMap<&'a str, &'a Value> {
    list.iter().filter_map(|member| Some((member.get(key)?.as_str()?, member))).collect()
}

fn key_of(old: &[Value], new: &[Value]) -> Option<&'static str> {
    let known_by = |key: &str, list: &[Value]| by_key(key, list).len() == list.len();
    KEYS.into_iter().find(|key| known_by(key, old) && known_by(key, new))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Value, after: &Value) -> Vec<(String, Value, Value)> {
        let told = |change: Change| (change.path.join("/"), change.before, change.after);
        compare(before, after).into_iter().map(told).collect()
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut settings = settings();
        *settings.pointer_mut(pointer).unwrap() = value;
        settings
    }

    fn settings() -> Value {
        json!({
            "name": "gate", "analysis_rate_max": 10.0,
            "zones": [
                {"id": "z-1", "name": "press", "dwell_s": 2.0, "require": ["helmet"],
                 "points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]],
                 "rules": [{"name": "fall", "type": "fall", "dwell_s": 1.0},
                           {"name": "fire", "type": "fire", "dwell_s": 1.0}]},
                {"id": "z-2", "name": "dock", "dwell_s": 2.0, "require": [], "points": [], "rules": []},
            ],
        })
    }

    #[test]
    fn a_change_of_one_thing_is_one_change() {
        for (pointer, value, path) in [
            ("/name", json!("north gate"), "name"),
            ("/zones/0/dwell_s", json!(5.0), "zones/z-1/dwell_s"),
            ("/zones/0/points/1", json!([0.8, 0.2]), "zones/z-1/points"),
            ("/zones/0/require", json!(["helmet", "vest"]), "zones/z-1/require"),
            ("/zones/0/name", json!("press 2"), "zones/z-1/name"),
            ("/zones/0/rules/1/dwell_s", json!(3.0), "zones/z-1/rules/fire/dwell_s"),
            ("/zones/0/rules/1/type", json!("smoke"), "zones/z-1/rules/fire/type"),
        ] {
            let changed = with(pointer, value);
            let changes = told(&settings(), &changed);
            assert_eq!(changes.len(), 1, "{pointer}: {changes:?}");
            assert_eq!(changes[0].0, path);
            let back = told(&changed, &settings());
            let (_, before, after) = &changes[0];
            assert_eq!(back, [(path.to_owned(), after.clone(), before.clone())]);
        }
        assert_eq!(told(&settings(), &settings()), []);
    }

    #[test]
    fn what_comes_and_goes_is_told_whole_and_moves_nothing_else() {
        let mut fewer = settings();
        let zone = fewer["zones"].as_array_mut().unwrap().remove(0);
        assert_eq!(told(&settings(), &fewer), [("zones/z-1".into(), zone.clone(), json!(null))]);
        assert_eq!(told(&fewer, &settings()), [("zones/z-1".into(), json!(null), zone)]);
        assert_eq!(compare(&settings(), &fewer)[0].zone.as_deref(), Some("press"));

        let mut other = settings();
        let rules = other["zones"][0]["rules"].as_array_mut().unwrap();
        let fall = rules.remove(0);
        assert_eq!(told(&settings(), &other), [("zones/z-1/rules/fall".into(), fall, json!(null))]);
    }

    #[test]
    fn another_name_or_order_is_no_coming_and_going() {
        let renamed = with("/zones/0/rules/0/name", json!("somebody lies"));
        let path = "zones/z-1/rules/somebody lies/name".to_owned();
        assert_eq!(told(&settings(), &renamed), [(path, json!("fall"), json!("somebody lies"))]);
        let change = compare(&settings(), &with("/zones/0/name", json!("press 2"))).remove(0);
        assert_eq!(change.zone.as_deref(), Some("press 2"));

        let mut turned = settings();
        turned["zones"][0]["rules"].as_array_mut().unwrap().reverse();
        let path = "zones/z-1/rules".to_owned();
        assert_eq!(
            told(&settings(), &turned),
            [(path, json!(["fall", "fire"]), json!(["fire", "fall"]))]
        );
    }

    #[test]
    fn fields_that_are_not_known_yet_are_told() {
        let mut later = settings();
        later["masks"] = json!([{"name": "sky", "points": [[0.0, 0.0]]}]);
        later["zones"][0]["schedule"] = json!({"from": "08:00", "days": ["mon"]});
        let paths: Vec<_> = told(&settings(), &later).into_iter().map(|change| change.0).collect();
        assert_eq!(paths, ["masks", "zones/z-1/schedule"]);
        let mut moved = later.clone();
        moved["masks"][0]["points"] = json!([[0.5, 0.5]]);
        moved["zones"][0]["schedule"]["days"] = json!(["mon", "tue"]);
        let paths: Vec<_> = told(&later, &moved).into_iter().map(|change| change.0).collect();
        assert_eq!(paths, ["masks/sky/points", "zones/z-1/schedule/days"]);
        // What has no name of its own is one value.
        assert_eq!(told(&json!({"a": [{"x": 1}]}), &json!({"a": [{"x": 2}]}))[0].0, "a");
        assert_eq!(told(&json!({"a": [{"id": "1"}, {"id": "1"}]}), &json!({"a": []}))[0].0, "a");
    }
}
