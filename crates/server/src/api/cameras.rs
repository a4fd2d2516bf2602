//! Cameras: listing, changing, testing and commanding them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use safe_yolo_core::{Calibration, CameraId, Polygon};
use safe_yolo_pipeline::{Command, Status};
use safe_yolo_rules::Judge;
use safe_yolo_store::{CameraRecord, Edit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::picture::{self, TestPicture};
use super::schema;
use super::zones::ZoneBody;
use crate::app::{App, CameraEdit, NewCameraInput, kind};
use crate::auth::Session;
use crate::extract::{BasedOn, Body, Id, Secret, Tagged, given};
use crate::problem::{Problem, ProblemBody};

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Camera)]
pub(crate) struct CameraBody {
    #[schema(value_type = String)]
    id: CameraId,
    name: String,
    /// Never holds a password.
    source: String,
    /// `file`, `rtsp` or `sim`.
    kind: &'static str,
    enabled: bool,
    repeat: bool,
    analysis_rate_max: f64,
    /// Areas in which nobody and nothing is seen, as outlines of zones.
    #[schema(value_type = Vec<Vec<[f64; 2]>>)]
    masks: Vec<Polygon>,
    /// Areas that nobody may see: they are black in every picture and clip.
    #[schema(value_type = Vec<Vec<[f64; 2]>>)]
    privacy_masks: Vec<Polygon>,
    /// How long a metre is where; null while that is not known.
    #[schema(value_type = Option<schema::Calibration>)]
    calibration: Option<Calibration>,
    /// Grows with each change to the camera or its zones.
    version: u64,
    zones: Vec<ZoneBody>,
    #[schema(value_type = schema::Status)]
    status: Status,
}

/// All cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cameras {
    cameras: Vec<CameraBody>,
}

/// A camera to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCamera {
    name: String,
    /// A path in an allowed folder, `rtsp://…`, `http://…`, `usb:///dev/video0` or `sim://…`.
    source: String,
    username: Option<String>,
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password: Option<Secret>,
    repeat: Option<bool>,
    analysis_rate_max: Option<f64>,
    #[schema(value_type = Option<Vec<Vec<[f64; 2]>>>)]
    masks: Option<Vec<Polygon>>,
    #[schema(value_type = Option<Vec<Vec<[f64; 2]>>>)]
    privacy_masks: Option<Vec<Polygon>>,
    #[schema(value_type = Option<schema::Calibration>)]
    calibration: Option<Calibration>,
    enabled: Option<bool>,
}

/// What to change; what is left out stays. An empty user name forgets the login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraChange {
    name: Option<String>,
    source: Option<String>,
    username: Option<String>,
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password: Option<Secret>,
    repeat: Option<bool>,
    analysis_rate_max: Option<f64>,
    #[schema(value_type = Option<Vec<Vec<[f64; 2]>>>)]
    masks: Option<Vec<Polygon>>,
    #[schema(value_type = Option<Vec<Vec<[f64; 2]>>>)]
    privacy_masks: Option<Vec<Polygon>>,
    /// Null to forget it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<schema::Calibration>)]
    calibration: Option<Option<Calibration>>,
    enabled: Option<bool>,
}

/// A source to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestSource {
    source: String,
    username: Option<String>,
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password: Option<Secret>,
}

/// What to ask of a camera.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    Play,
    Pause,
    Stop,
    Seek,
}

/// A command to a camera.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandBody {
    action: Action,
    /// Where to go, of `seek`.
    position_ms: Option<i64>,
}

fn body(app: &App, record: &CameraRecord) -> CameraBody {
    let config = &record.config;
    CameraBody {
        id: config.id.clone(),
        name: config.name.clone(),
        source: app.shown_source(record),
        kind: kind(&config.source),
        enabled: config.enabled,
        repeat: config.repeat,
        analysis_rate_max: config.analysis_rate_max,
        masks: config.masks.clone(),
        privacy_masks: config.privacy_masks.clone(),
        calibration: config.calibration.clone(),
        version: config.version,
        zones: config.zones.iter().map(|zone| ZoneBody::new(config, zone)).collect(),
        status: app.status(record),
    }
}

/// A camera with its version as tag.
pub(super) fn tagged(app: &App, record: &CameraRecord) -> Tagged<CameraBody> {
    Tagged(record.config.version, body(app, record))
}

/// All cameras.
#[utoipa::path(
    get, path = "/api/cameras", tag = "cameras",
    responses(
        (status = 200, body = Cameras),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>) -> Json<Cameras> {
    let cameras = app.registry.all().iter().map(|record| body(&app, record)).collect();
    Json(Cameras { cameras })
}

/// Adds a camera.
#[utoipa::path(
    post, path = "/api/cameras", tag = "cameras", request_body = NewCamera,
    responses(
        (status = 201, body = CameraBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    session: Session,
    Body(new): Body<NewCamera>,
) -> Result<(StatusCode, Tagged<CameraBody>), Problem> {
    let input = NewCameraInput {
        name: new.name,
        source: new.source,
        username: new.username,
        password: new.password,
        enabled: new.enabled,
        repeat: new.repeat,
        analysis_rate_max: new.analysis_rate_max,
        masks: new.masks,
        privacy_masks: new.privacy_masks,
        calibration: new.calibration,
    };
    let record = app.add_camera(&session.user, input).await?;
    Ok((StatusCode::CREATED, tagged(&app, &record)))
}

/// One camera.
#[utoipa::path(
    get, path = "/api/cameras/{id}", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 200, body = CameraBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Id(id): Id<CameraId>,
) -> Result<Tagged<CameraBody>, Problem> {
    Ok(tagged(&app, app.known(&id)?.as_ref()))
}

