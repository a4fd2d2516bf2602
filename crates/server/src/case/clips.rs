//! Clips in which people are unrecognisable, made ahead and kept for a while.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, future, stream};
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use safe_yolo_core::ExportBlur;
use safe_yolo_store::chain::Hash;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use super::clip::{self, Blurred, Contents, Original};

/// Different clips of a case that are made unrecognisable: each takes a second of a core and more.
const CLIPS_MAX: usize = 32;
/// How many are encoded at once: children take turns with each other on few cores, and leave some of many free.
const AT_ONCE: std::ops::RangeInclusive<usize> = 2..=4;
/// Longest wait for a turn and the encoding. Nothing is sent meanwhile, and a connection on which nothing moves
/// for longer than the listener's `IDLE_MAX` is cut.
const BLUR_MAX: Duration = Duration::from_secs(60);
/// Bytes of what is kept, and how long that is which nobody asks for.
const KEPT_BYTES: u64 = 256 << 20;
const KEPT_FOR: Duration = Duration::from_secs(600);

/// Of what a clip is made, and how.
type Key = (Contents, ExportBlur);

/// Makes clips, and keeps what it made for those who ask for the same: on the disk, in files without names.
#[derive(Debug, Clone)]
pub(crate) struct Clips(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    turns: Semaphore,
    at_once: usize,
    made: Cache<Key, Arc<Blurred>>,
}

/// A stored clip, and the list of what was found in it.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) boxes: PathBuf,
}

/// A clip that was made, and the hash of the stored one.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) original_sha256: Hash,
    pub(super) clip: Arc<Blurred>,
}

