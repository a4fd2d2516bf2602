//! The child that puts a clip into a file, and encodes it where it must.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use super::file::FileInput;
use super::{ClipError, Cut, Material, Units, Written};
use crate::child;
use crate::limits;
use crate::privacy::PrivacyMask;
use crate::session::Codec;

/// How long the child may take to copy ...
const COPY_MAX: Duration = Duration::from_secs(30);
/// ... and to encode, on a machine that has much else to do.
pub(super) const ENCODE_MAX: Duration = Duration::from_secs(120);
/// How much of the child's complaints is read, bytes.
const STDERR_LEN_MAX: u64 = 16 << 10;
/// From so many lines on, unmarked video is BT.709.
const HD_LINES: u32 = 720;

/// A file that is gone when this is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "a mask could not be removed");
        }
    }
}

/// What the child is told of its input.
struct Reading {
    arguments: Vec<OsString>,
    stdin: Stdio,
}

impl Cut {
    /// Writes the clip to `to`, which is overwritten. A clip that can't be finished leaves nothing there.
    ///
    /// # Errors
    /// When the material holds no picture, the child fails, or the disk is full.
    pub async fn write(&self, to: &Path) -> Result<Written, ClipError> {
        let result = self.write_there(to).await;
        if result.is_err() {
            let to = to.to_owned();
            let removed = tokio::task::spawn_blocking(move || fs::remove_file(to)).await;
            if let Ok(Err(error)) = removed
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "a half written clip could not be removed");
            }
        }
        result
    }

    async fn write_there(&self, to: &Path) -> Result<Written, ClipError> {
        let copied = self.privacy.is_none()
            && match &self.material {
                Material::Units(units) => units.codec != Codec::Jpeg,
                Material::File(part) => part.is_copied(),
            };
        let mask = match &self.privacy {
            Some(mask) => Some(write_mask(mask.clone(), to).await?),
            None => None,
        };
        let (reading, start, end) = match &self.material {
            Material::Units(units) => (of_units(), units.start(), units.end()),
            Material::File(part) => {
                let input = part.input(&self.ffprobe, copied).await?;
                let start = input.start;
                (of_file(input, copied), start, part.to())
            }
        };
        let codec = if copied {
            match &self.material {
                Material::Units(units) => units.codec.name().to_owned(),
                Material::File(part) => part.codec().to_owned(),
            }
        } else {
            "h264".to_owned()
        };
        let mut command = child::command(&self.ffmpeg);
        command.args(["-nostdin", "-y", "-max_pixels", limits::PIXELS_MAX_TEXT]);
        if !copied {
            // Pictures of another size would begin the filters anew, with the mask at its end.
            command.args(["-reinit_filter", "0"]);
        }
        command.args(reading.arguments).stdin(reading.stdin);
        if copied {
            command.args(["-map", "0:v:0", "-c:v", "copy"]);
            if codec == "hevc" {
                // The tag that browsers and players by Apple know.
                command.args(["-tag:v", "hvc1"]);
            }
        } else {
            self.encode(&mut command, mask.as_ref().map(|mask| mask.0.as_path()));
        }
        command.args([
            "-an",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-video_track_timescale",
            "90000",
        ]);
        command.args(["-movflags", "+faststart", "-f", "mp4"]);
        let mut path = OsString::from("file:");
        path.push(to);
        command.arg(path);
        let units = match &self.material {
            Material::Units(units) => Some(units),
            Material::File(_) => None,
        };
        let patience = if copied { COPY_MAX } else { ENCODE_MAX };
        let ran = tokio::time::timeout(patience, run(command, &self.ffmpeg, units, to)).await;
        ran.map_err(|_elapsed| ClipError::TooLong(patience))??;
        let bytes = tokio::fs::metadata(to).await.map(|file| file.len());
        let bytes = bytes.map_err(file_error("look at", to))?;
        Ok(Written { codec, encoded: !copied, start, end, bytes })
    }

    /// Arguments that decode the only input, black the mask and encode.
    fn encode(&self, command: &mut Command, mask: Option<&Path>) {
        let jpeg = match &self.material {
            Material::Units(units) => (units.codec == Codec::Jpeg).then_some(units.size),
            Material::File(_) => None,
        };
        let matrix = jpeg.map(|size| if size.height >= HD_LINES { "bt709" } else { "smpte170m" });
        // Full range, of BT.601, becomes what players take a video of this size for.
        let convert = match matrix {
            Some("bt709") => "scale=in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv",
            _ => "scale=out_range=tv",
        };
        let even = "pad=ceil(iw/2)*2:ceil(ih/2)*2";
        if let Some(mask) = mask {
            let mut path = OsString::from("file:");
            path.push(mask);
            // Begun long before the video, so that not one of its pictures goes without.
            command.args([
                "-protocol_whitelist",
                "file",
                "-itsoffset",
                "-100",
                "-f",
                "png_pipe",
                "-i",
            ]);
            command.arg(path);
            let chain = format!(
                "[0:v:0]{convert},format=yuv420p[v];\
                 [v][1:v]overlay=format=yuv420:eof_action=repeat:shortest=0,{even}[o]"
            );
            command.args(["-filter_complex", &chain, "-map", "[o]"]);
        } else {
            command.args(["-vf", &format!("{convert},format=yuv420p,{even}"), "-map", "0:v:0"]);
        }
        command.args(["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-bf", "0"]);
        command.args(["-g", "50", "-threads", "2", "-pix_fmt", "yuv420p"]);
        command.args(["-fps_mode", "passthrough", "-enc_time_base", "1/90000"]);
        if let Some(matrix) = matrix {
            command.args(["-colorspace", matrix, "-color_range", "tv"]);
        }
    }
}

