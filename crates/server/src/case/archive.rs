//! Reading a ZIP from somebody else: nothing in it is believed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use safe_yolo_store::chain::Hash;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use super::BYTES_MAX;

/// Most files in a case.
pub(super) const ENTRIES_MAX: usize = 10_000;
/// The longest file that is read into memory: those that describe the case.
const TEXT_BYTES_MAX: u64 = 256 << 20;

/// Why a ZIP is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file can't be read.
    #[error("cannot read '{path}': check that it is there and readable")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It is no ZIP, or a damaged one.
    #[error("'{path}' is no ZIP that can be read: export the case again")]
    NoZip {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ZipError,
    },
    /// A file in it is not what the ZIP itself says of it.
    #[error("'{name}' in '{path}' is damaged: its content does not match its checksum")]
    Damaged {
        /// Which ZIP.
        path: PathBuf,
        /// The file in it.
        name: String,
        /// What was found.
        #[source]
        source: ZipError,
    },
    /// A name in it leads elsewhere.
    #[error("'{path}' holds a file named '{name}': {why}; it was not made by this program")]
    Name {
        /// Which ZIP.
        path: PathBuf,
        /// The name in it, shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is too much in it.
    #[error("'{path}' holds {what}, {found}, but at most {max}: it was not made by this program")]
    TooMuch {
        /// Which ZIP.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// How much.
        found: u64,
        /// How much may be.
        max: u64,
    },
    /// Something that makes a case is not in it, or can't be understood.
    #[error("'{path}' is no case of this program: {why}")]
    NoCase {
        /// Which ZIP.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A ZIP whose names are harmless and whose size is bounded.
pub(crate) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// Where each file is.
    names: BTreeMap<String, usize>,
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path)
            .map_err(|source| ArchiveError::File { path: path.to_owned(), source })?;
        let no_zip = |source| ArchiveError::NoZip { path: path.to_owned(), source };
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(no_zip)?;
        let too_much = |what, found: u64, max: u64| ArchiveError::TooMuch {
            path: path.to_owned(),
            what,
            found,
            max,
        };
        if zip.len() > ENTRIES_MAX {
            return Err(too_much("files", zip.len() as u64, ENTRIES_MAX as u64));
        }
        let wrong = |name: &str, why| ArchiveError::Name {
            path: path.to_owned(),
            name: name.chars().take(80).collect(),
            why,
        };
        if zip.has_duplicate_names() {
            return Err(wrong("", "two files have the same name"));
        }
        let (mut names, mut bytes) = (BTreeMap::new(), 0_u64);
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(no_zip)?;
            let name = entry.name().map_err(no_zip)?.into_owned();
            if let Some(why) = bad_name(&name) {
                return Err(wrong(&name, why));
            }
            if entry.is_symlink() || entry.is_dir() {
                return Err(wrong(&name, "it is a link or folder and no file"));
            }
            bytes = bytes.saturating_add(entry.size());
            if bytes > BYTES_MAX {
                return Err(too_much("bytes", bytes, BYTES_MAX));
            }
            names.insert(name, index);
        }
        Ok(Self { path: path.to_owned(), zip, names })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// A file that describes the case.
    pub(crate) fn text(&mut self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let mut text = Vec::new();
        self.read(name, TEXT_BYTES_MAX, |read| text.extend_from_slice(read))?;
        Ok(text)
    }

    /// Length and hash of a file.
    pub(crate) fn hash(&mut self, name: &str) -> Result<(u64, Hash), ArchiveError> {
        let mut hasher = Sha256::new();
        let bytes = self.read(name, BYTES_MAX, |read| hasher.update(read))?;
        Ok((bytes, Hash(hasher.finalize().into())))
    }

    fn read(
        &mut self,
        name: &str,
        max: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<u64, ArchiveError> {
        let path = self.path.clone();
        let missing = || self::no_case(&path, format!("'{name}' is not in it"));
        let index = *self.names.get(name).ok_or_else(missing)?;
        let damaged =
            |source| ArchiveError::Damaged { path: path.clone(), name: name.to_owned(), source };
        let mut entry = self.zip.by_index(index).map_err(damaged)?;
        let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0_u64);
        loop {
            let count = entry.read(&mut buffer).map_err(|source| damaged(ZipError::Io(source)))?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                return Ok(bytes);
            };
            bytes += count as u64;
            // Whatever the ZIP says of its length.
            if bytes > max {
                let path = path.clone();
                return Err(ArchiveError::TooMuch {
                    path,
                    what: "bytes in one file",
                    found: bytes,
                    max,
                });
            }
            take(read);
        }
    }
}

pub(crate) fn no_case(path: &Path, why: String) -> ArchiveError {
    ArchiveError::NoCase { path: path.to_owned(), why }
}

/// Why a name is not used.
fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Some("it is empty or has control characters");
    }
    if name.contains('\\') || name.contains(':') {
        return Some("it has a backslash or a colon");
    }
    if name.starts_with('/') {
        return Some("it is absolute");
    }
    if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Some("it leads out of its folder");
    }
    None
}
