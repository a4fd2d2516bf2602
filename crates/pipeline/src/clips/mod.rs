//! Clips of alarms: which seconds of the source each shows, and when they are complete.
//!
//! A clip begins five seconds before its alarm, or with the segment, and ends ten seconds after, or
//! with the segment: it never crosses a reconnect, a seek, a loop or a change of size. Alarms that
//! come close together share one.

mod job;
mod seen;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use safe_yolo_core::{CameraId, EventId, PictureSize, PictureTime, Polygon, Utc};
use safe_yolo_media::clip::{ClipRing, ClipSupply, Cut, FilePart, Hold, KEEP, Material};
use safe_yolo_media::jpeg;
use safe_yolo_media::privacy::PrivacyMask;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use job::{Clip, ClipJob};
pub(crate) use seen::{Seen, file_of_one};

use crate::shot::Shot;

/// How much before its alarm a clip begins at the latest.
const BEFORE: Duration = Duration::from_secs(5);
/// How much after its alarm it ends.
const AFTER: Duration = Duration::from_secs(10);
/// An alarm so soon after another is part of the other's clip, which ends later then.
const SHARED: Duration = Duration::from_secs(2);
/// Alarms of one clip.
const ALARMS_MAX: usize = 16;
/// Clips of one camera that are gathered or written at once. Policy: refuse.
const CLIPS_MAX: usize = 4;
/// A session's pictures of a window's end may come so much later: those sent out of order; and boxes.
const SETTLE: Duration = Duration::from_millis(400);
/// Of other sources only boxes come later.
const SETTLE_IN_ORDER: Duration = Duration::from_millis(200);
/// Boxes are kept so much before a window: its first picture may be earlier than asked for.
const GROUP_MAX: Duration = Duration::from_secs(12);
/// Areas that changed within the time of one clip and are remembered; the oldest are forgotten first.
const AREAS_MAX: usize = 128;
/// Width that drawn pictures and those of USB cameras are kept in at most, pixels.
const WIDTH_MAX: u32 = 1280;
/// Quality of those.
const QUALITY: u8 = 75;

/// Why an alarm gets no clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoClip {
    /// Its source has none.
    NotMeant,
    /// Too many at once.
    Busy,
}

/// What the clips of one segment are cut from.
#[derive(Debug)]
enum Source {
    None,
    Ring(ClipRing),
    /// JPEGs of the pictures; the ring begins with the first of them.
    Pictures(Option<ClipRing>),
    File(FilePart),
}

/// A clip that is being gathered.
#[derive(Debug)]
struct Recording {
    alarms: Vec<job::Alarm>,
    from: PictureTime,
    to: PictureTime,
    anchor: (PictureTime, Utc),
    /// Size that the blacked areas are for.
    size: PictureSize,
    /// Areas that nobody may see, as they were when it began.
    areas: Vec<Polygon>,
    /// None for files.
    hold: Option<Hold>,
    permit: OwnedSemaphorePermit,
}

/// The clips of one camera.
#[derive(Debug)]
pub(crate) struct Clips {
    camera: CameraId,
    source: Source,
    /// First and newest picture of the segment.
    first: Option<PictureTime>,
    newest: Option<PictureTime>,
    memory: seen::Memory,
    running: Vec<Recording>,
    /// Areas that nobody may see in what the ring still holds, with the picture up to which they were in force.
    former: Vec<(PictureTime, Polygon)>,
    room: Arc<Semaphore>,
    /// A picture is being made a JPEG.
    encoding: Arc<AtomicBool>,
}

impl Clips {
    pub(crate) fn new(camera: CameraId) -> Self {
        Self {
            camera,
            source: Source::None,
            first: None,
            newest: None,
            memory: seen::Memory::default(),
            running: Vec::new(),
            former: Vec::new(),
            room: Arc::new(Semaphore::new(CLIPS_MAX)),
            encoding: Arc::default(),
        }
    }

