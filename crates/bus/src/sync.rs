//! The lock, in one place, so that a test can put a modelled one there.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
