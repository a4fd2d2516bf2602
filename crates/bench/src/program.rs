//! The program under test: started, asked, ended.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::metrics::Metrics;
use crate::process::{Part, Usage, children_mb, resident_mb};

const PASSWORD: &str = "bench-password-1";
/// A program to be measured instead of the one beside this.
const PROGRAM_VARIABLE: &str = "BENCH_BINARY";
/// How long the first login may take.
const LOGIN_MAX: Duration = Duration::from_secs(60);

pub(crate) type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A server that ends with this value.
pub(crate) struct Server {
    child: Child,
    url: String,
    client: reqwest::Client,
    cookie: String,
    _data: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // At the end of a measurement there is nothing to save.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn program() -> Result<PathBuf> {
    let named = std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from);
    let beside = std::env::current_exe()?.with_file_name("safe-yolo");
    let program = named.unwrap_or(beside);
    if program.is_file() {
        Ok(program)
    } else {
        bail!("'{}' is not there: build it first, as `make bench` does", program.display())
    }
}

impl Server {
    /// Starts the program with this site file.
    pub(crate) async fn start(site: &str) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let site_file = data.path().join("site.toml");
        std::fs::write(&site_file, site)?;
        let mut child = Command::new(program()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path().join("data"))
            .arg("--site")
            .arg(&site_file)
            .env("SAFE_YOLO_ADMIN_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(crate::footage::cache()?.join("server.log"))?)
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next();
        let line = line.context("the server ended at once: see bench-cache/server.log")??;
        let url = line.split_whitespace().last().context("no address")?.to_owned();
        let mut server =
            Self { child, url, client: reqwest::Client::new(), cookie: String::new(), _data: data };
        server.cookie = server.login().await?;
        Ok(server)
    }

    /// Logs in; a server that is busy opening many cameras is asked again.
    async fn login(&self) -> Result<String> {
        let deadline = Instant::now() + LOGIN_MAX;
        let login = json!({"username": "admin", "password": PASSWORD});
        loop {
            let request = self.client.post(format!("{}/api/session", self.url)).json(&login);
            let answer = request.send().await?;
            let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
            if let Some(cookie) = cookie.and_then(|cookie| cookie.split(';').next()) {
                return Ok(cookie.to_owned());
            }
            if Instant::now() > deadline {
                bail!("no login: {} {}", answer.status(), answer.text().await?);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    pub(crate) async fn metrics(&self) -> Result<Metrics> {
        let answer = self.client.get(format!("{}/metrics", self.url)).send().await?;
        Ok(Metrics::parse(&answer.error_for_status()?.text().await?))
    }

    pub(crate) async fn command(&self, camera: &str, command: &Value) -> Result<()> {
        let request = self
            .client
            .post(format!("{}/api/cameras/{camera}/command", self.url))
            .header("cookie", &self.cookie)
            .json(command);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// All cameras, in the order of the site file.
    pub(crate) async fn cameras(&self) -> Result<Vec<Camera>> {
        let all = self.get("/api/cameras").await?;
        let mut cameras: Vec<Camera> = serde_json::from_value(all["cameras"].clone())?;
        cameras.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cameras)
    }

    /// Waits until all cameras are LIVE, for at most `limit`; how many are.
    pub(crate) async fn wait_live(&self, limit: Duration) -> Result<usize> {
        let deadline = Instant::now() + limit;
        loop {
            let cameras = self.cameras().await?;
            let live = cameras.iter().filter(|camera| camera.is_live()).count();
            if live == cameras.len() || Instant::now() > deadline {
                return Ok(live);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until all cameras are LIVE, and then for the figures to settle.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.wait_live(Duration::from_secs(30)).await?;
        if self.cameras().await?.iter().any(|camera| !camera.is_live()) {
            bail!("a camera is not LIVE after 30 s");
        }
        tokio::time::sleep(Duration::from_secs(8)).await;
        Ok(())
    }

    /// A connection that shows these cameras at this width, pixels.
    pub(crate) async fn live<S: AsRef<str>>(&self, cameras: &[S], width: u32) -> Result<Socket> {
        let mut socket = self.socket("/ws/live").await?;
        let wanted: Vec<Value> =
            cameras.iter().map(|id| json!({"id": id.as_ref(), "width": width})).collect();
        let subscribe = json!({"type": "subscribe", "cameras": wanted});
        socket.send(Message::text(subscribe.to_string())).await?;
        Ok(socket)
    }

    /// A web socket to this path.
    pub(crate) async fn socket(&self, path: &str) -> Result<Socket> {
        let address = format!("{}{path}", self.url.replacen("http", "ws", 1));
        let mut request = address.into_client_request()?;
        request.headers_mut().insert("cookie", self.cookie.parse()?);
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(socket)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn usage(&self, cameras: Option<u32>) -> Usage {
        Usage::now(self.pid(), cameras)
    }

    /// Resident memory of the server itself, MB.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        resident_mb(self.pid())
    }

    /// Resident memory of its children of this kind, MB.
    pub(crate) fn children_mb(&self, part: Part) -> f64 {
        children_mb(self.pid(), part)
    }
}

/// What `GET /api/cameras` says of one.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Camera {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) analysis_age_ms: Option<u64>,
    pub(crate) analysed_per_s: f64,
    pub(crate) pictures_per_s: f64,
}

impl Camera {
    pub(crate) fn is_live(&self) -> bool {
        self.status.state == "LIVE"
    }
}

/// One camera of a site file.
#[derive(Debug, Clone)]
pub(crate) struct SiteCamera {
    pub(crate) source: String,
    /// Analyses a second, at most.
    pub(crate) rate: u32,
    /// Seconds somebody must be in the zone.
    pub(crate) dwell_s: f64,
    /// Seconds between two equal alarms.
    pub(crate) pause_s: f64,
}

impl SiteCamera {
    pub(crate) fn new(source: &impl ToString, rate: u32) -> Self {
        Self { source: source.to_string(), rate, dwell_s: 2.0, pause_s: 30.0 }
    }
}

/// A site file; cameras are named so that their names sort in this order.
pub(crate) fn site(cameras: &[SiteCamera]) -> String {
    let zone = "points = [[0.05, 0.4], [0.95, 0.4], [0.95, 0.95], [0.05, 0.95]]";
    let one = |(number, camera): (usize, &SiteCamera)| {
        let SiteCamera { source, rate, dwell_s, pause_s } = camera;
        format!(
            "[[camera]]\nname = \"camera {number:03}\"\nsource = \"{source}\"\n\
             analysis_rate_max = {rate}.0\n[[camera.zone]]\nname = \"all\"\ntype = \"danger\"\n\
             require = [\"helmet\"]\n{zone}\ndwell_s = {dwell_s:?}\npause_s = {pause_s:?}\n"
        )
    };
    cameras.iter().enumerate().map(one).collect()
}
