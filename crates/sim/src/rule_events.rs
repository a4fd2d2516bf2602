//! What the rules of zones should raise, worked out from true places: no boxes, votes or tracks.
//!
//! A condition that is interrupted for less than [`CONFIRM_S`] goes on. It is an event when it has
//! held for the rule's dwell, and again only after its pause. Of rules with a schedule, or that
//! wait for something, nothing is told.

use safe_yolo_core::rule::Length;
use safe_yolo_core::{Class, Direction, PictureSize, PixelPoint, Rule, RuleKind, Tripwire};

use super::Scene;
use super::events::{
    CONFIRM_S, GRACE_S, History, Moment, Picture, ROUNDING_S, TruthEvent, TruthKind, Visit,
    in_sight, paused, visits,
};
use super::incidents::Incident;
use super::scenario::Area;

/// How tall workers are on average, metres: what a height of somebody is on the floor.
const HEIGHT_M: f64 = 1.77;
/// Who is this near to where he stopped has not moved, metres.
const STILL_M: f32 = 0.2;
/// For so long an approach counts, seconds.
const APPROACH_S: f64 = 1.5;
/// Over so long its speed is measured, seconds.
const SPEED_S: f64 = 0.5;

/// From when until when something holds, its dwell included.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: f64,
    until: f64,
}

/// Who raises what when.
type Raised = (f64, Option<u32>);

impl Scene {
    /// What the rules of all zones should raise, zone by zone.
    pub(super) fn rule_events(&self, history: &History<'_>) -> Vec<TruthEvent> {
        let incidents = self.all_incidents(history.pictures, history.seconds);
        let mut found = Vec::new();
        for (zone, area) in self.plan.areas.iter().enumerate() {
            let told = |rule: &&Rule| rule.active && rule.schedule.is_none() && rule.when.is_none();
            for rule in area.rules.iter().filter(told) {
                let raised = self.raised(rule, area, history, &incidents);
                found.extend(raised.into_iter().map(|(start_s, actor)| TruthEvent {
                    kind: TruthKind::Rule(rule.event()),
                    start_s,
                    zone: Some(zone),
                    actor,
                }));
            }
        }
        found.retain(|event| event.start_s < history.seconds);
        found
    }

    fn raised(
        &self,
        rule: &Rule,
        area: &Area,
        history: &History<'_>,
        incidents: &[Incident],
    ) -> Vec<Raised> {
        let seconds = history.seconds;
        let by_zone = |holds: &dyn Fn(&Picture) -> bool| {
            let seen = history.pictures.iter().filter(|picture| !picture.is_covered);
            let stretches = lasting(seen.map(|picture| (picture.at, holds(picture))), rule.dwell_s);
            of_place(&stretches, rule.pause_s)
        };
        let by_person = |starts: &dyn Fn(&[Moment]) -> Vec<f64>| {
            of_everybody(history, |moments| {
                paused(&starts(moments), moments, rule.pause_s).collect()
            })
        };
        match rule.kind {
            RuleKind::Fall => happened(TruthKind::Fall, rule, area, incidents),
            RuleKind::Fire => happened(TruthKind::Fire, rule, area, incidents),
            RuleKind::Smoke => happened(TruthKind::Smoke, rule, area, incidents),
            RuleKind::Loitering => by_person(&|moments| {
                let stays = visits(moments, area, seconds);
                stays.iter().filter_map(|visit| visit.dwelt(rule.dwell_s)).collect()
            }),
            RuleKind::Motionless => by_person(&|moments| still(moments, area, rule.dwell_s)),
            RuleKind::LineCrossing { line, direction } => {
                by_person(&|moments| crossings(moments, &line, direction, self.size()))
            }
            RuleKind::Proximity { class, distance } => by_person(&|moments| {
                let near = |(_, gap_m): &(&Moment, f64)| *gap_m < metres(distance);
                let gaps = self.gaps(class, moments);
                let here =
                    gaps.iter().map(|gap| (gap.0.at, near(gap) && area.has(gap.0.person.place)));
                from(&lasting(here, rule.dwell_s))
            }),
            RuleKind::NearMiss { class, distance, speed } => by_person(&|moments| {
                let speed = match distance {
                    Length::Heights(_) => speed * HEIGHT_M,
                    Length::Metres(_) => speed,
                };
                let gaps = self.gaps(class, moments);
                let here = gaps.iter().enumerate().map(|(number, (moment, gap_m))| {
                    let near = *gap_m < metres(distance) && area.has(moment.person.place);
                    (moment.at, near && closing(&gaps[..=number]) >= speed)
                });
                from(&lasting(here, rule.dwell_s))
            }),
            RuleKind::OccupancyAbove { people } => {
                by_zone(&|picture| count(picture, area) > people)
            }
            RuleKind::OccupancyBelow { people } => {
                by_zone(&|picture| count(picture, area) < people)
            }
            RuleKind::LoneWorker => by_zone(&|picture| count(picture, area) == 1),
            RuleKind::EntriesAbove { people, window_s } => {
                let stays = history.everybody.iter().flat_map(|one| visits(one, area, seconds));
                let entries: Vec<f64> = stays.map(|visit: Visit| visit.from).collect();
                by_zone(&|picture| {
                    let fresh = |at: &&f64| (picture.at - window_s..=picture.at).contains(*at);
                    entries.iter().filter(fresh).count() > people as usize
                })
            }
            RuleKind::ObjectMissing { class } => {
                by_zone(&|picture| !self.has_thing(class, area, picture.at))
            }
            RuleKind::ObjectPresent { class } => {
                by_zone(&|picture| self.has_thing(class, area, picture.at))
            }
        }
    }

