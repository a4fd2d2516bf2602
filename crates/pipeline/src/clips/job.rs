//! A clip that is ready to be written, and what is known of it then.

use std::collections::BTreeMap;
use std::path::Path;

use safe_yolo_core::{EventId, PictureTime, Utc};
use safe_yolo_media::clip::{ClipError, Cut, Written};
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::seen::{self, Seen};

/// An alarm that a clip proves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alarm {
    pub(super) event: EventId,
    pub(super) time: PictureTime,
}

/// A clip to be written; counts among its camera's until it is dropped.
#[derive(Debug)]
pub struct ClipJob {
    pub(super) alarms: Vec<Alarm>,
    /// None when the source sent nothing that decoding can start at.
    pub(super) cut: Option<Cut>,
    /// A time of the source's clock, and the same in the world's.
    pub(super) anchor: (PictureTime, Utc),
    pub(super) seen: BTreeMap<PictureTime, Seen>,
    pub(super) ended_early: Option<&'static str>,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What was written.
#[derive(Debug)]
pub struct Clip {
    written: Written,
    start_utc: Utc,
    ended_early: Option<&'static str>,
    alarms: Vec<Alarm>,
    /// The file of boxes.
    pub boxes: Vec<u8>,
}

impl ClipJob {
    /// The events that it proves; at least one.
    pub fn events(&self) -> impl Iterator<Item = EventId> + '_ {
        self.alarms.iter().map(|alarm| alarm.event)
    }

    /// Writes the clip to a file, which is overwritten; nothing is left of one that fails.
    ///
    /// # Errors
    /// When there is nothing to show, or it can't be written.
    pub async fn write(&self, to: &Path) -> Result<Clip, ClipError> {
        let cut = self.cut.as_ref().ok_or(ClipError::Empty)?;
        let written = cut.write(to).await?;
        let (time, utc) = self.anchor;
        let start_utc = utc.plus_micros(written.start.0 - time.0);
        let boxes = seen::file(&self.seen, (written.start, written.end), start_utc)
            .map_err(|error| ClipError::Child(format!("its boxes: {error}")))?;
        let alarms = self.alarms.clone();
        Ok(Clip { written, start_utc, ended_early: self.ended_early, alarms, boxes })
    }
}

impl Clip {
    /// What the event's `details.clip` says.
    #[must_use]
    pub fn facts(&self, event: EventId) -> Map<String, Value> {
        let Written { codec, encoded, start, end, bytes } = &self.written;
        let seconds =
            |from: PictureTime, to: PictureTime| (to.secs_since(from) * 1000.0).round() / 1000.0;
        let mut facts = Map::new();
        let mut put = |name: &str, value: Value| facts.insert(name.to_owned(), value);
        put("start", json!(self.start_utc));
        put("end", json!(self.start_utc.plus_micros(end.0 - start.0)));
        put("duration_s", json!(seconds(*start, *end)));
        put("codec", json!(codec));
        put("encoded", json!(encoded));
        put("bytes", json!(bytes));
        if let Some(alarm) = self.alarms.iter().find(|alarm| alarm.event == event) {
            put("before_s", json!(seconds(*start, alarm.time)));
        }
        if let Some(why) = self.ended_early {
            put("ended_early", json!(why));
        }
        facts
    }
}
