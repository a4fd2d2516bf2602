//! The disk is full, the database locked, a page of it damaged.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rand::{Rng, RngExt};
use safe_yolo_testkit::TestkitError;
use tokio::time::sleep;

use super::{Measured, Others, Outcome};
use crate::judge::{RECOVERY_MAX, SHOWN_MAX};
use crate::lock::Lock;
use crate::world::{World, last_lines};

/// How long the fault lasts: long enough that alarms come.
const LASTS: Duration = Duration::from_secs(15);
/// Room on the small disk beside the data, MiB.
const ROOM_MIB: u64 = 48;
const DATABASE: &str = "safe-yolo.db";

/// Waits until the store is said to be in this state; answers how long it took.
async fn store_is(world: &World, state: &str, limit: Duration) -> Result<f64> {
    let begun = Instant::now();
    let is = |system: &serde_json::Value| system["store"]["state"] == state;
    world.client()?.until("/api/system", limit, is).await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Watches what the server makes of a store that takes nothing from now on
/// until `mend` is done.
async fn while_broken(
    world: &World,
    outcome: &mut Outcome,
    mend: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let begun = Instant::now();
    let before = world.observer.events();
    match store_is(world, "failed", SHOWN_MAX).await {
        Ok(after_s) => outcome.shown_s.push(after_s),
        Err(error) => outcome.problems.push(format!("the failing store is not shown: {error}")),
    }
    sleep(LASTS.saturating_sub(begun.elapsed())).await;
    let during = world.observer.events();
    mend()?;
    match store_is(world, "ok", RECOVERY_MAX).await {
        Ok(after_s) => outcome.recovery_s.push(after_s),
        Err(error) => outcome.problems.push(format!("the store is not back: {error}")),
    }
    let unrecorded = during.unrecorded.len() - before.unrecorded.len();
    if during.raised == before.raised {
        outcome.problems.push("no alarm was announced: mute, or nothing happened".to_owned());
    }
    outcome.notes.push(format!(
        "{} alarms announced meanwhile, {unrecorded} of them as not recorded",
        during.raised - before.raised
    ));
    outcome.injected += 1;
    Ok(())
}

pub(super) async fn lock_database(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Everyone;
    for _ in 0..times {
        let database = world.data().join(DATABASE);
        let lock = tokio::task::spawn_blocking(move || Lock::take(&database)).await??;
        let unlock = || {
            drop(lock);
            Ok(())
        };
        while_broken(world, outcome, unlock).await?;
        sleep(Duration::from_secs(5)).await;
    }
    Ok(())
}

/// A file system in memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, mib: u64) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(at);
        let output = command.output().context("starting mount")?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(output.status.success(), "mount says: {said}");
        Ok(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What can't be unmounted goes with the machine.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// Why there can be no small disk.
pub(super) fn no_small_disk(world: &World) -> Option<String> {
    let tried = SmallDisk::mount(&world.path("try"), 1);
    tried.err().map(|error| format!("no small disk can be mounted (it needs root): {error:#}"))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    ensure!(copied.context("starting cp")?.success(), "copying {}", from.display());
    Ok(())
}

/// MiB in a folder, rounded up.
fn mib(folder: &Path) -> Result<u64> {
    let output = Command::new("du").args(["-sm"]).arg(folder).output().context("starting du")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().next().and_then(|mib| mib.parse().ok()).context("du says nothing")
}

/// Writes until nothing more fits.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    for piece in [1 << 20, 4096, 1] {
        let zeros = vec![0_u8; piece];
        while file.write_all(&zeros).is_ok() {}
    }
    Ok(())
}

pub(super) async fn fill_disk(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Everyone;
    world.stop().await?;
    let (folder, usual) = (world.path("small"), world.data().to_owned());
    let disk = SmallDisk::mount(&folder, mib(&usual)? + ROOM_MIB)?;
    let data = folder.join("data");
    std::fs::create_dir(&data)?;
    copy_folder(&usual, &data)?;
    world.move_data(&data);
    let result = on_small_disk(world, times, outcome, &folder.join("ballast")).await;
    world.stop().await?;
    // The database as it is now, with all that was recorded on the small disk.
    std::fs::remove_dir_all(&usual)?;
    std::fs::create_dir(&usual)?;
    copy_folder(&data, &usual)?;
    world.move_data(&usual);
    drop(disk);
    world.start().await?;
    result
}

async fn on_small_disk(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
    ballast: &Path,
) -> Result<()> {
    world.start().await?;
    let calm = world.calm().await?;
    for _ in 0..times {
        fill(ballast)?;
        while_broken(world, outcome, || Ok(std::fs::remove_file(ballast)?)).await?;
        sleep(Duration::from_secs(5)).await;
    }
    outcome.measured = Some(Measured { until: Some(world.now()), ..calm });
    Ok(())
}

/// A server on a database with one page of noise: it must say so and not
/// start, or have all that there was.
pub(super) async fn corrupt_pages(
    world: &mut World,
    times: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.others = Others::Nobody;
    world.stop().await?;
    let whole = std::fs::read(world.data().join(DATABASE)).context("reading the database")?;
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let page = if page == 1 { 65_536 } else { page };
    let mut refused = 0;
    for number in 0..times {
        let folder = world.path(&format!("damaged-{number}"));
        std::fs::create_dir(&folder)?;
        let at = world.random.random_range(1..whole.len() / page) * page;
        let mut bytes = whole.clone();
        world.random.fill_bytes(&mut bytes[at..at + page]);
        let file = folder.join(DATABASE);
        std::fs::write(&file, &bytes)?;
        outcome.injected += 1;
        let files = world.beside(&format!("damaged-{number}"));
        match files.start(files.serve(&folder)).await {
            Err(TestkitError::NotStarted { said, .. }) => {
                refused += 1;
                let file_named = said.contains(&file.display().to_string());
                if !file_named || !said.contains("backup") || said.contains("panicked") {
                    outcome.problems.push(format!(
                        "page {} is refused without file or way out: {}",
                        at / page,
                        last_lines(&said)
                    ));
                }
                if std::fs::read(&file)? != bytes {
                    outcome.problems.push("a refused database was changed".to_owned());
                }
            }
            Err(error) => return Err(error.into()),
            Ok(mut server) => {
                // Noise in a page that holds nothing costs nothing.
                let client = world.client()?.at(server.base());
                match crate::audit::missing(&client, &world.observer).await {
                    Ok(missing) => outcome.lost += missing,
                    Err(error) => outcome.problems.push(format!(
                        "page {} is noise and the server starts, but: {error:#}",
                        at / page
                    )),
                }
                server.kill()?;
            }
        }
    }
    outcome.notes.push(format!("{refused} of {times} refused, naming file and way out"));
    if refused == 0 && times > 3 {
        bail!("no damage was ever found");
    }
    world.start().await.map(drop)
}
