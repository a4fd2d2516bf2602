//! The rules of zones beside intrusion and equipment: each is a condition that must hold for its
//! dwell, of each person or of the zone as a whole.

mod book;
mod condition;
mod crossing;
mod entries;
mod figures;
mod hold;
mod nearness;
mod raise;
mod state;
mod things;
mod view;

pub(crate) use book::RuleBook;
pub(crate) use condition::Scene;
pub use crossing::Passed;
pub use figures::Figures;
pub use view::{Ground, RuleVerdict, RuleView};
