//! Logins: random tokens that end by themselves.

use std::fmt;

use safe_yolo_core::Utc;
use sha2::{Digest, Sha256};

use crate::error::{Doing, chain};
use crate::store::micros;
use crate::users::UserRow;
use crate::{Store, StoreError, User, random};

/// Use is noted at most so often, to spare the disk.
const TOUCH_MICROS: i64 = 60_000_000;

/// What proves a login: 256 random bits, given out once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token for the cookie: 64 hexadecimal digits.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(***)")
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

impl Store {
    /// Begins a session. Expired ones are removed, and the user's oldest if
    /// there are too many.
    ///
    /// # Errors
    /// When there is no such user, or the database fails.
    pub async fn create_session(
        &self,
        username: &str,
        now: Utc,
    ) -> Result<SessionToken, StoreError> {
        let doing = "beginning a session";
        let policy = self.inner.options.sessions;
        let token = random::hex(&random::bytes::<32>()?);
        let mut tx = self.begin(doing).await?;
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM users WHERE username = ?")
            .bind(username)
            .fetch_optional(&mut *tx)
            .await
            .doing(doing)?;
        if known.is_none() {
            return Err(StoreError::not_found("user", username));
        }
        sqlx::query("DELETE FROM sessions WHERE created <= ? OR seen <= ?")
            .bind(now.micros().saturating_sub(micros(policy.age_max)))
            .bind(now.micros().saturating_sub(micros(policy.idle_max)))
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        sqlx::query(
            "INSERT INTO sessions (token_hash, username, created, seen) VALUES (?, ?, ?, ?)",
        )
        .bind(hash(&token))
        .bind(username)
        .bind(now.micros())
        .bind(now.micros())
        .execute(&mut *tx)
        .await
        .doing(doing)?;
        sqlx::query(
            "DELETE FROM sessions WHERE username = ?1 AND id NOT IN
             (SELECT id FROM sessions WHERE username = ?1 ORDER BY id DESC LIMIT ?2)",
        )
        .bind(username)
        .bind(i64::from(policy.per_user_max.max(1)))
        .execute(&mut *tx)
        .await
        .doing(doing)?;
        tx.commit().await.doing(doing)?;
        Ok(SessionToken(token))
    }

    /// Whose session this is, unless it has ended. Notes the use in the
    /// background, so that a database that takes no writes keeps nobody out.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn session_user(&self, token: &str, now: Utc) -> Result<Option<User>, StoreError> {
        let policy = self.inner.options.sessions;
        let token_hash = hash(token);
        let row: Option<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT users.username, users.role, users.created, sessions.seen
             FROM sessions JOIN users ON users.username = sessions.username
             WHERE sessions.token_hash = ? AND sessions.created > ? AND sessions.seen > ?",
        )
        .bind(token_hash.as_slice())
        .bind(now.micros().saturating_sub(micros(policy.age_max)))
        .bind(now.micros().saturating_sub(micros(policy.idle_max)))
        .fetch_optional(&self.inner.readers)
        .await
        .doing("reading a session")?;
        let Some((username, role, created, seen)) = row else {
            return Ok(None);
        };
        if now.micros().saturating_sub(seen) >= TOUCH_MICROS {
            self.touch(token_hash, now);
        }
        UserRow { username, role, created }.into_user().map(Some)
    }

    fn touch(&self, token_hash: Vec<u8>, now: Utc) {
        let Ok(permit) = self.inner.touching.clone().try_acquire_owned() else {
            // The next request notes it.
            return;
        };
        let store = self.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let done = sqlx::query("UPDATE sessions SET seen = MAX(seen, ?) WHERE token_hash = ?")
                .bind(now.micros())
                .bind(token_hash)
                .execute(&store.inner.writer)
                .await;
            if let Err(error) = done {
                tracing::warn!(error = chain(&error), "the use of a session could not be noted");
            }
        });
    }

    /// Ends a session; one that has ended already is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, token: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(hash(token))
            .execute(&self.inner.writer)
            .await
            .doing("ending a session")?;
        Ok(())
    }

    /// Removes sessions that have ended by themselves; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_sessions(&self, now: Utc) -> Result<u64, StoreError> {
        let policy = self.inner.options.sessions;
        let done = sqlx::query("DELETE FROM sessions WHERE created <= ? OR seen <= ?")
            .bind(now.micros().saturating_sub(micros(policy.age_max)))
            .bind(now.micros().saturating_sub(micros(policy.idle_max)))
            .execute(&self.inner.writer)
            .await
            .doing("removing ended sessions")?;
        Ok(done.rows_affected())
    }
}
