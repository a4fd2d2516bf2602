//! All files of the log with their sizes: the oldest are removed for newer ones.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use safe_yolo_core::CameraId;

use crate::file::{ChunkName, cameras, chunks};

/// How much of the log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackLogLimits {
    /// Bytes of all files; those that are being written are never removed.
    pub bytes_max: u64,
    /// Older files are removed.
    pub days_max: u32,
}

impl Default for TrackLogLimits {
    fn default() -> Self {
        Self { bytes_max: 2 << 30, days_max: 7 }
    }
}

const DAY_MS: i64 = 86_400_000;

/// The files, oldest first. Bounded by the limits: a file is larger than nothing.
#[derive(Debug)]
pub(crate) struct Shelf {
    root: PathBuf,
    limits: TrackLogLimits,
    files: BTreeMap<(i64, CameraId, ChunkName), u64>,
    bytes: u64,
}

impl Shelf {
    /// Counts what is there.
    pub(crate) fn open(root: &Path, limits: TrackLogLimits) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let mut shelf = Self { root: root.to_owned(), limits, files: BTreeMap::new(), bytes: 0 };
        for camera in cameras(root)? {
            for chunk in chunks(root, &camera)? {
                let bytes = std::fs::metadata(chunk.path(root, &camera))?.len();
                shelf.add(&camera, &chunk, bytes);
            }
        }
        Ok(shelf)
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn add(&mut self, camera: &CameraId, chunk: &ChunkName, bytes: u64) {
        self.bytes += bytes;
        *self.files.entry((chunk.start_ms, camera.clone(), chunk.clone())).or_default() += bytes;
    }

    /// Removes files until `bytes` more fit and none is too old; `in_use` ones stay.
    pub(crate) fn make_room(
        &mut self,
        now_ms: i64,
        bytes: u64,
        in_use: impl Fn(&CameraId, &ChunkName) -> bool,
    ) {
        let eldest = now_ms.saturating_sub(i64::from(self.limits.days_max).saturating_mul(DAY_MS));
        loop {
            let is_full = self.bytes.saturating_add(bytes) > self.limits.bytes_max;
            let oldest = self.files.iter().find(|((_, camera, chunk), _)| !in_use(camera, chunk));
            let Some((key, &size)) = oldest.filter(|(key, _)| is_full || key.0 < eldest) else {
                return;
            };
            let key = key.clone();
            self.remove(&key, size);
        }
    }

    fn remove(&mut self, key: &(i64, CameraId, ChunkName), size: u64) {
        let (_, camera, chunk) = key;
        let path = chunk.path(&self.root, camera);
        self.files.remove(key);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // Its bytes go on counting: they are there.
                tracing::error!(path = %path.display(), %error, "a file of the track log can't be removed");
            }
            _ => self.bytes = self.bytes.saturating_sub(size),
        }
        if let Some(folder) = path.parent() {
            // Only one that is empty by now goes.
            std::fs::remove_dir(folder).ok();
        }
    }
}
