//! The two languages of what people read.

use clap::ValueEnum;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The one that this machine's user reads, by the first of POSIX's variables that is set; English where none is Korean.
    pub(crate) fn here() -> Self {
        Self::first_of(["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok()))
    }

    fn first_of(variables: [Option<String>; 3]) -> Self {
        let said = variables.into_iter().flatten().find(|said| !said.is_empty());
        if said.is_some_and(|said| said.starts_with("ko")) { Self::Ko } else { Self::En }
    }

    /// As HTML and file names call it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_first_variable_that_says_something_decides() {
        let cases: [([Option<&str>; 3], Language); 5] = [
            ([None, None, None], Language::En),
            ([None, None, Some("ko_KR.UTF-8")], Language::Ko),
            ([Some(""), None, Some("ko_KR.UTF-8")], Language::Ko),
            ([Some("C"), None, Some("ko_KR.UTF-8")], Language::En),
            ([Some("ko"), Some("en_GB"), None], Language::Ko),
        ];
        for (variables, expected) in cases {
            let found = Language::first_of(variables.map(|said| said.map(str::to_owned)));
            assert_eq!(found, expected, "{variables:?}");
        }
    }
}
