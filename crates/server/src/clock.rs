//! The world's clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

use safe_yolo_core::Utc;

/// Now.
pub(crate) fn now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
