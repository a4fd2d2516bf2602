//! Versions of a camera's settings: who changed what when, and the way back.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::{CameraId, Utc};
use safe_yolo_store::{Author, CameraVersion, Change, Edit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cameras::{self, CameraBody};
use super::events::number;
use crate::app::App;
use crate::auth::Session;
use crate::extract::{Asked, BasedOn, Id, Tagged, Version};
use crate::problem::{Problem, ProblemBody};

const LIMIT: u32 = 20;
const LIMIT_MAX: u32 = 100;
/// Differences that a list tells of each version.
const CHANGES_LISTED: usize = 10;

/// Who made a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Author)]
pub(crate) struct AuthorBody {
    /// `user`, `site_file`, `command_line` or `start`.
    kind: &'static str,
    /// Of `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<&Author> for AuthorBody {
    fn from(by: &Author) -> Self {
        Self { kind: by.kind(), name: by.username().map(str::to_owned) }
    }
}

/// One difference from the version before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionChange)]
pub(crate) struct ChangeBody {
    /// Names of fields, ids of zones, names of rules: `["zones", "z-1", "rules", "fall", "dwell_s"]`.
    path: Vec<String>,
    /// The name of the zone that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// As it was; null if it was not there.
    before: serde_json::Value,
    /// As it is since; null if it is gone.
    after: serde_json::Value,
    /// It differs in something that is never shown, such as a password.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        let Change { path, zone, before, after, hidden } = change;
        Self { path, zone, before, after, hidden }
    }
}

/// A version of a camera's settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct VersionBody {
    version: u64,
    /// RFC 3339, UTC.
    #[schema(value_type = String)]
    at: Utc,
    by: AuthorBody,
    /// `added`, `changed`, `restored`, `deleted`, or `found`: it was there before versions were kept.
    action: &'static str,
    /// Of `restored`: the version whose zones were made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    restored: Option<u64>,
    /// How many differences there are; a list shows the first ten.
    change_count: usize,
    changes: Vec<ChangeBody>,
}

impl VersionBody {
    fn new(version: CameraVersion, changes_max: usize) -> Self {
        Self {
            version: version.version,
            at: version.at,
            by: AuthorBody::from(&version.by),
            action: version.deed.name(),
            restored: version.deed.restored(),
            change_count: version.changes.len(),
            changes: version.changes.into_iter().take(changes_max).map(Into::into).collect(),
        }
    }
}

/// Some versions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Versions {
    versions: Vec<VersionBody>,
}

/// A version with all settings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionDetail {
    #[serde(flatten)]
    version: VersionBody,
    /// Of the camera and its zones, without anything secret; `login` says whether there is one.
    #[schema(value_type = Object)]
    settings: serde_json::Value,
}

/// Which versions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// Older than this one.
    #[param(value_type = Option<u64>)]
    before: Option<String>,
    /// At most so many, 1 to 100; 20 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Versions of a camera, newest first; those of a deleted one stay.
#[utoipa::path(
    get, path = "/api/cameras/{id}/versions", tag = "cameras",
    params(("id" = String, Path, description = "The camera"), VersionQuery),
    responses(
        (status = 200, body = Versions),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Id(id): Id<CameraId>,
    Asked(query): Asked<VersionQuery>,
) -> Result<Json<Versions>, Problem> {
    let before = query.before.map(|text| number("before", &text)).transpose()?;
    let limit = query.limit.map(|text| number("limit", &text)).transpose()?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is {limit}: it must be 1 to {LIMIT_MAX}")));
    }
    let versions = app.store.camera_versions(&id, before, limit).await?;
    // Without `before` there is always one.
    if versions.is_empty() && before.is_none() {
        return Err(Problem::not_found("camera", id.as_str()));
    }
    let body = |version| VersionBody::new(version, CHANGES_LISTED);
    Ok(Json(Versions { versions: versions.into_iter().map(body).collect() }))
}

/// One version: its settings, and all that differs from the one before.
#[utoipa::path(
    get, path = "/api/cameras/{id}/versions/{version}", tag = "cameras",
    params(("id" = String, Path, description = "The camera"), ("version" = u64, Path, description = "Its number")),
    responses(
        (status = 200, body = VersionDetail),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Version(id, version): Version<CameraId>,
) -> Result<Json<VersionDetail>, Problem> {
    let found = app.version(&id, version).await?;
    let version = VersionBody::new(found.version, usize::MAX);
    Ok(Json(VersionDetail { version, settings: found.settings }))
}

/// Makes zones and rules as they were in a version, as a new version. Other settings stay.
#[utoipa::path(
    post, path = "/api/cameras/{id}/versions/{version}/restore", tag = "cameras",
    params(
        ("id" = String, Path, description = "The camera"),
        ("version" = u64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on"),
    ),
    responses(
        (status = 200, body = CameraBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn restore(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Version(id, version): Version<CameraId>,
) -> Result<Tagged<CameraBody>, Problem> {
    let edit = Edit::by_user(&session.user.username, based_on);
    let record = app.restore_zones(edit, id, version).await?;
    Ok(cameras::tagged(&app, &record))
}
