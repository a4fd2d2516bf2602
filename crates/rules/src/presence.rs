//! Who is in which zone since when: hysteresis at the edge, a grace for gaps.

use safe_yolo_core::{FractionPoint, PictureSize, PictureTime, PixelBox, PixelPoint, Zone};

/// Out of the zone only when this far from its edge, as a fraction of the
/// box height: boxes breathe.
const EDGE_HYSTERESIS: f64 = 0.04;
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

/// Whether the person's feet are in the zone; `was_inside` widens it by the hysteresis.
#[must_use]
pub fn is_inside(zone: &Zone, person: &PixelBox, size: PictureSize, was_inside: bool) -> bool {
    let foot = person.foot();
    if has(zone, foot, size) {
        return true;
    }
    was_inside
        && zone.points.edge_distance_px(foot, size) <= EDGE_HYSTERESIS * f64::from(person.height())
}

/// Whether a point of the picture is in the zone.
#[must_use]
pub fn has(zone: &Zone, point: PixelPoint, size: PictureSize) -> bool {
    let FractionPoint { x, y } = point.to_fraction(size);
    // What is below the picture's edge is on it: people and things are cut off, zones end there.
    let on_it = FractionPoint { x: x.clamp(0.0, 0.999_999), y: y.clamp(0.0, 0.999_999) };
    zone.points.contains(on_it)
}

impl Presence {
    /// First seen inside at `time`.
    #[must_use]
    pub const fn new(time: PictureTime) -> Self {
        Self { since: time, last_inside: time, outside_since: None, entered: false }
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
}
