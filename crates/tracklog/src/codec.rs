//! Entries as bytes, and back, without any loss.
//!
//! What lies on the grid of [`safe_yolo_core::grid`] is written as a difference to the same track,
//! or to the nearest detection of the same class, in the picture before; what does not, as floats.
//! Differences begin anew with each block, so that a block is read without those before it.

use std::sync::Arc;

use safe_yolo_core::grid::{box_at, box_steps, score_at, score_steps};
use safe_yolo_core::{
    CameraId, Class, CloseUp, Detection, PictureSize, PictureTime, PixelBox, SegmentId, Track,
    TrackId, Utc,
};
use safe_yolo_rules::PictureEntry;

use crate::bytes::{Input, Malformed, put_bytes, put_f32, put_i64, put_u64};
use crate::entry::{Picture, Record, Settings};

const PICTURE: u8 = 1;
const NOT_ANALYSED: u8 = 2;
const CONFIG: u8 = 3;
const FINISH: u8 = 4;

// Of a picture.
const NEW_SIZE: u8 = 1;
const NEW_SCALE: u8 = 2;
const CLOSE_UP: u8 = 4;

// Of a track.
const PREDICTED: u8 = 1;
const RAW_BOX: u8 = 2;
const RAW_SCORE: u8 = 4;
const NEW_FIRST_SEEN: u8 = 8;
const UNSEEN: u8 = 16;
const SAME_SCORE: u8 = 32;

// Of a detection, beside the class.
const CLASS_MASK: u8 = 31;
const RAW_DETECTION_BOX: u8 = 32;
const RAW_DETECTION_SCORE: u8 = 64;
const LIKE_ONE_BEFORE: u8 = 128;

/// Detections of the picture before that are compared with.
const COMPARED_MAX: usize = 64;
/// A detection farther from all of them than this is written by itself, eighths of a pixel.
const NEAR_MAX: i64 = 4096;
/// Longer texts of reasons are cut.
const REASON_BYTES_MAX: usize = 200;

const _CLASSES_FIT: () = assert!(Class::ALL.len() <= CLASS_MASK as usize + 1);

/// What differences are taken from.
#[derive(Debug, Default)]
struct Last {
    time: i64,
    /// World's time less the segment's.
    offset: i64,
    size: Option<PictureSize>,
    scale: u32,
    tracks: Vec<LastTrack>,
    detections: Vec<LastDetection>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LastTrack {
    number: u32,
    steps: [i32; 4],
    score: i32,
    first_seen: i64,
}

#[derive(Debug, Clone, Copy)]
struct LastDetection {
    class: Class,
    steps: [i32; 4],
    score: i32,
}

/// Left, top, width and height: sizes change less than sides.
fn put_box(out: &mut Vec<u8>, steps: [i32; 4], base: [i32; 4]) {
    let shape = |[x1, y1, x2, y2]: [i32; 4]| {
        [x1, y1, x2.wrapping_sub(x1), y2.wrapping_sub(y1)].map(i64::from)
    };
    for (now, before) in shape(steps).into_iter().zip(shape(base)) {
        put_i64(out, now - before);
    }
}

fn get_box(input: &mut Input<'_>, base: [i32; 4]) -> Result<[i32; 4], Malformed> {
    let [x1, y1, x2, y2] = base;
    let mut shape = [x1, y1, x2.wrapping_sub(x1), y2.wrapping_sub(y1)];
    for side in &mut shape {
        let now = i64::from(*side).checked_add(input.i64()?).ok_or(Malformed)?;
        *side = i32::try_from(now).map_err(|_too_large| Malformed)?;
    }
    let [x1, y1, width, height] = shape;
    Ok([x1, y1, x1.wrapping_add(width), y1.wrapping_add(height)])
}

fn put_floats(out: &mut Vec<u8>, bbox: PixelBox) {
    <[f32; 4]>::from(bbox).into_iter().for_each(|side| put_f32(out, side));
}

fn get_floats(input: &mut Input<'_>) -> Result<PixelBox, Malformed> {
    Ok([input.f32()?, input.f32()?, input.f32()?, input.f32()?].into())
}

fn get_score(input: &mut Input<'_>, base: i32) -> Result<i32, Malformed> {
    let score = i64::from(base).checked_add(input.i64()?).ok_or(Malformed)?;
    i32::try_from(score).map_err(|_too_large| Malformed)
}

/// How far apart two boxes are.
fn distance(a: [i32; 4], b: [i32; 4]) -> i64 {
    a.into_iter().zip(b).map(|(a, b)| (i64::from(a) - i64::from(b)).abs()).sum()
}

/// Writes the entries of one block.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    last: Last,
}

