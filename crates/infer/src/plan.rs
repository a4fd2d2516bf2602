//! How a model is run on this machine: sessions, threads, pictures in a call.
//! Chosen by measuring at the start, or given.

use std::time::{Duration, Instant};

use safe_yolo_core::PictureSize;
use serde::{Deserialize, Serialize};

use crate::detector::{DetectError, SCORE_MIN};
use crate::{Detector, ModelError, ModelSource, Provider, Runtime};

/// The most sessions, and the most threads in one.
pub const SESSIONS_MAX: usize = 64;
/// The longest wait for a fuller batch, milliseconds.
pub const WAIT_MS_MAX: u64 = 100;
/// For so long one way to run is measured.
const TRIAL: Duration = Duration::from_millis(150);
/// Another way must be better by this factor than one session a core.
const GAIN_MIN: f64 = 1.05;

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Sessions that work at the same time.
    pub sessions: usize,
    /// Threads of each.
    pub threads: usize,
    /// The most pictures in one call.
    pub batch: usize,
    /// How long a picture waits for others to fill a batch, milliseconds.
    pub wait_ms: u64,
}

/// What is given of a plan; the rest is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in `Plan`")]
pub struct PlanChoice {
    pub sessions: Option<usize>,
    pub threads: Option<usize>,
    pub batch: Option<usize>,
    pub wait_ms: Option<u64>,
}

/// Why a plan can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A number is out of its range.
    #[error("{setting} is {value}: it must lie between {min} and {max}")]
    Range {
        /// Which setting.
        setting: &'static str,
        /// As given.
        value: u64,
        /// Least allowed.
        min: u64,
        /// Most allowed.
        max: u64,
    },
    /// More threads than the machine can run.
    #[error(
        "--detector-sessions {sessions} with --detector-threads {threads} are {} threads at once, but this machine has {cores} cores: lower one of them",
        .sessions * .threads
    )]
    Threads {
        /// As given.
        sessions: usize,
        /// As given.
        threads: usize,
        /// Cores there are.
        cores: usize,
    },
}

impl PlanChoice {
    /// Whether the numbers make sense on a machine with so many cores.
    ///
    /// # Errors
    /// Names the first setting that does not.
    pub fn validate(&self, cores: usize) -> Result<(), PlanError> {
        let range = |setting, value: Option<usize>, max: usize| match value {
            Some(value) if !(1..=max).contains(&value) => {
                Err(PlanError::Range { setting, value: value as u64, min: 1, max: max as u64 })
            }
            _ => Ok(()),
        };
        range("--detector-sessions", self.sessions, SESSIONS_MAX)?;
        range("--detector-threads", self.threads, SESSIONS_MAX)?;
        range("--detector-batch", self.batch, crate::ModelInfo::BATCH_MAX)?;
        if let Some(value) = self.wait_ms.filter(|wait| *wait > WAIT_MS_MAX) {
            let setting = "--detector-wait-ms";
            return Err(PlanError::Range { setting, value, min: 0, max: WAIT_MS_MAX });
        }
        // Twice the cores leaves room for trying out; beyond, budgets contradict each other.
        if let (Some(sessions), Some(threads)) = (self.sessions, self.threads)
            && sessions * threads > 2 * cores.max(1)
        {
            return Err(PlanError::Threads { sessions, threads, cores });
        }
        Ok(())
    }

    /// The plan that is left when everything is given.
    #[must_use]
    pub fn given(&self) -> Option<Plan> {
        let batch = self.batch?;
        Some(Plan {
            sessions: self.sessions?,
            threads: self.threads?,
            batch,
            wait_ms: self.wait_ms.unwrap_or_else(|| default_wait_ms(batch)),
        })
    }

    fn allows(&self, plan: Plan) -> bool {
        self.sessions.is_none_or(|n| n == plan.sessions)
            && self.threads.is_none_or(|n| n == plan.threads)
            && self.batch.is_none_or(|n| n == plan.batch)
    }
}

/// A batch of one need not be waited for.
const fn default_wait_ms(batch: usize) -> u64 {
    if batch > 1 { 3 } else { 0 }
}

/// The ways to run a model on so many cores that are worth a trial, the plain one first.
fn candidates(cores: usize, choice: PlanChoice) -> Vec<Plan> {
    let cores = cores.clamp(1, SESSIONS_MAX);
    let sessions =
        choice.sessions.unwrap_or_else(|| choice.threads.map_or(cores, |t| (cores / t).max(1)));
    let threads = choice.threads.unwrap_or_else(|| (cores / sessions).max(1));
    let batch = choice.batch.unwrap_or(1);
    let plan = |sessions, threads, batch| {
        let wait_ms = choice.wait_ms.unwrap_or_else(|| default_wait_ms(batch));
        Plan { sessions, threads, batch, wait_ms }
    };
    let mut plans = vec![plan(sessions, threads, batch)];
    for (sessions, threads, batch) in
        [(cores, 1, 1), (cores, 1, 4), (cores.div_ceil(2), 2, 1), (1, cores, 1), (1, cores, 8)]
    {
        let plan = plan(sessions, threads, batch);
        if choice.allows(plan) && !plans.contains(&plan) {
            plans.push(plan);
        }
    }
    plans
}

