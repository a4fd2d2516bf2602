//! Looking after the disk of the evidence: old evidence goes in time, and who watches is told.

use std::time::{Duration, Instant};

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Event, EventChange, Message, Severity};
use safe_yolo_store::EvidenceStore;
use safe_yolo_store::evidence::disk::Guarded;
use safe_yolo_store::evidence::{DiskLevel, EvidenceError, LeftFiles, Recovered, Space};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::app::App;
use crate::clock::{self, ClockWatch};
use crate::problem::chain;
use crate::system_event::{ended, system_event};

/// How often the disk is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often what is too old is removed.
const REMOVAL_EVERY: Duration = Duration::from_secs(3600);
/// How long the world's clock must go on undisturbed before anything is removed by age: one that starts wrong, or
/// is set wrong, makes everything old at once.
const TRUST_AFTER: Duration = Duration::from_secs(3600);
/// A clock that was set by more than this is not trusted for a while.
const SET_MAX_US: i64 = 3_600_000_000;

/// How much more than its floor is free on a disk that has room to spare.
const SPARE_BYTES: u64 = 1 << 30;

/// How full the disk is, as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Disk {
    /// None before the first look.
    pub(crate) space: Option<(Space, DiskLevel)>,
    /// Why it can't be looked after.
    pub(crate) failure: Option<String>,
}

impl Disk {
    /// Whether more may be kept than must be: what is, goes long before evidence has to.
    pub(crate) fn has_room(&self) -> bool {
        self.space.is_some_and(|(space, _level)| space.free >= space.floor() + SPARE_BYTES)
    }

    /// Why evidence is not written or not looked after; none while all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Some(failure) = &self.failure {
            return Some(failure.clone());
        }
        let (space, level) = self.space?;
        let free = space.free >> 20;
        match level {
            DiskLevel::Enough | DiskLevel::Low => None,
            DiskLevel::NoClips => Some(format!("{free} MiB are free: no clips are written")),
            DiskLevel::NoPictures => {
                Some(format!("{free} MiB are free: neither clips nor pictures are written"))
            }
        }
    }
}

/// Mends what a crash left, before anything is written.
pub(crate) async fn recover(evidence: &EvidenceStore) -> Result<LeftFiles, String> {
    let (recovered, left) = match evidence.recover().await {
        Ok(recovered) => recovered,
        // People are watched all the same, and who watches is told.
        Err(error) => {
            let failure =
                format!("evidence of earlier runs can't be looked after: {}", chain(&error));
            tracing::error!(failure, "the next start tries again");
            return Err(failure);
        }
    };
    if recovered.adopted + recovered.removed + recovered.settled > 0 {
        tracing::warn!(?recovered, "evidence that an earlier run left half done was mended");
    }
    Ok(left)
}

/// Looks after the disk until the program ends.
pub(crate) async fn watch(app: App, left: Result<LeftFiles, String>, state: watch::Sender<Disk>) {
    // It may take long where there is much: the disk is guarded meanwhile.
    let (left, mut unrecovered) = match left {
        Ok(left) => (left, None),
        Err(failure) => (LeftFiles::default(), Some(failure)),
    };
    // A task of its own: it holds the turn of the evidence, for which the guard waits here.
    let evidence = app.evidence.clone();
    let mut recovering = tokio::spawn(async move { evidence.recover_rest(left).await });
    let mut is_recovering = true;
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = Told::default();
    let mut unremoved = None;
    let mut ageing = Ageing::new(Instant::now(), clock::now().micros());
    loop {
        tokio::select! {
            () = app.closing.cancelled() => break,
            rest = &mut recovering, if is_recovering => {
                is_recovering = false;
                unrecovered = unrecovered.or(tell_recovered(rest));
                continue;
            }
            _ = tick.tick() => {}
        }
        if ageing.is_due(Instant::now(), clock::now().micros()) {
            unremoved = remove_aged(&app).await;
        }
        let disk = match app.evidence.guard().await {
            Ok(guarded) => {
                told.look(&app, guarded).await;
                let failure = unremoved.clone().or_else(|| unrecovered.clone());
                let failure = failure.or_else(|| app.evidence.undeletable());
                Disk { space: Some((guarded.space, guarded.level)), failure }
            }
            Err(error) => {
                let failure = chain(&error);
                tracing::error!(failure, "the disk of the evidence can't be looked after");
                Disk { space: state.borrow().space, failure: Some(failure) }
            }
        };
        app.clips.tidy(disk.has_room());
        state.send_replace(disk);
    }
    recovering.abort();
    told.end(&app, "shutdown").await;
}

/// When evidence is removed by age.
struct Ageing {
    clock: ClockWatch,
    trusted_since: Instant,
    removed: Option<Instant>,
}

impl Ageing {
    fn new(now: Instant, utc_us: i64) -> Self {
        Self { clock: ClockWatch::new(now, utc_us), trusted_since: now, removed: None }
    }

