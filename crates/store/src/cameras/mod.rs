//! Cameras and their zones, as they are configured.

mod calendar;
mod edit;
mod history;
mod rows;
mod site;
mod zones;

use std::collections::BTreeSet;
use std::fmt;

use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::{
    Anchor, Calibration, CameraConfig, Equipment, Polygon, Rule, Schedule, Zone, ZoneId, ZoneType,
};

pub use history::{Author, CameraVersion, Change, Deed, Edit, VersionSettings};
pub use site::{SiteCamera, Upserted};

/// User and password of a camera. Nothing prints or serialises them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The camera's user.
    pub username: String,
    /// The camera's password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// Where a camera's settings come from: what the API gives is not trusted as
/// what the machine's owner wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Somebody with an account.
    Api,
    /// The site file.
    Site,
    /// The command line.
    CommandLine,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Api, Self::Site, Self::CommandLine];

    /// The name, as stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Site => "site",
            Self::CommandLine => "command_line",
        }
    }

    /// The origin with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// One camera, as stored. Not serialisable, so that credentials can't leak by
/// an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraRecord {
    /// Its settings and zones.
    pub config: CameraConfig,
    /// What its source asks for.
    pub credentials: Option<Credentials>,
    /// Who configured it.
    pub origin: Origin,
}

/// A camera to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCamera {
    /// What people call it; unique among cameras that are not deleted.
    pub name: String,
    /// Where pictures come from, without credentials.
    pub source: String,
    /// What the source asks for.
    pub credentials: Option<Credentials>,
    /// Whether it is watched.
    pub enabled: bool,
    /// Whether a file starts again at its end.
    pub repeat: bool,
    /// Most analysed pictures a second.
    pub analysis_rate_max: f64,
    /// Areas in which nobody and nothing is seen.
    pub masks: Vec<Polygon>,
    /// Areas that nobody may see.
    pub privacy_masks: Vec<Polygon>,
    /// How long a metre is where.
    pub calibration: Option<Calibration>,
    /// Who configures it.
    pub origin: Origin,
}

impl NewCamera {
    /// A camera with the usual settings.
    #[must_use]
    pub fn new(name: &str, source: &str, origin: Origin) -> Self {
        Self {
            name: name.to_owned(),
            source: source.to_owned(),
            credentials: None,
            enabled: true,
            repeat: false,
            analysis_rate_max: CameraConfig::ANALYSIS_RATE_MAX,
            masks: Vec::new(),
            privacy_masks: Vec::new(),
            calibration: None,
            origin,
        }
    }
}

/// What to change of a camera; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CameraPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new source.
    pub source: Option<String>,
    /// New credentials, or `Some(None)` to forget them.
    pub credentials: Option<Option<Credentials>>,
    /// Whether it is watched.
    pub enabled: Option<bool>,
    /// Whether a file starts again at its end.
    pub repeat: Option<bool>,
    /// Most analysed pictures a second.
    pub analysis_rate_max: Option<f64>,
    /// Areas in which nobody and nothing is seen.
    pub masks: Option<Vec<Polygon>>,
    /// Areas that nobody may see.
    pub privacy_masks: Option<Vec<Polygon>>,
    /// How long a metre is where, or `Some(None)` to forget it.
    pub calibration: Option<Option<Calibration>>,
    /// Who changes the source; needed where origins differ in trust.
    pub origin: Option<Origin>,
}

/// A zone to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewZone {
    /// What people call it; unique among the camera's zones.
    pub name: String,
    /// What it means.
    pub zone_type: ZoneType,
    /// Its outline, fractions of the picture.
    pub points: Polygon,
    /// The place that it shows, the same for zones of other cameras that see it.
    pub place: Option<String>,
    /// What of a person says whether he is in it.
    pub anchor: Anchor,
    /// Whether its rules apply.
    pub active: bool,
    /// When they do; always unless given.
    pub schedule: Option<Schedule>,
    /// Seconds a condition must hold before its alarm.
    pub dwell_s: f64,
    /// Seconds before the same person raises the same alarm again.
    pub pause_s: f64,
    /// Equipment judged in this zone.
    pub require: BTreeSet<Equipment>,
    /// What else is watched for.
    pub rules: Vec<Rule>,
}

