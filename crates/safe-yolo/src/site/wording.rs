//! Mistakes in words: the reader's own messages name types of Rust, which nobody who writes a
//! site file has to know.

/// What is wrong with the value of `key`, which stands in the text as `excerpt`; `message` is
/// the reader's.
pub(super) fn value(key: &str, excerpt: &str, message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    // An address may hold a password.
    let is = if key == "source" { key.to_owned() } else { format!("{key} is {excerpt}") };
    if let Some(field) = quoted_after(message, "missing field ") {
        return format!("{key}: '{field}' is missing: add it");
    }
    if let Some(field) = quoted_after(message, "unknown field ") {
        return format!("{key}: {}", unknown_field(field, &expected(message)));
    }
    if let Some(variant) = quoted_after(message, "unknown variant ") {
        let known = expected(message);
        let hint = nearest(variant, &known).map_or(String::new(), |near| format!("'{near}'? It "));
        let hint = if hint.is_empty() { "it ".to_owned() } else { format!("did you mean {hint}") };
        return format!("{is}: {hint}must be one of {}", known.join(", "));
    }
    if let Some((_, expected)) = message.split_once(", expected ") {
        return format!("{is}: it must be {}", type_name(expected));
    }
    if message == "wanted string or table" {
        return format!("{is}: it must be text in quotes");
    }
    format!("{is}: {message}")
}

/// A name that is no field of a table, with those that are.
pub(super) fn unknown_field(field: &str, known: &[&str]) -> String {
    match nearest(field, known) {
        Some(near) => format!("unknown field '{field}': did you mean '{near}'?"),
        None => format!("unknown field '{field}': known here are {}", known.join(", ")),
    }
}

/// The names that the message says it expected.
pub(super) fn expected(message: &str) -> Vec<&str> {
    let (_, expected) = message.split_once("expected ").unwrap_or_default();
    expected.split('`').skip(1).step_by(2).collect()
}

/// The name in back quotes behind `words`, with which the message begins.
pub(super) fn quoted_after<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    let (name, _) = message.strip_prefix(words)?.strip_prefix('`')?.split_once('`')?;
    Some(name)
}

fn type_name(expected: &str) -> &str {
    match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in square brackets",
        other if other.starts_with("struct ") => "a table, as in { name = \"value\" }",
        other => other,
    }
}

/// The name that `name` was most probably meant to be.
fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let close_enough = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| (edits(name, known), *known))
        .filter(|(edits, _)| *edits <= close_enough)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

/// How many characters to put in, take out or replace (Levenshtein's distance). Long names are
/// compared by their beginnings.
fn edits(from: &str, to: &str) -> usize {
    const CHARS_MAX: usize = 64;
    let to: Vec<char> = to.chars().take(CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().take(CHARS_MAX).enumerate() {
        let mut next = vec![i + 1];
        for ((b, pair), left) in to.iter().zip(row.windows(2)).zip(0..) {
            let [diagonal, above]: [usize; 2] = pair.try_into().unwrap_or_default();
            let beside = next.get(left).copied().unwrap_or_default();
            next.push((diagonal + usize::from(a != *b)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_only_if_it_is_near() {
        let known = ["dwell_s", "pause_s", "points", "name"];
        assert_eq!(nearest("dwel_s", &known), Some("dwell_s"));
        assert_eq!(nearest("nane", &known), Some("name"));
        assert_eq!(nearest("point", &known), Some("points"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!((edits("", "abc"), edits("abc", ""), edits("kitten", "sitting")), (3, 3, 3));
    }
}
