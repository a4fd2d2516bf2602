//! How often a camera has to be looked at: often while people are there or
//! something moves, else once in a while. Pure; times are `Duration`s since the
//! camera's task began.

use std::time::Duration;

use safe_yolo_core::{CameraConfig, ZoneType};
use serde::Serialize;

use crate::scheduler::Wish;

/// Analyses a second of a camera in which nothing happens.
pub(crate) const QUIET_RATE: f64 = 1.25;
/// People are expected back for so long.
const PEOPLE_HOLD: Duration = Duration::from_secs(3);
/// Motion keeps it awake for so long.
const MOTION_HOLD: Duration = Duration::from_secs(2);

/// What a camera needs, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// People are in the picture.
    People,
    /// Something moves.
    Motion,
    /// Nothing happens.
    Quiet,
}

/// The evidence of one camera.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    people: Option<Duration>,
    motion: Option<Duration>,
}

impl Evidence {
    /// Nothing is known yet, so anything may happen.
    pub(crate) const fn new(now: Duration) -> Self {
        Self { people: None, motion: Some(now) }
    }

    /// Somebody was seen.
    pub(crate) const fn people(&mut self, now: Duration) {
        self.people = Some(now);
    }

    /// Something moved.
    pub(crate) const fn motion(&mut self, now: Duration) {
        self.motion = Some(now);
    }

    /// What the camera needs now.
    pub(crate) fn need(&self, now: Duration) -> Need {
        let within =
            |at: Option<Duration>, hold| at.is_some_and(|at| now.saturating_sub(at) < hold);
        if within(self.people, PEOPLE_HOLD) {
            Need::People
        } else if within(self.motion, MOTION_HOLD) {
            Need::Motion
        } else {
            Need::Quiet
        }
    }
}

/// What the scheduler is asked for.
pub(crate) fn wish(need: Need, config: &CameraConfig) -> Wish {
    let rate = config.analysis_rate_max.max(0.1);
    let rate = if need == Need::Quiet { rate.min(QUIET_RATE) } else { rate };
    Wish { period: Duration::from_secs_f64(1.0 / rate), weight: weight(config) }
}

/// More where more is at stake; the gravest zone counts.
fn weight(config: &CameraConfig) -> f64 {
    let active = || config.zones.iter().filter(|zone| zone.active);
    if active().any(|zone| zone.zone_type == ZoneType::Danger) {
        2.0
    } else if active().next().is_some() {
        1.5
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn people_and_motion_last_a_little() {
        let mut evidence = Evidence::new(s(10));
        assert_eq!(evidence.need(s(11)), Need::Motion, "nothing is known yet");
        assert_eq!(evidence.need(s(12)), Need::Quiet);
        evidence.people(s(20));
        assert_eq!(evidence.need(s(22)), Need::People);
        evidence.motion(s(22));
        assert_eq!(evidence.need(s(23)), Need::Motion);
        assert_eq!(evidence.need(s(24)), Need::Quiet);
    }
}
