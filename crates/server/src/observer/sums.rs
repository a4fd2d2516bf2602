//! Adds up looks, on given clocks: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use safe_yolo_core::{
    BlindReason, CameraConfig, CameraId, CameraState, Equipment, Utc, Zone, ZoneId,
};
use safe_yolo_rules::Verdict;
use safe_yolo_store::statistics::{
    COLUMNS, EquipmentTime, Figures, HeatTime, ROWS, Watch, WatchedTime, hour_of,
};

use super::seen::{Seen, SeenZone};

/// A look stands for the time since the one before, but for no more than this.
const COUNTED_MAX: Duration = Duration::from_secs(5);
/// What was seen stands for a LIVE camera no longer than this: nothing LIVE is older.
const SEEN_MAX: Duration = Duration::from_secs(5);
/// Sums of each kind that wait for the store; what has no room is lost and told.
const WATCHED_MAX: usize = 50_000;
const EQUIPMENT_MAX: usize = 50_000;
const HEAT_MAX: usize = 256;
/// Hours over which time without a look is spread.
const HOURS_MAX: usize = 48;

/// Nobody looked at the camera's state.
const UNOBSERVED: Watch = Watch::Blind("unobserved");
/// The zone is outside of its hours, or switched off.
const OFF: Watch = Watch::Blind("off");
/// The rules of the zone can't say anything.
const UNKNOWN: Watch = Watch::Blind("unknown");

/// One camera at one moment.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) config: &'a CameraConfig,
    pub(super) state: CameraState,
    pub(super) reason: Option<BlindReason>,
    pub(super) seen: Option<Seen>,
}

type WatchKey = (CameraId, Option<ZoneId>, i64, Watch);

/// What was seen and is not stored yet.
#[derive(Debug, Default)]
pub(super) struct Sums {
    looked: Option<Duration>,
    /// What was last seen of each camera; of those that are configured.
    seen: BTreeMap<CameraId, (Duration, Seen)>,
    watched: BTreeMap<WatchKey, i64>,
    /// Present, missing and unknown.
    equipment: BTreeMap<(ZoneId, Equipment, i64), [i64; 3]>,
    heat: BTreeMap<(CameraId, String), Vec<u32>>,
    lost: u64,
}

