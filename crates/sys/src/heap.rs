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
