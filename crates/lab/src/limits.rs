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
            "--size {wanted} is too large for '{name}': give at most {most} ({unit})"
        )));
    }
    let needed = wanted.saturating_mul(size.bytes_each);
    if let Some(free) = free
        && needed > free
    {
        let asked = asked.map_or_else(String::new, |asked| format!("--size {asked} of "));
        let (needed, fits) = (needed.div_ceil(1_000_000), free / size.bytes_each);
        let free = free / 1_000_000;
        return Err(LabError::Size(format!(
            "{asked}'{name}' takes {needed} MB, and {free} MB are free here: give --size {fits} at most ({unit}), or --reduced"
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

#[cfg(test)]
mod tests {
    use super::size;
    use crate::experiment::{About, Size, Text};

    const TEXT: Text = Text { en: "", ko: "" };
    const ABOUT: About = About {
        name: "sort",
        source: "004",
        title: TEXT,
        shows: TEXT,
        published: TEXT,
        choice: TEXT,
        libraries: &[],
        size: Some(Size {
            unit: "floats",
            whole: 10_000,
            reduced: 100,
            most: 1_000_000,
            bytes_each: 1_000,
        }),
    };

    #[test]
    fn a_size_is_the_one_asked_for_within_reason_and_memory() {
        let sized = |asked, reduced, free| {
            size(&ABOUT, asked, reduced, Some(free)).map_err(|error| error.to_string())
        };
        assert_eq!(sized(None, false, 10_000_000), Ok(10_000));
        assert_eq!(sized(None, true, 10_000_000), Ok(100));
        assert_eq!(sized(Some(7), false, 10_000_000), Ok(7));
        for (asked, free, expected) in [
            (Some(0), 10_000_000, "--size 0 leaves 'sort' nothing to do: give at least 1 (floats)"),
            (
                Some(1_000_001),
                u64::MAX,
                "--size 1000001 is too large for 'sort': give at most 1000000 (floats)",
            ),
            (
                Some(10_001),
                10_000_000,
                "--size 10001 of 'sort' takes 11 MB, and 10 MB are free here: \
                 give --size 10000 at most (floats), or --reduced",
            ),
            (
                None,
                9_000_000,
                "'sort' takes 10 MB, and 9 MB are free here: \
                 give --size 9000 at most (floats), or --reduced",
            ),
        ] {
            assert_eq!(sized(asked, false, free), Err(expected.to_owned()), "{asked:?}");
        }
    }

    #[test]
    fn what_has_no_size_takes_none() {
        let about = About { size: None, ..ABOUT };
        assert_eq!(size(&about, None, false, None).unwrap(), 0);
        let error = size(&about, Some(3), false, None).unwrap_err().to_string();
        assert_eq!(error, "'sort' has no size, so --size 3 says nothing: leave it out");
    }
}
