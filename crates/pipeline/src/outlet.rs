//! The way of changes and evidence out of a camera's task: bounded, never in
//! the way of commands or pictures.

use std::collections::VecDeque;

use safe_yolo_core::EventChange;
use tokio::sync::mpsc;

use crate::engine::Output;

/// What may wait here while the receiver is busy.
const BACKLOG_MAX: usize = 256;

/// Hands outputs on in order and keeps what finds no room.
#[derive(Debug)]
pub(crate) struct Outlet {
    to: mpsc::Sender<Output>,
    backlog: VecDeque<Output>,
}

impl Outlet {
    pub(crate) const fn new(to: mpsc::Sender<Output>) -> Self {
        Self { to, backlog: VecDeque::new() }
    }

    pub(crate) fn changes(&mut self, changes: impl IntoIterator<Item = EventChange>) {
        for change in changes {
            self.push(Output::Change(Box::new(change)));
        }
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.backlog.push_back(output);
        self.flush();
        if self.backlog.len() > BACKLOG_MAX {
            // The receiver stores or journals in milliseconds: only a fault of
            // ours comes here, and lost data is an error.
            self.backlog.pop_front();
            metrics::counter!("safe_yolo_pipeline_lost_outputs_total").increment(1);
            tracing::error!("an event change was lost: the event store takes no more");
        }
    }

    /// Whether something waits for room.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Tells of what found no room to the end.
    pub(crate) fn close(&mut self) {
        if !self.backlog.is_empty() {
            let lost = self.backlog.len();
            metrics::counter!("safe_yolo_pipeline_lost_outputs_total").increment(lost as u64);
            tracing::error!(lost, "event changes were lost: the event store takes no more");
            self.backlog.clear();
        }
    }

    /// Hands on what there is room for.
    pub(crate) fn flush(&mut self) {
        while let Some(output) = self.backlog.pop_front() {
            match self.to.try_send(output) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(output)) => {
                    self.backlog.push_front(output);
                    return;
                }
                // Only at the very end of the process.
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
    }
}
