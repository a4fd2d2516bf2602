//! What the server and a detector in another process say to each other.
//!
//! A connection carries frames: a little-endian `u32` length and so many bytes
//! of JSON. The worker speaks first ([`FromWorker::Ready`] or
//! [`FromWorker::Refused`]); then each [`ToWorker::Analyse`] is answered by one
//! [`FromWorker::Answer`] of the same number, in any order. Whoever reads the
//! end of the connection ends. Where a picture lies is part of the message, so
//! that a worker on another machine can be sent its bytes.

use std::io::{self, Read, Write};

use safe_yolo_core::{Detection, PictureSize};
use safe_yolo_media::picture::Colours;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ModelInfo;
use crate::plan::Plan;

/// Both sides must agree on this number.
pub const VERSION: u32 = 4;
/// The longest frame, bytes: 32 pictures full of boxes stay far below.
const FRAME_LEN_MAX: u32 = 16 << 20;

/// From the server to the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// Analyse these pictures, if possible in one call of the model.
    Analyse {
        /// Told again in the answer.
        id: u64,
        /// Lowest score of a box that is reported.
        min_score: f32,
        /// The pictures.
        pictures: Vec<PictureRef>,
    },
}

/// One picture: YUV 4:2:0, planes one after the other. It is handed over in its
/// own size, or in its size inside the model's input, where that is much less to
/// move: boxes are told in pixels of its own size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureRef {
    /// Its own size, pixels.
    pub source: PictureSize,
    /// The size in which it is handed over, pixels.
    pub size: PictureSize,
    /// What its numbers mean.
    pub colours: Colours,
    /// Where its bytes are.
    pub place: Place,
}

/// Where the bytes of a picture are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In this slot of the shared memory; it is the worker's until it answers.
    Slot(usize),
}

/// From the worker to the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The model is loaded.
    Ready {
        /// [`VERSION`] of the worker.
        version: u32,
        /// What the model is.
        model: Box<ModelInfo>,
        /// How it is run.
        plan: Plan,
    },
    /// The model can't be used; the worker ends.
    Refused {
        /// Why, with the way out.
        detail: String,
    },
    /// What became of the pictures of a request, in its order.
    Answer {
        /// The number of the request.
        id: u64,
        /// One for each picture.
        outcomes: Vec<Outcome>,
        /// How long the worker took, microseconds.
        took_us: u64,
    },
}

/// What became of one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was looked at; this was there, pixels of the picture.
    Found(Vec<Detection>),
    /// Looking at it failed.
    Failed(String),
}

/// Writes one message; the writer should be buffered or take large writes.
///
/// # Errors
/// When the connection breaks, or the message is too long.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = u32::try_from(frame.len() - 4).ok().filter(|length| *length <= FRAME_LEN_MAX);
    let length = length.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "a message is longer than a frame may be")
    })?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    to.write_all(&frame)?;
    to.flush()
}

/// Reads one message; none at the end of the connection.
///
/// # Errors
/// When the connection breaks or something else than a message comes.
pub fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_LEN_MAX {
        let detail = format!("a frame of {length} bytes: at most {FRAME_LEN_MAX} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
    }
    let mut frame = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut frame)?;
    if frame.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&frame)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use safe_yolo_core::{Class, PixelBox};

    #[test]
    fn numbers_survive_to_the_last_bit() {
        let score = f32::from_bits(0x3e99_999b);
        let bbox = PixelBox::new(0.1, 1.0 / 3.0, 639.999_94, 1e-7);
        let outcomes = vec![
            Outcome::Found(vec![Detection { class: Class::NoHelmet, score, bbox }]),
            Outcome::Failed("it broke".into()),
        ];
        let message = FromWorker::Answer { id: u64::MAX, outcomes, took_us: 9 };
        let mut wire = Vec::new();
        send(&mut wire, &message).unwrap();
        send(&mut wire, &message).unwrap();
        let mut wire = wire.as_slice();
        assert_eq!(receive::<FromWorker>(&mut wire).unwrap().as_ref(), Some(&message));
        assert_eq!(receive::<FromWorker>(&mut wire).unwrap(), Some(message));
        assert_eq!(receive::<FromWorker>(&mut wire).unwrap(), None);
    }

    #[test]
    fn a_box_that_is_no_number_is_no_box() {
        let text = r#"{"type":"answer","id":1,"took_us":1,"outcomes":[{"found":[{"class":"person","score":null,"box":[0,0,1,1]}]}]}"#;
        let mut wire = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
        wire.extend(text.bytes());
        assert!(receive::<FromWorker>(&mut wire.as_slice()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            drop(receive::<FromWorker>(&mut bytes.as_slice()));
            drop(receive::<ToWorker>(&mut bytes.as_slice()));
        }
    }
}
