//! Whether a decoder gives a lone key picture at once.

use std::time::Duration;

use safe_yolo_core::time::PictureTime;
use tokio::time::Instant;

/// Whether the decoder gives a picture without seeing the next: streams whose
/// parameters allow for reordering make it wait, and a lone key picture would
/// come only when the next is fed.
#[derive(Debug, Default)]
pub(super) struct Promptness {
    last_fed: Option<PictureTime>,
    proven: bool,
    failures: u32,
    again_at: Option<Instant>,
}

impl Promptness {
    /// Two clocks' rounding.
    const SLACK_US: i64 = 1000;
    /// How long a lone key picture may take while there is no proof.
    const WAIT: Duration = Duration::from_millis(500);
    /// After so many failures ...
    pub(super) const FAILURES: u32 = 3;
    /// ... no trial for this long.
    const AGAIN: Duration = Duration::from_secs(60);

    pub(super) fn fed(&mut self, time: PictureTime) {
        self.last_fed = self.last_fed.max(Some(time));
    }

    pub(super) fn look(&mut self, shown: Option<PictureTime>) {
        if let (Some(fed), Some(shown)) = (self.last_fed, shown)
            && shown.0.saturating_add(Self::SLACK_US) >= fed.0
        {
            self.proven = true;
        }
    }

    pub(super) fn may_be_prompt(&self, now: Instant) -> bool {
        self.proven || self.again_at.is_none_or(|at| now >= at)
    }

    /// Whether to go on waiting for a picture that was fed so long ago.
    pub(super) fn is_trusted(&mut self, waited: Duration, now: Instant) -> bool {
        if self.proven || waited <= Self::WAIT {
            return true;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= Self::FAILURES {
            self.again_at = now.checked_add(Self::AGAIN);
        }
        false
    }
}
