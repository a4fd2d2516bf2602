//! The analyst of one segment: owns the tracker and the judge, turns detections
//! into tracks, verdicts and changes. Moved into one task, shared with nobody.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use safe_yolo_core::grid::{round_detection, round_track};
use safe_yolo_core::{
    CameraConfig, Class, CloseUp, Detection, EventChange, PictureSize, PictureTime, PixelBox,
    SegmentId, Track, Utc,
};
use safe_yolo_media::picture::I420;
use safe_yolo_rules::view::{PersonView, View};
use safe_yolo_rules::{Entry, Judge, Level, PictureEntry, Verdict};
use safe_yolo_track::{TrackError, Tracker, TrackerConfig, TrackerConfigError};

use crate::live::{Counters, LiveBox};
use crate::shake::ShakeWatch;
use crate::track_sink::SegmentSink;

/// Boxes of objects below this score are not shown.
const SHOWN_SCORE_MIN: f32 = 0.35;
/// People unseen for longer are followed on, but not shown: where they are is a guess, seconds.
const SHOWN_UNSEEN_MAX_S: f64 = 1.0;

/// Boxes so alike have the head at the same place.
const SAME_IOU: f32 = 0.8;

/// One analysed picture, in every respect.
#[derive(Debug, Clone)]
pub struct Analysed {
    /// Confirmed tracks, predicted ones included.
    pub tracks: Vec<Track>,
    /// What to draw.
    pub boxes: Vec<LiveBox>,
    /// Where else people are or may be: in areas in which nobody is looked for, found by one look only,
    /// or unseen for long. Not for the screen, but nobody of them may be recognised in what leaves the house.
    pub others: Vec<PixelBox>,
    /// How many people, and how they stand.
    pub counters: Counters,
    /// Zones and who is in them.
    pub view: View,
    /// Events raised or ended by this picture.
    pub changes: Vec<EventChange>,
}

/// Tracker and judge of one segment of one camera.
#[derive(Debug)]
pub struct Analyst {
    tracker: Tracker,
    /// Whether the camera itself moves.
    shake: ShakeWatch,
    judge: Judge,
    /// Where what the judge is told is kept, if it is.
    log: Option<Box<dyn SegmentSink>>,
    /// People of the newest analysed picture, by track: predictions are shown with these.
    people: HashMap<u32, PersonView>,
    /// Time and size of the newest analysed picture.
    last: PictureTime,
    size: PictureSize,
}

impl Analyst {
    /// An analyst for one segment.
    ///
    /// # Errors
    /// When the tracker's settings make no sense.
    pub fn new(
        segment: SegmentId,
        config: Arc<CameraConfig>,
        known: BTreeSet<Class>,
        tracking: TrackerConfig,
    ) -> Result<Self, TrackerConfigError> {
        let tracker = Tracker::new(config.id.clone(), segment, tracking)?;
        Ok(Self {
            tracker,
            shake: ShakeWatch::default(),
            judge: Judge::new(segment, config, known),
            log: None,
            people: HashMap::new(),
            last: PictureTime::default(),
            size: PictureSize::new(0, 0),
        })
    }

    /// Keeps what the judge is told from now on.
    pub(crate) fn log_to(&mut self, log: Box<dyn SegmentSink>) {
        self.log = Some(log);
    }

    /// Tells the judge, and the log before it.
    fn feed(&mut self, entry: &Entry<'_>) -> Vec<EventChange> {
        if let Some(log) = self.log.as_mut() {
            log.entry(entry);
        }
        self.judge.feed(entry)
    }

    /// One analysed picture and what the detector says of it; `close_up` is the part of it that
    /// was looked at once more. Tracks follow the camera where it was shaken.
    ///
    /// # Errors
    /// When its time is not later than that of the last one.
    pub fn picture(
        &mut self,
        time: PictureTime,
        utc: Utc,
        picture: &I420,
        input_scale: f32,
        detections: &[Detection],
        close_up: Option<CloseUp>,
    ) -> Result<Analysed, TrackError> {
        self.follow_camera(picture);
        self.answer(time, utc, picture.size(), input_scale, detections, close_up)
    }

    /// Moves the tracks along where the camera was shaken since the last picture.
    pub(crate) fn follow_camera(&mut self, picture: &I420) {
        if let Some(motion) = self.shake.picture(picture) {
            self.tracker.compensate(&motion);
        }
    }

