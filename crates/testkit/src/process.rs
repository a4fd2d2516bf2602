//! What the system says of processes (Linux, `/proc`).

use std::fs;
use std::process::Command;

use crate::TestkitError;

/// Whether the process runs; one that has ended but was not waited for does not.
#[must_use]
pub fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// The command line, arguments joined by spaces; empty when there is no such process.
#[must_use]
pub fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// The arguments, the program's name first; empty when there is no such process.
#[must_use]
pub fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Sends a signal by its name, as `KILL`, `STOP` or `SEGV`.
///
/// # Errors
/// When there is no such process, or `kill` is missing.
pub fn signal(pid: u32, name: &str) -> Result<(), TestkitError> {
    // To `kill` zero and what it takes for a negative number mean many processes.
    if pid == 0 || i32::try_from(pid).is_err() {
        let said = format!("{pid} is no number of one process");
        return Err(TestkitError::Program { program: "kill", said });
    }
    crate::clip::run("kill", Command::new("kill").args([&format!("-{name}"), &pid.to_string()]))
        .map(drop)
}

/// Open descriptors; none when there is no such process.
#[must_use]
pub fn descriptors(pid: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{pid}/fd")).ok().map(Iterator::count)
}

/// Threads; none when there is no such process.
#[must_use]
pub fn threads(pid: u32) -> Option<usize> {
    fs::read_dir(format!("/proc/{pid}/task")).ok().map(Iterator::count)
}

/// The environment, variables joined by spaces; empty when there is no such process.
#[must_use]
pub fn environment(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Memory in use, KiB.
#[must_use]
pub fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The running children of a process.
#[must_use]
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            stat(*pid).is_some_and(|(state, of)| of == parent && !matches!(state, 'Z' | 'X'))
        })
        .collect()
}

/// State letter and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it is in parentheses and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_runs() {
        let me = std::process::id();
        assert!(is_running(me));
        assert!(command_line(me).contains("safe_yolo_testkit"));
        assert!(arguments(me)[0].contains("safe_yolo_testkit"));
        assert!(descriptors(me).unwrap() > 2 && threads(me).unwrap() > 0);
        assert_eq!(descriptors(u32::MAX), None);
        assert!(signal(u32::MAX, "CONT").is_err() && signal(0, "CONT").is_err());
        assert!(!is_running(u32::MAX));
    }
}
