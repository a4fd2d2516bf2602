//! Removing evidence: of the oldest events first, never of those that are held, and only after the
//! chain says so.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use safe_yolo_core::{EventId, Utc};
use tokio::task::spawn_blocking;
use uuid::{NoContext, Timestamp, Uuid};

use super::hold::held_events;
use super::{EvidenceError, EvidenceStore, Inner, day_of, day_path, event_of, failed, write};
use crate::chain::{self, Hash, kind};
use crate::error::Doing;
use crate::store::now;
use crate::{Store, StoreError};

const DOING: &str = "noting what is removed";
/// Events whose files are removed with one transaction.
const CHUNK: usize = 100;
/// Where room is made there is made more at once: this part of the budget.
const SPARE: u64 = 1000;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Of so many events.
    pub events: u64,
    /// So many files.
    pub files: u64,
    /// Bytes freed.
    pub bytes: u64,
}

impl Removal {
    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// The files of one event.
#[derive(Debug, Clone)]
struct Bundle {
    id: EventId,
    files: Vec<Listed>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Listed {
    name: String,
    bytes: u64,
}

impl Store {
    /// Notes in the chain that files are removed, each with the content that it had. Answers those
    /// that nobody has come to hold meanwhile.
    async fn chain_removed(
        &self,
        bundles: &[Bundle],
        reason: &str,
    ) -> Result<Vec<Bundle>, StoreError> {
        let mut tx = self.begin(DOING).await?;
        let held = held_events(&mut tx).await?;
        let bundles: Vec<Bundle> =
            bundles.iter().filter(|bundle| !held.contains(&bundle.id)).cloned().collect();
        let mut rows = Vec::new();
        for Listed { name, .. } in bundles.iter().flat_map(|bundle| &bundle.files) {
            let before = chain::newest_of_file(&mut tx, name).await?;
            // One that is noted as removed already was left there by a crash.
            if before.as_ref().is_some_and(|entry| entry.kind == kind::REMOVED) {
                continue;
            }
            let content = before.map_or(Hash::ZERO, |entry| entry.content);
            rows.push((format!("{name} {reason}"), content));
        }
        let at = now();
        let entries: Vec<chain::Entry<'_>> = rows
            .iter()
            .map(|(target, content)| chain::Entry {
                at,
                kind: kind::REMOVED,
                target,
                content: *content,
            })
            .collect();
        chain::append(&mut tx, &entries).await?;
        tx.commit().await.doing(DOING)?;
        Ok(bundles)
    }
}

impl EvidenceStore {
    /// Removes what is older than the limit, if there is one, and what could not be deleted before.
    ///
    /// # Errors
    /// When it can't be noted or removed; what was removed until then stays so.
    pub async fn remove_aged(&self, now: Utc) -> Result<Removal, EvidenceError> {
        let _turn = self.inner.turn.lock().await;
        let inner = self.inner.clone();
        let again = spawn_blocking(move || inner.delete_stuck()).await;
        let (mut removed, stuck) =
            again.map_err(io::Error::other).map_err(failed("remove", &self.inner.root))??;
        let Some(age) = self.inner.limits.age_max else { return told((removed, stuck)) };
        let age_micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let oldest = now.micros().saturating_sub(age_micros).max(0);
        let seconds = u64::try_from(oldest / 1_000_000).unwrap_or_default();
        let before = EventId(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)));
        let (aged, kept) = self.remove_oldest(u64::MAX, Some(before), "age").await?;
        removed.add(aged);
        told((removed, stuck.or(kept)))
    }

    /// What could not be deleted though the chain says that it was removed, in words; none if nothing.
    #[must_use]
    pub fn undeletable(&self) -> Option<String> {
        let stuck = self.inner.stuck();
        let first = stuck.first()?;
        Some(format!("{} files of old evidence can't be deleted, such as '{first}'", stuck.len()))
    }

    /// Removes the oldest evidence until so many bytes are free that were not, or none is left that
    /// may be removed.
    ///
    /// # Errors
    /// As [`EvidenceStore::remove_aged`].
    pub async fn free(&self, bytes: u64, reason: &'static str) -> Result<Removal, EvidenceError> {
        let _turn = self.inner.turn.lock().await;
        told(self.remove_oldest(bytes, None, reason).await?)
    }

