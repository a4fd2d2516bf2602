//! The files of detection scoring: JSON a line, or YOLO label files.

use std::collections::BTreeMap;

use safe_yolo_core::Class;
use serde::Deserialize;

use super::DetectionError;
use crate::geometry::Rect;
use crate::input::{Fields, LineError, Problem, json, lines, shown};

const TRUTH_FORM: &str = r#"{"file":"a.jpg","boxes":[{"class":"person","box":[x1,y1,x2,y2]}]}"#;
const FOUND_FORM: &str =
    r#"{"file":"a.jpg","detections":[{"class":"person","score":0.9,"box":[x1,y1,x2,y2]}]}"#;
const LABEL_FORM: &str = "class cx cy w h";
const OUTLINE_FORM: &str = "class cx cy w h, or class x y x y x y and further points";

/// A box that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct TrueBox {
    pub class: Class,
    pub rect: Rect,
}

/// A box that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct FoundBox {
    pub class: Class,
    pub score: f64,
    pub rect: Rect,
}

/// What is in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthPicture {
    /// Name of its file, without folders.
    pub name: String,
    /// Everything of the classes that are scored.
    pub boxes: Vec<TrueBox>,
}

/// What was found in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPicture {
    /// Name of its file, without folders.
    pub name: String,
    /// Width and height, pixels, if told.
    pub size: Option<(f64, f64)>,
    /// In any order.
    pub boxes: Vec<FoundBox>,
}

#[derive(Deserialize)]
struct TruthLine {
    file: String,
    boxes: Vec<BoxLine>,
}

#[derive(Deserialize)]
struct FoundLine {
    file: String,
    width: Option<f64>,
    height: Option<f64>,
    detections: Vec<BoxLine>,
}

#[derive(Deserialize)]
struct BoxLine {
    class: String,
    score: Option<f64>,
    #[serde(rename = "box")]
    corners: [f64; 4],
}

/// A file's name without its folders.
#[must_use]
pub fn base_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// Reads the truth: `{"file":..,"boxes":[{"class":..,"box":[x1,y1,x2,y2]}]}` a picture.
///
/// # Errors
/// Names the first line that can't be used, what is wrong and what to write.
pub fn parse_truth(text: &str) -> Result<Vec<TruthPicture>, LineError> {
    pictures(text, |row| {
        let TruthLine { file, boxes } = json(row, TRUTH_FORM)?;
        let boxes = boxes
            .iter()
            .map(|bbox| {
                let rect = rect(bbox.corners)?;
                if rect.area() > 0.0 {
                    return Ok(TrueBox { class: class(&bbox.class)?, rect });
                }
                let expected = "a box with an area: x1 below x2, y1 below y2";
                Err(Problem::Wrong { field: "box", value: corners(bbox.corners), expected })
            })
            .collect::<Result<_, _>>()?;
        Ok((TruthPicture { name: base_name(&file).to_owned(), boxes }, file))
    })
}

/// Reads what was found: `{"file":..,"detections":[{"class":..,"score":..,"box":[..]}]}`
/// a picture, as `safe-yolo detect --json` writes it. A box without area is a
/// wrong one.
///
/// # Errors
/// Names the first line that can't be used, what is wrong and what to write.
pub fn parse_found(text: &str) -> Result<Vec<FoundPicture>, LineError> {
    pictures(text, |row| {
        let FoundLine { file, width, height, detections } = json(row, FOUND_FORM)?;
        let boxes = detections
            .iter()
            .map(|bbox| {
                let rect = rect(bbox.corners)?;
                let score =
                    bbox.score.ok_or(Problem::Missing { field: "score", form: FOUND_FORM })?;
                if !(0.0..=1.0).contains(&score) {
                    let (field, expected) = ("score", "from 0 to 1");
                    let value = shown(&score.to_string());
                    return Err(Problem::Wrong { field, value, expected });
                }
                Ok(FoundBox { class: class(&bbox.class)?, score, rect })
            })
            .collect::<Result<_, _>>()?;
        let size = match (width, height) {
            (Some(width), Some(height)) => {
                for (field, side) in [("width", width), ("height", height)] {
                    if !(1.0..=1e6).contains(&side) {
                        let expected = "from 1 to a million pixels";
                        let value = shown(&side.to_string());
                        return Err(Problem::Wrong { field, value, expected });
                    }
                }
                Some((width, height))
            }
            _ => None,
        };
        Ok((FoundPicture { name: base_name(&file).to_owned(), size, boxes }, file))
    })
}

fn pictures<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<(T, String), Problem>,
) -> Result<Vec<T>, LineError> {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for (line, row) in lines(text) {
        let wrong = |problem| LineError { line, problem };
        let (picture, file) = parse(row).map_err(wrong)?;
        if let Some(first) = first.insert(base_name(&file).to_owned(), line) {
            let what = format!("picture '{}' (names are compared without folders)", shown(&file));
            return Err(wrong(Problem::Twice { what, first }));
        }
        all.push(picture);
    }
    Ok(all)
}

