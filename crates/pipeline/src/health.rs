//! What a camera is worth, from what was observed and when: pure, so that
//! tests need no waiting. Times are `Duration`s since the camera's task began.

use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraState};

/// No picture for this long is STALE.
pub const STALE_AFTER: Duration = Duration::from_secs(3);
/// No session for this long is OFFLINE.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(10);
/// The same live picture for this long is frozen.
pub const FROZEN_AFTER: Duration = Duration::from_secs(5);
/// An analysis this old is late, whatever the rate.
pub const ANALYSIS_LATE_AFTER: Duration = Duration::from_secs(2);
/// And so is one older than this many periods.
const ANALYSIS_LATE_PERIODS: u32 = 3;
/// A camera in which nothing happens is looked at at least this often, if need be.
pub const QUIET_LATE_AFTER: Duration = Duration::from_millis(4500);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Session {
    /// Open since then.
    Open(Duration),
    /// Not open since then, and why.
    Down(Duration, BlindReason),
}

/// Observations of one camera.
#[derive(Debug, Clone)]
pub struct Health {
    session: Session,
    picture: Option<Duration>,
    analysis: Option<Duration>,
    analysis_failed: bool,
    lagging: bool,
    damaged: bool,
    /// Why it sees nothing of what it should, as far as its pictures tell.
    view: Option<BlindReason>,
    same_since: Option<Duration>,
    /// Between analyses when all goes well.
    period: Duration,
    /// Nothing happens, as far as its pictures tell.
    quiet: bool,
    /// Since when the period holds.
    paced_since: Duration,
    command: Option<(CameraState, BlindReason)>,
}

impl Health {
    /// A camera that is being opened at `now` and is to be analysed once a `period`.
    #[must_use]
    pub const fn new(now: Duration, period: Duration) -> Self {
        Self {
            session: Session::Down(now, BlindReason::Opening),
            picture: None,
            analysis: None,
            analysis_failed: false,
            lagging: false,
            damaged: false,
            view: None,
            same_since: None,
            period,
            quiet: false,
            paced_since: now,
            command: None,
        }
    }

    /// The time between analyses when all goes well, from `now` on; `quiet`
    /// says that nothing happens in the pictures, which are watched for motion.
    pub fn set_pace(&mut self, now: Duration, period: Duration, quiet: bool) {
        if self.quiet && !quiet {
            // What was soon enough a moment ago is not late at once.
            self.paced_since = now;
        }
        self.period = period;
        self.quiet = quiet;
    }

    /// The source answered; pictures may come.
    pub const fn opened(&mut self, now: Duration) {
        // What was found before it was down says nothing about now. A file that begins
        // anew, or a camera whose clock jumped, was never away.
        if let Session::Down(..) = self.session {
            self.analysis = None;
        }
        self.session = Session::Open(now);
        self.lagging = false;
        self.damaged = false;
    }

    /// The source ended or could not be opened.
    pub const fn down(&mut self, now: Duration, reason: BlindReason) {
        // The first moment counts, the newest reason is told.
        let since = match self.session {
            Session::Open(_) => now,
            Session::Down(since, _) => since,
        };
        self.session = Session::Down(since, reason);
        self.same_since = None;
    }

    /// A picture came; `same` when it is identical to the one before.
    pub fn picture(&mut self, now: Duration, same: bool) {
        self.picture = Some(now);
        self.same_since = if same { self.same_since.or(Some(now)) } else { None };
    }

    /// A picture was analysed.
    pub const fn analysed(&mut self, now: Duration) {
        self.analysis = Some(now);
        self.analysis_failed = false;
    }

    /// Whether live pictures come seconds after they were taken.
    pub const fn set_lagging(&mut self, lagging: bool) {
        self.lagging = lagging;
    }

    /// Whether the newest picture is wrong in places.
    pub const fn set_damaged(&mut self, damaged: bool) {
        self.damaged = damaged;
    }

