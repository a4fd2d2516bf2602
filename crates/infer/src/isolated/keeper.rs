//! The life of the child: started, watched, killed when it hangs, started
//! again, on a thread of its own.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use safe_yolo_core::breaker::{Breaker, BreakerState};
use tokio::sync::watch;

use super::link::{Link, Started};
use super::{ChildStatus, IsolatedConfig, IsolatedDetector, IsolatedError, Shared};
use crate::analyser::DetectorState;
use crate::plan::{Plan, PlanChoice};
use crate::provider::Provider;
use crate::{ModelInfo, ModelSource};

/// How often the child is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Pauses before a child is started again: the first time none.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// After so long on the fallback, the better provider gets another chance.
const BETTER_AFTER: Duration = Duration::from_secs(600);

pub(super) fn start(config: IsolatedConfig) -> Result<IsolatedDetector, IsolatedError> {
    let mut choice = config.choice;
    let mut rest = config.providers.iter().copied().enumerate().peekable();
    // A better provider that can't work at all is passed over at once.
    let (at, provider, started) = loop {
        let Some((at, provider)) = rest.next() else {
            return Err(IsolatedError::Start("no provider was named".into()));
        };
        let arguments = arguments(&config, provider, choice);
        match Link::start(&config.program, &arguments, config.start_max) {
            Ok(started) => break (at, provider, started),
            Err(error) if rest.peek().is_none() => return Err(error),
            Err(error) => {
                tracing::error!(%error, provider = provider.name(), "the detector falls back to another provider");
            }
        }
    };
    let info = Arc::new(started.model.clone());
    // Measured once: a fresh child works as the first one did.
    choice = all_given(started.plan);
    let status = ChildStatus {
        pid: Some(started.link.pid()),
        provider,
        fallback: at > 0,
        plan: started.plan,
        restarts: 0,
        breaker: BreakerState::Closed.name(),
    };
    let (close, closing) = crossbeam_channel::bounded(1);
    let shared = Arc::new(Shared {
        link: Mutex::new(Some(Arc::clone(&started.link))),
        state: watch::Sender::new(DetectorState::Ready),
        status: watch::Sender::new(status),
        close,
    });
    let keeper = Keeper {
        breaker: Breaker::new(config.breaker),
        begun: Instant::now(),
        provider_at: at,
        fallback_since: (at > 0).then(Instant::now),
        info: Arc::clone(&info),
        shared: Arc::clone(&shared),
        config,
        choice,
        closing,
    };
    let keeper = thread::Builder::new()
        .name("detector-keeper".into())
        .spawn(move || keeper.run(started))
        .map_err(|error| IsolatedError::Start(error.to_string()))?;
    Ok(IsolatedDetector { shared, info, keeper: Some(keeper) })
}

const fn all_given(plan: Plan) -> PlanChoice {
    PlanChoice {
        sessions: Some(plan.sessions),
        threads: Some(plan.threads),
        batch: Some(plan.batch),
        wait_ms: Some(plan.wait_ms),
    }
}

/// The command line of a child; `safe-yolo detector` reads it.
fn arguments(config: &IsolatedConfig, provider: Provider, choice: PlanChoice) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        vec!["detector".into(), "--provider".into(), provider.name().into()];
    arguments.extend(config.options.iter().cloned());
    if let ModelSource::File(path) = &config.model {
        arguments.extend(["--model".into(), path.into()]);
    }
    let numbers = [
        ("--detector-sessions", choice.sessions),
        ("--detector-threads", choice.threads),
        ("--detector-batch", choice.batch),
        ("--detector-wait-ms", choice.wait_ms.and_then(|ms| usize::try_from(ms).ok())),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            arguments.extend([name.into(), number.to_string().into()]);
        }
    }
    arguments
}

struct Keeper {
    config: IsolatedConfig,
    choice: PlanChoice,
    shared: Arc<Shared>,
    info: Arc<ModelInfo>,
    breaker: Breaker,
    begun: Instant,
    /// Which of the configured providers is in use.
    provider_at: usize,
    fallback_since: Option<Instant>,
    closing: Receiver<()>,
}

impl Keeper {
    fn run(mut self, first: Started) {
        let mut running = Some(first);
        let mut failures = 0_u32;
        loop {
            if let Some(started) = running.take() {
                let since = Instant::now();
                let why = self.watch(&started);
                let Some(why) = why else { return };
                self.lost(&started.link, &why);
                if since.elapsed() >= self.config.breaker.steady_after {
                    failures = 0;
                }
            }
            failures = failures.saturating_add(1);
            self.choose_provider();
            if !self.pause(failures) {
                return;
            }
            match self.start_again() {
                Ok(started) => {
                    self.ready(&started);
                    running = Some(started);
                }
                Err(error) => {
                    self.breaker.failed(self.begun.elapsed());
                    self.down(&error.to_string());
                }
            }
        }
    }

