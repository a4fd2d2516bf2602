//! Events as a file: read page by page and sent as they are read, never held in memory whole.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use safe_yolo_core::{Calendar, Utc};
use safe_yolo_store::{EventFilter, EventRecord};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::IntoParams;

use super::events::{EventQuery, short};
use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::Asked;
use crate::problem::{Code, Problem, ProblemBody, chain};

/// Events in one file.
const ROWS_MAX: u64 = 1_000_000;
/// Files made at once by this program (`refuse`): each reads the database all the time.
static EXPORTS: Semaphore = Semaphore::const_new(2);
/// What tells Excel that a file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const COLUMNS: [&str; 22] = [
    "id",
    "seq",
    "start",
    "end",
    "local_start",
    "camera",
    "camera_name",
    "type",
    "severity",
    "zone",
    "zone_name",
    "track",
    "message_ko",
    "message_en",
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_reason",
    "incident",
    "muted_by",
    "muted_reason",
    "config_version",
    "details",
];

/// Which events, and in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv` unless given; or `json`.
    format: Option<String>,
    /// Of these cameras, deleted ones included; several with commas between them.
    camera: Option<String>,
    /// In these zones, deleted ones included.
    zone: Option<String>,
    /// Of these types.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Of these severities.
    severity: Option<String>,
    /// `true`: acknowledged ones; `false`: alarms that wait for it.
    #[param(value_type = Option<bool>)]
    acknowledged: Option<String>,
    /// That began then or later, RFC 3339.
    from: Option<String>,
    /// That began before, RFC 3339.
    to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl ExportQuery {
    fn format(&self) -> Result<Format, Problem> {
        match self.format.as_deref().unwrap_or("csv") {
            "csv" => Ok(Format::Csv),
            "json" => Ok(Format::Json),
            other => {
                let other = short(other);
                Err(Problem::invalid(format!("format is '{other}': use csv or json")))
            }
        }
    }

    /// What is asked for, for the audit.
    fn told(&self) -> String {
        let fields = [
            ("camera", &self.camera),
            ("zone", &self.zone),
            ("type", &self.event_type),
            ("severity", &self.severity),
            ("acknowledged", &self.acknowledged),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let given = fields.iter().filter_map(|(name, value)| {
            let value = value.as_ref().filter(|value| !value.is_empty())?;
            Some(format!("{name}={}", value.chars().take(200).collect::<String>()))
        });
        let told: Vec<String> = given.collect();
        if told.is_empty() { "all".to_owned() } else { told.join(" ") }
    }

    fn filter(self) -> Result<EventFilter, Problem> {
        let query = EventQuery {
            camera: self.camera,
            zone: self.zone,
            event_type: self.event_type,
            severity: self.severity,
            acknowledged: self.acknowledged,
            from: self.from,
            to: self.to,
            after: None,
            before: None,
            limit: None,
        };
        Ok(EventFilter { limit: EventFilter::LIMIT_MAX, ..query.filter()? })
    }
}

/// Events that fit as a file, newest first; a million at most.
#[utoipa::path(
    get, path = "/api/events/export", tag = "events", params(ExportQuery),
    responses(
        (status = 200, description = "CSV (RFC 4180, UTF-8 with byte order mark) or a JSON list", body = Vec<schema::Event>),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export(
    State(app): State<App>,
    session: Session,
    Asked(query): Asked<ExportQuery>,
) -> Result<Response, Problem> {
    let format = query.format()?;
    let told = query.told();
    let filter = query.filter()?;
    let Ok(permit) = EXPORTS.try_acquire() else {
        let detail = "other files of events are being made: try again in some minutes";
        return Err(Problem::new(Code::Unavailable, detail));
    };
    let count = app.store.count_events(&filter, ROWS_MAX + 1).await?;
    if count > ROWS_MAX {
        return Err(Problem::invalid(format!(
            "more than {ROWS_MAX} events fit: narrow the period with from and to, and make several files"
        )));
    }
    let (name, kind) = match format {
        Format::Csv => ("csv", "text/csv; charset=utf-8"),
        Format::Json => ("json", "application/json"),
    };
    app.audit
        .note(
            &session.user.username,
            "events.export",
            "events",
            &format!("{name}, {count}: {told}"),
        )
        .await;
    let calendar = app.store.calendar().await?;
    let stamp = calendar.local_time(clock::now()).replace([' ', ':'], "-");
    let file = Export {
        app,
        filter,
        calendar,
        format,
        before: None,
        left: ROWS_MAX,
        is_begun: false,
        is_done: false,
        _permit: permit,
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"events-{stamp}.{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(file, Export::next))).into_response())
}

/// A file on its way.
struct Export {
    app: App,
    filter: EventFilter,
    calendar: Calendar,
    format: Format,
    before: Option<i64>,
    left: u64,
    is_begun: bool,
    is_done: bool,
    _permit: SemaphorePermit<'static>,
}

impl Export {
    /// The next part. An error cuts the connection, so that nobody takes a part for the whole.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.is_done {
            return Ok(None);
        }
        if self.app.closing.is_cancelled() {
            return Err(io::Error::other("the server is ending"));
        }
        let page = self.app.store.events_page(&self.filter, self.before).await;
        let (mut events, next) = page.map_err(|error| {
            tracing::error!(error = chain(&error), "a file of events was cut short");
            io::Error::other("reading events failed")
        })?;
        events.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= u64::try_from(events.len()).unwrap_or(self.left);
        self.before = next;
        let mut text = String::new();
        match self.format {
            Format::Csv => {
                if !self.is_begun {
                    text.push_str(BYTE_ORDER_MARK);
                    push_row(&mut text, COLUMNS.iter().map(|name| (*name).to_owned()));
                }
                for event in &events {
                    push_row(&mut text, cells(event, &self.calendar));
                }
            }
            Format::Json => {
                let mut is_first = !self.is_begun;
                if is_first {
                    text.push('[');
                }
                for event in &events {
                    text.push_str(if std::mem::take(&mut is_first) { "\n" } else { ",\n" });
                    text.push_str(&serde_json::to_string(event)?);
                }
            }
        }
        self.is_begun = true;
        self.is_done = next.is_none() || self.left == 0;
        if self.is_done && self.format == Format::Json {
            text.push_str("\n]\n");
        }
        Ok(Some((text.into(), self)))
    }
}

fn cells(record: &EventRecord, calendar: &Calendar) -> impl Iterator<Item = String> {
    let event = &record.event;
    let seen = record.acknowledged.as_ref();
    let (zone, muted) = (event.zone.as_ref(), record.muted_by.as_ref());
    let details = serde_json::to_string(&event.details).unwrap_or_default();
    [
        event.id.to_string(),
        record.seq.to_string(),
        event.start.to_string(),
        event.end.as_ref().map(Utc::to_string).unwrap_or_default(),
        calendar.local_time(event.start),
        event.camera.as_ref().map(ToString::to_string).unwrap_or_default(),
        event.camera_name.clone(),
        event.event_type.name().to_owned(),
        event.severity.name().to_owned(),
        zone.map(|zone| zone.id.to_string()).unwrap_or_default(),
        zone.map(|zone| zone.name.clone()).unwrap_or_default(),
        event.track.as_ref().map(ToString::to_string).unwrap_or_default(),
        event.message.ko.clone(),
        event.message.en.clone(),
        seen.map(|seen| seen.by.clone()).unwrap_or_default(),
        seen.map(|seen| seen.at.to_string()).unwrap_or_default(),
        seen.map(|seen| seen.reason.clone()).unwrap_or_default(),
        record.incident.map(|id| id.to_string()).unwrap_or_default(),
        muted.map(|muted| muted.by.clone()).unwrap_or_default(),
        muted.map(|muted| muted.reason.clone()).unwrap_or_default(),
        event.config_version.to_string(),
        if event.details.is_empty() { String::new() } else { details },
    ]
    .into_iter()
}

/// A line of RFC 4180.
fn push_row(text: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_cell(text, &cell);
    }
    text.push_str("\r\n");
}

/// Programs for tables run what begins like a formula, and names of cameras are anybody's.
fn push_cell(text: &mut String, cell: &str) {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_quoted = cell.contains([',', '"', '\n', '\r']);
    if is_quoted {
        text.push('"');
    }
    if is_formula {
        text.push('\'');
    }
    if is_quoted {
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_run_nothing() {
        for (cell, expected) in [
            ("", ""),
            ("마당", "마당"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+82", "'+82"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("1-1", "1-1"),
        ] {
            let mut text = String::new();
            push_cell(&mut text, cell);
            assert_eq!(text, expected, "{cell}");
        }
    }

    #[test]
    fn the_audit_is_told_what_was_asked_for() {
        assert_eq!(ExportQuery::default().told(), "all");
        let query = ExportQuery {
            camera: Some("yard".into()),
            event_type: Some("fall,fire".into()),
            to: Some(String::new()),
            ..ExportQuery::default()
        };
        assert_eq!(query.told(), "camera=yard type=fall,fire");
    }
}