    /// Whether the newest pictures show nothing that could be judged, and why.
    pub const fn set_view(&mut self, view: Option<BlindReason>) {
        self.view = view;
    }

    /// The analysis of a picture failed.
    pub const fn analysis_failed(&mut self) {
        self.analysis_failed = true;
    }

    /// Somebody paused or stopped it, or a file came to its end: not watched.
    pub const fn set_unwatched(&mut self, state: CameraState, reason: BlindReason) {
        self.command = Some((state, reason));
    }

    /// It is watched again, from a new place: what was seen before says nothing.
    pub const fn watch_again(&mut self, now: Duration) {
        self.command = None;
        self.picture = None;
        self.analysis = None;
        self.analysis_failed = false;
        self.same_since = None;
        self.session = match self.session {
            Session::Open(_) => Session::Open(now),
            Session::Down(_, reason) => Session::Down(now, reason),
        };
    }

    /// Age of the newest picture.
    #[must_use]
    pub fn picture_age(&self, now: Duration) -> Option<Duration> {
        self.picture.map(|at| now.saturating_sub(at))
    }

    /// Age of the newest analysis.
    #[must_use]
    pub fn analysis_age(&self, now: Duration) -> Option<Duration> {
        self.analysis.map(|at| now.saturating_sub(at))
    }

    /// State and, unless LIVE, the reason.
    #[must_use]
    pub fn state(&self, now: Duration) -> (CameraState, Option<BlindReason>) {
        if let Some((state, reason)) = self.command {
            return (state, Some(reason));
        }
        let down = match self.session {
            Session::Open(_) => None,
            Session::Down(since, reason) => Some((now.saturating_sub(since), reason)),
        };
        let silent = |otherwise: CameraState| match down {
            Some((lasted, reason)) if lasted >= OFFLINE_AFTER => {
                (CameraState::Offline, Some(reason))
            }
            Some((_, reason)) => (otherwise, Some(reason)),
            None => (otherwise, Some(BlindReason::NoPictures)),
        };
        let Some(age) = self.picture_age(now) else {
            return match self.session {
                // Open, but never a picture: no longer just connecting.
                Session::Open(since) if now.saturating_sub(since) >= STALE_AFTER => {
                    silent(CameraState::Stale)
                }
                Session::Open(_) => (CameraState::Connecting, Some(BlindReason::Opening)),
                Session::Down(..) => silent(CameraState::Connecting),
            };
        };
        if age >= STALE_AFTER {
            return silent(CameraState::Stale);
        }
        if self.analysis_failed {
            return (CameraState::Degraded, Some(BlindReason::DetectorFailed));
        }
        if self.lagging {
            return (CameraState::Degraded, Some(BlindReason::AnalysisLate));
        }
        // Such pictures are not analysed: that is no lateness.
        if let Some(reason) = self.view {
            let reason = if self.is_frozen(now) { BlindReason::Frozen } else { reason };
            return (CameraState::Degraded, Some(reason));
        }
        let late = self.late_after();
        match self.analysis_age(now) {
            None if self.opened_for(now) < late => {
                return (CameraState::Connecting, Some(BlindReason::Opening));
            }
            None => return (CameraState::Degraded, Some(BlindReason::AnalysisLate)),
            Some(age) if age > late && self.is_pace_old(now, late) => {
                return (CameraState::Degraded, Some(BlindReason::AnalysisLate));
            }
            Some(_) => {}
        }
        if self.damaged {
            return (CameraState::Degraded, Some(BlindReason::Damaged));
        }
        if self.is_frozen(now) {
            return (CameraState::Degraded, Some(BlindReason::Frozen));
        }
        (CameraState::Live, None)
    }

    fn is_frozen(&self, now: Duration) -> bool {
        self.same_since.is_some_and(|since| now.saturating_sub(since) >= FROZEN_AFTER)
    }

