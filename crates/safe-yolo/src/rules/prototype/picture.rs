//! What the points of the prototype are: stated by whoever imports, never guessed.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use safe_yolo_core::{FractionPoint, PictureSize, Polygon};

use super::record::Point;

/// What points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Pixels of a picture of this size.
    Pixels(PictureSize),
    /// Of width and height, from 0 to 1.
    Fractions,
}

/// One `--picture-size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatedSize {
    /// For all cameras unless given.
    camera: Option<i64>,
    unit: Unit,
}

impl FromStr for StatedSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (camera, unit) = match text.split_once('=') {
            Some((id, unit)) => match id.parse() {
                Ok(id) => (Some(id), unit),
                Err(_no_number) => return Err(format!("'{id}' is no number of a camera")),
            },
            None => (None, text),
        };
        let unit = if unit == "fractions" {
            Unit::Fractions
        } else {
            let size = unit.parse().map_err(|error| format!("{error}, or `fractions`"))?;
            Unit::Pixels(size)
        };
        Ok(Self { camera, unit })
    }
}

/// All that was stated.
#[derive(Debug)]
pub(super) struct PictureSizes {
    usual: Unit,
    of_cameras: BTreeMap<i64, Unit>,
}

impl PictureSizes {
    pub(super) fn new(stated: &[StatedSize]) -> Result<Self> {
        let mut usual = None;
        let mut of_cameras = BTreeMap::new();
        for StatedSize { camera, unit } in stated {
            let before = match camera {
                Some(id) => of_cameras.insert(*id, *unit),
                None => usual.replace(*unit),
            };
            ensure!(
                before.is_none(),
                "--picture-size is given twice for the same cameras: leave one out"
            );
        }
        let Some(usual) = usual else {
            bail!("--picture-size is missing for the other cameras: give one without ID=, too")
        };
        Ok(Self { usual, of_cameras })
    }

    pub(super) fn of(&self, camera: i64) -> Unit {
        self.of_cameras.get(&camera).copied().unwrap_or(self.usual)
    }

    /// What is wrong with sizes of cameras that are not there.
    pub(super) fn unknown(&self, cameras: &[i64]) -> Vec<String> {
        let unknown = self.of_cameras.keys().filter(|id| !cameras.contains(id));
        unknown.map(|id| format!("--picture-size {id}=…: there is no camera {id}")).collect()
    }
}

impl Unit {
    /// The outline in fractions.
    pub(super) fn outline(self, points: &[Point]) -> Result<Polygon> {
        let within = |most: (f64, f64)| {
            move |p: &&Point| !((0.0..=most.0).contains(&p.x) && (0.0..=most.1).contains(&p.y))
        };
        let fractions = match self {
            Self::Fractions => {
                if let Some(Point { x, y }) = points.iter().find(within((1.0, 1.0))) {
                    bail!(
                        "its point ({x}, {y}) is no fraction of the picture, which has numbers from 0 \
                         to 1: state the size of the picture that it was drawn in, as in \
                         --picture-size 1280x720"
                    );
                }
                points.iter().map(|p| FractionPoint { x: p.x, y: p.y }).collect()
            }
            Self::Pixels(size) => {
                let (width, height) = (f64::from(size.width), f64::from(size.height));
                if let Some(Point { x, y }) = points.iter().find(within((width, height))) {
                    bail!(
                        "its point ({x}, {y}) is outside a picture of {size}: state the size of the \
                         picture that it was drawn in"
                    );
                }
                if points.iter().all(|p| p.x <= 1.0 && p.y <= 1.0) {
                    bail!(
                        "all its points lie within 0 to 1: as pixels of {size} that is a single one, so \
                         they are fractions, or wrong; if fractions, give --picture-size fractions (for \
                         this camera alone: ID=fractions)"
                    );
                }
                // Corners of the picture are whole numbers in either unit.
                let is_fraction = |p: &&Point| {
                    p.x <= 1.0 && p.y <= 1.0 && (p.x.fract() > 0.0 || p.y.fract() > 0.0)
                };
                if let Some(Point { x, y }) = points.iter().find(is_fraction) {
                    bail!(
                        "its point ({x}, {y}) looks like a fraction and others are pixels: correct the                          point, or take the zone out and draw it anew"
                    );
                }
                points.iter().map(|p| FractionPoint { x: p.x / width, y: p.y / height }).collect()
            }
        };
        Ok(Polygon::new(fractions)?)
    }
}
