//! `safe-yolo verify`: whether events, audit and evidence are as they were written, or which link is broken.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use safe_yolo_core::EventId;
use safe_yolo_server::case::{CaseReport, verify_case};
use safe_yolo_store::chain::verify::{Report, events_of_incident, has_entry, verify};
use safe_yolo_store::{InstallationKey, PublicKey};

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// An exported case; without one, a data folder is verified
    case: Option<PathBuf>,
    /// The data folder of a server, which may run; with a case, whether that folder's chain still goes through the case's
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Read the evidence files of this incident only; the chain is verified whole
    #[arg(long, value_name = "ID", conflicts_with = "case")]
    incident: Option<EventId>,
    /// The public key that must have signed the case: 64 digits, or a file with them
    #[arg(long, value_name = "FILE", requires = "case")]
    key: Option<PathBuf>,
    /// Print the public key of the data folder's installation and verify nothing
    #[arg(long, conflicts_with_all = ["case", "incident"])]
    show_key: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// The data folder that `serve` takes.
const DATA_DIR: &str = "data";

pub(crate) fn run(arguments: &VerifyArguments) -> Result<ExitCode> {
    let data_dir = arguments.data_dir.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR));
    if arguments.show_key {
        let Some(key) = InstallationKey::find(&data_dir)? else {
            bail!(
                "there is no key in '{}': it is made when the server starts for the first time",
                data_dir.display()
            );
        };
        writeln!(std::io::stdout().lock(), "{}", key.public())?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let ok = match &arguments.case {
        Some(case) => {
            let key = arguments.key.as_deref().map(read_key).transpose()?;
            let report = verify_case(case, key.as_ref())?;
            let goes_on = match &arguments.data_dir {
                Some(data_dir) => Some(runtime.block_on(has_entry(data_dir, report.head))?),
                None => None,
            };
            tell_case(case, &report, goes_on, arguments.json)?;
            report.ok && goes_on != Some(false)
        }
        None => {
            let report = runtime.block_on(async {
                let events = match arguments.incident {
                    Some(incident) => Some(events_of_incident(&data_dir, incident).await?),
                    None => None,
                };
                verify(&data_dir, events.as_deref()).await
            })?;
            tell(&data_dir, &report, arguments.json)?;
            report.ok
        }
    };
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A key as it is shown, or a file that holds one.
fn read_key(given: &Path) -> Result<PublicKey> {
    if let Some(key) = given.to_str().and_then(PublicKey::parse) {
        return Ok(key);
    }
    let text = std::fs::read_to_string(given)
        .with_context(|| format!("reading the public key '{}'", given.display()))?;
    PublicKey::parse(&text).with_context(|| {
        format!(
            "'{}' holds no public key: 64 hexadecimal digits are expected, as 'safe-yolo verify --show-key' prints them",
            given.display()
        )
    })
}

fn tell(data_dir: &Path, report: &Report, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    for fault in &report.faults {
        let entry = fault.number.map_or_else(String::new, |number| format!(" (entry {number})"));
        let what = fault.what.name().to_uppercase();
        let (kind, target) = (&fault.kind, &fault.target);
        writeln!(out, "{what:<8} {kind} {target}{entry}: {}", fault.detail)?;
    }
    let named = report.faults.len() as u64;
    if report.faults_total > named {
        writeln!(out, "... and {} more", report.faults_total - named)?;
    }
    for stray in &report.strays {
        writeln!(out, "note: '{stray}' belongs to nothing that is recorded; it proves nothing")?;
    }
    for kind in &report.unchecked {
        writeln!(
            out,
            "note: what entries of kind '{kind}' describe was not compared: a newer version wrote them"
        )?;
    }
    let entries: u64 = report.entries.values().sum();
    let counts: Vec<String> =
        report.entries.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    writeln!(
        out,
        "{}: {} with {entries} entries ({}), {} files of {} bytes read, {} not asked for",
        if report.ok { "OK" } else { "BROKEN" },
        data_dir.display(),
        counts.join(", "),
        report.files,
        report.bytes,
        report.files_not_asked
    )?;
    writeln!(out, "head of the chain: {} {}", report.head.number, report.head.hash)?;
    Ok(())
}

fn tell_case(case: &Path, report: &CaseReport, goes_on: Option<bool>, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let mut value = serde_json::to_value(report)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("chain_goes_on".to_owned(), goes_on.into());
            object.insert("ok".to_owned(), (report.ok && goes_on != Some(false)).into());
        }
        serde_json::to_writer_pretty(&mut out, &value)?;
        writeln!(out)?;
        return Ok(());
    }
    for fault in &report.faults {
        writeln!(out, "BROKEN   {}: {}", fault.name, fault.detail)?;
    }
    if goes_on == Some(false) {
        writeln!(
            out,
            "BROKEN   the data folder's chain has no entry {} with this hash: it was cut off or made anew since",
            report.head.number
        )?;
    }
    if report.left_out > 0 {
        writeln!(
            out,
            "note: {} evidence files are not in the case: report.html says why",
            report.left_out
        )?;
    }
    if report.unproved_changes > 0 {
        writeln!(
            out,
            "note: {} changes are older than the installation's chain",
            report.unproved_changes
        )?;
    }
    if report.key_is_known.is_none() {
        writeln!(
            out,
            "note: signed with the key {}: give the installation's with --key to know that it made the case",
            report.key
        )?;
    }
    writeln!(
        out,
        "{}: {} of incident {}, {} files, {} originals, {} made unrecognisable",
        if report.ok && goes_on != Some(false) { "OK" } else { "BROKEN" },
        case.display(),
        report.incident,
        report.files,
        report.originals,
        report.masked
    )?;
    writeln!(out, "head of the chain: {} {}", report.head.number, report.head.hash)?;
    Ok(())
}