/// The best way to run the model here, and its sessions, ready to work.
///
/// # Errors
/// When the model can't be loaded.
pub(crate) fn choose(
    runtime: &Runtime,
    model: &ModelSource,
    provider: Provider,
    choice: PlanChoice,
) -> Result<(Plan, Vec<Detector>), ModelError> {
    let load = |plan: Plan| -> Result<Vec<Detector>, ModelError> {
        (0..plan.sessions)
            .map(|_| Detector::load_on(runtime, model, provider, plan.threads))
            .collect()
    };
    if let Some(plan) = choice.given() {
        return Ok((plan, load(plan)?));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut best: Option<(f64, Plan, Vec<Detector>)> = None;
    for plan in candidates(cores, choice) {
        let mut detectors = load(plan)?;
        let too_many = detectors.first().is_some_and(|d| plan.batch > d.info().batch_max());
        if too_many && best.is_some() {
            continue;
        }
        let rate = rate(&mut detectors, plan).unwrap_or(0.0);
        tracing::debug!(?plan, rate, "a way to run the model was measured");
        if best.as_ref().is_none_or(|(best, ..)| rate > best * GAIN_MIN) {
            best = Some((rate, plan, detectors));
        }
    }
    match best {
        Some((_, plan, detectors)) => Ok((plan, detectors)),
        None => Err(ModelError::Invalid {
            path: model.path(),
            detail: "no session was asked for".into(),
        }),
    }
}

/// Pictures a second, by the bare call of the model on empty inputs.
fn rate(detectors: &mut [Detector], plan: Plan) -> Result<f64, DetectError> {
    let size = detectors
        .first()
        .map_or(PictureSize::new(448, 256), |d| d.info().input_for(PictureSize::new(1280, 720)));
    let grey = detectors.first().map_or(0.0, |d| d.info().convention.grey());
    let input = vec![grey; plan.batch * 3 * size.width as usize * size.height as usize];
    let trial = |detector: &mut Detector, duration: Duration| -> Result<f64, DetectError> {
        let started = Instant::now();
        let mut calls = 0.0;
        while calls < 1.0 || started.elapsed() < duration {
            detector.infer(&input, size, plan.batch, SCORE_MIN)?;
            calls += 1.0;
        }
        Ok(calls / started.elapsed().as_secs_f64())
    };
    // The first call allocates.
    for detector in detectors.iter_mut() {
        trial(detector, Duration::ZERO)?;
    }
    let rates = std::thread::scope(|scope| {
        let trials: Vec<_> =
            detectors.iter_mut().map(|detector| scope.spawn(|| trial(detector, TRIAL))).collect();
        let broken = || DetectError::Inference("a trial broke off".into());
        trials
            .into_iter()
            .map(|trial| trial.join().unwrap_or_else(|_panic| Err(broken())))
            .collect::<Result<Vec<f64>, _>>()
    })?;
    #[expect(clippy::cast_precision_loss, reason = "at most 32")]
    let batch = plan.batch as f64;
    Ok(rates.iter().sum::<f64>() * batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_name() {
        let check = |choice: PlanChoice| choice.validate(2).map_err(|error| error.to_string());
        let choice = PlanChoice::default();
        assert_eq!(check(choice), Ok(()));
        let zero = check(PlanChoice { batch: Some(0), ..choice }).unwrap_err();
        assert!(zero.contains("--detector-batch is 0"), "{zero}");
        for wrong in [
            PlanChoice { sessions: Some(0), ..choice },
            PlanChoice { sessions: Some(65), ..choice },
            PlanChoice { threads: Some(1000), ..choice },
            PlanChoice { batch: Some(33), ..choice },
            PlanChoice { wait_ms: Some(101), ..choice },
            PlanChoice { sessions: Some(4), threads: Some(2), ..choice },
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(check(PlanChoice { sessions: Some(2), threads: Some(2), ..choice }), Ok(()));
    }

    #[test]
    fn what_is_given_stays() {
        for plan in candidates(4, PlanChoice { threads: Some(2), ..PlanChoice::default() }) {
            assert_eq!(plan.threads, 2);
        }
        let plans = candidates(4, PlanChoice { batch: Some(3), ..PlanChoice::default() });
        assert_eq!(plans, [Plan { sessions: 4, threads: 1, batch: 3, wait_ms: 3 }]);
        assert_eq!(candidates(1, PlanChoice::default())[0].sessions, 1);
    }
}
