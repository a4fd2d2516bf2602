//! Hours of comings and goings on one server, and whether it grows.

mod churn;
mod sampling;
mod slope;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::SoakArguments;
use crate::report::machine;
use crate::world::World;
use churn::Churn;
use sampling::{Sample, csv, sample};
use slope::{Line, flat, line};

/// Between two reconnects; with four cameras each keeps a session for 10 s.
const RECONNECT_EVERY: Duration = Duration::from_millis(2500);
/// Reconnects between two samples: a sample every 10 s.
const SAMPLE_EVERY: usize = 4;
/// The beginning that does not count: this part of the whole ...
const WARM_UP_PART: f64 = 0.15;
/// ... but no longer than this.
const WARM_UP_MAX: Duration = Duration::from_secs(600);
/// Memory may grow by this, MB an hour.
const MEMORY_SLOPE_MAX: f64 = 1.0;
/// The last quarter's median may differ from the first quarter's by this.
const COUNT_DRIFT_MAX: f64 = 4.0;
/// The highest count may exceed the lowest by this: viewers and cameras that
/// come and go at the moment of a sample.
const COUNT_SPREAD_MAX: f64 = 64.0;
/// Cameras that break off and come back.
const CAMERAS: usize = 4;

/// One line of the table.
struct Judgement {
    what: &'static str,
    value: String,
    bound: String,
    kept: bool,
}

/// Runs the soak; answers whether all bounds were kept.
pub(crate) async fn run(arguments: &SoakArguments) -> Result<bool> {
    let common = &arguments.common;
    ensure!(
        arguments.hours > 0.0 && arguments.hours <= 1000.0,
        "--hours must lie between 0 and 1000"
    );
    let binary = common.binary()?;
    println!("filming, and starting {} ...", binary.display());
    let mut world = World::build(&binary, &common.out, common.seed, CAMERAS).await?;
    let whole = Duration::from_secs_f64(arguments.hours * 3600.0);
    let warm_up = whole.mul_f64(WARM_UP_PART).min(WARM_UP_MAX);
    let churn = Churn::start(&world, common.seed)?;
    let begun = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    for round in 1.. {
        tokio::time::sleep(RECONNECT_EVERY).await;
        if begun.elapsed() > whole {
            break;
        }
        if round % SAMPLE_EVERY != 0 {
            churn.reconnect(&world, round);
            continue;
        }
        world.observer.forget_looks();
        let one = sample(world.server()?.pid(), begun.elapsed())
            .with_context(|| format!("the server is gone: {}", world.files.log.display()))?;
        samples.push(one);
        std::fs::write(common.out.join("soak.csv"), csv(&samples)).context("writing samples")?;
        churn.reconnect(&world, round);
    }
    let counts = churn.end().await;
    world.all_live().await?;
    let panicked = world.has_panicked();
    let audit = crate::audit::everything(world.client()?, &world.observer).await?;
    let doubled = audit.doubled + world.observer.events().doubled;
    world.stop().await?;

    let counted: Vec<Sample> = samples.iter().filter(|s| s.at >= warm_up).copied().collect();
    ensure!(counted.len() >= 4, "{} samples after the warm-up say nothing", counted.len());
    let mut lines = judge(&counted);
    let bad = usize::from(panicked) + audit.lost + doubled;
    lines.push(Judgement {
        what: "panics; changes of events lost; doubled",
        value: format!("{}; {} of {}; {doubled}", usize::from(panicked), audit.lost, audit.kept),
        bound: "none".to_owned(),
        kept: bad == 0,
    });
    let mut text = format!(
        "{}; program `{}`, seed {}; {:.2} h, of which the first {:.0} s are warm-up; {} samples; {} cameras.\n\
         Churn: {counts}.\n\n| | measured | bound | |\n|---|---|---|---|\n",
        machine(),
        binary.display(),
        common.seed,
        begun.elapsed().as_secs_f64() / 3600.0,
        warm_up.as_secs_f64(),
        counted.len(),
        world.cameras.len(),
    );
    for line in &lines {
        let verdict = if line.kept { "kept" } else { "**broken**" };
        _ = writeln!(text, "| {} | {} | {} | {verdict} |", line.what, line.value, line.bound);
    }
    if whole < Duration::from_secs(3600) {
        text.push_str("\nShorter than an hour: the slope is indicative only.\n");
    }
    std::fs::write(common.out.join("soak.md"), &text).context("writing the report")?;
    println!("\n{text}");
    Ok(lines.iter().all(|line| line.kept))
}

