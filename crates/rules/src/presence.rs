//! Who is in which zone since when: hysteresis at the edge, a grace for gaps.

use std::time::Duration;

use safe_yolo_core::{
    Anchor, Calibration, FractionPoint, PictureSize, PictureTime, PixelBox, PixelPoint, Zone,
};

/// Out of the zone only when this far from its edge, as a fraction of the
/// box height: boxes breathe.
pub const EDGE_HYSTERESIS: f64 = 0.04;
/// The same on the floor where the camera is calibrated, metres.
const EDGE_HYSTERESIS_M: f64 = 0.1;
/// Part of the box that must be in a zone to which the overlap matters,
const OVERLAP_MIN: f64 = 0.5;
/// and to stay in it.
const OVERLAP_STAY_MIN: f64 = 0.4;
/// Seconds that somebody must be seen inside before it is an entrance, or
/// outside before it is an exit.
pub const CONFIRM_S: f64 = 0.5;
/// Seconds of analysed time that somebody may be unseen before having left:
/// bridges missed pictures, pillars and changes of track id.
pub const GRACE_S: f64 = 2.0;

/// A person's standing with one zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Presence {
    /// When the person came in.
    pub since: PictureTime,
    /// When the person was last seen inside.
    pub last_inside: PictureTime,
    /// Since when the person is seen outside.
    outside_since: Option<PictureTime>,
    /// Whether the entrance has been announced.
    pub entered: bool,
    /// Where the newest picture shows the person.
    pub place: Whereabouts,
    /// For how long nobody looked meanwhile.
    blind: Duration,
}

/// What a picture changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Nothing to tell.
    Same,
    /// Now the person has certainly come in.
    Entered,
    /// The person left at this time. An entrance that was never announced ends without a word.
    Left(PictureTime),
}

/// Where somebody is, as a zone's anchor tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the zone.
    Inside,
    /// No farther beyond its edge than boxes breathe: who was inside has not left.
    AtEdge,
    /// Anywhere else.
    Outside,
}

/// Where the person is; the edge matters only for who `was_inside`.
#[must_use]
pub fn whereabouts(
    zone: &Zone,
    person: &PixelBox,
    size: PictureSize,
    floor: Option<&Calibration>,
    was_inside: bool,
) -> Whereabouts {
    let point = match zone.anchor {
        Anchor::Foot => person.foot(),
        Anchor::Centre => person.center(),
        Anchor::Overlap => {
            return match zone.points.part_of(person, size) {
                part if part >= OVERLAP_MIN => Whereabouts::Inside,
                part if part >= OVERLAP_STAY_MIN && was_inside => Whereabouts::AtEdge,
                _ => Whereabouts::Outside,
            };
        }
    };
    if has(zone, point, size) {
        return Whereabouts::Inside;
    }
    let is_at_edge = || {
        if let Some(floor) = floor.filter(|_| zone.anchor == Anchor::Foot)
            && let Some(metres) = edge_distance_m(zone, point.to_fraction(size), floor)
        {
            return metres <= EDGE_HYSTERESIS_M;
        }
        let margin = EDGE_HYSTERESIS * f64::from(person.height());
        zone.points.edge_distance_px(point, size) <= margin
    };
    match was_inside && is_at_edge() {
        true => Whereabouts::AtEdge,
        false => Whereabouts::Outside,
    }
}

/// Metres on the floor from a point to the zone's edge; none where a part of it is no floor.
fn edge_distance_m(zone: &Zone, point: FractionPoint, floor: &Calibration) -> Option<f64> {
    let p = floor.metres(point)?;
    let corners = zone.points.points();
    let next = corners.iter().cycle().skip(1);
    let mut least = f64::INFINITY;
    for (a, b) in corners.iter().zip(next) {
        let (a, b) = (floor.metres(*a)?, floor.metres(*b)?);
        least = least.min(segment_distance(p, a, b));
    }
    Some(least)
}

/// From a point to a stretch between two others.
pub(crate) fn segment_distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy).max(1e-12);
    let t = along.clamp(0.0, 1.0);
    (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
}

