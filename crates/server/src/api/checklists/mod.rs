//! Checklists: reading, editing, ticking, resetting, and what became of earlier shifts.

mod body;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use safe_yolo_core::checklist::{ChecklistItem, templates};
use safe_yolo_core::schedule::TimeOfDay;
use safe_yolo_core::{CameraId, ChecklistId, Message, ZoneId};
use safe_yolo_store::checklists::{ChecklistPatch, ChecklistSettings, HandTick, NewChecklist};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::{number, time};
use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::{Asked, Body, Id, ItemOf, given};
use crate::problem::{Problem, ProblemBody};
use body::{ChecklistBody, ItemBody, RunBody, TemplateBody};

const RUNS: u32 = 20;
const RUNS_MAX: u32 = 100;

/// Checklists.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checklists {
    checklists: Vec<ChecklistBody>,
}

/// Templates; the first is the default.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChecklistTemplates {
    templates: Vec<TemplateBody>,
}

/// Which checklists.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChecklistQuery {
    /// Of this camera only.
    camera: Option<String>,
}

/// A checklist to be added. Without name or items it has those of the template, or of the default one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewChecklist)]
pub(crate) struct ChecklistInput {
    camera: String,
    zone: Option<String>,
    template: Option<String>,
    #[schema(value_type = Option<schema::Message>)]
    name: Option<Message>,
    /// 1 to 50.
    #[schema(value_type = Option<Vec<ItemBody>>)]
    items: Option<Vec<ChecklistItem>>,
}

/// What to change; what is left out stays. Items that stay as they are keep their ticks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChecklistChange {
    /// The version that the change is based on: refused if there is a newer one.
    version: Option<u64>,
    /// Null for the whole camera.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    zone: Option<Option<ZoneId>>,
    #[schema(value_type = Option<schema::Message>)]
    name: Option<Message>,
    #[schema(value_type = Option<Vec<ItemBody>>)]
    items: Option<Vec<ChecklistItem>>,
}

/// What somebody says of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChecklistTick {
    done: bool,
    /// 500 characters at most.
    #[serde(default)]
    note: String,
    /// The item's revision that was seen: refused, 409, if somebody was faster.
    revision: Option<u64>,
}

/// Why a list begins anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChecklistReset {
    /// 500 characters at most.
    #[serde(default)]
    note: String,
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// That lasted until then or longer, RFC 3339.
    from: Option<String>,
    /// That began before, RFC 3339.
    to: Option<String>,
    /// Older than the run of this number.
    #[param(value_type = Option<u64>)]
    before: Option<String>,
    /// At most so many, 1 to 100; 20 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Runs, newest first; the first of a list that is not deleted is the current one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChecklistRuns {
    runs: Vec<RunBody>,
}

/// When shifts begin: each ends the runs of all lists and begins new ones.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChecklistSettings)]
pub(crate) struct SettingsBody {
    /// Times as `06:00` in the site's time zone, 12 at most; none for resets by hand only.
    #[schema(value_type = Vec<String>)]
    shifts: Vec<TimeOfDay>,
}

fn camera_id(app: &App, text: &str) -> Result<CameraId, Problem> {
    let id: CameraId = text.parse().map_err(|_no_id| Problem::not_found("camera", text))?;
    app.known(&id).map(|record| record.config.id.clone())
}

/// All checklists, or those of one camera.
#[utoipa::path(
    get, path = "/api/checklists", tag = "checklists", params(ChecklistQuery),
    responses(
        (status = 200, body = Checklists),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<ChecklistQuery>,
) -> Result<Json<Checklists>, Problem> {
    let camera = query.camera.map(|text| camera_id(&app, &text)).transpose()?;
    let mut lists = app.store.checklists().await?;
    lists.retain(|list| camera.as_ref().is_none_or(|camera| list.camera == *camera));
    Ok(Json(Checklists { checklists: ChecklistBody::all(&app, lists) }))
}

