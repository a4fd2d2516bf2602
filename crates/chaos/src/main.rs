//! `make chaos` and `make soak`: a real server with real cameras, decoders and
//! database, with faults injected around it, or with months of comings and
//! goings pressed into hours. Everything is judged from outside.

#![expect(clippy::print_stdout, reason = "its output is the result")]

mod audit;
mod campaign;
mod faults;
mod footage;
mod judge;
mod lock;
mod nan_model;
mod observer;
mod report;
mod soak;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Breaks things around the built program, and watches it for hours")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Injects faults and judges what the server makes of them
    Campaign(CampaignArguments),
    /// Watches memory, descriptors and threads under accelerated churn
    Soak(SoakArguments),
    /// Holds a database's exclusive lock until standard input ends
    #[command(hide = true)]
    HoldLock {
        /// The database file
        database: PathBuf,
    },
}

/// What both programs take.
#[derive(Debug, Clone, Args)]
struct Common {
    /// The program under test; without it `safe-yolo` beside this program
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Decides all that is drawn by lot
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder for reports and the servers' logs
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct CampaignArguments {
    #[command(flatten)]
    common: Common,
    /// Only these faults
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<faults::Fault>,
    /// Share of the full number of injections, at least one of each
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    scale: f64,
    /// Cameras that faults are injected into; two more are left alone
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    victims: u8,
}

#[derive(Debug, Args)]
struct SoakArguments {
    #[command(flatten)]
    common: Common,
    /// How long, hours; fractions are allowed
    #[arg(long, value_name = "HOURS", default_value_t = 1.0)]
    hours: f64,
}

impl Common {
    /// The program under test.
    fn binary(&self) -> Result<PathBuf> {
        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("safe-yolo"),
        };
        if !binary.is_file() {
            bail!("'{}' is not there: build it first, or name it by --binary", binary.display());
        }
        binary.canonicalize().context("the program under test")
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let kept = runtime.block_on(async {
        match arguments.what {
            What::Campaign(arguments) => Box::pin(campaign::run(&arguments)).await,
            What::Soak(arguments) => Box::pin(soak::run(&arguments)).await,
            What::HoldLock { database } => lock::hold(&database).await.map(|()| true),
        }
    })?;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
