//! One table of a site file, read in spite of its mistakes.
//!
//! The reader stops at the first mistake. It is noted, a value that would do is put in its place,
//! and the table is read again, until nothing more is wrong or nothing can be put in.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use super::mistakes::Mistakes;
use super::wording;

/// A table has fewer settings; lists in it are read as far as that.
const MISTAKES_MAX: usize = 64;

/// Why a table can't be used.
pub(super) enum Trouble {
    /// It is not of the form, says the reader.
    Form(Error),
    /// It is, and what it says makes no sense.
    Sense {
        /// The setting that is wrong, where it is one.
        setting: Option<&'static str>,
        /// Whether it is wrong only because of what kind of table this is.
        of_kind: bool,
        says: String,
    },
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Form(error)
    }
}

/// What a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Calendar,
    Camera,
    Zone,
    Rule,
}

/// A table to be read.
pub(super) struct Table<'i> {
    pub(super) kind: Kind,
    /// Its header, or the whole of it where it is written in braces.
    pub(super) at: Range<usize>,
    pub(super) settings: DeTable<'i>,
    /// Whose it is, for what makes no sense.
    pub(super) owner: String,
    /// What it is, for what is not of the form.
    pub(super) place: String,
}

/// What was read.
pub(super) struct Reading<T> {
    /// With values put in for what was wrong; none where that was not possible.
    pub(super) value: Option<T>,
    /// The settings that were wrong or not there.
    pub(super) wrong: BTreeSet<String>,
}

impl<T> Reading<T> {
    /// Whether nothing was wrong.
    pub(super) fn is_sound(&self) -> bool {
        self.value.is_some() && self.wrong.is_empty()
    }
}

