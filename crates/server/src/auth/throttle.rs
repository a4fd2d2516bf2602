//! Waits after failed logins, by user name and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures that cost nothing.
const FREE: u32 = 5;
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Whoever has not failed for this long begins anew.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Names and addresses that are remembered.
const ENTRIES_MAX: usize = 4096;
/// A longer name is cut: nobody is called so.
const NAME_CHARS_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Instant,
}

impl Entry {
    fn wait(self, now: Instant) -> Duration {
        let Some(over) = self.failures.checked_sub(FREE) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(1 << over.min(6)).min(WAIT_MAX);
        (self.last + wait).saturating_duration_since(now)
    }
}

/// Remembers failed logins. Entries leave when they are forgotten, and the
/// oldest for a new one when there are too many.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    entries: HashMap<Key, Entry>,
}

fn keys(name: &str, address: IpAddr) -> [Key; 2] {
    let address = match address.to_canonical() {
        // One customer has a whole /64.
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    };
    [Key::Name(name.chars().take(NAME_CHARS_MAX).collect()), Key::Address(address)]
}

impl Throttle {
    /// Lets an attempt begin and counts it as failed until [`Self::succeeded`]:
    /// many at once must not slip through.
    ///
    /// # Errors
    /// With the time to wait.
    pub(crate) fn begin(
        &mut self,
        name: &str,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        let keys = keys(name, address);
        let wait = keys.iter().filter_map(|key| self.entries.get(key)).map(|e| e.wait(now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        for key in keys {
            self.make_room(now);
            let entry = self.entries.entry(key).or_insert(Entry { failures: 0, last: now });
            if now.saturating_duration_since(entry.last) > FORGET_AFTER {
                entry.failures = 0;
            }
            *entry = Entry { failures: entry.failures.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// The attempt was right: the name's failures are forgotten, the address's
    /// are not, as others may use it.
    pub(crate) fn succeeded(&mut self, name: &str, address: IpAddr) {
        let [name, address] = keys(name, address);
        self.entries.remove(&name);
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < ENTRIES_MAX {
            return;
        }
        self.entries.retain(|_, entry| now.saturating_duration_since(entry.last) <= FORGET_AFTER);
        if self.entries.len() >= ENTRIES_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn waits_grow_and_end() {
        let mut throttle = Throttle::default();
        let mut now = Instant::now();
        for _ in 0..FREE {
            throttle.begin("kim", address(1), now).unwrap();
        }
        for wait_s in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = throttle.begin("kim", address(1), now).unwrap_err();
            assert_eq!(wait, Duration::from_secs(wait_s));
            now += wait;
            throttle.begin("kim", address(1), now).unwrap();
        }
    }

    #[test]
    fn another_address_does_not_help_and_another_name_neither() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for i in 0..5 {
            throttle.begin("kim", address(i), now).unwrap();
            throttle.begin(&format!("user-{i}"), address(99), now).unwrap();
        }
        assert!(throttle.begin("kim", address(50), now).is_err());
        assert!(throttle.begin("lee", address(99), now).is_err());
        assert!(throttle.begin("lee", address(50), now).is_ok());
    }

    #[test]
    fn success_forgets_the_name_only() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..4 {
            throttle.begin("kim", address(1), now).unwrap();
        }
        throttle.begin("kim", address(1), now).unwrap();
        throttle.succeeded("kim", address(1));
        throttle.begin("lee", address(1), now).unwrap();
        assert!(throttle.begin("lee", address(1), now).is_err(), "the address failed 5 times");
        assert!(throttle.begin("kim", address(2), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for i in 0..5000_u32 {
            throttle.begin(&i.to_string(), IpAddr::from(i.to_be_bytes()), now).unwrap();
        }
        assert!(throttle.entries.len() <= ENTRIES_MAX);
    }
}