impl Encoder {
    pub(crate) fn picture(&mut self, out: &mut Vec<u8>, picture: &PictureEntry<'_>) {
        out.push(PICTURE);
        let last = &mut self.last;
        let scale = picture.input_scale.to_bits();
        let mut flags = 0;
        flags |= if Some(picture.size) == last.size { 0 } else { NEW_SIZE };
        flags |= if scale == last.scale { 0 } else { NEW_SCALE };
        flags |= if picture.close_up.is_some() { CLOSE_UP } else { 0 };
        out.push(flags);
        let time = picture.time.micros();
        let offset = picture.utc.micros().wrapping_sub(time);
        put_i64(out, time.wrapping_sub(last.time));
        put_i64(out, offset.wrapping_sub(last.offset));
        (last.time, last.offset) = (time, offset);
        if flags & NEW_SIZE != 0 {
            put_u64(out, u64::from(picture.size.width));
            put_u64(out, u64::from(picture.size.height));
            last.size = Some(picture.size);
        }
        if flags & NEW_SCALE != 0 {
            put_f32(out, picture.input_scale);
            last.scale = scale;
        }
        if let Some(close_up) = picture.close_up {
            put_floats(out, close_up.area);
            put_f32(out, close_up.input_scale);
        }
        self.tracks(out, picture);
        self.detections(out, picture.detections);
    }

    fn tracks(&mut self, out: &mut Vec<u8>, picture: &PictureEntry<'_>) {
        let time = picture.time.micros();
        put_u64(out, picture.tracks.len() as u64);
        let (mut number, mut seen) = (0_u32, Vec::with_capacity(picture.tracks.len()));
        for track in picture.tracks {
            put_i64(out, i64::from(track.id.number) - i64::from(number));
            number = track.id.number;
            let known = self.last.tracks.iter().find(|known| known.number == number).copied();
            let base = known.unwrap_or_default();
            let (steps, score) = (box_steps(track.bbox), score_steps(track.score));
            let first_seen = track.first_seen.micros();
            let mut flags = 0;
            flags |= if track.predicted { PREDICTED } else { 0 };
            flags |= if steps.is_none() { RAW_BOX } else { 0 };
            flags |= match score {
                None => RAW_SCORE,
                Some(score) if score == base.score => SAME_SCORE,
                Some(_) => 0,
            };
            let is_new = known.is_none() || first_seen != base.first_seen;
            flags |= if is_new { NEW_FIRST_SEEN } else { 0 };
            flags |= if track.last_seen == picture.time { 0 } else { UNSEEN };
            out.push(flags);
            match steps {
                Some(steps) => put_box(out, steps, base.steps),
                None => put_floats(out, track.bbox),
            }
            match score {
                None => put_f32(out, track.score),
                Some(score) if score == base.score => {}
                Some(score) => put_i64(out, i64::from(score) - i64::from(base.score)),
            }
            if is_new {
                put_i64(out, time.wrapping_sub(first_seen));
            }
            if flags & UNSEEN != 0 {
                put_i64(out, time.wrapping_sub(track.last_seen.micros()));
            }
            let (steps, score) = (steps.unwrap_or_default(), score.unwrap_or_default());
            seen.push(LastTrack { number, steps, score, first_seen });
        }
        self.last.tracks = seen;
    }

