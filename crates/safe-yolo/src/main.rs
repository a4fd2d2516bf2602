//! SAFE-YOLO's command line: reads arguments, wires the crates together.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod analyze;
mod annotate;
mod detect;
mod doctor;
mod lab;
mod model;
mod model_bench;
mod model_inspect;
mod rules;
mod score;
mod secrets;
mod serve;
mod simulate;
mod site;
mod track;
mod user;
mod verify;

/// Watches factory cameras for people in danger. An aid, not a safety function.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server: cameras, analysis, alarms, API and control room
    Serve(serve::ServeArguments),
    /// Runs the server with the simulated site's four cameras: everything can be tried without a camera
    Demo(serve::DemoArguments),
    /// Analyses a video file with a camera's zones and rules
    Analyze(analyze::AnalyzeArguments),
    /// Shows what the detector finds in pictures
    Detect(detect::DetectArguments),
    /// Runs the tracker alone over a `MOTChallenge` detection file
    Track(track::TrackArguments),
    /// Scores events, detections and tracks against the truth
    Score(score::ScoreArguments),
    /// Draws a scene of the simulated site and writes the truth about it
    Simulate(simulate::SimulateArguments),
    /// Checks and writes site files, tries out rules on what was logged, imports the prototype's data
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Looks into ONNX models: what they are, how fast they are here
    #[command(subcommand)]
    Model(ModelCommand),
    /// Checks this machine: programs, libraries, model, folders, speed
    Doctor(doctor::DoctorArguments),
    /// Proves that events, audit and evidence are as they were written, or names the broken link
    Verify(verify::VerifyArguments),
    /// Lists users, gives and takes the right to export originals
    #[command(subcommand)]
    User(user::UserCommand),
    /// The concurrency laboratory: the experiments behind this design, done again beside Python
    #[command(subcommand)]
    Lab(safe_yolo_lab::command::LabCommand),
    /// The detector's process; started by the server itself
    #[command(hide = true)]
    Detector(model::ProcessArguments),
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Says what a model is: family, shapes, classes, input
    Inspect(model_inspect::InspectArguments),
    /// Measures a model on this machine
    Bench(model_bench::BenchArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => serve::demo(arguments),
        Command::Analyze(arguments) => analyze::run(&arguments),
        Command::Detect(arguments) => detect::run(&arguments),
        Command::Track(arguments) => track::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Rules(command) => rules::run(&command),
        Command::Model(ModelCommand::Inspect(arguments)) => model_inspect::run(&arguments),
        Command::Model(ModelCommand::Bench(arguments)) => model_bench::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::User(command) => user::run(&command),
        Command::Lab(command) => lab::run(&command),
        Command::Detector(arguments) => {
            serve::start_log(arguments.log_json);
            model::run(&arguments)
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // `{:#}` is the whole chain, each cause once.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
