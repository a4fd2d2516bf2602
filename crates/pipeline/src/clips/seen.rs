//! What was found in the newest pictures, kept for the clips that they become part of.

use std::collections::BTreeMap;

use safe_yolo_core::{Class, PictureSize, PictureTime, PixelBox, Utc};
use safe_yolo_rules::Level;
use serde::Serialize;

use crate::live::{LiveAnalysis, LiveBox};

/// Pictures remembered: 34 s at 30 a second. The oldest are forgotten first.
pub(super) const PICTURES_MAX: usize = 1024;
/// Boxes remembered of each; the rest is left out.
const BOXES_MAX: usize = 64;

/// One box; fractions of the picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SeenBox {
    class: Class,
    number: Option<u32>,
    level: Level,
    /// Left, upper, right and lower edge.
    #[serde(rename = "box")]
    bbox: [f32; 4],
}

/// What was known of one picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(super) analysis: LiveAnalysis,
    pub(super) boxes: Vec<SeenBox>,
    /// People who are not shown.
    others: Vec<[f32; 4]>,
}

/// Boxes of a clip or picture, as they are stored beside it.
#[derive(Debug, Serialize)]
struct BoxesFile {
    start_utc: Utc,
    pictures: Vec<SeenPicture>,
}

#[derive(Debug, Serialize)]
struct SeenPicture {
    /// Seconds after the start.
    t_s: f64,
    analysis: LiveAnalysis,
    boxes: Vec<SeenBox>,
    /// People who are not shown, but must not be recognised either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<[f32; 4]>,
}

/// By picture time.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<PictureTime, Seen>);

impl Seen {
    pub(crate) fn new(
        analysis: LiveAnalysis,
        boxes: &[LiveBox],
        others: &[PixelBox],
        size: PictureSize,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
        let (width, height) = (size.width as f32, size.height as f32);
        let share = |value: f32, of: f32| {
            // Four digits are a third of a pixel of the largest pictures.
            ((value / of).clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0
        };
        let edges = |b: &PixelBox| {
            [share(b.x1, width), share(b.y1, height), share(b.x2, width), share(b.y2, height)]
        };
        let boxes = boxes.iter().take(BOXES_MAX).map(|found| SeenBox {
            class: found.class,
            number: found.number,
            level: found.level,
            bbox: edges(&found.bbox),
        });
        let others = others.iter().take(BOXES_MAX).map(edges);
        // What lies outside of the picture has no head in it.
        let others = others.filter(|[x1, y1, x2, y2]| x1 < x2 && y1 < y2);
        Self { analysis, boxes: boxes.collect(), others: others.collect() }
    }
}

impl Memory {
    /// Remembers a picture; what was found by looking is not replaced by less.
    pub(super) fn note(&mut self, time: PictureTime, seen: Seen) {
        let known = self.0.get(&time);
        if known.is_some_and(|known| known.analysis == LiveAnalysis::Done) {
            return;
        }
        self.0.insert(time, seen);
        if self.0.len() > PICTURES_MAX {
            self.0.pop_first();
        }
    }

    /// Forgets what came before.
    pub(super) fn forget_before(&mut self, time: PictureTime) {
        while self.0.first_key_value().is_some_and(|(first, _)| *first < time) {
            self.0.pop_first();
        }
    }

    /// All from a time on.
    pub(super) fn since(&self, from: PictureTime) -> BTreeMap<PictureTime, Seen> {
        self.0.range(from..).map(|(time, seen)| (*time, seen.clone())).collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The file of boxes of pictures between two times, of which the first is shown at `start_utc`.
pub(super) fn file(
    seen: &BTreeMap<PictureTime, Seen>,
    (start, end): (PictureTime, PictureTime),
    start_utc: Utc,
) -> Result<Vec<u8>, serde_json::Error> {
    let pictures = seen.range(start..=end.max(start)).map(|(time, seen)| SeenPicture {
        t_s: (time.secs_since(start) * 1000.0).round() / 1000.0,
        analysis: seen.analysis,
        boxes: seen.boxes.clone(),
        others: seen.others.clone(),
    });
    serde_json::to_vec(&BoxesFile { start_utc, pictures: pictures.collect() })
}

/// The file of boxes of one picture.
pub(crate) fn file_of_one(
    utc: Utc,
    boxes: &[LiveBox],
    others: &[PixelBox],
    size: PictureSize,
) -> Result<Vec<u8>, serde_json::Error> {
    let seen = Seen::new(LiveAnalysis::Done, boxes, others, size);
    let at = PictureTime(0);
    file(&[(at, seen)].into(), (at, at), utc)
}
