//! Files of the log: `tracks/<camera>/<segment>-<number>-<start>.tracks`.
//!
//! A file (a chunk) begins with what it belongs to and the settings in force, as JSON, and goes on
//! with blocks. Head and blocks carry a checksum each. Blocks are numbered over the segment, so that
//! a missing one is seen; after one that was lost, a new file begins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safe_yolo_core::{CameraId, Class, SegmentId};
use serde::{Deserialize, Serialize};

use crate::bytes::{Input, crc32, put_u64};
use crate::entry::Settings;

/// How files are written by this version; see docs/replay.md.
pub const FORMAT_VERSION: u16 = 1;

/// The folder's name in the data folder.
pub const FOLDER: &str = "tracks";

const MAGIC: &[u8; 8] = b"SYTRACKS";
const MARK: [u8; 4] = [0xf5, b'T', b'B', 0x0a];
/// Mark, length and checksum of a block.
const FRAME_BYTES: usize = 12;
/// Magic, version, length and checksum of a head.
const HEAD_BYTES: usize = 18;
/// No block is larger; the largest settings take about half a megabyte.
pub(crate) const BODY_BYTES_MAX: usize = 8 << 20;
/// Places at which a next block is looked for behind a damaged one.
const TRIES_MAX: usize = 64;

/// What a file belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) camera: CameraId,
    pub(crate) segment: SegmentId,
    /// From 0, without gaps while nothing is removed.
    pub(crate) number: u32,
    /// When it begins, milliseconds since 1970.
    pub(crate) start_ms: i64,
    /// The number of its first block.
    pub(crate) first_block: u64,
    /// Classes by their codes in this file.
    pub(crate) classes: Vec<String>,
    /// In force at its begin.
    pub(crate) settings: Settings,
}

/// Why a file's head can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Written by a newer version.
    Newer(u16),
    Damaged,
}

/// The names of this version's classes.
pub(crate) fn class_names() -> Vec<String> {
    Class::ALL.iter().map(|class| class.name().to_owned()).collect()
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// A head, the classes of its codes, and the bytes behind it.
pub(crate) type Opened<'a> = (Head, Arc<[Class]>, &'a [u8]);

impl Head {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let text = serde_json::to_vec(self)?;
        let mut out = MAGIC.to_vec();
        out.extend(FORMAT_VERSION.to_le_bytes());
        out.extend(length(&text));
        out.extend(crc32(&text).to_le_bytes());
        out.extend(text);
        Ok(out)
    }

    /// Reads a head.
    pub(crate) fn read(bytes: &[u8]) -> Result<Opened<'_>, HeadError> {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(HeadError::Damaged)?;
        let mut input = Input(head);
        let damaged = |_| HeadError::Damaged;
        if input.array::<8>().map_err(damaged)? != *MAGIC {
            return Err(HeadError::Damaged);
        }
        let version = u16::from_le_bytes(input.array().map_err(damaged)?);
        if version > FORMAT_VERSION {
            return Err(HeadError::Newer(version));
        }
        let length = u32::from_le_bytes(input.array().map_err(damaged)?) as usize;
        let crc = u32::from_le_bytes(input.array().map_err(damaged)?);
        let (text, rest) = rest.split_at_checked(length).ok_or(HeadError::Damaged)?;
        if version != FORMAT_VERSION || crc32(text) != crc {
            return Err(HeadError::Damaged);
        }
        let head: Self = serde_json::from_slice(text).map_err(|_no_head| HeadError::Damaged)?;
        let by_name = |name: &String| Class::ALL.iter().copied().find(|c| c.name() == name);
        let classes: Option<Vec<Class>> = head.classes.iter().map(by_name).collect();
        let classes = classes.ok_or(HeadError::Damaged)?;
        Ok((head, classes.into(), rest))
    }
}

/// A block as it is written: its number, the version of the settings in force at its begin, entries.
pub(crate) fn frame(number: u64, config_version: u64, entries: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(entries.len() + 16);
    put_u64(&mut body, number);
    put_u64(&mut body, config_version);
    body.extend_from_slice(entries);
    let mut out = Vec::with_capacity(body.len() + FRAME_BYTES);
    out.extend(MARK);
    out.extend(length(&body));
    out.extend(crc32(&body).to_le_bytes());
    out.extend(body);
    out
}

/// A block as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) number: u64,
    pub(crate) config_version: u64,
    pub(crate) entries: &'a [u8],
}

