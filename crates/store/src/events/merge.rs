//! What a change does to an event that is stored already.

use safe_yolo_core::Event;
use safe_yolo_core::event::{ChangeKind, SnapshotState};

/// Details that only the writers of evidence know: other hands' changes don't take them away.
const EVIDENCE_DETAILS: [&str; 1] = ["clip"];

/// The event after a change, and what the change comes to.
///
/// Changes come from several hands (rules, evidence writer, restart), each with
/// the event as it knows it. So an event that has ended stays ended, and
/// evidence that was stored or given up is not pending again.
pub(super) fn merge(before: &Event, change: ChangeKind, mut after: Event) -> (ChangeKind, Event) {
    after.snapshot = evidence(before.snapshot, after.snapshot);
    after.clip = evidence(before.clip, after.clip);
    for key in EVIDENCE_DETAILS {
        if let Some(value) = before.details.get(key) {
            after.details.entry(key).or_insert_with(|| value.clone());
        }
    }
    if before.end.is_some() && after.end.is_none() {
        let mut ended = before.clone();
        ended.snapshot = after.snapshot;
        ended.clip = after.clip;
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

/// The rules know of no evidence, and what is settled is not pending again.
const fn evidence(before: SnapshotState, after: SnapshotState) -> SnapshotState {
    match (before, after) {
        (SnapshotState::Stored | SnapshotState::Failed, SnapshotState::Pending)
        | (_, SnapshotState::None) => before,
        _ => after,
    }
}
