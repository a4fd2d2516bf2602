//! Password hashes: Argon2id (RFC 9106) with the crate's default cost, on
//! blocking threads and few at a time, so that logins can't starve the rest.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{StoreError, random};

/// Fewer characters are refused.
pub(crate) const CHARS_MIN: usize = 8;
/// More bytes are refused, before any work is done on them.
pub(crate) const BYTES_MAX: usize = 256;

/// What is verified for users who do not exist: the time an answer takes must
/// not tell who does.
static NOBODY: OnceLock<String> = OnceLock::new();

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Hashing { detail: error.to_string() }
}

fn hash_now(password: &str) -> Result<String, StoreError> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(failed)?.to_string())
}

/// Makes the hash for users who do not exist, once a process.
pub(crate) async fn prepare() -> Result<(), StoreError> {
    if NOBODY.get().is_none() {
        let password = random::password()?;
        let hash = spawn_blocking(move || hash_now(&password)).await.map_err(failed)??;
        NOBODY.get_or_init(|| hash);
    }
    Ok(())
}

/// The hash to keep for a new password.
pub(crate) async fn hash(permits: &Semaphore, password: String) -> Result<String, StoreError> {
    if password.chars().count() < CHARS_MIN || password.len() > BYTES_MAX {
        return Err(StoreError::Invalid {
            field: "password",
            value: "***".to_owned(),
            rule: "have 8 characters at least and 256 bytes at most",
        });
    }
    let _permit = permits.acquire().await.map_err(failed)?;
    spawn_blocking(move || hash_now(&password)).await.map_err(failed)?
}

/// Whether the password belongs to the hash; without a hash never, after the
/// same work.
pub(crate) async fn verify(
    permits: &Semaphore,
    password: String,
    hash: Option<String>,
) -> Result<bool, StoreError> {
    let hash = hash.filter(|_| password.len() <= BYTES_MAX);
    let known = hash.is_some();
    let Some(hash) = hash.or_else(|| NOBODY.get().cloned()) else {
        return Ok(false);
    };
    let mut password = password.into_bytes();
    password.truncate(BYTES_MAX);
    let _permit = permits.acquire().await.map_err(failed)?;
    let fits = spawn_blocking(move || {
        let parsed = PasswordHash::new(&hash).map_err(failed)?;
        Ok::<_, StoreError>(Argon2::default().verify_password(&password, &parsed).is_ok())
    })
    .await
    .map_err(failed)??;
    Ok(known && fits)
}