    /// What the detector says of a picture, without looking at it. Boxes and scores lie on the grid
    /// of [`safe_yolo_core::grid`] from here on, so that what is logged of them is small and exact.
    pub(crate) fn answer(
        &mut self,
        time: PictureTime,
        utc: Utc,
        size: PictureSize,
        input_scale: f32,
        detections: &[Detection],
        close_up: Option<CloseUp>,
    ) -> Result<Analysed, TrackError> {
        let mut tracks = self.tracker.update(time, detections)?;
        tracks.iter_mut().for_each(round_track);
        let detections: Vec<Detection> = detections.iter().map(round_detection).collect();
        (self.last, self.size) = (time, size);
        let entry = PictureEntry {
            time,
            utc,
            size,
            tracks: &tracks,
            detections: &detections,
            input_scale,
            close_up,
        };
        let changes = self.feed(&Entry::Picture(entry));
        let view = self.judge.view();
        self.people = view.people.iter().map(|p| (p.track.number, p.clone())).collect();
        let mut boxes = self.person_boxes(&tracks, time);
        let counters = count(&view, &boxes);
        let found = detections.iter().filter(|d| d.class == Class::Person).map(|d| d.bbox);
        let others = others(&boxes, tracks.iter().map(|track| track.bbox).chain(found));
        boxes.extend(
            detections
                .iter()
                .filter(|d| d.class != Class::Person && d.score >= SHOWN_SCORE_MIN)
                .filter(|d| !self.judge.is_masked(&d.bbox, size))
                .map(|d| LiveBox {
                    track: None,
                    number: None,
                    class: d.class,
                    score: d.score,
                    bbox: d.bbox,
                    predicted: false,
                    equipment: std::collections::BTreeMap::default(),
                    zones: Vec::new(),
                    level: Level::Ok,
                }),
        );
        Ok(Analysed { tracks, boxes, others, counters, view, changes })
    }

    /// Where everybody probably is at `time`, without having looked; also those who are not shown.
    #[must_use]
    pub fn predict(&self, time: PictureTime) -> (Vec<LiveBox>, Vec<PixelBox>, Counters, View) {
        let tracks = self.tracker.predict(time);
        // Measured from the last look: that nobody looked since makes nobody vanish.
        let boxes = self.person_boxes(&tracks, self.last);
        let others = others(&boxes, tracks.iter().map(|track| track.bbox));
        let view = self.judge.view();
        let counters = count(&view, &boxes);
        (boxes, others, counters, view)
    }

    /// Nobody looked between these times.
    pub fn not_analysed(
        &mut self,
        from: PictureTime,
        to: PictureTime,
        reason: &'static str,
    ) -> Vec<EventChange> {
        self.feed(&Entry::NotAnalysed { from, to, reason })
    }

    /// New settings, from the next picture on.
    pub fn configure(
        &mut self,
        config: Arc<CameraConfig>,
        known: BTreeSet<Class>,
    ) -> Vec<EventChange> {
        self.feed(&Entry::Config { config, known })
    }

    /// The segment is over: whatever lasts ends.
    pub fn finish(&mut self, reason: &str) -> Vec<EventChange> {
        if let Some(log) = self.log.take() {
            log.finish(reason);
        }
        self.judge.finish(reason)
    }

    /// What the rules make of the newest picture.
    #[must_use]
    pub fn view(&self) -> View {
        self.judge.view()
    }

    fn person_boxes(&self, tracks: &[Track], now: PictureTime) -> Vec<LiveBox> {
        tracks
            .iter()
            .filter(|track| now.secs_since(track.last_seen) <= SHOWN_UNSEEN_MAX_S)
            .filter(|track| !self.judge.is_masked(&track.bbox, self.size))
            .map(|track| {
                let person = self.people.get(&track.id.number);
                LiveBox {
                    track: Some(track.id.to_string()),
                    number: Some(track.id.number),
                    class: Class::Person,
                    score: track.score,
                    bbox: track.bbox,
                    predicted: track.predicted,
                    equipment: person.map(|p| p.equipment.clone()).unwrap_or_default(),
                    zones: person.map(|p| p.zones.clone()).unwrap_or_default(),
                    level: person.map_or(Level::Ok, |p| p.level),
                }
            })
            .collect()
    }
}

/// Those of these boxes of people that are not about the same as one that is shown, or one before.
fn others(shown: &[LiveBox], people: impl Iterator<Item = PixelBox>) -> Vec<PixelBox> {
    let mut others: Vec<PixelBox> = Vec::new();
    for person in people {
        let same = |other: &PixelBox| other.iou(&person) > SAME_IOU;
        if !shown.iter().any(|b| same(&b.bbox)) && !others.iter().any(same) {
            others.push(person);
        }
    }
    others
}

fn count(view: &View, people: &[LiveBox]) -> Counters {
    let in_type = |zone_type: safe_yolo_core::ZoneType| {
        let mut tracks: Vec<_> = view
            .zones
            .iter()
            .filter(|zone| zone.zone_type == zone_type)
            .flat_map(|zone| zone.people.iter().map(|p| p.number))
            .collect();
        tracks.sort_unstable();
        tracks.dedup();
        tracks.len()
    };
    let bare = |b: &&LiveBox| {
        b.equipment.get(&safe_yolo_core::Equipment::Helmet) == Some(&Verdict::Missing)
    };
    Counters {
        people: people.len(),
        no_helmet: people.iter().filter(bare).count(),
        warning: in_type(safe_yolo_core::ZoneType::Warning),
        danger: in_type(safe_yolo_core::ZoneType::Danger),
    }
}
