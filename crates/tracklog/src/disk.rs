//! The disk behind the writer, so that tests can make it slow or full.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Makes files.
pub(crate) trait Disk: Send + 'static {
    /// A new file, folders included.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Appended>>;
}

/// A file that grows at its end.
pub(crate) trait Appended: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts off what was half written.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Appended>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Where people are is nobody else's business.
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }
}

impl Appended for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
