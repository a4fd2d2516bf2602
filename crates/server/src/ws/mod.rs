//! Web sockets: what live pictures and events have in common.

mod acknowledging;
mod command;
pub(crate) mod events;
mod feed;
pub(crate) mod live;
mod viewing;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::app::{App, EVENT_SOCKETS_MAX, LIVE_SOCKETS_MAX};
use crate::auth::Session;
use crate::problem::{Code, Problem};

/// The largest message of a client, bytes.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// What is read from a client at once, bytes: held for every socket.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// A client that takes nothing for this long is gone.
const SEND_MAX: Duration = Duration::from_secs(10);
/// So is one from which nothing is heard for this long, though it is asked.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Status, heartbeats.
const SECOND: Duration = Duration::from_secs(1);
/// How often it is looked whether the session still holds, and whether the
/// client still answers.
const CHECK: Duration = Duration::from_secs(2);
/// How long the store may take to say so; else it is asked again at the next check.
const CHECK_MAX: Duration = Duration::from_millis(500);

/// Why a socket ends.
#[derive(Debug)]
enum End {
    /// The client went, or the network.
    Gone,
    /// We end it, and say why.
    Close(u16, &'static str),
}

/// An open socket that never waits for ever.
struct Link {
    socket: WebSocket,
    session: Session,
    heard: Instant,
    _permit: OwnedSemaphorePermit,
}

/// What a socket is for. Each kind has its own limit: many who listen to events
/// take no place from those who look at pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Live,
    Events,
}

/// Takes a place among the sockets and upgrades.
fn open<F>(
    app: &App,
    kind: Kind,
    upgrade: WebSocketUpgrade,
    session: Session,
    run: impl FnOnce(App, Link) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (places, most, what) = match kind {
        Kind::Live => (&app.live_sockets, LIVE_SOCKETS_MAX, "live pictures"),
        Kind::Events => (&app.event_sockets, EVENT_SOCKETS_MAX, "events"),
    };
    let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
        let detail =
            format!("{most} web sockets for {what} are open: close one, or try again later");
        return Err(Problem::new(Code::Unavailable, detail));
    };
    let app = app.clone();
    let upgrade = upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        // Nothing is held back: each message is on its way when sending ends.
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(move |socket| {
        run(app, Link { socket, session, heard: Instant::now(), _permit: permit })
    }))
}

impl Link {
    async fn send(&mut self, message: Message) -> Result<(), End> {
        match tokio::time::timeout(SEND_MAX, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn text(&mut self, message: &impl Serialize) -> Result<(), End> {
        match serde_json::to_string(message) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a message could not be written");
                Err(End::Close(close_code::ERROR, "internal"))
            }
        }
    }

    async fn binary(&mut self, message: Bytes) -> Result<(), End> {
        self.send(Message::Binary(message)).await
    }

    /// The next text or binary message. May be cancelled without losing one.
    async fn receive(&mut self) -> Result<Incoming, End> {
        loop {
            let message = self.socket.recv().await;
            self.heard = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => return Ok(Incoming::Text(text)),
                Some(Ok(Message::Binary(_))) => return Ok(Incoming::Binary),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
                // Most often a message that is too large; if not, nobody hears it.
                Some(Err(_)) => {
                    return Err(End::Close(close_code::SIZE, "unreadable or too large a message"));
                }
            }
        }
    }

    /// Whether the session holds and the client answers; asks it to.
    async fn check(&mut self, app: &App) -> Result<(), End> {
        // A store that is slow to say so must not keep alarms from the client.
        let holds = tokio::time::timeout(CHECK_MAX, self.session.holds(app)).await;
        if holds == Ok(false) {
            return Err(End::Close(close_code::POLICY, "the session has ended"));
        }
        if self.heard.elapsed() > SILENCE_MAX {
            return Err(End::Gone);
        }
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Says why and ends.
    async fn close(mut self, end: End) {
        if let End::Close(code, reason) = end {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            // Whether it is heard or not: it is over.
            drop(self.send(Message::Close(Some(frame))).await);
        }
    }
}

/// What a client sends.
#[derive(Debug)]
enum Incoming {
    Text(Utf8Bytes),
    Binary,
}

/// A message that is not obeyed; the connection goes on.
#[derive(Debug, Serialize)]
struct ErrorMessage {
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'static str,
    message: String,
}

impl From<Problem> for ErrorMessage {
    fn from(problem: Problem) -> Self {
        Self { kind: "error", code: problem.code.name(), message: problem.detail }
    }
}
