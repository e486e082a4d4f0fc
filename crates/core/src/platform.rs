//! What differs between operating systems: memory limits and thread priority.

/// Bytes that this process may use.
pub fn memory_limit() -> u64 {
    [cgroup_limit(), physical_memory()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u64::MAX)
}

#[cfg(target_os = "linux")]
fn cgroup_limit() -> Option<u64> {
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
}

#[cfg(not(target_os = "linux"))]
fn cgroup_limit() -> Option<u64> {
    None
}

#[cfg(unix)]
fn physical_memory() -> Option<u64> {
    // SAFETY: sysconf only reads; both names exist on every Unix that Rust supports.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    (pages > 0 && size > 0).then(|| pages as u64 * size as u64)
}

#[cfg(not(unix))]
fn physical_memory() -> Option<u64> {
    None
}

/// Lowers the calling thread below the event loop's priority. Where the system has no such thing, nothing happens.
pub fn lower_thread_priority() {
    #[cfg(target_os = "linux")]
    // SAFETY: setpriority on the caller's own thread id; a refusal changes nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, libc::syscall(libc::SYS_gettid) as libc::id_t, 10);
    }
}
