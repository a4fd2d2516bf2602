//! What the rules of items said at the last look, for answers. As many as there are items.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use safe_yolo_core::checklist::{GAP_MAX, Standing};
use safe_yolo_core::{ChecklistId, Utc};

/// What the rules of one item said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) standing: Standing,
    /// Why that can't be said.
    pub(crate) reason: Option<&'static str>,
    /// Since when it can't be said.
    pub(crate) unknown_since: Option<Utc>,
    /// For how long all has been clear, seconds.
    pub(crate) clear_s: u64,
}

impl Look {
    /// Nobody has looked, or not lately.
    const NONE: Self = Self {
        standing: Standing::Unknown,
        reason: Some("not_looked_at"),
        unknown_since: None,
        clear_s: 0,
    };
}

type Looks = BTreeMap<(ChecklistId, String), Look>;

/// The last look.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Option<(Instant, Looks)>>);

impl Board {
    /// Takes the place of the look before.
    pub(super) fn put(&self, at: Instant, looks: Looks) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, looks));
    }

    /// What is known of items now: of a look that is too old nothing.
    pub(crate) fn read(&self, now: Instant) -> impl Fn(&ChecklistId, &str) -> Look + use<> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.as_ref().filter(|(at, _)| now.saturating_duration_since(*at) <= GAP_MAX);
        let looks = fresh.map(|(_, looks)| looks.clone()).unwrap_or_default();
        move |id, item| looks.get(&(id.clone(), item.to_owned())).cloned().unwrap_or(Look::NONE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_task_that_does_not_look_any_more_says_nothing() {
        let (board, id): (_, ChecklistId) = (Board::default(), "k-1".parse().unwrap());
        let now = Instant::now();
        assert_eq!(board.read(now)(&id, "A"), Look::NONE);
        let clear =
            Look { standing: Standing::Clear, reason: None, unknown_since: None, clear_s: 7 };
        board.put(now, BTreeMap::from([((id.clone(), "A".to_owned()), clear.clone())]));
        assert_eq!(board.read(now + GAP_MAX)(&id, "A"), clear);
        assert_eq!(board.read(now + GAP_MAX)(&id, "B"), Look::NONE);
        assert_eq!(board.read(now + GAP_MAX + Duration::from_millis(1))(&id, "A"), Look::NONE);
    }
}
