//! What is stored, judged again: by the settings of that time, and by others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use safe_yolo_core::config::ConfigError;
use safe_yolo_core::{
    CameraConfig, CameraId, Event, EventChange, EventId, PictureTime, SegmentId, Utc, Zone, ZoneId,
};
use safe_yolo_rules::{Entry, Judge};
use serde::{Serialize, Serializer};

use crate::entry::{Picture, Record, Settings};
use crate::reader::{Goes, HoleReason, Item, LogReader, ReadError, SegmentFiles};

/// Between two pictures that lie farther apart nobody looked, microseconds: a quiet camera is
/// looked at each 0.8 s and is late after 4.5 s.
const LOOKED_AT_MAX_US: i64 = 5_000_000;
/// A segment's pictures may be so much older than its begin, microseconds.
const LATE_MAX_US: i64 = 60_000_000;
/// Events kept of each judge.
const EVENTS_MAX: usize = 50_000;
/// Holes told one by one.
const HOLES_MAX: usize = 1000;
/// Whether it is to go on is asked after so many entries.
const ASK_EVERY: u64 = 256;
/// What the judge is told of a hole.
const NOT_RECORDED: &str = "not_recorded";

/// What is to be judged again.
#[derive(Debug, Clone)]
pub struct Question {
    /// Whose pictures.
    pub camera: CameraId,
    /// Events that begin from here on,
    pub from: Utc,
    /// and before this.
    pub to: Utc,
    /// Reading begins no earlier than so long before `from`, seconds; without it at the segment's
    /// begin, which alone is exact.
    pub warm_up_max_s: Option<u32>,
}

/// Settings in place of those that were stored.
pub type Rezone<'a> = dyn Fn(&CameraConfig) -> CameraConfig + 'a;

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It ends before it begins.
    #[error("'from' is {from}, 'to' is {to}: the end must lie behind the begin")]
    Span {
        /// As asked.
        from: Utc,
        /// As asked.
        to: Utc,
    },
    /// Nothing was logged then.
    #[error("there are no tracks of camera '{camera}' between {from} and {to}; {has}")]
    NoLog {
        /// Which camera.
        camera: CameraId,
        /// As asked.
        from: Utc,
        /// As asked.
        to: Utc,
        /// What there is instead.
        has: String,
    },
    /// The settings can't judge what was logged.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// More than is kept.
    #[error("there are more than {EVENTS_MAX} events: ask for a shorter time")]
    TooManyEvents,
    /// Nobody wants it any more.
    #[error("the replay was cancelled")]
    Cancelled,
}

/// A time of which the log knows nothing: without events, but not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Hole {
    pub from: Utc,
    pub to: Utc,
    #[serde(serialize_with = "by_name")]
    pub reason: HoleReason,
}

fn by_name<S: Serializer>(reason: &HoleReason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.name())
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// By each judge: its events that begin in the time asked for, as they are at its end.
    pub events: Vec<Vec<Event>>,
    /// Times without pictures, in order.
    pub holes: Vec<Hole>,
    /// Holes beyond those that are told.
    pub holes_left_out: usize,
    /// When the first picture that was judged was taken.
    pub begins: Option<Utc>,
    /// Whether every judge had all that the live one had, from its begin: then the same settings
    /// give the same bytes.
    pub is_exact: bool,
    /// Pictures in the time asked for.
    pub pictures: u64,
}

/// The settings with these zones. A zone whose id the settings know keeps it; else it takes the id of
/// the zone of its name, unless another has that; else its own stays.
#[must_use]
pub fn with_zones(config: &CameraConfig, zones: &[Zone]) -> CameraConfig {
    let is_known = |id: &ZoneId| config.zones.iter().any(|known| known.id == *id);
    let mut taken: BTreeSet<ZoneId> =
        zones.iter().map(|zone| zone.id.clone()).filter(is_known).collect();
    let mut id_of = |zone: &Zone| -> ZoneId {
        let known = config.zones.iter().find(|known| known.name == zone.name);
        match known.filter(|known| !is_known(&zone.id) && !taken.contains(&known.id)) {
            Some(known) => {
                taken.insert(known.id.clone());
                known.id.clone()
            }
            None => zone.id.clone(),
        }
    };
    let zones = zones.iter().map(|zone| Zone { id: id_of(zone), ..zone.clone() }).collect();
    CameraConfig { zones, ..config.clone() }
}

