//! The C library's heap, which Rust's allocations come from.

/// Bounds how many heaps the threads of this process share; to be called before others are
/// started. Left to itself, glibc gives nearly every thread one of its own, and each keeps
/// room for the largest pictures that it ever held.
///
/// Where the C library is not glibc, nothing happens.
pub fn limit_heaps(count: u8) {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: sets a number of the allocator; no memory is reached through it.
        let answer = unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::from(count.max(1))) };
        debug_assert_eq!(answer, 1, "glibc knows the setting since 2.10");
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = count;
}

/// Gives memory that was freed back to the system, wherever whole pages of it are free. Left to
/// itself, glibc keeps nearly all, and what a burst has torn stays torn. Takes milliseconds, in
/// which threads that allocate may wait.
///
/// Where the C library is not glibc, nothing happens.
pub fn give_back_free_memory() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: releases pages that hold nothing; whether there were some is of no interest.
        unsafe { libc::malloc_trim(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_memory_goes_back() {
        let resident = || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
        };
        // Torn: every second block stays, in blocks too small to be given back one by one.
        let mut blocks: Vec<Vec<u8>> = (0..20_000).map(|_| vec![1; 8192]).collect();
        let full = resident();
        for (number, block) in blocks.iter_mut().enumerate() {
            if number % 16 != 0 {
                *block = Vec::new();
            }
        }
        give_back_free_memory();
        let left = resident();
        assert!(left + (64 << 20) < full, "{left} of {full} bytes are still there");
        drop(blocks);
    }
}
