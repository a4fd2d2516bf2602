//! The server that the pages are fetched from: it answers each request after the same delay and counts.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::serve::ListenerExt;
use tokio_util::sync::CancellationToken;

use crate::experiment::LabError;

/// No page is longer than this, bytes.
pub(super) const PAGE_LEN_MAX: usize = 16 * 1024;

/// What is fetched by the request of this number: two pages in turn, of different lengths, each one line.
pub(super) fn page(number: u64) -> String {
    let (name, paragraphs) =
        if number.is_multiple_of(2) { ("first", 100) } else { ("second", 300) };
    let text = format!("<p>The {name} page: nobody in the zone.</p>").repeat(paragraphs);
    format!("<!doctype html>{text}")
}

/// A server on a thread of its own; it ends when this is dropped.
pub(super) struct Server {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    waiting: AtomicU64,
    most_at_once: AtomicU64,
}

impl Server {
    /// Serves on a free port, each answer after this delay.
    pub(super) fn start(delay: Duration) -> Result<Self, LabError> {
        let failed = |error| LabError::failed("starting the local server", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        let (counts, stop) = (Arc::<Counts>::default(), CancellationToken::new());
        let routes = Router::new()
            .route("/{number}", axum::routing::get(answer))
            .with_state((delay, Arc::clone(&counts)));
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(move || {
            // Otherwise a small answer could wait for the acknowledgement of the one before.
            let listener = listener.tap_io(|stream| {
                stream.set_nodelay(true).ok();
            });
            runtime.block_on(async {
                // Nothing is lost with connections that are cut off: the clients have all that they asked for.
                tokio::select! {
                    _ended = axum::serve(listener, routes).into_future() => {}
                    () = stopped.cancelled() => {}
                }
            });
        });
        Ok(Self { address, counts, stop, thread: Some(thread.map_err(failed)?) })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests were answered since this was last asked, and the most that waited at once.
    pub(super) fn take_counts(&self) -> (u64, u64) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        (take(&self.counts.answered), take(&self.counts.most_at_once))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // It has panicked or not: there is nothing more to do about it.
            thread.join().ok();
        }
    }
}

type Shared = (Duration, Arc<Counts>);

async fn answer(
    State((delay, counts)): State<Shared>,
    Path(number): Path<u64>,
) -> ([(&'static str, &'static str); 1], String) {
    let waiting = counts.waiting.fetch_add(1, Ordering::SeqCst) + 1;
    counts.most_at_once.fetch_max(waiting, Ordering::SeqCst);
    tokio::time::sleep(delay).await;
    // Before the answer leaves: whoever has it may ask the next at once.
    counts.waiting.fetch_sub(1, Ordering::SeqCst);
    counts.answered.fetch_add(1, Ordering::SeqCst);
    ([("content-type", "text/html")], page(number))
}
