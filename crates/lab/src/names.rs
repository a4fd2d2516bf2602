//! The name that was meant.

/// The known name that is nearest to this one, unless none is near.
pub(crate) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let near = known.map(|known| (strsim::jaro_winkler(&name.to_lowercase(), known), known));
    let best = near.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness > 0.7).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_name_and_rubbish_finds_none() {
        let known = ["cpu-sums", "sort", "read-lines"];
        let cases = [
            ("cpusums", Some("cpu-sums")),
            ("Sorts", Some("sort")),
            ("readlines", Some("read-lines")),
            ("xyz", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }
}
