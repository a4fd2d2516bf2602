//! What zones and rules would have raised over the logged tracks of a camera.

use std::collections::BTreeSet;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::{
    Anchor, CameraId, Equipment, Polygon, Rule, Schedule, Utc, Zone, ZoneId, ZoneType,
};
use safe_yolo_tracklog::{Compared, Difference, Hole, HoleReason, Question};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::time;
use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::extract::{Body, Id};
use crate::problem::{Problem, ProblemBody};

/// Events in one answer; those left out are counted.
const EVENTS_MAX: usize = 5000;

/// A zone that is tried: as zones are read or added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriedZone {
    /// Of a zone that is there; without it, a zone of the same name is the same.
    #[schema(value_type = Option<String>)]
    id: Option<ZoneId>,
    /// Must be this camera.
    camera: Option<String>,
    /// A zone that was read has it; it says nothing here.
    #[serde(rename = "version")]
    _version: Option<u64>,
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

/// Which time, and what to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayInput {
    /// RFC 3339.
    from: String,
    /// RFC 3339; at most 24 hours later.
    to: String,
    /// All zones of the camera; as they are now unless given.
    zones: Option<Vec<TriedZone>>,
}

/// How an event stands: `fired` then, `would_fire` by the zones that are tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayEvent {
    /// `same`, `moved` (another begin, end or severity), `new` or `gone`.
    difference: &'static str,
    #[schema(value_type = Option<schema::Event>)]
    fired: Option<safe_yolo_core::Event>,
    #[schema(value_type = Option<schema::Event>)]
    would_fire: Option<safe_yolo_core::Event>,
    /// Of `moved`: how much later it would begin.
    moved_s: Option<f64>,
}

impl From<Compared> for ReplayEvent {
    fn from(row: Compared) -> Self {
        let Compared { difference, fired, would_fire, moved_s } = row;
        Self { difference: difference.name(), fired, would_fire, moved_s }
    }
}

/// A time of which the log knows nothing: without events, but not safe.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayHole {
    #[schema(value_type = String)]
    from: Utc,
    #[schema(value_type = String)]
    to: Utc,
    /// `not_looked_at`, `lost`, `damaged`, `cut_short` or `removed`.
    reason: &'static str,
}

impl From<Hole> for ReplayHole {
    fn from(Hole { from, to, reason }: Hole) -> Self {
        Self { from, to, reason: HoleReason::name(reason) }
    }
}

/// How many events there are of each difference.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ReplayCounts {
    same: usize,
    moved: usize,
    new: usize,
    gone: usize,
}

/// What the zones would have raised, beside what was raised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    #[schema(value_type = String)]
    camera: CameraId,
    #[schema(value_type = String)]
    from: Utc,
    #[schema(value_type = String)]
    to: Utc,
    /// In order of time.
    events: Vec<ReplayEvent>,
    /// Events that are not listed, though counted.
    events_left_out: usize,
    counts: ReplayCounts,
    holes: Vec<ReplayHole>,
    holes_left_out: usize,
    /// When the first picture that was judged was taken: some time before `from` as a rule.
    #[schema(value_type = String)]
    begins: Option<Utc>,
    /// Whether nothing that the rules knew then is missing.
    exact: bool,
    /// Pictures between `from` and `to`.
    pictures: u64,
    took_ms: u64,
}

/// Judges what was logged of a camera once more: by the zones of that time and by those that are
/// tried. Nothing is changed, and nobody is alarmed.
#[utoipa::path(
    post, path = "/api/cameras/{id}/replay", tag = "cameras", params(("id" = String, Path, description = "The camera")),
    request_body = ReplayInput,
    responses(
        (status = 200, body = Replay),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    session: Session,
    Id(id): Id<CameraId>,
    Body(input): Body<ReplayInput>,
) -> Result<Json<Replay>, Problem> {
    let begun = Instant::now();
    let zones = input.zones.map(|zones| tried(&id, zones)).transpose()?;
    let (from, to) = (time("from", &input.from)?, time("to", &input.to)?);
    let question = Question { camera: id.clone(), from, to, warm_up_max_s: None };
    let (outcome, rows) = app.replay(question, zones).await?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(camera = %id, by = session.user.username, %from, %to, took_ms, "tracks were judged again");
    let mut counts = ReplayCounts::default();
    for row in &rows {
        *match row.difference {
            Difference::Same => &mut counts.same,
            Difference::Moved => &mut counts.moved,
            Difference::New => &mut counts.new,
            Difference::Gone => &mut counts.gone,
        } += 1;
    }
    Ok(Json(Replay {
        camera: id,
        from,
        to,
        events_left_out: rows.len().saturating_sub(EVENTS_MAX),
        events: rows.into_iter().take(EVENTS_MAX).map(ReplayEvent::from).collect(),
        counts,
        holes: outcome.holes.into_iter().map(ReplayHole::from).collect(),
        holes_left_out: outcome.holes_left_out,
        begins: outcome.begins,
        exact: outcome.is_exact,
        pictures: outcome.pictures,
        took_ms,
    }))
}

fn tried(camera: &CameraId, zones: Vec<TriedZone>) -> Result<Vec<Zone>, Problem> {
    let zone = |(number, zone): (usize, TriedZone)| {
        if zone.camera.is_some_and(|other| other != camera.as_str()) {
            let detail = format!("zone '{}' belongs to another camera", zone.name);
            return Err(Problem::invalid(detail));
        }
        let id = match zone.id {
            Some(id) => id,
            None => format!("new-{}", number + 1).parse().map_err(
                |error: safe_yolo_core::id::IdError| Problem::internal("naming a zone", &error),
            )?,
        };
        Ok(Zone {
            id,
            name: zone.name,
            zone_type: zone.zone_type,
            points: zone.points,
            place: zone.place,
            anchor: zone.anchor.unwrap_or_default(),
            active: zone.active.unwrap_or(true),
            schedule: zone.schedule,
            dwell_s: zone.dwell_s.unwrap_or_else(default_dwell_s),
            pause_s: zone.pause_s.unwrap_or_else(default_pause_s),
            require: zone.require.unwrap_or_default(),
            rules: zone.rules.unwrap_or_default(),
        })
    };
    zones.into_iter().enumerate().map(zone).collect()
}
