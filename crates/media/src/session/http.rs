//! JPEG pictures over HTTP: an endless `multipart/x-mixed-replace` answer, or
//! one `image/jpeg` that is asked for again and again.
//!
//! Pictures have no times of their own there, so the time of a picture is that
//! of its arrival. Redirects are not followed: the login would go along.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_auth::{PasswordClient, PasswordParams};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{Camera, Codec, Opened, shorten};
use crate::error::StreamError;
use crate::limits;
use crate::multipart::{PART_LEN_MAX, PartReader, jpeg_size};
use crate::source::CameraSource;
use crate::units::AccessUnit;

/// How often a single picture is asked for.
const POLL: Duration = Duration::from_secs(1);
/// The longest head of an answer, bytes.
const HEAD_LEN_MAX: usize = 64 << 10;
/// Pictures between the connection and the gate. Policy: block; the gate never does.
const QUEUE_LEN: usize = 2;

/// A camera's pictures, read by a task of their own.
pub(super) struct HttpCamera {
    pictures: mpsc::Receiver<Result<(Bytes, Instant), StreamError>>,
    task: AbortOnDropHandle<()>,
    address: String,
    size: PictureSize,
    begun: Instant,
    last: PictureTime,
}

/// Connects, logs in and waits for the first picture.
pub(crate) async fn open(
    source: &CameraSource,
    connect_timeout: Duration,
    silence_timeout: Duration,
) -> Result<Opened, StreamError> {
    let address = source.redacted();
    let answer =
        tokio::time::timeout(connect_timeout, get(source)).await.map_err(|_elapsed| {
            StreamError::Unreachable {
                address: address.clone(),
                why: format!("no answer within {} s", connect_timeout.as_secs_f32()),
            }
        })??;
    let content_type = content_type(&answer);
    let (sender, mut pictures) = mpsc::channel(QUEUE_LEN);
    let task = if let Some(parts) = PartReader::new(&content_type) {
        let address = address.clone();
        tokio::spawn(async move {
            let error = read_parts(answer, parts, &sender, &address).await;
            drop(sender.send(Err(error)).await);
        })
    } else if is_jpeg(&content_type) {
        let source = source.clone();
        tokio::spawn(async move {
            let error = poll_pictures(&source, answer, &sender, connect_timeout).await;
            drop(sender.send(Err(error)).await);
        })
    } else {
        let offered = if content_type.is_empty() { "no content type" } else { &content_type };
        return Err(StreamError::NoVideo { address, offered: shorten(offered) });
    };
    let task = AbortOnDropHandle::new(task);
    let silent =
        |_elapsed| StreamError::NoPictures { address: address.clone(), waited: silence_timeout };
    let until = Instant::now() + silence_timeout;
    let (jpeg, begun, size) = loop {
        let next = tokio::time::timeout_at(until, pictures.recv()).await.map_err(silent)?;
        let (jpeg, at) = next.unwrap_or_else(|| Err(closed(&address)))?;
        if let Some(size) = size_of(&jpeg) {
            break (jpeg, at, size);
        }
    };
    limits::check(size)?;
    let last = PictureTime(0);
    let camera = HttpCamera { pictures, task, address, size, begun, last };
    Ok(Opened {
        size,
        codec_data: Vec::new(),
        pictures_per_s: None,
        first: AccessUnit { time: last, key: true, after_loss: false, data: jpeg },
        codec: Codec::Jpeg,
        camera: Camera::Http(camera),
    })
}

impl HttpCamera {
    /// The next picture; its time is that of its arrival. May be cancelled.
    pub(super) async fn next(&mut self) -> Result<AccessUnit, StreamError> {
        loop {
            let next = self.pictures.recv().await.unwrap_or_else(|| Err(closed(&self.address)));
            let (jpeg, at) = next?;
            let Some(size) = size_of(&jpeg) else {
                continue;
            };
            if size != self.size {
                self.task.abort();
                let to = format!("{}x{}", size.width, size.height);
                return Err(StreamError::SizeChanged { from: self.size, to });
            }
            let micros = at.saturating_duration_since(self.begun).as_micros();
            // Two may arrive in one read, but no two may have one time.
            let time = i64::try_from(micros).unwrap_or(i64::MAX).max(self.last.0 + 1);
            self.last = PictureTime(time);
            return Ok(AccessUnit { time: self.last, key: true, after_loss: false, data: jpeg });
        }
    }
}

type Sender = mpsc::Sender<Result<(Bytes, Instant), StreamError>>;

/// Hands on the parts of an answer until it ends, and says how it did.
async fn read_parts(
    mut answer: Response<Incoming>,
    mut parts: PartReader,
    sender: &Sender,
    address: &str,
) -> StreamError {
    loop {
        match chunk(answer.body_mut()).await {
            Some(Ok(bytes)) => parts.push(&bytes),
            Some(Err(error)) => {
                let why = shorten(&error.to_string());
                return StreamError::SessionLost { address: address.to_owned(), why };
            }
            None => return closed(address),
        }
        while let Some(part) = parts.next_part() {
            if sender.send(Ok((part, Instant::now()))).await.is_err() {
                return closed(address);
            }
        }
        metrics::counter!("safe_yolo_http_parts_refused_total").increment(parts.take_refused());
    }
}

