//! What goes out of a camera and finds no room yet: bounded, never in the way
//! of commands or pictures.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::engine::Output;

/// What may wait here while the receiver is busy. Policy: drop oldest.
pub(crate) const BACKLOG_MAX: usize = 256;

/// Hands outputs on in order and keeps what finds no room.
#[derive(Debug)]
pub(crate) struct Backlog {
    to: mpsc::Sender<Output>,
    waiting: VecDeque<Output>,
}

impl Backlog {
    pub(crate) const fn new(to: mpsc::Sender<Output>) -> Self {
        Self { to, waiting: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.waiting.push_back(output);
        self.flush();
        if self.waiting.len() > BACKLOG_MAX {
            // The receiver stores or journals in milliseconds: only a fault of
            // ours comes here, and lost data is an error.
            self.waiting.pop_front();
            metrics::counter!("safe_yolo_pipeline_lost_outputs_total").increment(1);
            tracing::error!("an event change was lost: the event store takes no more");
        }
    }

    /// How much waits for room.
    pub(crate) fn depth(&self) -> usize {
        self.waiting.len()
    }

    /// Tells of what found no room to the end.
    pub(crate) fn close(&mut self) {
        if !self.waiting.is_empty() {
            let lost = self.waiting.len();
            metrics::counter!("safe_yolo_pipeline_lost_outputs_total").increment(lost as u64);
            tracing::error!(lost, "event changes were lost: the event store takes no more");
            self.waiting.clear();
        }
    }

    /// Hands on what there is room for.
    pub(crate) fn flush(&mut self) {
        while let Some(output) = self.waiting.pop_front() {
            match self.to.try_send(output) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(output)) => {
                    self.waiting.push_front(output);
                    return;
                }
                // Only at the very end of the process.
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::EventId;

    use super::*;
    use crate::fixture::raised;

    #[test]
    fn c10_a_full_backlog_drops_its_oldest_and_keeps_the_order() {
        let (to, mut received) = mpsc::channel(1);
        let mut backlog = Backlog::new(to);
        let mut sent: Vec<EventId> = Vec::new();
        for _ in 0..BACKLOG_MAX + 11 {
            let change = raised();
            sent.push(change.event.id);
            backlog.push(Output::Change(Box::new(change)));
        }
        assert_eq!(backlog.depth(), BACKLOG_MAX);
        let mut got = Vec::new();
        while let Ok(Output::Change(change)) = received.try_recv() {
            got.push(change.event.id);
            backlog.flush();
        }
        // The first had gone out; the ten after it were the oldest that waited.
        assert_eq!(got[0], sent[0]);
        assert_eq!(got[1..], sent[11..]);
    }
}
