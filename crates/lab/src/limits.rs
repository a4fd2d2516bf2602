//! Whether a size makes sense and fits into this machine.

use crate::experiment::{About, LabError};

/// The size to run with: the one asked for, else the published or the reduced one.
pub(crate) fn size(
    about: &About,
    asked: Option<u64>,
    reduced: bool,
    free: Option<u64>,
) -> Result<u64, LabError> {
    let Some(size) = about.size else {
        return match asked {
            None => Ok(0),
            Some(asked) => Err(LabError::Size(format!(
                "'{}' has no size, so --size {asked} says nothing: leave it out",
                about.name
            ))),
        };
    };
    let wanted = asked.unwrap_or(if reduced { size.reduced } else { size.whole });
    let (name, unit) = (about.name, size.unit);
    if wanted == 0 {
        return Err(LabError::Size(format!(
            "--size 0 leaves '{name}' nothing to do: give at least 1 ({unit})"
        )));
    }
    if wanted > size.most {
        let most = size.most;
        return Err(LabError::Size(format!(
            "--size {wanted} is too much for '{name}': give at most {most} ({unit})"
        )));
    }
    let needed = wanted.saturating_mul(size.bytes_each);
    if let Some(free) = free
        && needed > free
    {
        return Err(LabError::Size(format!(
            "--size {wanted} of '{name}' takes {} MB, and {} MB are free here: give at most {} ({unit})",
            needed / 1_000_000,
            free / 1_000_000,
            free / size.bytes_each
        )));
    }
    Ok(wanted)
}

/// Memory that can be had here, bytes; none where that is not told.
pub(crate) fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let available = line.split_whitespace().nth(1)?.parse::<u64>().ok()?.saturating_mul(1024);
    Some(available.min(free_in_group().unwrap_or(u64::MAX)))
}

/// What the container leaves, bytes.
fn free_in_group() -> Option<u64> {
    let read = |name: &str| {
        std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<u64>().ok()
    };
    Some(read("memory.max")?.saturating_sub(read("memory.current")?))
}