    /// Whether something of the class stands in the zone.
    fn has_thing(&self, class: Class, area: &Area, at: f64) -> bool {
        let seconds = at.rem_euclid(self.plan.duration);
        let mut things = self.plan.things.iter();
        things.any(|thing| {
            thing.kind.class() == Some(class) && thing.is_there(seconds) && area.has(thing.at)
        }) || class == Class::Forklift
            && self.forklifts([0.0, 0.0], at).iter().any(|near| area.has(near.at))
    }

    /// How far somebody is from the nearest thing of the class whenever he is seen and it is there.
    fn gaps<'a>(&self, class: Class, moments: &'a [Moment]) -> Vec<(&'a Moment, f64)> {
        if class != Class::Forklift {
            return Vec::new();
        }
        let gap = |moment: &'a Moment| {
            let forklifts = self.forklifts(moment.person.place, moment.at).into_iter();
            let nearest = forklifts.map(|near| f64::from(near.gap_m)).min_by(f64::total_cmp);
            (moment, nearest.unwrap_or(f64::INFINITY))
        };
        in_sight(moments).map(gap).collect()
    }
}

fn metres(length: Length) -> f64 {
    match length {
        Length::Heights(heights) => heights * HEIGHT_M,
        Length::Metres(metres) => metres,
    }
}

/// How fast the distance shrank at most in the last moments, metres a second.
fn closing(gaps: &[(&Moment, f64)]) -> f64 {
    let Some((last, _)) = gaps.last() else { return 0.0 };
    let newest = gaps.iter().rev().take_while(|(moment, _)| last.at - moment.at <= APPROACH_S);
    let newest: Vec<_> = newest.collect();
    let speeds = newest.iter().enumerate().filter_map(|(number, (to, after))| {
        let (from, before) =
            newest[number..].iter().find(|(from, _)| to.at - from.at >= SPEED_S)?;
        Some((before - after) / (to.at - from.at))
    });
    // Before it came there was no distance.
    speeds.filter(|speed| speed.is_finite()).fold(0.0, f64::max)
}

/// People in the zone who can be made out.
fn count(picture: &Picture, area: &Area) -> u32 {
    let inside = picture.people.iter().filter(|person| area.has(person.place));
    inside.filter(|person| person.visible >= super::events::VISIBLE_MIN).count() as u32
}

/// The incidents of one kind in the zone, when each has lasted for the dwell.
fn happened(kind: TruthKind, rule: &Rule, area: &Area, incidents: &[Incident]) -> Vec<Raised> {
    let here = incidents.iter().filter(|incident| incident.event.kind == kind);
    here.filter(|incident| incident.place.is_some_and(|place| area.has(place)))
        .map(|incident| (incident.event.start_s + rule.dwell_s, incident.event.actor))
        .collect()
}

