//! The bytes that are hashed, to the letter: docs/evidence.md describes the same for others.
//!
//! Numbers are big-endian, 8 bytes (counts of bytes: 4); texts are their length in bytes and UTF-8.

use std::fmt;

use safe_yolo_core::Utc;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first entry.
    pub const ZERO: Self = Self([0; 32]);

    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As stored; none unless there are 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As written: 64 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let none = || serde::de::Error::custom(format!("'{text}' is no SHA-256 in 64 digits"));
        Self::parse(&text).ok_or_else(none)
    }
}

/// Collects fields and hashes them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Sha256);

impl Fields {
    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.update(number.to_be_bytes());
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// A byte 0 for none, or a byte 1 and the text.
    pub(crate) fn option(mut self, text: Option<&str>) -> Self {
        self.0.update([u8::from(text.is_some())]);
        match text {
            Some(text) => self.text(text),
            None => self,
        }
    }

    pub(crate) fn hash(mut self, hash: Hash) -> Self {
        self.0.update(hash.0);
        self
    }

    pub(crate) fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The hash of an entry, given the one before.
#[must_use]
pub fn entry_hash(
    before: Hash,
    number: i64,
    at: Utc,
    kind: &str,
    target: &str,
    content: Hash,
) -> Hash {
    Fields::default()
        .hash(before)
        .number(number)
        .number(at.micros())
        .text(kind)
        .text(target)
        .hash(content)
        .finish()
}

/// A change of an event as a row of `event_changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub(crate) struct ChangeContent {
    pub(crate) seq: i64,
    pub(crate) change_id: String,
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) at: i64,
    pub(crate) event: String,
    pub(crate) acknowledged: Option<String>,
}

impl ChangeContent {
    pub(crate) fn hash(&self) -> Hash {
        Fields::default()
            .number(self.seq)
            .text(&self.change_id)
            .text(&self.event_id)
            .text(&self.kind)
            .number(self.at)
            .text(&self.event)
            .option(self.acknowledged.as_deref())
            .finish()
    }
}

/// A row of `audit`.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct AuditContent {
    pub(crate) number: i64,
    pub(crate) at: i64,
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) detail: String,
}

impl AuditContent {
    pub(crate) fn hash(&self) -> Hash {
        Fields::default()
            .number(self.number)
            .number(self.at)
            .text(&self.who)
            .text(&self.action)
            .text(&self.target)
            .text(&self.detail)
            .finish()
    }
}

/// A row of `incident_log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub(crate) struct DeedContent {
    pub(crate) number: i64,
    pub(crate) incident: String,
    pub(crate) at: i64,
    pub(crate) who: String,
    pub(crate) deed: String,
    pub(crate) note: String,
}

impl DeedContent {
    pub(crate) fn hash(&self) -> Hash {
        Fields::default()
            .number(self.number)
            .text(&self.incident)
            .number(self.at)
            .text(&self.who)
            .text(&self.deed)
            .text(&self.note)
            .finish()
    }
}

/// An incident as it is now, a row of `incidents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub(crate) struct IncidentContent {
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) held: i64,
    pub(crate) incident: String,
}

impl IncidentContent {
    pub(crate) fn hash(&self) -> Hash {
        Fields::default()
            .number(self.number)
            .text(&self.id)
            .text(&self.state)
            .number(self.held)
            .text(&self.incident)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_hashed_as_described() {
        // Written out by hand, so that a change of the encoding is seen.
        let mut bytes = vec![7_u8; 32];
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 2]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 5]);
        bytes.extend([0, 0, 0, 4]);
        bytes.extend(b"file");
        bytes.extend([0, 0, 0, 3]);
        bytes.extend("é.".as_bytes());
        bytes.extend([9; 32]);
        let hash = entry_hash(Hash([7; 32]), 258, Utc(5), "file", "é.", Hash([9; 32]));
        assert_eq!(hash, Hash::of(&bytes));
    }

    #[test]
    fn no_two_rows_look_the_same() {
        let row = |target: &str, detail: &str| AuditContent {
            number: 1,
            at: 2,
            who: "kim".into(),
            action: "x".into(),
            target: target.into(),
            detail: detail.into(),
        };
        assert_ne!(row("ab", "c").hash(), row("a", "bc").hash());
        let change = |acknowledged: Option<&str>| ChangeContent {
            seq: 1,
            change_id: "c".into(),
            event_id: "e".into(),
            kind: "raised".into(),
            at: 3,
            event: "{}".into(),
            acknowledged: acknowledged.map(str::to_owned),
        };
        assert_ne!(change(None).hash(), change(Some("")).hash());
    }

    #[test]
    fn hashes_are_read_as_written() {
        let hash = Hash::of(b"x");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "0g", &"x".repeat(64), &"é".repeat(32)] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }
}
