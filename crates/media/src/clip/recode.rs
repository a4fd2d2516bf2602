//! A clip decoded, changed picture by picture and encoded anew.

use std::fs::File;
use std::io::{BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use safe_yolo_core::PictureSize;
use tokio::process::Command;
use tokio::task::spawn_blocking;

use super::ClipError;
use super::write::{ENCODE_MAX, ended};
use crate::child;
use crate::error::StreamError;
use crate::limits;
use crate::nut::{Limits, NutReader, NutWriter, StreamHeader};
use crate::picture::I420;

/// How much is read from the decoder at once, bytes.
const READ_BYTES: usize = 256 << 10;

/// Decodes the first video of an MP4, lets `change` work on each picture and encodes them in H.264,
/// with the same times and one picture in memory. `change` gets seconds after the first picture, the
/// size, and planes as [`I420`] has them. `to` must be empty and open for reading and writing; both
/// files may be without a name. Whoever drops this ends it.
///
/// Answers how many pictures there were.
///
/// # Errors
/// When the file holds no picture, changes its size midway or can't be decoded, or the new one can't be
/// written. What is in `to` then is no clip.
pub async fn recode<F>(ffmpeg: &str, from: File, to: File, change: F) -> Result<u64, ClipError>
where
    F: FnMut(f64, PictureSize, &mut [u8]) + Send + 'static,
{
    let missing = |error| child::missing(ffmpeg, &error);
    let mut decoder = decoder(ffmpeg, from).spawn().map_err(missing)?;
    let mut encoder = encoder(ffmpeg, to).spawn().map_err(missing)?;
    child::give_way(&decoder);
    child::give_way(&encoder);
    metrics::counter!("safe_yolo_clip_children_started_total").increment(2);
    let no_pipe = |why: String| StreamError::System { what: "opening ffmpeg's pipes", why };
    let pictures = decoder.stdout.take().ok_or_else(|| no_pipe("none there".to_owned()))?;
    let pictures = pictures.into_owned_fd().map_err(|error| no_pipe(error.to_string()))?;
    let changed = encoder.stdin.take().ok_or_else(|| no_pipe("none there".to_owned()))?;
    let changed = changed.into_owned_fd().map_err(|error| no_pipe(error.to_string()))?;
    let work = async {
        // Its ends of the pipes are closed when it is done, so that the children end, too.
        let passed = spawn_blocking(move || pass(pictures, changed, change));
        tokio::join!(passed, ended(decoder), ended(encoder))
    };
    let (passed, decoded, encoded) = tokio::time::timeout(ENCODE_MAX, work)
        .await
        .map_err(|_elapsed| ClipError::TooLong(ENCODE_MAX))?;
    let passed = passed.map_err(|error| ClipError::Child(error.to_string()))?;
    // One that ends early breaks the other's pipe, so both are told.
    let failed: Vec<String> = [
        decoded.err().map(|why| format!("decoding: {why}")),
        passed.as_ref().err().map(|why| format!("between: {why}")),
        encoded.err().map(|why| format!("encoding: {why}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match passed {
        Ok(0) => Err(ClipError::Empty),
        Ok(pictures) if failed.is_empty() => Ok(pictures),
        _ => Err(ClipError::Child(failed.join("; "))),
    }
}

fn decoder(ffmpeg: &str, from: File) -> Command {
    let mut command = child::command(ffmpeg);
    command.args(["-nostdin", "-threads", "2", "-max_pixels", limits::PIXELS_MAX_TEXT]);
    command.args(["-protocol_whitelist", "file", "-f", "mov", "-i", "file:/dev/stdin"]);
    // Without autoscale, a change of size would be scaled away, and boxes be elsewhere.
    command.args(["-map", "0:v:0", "-fps_mode", "passthrough", "-autoscale", "0"]);
    command.args(["-enc_time_base", "-1", "-c:v", "rawvideo", "-pix_fmt", "yuv420p"]);
    command.args(["-f", "nut", "-write_index", "0", "pipe:1"]);
    command.stdin(Stdio::from(from)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn encoder(ffmpeg: &str, to: File) -> Command {
    let mut command = child::command(ffmpeg);
    command.args(["-nostdin", "-y", "-max_pixels", limits::PIXELS_MAX_TEXT]);
    command.args(["-protocol_whitelist", "pipe", "-f", "nut", "-i", "pipe:0"]);
    command.args(["-map", "0:v:0", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"]);
    // Of what cameras send, `veryfast` makes files of half the size in twice the time, and somebody waits.
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-bf", "0"]);
    command.args(["-g", "50", "-threads", "2", "-pix_fmt", "yuv420p"]);
    command.args(["-fps_mode", "passthrough", "-enc_time_base", "1/90000"]);
    command.args(["-map_metadata", "-1", "-video_track_timescale", "90000"]);
    // Opened anew through its descriptor: the file has no name that a crash could leave behind.
    command.args(["-movflags", "+faststart", "-f", "mp4", "file:/dev/stdout"]);
    command.stdin(Stdio::piped()).stdout(Stdio::from(to)).stderr(Stdio::piped());
    command
}

/// Takes pictures from one child to the other.
fn pass(
    from: OwnedFd,
    to: OwnedFd,
    mut change: impl FnMut(f64, PictureSize, &mut [u8]),
) -> Result<u64, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let accepted = Limits { frame_len_max: limits::PICTURE_LEN_MAX as u64 };
    let input = BufReader::with_capacity(READ_BYTES, File::from(from));
    let mut input = NutReader::open(input, accepted).map_err(|error| told(&error))?;
    let StreamHeader { width, height, time_base, .. } = *input.header();
    let size = PictureSize::new(width, height);
    limits::check(size).map_err(|error| told(&error))?;
    let header = StreamHeader { codec_data: Vec::new(), ..input.header().clone() };
    let mut writer = NutWriter::new(header);
    let (mut to, mut out) = (File::from(to), Vec::new());
    writer.begin(0, &mut out);
    let (mut first, mut pictures) = (None, 0);
    while let Some(mut frame) = input.next_frame().map_err(|error| told(&error))? {
        if frame.data.len() != I420::byte_len(size) {
            return Err(format!("a picture is not of {width}x{height} pixels as the first"));
        }
        let first = *first.get_or_insert(frame.pts);
        let ticks = u64::try_from(frame.pts.saturating_sub(first))
            .map_err(|_negative| "a picture's time is before the first's".to_owned())?;
        #[expect(clippy::cast_precision_loss, reason = "some seconds")]
        let time_s = ticks as f64 * f64::from(time_base.0) / f64::from(time_base.1);
        change(time_s, size, &mut frame.data);
        writer.frame(ticks, true, &frame.data, &mut out);
        to.write_all(&out).map_err(|error| told(&error))?;
        out.clear();
        pictures += 1;
    }
    Ok(pictures)
}
