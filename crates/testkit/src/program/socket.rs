//! Web sockets of the interface, and what comes over them.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::TestkitError;

/// How long a server may take to open a web socket.
const OPEN_MAX: Duration = Duration::from_secs(10);

/// An open web socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// A picture of `/ws/live`.
#[derive(Debug)]
pub struct Picture {
    /// When it arrived.
    pub at: Instant,
    /// What is known about it.
    pub header: Value,
    /// The picture.
    pub jpeg: Vec<u8>,
}

/// What came.
#[derive(Debug)]
pub enum Heard {
    /// A text message, which is JSON.
    Text(Value),
    /// A picture.
    Picture(Picture),
    /// The end of the connection.
    End,
}

impl Socket {
    pub(super) async fn open(base: &str, path: &str, cookie: &str) -> Result<Self, TestkitError> {
        let failed = |detail: String| TestkitError::connection(format!("opening {path}"), detail);
        let address = format!("{}{path}", base.replacen("http://", "ws://", 1));
        let mut request =
            address.into_client_request().map_err(|error| failed(error.to_string()))?;
        let cookie = HeaderValue::from_str(cookie).map_err(|error| failed(error.to_string()))?;
        request.headers_mut().insert("cookie", cookie);
        let opening = timeout(OPEN_MAX, tokio_tungstenite::connect_async(request));
        match opening.await {
            Ok(Ok((stream, _))) => Ok(Self { stream }),
            Ok(Err(Error::Http(answer))) => Err(TestkitError::Refused {
                what: format!("GET {path}"),
                status: answer.status().as_u16(),
                body: answer
                    .body()
                    .as_ref()
                    .map_or_else(String::new, |body| String::from_utf8_lossy(body).into_owned()),
            }),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_elapsed) => Err(failed("no answer in time".to_owned())),
        }
    }

    /// Asks for the pictures of these cameras, so many pixels wide.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn subscribe(&mut self, cameras: &[&str], width: u32) -> Result<(), TestkitError> {
        let cameras: Vec<_> = cameras.iter().map(|id| json!({"id": id, "width": width})).collect();
        let message = json!({"type": "subscribe", "cameras": cameras}).to_string();
        let sent = self.stream.send(Message::text(message)).await;
        sent.map_err(|error| TestkitError::connection("subscribing", error))
    }

    /// The next message, its end among them.
    ///
    /// # Errors
    /// When nothing comes for `silence_max`, or what comes can't be understood.
    pub async fn hear(&mut self, silence_max: Duration) -> Result<Heard, TestkitError> {
        loop {
            let Ok(next) = timeout(silence_max, self.stream.next()).await else {
                return Err(TestkitError::Timeout {
                    what: "a message of the server".to_owned(),
                    waited_s: silence_max.as_secs_f64(),
                });
            };
            match next {
                Some(Ok(Message::Text(text))) => {
                    return crate::clip::json(text.as_bytes()).map(Heard::Text);
                }
                Some(Ok(Message::Binary(bytes))) => return picture(&bytes),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(Heard::End),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next text of this type; none when the connection has ended.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub async fn text(
        &mut self,
        kind: &str,
        silence_max: Duration,
    ) -> Result<Option<Value>, TestkitError> {
        loop {
            match self.hear(silence_max).await? {
                Heard::Text(text) if text["type"] == kind => return Ok(Some(text)),
                Heard::Text(_) | Heard::Picture(_) => {}
                Heard::End => return Ok(None),
            }
        }
    }
}

fn picture(bytes: &[u8]) -> Result<Heard, TestkitError> {
    let at = Instant::now();
    let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let (Some(header), Some(jpeg)) = (bytes.get(4..4 + length), bytes.get(4 + length..)) else {
        return Err(TestkitError::Data("a live message that is cut short".to_owned()));
    };
    let header = crate::clip::json(header)?;
    Ok(Heard::Picture(Picture { at, header, jpeg: jpeg.to_vec() }))
}
