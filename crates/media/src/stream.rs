//! A stream of pictures from a file or a camera: opening it, and what comes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::child::{DecoderChild, Input};
use crate::clip::{ClipRing, ClipSupply, FilePart};
use crate::error::StreamError;
use crate::flow::Flow;
use crate::gate::Decoding;
use crate::probe::{self, FileFacts, OpenFile};
use crate::reader::{self, Clock, Decoded, Item};
use crate::scene;
use crate::session::{self, Opened, Session};
use crate::source::{DeviceSource, FileSource, SourceSpec};

/// How long pictures may still come after a session has ended.
const FLUSH_WAIT: Duration = Duration::from_secs(1);
/// Formats whose seeking is exact to a few seconds only start this much earlier.
const SEEK_MARGIN_S: f64 = 3.0;

/// How to open a source.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Files: the first picture wanted is the first at or after this time.
    pub start: Option<PictureTime>,
    /// How long connecting may take, and after that the first picture.
    pub connect_timeout: Duration,
    /// How long a camera may take to send its first data.
    pub silence_timeout: Duration,
    /// Files: what [`PictureStream::facts`] told of it before.
    pub known: Option<FileFacts>,
    /// The decoder program.
    pub ffmpeg: String,
    /// The program that looks into files.
    pub ffprobe: String,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            start: None,
            known: None,
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(3),
            ffmpeg: "ffmpeg".to_owned(),
            ffprobe: "ffprobe".to_owned(),
        }
    }
}

/// What is known of an open source.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamInfo {
    /// Size of every picture of the stream.
    pub size: PictureSize,
    /// Codec, as ffmpeg names it: `h264`, `hevc`, ...
    pub codec: String,
    /// The file's first picture's time, by its headers; 0 for cameras.
    pub start: PictureTime,
    /// Length of a file, where its headers tell.
    pub duration: Option<Duration>,
    /// Pictures a second on average, where the headers tell.
    pub pictures_per_s: Option<f64>,
}

/// An open source. Dropping it ends its decoder child and its session at once.
#[derive(Debug)]
pub struct PictureStream {
    first: Option<Decoded>,
    info: StreamInfo,
    facts: Option<FileFacts>,
    clips: Option<ClipSupply>,
    state: State,
    pictures: mpsc::Receiver<Item>,
    flow: Arc<Flow>,
    session: Option<Session>,
    /// Has no end of its own.
    is_live: bool,
    /// None for pictures that are drawn.
    child: Option<DecoderChild>,
    /// Pictures that somebody else makes, in place of all above.
    script: Option<Script>,
}

/// Pictures made by the caller.
struct Script(Pin<Box<dyn Stream<Item = Result<Decoded, StreamError>> + Send>>);

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

#[derive(Debug)]
enum State {
    Running,
    /// The session is over; the pictures in the child may still come.
    Flushing(Instant),
    /// The reader is done with this result; the child's exit is awaited.
    Ending(Option<StreamError>),
    Failed,
    Ended,
}

/// Opens a source and waits for its first picture.
///
/// # Errors
/// When the source can't be reached or read, or no picture comes in time.
pub async fn open(spec: &SourceSpec, options: OpenOptions) -> Result<PictureStream, StreamError> {
    metrics::counter!("safe_yolo_source_connections_total", "kind" => spec.kind()).increment(1);
    match spec {
        SourceSpec::File(source) => open_file(source, options).await,
        SourceSpec::Rtsp(source) => {
            let opened =
                session::open_rtsp(source, options.connect_timeout, options.silence_timeout);
            start_session(opened.await?, &source.redacted(), options).await
        }
        SourceSpec::Http(source) => {
            let opened =
                session::open_http(source, options.connect_timeout, options.silence_timeout);
            start_session(opened.await?, &source.redacted(), options).await
        }
        SourceSpec::Usb(source) => open_device(source, options).await,
        SourceSpec::Sim(source) => {
            let (info, pictures) = scene::start(source, options.start)?;
            let mut stream = PictureStream::new(info, pictures, Arc::new(Flow::new()), None, None);
            stream.clips = Some(ClipSupply::Pictures);
            Ok(stream)
        }
    }
}

