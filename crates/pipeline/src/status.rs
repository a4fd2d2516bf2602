//! A camera's figures, as the API shows them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use safe_yolo_core::{BlindReason, CameraState};
use serde::Serialize;

use crate::need::Need;

/// A camera's state and figures; numbers that are not known are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Status {
    pub state: CameraState,
    pub reason: Option<BlindReason>,
    pub picture_age_ms: Option<u64>,
    pub analysis_age_ms: Option<u64>,
    pub analysed_per_s: f64,
    /// Analyses a second that the camera should get now.
    pub wanted_per_s: f64,
    /// Why so many.
    pub need: Need,
    pub pictures_per_s: f64,
    /// Pictures that were to be analysed but had to give way to newer ones.
    pub dropped: u64,
    pub position_ms: Option<i64>,
    pub duration_ms: Option<u64>,
    pub playing: bool,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// People in the newest analysed picture; none unless LIVE.
    pub people: Option<usize>,
    /// Connections to the source since the camera was added or the server started.
    pub source_connections: u64,
    /// Times the source had to be opened again after a failure.
    pub restarts: u64,
    /// When this was told.
    #[serde(skip)]
    pub told: Option<Instant>,
}

impl Status {
    /// A camera of which nothing is known yet.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            state: CameraState::Connecting,
            reason: Some(BlindReason::Opening),
            picture_age_ms: None,
            analysis_age_ms: None,
            analysed_per_s: 0.0,
            wanted_per_s: 0.0,
            need: Need::Motion,
            pictures_per_s: 0.0,
            dropped: 0,
            position_ms: None,
            duration_ms: None,
            playing: false,
            width: None,
            height: None,
            people: None,
            source_connections: 0,
            restarts: 0,
            told: None,
        }
    }

    /// Nobody watches: what was found before says nothing about now.
    pub(crate) fn set_down(&mut self, reason: BlindReason) {
        self.state = CameraState::Offline;
        self.reason = Some(reason);
        self.people = None;
        self.analysed_per_s = 0.0;
        self.pictures_per_s = 0.0;
        self.playing = false;
    }
}

/// Happenings a second over the last seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rate {
    at: VecDeque<Duration>,
}

impl Rate {
    const WINDOW: Duration = Duration::from_secs(4);
    /// Rates above 250 a second are not told apart: bounded memory.
    const COUNT_MAX: usize = 1000;

    pub(crate) fn add(&mut self, now: Duration) {
        self.at.push_back(now);
        if self.at.len() > Self::COUNT_MAX {
            self.at.pop_front();
        }
    }

    pub(crate) fn per_s(&mut self, now: Duration) -> f64 {
        while self.at.front().is_some_and(|at| now.saturating_sub(*at) > Self::WINDOW) {
            self.at.pop_front();
        }
        let (Some(first), Some(last)) = (self.at.front(), self.at.back()) else { return 0.0 };
        let between = last.saturating_sub(*first);
        let intervals = u32::try_from(self.at.len() - 1).unwrap_or(u32::MAX);
        // What comes once a second is not slower because the next is still to
        // come; only what stays away longer than usual is.
        let usual = between / intervals.max(1);
        let since = now.saturating_sub(*last);
        let span = if since > usual * 2 { between + since } else { between };
        if intervals == 0 || span < Duration::from_millis(200) {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
        let count = (self.at.len() - 1) as f64;
        (count / span.as_secs_f64() * 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_rate_is_told_right_at_any_moment() {
        let mut rate = Rate::default();
        for second in 0..10 {
            rate.add(Duration::from_secs(second));
            for part in [0, 300, 900] {
                let told = rate.clone().per_s(Duration::from_millis(second * 1000 + part));
                assert!(second < 2 || (told - 1.0).abs() < 0.05, "{told} after {second}.{part}");
            }
        }
        assert!(rate.per_s(Duration::from_secs(12)) < 0.7, "it has stopped");
    }

    #[test]
    fn a_rate_is_told_and_forgotten() {
        let mut rate = Rate::default();
        for i in 0..100 {
            rate.add(Duration::from_millis(i * 100));
        }
        let told = rate.per_s(Duration::from_millis(9900));
        assert!((told - 10.0).abs() < 0.3, "{told}");
        assert!(rate.per_s(Duration::from_secs(60)).abs() < 1e-9);
    }
}
