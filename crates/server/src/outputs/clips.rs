//! Clips onto the disk: a few at a time, beside the pictures.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safe_yolo_core::EventId;
use safe_yolo_media::clip::ClipError;
use safe_yolo_pipeline::clips::{Clip, ClipJob};
use safe_yolo_store::EvidenceStore;
use safe_yolo_store::evidence::FileKind;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinSet, spawn_blocking};

use super::Done;
use crate::problem::chain;

/// Clips that may wait to be written; another one is given up at once.
pub(super) const CLIPS_MAX: usize = 64;
/// Clips written at once: each keeps a child busy.
const WRITERS: usize = 3;

/// What became of a clip: what is known of it, or why there is none.
pub(super) type Outcome = Result<Map<String, Value>, Failure>;

/// Why there is no clip.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) detail: String,
    /// Nothing is wrong here: the source gave nothing to show.
    pub(super) harmless: bool,
}

/// Writes clips until no more come and all are done.
pub(super) async fn write_clips(
    mut from: mpsc::Receiver<Box<ClipJob>>,
    done: mpsc::Sender<Done>,
    store: EvidenceStore,
) {
    let turns = Arc::new(Semaphore::new(WRITERS));
    let mut running = JoinSet::new();
    while let Some(job) = from.recv().await {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        while running.try_join_next().is_some() {}
        let (done, store) = (done.clone(), store.clone());
        running.spawn(async move {
            for (event, outcome) in write(&store, &job).await {
                // Nobody listens at the very end only.
                done.send(Done::Clip(event, outcome)).await.ok();
            }
            drop(turn);
        });
    }
    while running.join_next().await.is_some() {}
}

async fn write(store: &EvidenceStore, job: &ClipJob) -> Vec<(EventId, Outcome)> {
    let mut halves = Vec::new();
    let outcomes = write_into(store, job, &mut halves).await;
    // Those that were taken in are not there any more; what is left belongs to nobody.
    remove_left(halves).await;
    outcomes
}

async fn write_into(
    store: &EvidenceStore,
    job: &ClipJob,
    halves: &mut Vec<(EventId, PathBuf)>,
) -> Vec<(EventId, Outcome)> {
    let failed = |detail: String| Failure { detail, harmless: false };
    let written = async {
        let Some(first) = job.events().next() else { return Err(failed("no event".to_owned())) };
        let half = store.temporary(first, FileKind::Clip).await;
        let half = half.map_err(|error| failed(chain(&error)))?;
        halves.push((first, half.clone()));
        let clip = job.write(&half).await.map_err(|error| Failure {
            detail: chain(&error),
            harmless: matches!(error, ClipError::Empty),
        })?;
        // Each event has a file of its own, and the first takes this one away.
        for event in job.events().skip(1) {
            let another = store.temporary(event, FileKind::Clip).await;
            let another = another.map_err(|error| failed(chain(&error)))?;
            let linked = link(&half, &another).await;
            let shown = another.display().to_string();
            halves.push((event, another));
            linked.map_err(|error| failed(format!("'{shown}': {error}")))?;
        }
        Ok(clip)
    };
    let clip = match written.await {
        Ok(clip) => clip,
        Err(failure) => return job.events().map(|event| (event, Err(failure.clone()))).collect(),
    };
    let mut outcomes = Vec::new();
    for (event, half) in halves.iter() {
        let kept = keep(store, *event, half.clone(), &clip).await;
        outcomes.push((*event, kept.map_err(failed)));
    }
    outcomes
}

async fn remove_left(halves: Vec<(EventId, PathBuf)>) {
    let removing = spawn_blocking(move || {
        for (_, half) in halves {
            if let Err(error) = std::fs::remove_file(&half)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %half.display(), %error, "half a clip could not be removed");
            }
        }
    });
    if removing.await.is_err() {
        tracing::warn!("half clips are removed at the next start");
    }
}

async fn keep(
    store: &EvidenceStore,
    event: EventId,
    half: PathBuf,
    clip: &Clip,
) -> Result<Map<String, Value>, String> {
    let all = |error: &dyn std::error::Error| chain(error);
    let boxes = store.save_bytes(event, FileKind::ClipBoxes, clip.boxes.clone()).await;
    boxes.map_err(|error| all(&error))?;
    store.save_file(event, FileKind::Clip, half).await.map_err(|error| all(&error))?;
    Ok(clip.facts(event))
}

/// The same file under another name; a copy where the file system has no links.
async fn link(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    let linked = spawn_blocking(move || match std::fs::hard_link(&from, &to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(&to)?;
            std::fs::hard_link(&from, &to)
        }
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            std::fs::copy(&from, &to).map(drop)
        }
        result => result,
    });
    linked.await.map_err(io::Error::other)?
}
