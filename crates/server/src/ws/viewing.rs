//! What one viewer looks at: of each camera the newest picture, made ready to
//! be sent. Pictures that the viewer was too slow for are counted.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use safe_yolo_core::{CameraId, SegmentId};
use safe_yolo_pipeline::{CameraHandle, LivePicture};
use tokio::sync::watch;

use crate::app::App;

type Live = watch::Receiver<Option<Arc<LivePicture>>>;
type Waiting = Pin<Box<dyn Future<Output = (CameraId, Result<Shown, Ended>)> + Send>>;

/// Sending that takes longer makes a viewer slow: only then are the pictures
/// between two sent ones missed, and not just overtaken.
const SLOW: Duration = Duration::from_millis(50);
/// A picture that waited longer than this is exchanged for a newer one, once.
const STALE: Duration = Duration::from_millis(250);

/// The camera's task has ended: it was removed or started anew.
#[derive(Debug)]
struct Ended;

/// A picture, ready to be sent.
struct Shown {
    picture: Arc<LivePicture>,
    message: Result<Bytes, String>,
    live: Live,
    taken: Instant,
    /// In place of one that had waited too long.
    is_exchanged: bool,
}

/// What was last sent of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    segment: SegmentId,
    number: u64,
}

struct View {
    width: u32,
    /// None while the camera does not run.
    handle: Option<CameraHandle>,
    last: Option<Last>,
    missed: u64,
    /// The viewer was slow since the last picture.
    slowed: bool,
}

/// The cameras of one viewer; as many as one message may name.
#[derive(Default)]
pub(super) struct Viewing {
    views: BTreeMap<CameraId, View>,
    /// One for each camera that runs.
    waiting: FuturesUnordered<Waiting>,
}

/// The newest picture other than `last`, encoded.
async fn newest(
    id: CameraId,
    mut live: Live,
    last: Option<u64>,
    width: u32,
    is_exchanged: bool,
) -> (CameraId, Result<Shown, Ended>) {
    loop {
        let picture = live.borrow_and_update().clone();
        if let Some(picture) = picture.filter(|picture| Some(picture.number) != last) {
            let taken = Instant::now();
            let message = picture.message(width).await;
            return (id, Ok(Shown { picture, message, live, taken, is_exchanged }));
        }
        if live.changed().await.is_err() {
            return (id, Err(Ended));
        }
    }
}

impl Viewing {
    /// Looks at these cameras, and at no others, from now on.
    pub(super) fn want(&mut self, app: &App, wanted: BTreeMap<CameraId, u32>) {
        let mut before = std::mem::take(&mut self.views);
        self.views = wanted
            .into_iter()
            .map(|(id, width)| {
                let known = before.remove(&id).filter(|view| view.width == width);
                let view = known.unwrap_or(View {
                    width,
                    handle: None,
                    last: None,
                    missed: 0,
                    slowed: false,
                });
                (id, view)
            })
            .collect();
        self.waiting = self
            .views
            .iter()
            .filter_map(|(id, view)| {
                let live = view.handle.as_ref()?.watch_live();
                let last = view.last.map(|last| last.number);
                Some(Box::pin(newest(id.clone(), live, last, view.width, false)) as Waiting)
            })
            .collect();
        self.attach(app);
    }

    /// Looks for cameras that were not running.
    pub(super) fn attach(&mut self, app: &App) {
        for (id, view) in self.views.iter_mut().filter(|(_, view)| view.handle.is_none()) {
            if let Some(handle) = app.engine.camera(id) {
                let live = handle.watch_live();
                self.waiting.push(Box::pin(newest(id.clone(), live, None, view.width, false)));
                view.handle = Some(handle);
                view.last = None;
            }
        }
    }

    /// The next picture to be sent; waits for ever when nothing is looked at.
    /// May be cancelled without losing one.
    pub(super) async fn next(&mut self) -> Bytes {
        loop {
            let Some((id, result)) = self.waiting.next().await else {
                return std::future::pending().await;
            };
            let Some(view) = self.views.get_mut(&id) else {
                continue;
            };
            let Ok(Shown { picture, message, live, taken, is_exchanged }) = result else {
                view.handle = None;
                continue;
            };
            if !is_exchanged && taken.elapsed() > STALE && live.has_changed().unwrap_or(false) {
                let last = view.last.map(|last| last.number);
                self.waiting.push(Box::pin(newest(id.clone(), live, last, view.width, true)));
                continue;
            }
            let segment = picture.header.segment;
            let is_current = view.handle.as_ref().is_some_and(|handle| handle.is_current(&picture));
            if is_current
                && view.slowed
                && let Some(last) = view.last
                && last.segment == segment
            {
                // What a command or a reconnect took back is not missed by anybody.
                view.missed += picture.number.saturating_sub(last.number + 1);
            }
            view.last = Some(Last { segment, number: picture.number });
            view.slowed = false;
            let wait = newest(id.clone(), live, Some(picture.number), view.width, false);
            self.waiting.push(Box::pin(wait));
            match message {
                // Looked at last of all: nothing is shown after a command was taken.
                Ok(message) if is_current => return message,
                Ok(_) => {}
                Err(detail) => {
                    tracing::error!(camera = %id, detail, "a live picture could not be encoded");
                    metrics::counter!("safe_yolo_server_failed_live_pictures_total").increment(1);
                }
            }
        }
    }

    /// Sending to the viewer took so long.
    pub(super) fn note_sending(&mut self, took: Duration) {
        if took > SLOW {
            for view in self.views.values_mut() {
                view.slowed = true;
            }
        }
    }

    /// Pictures missed since the last call, by camera.
    pub(super) fn take_missed(&mut self) -> Vec<(CameraId, u64)> {
        self.views
            .iter_mut()
            .filter(|(_, view)| view.missed > 0)
            .map(|(id, view)| (id.clone(), std::mem::take(&mut view.missed)))
            .collect()
    }
}