    fn late_after(&self) -> Duration {
        if self.quiet {
            QUIET_LATE_AFTER
        } else {
            ANALYSIS_LATE_AFTER.max(self.period * ANALYSIS_LATE_PERIODS)
        }
    }

    /// Whether there was time enough for an analysis since the pace was set.
    fn is_pace_old(&self, now: Duration, late: Duration) -> bool {
        let age = self.analysis_age(now).unwrap_or(Duration::MAX);
        now.saturating_sub(self.paced_since) > late || age > QUIET_LATE_AFTER
    }

    /// For how long the source has been open.
    #[must_use]
    pub(crate) const fn opened_for(&self, now: Duration) -> Duration {
        match self.session {
            Session::Open(since) => now.saturating_sub(since),
            Session::Down(..) => Duration::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn live_at(now: Duration) -> Health {
        let mut health = Health::new(ms(0), ms(100));
        health.opened(ms(10));
        health.picture(now, false);
        health.analysed(now);
        health
    }

    #[test]
    fn live_needs_a_picture_and_an_analysis() {
        let mut health = Health::new(ms(0), ms(100));
        assert_eq!(health.state(ms(100)), (CameraState::Connecting, Some(BlindReason::Opening)));
        health.opened(ms(200));
        health.picture(ms(300), false);
        assert_eq!(health.state(ms(300)).0, CameraState::Connecting);
        health.analysed(ms(350));
        assert_eq!(health.state(ms(350)), (CameraState::Live, None));
    }

    #[test]
    fn blindness_shows_in_time() {
        // Each line: what is withheld, when to look, what must be said.
        let health = live_at(ms(1000));
        assert_eq!(
            health.state(ms(3999)).0,
            CameraState::Degraded,
            "late analysis shows before STALE"
        );
        assert_eq!(health.state(ms(4000)), (CameraState::Stale, Some(BlindReason::NoPictures)));
        let mut down = live_at(ms(1000));
        down.down(ms(1000), BlindReason::Unreachable);
        assert_eq!(down.state(ms(4000)), (CameraState::Stale, Some(BlindReason::Unreachable)));
        down.down(ms(9000), BlindReason::Unauthorized);
        assert_eq!(down.state(ms(11_000)), (CameraState::Offline, Some(BlindReason::Unauthorized)));
    }

    #[test]
    fn pictures_without_analysis_are_degraded() {
        let mut health = live_at(ms(1000));
        for at in (1000..6000).step_by(100) {
            health.picture(ms(at), false);
        }
        assert_eq!(health.state(ms(3000)).0, CameraState::Live);
        assert_eq!(
            health.state(ms(3001)),
            (CameraState::Degraded, Some(BlindReason::AnalysisLate))
        );
        let mut slow = live_at(ms(1000));
        slow.set_pace(ms(1000), ms(1000), false);
        slow.picture(ms(3900), false);
        assert_eq!(slow.state(ms(3900)).0, CameraState::Live, "three periods are allowed");
        slow.set_lagging(true);
        assert_eq!(slow.state(ms(3900)).0, CameraState::Degraded, "old pictures are not live");
        slow.analysis_failed();
        assert_eq!(
            slow.state(ms(3900)),
            (CameraState::Degraded, Some(BlindReason::DetectorFailed))
        );
    }

    #[test]
    fn a_quiet_camera_may_be_looked_at_less_often() {
        let mut health = live_at(ms(1000));
        health.set_pace(ms(1000), ms(800), true);
        let at = |health: &mut Health, now| {
            health.picture(ms(now), false);
            health.state(ms(now)).0
        };
        assert_eq!(at(&mut health, 5400), CameraState::Live);
        assert_eq!(at(&mut health, 5600), CameraState::Degraded, "shown within 5 s");
        health.analysed(ms(6000));
        assert_eq!(at(&mut health, 9000), CameraState::Live);
        // Motion: from now on it must be looked at often, but not earlier.
        health.set_pace(ms(9000), ms(100), false);
        assert_eq!(at(&mut health, 9100), CameraState::Live);
        assert_eq!(at(&mut health, 10_600), CameraState::Degraded, "too long ago for anybody");
        health.analysed(ms(10_700));
        assert_eq!(at(&mut health, 12_600), CameraState::Live);
        assert_eq!(at(&mut health, 12_800), CameraState::Degraded);
    }

    #[test]
    fn an_unchanging_picture_is_frozen() {
        let mut health = live_at(ms(1000));
        for at in (1100..8000).step_by(100) {
            health.picture(ms(at), true);
            health.analysed(ms(at));
            let expected = if at >= 6100 { CameraState::Degraded } else { CameraState::Live };
            assert_eq!(health.state(ms(at)).0, expected, "{at}");
        }
        health.picture(ms(8000), false);
        assert_eq!(health.state(ms(8000)).0, CameraState::Live);
    }

    #[test]
    fn a_damaged_picture_is_not_trusted() {
        let mut health = live_at(ms(1000));
        health.set_damaged(true);
        let damaged = (CameraState::Degraded, Some(BlindReason::Damaged));
        assert_eq!(health.state(ms(1000)), damaged);
        health.set_damaged(false);
        assert_eq!(health.state(ms(1000)).0, CameraState::Live);
        health.set_damaged(true);
        health.down(ms(1000), BlindReason::Unreachable);
        health.opened(ms(1100));
        health.analysed(ms(1100));
        assert_eq!(health.state(ms(1100)).0, CameraState::Live, "another session");
    }

    #[test]
    fn an_analysis_of_the_session_before_is_none() {
        let mut health = live_at(ms(1000));
        health.down(ms(1000), BlindReason::Unreachable);
        health.opened(ms(1400));
        health.picture(ms(1500), false);
        assert_eq!(health.state(ms(1500)), (CameraState::Connecting, Some(BlindReason::Opening)));
        health.analysed(ms(1600));
        assert_eq!(health.state(ms(1600)), (CameraState::Live, None));
    }

    #[test]
    fn a_paused_file_is_not_watched() {
        let mut health = live_at(ms(1000));
        health.set_unwatched(CameraState::Paused, BlindReason::Command);
        assert_eq!(health.state(ms(1000)).0, CameraState::Paused);
        health.watch_again(ms(5000));
        assert_eq!(health.state(ms(5000)).0, CameraState::Connecting, "an old analysis is none");
    }

    /// Whatever happens in whatever order, LIVE means a recent picture and a recent analysis.
    #[test]
    fn p11_live_is_never_said_blindly() {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        for round in 0..4000 {
            // In every other round the camera is never quiet.
            let late = if round % 2 == 0 { 2000 } else { 4500 };
            let mut health = Health::new(ms(0), ms(100));
            let (mut now, mut picture, mut analysis) = (0, None, None);
            let mut is_down = true;
            for _ in 0..60 {
                now += next(1500);
                match next(9) {
                    8 => health.set_pace(ms(now), ms(100), late > 2000 && next(2) == 0),
                    0 => {
                        health.opened(ms(now));
                        analysis = analysis.filter(|_| !is_down);
                        is_down = false;
                    }
                    1 => {
                        health.down(ms(now), BlindReason::Unreachable);
                        is_down = true;
                    }
                    2 | 3 => {
                        health.picture(ms(now), next(2) == 0);
                        picture = Some(now);
                    }
                    4 | 5 => {
                        health.analysed(ms(now));
                        analysis = Some(now);
                    }
                    6 => health.analysis_failed(),
                    _ => health.watch_again(ms(now)),
                }
                let later = now + next(4000);
                if health.state(ms(later)).0.is_watching() {
                    assert!(picture.is_some_and(|at| later - at < 3000));
                    assert!(analysis.is_some_and(|at| later - at <= late));
                }
            }
        }
    }
}
