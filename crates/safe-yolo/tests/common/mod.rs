//! What the tests of the program share: running it, talking to its server,
//! and files to feed it with.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod client;
pub(crate) mod footage;
pub(crate) mod server;
pub(crate) mod socket;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The longest any condition is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a condition.
pub(crate) const STEP: Duration = Duration::from_millis(10);
/// Names ONNX Runtime's library to the program.
pub(crate) const RUNTIME_VARIABLE: &str = "SAFE_YOLO_ONNXRUNTIME";

/// ONNX Runtime's library on this machine.
pub(crate) fn onnxruntime() -> PathBuf {
    let library = std::env::var_os(RUNTIME_VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/onnxruntime/libonnxruntime.so"),
        PathBuf::from,
    );
    assert!(
        library.is_file(),
        "no ONNX Runtime at {}: run `make setup`, or set {RUNTIME_VARIABLE}",
        library.display()
    );
    library
}

/// The program with the library it needs and nothing else of this environment
/// that would change it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safe-yolo"));
    for variable in ["SAFE_YOLO_MODEL", "SAFE_YOLO_LOG", "SAFE_YOLO_ADMIN_PASSWORD", "NOT_SET"] {
        command.env_remove(variable);
    }
    command.env(RUNTIME_VARIABLE, onnxruntime()).stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The run succeeded.
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.success(), "{self:?}");
        self
    }

    /// The run failed with an error of its own that says all of this.
    pub(crate) fn refused(&self, says: &[&str]) {
        assert!(!self.status.success(), "it must fail: {self:?}");
        assert!(self.status.code().is_some(), "it must end by itself: {self:?}");
        for crash in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.stderr.contains(crash), "it must not crash: {self:?}");
        }
        assert!(self.stderr.contains("error: "), "{self:?}");
        for word in says {
            assert!(self.stderr.contains(word), "no '{word}' in: {}", self.stderr);
        }
    }
}

/// Runs a command to its end, at most for as long as patience lasts.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let folder = TempDir::new().unwrap();
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let status = wait(&mut child, PATIENCE * 2);
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    match status {
        Some(status) => Outcome { status, stdout: text(&out), stderr: text(&err) },
        None => panic!("{command:?} did not end\n{}\n{}", text(&out), text(&err)),
    }
}

/// The child's status once it has ended; it is killed if it does not end in time.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(STEP);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Runs the program with these arguments.
pub(crate) fn safe_yolo<S: AsRef<std::ffi::OsStr>>(
    arguments: impl IntoIterator<Item = S>,
) -> Outcome {
    run(program().args(arguments))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