fn of_units() -> Reading {
    let words = ["-protocol_whitelist", "pipe", "-f", "nut", "-i", "pipe:0"];
    Reading { arguments: words.map(OsString::from).into(), stdin: Stdio::piped() }
}

fn of_file(input: FileInput, copied: bool) -> Reading {
    let FileInput { open, seek_s, length_s, shift_s, .. } = input;
    let mut arguments: Vec<OsString> = Vec::new();
    let mut arg = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    if let Some(seek) = seek_s {
        arg(&["-ss", &format!("{seek:.6}")]);
    }
    arg(&["-t", &format!("{length_s:.6}"), "-protocol_whitelist", "file", "-f", open.demuxer]);
    arg(&["-i", "file:/dev/stdin"]);
    if copied {
        // Otherwise what comes before the sought place would be there, and hidden. The muxer
        // knows what to do with decoding times below 0.
        arg(&["-output_ts_offset", &format!("{shift_s:.6}"), "-avoid_negative_ts", "disabled"]);
    }
    Reading { arguments, stdin: Stdio::from(open.file) }
}

async fn write_mask(mask: PrivacyMask, beside: &Path) -> Result<Temporary, ClipError> {
    let mut name = beside.file_stem().unwrap_or_default().to_owned();
    name.push(".mask.half");
    let path = beside.with_file_name(name);
    let shown = path.clone();
    let written = tokio::task::spawn_blocking(move || {
        let temporary = Temporary(path);
        let png = mask.png().map_err(io::Error::other)?;
        fs::write(&temporary.0, png).map(|()| temporary)
    });
    let written = written.await.map_err(io::Error::other).map_err(file_error("write", &shown))?;
    written.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ClipError::NoSpace { path: shown.clone() }
        }
        _ => file_error("write", &shown)(error),
    })
}

fn file_error<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ClipError + 'a {
    move |source| ClipError::File { doing, path: path.to_owned(), source }
}

/// Runs the child to its end.
async fn run(
    mut command: Command,
    program: &str,
    units: Option<&Units>,
    to: &Path,
) -> Result<(), ClipError> {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().map_err(|error| child::missing(program, &error))?;
    metrics::counter!("safe_yolo_clip_children_started_total").increment(1);
    child::give_way(&running);
    let stdin = running.stdin.take();
    let feed = async {
        if let (Some(stdin), Some(units)) = (stdin, units) {
            feed(stdin, units).await;
        }
    };
    let ((), ended) = tokio::join!(feed, ended(running));
    ended.map_err(|said| {
        if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
            return ClipError::NoSpace { path: to.to_owned() };
        }
        ClipError::Child(said)
    })
}

/// Waits for the end of a child; an error is what it said.
pub(super) async fn ended(mut running: Child) -> Result<(), String> {
    let stderr = running.stderr.take();
    let mut said = Vec::new();
    let listen = async {
        if let Some(stderr) = stderr {
            let mut stderr = stderr.take(STDERR_LEN_MAX);
            // Without its words the exit status has to do.
            drop(stderr.read_to_end(&mut said).await);
            // What comes after them must not stop the child.
            drop(tokio::io::copy(&mut stderr.into_inner(), &mut tokio::io::sink()).await);
        }
    };
    let ((), status) = tokio::join!(listen, running.wait());
    let status = status.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let said = child::report(&said);
    Err(if said.is_empty() { status.to_string() } else { format!("{said} ({status})") })
}

/// Writes all pictures; a child that takes no more says why itself.
async fn feed(mut to: ChildStdin, units: &Units) {
    for piece in units.nut() {
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
    drop(to.shutdown().await);
}
