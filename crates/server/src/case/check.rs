//! Verifying an exported case by itself.

use std::collections::BTreeSet;
use std::path::Path;

use safe_yolo_store::PublicKey;
use safe_yolo_store::chain::{CaseChain, Head};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::archive::{Archive, ArchiveError, ENTRIES_MAX, no_case};
use super::{CASE, CHAIN, CaseJson, FORMAT, MANIFEST, Manifest, Masked, REPORT, SIGNATURE};

/// Something that is not as it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseFault {
    /// The file in the ZIP.
    pub name: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What verifying a case came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// Whether everything is as it was exported, and as it was recorded before.
    pub ok: bool,
    /// The incident.
    pub incident: String,
    /// Files that are as the manifest says.
    pub files: u64,
    /// Pictures and clips that are as they were stored.
    pub originals: u64,
    /// Pictures and clips in which people were made unrecognisable; their originals are in the chain.
    pub masked: u64,
    /// Evidence that is not in the case.
    pub left_out: u64,
    /// Changes of events that are older than the installation's chain.
    pub unproved_changes: u64,
    /// The public key that signed the case.
    pub key: String,
    /// Whether that is the key that was asked for; null where none was.
    pub key_is_known: Option<bool>,
    /// Where the installation's chain ended at that time.
    pub head: Head,
    /// What is wrong.
    pub faults: Vec<CaseFault>,
}