/// Asks for a picture a second until that fails, and says how it did.
async fn poll_pictures(
    source: &CameraSource,
    mut answer: Response<Incoming>,
    sender: &Sender,
    timeout: Duration,
) -> StreamError {
    let address = source.redacted();
    let mut turns = tokio::time::interval(POLL);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    turns.tick().await;
    loop {
        let work = async {
            let content_type = content_type(&answer);
            if !is_jpeg(&content_type) {
                let offered = shorten(&content_type);
                return Err(StreamError::NoVideo { address: address.clone(), offered });
            }
            whole(answer.body_mut(), &address).await
        };
        let late = || StreamError::NoPictures { address: address.clone(), waited: timeout };
        match tokio::time::timeout(timeout, work).await {
            Ok(Ok(jpeg)) => {
                if sender.send(Ok((jpeg, Instant::now()))).await.is_err() {
                    return closed(&address);
                }
            }
            Ok(Err(error)) => return error,
            Err(_elapsed) => return late(),
        }
        turns.tick().await;
        answer = match tokio::time::timeout(timeout, get(source)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return error,
            Err(_elapsed) => return late(),
        };
    }
}

/// Asks for the address, with a login if the camera wants one.
async fn get(source: &CameraSource) -> Result<Response<Incoming>, StreamError> {
    let address = || source.redacted();
    let mut answer = request(source, None).await?;
    if answer.status() == StatusCode::UNAUTHORIZED
        && let Some(login) = source.credentials()
    {
        let challenge =
            answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let target = target(source);
        let params = PasswordParams {
            username: login.user(),
            password: login.password(),
            uri: &target,
            method: "GET",
            body: Some(&[]),
        };
        let response = challenge
            .and_then(|challenge| PasswordClient::try_from(challenge).ok())
            .and_then(|mut client| client.respond(&params).ok())
            .ok_or_else(|| StreamError::Unauthorized {
                address: address(),
                why: "it asks for the password in a way that is not known".to_owned(),
            })?;
        answer = request(source, Some(&response)).await?;
    }
    let status = answer.status();
    let why = format!("it answers {status}");
    match status.as_u16() {
        200 => Ok(answer),
        401 | 403 => Err(StreamError::Unauthorized { address: address(), why }),
        404 | 410 => Err(StreamError::NoSuchStream { address: address(), why }),
        300..=399 => Err(StreamError::Unreachable {
            address: address(),
            why: format!("{why}: it sends us elsewhere, which is not followed; give that address"),
        }),
        _ => Err(StreamError::Unreachable { address: address(), why }),
    }
}

/// One request on a connection of its own, which lasts as long as the answer.
async fn request(
    source: &CameraSource,
    authorization: Option<&str>,
) -> Result<Response<Incoming>, StreamError> {
    let failed =
        |why: String| StreamError::Unreachable { address: source.redacted(), why: shorten(&why) };
    let host = source.url().host_str().unwrap_or_default();
    let port = source.url().port_or_known_default().unwrap_or(80);
    // The brackets of an IPv6 address belong to the URL alone.
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let stream =
        TcpStream::connect((plain, port)).await.map_err(|error| failed(error.to_string()))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_LEN_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(error.to_string()))?;
    // It ends when the answer and the sender are dropped, or the camera closes it.
    tokio::spawn(async move { drop(connection.await) });
    let mut request = Request::get(target(source))
        .header(HOST, format!("{host}:{port}"))
        .header(USER_AGENT, "safe-yolo")
        .header(ACCEPT, "multipart/x-mixed-replace, image/jpeg");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let request = request.body(NoBody).map_err(|error| failed(error.to_string()))?;
    sender.send_request(request).await.map_err(|error| failed(error.to_string()))
}

/// Path and query.
fn target(source: &CameraSource) -> String {
    let url = source.url();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// Requests have none.
struct NoBody;

impl Body for NoBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

/// The next bytes of an answer; `None` at its end.
async fn chunk(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

async fn whole(body: &mut Incoming, address: &str) -> Result<Bytes, StreamError> {
    let lost = |why: String| StreamError::SessionLost { address: address.to_owned(), why };
    let mut all = Vec::new();
    while let Some(bytes) = chunk(body).await {
        all.extend_from_slice(&bytes.map_err(|error| lost(shorten(&error.to_string())))?);
        if all.len() > PART_LEN_MAX {
            return Err(lost(format!("a picture of more than {PART_LEN_MAX} bytes")));
        }
    }
    Ok(all.into())
}

fn content_type(answer: &Response<Incoming>) -> String {
    let value = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn is_jpeg(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["image/jpeg", "image/jpg"].iter().any(|jpeg| kind.eq_ignore_ascii_case(jpeg))
}

fn size_of(jpeg: &[u8]) -> Option<PictureSize> {
    let size = jpeg_size(jpeg).map(|(width, height)| PictureSize::new(width, height));
    if size.is_none() {
        metrics::counter!("safe_yolo_http_parts_refused_total").increment(1);
    } else {
        metrics::counter!("safe_yolo_access_units_total").increment(1);
    }
    size
}

fn closed(address: &str) -> StreamError {
    let why = "the camera closed it".to_owned();
    StreamError::SessionLost { address: address.to_owned(), why }
}
