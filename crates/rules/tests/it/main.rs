//! The judge by its public interface: scripts of every rule, whole scenes, and what must hold
//! whatever happens before the camera.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod blindness;
mod film;
mod fixtures;
mod order;
mod orderly;
mod places;
mod scenarios;
mod scripts;
mod stories;
mod thinning;
mod wild;
