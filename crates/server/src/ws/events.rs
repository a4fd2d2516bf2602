//! `/ws/events`: each change of each event once and in order, from any point on.
//!
//! The store is the queue: a cursor follows it, woken when it grows, so nothing
//! is lost or doubled however slow a client is. Only alarms that could not be
//! stored in time come by another way.

use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::response::Response;
use safe_yolo_store::{Announced, StoredChange};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use super::{CHECK, End, ErrorMessage, Link, SECOND, open};
use crate::app::App;
use crate::auth::Session;
use crate::extract::Asked;
use crate::problem::{Code, Problem};

/// Changes read at once.
const BATCH: u32 = 100;

/// Where to begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    after: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing<'a> {
    Hello {
        seq: i64,
    },
    Heartbeat {
        seq: i64,
    },
    Change(ChangeMessage<'a>),
    #[serde(rename = "change")]
    Unrecorded(&'a Announced),
}

#[derive(Serialize)]
struct ChangeMessage<'a> {
    recorded: bool,
    #[serde(flatten)]
    change: &'a StoredChange,
}

/// `GET /ws/events`.
pub(crate) async fn events(
    State(app): State<App>,
    session: Session,
    Asked(start): Asked<Start>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let after = match start.after.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => match text.parse::<i64>() {
            Ok(seq) if seq >= 0 => Some(seq),
            _ => {
                let detail = "after must be the seq of a change: a whole number, 0 for all";
                return Err(Problem::invalid(detail));
            }
        },
    };
    open(&app, upgrade, session, move |app, link| run(app, link, after))
}

async fn run(app: App, mut link: Link, after: Option<i64>) {
    let Err(end) = follow(&app, &mut link, after).await;
    link.close(end).await;
}

async fn follow(
    app: &App,
    link: &mut Link,
    after: Option<i64>,
) -> Result<std::convert::Infallible, End> {
    // Listened to before anything is read, so that nothing falls between.
    let mut news = app.store.announcements();
    let mut grown = app.store.subscribe_seq();
    let newest = *grown.borrow_and_update();
    // A number that was never given is from another life of the database.
    let mut cursor = after.unwrap_or(newest).min(newest);
    link.text(&Outgoing::Hello { seq: newest }).await?;
    let mut behind = cursor < newest;
    let mut second = tokio::time::interval(SECOND);
    let mut check = tokio::time::interval(CHECK);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = app.closing.cancelled() => {
                return Err(End::Close(close_code::AWAY, "the server is ending"));
            }
            _ = second.tick() => {
                let newest = *grown.borrow_and_update();
                link.text(&Outgoing::Heartbeat { seq: newest }).await?;
                // Also after a failed reading.
                behind = cursor < newest;
            }
            _ = check.tick() => link.check(app).await?,
            announced = news.recv() => match announced {
                Ok(announced) if !announced.recorded => {
                    link.text(&Outgoing::Unrecorded(&announced)).await?;
                }
                // Recorded ones are read from the store, and so is what was missed.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => {
                    return Err(End::Close(close_code::AWAY, "the server is ending"));
                }
            },
            Ok(()) = grown.changed() => behind = true,
            incoming = link.receive() => {
                incoming?;
                let problem = Problem::new(Code::Malformed, "nothing can be said on this socket");
                link.text(&ErrorMessage::from(problem)).await?;
            }
            () = std::future::ready(()), if behind => {
                behind = advance(app, link, &mut cursor).await?;
            }
        }
    }
}

/// Sends the next changes; answers whether there may be more.
async fn advance(app: &App, link: &mut Link, cursor: &mut i64) -> Result<bool, End> {
    let changes = match app.store.changes_after(*cursor, BATCH).await {
        Ok(changes) => changes,
        Err(error) => {
            // The next heartbeat tries again.
            tracing::warn!(%error, "changes could not be read for a viewer");
            return Ok(false);
        }
    };
    for change in &changes {
        link.text(&Outgoing::Change(ChangeMessage { recorded: true, change })).await?;
        *cursor = change.seq;
    }
    Ok(!changes.is_empty())
}