    /// A new segment begins; whatever was gathered has been ended.
    pub(crate) fn begin(&mut self, supply: Option<&ClipSupply>) {
        self.source = match supply {
            Some(ClipSupply::Session(ring)) => Source::Ring(ring.clone()),
            Some(ClipSupply::Pictures) => Source::Pictures(None),
            Some(ClipSupply::File(part)) => Source::File(part.clone()),
            None => Source::None,
        };
        (self.first, self.newest) = (None, None);
        self.memory.clear();
        self.former.clear();
        self.encoding = Arc::default();
    }

    /// A picture came, with what nobody may see blacked already.
    pub(crate) fn picture(&mut self, shot: &Shot) {
        self.first = self.first.or(Some(shot.time));
        self.newest = self.newest.max(Some(shot.time));
        let Source::Pictures(ring) = &mut self.source else { return };
        let size = shot.picture.size_at_most(WIDTH_MAX);
        let ring = ring.get_or_insert_with(|| ClipRing::of_pictures(size));
        if !ring.is_due(shot.time) {
            return;
        }
        if self.encoding.swap(true, Ordering::AcqRel) {
            metrics::counter!("safe_yolo_clip_pictures_passed_over_total").increment(1);
            return;
        }
        let (ring, busy) = (ring.clone(), Arc::clone(&self.encoding));
        let (time, picture) = (shot.time, Arc::clone(&shot.picture));
        // It takes milliseconds, which the camera's task has not.
        tokio::task::spawn_blocking(move || {
            match jpeg::encode(&picture, WIDTH_MAX, QUALITY) {
                Ok(jpeg) => ring.push_jpeg(time, jpeg),
                Err(error) => tracing::error!(%error, "a picture is missing in clips"),
            }
            busy.store(false, Ordering::Release);
        });
    }

    /// Other areas are not to be seen from now on; `before` were until now. Clips show neither, as long as
    /// they hold pictures of that time.
    pub(crate) fn areas_changed(&mut self, before: &[Polygon], now: &[Polygon]) {
        for recording in &mut self.running {
            for area in before.iter().chain(now) {
                if !recording.areas.contains(area) && recording.areas.len() < AREAS_MAX {
                    recording.areas.push(area.clone());
                }
            }
        }
        let Some(newest) = self.newest else { return };
        self.former.retain(|(until, _)| *until >= newest - KEEP - GROUP_MAX);
        for area in before.iter().filter(|area| !now.contains(area)) {
            self.former.retain(|(_, other)| other != area);
            self.former.push((newest, area.clone()));
        }
        let surplus = self.former.len().saturating_sub(AREAS_MAX);
        self.former.drain(..surplus);
    }

    /// What was known of a picture.
    pub(crate) fn note(&mut self, time: PictureTime, seen: Seen) {
        if matches!(self.source, Source::None) {
            return;
        }
        self.memory.note(time, seen);
        let from = self.running.iter().map(|recording| recording.from).min();
        let needed = from.into_iter().chain(self.newest.map(|newest| newest - KEEP)).min();
        if let Some(needed) = needed {
            self.memory.forget_before(needed - GROUP_MAX);
        }
    }

