//! How good events, detections and tracks are, against the truth.
//!
//! Everything takes texts or values and gives values: nothing here reads a
//! clock, a file or a socket. `docs/scoring.md` has the formats, the formulas
//! and where the reference programs differ from each other.

mod assignment;
pub mod detection;
pub mod events;
pub mod geometry;
pub mod input;
pub mod mot;
pub mod report;
pub mod tracking;

pub use geometry::Rect;
pub use input::{LineError, Problem};
