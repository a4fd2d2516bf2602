//! Logged tracks, judged again beside everything else: bounded, one at a time, and only as long as
//! somebody waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use safe_yolo_core::{CameraConfig, Zone};
use safe_yolo_tracklog::{
    Compared, LogReader, Outcome, Question, ReadError, ReplayError, as_now, compare, replay,
};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::problem::{Code, Problem};

/// The longest time that is judged in one request.
const SPAN_MAX_US: i64 = 24 * 3_600_000_000;
/// Judges begin no earlier than so long before: the longest dwell is one hour.
const WARM_UP_MAX_S: u32 = 2 * 3600;

impl App {
    /// Judges the camera's tracks by the settings of that time and with these zones, or those that
    /// it has now. When whoever waits for it goes away, it ends.
    pub(crate) async fn replay(
        &self,
        question: Question,
        zones: Option<Vec<Zone>>,
    ) -> Result<(Outcome, Vec<Compared>), Problem> {
        let record = self.known(&question.camera)?;
        if question.to.micros().saturating_sub(question.from.micros()) > SPAN_MAX_US {
            let detail = format!(
                "'from' is {}, 'to' is {}: at most 24 hours are judged at once",
                question.from, question.to
            );
            return Err(Problem::invalid(detail));
        }
        let mut now = record.config.clone();
        if let Some(zones) = zones {
            now.zones = zones;
            self.check_zones(&now)?;
        }
        let Ok(turn) = Arc::clone(&self.replays).try_acquire_owned() else {
            let detail = "tracks are being judged again already: ask again when that is done";
            return Err(Problem::new(Code::Unavailable, detail));
        };
        let question = Question { warm_up_max_s: Some(WARM_UP_MAX_S), ..question };
        let (log, gone) = (self.track_reader.clone(), CancellationToken::new());
        let (seen, closing) = (gone.clone(), self.closing.clone());
        // Dropped with this future, when nobody waits for it any more.
        let _guard = gone.drop_guard();
        let judged = spawn_blocking(move || {
            // Another one begins when this one has ended, not when nobody waits for it.
            let _turn = turn;
            let is_wanted = || !seen.is_cancelled() && !closing.is_cancelled();
            judge(&log, &question, &now, &is_wanted)
        });
        let judged = judged.await.map_err(|error| Problem::internal("judging again", &error))?;
        judged.map_err(|error| problem(&error))
    }

    /// Refuses zones that the camera could not have.
    fn check_zones(&self, config: &CameraConfig) -> Result<(), Problem> {
        let invalid =
            |error: safe_yolo_core::config::ConfigError| Problem::invalid(error.to_string());
        config.validate().map_err(invalid)?;
        let (zones, mut ids) = (&config.zones, BTreeSet::new());
        if let Some(twice) = zones.iter().find(|zone| !ids.insert(&zone.id)) {
            let detail = format!("two zones have the id '{}': leave out one of them", twice.id);
            return Err(Problem::invalid(detail));
        }
        let known = self.engine.known_classes();
        zones.iter().try_for_each(|zone| zone.validate_classes(&known)).map_err(invalid)
    }
}

fn judge(
    log: &LogReader,
    question: &Question,
    now: &CameraConfig,
    is_wanted: &dyn Fn() -> bool,
) -> Result<(Outcome, Vec<Compared>), ReplayError> {
    let rezone = |config: &CameraConfig| as_now(config, now);
    let mut outcome = replay(log, question, &[None, Some(&rezone)], &mut |_, _| {}, is_wanted)?;
    let would_fire = outcome.events.pop().unwrap_or_default();
    let fired = outcome.events.pop().unwrap_or_default();
    Ok((outcome, compare(fired, would_fire)))
}

fn problem(error: &ReplayError) -> Problem {
    match error {
        ReplayError::Span { .. } | ReplayError::TooManyEvents | ReplayError::Config(_) => {
            Problem::invalid(error.to_string())
        }
        ReplayError::NoLog { .. } => Problem::new(Code::NotFound, error.to_string()),
        ReplayError::Cancelled => Problem::new(Code::Unavailable, error.to_string()),
        ReplayError::Read(ReadError::Newer { .. }) => {
            Problem::new(Code::Conflict, error.to_string())
        }
        ReplayError::Read(_) => Problem::internal("reading tracks", error),
    }
}
