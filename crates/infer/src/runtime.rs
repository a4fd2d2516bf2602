//! ONNX Runtime's shared library: found, checked and loaded once a process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where the library is looked for first.
pub const LIBRARY_VARIABLE: &str = "SAFE_YOLO_ONNXRUNTIME";

/// Why ONNX Runtime can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No library where it was looked for.
    #[error(
        "ONNX Runtime's library was not found at {looked}: run `make setup`, or set {LIBRARY_VARIABLE} to the path of libonnxruntime.so"
    )]
    NotFound {
        /// The places, separated by commas.
        looked: String,
    },
    /// The file is no library, or too old.
    #[error("'{path}' can't be used as ONNX Runtime (version 1.24 or newer is needed): {detail}")]
    Load {
        /// Which file.
        path: PathBuf,
        /// What the loader said.
        detail: String,
    },
    /// Another library is loaded already.
    #[error("ONNX Runtime is loaded from '{loaded}' already, '{asked}' can't be loaded beside it")]
    Twice {
        /// The one in use.
        loaded: PathBuf,
        /// The one asked for.
        asked: PathBuf,
    },
}

/// ONNX Runtime, loaded.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) environment: ort::environment::Environment,
    path: PathBuf,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("path", &self.path).finish_non_exhaustive()
    }
}

// The library can be loaded once a process; a failure may be tried again.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library named by `SAFE_YOLO_ONNXRUNTIME`, else the one beside
    /// the program, else the one that `make setup` put into the checkout that
    /// the program was built in.
    ///
    /// # Errors
    /// When there is none, or it is garbage or too old.
    pub fn find() -> Result<Self, RuntimeError> {
        if let Some(path) = std::env::var_os(LIBRARY_VARIABLE) {
            return Self::load(Path::new(&path));
        }
        let program = std::env::current_exe().unwrap_or_default();
        let beside = program.parent().map(Path::to_path_buf);
        let cached = program.ancestors().skip(1).map(|folder| folder.join(".cache/onnxruntime"));
        let places: Vec<PathBuf> = beside
            .into_iter()
            .chain(cached)
            .map(|folder| folder.join("libonnxruntime.so"))
            .collect();
        match places.iter().find(|path| path.is_file()) {
            Some(path) => Self::load(path),
            None => Err(RuntimeError::NotFound {
                looked: places
                    .iter()
                    .take(2)
                    .map(|p| p.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// Loads this library.
    ///
    /// # Errors
    /// When it is not there, garbage or too old, or another one is loaded.
    pub fn load(path: &Path) -> Result<Self, RuntimeError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return if runtime.path == path {
                Ok(runtime.clone())
            } else {
                Err(RuntimeError::Twice { loaded: runtime.path.clone(), asked: path.to_path_buf() })
            };
        }
        if !path.is_file() {
            return Err(RuntimeError::NotFound { looked: path.display().to_string() });
        }
        let fail = |detail: String| RuntimeError::Load { path: path.to_path_buf(), detail };
        let environment = ort::environment::init_from(path)
            .map_err(|error| fail(error.to_string()))?
            .with_telemetry(false)
            .build()
            .map_err(|error| fail(error.to_string()))?;
        let runtime = Self { environment, path: path.to_path_buf() };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library in use.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
