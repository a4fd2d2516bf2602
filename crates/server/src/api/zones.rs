//! Zones of cameras.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::{
    Anchor, CameraConfig, CameraId, Equipment, Polygon, Rule, Schedule, Zone, ZoneId, ZoneType,
};
use safe_yolo_store::{Edit, NewZone, ZonePatch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::extract::{Asked, BasedOn, Body, Id, Tagged, given};
use crate::problem::{Problem, ProblemBody};

/// A zone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Zone)]
pub(crate) struct ZoneBody {
    #[schema(value_type = String)]
    id: ZoneId,
    #[schema(value_type = String)]
    camera: CameraId,
    /// Of its camera: what a change is based on.
    version: u64,
    name: String,
    #[serde(rename = "type")]
    #[schema(value_type = schema::ZoneType)]
    zone_type: ZoneType,
    /// `[x, y]` in fractions of the picture, 3 to 64 of them.
    #[schema(value_type = Vec<[f64; 2]>)]
    points: Polygon,
    /// The place that it shows; alarms of zones with the same place are one incident.
    place: Option<String>,
    /// What of a person says whether he is in it.
    #[schema(value_type = schema::Anchor)]
    anchor: Anchor,
    active: bool,
    /// When its rules apply; null for always.
    #[schema(value_type = Option<Vec<schema::Period>>)]
    schedule: Option<Schedule>,
    /// Seconds a condition must hold before its alarm.
    dwell_s: f64,
    /// Seconds before the same person raises the same alarm again.
    pause_s: f64,
    #[schema(value_type = Vec<schema::Equipment>)]
    require: BTreeSet<Equipment>,
    #[schema(value_type = Vec<schema::Rule>)]
    rules: Vec<Rule>,
}

impl ZoneBody {
    pub(crate) fn new(camera: &CameraConfig, zone: &Zone) -> Self {
        Self {
            id: zone.id.clone(),
            camera: camera.id.clone(),
            version: camera.version,
            name: zone.name.clone(),
            zone_type: zone.zone_type,
            points: zone.points.clone(),
            place: zone.place.clone(),
            anchor: zone.anchor,
            active: zone.active,
            schedule: zone.schedule.clone(),
            dwell_s: zone.dwell_s,
            pause_s: zone.pause_s,
            require: zone.require.clone(),
            rules: zone.rules.clone(),
        }
    }
}

fn tagged(camera: &CameraConfig, zone: &Zone) -> Tagged<ZoneBody> {
    Tagged(camera.version, ZoneBody::new(camera, zone))
}

/// Zones.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Zones {
    zones: Vec<ZoneBody>,
}

/// Which zones.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ZoneQuery {
    /// Of this camera only.
    camera: Option<String>,
}

/// A zone to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewZone)]
pub(crate) struct ZoneInput {
    camera: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(value_type = schema::ZoneType)]
    zone_type: ZoneType,
    #[schema(value_type = Vec<[f64; 2]>)]
    points: Polygon,
    place: Option<String>,
    #[schema(value_type = Option<schema::Anchor>)]
    anchor: Option<Anchor>,
    active: Option<bool>,
    #[schema(value_type = Option<Vec<schema::Period>>)]
    schedule: Option<Schedule>,
    dwell_s: Option<f64>,
    pause_s: Option<f64>,
    #[schema(value_type = Option<Vec<schema::Equipment>>)]
    require: Option<BTreeSet<Equipment>>,
    #[schema(value_type = Option<Vec<schema::Rule>>)]
    rules: Option<Vec<Rule>>,
}

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneChange {
    /// Must be the zone's own camera: a zone can't move.
    camera: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<schema::ZoneType>)]
    zone_type: Option<ZoneType>,
    #[schema(value_type = Option<Vec<[f64; 2]>>)]
    points: Option<Polygon>,
    /// Null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    place: Option<Option<String>>,
    #[schema(value_type = Option<schema::Anchor>)]
    anchor: Option<Anchor>,
    active: Option<bool>,
    /// Null for always.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<schema::Period>>)]
    schedule: Option<Option<Schedule>>,
    dwell_s: Option<f64>,
    pause_s: Option<f64>,
    #[schema(value_type = Option<Vec<schema::Equipment>>)]
    require: Option<BTreeSet<Equipment>>,
    #[schema(value_type = Option<Vec<schema::Rule>>)]
    rules: Option<Vec<Rule>>,
}

