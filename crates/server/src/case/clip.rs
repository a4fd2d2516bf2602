//! A clip in which people are unrecognisable: decoded, pixelated and encoded anew.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use safe_yolo_core::ExportBlur;
use safe_yolo_media::clip;
use safe_yolo_store::chain::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::blur::{self, FoundPicture, Region};

const FFMPEG: &str = "ffmpeg";
/// How much is hashed at once.
const READ_BYTES: usize = 64 << 10;

/// Longest file of boxes that is read.
const BOXES_BYTES_MAX: u64 = 32 << 20;
/// Where nobody looked for so long before or after, nothing is known, seconds.
const LOOK_MAX_S: f64 = 0.5;
/// Heads of so much before and after are pixelated, too: a detector now and then misses somebody.
const MARGIN_S: f64 = 0.25;
/// Times in the file of boxes are rounded, seconds.
const SAME_S: f64 = 0.002;

/// How a clip was encoded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recoded {
    /// Its pictures.
    pub(super) pictures: u64,
    /// Those that are pixelated as a whole.
    pub(super) whole: u64,
}

/// A clip that may leave the house. Its file has no name, and is gone when nobody has it any more.
#[derive(Debug)]
pub(super) struct Blurred {
    file: File,
    pub(super) bytes: u64,
    pub(super) recoded: Recoded,
}

/// Reads a clip from its beginning, whoever else reads it.
pub(super) struct Reader<'a> {
    file: &'a File,
    at: u64,
}

