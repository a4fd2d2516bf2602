//! What can go wrong in the database, and whose fault it is.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use safe_yolo_core::Utc;
use safe_yolo_core::alarm_settings::AlarmSettingsError;
use safe_yolo_core::checklist::ChecklistError;
use safe_yolo_core::config::ConfigError;
use safe_yolo_core::incident::StepError;

use crate::CameraVersion;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder or the database file can't be made or read.
    #[error("cannot use '{path}' for data: check that it exists, is writable and has room")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is no SQLite database.
    #[error("'{path}' is not a database: move it away, or restore it from a backup")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is another program's database.
    #[error(
        "'{path}' is the database of another program (application id {application_id}): choose another data folder"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// As written in the file.
        application_id: i64,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "'{path}' was written by a newer version of this program (its schema {version} is unknown here): run that version, or restore an older backup"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The first schema version that is not known here.
        version: i64,
    },
    /// The file is damaged.
    #[error("'{path}' is damaged ({detail}): restore it from a backup")]
    Corrupted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the schema of '{path}' up to date: restore it from a backup")]
    Migration {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The database refused; most often it is locked or the disk is full.
    #[error("the database failed while {doing}: check its disk")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        #[source]
        source: sqlx::Error,
    },
    /// Something stored can't be understood.
    #[error(
        "{what} '{id}' is stored in a form that cannot be read ({detail}): restore the database from a backup"
    )]
    Unreadable {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no such thing.
    #[error("there is no {what} '{id}'")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// As asked for.
        id: String,
    },
    /// The name is taken.
    #[error("a {what} named '{name}' exists already: choose another name")]
    Conflict {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else has changed the camera meanwhile.
    #[error(
        "camera '{name}' is at version {now} and not {based_on} any more, by {by} at {at}: load it again, look at what has changed and repeat your change",
        now = newest.version, by = newest.by, at = newest.at
    )]
    Stale {
        /// The camera's name.
        name: String,
        /// The version that the change is based on.
        based_on: u64,
        /// The newest.
        newest: Box<CameraVersion>,
    },
    /// The incident does not allow this step now.
    #[error("incident {id}: {error}")]
    Step {
        /// Which incident.
        id: String,
        /// Why not.
        error: Box<StepError>,
    },
    /// It was over before.
    #[error("{said}: load it again")]
    TooLate {
        /// What, and since when.
        said: String,
    },
    /// Alarm settings make no sense.
    #[error(transparent)]
    AlarmSettings(AlarmSettingsError),
    /// Without this user nobody could administer the system.
    #[error("'{username}' is the last administrator: make another one first")]
    LastAdmin {
        /// Who.
        username: String,
    },
    /// A value can't be accepted.
    #[error("{field} '{value}' must {rule}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// As given, shortened; hidden for passwords.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A camera's or zone's settings can't be accepted.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A checklist or its items can't be accepted.
    #[error(transparent)]
    Checklist(#[from] ChecklistError),
    /// There are as many as may be.
    #[error("{place} has {max} {what} already: delete one that nobody needs")]
    Full {
        /// What kind of things.
        what: &'static str,
        /// Where.
        place: String,
        /// So many may be.
        max: usize,
    },
    /// The zone is none of the camera's.
    #[error("camera '{camera}' has no zone '{zone}': choose one of its own, or leave the zone out")]
    NoZone {
        /// As asked for.
        zone: String,
        /// Whose it should be.
        camera: String,
    },
    /// Somebody has changed it meanwhile.
    #[error(
        "{what} '{id}' is at version {now} by now{}: load it again, look at what has changed and repeat your change",
        by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default()
    )]
    Outdated {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        id: String,
        /// The newest version.
        now: u64,
        /// Who changed it, if that is known.
        by: Option<String>,
    },
    /// Somebody else has ticked or un-ticked the item meanwhile.
    #[error("item '{item}' {}: look at it and tick again if you still want to", faster(*done, who.as_ref(), *at))]
    Faster {
        /// Which item.
        item: String,
        /// Whether it is ticked now.
        done: bool,
        /// Who did that; the inner one is none for the camera, the outer one for a reset.
        who: Option<Option<String>>,
        /// When.
        at: Option<Utc>,
        /// The item's newest revision.
        revision: u64,
    },
    /// It is the camera that ticks the item.
    #[error(
        "item '{item}' is ticked by the camera once its rule has been clear for long enough: wait, or make it an item by hand"
    )]
    NotByHand {
        /// Which item.
        item: String,
    },
    /// A password could not be hashed.
    #[error("the password could not be hashed ({detail}): try again")]
    Hashing {
        /// What failed.
        detail: String,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no random numbers ({detail}): try again")]
    Random {
        /// What the system says.
        detail: String,
    },
}

impl StoreError {
    /// Whether trying again later may help: the database is locked, full or gone.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Database { .. } | Self::Hashing { .. } | Self::Random { .. })
    }

    pub(crate) fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound { what, id: id.into() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors are handed on, not kept")]
    pub(crate) fn unreadable(
        what: &'static str,
        id: impl Into<String>,
        detail: impl ToString,
    ) -> Self {
        Self::Unreadable { what, id: id.into(), detail: detail.to_string() }
    }
}

/// What became of an item before somebody's tick came.
fn faster(done: bool, who: Option<&Option<String>>, at: Option<Utc>) -> String {
    let what = if done { "was ticked" } else { "was un-ticked" };
    match (who, at) {
        (Some(who), Some(at)) => {
            let who = who.as_deref().unwrap_or("the camera");
            format!("{what} by {who} at {at}")
        }
        _ => "was opened again by a reset of the list".to_owned(),
    }
}

/// Says what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database { doing, source })
    }
}

/// An error with all its causes on one line, for states and logs.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
