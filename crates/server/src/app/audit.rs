//! Who did what, on its way to the database.
//!
//! Written by one task in the order of the deeds: whoever commands a camera or
//! acknowledges an alarm must not wait for the disk to have noted it.

use safe_yolo_core::Utc;
use safe_yolo_store::Store;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// Deeds that may wait to be noted (`block`).
const NOTES_MAX: usize = 256;

#[derive(Debug)]
struct Note {
    at: Utc,
    who: String,
    action: &'static str,
    target: String,
    detail: String,
}

/// Where deeds are noted; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Audit(mpsc::Sender<Note>);

impl Audit {
    /// The task ends once `drain` is cancelled and all is written.
    pub(crate) fn spawn(store: Store, drain: CancellationToken) -> (Self, JoinHandle<()>) {
        let (notes, waiting) = mpsc::channel(NOTES_MAX);
        (Self(notes), tokio::spawn(write(store, waiting, drain)))
    }

    /// Notes who did what. The deed is done by then, so a database that fails
    /// now is logged and does not undo it.
    pub(crate) async fn note(&self, who: &str, action: &'static str, target: &str, detail: &str) {
        let note = Note {
            at: clock::now(),
            who: who.to_owned(),
            action,
            target: target.to_owned(),
            detail: detail.to_owned(),
        };
        if let Err(mpsc::error::SendError(note)) = self.0.send(note).await {
            lost(&note, &"the server is ending");
        }
        #[expect(clippy::cast_precision_loss, reason = "at most some hundreds")]
        let depth = (self.0.max_capacity() - self.0.capacity()) as f64;
        metrics::gauge!("safe_yolo_server_queue_entries", "queue" => "audit").set(depth);
    }
}

fn lost(note: &Note, error: &dyn std::fmt::Display) {
    let Note { who, action, target, .. } = note;
    metrics::counter!("safe_yolo_server_lost_audit_entries_total").increment(1);
    tracing::error!(who, action, target, %error, "an audit entry was lost");
}

async fn write(store: Store, mut waiting: mpsc::Receiver<Note>, drain: CancellationToken) {
    loop {
        let note = tokio::select! {
            biased;
            note = waiting.recv() => note,
            // What is there is still written; nothing more comes.
            () = drain.cancelled() => {
                waiting.close();
                waiting.recv().await
            }
        };
        let Some(note) = note else { return };
        let entry = store.audit(note.at, &note.who, note.action, &note.target, &note.detail);
        if let Err(error) = entry.await {
            lost(&note, &error);
        }
    }
}
