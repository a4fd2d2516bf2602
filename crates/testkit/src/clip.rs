//! Clips of a moving test picture, made by ffmpeg, whole or damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::TestkitError;

/// How a clip is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipCodec {
    /// H.264 by x264.
    H264,
    /// H.265 by x265.
    H265,
    /// Motion JPEG.
    Mjpeg,
}

/// What a clip shows and how it is coded.
#[derive(Debug, Clone)]
pub struct ClipSpec {
    /// Width, pixels; even.
    pub width: u32,
    /// Height, pixels; even.
    pub height: u32,
    /// Pictures a second.
    pub rate: u32,
    /// Length, seconds.
    pub seconds: f64,
    /// B pictures in a row; 0 for none.
    pub b_frames: u32,
    /// Pictures from one key picture to the next.
    pub key_every: u32,
    /// Leaves out pictures here and there, so that the steps of time differ.
    pub variable_rate: bool,
    /// How it is coded.
    pub codec: ClipCodec,
    /// Adds a tone, to prove that nobody asks for it.
    pub sound: bool,
    /// Every picture is the same, as of a camera that hangs.
    pub frozen: bool,
    /// Instead of the moving test picture: an empty room that a figure walks
    /// through, from this second on.
    pub figure_from: Option<f64>,
}

impl Default for ClipSpec {
    fn default() -> Self {
        Self {
            width: 320,
            height: 180,
            rate: 15,
            seconds: 2.0,
            b_frames: 0,
            key_every: 15,
            variable_rate: false,
            codec: ClipCodec::H264,
            sound: false,
            frozen: false,
            figure_from: None,
        }
    }
}

impl ClipSpec {
    /// Writes the clip to `path`; the extension decides on the container.
    ///
    /// # Errors
    /// When ffmpeg is missing or fails.
    pub fn write(&self, path: &Path) -> Result<(), TestkitError> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-loglevel", "error", "-y"]);
        command.args(["-f", "lavfi", "-i", &self.picture()]);
        if self.sound {
            command.args([
                "-f",
                "lavfi",
                "-i",
                &format!("sine=duration={}", self.seconds),
                "-shortest",
            ]);
        }
        if self.variable_rate {
            let kept = "select='not(eq(mod(n,5),1))*not(eq(mod(n,7),3))*not(eq(mod(n,11),4))'";
            command.args(["-vf", kept, "-fps_mode", "vfr"]);
        }
        match self.codec {
            ClipCodec::H264 => {
                command.args(["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0"])
            }
            ClipCodec::H265 => command.args([
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=error:open-gop=0",
            ]),
            ClipCodec::Mjpeg => command.args(["-c:v", "mjpeg", "-q:v", "5"]),
        };
        command.args([
            "-pix_fmt",
            if self.codec == ClipCodec::Mjpeg { "yuvj420p" } else { "yuv420p" },
        ]);
        command.args(["-bf", &self.b_frames.to_string(), "-g", &self.key_every.to_string()]);
        run("ffmpeg", command.arg(path)).map(drop)
    }

    /// The picture, as ffmpeg's filters describe it.
    fn picture(&self) -> String {
        let Self { width, height, rate, seconds, .. } = self;
        let sized = format!("size={width}x{height}:rate={rate}:duration={seconds}");
        let Some(from) = self.figure_from else {
            if self.frozen {
                // Flat, so that coding changes nothing from picture to picture; not all of one
                // grey, which would be a covered camera.
                let half = width / 32 * 16;
                return format!(
                    "color=color=gray:{sized},drawbox=w={half}:h={height}:color=white:t=fill"
                );
            }
            return format!("testsrc2={sized}");
        };
        let (across, high) = (width / 8, height / 3);
        // It walks its own width in a second, and is out of the picture before.
        format!(
            "color=color=gray:{sized}[room];\
             testsrc2=size={across}x{high}:rate={rate}:duration={seconds}[figure];\
             [room][figure]overlay=x='if(lt(t,{from}),-{across},(1+t-{from})*{across})':y={high}"
        )
    }

    /// The clip under this name in `dir`; see [`Self::write`].
    ///
    /// # Errors
    /// When ffmpeg is missing or fails.
    pub fn write_in(&self, dir: &Path, name: &str) -> Result<PathBuf, TestkitError> {
        let path = dir.join(name);
        self.write(&path)?;
        Ok(path)
    }
}

/// A copy that ends after `share` of the bytes, 0 to 1.
///
/// # Errors
/// When a file can't be read or written.
pub fn truncated(clip: &Path, to: &Path, share: f64) -> Result<(), TestkitError> {
    let bytes = fs::read(clip).map_err(TestkitError::io("reading a clip"))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share"
    )]
    let length = (bytes.len() as f64 * share) as usize;
    fs::write(to, &bytes[..length.min(bytes.len())]).map_err(TestkitError::io("writing a clip"))
}

/// A copy where, from `from` of its bytes (0 to 1) to `until`, in each 4096
/// bytes 16 are overwritten.
///
/// # Errors
/// When a file can't be read or written.
pub fn damaged(clip: &Path, to: &Path, from: f64, until: f64) -> Result<(), TestkitError> {
    let mut bytes = fs::read(clip).map_err(TestkitError::io("reading a clip"))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share"
    )]
    let at = |share: f64| ((bytes.len() as f64 * share) as usize).min(bytes.len());
    let range = at(from)..at(until);
    for chunk in bytes[range].chunks_mut(4096) {
        for (index, byte) in chunk.iter_mut().take(16).enumerate() {
            *byte ^= 0x5A_u8.wrapping_add(u8::try_from(index).unwrap_or(0));
        }
    }
    fs::write(to, bytes).map_err(TestkitError::io("writing a clip"))
}

/// The presentation times of a clip's pictures as ffprobe decodes them,
/// microseconds, rounded to the nearest.
///
/// # Errors
/// When ffprobe is missing or fails.
pub fn picture_times_us(clip: &Path) -> Result<Vec<i64>, TestkitError> {
    let mut command = Command::new("ffprobe");
    command.args(["-loglevel", "error", "-select_streams", "v:0", "-of", "json", "-show_entries"]);
    command.arg("stream=time_base:frame=best_effort_timestamp").arg(clip);
    let answer = json(&run("ffprobe", &mut command)?)?;
    let base = answer["streams"][0]["time_base"].as_str().and_then(|base| base.split_once('/'));
    let base =
        base.and_then(|(num, den)| Some((num.parse::<i128>().ok()?, den.parse::<i128>().ok()?)));
    let (num, den) = base.ok_or_else(|| TestkitError::Data("no time base".to_owned()))?;
    let frames = answer["frames"].as_array().cloned().unwrap_or_default();
    let times = frames.iter().filter_map(|frame| frame["best_effort_timestamp"].as_i64());
    Ok(times
        .map(|ticks| (2 * i128::from(ticks) * num * 1_000_000 + den).div_euclid(2 * den))
        .map(|micros| i64::try_from(micros).unwrap_or(i64::MAX))
        .collect())
}

pub(crate) fn json(text: &[u8]) -> Result<serde_json::Value, TestkitError> {
    serde_json::from_slice(text).map_err(|error| TestkitError::Data(error.to_string()))
}

/// Runs a program and gives its standard output.
pub(crate) fn run(program: &'static str, command: &mut Command) -> Result<Vec<u8>, TestkitError> {
    let output = command.output().map_err(TestkitError::io(format!("starting {program}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(TestkitError::Program { program, said })
}
