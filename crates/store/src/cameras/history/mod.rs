//! Versions of a camera's settings: who changed what when, and the way back.
//!
//! A version is written by [`add`] in the transaction of the change itself, so that none can be
//! missing. Kept are the newest ones ([`StoreOptions::camera_versions`](crate::StoreOptions)) and
//! every one that an event names.

mod diff;
mod read;
mod restore;

use std::fmt;

use safe_yolo_core::{CameraId, Utc, Zone, address};
use serde_json::Value;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{CameraRecord, Origin, rows};
use crate::error::Doing;
use crate::store::now;
use crate::{Store, StoreError};

pub use diff::Change;

/// Who changes a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Somebody with an account.
    User(String),
    /// The site file, read at the start.
    SiteFile,
    /// The command line.
    CommandLine,
    /// The program itself, as it starts.
    Start,
}

impl Author {
    /// The kind, as stored and in the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::SiteFile => "site_file",
            Self::CommandLine => "command_line",
            Self::Start => "start",
        }
    }

    /// The user, if it is one.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::User(name) => Some(name),
            _ => None,
        }
    }

    fn from_parts(kind: &str, username: Option<String>) -> Option<Self> {
        match (kind, username) {
            ("user", Some(name)) => Some(Self::User(name)),
            ("site_file", None) => Some(Self::SiteFile),
            ("command_line", None) => Some(Self::CommandLine),
            ("start", None) => Some(Self::Start),
            _ => None,
        }
    }

    /// Who brings cameras of this origin into line at the start.
    pub(super) const fn at_start(origin: Origin) -> Self {
        match origin {
            Origin::Api => Self::Start,
            Origin::Site => Self::SiteFile,
            Origin::CommandLine => Self::CommandLine,
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User(name) => name,
            Self::SiteFile => "the site file",
            Self::CommandLine => "the command line",
            Self::Start => "the start of the program",
        })
    }
}

/// Who asks for a change, and what he has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Who.
    pub by: Author,
    /// The version that the change is based on: it is refused if there is a newer one.
    pub based_on: Option<u64>,
}

impl Edit {
    /// A change by a user.
    #[must_use]
    pub fn by_user(username: &str, based_on: Option<u64>) -> Self {
        Self { by: Author::User(username.to_owned()), based_on }
    }
}

/// What was done to a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was added.
    Added,
    /// It, or its zones, were changed.
    Changed,
    /// Its zones were made again as they were in this version.
    Restored(u64),
    /// It was deleted.
    Deleted,
    /// It was there before versions were kept.
    Found,
}

impl Deed {
    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Restored(_) => "restored",
            Self::Deleted => "deleted",
            Self::Found => "found",
        }
    }

    /// The version whose zones were made again.
    #[must_use]
    pub const fn restored(self) -> Option<u64> {
        match self {
            Self::Restored(version) => Some(version),
            _ => None,
        }
    }

    fn from_parts(name: &str, restored: Option<u64>) -> Option<Self> {
        match (name, restored) {
            ("added", None) => Some(Self::Added),
            ("changed", None) => Some(Self::Changed),
            ("restored", Some(version)) => Some(Self::Restored(version)),
            ("deleted", None) => Some(Self::Deleted),
            ("found", None) => Some(Self::Found),
            _ => None,
        }
    }
}

/// One version of a camera's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraVersion {
    /// Whose.
    pub camera: CameraId,
    /// Its number.
    pub version: u64,
    /// Since when.
    pub at: Utc,
    /// Who made it.
    pub by: Author,
    /// What was done.
    pub deed: Deed,
    /// What differs from the version before.
    pub changes: Vec<Change>,
}

/// A camera's settings in one version.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionSettings {
    /// The version.
    pub version: CameraVersion,
    /// All settings and zones: an object without anything secret.
    pub settings: Value,
}

impl VersionSettings {
    /// The zones of that version.
    ///
    /// # Errors
    /// When this program does not understand them any more.
    pub fn zones(&self) -> Result<Vec<Zone>, StoreError> {
        let zones = self.settings.get("zones").cloned().unwrap_or_default();
        serde_json::from_value(zones).map_err(|error| {
            let id = format!("{} of camera {}", self.version.version, self.version.camera);
            StoreError::unreadable("version", id, error)
        })
    }
}

/// What a version is written with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted<'a> {
    pub(super) by: &'a Author,
    pub(super) deed: Deed,
    /// So many of the newest stay.
    pub(super) kept: u64,
}

