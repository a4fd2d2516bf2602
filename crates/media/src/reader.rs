//! From the decoder child's output to pictures: a thread of its own, because
//! reading a pipe blocks.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::sync::mpsc;

use crate::error::StreamError;
use crate::flow::Flow;
use crate::limits;
use crate::nut::{Frame, Limits, NutReader, StreamHeader};
use crate::picture::I420;

/// Pictures between the child and the caller. Policy: block, so that a slow
/// caller slows the child down through its pipe.
pub(crate) const QUEUE_LEN: usize = 2;
/// A step back in time of this much is a jump; less is a damaged time.
const BACK_MAX_US: i64 = 1_000_000;
/// What is read at once at least, bytes.
const READ_LEN: usize = 64 << 10;

/// A picture and its time on the source's clock.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// When it is shown: the presentation time of a file, for RTSP the time
    /// of the RTP clock since the session's first packet, for HTTP that of the
    /// arrival since the first picture's.
    pub time: PictureTime,
    /// The picture, in the source's own size.
    pub picture: I420,
}

/// What the reader hands on.
#[derive(Debug)]
pub(crate) enum Item {
    Picture(Decoded),
    /// The last item. `Ok` when the child's output ended as it should.
    End(Result<(), StreamError>),
}

/// How the child's times become picture times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// What was added to all times before the child, whole seconds.
    pub(crate) shift_s: u32,
    /// Pictures before this time are not handed on.
    pub(crate) start: Option<PictureTime>,
}

/// Starts the thread that reads `output` until it ends or nobody listens.
pub(crate) fn start(
    output: File,
    clock: Clock,
    flow: Arc<Flow>,
) -> Result<mpsc::Receiver<Item>, StreamError> {
    let (sender, receiver) = mpsc::channel(QUEUE_LEN);
    let run = move || {
        let end = read(output, clock, &flow, &sender);
        // Nobody may be listening any more, which is fine.
        drop(sender.blocking_send(Item::End(end)));
    };
    let thread = std::thread::Builder::new().name("picture-reader".to_owned()).spawn(run);
    let cant = |error: std::io::Error| StreamError::System {
        what: "starting a thread",
        why: error.to_string(),
    };
    thread.map_err(cant).map(|_detached| receiver)
}

fn read(
    output: File,
    clock: Clock,
    flow: &Flow,
    sender: &mpsc::Sender<Item>,
) -> Result<(), StreamError> {
    let frame_len_max = limits::PICTURE_LEN_MAX as u64;
    let mut reader =
        NutReader::open(BufReader::with_capacity(READ_LEN, output), Limits { frame_len_max })?;
    let header = reader.header().clone();
    let size = PictureSize::new(header.width, header.height);
    limits::check(size)?;
    let mut last: Option<PictureTime> = None;
    while let Some(frame) = reader.next_frame()? {
        let time = time_of(&frame, &header, clock);
        flow.picture_came(time);
        if clock.start.is_some_and(|start| time < start) {
            continue;
        }
        match last {
            Some(last) if time.0 <= last.0 - BACK_MAX_US => {
                return Err(StreamError::ClockJump { from: last, to: time });
            }
            Some(last) if time <= last => {
                metrics::counter!("safe_yolo_decoded_pictures_dropped_total", "why" => "time")
                    .increment(1);
                continue;
            }
            _ => last = Some(time),
        }
        if frame.data.len() != I420::byte_len(size) {
            return Err(StreamError::SizeChanged { from: size, to: "another size".to_owned() });
        }
        let picture = I420::new(size, frame.data)?;
        metrics::counter!("safe_yolo_decoded_pictures_total").increment(1);
        if sender.blocking_send(Item::Picture(Decoded { time, picture })).is_err() {
            break;
        }
    }
    Ok(())
}

/// The frame's time, rounded to a microsecond.
fn time_of(frame: &Frame, header: &StreamHeader, clock: Clock) -> PictureTime {
    let (num, den) = (i128::from(header.time_base.0), i128::from(header.time_base.1));
    // The child has rounded the shift to its ticks, so ticks are taken off.
    let shift = round_div(i128::from(clock.shift_s) * den, num);
    let micros = round_div((i128::from(frame.pts) - shift) * num * 1_000_000, den);
    PictureTime(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn round_div(value: i128, by: i128) -> i128 {
    (2 * value + by).div_euclid(2 * by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_microsecond() {
        let header = |time_base| StreamHeader {
            fourcc: *b"I420",
            width: 2,
            height: 2,
            time_base,
            codec_data: Vec::new(),
        };
        let frame = |pts| Frame { pts, key: true, data: Vec::new() };
        let clock = |shift_s| Clock { shift_s, start: None };
        assert_eq!(time_of(&frame(1), &header((1001, 30000)), clock(0)).0, 33_367);
        assert_eq!(time_of(&frame(2), &header((1001, 30000)), clock(0)).0, 66_733);
        assert_eq!(time_of(&frame(90_000), &header((1, 90_000)), clock(2)).0, -1_000_000);
        // A second is 29.97 ticks, which the child takes for 30.
        assert_eq!(time_of(&frame(31), &header((1001, 30000)), clock(1)).0, 33_367);
    }
}
