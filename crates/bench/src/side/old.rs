//! The old design in Python as one side of the comparison.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as Program};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::{Figures, Side};
use crate::commands::{Command, Player, Shown};
use crate::program::Socket;

const START_MAX: Duration = Duration::from_secs(30);
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// How the old design is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// Hands each picture to a thread instead of blocking the loop.
    pub(super) to_thread: bool,
    /// Threads of the model's session.
    pub(super) model_threads: u32,
    /// Whether they spin while they wait.
    pub(super) spin: bool,
    /// Threads of OpenCV.
    pub(super) picture_threads: u32,
    /// Threads of each decoder.
    pub(super) decode_threads: u32,
    /// Threads that pictures are handed to.
    pub(super) workers: u32,
    /// Skips pictures that are late, as a live camera demands, instead of playing slower.
    pub(super) keep_up: bool,
}

impl Settings {
    /// As the libraries come.
    pub(super) fn plain(to_thread: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cores = u32::try_from(cores).unwrap_or(1);
        Self {
            to_thread,
            model_threads: cores,
            spin: true,
            picture_threads: cores,
            decode_threads: cores,
            workers: cores + 4,
            keep_up: false,
        }
    }

    const fn mode(&self) -> &'static str {
        if self.to_thread { "to_thread" } else { "blocking" }
    }

    /// The column of the table.
    pub(super) const fn name(&self) -> &'static str {
        match (self.to_thread, self.keep_up) {
            (false, false) => "blocking",
            (true, false) => "to_thread",
            (false, true) => "blocking, keeping up",
            (true, true) => "to_thread, keeping up",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Incoming {
    Metadata {},
    Frame { generation: u64, tracks: Vec<u64> },
    Done { id: u64 },
}

#[derive(Debug, Deserialize)]
struct Stats {
    analysed: u64,
    decoded: u64,
    late_p99_ms: f64,
}

type Sink = SplitSink<Socket, Message>;

/// A viewer of one camera.
struct Viewer {
    sink: Sink,
    seen: Arc<Mutex<Vec<Shown>>>,
    /// The newest command that was carried out, and when that was heard.
    done: watch::Receiver<(u64, Option<Instant>)>,
    reader: JoinHandle<()>,
    commands: u64,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The running program; it ends with this value.
pub(super) struct Old {
    child: Child,
    pid: u32,
    stats: Socket,
    viewers: Vec<Viewer>,
}

impl Old {
    pub(super) async fn start(settings: &Settings, files: &[PathBuf], width: u32) -> Result<Self> {
        let root = root()?;
        let python = crate::footage::cache()?.with_file_name("bench-venv").join("bin/python");
        if !python.is_file() {
            bail!("'{}' is not there: run scripts/bench-venv.sh first", python.display());
        }
        let mut command = Program::new(python);
        command
            .arg("-m")
            .arg("baseline.server")
            .args(["--mode", settings.mode(), "--width", &width.to_string(), "--model"])
            .arg(root.join("models/ppe_nano.onnx"))
            .args(["--model-threads", &settings.model_threads.to_string()])
            .args(["--spin", if settings.spin { "1" } else { "0" }])
            .args(["--picture-threads", &settings.picture_threads.to_string()])
            .args(["--keep-up", if settings.keep_up { "1" } else { "0" }])
            .args(["--workers", &settings.workers.to_string()])
            .env("PYTHONPATH", root.join("bench"))
            .env("OPENCV_FFMPEG_CAPTURE_OPTIONS", format!("threads;{}", settings.decode_threads))
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        for file in files {
            command.arg("--camera").arg(file);
        }
        let mut child = command.spawn()?;
        let pid = child.id().context("it ended at once")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_MAX, lines.next_line()).await;
        let line = line.context("it does not start")??.context("it ended at once")?;
        let url = line.split_whitespace().last().context("no address")?.to_owned();
        let (stats, _) = tokio_tungstenite::connect_async(format!("{url}/ws/stats")).await?;
        let mut viewers = Vec::new();
        for camera in 0..files.len() {
            let address = format!("{url}/ws/stream/{camera}");
            let (socket, _) = tokio_tungstenite::connect_async(address).await?;
            viewers.push(Viewer::start(socket).await?);
        }
        Ok(Self { child, pid, stats, viewers })
    }

    async fn stats(&mut self) -> Result<Stats> {
        self.stats.send(Message::text("{}")).await?;
        let answer = tokio::time::timeout(ANSWER_MAX, async {
            while let Some(message) = self.stats.next().await {
                if let Message::Text(text) = message? {
                    return Ok(serde_json::from_str(&text)?);
                }
            }
            bail!("the old design has ended")
        });
        answer.await.context("no figures from the old design")?
    }
}

impl Drop for Old {
    fn drop(&mut self) {
        // At the end of a measurement there is nothing to save; it is waited for by the runtime.
        self.child.start_kill().ok();
    }
}

/// The repository: the baseline is not built, it is run from its sources.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| format!("'{}' is gone", root.display()))
}

impl Viewer {
    async fn start(socket: Socket) -> Result<Self> {
        let (mut sink, mut stream) = socket.split();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, done) = watch::channel((0, None));
        let shared = Arc::clone(&seen);
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let at = Instant::now();
                let Message::Text(text) = message else { continue };
                match serde_json::from_str(&text) {
                    Ok(Incoming::Frame { generation, tracks }) => {
                        let tracks = tracks.iter().map(u64::to_string).collect();
                        let shown =
                            Shown { at, epoch: generation, playing: true, analysed: true, tracks };
                        shared.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
                    }
                    Ok(Incoming::Done { id }) => drop(told.send_replace((id, Some(at)))),
                    Ok(Incoming::Metadata {}) => {}
                    Err(error) => eprintln!("what the old design says is not understood: {error}"),
                }
            }
        });
        sink.send(Message::text(r#"{"action": "start"}"#)).await?;
        Ok(Self { sink, seen, done, reader, commands: 0 })
    }
}

impl Player for Old {
    async fn command(&mut self, camera: usize, command: Command) -> Result<Instant> {
        let viewer = self.viewers.get_mut(camera).context("no such camera")?;
        viewer.commands += 1;
        let id = viewer.commands;
        let text = match command {
            Command::Play => json!({"action": "play", "id": id}),
            Command::Pause => json!({"action": "pause", "id": id}),
            Command::Seek(to_ms) => json!({"action": "seek", "position_ms": to_ms, "id": id}),
        };
        viewer.sink.send(Message::text(text.to_string())).await?;
        let done = viewer.done.wait_for(|(done, _)| *done >= id);
        let done = tokio::time::timeout(ANSWER_MAX, done).await.context("no answer")??;
        done.1.context("no time")
    }

    fn take(&mut self, camera: usize) -> Vec<Shown> {
        let Some(viewer) = self.viewers.get(camera) else { return Vec::new() };
        std::mem::take(&mut *viewer.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Side for Old {
    async fn begin(&mut self) -> Result<()> {
        // Reading the figures begins them anew.
        self.stats().await.map(drop)
    }

    async fn end(&mut self) -> Result<Figures> {
        let stats = self.stats().await?;
        #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of pictures")]
        let (analysed, decoded) = (stats.analysed as f64, stats.decoded as f64);
        Ok(Figures { analysed, decoded, stall_p99_ms: stats.late_p99_ms })
    }

    fn pid(&self) -> u32 {
        self.pid
    }
}