impl Clips {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = (cores / 2).clamp(*AT_ONCE.start(), *AT_ONCE.end());
        let weight = |_: &Key, clip: &Arc<Blurred>| u32::try_from(clip.bytes).unwrap_or(u32::MAX);
        let made = Cache::builder()
            .weigher(weight)
            .max_capacity(KEPT_BYTES)
            .time_to_idle(KEPT_FOR)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self(Arc::new(Inner { turns: Semaphore::new(at_once), at_once, made }))
    }

    /// Lets go of what nobody asked for lately; of everything where the disk has no room.
    pub(crate) async fn tidy(&self, has_room: bool) {
        if !has_room {
            self.0.made.invalidate_all();
        }
        self.0.made.run_pending_tasks().await;
    }

    /// Makes these in their order, some ahead of whoever takes them; whoever drops it ends it. Items say why a
    /// clip could not be made.
    pub(super) fn make(
        &self,
        stored: Vec<Stored>,
        blur: ExportBlur,
    ) -> impl Stream<Item = Result<Made, String>> + Send + use<> {
        let clips = self.clone();
        let mut different = HashSet::new();
        stream::iter(stored)
            .then(|Stored { path, boxes }| async move {
                let read = spawn_blocking(move || Original::read(path, &boxes)).await;
                read.unwrap_or_else(|error| Err(error.into()))
                    .map_err(|error| format!("it cannot be read: {error}"))
            })
            .map(move |original| {
                let original = original?;
                let contents = original.contents();
                if different.len() == CLIPS_MAX && !different.contains(&contents) {
                    return Err(format!(
                        "a case in which people are unrecognisable holds {CLIPS_MAX} different clips: this one is in a case with originals only"
                    ));
                }
                different.insert(contents);
                let clips = clips.clone();
                Ok(AbortOnDropHandle::new(tokio::spawn(async move { clips.one(original, blur).await })))
            })
            .map(|begun| async {
                match begun {
                    Ok(making) => making.await.unwrap_or_else(|error| Err(error.to_string())),
                    Err(why) => Err(why),
                }
            })
            .buffered(self.0.at_once)
    }

    /// Makes these before anybody takes them, as many as are kept.
    pub(super) async fn make_ahead(&self, stored: Vec<Stored>, blur: ExportBlur) {
        let mut bytes = 0;
        let made = self.make(stored, blur).take_while(|made| {
            bytes += made.as_ref().map_or(0, |made| made.clip.bytes);
            future::ready(bytes < KEPT_BYTES)
        });
        // Whoever exports the case is told of those that can't be made.
        made.for_each(|_made| future::ready(())).await;
    }

    /// One that is there, or is being made, or is made now.
    async fn one(&self, original: Original, blur: ExportBlur) -> Result<Made, String> {
        let original_sha256 = original.sha256;
        let key = (original.contents(), blur);
        let make = async {
            let work = async {
                let _turn = self.0.turns.acquire().await.map_err(|error| error.to_string())?;
                clip::blur(original, blur).await
            };
            tokio::time::timeout(BLUR_MAX, work).await.unwrap_or_else(|_elapsed| {
                let seconds = BLUR_MAX.as_secs();
                Err(format!(
                    "it took longer than {seconds} s: export the case again when less is done"
                ))
            })
        };
        let made = self.0.made.try_get_with(key, async { make.await.map(Arc::new) }).await;
        made.map(|clip| Made { original_sha256, clip }).map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::case::clip::Recoded;

    /// Ten pictures of 64x48.
    fn small_clip(dir: &TempDir, name: &str, source: &str) -> Stored {
        let path = dir.path().join(format!("{name}.mp4"));
        let made = std::process::Command::new("ffmpeg")
            .args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i"])
            .arg(format!("{source}=size=64x48:rate=10:duration=1"))
            .args(["-pix_fmt", "yuv420p"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        Stored { boxes: dir.path().join(format!("{name}.json")), path }
    }

    fn again(stored: &Stored) -> Stored {
        Stored { path: stored.path.clone(), boxes: stored.boxes.clone() }
    }

    async fn all(clips: &Clips, stored: &[Stored], blur: ExportBlur) -> Vec<Result<Made, String>> {
        clips.make(stored.iter().map(again).collect(), blur).collect().await
    }

    fn names(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_same_is_made_once_and_ahead_of_who_asks_for_it() {
        let (dir, clips) = (tempfile::tempdir().unwrap(), Clips::new());
        let stored = [small_clip(&dir, "a", "testsrc2"), small_clip(&dir, "b", "smptebars")];
        let missing = Stored { path: dir.path().join("none.mp4"), boxes: "none".into() };
        let ahead = stored.iter().chain([&missing]).map(again).collect();
        clips.make_ahead(ahead, ExportBlur::Heads).await;
        clips.tidy(true).await;
        assert_eq!(clips.0.made.entry_count(), 2);
        assert_eq!(names(dir.path()), 2, "what was made has no names");

        let first = all(&clips, &stored, ExportBlur::Heads).await;
        let twice = [again(&stored[1]), again(&missing), again(&stored[0])];
        let second = all(&clips, &twice, ExportBlur::Heads).await;
        assert_eq!(clips.0.made.entry_count(), 2);
        let [a, b] = &first[..] else { panic!("{first:?}") };
        let [b2, none, a2] = &second[..] else { panic!("{second:?}") };
        let clip = |made: &Result<Made, String>| Arc::clone(&made.as_ref().unwrap().clip);
        assert!(Arc::ptr_eq(&clip(a), &clip(a2)) && Arc::ptr_eq(&clip(b), &clip(b2)));
        assert!(!Arc::ptr_eq(&clip(a), &clip(b)));
        assert!(none.as_ref().unwrap_err().contains("it cannot be read"), "{none:?}");
        assert_eq!(clip(a).recoded, Recoded { pictures: 10, whole: 10 }, "no boxes are there");
        let read = || {
            let mut content = Vec::new();
            clip(a).reader().read_to_end(&mut content).unwrap();
            content
        };
        let content = read();
        assert_eq!(
            (content.len() as u64, &content),
            (clip(a).bytes, &read()),
            "from its beginning"
        );

        // What would be made otherwise is made otherwise.
        let bodies = all(&clips, &stored[..1], ExportBlur::Bodies).await;
        assert!(!Arc::ptr_eq(&clip(a), &clip(&bodies[0])));
        fs::write(&stored[0].boxes, "{}").unwrap();
        let boxed = all(&clips, &stored[..1], ExportBlur::Heads).await;
        assert!(!Arc::ptr_eq(&clip(a), &clip(&boxed[0])));

        clips.tidy(false).await;
        assert_eq!(clips.0.made.entry_count(), 0, "the disk has no room");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_goes_away_ends_it_and_nobody_else_waits() {
        let (dir, clips) = (tempfile::tempdir().unwrap(), Clips::new());
        let stored = [small_clip(&dir, "a", "testsrc2")];
        // While others are encoded, this one waits, for two.
        let count = u32::try_from(clips.0.at_once).unwrap();
        let turns = clips.0.turns.acquire_many(count).await.unwrap();
        let mut gone = Box::pin(clips.make(stored.iter().map(again).collect(), ExportBlur::Heads));
        let waited = tokio::time::timeout(Duration::from_millis(200), gone.next()).await;
        assert!(waited.is_err(), "it waits for its turn: {waited:?}");
        let other = tokio::spawn({
            let (clips, stored) = (clips.clone(), stored.iter().map(again).collect());
            async move { clips.make(stored, ExportBlur::Heads).collect::<Vec<_>>().await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(gone);
        drop(turns);
        let made = tokio::time::timeout(BLUR_MAX, other).await.expect("it takes over").unwrap();
        assert!(made[0].is_ok(), "{made:?}");
        assert_eq!(clips.0.turns.available_permits(), clips.0.at_once);
        assert_eq!(names(dir.path()), 1);
    }
}
