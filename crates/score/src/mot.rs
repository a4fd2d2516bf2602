//! MOTChallenge text files of tracks: `frame,id,x,y,w,h,flag[,...]` a line, as
//! in Leal-Taixe et al., "MOTChallenge 2015", arXiv:1504.01942.
//!
//! The frame counts from 1, the box is top left corner and size in pixels of the
//! source picture. MOT15 has no class: in its truth the seventh column is 1 for
//! a box that counts and 0 for one that does not; in results it is a score or
//! -1. The columns after it are not read (MOT15 has 3-D places there).

use std::collections::BTreeMap;

use crate::geometry::Rect;
use crate::input::{Fields, LineError, Problem, lines};

/// The last frame number accepted: 92 hours at 30 frames a second.
pub const FRAME_MAX: u32 = 10_000_000;
/// Most boxes accepted in one frame; the fullest of MOT20 has fewer than 300.
pub const BOXES_PER_FRAME_MAX: usize = 1000;
/// Highest number of a track; every whole number up to it is exact.
const ID_MAX: f64 = 9.0e15;
const FORM: &str = "frame,id,x,y,w,h,flag";

/// One box of one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotBox {
    /// Which picture, from 1.
    pub frame: u32,
    /// Which track.
    pub id: u64,
    /// Where, pixels.
    pub rect: Rect,
}

/// Which kind of file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    Result,
}

/// Reads the truth: the boxes that count, by frame and id.
///
/// # Errors
/// Names the first line that can't be used, the field, its value and what to write.
pub fn parse_truth(text: &str) -> Result<Vec<MotBox>, LineError> {
    parse(text, Kind::Truth)
}

/// Reads the answer of a tracker, by frame and id. A box without area overlaps nothing.
///
/// # Errors
/// Names the first line that can't be used, the field, its value and what to write.
pub fn parse_result(text: &str) -> Result<Vec<MotBox>, LineError> {
    parse(text, Kind::Result)
}

fn parse(text: &str, kind: Kind) -> Result<Vec<MotBox>, LineError> {
    let mut boxes: BTreeMap<(u32, u64), (Rect, usize)> = BTreeMap::new();
    let mut count: BTreeMap<u32, usize> = BTreeMap::new();
    for (line, row) in lines(text) {
        let wrong = |problem| LineError { line, problem };
        let Some(MotBox { frame, id, rect }) = parse_row(row, kind).map_err(wrong)? else {
            continue;
        };
        let in_frame = count.entry(frame).or_default();
        *in_frame += 1;
        if *in_frame > BOXES_PER_FRAME_MAX {
            return Err(wrong(Problem::Crowded { frame, max: BOXES_PER_FRAME_MAX }));
        }
        if let Some((_, first)) = boxes.insert((frame, id), (rect, line)) {
            let what = format!("id {id} of frame {frame}");
            return Err(wrong(Problem::Twice { what, first }));
        }
    }
    Ok(boxes.into_iter().map(|((frame, id), (rect, _))| MotBox { frame, id, rect }).collect())
}

/// The box, or none for one that does not count.
fn parse_row(row: &str, kind: Kind) -> Result<Option<MotBox>, Problem> {
    let mut fields = Fields::new(row.split(','), FORM);
    // MOT15 writes frame numbers of some sequences as 1.0 or 1e0.
    let frame = fields.number("frame", "a whole number from 1 to 10000000", |frame| {
        frame.fract() == 0.0 && (1.0..=f64::from(FRAME_MAX)).contains(&frame)
    })?;
    let id = fields.number(
        "id",
        "the whole number of a track, 0 or more (a file of detections has no tracks)",
        |id| id.fract() == 0.0 && (0.0..=ID_MAX).contains(&id),
    )?;
    let is_place = |pixel: f64| pixel.abs() <= 1e6;
    let x = fields.number("x", "a place in pixels, at most a million", is_place)?;
    let y = fields.number("y", "a place in pixels, at most a million", is_place)?;
    let is_size = |pixels: f64| match kind {
        Kind::Truth => pixels > 0.0 && pixels <= 1e6,
        Kind::Result => (0.0..=1e6).contains(&pixels),
    };
    let expected = match kind {
        Kind::Truth => "a length above 0, at most a million pixels",
        Kind::Result => "a length of 0 to a million pixels",
    };
    let width = fields.number("w", expected, is_size)?;
    let height = fields.number("h", expected, is_size)?;
    let counts = match kind {
        Kind::Truth => {
            let expected = "1 (counts) or 0 (does not): is this a file of results?";
            #[expect(clippy::float_cmp, reason = "exactly these two are written")]
            let flag = fields.number("flag", expected, |flag| flag == 0.0 || flag == 1.0)?;
            flag > 0.5
        }
        Kind::Result => true,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let (frame, id) = (frame as u32, id as u64);
    Ok(counts.then(|| MotBox { frame, id, rect: Rect::from_xywh(x, y, width, height) }))
}