fn judge(samples: &[Sample]) -> Vec<Judgement> {
    let over_time = |value: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
        samples.iter().map(|s| (s.at.as_secs_f64() / 3600.0, value(s))).collect()
    };
    let memory = over_time(|s| s.memory_mb);
    let children = over_time(|s| s.children_mb);
    let Line { slope, slope_error } = line(&memory);
    let range = |values: &[(f64, f64)]| {
        let of = |pick: fn(f64, f64) -> f64, start| values.iter().map(|v| v.1).fold(start, pick);
        (of(f64::min, f64::INFINITY), of(f64::max, f64::NEG_INFINITY))
    };
    let (low, high) = range(&memory);
    let of_children = line(&children);
    let (children_low, children_high) = range(&children);
    let mut lines = vec![
        Judgement {
            what: "server's memory, MB an hour (regression)",
            value: format!("{slope:.2} ± {slope_error:.2}, from {low:.1} to {high:.1} MB"),
            bound: format!("at most {MEMORY_SLOPE_MAX}"),
            kept: slope <= MEMORY_SLOPE_MAX,
        },
        Judgement {
            what: "children's memory together, MB an hour",
            value: format!(
                "{:.2} ± {:.2}, from {children_low:.1} to {children_high:.1} MB",
                of_children.slope, of_children.slope_error
            ),
            bound: "stated only: children are replaced all the time".to_owned(),
            kept: true,
        },
    ];
    for (what, values) in
        [("descriptors", over_time(|s| s.descriptors)), ("threads", over_time(|s| s.threads))]
    {
        let (low, high) = range(&values);
        let drift = flat(&values);
        lines.push(Judgement {
            what,
            value: format!("from {low:.0} to {high:.0}, drift {drift:.1}"),
            bound: format!("spread {COUNT_SPREAD_MAX}, drift {COUNT_DRIFT_MAX}"),
            kept: high - low <= COUNT_SPREAD_MAX && drift.abs() <= COUNT_DRIFT_MAX,
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: fn(f64) -> f64, descriptors: fn(f64) -> f64) -> Vec<Sample> {
        (0..360)
            .map(|n| f64::from(n) * 10.0)
            .map(|s| Sample {
                at: Duration::from_secs_f64(s),
                memory_mb: memory(s),
                children_mb: 100.0,
                children: 6,
                descriptors: descriptors(s),
                threads: 12.0,
            })
            .collect()
    }

    fn kept(samples: &[Sample]) -> Vec<bool> {
        judge(samples).iter().map(|line| line.kept).collect()
    }

    #[test]
    fn growth_breaks_a_bound() {
        let still = samples(|s| 130.0 + (s / 10.0 % 3.0), |s| 60.0 + (s / 10.0 % 7.0));
        assert_eq!(kept(&still), [true; 4]);
        let leaking = samples(|s| 130.0 + s / 3600.0 * 1.5, |_| 60.0);
        assert_eq!(kept(&leaking), [false, true, true, true]);
        let filling = samples(|_| 130.0, |s| 60.0 + s / 360.0);
        assert_eq!(kept(&filling), [true, true, false, true]);
        let jumping =
            samples(|_| 130.0, |s| if (995.0..1005.0).contains(&s) { 200.0 } else { 60.0 });
        assert_eq!(kept(&jumping), [true, true, false, true]);
    }
}
