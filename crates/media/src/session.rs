//! An RTSP session: one connection to a camera, video only, over TCP.
//!
//! RTSP 1.0 (RFC 2326), interleaved; H.264 (RFC 6184), H.265 (RFC 7798) and
//! JPEG (RFC 2435). Audio is never set up, whatever the camera offers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use retina::client::{
    Credentials as Login, Demuxed, InitialTimestampPolicy, PlayOptions, Session as RetinaSession,
    SessionOptions, SetupOptions,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoFrame};
use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::StreamError;
use crate::limits;
use crate::nut::{NutWriter, StreamHeader};
use crate::source::RtspSource;
use crate::units::{AccessUnit, UnitQueue};

/// Seconds added to all times that go through NUT: pictures shown before the
/// session's first packet would otherwise have times below zero, which it lacks.
pub(crate) const SHIFT_S: u32 = 10;
/// A step of the clock back by this is a jump; pictures that are sent in
/// decoding order step back less.
const BACK_MAX_US: i64 = 1_000_000;
/// A step of the clock ahead by this is a jump.
const AHEAD_MAX_US: i64 = 10_000_000;
/// How long a key picture is waited for; some cameras refresh without any.
const KEY_WAIT: Duration = Duration::from_secs(5);
/// The most of a camera's words in an error, characters.
const WHY_LEN_MAX: usize = 200;

/// The codecs a session may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    H265,
    Jpeg,
}

impl Codec {
    fn of(encoding: &str) -> Option<Self> {
        match encoding {
            "h264" => Some(Self::H264),
            "h265" => Some(Self::H265),
            "jpeg" => Some(Self::Jpeg),
            _ => None,
        }
    }

    /// The codec's name, as ffmpeg spells it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "hevc",
            Self::Jpeg => "mjpeg",
        }
    }

    const fn fourcc(self) -> [u8; 4] {
        match self {
            Self::H264 => *b"H264",
            Self::H265 => *b"HEVC",
            Self::Jpeg => *b"MJPG",
        }
    }
}

/// A session that has brought its first access unit.
pub(crate) struct Opened {
    demuxed: Demuxed,
    stream: usize,
    address: String,
    size: PictureSize,
    codec_data: Vec<u8>,
    first: AccessUnit,
    pub(crate) codec: Codec,
    pub(crate) pictures_per_s: Option<f64>,
}

/// A session that feeds a decoder child. Dropping it ends both.
#[derive(Debug)]
pub(crate) struct Session {
    tasks: [JoinHandle<()>; 2],
    error: Arc<Mutex<Option<StreamError>>>,
    ended: watch::Receiver<bool>,
}

