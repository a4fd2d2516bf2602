//! Whether the program is alive, and whether it can do its work: from what was
//! observed to progress, not from the passing of time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use safe_yolo_core::{BlindReason, CameraId, CameraState};
use safe_yolo_pipeline::{CameraHandle, Status};
use safe_yolo_store::StoreState;
use serde_json::json;
use tokio::sync::watch;

use crate::app::App;

/// How often cameras are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// A camera's task that tells nothing for this long is stuck; it tells its
/// figures four times a second.
const STUCK_AFTER: Duration = Duration::from_secs(3);
/// How long the database may take to answer.
const STORE_WAIT: Duration = Duration::from_secs(1);

struct Seen {
    status: watch::Receiver<Status>,
    at: Instant,
}

/// When each camera's task last told its figures. Cameras that are gone leave.
#[derive(Default)]
pub(crate) struct Progress {
    seen: Mutex<BTreeMap<CameraId, Seen>>,
}

impl Progress {
    fn look(&self, cameras: &[CameraHandle], now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|id, _| cameras.iter().any(|camera| camera.id() == id));
        for camera in cameras {
            let known = seen
                .entry(camera.id().clone())
                .or_insert_with(|| Seen { status: camera.watch_status(), at: now });
            match known.status.has_changed() {
                Ok(true) => {
                    known.status.mark_unchanged();
                    known.at = now;
                }
                Ok(false) => {}
                // The camera was started anew, or its task is dead and stays so.
                Err(_ended) => {
                    let status = camera.watch_status();
                    if status.has_changed().is_ok() {
                        *known = Seen { status, at: now };
                    }
                }
            }
        }
    }

    fn stuck(&self, now: Instant) -> Vec<CameraId> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stuck =
            |(_, seen): &(&CameraId, &Seen)| now.saturating_duration_since(seen.at) > STUCK_AFTER;
        seen.iter().filter(is_stuck).map(|(id, _)| id.clone()).collect()
    }
}

/// Looks after the cameras' progress until the program ends.
pub(crate) async fn watch_progress(app: App) {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = tick.tick() => {}
        }
        app.progress.look(&app.engine.cameras(), Instant::now());
        for id in app.progress.stuck(Instant::now()) {
            metrics::counter!("safe_yolo_server_stuck_camera_looks_total", "camera" => id.to_string())
                .increment(1);
        }
    }
}

/// Whether pictures are analysed where they are there to be.
pub(crate) fn detector_failure(statuses: &[Status]) -> Option<String> {
    let of = |reason| statuses.iter().filter(|s| s.reason == Some(reason)).count();
    let (failed, late) = (of(BlindReason::DetectorFailed), of(BlindReason::AnalysisLate));
    (failed + late > 0).then(|| {
        format!("{failed} cameras whose pictures can't be analysed, {late} analysed too late")
    })
}

/// `GET /healthz`: the program runs and answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the program can do its work.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let store = match tokio::time::timeout(STORE_WAIT, app.store.newest_seq()).await {
        Ok(Ok(_)) => *app.outbox.state().borrow() == StoreState::Ok,
        Ok(Err(_)) | Err(_) => false,
    };
    let stuck = app.progress.stuck(Instant::now()).len();
    let statuses: Vec<Status> = app.registry.all().iter().map(|r| app.status(r)).collect();
    let live = statuses.iter().filter(|status| status.state == CameraState::Live).count();
    // One camera's trouble is that camera's; none analysed is the detector's.
    let detector = live > 0 || detector_failure(&statuses).is_none();
    let ready = store && stuck == 0 && detector;
    let part = |works: bool| if works { "ok" } else { "failed" };
    let body = json!({
        "ready": ready,
        "store": part(store),
        "detector": part(detector),
        "cameras": {"state": part(stuck == 0), "total": statuses.len(), "live": live, "stuck": stuck},
    });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