    fn detections(&mut self, out: &mut Vec<u8>, detections: &[Detection]) {
        put_u64(out, detections.len() as u64);
        let mut seen = Vec::with_capacity(detections.len());
        for detection in detections {
            let class = detection.class;
            let (steps, score) = (box_steps(detection.bbox), score_steps(detection.score));
            let like = steps.and_then(|steps| self.nearest(class, steps));
            let base = like.and_then(|at| self.last.detections.get(at)).copied();
            let code = Class::ALL.iter().position(|known| *known == class).unwrap_or_default();
            let mut head = u8::try_from(code).unwrap_or_default() & CLASS_MASK;
            head |= if steps.is_none() { RAW_DETECTION_BOX } else { 0 };
            head |= if score.is_none() { RAW_DETECTION_SCORE } else { 0 };
            head |= if like.is_some() { LIKE_ONE_BEFORE } else { 0 };
            out.push(head);
            if let Some(like) = like {
                put_u64(out, like as u64);
            }
            match steps {
                Some(steps) => put_box(out, steps, base.map(|b| b.steps).unwrap_or_default()),
                None => put_floats(out, detection.bbox),
            }
            match score {
                Some(score) => {
                    let before = base.map(|b| b.score).unwrap_or_default();
                    put_i64(out, i64::from(score) - i64::from(before));
                }
                None => put_f32(out, detection.score),
            }
            let (steps, score) = (steps.unwrap_or_default(), score.unwrap_or_default());
            seen.push(LastDetection { class, steps, score });
        }
        self.last.detections = seen;
    }

    /// The detection of the picture before that looks most like this one.
    fn nearest(&self, class: Class, steps: [i32; 4]) -> Option<usize> {
        let known = self.last.detections.iter().take(COMPARED_MAX).enumerate();
        let (at, far) = known
            .filter(|(_, one)| one.class == class)
            .map(|(at, one)| (at, distance(one.steps, steps)))
            .min_by_key(|(_, far)| *far)?;
        (far <= NEAR_MAX).then_some(at)
    }

    pub(crate) fn not_analysed(
        &mut self,
        out: &mut Vec<u8>,
        from: PictureTime,
        to: PictureTime,
        reason: &str,
    ) {
        out.push(NOT_ANALYSED);
        put_i64(out, from.micros());
        put_i64(out, to.micros());
        put_bytes(out, shortened(reason).as_bytes());
    }

    pub(crate) fn config(
        &mut self,
        out: &mut Vec<u8>,
        settings: &Settings,
    ) -> Result<(), serde_json::Error> {
        let text = serde_json::to_vec(settings)?;
        out.push(CONFIG);
        put_bytes(out, &text);
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>, reason: &str) {
        out.push(FINISH);
        put_bytes(out, shortened(reason).as_bytes());
    }
}

fn shortened(reason: &str) -> &str {
    let fits = (0..=REASON_BYTES_MAX).rev().find(|at| reason.is_char_boundary(*at));
    fits.and_then(|at| reason.get(..at)).unwrap_or(reason)
}

/// Reads the entries of one block.
#[derive(Debug)]
pub(crate) struct Decoder {
    camera: CameraId,
    segment: SegmentId,
    /// Classes by the codes of the file.
    classes: Arc<[Class]>,
    last: Last,
}

impl Decoder {
    pub(crate) fn new(camera: CameraId, segment: SegmentId, classes: Arc<[Class]>) -> Self {
        Self { camera, segment, classes, last: Last::default() }
    }

    /// The next entry.
    pub(crate) fn record(&mut self, input: &mut Input<'_>) -> Result<Record, Malformed> {
        Ok(match input.u8()? {
            PICTURE => Record::Picture(self.picture(input)?),
            NOT_ANALYSED => Record::NotAnalysed {
                from: PictureTime(input.i64()?),
                to: PictureTime(input.i64()?),
                reason: input.text()?.to_owned(),
            },
            CONFIG => {
                let settings = serde_json::from_slice(input.bytes()?);
                Record::Config(settings.map_err(|_no_settings| Malformed)?)
            }
            FINISH => Record::Finish { reason: input.text()?.to_owned() },
            _ => return Err(Malformed),
        })
    }

