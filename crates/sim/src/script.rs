//! Where an actor is and how he moves at any time: waypoints walked in turn.

use super::random::wave;

/// A direction on the floor: right, and toward the camera.
pub(super) type Heading = [f32; 2];

/// One part of a script.
#[derive(Debug, Clone, Copy)]
pub(super) enum Leg {
    /// Walk straight to `x`, `z` in this many seconds.
    To(f64, f64, f64),
    /// Stand for this many seconds and look this way.
    Stand(f64, Heading),
    /// Crouch for this many seconds, getting down and up among them.
    Crouch(f64, Heading),
    /// Fall this way, lie and get up again, all in this many seconds.
    Fall(f64, Heading),
}

/// Seconds in which somebody gets down on his haunches, or up from there.
const CROUCHING: f64 = 0.6;
/// Seconds of a fall, and of getting up after it.
const FALLING: f64 = 1.0;
const GETTING_UP: f64 = 1.8;

impl Leg {
    fn seconds(&self) -> f64 {
        match *self {
            Self::To(_, _, seconds)
            | Self::Stand(seconds, _)
            | Self::Crouch(seconds, _)
            | Self::Fall(seconds, _) => seconds,
        }
    }
}

/// The path of one actor through a loop of the scene.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// When in the loop the first leg begins, seconds.
    pub(super) start: f64,
    /// Where it begins: x and z, metres.
    pub(super) from: [f64; 2],
    /// What follows.
    pub(super) legs: Vec<Leg>,
}

/// An actor at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stance {
    /// Metres to the right of the picture's middle.
    pub(super) x: f32,
    /// Metres from the camera.
    pub(super) z: f32,
    /// Where the body points, a unit vector.
    pub(super) heading: Heading,
    /// Strides (two steps) walked so far.
    pub(super) strides: f32,
    /// Metres of one stride.
    pub(super) stride: f32,
    /// 0 standing still, 1 walking.
    pub(super) pace: f32,
    /// 0 upright, 1 crouching.
    pub(super) crouch: f32,
    /// 0 upright, 1 lying.
    pub(super) fall: f32,
    /// Where the head of who falls comes to lie, a unit vector.
    pub(super) lie: Heading,
}

/// Seconds on each side of a change of leg in which the body turns.
const TURN: f64 = 0.4;

impl Script {
    /// Seconds the script lasts.
    pub(super) fn seconds(&self) -> f64 {
        self.legs.iter().map(Leg::seconds).sum()
    }

    /// The actor `time` seconds into the loop of `duration` seconds; none while he is away.
    pub(super) fn at(&self, time: f64, duration: f64) -> Option<Stance> {
        let local = (time - self.start).rem_euclid(duration);
        let total = self.seconds();
        // An actor who is always there must end where he began, in step too.
        let always = total >= duration - 1e-6;
        if local > total && !always {
            return None;
        }
        let all_strides = if always { self.walked(f64::MAX).1 } else { 0.0 };
        let in_step = if all_strides > 0.5 { all_strides.round() / all_strides } else { 1.0 };
        let ([x, z], strides, index, into) = self.walked(local);
        let leg = self.legs.get(index)?;
        let left = leg.seconds() - into;
        let neighbour = |step: isize| {
            let n = self.legs.len() as isize;
            let other = index as isize + step;
            let other = if always { other.rem_euclid(n) } else { other.clamp(0, n - 1) };
            self.direction(other as usize)
        };
        let own = self.direction(index);
        let (other, near, share) = if into < left {
            (neighbour(-1), into, 0.5 - into / TURN * 0.5)
        } else {
            (neighbour(1), left, 0.5 - left / TURN * 0.5)
        };
        let share = if near < TURN { share as f32 } else { 0.0 };
        let walks = |d: &Direction| if d.speed > 0.0 { 1.0 } else { 0.0 };
        // Whoever stands has no stride of his own to blend with.
        let speed = |d: &Direction, or: &Direction| if d.speed > 0.0 { d.speed } else { or.speed };
        let (mine, theirs) = (stride_of(speed(&own, &other)), stride_of(speed(&other, &own)));
        let stride = mine + (theirs - mine) * f64::from(share);
        let pace = walks(&own) * (1.0 - share) + walks(&other) * share;
        let down = |after: f64, before: f64| smooth(into / after).min(smooth(left / before)) as f32;
        let (mut crouch, mut fall, mut lie) = (0.0, 0.0, [0.0, 1.0]);
        match *leg {
            Leg::Crouch(..) => crouch = down(CROUCHING, CROUCHING),
            Leg::Fall(_, way) => (fall, lie) = (down(FALLING, GETTING_UP), unit([way[0], 0.0])),
            Leg::To(..) | Leg::Stand(..) => {}
        }
        Some(Stance {
            x: x as f32,
            z: z as f32,
            heading: turned(own.heading, other.heading, share),
            strides: (strides * in_step) as f32,
            stride: stride as f32,
            pace,
            crouch,
            fall,
            lie,
        })
    }

