//! The server under test, the cameras that it watches, and the one who looks on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::SeedableRng;
use rand::rngs::StdRng;
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::process;
use safe_yolo_testkit::program::{Client, Server, ServerFiles};
use safe_yolo_testkit::rtsp::RtspServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::faults::Measured;
use crate::footage::{self, Shooting, corners};
use crate::judge::RATE_WINDOW;
use crate::observer::{Observer, Target};

/// Cameras that no fault is injected into.
const CONTROLS: usize = 2;
/// Analyses a second that every camera is allowed: the cameras send twice as
/// many, so that a rate below this is the server's doing.
const ANALYSIS_RATE_MAX: f64 = 5.0;
/// How long all cameras may take to be LIVE.
const LIVE_MAX: Duration = Duration::from_secs(60);
/// Cameras LIVE again get this long to find their pace before calm is measured.
const PACE: Duration = Duration::from_secs(2);
/// Windows of calm that a fault's rates are compared with.
const CALM_WINDOWS: u32 = 3;
/// Between two looks.
const STEP: Duration = Duration::from_millis(50);

/// A camera and its place in the server.
pub(crate) struct Camera {
    pub(crate) rtsp: RtspServer,
    /// What it sends while nothing is wrong with it.
    pub(crate) footage: Footage,
    pub(crate) id: String,
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) random: StdRng,
    pub(crate) observer: Observer,
    /// Those that faults are injected into, and then those that are left alone.
    pub(crate) cameras: Vec<Camera>,
    pub(crate) victims: usize,
    /// The same footage in another size.
    pub(crate) other_size: Footage,
    pub(crate) files: ServerFiles,
    /// Arguments beside the usual ones.
    pub(crate) extra: Vec<String>,
    /// Seconds until the first server said its address: how fast this machine is.
    pub(crate) first_start_s: f64,
    data: PathBuf,
    folder: TempDir,
    server: Option<Server>,
    client: Option<Client>,
    starts: usize,
    out: PathBuf,
}

/// What films and cameras are made of.
async fn film(shooting: Shooting) -> Result<Footage> {
    tokio::task::spawn_blocking(move || shooting.film()).await?
}

impl World {
    /// Starts cameras and server; all cameras are LIVE when this returns.
    pub(crate) async fn build(
        binary: &Path,
        out: &Path,
        seed: u64,
        victims: usize,
    ) -> Result<Self> {
        std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
        let folder = tempfile::tempdir()?;
        let (one, two, still, other_size) = tokio::try_join!(
            film(Shooting::intruders(seed)),
            film(Shooting::intruders(seed + 1)),
            film(Shooting::helmets(seed)),
            film(Shooting { size: (480, 270), ..Shooting::intruders(seed) }),
        )?;
        let mut world = Self {
            random: StdRng::seed_from_u64(seed),
            observer: Observer::start(),
            cameras: Vec::new(),
            victims,
            other_size,
            files: ServerFiles {
                binary: binary.to_owned(),
                out: out.join("server.out"),
                log: out.join("server.log"),
            },
            extra: Vec::new(),
            first_start_s: 0.0,
            data: folder.path().join("data"),
            folder,
            server: None,
            client: None,
            starts: 0,
            out: out.to_owned(),
        };
        world.start().await?;
        let client = world.client()?.clone();
        // The drawn scene of a first start costs time and proves nothing here.
        for camera in world.statuses().await? {
            let id = camera["id"].as_str().context("a camera without id")?;
            client.delete(&format!("/api/cameras/{id}")).await?;
        }
        for number in 0..victims + CONTROLS {
            let is_control = number >= victims;
            let (film, scenario) = match number {
                _ if is_control => (&still, "helmets"),
                n if n % 2 == 0 => (&one, "intruders"),
                _ => (&two, "intruders"),
            };
            let rtsp = RtspServer::start(film.clone()).await?;
            let kind = if is_control { "control" } else { "victim" };
            let camera = json!({"name": format!("{kind} {number}"), "source": rtsp.url(),
                "analysis_rate_max": ANALYSIS_RATE_MAX});
            let id = client.add("/api/cameras", camera).await?;
            for zone_type in ["danger", "warning"] {
                let zone = json!({"camera": id, "name": zone_type, "type": zone_type,
                    "dwell_s": 0.5, "pause_s": 1.0, "points": corners(scenario)?,
                    "require": ["helmet"]});
                client.add("/api/zones", zone).await?;
            }
            if !is_control {
                // Out of step, so that somebody walks in somewhere all the time.
                tokio::time::sleep(footage::ROUND / u32::try_from(victims)?).await;
            }
            world.cameras.push(Camera { rtsp, footage: film.clone(), id });
        }
        world.look_on()?;
        world.all_live().await?;
        Ok(world)
    }

    /// The places of the cameras that are left alone.
    pub(crate) fn controls(&self) -> Vec<usize> {
        (self.victims..self.cameras.len()).collect()
    }

    pub(crate) fn everyone(&self) -> Vec<usize> {
        (0..self.cameras.len()).collect()
    }

