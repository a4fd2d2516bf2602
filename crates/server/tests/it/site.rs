//! A server on a free port, and clients of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, RequestBuilder, StatusCode};
use safe_yolo_infer::{DetectorPool, ModelSource, PoolConfig, Runtime};
use safe_yolo_pipeline::{Opener, RealSources};
use safe_yolo_server::{Server, ServerConfig, ServerError, ServiceManager, StartupCamera};
use safe_yolo_store::evidence::{DiskSpace, EvidenceLimits, Space};
use safe_yolo_store::{AuditEntry, NewCamera, Origin, Role, Store};
use safe_yolo_track::TrackerConfig;
use safe_yolo_tracklog::TrackLogLimits;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";
pub(crate) const PASSWORD: &str = "some other password";
/// The password of a camera.
pub(crate) const SECRET: &str = "h1dden-Secret";
/// The longest any condition is waited for, on a machine that is slow and busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The bundled model, or the same one without the class `mask`: one detector
/// of each for all tests of the process.
fn detectors(sees_masks: bool) -> DetectorPool {
    static POOLS: [OnceLock<DetectorPool>; 2] = [OnceLock::new(), OnceLock::new()];
    let start = || {
        let library = std::env::var_os("SAFE_YOLO_ONNXRUNTIME").map_or_else(
            || repository().join(".cache/onnxruntime/libonnxruntime.so"),
            PathBuf::from,
        );
        let runtime = Runtime::load(&library).expect("ONNX Runtime: run `make setup`");
        let model = repository().join("models/ppe_nano.onnx");
        if sees_masks {
            let config = PoolConfig { model: ModelSource::File(model), sessions: 1 };
            return DetectorPool::start(&runtime, &config).expect("the bundled model");
        }
        let mut bytes = std::fs::read(model).unwrap();
        let name = b"\"mask\"";
        let at = bytes.windows(name.len()).rposition(|window| window == name).expect("its names");
        bytes[at + 1..at + 5].copy_from_slice(b"none");
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("maskless.onnx");
        std::fs::write(&model, bytes).unwrap();
        let config = PoolConfig { model: ModelSource::File(model), sessions: 1 };
        DetectorPool::start(&runtime, &config).expect("the bundled model, renamed")
    };
    POOLS[usize::from(sees_masks)].get_or_init(start).clone()
}

pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) data: PathBuf,
    pub(crate) videos: PathBuf,
    shutdown: CancellationToken,
    running: Option<JoinHandle<Result<(), ServerError>>>,
    folder: Option<TempDir>,
}

/// A camera of the command line that draws nobody.
pub(crate) fn quiet() -> StartupCamera {
    StartupCamera {
        camera: NewCamera::new("quiet", "sim://quiet", Origin::CommandLine),
        zones: Some(Vec::new()),
    }
}

impl Site {
    /// Waits until the audit has an entry like this: it is written after the answer.
    pub(crate) async fn audited(&self, what: &str, wanted: impl Fn(&AuditEntry) -> bool) {
        let begun = Instant::now();
        loop {
            let entries = self.store.audit_list(100).await.unwrap();
            if entries.iter().any(&wanted) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} in {entries:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A server with these cameras; with none, the drawn scene is there.
    pub(crate) async fn with(cameras: Vec<StartupCamera>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, cameras, true).await
    }

    /// A server with one camera that shows nobody, whose model knows no masks.
    pub(crate) async fn without_masks() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), vec![quiet()], false).await
    }

    /// A server with one camera that shows nobody.
    pub(crate) async fn quiet() -> Self {
        Self::with(vec![quiet()]).await
    }

    /// A server with these cameras, whose sources are opened by `opener`.
    pub(crate) async fn opened_by(cameras: Vec<StartupCamera>, opener: Arc<dyn Opener>) -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), cameras, true, opener, roomy()).await
    }

    /// A server with these cameras on a disk of which this is told.
    pub(crate) async fn on_disk(cameras: Vec<StartupCamera>, disk: DiskSpace) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_with(folder, cameras, true, RealSources::shared(), disk).await
    }

    async fn start_in(folder: TempDir, cameras: Vec<StartupCamera>, sees_masks: bool) -> Self {
        Self::start_with(folder, cameras, sees_masks, RealSources::shared(), roomy()).await
    }

    async fn start_with(
        folder: TempDir,
        cameras: Vec<StartupCamera>,
        sees_masks: bool,
        opener: Arc<dyn Opener>,
        disk: DiskSpace,
    ) -> Self {
        crate::log::search();
        let (data, videos) = (folder.path().join("data"), folder.path().join("videos"));
        std::fs::create_dir_all(&videos).unwrap();
        let server = Box::pin(Server::start(ServerConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: data.clone(),
            admin_password: Some(ADMIN_PASSWORD.to_owned()),
            video_dirs: vec![videos.clone()],
            detectors: std::sync::Arc::new(detectors(sees_masks)),
            opener,
            service: ServiceManager::none(),
            tracking: TrackerConfig::default(),
            evidence: EvidenceLimits::default(),
            disk,
            tracks: Some(TrackLogLimits::default()),
            startup_cameras: cameras,
            calendar: None,
        }))
        .await
        .unwrap();
        let (base, store) = (format!("http://{}", server.address()), server.store().clone());
        let shutdown = CancellationToken::new();
        let running = Some(tokio::spawn(server.run(shutdown.clone())));
        Self { base, store, data, videos, shutdown, running, folder: Some(folder) }
    }

    /// Ends the server as a signal would.
    pub(crate) async fn end(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            tokio::time::timeout(PATIENCE, running).await.expect("it ends").unwrap().unwrap();
        }
    }

    /// Ends it and starts it again on the same data.
    pub(crate) async fn restart(mut self, cameras: Vec<StartupCamera>) -> Self {
        self.end().await;
        let folder = self.folder.take().unwrap();
        Self::start_in(folder, cameras, true).await
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client { http: reqwest::Client::new(), base: self.base.clone(), cookie: None }
    }

    pub(crate) async fn admin(&self) -> Client {
        self.login("admin", ADMIN_PASSWORD).await
    }

    /// Somebody of this role.
    pub(crate) async fn somebody(&self, role: Role) -> Client {
        let made = self.store.create_user(role.name(), PASSWORD.to_owned(), role).await;
        if role == Role::Admin {
            return self.admin().await;
        }
        drop(made);
        self.login(role.name(), PASSWORD).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Client {
        let mut client = self.anonymous();
        let body = json!({"username": username, "password": password});
        let answer = client.send(Method::POST, "/api/session", Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let cookie = answer.set_cookie.expect("a cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        client.cookie = cookie.split(';').next().map(str::to_owned);
        client
    }
}

/// A disk that is never full.
fn roomy() -> DiskSpace {
    DiskSpace::new(|_| Ok(Space { free: 1 << 40, total: 1 << 40 }))
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) set_cookie: Option<String>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    /// The code of the problem that it is.
    pub(crate) fn code(&self) -> &str {
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        for key in ["type", "title", "status", "code", "detail"] {
            assert!(!self.json[key].is_null(), "{key}: {self:?}");
        }
        assert_eq!(self.json["status"], self.status.as_u16());
        self.json["code"].as_str().unwrap()
    }

    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) cookie: Option<String>,
}

