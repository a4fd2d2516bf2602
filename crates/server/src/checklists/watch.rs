//! The task that looks at all items once a second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use safe_yolo_core::checklist::{Counting, Deed, RuleTick, Standing, TickedBy};
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{CameraId, ChecklistId, EventType, Utc, ZoneId};
use safe_yolo_pipeline::LivePicture;
use safe_yolo_store::checklists::{Checklist, ItemState, RuleDeed};
use safe_yolo_store::{Announced, CameraRecord, StoreError};
use tokio::sync::broadcast::{self, error::TryRecvError};
use tokio::time::MissedTickBehavior;

use super::board::Look;
use super::standing::{Said, say, unknown};
use crate::app::App;
use crate::clock;

const PERIOD: Duration = Duration::from_secs(1);
/// How often it is noted that somebody looks: a start finds out how long nobody did.
const NOTED: Duration = Duration::from_secs(30);
/// Events that began longer ago are told late and say nothing about now.
const LATE_MAX_US: i64 = 10_000_000;

/// What is remembered of an item from look to look.
#[derive(Default)]
struct Memory {
    counting: Counting,
    /// As the item was at the last look.
    revision: u64,
    unknown_since: Option<Utc>,
}

/// What happened in the moment since the last look, which the newest picture may not show any more.
#[derive(Default)]
struct Happened {
    raised: BTreeSet<(CameraId, Option<ZoneId>, EventType)>,
    /// Some of it was missed.
    lost: bool,
}

struct Watch {
    app: App,
    news: broadcast::Receiver<Announced>,
    /// Kept until a look went well: what can't be written now must not be forgotten.
    happened: Happened,
    /// As many as there are items.
    memory: BTreeMap<(ChecklistId, String), Memory>,
    begun: Instant,
    noted: Option<Instant>,
    /// When an earlier run of the program last looked.
    looked_before: Option<Utc>,
}

/// Looks until the server ends.
pub(crate) async fn watch(app: App) {
    let news = app.store.announcements();
    let looked_before = app.store.checklists_looked().await.unwrap_or_default();
    let begun = Instant::now();
    let mut watch = Watch {
        app,
        news,
        happened: Happened::default(),
        memory: BTreeMap::new(),
        begun,
        noted: None,
        looked_before,
    };
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = watch.app.closing.cancelled() => return,
            _ = period.tick() => {}
        }
        match watch.look().await {
            Ok(()) => is_failing = false,
            // Answers say by themselves that nobody looks any more.
            Err(error) if !is_failing => {
                tracing::error!(%error, "checklists can't be watched: their items show unconfirmed");
                is_failing = true;
            }
            Err(_again) => {}
        }
    }
}

impl Watch {
    async fn look(&mut self) -> Result<(), StoreError> {
        // Heard before it is looked, so that nothing is judged by a picture from before it.
        self.hear();
        let now = clock::now();
        let mut lists = self.app.store.checklists().await?;
        if self.turn_shift(&lists, now).await? {
            lists = self.app.store.checklists().await?;
        }
        let at = Instant::now();
        let mut deeds = Vec::new();
        let mut looks = BTreeMap::new();
        let mut memory = BTreeMap::new();
        for list in &lists {
            let Some(record) = self.app.registry.camera(&list.camera) else {
                self.retire(list, now).await;
                continue;
            };
            let seen = self.seen(&record);
            for state in &list.items {
                let TickedBy::Rule(rule) = &state.item.by else { continue };
                let said = match &seen {
                    Ok(picture) => {
                        let zones = &picture.header.zones;
                        let said = say(rule, list.zone.as_ref(), &record.config, zones);
                        self.happened.weigh(said, list, rule)
                    }
                    Err(reason) => unknown(reason),
                };
                let key = (list.id.clone(), state.item.id.clone());
                let mut item = self.memory.remove(&key).unwrap_or_default();
                let clear_for = Duration::from_secs_f64(rule.clear_for_s);
                let done = item.step(state, said, at.duration_since(self.begun), clear_for, now);
                if let Some(deed) = done {
                    let since = match deed {
                        Deed::Unconfirmed => Some(self.unsure_since(state, &item, now)),
                        _ => None,
                    };
                    let (checklist, item) = key.clone();
                    deeds.push(RuleDeed { checklist, item, revision: state.revision, deed, since });
                }
                looks.insert(key.clone(), item.look(said));
                memory.insert(key, item);
            }
        }
        // What is gone is forgotten.
        self.memory = memory;
        let is_watching = !looks.is_empty();
        self.app.store.note_rule_deeds(&deeds, now).await?;
        self.happened = Happened::default();
        self.app.checklists.put(at, looks);
        let is_due = self.noted.is_none_or(|noted| at.duration_since(noted) >= NOTED);
        if is_watching && is_due {
            self.app.store.note_checklists_looked(now).await?;
            self.noted = Some(at);
        }
        Ok(())
    }

