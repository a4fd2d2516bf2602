//! The log of tracks: what the rules of each camera were told, on disk, and judged again.
//!
//! [`TrackLog`] writes: a [`SegmentLog`] takes the very entries that the judge takes and hands
//! blocks of them to one thread, without ever waiting. [`LogReader`] reads them back, and
//! [`replay`] feeds them to judges: the same settings give the same events, byte for byte; others
//! show what would have fired. What is missing is a [`Hole`], never silence.
//!
//! Absent: pictures, the store, async code, where zones come from.

mod bytes;
mod codec;
pub mod compare;
mod disk;
pub mod entry;
mod file;
mod reader;
mod replay;
mod segment;
mod shelf;
mod writer;

pub use compare::{Compared, Difference, compare};
pub use entry::{Record, Settings};
pub use file::{FOLDER, FORMAT_VERSION};
pub use reader::{Goes, HoleReason, Item, LogReader, ReadError, SegmentFiles};
pub use replay::{Hole, Outcome, Question, ReplayError, Rezone, as_now, replay, with_zones};
pub use segment::SegmentLog;
pub use shelf::TrackLogLimits;
pub use writer::{TrackLog, TrackLogError};
