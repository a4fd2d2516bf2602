//! What an item's rule says over time, and what that does to its tick.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Looks farther apart than this are a time in which nobody looked.
pub const GAP_MAX: Duration = Duration::from_secs(5);

/// For so long a tick outlasts UNKNOWN: somebody who comes in is not judged yet. It is never shown
/// as done meanwhile ([`shown`]).
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What an item's rules say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// All were looked at, and none is met.
    Clear,
    /// One is met.
    Violation,
    /// That can't be said.
    Unknown,
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Not ticked.
    Open,
    /// Ticked, and it still holds.
    Done,
    /// Ticked, but since then nobody could tell whether it holds.
    Unconfirmed,
}

/// How an item that a rule ticks is shown while the rule says this: a tick counts only while the
/// rule is clear.
#[must_use]
pub const fn shown(tick: Tick, standing: Standing) -> Tick {
    match (tick, standing) {
        (_, Standing::Violation) | (Tick::Open, _) => Tick::Open,
        (Tick::Done, Standing::Clear) => Tick::Done,
        (Tick::Done, Standing::Unknown) | (Tick::Unconfirmed, _) => Tick::Unconfirmed,
    }
}

/// What is done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It was ticked.
    Ticked,
    /// Its tick was taken away.
    Unticked,
    /// Its tick does not count for now.
    Unconfirmed,
    /// Its tick counts again.
    Confirmed,
}

impl Deed {
    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ticked => "ticked",
            Self::Unticked => "unticked",
            Self::Unconfirmed => "unconfirmed",
            Self::Confirmed => "confirmed",
        }
    }

    /// The deed with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ticked, Self::Unticked, Self::Unconfirmed, Self::Confirmed]
            .into_iter()
            .find(|deed| deed.name() == name)
    }
}

/// For how long an item has been clear. A new one begins with nothing: what was before the
/// program started is not known to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counting {
    clear_since: Option<Duration>,
    unknown_since: Option<Duration>,
    looked: Option<Duration>,
}

impl Counting {
    /// Takes what the rules say now and answers what that does to the item; `now` is of a clock
    /// that nobody sets.
    ///
    /// A violation takes a tick away at once. UNKNOWN never gives one: it begins the counting
    /// again, and a tick that it outlasts by [`PATIENCE`] is unconfirmed. A time in which nobody
    /// looked makes it so at once.
    pub fn step(
        &mut self,
        tick: Tick,
        standing: Standing,
        now: Duration,
        clear_for: Duration,
    ) -> Option<Deed> {
        let looked = self.looked.replace(now);
        let is_unbroken =
            looked.is_some_and(|then| now.checked_sub(then).is_some_and(|gap| gap <= GAP_MAX));
        if !is_unbroken {
            self.clear_since = None;
        }
        if standing != Standing::Unknown {
            self.unknown_since = None;
        }
        match standing {
            Standing::Violation => {
                self.clear_since = None;
                (tick != Tick::Open).then_some(Deed::Unticked)
            }
            Standing::Unknown => {
                self.clear_since = None;
                let since = *self.unknown_since.get_or_insert(now);
                let is_long = !is_unbroken || now.saturating_sub(since) >= PATIENCE;
                (tick == Tick::Done && is_long).then_some(Deed::Unconfirmed)
            }
            Standing::Clear => {
                let since = *self.clear_since.get_or_insert(now);
                match tick {
                    Tick::Done if !is_unbroken => Some(Deed::Unconfirmed),
                    Tick::Done => None,
                    Tick::Open | Tick::Unconfirmed if now.saturating_sub(since) < clear_for => None,
                    Tick::Open => Some(Deed::Ticked),
                    Tick::Unconfirmed => Some(Deed::Confirmed),
                }
            }
        }
    }

    /// Somebody changed the item: what was counted before says nothing about it.
    pub fn begin_again(&mut self) {
        self.clear_since = None;
    }

