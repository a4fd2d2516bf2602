//! A small RTSP 1.0 camera (RFC 2326) over interleaved TCP, with faults that
//! can be switched on while it runs.

mod auth;
mod connection;
pub(crate) mod message;
mod packet;
mod sdp;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

use crate::TestkitError;
use crate::footage::Footage;

pub use auth::{Login, Scheme};

/// What the camera offers.
#[derive(Debug, Clone, Default)]
pub struct RtspOptions {
    /// Asks for user and password.
    pub login: Option<Login>,
    /// Describes an audio track, too.
    pub audio: bool,
    /// Describes no video.
    pub without_video: bool,
}

/// Faults, each off at first.
#[derive(Debug, Default)]
struct Faults {
    stalled: AtomicBool,
    refusing: AtomicBool,
    silent: AtomicBool,
    garbage: AtomicBool,
    without_packets: AtomicBool,
    lose_every: AtomicU32,
    damage_every: AtomicU32,
    clock_shift: AtomicI64,
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    open_connections: AtomicU64,
    sessions: AtomicU64,
    describes: AtomicU64,
    video_setups: AtomicU64,
    audio_setups: AtomicU64,
    teardowns: AtomicU64,
    refused_logins: AtomicU64,
    pictures: AtomicU64,
}

/// Sends remembered; the oldest are forgotten first.
const SENT_MAX: usize = 8192;

/// When the pictures of the newest session were sent.
#[derive(Debug, Default)]
struct Sent {
    /// Number, in its session, of the first one remembered.
    first: u64,
    at: VecDeque<SystemTime>,
}

impl Sent {
    fn add(&mut self, at: SystemTime) {
        if self.at.len() == SENT_MAX {
            self.at.pop_front();
            self.first += 1;
        }
        self.at.push_back(at);
    }
}

#[derive(Debug)]
struct Shared {
    footage: Mutex<Arc<Footage>>,
    options: RtspOptions,
    faults: Faults,
    counters: Counters,
    sent: Mutex<Sent>,
    connections: Mutex<Vec<AbortHandle>>,
}

