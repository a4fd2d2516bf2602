//! Whether sessions still hold, known to all sockets of a session at once:
//! many sockets of one screen ask the store as often as one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use safe_yolo_store::Role;

/// For so long an answer of the store is taken for true.
const FRESH: Duration = Duration::from_secs(1);
/// Sessions kept; when there are more, those not fresh any more go, and what
/// has no room is asked each time.
const SESSIONS_MAX: usize = 4096;

/// What the store last said: the role, or that the session has ended.
#[derive(Debug, Clone, Copy)]
struct Said {
    role: Option<Role>,
    at: Instant,
}

/// Sessions by their token.
#[derive(Default)]
pub(crate) struct Held(Mutex<HashMap<String, Said>>);

impl Held {
    /// What is known of a session: its role, or none if it has ended.
    pub(super) fn known(&self, token: &str, now: Instant) -> Option<Option<Role>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = held.get(token)?;
        (now.saturating_duration_since(said.at) < FRESH).then_some(said.role)
    }

    /// Notes what the store said.
    pub(super) fn note(&self, token: &str, role: Option<Role>, now: Instant) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= SESSIONS_MAX {
            held.retain(|_, said| now.saturating_duration_since(said.at) < FRESH);
        }
        if held.len() < SESSIONS_MAX || held.contains_key(token) {
            held.insert(token.to_owned(), Said { role, at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_true_for_a_second_and_the_map_is_bounded() {
        let held = Held::default();
        let now = Instant::now();
        assert_eq!(held.known("a", now), None);
        held.note("a", Some(Role::Viewer), now);
        held.note("b", None, now);
        let soon = now + FRESH / 2;
        assert_eq!(held.known("a", soon), Some(Some(Role::Viewer)));
        assert_eq!(held.known("b", soon), Some(None));
        assert_eq!(held.known("a", now + FRESH), None);
        for number in 0..2 * SESSIONS_MAX {
            held.note(&number.to_string(), None, soon);
        }
        assert_eq!(held.0.lock().unwrap().len(), SESSIONS_MAX);
        assert_eq!(held.known("a", soon), Some(Some(Role::Viewer)), "still fresh");
        held.note("late", None, soon + FRESH);
        assert_eq!(held.0.lock().unwrap().len(), 1);
    }
}
