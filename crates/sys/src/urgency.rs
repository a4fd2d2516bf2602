//! How urgent a process is for the scheduler of the system.

use std::io;
use std::mem::size_of;

use rustix::process::{Pid, getpriority_process};

/// Time slices of those that give way, nanoseconds: many times the usual one.
const SLICE_NS: u64 = 20_000_000;

/// Lets every task with slices of the usual length interrupt this one as soon as it
/// wakes, instead of when a slice of this one is over. What it gets of the processor in the
/// long run stays as its niceness says. Threads that it starts from now on are as this one.
///
/// Linux 6.12 and later; those before take no notice (`sched_setattr(2)`, `sched_runtime`
/// of a normal task).
///
/// # Errors
/// When the process is not there any more, or is somebody else's.
pub fn give_way(process: Option<Pid>) -> io::Result<()> {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?,
        sched_policy: u32::try_from(libc::SCHED_OTHER).map_err(io::Error::other)?,
        sched_flags: 0,
        sched_nice: getpriority_process(process)?,
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    let id = process.map_or(0, |process| process.as_raw_nonzero().get());
    // SAFETY: the system call reads `size` bytes of `attributes`, which lives until it
    // returns, and keeps nothing of it.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, id, &raw const attributes, 0) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::setpriority_process;

    use super::*;

    #[test]
    fn a_child_gives_way_and_keeps_its_niceness() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        setpriority_process(pid, 7).unwrap();
        give_way(pid).unwrap();
        assert_eq!(getpriority_process(pid).unwrap(), 7);
        // Not every kernel tells, and old ones know only one slice for all.
        let told = std::fs::read_to_string(format!("/proc/{}/sched", child.id()));
        let slice = told.ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("se.slice"))?;
            line.split(':').nth(1)?.trim().parse::<u64>().ok()
        });
        match slice {
            Some(slice) => assert_eq!(slice, SLICE_NS),
            None => eprintln!("SKIPPED: this kernel does not tell the slice of a task"),
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(give_way(pid).is_err(), "nobody is there any more");
    }
}
