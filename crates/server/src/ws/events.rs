//! `/ws/events`: each change of each event once and in order, from any point on.
//!
//! Changes come from the bus, those that it does not keep any more from the
//! store. A client that is too slow for the bus is told what it missed, goes on
//! with what is new, and can ask for the rest by `GET /api/events/changes`.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade, close_code};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use super::acknowledging::{Asking, Refusal};
use super::feed::Feed;
use super::{CHECK, End, ErrorMessage, Kind, Link, SECOND, open};
use crate::alarms;
use crate::app::App;
use crate::auth::Session;
use crate::extract::Asked;
use crate::problem::Problem;

/// Where to begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    after: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing {
    Hello { seq: i64 },
    Heartbeat { seq: i64 },
    Acknowledged { request: Option<u64>, count: usize },
}

/// Why a request was refused, with its number.
#[derive(Serialize)]
struct Refused {
    request: Option<u64>,
    #[serde(flatten)]
    error: ErrorMessage,
}

impl From<Refusal> for Refused {
    fn from(Refusal { number, problem }: Refusal) -> Self {
        Self { request: number, error: ErrorMessage::from(*problem) }
    }
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
    open(&app, Kind::Events, upgrade, session, move |app, link| run(app, link, after))
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
    let grown = app.store.subscribe_seq();
    let newest = *grown.borrow();
    // A number that was never given is from another life of the database.
    let mut feed = Feed::after(app, after.unwrap_or(newest).min(newest));
    // Before what is read now, so that nothing falls between.
    let mut news = app.alarm_news.subscribe();
    let mut asked = Asking::default();
    link.text(&Outgoing::Hello { seq: newest }).await?;
    let mutes = alarms::mutes(&app.store).await;
    link.send(Message::Text(mutes.unwrap_or_else(alarms::missed))).await?;
    let mut second = tokio::time::interval(SECOND);
    let mut check = tokio::time::interval(CHECK);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Changes last: there may always be one.
            biased;
            () = app.closing.cancelled() => {
                return Err(End::Close(close_code::AWAY, "the server is ending"));
            }
            _ = second.tick() => {
                let newest = *grown.borrow();
                link.text(&Outgoing::Heartbeat { seq: newest }).await?;
            }
            _ = check.tick() => link.check(app).await?,
            incoming = link.receive() => {
                if let Err(refusal) = asked.take(app, link, incoming?) {
                    link.text(&Refused::from(refusal)).await?;
                }
            }
            Some(done) = asked.done() => match done {
                Ok((request, count)) => {
                    link.text(&Outgoing::Acknowledged { request, count }).await?;
                }
                Err(refusal) => link.text(&Refused::from(refusal)).await?,
            },
            news = news.recv() => match news {
                Ok(message) => link.send(Message::Text(message)).await?,
                Err(RecvError::Lagged(_)) => link.send(Message::Text(alarms::missed())).await?,
                Err(RecvError::Closed) => {
                    return Err(End::Close(close_code::AWAY, "the server is ending"));
                }
            },
            message = feed.next() => match message {
                Ok(message) => link.send(Message::Text(message)).await?,
                Err(_ended) => {
                    return Err(End::Close(close_code::AWAY, "the server is ending"));
                }
            },
        }
    }
}