/// Verifies a case; with a key, also that this installation made it. Reads files, so not for async
/// threads.
///
/// # Errors
/// When the file is no case at all, or is not to be trusted as a ZIP. What was altered inside is no
/// error: it is in the report.
pub fn verify_case(path: &Path, key: Option<&PublicKey>) -> Result<CaseReport, ArchiveError> {
    let mut archive = Archive::open(path)?;
    let manifest_text = archive.text(MANIFEST)?;
    let manifest: Manifest = json(path, MANIFEST, &manifest_text)?;
    if manifest.format != FORMAT {
        let why = format!("its format is '{}' and not '{FORMAT}'", manifest.format);
        return Err(no_case(path, why));
    }
    if manifest.files.len() > ENTRIES_MAX {
        return Err(ArchiveError::TooMuch {
            path: path.to_owned(),
            what: "files in its manifest",
            found: manifest.files.len() as u64,
            max: ENTRIES_MAX as u64,
        });
    }
    let mut faults = Vec::new();
    let mut fault = |name: &str, detail: String| {
        faults.push(CaseFault { name: name.to_owned(), detail });
    };
    let signature = archive.text(SIGNATURE)?;
    let signature = String::from_utf8_lossy(&signature).into_owned();
    let named = PublicKey::parse(&manifest.key);
    if !named.is_some_and(|named| named.has_signed(&manifest_text, &signature)) {
        fault(MANIFEST, "it is not what was signed".to_owned());
    }
    let key_is_known = key.map(|key| named.as_ref() == Some(key));
    if key_is_known == Some(false) {
        fault(
            SIGNATURE,
            format!("it was signed with the key {}, not with the one given", manifest.key),
        );
    }

    let listed: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let there: BTreeSet<String> = archive.names().map(str::to_owned).collect();
    if listed.len() < manifest.files.len() {
        fault(MANIFEST, "it names a file twice".to_owned());
    }
    for name in &there {
        if !listed.contains(name.as_str()) && name != MANIFEST && name != SIGNATURE {
            fault(name, "it was added: the manifest does not name it".to_owned());
        }
    }
    let mut files = 0;
    for file in &manifest.files {
        if !there.contains(&file.name) {
            fault(&file.name, "it is missing".to_owned());
            continue;
        }
        match archive.hash(&file.name) {
            Ok((bytes, sha256)) if sha256 == file.sha256 && bytes == file.bytes => files += 1,
            Ok((_, sha256)) => {
                fault(
                    &file.name,
                    format!("it was changed: its SHA-256 was {} and is {sha256}", file.sha256),
                );
            }
            Err(error @ ArchiveError::TooMuch { .. }) => return Err(error),
            Err(error) => {
                fault(&file.name, format!("it was changed: {}", crate::problem::chain(&error)));
            }
        }
    }
    for name in [CASE, CHAIN, REPORT] {
        if !listed.contains(name) {
            fault(name, "the manifest does not name it".to_owned());
        }
    }
    // A description that was altered is named above; there is nothing more to be learnt from it.
    let (mut originals, mut masked, mut left_out, mut unproved) = (0, 0, 0, 0);
    let described = are_untouched(&faults, &[CASE, CHAIN]).then(|| -> Result<_, ArchiveError> {
        let case: CaseJson = json(path, CASE, &archive.text(CASE)?)?;
        let chain: CaseChain = json(path, CHAIN, &archive.text(CHAIN)?)?;
        Ok((case, chain))
    });
    if let Some(described) = described {
        let (case, chain) = described?;
        left_out = case.left_out.len() as u64;
        unproved = chain.unproved() as u64;
        let mut fault = |name: &str, detail: String| {
            faults.push(CaseFault { name: name.to_owned(), detail });
        };
        chain.faults().into_iter().for_each(|detail| fault(CHAIN, detail));
        if chain.head != manifest.head {
            fault(CHAIN, "it ends elsewhere than the manifest says".to_owned());
        }
        for event in &case.events {
            let id = event.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            let recorded = chain.event(id).and_then(|json| serde_json::from_str(json).ok());
            if !recorded.is_some_and(|recorded: serde_json::Value| is_part_of(&recorded, event)) {
                fault(CASE, format!("event {id} is not what the chain has of it"));
            }
        }
        let recorded = serde_json::from_str(chain.incident()).ok();
        if !recorded
            .is_some_and(|recorded: serde_json::Value| is_part_of(&recorded, &case.incident))
        {
            fault(CASE, "the incident is not what the chain has of it".to_owned());
        }
        let told: BTreeSet<&str> = case
            .files
            .iter()
            .map(|file| file.evidence.as_str())
            .chain(case.left_out.iter().map(|file| file.evidence.as_str()))
            .collect();
        for missing in chain.files().difference(&told) {
            fault(CASE, format!("it does not say what became of '{missing}'"));
        }
        for file in &case.files {
            let entry = chain.file(&file.evidence).map(|entry| entry.content);
            if entry != Some(file.original_sha256) {
                let detail = match entry {
                    Some(entry) => format!(
                        "the file that it was made of was altered before the export: '{}' had the SHA-256 {entry}, and {} when it was exported",
                        file.evidence, file.original_sha256
                    ),
                    None => format!("the chain knows no file '{}'", file.evidence),
                };
                fault(&file.name, detail);
            }
            let listed = manifest.files.iter().find(|listed| listed.name == file.name);
            let made_of = listed.and_then(|listed| listed.recoded_of.as_ref());
            let is_same = made_of.is_some_and(|of| {
                of.evidence == file.evidence && of.sha256 == file.original_sha256
            });
            if made_of.is_some() != file.recoded.is_some() || (made_of.is_some() && !is_same) {
                fault(&file.name, "it is not said alike of what it was encoded anew".to_owned());
            }
            match (file.masked, listed.map(|listed| listed.sha256)) {
                (_, None) => fault(&file.name, "the manifest does not name it".to_owned()),
                (Masked::None, Some(sha256)) if sha256 == file.original_sha256 => originals += 1,
                (Masked::None, Some(_)) => {
                    fault(&file.name, "it is not the original that it is said to be".to_owned());
                }
                (Masked::Heads | Masked::Bodies | Masked::Whole, Some(_)) => masked += 1,
            }
        }
    }
    Ok(CaseReport {
        ok: faults.is_empty(),
        incident: manifest.incident.to_string(),
        files,
        originals,
        masked,
        left_out,
        unproved_changes: unproved,
        key: manifest.key,
        key_is_known,
        head: manifest.head,
        faults,
    })
}

/// Whether none of the faults is of these files.
fn are_untouched(faults: &[CaseFault], names: &[&str]) -> bool {
    !faults.iter().any(|fault| names.contains(&fault.name.as_str()))
}

/// Whether everything that was recorded is in what is shown, as it was.
fn is_part_of(recorded: &serde_json::Value, shown: &serde_json::Value) -> bool {
    let (Some(recorded), Some(shown)) = (recorded.as_object(), shown.as_object()) else {
        return false;
    };
    recorded.iter().all(|(key, value)| shown.get(key) == Some(value))
}

fn json<T: DeserializeOwned>(path: &Path, name: &str, text: &[u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(text)
        .map_err(|error| no_case(path, format!("'{name}' in it cannot be read ({error})")))
}