impl Store {
    pub(super) fn noted<'a>(&self, by: &'a Author, deed: Deed) -> Noted<'a> {
        Noted { by, deed, kept: self.inner.options.camera_versions.max(1) }
    }

    /// Gives cameras from before versions were kept their first.
    pub(crate) async fn begin_histories(&self) -> Result<(), StoreError> {
        let doing = "beginning the histories of cameras";
        let mut tx = self.begin(doing).await?;
        let without: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM cameras WHERE deleted_at IS NULL AND NOT EXISTS
             (SELECT 1 FROM camera_versions WHERE camera = cameras.id AND version = cameras.version)",
        )
        .fetch_all(&mut *tx)
        .await
        .doing(doing)?;
        for id in without {
            if let Some(record) = rows::one(&mut tx, &id).await? {
                let noted = self.noted(&Author::Start, Deed::Found);
                add(&mut tx, None, &record, noted).await?;
            }
        }
        tx.commit().await.doing(doing)
    }
}

/// Refuses a change that is based on another version than the newest.
pub(super) async fn check_base(
    tx: &mut Transaction<'static, Sqlite>,
    record: &CameraRecord,
    edit: &Edit,
) -> Result<(), StoreError> {
    let config = &record.config;
    match edit.based_on {
        Some(based_on) if based_on != config.version => {
            let newest = read::one(tx, &config.id, config.version).await?;
            let missing = || StoreError::not_found("version", config.version.to_string());
            let newest = Box::new(newest.ok_or_else(missing)?.version);
            Err(StoreError::Stale { name: config.name.clone(), based_on, newest })
        }
        _ => Ok(()),
    }
}

/// Writes the version that `after` is, and forgets those that need not be kept.
pub(super) async fn add(
    db: &mut SqliteConnection,
    before: Option<&CameraRecord>,
    after: &CameraRecord,
    noted: Noted<'_>,
) -> Result<(), StoreError> {
    let doing = "noting a version of a camera";
    let id = after.config.id.as_str();
    let unwritable = |error: serde_json::Error| StoreError::unreadable("camera", id, error);
    let settings = settings_of(after).map_err(unwritable)?;
    let changes = match before {
        Some(before) => changes(before, after, &settings).map_err(unwritable)?,
        None => Vec::new(),
    };
    let version = signed(after.config.version);
    sqlx::query(
        "INSERT INTO camera_versions (camera, version, at, author, username, deed, restored, settings, changes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(version)
    .bind(now().micros())
    .bind(noted.by.kind())
    .bind(noted.by.username())
    .bind(noted.deed.name())
    .bind(noted.deed.restored().map(signed))
    .bind(settings.to_string())
    .bind(serde_json::to_string(&changes).map_err(unwritable)?)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    sqlx::query(
        "DELETE FROM camera_versions WHERE camera = ?1 AND version <= ?2 AND NOT EXISTS
         (SELECT 1 FROM events WHERE events.camera = ?1 AND events.config_version = camera_versions.version)",
    )
    .bind(id)
    .bind(version.saturating_sub(signed(noted.kept)))
    .execute(db)
    .await
    .doing(doing)?;
    Ok(())
}

fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The settings as they may be shown: every field of the camera but its id and version, the
/// address without secrets, and of the login only whether there is one.
fn settings_of(record: &CameraRecord) -> Result<Value, serde_json::Error> {
    let mut settings = serde_json::to_value(&record.config)?;
    if let Value::Object(fields) = &mut settings {
        fields.remove("id");
        fields.remove("version");
        let source = address::without_secrets(&record.config.source);
        fields.insert("source".to_owned(), source.into());
        fields.insert("login".to_owned(), record.credentials.is_some().into());
        fields.insert("origin".to_owned(), record.origin.name().into());
    }
    Ok(settings)
}

fn changes(
    before: &CameraRecord,
    after: &CameraRecord,
    settings: &Value,
) -> Result<Vec<Change>, serde_json::Error> {
    let old = settings_of(before)?;
    let mut changes = diff::compare(&old, settings);
    let mut hidden = |field: &str, differs: bool| {
        let shown = settings.get(field).unwrap_or(&Value::Null);
        if differs && old.get(field) == Some(shown) {
            changes.push(Change::hidden(field, shown));
        }
    };
    hidden("source", before.config.source != after.config.source);
    hidden("login", before.credentials != after.credentials);
    Ok(changes)
}
