//! Reading the chain.

use safe_yolo_core::Utc;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{Hash, entry_hash, kind};
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading the chain";
/// Most entries in one answer.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The newest entry; 0 before the first.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainEntry {
    /// Its number; they follow each other without gaps.
    pub number: i64,
    /// When it was written, or when what it describes happened.
    pub at: Utc,
    /// One of [`kind`].
    pub kind: String,
    /// Of what.
    pub target: String,
    /// The hash of that.
    pub content: Hash,
    /// The hash of the entry before.
    pub before: Hash,
    /// Its own hash.
    pub hash: Hash,
}

impl ChainEntry {
    /// Whether the hash is what the other fields come to.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Self { number, at, kind, target, content, before, hash } = self;
        entry_hash(*before, *number, *at, kind, target, *content) == *hash
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    number: i64,
    at: i64,
    kind: String,
    target: String,
    content: Vec<u8>,
    hash: Vec<u8>,
    before: Option<Vec<u8>>,
}

impl Row {
    pub(super) fn into_entry(self) -> Result<ChainEntry, StoreError> {
        let hash = |bytes: &[u8]| {
            Hash::from_bytes(bytes).ok_or_else(|| {
                StoreError::unreadable("chain entry", self.number.to_string(), "no SHA-256")
            })
        };
        Ok(ChainEntry {
            number: self.number,
            at: Utc(self.at),
            content: hash(&self.content)?,
            before: self.before.as_deref().map_or(Ok(Hash::ZERO), hash)?,
            hash: hash(&self.hash)?,
            kind: self.kind,
            target: self.target,
        })
    }
}

/// The newest entry.
pub(super) async fn head(db: &mut SqliteConnection) -> Result<Head, StoreError> {
    let row: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1")
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    let Some((number, hash)) = row else {
        return Ok(Head { number: 0, hash: Hash::ZERO });
    };
    let hash = Hash::from_bytes(&hash)
        .ok_or_else(|| StoreError::unreadable("chain entry", number.to_string(), "no SHA-256"))?;
    Ok(Head { number, hash })
}

pub(super) const COLUMNS: &str = "SELECT number, at, kind, target, content, hash,
    (SELECT hash FROM chain AS before WHERE before.number = chain.number - 1) AS before FROM chain";

/// The newest entry that a file was written or removed with; names have no spaces.
pub(crate) async fn newest_of_file(
    db: &mut SqliteConnection,
    name: &str,
) -> Result<Option<ChainEntry>, StoreError> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{COLUMNS} WHERE (kind IN ('{}', '{}') AND target = ?1)
            OR (kind = '{}' AND target >= ?1 || ' ' AND target < ?1 || '!')
         ORDER BY number DESC LIMIT 1",
        kind::FILE,
        kind::ADOPTED,
        kind::REMOVED
    )))
    .bind(name)
    .fetch_optional(db)
    .await
    .doing(DOING)?;
    row.map(Row::into_entry).transpose()
}

impl Store {
    /// Where the chain ends now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chain_head(&self) -> Result<Head, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        head(&mut reader).await
    }

    /// The entry of an evidence file, unless it was removed since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chain_file(&self, name: &str) -> Result<Option<ChainEntry>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        let newest = newest_of_file(&mut reader, name).await?;
        Ok(newest.filter(|entry| entry.kind != kind::REMOVED))
    }
}