    fn picture(&mut self, input: &mut Input<'_>) -> Result<Picture, Malformed> {
        let flags = input.u8()?;
        let last = &mut self.last;
        last.time = last.time.wrapping_add(input.i64()?);
        last.offset = last.offset.wrapping_add(input.i64()?);
        if flags & NEW_SIZE != 0 {
            last.size = Some(PictureSize { width: input.u32()?, height: input.u32()? });
        }
        if flags & NEW_SCALE != 0 {
            last.scale = input.f32()?.to_bits();
        }
        let close_up = if flags & CLOSE_UP != 0 {
            Some(CloseUp { area: get_floats(input)?, input_scale: input.f32()? })
        } else {
            None
        };
        Ok(Picture {
            time: PictureTime(last.time),
            utc: Utc(last.offset.wrapping_add(last.time)),
            size: last.size.ok_or(Malformed)?,
            input_scale: f32::from_bits(last.scale),
            close_up,
            tracks: self.tracks(input)?,
            detections: self.detections(input)?,
        })
    }

    fn tracks(&mut self, input: &mut Input<'_>) -> Result<Vec<Track>, Malformed> {
        let count = counted(input)?;
        let time = self.last.time;
        let (mut tracks, mut seen) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut number = 0_u32;
        for _ in 0..count {
            let now = i64::from(number).checked_add(input.i64()?).ok_or(Malformed)?;
            number = u32::try_from(now).map_err(|_no_number| Malformed)?;
            let known = self.last.tracks.iter().find(|known| known.number == number);
            let base = known.copied().unwrap_or_default();
            let flags = input.u8()?;
            let (bbox, steps) = if flags & RAW_BOX != 0 {
                (get_floats(input)?, [0; 4])
            } else {
                let steps = get_box(input, base.steps)?;
                (box_at(steps), steps)
            };
            let (score, score_steps) = if flags & RAW_SCORE != 0 {
                (input.f32()?, 0)
            } else if flags & SAME_SCORE != 0 {
                (score_at(base.score), base.score)
            } else {
                let steps = get_score(input, base.score)?;
                (score_at(steps), steps)
            };
            let first_seen = if flags & NEW_FIRST_SEEN != 0 {
                time.wrapping_sub(input.i64()?)
            } else {
                base.first_seen
            };
            let unseen = if flags & UNSEEN != 0 { input.i64()? } else { 0 };
            tracks.push(Track {
                id: TrackId { camera: self.camera.clone(), segment: self.segment, number },
                bbox,
                score,
                predicted: flags & PREDICTED != 0,
                first_seen: PictureTime(first_seen),
                last_seen: PictureTime(time.wrapping_sub(unseen)),
            });
            seen.push(LastTrack { number, steps, score: score_steps, first_seen });
        }
        self.last.tracks = seen;
        Ok(tracks)
    }

    fn detections(&mut self, input: &mut Input<'_>) -> Result<Vec<Detection>, Malformed> {
        let count = counted(input)?;
        let (mut detections, mut seen) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let head = input.u8()?;
            let class = *self.classes.get(usize::from(head & CLASS_MASK)).ok_or(Malformed)?;
            let (mut base, mut base_score) = ([0; 4], 0);
            if head & LIKE_ONE_BEFORE != 0 {
                let at = usize::try_from(input.u64()?).map_err(|_too_large| Malformed)?;
                let like = self.last.detections.get(at).ok_or(Malformed)?;
                (base, base_score) = (like.steps, like.score);
            }
            let (bbox, steps) = if head & RAW_DETECTION_BOX != 0 {
                (get_floats(input)?, [0; 4])
            } else {
                let steps = get_box(input, base)?;
                (box_at(steps), steps)
            };
            let (score, score_steps) = if head & RAW_DETECTION_SCORE != 0 {
                (input.f32()?, 0)
            } else {
                let steps = get_score(input, base_score)?;
                (score_at(steps), steps)
            };
            detections.push(Detection { class, score, bbox });
            seen.push(LastDetection { class, steps, score: score_steps });
        }
        self.last.detections = seen;
        Ok(detections)
    }
}

/// How many follow: never more than there are bytes.
fn counted(input: &mut Input<'_>) -> Result<usize, Malformed> {
    let count = usize::try_from(input.u64()?).map_err(|_too_large| Malformed)?;
    if count > input.0.len() { Err(Malformed) } else { Ok(count) }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
