//! Whether a camera still sees what it should: dark, covered, or turned away is blind.
//!
//! The picture is looked at as 64 times 36 mean brightnesses and the steps between them, relative
//! to how bright it is there, so that half the light is the same view. Steps that last are the
//! background; a view is the same while they are found where they were. A tenth of a millisecond a
//! picture, at most five times a second; no memory is taken after the first picture.

use std::time::Duration;

use safe_yolo_core::{BlindReason, PictureSize};
use safe_yolo_media::picture::I420;

use crate::luma::grid;

const COLUMNS: usize = 64;
const ROWS: usize = 36;
const CELLS: usize = COLUMNS * ROWS;
/// Rows at the top and at the bottom that are not looked at: cameras write clock and name there, which
/// are bright in the dark and where they were wherever the camera looks.
const WRITTEN: usize = 4;
/// Pixels looked at a cell and side.
const SAMPLES: usize = 3;
/// Black, in limited-range video.
const BLACK: f32 = 16.0;

/// Pictures that come sooner after one that was looked at are taken to show the same.
const LOOK_EVERY: Duration = Duration::from_millis(190);
/// It is told when it has lasted so long,
const TELL_AFTER: Duration = Duration::from_secs(2);
/// of a camera that was turned so long, as somebody may pass close by,
const MOVED_AFTER: Duration = Duration::from_secs(6);
/// and is over when the view has been back for so long.
const BACK_AFTER: Duration = Duration::from_secs(1);
/// The background is known after so long,
const LEARN: Duration = Duration::from_secs(10);
/// and follows what changes over this time, seconds.
const FOLLOW_S: f32 = 120.0;

/// Nothing is brighter than this: too dark for any detector.
const DARK_MAX: f32 = BLACK + 14.0;
/// All is as bright, up to this: one smooth surface.
const SMOOTH_DEVIATION_MAX: f32 = 3.5;
/// Steps larger than this part of the brightness are told from noise.
const STEP_MIN: f32 = 0.06;
/// No step counts for more, so that a few lamps are not the whole view.
const STEP_MAX: f32 = 0.5;
/// So many lasting steps make a background that can be found again.
const BACKGROUND_MIN: usize = 60;
/// Less than this part of the background's strength is left: something is before it.
const COVERED_STRENGTH_MAX: f32 = 0.15;
/// The background is not where it was below this likeness (1 is the same, 0 is by chance),
const MOVED_LIKENESS_MAX: f32 = 0.3;
/// and it is back from this on.
const BACK_LIKENESS_MIN: f32 = 0.5;

/// A step to the next cell to the right and below, relative to the brightness.
type Step = [f32; 2];

/// What one picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// What is always there, or nothing is known that should be.
    Same,
    /// Neither that nor something else for sure.
    Unsure,
    /// It is blind.
    Blind(BlindReason),
}

/// What is to be made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It can be judged.
    Good,
    /// It shows nothing that could be judged; whether that lasts is not known yet.
    Doubtful(BlindReason),
    /// The camera is blind.
    Blind(BlindReason),
}

/// The memory of one camera.
#[derive(Debug)]
pub(crate) struct ViewWatch {
    /// Whether it always looks the same way: files are cut together of many views.
    is_fixed: bool,
    size: Option<PictureSize>,
    looked: Option<Duration>,
    seen: Option<Seen>,
    cells: Vec<f32>,
    steps: Vec<Step>,
    background: Vec<Step>,
    /// For how long the background was learned.
    learned: Duration,
    /// Since when it is blind, or seems to be.
    blind_since: Option<(BlindReason, Duration)>,
    /// Since when it sees again.
    good_since: Option<Duration>,
    told: Option<BlindReason>,
}

impl ViewWatch {
    pub(crate) const fn new(is_fixed: bool) -> Self {
        Self {
            is_fixed,
            size: None,
            looked: None,
            seen: None,
            cells: Vec::new(),
            steps: Vec::new(),
            background: Vec::new(),
            learned: Duration::ZERO,
            blind_since: None,
            good_since: None,
            told: None,
        }
    }

    /// Why it is blind, if that has been told.
    pub(crate) const fn blind(&self) -> Option<BlindReason> {
        self.told
    }

    /// The place in which it looks now is right: somebody has drawn zones in it.
    pub(crate) fn accept(&mut self) {
        self.learned = Duration::ZERO;
        if self.told == Some(BlindReason::Moved) {
            (self.told, self.blind_since, self.good_since) = (None, None, None);
        }
    }

    /// Takes a picture of this moment.
    pub(crate) fn picture(&mut self, now: Duration, picture: &I420) -> Look {
        if self.size != Some(picture.size()) {
            let ratio = |size: PictureSize| f64::from(size.width) / f64::from(size.height.max(1));
            let is_same =
                |old: PictureSize| (ratio(old) / ratio(picture.size()) - 1.0).abs() < 0.02;
            // Another camera; but what was turned away does not come right by another size.
            if !self.size.is_some_and(is_same) && self.told != Some(BlindReason::Moved) {
                self.accept();
            }
            (self.size, self.looked) = (Some(picture.size()), None);
        }
        let passed = self.looked.map(|at| now.saturating_sub(at));
        let seen = match (passed, self.seen) {
            (Some(passed), Some(seen)) if passed < LOOK_EVERY => seen,
            _ => {
                self.looked = Some(now);
                self.measure(picture);
                let seen = self.see();
                if seen == Seen::Same && self.told.is_none() {
                    self.learn(passed.unwrap_or_default().min(Duration::from_secs(1)));
                }
                seen
            }
        };
        self.seen = Some(seen);
        self.decide(now, seen)
    }

