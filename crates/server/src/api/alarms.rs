//! Mutes, alarm settings, and how often rules are right.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use safe_yolo_core::{AlarmSettings, EventType, ExportBlur, Severity};
use safe_yolo_store::{Mute, NewMute, RulePrecision};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::{short, time};
use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::{Asked, Body, Id, MuteNumber};
use crate::problem::{Problem, ProblemBody};

/// Mutes in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Mutes {
    #[schema(value_type = Vec<schema::Mute>)]
    pub(crate) mutes: Vec<Mute>,
}

/// What is to be quiet: at least one of camera, zone and type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMute)]
pub(crate) struct MuteInput {
    camera: Option<String>,
    zone: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<schema::EventType>)]
    event_type: Option<String>,
    /// 1 to 1440.
    minutes: u32,
    reason: String,
}

/// How alarms are grouped, escalated and exported.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlarmSettings)]
pub(crate) struct AlarmSettingsBody {
    /// Seconds after the newest alarm of an incident within which another of the same cause joins it.
    group_within_s: u32,
    /// Seconds without acknowledgement until each level, by `WARNING` and `CRITICAL`; at most two levels.
    escalate_after_s: BTreeMap<String, Vec<u32>>,
    /// What is made unrecognisable in cases without originals: `heads` or `bodies`; as it was unless given.
    #[schema(value_type = Option<schema::ExportBlur>)]
    export_blur: Option<String>,
}

/// How often a rule is right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PrecisionLine {
    camera: Option<String>,
    camera_name: String,
    zone: Option<String>,
    zone_name: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = schema::EventType)]
    event_type: String,
    true_alarms: i64,
    false_alarms: i64,
    /// Neither resolved nor a false alarm yet.
    unjudged: i64,
    /// True alarms of those judged; null while none is.
    precision: Option<f64>,
}

impl From<RulePrecision> for PrecisionLine {
    fn from(line: RulePrecision) -> Self {
        let precision = line.precision();
        let RulePrecision { camera, camera_name, zone, zone_name, event_type, .. } = line;
        let RulePrecision { true_alarms, false_alarms, unjudged, .. } = line;
        Self {
            camera,
            camera_name,
            zone,
            zone_name,
            event_type,
            true_alarms,
            false_alarms,
            unjudged,
            precision,
        }
    }
}

/// How often each rule is right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Precision {
    rules: Vec<PrecisionLine>,
}

/// In which time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PrecisionQuery {
    /// Incidents that began then or later, RFC 3339.
    from: Option<String>,
    /// Incidents that began before, RFC 3339.
    to: Option<String>,
}

fn unknown(name: &str, text: &str) -> Problem {
    Problem::invalid(format!("{name} is '{}', which is none: see docs/api.md", short(text)))
}