    /// An alarm was raised by this picture.
    pub(crate) fn alarm(
        &mut self,
        event: EventId,
        shot: &Shot,
        areas: &[Polygon],
    ) -> Result<(), NoClip> {
        if matches!(self.source, Source::None | Source::Pictures(None)) {
            return Err(NoClip::NotMeant);
        }
        let time = shot.time;
        let shared = self.running.iter_mut().find(|recording| {
            let first = recording.alarms.first().map_or(time, |alarm| alarm.time);
            let full = recording.hold.as_ref().is_some_and(Hold::is_full);
            !full
                && recording.alarms.len() < ALARMS_MAX
                && time >= first
                && time.secs_since(first) <= SHARED.as_secs_f64()
        });
        if let Some(recording) = shared {
            recording.alarms.push(job::Alarm { event, time });
            recording.to = recording.to.max(time + AFTER);
            return Ok(());
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            metrics::counter!("safe_yolo_clips_refused_total", "camera" => self.camera.to_string())
                .increment(1);
            tracing::warn!(camera = %self.camera, %event, at_once = CLIPS_MAX, "an alarm has no clip: too many are being made");
            return Err(NoClip::Busy);
        };
        let from = (time - BEFORE).max(self.first.unwrap_or(time));
        let hold = match &self.source {
            Source::Ring(ring) | Source::Pictures(Some(ring)) => ring.hold(time - BEFORE),
            Source::Pictures(None) | Source::File(_) | Source::None => None,
        };
        let former = self.former.iter().filter(|(until, _)| *until >= from - GROUP_MAX);
        let areas = areas.iter().chain(former.map(|(_, area)| area)).cloned().collect();
        let size = match &self.source {
            Source::Pictures(Some(ring)) => ring.size(),
            _ => shot.picture.size(),
        };
        self.running.push(Recording {
            alarms: vec![job::Alarm { event, time }],
            from,
            to: time + AFTER,
            anchor: (time, shot.utc),
            size,
            areas,
            hold,
            permit,
        });
        Ok(())
    }

    /// Whether any is being gathered.
    pub(crate) const fn is_gathering(&self) -> bool {
        !self.running.is_empty()
    }

    /// Clips that are complete by now. `areas` are those that nobody may see now.
    pub(crate) fn complete(&mut self, areas: &[Polygon]) -> Vec<ClipJob> {
        let (newest, settle) = match &self.source {
            Source::Ring(ring) => (ring.newest(), SETTLE),
            _ => (self.newest, SETTLE_IN_ORDER),
        };
        let mut jobs = Vec::new();
        for recording in mem::take(&mut self.running) {
            let full = recording.hold.as_ref().is_some_and(Hold::is_full);
            if full {
                jobs.push(self.job(recording, Some("too_large"), areas));
            } else if newest.is_some_and(|newest| newest >= recording.to + settle) {
                jobs.push(self.job(recording, None, areas));
            } else {
                self.running.push(recording);
            }
        }
        jobs
    }

    /// Ends all clips that are being gathered, for this reason.
    pub(crate) fn cut_off(&mut self, why: &'static str, areas: &[Polygon]) -> Vec<ClipJob> {
        let newest = self.newest;
        let jobs = mem::take(&mut self.running).into_iter().map(|recording| {
            // Its end may have been reached, and not been looked at yet.
            let complete = newest.is_some_and(|newest| newest >= recording.to);
            self.job(recording, (!complete).then_some(why), areas)
        });
        jobs.collect()
    }

    fn job(
        &self,
        recording: Recording,
        ended_early: Option<&'static str>,
        areas: &[Polygon],
    ) -> ClipJob {
        let Recording { alarms, from, to, anchor, size, areas: begun, hold, permit } = recording;
        let shown = self.newest.map_or(to, |newest| newest.min(to));
        let material = match (&self.source, hold) {
            (Source::File(part), None) => Some(Material::File(part.between(from, shown))),
            // A ring is ahead of the decoder: what broke the segment off may be in it already.
            (_, Some(hold)) => {
                let to = if ended_early.is_some() { shown } else { to };
                hold.take(to).map(Material::Units)
            }
            _ => None,
        };
        // What is not to be seen now was not when the clip began, and the other way round.
        let all: Vec<Polygon> = begun.iter().chain(areas).cloned().collect();
        let cut = material.map(|material| Cut {
            material,
            privacy: PrivacyMask::new(&all, size),
            ffmpeg: "ffmpeg".to_owned(),
            ffprobe: "ffprobe".to_owned(),
        });
        let seen = self.memory.since(from - GROUP_MAX);
        ClipJob { alarms, cut, anchor, seen, ended_early, _permit: permit }
    }
}

#[cfg(test)]
mod tests;
