//! The decoder child: one `ffmpeg` a stream, fed and read through pipes.
//!
//! It sees no address and no credentials: a file reaches it as its standard
//! input, opened by us, and access units of a camera as NUT. What it decodes
//! may be hostile, so it gets a forced format, a protocol whitelist, limits on
//! sizes and an empty environment.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::StreamError;
use crate::limits;

/// How much of the child's complaints is kept, bytes; the oldest go first.
const STDERR_LEN_MAX: usize = 4096;
/// How much of them is repeated in an error, characters.
const REPORT_LEN_MAX: usize = 400;
/// So much less urgent than the server, whose answers and commands take moments
/// and must not wait for a dozen decoders; more urgent than the detector.
const NICENESS: i32 = 4;
/// Room of the pipe that pictures come through, bytes: with the usual 64 KiB the child and we take turns
/// twenty times for a picture of 1280x720. More would run into what the system grants a
/// user for all pipes (64 MiB, pipe(7)).
const PIPE_LEN: usize = 256 << 10;
/// How long a child may take to end after it closed its output.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// What the child reads.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file in the format of this demuxer.
    File {
        file: File,
        demuxer: &'static str,
        /// Where to start, seconds after the file's first time.
        seek_s: Option<f64>,
        /// Seconds to add to all times.
        shift_s: u32,
    },
    /// A camera at this machine.
    Device {
        path: PathBuf,
        /// Seconds to add to all times, which begin at 0.
        shift_s: u32,
    },
    /// Access units in NUT, written to its standard input.
    Units,
}

/// A running child; killed when dropped.
#[derive(Debug)]
pub(crate) struct DecoderChild {
    child: Child,
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_closed: watch::Receiver<bool>,
    /// Until when it may take to end, once that is waited for.
    end_by: Option<Instant>,
}

/// The ends of the child's pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// Raw pictures in NUT; blocking.
    pub(crate) pictures: File,
    /// Takes access units; `None` for files.
    pub(crate) units: Option<ChildStdin>,
}

impl DecoderChild {
    /// Starts a child that reads `input` and writes raw pictures.
    pub(crate) fn start(program: &str, input: Input) -> Result<(Self, Pipes), StreamError> {
        let (arguments, stdin) = arguments(input);
        let mut command = command(program);
        command.args(arguments);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| missing(program, &error))?;
        metrics::counter!("safe_yolo_decoder_children_started_total").increment(1);
        give_way(&child);

        let no_pipe = || StreamError::System {
            what: "opening the decoder's pipes",
            why: "none there".into(),
        };
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let pictures = stdout.into_owned_fd().map_err(|error| StreamError::System {
            what: "opening the decoder's pipes",
            why: error.to_string(),
        })?;
        if let Err(error) = rustix::pipe::fcntl_setpipe_size(&pictures, PIPE_LEN) {
            tracing::debug!(%error, "pictures come through a pipe of the usual size");
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (closed, stderr_closed) = watch::channel(false);
        tokio::spawn(keep_tail(
            child.stderr.take().ok_or_else(no_pipe)?,
            Arc::clone(&stderr),
            closed,
        ));
        let units = child.stdin.take();
        let pipes = Pipes { pictures: File::from(pictures), units };
        Ok((Self { child, stderr, stderr_closed, end_by: None }, pipes))
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the end of a child that has closed its output, and says how it
    /// ended: `Ok` when it was content. May be called again when cancelled; the
    /// time that it is given counts from the first call.
    pub(crate) async fn end(&mut self) -> Result<(), String> {
        let until = *self.end_by.get_or_insert_with(|| Instant::now() + EXIT_WAIT);
        let status = match tokio::time::timeout_at(until, self.child.wait()).await {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => return Err(format!("its exit status is unknown: {error}")),
            Err(_elapsed) => return Err("it closed its output but does not end".to_owned()),
        };
        if status.success() {
            return Ok(());
        }
        // All of its words are there once the pipe is closed.
        let said = self.stderr_closed.wait_for(|closed| *closed);
        drop(tokio::time::timeout_at(until + EXIT_WAIT, said).await);
        Err(self.describe(status))
    }

    /// Ends a child that does not end by itself; [`Self::end`] says how it went.
    pub(crate) fn kill(&mut self) {
        // One that has ended meanwhile needs no killing.
        self.child.start_kill().ok();
    }

    /// What it said last, one line.
    pub(crate) fn complaints(&self) -> String {
        let bytes = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        report(&bytes)
    }

    fn describe(&self, status: ExitStatus) -> String {
        let said = self.complaints();
        if said.is_empty() { status.to_string() } else { format!("{said} ({status})") }
    }
}

/// Makes a child less urgent than the server.
pub(crate) fn give_way(child: &Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // Its group, so that threads it has started already are included. One that
    // has ended meanwhile is found out elsewhere.
    let Some(group) = group else { return };
    let gave_way = rustix::process::setpriority_pgrp(Some(group), NICENESS)
        .map_err(std::io::Error::from)
        .and_then(|()| safe_yolo_sys::give_way(Some(group)));
    if let Err(error) = gave_way {
        tracing::debug!(%error, "a decoder runs as urgently as the server");
    }
}

/// The child's arguments, and its standard input.
fn arguments(input: Input) -> (Vec<OsString>, Stdio) {
    let mut all: Vec<OsString> = Vec::new();
    let mut arg = |words: &[&str]| all.extend(words.iter().map(OsString::from));
    arg(&[
        "-nostdin",
        "-max_error_rate",
        "1",
        "-threads",
        "1",
        "-max_pixels",
        limits::PIXELS_MAX_TEXT,
    ]);
    let stdin = match input {
        Input::File { file, demuxer, seek_s, shift_s } => {
            if let Some(seek) = seek_s {
                arg(&["-noaccurate_seek", "-ss", &format!("{seek:.6}")]);
            }
            arg(&[
                "-protocol_whitelist",
                "file",
                "-f",
                demuxer,
                "-copyts",
                "-i",
                "file:/dev/stdin",
            ]);
            // Left to itself, the muxer would move times below zero unseen.
            let shift = shift_s.to_string();
            arg(&["-output_ts_offset", &shift, "-avoid_negative_ts", "disabled"]);
            Stdio::from(file)
        }
        Input::Device { path, shift_s } => {
            // Nothing is gathered before the first picture; late ones are the camera's loss.
            arg(&["-fpsprobesize", "0", "-protocol_whitelist", "file", "-f", "v4l2", "-i"]);
            arg(&[&path.display().to_string()]);
            let shift = shift_s.to_string();
            arg(&["-output_ts_offset", &shift, "-avoid_negative_ts", "disabled"]);
            Stdio::null()
        }
        Input::Units => {
            // Without these the child would gather seconds of video first.
            // Not `nobuffer`, which throws away all before the second key frame.
            arg(&[
                "-probesize",
                "32",
                "-analyzeduration",
                "1",
                "-fpsprobesize",
                "0",
                "-flags",
                "low_delay",
            ]);
            arg(&["-protocol_whitelist", "pipe", "-f", "nut", "-copyts", "-i", "pipe:0"]);
            Stdio::piped()
        }
    };
    // Without autoscale, a change of size would be scaled away unseen.
    arg(&["-map", "0:v:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough", "-autoscale", "0"]);
    // Of more than one thread, each would keep a picture until the next comes.
    arg(&["-enc_time_base", "-1", "-c:v", "rawvideo", "-threads", "1", "-pix_fmt", "yuv420p"]);
    arg(&["-flush_packets", "1", "-f", "nut", "-write_index", "0", "pipe:1"]);
    (all, stdin)
}

/// A command of the ffmpeg family that knows nothing of our environment.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    // A group of its own: Ctrl-C ends the server, and the server ends its children.
    command.process_group(0).env_clear();
    // What it needs to be found and to find its libraries.
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.args(["-hide_banner", "-loglevel", "error"]).kill_on_drop(true);
    command
}

