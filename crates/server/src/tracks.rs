//! The log of tracks, as the engine fills it.

use std::collections::BTreeSet;
use std::sync::Arc;

use safe_yolo_core::{CameraConfig, Class, SegmentId};
use safe_yolo_pipeline::{SegmentSink, TrackSink};
use safe_yolo_rules::Entry;
use safe_yolo_tracklog::{SegmentLog, TrackLog};

/// Hands what the rules of a camera are told to the log.
#[derive(Debug)]
pub(crate) struct Tracks(pub(crate) TrackLog);

#[derive(Debug)]
struct SegmentTracks(SegmentLog);

impl TrackSink for Tracks {
    fn segment(
        &self,
        segment: SegmentId,
        config: &Arc<CameraConfig>,
        known: &BTreeSet<Class>,
    ) -> Box<dyn SegmentSink> {
        Box::new(SegmentTracks(self.0.segment(segment, config, known.clone())))
    }
}

impl SegmentSink for SegmentTracks {
    fn entry(&mut self, entry: &Entry<'_>) {
        self.0.entry(entry);
    }

    fn finish(self: Box<Self>, reason: &str) {
        self.0.finish(reason);
    }
}