impl Client {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// The id of the only camera, or of the one with this name.
    pub(crate) async fn camera(&self, name: &str) -> String {
        let cameras = self.get("/api/cameras").await.ok();
        let cameras = cameras["cameras"].as_array().unwrap().clone();
        let camera = cameras.iter().find(|camera| camera["name"] == name);
        camera.expect("the camera")["id"].as_str().unwrap().to_owned()
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if wanted(&answer.json) {
                return answer.json;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} stays {}", answer.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        self.try_socket(path, None).await.unwrap()
    }

    /// A socket behind which next to nothing waits in the system.
    pub(crate) async fn narrow_socket(&self, path: &str) -> Socket {
        let host = self.base.trim_start_matches("http://");
        let tcp = tokio::net::TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(4096).unwrap();
        let tcp = tcp.connect(host.parse().unwrap()).await.unwrap();
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        let cookie = self.cookie.as_ref().expect("a login");
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        let tcp = MaybeTlsStream::Plain(tcp);
        let (stream, _) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
        Socket { stream }
    }

    /// A socket, or the status of the refusal.
    pub(crate) async fn try_socket(&self, path: &str, origin: Option<&str>) -> Result<Socket, u16> {
        let address = format!("{}{path}", self.base.replace("http://", "ws://"));
        let mut request = address.into_client_request().unwrap();
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Socket { stream }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let headers = response.headers().clone();
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer {
        status,
        kind: text("content-type").unwrap_or_default(),
        set_cookie: text("set-cookie"),
        retry_after: text("retry-after").and_then(|v| v.parse().ok()),
        json: serde_json::from_str(&body).unwrap_or(Value::Null),
        text: body,
        headers,
    }
}

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// A picture of `/ws/live`.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) header: Value,
    pub(crate) jpeg: Vec<u8>,
}

pub(crate) enum Heard {
    Text(Value),
    Picture(Picture),
    /// The code, if one was given.
    Closed(Option<u16>),
}

impl Socket {
    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Whether the connection still takes something.
    pub(crate) async fn try_say(&mut self, text: &str) -> bool {
        self.stream.send(Message::text(text)).await.is_ok()
    }

    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next());
            match next.await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => {
                    return Heard::Text(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
                    let header = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
                    return Heard::Picture(Picture { header, jpeg: bytes[4 + length..].to_vec() });
                }
                Some(Ok(Message::Close(frame))) => {
                    return Heard::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    /// The next text of this type.
    pub(crate) async fn text(&mut self, kind: &str) -> Value {
        loop {
            match self.hear().await {
                Heard::Text(text) if text["type"] == kind => return text,
                Heard::Closed(code) => panic!("closed ({code:?}) before '{kind}'"),
                _ => {}
            }
        }
    }

    pub(crate) async fn picture(&mut self) -> Picture {
        loop {
            match self.hear().await {
                Heard::Picture(picture) => return picture,
                Heard::Closed(code) => panic!("closed ({code:?}) before a picture"),
                Heard::Text(_) => {}
            }
        }
    }

    /// Waits until the server closes, and answers with which code.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}