    /// Makes room in the budget for evidence of an event; only for that of older events.
    pub(super) async fn make_room(&self, id: EventId, bytes: u64) -> Result<(), EvidenceError> {
        day_of(id)?;
        let max = self.inner.limits.bytes_max;
        loop {
            let used = self.bytes();
            if used + bytes <= max {
                return Ok(());
            }
            let needed = used + bytes - max;
            // Nothing is removed in vain.
            let may_go = self.removable(needed, Some(id)).await?;
            let found: u64 = may_go.iter().map(|bundle| bundle.bytes).sum();
            if found < needed {
                let detail = format!(
                    "the budget is {max} bytes, {used} are used, of which {found} may be removed: the rest is newer, held or can't be deleted"
                );
                return Err(EvidenceError::NoSpace {
                    path: self.inner.root.clone(),
                    bytes,
                    detail,
                });
            }
            let (removed, kept) =
                self.remove_oldest(needed + max / SPARE, Some(id), "size").await?;
            tracing::warn!(?removed, budget = max, "the oldest evidence was removed for room");
            let Some(error) = kept else { return Ok(()) };
            // New evidence must not suffer from an old file that can't be deleted: others go instead of it.
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "old evidence can't be deleted");
        }
    }

    /// Removes the oldest evidence; needs the turn. Answers, too, why a file could not be deleted.
    async fn remove_oldest(
        &self,
        bytes: u64,
        before: Option<EventId>,
        reason: &'static str,
    ) -> Result<(Removal, Option<EvidenceError>), EvidenceError> {
        let bundles = self.removable(bytes, before).await?;
        let mut removed = Removal::default();
        let mut kept = None;
        for some in bundles.chunks(CHUNK) {
            let noted = self.inner.store.chain_removed(some, reason).await;
            let noted = noted.map_err(EvidenceError::Noting)?;
            self.inner.reach("removal noted");
            let inner = self.inner.clone();
            let work = spawn_blocking(move || {
                let mut kept = None;
                let deleted = inner.delete(&noted, &mut kept)?;
                Ok((deleted, kept))
            });
            let (deleted, failure) = work
                .await
                .map_err(io::Error::other)
                .map_err(failed("remove", &self.inner.root))??;
            removed.add(deleted);
            kept = kept.or(failure);
        }
        Ok((removed, kept))
    }

    /// The oldest evidence that may be removed: enough to free so many bytes, or all there is.
    async fn removable(
        &self,
        bytes: u64,
        before: Option<EventId>,
    ) -> Result<Vec<Bundle>, EvidenceError> {
        let held = self.inner.store.held_events().await.map_err(EvidenceError::Noting)?;
        let inner = self.inner.clone();
        let stuck = self.inner.stuck().clone();
        let listing = spawn_blocking(move || list(&inner.root, bytes, before, &held, &stuck)).await;
        listing.map_err(io::Error::other).map_err(failed("read", &self.inner.root))?
    }
}

/// A removal that a file withstood is an error.
fn told((removed, kept): (Removal, Option<EvidenceError>)) -> Result<Removal, EvidenceError> {
    kept.map_or(Ok(removed), Err)
}

fn list(
    root: &Path,
    bytes: u64,
    before: Option<EventId>,
    held: &HashSet<EventId>,
    stuck: &BTreeSet<String>,
) -> Result<Vec<Bundle>, EvidenceError> {
    let last = before.map(day_of).transpose()?;
    let (mut found, mut sum) = (Vec::new(), 0_u64);
    for day in write::days(root)? {
        if last.is_some_and(|last| day > last) {
            break;
        }
        let path = day_path(day);
        let mut of_day: BTreeMap<EventId, Bundle> = BTreeMap::new();
        for entry in write::entries(&root.join(&path))? {
            let name = format!("{path}/{}", entry.file_name().to_string_lossy());
            // What is no evidence of ours is left alone.
            let Some(id) = event_of(&name).filter(|id| !held.contains(id)) else { continue };
            // Our names have no spaces; in the chain one ends the name.
            if before.is_some_and(|before| id >= before)
                || name.contains(' ')
                || stuck.contains(&name)
            {
                continue;
            }
            let facts = entry.metadata().map_err(failed("read", &entry.path()))?;
            if !facts.is_file() {
                continue;
            }
            let length = facts.len();
            let bundle =
                of_day.entry(id).or_insert_with(|| Bundle { id, files: Vec::new(), bytes: 0 });
            bundle.files.push(Listed { name, bytes: length });
            bundle.bytes += length;
        }
        for (_, bundle) in of_day {
            if sum >= bytes {
                return Ok(found);
            }
            sum += bundle.bytes;
            found.push(bundle);
        }
    }
    Ok(found)
}

impl Inner {
    fn stuck(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries again what could not be deleted; answers, too, why that failed.
    fn delete_stuck(&self) -> Result<(Removal, Option<EvidenceError>), EvidenceError> {
        let again = std::mem::take(&mut *self.stuck());
        let (mut removed, mut kept) = (Removal::default(), None);
        for name in again {
            let Some(id) = event_of(&name) else { continue };
            let bytes = fs::metadata(self.root.join(&name)).map_or(0, |file| file.len());
            let bundle = Bundle { id, files: vec![Listed { name, bytes }], bytes };
            removed.add(self.delete(&[bundle], &mut kept)?);
        }
        Ok((removed, kept))
    }

    /// Deletes files; `kept` becomes why one could not be.
    fn delete(
        &self,
        bundles: &[Bundle],
        kept: &mut Option<EvidenceError>,
    ) -> Result<Removal, EvidenceError> {
        let mut removed = Removal::default();
        for bundle in bundles {
            let mut freed = 0;
            for file in &bundle.files {
                let path = self.root.join(&file.name);
                match fs::remove_file(&path) {
                    // It must not keep all others on the disk.
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        kept.get_or_insert_with(|| failed("remove", &path)(error));
                        self.stuck().insert(file.name.clone());
                    }
                    _ => {
                        removed.files += 1;
                        freed += file.bytes;
                    }
                }
            }
            removed.events += 1;
            removed.bytes += freed;
            self.freed(bundle.id, freed)?;
        }
        Ok(removed)
    }

    /// So many bytes of an event's day are there no more.
    pub(super) fn freed(&self, id: EventId, bytes: u64) -> Result<(), EvidenceError> {
        let day = day_of(id)?;
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let left = days.get(&day).map_or(0, |had| had.saturating_sub(bytes));
        // An empty folder goes; one that is not empty stays.
        if left == 0 && fs::remove_dir(self.root.join(day_path(day))).is_ok() {
            days.remove(&day);
        } else {
            days.insert(day, left);
        }
        Ok(())
    }
}
