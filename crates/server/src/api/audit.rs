//! Who did what, for administrators.

use axum::Json;
use axum::extract::State;
use safe_yolo_store::{AuditEntry, AuditFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::number;
use crate::app::App;
use crate::extract::Asked;
use crate::problem::{Problem, ProblemBody};

const LIMIT: u32 = 100;

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this user, or this part of the system.
    who: Option<String>,
    /// Of this action, such as `evidence.view`.
    action: Option<String>,
    /// With a smaller `number`, to page.
    #[param(value_type = Option<i64>)]
    before: Option<String>,
    /// At most so many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Entries of the audit, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audit {
    entries: Vec<AuditLine>,
}

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLine {
    number: i64,
    /// RFC 3339, UTC.
    at: String,
    /// Which user, or which part of the system.
    who: String,
    action: String,
    /// To what, most often an id.
    target: String,
    detail: String,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { number, at, who, action, target, detail } = entry;
        Self { number, at: at.to_string(), who, action, target, detail }
    }
}

/// Who did what, newest first.
#[utoipa::path(
    get, path = "/api/audit", tag = "system", params(AuditQuery),
    responses(
        (status = 200, body = Audit),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<Audit>, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let limit = given(query.limit).map(|text| number("limit", &text)).transpose()?.unwrap_or(LIMIT);
    if !(1..=AuditFilter::LIMIT_MAX).contains(&limit) {
        let max = AuditFilter::LIMIT_MAX;
        return Err(Problem::invalid(format!("limit is {limit}: it must lie between 1 and {max}")));
    }
    let filter = AuditFilter {
        before: given(query.before).map(|text| number("before", &text)).transpose()?,
        who: given(query.who),
        action: given(query.action),
        limit,
    };
    let entries = app.store.audit_page(&filter).await?;
    Ok(Json(Audit { entries: entries.into_iter().map(AuditLine::from).collect() }))
}