impl Drop for Session {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Connects, logs in, starts the video stream and waits for its first key picture.
pub(crate) async fn open(
    source: &RtspSource,
    connect_timeout: Duration,
    silence_timeout: Duration,
) -> Result<Opened, StreamError> {
    let address = source.redacted();
    let connected = tokio::time::timeout(connect_timeout, connect(source)).await;
    let (mut demuxed, stream, codec) =
        connected.map_err(|_elapsed| StreamError::Unreachable {
            address: address.clone(),
            why: format!("no answer within {} s", connect_timeout.as_secs_f32()),
        })??;
    let silent =
        |_elapsed| StreamError::NoPictures { address: address.clone(), waited: silence_timeout };
    let mut frame = tokio::time::timeout(silence_timeout, next_frame(&mut demuxed, &address))
        .await
        .map_err(silent)??;
    let until = tokio::time::Instant::now() + KEY_WAIT;
    // The parameters are those of the key picture, not of the session's
    // description, which may be out of date.
    let described = loop {
        let waited_enough = tokio::time::Instant::now() >= until;
        if frame.is_random_access_point() || waited_enough {
            if let Some(described) = describe(&demuxed, stream) {
                break described;
            }
            if waited_enough {
                let why = "the camera does not say what its pictures are like".to_owned();
                return Err(StreamError::Undecodable { address, why });
            }
        }
        frame = tokio::time::timeout(silence_timeout, next_frame(&mut demuxed, &address))
            .await
            .map_err(silent)??;
    };
    limits::check(described.size)?;
    Ok(Opened {
        demuxed,
        stream,
        size: described.size,
        codec_data: described.codec_data,
        pictures_per_s: described.pictures_per_s,
        first: unit(frame),
        codec,
        address,
    })
}

async fn connect(source: &RtspSource) -> Result<(Demuxed, usize, Codec), StreamError> {
    let address = || source.redacted();
    let failed = |error: retina::Error| refused(address(), &error);
    let login = source.credentials().map(|login| Login {
        username: login.user().to_owned(),
        password: login.password().to_owned(),
    });
    let options = SessionOptions::default().creds(login).user_agent("safe-yolo".to_owned());
    let mut session =
        RetinaSession::describe(source.url().clone(), options).await.map_err(failed)?;
    let offered = session.streams();
    let video = offered.iter().enumerate().find_map(|(index, stream)| {
        let media = matches!(stream.media(), "video" | "image");
        media.then(|| Codec::of(stream.encoding_name())).flatten().map(|codec| (index, codec))
    });
    let Some((index, codec)) = video else {
        let names: Vec<_> = offered
            .iter()
            .map(|stream| format!("{}/{}", stream.media(), stream.encoding_name()))
            .collect();
        let offered =
            if names.is_empty() { "nothing".to_owned() } else { shorten(&names.join(", ")) };
        return Err(StreamError::NoVideo { address: address(), offered });
    };
    session
        .setup(index, SetupOptions::default().frame_format(FrameFormat::SIMPLE))
        .await
        .map_err(failed)?;
    let play = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Ignore);
    let demuxed = session.play(play).await.and_then(RetinaSession::demuxed).map_err(failed)?;
    Ok((demuxed, index, codec))
}

async fn next_frame(demuxed: &mut Demuxed, address: &str) -> Result<VideoFrame, StreamError> {
    loop {
        match demuxed.next().await {
            Some(Ok(CodecItem::VideoFrame(frame))) => {
                metrics::counter!("safe_yolo_access_units_total").increment(1);
                if frame.loss() > 0 {
                    metrics::counter!("safe_yolo_rtp_packets_lost_total")
                        .increment(frame.loss().into());
                }
                return Ok(frame);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return Err(StreamError::SessionLost {
                    address: address.to_owned(),
                    why: why(&error),
                });
            }
            None => {
                let why = "the camera closed it".to_owned();
                return Err(StreamError::SessionLost { address: address.to_owned(), why });
            }
        }
    }
}

fn unit(frame: VideoFrame) -> AccessUnit {
    let timestamp = frame.timestamp();
    let micros = i128::from(timestamp.elapsed()) * 1_000_000;
    let micros = micros.div_euclid(i128::from(timestamp.clock_rate().get()));
    AccessUnit {
        time: PictureTime(i64::try_from(micros).unwrap_or(i64::MAX)),
        key: frame.is_random_access_point(),
        data: frame.into_data(),
    }
}

struct Described {
    size: PictureSize,
    codec_data: Vec<u8>,
    pictures_per_s: Option<f64>,
}

fn describe(demuxed: &Demuxed, stream: usize) -> Option<Described> {
    let Some(ParametersRef::Video(video)) = demuxed.streams().get(stream)?.parameters() else {
        return None;
    };
    let (width, height) = video.pixel_dimensions();
    let rate = video.frame_rate().filter(|(num, den)| *num > 0 && *den > 0);
    Some(Described {
        size: PictureSize::new(width, height),
        codec_data: video.extra_data().to_vec(),
        pictures_per_s: rate.map(|(num, den)| f64::from(den) / f64::from(num)),
    })
}

