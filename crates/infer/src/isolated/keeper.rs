//! The life of the child: started, watched, killed when it hangs or only
//! fails, started again, on a thread of its own.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use safe_yolo_core::breaker::{Breaker, BreakerState};
use tokio::sync::watch;

use super::chances::Chances;
use super::health::{Health, Loss, Verdict};
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
    let mut chances = Chances::new(config.better_after);
    if at > 0 {
        chances.fell_back(Duration::ZERO);
    }
    let keeper = Keeper {
        breaker: Breaker::new(config.breaker),
        begun: Instant::now(),
        provider_at: at,
        chances,
        better: None,
        replaced: None,
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
    if config.model != ModelSource::Bundled {
        arguments.extend(["--model".into(), config.model.path().into()]);
    }
    if let Some(family) = config.model.family() {
        arguments.extend(["--model-family".into(), family.name().into()]);
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
    chances: Chances,
    /// A child on the best provider, while it starts beside the one that works.
    better: Option<Receiver<Result<Started, IsolatedError>>>,
    /// The child whose place it took, and until when that may answer what it was asked.
    replaced: Option<(Started, Instant)>,
    closing: Receiver<()>,
}

impl Keeper {
    fn run(mut self, first: Started) {
        let mut running = Some(first);
        loop {
            if let Some(mut started) = running.take() {
                let loss = self.watch(&mut started);
                let Some(loss) = loss else { return };
                self.lost(&started.link, &loss);
            }
            self.choose_provider();
            // Those since it last worked for a while.
            if !self.pause(self.breaker.failures()) {
                return;
            }
            match self.start_again() {
                Ok(started) => {
                    self.ready(&started);
                    running = Some(started);
                }
                Err(error) => {
                    self.breaker.failed(self.now());
                    self.down(&error.to_string());
                }
            }
        }
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Watches a child, or the one that takes its place, until it is lost, and
    /// says why; none when all is to end.
    fn watch(&mut self, started: &mut Started) -> Option<Loss> {
        let mut health = self.health();
        loop {
            crossbeam_channel::select! {
                recv(self.closing) -> _ => {
                    started.link.kill("the server is ending");
                    return None;
                }
                recv(started.ended) -> _ => {
                    let how = started.link.how_it_ended();
                    let why = started.link.death().filter(|why| why.contains("nonsense"));
                    return Some(Loss::at_once(why.unwrap_or(how)));
                }
                default(LOOK) => {}
            }
            let seen = started.link.look(health.watched(self.now()));
            match health.judge(&seen) {
                Verdict::Waiting => {}
                Verdict::Works => {
                    self.breaker.works(self.now());
                    self.tell_breaker();
                }
                Verdict::Lost(loss) => return Some(loss),
            }
            if let Some((replaced, _)) =
                self.replaced.take_if(|(_, until)| Instant::now() >= *until)
            {
                replaced.link.kill("another provider took its place");
            }
            if let Some(better) = self.better() {
                let replaced = std::mem::replace(started, better);
                self.replaced = Some((replaced, Instant::now() + self.config.answer_max));
                self.returned(started);
                health = self.health();
            }
        }
    }

    fn health(&self) -> Health {
        Health::new(self.config.answer_max, LOOK, self.now())
    }

    /// A child on the best provider, once it is due and ready. What works is not
    /// given up for the try.
    fn better(&mut self) -> Option<Started> {
        let now = self.now();
        if self.better.is_none() && self.provider_at > 0 && self.chances.is_due(now) {
            self.chances.given(now);
            self.better = self.start_better();
        }
        let started = match self.better.as_ref()?.try_recv() {
            Ok(started) => started.and_then(|started| self.known(started)),
            Err(TryRecvError::Disconnected) => Err(IsolatedError::Start("its thread ended".into())),
            Err(TryRecvError::Empty) => return None,
        };
        self.better = None;
        match started {
            Ok(started) => Some(started),
            Err(error) => {
                tracing::warn!(%error, "the better provider was tried again and still fails");
                None
            }
        }
    }

    fn start_better(&self) -> Option<Receiver<Result<Started, IsolatedError>>> {
        let (program, start_max) = (self.config.program.clone(), self.config.start_max);
        // It measures its own plan.
        let best = *self.config.providers.first()?;
        let arguments = arguments(&self.config, best, self.config.choice);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let start = move || {
            // Nobody may want it any more: then it is ended.
            sender.send(Link::start(&program, &arguments, start_max)).ok();
        };
        let thread = thread::Builder::new().name("detector-better".into()).spawn(start);
        thread.ok().map(|_detached| receiver)
    }

    /// The best provider is in use again.
    fn returned(&mut self, started: &Started) {
        self.provider_at = 0;
        self.choice = all_given(started.plan);
        self.breaker = Breaker::new(self.config.breaker);
        self.chances.returned(self.now());
        self.install(started);
        self.tell_breaker();
        let (pid, provider) = (started.link.pid(), self.provider().name());
        tracing::info!(pid, provider, "the detector returns to the better provider");
    }

    fn lost(&mut self, link: &Link, Loss { why, lasted }: &Loss) {
        // First of all: cameras are blind from now on.
        self.shared.state.send_replace(DetectorState::Down(why.clone()));
        self.shared.set_link(None);
        link.kill(why);
        // Being of no use is no work.
        self.breaker.failed(self.now().saturating_sub(*lasted));
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

    /// A provider that keeps failing, or fails again, is given up for the next one.
    fn choose_provider(&mut self) {
        let now = self.now();
        let is_open = matches!(self.breaker.state(), BreakerState::Open(_));
        if (is_open || self.chances.is_on_trial(now))
            && self.provider_at + 1 < self.config.providers.len()
        {
            let from = self.config.providers.get(self.provider_at).copied();
            self.provider_at += 1;
            self.chances.fell_back(now);
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
            if rest.is_zero() && self.breaker.may_try(self.now()) {
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
        let started = self.known(started)?;
        self.choice = all_given(started.plan);
        Ok(started)
    }

    /// Rules were checked against the classes of the first start.
    fn known(&self, started: Started) -> Result<Started, IsolatedError> {
        if started.model.labels == self.info.labels {
            return Ok(started);
        }
        Err(IsolatedError::Refused(format!(
            "the model '{}' knows other classes than at the start: restart the server",
            started.model.path.display()
        )))
    }

    fn ready(&self, started: &Started) {
        self.install(started);
        self.shared.status.send_modify(|status| status.restarts += 1);
        metrics::counter!("safe_yolo_detector_restarts_total").increment(1);
        self.shared.state.send_replace(DetectorState::Ready);
        let (pid, provider) = (started.link.pid(), self.provider().name());
        tracing::info!(pid, provider, "the detector works again");
    }

    /// Pictures go to this child from now on.
    fn install(&self, started: &Started) {
        let (pid, plan, provider) = (started.link.pid(), started.plan, self.provider());
        self.shared.status.send_modify(|status| {
            status.pid = Some(pid);
            status.plan = plan;
            status.provider = provider;
            status.fallback = self.provider_at > 0;
        });
        self.shared.set_link(Some(Arc::clone(&started.link)));
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
