//! Why a fixture could not be made.

/// A fixture that could not be made, or a condition that did not come true.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// A file or socket operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// ffmpeg or ffprobe failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which of them.
        program: &'static str,
        /// What it printed.
        said: String,
    },
    /// A file that ffmpeg made is not as expected.
    #[error("unexpected video data: {0}")]
    Data(String),
    /// A condition stayed false for too long.
    #[error("{what} did not come true within {waited_s} s")]
    Timeout {
        /// The condition.
        what: String,
        /// How long was waited, seconds.
        waited_s: f64,
    },
}

impl TestkitError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
