//! Ticking checklists by what the cameras' rules say: a task that looks once a second and decides
//! by `core::checklist`, and the board on which it writes what it saw.

mod board;
mod standing;
mod watch;

pub(crate) use board::{Board, Look};
pub(crate) use watch::watch;
