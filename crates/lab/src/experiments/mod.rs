//! The experiments, in the order of their documents.

mod cpu_sums;
mod event_loop;
mod running_average;

use crate::experiment::{Experiment, LabError};
use crate::names;

/// All of them, in the order in which they are told.
pub static ALL: &[&dyn Experiment] =
    &[&cpu_sums::CpuSums, &running_average::RunningAverage, &event_loop::EventLoop];

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
        _ => Err(LabError::failed("starting a child", format!("there is no work '{work}'"))),
    }
}