    /// Whether it is time; asked at each look.
    fn is_due(&mut self, now: Instant, utc_us: i64) -> bool {
        let set_us = self.clock.look(now, utc_us);
        if set_us.abs() > SET_MAX_US {
            let set_by_s = set_us / 1_000_000;
            tracing::warn!(
                set_by_s,
                "the world's clock was set: for an hour nothing is removed by age"
            );
            self.trusted_since = now;
        }
        let is_trusted = now.duration_since(self.trusted_since) >= TRUST_AFTER;
        let is_time =
            self.removed.is_none_or(|removed| now.duration_since(removed) >= REMOVAL_EVERY);
        let is_due = is_trusted && is_time;
        if is_due {
            self.removed = Some(now);
        }
        is_due
    }
}

/// Says what was mended; answers why that was not possible.
fn tell_recovered(rest: Result<Result<Recovered, EvidenceError>, JoinError>) -> Option<String> {
    let error = match rest {
        Ok(Ok(mended)) => {
            if mended.adopted + mended.removed + mended.settled + mended.strays > 0 {
                tracing::warn!(?mended, "evidence was there that the chain did not know");
            }
            return None;
        }
        Ok(Err(error)) => chain(&error),
        Err(broken) => broken.to_string(),
    };
    let failure = format!("old evidence can't be looked after: {error}");
    tracing::error!(failure, "the next start tries again");
    Some(failure)
}

/// Removes what is too old; answers why that was not possible.
async fn remove_aged(app: &App) -> Option<String> {
    match app.evidence.remove_aged(clock::now()).await {
        Ok(removed) if removed.files > 0 => {
            tracing::info!(?removed, "evidence that is too old was removed");
            None
        }
        Ok(_) => None,
        Err(error) => {
            let failure = format!("evidence that is too old can't be removed: {}", chain(&error));
            tracing::error!(failure, "it is tried again in an hour");
            Some(failure)
        }
    }
}

/// What was said of the disk; one event as long as it is as bad.
#[derive(Default)]
struct Told {
    open: Option<(DiskLevel, Event)>,
}

impl Told {
    async fn look(&mut self, app: &App, guarded: Guarded) {
        // Room was made in time: that old evidence is gone is said all the same.
        let worst = match guarded.level {
            DiskLevel::Enough if guarded.removed.files > 0 => DiskLevel::Low,
            level => level,
        };
        if self.open.as_ref().is_some_and(|(level, _)| *level != worst) {
            let reason = if worst == DiskLevel::Enough { "recovered" } else { "changed" };
            self.end(app, reason).await;
        }
        if self.open.is_some() || worst == DiskLevel::Enough {
            return;
        }
        let (ko, en) = match worst {
            DiskLevel::NoPictures => (
                "디스크 여유 공간 부족: 증거 영상과 사진을 저장하지 않음, 이벤트는 계속 기록됨",
                "the disk is nearly full: neither clips nor pictures are kept, events still are",
            ),
            DiskLevel::NoClips => (
                "디스크 여유 공간 부족: 증거 영상을 저장하지 않음, 사진과 이벤트는 계속 기록됨",
                "the disk is nearly full: no clips are kept, pictures and events still are",
            ),
            DiskLevel::Enough | DiskLevel::Low => (
                "디스크 여유 공간 부족: 오래된 증거부터 삭제함",
                "the disk is getting full: the oldest evidence is removed",
            ),
        };
        let message = Message { ko: ko.to_owned(), en: en.to_owned() };
        let details = json!({
            "part": "disk",
            "level": worst.name(),
            "free_bytes": guarded.space.free,
            "free_bytes_min": guarded.space.floor(),
            "removed_files": guarded.removed.files,
            "removed_bytes": guarded.removed.bytes,
        });
        let mut event = system_event(None, message, details);
        if worst > DiskLevel::Low {
            event.severity = Severity::Critical;
        }
        tracing::warn!(level = worst.name(), ?guarded, "the disk is getting full");
        self.open = Some((worst, event.clone()));
        app.submit(EventChange { kind: ChangeKind::Raised, event }).await;
    }

    async fn end(&mut self, app: &App, reason: &str) {
        if let Some((_, event)) = self.open.take() {
            app.submit(ended(event, reason)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_removed_by_age_while_the_clock_is_new_or_was_set() {
        let begun = Instant::now();
        let (hour, year) = (3600_u64, 365 * 24 * 3600_u64);
        let mut ageing = Ageing::new(begun, 0);
        // Seconds that went by, and what the world's clock says.
        let mut is_due = |passed: u64, utc_s: u64| {
            let utc_us = i64::try_from(utc_s).unwrap() * 1_000_000;
            ageing.is_due(begun + Duration::from_secs(passed), utc_us)
        };
        assert!(!is_due(0, 0) && !is_due(hour - 10, hour - 10), "it has just begun");
        assert!(is_due(hour, hour));
        assert!(!is_due(hour + 10, hour + 10), "it was done");
        assert!(is_due(2 * hour, 2 * hour));
        assert!(!is_due(3 * hour, year), "it was set forward");
        assert!(!is_due(4 * hour - 10, year + hour - 10));
        assert!(is_due(4 * hour, year + hour), "an hour later it is believed");
        assert!(is_due(5 * hour, year + 2 * hour + 60), "set a little");
    }
}
