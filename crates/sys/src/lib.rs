//! What the operating system offers and neither std nor rustix makes safe to use.
//! This is the only crate with unsafe code.

mod slots;
mod urgency;

pub use slots::{SharedMemoryError, Slots};
pub use urgency::give_way;
