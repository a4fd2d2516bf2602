//! One rule as it stands: what was found of everybody, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use safe_yolo_core::{
    EventChange, PictureTime, PixelBox, Polygon, Rule, RuleKind, TrackId, Utc, Zone,
};

use super::condition::{About, Memory, Now, Scene, Since};
use super::crossing::Passed;
use super::entries::Entries;
use super::hold::Hold;
use super::raise::Raise;
use super::view::GROUNDS_MAX;
use super::{Figures, Ground, RuleVerdict};
use crate::findings::EventMaker;
use crate::presence::GRACE_S;
use crate::subject::{Raised, Subject};

/// Who lies or does not move and is lost from sight is taken for lying there for so long,
/// analysed seconds: such people are what detectors overlook most.
const DOWN_LOST_MAX_S: f64 = 60.0;
/// Overlap with the place of somebody lost from which a new person there is the same.
const SAME_PLACE_IOU_MIN: f32 = 0.2;

/// What was found of one person or of the place.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    hold: Hold,
    /// Since when the condition holds, if it does in the newest picture.
    since: Option<PictureTime>,
    /// Whether it has held for the dwell: what is wrong is so during a pause too.
    is_met: bool,
    pub(super) raised: Option<Raised>,
    /// Whether what is raised may be about somebody else by now.
    is_renewed: bool,
    /// What the newest picture said: figures of what holds, or why that can't be told.
    figures: Figures,
    doubt: Option<&'static str>,
    track: Option<TrackId>,
    /// The newest picture that told of it.
    told: PictureTime,
    /// Where the person was last, and for how long he is gone, analysed seconds.
    place: Option<PixelBox>,
    gone_s: f64,
}

impl Standing {
    pub(super) fn is_open(&self) -> bool {
        self.raised.as_ref().is_some_and(|raised| raised.open)
    }

    fn fires(&self) -> bool {
        self.is_open() || self.is_met
    }

    pub(super) fn end(
        &mut self,
        (time, utc): (PictureTime, Utc),
        reason: &str,
    ) -> Option<EventChange> {
        let change = self.raised.as_mut()?.end(time, utc, reason)?;
        if self.is_renewed {
            // No pause of somebody else keeps an alarm quiet.
            (self.raised, self.is_renewed) = (None, false);
        }
        Some(change)
    }

    /// Whether its alarm lasts though the person is out of sight.
    fn is_lost(&self) -> bool {
        self.gone_s > 0.0 && self.is_open()
    }

    /// The person came back from so long out of sight that it may be somebody else.
    fn renew(&mut self) {
        if self.is_open() {
            self.is_renewed = true;
        } else {
            self.raised = None;
        }
    }
}

/// One rule of one zone.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) kind: RuleKind,
    pub(super) points: Polygon,
    pub(super) memory: Memory,
    pub(super) standings: BTreeMap<About, Standing>,
    /// Why it can't say that nothing is wrong.
    pub(super) doubt: Option<&'static str>,
    /// Why it is not asked now.
    pub(super) off: Option<&'static str>,
    /// When it was last not asked.
    rested: Option<PictureTime>,
}

impl State {
    pub(super) fn new(kind: RuleKind, zone: &Zone) -> Self {
        let points = zone.points.clone();
        let (memory, standings) = (Memory::default(), BTreeMap::new());
        Self { kind, points, memory, standings, doubt: None, off: None, rested: None }
    }

    /// The zone has another outline: what was seen in the old one says nothing of it.
    pub(super) fn begin_anew(&mut self, zone: &Zone) {
        (self.points, self.memory) = (zone.points.clone(), Memory::default());
        self.standings.values_mut().for_each(|standing| standing.hold = Hold::default());
    }

    /// Whether its condition has held for the dwell of somebody, or an alarm lasts.
    pub(super) fn fires(&self) -> bool {
        self.standings.values().any(Standing::fires)
    }

