//! An RTSP session: one connection to a camera, video only, over TCP.
//!
//! RTSP 1.0 (RFC 2326), interleaved; H.264 (RFC 6184), H.265 (RFC 7798) and
//! JPEG (RFC 2435). Audio is never set up, whatever the camera offers.

use std::time::Duration;

use futures_util::StreamExt;
use retina::client::{
    Credentials as Login, Demuxed, InitialTimestampPolicy, PlayOptions, Session as RetinaSession,
    SessionOptions, SetupOptions,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoFrame};
use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::time::Instant;

use super::{Camera, Codec, Opened, shorten};
use crate::error::StreamError;
use crate::limits;
use crate::source::CameraSource;
use crate::units::AccessUnit;

/// How long a key picture is waited for; some cameras refresh without any.
const fn key_wait(codec: Codec) -> Duration {
    match codec {
        // Its decoder withholds pictures until they are whole.
        Codec::H264 | Codec::Jpeg => Duration::from_secs(5),
        // This one invents what it does not have: grey is not looked at. Smart
        // codecs send a key picture in up to half a minute.
        Codec::H265 => Duration::from_secs(30),
    }
}

/// A session's end that units come from.
pub(super) struct RtspCamera {
    demuxed: Demuxed,
    stream: usize,
    address: String,
    size: PictureSize,
}

/// Connects, logs in, starts the video stream and waits for its first key picture.
pub(crate) async fn open(
    source: &CameraSource,
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
    let until = Instant::now() + key_wait(codec);
    // The parameters are those of the key picture, not of the session's
    // description, which may be out of date.
    let described = loop {
        let waited_enough = Instant::now() >= until;
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
    let camera = RtspCamera { demuxed, stream, address, size: described.size };
    Ok(Opened {
        size: described.size,
        codec_data: described.codec_data,
        pictures_per_s: described.pictures_per_s,
        first: unit(frame),
        codec,
        camera: Camera::Rtsp(Box::new(camera)),
    })
}

impl RtspCamera {
    /// The next unit, and whether its parameters are new. May be cancelled.
    pub(super) async fn next(&mut self) -> Result<(AccessUnit, bool), StreamError> {
        let frame = next_frame(&mut self.demuxed, &self.address).await?;
        let new_parameters = frame.has_new_parameters();
        if new_parameters
            && let Some(now) = describe(&self.demuxed, self.stream)
            && now.size != self.size
        {
            let to = format!("{}x{}", now.size.width, now.size.height);
            return Err(StreamError::SizeChanged { from: self.size, to });
        }
        Ok((unit(frame), new_parameters))
    }
}

async fn connect(source: &CameraSource) -> Result<(Demuxed, usize, Codec), StreamError> {
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
        after_loss: frame.loss() > 0,
        data: frame.into_data().into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_invents_pictures_is_not_begun_without_a_key_picture() {
        // A key picture each 10 s is usual, each 20 s is not unheard of.
        assert!(key_wait(Codec::H265) > Duration::from_secs(20));
        assert_eq!(key_wait(Codec::H264), Duration::from_secs(5));
    }
}
