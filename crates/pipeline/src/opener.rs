//! How sources are opened: the real way, or another one where faults are tried out.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use safe_yolo_media::StreamError;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::{self, OpenOptions, PictureStream};

/// A source being opened. It is driven by the camera's own task.
pub type Opening = Pin<Box<dyn Future<Output = Result<PictureStream, StreamError>> + Send>>;

/// Opens sources.
pub trait Opener: Send + Sync + Debug {
    /// Begins to open the source.
    fn open(&self, source: SourceSpec, options: OpenOptions) -> Opening;
}

/// The real way: [`stream::open`].
#[derive(Debug, Clone, Copy, Default)]
pub struct RealSources;

impl RealSources {
    /// As the engine takes it.
    #[must_use]
    pub fn shared() -> Arc<dyn Opener> {
        Arc::new(Self)
    }
}

impl Opener for RealSources {
    fn open(&self, source: SourceSpec, options: OpenOptions) -> Opening {
        Box::pin(async move { stream::open(&source, options).await })
    }
}
