//! The system as a whole: what is loaded, and what works.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::CameraState;
use safe_yolo_pipeline::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, Model, PartState};
use crate::health::detector_failure;
use crate::problem::{Problem, ProblemBody};

/// A part of the system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Part {
    /// `ok` or `failed`.
    state: &'static str,
    /// Why it failed.
    detail: Option<String>,
}

impl From<PartState> for Part {
    fn from(state: PartState) -> Self {
        match state {
            PartState::Ok => Self { state: "ok", detail: None },
            PartState::Failed(detail) => Self { state: "failed", detail: Some(detail) },
        }
    }
}

/// The disk of the evidence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiskPart {
    /// `enough`; `low`: the oldest evidence is removed; `no_clips`; `no_pictures`: events are
    /// recorded all the same. Null before the first look.
    level: Option<&'static str>,
    /// Bytes that may still be written.
    free_bytes: Option<u64>,
    /// Bytes that are kept free by removing old evidence.
    free_bytes_min: Option<u64>,
    /// Bytes of all evidence.
    evidence_bytes: u64,
    /// What is wrong.
    detail: Option<String>,
}

impl DiskPart {
    fn of(app: &App) -> Self {
        let disk = app.disk_state.borrow().clone();
        Self {
            level: disk.space.map(|(_, level)| level.name()),
            free_bytes: disk.space.map(|(space, _)| space.free),
            free_bytes_min: disk.space.map(|(space, _)| space.floor()),
            evidence_bytes: app.evidence.bytes(),
            detail: disk.trouble(),
        }
    }
}

/// How many cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraCount {
    total: usize,
    live: usize,
}

/// The system as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct System {
    version: &'static str,
    model: Model,
    store: Part,
    evidence: Part,
    detector: Part,
    /// Whether mutes end in time and what nobody acknowledges is escalated.
    escalation: Part,
    /// The disk of the evidence.
    disk: DiskPart,
    cameras: CameraCount,
    /// Of all cameras together.
    analysed_per_s: f64,
    /// Alarms that wait; null while the database does not answer.
    unacknowledged: Option<u64>,
    /// The newest change.
    seq: i64,
    /// The public key (Ed25519) that exported cases are signed with, 64 digits.
    key: String,
}

/// What is loaded, and what works.
#[utoipa::path(
    get, path = "/api/system", tag = "system",
    responses(
        (status = 200, body = System),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn system(State(app): State<App>) -> Result<Json<System>, Problem> {
    let statuses: Vec<Status> = app.registry.all().iter().map(|r| app.status(r)).collect();
    let mut store = PartState::from(&*app.outbox.state().borrow());
    // A store that fails is told, and is no reason to tell nothing else.
    let unacknowledged = match app.store.unacknowledged_count().await {
        Ok(count) => Some(count),
        Err(error) => {
            store = PartState::Failed(error.to_string());
            None
        }
    };
    let evidence = app.evidence_state.borrow().clone();
    let escalation = app.escalation_state.borrow().clone();
    let detector = detector_failure(&statuses).map_or(PartState::Ok, PartState::Failed);
    let analysed: f64 = statuses.iter().map(|status| status.analysed_per_s).sum();
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION"),
        model: app.model.clone(),
        store: store.into(),
        evidence: evidence.into(),
        detector: detector.into(),
        escalation: escalation.into(),
        disk: DiskPart::of(&app),
        cameras: CameraCount {
            total: statuses.len(),
            live: statuses.iter().filter(|s| s.state == CameraState::Live).count(),
        },
        analysed_per_s: (analysed * 10.0).round() / 10.0,
        unacknowledged,
        seq: *app.store.subscribe_seq().borrow(),
        key: app.key.public().to_string(),
    }))
}
