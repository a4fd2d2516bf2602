//! What is known of a file before it is decoded: format, times, rate.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::Duration;

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use crate::child;
use crate::container;
use crate::error::StreamError;
use crate::limits;
use crate::source::FileSource;

/// More than this of the prober's answer is not read, bytes.
const ANSWER_LEN_MAX: u64 = 64 << 10;

/// What the prober found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probed {
    pub(crate) demuxer: &'static str,
    pub(crate) codec: String,
    /// First time of the container, seconds.
    pub(crate) container_start_s: f64,
    /// First time of the video, seconds.
    pub(crate) start_s: f64,
    pub(crate) duration: Option<Duration>,
    pub(crate) pictures_per_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<StreamAnswer>,
    format: Option<FormatAnswer>,
}

#[derive(Debug, Deserialize)]
struct StreamAnswer {
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    avg_frame_rate: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FormatAnswer {
    start_time: Option<String>,
    duration: Option<String>,
}

/// What was found in a file, for as long as it is the same: whoever opens it again need
/// not look into it again.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    identity: Identity,
    pub(crate) probed: Probed,
}

/// Which file, and which contents: device, number, length, time of its last change.
type Identity = (u64, u64, u64, (i64, i64));

fn identity(file: &File) -> std::io::Result<Identity> {
    let of = file.metadata()?;
    Ok((of.dev(), of.ino(), of.len(), (of.mtime(), of.mtime_nsec())))
}

/// A file that was opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) file: File,
    pub(crate) demuxer: &'static str,
    identity: Identity,
}

/// Opens the file and tells its format from its first bytes.
pub(crate) async fn open(source: &FileSource) -> Result<OpenFile, StreamError> {
    let source = source.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let mut file = source.open()?;
        let path = || source.path().display().to_string();
        let not_video = |why: String| StreamError::NotVideo { path: path(), why };
        let mut head = Vec::with_capacity(container::HEAD_LEN);
        let read = (&mut file).take(container::HEAD_LEN as u64).read_to_end(&mut head);
        read.and_then(|_| file.seek(SeekFrom::Start(0)))
            .map_err(|error| not_video(error.to_string()))?;
        let demuxer = container::demuxer(&head).map_err(|error| not_video(error.to_string()))?;
        let identity = identity(&file).map_err(|error| not_video(error.to_string()))?;
        Ok(OpenFile { file, demuxer, identity })
    });
    opened
        .await
        .map_err(|error| StreamError::System { what: "opening the file", why: error.to_string() })?
}

/// What is known of an open file; `ffprobe` is asked unless it is `known` from before.
pub(crate) async fn facts(
    program: &str,
    source: &FileSource,
    opened: &OpenFile,
    known: Option<FileFacts>,
    timeout: Duration,
) -> Result<FileFacts, StreamError> {
    let identity = opened.identity;
    if let Some(known) = known.filter(|known| known.identity == identity) {
        return Ok(known);
    }
    let file = opened.file.try_clone().map_err(|error| StreamError::System {
        what: "opening the file twice",
        why: error.to_string(),
    })?;
    let probed = probe(program, source, file, opened.demuxer, timeout).await?;
    Ok(FileFacts { identity, probed })
}

