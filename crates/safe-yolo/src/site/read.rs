//! From the text to the site, or to all that is wrong with it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use safe_yolo_core::config::ConfigError;
use safe_yolo_core::rule::RuleError;
use safe_yolo_core::{Calendar, CameraConfig, Rule, Zone};
use safe_yolo_media::source::{SourceError, SourcePolicy, SourceSpec};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::contradiction::{self, Placed};
use super::mistakes::Mistakes;
use super::table::{Kind, Reading, Table, Trouble};
use super::{Site, SiteCamera, SiteZone, wording};

/// Longest part of a name that is shown, characters.
const NAME_SHOWN_MAX: usize = 40;

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads a site.
pub(super) fn site(text: &str) -> Result<Site, Mistakes<'_>> {
    let mut mistakes = Mistakes::new(text);
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => {
            let at = error.span().map_or(text.len(), |span| span.start);
            let message = error.message().lines().next().unwrap_or_default();
            mistakes.add(at, format!("this is no TOML: {message}"));
            return Err(mistakes);
        }
    };
    let mut site = Site::default();
    for (key, value) in &root {
        match key.get_ref().as_ref() {
            "camera" => site.cameras = cameras(value, &mut mistakes),
            "calendar" => site.calendar = calendar(value, &mut mistakes),
            other => {
                let says = wording::unknown_field(other, &["calendar", "camera"]);
                mistakes.add(key.span().start, says);
            }
        }
    }
    for camera in &mut site.cameras {
        camera.calendar = site.calendar.clone().unwrap_or_default();
    }
    if mistakes.is_empty() { Ok(site) } else { Err(mistakes) }
}