    /// Place, strides, leg and seconds into it after `local` seconds.
    fn walked(&self, local: f64) -> ([f64; 2], f64, usize, f64) {
        let (mut at, mut strides, mut begun) = (self.from, 0.0, 0.0);
        for (index, leg) in self.legs.iter().enumerate() {
            let into = local - begun;
            let last = index + 1 == self.legs.len() && local < f64::MAX;
            let within = into < leg.seconds() || last;
            if let Leg::To(x, z, seconds) = *leg {
                let part = if within { (into / seconds).clamp(0.0, 1.0) } else { 1.0 };
                let (dx, dz) = ((x - at[0]) * part, (z - at[1]) * part);
                strides += distance(dx, dz) / stride_of(distance(x - at[0], z - at[1]) / seconds);
                at = [at[0] + dx, at[1] + dz];
            }
            if within {
                return (at, strides, index, into.min(leg.seconds()));
            }
            begun += leg.seconds();
        }
        (at, strides, 0, 0.0)
    }

    fn direction(&self, index: usize) -> Direction {
        let mut at = self.from;
        for (i, leg) in self.legs.iter().enumerate() {
            match *leg {
                Leg::Stand(_, heading) | Leg::Crouch(_, heading) | Leg::Fall(_, heading)
                    if i == index =>
                {
                    return Direction { heading: unit(heading), speed: 0.0 };
                }
                Leg::To(x, z, seconds) => {
                    let (dx, dz) = (x - at[0], z - at[1]);
                    if i == index {
                        let length = distance(dx, dz).max(1e-9);
                        let heading = [(dx / length) as f32, (-dz / length) as f32];
                        return Direction { heading, speed: length / seconds };
                    }
                    at = [x, z];
                }
                Leg::Stand(..) | Leg::Crouch(..) | Leg::Fall(..) => {}
            }
        }
        Direction { heading: [0.0, 1.0], speed: 0.0 }
    }
}

struct Direction {
    heading: Heading,
    speed: f64,
}

/// Metres of one stride at this speed, metres a second: slow walkers take short steps.
fn stride_of(speed: f64) -> f64 {
    0.6 + 0.7 * speed
}

/// From 0 to 1 without a jerk.
fn smooth(part: f64) -> f64 {
    let p = part.clamp(0.0, 1.0);
    p * p * (3.0 - 2.0 * p)
}

fn distance(dx: f64, dz: f64) -> f64 {
    (dx * dx + dz * dz).sqrt()
}

/// The direction `share` of the way from `a` to `b`; about turns go by way of the camera.
fn turned(a: Heading, b: Heading, share: f32) -> Heading {
    let detour = share * (1.0 - share) * (1.0 - (a[0] * b[0] + a[1] * b[1])) * 2.0;
    unit([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share + detour])
}

