//! A viewer of live pictures that remembers what it was shown, and when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use safe_yolo_core::Utc;
use serde::Deserialize;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::cameras::micros;
use crate::program::Socket;

/// What is kept of a live picture's header.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Header {
    pub(crate) segment: u64,
    pub(crate) utc: Utc,
    pub(crate) analysis: String,
    pub(crate) state: String,
    pub(crate) boxes: Vec<LiveBox>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LiveBox {
    pub(crate) track: Option<String>,
    pub(crate) class: String,
}

/// A picture that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The same, microseconds since 1970.
    pub(crate) at_us: i64,
    pub(crate) header: Header,
}

impl Seen {
    pub(crate) fn is_analysed(&self) -> bool {
        self.header.analysis == "done"
    }
}

/// The next live picture; other messages are passed over.
pub(crate) async fn next(socket: &mut Socket) -> Result<Seen> {
    while let Some(message) = socket.next().await {
        if let Message::Binary(bytes) = message? {
            let (at, at_us) = (Instant::now(), micros(SystemTime::now()));
            let length = bytes.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b) as usize);
            let header = bytes.get(4..4 + length).context("a live message is cut off")?;
            return Ok(Seen { at, at_us, header: serde_json::from_slice(header)? });
        }
    }
    bail!("the live connection ended")
}

/// Takes pictures as they come, in a task of its own; ends with this value.
#[derive(Debug)]
pub(crate) struct Viewer {
    seen: Arc<Mutex<Vec<Seen>>>,
    task: AbortHandle,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Viewer {
    pub(crate) fn start(mut socket: Socket) -> Self {
        // As long as one measurement, which is emptied by `take`.
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok(picture) = next(&mut socket).await {
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(picture);
            }
        });
        Self { seen, task: task.abort_handle() }
    }

    /// Everything since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
