//! An incident as a ZIP that proves itself: report, pictures, clips, their hashes, the part of the
//! chain that they hang on, and a signature. docs/evidence.md describes it for others.

pub(crate) mod archive;
mod blur;
mod check;
mod clip;
mod clips;
mod export;
mod report;

use safe_yolo_core::{EventId, ExportBlur};
use safe_yolo_store::chain::Hash;
use serde::{Deserialize, Serialize};

pub use archive::ArchiveError;
pub use check::{CaseFault, CaseReport, verify_case};
pub(crate) use clips::Clips;
pub(crate) use export::{Asked, export, prepare};

/// What the files of a case say they are.
const FORMAT: &str = "safe-yolo-case/1";
const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const CASE: &str = "case.json";
const CHAIN: &str = "chain.json";
const REPORT: &str = "report.html";

/// Bytes of all files of a case together.
pub(crate) const BYTES_MAX: u64 = 4 << 30;

/// What a picture or clip went through on its way into the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Masked {
    /// It is as it was stored.
    None,
    /// Heads are pixelated.
    Heads,
    /// People are, from head to foot.
    Bodies,
    /// All of it is pixelated: where people are is not known.
    Whole,
}

impl From<ExportBlur> for Masked {
    fn from(blur: ExportBlur) -> Self {
        match blur {
            ExportBlur::Heads => Self::Heads,
            ExportBlur::Bodies => Self::Bodies,
        }
    }
}

/// An evidence file in the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CaseFile {
    /// Its name in the ZIP.
    name: String,
    /// The event that it proves.
    event: EventId,
    /// Its name in the installation's folder of evidence, and in the chain.
    evidence: String,
    /// The SHA-256 of the stored file as it was read for the case.
    original_sha256: Hash,
    /// Whether that is what the chain says.
    proved: bool,
    masked: Masked,
    /// How a clip was decoded and encoded anew; absent where it is as it was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recoded: Option<clip::Recoded>,
}

/// A file that is not in the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Its name in the folder of evidence.
    evidence: String,
    /// Why.
    why: String,
}

/// `case.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CaseJson {
    format: String,
    incident: serde_json::Value,
    events: Vec<serde_json::Value>,
    log: Vec<serde_json::Value>,
    exported_at: String,
    exported_by: String,
    reason: String,
    /// Whether pictures and clips are as they were stored.
    original: bool,
    files: Vec<CaseFile>,
    left_out: Vec<LeftOut>,
}

/// A file of the ZIP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    name: String,
    bytes: u64,
    sha256: Hash,
    /// Of what stored file a clip was encoded anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recoded_of: Option<RecodedOf>,
}

/// What a clip was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecodedOf {
    /// Its name in the chain.
    evidence: String,
    sha256: Hash,
}

/// `manifest.json`: every other file except its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: String,
    incident: EventId,
    /// The public key that signed it.
    key: String,
    /// Where the chain ended.
    head: safe_yolo_store::chain::Head,
    files: Vec<ManifestFile>,
}
