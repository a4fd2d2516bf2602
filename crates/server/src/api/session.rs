//! Login and logout.

use std::sync::PoisonError;
use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use safe_yolo_store::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Session, cookie};
use crate::clock;
use crate::extract::{Body, Secret};
use crate::listener::Peer;
use crate::problem::{Code, Problem, ProblemBody};

/// A longer password is nobody's; hashing it would cost us.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    username: String,
    #[schema(value_type = String, format = Password, write_only)]
    password: Secret,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionBody {
    user: UserBody,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct UserBody {
    username: String,
    /// `viewer`, `operator` or `admin`.
    role: &'static str,
    /// Whether they may take pictures and clips out of the house as they were stored.
    may_export_original: bool,
}

impl SessionBody {
    async fn of(app: &App, user: &User) -> Result<Self, Problem> {
        let may_export_original = app.store.may_export_originals(&user.username).await?;
        let (username, role) = (user.username.clone(), user.role.name());
        Ok(Self { user: UserBody { username, role, may_export_original } })
    }
}

/// Logs in.
#[utoipa::path(
    post, path = "/api/session", tag = "session", request_body = Login,
    responses(
        (status = 200, description = "Logged in; the cookie is set", body = SessionBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(
    State(app): State<App>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<Response, Problem> {
    let Login { username, password: Secret(password) } = login;
    let begun = {
        let mut throttle = app.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.begin(&username, peer.ip(), Instant::now())
    };
    if let Err(wait) = begun {
        metrics::counter!("safe_yolo_server_throttled_logins_total").increment(1);
        return Err(Problem::too_many(wait.as_millis().div_ceil(1000).try_into().unwrap_or(60)));
    }
    let user = if password.len() > PASSWORD_BYTES_MAX {
        None
    } else {
        app.store.verify_login(&username, password).await?
    };
    let Some(user) = user else {
        metrics::counter!("safe_yolo_server_failed_logins_total").increment(1);
        // Not the name: people type passwords into the wrong field.
        tracing::warn!(from = %peer.ip(), "a login failed");
        return Err(Problem::new(Code::WrongPassword, "wrong username or password"));
    };
    app.throttle.lock().unwrap_or_else(PoisonError::into_inner).succeeded(&username, peer.ip());
    if let Some(old) = cookie::token(&headers) {
        app.store.end_session(old).await?;
    }
    let token = app.store.create_session(&user.username, clock::now()).await?;
    app.audit.note(&user.username, "session.begin", &user.username, &peer.ip().to_string()).await;
    let set = [(header::SET_COOKIE, cookie::begin(token.reveal()))];
    Ok((set, Json(SessionBody::of(&app, &user).await?)).into_response())
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/api/session", tag = "session",
    responses(
        (status = 200, body = SessionBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    session: Session,
) -> Result<Json<SessionBody>, Problem> {
    Ok(Json(SessionBody::of(&app, &session.user).await?))
}

/// Logs out.
#[utoipa::path(
    delete, path = "/api/session", tag = "session",
    responses(
        (status = 204, description = "Logged out"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(State(app): State<App>, session: Session) -> Result<Response, Problem> {
    app.store.end_session(session.token()).await?;
    let who = &session.user.username;
    app.audit.note(who, "session.end", who, "").await;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::end())]).into_response())
}
