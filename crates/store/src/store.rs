//! Opening the database: one writer, several readers, migrations, checks.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use safe_yolo_core::{AlarmSettings, Utc};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Semaphore, broadcast, watch};

use crate::error::{Doing, chain};
use crate::events::Announced;
use crate::incidents::IncidentRecord;
use crate::{StoreError, password};

/// Pages that the writer keeps: 16 MiB. The ends of all indexes of events are in it, however many there are.
const WRITER_CACHE: &str = "-16384";
/// Pages in the log, 16 MiB, after which they are moved to the file: those written again and again move once.
const CHECKPOINT_PAGES: &str = "4000";
/// Rows that a connection reads ahead of whoever takes them.
const ROWS_BUFFERED: usize = 1024;
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// `SYOL`, as the first migration writes it into the file's header.
const APPLICATION_ID: i64 = 0x5359_4f4c;
/// Pages that a reading connection keeps, as SQLite writes it: 512 KiB instead of 2 MB. The
/// system keeps the file's pages anyway, once for all connections.
const READER_CACHE: &str = "-512";
/// Password hashes computed at once: each takes 19 MiB and a core.
const HASHES_MAX: usize = 2;

/// How long logins last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// Unused for so long, it ends.
    pub idle_max: Duration,
    /// It ends after so long in any case.
    pub age_max: Duration,
    /// Most at once for one user; the oldest is ended for a new one.
    pub per_user_max: u32,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            idle_max: Duration::from_secs(12 * 3600),
            age_max: Duration::from_secs(7 * 24 * 3600),
            per_user_max: 20,
        }
    }
}

/// How the database is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Connections that read.
    pub readers: u32,
    /// How long a writer waits for another program's lock.
    pub busy_timeout: Duration,
    /// How long logins last.
    pub sessions: SessionPolicy,
    /// Announcements kept for a slow receiver (`drop_oldest`).
    pub announcements: usize,
    /// Versions of each camera's settings that are kept, the newest; those that events name are
    /// kept besides.
    pub camera_versions: u64,
    /// Larger files are opened without reading them whole for damage.
    pub check_bytes_max: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            busy_timeout: Duration::from_secs(2),
            sessions: SessionPolicy::default(),
            announcements: 1024,
            camera_versions: 1000,
            check_bytes_max: 256 << 20,
        }
    }
}

/// The database. Cheap to clone; all clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    path: PathBuf,
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) options: StoreOptions,
    /// The newest committed change; never runs backwards.
    pub(crate) seq: watch::Sender<i64>,
    pub(crate) announcements: broadcast::Sender<Announced>,
    /// Changes of incidents for whoever listens (`drop_oldest`).
    pub(crate) incident_news: broadcast::Sender<Arc<IncidentRecord>>,
    /// Counts changes of mutes.
    pub(crate) mute_news: watch::Sender<u64>,
    pub(crate) alarm_settings: RwLock<Arc<AlarmSettings>>,
    pub(crate) hashing: Semaphore,
    /// At most one session is marked as used at a time.
    pub(crate) touching: Arc<Semaphore>,
}

impl Store {
    /// The name of the database file in the data folder.
    pub const FILE: &str = "safe-yolo.db";

    /// Opens the database in a folder, which is made (mode 0700) if missing.
    ///
    /// # Errors
    /// When the folder can't be used, or the file is damaged, another
    /// program's, or written by a newer version.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(data_dir, StoreOptions::default()).await
    }

    /// As [`Store::open`], with options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(data_dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let path = data_dir.join(Self::FILE);
        let bytes = prepare_file(data_dir, &path)?;
        let connect = SqliteConnectOptions::new()
            .filename(&path)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            // As many as a transaction or a page has: the thread of the database waits for nobody.
            .row_buffer_size(ROWS_BUFFERED)
            .busy_timeout(options.busy_timeout);
        let patience = options.busy_timeout + Duration::from_secs(5);
        // The writer is never closed while idle: its WAL stays with it.
        let writer = SqlitePoolOptions::new()
            .before_acquire(|connection, _| Box::pin(is_between_transactions(connection)))
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(patience)
            .connect_with(
                connect
                    .clone()
                    .journal_mode(SqliteJournalMode::Wal)
                    .pragma("cache_size", WRITER_CACHE)
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
            )
            .await
            .map_err(|error| refused(&path, error))?;
        if bytes > 0 {
            check_file(&path, &writer, bytes <= options.check_bytes_max).await?;
        }
        MIGRATIONS.run(&writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
                StoreError::Newer { path: path.clone(), version }
            }
            source => StoreError::Migration { path: path.clone(), source },
        })?;
        let readers = SqlitePoolOptions::new()
            .before_acquire(|connection, _| Box::pin(is_between_transactions(connection)))
            .max_connections(options.readers.max(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(patience)
            .connect_with(connect.pragma("query_only", "ON").pragma("cache_size", READER_CACHE))
            .await
            .map_err(|error| refused(&path, error))?;
        password::prepare().await?;
        let newest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM event_changes")
            .fetch_one(&readers)
            .await
            .doing("reading the newest change")?;
        let store = Self {
            inner: Arc::new(Inner {
                path,
                writer,
                readers,
                seq: watch::Sender::new(newest),
                announcements: broadcast::Sender::new(options.announcements.max(1)),
                incident_news: broadcast::Sender::new(options.announcements.max(1)),
                mute_news: watch::Sender::new(0),
                alarm_settings: RwLock::default(),
                hashing: Semaphore::new(HASHES_MAX),
                touching: Arc::new(Semaphore::new(1)),
                options,
            }),
        };
        store.begin_histories().await?;
        store.load_alarm_settings().await?;
        store.group_waiting().await?;
        store.begin_chain().await?;
        store.seed_regulations().await?;
        Ok(store)
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Closes all connections; later calls fail.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// Whether the database would take a write now.
    ///
    /// # Errors
    /// When it is locked or gone.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.begin("probing").await?.rollback().await.doing("probing")
    }

    /// A write transaction: it holds the only writing connection until it ends,
    /// and takes the lock at once, so that it can't fail half way for a lock.
    pub(crate) async fn begin(
        &self,
        doing: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.inner.writer.begin_with("BEGIN IMMEDIATE").await.doing(doing)
    }
}

