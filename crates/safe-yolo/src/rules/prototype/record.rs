//! Cameras and zones as the prototype stores them.
//!
//! Its tables are `cameras` (id, name, source, source_type `file` or `rtsp`, is_active) and `rois`
//! (id, camera_id, name, points, color, zone_type `warning` or `danger`, is_active), both with
//! times. `points` is a text with a JSON list of `{"x": …, "y": …}`, in the answers of its API the
//! list itself; rows of SQLite have 0 and 1 for yes and no.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::read_bounded;

/// A camera of the prototype.
#[derive(Debug)]
pub(super) struct Camera {
    /// What it is called in messages.
    pub(super) place: String,
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) source_type: String,
    pub(super) is_active: bool,
}

/// A zone of the prototype.
#[derive(Debug)]
pub(super) struct Roi {
    /// What it is called in messages.
    pub(super) place: String,
    pub(super) camera_id: i64,
    pub(super) name: String,
    pub(super) points: Vec<Point>,
    /// The prototype takes none for a warning zone.
    pub(super) zone_type: Option<String>,
    pub(super) is_active: bool,
}

/// A corner of a zone, in whatever unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

const CAMERA_FIELDS: [&str; 7] =
    ["id", "name", "source", "source_type", "is_active", "created_at", "updated_at"];
const ROI_FIELDS: [&str; 9] = [
    "id",
    "camera_id",
    "name",
    "points",
    "color",
    "zone_type",
    "is_active",
    "created_at",
    "updated_at",
];

/// All that was read.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) cameras: Vec<Camera>,
    pub(super) rois: Vec<Roi>,
    /// What could not be.
    pub(super) wrong: Vec<String>,
}

impl Records {
    /// Adds those of a file.
    pub(super) fn read(&mut self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let bytes = read_bounded(path)?;
        if bytes.starts_with(b"SQLite format 3\0") {
            bail!(
                "'{name}' is the prototype's database itself: give its tables as JSON, from \
                 `sqlite3 -json {name} 'SELECT * FROM cameras'` and the same with rois"
            );
        }
        let value: Value = serde_json::from_slice(&bytes).with_context(|| {
            format!("'{name}' is no JSON: give what the prototype's API answers")
        })?;
        let lists = match value {
            Value::Array(list) => vec![list],
            Value::Object(mut object) => {
                let known = ["cameras", "rois"];
                if let Some(other) = object.keys().find(|key| !known.contains(&key.as_str())) {
                    bail!("'{name}': unknown field '{other}': known here are cameras, rois");
                }
                let mut lists = Vec::new();
                for key in known {
                    match object.remove(key) {
                        Some(Value::Array(list)) => lists.push(list),
                        Some(_) => bail!("'{name}': '{key}' must be a list"),
                        None => {}
                    }
                }
                lists
            }
            _ => bail!("'{name}' must hold a list of cameras or zones"),
        };
        for (number, record) in (1..).zip(lists.into_iter().flatten()) {
            let place = format!("{name}: record {number}");
            if let Err(error) = self.add(&place, record) {
                self.wrong.push(format!("{error:#}"));
            }
        }
        Ok(())
    }

    fn add(&mut self, place: &str, record: Value) -> Result<()> {
        let Value::Object(map) = record else { bail!("{place} is no camera and no zone") };
        let mut fields = Fields { map, place: place.to_owned() };
        if fields.map.contains_key("camera_id") || fields.map.contains_key("points") {
            let roi = fields.roi()?;
            self.rois.push(roi);
        } else if fields.map.contains_key("source") || fields.map.contains_key("source_type") {
            let camera = fields.camera()?;
            if self.cameras.iter().any(|other| other.id == camera.id) {
                bail!("{}: there is another camera {}: give each once", camera.place, camera.id);
            }
            self.cameras.push(camera);
        } else {
            bail!("{place} is no camera (it has no source) and no zone (it has no points)");
        }
        Ok(())
    }
}

/// The fields of a record, taken one by one.
struct Fields {
    map: Map<String, Value>,
    place: String,
}

impl Fields {
    fn camera(&mut self) -> Result<Camera> {
        self.name_it("camera", &CAMERA_FIELDS)?;
        Ok(Camera {
            id: self.number("id")?,
            name: self.text("name")?,
            source: self.text("source")?,
            source_type: self.text("source_type")?,
            is_active: self.flag("is_active")?,
            place: self.place.clone(),
        })
    }

    fn roi(&mut self) -> Result<Roi> {
        self.name_it("zone", &ROI_FIELDS)?;
        let zone_type = match self.map.get("zone_type") {
            Some(Value::Null) => None,
            _ => Some(self.text("zone_type")?),
        };
        Ok(Roi {
            camera_id: self.number("camera_id")?,
            name: self.text("name")?,
            points: self.points()?,
            zone_type,
            is_active: self.flag("is_active")?,
            place: self.place.clone(),
        })
    }

    /// From now on messages name it; unknown fields are refused.
    fn name_it(&mut self, what: &str, known: &[&str]) -> Result<()> {
        let id = self.map.get("id").and_then(Value::as_i64);
        let number = id.map_or(String::new(), |id| format!(" {id}"));
        if let Some(name) = self.map.get("name").and_then(Value::as_str) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            self.place = format!("{}, {what}{number} '{shown}'", self.place);
        }
        let unknown = self.map.keys().find(|key| !known.contains(&key.as_str()));
        match unknown {
            Some(key) => {
                bail!("{}: unknown field '{key}': known here are {}", self.place, known.join(", "))
            }
            None => Ok(()),
        }
    }

    fn value(&self, field: &str) -> Result<&Value> {
        let place = &self.place;
        self.map.get(field).with_context(|| format!("{place}: '{field}' is missing: add it"))
    }

    /// Shows no value: the source may hold a password.
    fn must_be(&self, field: &str, what: &str) -> anyhow::Error {
        anyhow::anyhow!("{}: '{field}' must be {what}", self.place)
    }

    fn text(&self, field: &str) -> Result<String> {
        let text = self.value(field)?.as_str().map(str::to_owned);
        text.ok_or_else(|| self.must_be(field, "text"))
    }

    fn number(&self, field: &str) -> Result<i64> {
        self.value(field)?.as_i64().ok_or_else(|| self.must_be(field, "a whole number"))
    }

    fn flag(&self, field: &str) -> Result<bool> {
        match self.value(field)? {
            Value::Bool(flag) => Ok(*flag),
            Value::Number(number) if number.as_i64() == Some(0) => Ok(false),
            Value::Number(number) if number.as_i64() == Some(1) => Ok(true),
            _ => Err(self.must_be(field, "true or false (in rows of SQLite 1 or 0)")),
        }
    }

    fn points(&self) -> Result<Vec<Point>> {
        let wrong = || self.must_be("points", "a list as in [{\"x\": 1, \"y\": 2}, …]");
        let value = match self.value("points")? {
            Value::String(text) => serde_json::from_str(text).map_err(|_no_json| wrong())?,
            value => value.clone(),
        };
        let Value::Array(list) = value else { return Err(wrong()) };
        list.iter().map(|value| point(value).ok_or_else(wrong)).collect()
    }
}

fn point(value: &Value) -> Option<Point> {
    let (x, y) = match value {
        Value::Object(map) if map.len() == 2 => (map.get("x")?, map.get("y")?),
        Value::Array(pair) if pair.len() == 2 => (pair.first()?, pair.get(1)?),
        _ => return None,
    };
    Some(Point { x: x.as_f64()?, y: y.as_f64()? })
}