/// The settings with the zones of `now`, as [`with_zones`] takes them, and all else of it by which
/// zones are judged: masked areas, metres and the calendar.
#[must_use]
pub fn as_now(config: &CameraConfig, now: &CameraConfig) -> CameraConfig {
    CameraConfig {
        masks: now.masks.clone(),
        privacy_masks: now.privacy_masks.clone(),
        calibration: now.calibration.clone(),
        calendar: now.calendar.clone(),
        ..with_zones(config, &now.zones)
    }
}

/// Judges what was logged: once for each of `judges`, by the stored settings where that is none.
/// `changed` is told each change of each judge, in order; `is_wanted` is asked from time to time.
///
/// # Errors
/// When there is nothing to judge, the log can't be read, or nobody wants it any more.
pub fn replay(
    log: &LogReader,
    question: &Question,
    judges: &[Option<&Rezone<'_>>],
    changed: &mut dyn FnMut(usize, &EventChange),
    is_wanted: &dyn Fn() -> bool,
) -> Result<Outcome, ReplayError> {
    let Question { camera, from, to, warm_up_max_s } = question;
    if to <= from {
        return Err(ReplayError::Span { from: *from, to: *to });
    }
    let segments = log.segments(camera)?;
    let mut run = Run {
        question,
        arms: judges.iter().map(|rezone| Arm { rezone: *rezone, ..Arm::default() }).collect(),
        changed,
        is_wanted,
        entries: 0,
        last_seen: *from,
        last_time: None,
        pending: None,
        is_over: false,
        outcome: Outcome { is_exact: true, ..Outcome::default() },
    };
    for (at, files) in segments.iter().enumerate() {
        let next_us = segments.get(at + 1).map(SegmentFiles::start_us);
        let is_over = next_us.is_some_and(|us| us.saturating_add(LATE_MAX_US) <= from.micros());
        // The segment's own number tells when it began, whatever was removed of it.
        if is_over || files.start_us().saturating_sub(LATE_MAX_US) >= to.micros() {
            continue;
        }
        run.last_time = None;
        if files.is_cut() && files.start_us() > from.micros() {
            run.pending = Some(HoleReason::Removed);
        }
        let begin_us =
            warm_up_max_s.map(|s| from.micros().saturating_sub(i64::from(s) * 1_000_000));
        log.read(camera, files, begin_us, |item| run.item(files.segment, item, next_us.is_none()))?;
        if run.is_over {
            break;
        }
    }
    run.end(|| has(&segments))
}

/// What there is, in words.
fn has(segments: &[SegmentFiles]) -> String {
    match segments.first() {
        Some(first) => format!("the log begins at {}", Utc(first.start_us())),
        None => "the log has nothing of it".to_owned(),
    }
}

#[derive(Default)]
struct Arm<'a> {
    rezone: Option<&'a Rezone<'a>>,
    judge: Option<Judge>,
    events: BTreeMap<EventId, Event>,
}

struct Run<'a> {
    question: &'a Question,
    arms: Vec<Arm<'a>>,
    changed: &'a mut dyn FnMut(usize, &EventChange),
    is_wanted: &'a dyn Fn() -> bool,
    entries: u64,
    /// When the newest picture was taken, or the begin of the time asked for.
    last_seen: Utc,
    /// Its time in this segment.
    last_time: Option<PictureTime>,
    /// Why something is missing since then.
    pending: Option<HoleReason>,
    /// The end of the time asked for is reached.
    is_over: bool,
    outcome: Outcome,
}

