//! What the system says of the server and its children.

use std::fmt::Write as _;
use std::time::Duration;

use safe_yolo_testkit::process;

/// One look at the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) at: Duration,
    /// Resident, MB.
    pub(super) memory_mb: f64,
    /// The children's together, MB.
    pub(super) children_mb: f64,
    pub(super) children: usize,
    pub(super) descriptors: f64,
    pub(super) threads: f64,
}

/// Looks at the server; none when it is gone.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn sample(server: u32, at: Duration) -> Option<Sample> {
    let mb = |pid: u32| process::resident_kib(pid).map(|kib| kib as f64 * 1024.0 / 1e6);
    let children = process::children(server);
    Some(Sample {
        at,
        memory_mb: mb(server)?,
        children_mb: children.iter().filter_map(|pid| mb(*pid)).sum(),
        children: children.len(),
        descriptors: process::descriptors(server)? as f64,
        threads: process::threads(server)? as f64,
    })
}

/// All samples as a table.
pub(super) fn csv(samples: &[Sample]) -> String {
    let mut text = "seconds,memory_mb,children_mb,children,descriptors,threads\n".to_owned();
    for s in samples {
        // Writing to a string can't fail.
        _ = writeln!(
            text,
            "{:.0},{:.2},{:.2},{},{},{}",
            s.at.as_secs_f64(),
            s.memory_mb,
            s.children_mb,
            s.children,
            s.descriptors,
            s.threads
        );
    }
    text
}
