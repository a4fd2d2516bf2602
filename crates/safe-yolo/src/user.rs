//! `safe-yolo user`: rights that are given at the machine itself and nowhere else.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use safe_yolo_core::Utc;
use safe_yolo_store::Store;

/// What the audit says of who did it.
const WHO: &str = "command line";

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Lists users with their roles and whether they may export originals
    List(ListArguments),
    /// Lets somebody export cases in which people are recognisable, or not any more
    Originals(OriginalsArguments),
}

/// Whose users.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The data folder of a server, which may run
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
}

/// Who may.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("right").required(true).args(["allow", "deny"])))]
pub(crate) struct OriginalsArguments {
    /// The user's name for logging in
    name: String,
    /// Give the right
    #[arg(long)]
    allow: bool,
    /// Take the right
    #[arg(long)]
    deny: bool,
    /// The data folder of a server, which may run
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
}

pub(crate) fn run(command: &UserCommand) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let said = match command {
        UserCommand::List(given) => runtime.block_on(list(&given.data_dir))?,
        UserCommand::Originals(given) => {
            runtime.block_on(originals(&given.data_dir, &given.name, given.allow))?
        }
    };
    std::io::stdout().lock().write_all(said.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The database of a server, which is not made here.
async fn open(data_dir: &Path) -> Result<Store> {
    if !data_dir.join(Store::FILE).is_file() {
        bail!(
            "there is no '{}' in '{}': name the folder that 'safe-yolo serve' is given as --data-dir",
            Store::FILE,
            data_dir.display()
        );
    }
    Ok(Store::open(data_dir).await?)
}

async fn list(data_dir: &Path) -> Result<String> {
    let store = open(data_dir).await?;
    let mut said = format!("{:<32} {:<9} originals\n", "name", "role");
    for user in store.list_users().await? {
        let may = if store.may_export_originals(&user.username).await? { "yes" } else { "no" };
        said.push_str(&format!("{:<32} {:<9} {may}\n", user.username, user.role.name()));
    }
    store.close().await;
    Ok(said)
}

async fn originals(data_dir: &Path, name: &str, allow: bool) -> Result<String> {
    let store = open(data_dir).await?;
    if !store.list_users().await?.iter().any(|user| user.username == name) {
        bail!(
            "there is no user '{name}' in '{}': 'safe-yolo user list' shows who there is",
            data_dir.display()
        );
    }
    let done = if allow { "allowed" } else { "denied" };
    // Before it is done: a right that nobody noted must not be.
    store.audit(now(), WHO, "user.originals", name, done).await?;
    store.allow_originals(name, allow).await?;
    store.close().await;
    let may = if allow { "may" } else { "may not" };
    Ok(format!("'{name}' {may} export originals\n"))
}

fn now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Utc::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use safe_yolo_store::Role;
    use safe_yolo_store::chain::verify::verify;
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn the_right_is_given_and_taken_beside_a_running_server_and_noted() {
        let dir = TempDir::new().unwrap();
        // Held open as a server does.
        let store = Store::open(dir.path()).await.unwrap();
        store.ensure_admin(Some("correct horse battery".into())).await.unwrap();
        store.create_user("kim", "correct horse battery".into(), Role::Operator).await.unwrap();
        assert!(!store.may_export_originals("kim").await.unwrap());
        let said = originals(dir.path(), "kim", true).await.unwrap();
        assert_eq!(said, "'kim' may export originals\n");
        assert!(store.may_export_originals("kim").await.unwrap());
        let listed = list(dir.path()).await.unwrap();
        let words: Vec<Vec<&str>> =
            listed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1..], [["admin", "admin", "yes"], ["kim", "operator", "yes"]]);
        originals(dir.path(), "kim", false).await.unwrap();
        assert!(!store.may_export_originals("kim").await.unwrap());
        let noted = store.audit_list(10).await.unwrap();
        let noted: Vec<_> = noted
            .iter()
            .filter(|entry| entry.who == WHO)
            .map(|entry| (entry.action.as_str(), entry.target.as_str(), entry.detail.as_str()))
            .collect();
        assert_eq!(
            noted,
            [("user.originals", "kim", "denied"), ("user.originals", "kim", "allowed")]
        );
        // The server's own entries go on behind them.
        store.audit(now(), "kim", "x", "y", "z").await.unwrap();
        let report = verify(dir.path(), None).await.unwrap();
        assert!(report.ok, "{report:?}");
    }

    #[tokio::test]
    async fn a_name_and_a_folder_that_are_not_there_are_named() {
        let dir = TempDir::new().unwrap();
        let gone = dir.path().join("gone");
        for error in [list(&gone).await, originals(&gone, "kim", true).await] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("gone") && error.contains("--data-dir"), "{error}");
        }
        assert!(!gone.exists(), "nothing is made");
        let store = Store::open(dir.path()).await.unwrap();
        let error = originals(dir.path(), "nobody", true).await.unwrap_err().to_string();
        assert!(error.contains("'nobody'") && error.contains("user list"), "{error}");
        assert!(store.audit_list(10).await.unwrap().is_empty(), "nothing was done");
    }
}