/// Asks `ffprobe` about an open file.
async fn probe(
    program: &str,
    source: &FileSource,
    file: File,
    demuxer: &'static str,
    timeout: Duration,
) -> Result<Probed, StreamError> {
    let path = source.path().display().to_string();
    let not_video = |why: String| StreamError::NotVideo { path: path.clone(), why };
    let mut command = child::command(program);
    command
        .args(["-protocol_whitelist", "file", "-max_pixels", limits::PIXELS_MAX_TEXT, "-f", demuxer])
        .args(["-select_streams", "v:0", "-of", "json", "-show_entries"])
        .arg("format=start_time,duration:stream=codec_name,width,height,avg_frame_rate,start_time,duration")
        .arg("file:/dev/stdin")
        .stdin(Stdio::from(file))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| child::missing(program, &error))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(StreamError::System {
            what: "opening the prober's pipes",
            why: "none there".into(),
        });
    };
    let (mut answer, mut complaints) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(ANSWER_LEN_MAX), stderr.take(ANSWER_LEN_MAX));
    let work = async {
        let (out, err) =
            tokio::join!(stdout.read_to_end(&mut answer), stderr.read_to_end(&mut complaints));
        out.and(err)?;
        child.wait().await
    };
    let status = tokio::time::timeout(timeout, work)
        .await
        .map_err(|_elapsed| {
            not_video(format!("it was not understood within {} s", timeout.as_secs_f32()))
        })?
        .map_err(|error| StreamError::System {
            what: "reading the prober's answer",
            why: error.to_string(),
        })?;
    let said = || child::report(&complaints);
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|error| not_video(if status.success() { error.to_string() } else { said() }))?;
    let Some(stream) = answer.streams.into_iter().next() else {
        let why = if said().is_empty() { "it holds no video".to_owned() } else { said() };
        return Err(not_video(why));
    };
    if let (Some(width @ 1..), Some(height @ 1..)) = (stream.width, stream.height) {
        limits::check(PictureSize::new(width, height))?;
    }
    let format = answer.format.as_ref();
    let start_s = seconds(stream.start_time.as_deref());
    let container_start_s = format.and_then(|format| seconds(format.start_time.as_deref()));
    let duration = seconds(stream.duration.as_deref())
        .or_else(|| format.and_then(|format| seconds(format.duration.as_deref())))
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok(Probed {
        demuxer,
        codec: stream.codec_name.unwrap_or_else(|| "unknown".to_owned()),
        container_start_s: container_start_s.or(start_s).unwrap_or(0.0),
        start_s: start_s.or(container_start_s).unwrap_or(0.0),
        duration,
        pictures_per_s: stream.avg_frame_rate.as_deref().and_then(rate),
    })
}

/// Time of the key picture at or before `time`, or of the first there is.
pub(crate) async fn key_before(
    program: &str,
    opened: &OpenFile,
    time: PictureTime,
    timeout: Duration,
) -> Result<PictureTime, StreamError> {
    let system = |what: &'static str, why: String| StreamError::System { what, why };
    let file = opened.file.try_clone();
    let file = file.map_err(|error| system("opening the file twice", error.to_string()))?;
    let mut command = child::command(program);
    command.args(["-protocol_whitelist", "file", "-f", opened.demuxer, "-select_streams", "v:0"]);
    command.args(["-read_intervals", &format!("{:.6}%+#1", time.secs_f64())]);
    command.args(["-show_entries", "packet=pts_time", "-of", "csv=p=0", "file:/dev/stdin"]);
    command.stdin(Stdio::from(file)).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().map_err(|error| child::missing(program, &error))?.wait_with_output();
    let output = tokio::time::timeout(timeout, run)
        .await
        .map_err(|_elapsed| system("looking for a key picture", "it takes too long".to_owned()))?
        .map_err(|error| system("looking for a key picture", error.to_string()))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let key_s = seconds(answer.lines().next().map(|line| line.trim_end_matches(',').trim()));
    key_s
        .map(PictureTime::from_secs_f64)
        .ok_or_else(|| system("looking for a key picture", child::report(&output.stderr)))
}

/// Seconds as the prober writes them; `N/A` is none.
fn seconds(text: Option<&str>) -> Option<f64> {
    text?.parse().ok().filter(|seconds: &f64| seconds.is_finite() && seconds.abs() < 1e9)
}

/// A rate written as a fraction; `0/0` is none.
fn rate(text: &str) -> Option<f64> {
    let (num, den) = text.split_once('/')?;
    let (num, den): (f64, f64) = (num.parse().ok()?, den.parse().ok()?);
    Some(num / den).filter(|rate| rate.is_finite() && *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times() {
        assert_eq!(rate("30000/1001").map(|r| (r * 1000.0).round()), Some(29970.0));
        assert_eq!(rate("0/0"), None);
        assert_eq!(rate("nonsense"), None);
        assert_eq!(seconds(Some("-0.5")), Some(-0.5));
        assert_eq!(seconds(Some("N/A")), None);
        assert_eq!(seconds(Some("inf")), None);
    }
}
