//! Clips in which people are unrecognisable, made ahead and kept for a while.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt, future, stream};
use safe_yolo_core::ExportBlur;
use safe_yolo_store::chain::Hash;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use super::clip::{self, Blurred, Contents, Original};

/// Different clips of a case that are made unrecognisable: each takes a second of a core and more.
const CLIPS_MAX: usize = 32;
/// How many are encoded at once: children take turns with each other on few cores, and leave some of many free.
const AT_ONCE: std::ops::RangeInclusive<usize> = 2..=4;
/// Longest wait for a clip: for a turn, for whoever makes it already, and for the encoding. Nothing is sent meanwhile,
/// and a connection on which nothing moves for longer than the listener's `IDLE_MAX` is cut.
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
    kept: Mutex<Kept>,
}

/// A clip that is there, or that somebody makes.
type Cell = Arc<OnceCell<Arc<Blurred>>>;

/// Those that were asked for lately; the last at the end.
#[derive(Debug, Default)]
struct Kept(Vec<(Key, Cell, Instant)>);

impl Kept {
    fn find(&mut self, key: Key) -> Cell {
        let found = self.0.iter().position(|(other, ..)| *other == key);
        let cell = found.map(|at| self.0.remove(at).1).unwrap_or_default();
        self.0.push((key, Arc::clone(&cell), Instant::now()));
        cell
    }

    /// Lets go of what is old, of what nobody makes any more, and of so much that the rest is not too long.
    fn trim(&mut self, now: Instant) {
        let is_wanted = |cell: &Cell| cell.initialized() || Arc::strong_count(cell) > 1;
        self.0.retain(|(_, cell, asked)| {
            is_wanted(cell) && now.saturating_duration_since(*asked) < KEPT_FOR
        });
        let bytes = |cell: &Cell| cell.get().map_or(0, |clip| clip.bytes);
        let mut all: u64 = self.0.iter().map(|(_, cell, _)| bytes(cell)).sum();
        self.0.retain(|(_, cell, _)| {
            let goes = all > KEPT_BYTES && cell.initialized();
            all -= if goes { bytes(cell) } else { 0 };
            !goes
        });
    }
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
        Self(Arc::new(Inner { turns: Semaphore::new(at_once), at_once, kept: Mutex::default() }))
    }

    /// Lets go of what nobody asked for lately; of everything where the disk has no room.
    pub(crate) fn tidy(&self, has_room: bool) {
        let mut kept = self.kept();
        if !has_room {
            kept.0.clear();
        }
        kept.trim(Instant::now());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes these in their order, some ahead of whoever takes them; whoever drops it ends it. Items say why a
    /// clip could not be made.
    pub(super) fn make(
        &self,
        stored: Vec<Stored>,
        blur: ExportBlur,
    ) -> impl Stream<Item = Result<Made, String>> + Send + use<> {
        self.make_some(stored, blur, self.0.at_once)
    }

    fn make_some(
        &self,
        stored: Vec<Stored>,
        blur: ExportBlur,
        at_once: usize,
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
            .buffered(at_once)
    }

    /// Makes these before anybody takes them, one at a time: who waits for an export has the other turns.
    pub(super) async fn make_ahead(&self, stored: Vec<Stored>, blur: ExportBlur) {
        let mut bytes = 0;
        let made = self.make_some(stored, blur, 1).take_while(|made| {
            bytes += made.as_ref().map_or(0, |made| made.clip.bytes);
            // More would push out the first, which are asked for first.
            future::ready(bytes < KEPT_BYTES / 2)
        });
        // Whoever exports the case is told of those that can't be made.
        made.for_each(|_made| future::ready(())).await;
    }

    /// One that is there, or is being made, or is made now. A wait that is too long or given up ends for whoever waits
    /// alone: another who waits for the same makes it anew.
    async fn one(&self, original: Original, blur: ExportBlur) -> Result<Made, String> {
        let original_sha256 = original.sha256;
        let key = (original.contents(), blur);
        let make = async {
            let _turn = self.0.turns.acquire().await.map_err(|error| error.to_string())?;
            clip::blur(original, blur).await.map(Arc::new)
        };
        let cell = self.kept().find(key);
        let made = tokio::time::timeout(BLUR_MAX, cell.get_or_try_init(|| make)).await;
        let made = made.map_err(|_elapsed| {
            let seconds = BLUR_MAX.as_secs();
            format!("it took longer than {seconds} s: export the case again when less is done")
        })?;
        let made = made.map(|clip| Made { original_sha256, clip: Arc::clone(clip) });
        drop(cell);
        self.kept().trim(Instant::now());
        made
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

    /// Files of the folder that the process has open and that have no name.
    fn open(dir: &Path) -> usize {
        let targets = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let targets = targets.filter_map(|entry| fs::read_link(entry.path()).ok());
        let nameless = |target: &PathBuf| target.to_string_lossy().ends_with(".half (deleted)");
        targets.filter(|target| target.starts_with(dir)).filter(nameless).count()
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
        clips.tidy(true);
        assert_eq!(open(dir.path()), 2);
        assert_eq!(names(dir.path()), 2, "what was made has no names");

        let first = all(&clips, &stored, ExportBlur::Heads).await;
        let twice = [again(&stored[1]), again(&missing), again(&stored[0])];
        let second = all(&clips, &twice, ExportBlur::Heads).await;
        assert_eq!(open(dir.path()), 2);
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

        drop((first, second, bodies, boxed));
        assert_eq!(open(dir.path()), 4);
        clips.tidy(false);
        assert_eq!(open(dir.path()), 0, "the disk has no room");
    }

    #[test]
    fn what_is_too_much_or_too_old_goes_and_what_is_being_made_stays() {
        let key = |number: u8| {
            let boxes = format!("{number}");
            let dir = tempfile::tempdir().unwrap();
            let (clip, list) = (dir.path().join("a"), dir.path().join("b"));
            fs::write(&clip, "clip").unwrap();
            fs::write(&list, boxes).unwrap();
            (Original::read(clip, &list).unwrap().contents(), ExportBlur::Heads)
        };
        let clip = || Arc::new(Blurred::of_bytes(KEPT_BYTES / 3));
        let mut kept = Kept::default();
        for number in 0..3 {
            kept.find(key(number)).set(clip()).unwrap();
        }
        let being_made = kept.find(key(3));
        let numbers = |kept: &Kept| -> Vec<u8> {
            (0..9)
                .filter(|number| kept.0.iter().any(|(other, ..)| *other == key(*number)))
                .collect()
        };
        kept.trim(Instant::now());
        assert_eq!(numbers(&kept), [0, 1, 2, 3]);
        // The first is asked for again, so that another is the oldest.
        assert!(kept.find(key(0)).initialized());
        kept.find(key(4)).set(clip()).unwrap();
        kept.trim(Instant::now());
        assert_eq!(numbers(&kept), [0, 2, 3, 4]);
        drop(being_made);
        kept.trim(Instant::now());
        assert_eq!(numbers(&kept), [0, 2, 4], "nobody makes it any more");
        kept.trim(Instant::now() + KEPT_FOR);
        assert!(numbers(&kept).is_empty(), "too old");
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