impl Opened {
    /// Feeds the units to a decoder child from now on.
    pub(crate) fn feed(self, child: ChildStdin) -> Session {
        let header = StreamHeader {
            fourcc: self.codec.fourcc(),
            width: self.size.width,
            height: self.size.height,
            time_base: (1, 1_000_000),
            codec_data: self.codec_data,
        };
        let queue = Arc::new(UnitQueue::default());
        let error = Arc::new(Mutex::new(None));
        let (ended_sender, ended) = watch::channel(false);
        let writer = tokio::spawn(write(child, header, Arc::clone(&queue)));
        let (session_error, mut demuxed) = (Arc::clone(&error), self.demuxed);
        let (stream, address, size, first) = (self.stream, self.address, self.size, self.first);
        let reader = tokio::spawn(async move {
            let end = forward(&mut demuxed, stream, &address, size, first, &queue).await;
            *session_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
            queue.close();
            ended_sender.send_replace(true);
        });
        Session { tasks: [reader, writer], error, ended }
    }
}

/// Moves units from the session to the queue until the session ends, and says why it did.
async fn forward(
    demuxed: &mut Demuxed,
    stream: usize,
    address: &str,
    size: PictureSize,
    first: AccessUnit,
    queue: &UnitQueue,
) -> StreamError {
    let mut last = first.time;
    queue.push(first);
    loop {
        let frame = match next_frame(demuxed, address).await {
            Ok(frame) => frame,
            Err(error) => return error,
        };
        if frame.has_new_parameters()
            && let Some(now) = describe(demuxed, stream)
            && now.size != size
        {
            let to = format!("{}x{}", now.size.width, now.size.height);
            return StreamError::SizeChanged { from: size, to };
        }
        let unit = unit(frame);
        let step = unit.time.0.saturating_sub(last.0);
        if step <= -BACK_MAX_US || step > AHEAD_MAX_US {
            return StreamError::ClockJump { from: last, to: unit.time };
        }
        last = unit.time.max(last);
        let dropped = queue.push(unit);
        if dropped > 0 {
            metrics::counter!("safe_yolo_access_units_dropped_total").increment(dropped as u64);
        }
    }
}

/// Writes queued units to the child until the queue is closed or the child is gone.
async fn write(mut child: ChildStdin, header: StreamHeader, queue: Arc<UnitQueue>) {
    let mut writer = NutWriter::new(header);
    let mut bytes = Vec::new();
    let mut begun = false;
    while let Some(unit) = queue.pop().await {
        let pts = unit.time.0.saturating_add(i64::from(SHIFT_S) * 1_000_000);
        // Times that early are behind a jump, which has ended the session.
        let Ok(pts) = u64::try_from(pts) else {
            continue;
        };
        if !begun {
            writer.begin(pts, &mut bytes);
            begun = true;
        }
        writer.frame(pts, unit.key, &unit.data, &mut bytes);
        #[expect(clippy::cast_precision_loss, reason = "a queue is short")]
        metrics::histogram!("safe_yolo_access_unit_queue_depth_units").record(queue.len() as f64);
        if child.write_all(&bytes).await.is_err() {
            // The child is gone; its reader finds out and says why.
            return;
        }
        bytes.clear();
    }
}

impl Session {
    /// Waits until the session is over.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that its task is gone, which is an end, too.
        drop(ended.wait_for(|ended| *ended).await);
    }

    /// Why the session ended, once.
    pub(crate) fn take_error(&mut self) -> Option<StreamError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a failed request means.
fn refused(address: String, error: &retina::Error) -> StreamError {
    let why = why(error);
    match error.status_code() {
        Some(401 | 403) => StreamError::Unauthorized { address, why },
        Some(404 | 410) => StreamError::NoSuchStream { address, why },
        _ => StreamError::Unreachable { address, why },
    }
}

/// The first line of an error: what follows are connection details.
fn why(error: &retina::Error) -> String {
    shorten(error.to_string().lines().next().unwrap_or_default())
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(WHY_LEN_MAX).collect()
}
