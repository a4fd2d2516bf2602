//! The judge of one camera: reads a log of entries, tells what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use safe_yolo_core::{
    CameraConfig, CameraId, Class, CloseUp, Detection, Equipment, EventChange, PictureSize,
    PictureTime, PixelBox, Rule, SegmentId, Track, Utc, Zone, ZoneId, ZoneType,
};

use crate::equipment::{self, Count, Seen, Sharpness, Verdict};
use crate::findings::{
    EventMaker, applies, end_all, has_rule, leave, step_beside, step_zone, window_s,
};
use crate::presence::Presence;
use crate::rule::{RuleBook, RuleVerdict, Scene};
use crate::subject::{Subject, Subjects};
use crate::view::{Level, PersonView, View, ZonePersonView, ZoneVerdict, ZoneView};

/// One analysed picture.
#[derive(Debug, Clone, Copy)]
pub struct PictureEntry<'a> {
    /// Its time in the segment; later than the last one's.
    pub time: PictureTime,
    /// Its time in the world.
    pub utc: Utc,
    /// Its size.
    pub size: PictureSize,
    /// Confirmed tracks, predicted ones included.
    pub tracks: &'a [Track],
    /// Everything detected.
    pub detections: &'a [Detection],
    /// Model input pixels a source pixel.
    pub input_scale: f32,
    /// The part that was looked at once more; `detections` has what was found there.
    pub close_up: Option<CloseUp>,
}

/// What the rules are told. They know nothing else, so that silence is seen
/// and a replay gives the same events.
#[derive(Debug, Clone)]
pub enum Entry<'a> {
    /// A picture was analysed.
    Picture(PictureEntry<'a>),
    /// Nothing was looked at for a while.
    NotAnalysed {
        /// From when, time of the segment.
        from: PictureTime,
        /// Until when.
        to: PictureTime,
        /// Why.
        reason: &'static str,
    },
    /// The settings changed.
    Config {
        /// The new ones.
        config: Arc<CameraConfig>,
        /// What the loaded model can see.
        known: BTreeSet<Class>,
    },
}

/// The rules of one camera over one segment.
#[derive(Debug)]
pub struct Judge {
    camera: CameraId,
    segment: SegmentId,
    config: Arc<CameraConfig>,
    known: BTreeSet<Class>,
    subjects: Subjects,
    rules: RuleBook,
    now: (PictureTime, Utc),
    /// Whether the newest entry is a look, not a gap.
    looking: bool,
    events_made: u64,
}

impl Judge {
    /// A judge for one segment of a camera.
    #[must_use]
    pub fn new(segment: SegmentId, config: Arc<CameraConfig>, known: BTreeSet<Class>) -> Self {
        Self {
            camera: config.id.clone(),
            segment,
            config,
            known,
            subjects: Subjects::default(),
            rules: RuleBook::default(),
            now: (PictureTime::default(), Utc::default()),
            looking: false,
            events_made: 0,
        }
    }

    /// Takes one entry of the log and returns what it changed, in order.
    pub fn feed(&mut self, entry: &Entry<'_>) -> Vec<EventChange> {
        match entry {
            Entry::Picture(picture) => self.picture(picture),
            Entry::NotAnalysed { from, to, .. } => {
                self.looking = false;
                self.subjects.skip_gap(*from, *to);
                self.rules.skip_gap(*from, *to);
                Vec::new()
            }
            Entry::Config { config, known } => self.reconfigure(config, known),
        }
    }

    /// Ends everything that lasts, because the segment does.
    pub fn finish(&mut self, reason: &str) -> Vec<EventChange> {
        let (time, utc) = self.now;
        let mut changes = Vec::new();
        for mut subject in self.subjects.take_all() {
            end_all(&mut subject, |_| true, time, utc, reason, &mut changes);
        }
        self.rules.finish((time, utc), reason, &mut changes);
        changes
    }

    fn reconfigure(
        &mut self,
        config: &Arc<CameraConfig>,
        known: &BTreeSet<Class>,
    ) -> Vec<EventChange> {
        self.config = Arc::clone(config);
        self.known.clone_from(known);
        let live: BTreeSet<&ZoneId> =
            config.zones.iter().filter(|z| z.active).map(|z| &z.id).collect();
        let (time, utc) = self.now;
        // Nobody has looked with these settings yet.
        self.looking = false;
        let mut changes = Vec::new();
        for subject in self.subjects.all_mut() {
            subject.presence.retain(|zone, _| live.contains(zone));
            subject.pace.clear();
            end_all(
                subject,
                |(_, zone)| !live.contains(zone),
                time,
                utc,
                "zone_removed",
                &mut changes,
            );
            end_all(subject, |key| !has_rule(config, key), time, utc, "rule_removed", &mut changes);
        }
        self.rules.reconfigure(config, self.now, &mut changes);
        changes
    }

