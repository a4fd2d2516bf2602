//! The store against real files and a real SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod calendar;
mod cameras;
mod chain;
mod checklists;
mod events;
mod evidence;
mod fixture;
mod history;
mod incidents;
mod journal;
mod opening;
mod outbox;
mod reading;
mod regulations;
mod scene;
mod statistics;
mod users;
