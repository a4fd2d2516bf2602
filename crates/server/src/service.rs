//! The service manager that started the program, such as systemd: told when
//! the program is ready, that it gets on, and that it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// The manager is told three times in the time it allows.
const PINGS: u32 = 3;
/// And not more often than this, whatever it allows.
const PING_MIN: Duration = Duration::from_millis(50);

type Send = dyn Fn(&str) -> io::Result<()> + std::marker::Send + Sync;

/// How the service manager is told; cheap to clone.
#[derive(Clone)]
pub struct ServiceManager {
    send: Option<Arc<Send>>,
    watchdog: Option<Duration>,
}

impl std::fmt::Debug for ServiceManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceManager").field("watchdog", &self.watchdog).finish_non_exhaustive()
    }
}

impl ServiceManager {
    /// There is none.
    #[must_use]
    pub const fn none() -> Self {
        Self { send: None, watchdog: None }
    }

    /// The one that `NOTIFY_SOCKET` names, with the interval of `WATCHDOG_USEC`.
    #[must_use]
    pub fn from_env() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|allowed| !allowed.is_zero());
        let send = |message: &str| sd_notify::notify(&[NotifyState::Custom(message)]);
        Self::with(send, watchdog)
    }

    /// One that is told by `send`, in the words of `sd_notify(3)`, and allows
    /// so much time between two signs of life; none asks for no such signs.
    #[must_use]
    pub fn with(
        send: impl Fn(&str) -> io::Result<()> + std::marker::Send + Sync + 'static,
        watchdog: Option<Duration>,
    ) -> Self {
        Self { send: Some(Arc::new(send)), watchdog }
    }

    async fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(send) = self.send.clone() else { return };
        let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
        // A manager that is slow to take it must not stop us.
        let sent = spawn_blocking(move || send(&lines.join("\n"))).await;
        if let Ok(Err(error)) = sent {
            metrics::counter!("safe_yolo_server_failed_notifications_total").increment(1);
            tracing::warn!(%error, "the service manager could not be told");
        }
    }

    /// The program listens, and its cameras are started.
    pub(crate) async fn ready(&self) {
        self.tell(&[NotifyState::Ready]).await;
    }

    /// The program ends; this is the last of it, or the next step may take so long.
    pub(crate) async fn stopping(&self, step: Duration) {
        let micros = u32::try_from(step.as_micros()).unwrap_or(u32::MAX);
        self.tell(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]).await;
    }

    /// Gives signs of life until the program ends, as long as nothing is hopeless.
    pub(crate) async fn watchdog(
        self,
        closing: CancellationToken,
        hopeless: impl Fn() -> Vec<String>,
    ) {
        let Some(allowed) = self.watchdog else { return };
        let mut tick = tokio::time::interval((allowed / PINGS).max(PING_MIN));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told = Vec::new();
        loop {
            tokio::select! {
                () = closing.cancelled() => return,
                _ = tick.tick() => {}
            }
            let hopeless = hopeless();
            if hopeless.is_empty() {
                self.tell(&[NotifyState::Watchdog]).await;
            } else {
                metrics::counter!("safe_yolo_server_withheld_watchdog_pings_total").increment(1);
                if told != hopeless {
                    tracing::error!(
                        ?hopeless,
                        "no sign of life is given: the service manager is to restart the program"
                    );
                }
            }
            told = hopeless;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// What the manager hears within `wait`; none when it hears nothing.
    fn hear(manager: &UnixDatagram, wait: Duration) -> Option<String> {
        manager.set_read_timeout(Some(wait)).unwrap();
        let mut buffer = [0; 256];
        let length = manager.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn signs_of_life_stop_when_nothing_gets_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let send = move |message: &str| {
            UnixDatagram::unbound()?.send_to(message.as_bytes(), &path).map(drop)
        };
        let service = ServiceManager::with(send, Some(Duration::from_millis(300)));
        let stalled = Arc::new(AtomicBool::new(false));
        let (closing, seen) = (CancellationToken::new(), Arc::clone(&stalled));
        let hopeless =
            move || if seen.load(Ordering::SeqCst) { vec!["x".to_owned()] } else { Vec::new() };
        service.ready().await;
        let pings = tokio::spawn(service.watchdog(closing.clone(), hopeless));
        let listening = tokio::task::spawn_blocking(move || {
            let long = Duration::from_secs(10);
            assert_eq!(hear(&manager, long).as_deref(), Some("READY=1"));
            for _ in 0..3 {
                assert_eq!(hear(&manager, long).as_deref(), Some("WATCHDOG=1"));
            }
            stalled.store(true, Ordering::SeqCst);
            // One may be on its way.
            hear(&manager, Duration::from_millis(200));
            assert_eq!(hear(&manager, Duration::from_millis(900)), None, "three times too late");
            stalled.store(false, Ordering::SeqCst);
            assert_eq!(hear(&manager, long).as_deref(), Some("WATCHDOG=1"));
        });
        listening.await.unwrap();
        closing.cancel();
        pings.await.unwrap();
    }
}
