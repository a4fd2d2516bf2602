//! Scores as tables to be read by people; the JSON is that of the scores themselves.

use serde::Serialize;

use crate::detection::DetectionScore;
use crate::events::{EventRow, EventScore};
use crate::tracking::{TrackingCounts, TrackingScore, real};

/// A table in plain text: the first column to the left, the others to the right.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let length = |text: &str| text.chars().count();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell));
        cells.chain(head.get(column).map(|cell| length(cell))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut out = String::new();
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let space = " ".repeat(width.saturating_sub(length(cell)));
            match column {
                0 => out.extend([cell.as_str(), &space]),
                _ => out.extend(["  ", &space, cell.as_str()]),
            }
        }
        format!("{}\n", out.trim_end())
    };
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    line(&head) + &rows.iter().map(|row| line(row)).collect::<String>()
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// Events as a table; points, precision and recall of 100.
#[must_use]
pub fn events(score: &EventScore) -> String {
    let row = |row: &EventRow| {
        vec![
            row.event_type.clone(),
            row.true_events.to_string(),
            row.found.to_string(),
            row.false_events.to_string(),
            row.missed.to_string(),
            percent(row.precision),
            percent(row.recall),
            percent(row.f1),
            if row.pass { "pass" } else { "fail" }.to_owned(),
        ]
    };
    let head =
        ["type", "true", "found", "false", "missed", "precision", "recall", "points", "90 points"];
    let rows: Vec<_> = score.types.iter().chain([&score.all]).map(row).collect();
    table(&head, &rows)
}

/// Detections as a table, per cent.
#[must_use]
pub fn detection(score: &DetectionScore) -> String {
    let mut rows: Vec<Vec<String>> = score
        .classes
        .iter()
        .map(|row| {
            vec![
                row.class.name().to_owned(),
                row.true_boxes.to_string(),
                row.found.to_string(),
                percent(row.ap50),
                percent(row.ap50_95),
            ]
        })
        .collect();
    let sum = |of: fn(&crate::detection::ClassRow) -> usize| score.classes.iter().map(of).sum();
    let (true_boxes, found): (usize, usize) = (sum(|row| row.true_boxes), sum(|row| row.found));
    rows.push(vec![
        "mean".to_owned(),
        true_boxes.to_string(),
        found.to_string(),
        percent(Some(score.map50)),
        percent(Some(score.map50_95)),
    ]);
    table(&["class", "true", "found", "AP50", "AP50:95"], &rows)
}

/// A sequence with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedTracking {
    /// Its name.
    pub name: String,
    /// Its measures.
    #[serde(flatten)]
    pub score: TrackingScore,
}

/// Plain means over sequences, each of the same weight; a sequence without a
/// value is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the measures")]
pub struct TrackingMean {
    pub hota: Option<f64>,
    pub det_a: Option<f64>,
    pub ass_a: Option<f64>,
    pub loc_a: Option<f64>,
    pub idf1: Option<f64>,
    pub mota: Option<f64>,
    pub mota_trackeval: Option<f64>,
}

/// The score of tracks in one or several sequences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackingReport {
    /// One row a sequence.
    pub sequences: Vec<NamedTracking>,
    /// Plain means of them.
    pub mean: TrackingMean,
    /// All boxes as if of one sequence, as the reference programs combine.
    pub together: TrackingScore,
}

impl TrackingReport {
    /// The report of these sequences, each with its name.
    #[must_use]
    pub fn new(sequences: &[(String, TrackingCounts)]) -> Self {
        let counts: Vec<TrackingCounts> =
            sequences.iter().map(|(_, counts)| counts.clone()).collect();
        let sequences: Vec<NamedTracking> = sequences
            .iter()
            .map(|(name, counts)| NamedTracking { name: name.clone(), score: counts.score() })
            .collect();
        let mean = |of: fn(&TrackingScore) -> Option<f64>| {
            let values: Vec<f64> = sequences.iter().filter_map(|row| of(&row.score)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / real(values.len()))
        };
        let mean = TrackingMean {
            hota: mean(|score| Some(score.hota)),
            det_a: mean(|score| Some(score.det_a)),
            ass_a: mean(|score| Some(score.ass_a)),
            loc_a: mean(|score| Some(score.loc_a)),
            idf1: mean(|score| score.idf1),
            mota: mean(|score| score.clear.mota),
            mota_trackeval: mean(|score| score.clear_trackeval.mota),
        };
        Self { sequences, mean, together: TrackingCounts::together(&counts).score() }
    }
}

/// Tracks as a table, per cent and counts.
#[must_use]
pub fn tracking(report: &TrackingReport) -> String {
    let row = |name: &str, score: &TrackingScore| {
        let clear = &score.clear;
        vec![
            name.to_owned(),
            percent(Some(score.hota)),
            percent(Some(score.det_a)),
            percent(Some(score.ass_a)),
            percent(Some(score.loc_a)),
            percent(score.idf1),
            percent(clear.mota),
            percent(score.clear_trackeval.mota),
            percent(clear.motp),
            clear.switches.to_string(),
            clear.fragments.to_string(),
            clear.misses.to_string(),
            clear.false_boxes.to_string(),
        ]
    };
    let mut rows: Vec<Vec<String>> =
        report.sequences.iter().map(|named| row(&named.name, &named.score)).collect();
    if report.sequences.len() > 1 {
        let mean = &report.mean;
        let figures = [
            mean.hota,
            mean.det_a,
            mean.ass_a,
            mean.loc_a,
            mean.idf1,
            mean.mota,
            mean.mota_trackeval,
        ];
        let name = std::iter::once("mean".to_owned());
        let absent = std::iter::repeat_n("-".to_owned(), 5);
        rows.push(name.chain(figures.map(percent)).chain(absent).collect());
        rows.push(row("together", &report.together));
    }
    let head = [
        "sequence",
        "HOTA",
        "DetA",
        "AssA",
        "LocA",
        "IDF1",
        "MOTA",
        "MOTA TrackEval",
        "MOTP",
        "switches",
        "fragments",
        "missed",
        "false",
    ];
    table(&head, &rows)
}
