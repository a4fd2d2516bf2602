//! The service manager that started the program, such as systemd: told when
//! the program is ready, that it gets on, and that it ends.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// The manager is told three times in the time it allows.
const PINGS: u32 = 3;
/// And not more often than this, whatever it allows.
const PING_MIN: Duration = Duration::from_millis(50);

/// A message that the manager does not take for this long, its queue being full,
/// is given up: none of our steps may wait for it.
const TAKE_MAX: Duration = Duration::from_millis(500);

/// How the service manager is told; cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceManager {
    /// Where it listens.
    socket: Option<Arc<Path>>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// There is none.
    #[must_use]
    pub const fn none() -> Self {
        Self { socket: None, watchdog: None }
    }

    /// The one that `NOTIFY_SOCKET` names, with the interval of `WATCHDOG_USEC`.
    #[must_use]
    pub fn from_env() -> Self {
        let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return Self::none() };
        let watchdog = sd_notify::watchdog_enabled().filter(|allowed| !allowed.is_zero());
        Self::at(Path::new(&socket), watchdog)
    }

    /// One that listens there and allows so much time between two signs of life;
    /// none asks for no such signs.
    fn at(socket: &Path, watchdog: Option<Duration>) -> Self {
        Self { socket: Some(socket.into()), watchdog }
    }

    async fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = self.socket.clone() else { return };
        let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
        // A manager that is slow to take it must not stop us.
        let sent = spawn_blocking(move || send(&socket, &lines.join("\n"))).await;
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

/// Sends a message in the words of `sd_notify(3)`. Not by the crate, which would
/// wait for as long as the manager's queue is full.
fn send(socket: &Path, message: &str) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    sender.set_write_timeout(Some(TAKE_MAX))?;
    // One without a file is written with an `@`.
    let to = match socket.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    sender.send_to_addr(message.as_bytes(), &to).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

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
        let service = ServiceManager::at(&path, Some(Duration::from_millis(300)));
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
            // Some may be on their way; then there is none for three times too long.
            let begun = Instant::now();
            while hear(&manager, Duration::from_millis(900)).is_some() {
                assert!(begun.elapsed() < long, "signs of life go on");
            }
            stalled.store(false, Ordering::SeqCst);
            assert_eq!(hear(&manager, long).as_deref(), Some("WATCHDOG=1"));
        });
        listening.await.unwrap();
        closing.cancel();
        pings.await.unwrap();
    }

    #[tokio::test]
    async fn a_manager_without_a_file_is_told_too() {
        let name = format!("safe-yolo-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        ServiceManager::at(Path::new(&format!("@{name}")), None).ready().await;
        let said = hear(&manager, Duration::from_secs(20)).unwrap();
        assert!(said.starts_with("READY=1"), "{said}");
    }

    #[tokio::test]
    async fn a_manager_that_never_reads_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _never_read = UnixDatagram::bind(&path).unwrap();
        let filling = UnixDatagram::unbound().unwrap();
        filling.set_nonblocking(true).unwrap();
        while filling.send_to(b"WATCHDOG=1", &path).is_ok() {}
        let service = ServiceManager::at(&path, None);
        let told = tokio::time::timeout(Duration::from_secs(20), service.stopping(Duration::ZERO));
        told.await.expect("it is given up");
    }
}
