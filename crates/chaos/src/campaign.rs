//! Fault after fault: calm, the fault, recovery, judgement, audit.

use std::time::Duration;

use anyhow::Result;

use crate::CampaignArguments;
use crate::audit::{self, Audit};
use crate::faults::{Fault, Others, Outcome};
use crate::judge::{self, Judged, RATE_WINDOW};
use crate::report::{Report, Row, Verdict, machine};
use crate::world::World;

/// Windows that rates under a fault are measured in, at least.
const FAULT_WINDOWS: u32 = 2;
/// Others' rate may fall by this part of what it was.
const RATE_SLACK: f64 = 0.1;

/// Runs the campaign; answers whether everything passed.
pub(crate) async fn run(arguments: &CampaignArguments) -> Result<bool> {
    let common = &arguments.common;
    let binary = common.binary()?;
    println!("filming, and starting {} ...", binary.display());
    let victims = usize::from(arguments.victims);
    let mut world = World::build(&binary, &common.out, common.seed, victims).await?;
    let faults: Vec<Fault> =
        if arguments.only.is_empty() { Fault::ALL.to_vec() } else { arguments.only.clone() };
    let mut rows = Vec::new();
    for fault in faults {
        let row = Box::pin(one(&mut world, fault, arguments.scale)).await;
        let row = row.unwrap_or_else(|error| {
            let mut row = Row::not_run(fault.name(), &format!("{error:#}"));
            row.verdict = Verdict::Failed;
            row
        });
        println!(
            "{}: {:?} after {:.0} s {}",
            row.fault,
            row.verdict,
            row.took_s,
            row.problems.join("; ")
        );
        rows.push(row);
        world.mend().await?;
    }
    let report = Report {
        machine: machine(),
        program: binary.display().to_string(),
        seed: common.seed,
        scale: arguments.scale,
        cameras: world.cameras.len(),
        first_start_s: world.first_start_s,
        changes_kept: world.observer.events().changes.len(),
        took_s: world.now().as_secs_f64(),
        rows,
    };
    world.stop().await?;
    report.write(&common.out)?;
    println!("\n{}", report.markdown());
    Ok(report.passed())
}

async fn one(world: &mut World, fault: Fault, scale: f64) -> Result<Row> {
    if let Some(why) = fault.missing(world)? {
        println!("*** {} is NOT RUN: {why} ***", fault.name());
        return Ok(Row::not_run(fault.name(), &why));
    }
    let usual = world.calm().await?;
    let begun = usual.begun;
    let (doubled_before, children_before) =
        (world.observer.events().doubled, world.decoders()?.len());
    let mut outcome = Outcome::default();
    let times = fault.times(scale);
    if let Err(error) = Box::pin(fault.inject(world, times, &mut outcome)).await {
        outcome.problems.push(format!("{error:#}"));
    }
    let measured = outcome.measured.unwrap_or(usual);
    let least = measured.begun + RATE_WINDOW * FAULT_WINDOWS;
    if outcome.others != Others::Nobody {
        tokio::time::sleep(least.saturating_sub(world.now())).await;
    }
    let until = measured.until.unwrap_or_else(|| world.now());
    world.mend().await?;
    if let Err(error) = world.all_live().await {
        outcome.problems.push(format!("{error:#}"));
    }
    // The slowest picture of a recovery is on its way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let children = world.decoders()?.len();
    if children > children_before {
        outcome.problems.push(format!("{children} decoder children, {children_before} before"));
    }
    let looks = world.observer.looks_since(usual.calm);
    let mut judged = Judged::default();
    for injection in &outcome.injections {
        judged.add(&looks, injection, world.cameras.len());
    }
    outcome.shown_s.append(&mut judged.shown_s);
    outcome.recovery_s.append(&mut judged.recovery_s);
    let mut row = Row::not_run(fault.name(), "");
    row.injected = outcome.injected.max(outcome.injections.len());
    row.notes = outcome.notes;
    row.problems = outcome.problems;
    let mut problem = |count: usize, what: &str| {
        if count > 0 {
            row.problems.push(format!("{count} {what}"));
        }
    };
    problem(judged.unshown, "times blindness was shown late or never");
    problem(judged.unrecovered, "times a camera was not LIVE within 10 s");
    let contradictions = judge::contradictions(&looks, usual.calm, world.now());
    problem(contradictions, "times a camera that was not LIVE had a verdict or a count");
    problem(usize::from(world.has_panicked()), "panic in the server's log");
    let others = match outcome.others {
        Others::Controls => world.controls(),
        Others::Everyone => world.everyone(),
        Others::Nobody => Vec::new(),
    };
    if !others.is_empty() {
        let before = judge::rate(&looks, &others, measured.calm, measured.begun);
        let during = judge::rate(&looks, &others, measured.begun, until);
        row.others_rate = before.zip(during).map(|(before, during)| during / before);
        if row.others_rate.is_none_or(|rate| rate < 1.0 - RATE_SLACK) {
            row.problems.push(format!("others' rate went from {before:?} to {during:?} a second"));
        }
        let left = judge::left_live(&looks, &others, measured.begun, until);
        if left > 0 {
            row.problems.push(format!("cameras without fault were not LIVE {left} times"));
        }
        let breaks = world.observer.breaks() - measured.breaks;
        if breaks > 0 && outcome.measured.is_none() {
            row.problems.push(format!("a viewer's connection broke {breaks} times"));
        }
    }
    let Audit { lost, doubled, .. } = audit::everything(world.client()?, &world.observer).await?;
    row.lost = lost;
    row.doubled = doubled + outcome.doubled + world.observer.events().doubled - doubled_before;
    row.lost += outcome.lost;
    row.wrong_safe = judged.wrong_safe + contradictions;
    row.set_shown(&outcome.shown_s);
    row.set_recovery(&outcome.recovery_s);
    row.took_s = (world.now() - begun).as_secs_f64();
    let clean = row.problems.is_empty() && row.lost + row.doubled + row.wrong_safe == 0;
    row.verdict = if clean { Verdict::Passed } else { Verdict::Failed };
    Ok(row)
}
