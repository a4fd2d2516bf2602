//! Site files: cameras, zones and rules as text.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use safe_yolo_core::config::ConfigError;
use safe_yolo_core::{
    Anchor, Calendar, Calibration, CameraConfig, CameraId, Equipment, Polygon, Rule, Schedule,
    Zone, ZoneId, ZoneType, config,
};
use serde::Deserialize;

/// A whole site.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    /// The site's time zone and holidays; as set in the control room unless given.
    pub(crate) calendar: Option<Calendar>,
    #[serde(default, rename = "camera")]
    pub(crate) cameras: Vec<SiteCamera>,
}

/// One camera of the file.
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
    pub(crate) calibration: Option<Calibration>,
    /// The site's.
    #[serde(skip)]
    pub(crate) calendar: Calendar,
    #[serde(default, rename = "zone")]
    pub(crate) zones: Vec<SiteZone>,
}

/// One zone of a camera.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteZone {
    name: String,
    #[serde(rename = "type")]
    zone_type: ZoneType,
    points: Polygon,
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
    /// Reads and checks a site file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("site file '{}'", path.display()))?;
        Self::parse(&text).with_context(|| format!("site file '{}'", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        // The error of the TOML reader names line and column.
        let mut site: Self = toml::from_str(text)?;
        for camera in &mut site.cameras {
            camera.calendar = site.calendar.clone().unwrap_or_default();
        }
        let count = site.cameras.len();
        if count > CameraConfig::CAMERAS_MAX {
            bail!(ConfigError::TooManyCameras(count));
        }
        let mut names = BTreeSet::new();
        for camera in &site.cameras {
            if !names.insert(camera.name.as_str()) {
                bail!("two cameras are named '{}': give each its own name", camera.name);
            }
            camera.config()?.validate().with_context(|| format!("camera '{}'", camera.name))?;
        }
        Ok(site)
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
            active: self.active,
            anchor: self.anchor,
            schedule: self.schedule.clone(),
            dwell_s: self.dwell_s,
            pause_s: self.pause_s,
            require: self.require.clone(),
            rules: self.rules.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YARD: &str = r#"
[[camera]]
name = "yard"
source = "rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1"
[[camera.zone]]
name = "press"
type = "danger"
points = [[0.10, 0.55], [0.42, 0.50], [0.47, 0.98], [0.08, 0.98]]
dwell_s = 1.0
require = ["helmet"]
[[camera.zone.rule]]
type = "lone_worker"
dwell_s = 120
[[camera.zone.rule]]
type = "proximity"
class = "forklift"
distance = 0.5
message = { ko = "지게차 접근", en = "forklift" }
"#;

    #[test]
    fn the_smallest_form_is_read() {
        let site = Site::parse(YARD).unwrap();
        let config = site.camera("yard").unwrap().config().unwrap();
        assert_eq!(config.zones[0].points.points().len(), 4);
        assert!((config.zones[0].dwell_s - 1.0).abs() < 1e-9);
        assert!((config.zones[0].pause_s - 30.0).abs() < 1e-9);
        let rules = &config.zones[0].rules;
        assert!((rules[0].dwell_s - 120.0).abs() < 1e-9 && rules[1].name == "proximity");
        assert_eq!(rules[1].message.as_ref().unwrap().ko, "지게차 접근");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (from, to, says) in [
            ("\"danger\"", "\"dangerous\"", "line 7"),
            ("[0.08, 0.98]]", "[0.08, 1.98]]", "outside the picture"),
            ("[0.47, 0.98], [0.08, 0.98]]", "[0.08, 0.98], [0.47, 0.98]]", "crosses"),
            ("dwell_s = 1.0", "dwell_s = -1.0", "dwell_s is -1"),
            ("dwell_s", "dwel_s", "unknown field `dwel_s`"),
            ("\"helmet\"", "\"hat\"", "line 10"),
            ("[0.42, 0.50], [0.47, 0.98], ", "", "at least 3 points"),
            ("dwell_s = 120", "people = 3", "line 11"),
            ("dwell_s = 120", "people = 3", "of type lone_worker takes no 'people'"),
            ("\"lone_worker\"", "\"proximity\"\nclass = \"vehicle\"", "needs 'distance'"),
            ("\"lone_worker\"", "\"fall\"\nname = \"proximity\"", "two rules of zone 'press'"),
            ("class = \"forklift\"", "class = \"cat\"", "line 16"),
        ] {
            let error = format!("{:#}", Site::parse(&YARD.replace(from, to)).unwrap_err());
            assert!(error.contains(says), "{says}: {error}");
        }
        let error = Site::parse(YARD).unwrap().camera("gate").unwrap_err().to_string();
        assert!(error.contains("'gate'") && error.contains("yard"), "{error}");
    }
}
