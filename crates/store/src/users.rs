//! People who may log in, and what they may do.

use std::fmt;

use safe_yolo_core::Utc;
use serde::{Deserialize, Serialize};

use crate::error::Doing;
use crate::store::now;
use crate::{Store, StoreError, password, random};

/// What a user may do; each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See.
    Viewer,
    /// Acknowledge and command files.
    Operator,
    /// Change cameras, zones and users.
    Admin,
}

impl Role {
    /// Every role, least powerful first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Somebody who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Their name for logging in.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created: Utc,
}

/// What [`Store::ensure_admin`] found or did.
#[derive(Clone, PartialEq, Eq)]
pub enum FirstAdmin {
    /// There were users already.
    Exists,
    /// The user `admin` was made.
    Created {
        /// The password, if none was given: to be shown once, never logged.
        generated_password: Option<String>,
    },
}

impl fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("Exists"),
            Self::Created { generated_password } => {
                write!(f, "Created {{ generated: {} }}", generated_password.is_some())
            }
        }
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    pub(crate) username: String,
    pub(crate) role: String,
    pub(crate) created: i64,
}

impl UserRow {
    pub(crate) fn into_user(self) -> Result<User, StoreError> {
        let role = Role::from_name(&self.role).ok_or_else(|| {
            StoreError::unreadable("user", &self.username, format!("role '{}'", self.role))
        })?;
        Ok(User { username: self.username, role, created: Utc(self.created) })
    }
}

pub(crate) fn check_username(username: &str) -> Result<(), StoreError> {
    let fits = (1..=64).contains(&username.chars().count())
        && username.trim() == username
        && !username.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(StoreError::Invalid {
        field: "username",
        value: username.chars().take(64).collect(),
        rule: "have 1 to 64 characters, no control characters and no spaces around it",
    })
}

impl Store {
    /// Makes the user `admin` if there is no administrator. Without a password one is generated.
    ///
    /// # Errors
    /// When the password is too short or long, or the database fails.
    pub async fn ensure_admin(&self, password: Option<String>) -> Result<FirstAdmin, StoreError> {
        const ADMIN: &str = "admin";
        let doing = "making the first administrator";
        let admins: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'admin'")
            .fetch_one(&self.inner.readers)
            .await
            .doing(doing)?;
        if admins > 0 {
            return Ok(FirstAdmin::Exists);
        }
        let generated_password = if password.is_none() { Some(random::password()?) } else { None };
        let Some(password) = password.or_else(|| generated_password.clone()) else {
            return Ok(FirstAdmin::Exists);
        };
        self.create_user(ADMIN, password, Role::Admin).await?;
        self.allow_originals(ADMIN, true).await?;
        Ok(FirstAdmin::Created { generated_password })
    }

    /// Whether somebody may export pictures as they were taken, with faces.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_export_originals(&self, username: &str) -> Result<bool, StoreError> {
        let may: Option<bool> =
            sqlx::query_scalar("SELECT may_export_original FROM users WHERE username = ?")
                .bind(username)
                .fetch_optional(&self.inner.readers)
                .await
                .doing("reading a user's rights")?;
        Ok(may.unwrap_or(false))
    }

    /// Lets somebody export pictures as they were taken, or not any more.
    ///
    /// # Errors
    /// When there is no such user, or the database fails.
    pub async fn allow_originals(&self, username: &str, may: bool) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE users SET may_export_original = ? WHERE username = ?")
            .bind(may)
            .bind(username)
            .execute(&self.inner.writer)
            .await
            .doing("changing a user's rights")?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("user", username));
        }
        Ok(())
    }

    /// Who this is, if the password is right. Wrong passwords and unknown names
    /// take the same time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_login(
        &self,
        username: &str,
        password: String,
    ) -> Result<Option<User>, StoreError> {
        let doing = "reading a user";
        let row: Option<(String, String, i64, String)> = sqlx::query_as(
            "SELECT username, role, created, password_hash FROM users WHERE username = ?",
        )
        .bind(username)
        .fetch_optional(&self.inner.readers)
        .await
        .doing(doing)?;
        let (user, hash) = match row {
            Some((username, role, created, hash)) => {
                (Some(UserRow { username, role, created }), Some(hash))
            }
            None => (None, None),
        };
        if password::verify(&self.inner.hashing, password, hash).await? {
            user.map(UserRow::into_user).transpose()
        } else {
            Ok(None)
        }
    }

    /// Adds a user.
    ///
    /// # Errors
    /// When the name is taken, name or password do not fit, or the database fails.
    pub async fn create_user(
        &self,
        username: &str,
        password: String,
        role: Role,
    ) -> Result<User, StoreError> {
        check_username(username)?;
        let hash = password::hash(&self.inner.hashing, password).await?;
        let created = now();
        let done =
            sqlx::query("INSERT INTO users (username, password_hash, role, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(username)
                .bind(hash)
                .bind(role.name())
                .bind(created.micros())
                .execute(&self.inner.writer)
                .await
                .doing("adding a user")?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict { what: "user", name: username.to_owned() });
        }
        Ok(User { username: username.to_owned(), role, created })
    }

    /// Changes a password and ends the user's sessions: whoever knew the old
    /// one is out.
    ///
    /// # Errors
    /// When there is no such user, the password does not fit, or the database fails.
    pub async fn set_password(&self, username: &str, password: String) -> Result<(), StoreError> {
        let doing = "changing a password";
        let hash = password::hash(&self.inner.hashing, password).await?;
        let mut tx = self.begin(doing).await?;
        let done = sqlx::query("UPDATE users SET password_hash = ? WHERE username = ?")
            .bind(hash)
            .bind(username)
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("user", username));
        }
        sqlx::query("DELETE FROM sessions WHERE username = ?")
            .bind(username)
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        tx.commit().await.doing(doing)
    }

    /// All users, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_users(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> =
            sqlx::query_as("SELECT username, role, created FROM users ORDER BY username")
                .fetch_all(&self.inner.readers)
                .await
                .doing("reading users")?;
        rows.into_iter().map(UserRow::into_user).collect()
    }

    /// Removes a user and their sessions; what they did stays in events and audit.
    ///
    /// # Errors
    /// When there is no such user, it is the last administrator, or the database fails.
    pub async fn delete_user(&self, username: &str) -> Result<(), StoreError> {
        let doing = "removing a user";
        let mut tx = self.begin(doing).await?;
        let role: Option<String> = sqlx::query_scalar("SELECT role FROM users WHERE username = ?")
            .bind(username)
            .fetch_optional(&mut *tx)
            .await
            .doing(doing)?;
        let Some(role) = role else {
            return Err(StoreError::not_found("user", username));
        };
        if role == Role::Admin.name() {
            let others: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM users WHERE role = 'admin' AND username <> ?",
            )
            .bind(username)
            .fetch_one(&mut *tx)
            .await
            .doing(doing)?;
            if others == 0 {
                return Err(StoreError::LastAdmin { username: username.to_owned() });
            }
        }
        sqlx::query("DELETE FROM users WHERE username = ?")
            .bind(username)
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        tx.commit().await.doing(doing)
    }
}
