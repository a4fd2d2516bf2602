//! What proves alarms beside the picture: clips; and what nobody may see in any of it.

use std::sync::Arc;

use safe_yolo_core::event::SnapshotState;
use safe_yolo_core::{Event, Polygon};
use safe_yolo_media::picture::I420;
use safe_yolo_media::privacy::PrivacyMask;
use serde_json::json;

use super::Supervisor;
use crate::clips::{ClipJob, NoClip};
use crate::engine::Output;
use crate::shot::Shot;

impl Supervisor {
    /// Begins the clip of an alarm that this picture raised.
    pub(super) fn begin_clip(&mut self, event: &mut Event, shot: &Shot) {
        match self.clips.alarm(event.id, shot, &self.config.privacy_masks) {
            Ok(()) => event.clip = SnapshotState::Pending,
            Err(NoClip::NotMeant) => {}
            Err(NoClip::Busy) => {
                event.clip = SnapshotState::Failed;
                event.details.insert("clip".to_owned(), json!({"failed": "too_many_at_once"}));
            }
        }
    }

    /// Hands on clips that are complete.
    pub(super) fn see_to_clips(&mut self) {
        if !self.clips.is_gathering() {
            return;
        }
        let complete = self.clips.complete(&self.config.privacy_masks);
        self.hand_on(complete);
    }

    /// Ends the clips that are being gathered: what follows is no continuation.
    pub(super) fn end_clips(&mut self, why: &'static str) {
        let ended = self.clips.cut_off(why, &self.config.privacy_masks);
        self.hand_on(ended);
    }

    fn hand_on(&self, clips: Vec<ClipJob>) {
        for clip in clips {
            self.outlet.push(Output::Clip(Box::new(clip)));
        }
    }

    /// Blacks what nobody may see.
    pub(super) fn black(&mut self, picture: &mut I420) {
        let size = picture.size();
        if self.privacy.as_ref().is_none_or(|mask| mask.size() != size) {
            self.privacy = PrivacyMask::new(&self.config.privacy_masks, size);
        }
        if let Some(mask) = &self.privacy {
            mask.apply(picture);
        }
    }

    /// Other areas are not to be seen from now on: nothing of the pictures before is shown any more.
    pub(super) fn privacy_changed(&mut self, before: &[Polygon]) {
        self.clips.areas_changed(before, &self.config.privacy_masks);
        self.privacy = None;
        self.begin_era();
        self.forbid_older();
        if let Some(newest) = self.newest.take() {
            let mut picture = I420::clone(&newest.picture);
            self.black(&mut picture);
            let newest = Shot { era: self.era, picture: Arc::new(picture), ..newest };
            self.newest = Some(newest.clone());
            self.publish_unseen(&newest);
        }
    }
}
