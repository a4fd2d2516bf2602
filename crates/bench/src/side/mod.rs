//! Side by side with the old design: the same model, files, machine, viewers
//! and client; both in one run.
//!
//! The old design is `bench/baseline/`: one detector and tracker for all cameras on one
//! event loop, blocking it, or handing each picture to a thread.

mod compare;
mod old;
mod ours;

pub(crate) use compare::measure;
pub(crate) use ours::Ours;

use crate::commands::Player;
use anyhow::Result;

/// What both sides tell about a window of time.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    /// Pictures analysed in all, by its own count.
    analysed: f64,
    /// Pictures decoded in all.
    decoded: f64,
    /// Milliseconds that 99 % of the looks at the event loop were late at most.
    stall_p99_ms: f64,
}

/// One of the two.
trait Side: Player {
    /// Begins a window.
    async fn begin(&mut self) -> Result<()>;
    /// Ends it.
    async fn end(&mut self) -> Result<Figures>;
    /// The process all others descend from.
    fn pid(&self) -> u32;
}
