//! The server from outside: rates, first picture, answers, commands, memory.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::{clip, quantile};

const PASSWORD: &str = "bench-password-1";

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A server that ends with this value.
struct Server {
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

fn program() -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("safe-yolo");
    if beside.is_file() {
        Ok(beside)
    } else {
        bail!("'{}' is not there: build it first, as `make bench` does", beside.display())
    }
}

impl Server {
    async fn start(site: &str) -> Result<Self> {
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
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next().context("the server ended at once")??;
        let url = line.split_whitespace().last().context("no address")?.to_owned();
        let client = reqwest::Client::new();
        let login = json!({"username": "admin", "password": PASSWORD});
        let answer = client.post(format!("{url}/api/session")).json(&login).send().await?;
        let cookie = answer
            .headers()
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
            .context("no cookie")?;
        Ok(Self { child, url, client, cookie, _data: data })
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn command(&self, camera: &str, command: Value) -> Result<()> {
        let request = self
            .client
            .post(format!("{}/api/cameras/{camera}/command", self.url))
            .header("cookie", &self.cookie)
            .json(&command);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    async fn cameras(&self) -> Result<Vec<Value>> {
        let all = self.get("/api/cameras").await?;
        Ok(all["cameras"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until all cameras are LIVE, and then for the figures to settle.
    async fn settle(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.cameras().await?.iter().any(|camera| camera["status"]["state"] != "LIVE") {
            if Instant::now() > deadline {
                bail!("a camera is not LIVE after 30 s");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(8)).await;
        Ok(())
    }

    async fn live(&self, cameras: &[&str]) -> Result<Socket> {
        let address = format!("{}/ws/live", self.url.replacen("http", "ws", 1));
        let mut request = address.into_client_request()?;
        request.headers_mut().insert("cookie", self.cookie.parse()?);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        let wanted: Vec<Value> = cameras.iter().map(|id| json!({"id": id, "width": 960})).collect();
        let subscribe = json!({"type": "subscribe", "cameras": wanted});
        socket.send(Message::text(subscribe.to_string())).await?;
        Ok(socket)
    }

    fn resident_mb(&self) -> Result<f64> {
        resident_mb(self.child.id())
    }

    /// Memory of the decoder children together.
    fn children_mb(&self) -> Result<f64> {
        let list = format!("/proc/{0}/task", self.child.id());
        let mut sum = 0.0;
        for task in std::fs::read_dir(list)? {
            let children =
                std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                sum += resident_mb(child.parse()?).unwrap_or(0.0);
            }
        }
        Ok(sum)
    }
}

fn resident_mb(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}

fn site(file: &Path, cameras: usize, rate: u32) -> String {
    (0..cameras)
        .map(|number| {
            format!(
                "[[camera]]\nname = \"camera {number}\"\nsource = \"{}\"\nanalysis_rate_max = {rate}.0\n\
                 [[camera.zone]]\nname = \"all\"\ntype = \"danger\"\nrequire = [\"helmet\"]\n\
                 points = [[0.05, 0.4], [0.95, 0.4], [0.95, 0.95], [0.05, 0.95]]\n",
                file.display()
            )
        })
        .collect()
}

/// The header of the next live picture.
async fn next_header(socket: &mut Socket) -> Result<Value> {
    while let Some(message) = socket.next().await {
        if let Message::Binary(bytes) = message? {
            let length = bytes.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b) as usize);
            return Ok(serde_json::from_slice(bytes.get(4..4 + length).context("cut message")?)?);
        }
    }
    bail!("the live connection ended")
}

pub(crate) async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("people-720p30.mp4");
    clip::file(&file, 900, 30)?;

    println!("| the server, 1280x720 H.264 files of 30 pictures/s with two people | |");
    println!("|---|---|");
    let server = Server::start(&site(&file, 1, 60)).await?;
    server.settle().await?;
    let one = server.cameras().await?.remove(0);
    println!(
        "| one camera, analysed pictures/s (at least 15) | {} |",
        one["status"]["analysed_per_s"]
    );
    drop(server);

    let server = Server::start(&site(&file, 1, 10)).await?;
    server.settle().await?;
    let one_mb = server.resident_mb()?;
    println!("| memory with one camera, MB (at most 300) | {one_mb:.0} |");
    println!("| and its decoder child, MB | {:.0} |", server.children_mb()?);
    drop(server);
    let server = Server::start(&site(&file, 3, 10)).await?;
    server.settle().await?;
    let more_mb = (server.resident_mb()? - one_mb) / 2.0;
    println!("| memory for each more, MB (at most 40) | {more_mb:.0} |");
    drop(server);

    let server = Server::start(&site(&file, 2, 10)).await?;
    server.settle().await?;
    let ids: Vec<String> = server
        .cameras()
        .await?
        .iter()
        .filter_map(|c| c["id"].as_str().map(str::to_owned))
        .collect();
    let camera = ids.first().context("no camera")?;
    first_picture(&server, camera).await?;
    answers(&server).await?;
    commands(&server, camera).await?;
    println!();
    Ok(())
}

async fn first_picture(server: &Server, camera: &str) -> Result<()> {
    let mut took = Vec::new();
    for _ in 0..30 {
        // Long enough that the newest picture is one nobody has asked for yet.
        tokio::time::sleep(Duration::from_millis(137)).await;
        let started = Instant::now();
        let mut socket = server.live(&[camera]).await?;
        next_header(&mut socket).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
        socket.close(None).await?;
    }
    println!(
        "| first picture after connecting, two cameras analysed, ms: median / slowest of 30 (under 500) | {:.1} / {:.1} |",
        quantile(&mut took, 0.5),
        quantile(&mut took, 1.0)
    );
    Ok(())
}

async fn answers(server: &Server) -> Result<()> {
    let mut took = Vec::new();
    for number in 0..600 {
        let path = ["/api/cameras", "/api/events?limit=50", "/api/system"][number % 3];
        let started = Instant::now();
        server.get(path).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "| REST while two cameras are analysed, ms: median / 99 % of 600 (under 20) | {:.1} / {:.1} |",
        quantile(&mut took, 0.5),
        quantile(&mut took, 0.99)
    );
    Ok(())
}

/// Seeks, and looks how long pictures from before still come.
async fn commands(server: &Server, camera: &str) -> Result<()> {
    let mut socket = server.live(&[camera]).await?;
    let mut answered = Vec::new();
    let mut stale = Vec::new();
    for round in 0..20_i64 {
        let before = next_header(&mut socket).await?["segment"].as_u64().unwrap_or(0);
        let asked = Instant::now();
        let seek = json!({"action": "seek", "position_ms": 1000 + round * 700});
        let command = server.command(camera, seek);
        tokio::pin!(command);
        let mut done = false;
        let mut newest_old = 0.0_f64;
        loop {
            tokio::select! {
                result = &mut command, if !done => {
                    result?;
                    done = true;
                    answered.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
                header = next_header(&mut socket) => {
                    let at = asked.elapsed().as_secs_f64() * 1000.0;
                    if header?["segment"].as_u64() == Some(before) {
                        newest_old = at;
                    } else if done {
                        break;
                    }
                }
            }
        }
        stale.push(newest_old);
    }
    println!(
        "| seek: answered after, ms: median / slowest of 20 | {:.0} / {:.0} |",
        quantile(&mut answered, 0.5),
        quantile(&mut answered, 1.0)
    );
    println!(
        "| seek: last older picture at the viewer after asking, ms: slowest of 20 (at most 50) | {:.0} |",
        quantile(&mut stale, 1.0)
    );
    Ok(())
}
