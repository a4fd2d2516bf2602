//! The clockwork of alarms: mutes end, what nobody acknowledges is escalated, and news of incidents go to
//! all sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use safe_yolo_core::Utc;
use safe_yolo_store::{IncidentRecord, Store};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::app::{App, PartState};
use crate::clock::{self, ClockWatch};
use crate::faults::Fault;
use crate::problem::chain;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// Looks that may fail one after the other before it is said: a database may be busy for a moment.
const FAILED_LOOKS_MAX: u32 = 5;
/// Messages about incidents and mutes kept for slow sockets (`drop_oldest`); a socket that loses some is
/// told to read them again.
const NEWS_MAX: usize = 256;

/// Messages of `/ws/events` about incidents and mutes.
#[derive(Debug, Clone)]
pub(crate) struct AlarmNews(broadcast::Sender<Utf8Bytes>);

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message<'a> {
    Incident { incident: &'a IncidentRecord },
    Mutes { mutes: &'a [safe_yolo_store::Mute] },
    IncidentsMissed,
}

fn text(message: &Message<'_>) -> Utf8Bytes {
    serde_json::to_string(message).unwrap_or_default().into()
}

/// What a socket is told that lost some of the news.
pub(crate) fn missed() -> Utf8Bytes {
    text(&Message::IncidentsMissed)
}

impl AlarmNews {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(NEWS_MAX))
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Utf8Bytes> {
        self.0.subscribe()
    }

    /// That nobody listens is no error.
    fn send(&self, message: Utf8Bytes) {
        drop(self.0.send(message));
    }
}

/// What is muted, as a message.
pub(crate) async fn mutes(store: &Store) -> Option<Utf8Bytes> {
    match store.mutes().await {
        Ok(mutes) => Some(text(&Message::Mutes { mutes: &mutes })),
        Err(error) => {
            tracing::warn!(%error, "what is muted could not be read");
            None
        }
    }
}

/// Writes each change once and hands it to all sockets, until the program ends.
pub(crate) async fn tell(app: App) {
    let mut incidents = app.store.incident_news();
    let mut muted = app.store.mute_news();
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            news = incidents.recv() => match news {
                Ok(record) => {
                    let record: Arc<IncidentRecord> = record;
                    app.alarm_news.send(text(&Message::Incident { incident: &record }));
                }
                Err(RecvError::Lagged(count)) => {
                    metrics::counter!("safe_yolo_server_lagged_incident_news_total").increment(count);
                    app.alarm_news.send(missed());
                }
                Err(RecvError::Closed) => return,
            },
            Ok(()) = muted.changed() => {
                let message = mutes(&app.store).await;
                app.alarm_news.send(message.unwrap_or_else(missed));
            }
        }
    }
}

/// Looks every second, until the program ends. `state`: whether that goes well.
pub(crate) async fn run(app: App, state: watch::Sender<PartState>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut watch = ClockWatch::new(Instant::now(), clock::now().micros());
    let mut owed = 0;
    let mut fault = Fault::default();
    let mut failed_looks = 0_u32;
    loop {
        tokio::select! {
            () = app.closing.cancelled() => break,
            _ = tick.tick() => {}
        }
        let utc = clock::now();
        owed += watch.look(Instant::now(), utc.micros());
        if owed != 0 {
            tracing::warn!(set_by_s = owed / 1_000_000, "the world's clock was set");
        }
        let Some(detail) = look(&app.store, utc, &mut owed).await else {
            failed_looks = 0;
            state.send_replace(PartState::Ok);
            fault.end(&app, "recovered").await;
            continue;
        };
        metrics::counter!("safe_yolo_server_failed_alarm_looks_total").increment(1);
        tracing::warn!(detail, "mutes and escalations could not be looked after");
        failed_looks = failed_looks.saturating_add(1);
        if failed_looks >= FAILED_LOOKS_MAX {
            state.send_replace(PartState::Failed(detail.clone()));
            fault.begin(&app, "escalation", failure(), detail).await;
        }
    }
    fault.end(&app, "shutdown").await;
}

fn failure() -> safe_yolo_core::Message {
    safe_yolo_core::Message {
        ko: "확인 지연 경보를 알리지 못하거나 알림 중지가 제때 끝나지 않을 수 있음".to_owned(),
        en: "alarms that nobody acknowledges may not be escalated, or mutes may not end".to_owned(),
    }
}

/// Looks after all that is due, each by itself: what fails stops nothing else. Answers what failed.
async fn look(store: &Store, utc: Utc, owed: &mut i64) -> Option<String> {
    let mut failed = None;
    if *owed != 0 {
        match store.clock_was_set(*owed).await {
            Ok(()) => *owed = 0,
            Err(error) => failed = Some(chain(&error)),
        }
    }
    match store.ring(utc).await {
        Ok(rung) => {
            if rung.done > 0 {
                tracing::info!(rung = rung.done, "alarms that were muted ring, as they still last");
            }
            failed = failed.or(rung.failed.as_ref().map(|error| chain(error)));
        }
        Err(error) => failed = failed.or_else(|| Some(chain(&error))),
    }
    match store.escalate(utc).await {
        Ok(escalated) => {
            for incident in escalated.done {
                let level = incident.escalation.level;
                metrics::counter!("safe_yolo_server_escalations_total", "level" => level.to_string())
                    .increment(1);
                tracing::warn!(incident = %incident.id, level, "nobody has acknowledged an incident");
            }
            failed = failed.or(escalated.failed.as_ref().map(|error| chain(error)));
        }
        Err(error) => failed = failed.or_else(|| Some(chain(&error))),
    }
    failed
}
