//! What the operating system offers and neither std nor rustix makes safe to use.
//! This is the only crate with unsafe code.

mod heap;
mod slots;
mod urgency;
mod wide;

pub use heap::{give_back_free_memory, limit_heaps};
pub use slots::{SharedMemoryError, Slots};
pub use urgency::give_way;
pub use wide::{Wide, widest};