/// The time that ended at `at`, hour by hour.
fn spread(at: Utc, us: i64) -> impl Iterator<Item = (i64, i64)> {
    let (mut end, mut left) = (at.micros(), us);
    std::iter::from_fn(move || {
        if left <= 0 {
            return None;
        }
        let hour = hour_of(end.saturating_sub(1));
        let part = left.min(end.saturating_sub(hour)).max(1);
        (end, left) = (hour, left - part);
        Some((hour, part))
    })
    .take(HOURS_MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Adds to a sum; false where there is no room for a new one.
fn add<K: Ord>(sums: &mut BTreeMap<K, i64>, max: usize, key: K, us: i64) -> bool {
    if sums.len() >= max && !sums.contains_key(&key) {
        return false;
    }
    let sum = sums.entry(key).or_default();
    *sum = sum.saturating_add(us);
    true
}

impl Sums {
    /// Counts the time since the last look, as the cameras are now; `now` never runs backwards.
    /// Answers how many sums had no room.
    pub(super) fn look<'a>(
        &mut self,
        now: Duration,
        at: Utc,
        looks: impl Iterator<Item = Look<'a>>,
    ) -> u64 {
        let elapsed = self.looked.map_or(Duration::ZERO, |before| now.saturating_sub(before));
        self.looked = Some(now);
        let counted = elapsed.min(COUNTED_MAX);
        let missed = elapsed - counted;
        let mut seen_before = std::mem::take(&mut self.seen);
        for mut look in looks {
            let id = &look.config.id;
            let before = seen_before.remove(id);
            let known = match look.seen.take() {
                Some(seen) => Some((now, seen)),
                None => before.filter(|(when, _)| now.saturating_sub(*when) <= SEEN_MAX),
            };
            let known = known.filter(|_| look.state.is_watching());
            self.camera(&look, at, (micros(counted), micros(missed)), known.as_ref().map(|k| &k.1));
            if let Some(known) = known {
                self.seen.insert(id.clone(), known);
            }
        }
        std::mem::take(&mut self.lost)
    }

    fn camera(&mut self, look: &Look<'_>, at: Utc, (us, missed): (i64, i64), seen: Option<&Seen>) {
        let id = &look.config.id;
        let is_live = look.state.is_watching();
        let reason = look.reason.map_or("unknown", BlindReason::name);
        let what = if is_live { Watch::Analysed } else { Watch::Blind(reason) };
        let before = at.plus_micros(-us);
        self.watched(id, None, at, us, what);
        self.watched(id, None, before, missed, UNOBSERVED);
        for zone in &look.config.zones {
            let found = seen.and_then(|seen| seen.zones.iter().find(|found| found.id == zone.id));
            let what = if is_live { of_zone(zone, found) } else { what };
            self.watched(id, Some(&zone.id), at, us, what);
            self.watched(id, Some(&zone.id), before, missed, UNOBSERVED);
        }
        let Some(seen) = seen else { return };
        for zone in seen.zones.iter().filter(|zone| !zone.is_off) {
            for (item, verdict) in &zone.worn {
                self.worn((&zone.id, *item, *verdict), at, us);
            }
        }
        if !seen.cells.is_empty() {
            self.stood(id, look.config.calendar.day(at), &seen.cells, us);
        }
    }

    fn watched(&mut self, camera: &CameraId, zone: Option<&ZoneId>, at: Utc, us: i64, what: Watch) {
        for (hour, part) in spread(at, us) {
            let key = (camera.clone(), zone.cloned(), hour, what);
            self.lost += u64::from(!add(&mut self.watched, WATCHED_MAX, key, part));
        }
    }

    fn worn(&mut self, (zone, item, verdict): (&ZoneId, Equipment, Verdict), at: Utc, us: i64) {
        for (hour, part) in spread(at, us) {
            let times = match verdict {
                Verdict::Present => [part, 0, 0],
                Verdict::Missing => [0, part, 0],
                Verdict::Unknown => [0, 0, part],
            };
            self.add_worn((zone.clone(), item, hour), times);
        }
    }

    fn add_worn(&mut self, key: (ZoneId, Equipment, i64), times: [i64; 3]) {
        if self.equipment.len() >= EQUIPMENT_MAX && !self.equipment.contains_key(&key) {
            self.lost += 1;
            return;
        }
        let sums = self.equipment.entry(key).or_default();
        for (sum, time) in sums.iter_mut().zip(times) {
            *sum = sum.saturating_add(time);
        }
    }

    fn stood(&mut self, camera: &CameraId, day: String, cells: &[usize], us: i64) {
        let ms = u32::try_from(us / 1000).unwrap_or(u32::MAX);
        let mut grid = vec![0_u32; COLUMNS * ROWS];
        for cell in cells {
            if let Some(sum) = grid.get_mut(*cell) {
                *sum = sum.saturating_add(ms);
            }
        }
        self.add_stood((camera.clone(), day), &grid);
    }

    fn add_stood(&mut self, key: (CameraId, String), more: &[u32]) {
        if self.heat.len() >= HEAT_MAX && !self.heat.contains_key(&key) {
            self.lost += 1;
            return;
        }
        let grid = self.heat.entry(key).or_insert_with(|| vec![0; COLUMNS * ROWS]);
        for (sum, more) in grid.iter_mut().zip(more) {
            *sum = sum.saturating_add(*more);
        }
    }

    /// What is to be stored; nothing of it is left here.
    pub(super) fn take(&mut self) -> Figures {
        let watched = std::mem::take(&mut self.watched).into_iter().map(|(key, us)| {
            let (camera, zone, hour, what) = key;
            WatchedTime { camera, zone, hour, what, us }
        });
        let equipment = std::mem::take(&mut self.equipment).into_iter().map(|(key, times)| {
            let ((zone, item, hour), [present_us, missing_us, unknown_us]) = (key, times);
            EquipmentTime { zone, item, hour, present_us, missing_us, unknown_us }
        });
        let heat = std::mem::take(&mut self.heat)
            .into_iter()
            .map(|((camera, day), cells_ms)| HeatTime { camera, day, cells_ms });
        Figures { watched: watched.collect(), equipment: equipment.collect(), heat: heat.collect() }
    }

    /// Takes back what could not be stored; answers how many sums had no room.
    pub(super) fn put_back(&mut self, figures: Figures) -> u64 {
        for time in figures.watched {
            let key = (time.camera, time.zone, time.hour, time.what);
            self.lost += u64::from(!add(&mut self.watched, WATCHED_MAX, key, time.us));
        }
        for time in figures.equipment {
            let times = [time.present_us, time.missing_us, time.unknown_us];
            self.add_worn((time.zone, time.item, time.hour), times);
        }
        for heat in figures.heat {
            self.add_stood((heat.camera, heat.day), &heat.cells_ms);
        }
        std::mem::take(&mut self.lost)
    }
}

/// What a LIVE camera's zone was worth.
fn of_zone(zone: &Zone, seen: Option<&SeenZone>) -> Watch {
    match seen {
        _ if !zone.active => OFF,
        Some(seen) if seen.is_off => OFF,
        Some(seen) if seen.is_judged => Watch::Analysed,
        Some(_) => UNKNOWN,
        None => Watch::Blind(BlindReason::AnalysisLate.name()),
    }
}

#[cfg(test)]
#[path = "sums_tests.rs"]
mod tests;
