//! Bounded fan-out: one publisher, numbered items, any number of subscribers.
//!
//! A [`Bus`] keeps the newest items in a ring (`drop_oldest`). A [`Subscriber`]
//! is a cursor into it and nothing more: it joins and leaves at any time in
//! constant time, holds nobody back however slow it is, and sees each item
//! once and in order, or is told by [`Next::Missed`] which it did not see. What
//! it missed it fetches by number from where the items come from.
//!
//! Items without a number, *notices*, take a lane of their own beside the ring.
//!
//! Absent: input and output, time, and what the items are.

mod bus;
mod ring;
mod sync;

pub use bus::{Bus, Publisher, Stats, Subscriber, bus};
pub use ring::{Capacity, Next, OutOfOrder, TooOld};
