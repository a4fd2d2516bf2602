//! Detections: average precision by class, as COCO has it (Lin et al.,
//! "Microsoft COCO: Common Objects in Context", ECCV 2014).

mod files;
mod precision;

use std::collections::{BTreeMap, BTreeSet};

use safe_yolo_core::Class;
use serde::Serialize;

pub use files::{
    FoundBox, FoundPicture, TrueBox, TruthPicture, base_name, parse_found, parse_labels,
    parse_truth, truth_of_labels,
};

/// Most detections of one class in one picture; the surest are kept (COCO's `maxDets`).
pub const DETECTIONS_MAX: usize = 100;

/// Why detections have no score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectionError {
    /// The truth has no box.
    #[error("the truth has no box: there is nothing to find")]
    NoTruth,
    /// A picture was not looked at.
    #[error(
        "picture '{0}' of the truth is not among the found: look at it, or write it with \
         \"detections\":[] if nothing was found"
    )]
    NotLooked(String),
    /// A picture has no truth.
    #[error("picture '{0}' is not in the truth: add it there (without boxes if it has none)")]
    Unknown(String),
    /// A label file was given for a picture whose size nobody told.
    #[error("picture '{0}' has no \"width\" and \"height\": label files are in fractions of them")]
    NoSize(String),
}

/// The precision of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRow {
    /// Which class.
    pub class: Class,
    /// True boxes.
    #[serde(rename = "true")]
    pub true_boxes: usize,
    /// Detections, all scores.
    pub found: usize,
    /// Average precision at an overlap of 0.50; none without true boxes.
    pub ap50: Option<f64>,
    /// Mean of it at 0.50, 0.55 to 0.95; none without true boxes.
    pub ap50_95: Option<f64>,
}

/// The score of detections.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectionScore {
    /// How many pictures.
    pub pictures: usize,
    /// One row a class that is true or found anywhere.
    pub classes: Vec<ClassRow>,
    /// Mean of `ap50` over the classes that have true boxes.
    pub map50: f64,
    /// Mean of `ap50_95` over the classes that have true boxes.
    pub map50_95: f64,
}

/// Scores the found boxes. Neither the order of the pictures nor that of the true
/// boxes matters; of detections with equal scores that of the picture whose name
/// sorts first comes first, and in one picture the one written first.
///
/// # Errors
/// When a picture is on one side only, or nothing is true.
pub fn score(
    truth: &[TruthPicture],
    found: &[FoundPicture],
) -> Result<DetectionScore, DetectionError> {
    let true_of: BTreeMap<&str, &TruthPicture> =
        truth.iter().map(|picture| (picture.name.as_str(), picture)).collect();
    let found_of: BTreeMap<&str, &FoundPicture> =
        found.iter().map(|picture| (picture.name.as_str(), picture)).collect();
    if let Some(name) = true_of.keys().find(|name| !found_of.contains_key(**name)) {
        return Err(DetectionError::NotLooked((*name).to_owned()));
    }
    if let Some(name) = found_of.keys().find(|name| !true_of.contains_key(**name)) {
        return Err(DetectionError::Unknown((*name).to_owned()));
    }
    let of_truth = truth.iter().flat_map(|picture| picture.boxes.iter().map(|bbox| bbox.class));
    let of_found = found.iter().flat_map(|picture| picture.boxes.iter().map(|bbox| bbox.class));
    let classes: BTreeSet<Class> = of_truth.chain(of_found).collect();
    let rows: Vec<ClassRow> = classes
        .into_iter()
        .map(|class| {
            let pictures = true_of.iter().map(|(name, truth)| {
                let found = found_of.get(name).map_or(&[][..], |picture| &picture.boxes);
                precision::Picture::new(class, &truth.boxes, found)
            });
            precision::row(class, &pictures.collect::<Vec<_>>())
        })
        .collect();
    let mean = |of: fn(&ClassRow) -> Option<f64>| {
        let values: Vec<f64> = rows.iter().filter_map(of).collect();
        (!values.is_empty())
            .then(|| values.iter().sum::<f64>() / crate::tracking::real(values.len()))
    };
    let (Some(map50), Some(map50_95)) = (mean(|row| row.ap50), mean(|row| row.ap50_95)) else {
        return Err(DetectionError::NoTruth);
    };
    Ok(DetectionScore { pictures: true_of.len(), classes: rows, map50, map50_95 })
}