    /// Since when its condition has held of anybody.
    pub(super) fn since(&self) -> Option<PictureTime> {
        self.standings.values().filter_map(|standing| standing.since).min()
    }

    /// Whoever has no standing that matters is not told of.
    pub(super) fn grounds(&self, now: PictureTime) -> Vec<Ground> {
        let ground = |standing: &Standing| {
            let verdict = match (standing.fires(), standing.doubt) {
                (true, _) => RuleVerdict::Fire,
                (false, Some(_)) => RuleVerdict::Unknown,
                (false, None) => RuleVerdict::Clear,
            };
            let held_s = standing.since.map(|since| now.secs_since(since).max(0.0));
            let matters = verdict != RuleVerdict::Clear || held_s.is_some();
            matters.then(|| Ground {
                track: standing.track.clone(),
                verdict,
                reason: standing.doubt,
                held_s,
                details: standing.figures,
            })
        };
        self.standings.values().filter_map(ground).take(GROUNDS_MAX).collect()
    }

    pub(super) fn passed(&self) -> Option<Passed> {
        matches!(self.kind, RuleKind::LineCrossing { .. }).then_some(self.memory.crossings.passed)
    }

    pub(super) fn count(&self) -> Option<u32> {
        matches!(self.kind, RuleKind::EntriesAbove { .. }).then(|| self.memory.entries.count())
    }

    /// Nobody looked for so long until now.
    pub(super) fn skip(&mut self, now: PictureTime, blind: Duration, is_long: bool) {
        // Many short times in which nobody counted are a long one.
        self.memory.entries.skip(now, blind);
        if !is_long {
            return;
        }
        self.memory.crossings.skip();
        self.memory.skip(blind);
        self.standings.values_mut().for_each(|standing| standing.hold.skip(blind));
    }

    /// It is not asked now: what lasts ends, and what was held begins anew. Pauses go on.
    pub(super) fn rest(
        &mut self,
        why: &'static str,
        now: (PictureTime, Utc),
        changes: &mut Vec<EventChange>,
    ) {
        self.off = Some(why);
        self.rested = Some(now.0);
        self.doubt = None;
        self.memory.crossings.skip();
        self.memory.entries = Entries::default();
        for standing in self.standings.values_mut() {
            (standing.since, standing.is_met, standing.hold) = (None, false, Hold::default());
            changes.extend(standing.end(now, why));
        }
    }

