//! `GET /metrics`: figures in Prometheus's text format, for programs on this machine.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use safe_yolo_core::{CameraId, CameraState};
use safe_yolo_store::StoreState;

use crate::app::{App, EVENT_SOCKETS_MAX, LIVE_SOCKETS_MAX, PartState};
use crate::health::Unanalysed;
use crate::listener::Peer;
use crate::problem::{Code, Problem};

/// Time between two tidyings of the recorder.
const UPKEEP: Duration = Duration::from_secs(5);
/// Seconds, from an inference on a large GPU to a stuck disk.
const BUCKETS_S: [f64; 12] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// There is one recorder a process, whatever the number of servers.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Makes figures be recorded from now on.
pub(crate) fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_S);
        let builder = match builder {
            Ok(builder) => builder,
            Err(error) => {
                tracing::error!(%error, "figures are not recorded");
                return None;
            }
        };
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        match metrics::set_global_recorder(recorder) {
            Ok(()) => Some(handle),
            Err(error) => {
                tracing::error!(%error, "figures are recorded by something else");
                None
            }
        }
    });
}

/// Tidies the recorder until the program ends.
pub(crate) async fn upkeep(app: App) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Some(handle) = RECORDER.get().and_then(Option::as_ref) {
            handle.run_upkeep();
        }
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(
    State(app): State<App>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What a proxy on this machine passes on comes from elsewhere.
    let is_passed_on = ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if !peer.ip().to_canonical().is_loopback() || is_passed_on {
        let detail = "figures are given to programs on the same machine only";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let Some(handle) = RECORDER.get().and_then(Option::as_ref) else {
        return Err(Problem::new(Code::Unavailable, "figures are not recorded"));
    };
    observe(&app);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], handle.render()).into_response())
}

/// A camera that is gone is in no state: its last figure would stay for ever.
pub(crate) fn forget(id: &CameraId) {
    for state in CameraState::ALL {
        let camera = id.to_string();
        metrics::gauge!("safe_yolo_camera_state", "camera" => camera, "state" => state.name())
            .set(0.0);
    }
    for queue in ["outlet", "open_events", "commands"] {
        let camera = id.to_string();
        metrics::gauge!("safe_yolo_pipeline_queue_entries", "camera" => camera, "queue" => queue)
            .set(0.0);
    }
}

/// Figures that nobody tells by himself: cameras without a task among them.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn observe(app: &App) {
    let cameras = app.registry.all();
    for record in cameras.iter().filter(|r| app.engine.camera(&r.config.id).is_none()) {
        let status = app.status(record);
        for state in CameraState::ALL {
            let value = if state == status.state { 1.0 } else { 0.0 };
            let camera = record.config.id.to_string();
            metrics::gauge!("safe_yolo_camera_state", "camera" => camera, "state" => state.name())
                .set(value);
        }
    }
    let statuses: Vec<_> = cameras.iter().map(|record| app.status(record)).collect();
    let parts = [
        ("store", *app.outbox.state().borrow() != StoreState::Ok),
        ("evidence", *app.evidence_state.borrow() != PartState::Ok),
        ("escalation", *app.escalation_state.borrow() != PartState::Ok),
        ("detector", Unanalysed::of(&statuses).is_any()),
    ];
    for (part, has_failed) in parts {
        metrics::gauge!("safe_yolo_part_failed", "part" => part).set(u8::from(has_failed));
    }
    metrics::gauge!("safe_yolo_cameras").set(cameras.len() as f64);
    metrics::gauge!("safe_yolo_store_queue_changes").set(app.outbox.depth() as f64);
    metrics::gauge!("safe_yolo_store_evidence_bytes").set(app.evidence.bytes() as f64);
    if let Some(tracks) = &app.tracks {
        metrics::gauge!("safe_yolo_tracklog_bytes").set(tracks.bytes() as f64);
        metrics::gauge!("safe_yolo_tracklog_queue_blocks").set(tracks.depth() as f64);
    }
    let live = LIVE_SOCKETS_MAX - app.live_sockets.available_permits();
    metrics::gauge!("safe_yolo_server_sockets", "kind" => "live").set(live as f64);
    let events = EVENT_SOCKETS_MAX - app.event_sockets.available_permits();
    metrics::gauge!("safe_yolo_server_sockets", "kind" => "events").set(events as f64);
    let bus = app.changes.stats();
    metrics::gauge!("safe_yolo_bus_depth_changes").set(bus.depth as f64);
    metrics::gauge!("safe_yolo_bus_depth_notices").set(bus.notices_depth as f64);
    metrics::gauge!("safe_yolo_bus_subscribers").set(bus.subscribers as f64);
    let lag = app.store.subscribe_seq().borrow().saturating_sub(app.changes.newest());
    metrics::gauge!("safe_yolo_bus_lag_changes").set(lag.max(0) as f64);
    metrics::counter!("safe_yolo_bus_missed_changes_total").absolute(bus.missed);
    metrics::counter!("safe_yolo_bus_missed_notices_total").absolute(bus.missed_notices);
    metrics::counter!("safe_yolo_bus_refused_changes_total").absolute(bus.refused);
}