impl NewZone {
    /// A zone with the usual settings.
    #[must_use]
    pub fn new(name: &str, zone_type: ZoneType, points: Polygon) -> Self {
        Self {
            name: name.to_owned(),
            zone_type,
            points,
            place: None,
            anchor: Anchor::default(),
            active: true,
            schedule: None,
            dwell_s: default_dwell_s(),
            pause_s: default_pause_s(),
            require: BTreeSet::new(),
            rules: Vec::new(),
        }
    }

    /// The zone of this id.
    #[must_use]
    pub fn with_id(self, id: ZoneId) -> Zone {
        Zone {
            id,
            name: self.name,
            zone_type: self.zone_type,
            points: self.points,
            active: self.active,
            place: self.place,
            anchor: self.anchor,
            schedule: self.schedule,
            dwell_s: self.dwell_s,
            pause_s: self.pause_s,
            require: self.require,
            rules: self.rules,
        }
    }
}

impl From<Zone> for NewZone {
    /// One like it, without its id.
    fn from(zone: Zone) -> Self {
        Self {
            name: zone.name,
            zone_type: zone.zone_type,
            points: zone.points,
            place: zone.place,
            anchor: zone.anchor,
            active: zone.active,
            schedule: zone.schedule,
            dwell_s: zone.dwell_s,
            pause_s: zone.pause_s,
            require: zone.require,
            rules: zone.rules,
        }
    }
}

/// What to change of a zone; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ZonePatch {
    /// A new name.
    pub name: Option<String>,
    /// A new meaning.
    pub zone_type: Option<ZoneType>,
    /// A new outline.
    pub points: Option<Polygon>,
    /// The place that it shows, or `Some(None)` for none.
    pub place: Option<Option<String>>,
    /// What of a person says whether he is in it.
    pub anchor: Option<Anchor>,
    /// Whether its rules apply.
    pub active: Option<bool>,
    /// When they do, or `Some(None)` for always.
    pub schedule: Option<Option<Schedule>>,
    /// Seconds a condition must hold before its alarm.
    pub dwell_s: Option<f64>,
    /// Seconds before the same person raises the same alarm again.
    pub pause_s: Option<f64>,
    /// Equipment judged in this zone.
    pub require: Option<BTreeSet<Equipment>>,
    /// What else is watched for.
    pub rules: Option<Vec<Rule>>,
}

impl ZonePatch {
    /// Changes a zone.
    pub fn apply(self, zone: &mut Zone) {
        set(&mut zone.name, self.name);
        set(&mut zone.zone_type, self.zone_type);
        set(&mut zone.points, self.points);
        set(&mut zone.place, self.place);
        set(&mut zone.anchor, self.anchor);
        set(&mut zone.active, self.active);
        set(&mut zone.schedule, self.schedule);
        set(&mut zone.dwell_s, self.dwell_s);
        set(&mut zone.pause_s, self.pause_s);
        set(&mut zone.require, self.require);
        set(&mut zone.rules, self.rules);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_printed() {
        let mut camera = NewCamera::new("yard", "rtsp://10.0.0.5/1", Origin::Api);
        camera.credentials =
            Some(Credentials { username: "root-user".into(), password: "s3cret".into() });
        let patch =
            CameraPatch { credentials: Some(camera.credentials.clone()), ..CameraPatch::default() };
        for text in [format!("{camera:?}"), format!("{camera:#?}"), format!("{patch:?}")] {
            assert!(!text.contains("s3cret") && !text.contains("root-user"), "{text}");
        }
    }
}
