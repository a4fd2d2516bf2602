//! Who may do what, in one place: everything under `/api` and `/ws` is closed
//! unless the table in [`access`] opens it.

pub(crate) mod access;
pub(crate) mod cookie;
mod guard;
pub(crate) mod held;
pub(crate) mod origin;
pub(crate) mod throttle;

pub(crate) use guard::{Session, guard};
