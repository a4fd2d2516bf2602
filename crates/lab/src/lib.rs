//! The concurrency laboratory: the experiments of the documents that this design began with, done again.
//!
//! Each experiment is a module under [`experiments`] and can be read by itself. It does its work with the
//! means that are really there (threads, processes, tasks, a server), measures each way of doing it, and
//! checks its outcome. Beside it lies a twin in Python under `lab/python/` that does the same work.

pub mod command;
pub mod experiment;
pub mod experiments;
mod language;
mod limits;
mod names;
mod python;
mod report;
mod run;

pub use experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};
pub use language::Language;