/// The whole block at the front, and what follows it.
fn whole_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(FRAME_BYTES)?;
    let mut input = Input(head);
    if input.array::<4>().ok()? != MARK {
        return None;
    }
    let length = u32::from_le_bytes(input.array().ok()?) as usize;
    let crc = u32::from_le_bytes(input.array().ok()?);
    if length > BODY_BYTES_MAX {
        return None;
    }
    let (body, rest) = rest.split_at_checked(length)?;
    if crc32(body) != crc {
        return None;
    }
    let mut input = Input(body);
    let (number, config_version) = (input.u64().ok()?, input.u64().ok()?);
    Some((Frame { number, config_version, entries: input.0 }, rest))
}

/// What comes next in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    Block(Frame<'a>),
    /// Something that is no whole block; what follows it is looked at next.
    Damaged,
    End,
}

/// Takes the next block off the front; behind a damaged place, a whole one is looked for.
pub(crate) fn next_frame<'a>(bytes: &mut &'a [u8]) -> Next<'a> {
    if bytes.is_empty() {
        return Next::End;
    }
    if let Some((frame, rest)) = whole_frame(bytes) {
        *bytes = rest;
        return Next::Block(frame);
    }
    let marks = bytes.windows(MARK.len()).enumerate().skip(1);
    let places = marks.filter(|(_, window)| *window == MARK).map(|(at, _)| at).take(TRIES_MAX);
    let behind =
        places.filter_map(|at| bytes.get(at..)).find(|behind| whole_frame(behind).is_some());
    *bytes = behind.unwrap_or_default();
    Next::Damaged
}

/// The file of a chunk, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChunkName {
    pub(crate) segment: SegmentId,
    pub(crate) number: u32,
    pub(crate) start_ms: i64,
}

impl ChunkName {
    pub(crate) fn path(&self, root: &Path, camera: &CameraId) -> PathBuf {
        let Self { segment, number, start_ms } = self;
        root.join(camera.as_str()).join(format!("{segment}-{number:06}-{start_ms}.tracks"))
    }

    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".tracks")?;
        let mut parts = name.splitn(3, '-');
        Some(Self {
            segment: SegmentId(parts.next()?.parse().ok()?),
            number: parts.next()?.parse().ok()?,
            start_ms: parts.next()?.parse().ok()?,
        })
    }
}

/// Cameras that have a folder in the log.
pub(crate) fn cameras(root: &Path) -> std::io::Result<BTreeSet<CameraId>> {
    let mut cameras = BTreeSet::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(id) = name.to_str().and_then(|name| name.parse().ok())
            && entry.file_type()?.is_dir()
        {
            cameras.insert(id);
        }
    }
    Ok(cameras)
}

/// The camera's files, by segment and number.
pub(crate) fn chunks(root: &Path, camera: &CameraId) -> std::io::Result<BTreeSet<ChunkName>> {
    let entries = match std::fs::read_dir(root.join(camera.as_str())) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    let mut chunks = BTreeSet::new();
    for entry in entries {
        chunks.extend(ChunkName::of(&entry?.path()));
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_damaged_block_the_next_whole_one_is_found() {
        let blocks: Vec<Vec<u8>> = (0..3).map(|n| frame(n, 1, &[7; 40])).collect();
        let whole = blocks.concat();
        let numbers = |bytes: &[u8]| {
            let (mut bytes, mut numbers, mut damaged) = (bytes, Vec::new(), 0);
            loop {
                match next_frame(&mut bytes) {
                    Next::Block(frame) => numbers.push(frame.number),
                    Next::Damaged => damaged += 1,
                    Next::End => return (numbers, damaged),
                }
            }
        };
        assert_eq!(numbers(&whole), (vec![0, 1, 2], 0));
        for at in 0..blocks[1].len() {
            let mut bytes = whole.clone();
            bytes[blocks[0].len() + at] ^= 0x55;
            assert_eq!(numbers(&bytes), (vec![0, 2], 1), "byte {at}");
        }
        let short = &whole[..whole.len() - 1];
        assert_eq!(numbers(short), (vec![0, 1], 1));
    }

    #[test]
    fn names_of_files_tell_where_they_belong() {
        let name = ChunkName { segment: SegmentId(1_790_000_000_000), number: 12, start_ms: -5 };
        let path = name.path(Path::new("/d/tracks"), &"yard".parse().unwrap());
        assert_eq!(path, Path::new("/d/tracks/yard/1790000000000-000012--5.tracks"));
        assert_eq!(ChunkName::of(&path), Some(name));
        for other in ["1-2.tracks", "a-0-1.tracks", "1-0-1.half", "1-0-1-2.tracks"] {
            assert_eq!(ChunkName::of(Path::new(other)), None, "{other}");
        }
    }
}
