//! `make bench`: measures on this machine and prints the tables of docs/performance.md.

#![expect(clippy::print_stdout, reason = "its output is the result")]

mod cameras;
mod clip;
mod commands;
mod crowd;
mod detector;
mod farm;
mod footage;
mod handover;
mod history;
mod latency;
mod live;
mod load;
mod memory;
mod metrics;
mod process;
mod program;
mod replay;
mod rules;
mod scenarios;
mod server;
mod side;
mod stats;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures SAFE-YOLO on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// RTSP cameras in a process of their own; obeys lines on standard input
    ServeCameras(cameras::CameraArguments),
    /// Scores the events of every shipped scenario: from true boxes, and from the detector's
    Scenarios(scenarios::ScenarioArguments),
}

/// What to measure, and how long.
#[derive(Debug, Args)]
struct Bench {
    /// Shortens each measurement: to see that it works, not what it says
    #[arg(long)]
    quick: bool,
    /// Measures only this; may be given again
    #[arg(long, value_enum)]
    only: Vec<Table>,
}

/// The measurements, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// The pipeline against the bare model
    Detector,
    /// The scheduler against the best bare combination
    Handover,
    /// The rules of twelve cameras
    Rules,
    /// A day of one camera, logged and judged again
    Replay,
    /// A million events: writing, lists, statistics
    History,
    /// One to three cameras from files
    Server,
    /// Six cameras with people and six quiet; twelve with people
    Load,
    /// Commands, answers and events at six and six
    Latency,
    /// Memory a camera
    Memory,
    /// A hundred quiet cameras
    Crowd,
    /// Side by side with the old design
    Baseline,
}

impl Bench {
    /// So many seconds, or a fifth of them when in a hurry.
    fn seconds(&self, full: u64) -> Duration {
        Duration::from_secs(if self.quick { full.div_ceil(5).max(2) } else { full })
    }

    async fn run(&self, table: Table) -> Result<()> {
        match table {
            Table::Detector => detector::measure().await,
            Table::Handover => handover::measure(self).await,
            Table::Rules => rules::measure(self),
            Table::Replay => replay::measure(self),
            Table::History => history::measure(self).await,
            Table::Server => server::measure().await,
            Table::Load => load::measure(self).await,
            Table::Latency => latency::measure(self).await,
            Table::Memory => memory::measure(self).await,
            Table::Crowd => crowd::measure(self).await,
            Table::Baseline => side::measure(self).await,
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    match arguments.command {
        Some(Command::ServeCameras(what)) => runtime.block_on(cameras::serve(&what)),
        Some(Command::Scenarios(what)) => runtime.block_on(scenarios::run(&what)),
        None => runtime.block_on(tables(&arguments.bench)),
    }
}

async fn tables(bench: &Bench) -> Result<()> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |name| name.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("Machine: {cpu}, {cores} cores\n");
    for table in Table::value_variants() {
        if bench.only.is_empty() || bench.only.contains(table) {
            bench.run(*table).await.with_context(|| format!("measuring '{table:?}'"))?;
        }
    }
    Ok(())
}
