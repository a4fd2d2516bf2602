//! Evidence files against their entries.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use safe_yolo_core::EventId;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::super::{Hash, kind};
use super::{Fault, Known, NAMED_MAX, Report, What};

/// How deep the folders of evidence go: year, month, day.
const DEPTH: usize = 3;
const BUFFER_BYTES: usize = 256 << 10;

/// The hash of a file, and its length; it is not read whole into memory.
pub(crate) fn hash_file(path: &Path) -> io::Result<(Hash, u64)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        bytes += count as u64;
    }
    Ok((Hash(hasher.finalize().into()), bytes))
}

/// All files below a folder by their name in it; none if it is not there. Links are not followed, nor are folders
/// entered that are no days: they are somebody else's, such as `lost+found`, and named like files. What is in
/// one that can't be read is not named.
///
/// # Errors
/// When the folder itself can't be read.
pub(crate) fn names(root: &Path) -> io::Result<HashSet<String>> {
    let mut names = HashSet::new();
    let mut folders: Vec<(PathBuf, String, usize)> = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) if depth > 0 => {
                tracing::warn!(folder = %folder.display(), %error, "a folder of evidence can't be read");
                continue;
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{prefix}{file}");
            let is_day = file.bytes().all(|byte| byte.is_ascii_digit());
            if entry.file_type()?.is_dir() && depth < DEPTH && is_day {
                folders.push((entry.path(), format!("{name}/"), depth + 1));
            } else {
                names.insert(name);
            }
        }
    }
    Ok(names)
}

/// Whether the file belongs to one of the events: names begin with the event's id.
fn is_of(name: &str, events: &[EventId]) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    events
        .iter()
        .any(|id| file.strip_prefix(&id.to_string()).is_some_and(|rest| rest.starts_with('.')))
}

/// Reads the files; answers the report and what seems to be missing.
pub(super) async fn check(
    root: PathBuf,
    known: HashMap<String, Known>,
    events: Option<Vec<EventId>>,
    report: Report,
) -> io::Result<(Report, Vec<Fault>)> {
    let work = spawn_blocking(move || check_here(&root, &known, events.as_deref(), report));
    work.await.map_err(io::Error::other)?
}

fn check_here(
    root: &Path,
    known: &HashMap<String, Known>,
    events: Option<&[EventId]>,
    mut report: Report,
) -> io::Result<(Report, Vec<Fault>)> {
    let there = names(root)?;
    let mut strays: Vec<&String> = there
        .iter()
        .filter(|name| !known.contains_key(*name) && !name.ends_with(".half"))
        .collect();
    strays.sort_unstable();
    let mut all: Vec<(&String, &Known)> = known.iter().collect();
    all.sort_unstable_by_key(|(_, known)| known.number);
    let mut missing = Vec::new();
    for (name, Known { number, content }) in all {
        if events.is_some_and(|events| !is_of(name, events)) {
            report.files_not_asked += 1;
            continue;
        }
        let path = root.join(name);
        match hash_file(&path) {
            Ok((hash, bytes)) => {
                report.files += 1;
                report.bytes += bytes;
                if hash != *content {
                    let detail = format!("its SHA-256 was {content} and is {hash}");
                    report.fault(Some(*number), kind::FILE, name, What::Changed, detail);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push((name, *number, *content));
            }
            Err(error) => {
                let detail = format!("it cannot be read: {error}");
                report.fault(Some(*number), kind::FILE, name, What::Missing, detail);
            }
        }
    }
    let (missing, renamed) = missing_or_renamed(root, &missing, &strays);
    // A file under a new name is told once.
    strays.retain(|stray| !renamed.contains(*stray));
    if events.is_none() {
        report.strays_total = strays.len() as u64;
        report.strays = strays.into_iter().take(NAMED_MAX).cloned().collect();
    }
    Ok((report, missing))
}

/// What is missing may be among the files that nothing is known of.
fn missing_or_renamed(
    root: &Path,
    missing: &[(&String, i64, Hash)],
    strays: &[&String],
) -> (Vec<Fault>, HashSet<String>) {
    let mut renamed = HashSet::new();
    let mut by_hash = HashMap::new();
    if !missing.is_empty() {
        for stray in strays {
            if let Ok((hash, _)) = hash_file(&root.join(stray)) {
                by_hash.insert(hash, *stray);
            }
        }
    }
    let fault = |(name, number, content): &(&String, i64, Hash)| {
        let (what, detail) = match by_hash.get(content) {
            Some(stray) => {
                renamed.insert((*stray).clone());
                (What::Renamed, format!("its content is in '{stray}'"))
            }
            None => (
                What::Missing,
                "the file is not there, and no entry says that it was removed".to_owned(),
            ),
        };
        Fault {
            number: Some(*number),
            kind: kind::FILE.to_owned(),
            target: (*name).clone(),
            what,
            detail,
        }
    };
    let faults = missing.iter().map(fault).collect();
    (faults, renamed)
}
