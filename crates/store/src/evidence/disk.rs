//! Guarding the disk: old evidence goes before the disk is full, and then clips and pictures are
//! not written any more, so that events still are.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::statvfs;
use tokio::task::spawn_blocking;

use super::{EvidenceError, EvidenceStore, Removal, failed};

/// Parts of a hundred of the disk that are kept free ...
const FREE_MIN_PERCENT: u64 = 5;
/// ... but so many bytes in any case ...
const FLOOR_MIN_BYTES: u64 = 1 << 30;
/// ... and never more than these: 5 % of a large disk would take evidence where there is much room.
const FLOOR_MAX_BYTES: u64 = 5 << 30;

/// The space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this program may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Space {
    /// What is to be kept free.
    #[must_use]
    pub const fn floor(self) -> u64 {
        let part = self.total / 100 * FREE_MIN_PERCENT;
        if part < FLOOR_MIN_BYTES {
            FLOOR_MIN_BYTES
        } else if part > FLOOR_MAX_BYTES {
            FLOOR_MAX_BYTES
        } else {
            part
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn level(self) -> DiskLevel {
        let floor = self.floor();
        if self.free >= floor {
            DiskLevel::Enough
        } else if self.free >= floor / 2 {
            DiskLevel::Low
        } else if self.free >= floor / 4 {
            DiskLevel::NoClips
        } else {
            DiskLevel::NoPictures
        }
    }
}

/// How full the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskLevel {
    /// There is room.
    Enough,
    /// The oldest evidence is removed: less than 5 % is free, taken as 1 GiB at least and 5 GiB at most.
    Low,
    /// Below half of that no clips are written.
    NoClips,
    /// Below a quarter of it no pictures either.
    NoPictures,
}

impl DiskLevel {
    /// The name, as in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Low => "low",
            Self::NoClips => "no_clips",
            Self::NoPictures => "no_pictures",
        }
    }
}

type Ask = dyn Fn(&Path) -> io::Result<Space> + Send + Sync;

/// Who is asked for the free space of a disk; the system, unless a test says otherwise.
#[derive(Clone)]
pub struct DiskSpace(Arc<Ask>);

impl DiskSpace {
    /// Asks this function.
    pub fn new(ask: impl Fn(&Path) -> io::Result<Space> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl Default for DiskSpace {
    fn default() -> Self {
        Self::new(|path| {
            let found = statvfs(path)?;
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Ok(Space { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
        })
    }
}

impl fmt::Debug for DiskSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DiskSpace")
    }
}

/// What a look at the disk came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guarded {
    /// As it is now.
    pub space: Space,
    /// How full that is.
    pub level: DiskLevel,
    /// What was removed to make room.
    pub removed: Removal,
}

impl EvidenceStore {
    /// Looks at the disk and removes the oldest evidence while there is too little room. To be
    /// called every few seconds.
    ///
    /// # Errors
    /// When the disk can't be asked, or evidence not be removed.
    pub async fn guard(&self) -> Result<Guarded, EvidenceError> {
        self.note_waiting().await;
        let space = self.space().await?;
        let mut guarded = Guarded { space, level: space.level(), removed: Removal::default() };
        if guarded.level != DiskLevel::Enough {
            let needed = space.floor().saturating_sub(space.free);
            guarded.removed = self.free(needed, "disk").await?;
            guarded.space = self.space().await?;
            guarded.level = guarded.space.level();
        }
        Ok(guarded)
    }

    /// Whether a file may be written now. A disk that does not answer is no reason to lose it.
    pub(super) async fn check_disk(&self, is_clip: bool) -> Result<(), EvidenceError> {
        let Ok(space) = self.space().await else { return Ok(()) };
        let worst = if is_clip { DiskLevel::Low } else { DiskLevel::NoClips };
        if space.level() <= worst {
            return Ok(());
        }
        let needed = space.floor() / if is_clip { 2 } else { 4 };
        let path = self.inner.root.clone();
        Err(EvidenceError::DiskLow { path, free: space.free, needed })
    }

    async fn space(&self) -> Result<Space, EvidenceError> {
        let inner = self.inner.clone();
        let asked = spawn_blocking(move || (inner.space.0)(&inner.root)).await;
        asked
            .map_err(io::Error::other)
            .and_then(|space| space)
            .map_err(failed("ask for the free space of", &self.inner.root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_five_percent_between_one_and_five_gibibytes() {
        const GIB: u64 = 1 << 30;
        for (free, total, level) in [
            (GIB, 10 * GIB, DiskLevel::Enough),
            (GIB - 1, 10 * GIB, DiskLevel::Low),
            (GIB / 2 - 1, 10 * GIB, DiskLevel::NoClips),
            (GIB / 4 - 1, 10 * GIB, DiskLevel::NoPictures),
            (2 * GIB, 40 * GIB, DiskLevel::Enough),
            (2 * GIB - GIB / 4, 40 * GIB, DiskLevel::Low),
            (5 * GIB, 100 * GIB, DiskLevel::Enough),
            (4 * GIB, 100 * GIB, DiskLevel::Low),
            (2 * GIB, 100 * GIB, DiskLevel::NoClips),
            (GIB, 100 * GIB, DiskLevel::NoPictures),
            (200 * GIB, 5000 * GIB, DiskLevel::Enough),
            (5 * GIB, 5000 * GIB, DiskLevel::Enough),
            (5 * GIB - 1, 5000 * GIB, DiskLevel::Low),
            (GIB, u64::MAX, DiskLevel::NoPictures),
        ] {
            assert_eq!(Space { free, total }.level(), level, "{free} of {total}");
        }
    }

    #[test]
    fn the_system_answers_for_a_folder() {
        let dir = tempfile::TempDir::new().unwrap();
        let space = (DiskSpace::default().0)(dir.path()).unwrap();
        assert!(space.free > 0 && space.free <= space.total, "{space:?}");
        assert!((DiskSpace::default().0)(&dir.path().join("gone")).is_err());
    }
}
