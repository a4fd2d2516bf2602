//! MOTChallenge text files: reading detections, and tracking a whole file.
//!
//! A line is `frame,id,x,y,w,h,score[,...]`: the frame counts from 1, the box
//! is top left corner and size in pixels of the source picture. The format is
//! that of Leal-Taixe et al., "MOTChallenge 2015", arXiv:1504.01942.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use safe_yolo_core::id::IdError;
use safe_yolo_core::{Class, Detection, PictureSize, PictureTime, PixelBox, SegmentId, Track};

use crate::{TrackError, Tracker, TrackerConfig, TrackerConfigError};

/// The last frame number accepted: 92 hours at 30 frames a second.
pub const FRAME_MAX: u32 = 10_000_000;
/// Widest and highest picture accepted, pixels.
const SIDE_MAX: u32 = 100_000;

/// The detections of a file by frame.
pub type Detections = BTreeMap<u32, Vec<Detection>>;

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A field is missing.
    #[error("there is no {field}: write frame,id,x,y,w,h,score")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A field does not say what it should.
    #[error("{field} '{value}' is not {expected}")]
    Wrong {
        /// Which.
        field: &'static str,
        /// Its text, cut when long.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Why a file was not tracked.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum MotError {
    /// A line can't be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: LineError,
    },
    /// The frame rate is no such thing.
    #[error("{0} frames a second: give a rate from 0.1 to 1000")]
    Rate(f64),
    /// The picture has no size or one beyond reason.
    #[error("a picture of {width}x{height} pixels: give each side from 1 to {SIDE_MAX}")]
    Size {
        /// Width given, pixels.
        width: u32,
        /// Height given, pixels.
        height: u32,
    },
    /// The thresholds make no sense.
    #[error(transparent)]
    Config(#[from] TrackerConfigError),
    /// The name that stands for a camera is no name; a defect of this module.
    #[error(transparent)]
    Camera(#[from] IdError),
    /// The tracker refused a frame.
    #[error(transparent)]
    Track(#[from] TrackError),
}

/// Reads a file of detections; all of them are persons. Empty lines are skipped.
///
/// # Errors
/// Names the first line that can't be read, the field and its value.
pub fn parse_detections(text: &str) -> Result<Detections, MotError> {
    let mut frames = Detections::new();
    for (line, row) in (1..).zip(text.lines()).filter(|(_, row)| !row.trim().is_empty()) {
        let (frame, detection) =
            parse_row(row).map_err(|problem| MotError::Line { line, problem })?;
        frames.entry(frame).or_default().push(detection);
    }
    Ok(frames)
}

fn parse_row(row: &str) -> Result<(u32, Detection), LineError> {
    let mut fields = row.split(',').map(str::trim);
    let mut next = |field| match fields.next() {
        None | Some("") => Err(LineError::Missing { field }),
        Some(text) => Ok((field, text)),
    };
    // MOT15 writes frame numbers of some sequences as 1.0 or 1e0.
    let frame = number(next("frame")?, "a whole number from 1 to 10000000", |frame| {
        frame.fract() == 0.0 && (1.0..=f64::from(FRAME_MAX)).contains(&frame)
    })?;
    number(next("id")?, "a number (-1 when there is none)", f64::is_finite)?;
    let is_place = |pixel: f64| pixel.abs() <= 1e6;
    let x = number(next("x")?, "a place in pixels, at most a million", is_place)?;
    let y = number(next("y")?, "a place in pixels, at most a million", is_place)?;
    let is_size = |pixels: f64| pixels > 0.0 && pixels <= 1e6;
    let w = number(next("w")?, "a width above 0, at most a million pixels", is_size)?;
    let h = number(next("h")?, "a height above 0, at most a million pixels", is_size)?;
    let score = number(next("score")?, "from 0 to 1: scale the scores first", |score| {
        (0.0..=1.0).contains(&score)
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "checked above; pixels are f32")]
    let (corners, score) = ([x, y, x + w, y + h].map(|pixel| pixel as f32), score as f32);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let frame = frame as u32;
    Ok((frame, Detection { class: Class::Person, score, bbox: PixelBox::from(corners) }))
}

fn number(
    (field, text): (&'static str, &str),
    expected: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<f64, LineError> {
    match text.parse() {
        Ok(value) if fits(value) => Ok(value),
        _ => Err(LineError::Wrong { field, value: text.chars().take(40).collect(), expected }),
    }
}

/// Adds one track of one frame to a MOTChallenge file of results:
/// `frame,id,x,y,w,h,score,-1,-1,-1`. A box outside the picture adds nothing.
pub fn write_track(out: &mut String, frame: u32, track: &Track, size: PictureSize) {
    let bbox = track.bbox.clamp_to(size);
    if bbox.area() > 0.0 {
        // Writing to a string does not fail.
        let _infallible = writeln!(
            out,
            "{frame},{},{:.2},{:.2},{:.2},{:.2},{:.4},-1,-1,-1",
            track.id.number,
            bbox.x1,
            bbox.y1,
            bbox.width(),
            bbox.height(),
            track.score
        );
    }
}

/// Tracks a file of detections made at `fps` frames a second in pictures of
/// `size`, over all frames up to the last, those without detections too.
///
/// Returns a MOTChallenge file of results with the confirmed tracks that were
/// matched in each frame, none predicted, their boxes cut at the picture's edges.
///
/// # Errors
/// When a line can't be read, or rate, size or thresholds are out of range.
pub fn track_mot(
    det: &str,
    fps: f64,
    size: PictureSize,
    config: TrackerConfig,
) -> Result<String, MotError> {
    if !(0.1..=1000.0).contains(&fps) {
        return Err(MotError::Rate(fps));
    }
    let PictureSize { width, height } = size;
    if !(1..=SIDE_MAX).contains(&width) || !(1..=SIDE_MAX).contains(&height) {
        return Err(MotError::Size { width, height });
    }
    let detections = parse_detections(det)?;
    let mut tracker = Tracker::new("mot".parse()?, SegmentId(0), config)?;
    let at = |frame: u32| PictureTime::from_secs_f64((f64::from(frame) - 1.0) / fps);
    let mut out = String::new();
    let mut done = 0;
    for (&frame, found) in &detections {
        // Nothing shows in frames without detections, but time passes. Once
        // nobody is left, the frames up to the one before this change nothing.
        while done + 1 < frame {
            done = if tracker.is_empty() && done > 0 { frame - 1 } else { done + 1 };
            tracker.update(at(done), &[])?;
        }
        for track in tracker.update(at(frame), found)? {
            if !track.predicted {
                write_track(&mut out, frame, &track, size);
            }
        }
        done = frame;
    }
    Ok(out)
}
