//! Clips of alarms, and what was found in their pictures.

use std::fs::File;
use std::io::SeekFrom;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use safe_yolo_core::EventId;
use safe_yolo_store::evidence::{EvidenceError, FileKind};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use utoipa::IntoParams;

use super::events::flag;
use super::range::{Part, part};
use crate::app::App;
use crate::auth::Session;
use crate::extract::{Asked, Id};
use crate::problem::{Code, Problem, ProblemBody};

/// What is read and sent at once, bytes.
const CHUNK_LEN: usize = 64 << 10;

/// How a clip is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClipQuery {
    /// `true`: as a file to keep, which needs the right to originals, and is noted each time.
    #[param(value_type = Option<bool>)]
    download: Option<String>,
}

/// The clip that proves an event; parts of it by `Range`.
#[utoipa::path(
    get, path = "/api/events/{id}/clip", tag = "events",
    params(ClipQuery, ("id" = String, Path, description = "The event"), ("Range" = Option<String>, Header, description = "One part, as in `bytes=0-1023`")),
    responses(
        (status = 200, content_type = "video/mp4", description = "The clip", body = Vec<u8>),
        (status = 206, content_type = "video/mp4", description = "The part", body = Vec<u8>),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn clip(
    State(app): State<App>,
    session: Session,
    Id(id): Id<EventId>,
    Asked(query): Asked<ClipQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_download = query.download.map(|text| flag("download", &text)).transpose()? == Some(true);
    if is_download {
        session.require_originals(&app, &id.to_string()).await?;
    }
    let (file, length) = open(&app, id, FileKind::Clip).await?;
    if is_download {
        app.audit.note(&session.user.username, "evidence.download", &id.to_string(), "clip").await;
    } else {
        app.viewed(&session.user.username, id, "clip").await;
    }
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, first, count) = match part(asked, length) {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Outside => {
            let detail = format!(
                "the range '{}' is outside of the clip: it has {length} bytes",
                super::events::short(asked.unwrap_or_default())
            );
            let mut response = Problem::new(Code::RangeNotSatisfiable, detail).into_response();
            put(&mut response, header::CONTENT_RANGE, format!("bytes */{length}"));
            return Ok(response);
        }
    };
    let mut file = tokio::fs::File::from_std(file);
    let sought = file.seek(SeekFrom::Start(first)).await;
    sought.map_err(|error| Problem::internal("reading a clip", &error))?;
    let mut response = (status, Body::from_stream(chunks(file, count))).into_response();
    put(&mut response, header::CONTENT_TYPE, "video/mp4".to_owned());
    put(&mut response, header::CONTENT_LENGTH, count.to_string());
    put(&mut response, header::ACCEPT_RANGES, "bytes".to_owned());
    let disposition = if is_download { "attachment" } else { "inline" };
    let disposition = format!("{disposition}; filename=\"{id}.mp4\"");
    put(&mut response, header::CONTENT_DISPOSITION, disposition);
    // Asked for each time: the next at this browser may be somebody else, and each look is noted.
    put(&mut response, header::CACHE_CONTROL, "private, no-cache".to_owned());
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + count - 1;
        put(&mut response, header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}"));
    }
    Ok(response)
}

/// What was found in the pictures of the clip, with their times in it.
#[utoipa::path(
    get, path = "/api/events/{id}/clip/boxes", tag = "events",
    params(("id" = String, Path, description = "The event")),
    responses(
        (status = 200, content_type = "application/json", description = "Boxes by time: see docs/clips.md"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn boxes(
    State(app): State<App>,
    session: Session,
    Id(id): Id<EventId>,
) -> Result<Response, Problem> {
    let (file, length) = open(&app, id, FileKind::ClipBoxes).await?;
    app.viewed(&session.user.username, id, "boxes").await;
    let body = Body::from_stream(chunks(tokio::fs::File::from_std(file), length));
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ];
    Ok((headers, body).into_response())
}

async fn open(app: &App, id: EventId, kind: FileKind) -> Result<(File, u64), Problem> {
    if app.store.event(id).await?.is_none() {
        return Err(Problem::not_found("event", &id.to_string()));
    }
    app.evidence.open_file(id, kind).await.map_err(|error| match error {
        EvidenceError::NotFound(_) | EvidenceError::NoDay(_) => {
            Problem::not_found("clip of event", &id.to_string())
        }
        other => Problem::internal("reading a clip", &other),
    })
}

/// So many bytes of a file, piece by piece. A file that ends before breaks the answer off.
fn chunks(
    file: tokio::fs::File,
    count: u64,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold((file, count), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_LEN);
        let mut piece = vec![0; most];
        let read = file.read(&mut piece).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(read);
        Ok(Some((Bytes::from(piece), (file, left - read as u64))))
    })
}

fn put(response: &mut Response, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