    /// Watches a child until it is gone, and says why; none when all is to end.
    fn watch(&mut self, started: &Started) -> Option<String> {
        let mut answered = started.link.answered();
        loop {
            crossbeam_channel::select! {
                recv(self.closing) -> _ => {
                    started.link.kill("the server is ending");
                    return None;
                }
                recv(started.ended) -> _ => {
                    let how = started.link.how_it_ended();
                    let why = started.link.death().filter(|why| why.contains("nonsense"));
                    return Some(why.unwrap_or(how));
                }
                default(LOOK) => {}
            }
            let now = started.link.answered();
            if now != answered {
                // Answers are what shows that it works.
                answered = now;
                self.breaker.works(self.begun.elapsed());
                self.tell_breaker();
            }
            if started.link.owes_for().is_some_and(|owed| owed > self.config.answer_max) {
                let limit = self.config.answer_max.as_secs_f32();
                return Some(format!("the detector gave no answer in {limit} s"));
            }
            let is_due = self.fallback_since.is_some_and(|since| since.elapsed() > BETTER_AFTER);
            if is_due && self.provider_at > 0 {
                self.provider_at = 0;
                self.fallback_since = None;
                return Some("the better provider is tried again".into());
            }
        }
    }

    fn lost(&mut self, link: &Link, why: &str) {
        // First of all: cameras are blind from now on.
        self.shared.state.send_replace(DetectorState::Down(why.to_owned()));
        self.shared.set_link(None);
        link.kill(why);
        self.breaker.failed(self.begun.elapsed());
        self.down(why);
    }

    fn down(&self, why: &str) {
        tracing::error!(
            why,
            failures = self.breaker.failures(),
            breaker = self.breaker.state().name(),
            "the detector is down; it is started again"
        );
        metrics::counter!("safe_yolo_detector_failures_total").increment(1);
        self.shared.state.send_replace(DetectorState::Down(why.to_owned()));
        self.shared.status.send_modify(|status| status.pid = None);
        self.tell_breaker();
    }

    /// A provider that keeps failing is given up for the next one.
    fn choose_provider(&mut self) {
        let is_open = matches!(self.breaker.state(), BreakerState::Open(_));
        if is_open && self.provider_at + 1 < self.config.providers.len() {
            let from = self.config.providers.get(self.provider_at).copied();
            self.provider_at += 1;
            self.fallback_since = Some(Instant::now());
            self.breaker = Breaker::new(self.config.breaker);
            tracing::error!(
                provider = from.map(Provider::name),
                "the detector keeps failing; it falls back to another provider"
            );
            metrics::counter!("safe_yolo_detector_fallbacks_total").increment(1);
            // What was measured says nothing about another provider.
            self.choice = self.config.choice;
        }
    }

    /// Waits until a start may be tried; false when all is to end.
    fn pause(&mut self, failures: u32) -> bool {
        let pause = match failures {
            0 | 1 => Duration::ZERO,
            n => (PAUSE_MIN * 2_u32.saturating_pow((n - 2).min(8))).min(PAUSE_MAX),
        };
        let until = Instant::now() + pause;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() && self.breaker.may_try(self.begun.elapsed()) {
                self.tell_breaker();
                return true;
            }
            match self.closing.recv_timeout(rest.min(LOOK).max(Duration::from_millis(5))) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn start_again(&mut self) -> Result<Started, IsolatedError> {
        let provider = self.provider();
        let arguments = arguments(&self.config, provider, self.choice);
        let program: &Path = &self.config.program;
        let started = Link::start(program, &arguments, self.config.start_max)?;
        if started.model.labels != self.info.labels {
            // Rules were checked against the old classes.
            return Err(IsolatedError::Refused(format!(
                "the model '{}' knows other classes than at the start: restart the server",
                started.model.path.display()
            )));
        }
        self.choice = all_given(started.plan);
        Ok(started)
    }

    fn ready(&self, started: &Started) {
        let (pid, plan, provider) = (started.link.pid(), started.plan, self.provider());
        self.shared.status.send_modify(|status| {
            status.pid = Some(pid);
            status.plan = plan;
            status.provider = provider;
            status.fallback = self.provider_at > 0;
            status.restarts += 1;
        });
        metrics::counter!("safe_yolo_detector_restarts_total").increment(1);
        self.shared.set_link(Some(Arc::clone(&started.link)));
        self.shared.state.send_replace(DetectorState::Ready);
        tracing::info!(pid, provider = provider.name(), "the detector works again");
    }

    fn provider(&self) -> Provider {
        self.config.providers.get(self.provider_at).copied().unwrap_or(Provider::Cpu)
    }

    fn tell_breaker(&self) {
        let state = self.breaker.state();
        metrics::gauge!("safe_yolo_detector_breaker_open").set(match state {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 0.5,
            BreakerState::Open(_) => 1.0,
        });
        self.shared.status.send_if_modified(|status| {
            let changed = status.breaker != state.name();
            status.breaker = state.name();
            changed
        });
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // However this thread ends, nobody is told that pictures are analysed.
        let why = "the detector's keeper has ended".to_owned();
        self.shared.state.send_replace(DetectorState::Down(why));
        let link =
            std::mem::take(&mut *self.shared.link.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(link) = link {
            link.kill("the server is ending");
        }
    }
}
