//! Another program that locks the database: this one, as a child of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// What the child says once it holds the lock.
const HELD: &str = "locked\n";

/// The child: takes the lock, says so, and holds it until its input ends.
pub(crate) async fn hold(database: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .busy_timeout(std::time::Duration::from_secs(10));
    let mut connection = options.connect().await.context("opening the database")?;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.context("locking")?;
    print!("{HELD}");
    std::io::Write::flush(&mut std::io::stdout())?;
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    waiting.await??;
    sqlx::query("ROLLBACK").execute(&mut connection).await.context("unlocking")?;
    Ok(connection.close().await?)
}

/// A lock held by another process; released when dropped.
pub(crate) struct Lock(Child);

impl Lock {
    /// Takes the exclusive lock of this database; blocks for seconds at most.
    pub(crate) fn take(database: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("hold-lock")
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the program that locks")?;
        let mut said = vec![0; HELD.len()];
        let mut out = child.stdout.take().context("no standard output")?;
        let read = std::io::Read::read_exact(&mut out, &mut said);
        let lock = Self(child);
        read.context("the database could not be locked")?;
        ensure!(said == HELD.as_bytes(), "the program that locks said something else");
        Ok(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