    pub(super) fn doubt(&self) -> Option<&'static str> {
        // Flames that have been there for half a second are no all-clear.
        let pending = self.standings.get(&About::Place).is_some_and(|s| s.since.is_some());
        self.doubt.or(pending.then_some("pending"))
    }

    pub(super) fn step(
        &mut self,
        (zone, rule): (&Zone, &Rule),
        scene: &Scene<'_>,
        step_s: f64,
        maker: &mut EventMaker<'_>,
        changes: &mut Vec<EventChange>,
    ) {
        let now = maker.now;
        let found = self.memory.judge(&rule.kind, zone, scene);
        self.doubt = found.iter().find_map(|(_, now)| match now {
            Now::Unknown(why) => Some(*why),
            Now::Yes { .. } | Now::No => None,
        });
        for subject in scene.subjects.iter().filter(|subject| subject.is_renewed) {
            if let Some(standing) = self.standings.get_mut(&About::Person(subject.number)) {
                standing.renew();
            }
        }
        if self.memory.has_turned(&self.kind)
            && let Some(standing) = self.standings.get_mut(&About::Place)
        {
            standing.hold = Hold::default();
        }
        // Of fewer people the exit tells since when, half a second before it is sure.
        let is_fewer = matches!(self.kind, RuleKind::OccupancyBelow { .. } | RuleKind::LoneWorker);
        // Unless nobody looked for some of that time.
        let is_fresh = |exit: &PictureTime| scene.time.secs_since(*exit) <= GRACE_S;
        let exit = scene.exit.filter(is_fresh).filter(|_| is_fewer);
        let some_are_lost = self.standings.values().any(|standing| standing.is_lost());
        for (about, condition) in found {
            // Of whom nothing was ever found there is nothing to keep.
            if condition == Now::No && !self.standings.contains_key(&about) {
                continue;
            }
            let person = match about {
                About::Person(number) => scene.subject(number),
                About::Place => None,
            };
            if let (true, Some(person), Now::Yes { since, .. }) =
                (some_are_lost, person, &condition)
                && since.is_plain(scene.time)
            {
                self.take_over(person);
            }
            let standing = self.standings.entry(about).or_default();
            (standing.since, standing.is_met, standing.gone_s) = (None, false, 0.0);
            standing.told = scene.time;
            standing.place = person.map(|person| person.bbox);
            standing.track = person.map(|person| person.track.clone());
            (standing.doubt, standing.figures) = (None, Figures::None);
            match condition {
                Now::Yes { since, who, figures } => {
                    let of_place = who.and_then(|number| scene.subject(number));
                    let subject = person.or(of_place);
                    let since = match (since, exit) {
                        (Since::Now, Some(exit)) => Since::IfNew(exit),
                        (since, _) => since,
                    };
                    // What holds when it begins to be asked has its dwell before it.
                    let since = self.rested.map_or(since, |rested| since.not_before(rested));
                    let until = match since {
                        Since::Seen { last, .. } => last,
                        Since::Now | Since::IfNew(_) | Since::Exactly(_) => scene.time,
                    };
                    let since = standing.hold.yes(scene.time, since);
                    standing.figures = figures;
                    standing.track = subject.map(|subject| subject.track.clone());
                    standing.since = Some(since);
                    if until.secs_since(since) >= rule.dwell_s {
                        standing.is_met = true;
                        let raise = Raise { zone, rule, subject, since, figures };
                        changes.extend(raise.into_change(standing, maker));
                    }
                }
                Now::No => {
                    if standing.hold.no(scene.time) {
                        changes.extend(standing.end(now, "over"));
                    }
                }
                Now::Unknown(why) => {
                    standing.doubt = Some(why);
                    standing.hold.unknown(step_s);
                }
            }
        }
        // Who is not in the zone any more, or nowhere.
        let is_here = |about: &About| match about {
            About::Place => true,
            About::Person(number) => scene.subject(*number).is_some(),
        };
        let waits = matches!(self.kind, RuleKind::Fall | RuleKind::Motionless);
        self.standings.retain(|about, standing| {
            if standing.told == scene.time {
                return true;
            }
            (standing.since, standing.is_met, standing.hold) = (None, false, Hold::default());
            let is_here = is_here(about);
            standing.gone_s += step_s;
            // Who went out of the zone was seen to; who vanished in it may lie there still.
            if waits && !is_here && standing.is_open() && standing.gone_s <= DOWN_LOST_MAX_S {
                return true;
            }
            changes.extend(standing.end(now, "left"));
            standing.doubt = None;
            // What was raised keeps its pause.
            is_here && (standing.raised.is_some() || standing.is_renewed)
        });
    }

    /// Gives somebody the alarm of one who was lost from sight in the same place.
    fn take_over(&mut self, person: &Subject) {
        let about = About::Person(person.number);
        if self.standings.get(&about).is_some_and(Standing::is_open) {
            return;
        }
        let lost = self.standings.iter().find(|(_, standing)| {
            let place = standing.place.filter(|_| standing.is_lost());
            place.is_some_and(|place| place.iou(&person.bbox) >= SAME_PLACE_IOU_MIN)
        });
        if let Some((number, _)) = lost.map(|(number, standing)| (*number, standing))
            && let Some(standing) = self.standings.remove(&number)
        {
            self.standings.insert(about, standing);
        }
    }
}