impl Blurred {
    #[cfg(test)]
    pub(super) fn of_bytes(bytes: u64) -> Self {
        let recoded = Recoded { pictures: 1, whole: 0 };
        Self { file: tempfile::tempfile().unwrap(), bytes, recoded }
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { file: &self.file, at: 0 }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// A clip, and what the analysis found in it.
pub(super) struct Original {
    path: PathBuf,
    file: File,
    pub(super) sha256: Hash,
    boxes: Option<Vec<u8>>,
}

/// Contents of a clip and of its boxes: of the same, the same is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Contents(Hash, Option<Hash>);

impl Original {
    /// # Errors
    /// When the clip can't be read. Boxes that can't be read are none.
    pub(super) fn read(path: PathBuf, boxes: &Path) -> io::Result<Self> {
        let mut file = File::open(&path)?;
        let sha256 = hash(&mut file)?;
        Ok(Self { path, file, sha256, boxes: read(boxes) })
    }

    pub(super) fn contents(&self) -> Contents {
        Contents(self.sha256, self.boxes.as_deref().map(Hash::of))
    }
}

/// What is known of people in a clip, by time.
#[derive(Debug)]
struct Known(Vec<Moment>);

#[derive(Debug)]
struct Moment {
    t_s: f64,
    sight: Sight,
    heads: Vec<Region>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Somebody looked.
    Looked,
    /// Boxes of the last look, carried on.
    Guessed,
    /// Nothing is known.
    Blind,
}

impl Known {
    /// `None` when it can't be understood, or nobody was found in all of the clip.
    fn read(boxes: &[u8]) -> Option<Self> {
        let found = blur::found(boxes)?;
        let has_person =
            |picture: &FoundPicture| picture.boxes.iter().any(|found| found.class == blur::PERSON);
        if !found.iter().any(has_person) {
            return None;
        }
        let mut moments = Vec::with_capacity(found.len());
        for picture in found {
            let t_s = picture.t_s.filter(|t_s| t_s.is_finite())?;
            let heads = picture.heads();
            let sight = match (picture.analysis.as_str(), &heads) {
                ("done", Some(_)) => Sight::Looked,
                ("predicted", Some(_)) => Sight::Guessed,
                _ => Sight::Blind,
            };
            moments.push(Moment { t_s, sight, heads: heads.unwrap_or_default() });
        }
        moments.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
        Some(Self(moments))
    }

    /// What is to be pixelated in the picture of this time; `None` where that is not known.
    fn heads(&self, t_s: f64) -> Option<Vec<Region>> {
        let moments = &self.0;
        let until = moments.partition_point(|moment| moment.t_s <= t_s + SAME_S);
        let from = moments.partition_point(|moment| moment.t_s < t_s - SAME_S);
        let (before, after) = (moments.get(..until)?, moments.get(from..)?);
        let neighbours = [before.last()?, after.first()?];
        if neighbours.iter().any(|moment| moment.sight == Sight::Blind) {
            return None;
        }
        let looked = |moment: &&Moment| moment.sight == Sight::Looked;
        let last = before.iter().rev().find(looked)?;
        let next = after.iter().find(looked)?;
        if t_s - last.t_s > LOOK_MAX_S || next.t_s - t_s > LOOK_MAX_S {
            return None;
        }
        let first = moments.partition_point(|moment| moment.t_s < t_s - MARGIN_S);
        let end = moments.partition_point(|moment| moment.t_s <= t_s + MARGIN_S);
        // With the neighbours, wherever they are.
        let near = moments.get(first.min(until.saturating_sub(1))..end.max(from + 1))?;
        Some(near.iter().flat_map(|moment| moment.heads.iter().copied()).collect())
    }
}

/// Makes people in a clip unrecognisable. Whoever drops this ends it, and nothing is left.
///
/// # Errors
/// Why there is no such clip.
pub(super) async fn blur(original: Original, blur: ExportBlur) -> Result<Blurred, String> {
    let Original { path, file: from, boxes, .. } = original;
    let opened = spawn_blocking(move || {
        let known = boxes.as_deref().and_then(Known::read);
        let file = nameless(&path)?;
        Ok((known, file.try_clone()?, file))
    });
    let opened: io::Result<_> = opened.await.map_err(|error| error.to_string())?;
    let (known, to, file) =
        opened.map_err(|error| format!("there is no room to encode it anew: {error}"))?;
    let whole = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&whole);
    let change = move |t_s, size, i420: &mut [u8]| {
        let heads = known.as_ref().and_then(|known| known.heads(t_s));
        if heads.is_none() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        blur::pixelate_i420(i420, size, heads.as_deref(), blur);
    };
    let pictures = clip::recode(FFMPEG, from, to, change).await.map_err(|error| {
        let why = crate::problem::chain(&error);
        format!("people in it could not be made unrecognisable: {why}")
    })?;
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    let recoded = Recoded { pictures, whole: whole.load(Ordering::Relaxed) };
    Ok(Blurred { file, bytes, recoded })
}

/// A file beside the clip, which has no name from the beginning on.
fn nameless(beside: &Path) -> io::Result<File> {
    // The start removes `half` files, should a crash come between.
    let name = beside.with_file_name(format!(".{}.half", Uuid::now_v7()));
    let file = File::options().read(true).write(true).create_new(true).open(&name)?;
    fs::remove_file(&name)?;
    Ok(file)
}

fn read(boxes: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(boxes).ok()?.take(BOXES_BYTES_MAX).read_to_end(&mut text).ok()?;
    Some(text)
}

/// The hash of a file, which is at its beginning again.
fn hash(file: &mut File) -> io::Result<Hash> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; READ_BYTES]);
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
    }
    file.rewind()?;
    Ok(Hash(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry with a person there, or nobody.
    fn entry(t_s: f64, analysis: &str, left: Option<f64>) -> String {
        let boxes = left.map_or_else(String::new, |x| {
            format!(r#"{{"class":"person","box":[{x},0.2,{},0.8]}}"#, x + 0.1)
        });
        format!(r#"{{"t_s":{t_s},"analysis":"{analysis}","boxes":[{boxes}]}}"#)
    }

    fn known(entries: &[String]) -> Option<Known> {
        Known::read(format!(r#"{{"pictures":[{}]}}"#, entries.join(",")).as_bytes())
    }

    /// How many regions; -1 stands for the whole picture.
    fn count(known: &Known, t_s: f64) -> i64 {
        known.heads(t_s).map_or(-1, |heads| i64::try_from(heads.len()).unwrap())
    }

    #[test]
    fn heads_are_those_of_both_neighbours_and_shortly_around() {
        let known = known(&[
            entry(0.0, "done", Some(0.1)),
            entry(0.1, "predicted", Some(0.2)),
            entry(0.4, "done", None),
            entry(0.9, "done", Some(0.4)),
        ])
        .unwrap();
        assert_eq!(count(&known, 0.0), 2, "its own, and one shortly after");
        assert_eq!(count(&known, 0.3), 1, "the neighbour before; nobody is in the one after");
        assert_eq!(count(&known, 0.6), 1, "the one that comes");
        assert_eq!(count(&known, 0.4), 0);
    }

    #[test]
    fn where_nobody_looked_the_whole_picture_goes() {
        let known = known(&[
            entry(1.0, "done", Some(0.1)),
            entry(1.2, "predicted", Some(0.1)),
            entry(1.6, "done", Some(0.1)),
            entry(1.7, "failed", None),
            entry(1.8, "done", Some(0.1)),
            entry(1.9, "skipped", None),
            entry(2.0, "done", Some(0.1)),
            entry(2.6, "done", Some(0.1)),
        ])
        .unwrap();
        for (t_s, is_whole, why) in [
            (0.9, true, "before the first"),
            (1.0, false, "looked"),
            (1.2, false, "between two looks"),
            (1.05, true, "the next look is 0.55 s away"),
            (1.65, true, "looking fails next"),
            (1.7, true, "failed"),
            (1.8, false, "looked between two failures"),
            (1.95, true, "skipped"),
            (2.3, false, "within half a second of both"),
            (2.05, true, "the next look is too far"),
            (2.6, false, "the last"),
            (2.7, true, "after the last"),
        ] {
            assert_eq!(known.heads(t_s).is_none(), is_whole, "{t_s}: {why}");
        }
    }

    #[test]
    fn boxes_that_cannot_be_trusted_are_no_knowledge() {
        assert!(known(&[]).is_none());
        assert!(known(&[entry(0.0, "done", None)]).is_none(), "nobody in all of it");
        assert!(Known::read(b"rubbish").is_none());
        let untimed =
            r#"{"pictures":[{"analysis":"done","boxes":[{"class":"person","box":[0,0,1,1]}]}]}"#;
        assert!(Known::read(untimed.as_bytes()).is_none());
        let person = r#"{"class":"person","box":[0.1,0.1,0.2,0.2]}"#;
        let crowd = |people: usize| {
            let boxes = vec![person; people].join(",");
            known(&[format!(r#"{{"t_s":1,"analysis":"done","boxes":[{boxes}]}}"#)]).unwrap()
        };
        assert_eq!(count(&crowd(63), 1.0), 63);
        assert_eq!(count(&crowd(64), 1.0), -1, "some may be left out");
        let turned =
            r#"{"t_s":1,"analysis":"done","boxes":[{"class":"person","box":[0.5,0,0.1,1]}]}"#;
        assert_eq!(count(&known(&[turned.to_owned()]).unwrap(), 1.0), -1, "a box that is none");
    }
}
