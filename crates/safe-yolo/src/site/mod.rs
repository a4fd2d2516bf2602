//! Site files: cameras, zones and rules as text.
//!
//! `read` walks through the text, `table` reads one table of it in spite of its mistakes,
//! `wording` says what is wrong, `contradiction` finds rules that can't go together, and `write`
//! makes a text of cameras.

mod contradiction;
mod mistakes;
mod points;
mod read;
mod table;
mod wording;
mod write;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use safe_yolo_core::{
    Anchor, Calendar, Calibration, CameraConfig, CameraId, Equipment, Polygon, Rule, Schedule,
    Zone, ZoneId, ZoneType, config,
};
use serde::Deserialize;

pub(crate) use mistakes::SiteError;
pub(crate) use write::write;

/// A whole site.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// The site's time zone and holidays; as set in the control room unless given.
    pub(crate) calendar: Option<Calendar>,
    pub(crate) cameras: Vec<SiteCamera>,
}

/// One camera of the file: the only list of its fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteCamera {
    pub(crate) name: String,
    pub(crate) source: String,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    #[serde(default = "yes")]
    pub(crate) repeat: bool,
    #[serde(default = "analysis_rate_max")]
    pub(crate) analysis_rate_max: f64,
    #[serde(default)]
    pub(crate) masks: Vec<Polygon>,
    #[serde(default)]
    pub(crate) privacy_masks: Vec<Polygon>,
    pub(crate) calibration: Option<Calibration>,
    /// The site's.
    #[serde(skip)]
    pub(crate) calendar: Calendar,
    #[serde(default, rename = "zone")]
    pub(crate) zones: Vec<SiteZone>,
}

/// One zone of a camera: the only list of its fields. Those of a rule are in `core`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteZone {
    name: String,
    #[serde(rename = "type")]
    zone_type: ZoneType,
    points: Polygon,
    place: Option<String>,
    #[serde(default)]
    anchor: Anchor,
    #[serde(default = "yes")]
    active: bool,
    schedule: Option<Schedule>,
    #[serde(default = "config::default_dwell_s")]
    dwell_s: f64,
    #[serde(default = "config::default_pause_s")]
    pause_s: f64,
    #[serde(default)]
    require: BTreeSet<Equipment>,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

const fn yes() -> bool {
    true
}

const fn analysis_rate_max() -> f64 {
    CameraConfig::ANALYSIS_RATE_MAX
}

impl Site {
    /// Reads and checks a site file; the error holds all its mistakes.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("site file '{name}'"))?;
        Ok(Self::parse(&name, &text)?)
    }

    /// Reads a text; `name` is that of its file.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, SiteError> {
        read::site(text).map_err(|mistakes| mistakes.of_file(name))
    }

    /// How much is in it.
    pub(crate) fn summary(&self) -> String {
        let zones = || self.cameras.iter().flat_map(|camera| &camera.zones);
        let rules = zones().map(|zone| zone.rules.len()).sum();
        let [cameras, zones, rules] =
            [("camera", self.cameras.len()), ("zone", zones().count()), ("rule", rules)].map(
                |(word, count)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }),
            );
        format!("{cameras}, {zones}, {rules}")
    }

    /// The camera of this name.
    pub(crate) fn camera(&self, name: &str) -> Result<&SiteCamera> {
        self.cameras.iter().find(|camera| camera.name == name).with_context(|| {
            let names: Vec<_> = self.cameras.iter().map(|c| c.name.as_str()).collect();
            format!("the site file has no camera '{name}', it has: {}", names.join(", "))
        })
    }
}

impl SiteCamera {
    /// A camera without zones over a file or address.
    pub(crate) fn plain(name: &str, source: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: source.to_owned(),
            enabled: true,
            repeat: true,
            analysis_rate_max: analysis_rate_max(),
            masks: Vec::new(),
            privacy_masks: Vec::new(),
            calibration: None,
            calendar: Calendar::default(),
            zones: Vec::new(),
        }
    }

    /// The settings, with identifiers that the store replaces by its own.
    pub(crate) fn config(&self) -> Result<CameraConfig> {
        let zones = self
            .zones
            .iter()
            .enumerate()
            .map(|(i, zone)| zone.zone(i + 1))
            .collect::<Result<_>>()?;
        Ok(CameraConfig {
            id: "new".parse::<CameraId>()?,
            name: self.name.clone(),
            source: self.source.clone(),
            enabled: self.enabled,
            repeat: self.repeat,
            analysis_rate_max: self.analysis_rate_max,
            masks: self.masks.clone(),
            privacy_masks: self.privacy_masks.clone(),
            calibration: self.calibration.clone(),
            calendar: self.calendar.clone(),
            zones,
            version: 1,
        })
    }
}

impl SiteZone {
    fn zone(&self, number: usize) -> Result<Zone> {
        Ok(Zone {
            id: format!("zone-{number}").parse::<ZoneId>()?,
            name: self.name.clone(),
            zone_type: self.zone_type,
            points: self.points.clone(),
            place: self.place.clone(),
            anchor: self.anchor,
            active: self.active,
            schedule: self.schedule.clone(),
            dwell_s: self.dwell_s,
            pause_s: self.pause_s,
            require: self.require.clone(),
            rules: self.rules.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
