//! A small camera that sends JPEG pictures over HTTP, with faults that can be
//! switched on while it runs.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

use crate::TestkitError;
use crate::clip::{ClipCodec, ClipSpec, run};
use crate::rtsp::{Login, message};

/// Pictures a second.
const RATE: u32 = 15;
/// How often a stalled camera looks whether it still is.
const STALL_STEP: Duration = Duration::from_millis(10);

/// What is wrong with the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum HttpFault {
    /// Nothing.
    None,
    /// It answers, then sends nothing.
    Stalled,
    /// Each connection is closed at once, running ones at the next picture.
    Closing,
    /// Takes requests and answers none.
    Silent,
    /// Each second part is no picture.
    GarbageParts,
    /// Each second part states a length that is not its own.
    WrongLengths,
    /// The content is no picture.
    Page,
    /// Requests are sent elsewhere.
    Redirect,
}

/// A running camera; dropping it ends it.
///
/// `/video` is a multipart answer without end, `/still` one picture.
#[derive(Debug)]
pub struct HttpCamera {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    pictures: Mutex<Arc<Vec<Vec<u8>>>>,
    login: Option<Login>,
    fault: AtomicU8,
    requests: AtomicU64,
    open_connections: AtomicU64,
    connections: Mutex<Vec<AbortHandle>>,
}

/// The moving test picture as JPEG files of this size.
///
/// # Errors
/// When ffmpeg is missing or fails.
pub fn jpegs(width: u32, height: u32) -> Result<Vec<Vec<u8>>, TestkitError> {
    let dir = tempfile::tempdir().map_err(TestkitError::io("making a folder"))?;
    let spec = ClipSpec { width, height, codec: ClipCodec::Mjpeg, ..ClipSpec::default() };
    let clip = spec.write_in(dir.path(), "clip.avi")?;
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-i"]).arg(&clip);
    command.args(["-c", "copy", "-f", "mjpeg", "pipe:1"]);
    let stream = run("ffmpeg", &mut command)?;
    let begin = [0xFF, 0xD8];
    let starts: Vec<_> = (0..stream.len()).filter(|at| stream[*at..].starts_with(&begin)).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    Ok(starts.iter().zip(ends).map(|(start, end)| stream[*start..end].to_vec()).collect())
}

impl HttpCamera {
    /// A camera on a free port of this machine that sends `pictures` over and
    /// over, 15 a second.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(pictures: Vec<Vec<u8>>, login: Option<Login>) -> Result<Self, TestkitError> {
        let shared = Arc::new(Shared {
            pictures: Mutex::new(Arc::new(pictures)),
            login,
            fault: AtomicU8::new(HttpFault::None as u8),
            requests: AtomicU64::new(0),
            open_connections: AtomicU64::new(0),
            connections: Mutex::new(Vec::new()),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(TestkitError::io("listening on a free port"))?;
        let address = listener.local_addr().map_err(TestkitError::io("asking for the port"))?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, accepting })
    }

    /// The address of this path, without credentials.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address with these credentials.
    #[must_use]
    pub fn url_with(&self, user: &str, password: &str, path: &str) -> String {
        format!("http://{user}:{password}@{}{path}", self.address)
    }

    /// From now on this is wrong.
    pub fn set_fault(&self, fault: HttpFault) {
        self.shared.fault.store(fault as u8, Ordering::Relaxed);
    }

    /// Sends other pictures from now on.
    pub fn set_pictures(&self, pictures: Vec<Vec<u8>>) {
        *self.shared.pictures.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(pictures);
    }

    /// Requests ever taken.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Connections open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared.open_connections.load(Ordering::Relaxed)
    }
}

impl Drop for HttpCamera {
    fn drop(&mut self) {
        self.accepting.abort();
        let mut connections =
            self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in connections.drain(..) {
            connection.abort();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // An error concerns one connection only.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        if shared.has(HttpFault::Closing) {
            continue;
        }
        let open = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            open.open_connections.fetch_add(1, Ordering::Relaxed);
            // A client that leaves is no fault of the camera.
            drop(serve(stream, &open).await);
            open.open_connections.fetch_sub(1, Ordering::Relaxed);
        });
        let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        // Evicts the finished, so that the list stays as long as there are clients.
        connections.retain(|connection| !connection.is_finished());
        connections.push(task.abort_handle());
    }
}

impl Shared {
    fn has(&self, fault: HttpFault) -> bool {
        self.fault.load(Ordering::Relaxed) == fault as u8
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut buffer = Vec::new();
    let request = loop {
        match message::take(&mut buffer) {
            Ok(Some(request)) => break request,
            Ok(None) if stream.read_buf(&mut buffer).await? > 0 => {}
            _ => return Ok(()),
        }
    };
    shared.requests.fetch_add(1, Ordering::Relaxed);
    if shared.has(HttpFault::Silent) {
        // Until the client is gone.
        return stream.read_buf(&mut buffer).await.map(drop);
    }
    let plain = |status: &str, headers: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 2\r\n\r\nok")
    };
    if let Some(login) = &shared.login
        && !login.accepts(&request)
    {
        let answer = plain("401 Unauthorized", &format!("{}\r\n", login.challenge()));
        return stream.write_all(answer.as_bytes()).await;
    }
    let answer = match request.uri.split('?').next().unwrap_or_default() {
        _ if shared.has(HttpFault::Redirect) => {
            plain("302 Found", "Location: http://127.0.0.1:9/video\r\n")
        }
        _ if shared.has(HttpFault::Page) => plain("200 OK", "Content-Type: text/html\r\n"),
        "/video" => return send_video(stream, shared).await,
        "/still" => return send_still(stream, shared).await,
        _ => plain("404 Not Found", ""),
    };
    stream.write_all(answer.as_bytes()).await
}

async fn send_still(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let pictures = current(shared);
    let number = shared.requests.load(Ordering::Relaxed) as usize;
    let picture = &pictures[number % pictures.len()];
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        picture.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(picture).await
}

async fn send_video(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\
                Content-Type: multipart/x-mixed-replace; boundary=--picture\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut turns = tokio::time::interval(Duration::from_secs(1) / RATE);
    for number in 0.. {
        turns.tick().await;
        while shared.has(HttpFault::Stalled) {
            // Notices a client that leaves.
            let mut byte = [0];
            if let Ok(Ok(0)) = tokio::time::timeout(STALL_STEP, stream.read(&mut byte)).await {
                return Ok(());
            }
        }
        if shared.has(HttpFault::Closing) {
            return Ok(());
        }
        let pictures = current(shared);
        let odd = number % 2 == 1;
        let garbage = odd && shared.has(HttpFault::GarbageParts);
        let picture: &[u8] =
            if garbage { b"no picture at all" } else { &pictures[number % pictures.len()] };
        let wrong = odd && shared.has(HttpFault::WrongLengths);
        let length =
            if wrong { picture.len() / 2 + number % 5 * picture.len() } else { picture.len() };
        let head =
            format!("--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), picture, b"\r\n"].concat()).await?;
    }
    Ok(())
}

fn current(shared: &Shared) -> Arc<Vec<Vec<u8>>> {
    Arc::clone(&shared.pictures.lock().unwrap_or_else(PoisonError::into_inner))
}
