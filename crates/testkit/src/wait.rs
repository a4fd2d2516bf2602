//! Bounded waits: tests wait for conditions, never for a fixed time.

use std::time::{Duration, Instant};

use crate::TestkitError;

/// Time between two looks at a condition.
const STEP: Duration = Duration::from_millis(5);

/// Waits until `condition` holds, for at most `limit`.
///
/// # Errors
/// When it does not hold in time; the error names it as `what`.
pub async fn until(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> bool,
) -> Result<(), TestkitError> {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return Err(TestkitError::Timeout {
                what: what.to_owned(),
                waited_s: limit.as_secs_f64(),
            });
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}
