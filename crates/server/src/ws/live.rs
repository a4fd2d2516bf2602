//! `/ws/live`: pictures of the cameras a viewer looks at, and the state of all.
//!
//! A slow viewer keeps nobody waiting: it gets the newest picture when it can
//! take one, and is told how many it missed.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::response::Response;
use safe_yolo_core::CameraId;
use safe_yolo_pipeline::Status;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use super::viewing::Viewing;
use super::{CHECK, End, ErrorMessage, Incoming, Kind, Link, SECOND, command, open};
use crate::app::App;
use crate::auth::Session;
use crate::problem::{Code, Problem};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing {
    Status { cameras: BTreeMap<CameraId, Status> },
    Missed { camera: CameraId, count: u64 },
}

/// `GET /ws/live`.
pub(crate) async fn live(
    State(app): State<App>,
    session: Session,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    open(&app, Kind::Live, upgrade, session, run)
}

async fn run(app: App, mut link: Link) {
    let Err(end) = show(&app, &mut link).await;
    link.close(end).await;
}

async fn show(app: &App, link: &mut Link) -> Result<std::convert::Infallible, End> {
    let mut viewing = Viewing::default();
    let mut cameras = app.registry.watch();
    let mut second = tokio::time::interval(SECOND);
    let mut check = tokio::time::interval(CHECK);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Pictures last: there may always be one.
            biased;
            () = app.closing.cancelled() => {
                return Err(End::Close(close_code::AWAY, "the server is ending"));
            }
            _ = second.tick() => {
                viewing.attach(app);
                link.text(&status(app)).await?;
                for (camera, count) in viewing.take_missed() {
                    metrics::counter!("safe_yolo_server_missed_live_pictures_total").increment(count);
                    link.text(&Outgoing::Missed { camera, count }).await?;
                }
            }
            _ = check.tick() => link.check(app).await?,
            Ok(()) = cameras.changed() => viewing.attach(app),
            incoming = link.receive() => obey(app, link, &mut viewing, incoming?).await?,
            message = viewing.next() => {
                let begun = Instant::now();
                link.binary(message).await?;
                viewing.note_sending(begun.elapsed());
            }
        }
    }
}

fn status(app: &App) -> Outgoing {
    let cameras = app.registry.all();
    let cameras = cameras.iter().map(|r| (r.config.id.clone(), app.status(r))).collect();
    Outgoing::Status { cameras }
}

async fn obey(
    app: &App,
    link: &mut Link,
    viewing: &mut Viewing,
    incoming: Incoming,
) -> Result<(), End> {
    let wanted = match &incoming {
        Incoming::Text(text) => command::read(text),
        Incoming::Binary => {
            Err(Problem::new(Code::Malformed, "messages must be text: JSON as in docs/api.md"))
        }
    };
    let mut wanted = match wanted {
        Ok(wanted) => wanted,
        Err(problem) => return link.text(&ErrorMessage::from(problem)).await,
    };
    let unknown: Vec<CameraId> =
        wanted.keys().filter(|id| app.registry.camera(id).is_none()).cloned().collect();
    for id in &unknown {
        wanted.remove(id);
    }
    viewing.want(app, wanted);
    for id in unknown {
        link.text(&ErrorMessage::from(Problem::not_found("camera", id.as_str()))).await?;
    }
    Ok(())
}
