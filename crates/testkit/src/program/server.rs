//! `safe-yolo serve` as a child process on a free port.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Client, PASSWORD, PASSWORD_VARIABLE};
use crate::{TestkitError, process};

/// Between two looks at a process.
const STEP: Duration = Duration::from_millis(10);
/// How long a server may take to say its address.
const START_MAX: Duration = Duration::from_secs(60);
/// How long a server may take to end when asked to.
const END_MAX: Duration = Duration::from_secs(60);

/// Which program is run, and where it leaves what it says.
#[derive(Debug, Clone)]
pub struct ServerFiles {
    /// The program's file.
    pub binary: PathBuf,
    /// Standard output; replaced at each start.
    pub out: PathBuf,
    /// Standard error; replaced at each start.
    pub log: PathBuf,
}

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    files: ServerFiles,
    base: String,
    spawned: Instant,
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

impl ServerFiles {
    /// `serve` on a free port with this data folder, [`PASSWORD`] for the
    /// first administrator, and nothing of this environment that would change it.
    #[must_use]
    pub fn serve(&self, data_dir: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        for variable in ["SAFE_YOLO_MODEL", "SAFE_YOLO_LOG"] {
            command.env_remove(variable);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        command.env(PASSWORD_VARIABLE, PASSWORD);
        command
    }

    /// Starts a command of [`Self::serve`] and waits until it says its address.
    ///
    /// # Errors
    /// When it ends instead, or says nothing for a minute.
    pub async fn start(&self, mut command: Command) -> Result<Server, TestkitError> {
        let file = |path: &Path| {
            File::create(path).map_err(TestkitError::io(format!("making {}", path.display())))
        };
        let spawned = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(file(&self.out)?)
            .stderr(file(&self.log)?)
            .spawn()
            .map_err(TestkitError::io(format!("starting {}", self.binary.display())))?;
        let mut server = Server { child, files: self.clone(), base: String::new(), spawned };
        loop {
            let said = read(&self.out);
            let line = said.split_once('\n').map(|(line, _)| line);
            if let Some(base) = line.and_then(|line| line.strip_prefix("SAFE-YOLO is at ")) {
                base.clone_into(&mut server.base);
                return Ok(server);
            }
            let ended = server.ended()?;
            if ended.is_some() || spawned.elapsed() > START_MAX {
                let how = ended.map_or("it still runs".to_owned(), |status| status.to_string());
                return Err(TestkitError::NotStarted {
                    binary: self.binary.display().to_string(),
                    said: format!("{how}\n{said}{}", read(&self.log)),
                });
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

impl Server {
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `http://` and where it listens.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// When its process was started.
    #[must_use]
    pub const fn spawned(&self) -> Instant {
        self.spawned
    }

    /// Standard error up to now.
    #[must_use]
    pub fn log(&self) -> String {
        read(&self.files.log)
    }

    /// Its children now.
    #[must_use]
    pub fn children(&self) -> Vec<u32> {
        process::children(self.pid())
    }

    /// The administrator that [`ServerFiles::serve`] makes.
    ///
    /// # Errors
    /// When the login is refused or the server is gone.
    pub async fn admin(&self) -> Result<Client, TestkitError> {
        Client::login(&self.base, "admin", PASSWORD).await
    }

    /// How it ended; none while it runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, TestkitError> {
        self.child.try_wait().map_err(TestkitError::io("looking after the server"))
    }

    /// Ends it as the power switch would; gives the children that it left.
    ///
    /// # Errors
    /// When it can't be ended.
    pub fn kill(&mut self) -> Result<Vec<u32>, TestkitError> {
        let children = self.children();
        self.child.kill().map_err(TestkitError::io("killing the server"))?;
        self.child.wait().map_err(TestkitError::io("waiting for the server"))?;
        Ok(children)
    }

    /// Ends it as a service manager would, and waits for it.
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub async fn terminate(&mut self) -> Result<ExitStatus, TestkitError> {
        process::signal(self.pid(), "TERM")?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if begun.elapsed() > END_MAX {
                return Err(TestkitError::Timeout {
                    what: "the end of the server".to_owned(),
                    waited_s: END_MAX.as_secs_f64(),
                });
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