    /// For how long all has been clear.
    #[must_use]
    pub fn clear_for(&self) -> Duration {
        match (self.clear_since, self.looked) {
            (Some(since), Some(looked)) => looked.saturating_sub(since),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use Deed::{Confirmed, Ticked, Unconfirmed, Unticked};
    use Standing::{Clear, Unknown, Violation};

    fn after(tick: Tick, deed: Option<Deed>) -> Tick {
        match deed {
            None => tick,
            Some(Ticked | Confirmed) => Tick::Done,
            Some(Unticked) => Tick::Open,
            Some(Unconfirmed) => Tick::Unconfirmed,
        }
    }

    /// Runs looks at seconds against an item; answers what was done when.
    fn run(mut tick: Tick, clear_for_s: u64, looks: &[(u64, Standing)]) -> Vec<(u64, Deed)> {
        let mut counting = Counting::default();
        let mut done = Vec::new();
        for (at, standing) in looks {
            let (now, clear_for) = (Duration::from_secs(*at), Duration::from_secs(clear_for_s));
            let deed = counting.step(tick, *standing, now, clear_for);
            tick = after(tick, deed);
            done.extend(deed.map(|deed| (*at, deed)));
        }
        done
    }

    #[test]
    fn ticks_follow_what_is_seen() {
        type Case = (&'static str, Tick, &'static [(u64, Standing)], &'static [(u64, Deed)]);
        let cases: [Case; 12] = [
            (
                "clear for long enough",
                Tick::Open,
                &[(0, Clear), (2, Clear), (3, Clear)],
                &[(3, Ticked)],
            ),
            ("not long enough", Tick::Open, &[(0, Clear), (2, Clear)], &[]),
            ("never by UNKNOWN", Tick::Open, &[(0, Unknown), (3, Unknown), (6, Unknown)], &[]),
            (
                "UNKNOWN interrupts",
                Tick::Open,
                &[(0, Clear), (2, Clear), (3, Unknown), (4, Clear), (6, Clear), (7, Clear)],
                &[(7, Ticked)],
            ),
            (
                "a violation interrupts",
                Tick::Open,
                &[(0, Clear), (2, Violation), (3, Clear), (5, Clear), (6, Clear)],
                &[(6, Ticked)],
            ),
            (
                "un-ticked at once",
                Tick::Open,
                &[(0, Clear), (3, Clear), (4, Violation), (5, Violation)],
                &[(3, Ticked), (4, Unticked)],
            ),
            (
                "a tick stays, unconfirmed, until it is clear for long enough again",
                Tick::Open,
                &[
                    (0, Clear),
                    (3, Clear),
                    (4, Unknown),
                    (8, Unknown),
                    (9, Unknown),
                    (10, Clear),
                    (12, Clear),
                    (13, Clear),
                ],
                &[(3, Ticked), (9, Unconfirmed), (13, Confirmed)],
            ),
            (
                "UNKNOWN for a moment leaves it",
                Tick::Open,
                &[
                    (0, Clear),
                    (3, Clear),
                    (4, Unknown),
                    (8, Unknown),
                    (9, Clear),
                    (10, Unknown),
                    (14, Unknown),
                ],
                &[(3, Ticked)],
            ),
            (
                "an unconfirmed tick is taken by a violation too",
                Tick::Unconfirmed,
                &[(0, Unknown), (1, Violation)],
                &[(1, Unticked)],
            ),
            (
                "nobody knows what was before the start",
                Tick::Done,
                &[(0, Clear), (2, Clear), (3, Clear)],
                &[(0, Unconfirmed), (3, Confirmed)],
            ),
            (
                "a machine that slept has not looked",
                Tick::Open,
                &[(0, Clear), (2, Clear), (8, Clear), (10, Clear), (11, Clear)],
                &[(11, Ticked)],
            ),
            (
                "nor has it while something was ticked",
                Tick::Open,
                &[(0, Clear), (3, Clear), (9, Clear), (12, Clear)],
                &[(3, Ticked), (9, Unconfirmed), (12, Confirmed)],
            ),
        ];
        for (what, tick, looks, expected) in cases {
            assert_eq!(run(tick, 3, looks), expected, "{what}");
        }
    }

    #[test]
    fn what_somebody_changed_is_counted_anew() {
        let (second, clear_for) = (Duration::from_secs(1), Duration::from_secs(2));
        let mut counting = Counting::default();
        assert_eq!(counting.step(Tick::Open, Clear, second, clear_for), None);
        assert_eq!(counting.step(Tick::Open, Clear, 2 * second, clear_for), None);
        assert_eq!(counting.clear_for(), second);
        counting.begin_again();
        assert_eq!(counting.clear_for(), Duration::ZERO);
        assert_eq!(counting.step(Tick::Open, Clear, 3 * second, clear_for), None);
        assert_eq!(counting.step(Tick::Open, Clear, 5 * second, clear_for), Some(Ticked));
    }

    fn standing() -> impl Strategy<Value = Standing> {
        prop_oneof![4 => Just(Clear), 1 => Just(Violation), 1 => Just(Unknown)]
    }

    proptest! {
        /// Whatever is seen in whatever rhythm: what is ticked or confirmed was clear at every
        /// look for the whole time, without a gap; a violation leaves nothing ticked, and UNKNOWN
        /// nothing that counts.
        #[test]
        fn blind_is_never_ticked(
            looks in prop::collection::vec((standing(), 1_u64..8), 1..80),
            clear_for_s in 1_u64..12,
            begin in prop_oneof![Just(Tick::Open), Just(Tick::Done), Just(Tick::Unconfirmed)],
        ) {
            let clear_for = Duration::from_secs(clear_for_s);
            let (mut counting, mut tick, mut at) = (Counting::default(), begin, 0);
            let mut unknown_since = None;
            let mut seen: Vec<(u64, Standing)> = Vec::new();
            for (standing, step) in looks {
                at += step;
                seen.push((at, standing));
                let deed = counting.step(tick, standing, Duration::from_secs(at), clear_for);
                tick = after(tick, deed);
                unknown_since = (standing == Unknown).then(|| unknown_since.unwrap_or(at));
                prop_assert!(shown(tick, standing) != Tick::Done || standing == Clear);
                match standing {
                    Violation => prop_assert_eq!(tick, Tick::Open),
                    Unknown => {
                        prop_assert!(!matches!(deed, Some(Ticked | Confirmed)));
                        let lasts_s = at - unknown_since.unwrap_or(at);
                        prop_assert!(tick != Tick::Done || lasts_s < PATIENCE.as_secs());
                    }
                    Clear => {}
                }
                if matches!(deed, Some(Ticked | Confirmed)) {
                    let begun = at - clear_for_s;
                    let mut next = at;
                    for (then, standing) in seen.iter().rev() {
                        prop_assert_eq!(*standing, Clear);
                        prop_assert!(next - then <= GAP_MAX.as_secs());
                        next = *then;
                        if *then <= begun { break; }
                    }
                    prop_assert!(next <= begun);
                }
            }
        }
    }
}