/// What is quiet now.
#[utoipa::path(
    get, path = "/api/mutes", tag = "incidents",
    responses(
        (status = 200, body = Mutes),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn mutes(State(app): State<App>) -> Result<Json<Mutes>, Problem> {
    Ok(Json(Mutes { mutes: app.store.mutes().await? }))
}

/// Mutes a camera, a zone, a type of alarm, or what they have in common, for a time. Alarms that ring go
/// on doing so; those that begin are recorded and shown as muted.
#[utoipa::path(
    post, path = "/api/mutes", tag = "incidents", request_body = MuteInput,
    responses(
        (status = 200, body = schema::Mute),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn mute(
    State(app): State<App>,
    session: Session,
    Body(body): Body<MuteInput>,
) -> Result<Json<Mute>, Problem> {
    let new = NewMute {
        camera: body
            .camera
            .map(|text| text.parse().map_err(|_no_id| unknown("camera", &text)))
            .transpose()?,
        zone: body
            .zone
            .map(|text| text.parse().map_err(|_no_id| unknown("zone", &text)))
            .transpose()?,
        event_type: body
            .event_type
            .map(|text| EventType::from_name(&text).ok_or_else(|| unknown("type", &text)))
            .transpose()?,
        minutes: body.minutes,
        reason: body.reason,
    };
    if let Some(camera) = &new.camera {
        let known = app.registry.camera(camera);
        known.ok_or_else(|| Problem::not_found("camera", camera.as_str()))?;
    }
    if let Some(zone) = &new.zone {
        let known = app.registry.camera_of_zone(zone);
        known.ok_or_else(|| Problem::not_found("zone", zone.as_str()))?;
    }
    let by = &session.user.username;
    let mute = app.store.mute(&new, by, clock::now()).await?;
    let (until, reason) = (mute.until, &mute.reason);
    let aim = [&mute.camera, &mute.zone, &mute.event_type];
    let aim: Vec<&str> = aim.into_iter().flatten().map(String::as_str).collect();
    let detail = format!("{} until {until}: {reason}", aim.join(" "));
    app.audit.note(by, "mute.add", &mute.id.to_string(), &detail).await;
    Ok(Json(mute))
}

/// Lets it ring again. What it kept quiet and still lasts rings now.
#[utoipa::path(
    delete, path = "/api/mutes/{id}", tag = "incidents", params(("id" = i64, Path, description = "The mute")),
    responses(
        (status = 200, body = schema::Mute),
        (status = 409, description = "It was over before", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn lift(
    State(app): State<App>,
    session: Session,
    Id(MuteNumber(id)): Id<MuteNumber>,
) -> Result<Json<Mute>, Problem> {
    let by = &session.user.username;
    let mute = app.store.lift(id, by, clock::now()).await?;
    app.audit.note(by, "mute.lift", &id.to_string(), &mute.reason).await;
    app.store.ring(clock::now()).await?;
    Ok(Json(mute))
}

/// How alarms are grouped, escalated and exported.
#[utoipa::path(
    get, path = "/api/alarm-settings", tag = "incidents",
    responses(
        (status = 200, body = AlarmSettingsBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn settings(State(app): State<App>) -> Json<AlarmSettingsBody> {
    let settings = app.store.alarm_settings();
    let levels = settings.escalate_after_s.iter();
    Json(AlarmSettingsBody {
        group_within_s: settings.group_within_s,
        escalate_after_s: levels.map(|(s, l)| (s.name().to_owned(), l.clone())).collect(),
        export_blur: Some(settings.export_blur.name().to_owned()),
    })
}

/// Sets them; what waits is escalated by the new ones.
#[utoipa::path(
    put, path = "/api/alarm-settings", tag = "incidents", request_body = AlarmSettingsBody,
    responses(
        (status = 200, body = AlarmSettingsBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_settings(
    State(app): State<App>,
    session: Session,
    Body(body): Body<AlarmSettingsBody>,
) -> Result<Json<AlarmSettingsBody>, Problem> {
    let levels = body.escalate_after_s.into_iter().map(|(name, levels)| {
        let severity = Severity::from_name(&name);
        severity.map(|s| (s, levels)).ok_or_else(|| unknown("escalate_after_s", &name))
    });
    let escalate_after_s = levels.collect::<Result<_, _>>()?;
    let before = app.store.alarm_settings();
    let export_blur = match body.export_blur {
        Some(name) => ExportBlur::from_name(&name).ok_or_else(|| unknown("export_blur", &name))?,
        None => before.export_blur,
    };
    let wanted =
        AlarmSettings { group_within_s: body.group_within_s, escalate_after_s, export_blur };
    app.store.set_alarm_settings(wanted.clone()).await?;
    let detail = format!(
        "{} -> {}",
        serde_json::to_string(&*before).unwrap_or_default(),
        serde_json::to_string(&wanted).unwrap_or_default()
    );
    app.audit.note(&session.user.username, "alarm_settings.change", "site", &detail).await;
    Ok(settings(State(app)).await)
}

/// How often each rule is right, by what people made of its incidents.
#[utoipa::path(
    get, path = "/api/statistics/precision", tag = "incidents", params(PrecisionQuery),
    responses(
        (status = 200, body = Precision),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn precision(
    State(app): State<App>,
    Asked(query): Asked<PrecisionQuery>,
) -> Result<Json<Precision>, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let from = given(query.from).map(|text| time("from", &text)).transpose()?;
    let to = given(query.to).map(|text| time("to", &text)).transpose()?;
    let lines = app.store.precision(from, to).await?;
    Ok(Json(Precision { rules: lines.into_iter().map(PrecisionLine::from).collect() }))
}