/// Where a condition has held for the dwell.
fn lasting(moments: impl Iterator<Item = (f64, bool)>, dwell_s: f64) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut open: Option<Stretch> = None;
    let mut close = |stretch: Stretch| {
        if stretch.until - stretch.from + ROUNDING_S >= dwell_s {
            found.push(Stretch { from: stretch.from + dwell_s, ..stretch });
        }
    };
    for (at, holds) in moments {
        if let Some(last) = open.filter(|last| at - last.until >= CONFIRM_S) {
            close(last);
            open = None;
        }
        if holds {
            open.get_or_insert(Stretch { from: at, until: at }).until = at;
        }
    }
    if let Some(last) = open {
        close(last);
    }
    found
}

fn from(stretches: &[Stretch]) -> Vec<f64> {
    stretches.iter().map(|stretch| stretch.from).collect()
}

/// Those that no pause keeps quiet; what outlasts the pause is told after it.
fn of_place(stretches: &[Stretch], pause_s: f64) -> Vec<Raised> {
    let mut told: Vec<Raised> = Vec::new();
    for stretch in stretches {
        let quiet_until = told.last().map_or(f64::MIN, |(last, _)| last + pause_s);
        let at = stretch.from.max(quiet_until);
        if at <= stretch.until + ROUNDING_S {
            told.push((at, None));
        }
    }
    told
}

fn of_everybody(history: &History<'_>, starts: impl Fn(&[Moment]) -> Vec<f64>) -> Vec<Raised> {
    let one = |moments: &Vec<Moment>| {
        let actor = moments.first().map(|moment| moment.person.actor);
        starts(moments).into_iter().map(move |at| (at, actor)).collect::<Vec<_>>()
    };
    history.everybody.iter().flat_map(one).collect()
}

/// When somebody in the zone has not moved for the dwell.
fn still(moments: &[Moment], area: &Area, dwell_s: f64) -> Vec<f64> {
    let (mut found, mut first) = (Vec::new(), None::<(&Moment, bool)>);
    for moment in in_sight(moments).filter(|moment| area.has(moment.person.place)) {
        let moved = |from: &Moment| {
            let [x, z] = [0, 1].map(|axis| moment.person.place[axis] - from.person.place[axis]);
            (x * x + z * z).sqrt() >= STILL_M
        };
        match &mut first {
            Some((from, told)) if !moved(from) => {
                if !*told && moment.at - from.at + ROUNDING_S >= dwell_s {
                    found.push(moment.at);
                    *told = true;
                }
            }
            _ => first = Some((moment, false)),
        }
    }
    found
}

/// When somebody steps over the line in that direction.
fn crossings(
    moments: &[Moment],
    line: &Tripwire,
    direction: Direction,
    size: PictureSize,
) -> Vec<f64> {
    let (w, h) = (f64::from(size.width), f64::from(size.height));
    let [a, b] = line.points().map(|end| [end.x * w, end.y * h]);
    let turn = |a: [f64; 2], b: [f64; 2], p: [f64; 2]| {
        (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    };
    let seen: Vec<&Moment> = in_sight(moments).collect();
    let crossed = seen.windows(2).filter_map(|two| {
        let [before, after] = [two[0], two[1]];
        if after.at - before.at > GRACE_S {
            return None;
        }
        let [p, q] = [before, after].map(|moment| {
            let PixelPoint { x, y } = moment.person.foot;
            [f64::from(x), f64::from(y)]
        });
        // The picture's y grows downwards: to the left of the line the product is negative.
        let (from, to) = (turn(a, b, p), turn(a, b, q));
        let between = (turn(p, q, a) < 0.0) != (turn(p, q, b) < 0.0);
        let way = if to < 0.0 { Direction::ToLeft } else { Direction::ToRight };
        ((from < 0.0) != (to < 0.0) && between && direction.includes(way)).then_some(after.at)
    });
    crossed.collect()
}
