//! Commands to a camera, and why one is refused.

/// What an operator can ask of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Go on, or begin again.
    Play,
    /// Hold a file where it is.
    Pause,
    /// Stop watching; a file goes back to its start.
    Stop,
    /// Go to a place in a file, milliseconds.
    Seek(i64),
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A live camera goes on whether one looks or not.
    #[error("a live camera can't be paused, stopped or sought; disable it instead")]
    Live,
    /// The place is not in the file.
    #[error("position_ms is {position_ms}: it must lie between 0 and the file's {duration_ms} ms")]
    Position {
        /// As given.
        position_ms: i64,
        /// The file's length.
        duration_ms: u64,
    },
    /// The camera's task is gone.
    #[error("the camera is being removed")]
    Gone,
    /// The camera's processing broke off; whether the command was done is not known.
    #[error(
        "the camera's processing broke off and is being started again: try again in some seconds"
    )]
    Restarting,
}
