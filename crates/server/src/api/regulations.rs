//! Regulations that are shown with alarms, and editing them.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use safe_yolo_core::{EventType, Message, RegulationId, Utc};
use safe_yolo_store::regulations::{Category, Content, NewRegulation, Regulation, RegulationPatch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::{Asked, Body, Id, given};
use crate::problem::{Problem, ProblemBody};

/// The place of a new regulation unless given: after those that the program brings along.
const POSITION: u32 = 1000;

/// Where a regulation comes from, for the description.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegulationCategory {
    OshAct,
    OshRules,
    SeriousAccidents,
    Site,
}

/// A regulation: a summary in words of ours, the law's text prevails.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Regulation)]
pub(crate) struct RegulationBody {
    #[schema(value_type = String)]
    id: RegulationId,
    #[schema(value_type = RegulationCategory)]
    category: Category,
    #[schema(value_type = schema::Message)]
    law: Message,
    #[schema(value_type = schema::Message)]
    article: Message,
    #[schema(value_type = schema::Message)]
    title: Message,
    #[schema(value_type = schema::Message)]
    text: Message,
    url: Option<String>,
    /// The events that it is shown with.
    #[schema(value_type = Vec<schema::EventType>)]
    types: BTreeSet<EventType>,
    /// Lower ones come first.
    position: u32,
    active: bool,
    version: u64,
    edited_by: Option<String>,
    #[schema(value_type = Option<String>)]
    edited_at: Option<Utc>,
}

impl From<Regulation> for RegulationBody {
    fn from(regulation: Regulation) -> Self {
        let Content { law, article, title, text, url, types } = regulation.content;
        let (edited_by, edited_at) = regulation.edited.unzip();
        Self {
            id: regulation.id,
            category: regulation.category,
            law,
            article,
            title,
            text,
            url,
            types,
            position: regulation.position,
            active: regulation.active,
            version: regulation.version,
            edited_by,
            edited_at,
        }
    }
}

/// Regulations in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Regulations {
    regulations: Vec<RegulationBody>,
}

/// Which regulations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegulationQuery {
    /// Active ones that are shown with this type of events; all, active or not, unless given.
    #[serde(rename = "type")]
    #[param(value_type = Option<schema::EventType>)]
    event_type: Option<String>,
}

/// A regulation to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRegulation)]
pub(crate) struct RegulationInput {
    #[schema(value_type = RegulationCategory)]
    category: Category,
    #[schema(value_type = schema::Message)]
    law: Message,
    #[schema(value_type = Option<schema::Message>)]
    article: Option<Message>,
    #[schema(value_type = schema::Message)]
    title: Message,
    #[schema(value_type = schema::Message)]
    text: Message,
    /// `https://` or `http://`.
    url: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<schema::EventType>)]
    types: BTreeSet<EventType>,
    position: Option<u32>,
    active: Option<bool>,
}

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegulationChange {
    /// The version that the change is based on: refused if there is a newer one.
    version: Option<u64>,
    #[schema(value_type = Option<RegulationCategory>)]
    category: Option<Category>,
    #[schema(value_type = Option<schema::Message>)]
    law: Option<Message>,
    #[schema(value_type = Option<schema::Message>)]
    article: Option<Message>,
    #[schema(value_type = Option<schema::Message>)]
    title: Option<Message>,
    #[schema(value_type = Option<schema::Message>)]
    text: Option<Message>,
    /// Null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    url: Option<Option<String>>,
    #[schema(value_type = Option<Vec<schema::EventType>>)]
    types: Option<BTreeSet<EventType>>,
    position: Option<u32>,
    active: Option<bool>,
}

/// What an edit was, for the audit: each changed field before and after.
fn difference(before: Option<&RegulationBody>, after: Option<&RegulationBody>) -> String {
    let fields = |body: Option<&RegulationBody>| match serde_json::to_value(body) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let told = names
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "edited_by" | "edited_at"))
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            let pair = serde_json::json!({"before": before.get(name), "after": after.get(name)});
            (name.clone(), pair)
        });
    serde_json::Value::Object(told.collect()).to_string()
}

/// Regulations, all or those of a type of events.
#[utoipa::path(
    get, path = "/api/regulations", tag = "regulations", params(RegulationQuery),
    responses(
        (status = 200, body = Regulations),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<RegulationQuery>,
) -> Result<Json<Regulations>, Problem> {
    let wanted = query.event_type.filter(|text| !text.is_empty()).map(|text| {
        EventType::from_name(&text).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            Problem::invalid(format!("type is '{text}', which is none: see docs/api.md"))
        })
    });
    let wanted = wanted.transpose()?;
    let mut regulations = app.store.regulations().await?;
    if let Some(wanted) = wanted {
        regulations.retain(|one| one.active && one.content.types.contains(&wanted));
    }
    let regulations = regulations.into_iter().map(RegulationBody::from).collect();
    Ok(Json(Regulations { regulations }))
}

/// Adds a regulation.
#[utoipa::path(
    post, path = "/api/regulations", tag = "regulations", request_body = RegulationInput,
    responses(
        (status = 201, body = RegulationBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    session: Session,
    Body(input): Body<RegulationInput>,
) -> Result<(StatusCode, Json<RegulationBody>), Problem> {
    let nothing = || Message { ko: String::new(), en: String::new() };
    let new = NewRegulation {
        category: input.category,
        content: Content {
            law: input.law,
            article: input.article.unwrap_or_else(nothing),
            title: input.title,
            text: input.text,
            url: input.url,
            types: input.types,
        },
        position: input.position.unwrap_or(POSITION),
        active: input.active.unwrap_or(true),
    };
    let by = &session.user.username;
    let added = app.store.create_regulation(new, by, clock::now()).await?;
    let body = RegulationBody::from(added);
    let detail = difference(None, Some(&body));
    app.audit.note(by, "regulation.add", body.id.as_str(), &detail).await;
    Ok((StatusCode::CREATED, Json(body)))
}

/// Changes a regulation.
#[utoipa::path(
    patch, path = "/api/regulations/{id}", tag = "regulations", params(("id" = String, Path, description = "The regulation")),
    request_body = RegulationChange,
    responses(
        (status = 200, body = RegulationBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    Id(id): Id<RegulationId>,
    Body(change): Body<RegulationChange>,
) -> Result<Json<RegulationBody>, Problem> {
    let patch = RegulationPatch {
        version: change.version,
        category: change.category,
        law: change.law,
        article: change.article,
        title: change.title,
        text: change.text,
        url: change.url,
        types: change.types,
        position: change.position,
        active: change.active,
    };
    let by = &session.user.username;
    let (before, after) = app.store.update_regulation(&id, patch, by, clock::now()).await?;
    let (before, after) = (RegulationBody::from(before), RegulationBody::from(after));
    if before.version != after.version {
        let detail = difference(Some(&before), Some(&after));
        app.audit.note(by, "regulation.change", id.as_str(), &detail).await;
    }
    Ok(Json(after))
}

/// Deletes a regulation, for good even if the program brought it along.
#[utoipa::path(
    delete, path = "/api/regulations/{id}", tag = "regulations", params(("id" = String, Path, description = "The regulation")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    session: Session,
    Id(id): Id<RegulationId>,
) -> Result<StatusCode, Problem> {
    let before = app.store.delete_regulation(&id, clock::now()).await?;
    let detail = difference(Some(&RegulationBody::from(before)), None);
    app.audit.note(&session.user.username, "regulation.delete", id.as_str(), &detail).await;
    Ok(StatusCode::NO_CONTENT)
}
