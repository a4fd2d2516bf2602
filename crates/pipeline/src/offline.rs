//! The same analysis over a file, as fast as the machine allows: every picture
//! is decoded, analysed, tracked and judged in its own time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use safe_yolo_core::{
    Analysis, CameraConfig, Class, CloseUp, Detection, EventChange, PictureSize, PictureTime,
    SegmentId, Utc,
};
use safe_yolo_infer::DetectorPool;
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_media::picture::I420;
use safe_yolo_media::privacy::PrivacyMask;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::{self, OpenOptions, StreamInfo};
use safe_yolo_media::{Decoded, StreamError};
use safe_yolo_track::{TrackError, TrackerConfig, TrackerConfigError};

use crate::analyst::{Analysed, Analyst};
use crate::pacing::RateLimit;
use crate::second_look::{FirstLook, SecondLook};

/// Pictures being analysed at once: enough for every core, few in memory.
const IN_FLIGHT_MAX: usize = 8;
/// A decoder that gives nothing for this long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What to analyse, and how.
#[derive(Debug, Clone)]
pub struct Offline {
    /// Where pictures are analysed.
    pub detectors: DetectorPool,
    /// How people are tracked.
    pub tracking: TrackerConfig,
    /// Zones and rules.
    pub config: Arc<CameraConfig>,
    /// The file, or a drawn scene.
    pub source: SourceSpec,
    /// Most analysed pictures a second of the file's own time; every picture unless given.
    pub rate_max: Option<f64>,
    /// Ends here instead of at the end: drawn scenes have none.
    pub until: Option<PictureTime>,
    /// Whether people who are too small are looked at once more, as the server does.
    pub second_look: bool,
}

/// One picture of the file and what became of it.
#[derive(Debug)]
pub struct Frame {
    /// From 1, decoded pictures in order.
    pub number: u64,
    /// Presentation time.
    pub time: PictureTime,
    /// The picture.
    pub picture: Arc<I420>,
    /// What was found; never an empty list for a picture that was not looked at.
    pub analysis: Analysis<Analysed>,
}

/// Tracker and rules over what a detector says of one picture after the other: all of [`Offline`]
/// that comes behind the detector, for whoever has answers without pictures.
#[derive(Debug)]
pub struct Watch {
    analyst: Analyst,
    last: PictureTime,
}

impl Watch {
    /// Begins a segment of a camera whose detector knows these classes.
    ///
    /// # Errors
    /// When the tracker's settings make no sense.
    pub fn new(
        config: Arc<CameraConfig>,
        known: BTreeSet<Class>,
        tracking: TrackerConfig,
    ) -> Result<Self, TrackerConfigError> {
        let analyst = Analyst::new(SegmentId(1), config, known, tracking)?;
        Ok(Self { analyst, last: PictureTime::default() })
    }

    /// Takes what is known of the picture of this time; `input_scale` is model input pixels a
    /// pixel of the picture.
    ///
    /// # Errors
    /// When the time is not later than that of the picture before.
    pub fn take(
        &mut self,
        time: PictureTime,
        size: PictureSize,
        input_scale: f32,
        answer: Analysis<Vec<Detection>>,
    ) -> Result<Analysis<Analysed>, TrackError> {
        self.look(Look { time, size, input_scale, picture: None, close_up: None }, answer)
    }

    fn look(
        &mut self,
        look: Look<'_>,
        answer: Analysis<Vec<Detection>>,
    ) -> Result<Analysis<Analysed>, TrackError> {
        let Look { time, size, input_scale, picture, close_up } = look;
        let analysis = match answer {
            Analysis::Done(found) => {
                if let Some(picture) = picture {
                    self.analyst.follow_camera(picture);
                }
                let analysed =
                    self.analyst.answer(time, utc(time), size, input_scale, &found, close_up)?;
                Analysis::Done(analysed)
            }
            Analysis::Skipped(reason) => Analysis::Skipped(reason),
            Analysis::Failed(detail) => {
                self.analyst.not_analysed(self.last, time, "detector_failed");
                Analysis::Failed(detail)
            }
        };
        self.last = time;
        Ok(analysis)
    }

    /// The changes that the end of the pictures brings.
    #[must_use]
    pub fn finish(mut self) -> Vec<EventChange> {
        self.analyst.finish("end_of_file")
    }
}

/// What was looked at.
#[derive(Clone, Copy)]
struct Look<'a> {
    time: PictureTime,
    size: PictureSize,
    /// Model input pixels a pixel of the picture.
    input_scale: f32,
    /// Tells whether the camera was shaken.
    picture: Option<&'a I420>,
    close_up: Option<CloseUp>,
}

/// A picture and what the detector says of it.
struct Answer {
    number: u64,
    time: PictureTime,
    picture: Arc<I420>,
    analysis: Analysis<Vec<Detection>>,
}

