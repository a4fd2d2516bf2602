//! What was seen against what was done: pure functions over looks and
//! injections. Times are `Duration`s since the campaign began.

use std::time::Duration;

/// Blindness must be shown within this.
pub(crate) const SHOWN_MAX: Duration = Duration::from_secs(5);
/// A camera must be LIVE again this long after the cause has ended.
pub(crate) const RECOVERY_MAX: Duration = Duration::from_secs(10);
/// Pictures that were already on their way when something was killed.
const ON_ITS_WAY: Duration = Duration::from_millis(300);
/// Analysed pictures are counted in windows this long.
pub(crate) const RATE_WINDOW: Duration = Duration::from_secs(4);

/// One thing that a viewer was told of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// When it arrived.
    pub(crate) at: Duration,
    /// Which camera, by its place in the list.
    pub(crate) camera: usize,
    /// The state was LIVE.
    pub(crate) live: bool,
    /// A zone had a verdict, or people were counted.
    pub(crate) knows: bool,
    /// A picture that was looked at; otherwise a status or any other picture.
    pub(crate) analysed: bool,
}

/// What a fault means for a camera that it hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing is seen from `on` to `off`.
    Blinds,
    /// Nothing was ever seen from `on` to `off`.
    NeverSaw,
    /// Something is broken at `on`, and `off` is the same moment: sight is
    /// lost for as long as the repair takes.
    Breaks,
    /// The program itself is away from `on` and started again at `off`.
    Away,
}

/// A fault injected once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Injection {
    /// The camera that it hits; none for all.
    pub(crate) camera: Option<usize>,
    /// When it begins.
    pub(crate) on: Duration,
    /// When its cause has ended.
    pub(crate) off: Duration,
    pub(crate) effect: Effect,
}

/// What became of injections.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Judged {
    /// Seconds until the camera was shown as not LIVE, where it was.
    pub(crate) shown_s: Vec<f64>,
    /// Seconds from the end of the cause to the next analysed LIVE picture.
    pub(crate) recovery_s: Vec<f64>,
    /// Times a blind camera was LIVE or knew something.
    pub(crate) wrong_safe: usize,
    /// Times blindness was shown late or not at all.
    pub(crate) unshown: usize,
    /// Cameras that were not LIVE in time.
    pub(crate) unrecovered: usize,
}

impl Judged {
    /// Judges one injection.
    pub(crate) fn add(&mut self, looks: &[Look], injection: &Injection, cameras: usize) {
        let all = 0..cameras;
        for camera in all.filter(|camera| injection.camera.is_none_or(|hit| hit == *camera)) {
            self.add_camera(looks, injection, camera);
        }
    }

    fn add_camera(&mut self, looks: &[Look], injection: &Injection, camera: usize) {
        let Injection { on, off, effect, .. } = *injection;
        let of_camera = || looks.iter().filter(move |look| look.camera == camera);
        let first = |from: Duration, wanted: fn(&Look) -> bool| {
            of_camera().filter(|look| look.at >= from && wanted(look)).map(|look| look.at).min()
        };
        let good_from = if effect == Effect::Breaks { off + ON_ITS_WAY } else { off };
        let seen_again = first(good_from, |look| look.live && look.analysed);
        match seen_again {
            Some(at) => {
                let took = at - off;
                self.recovery_s.push(took.as_secs_f64());
                self.unrecovered += usize::from(took > RECOVERY_MAX);
            }
            None => self.unrecovered += 1,
        }
        if effect == Effect::Away {
            return;
        }
        let blind_until = match effect {
            Effect::Breaks => seen_again.unwrap_or(Duration::MAX),
            _ => off,
        };
        let shown = first(on, |look| !look.live).filter(|at| *at < blind_until);
        if let Some(at) = shown {
            self.shown_s.push((at - on).as_secs_f64());
        }
        let must_show = blind_until.saturating_sub(on) > SHOWN_MAX;
        let in_time = shown.is_some_and(|at| at - on <= SHOWN_MAX);
        self.unshown += usize::from(must_show && !in_time);
        let known_from = if effect == Effect::NeverSaw { on } else { on + SHOWN_MAX };
        let wrong = |look: &&Look| {
            (known_from..blind_until).contains(&look.at) && (look.live || look.knows)
        };
        self.wrong_safe += of_camera().filter(wrong).count();
    }
}

/// Times a camera that was not LIVE knew something all the same.
pub(crate) fn contradictions(looks: &[Look], from: Duration, to: Duration) -> usize {
    let wrong = |look: &&Look| (from..to).contains(&look.at) && !look.live && look.knows;
    looks.iter().filter(wrong).count()
}

