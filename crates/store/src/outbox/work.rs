//! The pieces of work of the outbox's task. Each owns what it needs and hands
//! it back, and is always polled to its end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::spawn_blocking;

use super::Submitted;
use crate::error::chain;
use crate::journal::{JournalError, Replay};
use crate::{Journal, Store, StoreError};

/// Where a batch comes from, and so where it still is if it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    Memory,
    Journal,
}

/// What a piece of work comes to.
pub(super) enum Done {
    /// The batch is in the database, or nothing of it.
    Written { from: Queue, batch: VecDeque<Submitted>, result: Result<(), StoreError> },
    /// So many of the batch are in the journal.
    Journaled { batch: VecDeque<Submitted>, result: Result<usize, String> },
    /// Whether the database would take a write.
    Probed(Result<(), String>),
    /// What the journal holds.
    Loaded(Result<Replay, String>),
    /// The journal is empty.
    Cleared(Result<(), String>),
}

pub(super) type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What the work comes to; never, if there is none.
pub(super) async fn finished(work: Option<&mut Work>) -> Done {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

pub(super) fn write(store: Store, from: Queue, batch: VecDeque<Submitted>) -> Work {
    Box::pin(async move {
        let changes: Vec<_> = batch.iter().map(|s| (s.change_id, s.change.clone())).collect();
        let result = store.record_here(&changes).await.map(drop);
        Done::Written { from, batch, result }
    })
}

pub(super) fn append(journal: Arc<Mutex<Journal>>, batch: VecDeque<Submitted>) -> Work {
    Box::pin(async move {
        // Shared, so that the batch survives whatever becomes of the thread.
        let batch = Arc::new(batch);
        let changes = batch.clone();
        let result = blocking(&journal, move |journal| {
            journal.append_all(changes.iter().map(|s| (s.change_id, &s.change)))
        })
        .await;
        let batch = Arc::try_unwrap(batch).unwrap_or_else(|batch| batch.iter().cloned().collect());
        Done::Journaled { batch, result }
    })
}

pub(super) fn probe(store: Store) -> Work {
    Box::pin(async move { Done::Probed(store.probe().await.map_err(|error| chain(&error))) })
}

pub(super) fn load(store: Store, journal: Arc<Mutex<Journal>>) -> Work {
    Box::pin(async move {
        // A cheap question before much is read.
        if let Err(error) = store.probe().await {
            return Done::Loaded(Err(chain(&error)));
        }
        Done::Loaded(blocking(&journal, Journal::replay).await)
    })
}

pub(super) fn clear(journal: Arc<Mutex<Journal>>, damaged: bool) -> Work {
    Box::pin(async move {
        let cleared = blocking(&journal, move |journal| {
            if damaged {
                let kept = journal.set_aside()?;
                tracing::error!(kept = %kept.display(), "the journal had lines that cannot be read; it is kept");
            }
            journal.clear()
        });
        Done::Cleared(cleared.await)
    })
}

/// Uses the journal on a blocking thread.
async fn blocking<T: Send + 'static>(
    journal: &Arc<Mutex<Journal>>,
    work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
) -> Result<T, String> {
    let journal = journal.clone();
    let done =
        spawn_blocking(move || work(&mut journal.lock().unwrap_or_else(PoisonError::into_inner)));
    match done.await {
        Ok(result) => result.map_err(|error| chain(&error)),
        Err(error) => Err(error.to_string()),
    }
}
