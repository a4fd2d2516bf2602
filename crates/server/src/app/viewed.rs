//! Who looked at which evidence: noted once an hour each, not for each part that a browser reads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use safe_yolo_core::EventId;

use super::App;

/// Looks noted again after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// Looks remembered. When there are more, all are forgotten: some are noted twice, none is left out.
const LOOKS_MAX: usize = 4096;

/// Who, of which event, what.
type Look = (String, EventId, &'static str);

/// The looks of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Viewed(Mutex<HashMap<Look, Instant>>);

impl Viewed {
    /// Whether this look is to be noted.
    fn is_news(&self, look: Look, now: Instant) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: &Instant| now.saturating_duration_since(*at) < AGAIN_AFTER;
        if looks.get(&look).is_some_and(fresh) {
            return false;
        }
        if looks.len() >= LOOKS_MAX {
            looks.retain(|_, at| fresh(at));
        }
        if looks.len() >= LOOKS_MAX {
            looks.clear();
        }
        looks.insert(look, now);
        true
    }
}

impl App {
    /// Notes that somebody looked at evidence of an event: at its `snapshot`, its `clip`.
    pub(crate) async fn viewed(&self, who: &str, event: EventId, what: &'static str) {
        if self.looks.is_news((who.to_owned(), event, what), Instant::now()) {
            let (app, who) = (self.clone(), who.to_owned());
            // Noted even if whoever asked goes away meanwhile.
            let noting = tokio::spawn(async move {
                app.audit.note(&who, "evidence.view", &event.to_string(), what).await;
            });
            if noting.await.is_err() {
                tracing::error!(%event, "who looked at evidence could not be noted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u128) -> EventId {
        EventId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn each_look_is_noted_once_an_hour() {
        let (viewed, now) = (Viewed::default(), Instant::now());
        let look = |who: &str, what| (who.to_owned(), event(1), what);
        assert!(viewed.is_news(look("kim", "clip"), now));
        assert!(!viewed.is_news(look("kim", "clip"), now + Duration::from_secs(3599)));
        assert!(viewed.is_news(look("lee", "clip"), now));
        assert!(viewed.is_news(look("kim", "snapshot"), now));
        assert!(viewed.is_news(look("kim", "clip"), now + AGAIN_AFTER));
    }

    #[test]
    fn looks_are_bounded_and_none_is_left_out() {
        let (viewed, now) = (Viewed::default(), Instant::now());
        for number in 0..3 * LOOKS_MAX as u128 {
            assert!(viewed.is_news(("kim".to_owned(), event(number), "clip"), now));
            assert!(viewed.0.lock().unwrap().len() <= LOOKS_MAX);
        }
    }
}