/// Times one of these cameras was said not to be LIVE.
pub(crate) fn left_live(looks: &[Look], cameras: &[usize], from: Duration, to: Duration) -> usize {
    let left = |look: &&Look| {
        (from..to).contains(&look.at) && !look.live && cameras.contains(&look.camera)
    };
    looks.iter().filter(left).count()
}

/// The median of a camera's analysed pictures a second, over whole windows of
/// [`RATE_WINDOW`] of each of these cameras; none without a whole window.
pub(crate) fn rate(looks: &[Look], cameras: &[usize], from: Duration, to: Duration) -> Option<f64> {
    let windows = to.saturating_sub(from).as_millis() / RATE_WINDOW.as_millis();
    let windows = u32::try_from(windows).ok()?;
    let mut rates = Vec::new();
    for window in 0..windows {
        let begin = from + RATE_WINDOW * window;
        let within = begin..begin + RATE_WINDOW;
        for camera in cameras {
            let counts =
                |look: &&Look| look.analysed && look.camera == *camera && within.contains(&look.at);
            #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
            let count = looks.iter().filter(counts).count() as f64;
            rates.push(count / RATE_WINDOW.as_secs_f64());
        }
    }
    median(&rates)
}

/// The middle value; none of no values.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
    Some((sorted[low] + sorted[high]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const fn look(at: u64, live: bool) -> Look {
        Look { at: ms(at), camera: 0, live, knows: live, analysed: live }
    }

    fn judged(looks: &[Look], on: u64, off: u64, effect: Effect) -> Judged {
        let mut judged = Judged::default();
        let injection = Injection { camera: Some(0), on: ms(on), off: ms(off), effect };
        judged.add(looks, &injection, 1);
        judged
    }

    #[test]
    fn a_fault_that_is_shown_and_over_soon_is_well_handled() {
        let looks = [look(900, true), look(4000, false), look(8000, false), look(12_000, true)];
        let judged = judged(&looks, 1000, 9000, Effect::Blinds);
        assert_eq!((judged.shown_s, judged.recovery_s), (vec![3.0], vec![3.0]));
        assert_eq!((judged.wrong_safe, judged.unshown, judged.unrecovered), (0, 0, 0));
    }

    #[test]
    fn live_while_blind_is_wrong_and_so_is_knowing_anything() {
        let looks = [look(4000, false), look(7000, true), look(20_000, true)];
        assert_eq!(judged(&looks, 1000, 9000, Effect::Blinds).wrong_safe, 1);
        let knowing = Look { knows: true, ..look(7000, false) };
        let looks = [look(4000, false), knowing, look(9500, true)];
        assert_eq!(judged(&looks, 1000, 9000, Effect::Blinds).wrong_safe, 1);
        assert_eq!(contradictions(&looks, ms(0), ms(9000)), 1);
        let looks = [look(1500, true), look(9500, true)];
        assert_eq!(judged(&looks, 1000, 9000, Effect::NeverSaw).wrong_safe, 1);
    }

    #[test]
    fn blindness_that_is_never_shown_counts() {
        let judged = judged(&[look(900, true), look(9500, true)], 1000, 9000, Effect::Blinds);
        assert_eq!((judged.unshown, judged.unrecovered), (1, 0));
        let late = [look(6500, false), look(9500, true)];
        assert_eq!(super::tests::judged(&late, 1000, 9000, Effect::Blinds).unshown, 1);
    }

    #[test]
    fn what_is_repaired_quickly_need_not_be_shown() {
        let looks = [look(1100, true), look(2200, true)];
        let quick = judged(&looks, 1000, 1000, Effect::Breaks);
        assert_eq!((quick.recovery_s, quick.unshown, quick.unrecovered), (vec![1.2], 0, 0));
        let slow = judged(&[look(1100, true), look(13_000, true)], 1000, 1000, Effect::Breaks);
        assert_eq!((slow.unshown, slow.unrecovered), (1, 1));
        let never = judged(&[look(3000, false)], 1000, 1000, Effect::Breaks);
        assert_eq!((never.unshown, never.unrecovered), (0, 1));
    }

    #[test]
    fn rates_are_medians_over_windows() {
        let analysed = |at, camera| Look { camera, ..look(at, true) };
        let looks: Vec<_> = (0..120)
            .flat_map(|n| [analysed(n * 100, 0), analysed(n * 200, 1)])
            .chain([look(50, false)])
            .collect();
        assert_eq!(rate(&looks, &[0], ms(0), ms(12_000)), Some(10.0));
        assert_eq!(rate(&looks, &[0, 1], ms(0), ms(8000)), Some(7.5));
        assert_eq!(rate(&looks, &[0], ms(0), ms(3000)), None);
        assert_eq!(left_live(&looks, &[0], ms(0), ms(1000)), 1);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