fn calendar(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Calendar> {
    let DeValue::Table(settings) = value.get_ref() else {
        mistakes.add(value.span().start, "write [calendar] before the calendar".to_owned());
        return None;
    };
    let table = Table {
        kind: Kind::Calendar,
        at: value.span(),
        settings: settings.clone(),
        owner: "calendar: ".to_owned(),
        place: "calendar: ".to_owned(),
    };
    table.read(mistakes, |table| Ok(Calendar::deserialize(table)?)).value
}

fn cameras(value: &Value<'_>, mistakes: &mut Mistakes) -> Vec<SiteCamera> {
    let tables = tables(value, "[[camera]]", "", mistakes);
    let count = tables.len();
    if let Some(table) = tables.get(CameraConfig::CAMERAS_MAX) {
        mistakes.add(table.0.start, ConfigError::TooManyCameras(count).to_string());
    }
    let mut names = Names::default();
    let mut cameras = Vec::new();
    for (number, (at, settings)) in (1..).zip(tables) {
        let place = named("camera", number, settings);
        let before = mistakes.count();
        let Reading { value, wrong } = camera_settings(at.clone(), settings, &place, mistakes);
        let zones = match settings.get("zone") {
            Some(zones) => self::zones(zones, &place, mistakes),
            None => Vec::new(),
        };
        let Some(mut camera) = value else { continue };
        if !wrong.contains("name")
            && let Some(line) = names.add(&camera.name, place_of(settings, "name", &at), mistakes)
        {
            let name = &camera.name;
            let says = format!(
                "two cameras are named '{name}': give each its own name (line {line} has the other)"
            );
            mistakes.add(place_of(settings, "name", &at), says);
        }
        if !wrong.contains("source")
            && let Some(says) = address(&camera.source)
        {
            mistakes.add(place_of(settings, "source", &at), format!("{place}: {says}"));
        }
        camera.zones = zones;
        if mistakes.count() == before
            && let Err(error) =
                camera.config().map(|config| config.validate()).unwrap_or_else(|_no_id| Ok(()))
        {
            // What zones and camera say does not fit together.
            mistakes.add(at.start, format!("{place}: {error}"));
        }
        cameras.push(camera);
    }
    cameras
}

fn camera_settings(
    at: Range<usize>,
    settings: &DeTable<'_>,
    place: &str,
    mistakes: &mut Mistakes,
) -> Reading<SiteCamera> {
    let mut own = settings.clone();
    own.remove("zone");
    let place = format!("{place}: ");
    let table = Table { kind: Kind::Camera, at, settings: own, owner: place.clone(), place };
    table.read(mistakes, |table| {
        let camera = SiteCamera::deserialize(table)?;
        let config = camera.config().map_err(|error| no_setting(&error))?;
        config.validate().map_err(|error| sense(&error))?;
        Ok(camera)
    })
}

fn zones(value: &Value<'_>, camera: &str, mistakes: &mut Mistakes) -> Vec<SiteZone> {
    let tables = tables(value, "[[camera.zone]]", camera, mistakes);
    let count = tables.len();
    if let Some(table) = tables.get(CameraConfig::ZONES_MAX) {
        let says = format!("{camera}: {}", ConfigError::TooManyZones(count));
        mistakes.add(table.0.start, says);
    }
    let mut names = Names::default();
    let mut zones = Vec::new();
    for (number, (at, settings)) in (1..).zip(tables) {
        let place = format!("{camera}, {}", named("zone", number, settings));
        let zone = zone_settings(at.clone(), settings, &place, mistakes);
        let rules = match settings.get("rule") {
            Some(rules) => self::rules(rules, &place, mistakes),
            None => Vec::new(),
        };
        let Some(mut value) = zone.value else { continue };
        if !zone.wrong.contains("name")
            && let Some(line) = names.add(&value.name, place_of(settings, "name", &at), mistakes)
        {
            let says = ConfigError::ZoneTwice(value.name.clone());
            let says = format!("{camera}: {says} (line {line} has the other)");
            mistakes.add(place_of(settings, "name", &at), says);
        }
        let placed: Vec<_> =
            rules.iter().map(|(rule, at)| Placed { rule, at: at.clone() }).collect();
        for (at, says) in contradiction::find(value.zone_type, &placed) {
            mistakes.add(at, format!("{place}: {says}"));
        }
        value.rules = rules.into_iter().map(|(rule, _)| rule).collect();
        zones.push(value);
    }
    zones
}

fn zone_settings(
    at: Range<usize>,
    settings: &DeTable<'_>,
    place: &str,
    mistakes: &mut Mistakes,
) -> Reading<SiteZone> {
    let mut own = settings.clone();
    own.remove("rule");
    let place = format!("{place}: ");
    let table = Table { kind: Kind::Zone, at, settings: own, owner: place.clone(), place };
    table.read(mistakes, |table| {
        let zone = SiteZone::deserialize(table)?;
        let config = zone.zone(1).map_err(|error| no_setting(&error))?;
        config.validate().map_err(|error| sense(&error))?;
        Ok(zone)
    })
}

/// The rules that are sound, each with its place.
fn rules(value: &Value<'_>, zone: &str, mistakes: &mut Mistakes) -> Vec<(Rule, Range<usize>)> {
    let tables = tables(value, "[[camera.zone.rule]]", zone, mistakes);
    let count = tables.len();
    if let Some(table) = tables.get(Zone::RULES_MAX) {
        let most = Zone::RULES_MAX;
        let says = format!("{zone}: a zone may have at most {most} rules, this one has {count}");
        mistakes.add(table.0.start, says);
    }
    let mut names = Names::default();
    let mut rules = Vec::new();
    for (number, (at, settings)) in (1..).zip(tables) {
        let table = Table {
            kind: Kind::Rule,
            at: at.clone(),
            settings: settings.clone(),
            owner: format!("{zone}: "),
            place: format!("{zone}, {}: ", named("rule", number, settings)),
        };
        let reading = table.read(mistakes, |table| {
            Rule::read(table)?.map_err(|error| Trouble::Sense {
                setting: Some(error.setting()),
                of_kind: matches!(error, RuleError::Missing { .. } | RuleError::Unused { .. }),
                says: error.to_string(),
            })
        });
        let is_sound = reading.is_sound();
        let Some(rule) = reading.value else { continue };
        if !reading.wrong.contains("name")
            && !reading.wrong.contains("type")
            && let Some(line) = names.add(&rule.name, place_of(settings, "name", &at), mistakes)
        {
            let name = &rule.name;
            let says = format!(
                "{zone}: two of its rules are named '{name}': give each its own name (line {line} has the other)"
            );
            mistakes.add(place_of(settings, "name", &at), says);
        }
        if is_sound {
            rules.push((rule, at));
        }
    }
    rules
}

fn sense(error: &ConfigError) -> Trouble {
    let setting = match error {
        ConfigError::Range { field, .. } => Some(*field),
        ConfigError::Name { .. } => Some("name"),
        _ => None,
    };
    Trouble::Sense { setting, of_kind: false, says: error.to_string() }
}

fn no_setting(error: &anyhow::Error) -> Trouble {
    Trouble::Sense { setting: None, of_kind: false, says: format!("{error:#}") }
}

/// The tables of a list of tables; one alone is taken, too, so that what is in it is looked at.
fn tables<'v, 'i>(
    value: &'v Value<'i>,
    header: &str,
    owner: &str,
    mistakes: &mut Mistakes,
) -> Vec<(Range<usize>, &'v DeTable<'i>)> {
    let colon = if owner.is_empty() { "" } else { ": " };
    let says =
        || format!("{owner}{colon}write {header}, in two pairs of brackets, before each one");
    match value.get_ref() {
        DeValue::Array(array) => array
            .iter()
            .filter_map(|element| match element.get_ref() {
                DeValue::Table(table) => Some((element.span(), table)),
                _ => {
                    mistakes.add(element.span().start, says());
                    None
                }
            })
            .collect(),
        DeValue::Table(table) => {
            mistakes.add(value.span().start, says());
            vec![(value.span(), table)]
        }
        _ => {
            mistakes.add(value.span().start, says());
            Vec::new()
        }
    }
}

/// What a table is called in messages: by its name, or its type, or its number.
fn named(what: &str, number: usize, settings: &DeTable<'_>) -> String {
    let text = |key| settings.get(key).and_then(|value| value.get_ref().as_str());
    let name = text("name").or_else(|| (what == "rule").then(|| text("type")).flatten());
    let name = name.filter(|name| !name.trim().is_empty() && !name.chars().any(char::is_control));
    match name {
        Some(name) => {
            let shown: String = name.chars().take(NAME_SHOWN_MAX).collect();
            format!("{what} '{shown}'")
        }
        None => format!("{what} {number}"),
    }
}

/// Where a setting's value stands, or the table where it is not there.
fn place_of(settings: &DeTable<'_>, key: &str, table: &Range<usize>) -> usize {
    settings.get(key).map_or(table.start, |value| value.span().start)
}

/// Names that must differ, each with its place.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// The line of the same name, if there was one before.
    fn add(&mut self, name: &str, at: usize, mistakes: &Mistakes) -> Option<usize> {
        if let Some(first) = self.0.get(name) {
            return Some(mistakes.line(*first));
        }
        self.0.insert(name.to_owned(), at);
        None
    }
}

/// What is wrong with an address, whatever this machine has of files and variables.
fn address(source: &str) -> Option<String> {
    let policy = SourcePolicy {
        trusted: true,
        env: Some(Arc::new(|_| Some("1".to_owned()))),
        ..SourcePolicy::default()
    };
    match SourceSpec::parse(source, &policy) {
        Err(
            error @ (SourceError::Text
            | SourceError::Scheme(_)
            | SourceError::Url { .. }
            | SourceError::EnvSyntax
            | SourceError::Credentials),
        ) => Some(error.to_string()),
        _ => None,
    }
}
