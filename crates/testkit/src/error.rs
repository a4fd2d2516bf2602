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
    /// The program did not start, or not as it should.
    #[error("{binary} did not start: {said}")]
    NotStarted {
        /// The program's file.
        binary: String,
        /// What it printed, and how it ended.
        said: String,
    },
    /// A request or connection to the program failed.
    #[error("{what}: {detail}")]
    Connection {
        /// What was tried.
        what: String,
        /// What became of it.
        detail: String,
    },
    /// The program answered a request with an error.
    #[error("{what} was answered with {status}: {body}")]
    Refused {
        /// Method and path.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
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
    #[cfg(feature = "program")]
    pub(crate) fn connection(what: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Connection { what: what.into(), detail: detail.to_string() }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
