//! Whether the program is alive, and whether it can do its work: from what was
//! observed to progress, not from the passing of time.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use safe_yolo_core::{BlindReason, CameraState};
use safe_yolo_pipeline::{CameraHandle, Status};
use safe_yolo_store::StoreState;
use serde_json::json;

use crate::app::{App, PartState};
use crate::progress::{LOOK, Observed};

/// How long the database may take to answer.
const STORE_WAIT: Duration = Duration::from_secs(1);

/// Looks at what every part has done.
fn look(app: &App) {
    let cameras = app.engine.cameras();
    let statuses: Vec<Status> = cameras.iter().map(CameraHandle::status).collect();
    let beats = cameras.iter().map(|camera| (camera.id().clone(), camera.beats())).collect();
    let seen = Observed { cameras: beats, outbox: app.outbox.activity(), ..Observed::default() };
    app.progress.observe(Instant::now(), seen.detector(&statuses));
}

/// Looks after the progress of all parts until the program ends.
pub(crate) async fn watch_progress(app: App) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = tick.tick() => {}
        }
        look(&app);
        for id in app.progress.stalls(Instant::now()).stuck {
            metrics::counter!("safe_yolo_server_stuck_camera_looks_total", "camera" => id.to_string())
                .increment(1);
        }
    }
}

/// How many cameras have pictures that are not analysed, or too late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unanalysed {
    pub(crate) failed: usize,
    pub(crate) late: usize,
}

impl Unanalysed {
    pub(crate) fn of(statuses: &[Status]) -> Self {
        let of = |reason| statuses.iter().filter(|s| s.reason == Some(reason)).count();
        Self { failed: of(BlindReason::DetectorFailed), late: of(BlindReason::AnalysisLate) }
    }

    pub(crate) const fn is_any(self) -> bool {
        self.failed + self.late > 0
    }
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
    let stalls = app.progress.stalls(Instant::now());
    let stuck = stalls.stuck.len();
    let statuses: Vec<Status> = app.registry.all().iter().map(|r| app.status(r)).collect();
    let live = statuses.iter().filter(|status| status.state == CameraState::Live).count();
    // One camera's trouble is that camera's; none analysed is the detector's.
    let detector = live > 0 || !Unanalysed::of(&statuses).is_any();
    let disk = app.disk_state.borrow().trouble().is_none();
    let escalation = *app.escalation_state.borrow() == PartState::Ok;
    let ready = store && disk && escalation && stuck == 0 && detector && stalls.hopeless.is_empty();
    let part = |works: bool| if works { "ok" } else { "failed" };
    let body = json!({
        "ready": ready,
        "store": part(store),
        "detector": part(detector),
        "disk": part(disk),
        "escalation": part(escalation),
        "stalled": stalls.hopeless,
        "cameras": {"state": part(stuck == 0), "total": statuses.len(), "live": live, "stuck": stuck},
    });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
