//! The child's process: it gets two descriptors and little else, and ends for certain.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::IsolatedError;

/// What the child may know of our environment.
const ENVIRONMENT: [&str; 6] = [
    "PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    crate::runtime::LIBRARY_VARIABLE,
    "SAFE_YOLO_LOG",
];
/// A process that sleeps in a driver ends when that wakes it: it is not waited for longer.
const END_MAX: Duration = Duration::from_secs(2);
/// How long a process that has closed its connection may take to say how it ended.
const STATUS_MAX: Duration = Duration::from_millis(500);
/// How often it is asked whether it has ended.
const ASK: Duration = Duration::from_millis(5);

/// One process; dropping it ends it.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    /// None once it is being ended.
    child: Mutex<Option<Child>>,
}

impl Process {
    pub(super) fn start(
        program: &Path,
        arguments: &[OsString],
        input: Stdio,
        output: Stdio,
    ) -> Result<Self, IsolatedError> {
        let mut command = Command::new(program);
        // A group of its own: Ctrl-C ends the server, and the server ends the child.
        command.args(arguments).process_group(0).env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // The other ends go with the command: the connection must end with the child.
        let child =
            command.stdin(input).stdout(output).spawn().map_err(|error| {
                IsolatedError::Start(format!("'{}': {error}", program.display()))
            })?;
        Ok(Self { pid: child.id(), child: Mutex::new(Some(child)) })
    }

    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it and waits a moment for its end.
    pub(super) fn end(&self) {
        // Not under the lock: nobody else needs to wait for it.
        let child = self.lock().take();
        if let Some(child) = child {
            end(child, END_MAX);
        }
    }

    /// How it ended, once its connection is closed.
    pub(super) fn how_it_ended(&self) -> String {
        let until = Instant::now() + STATUS_MAX;
        loop {
            let Some(asked) = self.lock().as_mut().map(Child::try_wait) else {
                return "the detector's process was ended".into();
            };
            match asked {
                Ok(Some(status)) => return format!("the detector's process ended: {status}"),
                Ok(None) if Instant::now() < until => thread::sleep(ASK),
                Ok(None) => return "the detector's process closed its connection".into(),
                Err(error) => return format!("the detector's process is gone: {error}"),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Kills a child and waits so long for its end; a thread waits for what takes longer.
fn end(mut child: Child, limit: Duration) {
    // An error means that it is gone.
    child.kill().ok();
    let until = Instant::now() + limit;
    while Instant::now() < until {
        match child.try_wait() {
            Ok(None) => thread::sleep(ASK),
            Ok(Some(_)) | Err(_) => return,
        }
    }
    let pid = child.id();
    tracing::error!(pid, "the detector's process was killed and does not end");
    let reaper = thread::Builder::new().name("detector-reaper".into());
    if let Err(error) = reaper.spawn(move || child.wait()) {
        tracing::warn!(%error, pid, "nobody waits for the end of the detector's process");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_in_time_is_waited_for_elsewhere() {
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let process = format!("/proc/{}", child.id());
        end(child, Duration::ZERO);
        // A zombie would stay there.
        let deadline = Instant::now() + Duration::from_secs(10);
        while Path::new(&process).exists() && Instant::now() < deadline {
            thread::yield_now();
        }
        assert!(!Path::new(&process).exists());
    }

    #[test]
    fn it_is_ended_once() {
        let sleep = ["1000".into()];
        let process =
            Process::start(Path::new("sleep"), &sleep, Stdio::null(), Stdio::null()).unwrap();
        assert!(process.how_it_ended().contains("closed its connection"));
        process.end();
        process.end();
        assert!(!Path::new(&format!("/proc/{}", process.pid())).exists());
        assert!(process.how_it_ended().contains("was ended"));
    }
}
