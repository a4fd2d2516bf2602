//! What is wrong with the text of a scenario, and in which line and column.

use toml::de::{DeTable, DeValue};

/// The longest loop and the longest step, seconds.
const DURATION_MAX_S: f64 = 3600.0;
/// Where things may be: to either side of the hall's middle, and away from where the usual camera is, metres.
pub(super) const SIDE_MAX_M: f64 = 30.0;
const DISTANCE_M: [f64; 2] = [4.0, 40.0];

/// What is wrong with a value, and where it stands.
pub(super) struct Mistake {
    path: Vec<Key>,
    pub(super) why: String,
}

/// A part of the way to a value of the file.
#[derive(Debug, Clone, Copy)]
enum Key {
    Name(&'static str),
    Number(usize),
}

impl Mistake {
    pub(super) fn new(why: String) -> Self {
        Self { path: Vec::new(), why }
    }

    /// The mistake is at this key of what it was found in.
    pub(super) fn at(mut self, name: &'static str) -> Self {
        self.path.insert(0, Key::Name(name));
        self
    }

    /// The mistake is in number `index` of the list `name`, counted from 0.
    pub(super) fn in_list(mut self, name: &'static str, index: usize) -> Self {
        self.path.splice(0..0, [Key::Name(name), Key::Number(index)]);
        self.why = format!("{name} {}: {}", index + 1, self.why);
        self
    }

    /// With line and column, from 1, of what it is about; of what is nearest to it in the text.
    pub(super) fn located(&self, text: &str) -> String {
        let Ok(root) = DeTable::parse(text) else { return self.why.clone() };
        let root = DeValue::Table(root.into_inner());
        let (mut value, mut start) = (&root, 0);
        for key in &self.path {
            let inner = match *key {
                Key::Name(name) => value.get(name),
                Key::Number(index) => value.get(index),
            };
            let Some(inner) = inner else { break };
            (value, start) = (inner.get_ref(), inner.span().start);
        }
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}: {}", self.why)
    }
}

pub(super) fn seconds(what: &'static str, value: f64) -> Result<(), Mistake> {
    if value > 0.0 && value <= DURATION_MAX_S {
        return Ok(());
    }
    let why = format!("{what} is {value}: it must be over 0 and at most {DURATION_MAX_S} seconds");
    Err(Mistake::new(why).at(what))
}

pub(super) fn place(what: &'static str, [x, z]: [f64; 2]) -> Result<(), Mistake> {
    let [near, far] = DISTANCE_M;
    if x.abs() <= SIDE_MAX_M && (near..=far).contains(&z) {
        return Ok(());
    }
    let why = format!(
        "{what} is [{x}, {z}]: at most {SIDE_MAX_M} metres to either side, and {near} to {far} away"
    );
    Err(Mistake::new(why).at(what))
}

pub(super) fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), Mistake> {
    if count <= max {
        return Ok(());
    }
    let why = format!("{count} entries of '{what}' are too many: at most {max}");
    Err(Mistake::new(why).at(what))
}
