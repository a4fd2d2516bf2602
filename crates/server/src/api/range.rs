//! Parts of a file, as browsers ask for them to seek in a video (RFC 9110, section 14).

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From the first to the last byte, both included.
    Bytes(u64, u64),
    /// Nothing that is there.
    Outside,
}

/// What the header `Range` asks for of a file of so many bytes. Several parts at once, other units
/// and nonsense are answered with the whole, as the standard allows.
pub(super) fn part(header: Option<&str>, length: u64) -> Part {
    let Some(ranges) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    let Some((first, last)) = ranges.split_once('-').filter(|_| !ranges.contains(',')) else {
        return Part::Whole;
    };
    let number = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than a number has are more than any file has.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (first.trim().is_empty(), number(first), last.trim().is_empty(), number(last)) {
        // The last bytes.
        (true, None, false, Some(count)) if count > 0 && length > 0 => {
            Part::Bytes(length.saturating_sub(count), length - 1)
        }
        (true, None, false, Some(_)) => Part::Outside,
        (false, Some(first), true, None) if first < length => Part::Bytes(first, length - 1),
        (false, Some(first), false, Some(last)) if first <= last && first < length => {
            Part::Bytes(first, last.min(length - 1))
        }
        (false, Some(first), false, Some(last)) if first > last => Part::Whole,
        (false, Some(_), _, _) => Part::Outside,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        for (header, expected) in [
            (None, Part::Whole),
            (Some("bytes=0-0"), Part::Bytes(0, 0)),
            (Some("bytes=0-"), Part::Bytes(0, 99)),
            (Some("bytes=10-19"), Part::Bytes(10, 19)),
            (Some("bytes=90-999"), Part::Bytes(90, 99)),
            (Some("bytes=-10"), Part::Bytes(90, 99)),
            (Some("bytes=-1000"), Part::Bytes(0, 99)),
            (Some("bytes=100-"), Part::Outside),
            (Some("bytes=100-200"), Part::Outside),
            (Some("bytes=99999999999999999999999-"), Part::Outside),
            (Some("bytes=-0"), Part::Outside),
            (Some("bytes=5-4"), Part::Whole),
            (Some("bytes=0-1,5-6"), Part::Whole),
            (Some("bytes=a-b"), Part::Whole),
            (Some("bytes=+1-2"), Part::Whole),
            (Some("bytes=-"), Part::Whole),
            (Some("lines=0-1"), Part::Whole),
        ] {
            assert_eq!(part(header, 100), expected, "{header:?}");
        }
        assert_eq!(part(Some("bytes=-5"), 0), Part::Outside);
        assert_eq!(part(Some("bytes=0-"), 0), Part::Outside);
    }
}
