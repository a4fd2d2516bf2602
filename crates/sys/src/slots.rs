//! Memory shared by two processes: numbered slots of equal length.
//!
//! One process makes it ([`Slots::create`]) and hands the file to its child,
//! which attaches to it ([`Slots::attach`]). The file has no name, is sealed
//! against changing its size, so that no access can fault, and takes only the
//! memory that was written to.
//!
//! Who may touch a slot is agreed by messages: the maker writes one that is
//! free and tells; the other reads until it has answered. A partner that
//! breaks this shows the other a garbled picture, and never reaches outside
//! the slot.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{MemfdFlags, SealFlags};

/// Why memory can't be shared, or a slot not be used.
#[derive(Debug, thiserror::Error)]
pub enum SharedMemoryError {
    /// The system refuses it.
    #[error("shared memory: {doing} failed")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is none that [`Slots::create`] makes for these numbers.
    #[error("the shared memory has {found} bytes, not {slots} slots of {slot_len}")]
    Size {
        /// Bytes found.
        found: u64,
        /// Slots expected.
        slots: usize,
        /// Bytes in each.
        slot_len: usize,
    },
    /// A slot or a length that is not there.
    #[error("slot {slot} with {len} bytes was asked for: there are {slots} slots of {slot_len}")]
    Range {
        /// Which slot.
        slot: usize,
        /// How many of its bytes.
        len: usize,
        /// Slots there are.
        slots: usize,
        /// Bytes in each.
        slot_len: usize,
    },
}

/// Numbered slots of equal length, shared with another process.
#[derive(Debug)]
pub struct Slots {
    map: MmapRaw,
    file: File,
    slots: usize,
    slot_len: usize,
}

impl Slots {
    /// Makes the memory: `slots` times `slot_len` bytes, none of them used yet.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn create(slots: usize, slot_len: usize) -> Result<Self, SharedMemoryError> {
        let system = |doing| {
            move |error: rustix::io::Errno| SharedMemoryError::System {
                doing,
                source: error.into(),
            }
        };
        let bytes = total(slots, slot_len)?;
        let fd = rustix::fs::memfd_create(
            c"safe-yolo-pictures",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )
        .map_err(system("making it"))?;
        rustix::fs::ftruncate(&fd, bytes).map_err(system("sizing it"))?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(system("sealing it"))?;
        Self::map(File::from(fd), slots, slot_len)
    }

    /// Attaches to memory that another process made with the same numbers.
    ///
    /// # Errors
    /// When the file is something else, or the system refuses it.
    pub fn attach(file: File, slots: usize, slot_len: usize) -> Result<Self, SharedMemoryError> {
        let found = file
            .metadata()
            .map_err(|source| SharedMemoryError::System { doing: "looking at it", source })?
            .len();
        let seals = rustix::fs::fcntl_get_seals(&file).map_err(|error| {
            SharedMemoryError::System { doing: "reading its seals", source: error.into() }
        })?;
        if found != total(slots, slot_len)? || !seals.contains(SealFlags::SHRINK) {
            return Err(SharedMemoryError::Size { found, slots, slot_len });
        }
        Self::map(file, slots, slot_len)
    }

    fn map(file: File, slots: usize, slot_len: usize) -> Result<Self, SharedMemoryError> {
        let map = MmapOptions::new()
            .map_raw(&file)
            .map_err(|source| SharedMemoryError::System { doing: "mapping it", source })?;
        Ok(Self { map, file, slots, slot_len })
    }

    /// How many slots there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.slots
    }

    /// The file, to be handed to the other process.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Copies `bytes` to the beginning of a slot. The caller must be the only
    /// one who uses the slot at that time.
    ///
    /// # Errors
    /// When there is no such slot, or it is too short.
    pub fn write(&self, slot: usize, bytes: &[u8]) -> Result<(), SharedMemoryError> {
        let offset = self.check(slot, bytes.len())?;
        // SAFETY: `check` keeps the range inside the map, which is sealed
        // against shrinking; `bytes` is our own memory and can't overlap it.
        unsafe {
            std::ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                self.map.as_mut_ptr().add(offset),
                bytes.len(),
            );
        }
        Ok(())
    }

    /// The first `len` bytes of a slot, which nobody may write meanwhile.
    ///
    /// # Errors
    /// When there is no such slot, or it is shorter.
    pub fn read(&self, slot: usize, len: usize) -> Result<&[u8], SharedMemoryError> {
        let offset = self.check(slot, len)?;
        // SAFETY: `check` keeps the range inside the map, which lives as long
        // as `self` and is sealed against shrinking. That nobody writes
        // meanwhile is the agreement this module states.
        Ok(unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(offset), len) })
    }

    fn check(&self, slot: usize, len: usize) -> Result<usize, SharedMemoryError> {
        if slot < self.slots && len <= self.slot_len {
            Ok(slot * self.slot_len)
        } else {
            let (slots, slot_len) = (self.slots, self.slot_len);
            Err(SharedMemoryError::Range { slot, len, slots, slot_len })
        }
    }
}

fn total(slots: usize, slot_len: usize) -> Result<u64, SharedMemoryError> {
    let range = || SharedMemoryError::Range { slot: 0, len: slot_len, slots, slot_len };
    let bytes = slots.checked_mul(slot_len).filter(|bytes| *bytes > 0).ok_or_else(range)?;
    u64::try_from(bytes).map_err(|_too_large| range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_bytes() {
        let ours = Slots::create(3, 4096).expect("memory");
        let file = File::from(ours.as_fd().try_clone_to_owned().expect("a second handle"));
        let theirs = Slots::attach(file, 3, 4096).expect("the same memory");
        ours.write(2, b"picture").expect("room");
        assert_eq!(theirs.read(2, 7).expect("slot"), b"picture");
        assert_eq!(theirs.read(1, 7).expect("slot"), [0; 7]);
    }

    #[test]
    fn nothing_outside_a_slot_can_be_reached() {
        let slots = Slots::create(2, 16).expect("memory");
        assert!(matches!(slots.write(2, b"x"), Err(SharedMemoryError::Range { slot: 2, .. })));
        assert!(slots.write(1, &[0; 17]).is_err());
        assert!(slots.read(1, 17).is_err());
        assert!(slots.read(usize::MAX, 1).is_err());
        assert!(Slots::create(usize::MAX, 2).is_err());
        assert!(Slots::create(0, 2).is_err());
    }

    #[test]
    fn another_file_is_refused() {
        let slots = Slots::create(2, 4096).expect("memory");
        let file = File::from(slots.as_fd().try_clone_to_owned().expect("a second handle"));
        assert!(matches!(Slots::attach(file, 4, 4096), Err(SharedMemoryError::Size { .. })));
        let plain = std::env::current_exe().and_then(File::open).expect("a file");
        assert!(Slots::attach(plain, 1, 4096).is_err());
    }

    #[test]
    fn its_size_is_sealed() {
        let slots = Slots::create(1, 4096).expect("memory");
        assert!(rustix::fs::ftruncate(slots.as_fd(), 0).is_err());
    }
}
