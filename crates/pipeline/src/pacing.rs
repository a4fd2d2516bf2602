//! Pacing: pictures of a file are shown at the speed they were taken, and
//! analysed no more often than asked.

use std::time::Duration;

use safe_yolo_core::PictureTime;
use tokio::time::Instant;

/// Plays a file's pictures in real time.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    anchor: Option<(Instant, PictureTime)>,
}

impl Pacer {
    /// Behind by more than this, time is not caught up with.
    const BEHIND_MAX: Duration = Duration::from_millis(500);

    /// When the picture of this time is due.
    pub(crate) fn due(&mut self, now: Instant, time: PictureTime) -> Instant {
        let (at, first) = *self.anchor.get_or_insert((now, time));
        let offset = u64::try_from(time.micros() - first.micros()).unwrap_or(0);
        let due = at + Duration::from_micros(offset);
        if now.saturating_duration_since(due) > Self::BEHIND_MAX {
            self.anchor = Some((now, time));
            return now;
        }
        due
    }

    /// The next picture starts the clock anew, as after a pause.
    pub(crate) const fn reset(&mut self) {
        self.anchor = None;
    }
}

/// How late a camera's pictures come, by a clock that is never set.
///
/// The camera's clock sets the steps. The least delay seen is taken for none;
/// it may grow a little each second, so that a clock that runs differently
/// from ours is followed, while a queue that fills up shows as delay.
#[derive(Debug, Default)]
pub(crate) struct LiveClock {
    /// Time, when it was taken, and when the last one came, microseconds.
    anchor: Option<(PictureTime, i64, i64)>,
}

impl LiveClock {
    /// How far apart two clocks may run: 500 parts in a million, many times a quartz's error.
    const DRIFT_PER_MILLION: i64 = 500;

    /// How long ago the picture of this time, which comes `now`, was taken, microseconds.
    pub(crate) fn take(&mut self, time: PictureTime, now: Duration) -> i64 {
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let (from, at, last) = *self.anchor.get_or_insert((time, now, now));
        let taken = at + (time.micros() - from.micros());
        let late = now - taken;
        let passed = (now - last).max(0);
        // An earlier arrival than any is the new measure; else drift is followed.
        let follow = (passed * Self::DRIFT_PER_MILLION / 1_000_000).min(late);
        self.anchor = Some((time, taken + follow, now));
        late - follow
    }

    /// The next picture starts anew.
    pub(crate) const fn reset(&mut self) {
        self.anchor = None;
    }
}

/// Whether a camera's pictures come so late that they show what was, not what is.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    since: Option<Duration>,
}

impl Lateness {
    /// A picture older than this is late.
    pub(crate) const LATE_MAX: Duration = Duration::from_secs(2);
    /// Late pictures for this long are no burst: what was held back on purpose is
    /// decoded in less.
    const LASTS: Duration = Duration::from_millis(500);

    /// Whether pictures are late `now`; `behind` is how old the newest one is.
    pub(crate) fn picture(&mut self, now: Duration, behind: Duration) -> bool {
        if behind <= Self::LATE_MAX {
            self.since = None;
        } else {
            self.since.get_or_insert(now);
        }
        self.is_late(now)
    }

    /// Whether they are, some time after the last one.
    pub(crate) fn is_late(&self, now: Duration) -> bool {
        self.lasts(now) >= Self::LASTS
    }

    /// For how long pictures have been late.
    pub(crate) fn lasts(&self, now: Duration) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    pub(crate) const fn reset(&mut self) {
        self.since = None;
    }
}

/// Lets at most so many pictures a second through, by their own time.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    next: Option<PictureTime>,
}

impl RateLimit {
    /// Whether the picture of this time has its turn.
    pub(crate) fn is_due(&self, time: PictureTime, period: Duration) -> bool {
        // A tenth of slack: pictures of 15/s must not be halved by a limit of 15/s.
        self.next.is_none_or(|next| time + period / 10 >= next)
    }

    /// A picture of this time is being analysed.
    pub(crate) fn take(&mut self, time: PictureTime, period: Duration) {
        let from = match self.next {
            // On schedule: the average stays at the limit.
            Some(next) if time.secs_since(next).abs() < period.as_secs_f64() => next,
            _ => time,
        };
        self.next = Some(from + period);
    }

    pub(crate) const fn reset(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_average() {
        for (source, limit, expected) in
            [(15.0, 10.0, 100), (15.0, 15.0, 150), (30.0, 4.0, 40), (5.0, 10.0, 50)]
        {
            let (mut taken, mut rate) = (0_i32, RateLimit::default());
            let period = Duration::from_secs_f64(1.0 / limit);
            for i in 0..(10.0 * source) as i64 {
                let time = PictureTime::from_secs_f64(i as f64 / source);
                if rate.is_due(time, period) {
                    rate.take(time, period);
                    taken += 1;
                }
            }
            assert!((taken - expected).abs() <= 2, "{source}/s limited to {limit}/s gave {taken}");
        }
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        // A day of a camera whose clock loses 100 parts in a million: 8.6 s.
        let mut clock = LiveClock::default();
        for second in 0..86_400_i64 {
            let now = Duration::from_micros(second as u64 * 1_000_100);
            let late = clock.take(PictureTime(second * 1_000_000), now);
            assert!((0..100_000).contains(&late), "{late} us late after {second} s");
        }
    }

    #[test]
    fn a_queue_that_fills_up_is_late_until_it_is_empty() {
        let mut clock = LiveClock::default();
        for number in 0..150_i64 {
            // From 5 s on each picture comes 0.1 s later than the one before, from 10 s on in time.
            let delay = if number < 100 { (number - 50).max(0) * 100_000 } else { 0 };
            let time = PictureTime(number * 100_000);
            let now = Duration::from_micros((time.micros() + delay) as u64);
            let late = clock.take(time, now);
            assert!((late - delay).abs() < 50_000, "{late} us told, {delay} us late");
        }
    }

    #[test]
    fn a_burst_of_old_pictures_is_not_late_and_a_standing_delay_is() {
        let ms = Duration::from_millis;
        let mut lateness = Lateness::default();
        // Pictures that were held back for 2.4 s, decoded in 0.3 s.
        for step in 0..=30 {
            let behind = ms(2400_u64.saturating_sub(80 * step));
            assert!(!lateness.picture(ms(10 * step), behind), "{step}");
        }
        let told = (0..).find(|step| lateness.picture(ms(1000 + 66 * step), ms(3500)));
        assert_eq!(told, Some(8), "after half a second");
        // Key pictures come seconds apart: the next is not waited for.
        let mut sparse = Lateness::default();
        assert!(!sparse.picture(ms(0), ms(3500)));
        assert!(!sparse.is_late(ms(499)) && sparse.is_late(ms(500)));
        // Hours change nothing: no clock is followed here.
        assert!(lateness.picture(Duration::from_secs(36_000), ms(2001)));
        assert!(!lateness.picture(Duration::from_secs(36_001), ms(1999)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_not_caught_up_with_after_a_delay() {
        let mut pacer = Pacer::default();
        let start = Instant::now();
        assert_eq!(pacer.due(start, PictureTime::from_millis(0)), start);
        assert_eq!(
            pacer.due(start, PictureTime::from_millis(100)),
            start + Duration::from_millis(100)
        );
        let late = start + Duration::from_secs(5);
        assert_eq!(pacer.due(late, PictureTime::from_millis(200)), late);
        assert_eq!(
            pacer.due(late, PictureTime::from_millis(300)),
            late + Duration::from_millis(100)
        );
    }
}