/// Changes a camera.
#[utoipa::path(
    patch, path = "/api/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "The camera"), ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on")),
    request_body = CameraChange,
    responses(
        (status = 200, body = CameraBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Id(id): Id<CameraId>,
    Body(change): Body<CameraChange>,
) -> Result<Tagged<CameraBody>, Problem> {
    let change = CameraEdit {
        name: change.name,
        source: change.source,
        username: change.username,
        password: change.password,
        enabled: change.enabled,
        repeat: change.repeat,
        analysis_rate_max: change.analysis_rate_max,
        masks: change.masks,
        privacy_masks: change.privacy_masks,
        calibration: change.calibration,
    };
    let edit = Edit::by_user(&session.user.username, based_on);
    let record = app.update_camera(edit, id, change).await?;
    Ok(tagged(&app, &record))
}

/// Deletes a camera; its events stay.
#[utoipa::path(
    delete, path = "/api/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "The camera"), ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Id(id): Id<CameraId>,
) -> Result<StatusCode, Problem> {
    app.remove_camera(Edit::by_user(&session.user.username, based_on), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a source and shows its first picture.
#[utoipa::path(
    post, path = "/api/cameras/test", tag = "cameras", request_body = TestSource,
    responses(
        (status = 200, body = TestPicture),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn test(
    State(app): State<App>,
    session: Session,
    Body(test): Body<TestSource>,
) -> Result<Json<TestPicture>, Problem> {
    let (source, picture) = picture::test(&app, &test.source, test.username, test.password).await?;
    // Without privacy masks, as they belong to a camera and this is none yet.
    app.audit.note(&session.user.username, "camera.test", &source, "a picture was shown").await;
    Ok(Json(picture))
}

/// A camera's state and figures.
#[utoipa::path(
    get, path = "/api/cameras/{id}/status", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 200, body = schema::Status),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn status(
    State(app): State<App>,
    Id(id): Id<CameraId>,
) -> Result<Json<Status>, Problem> {
    Ok(Json(app.status(app.known(&id)?.as_ref())))
}

/// A camera's newest picture.
#[utoipa::path(
    get, path = "/api/cameras/{id}/picture", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 200, content_type = "image/jpeg", description = "The picture", body = Vec<u8>),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn picture(
    State(app): State<App>,
    Id(id): Id<CameraId>,
) -> Result<Response, Problem> {
    let record = app.known(&id)?;
    let jpeg = picture::newest(&app, &record).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response())
}

/// Plays, pauses, stops or seeks a file, for everybody.
#[utoipa::path(
    post, path = "/api/cameras/{id}/command", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    request_body = CommandBody,
    responses(
        (status = 200, body = schema::Status),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn command(
    State(app): State<App>,
    session: Session,
    Id(id): Id<CameraId>,
    Body(body): Body<CommandBody>,
) -> Result<Json<Status>, Problem> {
    let command = match (body.action, body.position_ms) {
        (Action::Seek, Some(position_ms)) => Command::Seek(position_ms),
        (Action::Seek, None) => return Err(Problem::invalid("'seek' needs position_ms")),
        (_, Some(_)) => return Err(Problem::invalid("only 'seek' takes position_ms")),
        (Action::Play, None) => Command::Play,
        (Action::Pause, None) => Command::Pause,
        (Action::Stop, None) => Command::Stop,
    };
    app.command(&session.user, &id, command).await.map(Json)
}

/// What the rules of a camera's zones say of its newest picture, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verdicts {
    /// The state of the camera: only what a LIVE one says is about now.
    #[schema(value_type = schema::CameraState)]
    state: safe_yolo_core::CameraState,
    /// Of which picture, RFC 3339; null where none has been looked at.
    #[schema(value_type = Option<String>)]
    utc: Option<safe_yolo_core::Utc>,
    /// The version of the settings that judged it.
    version: u64,
    /// Zones with their people, votes and rules, as in `/ws/live`.
    #[schema(value_type = Vec<Object>)]
    zones: Vec<safe_yolo_rules::ZoneView>,
}

/// What the rules say now, and on what grounds.
#[utoipa::path(
    get, path = "/api/cameras/{id}/verdicts", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    responses(
        (status = 200, body = Verdicts),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn verdicts(
    State(app): State<App>,
    Id(id): Id<CameraId>,
) -> Result<Json<Verdicts>, Problem> {
    let record = app.known(&id)?;
    let status = app.status(&record);
    let live = app.engine.camera(&id).and_then(|handle| {
        let picture = handle.watch_live().borrow().clone()?;
        handle.is_current(&picture).then_some(picture)
    });
    Ok(Json(match live {
        Some(picture) => {
            let mut zones = picture.header.zones.clone();
            if !status.state.is_watching() {
                for zone in &mut zones {
                    zone.forget();
                }
            }
            let (utc, version) = (Some(picture.header.utc), picture.header.config_version);
            Verdicts { state: status.state, utc, version, zones }
        }
        None => Verdicts {
            state: status.state,
            utc: None,
            version: record.config.version,
            zones: Judge::unlooked(Arc::new(record.config.clone())).zones,
        },
    }))
}