fn class(label: &str) -> Result<Class, Problem> {
    let expected = "a class of this system, such as person, helmet, no_helmet or vest";
    let wrong = || Problem::Wrong { field: "class", value: shown(label), expected };
    Class::from_label(label).ok_or_else(wrong)
}

fn rect(sides: [f64; 4]) -> Result<Rect, Problem> {
    let [x1, y1, x2, y2] = sides;
    if sides.iter().all(|side| side.abs() <= 1e6) && x1 <= x2 && y1 <= y2 {
        return Ok(Rect { x1, y1, x2, y2 });
    }
    let expected = "[x1,y1,x2,y2] in pixels, at most a million, x1 <= x2 and y1 <= y2";
    Err(Problem::Wrong { field: "box", value: corners(sides), expected })
}

fn corners(sides: [f64; 4]) -> String {
    shown(&format!("{sides:?}"))
}

/// Reads a YOLO label file: `class cx cy w h` a line, the class counted from 0,
/// the box by its middle and size in fractions of the picture; or `class x y x y x y` and
/// further points, an outline, which counts as the box around it. `classes` has the
/// class of each number, or none for one that is not scored.
///
/// # Errors
/// Names the first line that can't be used, the field, its value and what to write.
pub fn parse_labels(text: &str, classes: &[Option<Class>]) -> Result<Vec<TrueBox>, LineError> {
    let row = |row: &str| -> Result<Option<TrueBox>, Problem> {
        let numbers = row.split_ascii_whitespace().count();
        let is_box = numbers <= 5;
        let form = if is_box { LABEL_FORM } else { OUTLINE_FORM };
        let mut fields = Fields::new(row.split_ascii_whitespace(), form);
        let expected = "the number of one of the classes given, from 0";
        let most = crate::tracking::real(classes.len());
        let number = fields.number("class", expected, |number| {
            number.fract() == 0.0 && number >= 0.0 && number < most
        })?;
        let rect =
            if is_box { middle(&mut fields)? } else { outline(&mut fields, (numbers / 2).max(3))? };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let class = classes.get(number as usize).copied().flatten();
        Ok(class.map(|class| TrueBox { class, rect }))
    };
    let parsed = lines(text).map(|(line, text)| (line, row(text)));
    parsed
        .filter_map(|(line, parsed)| match parsed {
            Ok(bbox) => bbox.map(Ok),
            Err(problem) => Some(Err(LineError { line, problem })),
        })
        .collect()
}

/// A box by its middle and size.
fn middle<'a>(fields: &mut Fields<'a, impl Iterator<Item = &'a str>>) -> Result<Rect, Problem> {
    let cx = fields.number("cx", "a fraction of the width, 0 to 1", is_place)?;
    let cy = fields.number("cy", "a fraction of the height, 0 to 1", is_place)?;
    let is_size = |part: f64| part > 0.0 && part <= 1.0;
    let w = fields.number("w", "a fraction of the width, above 0, at most 1", is_size)?;
    let h = fields.number("h", "a fraction of the height, above 0, at most 1", is_size)?;
    Ok(Rect::from_xywh(cx - w / 2.0, cy - h / 2.0, w, h))
}

/// The box around an outline of so many points.
fn outline<'a>(
    fields: &mut Fields<'a, impl Iterator<Item = &'a str>>,
    points: usize,
) -> Result<Rect, Problem> {
    let mut around = Rect { x1: 1.0, y1: 1.0, x2: 0.0, y2: 0.0 };
    for _ in 0..points {
        let x = fields.number("x", "a fraction of the width, 0 to 1", is_place)?;
        let y = fields.number("y", "a fraction of the height, 0 to 1", is_place)?;
        around = Rect {
            x1: around.x1.min(x),
            y1: around.y1.min(y),
            x2: around.x2.max(x),
            y2: around.y2.max(y),
        };
    }
    Ok(around)
}

fn is_place(part: f64) -> bool {
    (0.0..=1.0).contains(&part)
}

/// The truth of label files, by name without ending: boxes are scaled to the
/// pixels of the found picture of the same name.
///
/// # Errors
/// When a label file has no picture among the found, or one without size.
pub fn truth_of_labels(
    labels: Vec<(String, Vec<TrueBox>)>,
    found: &[FoundPicture],
) -> Result<Vec<TruthPicture>, DetectionError> {
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let by_stem: BTreeMap<String, &FoundPicture> =
        found.iter().map(|picture| (stem(&picture.name), picture)).collect();
    let picture = |(label, mut boxes): (String, Vec<TrueBox>)| {
        let Some(picture) = by_stem.get(&label) else {
            return Err(DetectionError::NotLooked(label));
        };
        let name = picture.name.clone();
        let Some((width, height)) = picture.size else { return Err(DetectionError::NoSize(name)) };
        for TrueBox { rect, .. } in &mut boxes {
            *rect = Rect {
                x1: rect.x1 * width,
                y1: rect.y1 * height,
                x2: rect.x2 * width,
                y2: rect.y2 * height,
            };
        }
        Ok(TruthPicture { name, boxes })
    };
    labels.into_iter().map(picture).collect()
}