/// A running camera; dropping it ends it.
#[derive(Debug)]
pub struct RtspServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl RtspServer {
    /// A camera on a free port of this machine that sends `footage` in real
    /// time, over and over, to everybody who asks.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(footage: Footage) -> Result<Self, TestkitError> {
        Self::start_with(footage, RtspOptions::default()).await
    }

    /// The same, offering what `options` say.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start_with(footage: Footage, options: RtspOptions) -> Result<Self, TestkitError> {
        let shared = Arc::new(Shared {
            footage: Mutex::new(Arc::new(footage)),
            options,
            faults: Faults::default(),
            counters: Counters::default(),
            sent: Mutex::new(Sent::default()),
            connections: Mutex::new(Vec::new()),
        });
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr().map_err(TestkitError::io("asking for the port"))?;
        let accepting = Some(tokio::spawn(accept(listener, Arc::clone(&shared))));
        Ok(Self { shared, address, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of its stream, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://{}/live", self.address)
    }

    /// The address of its stream with the credentials it asks for.
    #[must_use]
    pub fn url_with_login(&self) -> String {
        match &self.shared.options.login {
            Some(login) => {
                format!("rtsp://{}:{}@{}/live", login.user, login.password, self.address)
            }
            None => self.url(),
        }
    }

    /// Closes its port and all connections.
    pub async fn stop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // Its end is awaited so that the port is closed when this returns.
            drop(accepting.await);
        }
        self.close_all();
    }

    /// Listens again on the same port after [`Self::stop`].
    ///
    /// # Errors
    /// When the port can't be opened.
    pub async fn restart(&mut self) -> Result<(), TestkitError> {
        self.stop().await;
        let listener = listen(self.address).await?;
        self.accepting = Some(tokio::spawn(accept(listener, Arc::clone(&self.shared))));
        Ok(())
    }

    /// Breaks all connections off.
    pub fn close_all(&self) {
        let mut connections =
            self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in connections.drain(..) {
            connection.abort();
        }
    }

    /// Sends nothing for as long as this is on; answers requests.
    pub fn stall(&self, on: bool) {
        self.shared.faults.stalled.store(on, Ordering::Relaxed);
    }

    /// Closes each new connection at once.
    pub fn refuse(&self, on: bool) {
        self.shared.faults.refusing.store(on, Ordering::Relaxed);
    }

    /// Takes requests and answers none.
    pub fn be_silent(&self, on: bool) {
        self.shared.faults.silent.store(on, Ordering::Relaxed);
    }

    /// Sends noise instead of answers and packets.
    pub fn send_garbage(&self, on: bool) {
        self.shared.faults.garbage.store(on, Ordering::Relaxed);
    }

    /// Starts sessions, but sends nothing in new ones.
    pub fn without_packets(&self, on: bool) {
        self.shared.faults.without_packets.store(on, Ordering::Relaxed);
    }

    /// Leaves out each n-th packet; 0 for none.
    pub fn lose_every(&self, n: u32) {
        self.shared.faults.lose_every.store(n, Ordering::Relaxed);
    }

    /// Overwrites bytes in each n-th picture; 0 for none.
    pub fn damage_every(&self, n: u32) {
        self.shared.faults.damage_every.store(n, Ordering::Relaxed);
    }

    /// Moves the RTP clock by so many seconds from now on.
    pub fn jump_clock(&self, seconds: i64) {
        let ticks = seconds * i64::from(crate::footage::CLOCK_HZ);
        self.shared.faults.clock_shift.fetch_add(ticks, Ordering::Relaxed);
    }

    /// Sends other footage from the next picture on, in running sessions, too.
    pub fn set_footage(&self, footage: Footage) {
        *self.shared.footage.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(footage);
    }

    /// Connections ever taken.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.counters.connections.load(Ordering::Relaxed)
    }

    /// Connections open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared.counters.open_connections.load(Ordering::Relaxed)
    }

    /// Sessions that play now.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.shared.counters.sessions.load(Ordering::Relaxed)
    }

    /// DESCRIBE requests ever answered with a description.
    #[must_use]
    pub fn describes(&self) -> u64 {
        self.shared.counters.describes.load(Ordering::Relaxed)
    }

    /// SETUP requests ever for the video track.
    #[must_use]
    pub fn video_setups(&self) -> u64 {
        self.shared.counters.video_setups.load(Ordering::Relaxed)
    }

    /// SETUP requests ever for the audio track.
    #[must_use]
    pub fn audio_setups(&self) -> u64 {
        self.shared.counters.audio_setups.load(Ordering::Relaxed)
    }

    /// TEARDOWN requests ever.
    #[must_use]
    pub fn teardowns(&self) -> u64 {
        self.shared.counters.teardowns.load(Ordering::Relaxed)
    }

    /// Requests ever answered with 401 though they had credentials.
    #[must_use]
    pub fn refused_logins(&self) -> u64 {
        self.shared.counters.refused_logins.load(Ordering::Relaxed)
    }

    /// When the picture of this number (from 0) of the newest session was sent;
    /// the last 8192 are known.
    #[must_use]
    pub fn sent_at(&self, number: u64) -> Option<SystemTime> {
        let sent = self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(number.checked_sub(sent.first)?).ok()?;
        sent.at.get(place).copied()
    }

    /// Pictures ever sent, over all sessions.
    #[must_use]
    pub fn pictures_sent(&self) -> u64 {
        self.shared.counters.pictures.load(Ordering::Relaxed)
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
        self.close_all();
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, TestkitError> {
    TcpListener::bind(address).await.map_err(TestkitError::io(format!("listening on {address}")))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // An error concerns one connection only.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        shared.counters.connections.fetch_add(1, Ordering::Relaxed);
        if shared.faults.refusing.load(Ordering::Relaxed) {
            continue;
        }
        let task = tokio::spawn(serve(stream, Arc::clone(&shared)));
        let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        // Evicts the finished, so that the list stays as long as there are clients.
        connections.retain(|connection| !connection.is_finished());
        connections.push(task.abort_handle());
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _open = Counted::new(&shared, |counters| &counters.open_connections);
    // A client that leaves is no fault of the camera.
    drop(connection::run(stream, &shared).await);
}

/// Counts something for as long as it lives.
struct Counted<'a> {
    shared: &'a Shared,
    which: fn(&Counters) -> &AtomicU64,
}

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared, which: fn(&Counters) -> &AtomicU64) -> Self {
        which(&shared.counters).fetch_add(1, Ordering::Relaxed);
        Self { shared, which }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        (self.which)(&self.shared.counters).fetch_sub(1, Ordering::Relaxed);
    }
}