/// Why the analysis of a file ended early.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The file can't be opened or decoded.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The decoder gives nothing any more.
    #[error("the decoder gave no picture for {silence_s} s after picture {0}", silence_s = SILENCE_MAX.as_secs())]
    Hangs(u64),
    /// The tracker's settings make no sense.
    #[error(transparent)]
    Tracking(#[from] TrackerConfigError),
    /// Pictures came out of order.
    #[error(transparent)]
    Order(#[from] TrackError),
    /// Whoever takes the frames failed.
    #[error("the results can't be written")]
    Sink(#[source] std::io::Error),
}

impl Offline {
    /// Analyses the file and hands each frame, in order, to `sink`; `begin` is
    /// told first what is known of the file. Returns the changes that its end brings.
    ///
    /// # Errors
    /// When the file can't be read to its end, or `sink` fails.
    pub async fn run(
        &self,
        begin: impl FnOnce(&StreamInfo),
        mut sink: impl FnMut(Frame) -> std::io::Result<()>,
    ) -> Result<Vec<EventChange>, OfflineError> {
        let known = self.detectors.info().classes();
        let config = Arc::clone(&self.config);
        let mut watch = Watch::new(config, known, self.tracking.clone())?;
        let mut pictures = stream::open(&self.source, OpenOptions::default()).await?;
        begin(pictures.info());
        let (mut running, mut broken_off) = (FuturesOrdered::new(), None);
        let (mut number, mut ended) = (0, false);
        let mut privacy: Option<PrivacyMask> = None;
        let (mut limit, mut second_look) = (RateLimit::default(), SecondLook::default());
        let period = self.rate_max.map(|rate| Duration::from_secs_f64(1.0 / rate.max(0.1)));
        loop {
            tokio::select! {
                biased;
                Some(Answer { number, time, picture, analysis }) = running.next() => {
                    let scale = self.detectors.input_scale(picture.size());
                    let (answer, close_up) = match analysis {
                        Analysis::Done(found) if self.second_look => self.look_closer(&mut second_look, time, &picture, found).await,
                        as_it_is => (as_it_is, None),
                    };
                    let look = Look { time, size: picture.size(), input_scale: scale, picture: Some(&picture), close_up };
                    let analysis = watch.look(look, answer)?;
                    sink(Frame { number, time, picture, analysis }).map_err(OfflineError::Sink)?;
                }
                next = tokio::time::timeout(SILENCE_MAX, pictures.next()), if !ended && running.len() < IN_FLIGHT_MAX => {
                    let next = next.map_or_else(|_elapsed| Err(OfflineError::Hangs(number)), |next| Ok(next?));
                    match next {
                        Ok(Some(Decoded { time, .. })) if self.until.is_some_and(|until| time >= until) => ended = true,
                        Ok(Some(Decoded { time, mut picture })) => {
                            number += 1;
                            if privacy.as_ref().is_none_or(|mask| mask.size() != picture.size()) {
                                privacy = PrivacyMask::new(&self.config.privacy_masks, picture.size());
                            }
                            if let Some(mask) = &privacy {
                                mask.apply(&mut picture);
                            }
                            if let Some(period) = period {
                                if !limit.is_due(time, period) {
                                    continue;
                                }
                                limit.take(time, period);
                            }
                            let (this, picture, detectors) = (number, Arc::new(picture), self.detectors.clone());
                            running.push_back(async move {
                                let analysis = detectors.analyse(Arc::clone(&picture), SCORE_MIN).await;
                                Answer { number: this, time, picture, analysis }
                            });
                        }
                        Ok(None) => ended = true,
                        // What came before is still looked at.
                        Err(error) => {
                            ended = true;
                            broken_off = Some(error);
                        }
                    }
                }
                else => break,
            }
        }
        match broken_off {
            None => Ok(watch.finish()),
            Some(error) => Err(error),
        }
    }
}

impl Offline {
    /// What is found in the picture when people who are too small are looked at once more, and
    /// where that was. Who is not looked at again stays too small; a second look that fails is a
    /// failure.
    async fn look_closer(
        &self,
        second_look: &mut SecondLook,
        time: PictureTime,
        picture: &I420,
        found: Vec<Detection>,
    ) -> (Analysis<Vec<Detection>>, Option<CloseUp>) {
        let (size, info) = (picture.size(), self.detectors.info());
        let first = FirstLook {
            time,
            size,
            found: &found,
            zones: &self.config.zones,
            input: info.input_for(size),
            input_scale: info.input_scale(size),
        };
        let Some(part) = second_look.wanted(&first) else { return (Analysis::Done(found), None) };
        let closer = match part.of(picture) {
            Ok(closer) => self.detectors.analyse(Arc::new(closer), SCORE_MIN).await,
            Err(error) => Analysis::Failed(error.to_string()),
        };
        match closer {
            Analysis::Done(closer) => {
                let (found, close_up) = part.merge(found, closer, info.input_scale(part.size));
                (Analysis::Done(found), Some(close_up))
            }
            Analysis::Skipped(_) => (Analysis::Done(found), None),
            Analysis::Failed(detail) => (Analysis::Failed(detail), None),
        }
    }
}

/// Files have no date: their events lie in the seconds after 1970, the same at every run.
const fn utc(time: PictureTime) -> Utc {
    Utc(time.micros())
}
