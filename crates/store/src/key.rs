//! The installation's own key: what is signed with it comes from here.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::chain::Hash;
use crate::{StoreError, random};

/// An Ed25519 key pair (RFC 8032) in the data folder.
#[derive(Clone)]
pub struct InstallationKey(SigningKey);

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationKey({})", self.public())
    }
}

/// The public part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PublicKey {
    /// As written: 64 digits; none for what is no key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Hash::parse(text.trim())?;
        VerifyingKey::from_bytes(&bytes.0).ok().map(Self)
    }

    /// Whether this signature, in 128 digits, is of these bytes.
    #[must_use]
    pub fn has_signed(&self, bytes: &[u8], signature: &str) -> bool {
        let signature = signature.trim();
        let halves = signature.split_at_checked(64);
        let halves = halves.and_then(|(r, s)| Some((Hash::parse(r)?, Hash::parse(s)?)));
        let Some((r, s)) = halves else { return false };
        let mut all = [0; 64];
        for (to, from) in all.iter_mut().zip(r.0.into_iter().chain(s.0)) {
            *to = from;
        }
        self.0.verify_strict(bytes, &Signature::from_bytes(&all)).is_ok()
    }
}

impl InstallationKey {
    /// The file's name in the data folder.
    pub const FILE: &str = "installation.key";

    /// Opens the key of a data folder; the first time one is made, readable by its owner only.
    ///
    /// # Errors
    /// When the file can't be read or written, or is no key.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(Self::FILE);
        match Self::read(&path)? {
            Some(key) => Ok(key),
            None => Self::make(&path),
        }
    }

    /// The key of a data folder, if there is one.
    ///
    /// # Errors
    /// As [`InstallationKey::open`].
    pub fn find(data_dir: &Path) -> Result<Option<Self>, StoreError> {
        Self::read(&data_dir.join(Self::FILE))
    }

    fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(failed(path))?,
        };
        let seed = Hash::parse(text.trim()).ok_or_else(|| {
            let detail =
                "64 hexadecimal digits are expected; move it away for a new key".to_owned();
            StoreError::unreadable("key", path.display().to_string(), detail)
        })?;
        Ok(Some(Self(SigningKey::from_bytes(&seed.0))))
    }

    fn make(path: &Path) -> Result<Self, StoreError> {
        let seed = Hash(random::bytes::<32>()?);
        let half = PathBuf::from(format!("{}.half", path.display()));
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&half)
            .map_err(failed(&half))?;
        writeln!(file, "{seed}").and_then(|()| file.sync_all()).map_err(failed(&half))?;
        fs::rename(&half, path).map_err(failed(path))?;
        // Before anything is signed with it: a key that a power cut takes away proves nothing.
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
        Ok(Self(SigningKey::from_bytes(&seed.0)))
    }

    /// The public part.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// A signature of these bytes, in 128 digits.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> String {
        self.0.sign(bytes).to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    |source| StoreError::Folder { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::TempDir::new().unwrap();
        assert!(InstallationKey::find(dir.path()).unwrap().is_none());
        let key = InstallationKey::open(dir.path()).unwrap();
        let file = dir.path().join(InstallationKey::FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(InstallationKey::open(dir.path()).unwrap().public(), key.public());
        let signature = key.sign(b"case");
        let public = PublicKey::parse(&key.public().to_string()).unwrap();
        assert!(public.has_signed(b"case", &signature));
        assert!(!public.has_signed(b"cases", &signature));
        for wrong in ["", "00", &"0".repeat(128), &"é".repeat(64)] {
            assert!(!public.has_signed(b"case", wrong), "{wrong}");
        }
        let other = TempDirKey::make();
        assert!(!other.public().has_signed(b"case", &signature));
        fs::write(&file, "rubbish").unwrap();
        let error = InstallationKey::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("installation.key"), "{error}");
    }

    struct TempDirKey;

    impl TempDirKey {
        fn make() -> InstallationKey {
            InstallationKey::open(tempfile::TempDir::new().unwrap().path()).unwrap()
        }
    }
}