/// Whether a point of the picture is in the zone.
#[must_use]
pub fn has(zone: &Zone, point: PixelPoint, size: PictureSize) -> bool {
    zone.points.contains(point.to_fraction(size).on_picture())
}

impl Presence {
    /// First seen inside at `time`.
    #[must_use]
    pub const fn new(time: PictureTime) -> Self {
        Self {
            since: time,
            last_inside: time,
            outside_since: None,
            entered: false,
            place: Whereabouts::Inside,
            blind: Duration::ZERO,
        }
    }

    /// The person was seen at `time`, inside or not.
    pub fn observe(&mut self, time: PictureTime, inside: bool) -> Step {
        if inside {
            self.last_inside = time;
            self.outside_since = None;
            if !self.entered && time.secs_since(self.since) >= CONFIRM_S {
                self.entered = true;
                return Step::Entered;
            }
            return Step::Same;
        }
        let outside_since = *self.outside_since.get_or_insert(time);
        if !self.entered || time.secs_since(outside_since) >= CONFIRM_S {
            Step::Left(outside_since)
        } else {
            Step::Same
        }
    }

    /// Nobody looked for so long.
    pub(crate) fn skip(&mut self, blind: Duration) {
        self.blind += blind;
    }

    /// Since when the person would be inside if the time in which nobody looked had not been:
    /// it is no part of a dwell.
    #[must_use]
    pub fn watched_since(&self) -> PictureTime {
        self.since + self.blind
    }

    /// Seconds inside until `time` in which somebody looked.
    pub(crate) fn watched_s(&self, time: PictureTime) -> f64 {
        time.secs_since(self.watched_since()).max(0.0)
    }

    /// Seconds inside until `time`.
    #[must_use]
    pub fn stay_s(&self, time: PictureTime) -> f64 {
        time.secs_since(self.since).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> PictureTime {
        PictureTime::from_millis(millis)
    }

    #[test]
    fn an_entrance_and_an_exit_need_half_a_second() {
        let mut presence = Presence::new(ms(0));
        assert_eq!(presence.observe(ms(250), true), Step::Same);
        assert_eq!(presence.observe(ms(500), true), Step::Entered);
        assert_eq!(presence.observe(ms(750), true), Step::Same);
        // A box that jumps out for one picture leaves nothing behind.
        assert_eq!(presence.observe(ms(1000), false), Step::Same);
        assert_eq!(presence.observe(ms(1250), true), Step::Same);
        assert_eq!(presence.observe(ms(1500), false), Step::Same);
        assert_eq!(presence.observe(ms(2000), false), Step::Left(ms(1500)));
    }

    #[test]
    fn a_visit_shorter_than_the_confirmation_leaves_at_once() {
        let mut presence = Presence::new(ms(0));
        assert_eq!(presence.observe(ms(100), false), Step::Left(ms(100)));
    }

    #[test]
    fn the_edge_keeps_who_was_inside_and_takes_nobody_in() {
        let corners = [(0.2, 0.2), (0.5, 0.2), (0.5, 0.8), (0.2, 0.8)];
        let corners = corners.map(|(x, y)| FractionPoint { x, y }).to_vec();
        let zone = Zone {
            id: "z-1".parse().unwrap(),
            name: "press".into(),
            zone_type: safe_yolo_core::ZoneType::Danger,
            points: safe_yolo_core::Polygon::new(corners).unwrap(),
            active: true,
            place: None,
            anchor: Anchor::Foot,
            schedule: None,
            dwell_s: 2.0,
            pause_s: 30.0,
            require: std::collections::BTreeSet::new(),
            rules: Vec::new(),
        };
        let size = PictureSize::new(1000, 1000);
        // The zone's right side is at 500 pixels; 4 % of his height are 8.
        for (foot, was_inside, place) in [
            (490.0, false, Whereabouts::Inside),
            (506.0, false, Whereabouts::Outside),
            (506.0, true, Whereabouts::AtEdge),
            (512.0, true, Whereabouts::Outside),
        ] {
            let person = PixelBox::from_xywh(foot - 40.0, 400.0, 80.0, 200.0);
            assert_eq!(whereabouts(&zone, &person, size, None, was_inside), place, "{foot}");
        }
    }
}