    fn measure(&mut self, picture: &I420) {
        self.cells.clear();
        self.cells.extend(grid::<COLUMNS, ROWS, SAMPLES>(picture));
        self.steps.clear();
        let at = |row: usize, column: usize| {
            self.cells.get(row.min(ROWS - 1) * COLUMNS + column.min(COLUMNS - 1)).copied()
        };
        for cell in 0..CELLS {
            let (row, column) = (cell / COLUMNS, cell % COLUMNS);
            let here = at(row, column).unwrap_or_default();
            let step = |next: Option<f32>| {
                let next = next.unwrap_or(here);
                let level = (here.midpoint(next) - BLACK).max(0.0) + BLACK;
                ((next - here) / level).clamp(-STEP_MAX, STEP_MAX)
            };
            let is_written = row < WRITTEN || row + 1 >= ROWS - WRITTEN;
            self.steps.push(if is_written {
                [0.0; 2]
            } else {
                [step(at(row, column + 1)), step(at(row + 1, column))]
            });
        }
    }

    fn see(&mut self) -> Seen {
        let cells =
            self.cells.get(WRITTEN * COLUMNS..CELLS - WRITTEN * COLUMNS).unwrap_or_default();
        let brightest = cells.iter().copied().fold(0.0, f32::max);
        if brightest <= DARK_MAX {
            return Seen::Blind(BlindReason::Dark);
        }
        if deviation(cells) <= SMOOTH_DEVIATION_MAX {
            return Seen::Blind(BlindReason::Covered);
        }
        if !self.is_fixed || self.learned < LEARN {
            return Seen::Same;
        }
        let Some((strength, likeness)) = self.compare() else { return Seen::Same };
        if strength < COVERED_STRENGTH_MAX {
            Seen::Blind(BlindReason::Covered)
        } else if likeness < MOVED_LIKENESS_MAX {
            Seen::Blind(BlindReason::Moved)
        } else if likeness < BACK_LIKENESS_MIN {
            Seen::Unsure
        } else {
            Seen::Same
        }
    }

    /// How strong the steps are where the background has some, and how like it they are, where
    /// the picture fits best within a cell; none where there is too little to go by.
    fn compare(&self) -> Option<(f32, f32)> {
        let lasting = |step: &Step| magnitude(*step) >= STEP_MIN;
        if self.background.iter().filter(|step| lasting(step)).count() < BACKGROUND_MIN {
            return None;
        }
        let (mut strength, mut best) = (0.0_f32, -1.0_f32);
        for down in 0..3 {
            for right in 0..3 {
                let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
                for (cell, step) in self.background.iter().enumerate().filter(|(_, s)| lasting(s)) {
                    let (row, column) = (cell / COLUMNS + down, cell % COLUMNS + right);
                    // One cell up and left of the middle of the nine.
                    let there = match (row.checked_sub(1), column.checked_sub(1)) {
                        (Some(row), Some(column)) if row < ROWS && column < COLUMNS => {
                            self.steps.get(row * COLUMNS + column).copied().unwrap_or_default()
                        }
                        _ => continue,
                    };
                    both += step[0] * there[0] + step[1] * there[1];
                    own += step[0] * step[0] + step[1] * step[1];
                    other += there[0] * there[0] + there[1] * there[1];
                }
                strength = strength.max((other / own.max(f32::MIN_POSITIVE)).sqrt());
                best = best.max(both / (own * other).sqrt().max(f32::MIN_POSITIVE));
            }
        }
        Some((strength, best))
    }

    fn learn(&mut self, passed: Duration) {
        if self.learned.is_zero() {
            self.background.clear();
            self.background.extend_from_slice(&self.steps);
        }
        self.learned += passed.max(Duration::from_micros(1));
        let over_s = self.learned.as_secs_f32().min(FOLLOW_S);
        let part = (passed.as_secs_f32() / over_s).min(1.0);
        for (known, now) in self.background.iter_mut().zip(&self.steps) {
            for (known, now) in known.iter_mut().zip(now) {
                *known += (now - *known) * part;
            }
        }
    }

    fn decide(&mut self, now: Duration, seen: Seen) -> Look {
        match seen {
            Seen::Blind(reason) => {
                self.good_since = None;
                let since = match self.blind_since {
                    Some((_, since)) => since,
                    None => now,
                };
                self.blind_since = Some((reason, since));
                let lasts = now.saturating_sub(since);
                let enough = if reason == BlindReason::Moved { MOVED_AFTER } else { TELL_AFTER };
                if lasts >= enough || self.told.is_some() {
                    self.told = Some(reason);
                }
            }
            // It is neither dark nor covered any more, whatever else.
            Seen::Unsure if matches!(self.blind_since, Some((BlindReason::Moved, _))) => {
                self.good_since = None;
            }
            Seen::Same | Seen::Unsure => {
                let since = *self.good_since.get_or_insert(now);
                if self.told.is_none() || now.saturating_sub(since) >= BACK_AFTER {
                    (self.told, self.blind_since) = (None, None);
                }
            }
        }
        match (self.told, self.blind_since) {
            (Some(reason), _) => Look::Blind(reason),
            // Who passes close by hides the background, and is to be seen himself.
            (None, Some((reason, _))) if reason != BlindReason::Moved => Look::Doubtful(reason),
            _ => Look::Good,
        }
    }
}

fn magnitude([right, down]: Step) -> f32 {
    right.hypot(down)
}

#[expect(clippy::cast_precision_loss, reason = "some thousand cells")]
fn deviation(cells: &[f32]) -> f32 {
    let count = cells.len().max(1) as f32;
    let mean = cells.iter().sum::<f32>() / count;
    (cells.iter().map(|cell| (cell - mean) * (cell - mean)).sum::<f32>() / count).sqrt()
}

#[cfg(test)]
#[path = "view_watch_tests.rs"]
mod tests;
