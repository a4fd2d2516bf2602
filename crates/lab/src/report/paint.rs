//! Colours where they are wanted, and widths of words as a terminal shows them.

use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

/// Whether words are coloured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    #[cfg(test)]
    pub(super) const OFF: Self = Self { on: false };

    /// On a terminal that knows colours, unless `NO_COLOR` (<https://no-color.org>) is set.
    pub(crate) fn of_stdout() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn doubtful(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn bar(self, text: &str) -> String {
        self.with("34", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Columns that a terminal gives this text; Korean takes two a letter.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Filled up on the right.
pub(super) fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Filled up on the left.
pub(super) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Cut where it is too long, with an ellipsis.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width(&kept) + width(letter.encode_utf8(&mut [0; 4])) + 1 > columns {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

/// Lines of at most so many columns, broken between words; a word that is longer stands alone.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Paint, cut, left, right, width, wrapped};

    #[test]
    fn korean_is_two_columns_a_letter() {
        assert_eq!(width("모든 코어"), 9);
        assert_eq!(left("코어", 6), "코어  ");
        assert_eq!(right("코어", 6), "  코어");
        assert_eq!(cut("코어 코어", 6), "코어 …");
        assert_eq!(cut("코어", 4), "코어");
        assert_eq!(wrapped("모든 코어로 합", 9), ["모든", "코어로 합"]);
        assert_eq!(wrapped("모든 코어로 합", 11), ["모든 코어로", "합"]);
    }

    #[test]
    fn colours_are_left_out_where_nobody_wants_them() {
        assert_eq!(Paint { on: false }.bad("no"), "no");
        assert_eq!(Paint { on: true }.bad("no"), "\u{1b}[1;31mno\u{1b}[0m");
        assert_eq!(Paint { on: true }.bad(""), "");
    }
}
