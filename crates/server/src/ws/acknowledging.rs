//! What can be said on `/ws/events`: acknowledging, by the same rules as by a request.

use std::pin::Pin;

use futures_util::stream::{FuturesUnordered, StreamExt};
use safe_yolo_core::EventId;
use safe_yolo_core::incident::Step;
use serde::Deserialize;

use super::{Incoming, Link};
use crate::api::{events, incidents};
use crate::app::App;
use crate::extract::parse;
use crate::problem::{Code, Problem};

/// Requests of one socket that may be under way (`refuse`).
const ASKED_MAX: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Acknowledge {
        /// Comes back with the answer.
        request: Option<u64>,
        id: Option<EventId>,
        incident: Option<EventId>,
        #[serde(default)]
        all: bool,
        #[serde(default)]
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Event(EventId),
    Incident(EventId),
    All,
}

/// What a client asks for.
#[derive(Debug)]
struct Request {
    number: Option<u64>,
    what: What,
    reason: String,
}

/// Why it is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) number: Option<u64>,
    pub(super) problem: Box<Problem>,
}

impl Refusal {
    fn new(number: Option<u64>, problem: Problem) -> Self {
        Self { number, problem: Box::new(problem) }
    }
}

/// How many were acknowledged, with the number of the request.
type Done = Result<(Option<u64>, usize), Refusal>;

/// What one client has asked for and is not done.
#[derive(Default)]
pub(super) struct Asking(FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>);

fn read(text: &str) -> Result<Request, Refusal> {
    let Command::Acknowledge { request: number, id, incident, all, reason } =
        parse(text.as_bytes()).map_err(|problem| Refusal::new(None, problem))?;
    let what = match (id, incident, all) {
        (Some(id), None, false) => What::Event(id),
        (None, Some(id), false) => What::Incident(id),
        (None, None, true) => What::All,
        _ => {
            let detail = "name one of id, incident, and all: true";
            return Err(Refusal::new(number, Problem::invalid(detail)));
        }
    };
    Ok(Request { number, what, reason })
}

impl Asking {
    /// Begins what the client asks for.
    pub(super) fn take(
        &mut self,
        app: &App,
        link: &Link,
        incoming: Incoming,
    ) -> Result<(), Refusal> {
        let Incoming::Text(text) = incoming else {
            let problem =
                Problem::new(Code::Malformed, "messages must be text: JSON as in docs/api.md");
            return Err(Refusal::new(None, problem));
        };
        let Request { number, what, reason } = read(&text)?;
        let refused = |problem| Refusal::new(number, problem);
        let path = match what {
            What::Event(_) => "/api/events/{id}/acknowledge",
            What::Incident(_) => "/api/incidents/{id}/acknowledge",
            What::All => "/api/events/acknowledge",
        };
        link.session.may("POST", path).map_err(refused)?;
        if self.0.len() >= ASKED_MAX {
            let detail = format!("{ASKED_MAX} requests of this socket are under way: wait for one");
            return Err(refused(Problem::new(Code::Unavailable, detail)));
        }
        let (app, session) = (app.clone(), link.session.clone());
        self.0.push(Box::pin(async move {
            let refused = |problem| Refusal::new(number, problem);
            // The login may have ended since the socket was opened.
            if !session.holds(&app).await {
                let detail = "the session has ended: log in again";
                return Err(refused(Problem::new(Code::Unauthenticated, detail)));
            }
            let done = acknowledge(&app, &session.user.username, what, reason).await;
            done.map(|count| (number, count)).map_err(refused)
        }));
        Ok(())
    }

    /// The next answer; none while nothing is asked.
    pub(super) async fn done(&mut self) -> Option<Done> {
        self.0.next().await
    }
}

async fn acknowledge(app: &App, by: &str, what: What, reason: String) -> Result<usize, Problem> {
    match what {
        What::Event(id) => events::acknowledge_one(app, by, id, &reason).await.map(|_| 1),
        What::Incident(id) => {
            let step = Step::Acknowledge { reason };
            incidents::take(app, by, id, &step, None).await.map(|_| 1)
        }
        What::All => events::acknowledge_these(app, by, None, &reason).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_makes_sense_is_obeyed() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        let said = |rest: &str| read(&format!(r#"{{"type": "acknowledge", "request": 7{rest}}}"#));
        let asked = said(&format!(r#", "id": "{id}", "reason": "x""#)).unwrap();
        assert_eq!((asked.number, asked.reason.as_str()), (Some(7), "x"));
        assert!(matches!(asked.what, What::Event(_)));
        assert_eq!(said(r#", "all": true"#).unwrap().what, What::All);
        for rest in ["".to_owned(), format!(r#", "id": "{id}", "all": true"#)] {
            let refused = said(&rest).unwrap_err();
            assert_eq!((refused.number, refused.problem.code), (Some(7), Code::Invalid), "{rest}");
        }
        for text in ["", "[]", r#"{"type": "resolve"}"#, r#"{"type": "acknowledge", "id": "../x"}"#]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