    /// Whether somebody there, or a thing, is in a masked area: he is not seen.
    #[must_use]
    pub fn is_masked(&self, bbox: &PixelBox, size: PictureSize) -> bool {
        self.config.is_masked(bbox.foot().to_fraction(size))
    }

    fn picture(&mut self, picture: &PictureEntry<'_>) -> Vec<EventChange> {
        if !self.config.has_masks() {
            return self.look(picture);
        }
        let seen = |bbox: &PixelBox| !self.is_masked(bbox, picture.size);
        let tracks: Vec<Track> = picture.tracks.iter().filter(|t| seen(&t.bbox)).cloned().collect();
        let detections: Vec<Detection> =
            // What is worn is seen or not with whoever wears it.
            picture.detections.iter().filter(|d| d.class.is_worn() || seen(&d.bbox)).cloned().collect();
        let picture = PictureEntry { tracks: &tracks, detections: &detections, ..*picture };
        self.look(&picture)
    }

    fn look(&mut self, picture: &PictureEntry<'_>) -> Vec<EventChange> {
        self.now = (picture.time, picture.utc);
        self.looking = true;
        self.subjects.observe(picture.time, picture.tracks);
        self.measure(picture);
        self.vote(picture);
        let mut changes = Vec::new();
        let config = Arc::clone(&self.config);
        let mut maker = EventMaker {
            camera: &self.camera,
            segment: self.segment,
            config: &config,
            now: self.now,
            made: &mut self.events_made,
        };
        let mut exits: BTreeMap<&ZoneId, PictureTime> = BTreeMap::new();
        for subject in self.subjects.all_mut().iter_mut().filter(|s| s.matched) {
            let step = if subject.is_whole() { step_zone } else { step_beside };
            for zone in config.zones.iter().filter(|zone| zone.active) {
                if let Some(at) = step(subject, zone, picture, &mut maker, &mut changes) {
                    // Of several the last: with which of them there were too few is not asked.
                    let last = exits.entry(&zone.id).or_insert(at);
                    *last = at.max(*last);
                }
            }
        }
        let gone = self.subjects.take_gone();
        let some_are_gone = !gone.is_empty();
        for mut subject in gone {
            let left: Vec<_> = std::mem::take(&mut subject.presence).into_iter().collect();
            for (id, presence) in left {
                if let Some(zone) = config.zones.iter().find(|zone| zone.id == id) {
                    leave(
                        &mut subject,
                        zone,
                        presence,
                        presence.last_inside,
                        &mut maker,
                        &mut changes,
                    );
                }
            }
            end_all(&mut subject, |_| true, picture.time, picture.utc, "left", &mut changes);
        }
        debug_assert!(self.subjects.all().is_sorted_by_key(|subject| subject.number));
        let scene = Scene {
            time: picture.time,
            size: picture.size,
            subjects: self.subjects.all(),
            some_are_gone,
            inside: &[],
            detections: picture.detections,
            floor: config.calibration.as_ref(),
            around: &[],
            exit: None,
        };
        let known = |rule: &Rule| rule.needs().all(|class| self.known.contains(&class));
        self.rules.step(&config, known, &scene, &exits, &mut maker, &mut changes);
        changes
    }

    /// Where everybody is on the floor, if it is measured.
    fn measure(&mut self, picture: &PictureEntry<'_>) {
        let Some(floor) = &self.config.calibration else { return };
        for subject in self.subjects.all_mut().iter_mut().filter(|s| s.is_whole()) {
            if let Some(place) = floor.metres(subject.bbox.foot().to_fraction(picture.size)) {
                subject.pace.step(picture.time, place);
            }
        }
    }

    fn vote(&mut self, picture: &PictureEntry<'_>) {
        let people: Vec<Seen> = self
            .subjects
            .all()
            .iter()
            .map(|s| Seen { bbox: s.bbox, matched: s.matched, whole: s.is_whole() })
            .collect();
        for item in equipment::asked_for(self.config.zones.iter()) {
            if !self.known.contains(&item.class()) {
                continue;
            }
            let votes = equipment::votes(
                &people,
                picture.detections,
                item,
                picture.size,
                Sharpness { input_scale: picture.input_scale, close_up: picture.close_up },
            );
            for (subject, vote) in self.subjects.all_mut().iter_mut().zip(votes) {
                let ballot = subject.ballots.entry(item).or_default();
                // Who is too small is looked at more closely from time to time: what was seen
                // then goes on speaking, for as long as any vote does.
                if let Some(vote) = vote {
                    ballot.cast(picture.time, vote);
                }
            }
        }
    }

