//! Errors as `application/problem+json` (RFC 9457) with a stable code.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use safe_yolo_core::{BlindReason, Utc};
use safe_yolo_media::StreamError;
use safe_yolo_media::source::SourceError;
use safe_yolo_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::AuthorBody;

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Unauthenticated,
    WrongPassword,
    TooManyAttempts,
    Forbidden,
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    Invalid,
    Malformed,
    Conflict,
    PreconditionFailed,
    TooLarge,
    RangeNotSatisfiable,
    Unavailable,
    SourceFailed,
    Internal,
}

impl Code {
    /// The name, as in the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::WrongPassword => "wrong_password",
            Self::TooManyAttempts => "too_many_attempts",
            Self::Forbidden => "forbidden",
            Self::ForeignOrigin => "foreign_origin",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Invalid => "invalid",
            Self::Malformed => "malformed",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooLarge => "too_large",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::Unavailable => "unavailable",
            Self::SourceFailed => "source_failed",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid | Self::SourceFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    reason: Option<BlindReason>,
    newest: Option<Box<Newest>>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// Who changed the camera meanwhile, of `precondition_failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NewestVersion)]
pub(crate) struct Newest {
    camera: String,
    /// The version that is the newest now.
    version: u64,
    /// RFC 3339, UTC.
    #[schema(value_type = String)]
    at: Utc,
    by: AuthorBody,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: `code` tells errors apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What went wrong, for programs.
    code: &'static str,
    /// What went wrong, for people: the thing, the value, the way out.
    detail: String,
    /// Of `source_failed`: what the camera would show.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Of `precondition_failed`: the newest version of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<Newest>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), reason: None, newest: None, header: None }
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        Self::new(Code::NotFound, format!("there is no {what} '{id}'"))
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid, detail)
    }

    /// A source that can't be opened.
    pub(crate) fn source(reason: BlindReason, detail: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new(Code::SourceFailed, detail) }
    }

    /// Too many attempts; the next one may come after so many seconds.
    pub(crate) fn too_many(retry_after_s: u64) -> Self {
        let detail =
            format!("too many failed logins: wait {retry_after_s} s before the next attempt");
        let header = (header::RETRY_AFTER, HeaderValue::from(retry_after_s));
        Self { header: Some(header), ..Self::new(Code::TooManyAttempts, detail) }
    }

    /// A method that the path does not have.
    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        let detail = format!("the method is not allowed here: use {allowed}");
        let value = HeaderValue::from_str(allowed).ok();
        Self {
            header: value.map(|value| (header::ALLOW, value)),
            ..Self::new(Code::MethodNotAllowed, detail)
        }
    }

    /// An error of ours: the log knows more than the answer.
    pub(crate) fn internal(doing: &'static str, error: &dyn Error) -> Self {
        tracing::error!(doing, error = chain(error), "a request failed");
        Self::new(Code::Internal, format!("{doing} failed: the server's log says why"))
    }
}

/// An error with all its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        metrics::counter!("safe_yolo_server_problems_total", "code" => self.code.name())
            .increment(1);
        let body = ProblemBody {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.code.name(),
            detail: self.detail,
            reason: self.reason.map(BlindReason::name),
            newest: self.newest.map(|newest| *newest),
        };
        let mut response = (status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NotFound { .. } => Code::NotFound,
            StoreError::Conflict { .. }
            | StoreError::LastAdmin { .. }
            | StoreError::Step { .. }
            | StoreError::TooLate { .. } => Code::Conflict,
            StoreError::Invalid { .. } | StoreError::Config(_) | StoreError::AlarmSettings(_) => {
                Code::Invalid
            }
            StoreError::Stale { newest, .. } => {
                let newest = Newest {
                    camera: newest.camera.to_string(),
                    version: newest.version,
                    at: newest.at,
                    by: AuthorBody::from(&newest.by),
                };
                let problem = Self::new(Code::PreconditionFailed, error.to_string());
                return Self { newest: Some(Box::new(newest)), ..problem };
            }
            other if other.is_unavailable() => {
                tracing::error!(error = chain(other), "the store failed a request");
                Code::Unavailable
            }
            other => return Self::internal("using the store", other),
        };
        Self::new(code, error.to_string())
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        match &error {
            SourceError::NotFound(_)
            | SourceError::NotAFile(_)
            | SourceError::Unreadable { .. } => Self::source(error.reason(), error.to_string()),
            _ => Self::invalid(error.to_string()),
        }
    }
}

impl From<StreamError> for Problem {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Source(error) => error.into(),
            other => Self::source(other.reason(), other.to_string()),
        }
    }
}
