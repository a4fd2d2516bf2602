//! How many people came into a zone within a time.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use safe_yolo_core::{PictureTime, Rule};

use super::Figures;
use super::condition::{Now, Scene, Since};

/// Part of the window for which nobody may have looked.
const BLIND_PART_MAX: f64 = 0.1;
/// What is watched for less is not known, seconds.
const WATCHED_MIN_S: f64 = 10.0;
/// Gaps that are kept one by one.
const GAPS_MAX: usize = 1000;

/// Who came in when, and when nobody looked.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    began: Option<PictureTime>,
    /// The newest, one more than can be asked for.
    times: VecDeque<PictureTime>,
    /// Who is in and counted.
    inside: BTreeSet<u64>,
    /// When a gap ended, and its seconds.
    gaps: VecDeque<(PictureTime, f64)>,
}

impl Entries {
    /// Nobody looked for so long until now.
    pub(super) fn skip(&mut self, now: PictureTime, blind: Duration) {
        self.gaps.push_back((now, blind.as_secs_f64()));
        if self.gaps.len() > GAPS_MAX {
            self.gaps.pop_front();
        }
    }

    /// How many came in within the window.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn judge(&mut self, people: u32, window_s: f64, scene: &Scene<'_>) -> Now {
        let now = scene.time;
        let began = *self.began.get_or_insert(now);
        let place = |number: &u64| scene.inside.binary_search_by_key(number, |(s, _)| s.number);
        self.inside.retain(|number| place(number).is_ok());
        for (subject, presence) in scene.inside {
            // Who came while nobody counted is not counted.
            let counts = presence.entered && presence.since >= began;
            if counts && self.inside.insert(subject.number) {
                let at = self.times.partition_point(|time| *time <= presence.since);
                self.times.insert(at, presence.since);
            }
        }
        let is_old = |time: &PictureTime| now.secs_since(*time) > window_s;
        while self.times.front().is_some_and(is_old)
            || self.times.len() > Rule::ENTRIES_MAX as usize + 1
        {
            self.times.pop_front();
        }
        while self.gaps.front().is_some_and(|(end, _)| is_old(end)) {
            self.gaps.pop_front();
        }
        let count = self.count();
        if count > people {
            let figures = Figures::People { count, people, window_s: Some(window_s) };
            // The entrance that was one too many.
            let since = self.times.get(people as usize).map_or(Since::Now, |at| Since::IfNew(*at));
            return Now::Yes { since, who: None, figures };
        }
        let watched = now.secs_since(began).min(window_s);
        let blind: f64 = self.gaps.iter().map(|(_, seconds)| seconds).sum();
        if watched < WATCHED_MIN_S.min(window_s) || blind > BLIND_PART_MAX * watched {
            return Now::Unknown("not_looked_at");
        }
        Now::No
    }
}