    /// What is said of a camera at which nobody has looked: of every zone and rule that it is unknown.
    #[must_use]
    pub fn unlooked(config: Arc<CameraConfig>) -> View {
        let mut view = Self::new(SegmentId::default(), config, BTreeSet::new()).view();
        // There is no time by which a zone could be outside of its hours.
        view.zones.iter_mut().for_each(|zone| zone.off = false);
        view
    }

    /// What the newest picture means, for screens.
    #[must_use]
    pub fn view(&self) -> View {
        let now = self.now.0;
        let alarmed = self.rules.alarmed();
        let zone_types: BTreeMap<&ZoneId, ZoneType> =
            self.config.zones.iter().map(|zone| (&zone.id, zone.zone_type)).collect();
        let alarmed_zones = self.alarmed_zones();
        let people = self
            .subjects
            .all()
            .iter()
            .filter(|s| s.matched || !s.presence.is_empty())
            .map(|s| PersonView {
                track: s.track.clone(),
                zones: s.presence.keys().cloned().collect(),
                speed_m_s: s.pace.m_s(now),
                equipment: s
                    .ballots
                    .iter()
                    .map(|(item, b)| (*item, b.count(now, VIEW_WINDOW_S).verdict))
                    .collect(),
                level: level(
                    s.presence.keys().filter_map(|id| zone_types.get(id)),
                    s.has_open() || alarmed.contains(&s.number),
                ),
            })
            .collect();
        let zones = self
            .config
            .zones
            .iter()
            .filter(|z| z.active)
            .map(|zone| self.zone_view(zone, now, alarmed_zones.contains(&zone.id)))
            .collect();
        View { people, zones }
    }

    /// The zones in which an alarm about somebody who is in them lasts.
    fn alarmed_zones(&self) -> BTreeSet<&ZoneId> {
        let people = self.subjects.all().iter();
        let raised = people.flat_map(|s| s.raised.iter().map(move |raised| (s, raised)));
        raised
            .filter(|(s, ((_, zone), raised))| raised.open && s.presence.contains_key(zone))
            .map(|(_, ((_, zone), _))| zone)
            .collect()
    }

    fn zone_view(&self, zone: &Zone, now: PictureTime, alarm: bool) -> ZoneView {
        let inside: Vec<(&Subject, &Presence)> = self
            .subjects
            .all()
            .iter()
            .filter_map(|s| s.presence.get(&zone.id).map(|p| (s, p)))
            .collect();
        let alarm = alarm || self.rules.is_open(&zone.id);
        let rules = self.rules.view(zone, self.looking, now);
        // What the model can't see can't be called clear,
        let judged = zone.require.iter().all(|item| self.known.contains(&item.class()));
        // nor what a rule can't tell.
        let sure = rules.iter().all(|rule| rule.verdict != RuleVerdict::Unknown);
        let verdict = match (self.looking && (judged || alarm), alarm, inside.is_empty()) {
            (false, _, _) => ZoneVerdict::Unknown,
            (true, true, _) => ZoneVerdict::Alarm,
            (true, false, false) => ZoneVerdict::Occupied,
            (true, false, true) if sure => ZoneVerdict::Clear,
            (true, false, true) => ZoneVerdict::Unknown,
        };
        let count = |s: &Subject, item: &Equipment| {
            s.ballots.get(item).map(|ballot| (*item, ballot.count(now, window_s(zone))))
        };
        let people = inside
            .iter()
            .map(|(s, presence)| {
                let votes: BTreeMap<Equipment, Count> =
                    zone.require.iter().filter_map(|item| count(s, item)).collect();
                let verdict = |item| votes.get(item).map_or(Verdict::Unknown, |c| c.verdict);
                ZonePersonView {
                    track: s.track.clone(),
                    number: s.track.number,
                    since_s: presence.stay_s(now),
                    speed_m_s: s.pace.m_s(now),
                    equipment: zone.require.iter().map(|item| (*item, verdict(item))).collect(),
                    votes,
                }
            })
            .collect();
        ZoneView {
            id: zone.id.clone(),
            name: zone.name.clone(),
            zone_type: zone.zone_type,
            points: zone.points.clone(),
            verdict,
            off: !applies(zone, &self.config, self.now.1),
            people,
            rules,
        }
    }
}

/// How somebody in zones of these types stands.
fn level<'a>(zones: impl Iterator<Item = &'a ZoneType>, is_alarmed: bool) -> Level {
    let in_zone = zones.map(|zone_type| match zone_type {
        ZoneType::Danger => Level::Danger,
        ZoneType::Warning => Level::Warning,
        ZoneType::Custom => Level::Ok,
    });
    in_zone.chain(is_alarmed.then_some(Level::Warning)).max().unwrap_or(Level::Ok)
}

/// Window of the verdicts shown beside people, seconds.
const VIEW_WINDOW_S: f64 = 2.0;

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