    /// Events since the last look that went well.
    fn hear(&mut self) {
        let happened = &mut self.happened;
        let now = clock::now();
        loop {
            match self.news.try_recv() {
                Ok(Announced { kind: ChangeKind::Raised, record, .. }) => {
                    let event = record.event;
                    let is_new = now.micros().saturating_sub(event.start.micros()) <= LATE_MAX_US;
                    if let Some(camera) = event.camera.filter(|_| is_new) {
                        let zone = event.zone.map(|zone| zone.id);
                        happened.raised.insert((camera, zone, event.event_type));
                    }
                }
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => happened.lost = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// The newest picture of a camera that watches, judged by its newest settings.
    fn seen(&self, record: &CameraRecord) -> Result<Arc<LivePicture>, &'static str> {
        let status = self.app.status(record);
        if !status.state.is_watching() {
            return Err("blind");
        }
        let handle = self.app.engine.camera(&record.config.id).ok_or("blind")?;
        let picture = handle.watch_live().borrow().clone().ok_or("blind")?;
        if !handle.is_current(&picture) {
            return Err("blind");
        }
        if picture.header.config_version != record.config.version {
            return Err("not_looked_at");
        }
        Ok(picture)
    }

    /// Since when a tick is not confirmed: where an earlier run of the program saw it last, since
    /// then.
    fn unsure_since(&self, state: &ItemState, item: &Memory, now: Utc) -> Utc {
        let ticked = state.last.as_ref().map(|last| last.at);
        match self.noted {
            Some(_) => item.unknown_since.unwrap_or(now),
            None => self.looked_before.max(ticked).unwrap_or(now).min(now),
        }
    }

    /// Begins a shift if it is time; answers whether anything was reset.
    async fn turn_shift(&self, lists: &[Checklist], now: Utc) -> Result<bool, StoreError> {
        if lists.is_empty() {
            return Ok(false);
        }
        let (settings, changed) = self.app.store.checklist_settings().await?;
        let calendar = self.app.store.calendar().await?;
        let Some(began) = calendar.last_of(&settings.shifts, now) else { return Ok(false) };
        // New times apply from now on: they end no run in hindsight.
        let is_before = changed.is_some_and(|changed| (began..=now).contains(&changed));
        if is_before || lists.iter().all(|list| (began..=now).contains(&list.started)) {
            return Ok(false);
        }
        let count = self.app.store.begin_shift(began, now).await?;
        tracing::info!(%began, count, "checklists were reset for a shift");
        let detail = format!("{count}: a shift began at {began}");
        self.app.audit.note("system", "checklist.reset", "shift", &detail).await;
        Ok(count > 0)
    }

    /// Deletes the list of a camera that is gone; its runs stay.
    async fn retire(&self, list: &Checklist, now: Utc) {
        match self.app.store.delete_checklist(&list.id, None, now).await {
            Ok(()) => {
                let detail = "its camera was deleted";
                self.app.audit.note("system", "checklist.delete", list.id.as_str(), detail).await;
            }
            Err(error) => tracing::warn!(%error, list = %list.id, "a checklist stays"),
        }
    }
}

impl Happened {
    /// What a picture says, and what happened besides.
    fn weigh(&self, said: Said, list: &Checklist, rule: &RuleTick) -> Said {
        let place = rule.zone.as_ref().or(list.zone.as_ref());
        let is_met = self.raised.iter().any(|(camera, zone, event_type)| {
            *camera == list.camera
                && rule.types.contains(event_type)
                && (place.is_none() || zone.as_ref() == place)
        });
        match said {
            _ if is_met => (Standing::Violation, None),
            (Standing::Clear, _) if self.lost => unknown("missed"),
            said => said,
        }
    }
}

impl Memory {
    fn step(
        &mut self,
        state: &ItemState,
        (standing, _): Said,
        now: Duration,
        clear_for: Duration,
        utc: Utc,
    ) -> Option<Deed> {
        if self.revision != state.revision {
            self.counting.begin_again();
            self.revision = state.revision;
        }
        self.unknown_since = match standing {
            Standing::Unknown => Some(self.unknown_since.unwrap_or(utc)),
            _ => None,
        };
        self.counting.step(state.tick, standing, now, clear_for)
    }

    fn look(&self, (standing, reason): Said) -> Look {
        let clear_s = self.counting.clear_for().as_secs();
        Look { standing, reason, unknown_since: self.unknown_since, clear_s }
    }
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::Message;
    use safe_yolo_core::checklist::Tick;

    use super::*;

    #[test]
    fn what_is_over_in_a_moment_counts_and_what_was_missed_is_not_clear() {
        let (camera, press): (CameraId, ZoneId) =
            ("yard".parse().unwrap(), "press".parse().unwrap());
        let list = Checklist {
            id: "k-1".parse().unwrap(),
            camera: camera.clone(),
            zone: None,
            name: Message { ko: "가".into(), en: "a".into() },
            items: Vec::new(),
            version: 1,
            run: 1,
            started: Utc(0),
        };
        let rule = RuleTick { types: [EventType::NearMiss].into(), zone: None, clear_for_s: 60.0 };
        let elsewhere = RuleTick { zone: Some("hall".parse().unwrap()), ..rule.clone() };
        let clear = (Standing::Clear, None);
        let mut happened = Happened::default();
        assert_eq!(happened.weigh(clear, &list, &rule), clear);
        happened.raised.insert((camera.clone(), Some(press.clone()), EventType::Fall));
        assert_eq!(happened.weigh(clear, &list, &rule), clear, "of another type");
        happened.raised.insert((camera, Some(press), EventType::NearMiss));
        assert_eq!(happened.weigh(clear, &list, &rule).0, Standing::Violation);
        assert_eq!(happened.weigh(unknown("blind"), &list, &rule).0, Standing::Violation);
        assert_eq!(happened.weigh(clear, &list, &elsewhere), clear);
        happened.lost = true;
        assert_eq!(happened.weigh(clear, &list, &elsewhere), unknown("missed"));
        assert_eq!(happened.weigh(clear, &list, &rule).0, Standing::Violation);
    }

    #[test]
    fn an_item_that_somebody_changed_is_counted_anew() {
        let state = |revision, tick| ItemState {
            item: safe_yolo_core::checklist::templates().remove(0).items.remove(0),
            revision,
            tick,
            last: None,
            unconfirmed_since: None,
        };
        let (mut memory, clear) = (Memory::default(), (Standing::Clear, None));
        let (second, clear_for) = (Duration::from_secs(1), Duration::from_secs(2));
        let mut step = |at: u32, revision, tick| {
            memory.step(&state(revision, tick), clear, at * second, clear_for, Utc(0))
        };
        assert_eq!(step(0, 1, Tick::Open), None);
        assert_eq!(step(2, 1, Tick::Open), Some(Deed::Ticked));
        assert_eq!(step(3, 2, Tick::Done), None);
        assert_eq!(step(4, 3, Tick::Open), None, "somebody took the tick away");
        assert_eq!(step(5, 3, Tick::Open), None);
        assert_eq!(step(6, 3, Tick::Open), Some(Deed::Ticked));
    }
}
