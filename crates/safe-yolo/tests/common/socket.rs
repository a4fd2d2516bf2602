//! Web sockets of the interface, and what comes over them.

use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::PATIENCE;

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// A picture of `/ws/live`.
#[derive(Debug)]
pub(crate) struct Picture {
    /// When it arrived.
    pub(crate) at: Instant,
    pub(crate) header: Value,
    pub(crate) jpeg: Vec<u8>,
}

impl Picture {
    pub(crate) fn segment(&self) -> u64 {
        self.header["segment"].as_u64().unwrap()
    }

    pub(crate) fn time_us(&self) -> i64 {
        self.header["time_us"].as_i64().unwrap()
    }
}

pub(crate) enum Heard {
    Text(Value),
    Picture(Picture),
}

impl Socket {
    pub(super) async fn open(base: &str, path: &str, cookie: &str) -> Self {
        let address = format!("{}{path}", base.replace("http://", "ws://"));
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        let connecting = timeout(PATIENCE, tokio_tungstenite::connect_async(request));
        let (stream, _) = connecting.await.expect("the server answers").unwrap();
        Self { stream }
    }

    /// Asks for the pictures of these cameras.
    pub(crate) async fn subscribe(&mut self, cameras: &[&str]) {
        let cameras: Vec<_> = cameras.iter().map(|id| json!({"id": id, "width": 320})).collect();
        let message = json!({"type": "subscribe", "cameras": cameras}).to_string();
        self.stream.send(Message::text(message)).await.unwrap();
    }

    /// The next message; none when the connection has ended.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        loop {
            let next = timeout(PATIENCE, self.stream.next());
            match next.await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => {
                    return Some(Heard::Text(serde_json::from_str(&text).unwrap()));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let at = Instant::now();
                    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
                    let header = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
                    let jpeg = bytes[4 + length..].to_vec();
                    return Some(Heard::Picture(Picture { at, header, jpeg }));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next text of this type; none when the connection has ended.
    pub(crate) async fn text(&mut self, kind: &str) -> Option<Value> {
        loop {
            match self.hear().await? {
                Heard::Text(text) if text["type"] == kind => return Some(text),
                Heard::Text(_) | Heard::Picture(_) => {}
            }
        }
    }

    /// The next picture.
    pub(crate) async fn picture(&mut self) -> Picture {
        loop {
            match self.hear().await.expect("the connection holds") {
                Heard::Picture(picture) => return picture,
                Heard::Text(_) => {}
            }
        }
    }

    /// The next picture that is as wanted.
    pub(crate) async fn picture_where(&mut self, wanted: impl Fn(&Picture) -> bool) -> Picture {
        let begun = Instant::now();
        loop {
            let picture = self.picture().await;
            if wanted(&picture) {
                return picture;
            }
            assert!(begun.elapsed() < PATIENCE, "not wanted: {}", picture.header);
        }
    }
}
