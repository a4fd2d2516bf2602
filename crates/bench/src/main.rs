//! `make bench`: measures on this machine and prints the tables of docs/performance.md.

#![expect(clippy::print_stdout, reason = "its output is the result")]

mod clip;
mod detector;
mod server;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |name| name.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("Machine: {cpu}, {cores} cores\n");
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        detector::measure().await?;
        server::measure().await
    })
}

/// The value below which this part of the sorted values lies.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a short list"
    )]
    let at = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}