async fn open_file(
    source: &FileSource,
    options: OpenOptions,
) -> Result<PictureStream, StreamError> {
    let path = source.path().display().to_string();
    let opened = probe::open(source).await?;
    let (known, timeout) = (options.known, options.connect_timeout);
    let facts = probe::facts(&options.ffprobe, source, &opened, known, timeout).await?;
    let (OpenFile { file, demuxer, .. }, probed) = (opened, facts.probed.clone());
    // NUT has no times below zero, and a file's headers do not always own up to them.
    let early_s = (-probed.start_s.min(probed.container_start_s)).max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate")]
    let shift_s = session::SHIFT_S + early_s.ceil() as u32;
    let seek_s = options.start.map(|start| {
        let margin = if demuxer == "mov" || demuxer == "matroska" { 0.0 } else { SEEK_MARGIN_S };
        start.secs_f64() - probed.container_start_s - margin
    });
    // Seeking to the beginning is no matter of course: AVI ends up elsewhere.
    let seek_s = seek_s.filter(|seek| *seek > 0.0);
    let input = Input::File { file, demuxer: probed.demuxer, seek_s, shift_s };
    let (child, pipes) = DecoderChild::start(&options.ffmpeg, input)?;
    let flow = Arc::new(Flow::new());
    let clock = Clock { shift_s, start: options.start };
    let pictures = reader::start(pipes.pictures, clock, Arc::clone(&flow))?;
    let info = StreamInfo {
        size: PictureSize::new(0, 0),
        codec: probed.codec,
        start: PictureTime::from_secs_f64(probed.start_s),
        duration: probed.duration,
        pictures_per_s: probed.pictures_per_s,
    };
    let mut stream = PictureStream::new(info, pictures, flow, None, Some(child));
    stream.clips = Some(ClipSupply::File(FilePart::whole(source.clone(), facts.clone())));
    stream.facts = Some(facts);
    stream.with_first_picture(&path, options.connect_timeout, options.start.is_some()).await
}

async fn open_device(
    source: &DeviceSource,
    options: OpenOptions,
) -> Result<PictureStream, StreamError> {
    let device = source.clone();
    let checked = tokio::task::spawn_blocking(move || device.check()).await;
    checked.map_err(|error| StreamError::System {
        what: "looking for the camera",
        why: error.to_string(),
    })??;
    let input = Input::Device { path: source.path().to_owned(), shift_s: session::SHIFT_S };
    let (child, pipes) = DecoderChild::start(&options.ffmpeg, input)?;
    let flow = Arc::new(Flow::new());
    let clock = Clock { shift_s: session::SHIFT_S, start: None };
    let pictures = reader::start(pipes.pictures, clock, Arc::clone(&flow))?;
    let info = StreamInfo {
        size: PictureSize::new(0, 0),
        codec: "v4l2".to_owned(),
        start: PictureTime(0),
        duration: None,
        pictures_per_s: None,
    };
    let mut stream = PictureStream::new(info, pictures, flow, None, Some(child));
    stream.clips = Some(ClipSupply::Pictures);
    stream.is_live = true;
    let address = source.path().display().to_string();
    stream.with_first_picture(&address, options.connect_timeout, false).await
}

/// Starts the decoder of a session.
async fn start_session(
    opened: Opened,
    address: &str,
    options: OpenOptions,
) -> Result<PictureStream, StreamError> {
    let (child, pipes) = DecoderChild::start(&options.ffmpeg, Input::Units)?;
    let units = pipes.units.ok_or_else(|| StreamError::System {
        what: "opening the decoder's pipes",
        why: "none there".to_owned(),
    })?;
    let clock = Clock { shift_s: session::SHIFT_S, start: None };
    let flow = Arc::new(Flow::new());
    let pictures = reader::start(pipes.pictures, clock, Arc::clone(&flow))?;
    let info = StreamInfo {
        size: PictureSize::new(0, 0),
        codec: opened.codec.name().to_owned(),
        start: PictureTime(0),
        duration: None,
        pictures_per_s: opened.pictures_per_s,
    };
    let ring = ClipRing::new(opened.codec, opened.size());
    let session = opened.feed(units, Arc::clone(&flow), ring.clone());
    let mut stream = PictureStream::new(info, pictures, flow, Some(session), Some(child));
    stream.clips = Some(ClipSupply::Session(ring));
    stream.is_live = true;
    stream.with_first_picture(address, options.connect_timeout, false).await
}

