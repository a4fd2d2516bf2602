//! The system as a whole: what is loaded, and what works.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::CameraState;
use safe_yolo_pipeline::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, Model, PartState};
use crate::health::Unanalysed;
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

/// What analyses pictures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetectorPart {
    /// `ok`; `late`: some cameras are analysed too late to be relied on; `failed`: some are not.
    state: &'static str,
    /// What it can't do.
    detail: Option<String>,
    /// Cameras whose pictures are there and can't be analysed.
    cameras_failed: usize,
    /// Cameras whose pictures are analysed too late.
    cameras_late: usize,
}

impl From<Unanalysed> for DetectorPart {
    fn from(Unanalysed { failed, late }: Unanalysed) -> Self {
        let said = [(failed, "can't be analysed"), (late, "are analysed too late")];
        let said = said.into_iter().filter(|(cameras, _)| *cameras > 0);
        let said: Vec<_> =
            said.map(|(cameras, what)| format!("{cameras} cameras {what}")).collect();
        let state = match (failed, late) {
            (0, 0) => "ok",
            (0, _) => "late",
            _ => "failed",
        };
        let detail = (!said.is_empty()).then(|| said.join(", "));
        Self { state, detail, cameras_failed: failed, cameras_late: late }
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
    detector: DetectorPart,
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
    let analysed: f64 = statuses.iter().map(|status| status.analysed_per_s).sum();
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION"),
        model: app.model.clone(),
        store: store.into(),
        evidence: evidence.into(),
        detector: Unanalysed::of(&statuses).into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_that_is_late_has_not_failed_and_says_only_what_it_cannot_do() {
        for (failed, late, state, detail) in [
            (0, 0, "ok", None),
            (0, 2, "late", Some("2 cameras are analysed too late")),
            (1, 0, "failed", Some("1 cameras can't be analysed")),
            (1, 2, "failed", Some("1 cameras can't be analysed, 2 cameras are analysed too late")),
        ] {
            let part = DetectorPart::from(Unanalysed { failed, late });
            assert_eq!((part.state, part.detail.as_deref()), (state, detail));
            assert_eq!((part.cameras_failed, part.cameras_late), (failed, late));
        }
    }
}