/// Whether the connection can be used again. When the disk is full or fails,
/// SQLite rolls back by itself; the connection would count a transaction that
/// is no more for ever, and refuse to begin another. It is replaced.
async fn is_between_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Waits for a rollback that is still on its way.
    connection.ping().await?;
    let usable = !connection.is_in_transaction();
    if !usable {
        tracing::warn!(
            "a database connection was left in a transaction by a failure: it is replaced"
        );
    }
    Ok(usable)
}

/// Now; the store's own time for what has no other.
pub(crate) fn now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Utc::from_micros(micros(since))
}

/// A duration in whole microseconds.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Makes folder and file for their owner only; answers the file's size.
fn prepare_file(data_dir: &Path, path: &Path) -> Result<u64, StoreError> {
    let folder = |source: io::Error| StoreError::Folder { path: data_dir.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(folder)?;
    let file = |source: io::Error| StoreError::Folder { path: path.to_owned(), source };
    // SQLite gives the WAL the mode of the database file.
    let mut options = fs::OpenOptions::new();
    let mut opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(file)?;
    let bytes = opened.metadata().map_err(file)?.len();
    let mut header = [0; 16];
    let begins_well = match opened.read_exact(&mut header) {
        Ok(()) => &header == b"SQLite format 3\0",
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => bytes == 0,
        Err(error) => return Err(file(error)),
    };
    if begins_well { Ok(bytes) } else { Err(StoreError::NotADatabase { path: path.to_owned() }) }
}

/// What a failure at opening says of the file.
fn refused(path: &Path, error: sqlx::Error) -> StoreError {
    // The low byte is the primary result code.
    let code =
        error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i64>().ok());
    match code.map(|code| code & 0xff) {
        Some(11) => StoreError::Corrupted { path: path.to_owned(), detail: chain(&error) },
        Some(26) => StoreError::NotADatabase { path: path.to_owned() },
        _ => StoreError::Database { doing: "opening it", source: error },
    }
}

/// Whether a file that has something in it is ours and whole.
async fn check_file(path: &Path, writer: &SqlitePool, whole: bool) -> Result<(), StoreError> {
    let application_id: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(writer)
        .await
        .map_err(|error| refused(path, error))?;
    let tables: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND name <> '_sqlx_migrations'",
    )
    .fetch_one(writer)
    .await
    .map_err(|error| refused(path, error))?;
    // A file without tables is one whose first start was cut short.
    if application_id != APPLICATION_ID && (tables > 0 || application_id != 0) {
        return Err(StoreError::Foreign { path: path.to_owned(), application_id });
    }
    if whole {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(writer)
            .await
            .map_err(|error| refused(path, error))?;
        if verdict != "ok" {
            return Err(StoreError::Corrupted { path: path.to_owned(), detail: verdict });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_itself_blocks_no_other() {
        let dir = tempfile::TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut tx = store.begin("testing").await.unwrap();
        // As a full disk does, the conflict ends the transaction and not just the statement.
        let twice = "CREATE TABLE once (n INTEGER PRIMARY KEY); INSERT INTO once VALUES (1); \
                     INSERT OR ROLLBACK INTO once VALUES (1)";
        assert!(sqlx::raw_sql(twice).execute(&mut *tx).await.is_err());
        drop(tx);
        store.probe().await.unwrap();
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.inner.writer).await.unwrap();
        assert_eq!(mode, "wal", "the new connection is as the first was");
    }

    #[tokio::test]
    async fn connections_are_as_durable_as_promised() {
        let dir = tempfile::TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.inner.writer).await.unwrap();
        let full: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&store.inner.writer).await.unwrap();
        let keys: i64 =
            sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&store.inner.writer).await.unwrap();
        assert_eq!((mode.as_str(), full, keys), ("wal", 2, 1));
        let write = sqlx::query("DELETE FROM users").execute(&store.inner.readers).await;
        assert!(write.is_err(), "readers must not write");
    }
}