impl<'i> Table<'i> {
    /// Reads it with `read` and adds what is wrong.
    pub(super) fn read<T>(
        mut self,
        mistakes: &mut Mistakes,
        read: impl Fn(ValueDeserializer<'i>) -> Result<T, Trouble>,
    ) -> Reading<T> {
        let mut wrong = BTreeSet::new();
        if self.kind == Kind::Zone
            && let Some(points) = self.settings.get("points")
            && !super::points::check(points, &self.place, mistakes)
        {
            self.put_in("points", &mut wrong);
        }
        for _ in 0..MISTAKES_MAX {
            let table = DeValue::Table(self.settings.clone());
            let goes_on = match read(Spanned::new(self.at.clone(), table).into()) {
                Ok(value) => return Reading { value: Some(value), wrong },
                Err(Trouble::Form(error)) => self.form(&error, mistakes, &mut wrong),
                Err(Trouble::Sense { setting, of_kind, says }) => {
                    // What kind it is meant to be is not known.
                    let is_told = !(of_kind && wrong.contains("type"));
                    is_told && self.sense(setting, &says, mistakes, &mut wrong)
                }
            };
            if !goes_on {
                break;
            }
        }
        Reading { value: None, wrong }
    }

    /// Notes what makes no sense; gives whether reading again can show more.
    fn sense(
        &mut self,
        setting: Option<&'static str>,
        says: &str,
        mistakes: &mut Mistakes,
        wrong: &mut BTreeSet<String>,
    ) -> bool {
        if setting.is_some_and(|setting| wrong.contains(setting)) {
            return false;
        }
        let value = setting.and_then(|setting| self.settings.get(setting));
        let at = value.map_or(self.at.start, |value| value.span().start);
        mistakes.add(at, format!("{}{says}", self.owner));
        setting.is_some_and(|setting| self.put_in(setting, wrong))
    }

    /// Notes what is not of the form; gives whether reading again can show more.
    fn form(
        &mut self,
        error: &Error,
        mistakes: &mut Mistakes,
        wrong: &mut BTreeSet<String>,
    ) -> bool {
        let (message, place) = (error.message(), self.place.clone());
        let span = error.span().unwrap_or_else(|| self.at.clone());
        if span == self.at
            && let Some(field) = wording::quoted_after(message, "missing field ")
        {
            if wrong.contains(field) {
                return false;
            }
            mistakes.add(span.start, format!("{place}'{field}' is missing: add it"));
            return self.put_in(field, wrong);
        }
        let is_key = self.settings.keys().any(|key| key.span() == span);
        if is_key && wording::quoted_after(message, "unknown field ").is_some() {
            let known = wording::expected(message);
            let unknown =
                self.settings.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
            for key in unknown.cloned().collect::<Vec<_>>() {
                let says = wording::unknown_field(key.get_ref(), &known);
                mistakes.add(key.span().start, format!("{place}{says}"));
                self.settings.remove(key.get_ref().as_ref());
                wrong.insert(key.into_inner().into_owned());
            }
            return true;
        }
        let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let found = self.settings.iter_mut().find(|(_, value)| holds(value.span()));
        let Some((key, value)) = found else {
            let message = message.lines().next().unwrap_or_default();
            mistakes.add(span.start, format!("{place}{message}"));
            return false;
        };
        let key = key.get_ref().to_string();
        let says = wording::value(&key, &mistakes.excerpt(span.clone()), message);
        mistakes.add(span.start, format!("{place}{says}"));
        // One element of a list is wrong: the others are still to be read.
        if let DeValue::Array(array) = value.get_mut()
            && array.iter().any(|element| holds(element.span()))
        {
            let kept = array.iter().filter(|element| !holds(element.span())).cloned();
            *array = kept.collect();
            if !array.is_empty() {
                wrong.insert(key);
                return true;
            }
        }
        self.put_in(&key, wrong)
    }

    /// Puts in what would do for a setting, or leaves it out; gives whether that is anything new.
    fn put_in(&mut self, setting: &str, wrong: &mut BTreeSet<String>) -> bool {
        let was = self.settings.remove(setting);
        // A rule without a name is named by its type.
        if setting == "type"
            && let Some(DeValue::String(name)) = was.as_ref().map(Spanned::get_ref)
            && !self.settings.contains_key("name")
            && self.kind == Kind::Rule
        {
            wrong.insert("name".to_owned());
            let name = Spanned::new(0..0, DeValue::String(name.clone()));
            self.settings.insert(Spanned::new(0..0, "name".into()), name);
        }
        let stand_in = self.stand_in(setting).and_then(|text| DeValue::parse(text).ok());
        let is_new = wrong.insert(setting.to_owned()) && (was.is_some() || stand_in.is_some());
        if let Some(value) = stand_in {
            self.settings.insert(Spanned::new(0..0, setting.to_owned().into()), value);
        }
        is_new
    }

    /// Text that would do for a setting that must be there.
    fn stand_in(&self, setting: &str) -> Option<&'static str> {
        Some(match (self.kind, setting) {
            (Kind::Camera | Kind::Zone, "name") | (Kind::Camera, "source") => "\"?\"",
            (Kind::Zone, "type") => "\"warning\"",
            (Kind::Zone, "points") => "[[0, 0], [1, 0], [1, 1]]",
            (Kind::Rule, "type") => self.type_that_fits(),
            (Kind::Rule, "people" | "distance" | "distance_m" | "speed" | "speed_m_s") => "1",
            (Kind::Rule, "line") => "[[0.2, 0.5], [0.8, 0.5]]",
            (Kind::Calendar, "time_zone") => "\"UTC\"",
            (Kind::Rule, "class") => "\"vehicle\"",
            _ => return None,
        })
    }

    /// The type of a rule that takes the settings that are there.
    fn type_that_fits(&self) -> &'static str {
        let has = |setting| self.settings.contains_key(setting);
        if has("line") || has("direction") {
            "\"line_crossing\""
        } else if has("window_s") {
            "\"entries_above\""
        } else if has("speed") || has("speed_m_s") {
            "\"near_miss\""
        } else if has("distance") || has("distance_m") {
            "\"proximity\""
        } else if has("class") {
            "\"object_present\""
        } else if has("people") {
            "\"occupancy_above\""
        } else {
            "\"loitering\""
        }
    }
}