impl PictureStream {
    const fn new(
        info: StreamInfo,
        pictures: mpsc::Receiver<Item>,
        flow: Arc<Flow>,
        session: Option<Session>,
        child: Option<DecoderChild>,
    ) -> Self {
        Self {
            first: None,
            info,
            facts: None,
            clips: None,
            state: State::Running,
            pictures,
            flow,
            session,
            is_live: false,
            child,
            script: None,
        }
    }

    /// A stream of pictures that the caller makes, as tests do; they come when
    /// and as `pictures` gives them. Its end is the end of a file.
    #[must_use]
    pub fn scripted(
        info: StreamInfo,
        pictures: impl Stream<Item = Result<Decoded, StreamError>> + Send + 'static,
    ) -> Self {
        let (_nobody, none) = mpsc::channel(1);
        Self {
            script: Some(Script(Box::pin(pictures))),
            ..Self::new(info, none, Arc::new(Flow::new()), None, None)
        }
    }

    /// Waits for the first picture, which knows the size.
    async fn with_first_picture(
        mut self,
        address: &str,
        timeout: Duration,
        sought: bool,
    ) -> Result<Self, StreamError> {
        let undecodable =
            |why: String| StreamError::Undecodable { address: address.to_owned(), why };
        match tokio::time::timeout(timeout, self.next()).await {
            Ok(Ok(Some(first))) => {
                self.info.size = first.picture.size();
                self.first = Some(first);
            }
            // A start behind the last picture is the end, and no error.
            Ok(Ok(None)) if sought => {}
            Ok(Ok(None)) => return Err(undecodable("it holds no picture".to_owned())),
            Ok(Err(StreamError::DecoderEnded(why))) => return Err(undecodable(why)),
            Ok(Err(StreamError::DecoderOutput(error))) => {
                return Err(undecodable(error.to_string()));
            }
            Ok(Err(other)) => return Err(other),
            Err(_elapsed) => {
                let said = self.child.as_ref().map(DecoderChild::complaints).unwrap_or_default();
                let waited = format!("no picture came within {} s", timeout.as_secs_f32());
                let why = if said.is_empty() { waited } else { format!("{waited}: {said}") };
                return Err(undecodable(why));
            }
        }
        Ok(self)
    }