/// The vector at length 1; toward the camera when it has none.
pub(super) fn unit([x, y]: Heading) -> Heading {
    let length = (x * x + y * y).sqrt();
    if length < 1e-6 { [0.0, 1.0] } else { [x / length, y / length] }
}

/// A foot in its stride: metres ahead of the hip per metre of reach, and lift 0 to 1.
///
/// It stands for 60 % of a stride, moving back as fast as the body moves on,
/// and swings forward in the rest.
pub(super) fn foot_swing(phase: f32) -> (f32, f32) {
    const STANDS: f32 = 0.6;
    let p = phase - phase.floor();
    if p < STANDS {
        (1.0 - 2.0 * p / STANDS, 0.0)
    } else {
        let s = (p - STANDS) / (1.0 - STANDS);
        (-1.0 + 2.0 * s * s * (3.0 - 2.0 * s), wave(s * 0.5).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back() -> Script {
        let legs = vec![
            Leg::To(2.0, 8.0, 4.0),
            Leg::Stand(2.0, [0.0, 1.0]),
            Leg::To(0.0, 8.0, 4.0),
            Leg::Stand(2.0, [0.0, 1.0]),
        ];
        Script { start: 1.0, from: [0.0, 8.0], legs }
    }

    #[test]
    fn places_are_reached_in_time() {
        let script = there_and_back();
        let x = |t| script.at(t, 12.0).map(|s| s.x);
        assert_eq!((x(1.0), x(3.0), x(6.0), x(9.0)), (Some(0.0), Some(1.0), Some(2.0), Some(1.0)));
        assert_eq!(x(13.0), x(1.0));
        let away = Script { legs: vec![Leg::To(2.0, 8.0, 4.0)], ..there_and_back() };
        assert!(away.at(0.5, 12.0).is_none() && away.at(5.5, 12.0).is_none());
        assert!(away.at(1.0, 12.0).is_some() && away.at(4.9, 12.0).is_some());
    }

    #[test]
    fn nothing_jumps() {
        let script = there_and_back();
        let mut last = script.at(0.0, 12.0).unwrap();
        for ms in (5..=12_000).step_by(5) {
            let now = script.at(f64::from(ms) / 1000.0, 12.0).unwrap();
            assert!((now.x - last.x).abs() < 0.01 && (now.pace - last.pace).abs() < 0.05);
            let turn = now.heading[0] * last.heading[0] + now.heading[1] * last.heading[1];
            assert!(turn > 0.99, "at {ms} ms from {:?} to {:?}", last.heading, now.heading);
            let step = now.strides - last.strides;
            assert!((step - step.round()).abs() < 0.05, "at {ms} ms {step} strides");
            last = now;
        }
    }

    #[test]
    fn whoever_falls_lies_and_gets_up() {
        let legs =
            vec![Leg::To(2.0, 8.0, 2.0), Leg::Fall(6.0, [1.0, 0.1]), Leg::Crouch(3.0, [1.0, 0.1])];
        let script = Script { start: 0.0, from: [0.0, 8.0], legs };
        let at = |t| script.at(t, 20.0).unwrap();
        assert!(at(1.9).fall <= 0.0 && (at(4.0).fall - 1.0).abs() < 1e-6);
        assert!((at(4.0).lie[0] - 1.0).abs() < 1e-6 && at(7.9).fall < 0.05);
        assert!((at(9.5).crouch - 1.0).abs() < 1e-6 && at(10.95).crouch < 0.05);
    }

    #[test]
    fn feet_stand_swing_and_meet() {
        assert_eq!(foot_swing(0.0), (1.0, 0.0));
        assert!((foot_swing(0.3).0).abs() < 1e-6);
        assert!(foot_swing(0.8).1 > 0.9);
        assert!((foot_swing(0.9999).0 - 1.0).abs() < 1e-3);
    }
}
