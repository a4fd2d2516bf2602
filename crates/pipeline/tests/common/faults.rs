//! A source that works until a test makes it panic or block, inside the task
//! of its camera.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::{OpenOptions, PictureStream};
use safe_yolo_pipeline::opener::Opening;
use safe_yolo_pipeline::{Opener, RealSources};

/// A thread is blocked for this long at most, whatever the test forgets.
const BLOCKED_MAX: Duration = Duration::from_secs(40);

const WORK: u8 = 0;
const PANIC: u8 = 1;
const BLOCK: u8 = 2;

/// Opens real sources; those whose address holds `seed=13` do what is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    next: Arc<AtomicU8>,
    blocked: Arc<AtomicBool>,
    /// So many openings panic first.
    pub(crate) panics_at_opening: Arc<AtomicU32>,
    pub(crate) opened: Arc<AtomicU32>,
}

impl Faults {
    /// The next step of the faulty camera panics, once.
    pub(crate) fn panic(&self) {
        self.next.store(PANIC, Ordering::SeqCst);
    }

    /// The next step of the faulty camera blocks its thread until [`Faults::release`].
    pub(crate) fn block(&self) {
        self.blocked.store(true, Ordering::SeqCst);
        self.next.store(BLOCK, Ordering::SeqCst);
    }

    /// Further generations work, as if the fault had been one of the old one.
    fn act(&self) {
        match self.next.swap(WORK, Ordering::SeqCst) {
            PANIC => panic!("made to panic by the test"),
            BLOCK => {
                let begun = Instant::now();
                while self.blocked.load(Ordering::SeqCst) && begun.elapsed() < BLOCKED_MAX {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            _ => {}
        }
    }

    /// Whether the thread is blocked by now.
    pub(crate) fn is_blocking(&self) -> bool {
        self.blocked.load(Ordering::SeqCst) && self.next.load(Ordering::SeqCst) == WORK
    }

    /// The thread that is blocked goes on.
    pub(crate) fn release(&self) {
        self.blocked.store(false, Ordering::SeqCst);
    }
}

impl Opener for Faults {
    fn open(&self, source: SourceSpec, options: OpenOptions) -> Opening {
        if !source.redacted().contains("seed=13") {
            return RealSources.open(source, options);
        }
        self.opened.fetch_add(1, Ordering::SeqCst);
        let faults = self.clone();
        Box::pin(async move {
            let left = faults.panics_at_opening.load(Ordering::SeqCst);
            if left > 0 {
                faults.panics_at_opening.store(left - 1, Ordering::SeqCst);
                panic!("made to panic at opening by the test");
            }
            let real = RealSources.open(source, options).await?;
            let info = real.info().clone();
            let pictures = stream::unfold(real, move |mut real| {
                let faults = faults.clone();
                async move {
                    faults.act();
                    real.next().await.transpose().map(|picture| (picture, real))
                }
            });
            Ok(PictureStream::scripted(info, pictures))
        })
    }
}
