//! Where the entries go that a live camera's judge is fed with, so that they can be judged again.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use safe_yolo_core::{CameraConfig, Class, SegmentId};
use safe_yolo_rules::Entry;

/// Takes what the judges of all cameras are told.
pub trait TrackSink: Send + Sync + Debug {
    /// A segment of this camera begins, judged by these settings.
    fn segment(
        &self,
        segment: SegmentId,
        config: &Arc<CameraConfig>,
        known: &BTreeSet<Class>,
    ) -> Box<dyn SegmentSink>;
}

/// Takes what the judge of one segment is told, in the same order. Dropped without an end when
/// the segment broke off. Nothing in it may wait: it is called before an alarm leaves.
pub trait SegmentSink: Send + Debug {
    /// The judge is fed with this.
    fn entry(&mut self, entry: &Entry<'_>);

    /// The segment is over.
    fn finish(self: Box<Self>, reason: &str);
}
