//! How many files and connections the system lets the program open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::listener::CONNECTIONS_MAX;

/// Descriptors beside connections: pipes of decoders, the database, files.
const OTHERS: u64 = 1024;

/// Raises the limit as far as is needed and allowed. Systems begin with 1024
/// for programs that can do with no more, which is not this one.
pub(crate) fn raise() {
    let wanted = CONNECTIONS_MAX as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is no limit.
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let possible = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    if raised.is_err() || possible < wanted {
        let allowed = getrlimit(Resource::Nofile).current;
        tracing::warn!(
            allowed,
            wanted,
            "few files may be open at once: for thousands of viewers raise the limit \
             (LimitNOFILE= of systemd, ulimit -n)"
        );
    }
}
