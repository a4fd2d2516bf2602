//! What a change does to an event that is stored already.

use safe_yolo_core::Event;
use safe_yolo_core::event::{ChangeKind, SnapshotState};

/// The event after a change, and what the change comes to.
///
/// Changes come from several hands (rules, evidence writer, restart), each with
/// the event as it knows it. So an event that has ended stays ended, and
/// evidence that was stored or given up is not pending again.
pub(super) fn merge(before: &Event, change: ChangeKind, mut after: Event) -> (ChangeKind, Event) {
    let settled = |state| matches!(state, SnapshotState::Stored | SnapshotState::Failed);
    if settled(before.snapshot) && !settled(after.snapshot) {
        after.snapshot = before.snapshot;
    }
    if before.end.is_some() && after.end.is_none() {
        let mut ended = before.clone();
        ended.snapshot = after.snapshot;
        for (key, value) in after.details {
            ended.details.entry(key).or_insert(value);
        }
        return (ChangeKind::Updated, ended);
    }
    let kind = match change {
        ChangeKind::Ended if before.end.is_none() => ChangeKind::Ended,
        _ => ChangeKind::Updated,
    };
    (kind, after)
}
