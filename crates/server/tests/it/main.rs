//! The server as its clients see it: real store, real cameras, real HTTP.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod access;
mod calendar;
mod cameras;
mod case_clips;
mod cases;
mod checklists;
mod clips;
mod crowd;
mod disk;
mod events;
mod incidents;
mod live;
mod log;
mod openapi;
mod regulations;
mod replay;
mod scene;
mod site;
mod snapshots;
mod statistics;
mod supervision;
mod verdicts;
mod versions;
mod zones;
