//! What every detector looks like to whoever has pictures: in this process, in
//! a child, on another machine.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{Analysis, Detection};
use safe_yolo_media::picture::I420;
use tokio::sync::watch;

use crate::ModelInfo;

/// The answers to a batch of pictures, in its order.
pub type Answers = Pin<Box<dyn Future<Output = Vec<Analysis<Vec<Detection>>>> + Send>>;

/// Whether pictures can be analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetectorState {
    /// They can.
    Ready,
    /// They can't; the text says why.
    Down(String),
}

/// How much a detector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Batches it works on at the same time.
    pub sessions: usize,
    /// Batches that should be with it, so that no session waits for the next; at least `sessions`.
    pub batches: usize,
    /// The most pictures in a batch.
    pub batch: usize,
    /// How long a batch waits to become fuller.
    pub wait: Duration,
}

/// Analyses pictures somewhere.
pub trait Analyser: fmt::Debug + Send + Sync {
    /// What the model is.
    fn info(&self) -> Arc<ModelInfo>;

    /// How much it takes.
    fn capacity(&self) -> Capacity;

    /// Whether it works, now and whenever that changes.
    fn state(&self) -> watch::Receiver<DetectorState>;

    /// Analyses pictures of equal size; the answers come in bounded time, as
    /// failures if need be, one for each picture. Scores below `min_score` are
    /// left out. Does not block.
    fn analyse(&self, pictures: Vec<Arc<I420>>, min_score: f32) -> Answers;
}
