//! All routes, and what lies around every one of them: the gate, a time limit,
//! a size limit, headers, and an answer even to a panic.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::auth::guard;
use crate::extract::BODY_BYTES_MAX;
use crate::problem::{Code, Problem};
use crate::{api, health, metrics, page, ws};

/// The longest a request may take.
const REQUEST_MAX: Duration = Duration::from_secs(30);

const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The whole service.
pub(crate) fn router(app: App) -> Router {
    let (api, _description) = api::routes();
    Router::new()
        .merge(api)
        .route("/ws/live", get(ws::live::live))
        .route("/ws/events", get(ws::events::events))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(page::page)
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(from_fn(with_headers))
        .with_state(app)
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("the request took longer than {} s", REQUEST_MAX.as_secs());
            Problem::new(Code::Unavailable, detail).into_response()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no text)");
    tracing::error!(panic = text, "a handler panicked");
    Problem::new(Code::Internal, "the server made a mistake: its log says more").into_response()
}

async fn with_headers(request: Request, next: Next) -> Response {
    let is_page = !request.uri().path().starts_with("/api");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !is_page && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
