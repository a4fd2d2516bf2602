//! The judge over scenes made for it: people and things as boxes, time as data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;
mod places;
mod properties;
mod scenarios;
mod scripts;
