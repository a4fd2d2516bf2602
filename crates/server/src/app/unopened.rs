//! Cameras whose source can't even be looked at: their file is gone, or their
//! address names what is not set. They stay on every screen as OFFLINE and are
//! tried again; a `system` event lasts meanwhile, as for any blind camera.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    BlindReason, CameraConfig, CameraId, CameraState, Event, EventChange, Message,
};
use safe_yolo_media::source::SourceError;
use serde_json::json;

use super::App;
use crate::system_event::{ended, system_event};

/// Time between two tries.
const RETRY: Duration = Duration::from_secs(5);

/// The event of each such camera; as many as are configured at most.
#[derive(Debug, Default)]
pub(crate) struct Unopened {
    events: Mutex<BTreeMap<CameraId, Event>>,
}

impl Unopened {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CameraId, Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this camera waits for its source.
    pub(crate) fn has(&self, id: &CameraId) -> bool {
        self.lock().contains_key(id)
    }

    fn ids(&self) -> Vec<CameraId> {
        self.lock().keys().cloned().collect()
    }
}

impl App {
    /// The camera's source can't be looked at.
    pub(super) async fn note_unopened(&self, config: &CameraConfig, error: &SourceError) {
        if self.unopened.has(&config.id) {
            return;
        }
        tracing::warn!(camera = %config.id, %error, "a camera's source can't be opened; it is tried again");
        let message = Message {
            ko: format!("{}: 감시 불가 (영상 원본을 찾을 수 없음)", config.name),
            en: format!("{}: not watching (the source is not there)", config.name),
        };
        let details = json!({"state": CameraState::Offline, "reason": BlindReason::NotFound});
        let event = system_event(Some(config), message, details);
        self.unopened.lock().insert(config.id.clone(), event.clone());
        self.submit(EventChange { kind: ChangeKind::Raised, event }).await;
    }

    /// The camera's source can be looked at again, or nobody asks any more.
    pub(super) async fn note_opened(&self, id: &CameraId, reason: &str) {
        let event = self.unopened.lock().remove(id);
        if let Some(event) = event {
            self.submit(ended(event, reason)).await;
        }
    }

    /// Ends what is open, at the end of the program.
    pub(crate) async fn close_unopened(&self) {
        for id in self.unopened.ids() {
            self.note_opened(&id, "shutdown").await;
        }
    }

    /// Tries them again and again until the program ends.
    pub(crate) async fn retry_unopened(self) {
        let mut tick = tokio::time::interval(RETRY);
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                _ = tick.tick() => {}
            }
            for id in self.unopened.ids() {
                self.retry(&id).await;
            }
        }
    }

    /// Hands a change to the store; too many waiting is logged and counted there.
    pub(crate) async fn submit(&self, change: EventChange) {
        if let Err(error) = self.outbox.submit(change).await {
            tracing::error!(%error, "a system event was lost");
        }
    }
}
