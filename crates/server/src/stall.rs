//! Shows that nothing blocks the async threads: a task that wants to run every
//! 50 ms, and how late it was.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two looks.
const BEAT: Duration = Duration::from_millis(50);
/// A delay this long is told: blocking work has got onto an async thread, or
/// the machine itself stood still.
const STALL_MIN: Duration = Duration::from_millis(250);

/// Measures until `closing` is cancelled.
pub(crate) async fn watch_stalls(closing: CancellationToken) {
    loop {
        let due = Instant::now() + BEAT;
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep_until(due) => {}
        }
        let late = due.elapsed();
        metrics::histogram!("safe_yolo_runtime_delay_seconds").record(late.as_secs_f64());
        if late >= STALL_MIN {
            metrics::counter!("safe_yolo_runtime_stalls_total").increment(1);
            // Release builds count; while developing, one wants to see it at once.
            if cfg!(debug_assertions) {
                tracing::warn!(late_ms = late.as_millis(), "an async thread was blocked");
            }
        }
    }
}
