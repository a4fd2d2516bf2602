//! Processor time and memory of the programs that take part, from `/proc`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use safe_yolo_testkit::process::{children, command_line, resident_kib};

/// Ticks of `/proc/PID/stat` in a second: the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// Who used the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The server itself.
    Server,
    /// Its children that run ffmpeg.
    Decoders,
    /// Its other children.
    Detector,
    /// The cameras of the load.
    Cameras,
    /// This program.
    Client,
}

impl Part {
    pub(crate) const ALL: [Self; 5] =
        [Self::Server, Self::Decoders, Self::Detector, Self::Cameras, Self::Client];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Decoders => "its decoders",
            Self::Detector => "its detector child",
            Self::Cameras => "cameras (load)",
            Self::Client => "client",
        }
    }
}

/// Processor seconds of each process so far. A process that ends in between
/// takes its last share with it: children that are restarted are under-counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage(BTreeMap<u32, (Part, f64)>);

impl Usage {
    /// Of a server with its children, of the load, and of this program.
    pub(crate) fn now(server: u32, cameras: Option<u32>) -> Self {
        let mut all: Vec<(u32, Part)> = vec![(server, Part::Server)];
        all.extend(descendants(server).into_iter().map(|pid| (pid, part_of_child(pid))));
        all.extend(cameras.map(|pid| (pid, Part::Cameras)));
        all.push((std::process::id(), Part::Client));
        let used = |(pid, part)| Some((pid, (part, processor_s(pid)?)));
        Self(all.into_iter().filter_map(used).collect())
    }

    /// Cores that each part kept busy since `before`, `seconds` ago.
    pub(crate) fn cores_since(&self, before: &Self, seconds: f64) -> BTreeMap<Part, f64> {
        let mut cores: BTreeMap<Part, f64> = Part::ALL.into_iter().map(|p| (p, 0.0)).collect();
        for (pid, (part, used)) in &self.0 {
            let was = before.0.get(pid).map_or(0.0, |(_, used)| *used);
            *cores.entry(*part).or_default() += (used - was) / seconds;
        }
        cores
    }
}

fn part_of_child(pid: u32) -> Part {
    let line = command_line(pid);
    let program = line.split(' ').next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    if name.starts_with("ffmpeg") { Part::Decoders } else { Part::Detector }
}

/// Children, their children and so on.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// Processor seconds of all threads of a process, user and system.
fn processor_s(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it is in parentheses and may hold anything; `utime` and
    // `stime` are fields 14 and 15, the state right after the name is the third.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_S)
}

/// Resident memory of a process, MB (2^20 bytes).
pub(crate) fn resident_mb(pid: u32) -> Result<f64> {
    let kib = resident_kib(pid).with_context(|| format!("process {pid} is gone"))?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let kib = kib as f64;
    Ok(kib / 1024.0)
}

/// Resident memory of the children of this kind, MB.
pub(crate) fn children_mb(pid: u32, part: Part) -> f64 {
    let of_kind = descendants(pid).into_iter().filter(|pid| part_of_child(*pid) == part);
    // From nil on: the sum of nothing would be printed as "-0".
    of_kind.filter_map(|pid| resident_mb(pid).ok()).fold(0.0, |sum, mb| sum + mb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_uses_the_processor() {
        let me = std::process::id();
        let before = Usage::now(me, None);
        let started = std::time::Instant::now();
        let mut sum = 0_u64;
        // Until it shows: others may have the processor for a while.
        let cores = loop {
            for _ in 0..1_000_000 {
                sum = std::hint::black_box(sum + 1);
            }
            let cores = Usage::now(me, None).cores_since(&before, 0.2);
            if cores[&Part::Client] > 0.05 || started.elapsed().as_secs() > 20 {
                break cores;
            }
        };
        assert!(cores[&Part::Client] > 0.05, "{cores:?}");
        assert!(resident_mb(me).unwrap() > 1.0);
    }
}