    /// The next picture, in order of time; `None` at the end of a file.
    ///
    /// Waits for as long as it takes: the caller watches over that. May be
    /// cancelled without losing a picture.
    ///
    /// # Errors
    /// When the source or the decoder failed; open the source again then.
    pub async fn next(&mut self) -> Result<Option<Decoded>, StreamError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if let Some(Script(pictures)) = &mut self.script {
            return pictures.next().await.transpose();
        }
        loop {
            match &mut self.state {
                State::Running | State::Flushing(_) => match self.receive().await {
                    Some(Item::Picture(decoded)) => return Ok(Some(decoded)),
                    Some(Item::End(result)) => self.state = State::Ending(result.err()),
                    None => self.state = State::Ending(None),
                },
                State::Ending(error) => {
                    let cut = matches!(error, None | Some(StreamError::DecoderOutput(_)));
                    // The child's own words are better than what their effect was.
                    let exit = match self.child.as_mut() {
                        Some(child) if cut => child.end().await,
                        _ => Ok(()),
                    };
                    let lost = self.session.as_mut().and_then(Session::take_error);
                    let error = lost.or_else(|| match exit {
                        Err(why) => Some(StreamError::DecoderEnded(why)),
                        Ok(()) => error.take(),
                    });
                    if let Some(error) = error {
                        self.state = State::Failed;
                        return Err(error);
                    }
                    if self.is_live {
                        self.state = State::Failed;
                        return Err(StreamError::DecoderEnded(
                            "it ended while the camera went on".to_owned(),
                        ));
                    }
                    self.state = State::Ended;
                }
                State::Failed => return Err(StreamError::AlreadyEnded),
                State::Ended => return Ok(None),
            }
        }
    }

    /// The reader's next item; `None` when the reader is gone or will not end.
    async fn receive(&mut self) -> Option<Item> {
        if let (State::Running, Some(session)) = (&self.state, &self.session) {
            tokio::select! {
                biased;
                item = self.pictures.recv() => return item,
                () = session.ended() => self.state = State::Flushing(Instant::now() + FLUSH_WAIT),
            }
        }
        match self.state {
            State::Flushing(until) => {
                let next = tokio::time::timeout_at(until, self.pictures.recv()).await;
                if next.is_err()
                    && let Some(child) = self.child.as_mut()
                {
                    // It had its time; its end is not waited for on top of that.
                    child.kill();
                }
                next.unwrap_or_default()
            }
            _ => self.pictures.recv().await,
        }
    }

    /// What is known of the source. The size is 0x0 only when the stream was
    /// opened behind its last picture.
    #[must_use]
    pub const fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// Of a file, what need not be found out again when it is opened again.
    #[must_use]
    pub const fn facts(&self) -> Option<&FileFacts> {
        self.facts.as_ref()
    }

    /// Where clips of it are cut from; `None` where there can be none.
    #[must_use]
    pub const fn clips(&self) -> Option<&ClipSupply> {
        self.clips.as_ref()
    }

    /// Whether as little may be decoded as is safe, because nobody is there.
    /// `false`, as at first, has every picture decoded, beginning at once with
    /// those since the last that was. Of files and drawn pictures all are decoded always.
    pub fn set_economy(&self, on: bool) {
        self.flow.set_economy(on);
    }

    /// What of the stream is decoded at present: key pictures only where economy
    /// was asked for, they come often enough, and sizes show no motion.
    #[must_use]
    pub fn decoding(&self) -> Decoding {
        self.flow.decoding()
    }

    /// When the camera last sent a coded picture, decoded or not; `None` for
    /// files and drawn pictures.
    #[must_use]
    pub fn last_unit_at(&self) -> Option<Instant> {
        self.flow.last_unit_at()
    }

    /// For how long pictures have been coded that come after one of this time:
    /// how far decoding is behind the camera. Nil for files and drawn pictures.
    #[must_use]
    pub fn behind(&self, time: PictureTime) -> Duration {
        let newest = self.flow.newest_unit().unwrap_or(time);
        Duration::from_micros(u64::try_from(newest.0.saturating_sub(time.0)).unwrap_or_default())
    }

    /// Whether a part of the camera's data was lost that the picture of this time refers
    /// to: it is wrong in places. Never so for files and drawn pictures.
    #[must_use]
    pub fn is_damaged(&self, time: PictureTime) -> bool {
        self.flow.is_damaged(time)
    }

    /// When the sizes of the camera's coded pictures last showed motion.
    #[must_use]
    pub fn size_motion_at(&self) -> Option<Instant> {
        self.flow.size_motion_at()
    }

    /// Process id of the decoder child, while it runs.
    #[must_use]
    pub fn decoder_pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(DecoderChild::id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::AccessUnit;

    #[test]
    fn how_far_decoding_is_behind_is_told_by_what_the_camera_sent() {
        let info = StreamInfo {
            size: PictureSize::new(64, 36),
            codec: "h264".to_owned(),
            start: PictureTime(0),
            duration: None,
            pictures_per_s: None,
        };
        let stream = PictureStream::scripted(info, futures_util::stream::pending());
        let second = PictureTime::from_millis(1000);
        assert_eq!(stream.behind(second), Duration::ZERO, "no units, as of a file");
        for ms in [3000, 4500, 4400] {
            let time = PictureTime::from_millis(ms);
            let unit =
                AccessUnit { time, key: false, after_loss: false, data: bytes::Bytes::new() };
            stream.flow.unit_came(Instant::now(), &unit);
        }
        assert_eq!(stream.behind(second), Duration::from_millis(3500));
        assert_eq!(stream.behind(PictureTime::from_millis(5000)), Duration::ZERO);
    }
}
