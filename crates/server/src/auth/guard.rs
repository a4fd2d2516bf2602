//! The one gate in front of every route.

use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use safe_yolo_store::{Role, User};

use super::access::{Access, Verdict, look_up};
use super::{cookie, origin};
use crate::app::App;
use crate::clock;
use crate::problem::{Code, Problem};

/// Who makes a request. Handlers get it only behind the gate.
#[derive(Clone)]
pub(crate) struct Session {
    /// The user, with the role of this moment.
    pub(crate) user: User,
    token: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Session {
    /// What the cookie holds.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn needs(&self, role: Role) -> Result<(), Problem> {
        let has = self.user.role;
        if has < role {
            let detail = format!("this needs the role '{role}', yours is '{has}'");
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(())
    }

    /// Whether the user may do on a socket what this route does, by the same table.
    pub(crate) fn may(&self, method: &str, path: &str) -> Result<(), Problem> {
        match look_up(method, path) {
            Verdict::Open(Access::Role(role)) => self.needs(role),
            Verdict::Open(Access::Public) => Ok(()),
            _ => Err(Problem::not_found("address", path)),
        }
    }

    /// Whether it still holds; a database that can't say is no reason to put
    /// watching people out.
    pub(crate) async fn holds(&self, app: &App) -> bool {
        let suffices = |role: Option<Role>| role.is_some_and(|role| role >= self.user.role);
        if let Some(known) = app.held.known(&self.token, Instant::now()) {
            return suffices(known);
        }
        match app.store.session_user(&self.token, clock::now()).await {
            Ok(user) => {
                let role = user.map(|user| user.role);
                app.held.note(&self.token, role, Instant::now());
                suffices(role)
            }
            Err(error) => {
                tracing::warn!(%error, "a session could not be checked");
                true
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthenticated)
    }
}

fn unauthenticated() -> Problem {
    Problem::new(
        Code::Unauthenticated,
        "log in first: POST /api/session with username and password",
    )
}

/// Lets through what the table opens to whoever asks.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match admit(&app, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &App, request: &mut Request) -> Result<(), Problem> {
    let method = request.method().clone();
    let reads = method == Method::GET || method == Method::HEAD;
    let path = request.uri().path().to_owned();
    // Owned: a borrowed request can't be held while the store is asked.
    let token = cookie::token(request.headers()).map(str::to_owned);
    let is_socket = path.starts_with("/ws/");
    if !reads || is_socket {
        origin::check(request.headers())?;
    }
    let Some(matched) = request.extensions().get::<MatchedPath>().cloned() else {
        if is_under(&path, "/api") || is_under(&path, "/ws") {
            session(app, token).await?;
            return Err(Problem::not_found("address", &path));
        }
        // The page and its files.
        return if reads { Ok(()) } else { Err(Problem::method_not_allowed("GET")) };
    };
    match look_up(method.as_str(), matched.as_str()) {
        Verdict::Open(Access::Public) => Ok(()),
        Verdict::Open(Access::Role(role)) => {
            let session = session(app, token).await?;
            session.needs(role)?;
            request.extensions_mut().insert(session);
            Ok(())
        }
        Verdict::OtherMethods(allowed) => {
            if path.starts_with("/api") {
                session(app, token).await?;
            }
            Err(Problem::method_not_allowed(&allowed))
        }
        Verdict::Closed => {
            session(app, token).await?;
            Err(Problem::not_found("address", &path))
        }
    }
}

fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn session(app: &App, token: Option<String>) -> Result<Session, Problem> {
    let token = token.ok_or_else(unauthenticated)?;
    let user = app.store.session_user(&token, clock::now()).await?;
    Ok(Session { user: user.ok_or_else(unauthenticated)?, token })
}
