//! Cameras as the text of a site file.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use safe_yolo_core::{Calendar, CameraConfig};
use serde::Serialize;
use toml::{Table, Value};

/// What comes first, so that a reader finds it; the rest follows by name.
const FIRST: [&str; 15] = [
    "name",
    "source",
    "type",
    "people",
    "window_s",
    "line",
    "direction",
    "class",
    "distance",
    "distance_m",
    "speed",
    "speed_m_s",
    "points",
    "active",
    "enabled",
];

/// The text of a site file; identifiers and versions are not in it.
pub(crate) fn write(calendar: Option<&Calendar>, cameras: &[CameraConfig]) -> Result<String> {
    let mut text = String::new();
    if let Some(calendar) = calendar {
        put(&mut text, "[calendar]", table(calendar).context("the calendar")?)?;
    }
    for camera in cameras {
        if !text.is_empty() {
            text.push('\n');
        }
        let mut settings = table(camera).with_context(|| format!("camera '{}'", camera.name))?;
        for other in ["id", "version", "zones", "calendar"] {
            settings.remove(other);
        }
        put(&mut text, "[[camera]]", settings)?;
        for zone in &camera.zones {
            let place = || format!("camera '{}', zone '{}'", camera.name, zone.name);
            let mut settings = table(zone).with_context(place)?;
            settings.remove("id");
            settings.remove("rules");
            put(&mut text, "\n[[camera.zone]]", settings)?;
            for rule in &zone.rules {
                put(&mut text, "\n[[camera.zone.rule]]", table(rule).with_context(place)?)?;
            }
        }
    }
    Ok(text)
}

fn table(of: &impl Serialize) -> Result<Table> {
    Ok(Table::try_from(of)?)
}

fn put(text: &mut String, header: &str, mut settings: Table) -> Result<()> {
    writeln!(text, "{header}")?;
    let first = FIRST.into_iter().filter_map(|key| settings.remove_entry(key));
    let first: Vec<(String, Value)> = first.collect();
    for (key, value) in first.into_iter().chain(settings) {
        writeln!(text, "{key} = {value}")?;
    }
    Ok(())
}
