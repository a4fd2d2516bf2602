//! Zones, protective equipment and rules: what the tracked people mean.
//!
//! Pure code over a log of entries; time is data, so a replay of the same log
//! gives the same events to the byte.

pub mod engine;
pub mod equipment;
mod findings;
mod message;
mod pace;
pub mod presence;
pub mod rule;
pub mod subject;
pub mod view;

pub use engine::{Entry, Judge, PictureEntry};
pub use equipment::{Count, Verdict};
pub use rule::{Figures, Ground, Passed, RuleVerdict, RuleView};
pub use view::{Level, PersonView, View, ZonePersonView, ZoneVerdict, ZoneView};
