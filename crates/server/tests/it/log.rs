//! The log of the whole process, searched for what must not be in it.

use std::io;
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;

static FORBIDDEN: &[&str] =
    &[crate::site::SECRET, crate::site::ADMIN_PASSWORD, crate::site::PASSWORD];
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Searched;

impl io::Write for Searched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if FORBIDDEN.iter().any(|secret| line.contains(secret)) {
            FOUND.lock().unwrap().push(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Searched {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        Self
    }
}

/// Searches everything that is logged from now on, at every level.
pub(crate) fn search() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(Searched);
    // Another test was first.
    drop(subscriber.try_init());
}

/// Lines with a password in them.
pub(crate) fn found() -> Vec<String> {
    FOUND.lock().unwrap().clone()
}