    pub(crate) fn now(&self) -> Duration {
        self.observer.now()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A folder for what a fault needs beside the data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same program with a log of its own, for a server beside the watched one.
    pub(crate) fn beside(&self, name: &str) -> ServerFiles {
        ServerFiles {
            out: self.out.join(format!("{name}.out")),
            log: self.out.join(format!("{name}.log")),
            ..self.files.clone()
        }
    }

    pub(crate) fn client(&self) -> Result<&Client> {
        self.client.as_ref().context("nobody has logged in yet")
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server does not run")
    }

    /// Starts the server; answers when its process began.
    pub(crate) async fn start(&mut self) -> Result<Duration> {
        let mut command: Command = self.files.serve(&self.data);
        command.args(&self.extra);
        self.files.log = self.out.join(format!("server-{}.log", self.starts));
        self.starts += 1;
        let server = self.files.start(command).await?;
        if self.starts == 1 {
            self.first_start_s = server.spawned().elapsed().as_secs_f64();
        }
        // One login for all: sessions outlive the server.
        let client = match &self.client {
            Some(client) => client.at(server.base()),
            None => server.admin().await?,
        };
        let began = self.observer.at(server.spawned());
        self.server = Some(server);
        self.client = Some(client);
        if !self.cameras.is_empty() {
            self.look_on()?;
        }
        Ok(began)
    }

    fn look_on(&self) -> Result<()> {
        let cameras = Arc::new(self.cameras.iter().map(|camera| camera.id.clone()).collect());
        self.observer.look_at(Some(Target { client: self.client()?.clone(), cameras }));
        Ok(())
    }

    /// Ends the server as a service manager would.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.observer.look_at(None);
        if let Some(mut server) = self.server.take() {
            let status = server.terminate().await?;
            if !status.success() {
                bail!("the server ended with {status}: {}", last_lines(&server.log()));
            }
        }
        Ok(())
    }

    /// Ends the server as the power switch would; answers when, and the
    /// children that it left.
    pub(crate) fn kill(&mut self) -> Result<(Duration, Vec<u32>)> {
        self.observer.look_at(None);
        let mut server = self.server.take().context("the server does not run")?;
        let at = self.now();
        Ok((at, server.kill()?))
    }

    /// Uses another data folder from the next start on.
    pub(crate) fn move_data(&mut self, data: &Path) -> PathBuf {
        std::mem::replace(&mut self.data, data.to_owned())
    }

    /// All cameras as the server lists them.
    pub(crate) async fn statuses(&self) -> Result<Vec<Value>> {
        let answer = self.client()?.get("/api/cameras").await?;
        Ok(answer["cameras"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until all cameras are LIVE.
    pub(crate) async fn all_live(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let cameras = self.statuses().await?;
            let blind = cameras.iter().find(|camera| camera["status"]["state"] != "LIVE");
            match blind {
                None if cameras.len() == self.cameras.len() => return Ok(()),
                Some(camera) if begun.elapsed() > LIVE_MAX => {
                    let (name, status) = (&camera["name"], &camera["status"]);
                    bail!("{name} is not LIVE after {} s: {status}", LIVE_MAX.as_secs())
                }
                None if begun.elapsed() > LIVE_MAX => bail!("{} cameras are listed", cameras.len()),
                _ => tokio::time::sleep(STEP).await,
            }
        }
    }

    /// Waits until all cameras are LIVE, and then for calm to compare with.
    pub(crate) async fn calm(&self) -> Result<Measured> {
        self.all_live().await?;
        tokio::time::sleep(PACE).await;
        let calm = self.now();
        tokio::time::sleep(RATE_WINDOW * CALM_WINDOWS).await;
        Ok(Measured { calm, begun: self.now(), until: None, breaks: self.observer.breaks() })
    }

    /// The decoder children now.
    pub(crate) fn decoders(&self) -> Result<Vec<u32>> {
        let children = self.server()?.children();
        let is_decoder = |pid: &u32| {
            process::arguments(*pid).first().is_some_and(|name| name.ends_with("ffmpeg"))
        };
        Ok(children.into_iter().filter(is_decoder).collect())
    }

    /// The detector's process, where it is one of its own.
    pub(crate) fn detector(&self) -> Result<Option<u32>> {
        let children = self.server()?.children();
        let is_detector =
            |pid: &u32| process::arguments(*pid).get(1).is_some_and(|word| word == "detector");
        Ok(children.into_iter().find(is_detector))
    }

    /// A decoder child that is not among these, once there is one.
    pub(crate) async fn new_decoder(&self, known: &[u32], limit: Duration) -> Result<Option<u32>> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            let new = self.decoders()?.into_iter().find(|pid| !known.contains(pid));
            if new.is_some() {
                return Ok(new);
            }
            tokio::time::sleep(STEP / 5).await;
        }
        Ok(None)
    }

    /// Puts all cameras and the server right, whatever a fault left behind.
    pub(crate) async fn mend(&mut self) -> Result<()> {
        for camera in &mut self.cameras {
            camera.rtsp.stall(false);
            camera.rtsp.send_garbage(false);
            camera.rtsp.set_footage(camera.footage.clone());
        }
        let runs = match &mut self.server {
            Some(server) => server.ended()?.is_none(),
            None => false,
        };
        if !runs {
            self.server = None;
            self.start().await?;
        }
        Ok(())
    }

    /// Whether the running server has said that it panicked.
    pub(crate) fn has_panicked(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.log().contains("panicked"))
    }
}

/// The end of a log, short enough for an error.
pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// Waits until these processes are gone; answers those that are not.
pub(crate) async fn gone(pids: &[u32], limit: Duration) -> Vec<u32> {
    let begun = Instant::now();
    loop {
        let left: Vec<u32> = pids.iter().copied().filter(|pid| process::is_running(*pid)).collect();
        if left.is_empty() || begun.elapsed() > limit {
            return left;
        }
        tokio::time::sleep(STEP / 5).await;
    }
}