pub(crate) fn missing(program: &str, error: &std::io::Error) -> StreamError {
    StreamError::FfmpegMissing { program: program.to_owned(), why: error.to_string() }
}

/// The last lines of the output of an ffmpeg program, joined and cleaned.
pub(crate) fn report(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let joined: String = lines.join("; ").chars().filter(|c| !c.is_control()).collect();
    let skip = joined.chars().count().saturating_sub(REPORT_LEN_MAX);
    joined.chars().skip(skip).collect()
}

async fn keep_tail(mut from: ChildStderr, to: Arc<Mutex<Vec<u8>>>, closed: watch::Sender<bool>) {
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut kept = to.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(STDERR_LEN_MAX);
        kept.drain(..surplus);
    }
    closed.send_replace(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A child that does not end by itself.
    fn endless() -> DecoderChild {
        let mut command = Command::new("sleep");
        let child = command.arg("600").kill_on_drop(true).spawn().unwrap();
        let (_nobody, stderr_closed) = watch::channel(true);
        DecoderChild { child, stderr: Arc::default(), stderr_closed, end_by: None }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_to_end_does_not_begin_anew_with_each_call() {
        let (mut child, begun) = (endless(), Instant::now());
        let end = loop {
            // As the camera's task does: whatever else happens drops the call.
            let call = tokio::time::timeout(Duration::from_millis(250), child.end());
            match call.await {
                Ok(end) => break end,
                Err(_dropped) => assert!(begun.elapsed() < EXIT_WAIT * 2, "it is never told"),
            }
        };
        assert!(end.unwrap_err().contains("does not end"));
        assert!(begun.elapsed() <= EXIT_WAIT + Duration::from_millis(250));
    }

    #[tokio::test]
    async fn a_child_that_is_killed_ends_at_once() {
        let mut child = endless();
        child.kill();
        assert!(child.end().await.unwrap_err().contains("signal: 9"));
    }

    #[test]
    fn a_device_is_read_as_such_and_as_nothing_else() {
        let input = Input::Device { path: PathBuf::from("/dev/video7"), shift_s: 10 };
        let (arguments, _) = arguments(input);
        let line: Vec<_> = arguments.iter().map(|word| word.to_str().unwrap()).collect();
        let line = line.join(" ");
        assert!(line.contains("-protocol_whitelist file -f v4l2 -i /dev/video7 "), "{line}");
        assert!(line.contains("-max_pixels"), "{line}");
        assert!(line.contains("-map 0:v:0 -an -sn -dn"), "{line}");
        assert!(line.contains("-output_ts_offset 10"), "{line}");
        assert!(line.ends_with("-f nut -write_index 0 pipe:1"), "{line}");
        assert!(!line.contains("-copyts"), "its clock begins with the machine's start: {line}");
    }
}
