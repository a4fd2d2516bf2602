//! Faults of the whole program told to the world: a `system` event while the
//! detector is down, and one while the store takes no changes.

use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Event, EventChange, Message};
use safe_yolo_infer::{Analyser, DetectorState};
use safe_yolo_store::StoreState;
use serde_json::json;

use crate::app::App;
use crate::system_event::{ended, system_event};

/// A store that fails for a moment only has its say in the log.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

/// A fault that lasts is one event.
#[derive(Default)]
pub(crate) struct Fault {
    open: Option<Event>,
}

impl Fault {
    pub(crate) async fn begin(&mut self, app: &App, part: &str, message: Message, detail: String) {
        if self.open.is_none() {
            let event = system_event(None, message, json!({"part": part, "detail": detail}));
            self.open = Some(event.clone());
            app.submit(EventChange { kind: ChangeKind::Raised, event }).await;
        }
    }

    pub(crate) async fn end(&mut self, app: &App, reason: &str) {
        if let Some(event) = self.open.take() {
            app.submit(ended(event, reason)).await;
        }
    }
}

/// Follows the detector until the program ends. Each camera says for itself
/// that it is blind; this says why all of them are.
pub(crate) async fn watch_detector(app: App, detector: Arc<dyn Analyser>) {
    let mut state = detector.state();
    let mut fault = Fault::default();
    loop {
        let now = state.borrow_and_update().clone();
        match now {
            DetectorState::Down(detail) => {
                let message = Message {
                    ko: "분석기 중단, 다시 시작하는 중: 모든 카메라 감시 불가".to_owned(),
                    en: "the detector is down and being restarted: no camera is watched".to_owned(),
                };
                fault.begin(&app, "detector", message, detail).await;
            }
            DetectorState::Ready => fault.end(&app, "recovered").await,
        }
        tokio::select! {
            () = app.closing.cancelled() => break,
            Ok(()) = state.changed() => {}
            // A detector without news stays as it is.
            else => break,
        }
    }
    fault.end(&app, "shutdown").await;
}

/// Follows the store until the program ends. The event itself waits in the
/// journal, and is announced as not recorded like any alarm.
pub(crate) async fn watch_store(app: App) {
    let mut state = app.outbox.state();
    let mut fault = Fault::default();
    let is_ok = |state: &StoreState| *state == StoreState::Ok;
    loop {
        tokio::select! {
            () = app.closing.cancelled() => break,
            failed = state.wait_for(|state| !is_ok(state)) => if failed.is_err() { break },
        }
        if tokio::time::timeout(STORE_PATIENCE, state.wait_for(is_ok)).await.is_ok() {
            continue;
        }
        let now = state.borrow().clone();
        if let StoreState::Failed(detail) = now {
            let message = Message {
                ko: "이벤트를 저장할 수 없음: 경보는 임시 저장 후 복구됨".to_owned(),
                en: "events can't be stored: alarms are kept aside until they can".to_owned(),
            };
            fault.begin(&app, "store", message, detail).await;
        }
        tokio::select! {
            () = app.closing.cancelled() => break,
            ok = state.wait_for(is_ok) => if ok.is_err() { break },
        }
        fault.end(&app, "recovered").await;
    }
    fault.end(&app, "shutdown").await;
}
