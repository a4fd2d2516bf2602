//! `safe-yolo serve` as a child process on a free port.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use safe_yolo_testkit::process;
use safe_yolo_testkit::wait::until;
use tempfile::TempDir;

use super::client::Client;
use super::{PATIENCE, program, text, wait};

/// The first administrator's password, where a test gives one.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";

/// A folder for a server's data, videos and output; outlives the server.
pub(crate) struct Site {
    folder: TempDir,
}

/// A running server; dropping it kills it.
pub(crate) struct Server {
    child: Child,
    out: PathBuf,
    log: PathBuf,
    /// `http://` and where it listens.
    pub(crate) base: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(site.videos()).unwrap();
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The folder that cameras added by the interface may read.
    pub(crate) fn videos(&self) -> PathBuf {
        self.path().join("videos")
    }

    /// `serve` on this site's folders and a free port.
    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--sessions", "1"]).args([
            "--data-dir",
            text(&self.data()),
            "--video-dir",
            text(&self.videos()),
        ]);
        command
    }

    /// A server whose administrator has [`ADMIN_PASSWORD`].
    pub(crate) async fn serve(&self) -> Server {
        let mut command = self.command();
        command.env("SAFE_YOLO_ADMIN_PASSWORD", ADMIN_PASSWORD);
        self.start(&mut command).await
    }

    /// Starts this command and waits for its address; what it wrote before is replaced.
    pub(crate) async fn start(&self, command: &mut Command) -> Server {
        let (out, log) = (self.path().join("stdout"), self.path().join("stderr"));
        let child = command
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server { child, out, log, base: String::new() };
        let begun = Instant::now();
        loop {
            let said = server.said();
            let line = said.split_once('\n').map(|(line, _)| line);
            if let Some(base) = line.and_then(|line| line.strip_prefix("SAFE-YOLO is at ")) {
                server.base = base.to_owned();
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            let in_time = ended.is_none() && begun.elapsed() < PATIENCE;
            assert!(in_time, "{ended:?}: no address\n{said}\n{}", server.log());
            tokio::time::sleep(super::STEP).await;
        }
    }
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Standard output up to now.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    /// Standard error up to now.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// The administrator.
    pub(crate) async fn admin(&self) -> Client {
        Client::login(&self.base, "admin", ADMIN_PASSWORD).await
    }

    /// Its children now.
    pub(crate) fn children(&self) -> Vec<u32> {
        process::children(self.pid())
    }

    /// Its decoders now: the children but for the detector.
    pub(crate) fn decoders(&self) -> Vec<u32> {
        let is_detector = |pid: &u32| process::command_line(*pid).contains(" detector ");
        self.children().into_iter().filter(|pid| !is_detector(pid)).collect()
    }

    /// Ends it as the power switch would; gives the children that it left.
    pub(crate) fn kill(&mut self) -> Vec<u32> {
        let children = self.children();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        children
    }

    /// Ends it as a service manager would.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
        wait(&mut self.child, PATIENCE).expect("it ends when asked to")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until these processes are gone.
pub(crate) async fn gone(pids: &[u32], limit: Duration) {
    let all_gone = || !pids.iter().any(|pid| process::is_running(*pid));
    let ended = until("the end of the children", limit, all_gone).await;
    let left = pids.iter().map(|pid| process::command_line(*pid));
    assert!(ended.is_ok(), "{ended:?}: {:?}", left.collect::<Vec<_>>());
}
