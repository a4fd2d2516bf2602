//! The experiments, in the order of their documents.

mod async_tasks;
mod cpu_sums;
mod downloads;
mod event_loop;
mod futures;
mod lost_update;
mod points;
mod primitives;
mod producer_consumer;
mod read_lines;
mod running_average;
mod sort;
mod threads;
mod together;

use crate::experiment::{Experiment, LabError};
use crate::names;

/// All of them, in the order in which they are told.
pub static ALL: &[&dyn Experiment] = &[
    &downloads::Downloads,
    &cpu_sums::CpuSums,
    &points::Points,
    &threads::Threads,
    &lost_update::LostUpdate,
    &producer_consumer::ProducerConsumer,
    &primitives::Primitives,
    &futures::Futures,
    &async_tasks::AsyncTasks,
    &sort::Sort,
    &running_average::RunningAverage,
    &read_lines::ReadLines,
    &event_loop::EventLoop,
];

/// The one of this name.
///
/// # Errors
/// [`LabError::Unknown`] with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn Experiment, LabError> {
    let found = ALL.iter().find(|experiment| experiment.about().name == name);
    found.copied().ok_or_else(|| {
        let known = ALL.iter().map(|experiment| experiment.about().name);
        LabError::Unknown { name: name.to_owned(), nearest: names::nearest(name, known) }
    })
}

/// Does a part of an experiment's work; this is what a child process is for.
///
/// # Errors
/// When there is no such work, its arguments are not what it takes, or it fails.
pub fn child(work: &str, arguments: &[String]) -> Result<(), LabError> {
    match work {
        "cpu-sums" => cpu_sums::child(arguments),
        "downloads" => downloads::child(arguments),
        "primitives" => primitives::child(arguments),
        "read-lines" => read_lines::child(arguments),
        "threads" => threads::child(arguments),
        _ => Err(LabError::failed("starting a child", format!("there is no work '{work}'"))),
    }
}
