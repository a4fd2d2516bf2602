//! Incidents as files that prove themselves.

use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Session;
use crate::case::{Asked, export, prepare};
use crate::extract::{Body, Id, IncidentId};
use crate::problem::{Code, Problem, ProblemBody};

/// Most characters of a reason.
const REASON_CHARS_MAX: usize = 1000;

/// What is wanted, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportCase {
    /// Pictures and clips as they were stored, with faces: needs a right of its own.
    #[serde(default)]
    original: bool,
    /// Why; noted in the audit and in the case.
    reason: String,
}

/// Exports an incident as a ZIP: report, pictures, clips, hashes, signature.
#[utoipa::path(
    post, path = "/api/incidents/{id}/export", tag = "incidents",
    params(("id" = String, Path, description = "The incident")),
    request_body = ExportCase,
    responses(
        (status = 200, content_type = "application/zip", description = "The case", body = Vec<u8>),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export_case(
    State(app): State<App>,
    session: Session,
    Id(IncidentId(incident)): Id<IncidentId>,
    Body(body): Body<ExportCase>,
) -> Result<Response, Problem> {
    let by = session.user.username.clone();
    let (reason, original) = (body.reason.trim().to_owned(), body.original);
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        let found = reason.chars().count();
        let detail = format!(
            "reason has {found} characters: say in 1 to {REASON_CHARS_MAX} why the case is exported"
        );
        return Err(Problem::invalid(detail));
    }
    if original {
        session.require_originals(&app, &incident.to_string()).await?;
    }
    let asked = Asked { incident, by: by.clone(), reason: reason.clone(), original };
    let case = export(&app, asked).await?;
    let kind = if original { "original" } else { "blurred" };
    app.audit.note(&by, "case.export", &incident.to_string(), &format!("{kind}: {reason}")).await;
    let name = format!("attachment; filename=\"case-{incident}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Answer::from_stream(case)).into_response())
}

/// Makes people in an incident's clips unrecognisable ahead: asked for when an export is begun with, so that
/// the case is there at once. Answers before it is done.
#[utoipa::path(
    post, path = "/api/incidents/{id}/export/prepare", tag = "incidents",
    params(("id" = String, Path, description = "The incident")),
    responses(
        (status = 204, description = "It is being prepared"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn prepare_case(
    State(app): State<App>,
    Id(IncidentId(incident)): Id<IncidentId>,
) -> Result<StatusCode, Problem> {
    prepare(&app, incident).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Session {
    /// Whether this user may have pictures as they were taken: a right beside the role.
    pub(super) async fn require_originals(&self, app: &App, target: &str) -> Result<(), Problem> {
        if app.store.may_export_originals(&self.user.username).await? {
            return Ok(());
        }
        app.audit.note(&self.user.username, "originals.refused", target, "no right to them").await;
        let detail = format!(
            "'{}' may not export originals: export a case without them, or ask somebody who has the right",
            self.user.username
        );
        Err(Problem::new(Code::Forbidden, detail))
    }
}