impl Run<'_> {
    fn item(
        &mut self,
        segment: SegmentId,
        item: Item,
        is_newest: bool,
    ) -> Result<Goes, ReplayError> {
        match item {
            Item::Begin { settings, is_whole } => {
                self.outcome.is_exact &= is_whole;
                for arm in &mut self.arms {
                    let config = arm.config(&settings)?;
                    arm.judge = Some(Judge::new(segment, config, settings.known.clone()));
                }
            }
            Item::Record(Record::Picture(picture)) => return self.picture(&picture),
            Item::Record(Record::NotAnalysed { from, to, reason: _ }) => {
                // The rules do not ask why.
                self.feed(&Entry::NotAnalysed { from, to, reason: "not_analysed" })?;
            }
            Item::Record(Record::Config(settings)) => self.configure(&settings)?,
            Item::Record(Record::Finish { reason }) => {
                for at in 0..self.arms.len() {
                    let judge = self.arms.get_mut(at).and_then(|arm| arm.judge.take());
                    let changes = judge.map(|mut judge| judge.finish(&reason));
                    self.changes(at, changes.unwrap_or_default())?;
                }
            }
            Item::Hole(reason) => {
                self.pending.get_or_insert(reason);
                self.outcome.is_exact = false;
            }
            Item::Settings(settings) => self.configure(&settings)?,
            Item::Unfinished if is_newest => {}
            Item::Unfinished => {
                self.outcome.is_exact = false;
                self.pending.get_or_insert(HoleReason::CutShort);
            }
        }
        Ok(Goes::On)
    }

    fn picture(&mut self, picture: &Picture) -> Result<Goes, ReplayError> {
        self.entries += 1;
        if self.entries.is_multiple_of(ASK_EVERY) && !(self.is_wanted)() {
            return Err(ReplayError::Cancelled);
        }
        let utc = picture.utc;
        if utc >= self.question.to {
            self.is_over = true;
            return Ok(Goes::Enough);
        }
        if let Some(from) = self.last_time.replace(picture.time)
            && self.pending.is_some()
        {
            // Nobody knows what was seen meanwhile.
            let to = picture.time;
            self.feed(&Entry::NotAnalysed { from, to, reason: NOT_RECORDED })?;
        }
        self.seen(utc);
        if utc >= self.question.from {
            self.outcome.pictures += 1;
        }
        self.outcome.begins.get_or_insert(utc);
        self.feed(&picture.entry())?;
        Ok(Goes::On)
    }

    /// Looked at again: what lies between is a hole if it is long, or something is missing.
    fn seen(&mut self, utc: Utc) {
        let reason = self.pending.take();
        if utc <= self.last_seen {
            return;
        }
        let from = std::mem::replace(&mut self.last_seen, utc);
        let is_long = utc.micros().saturating_sub(from.micros()) > LOOKED_AT_MAX_US;
        if reason.is_none() && !is_long {
            return;
        }
        let reason = reason.unwrap_or(HoleReason::NotLookedAt);
        if self.outcome.holes.len() < HOLES_MAX {
            self.outcome.holes.push(Hole { from, to: utc, reason });
        } else {
            self.outcome.holes_left_out += 1;
        }
    }

    fn configure(&mut self, settings: &Settings) -> Result<(), ReplayError> {
        for at in 0..self.arms.len() {
            let Some(arm) = self.arms.get_mut(at) else { break };
            let config = arm.config(settings)?;
            let known = settings.known.clone();
            let entry = Entry::Config { config, known };
            let changes = arm.judge.as_mut().map(|judge| judge.feed(&entry));
            self.changes(at, changes.unwrap_or_default())?;
        }
        Ok(())
    }

    fn feed(&mut self, entry: &Entry<'_>) -> Result<(), ReplayError> {
        for at in 0..self.arms.len() {
            let judge = self.arms.get_mut(at).and_then(|arm| arm.judge.as_mut());
            let changes = judge.map(|judge| judge.feed(entry));
            self.changes(at, changes.unwrap_or_default())?;
        }
        Ok(())
    }

    fn changes(&mut self, at: usize, changes: Vec<EventChange>) -> Result<(), ReplayError> {
        let from = self.question.from;
        for change in changes {
            (self.changed)(at, &change);
            if let Some(arm) = self.arms.get_mut(at)
                && change.event.start >= from
            {
                arm.events.insert(change.event.id, change.event);
                if arm.events.len() > EVENTS_MAX {
                    return Err(ReplayError::TooManyEvents);
                }
            }
        }
        Ok(())
    }

    fn end(mut self, has: impl FnOnce() -> String) -> Result<Outcome, ReplayError> {
        if self.outcome.pictures == 0 {
            let Question { camera, from, to, .. } = self.question.clone();
            return Err(ReplayError::NoLog { camera, from, to, has: has() });
        }
        self.seen(self.question.to);
        let mut outcome = self.outcome;
        outcome.events = self.arms.into_iter().map(|arm| in_order(arm.events)).collect();
        Ok(outcome)
    }
}

/// By time; events of one picture as they were made.
fn in_order(events: BTreeMap<EventId, Event>) -> Vec<Event> {
    let mut events: Vec<Event> = events.into_values().collect();
    events.sort_by_key(|event| event.start);
    events
}

impl Arm<'_> {
    fn config(&self, settings: &Settings) -> Result<Arc<CameraConfig>, ReplayError> {
        let Some(rezone) = self.rezone else { return Ok(Arc::new(settings.config.clone())) };
        let config = rezone(&settings.config);
        config.validate()?;
        for zone in &config.zones {
            zone.validate_classes(&settings.known)?;
        }
        Ok(Arc::new(config))
    }
}