/// Adds a checklist, whose first run begins.
#[utoipa::path(
    post, path = "/api/checklists", tag = "checklists", request_body = ChecklistInput,
    responses(
        (status = 201, body = ChecklistBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    session: Session,
    Body(input): Body<ChecklistInput>,
) -> Result<(StatusCode, Json<ChecklistBody>), Problem> {
    let camera = camera_id(&app, &input.camera)?;
    let zone = input
        .zone
        .map(|text| text.parse::<ZoneId>().map_err(|_no_id| Problem::not_found("zone", &text)));
    let wanted = input.template.as_deref().unwrap_or("default");
    let template = templates().into_iter().find(|template| template.id == wanted);
    let template = template.ok_or_else(|| {
        let known: Vec<_> = templates().iter().map(|template| template.id).collect();
        let wanted: String = wanted.chars().take(40).collect();
        Problem::invalid(format!("there is no template '{wanted}': use {}", known.join(", ")))
    })?;
    let new = NewChecklist {
        camera,
        zone: zone.transpose()?,
        name: input.name.unwrap_or(template.name),
        items: input.items.unwrap_or(template.items),
    };
    let list = app.store.create_checklist(new, clock::now()).await?;
    let by = &session.user.username;
    app.audit.note(by, "checklist.add", list.id.as_str(), &list.name.en).await;
    Ok((StatusCode::CREATED, Json(ChecklistBody::one(&app, list))))
}

/// Changes a checklist.
#[utoipa::path(
    patch, path = "/api/checklists/{id}", tag = "checklists", params(("id" = String, Path, description = "The checklist")),
    request_body = ChecklistChange,
    responses(
        (status = 200, body = ChecklistBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    Id(id): Id<ChecklistId>,
    Body(change): Body<ChecklistChange>,
) -> Result<Json<ChecklistBody>, Problem> {
    let ChecklistChange { version, zone, name, items } = change;
    let before = app.store.checklist(&id).await?;
    let patch = ChecklistPatch { version, zone, name, items };
    let list = app.store.update_checklist(&id, patch).await?;
    if before.is_none_or(|before| before.version != list.version) {
        let detail = format!("{}: version {}", list.name.en, list.version);
        app.audit.note(&session.user.username, "checklist.change", id.as_str(), &detail).await;
    }
    Ok(Json(ChecklistBody::one(&app, list)))
}

/// Deletes a checklist; its runs stay.
#[utoipa::path(
    delete, path = "/api/checklists/{id}", tag = "checklists", params(("id" = String, Path, description = "The checklist")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    session: Session,
    Id(id): Id<ChecklistId>,
) -> Result<StatusCode, Problem> {
    let by = &session.user.username;
    app.store.delete_checklist(&id, Some(by), clock::now()).await?;
    app.audit.note(by, "checklist.delete", id.as_str(), "").await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ticks an item by hand, or takes its tick away.
#[utoipa::path(
    post, path = "/api/checklists/{id}/items/{item}/tick", tag = "checklists",
    params(("id" = String, Path, description = "The checklist"), ("item" = String, Path, description = "The item")),
    request_body = ChecklistTick,
    responses(
        (status = 200, body = ChecklistBody),
        (status = 409, description = "Somebody was faster", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn tick(
    State(app): State<App>,
    session: Session,
    ItemOf(id, item): ItemOf<ChecklistId>,
    Body(tick): Body<ChecklistTick>,
) -> Result<Json<ChecklistBody>, Problem> {
    let who = session.user.username.clone();
    let ChecklistTick { done, note, revision } = tick;
    let tick = HandTick { who, done, note, revision };
    let (list, changed) = app.store.tick_item(&id, &item, &tick, clock::now()).await?;
    if changed {
        let action = if done { "checklist.tick" } else { "checklist.untick" };
        let detail = format!("{item}: {}", tick.note);
        app.audit.note(&tick.who, action, id.as_str(), &detail).await;
    }
    Ok(Json(ChecklistBody::one(&app, list)))
}

/// Ends the run of a list and begins the next, with all items open.
#[utoipa::path(
    post, path = "/api/checklists/{id}/reset", tag = "checklists", params(("id" = String, Path, description = "The checklist")),
    request_body = ChecklistReset,
    responses(
        (status = 200, body = ChecklistBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset(
    State(app): State<App>,
    session: Session,
    Id(id): Id<ChecklistId>,
    Body(reset): Body<ChecklistReset>,
) -> Result<Json<ChecklistBody>, Problem> {
    let by = &session.user.username;
    let list = app.store.reset_checklist(&id, by, &reset.note, clock::now()).await?;
    app.audit.note(by, "checklist.reset", id.as_str(), &reset.note).await;
    Ok(Json(ChecklistBody::one(&app, list)))
}

/// Runs of a list, newest first; those of a deleted one stay.
#[utoipa::path(
    get, path = "/api/checklists/{id}/history", tag = "checklists",
    params(("id" = String, Path, description = "The checklist"), RunQuery),
    responses(
        (status = 200, body = ChecklistRuns),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn history(
    State(app): State<App>,
    Id(id): Id<ChecklistId>,
    Asked(query): Asked<RunQuery>,
) -> Result<Json<ChecklistRuns>, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let from = given(query.from).map(|text| time("from", &text)).transpose()?;
    let to = given(query.to).map(|text| time("to", &text)).transpose()?;
    let before = given(query.before).map(|text| number("before", &text)).transpose()?;
    let limit = given(query.limit).map(|text| number("limit", &text)).transpose()?.unwrap_or(RUNS);
    if !(1..=RUNS_MAX).contains(&limit) {
        return Err(Problem::invalid(format!(
            "limit is {limit}: it must lie between 1 and {RUNS_MAX}"
        )));
    }
    let runs = app.store.checklist_runs(&id, from, to, before, limit).await?;
    Ok(Json(ChecklistRuns { runs: runs.into_iter().map(RunBody::from).collect() }))
}

/// When shifts begin.
#[utoipa::path(
    get, path = "/api/checklists/settings", tag = "checklists",
    responses(
        (status = 200, body = SettingsBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn settings(State(app): State<App>) -> Result<Json<SettingsBody>, Problem> {
    let (settings, _) = app.store.checklist_settings().await?;
    Ok(Json(SettingsBody { shifts: settings.shifts }))
}

/// Sets when shifts begin; runs go on until the next of them.
#[utoipa::path(
    put, path = "/api/checklists/settings", tag = "checklists", request_body = SettingsBody,
    responses(
        (status = 200, body = SettingsBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    session: Session,
    Body(body): Body<SettingsBody>,
) -> Result<Json<SettingsBody>, Problem> {
    let settings = ChecklistSettings { shifts: body.shifts };
    let settings = app.store.set_checklist_settings(settings, clock::now()).await?;
    let times: Vec<String> = settings.shifts.iter().map(ToString::to_string).collect();
    let by = &session.user.username;
    app.audit.note(by, "checklist.settings", "site", &times.join(", ")).await;
    Ok(Json(SettingsBody { shifts: settings.shifts }))
}

/// Lists to begin with.
#[utoipa::path(
    get, path = "/api/checklist-templates", tag = "checklists",
    responses(
        (status = 200, body = ChecklistTemplates),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_templates() -> Json<ChecklistTemplates> {
    let templates = templates().into_iter().map(TemplateBody::from).collect();
    Json(ChecklistTemplates { templates })
}