fn camera_id(text: &str) -> Result<CameraId, Problem> {
    text.parse().map_err(|_no_id| Problem::not_found("camera", text))
}

/// All zones, or those of one camera.
#[utoipa::path(
    get, path = "/api/zones", tag = "zones", params(ZoneQuery),
    responses(
        (status = 200, body = Zones),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<ZoneQuery>,
) -> Result<Json<Zones>, Problem> {
    let records = match query.camera {
        Some(camera) => vec![app.known(&camera_id(&camera)?)?],
        None => app.registry.all().to_vec(),
    };
    let zones = records
        .iter()
        .flat_map(|r| r.config.zones.iter().map(|zone| ZoneBody::new(&r.config, zone)))
        .collect();
    Ok(Json(Zones { zones }))
}

/// Adds a zone.
#[utoipa::path(
    post, path = "/api/zones", tag = "zones", request_body = ZoneInput,
    params(("If-Match" = Option<String>, Header, description = "The ETag that the change is based on")),
    responses(
        (status = 201, body = ZoneBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Body(input): Body<ZoneInput>,
) -> Result<(StatusCode, Tagged<ZoneBody>), Problem> {
    let camera = camera_id(&input.camera)?;
    let zone = NewZone {
        name: input.name,
        zone_type: input.zone_type,
        points: input.points,
        place: input.place,
        anchor: input.anchor.unwrap_or_default(),
        active: input.active.unwrap_or(true),
        schedule: input.schedule,
        dwell_s: input.dwell_s.unwrap_or_else(default_dwell_s),
        pause_s: input.pause_s.unwrap_or_else(default_pause_s),
        require: input.require.unwrap_or_default(),
        rules: input.rules.unwrap_or_default(),
    };
    let edit = Edit::by_user(&session.user.username, based_on);
    let (record, zone) = app.add_zone(edit, camera, zone).await?;
    Ok((StatusCode::CREATED, tagged(&record.config, &zone)))
}

/// One zone.
#[utoipa::path(
    get, path = "/api/zones/{id}", tag = "zones", params(("id" = String, Path, description = "The zone")),
    responses(
        (status = 200, body = ZoneBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Id(id): Id<ZoneId>,
) -> Result<Tagged<ZoneBody>, Problem> {
    let (record, zone) = app.zone(&id)?;
    Ok(tagged(&record.config, &zone))
}

/// Changes a zone, from the next analysed picture on.
#[utoipa::path(
    patch, path = "/api/zones/{id}", tag = "zones",
    params(("id" = String, Path, description = "The zone"), ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on")),
    request_body = ZoneChange,
    responses(
        (status = 200, body = ZoneBody, headers(("ETag" = String, description = "The camera's version"))),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Id(id): Id<ZoneId>,
    Body(change): Body<ZoneChange>,
) -> Result<Tagged<ZoneBody>, Problem> {
    let (record, _) = app.zone(&id)?;
    if change.camera.is_some_and(|camera| camera != record.config.id.as_str()) {
        return Err(Problem::invalid("a zone can't move to another camera: add a new one there"));
    }
    let patch = ZonePatch {
        name: change.name,
        zone_type: change.zone_type,
        points: change.points,
        place: change.place,
        anchor: change.anchor,
        active: change.active,
        schedule: change.schedule,
        dwell_s: change.dwell_s,
        pause_s: change.pause_s,
        require: change.require,
        rules: change.rules,
    };
    let edit = Edit::by_user(&session.user.username, based_on);
    let (record, zone) = app.update_zone(edit, id, patch).await?;
    Ok(tagged(&record.config, &zone))
}

/// Deletes a zone; events in it stay.
#[utoipa::path(
    delete, path = "/api/zones/{id}", tag = "zones",
    params(("id" = String, Path, description = "The zone"), ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    session: Session,
    BasedOn(based_on): BasedOn,
    Id(id): Id<ZoneId>,
) -> Result<StatusCode, Problem> {
    app.remove_zone(Edit::by_user(&session.user.username, based_on), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
