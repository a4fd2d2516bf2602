//! What requests carry: JSON bodies, queries and paths whose refusals are problems too.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::problem::{Code, Problem};

/// The largest body of a request, bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // Forms of foreign pages can't send this type without asking first.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or(kind).trim();
            kind.eq_ignore_ascii_case("application/json")
        });
        if !is_json {
            return Err(Problem::new(
                Code::Malformed,
                "the body must be JSON with 'Content-Type: application/json'",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if let BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) =
                rejection
            {
                let detail = format!("the body has more than {BODY_BYTES_MAX} bytes");
                return Problem::new(Code::TooLarge, detail);
            }
            Problem::new(Code::Malformed, "the body could not be read to its end")
        })?;
        parse(&bytes).map(Self)
    }
}

/// Tells null from what is left out: for `#[serde(default, deserialize_with = "given")]`.
pub(crate) fn given<'de, D, T>(read: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(read).map(Some)
}

/// Reads JSON; a text that is none is `malformed`, one that says something
/// impossible is `invalid`.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        // Not by the error's own category, which calls some wrong values bad syntax.
        if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            Problem::invalid(error.to_string())
        } else {
            Problem::new(Code::Malformed, format!("the text is not JSON: {error}"))
        }
    })
}

/// A query.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Problem::invalid(rejection.body_text())),
        }
    }
}

/// Names what a path names, for the message when there is none.
pub(crate) trait Named: FromStr {
    /// What it is.
    const WHAT: &'static str;
}

impl Named for safe_yolo_core::CameraId {
    const WHAT: &'static str = "camera";
}

impl Named for safe_yolo_core::ZoneId {
    const WHAT: &'static str = "zone";
}

impl Named for safe_yolo_core::EventId {
    const WHAT: &'static str = "event";
}

/// An incident, by the id of its first event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IncidentId(pub(crate) safe_yolo_core::EventId);

impl FromStr for IncidentId {
    type Err = <safe_yolo_core::EventId as FromStr>::Err;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Named for IncidentId {
    const WHAT: &'static str = "incident";
}

/// The number of a mute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MuteNumber(pub(crate) i64);

impl FromStr for MuteNumber {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Named for MuteNumber {
    const WHAT: &'static str = "mute";
}

impl Named for safe_yolo_core::ChecklistId {
    const WHAT: &'static str = "checklist";
}

impl Named for safe_yolo_core::RegulationId {
    const WHAT: &'static str = "regulation";
}

/// The identifier in a path. What is no identifier names nothing.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => text,
            Err(_not_text) => return Err(Problem::not_found(T::WHAT, "(not UTF-8)")),
        };
        text.parse().map(Self).map_err(|_no_id| Problem::not_found(T::WHAT, &text))
    }
}

/// The identifier and the name in a path such as `/api/checklists/{id}/items/{item}/tick`.
#[derive(Debug)]
pub(crate) struct ItemOf<T>(pub(crate) T, pub(crate) String);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for ItemOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((id, item))) = path else {
            return Err(Problem::not_found(T::WHAT, "(not UTF-8)"));
        };
        let id = id.parse().map_err(|_no_id| Problem::not_found(T::WHAT, &id))?;
        Ok(Self(id, item))
    }
}

/// The identifier and the number in a path such as `/api/cameras/{id}/versions/{version}`.
#[derive(Debug)]
pub(crate) struct Version<T>(pub(crate) T, pub(crate) u64);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Version<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((id, version))) = path else {
            return Err(Problem::not_found(T::WHAT, "(not UTF-8)"));
        };
        let id = id.parse().map_err(|_no_id| Problem::not_found(T::WHAT, &id))?;
        let number = version.parse().map_err(|_none| Problem::not_found("version", &version))?;
        Ok(Self(id, number))
    }
}

/// The version that a change is based on, of `If-Match`; none if the header is missing or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BasedOn(pub(crate) Option<u64>);

impl BasedOn {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self(None));
        }
        // Proxies that compress make tags weak.
        let tag = text.strip_prefix("W/").unwrap_or(text);
        tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok().map(|version| Self(Some(version)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for BasedOn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = header.to_str().unwrap_or("(not text)");
        Self::parse(text).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            let detail = format!(
                "If-Match is '{text}': send the ETag of the answer that the change is based on, such as \"7\""
            );
            Problem::new(Code::Malformed, detail)
        })
    }
}

/// JSON with the version of the camera that it shows as `ETag`.
#[derive(Debug)]
pub(crate) struct Tagged<T>(pub(crate) u64, pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.0))], Json(self.1)).into_response()
    }
}

/// A password in a body: shown by nothing, not even by the message of a wrong type.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("the password must be a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_of_passwords_are_not_repeated() {
        let error = serde_json::from_str::<Secret>("12345678").unwrap_err();
        assert!(!error.to_string().contains("12345678"), "{error}");
        let secret: Secret = serde_json::from_str("\"x1y2\"").unwrap();
        assert!(!format!("{secret:?}").contains("x1y2"));
    }

    #[test]
    fn what_a_change_is_based_on_is_read_or_refused() {
        for (text, version) in [("\"7\"", Some(7)), ("W/\"7\"", Some(7)), ("*", None)] {
            assert_eq!(BasedOn::parse(text), Some(BasedOn(version)), "{text}");
        }
        for text in ["", "7", "\"", "\"7", "\"-1\"", "\"7\", \"8\"", "\"x\""] {
            assert_eq!(BasedOn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn broken_json_and_impossible_values_are_told_apart() {
        for (text, code) in [
            ("{", Code::Malformed),
            ("[NaN]", Code::Malformed),
            ("[1] 2", Code::Malformed),
            ("[1e999]", Code::Invalid),
            ("[null]", Code::Invalid),
            ("[\"1\"]", Code::Invalid),
        ] {
            assert_eq!(parse::<Vec<f64>>(text.as_bytes()).unwrap_err().code, code, "{text}");
        }
    }
}
