//! Changes of events by number: what a client of `/ws/events` missed.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::number;
use super::schema;
use crate::app::App;
use crate::changes::Stored;
use crate::extract::Asked;
use crate::problem::{Problem, ProblemBody};

/// Changes in one answer.
const LIMIT_MAX: u32 = 500;
/// The same unless given.
const LIMIT: u32 = 100;

/// Which changes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeQuery {
    /// After this change; from the first on unless given.
    #[param(value_type = Option<i64>)]
    after: Option<String>,
    /// At most so many, 1 to 500; 100 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Some changes, oldest first, and where the log stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangePage {
    #[schema(value_type = Vec<schema::Change>)]
    changes: Vec<Stored>,
    /// The newest change. There are more to be asked for while the last one
    /// here is older.
    seq: i64,
}

impl ChangeQuery {
    fn range(self) -> Result<(i64, u32), Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let after = given(self.after).map(|text| number("after", &text)).transpose()?.unwrap_or(0);
        let limit = given(self.limit).map(|text| number("limit", &text)).transpose()?;
        let limit = limit.unwrap_or(LIMIT);
        if after < 0 {
            return Err(Problem::invalid("after must be the seq of a change, or 0 for all"));
        }
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid(format!("limit must lie between 1 and {LIMIT_MAX}")));
        }
        Ok((after, limit))
    }
}

/// Changes after a number, oldest first: pass the last one's `seq` for the next page.
#[utoipa::path(
    get, path = "/api/events/changes", tag = "events", params(ChangeQuery),
    responses(
        (status = 200, body = ChangePage),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn changes(
    State(app): State<App>,
    Asked(query): Asked<ChangeQuery>,
) -> Result<Json<ChangePage>, Problem> {
    let (after, limit) = query.range()?;
    // Read last: a page that seems to be the newest has nothing behind it.
    let changes = app.store.changes_after(after, limit).await?;
    let seq = app.store.newest_seq().await?;
    let changes = changes.into_iter().map(Stored::from).collect();
    Ok(Json(ChangePage { changes, seq }))
}
