//! How fast somebody walks, where the floor is measured.

use std::collections::VecDeque;

use safe_yolo_core::PictureTime;

/// Over so long at most it is measured, seconds: one picture more or less is no other speed.
const WINDOW_S: f64 = 1.5;
/// Over less nothing is said: boxes breathe.
const LEAST_S: f64 = 0.5;
/// Places kept; of faster cameras the newest.
const PLACES_MAX: usize = 32;

/// Where somebody was on the floor in the last moments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    /// Metres, newest last.
    places: VecDeque<(PictureTime, [f64; 2])>,
}

impl Pace {
    /// He stands there now.
    pub(crate) fn step(&mut self, time: PictureTime, place: [f64; 2]) {
        let is_old = |(at, _): &(PictureTime, _)| time.secs_since(*at) > WINDOW_S;
        while self.places.front().is_some_and(is_old) || self.places.len() >= PLACES_MAX {
            self.places.pop_front();
        }
        self.places.push_back((time, place));
    }

    /// Where he was says nothing of where he is.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    /// Metres a second over the last moments, in a straight line; none of who is not seen at `now`, or
    /// has not been seen for long enough.
    pub(crate) fn m_s(&self, now: PictureTime) -> Option<f64> {
        let (first, last) = (self.places.front()?, self.places.back()?);
        let seconds = last.0.secs_since(first.0);
        if last.0 != now || seconds < LEAST_S {
            return None;
        }
        let [from, to] = [first.1, last.1];
        // Hundredths are more than boxes can tell.
        Some(((to[0] - from[0]).hypot(to[1] - from[1]) / seconds * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(seconds: f64, rate: f64, speed: f64) -> Pace {
        let mut pace = Pace::default();
        for number in 0..=(seconds * rate) as u32 {
            let at = f64::from(number) / rate;
            pace.step(PictureTime::from_secs_f64(at), [speed * at, 2.0]);
        }
        pace
    }

    #[test]
    fn it_is_the_same_at_any_rate() {
        for rate in [2.0, 5.0, 15.0, 60.0] {
            let speed = walked(4.0, rate, 1.4).m_s(PictureTime::from_secs_f64(4.0));
            assert_eq!(speed, Some(1.4), "at {rate}/s");
        }
        assert_eq!(walked(4.0, 5.0, 0.0).m_s(PictureTime::from_secs_f64(4.0)), Some(0.0));
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(walked(0.4, 10.0, 1.4).m_s(PictureTime::from_secs_f64(0.4)), None);
        let mut pace = walked(2.0, 10.0, 1.4);
        assert_eq!(pace.m_s(PictureTime::from_secs_f64(2.1)), None, "not seen now");
        pace.clear();
        assert_eq!(pace.m_s(PictureTime::from_secs_f64(2.0)), None);
        // One that looks every two seconds knows no speed.
        assert_eq!(walked(8.0, 0.5, 1.4).m_s(PictureTime::from_secs_f64(8.0)), None);
    }
}
