//! The events of one camera that last: known outside its pipeline, so that
//! they can be ended when the pipeline breaks off.

use std::collections::BTreeMap;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Event, EventChange, EventId, EventType};

/// Events that are followed at once, far more than people fit into a picture;
/// the oldest is forgotten then, and ends with the next start of the server.
const OPEN_MAX: usize = 1024;

/// Events without an end, by id: ids begin with their time, so the oldest is the first.
#[derive(Debug, Default)]
pub(crate) struct OpenEvents(BTreeMap<EventId, Event>);

impl OpenEvents {
    /// Follows a change that goes out.
    pub(crate) fn note(&mut self, change: &EventChange) {
        let event = &change.event;
        if event.end.is_some() || change.kind == ChangeKind::Ended {
            self.0.remove(&event.id);
            return;
        }
        self.0.insert(event.id, event.clone());
        if self.0.len() > OPEN_MAX {
            self.0.pop_first();
            metrics::counter!("safe_yolo_pipeline_forgotten_open_events_total").increment(1);
            tracing::error!(open = OPEN_MAX, "too many open events: the oldest is not followed");
        }
    }

    pub(crate) fn has(&self, event_type: EventType) -> bool {
        self.0.values().any(|event| event.event_type == event_type)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, oldest first; none is followed any more.
    pub(crate) fn take_all(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::Utc;

    use super::*;
    use crate::blindness;
    use crate::fixture::raised;

    #[test]
    fn c7_events_that_nobody_ends_are_bounded() {
        let mut open = OpenEvents::default();
        let mut all = Vec::new();
        for _ in 0..OPEN_MAX * 2 {
            let change = raised();
            open.note(&change);
            all.push(change.event);
        }
        assert_eq!(open.len(), OPEN_MAX);
        let newest = blindness::ended(all[all.len() - 1].clone(), Utc(2), "left");
        open.note(&newest);
        assert_eq!(open.len(), OPEN_MAX - 1, "what ends is not followed");
        let left = open.take_all();
        assert!(left.iter().all(|event| all[OPEN_MAX..].contains(event)), "the newest stay");
        assert_eq!(open.len(), 0);
    }
}
