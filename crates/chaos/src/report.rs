//! One row a fault, as Markdown and JSON.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::judge::median;

/// How a fault was handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// Counts as failed: nothing was shown.
    NotRun,
}

/// What became of one kind of fault.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) verdict: Verdict,
    pub(crate) injected: usize,
    /// Seconds until it was shown, the longest.
    pub(crate) shown_max_s: Option<f64>,
    pub(crate) recovery_median_s: Option<f64>,
    pub(crate) recovery_max_s: Option<f64>,
    /// Other cameras' analysed pictures a second, as a share of before.
    pub(crate) others_rate: Option<f64>,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) wrong_safe: usize,
    /// What made it fail.
    pub(crate) problems: Vec<String>,
    /// What is worth knowing.
    pub(crate) notes: Vec<String>,
    pub(crate) took_s: f64,
}

impl Row {
    pub(crate) fn not_run(fault: &str, why: &str) -> Self {
        Self {
            fault: fault.to_owned(),
            verdict: Verdict::NotRun,
            injected: 0,
            shown_max_s: None,
            recovery_median_s: None,
            recovery_max_s: None,
            others_rate: None,
            lost: 0,
            doubled: 0,
            wrong_safe: 0,
            problems: vec![format!("not run: {why}")],
            notes: Vec::new(),
            took_s: 0.0,
        }
    }

    pub(crate) fn set_shown(&mut self, shown_s: &[f64]) {
        self.shown_max_s = max(shown_s);
    }

    pub(crate) fn set_recovery(&mut self, recovery_s: &[f64]) {
        self.recovery_median_s = median(recovery_s);
        self.recovery_max_s = max(recovery_s);
    }
}

fn max(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

/// A whole campaign.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) program: String,
    pub(crate) seed: u64,
    pub(crate) scale: f64,
    pub(crate) cameras: usize,
    /// Seconds that a start took while nothing was wrong.
    pub(crate) first_start_s: f64,
    pub(crate) changes_kept: usize,
    pub(crate) took_s: f64,
    pub(crate) rows: Vec<Row>,
}

impl Report {
    pub(crate) fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.verdict == Verdict::Passed)
    }

    /// The tables of docs/chaos.md.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "{}; program `{}`, seed {}, scale {}, {} cameras, {} changes of events, {:.0} min.\n\n",
            self.machine,
            self.program,
            self.seed,
            self.scale,
            self.cameras,
            self.changes_kept,
            self.took_s / 60.0
        );
        text.push_str(
            "| fault | times | shown, s: slowest | recovery, s: median / slowest | others' rate | lost | doubled | wrong \"safe\" | verdict |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Passed => "passed",
                Verdict::Failed => "**failed**",
                Verdict::NotRun => "**not run**",
            };
            let recovery = match (row.recovery_median_s, row.recovery_max_s) {
                (Some(median), Some(max)) => format!("{median:.1} / {max:.1}"),
                _ => "-".to_owned(),
            };
            // Writing to a string can't fail.
            _ = writeln!(
                text,
                "| {} | {} | {} | {recovery} | {} | {} | {} | {} | {verdict} |",
                row.fault,
                row.injected,
                row.shown_max_s.map_or("-".to_owned(), |s| format!("{s:.1}")),
                row.others_rate.map_or("-".to_owned(), |r| format!("{:.0} %", r * 100.0)),
                row.lost,
                row.doubled,
                row.wrong_safe,
            );
        }
        let remarks = self.rows.iter().flat_map(|row| {
            let all = row.problems.iter().chain(&row.notes);
            all.map(|remark| format!("- {}: {remark}\n", row.fault))
        });
        let remarks: String = remarks.collect();
        if !remarks.is_empty() {
            text.push('\n');
            text.push_str(&remarks);
        }
        text
    }

    /// Writes `chaos.md` and `chaos.json` into the folder.
    pub(crate) fn write(&self, out: &Path) -> Result<()> {
        std::fs::write(out.join("chaos.md"), self.markdown()).context("writing the report")?;
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(out.join("chaos.json"), json).context("writing the report")
    }
}

/// Processor and cores, as the tables name them.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("unknown processor", |name| name.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{name}, {cores} cores")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: Vec<Row>) -> Report {
        Report {
            machine: "m".into(),
            program: "p".into(),
            seed: 1,
            scale: 1.0,
            cameras: 6,
            first_start_s: 1.0,
            changes_kept: 9,
            took_s: 60.0,
            rows,
        }
    }

    #[test]
    fn what_was_not_run_has_not_passed() {
        assert!(!report(Vec::new()).passed());
        let not_run = Row::not_run("detector", "no detector child");
        let mut passed = not_run.clone();
        passed.verdict = Verdict::Passed;
        assert!(report(vec![passed.clone()]).passed());
        let both = report(vec![passed, not_run]);
        assert!(!both.passed());
        let text = both.markdown();
        assert!(text.contains("**not run**") && text.contains("no detector child"), "{text}");
    }
}
