//! The table and its bars, for a terminal.

use crate::report::{Laboratory, Record, Twin, verdict};

/// Width of the longest bar, characters.
const BAR: f64 = 24.0;

/// All that was found.
pub(crate) fn text(laboratory: &Laboratory) -> String {
    let mut text = String::new();
    for record in &laboratory.experiments {
        text += &experiment(record);
        text.push('\n');
    }
    text
}

fn experiment(record: &Record) -> String {
    let mut text =
        format!("{} ({})  {}\n", record.about.name, record.about.source, record.about.title.en);
    let longest = record.ours.ways.iter().map(|way| way.seconds).fold(f64::MIN_POSITIVE, f64::max);
    for way in &record.ours.ways {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to the bar's width"
        )]
        let bar = "█".repeat((way.seconds / longest * BAR).ceil() as usize);
        let ratio = record
            .ratio(&way.name)
            .map_or_else(String::new, |ratio| format!("  Python {ratio:.1} times as long"));
        text += &format!("  {:<14} {:>10.4} s  {bar}{ratio}\n", way.name, way.seconds);
        for figure in &way.figures {
            text += &format!("    {:<20} {:>10.2} {}\n", figure.name, figure.value, figure.unit);
        }
    }
    match &record.twin {
        Twin::Missing(why) => text += &format!("  Python: {why}\n"),
        Twin::Failed(why) => text += &format!("  Python FAILED: {why}\n"),
        Twin::NotAsked | Twin::Ran(_) => {}
    }
    for check in &record.ours.checks {
        text += &format!(
            "  {:<6} {}: {} (must be {})\n",
            verdict(check),
            check.what,
            check.found,
            check.expected
        );
    }
    for goal in &record.ours.goals {
        let met = if goal.held { "met" } else { "NOT met" };
        text += &format!("  goal {met}: {}: {} ({})\n", goal.what, goal.found, goal.expected);
    }
    text
}
