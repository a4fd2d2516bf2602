//! Sessions with cameras: coded pictures come in, a decoder child is fed.
//!
//! The session must go on whatever the decoder does, so nothing here waits for it.

mod http;
mod rtsp;

use std::sync::{Arc, Mutex, PoisonError};

use safe_yolo_core::geometry::PictureSize;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::http::HttpCamera;
use self::rtsp::RtspCamera;
use crate::clip::ClipRing;
use crate::error::StreamError;
use crate::flow::Flow;
use crate::gate::Gate;
use crate::nut::{NutWriter, StreamHeader};
use crate::units::{AccessUnit, UnitQueue};

pub(crate) use self::http::open as open_http;
pub(crate) use self::rtsp::open as open_rtsp;

/// Seconds added to all times that go through NUT: pictures shown before the
/// session's first packet would otherwise have times below zero, which it lacks.
pub(crate) const SHIFT_S: u32 = 10;
/// A step of the clock back by this is a jump; pictures that are sent in
/// decoding order step back less.
const BACK_MAX_US: i64 = 1_000_000;
/// A step of the clock ahead by this is a jump.
const AHEAD_MAX_US: i64 = 10_000_000;
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

    pub(crate) const fn fourcc(self) -> [u8; 4] {
        match self {
            Self::H264 => *b"H264",
            Self::H265 => *b"HEVC",
            Self::Jpeg => *b"MJPG",
        }
    }
}

/// Where a session's units come from.
enum Camera {
    Rtsp(Box<RtspCamera>),
    Http(HttpCamera),
}

impl Camera {
    /// The next unit, and whether its parameters are new. May be cancelled.
    async fn next(&mut self) -> Result<(AccessUnit, bool), StreamError> {
        match self {
            Self::Rtsp(camera) => camera.next().await,
            Self::Http(camera) => Ok((camera.next().await?, false)),
        }
    }
}

/// A session that has brought its first access unit.
pub(crate) struct Opened {
    camera: Camera,
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

impl Opened {
    /// Size of its pictures.
    pub(crate) const fn size(&self) -> PictureSize {
        self.size
    }

    /// Feeds the units to a decoder child, and to the ring of clips, from now on.
    pub(crate) fn feed(self, child: ChildStdin, flow: Arc<Flow>, ring: ClipRing) -> Session {
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
        let session_error = Arc::clone(&error);
        let first = self.first;
        let mut camera = self.camera;
        let size = self.size;
        let reader = tokio::spawn(async move {
            let end = forward(&mut camera, size, first, (&queue, &ring), &flow).await;
            *session_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
            queue.close();
            ended_sender.send_replace(true);
        });
        Session { tasks: [reader, writer], error, ended }
    }
}

/// Moves units from the session through the gate to the queue until the
/// session ends, and says why it did.
async fn forward(
    camera: &mut Camera,
    size: PictureSize,
    first: AccessUnit,
    (queue, ring): (&UnitQueue, &ClipRing),
    flow: &Flow,
) -> StreamError {
    let mut economy = flow.economy();
    let mut gate = Gate::new(size);
    let mut passed = Vec::new();
    let mut last = first.time;
    flow.unit_came(Instant::now(), &first);
    ring.push(&first);
    gate.push(first, Instant::now(), None, &mut passed);
    loop {
        pass(&mut passed, queue);
        metrics::counter!("safe_yolo_access_units_skipped_total").increment(gate.take_skipped());
        flow.set_decoding(gate.decoding());
        tokio::select! {
            next = camera.next() => {
                let (unit, new_parameters) = match next {
                    Ok(next) => next,
                    Err(error) => return error,
                };
                let step = unit.time.0.saturating_sub(last.0);
                if step <= -BACK_MAX_US || step > AHEAD_MAX_US {
                    return StreamError::ClockJump { from: last, to: unit.time };
                }
                last = unit.time.max(last);
                let now = Instant::now();
                flow.unit_came(now, &unit);
                ring.push(&unit);
                if new_parameters {
                    gate.parameters_changed();
                }
                gate.push(unit, now, flow.shown(), &mut passed);
                if let Some(at) = gate.last_motion() {
                    flow.sizes_showed_motion(at);
                }
            }
            // The flow outlives this task, so its end is no case.
            Ok(()) = economy.changed() => {
                let wanted = *economy.borrow_and_update();
                gate.set_economy(wanted, &mut passed);
            }
            () = reached(gate.deadline()) => gate.tick(Instant::now(), &mut passed),
        }
        #[expect(clippy::cast_precision_loss, reason = "few are held")]
        metrics::histogram!("safe_yolo_access_units_held_units").record(gate.held() as f64);
    }
}

fn pass(units: &mut Vec<AccessUnit>, queue: &UnitQueue) {
    for unit in units.drain(..) {
        let dropped = queue.push(unit);
        if dropped > 0 {
            metrics::counter!("safe_yolo_access_units_dropped_total").increment(dropped as u64);
        }
    }
}

/// Waits until then; for ever without a time.
async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
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

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(WHY_LEN_MAX).collect()
}
