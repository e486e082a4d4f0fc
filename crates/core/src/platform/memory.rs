//! How much memory the process may use, and how much is free now.

#[cfg(target_os = "linux")]
use super::cgroup;

/// Bytes that this process may use: the smallest of physical memory, its container's limits and its own resource limits.
pub fn memory_limit() -> u64 {
    [container_limit(), resource_limit(), physical_memory()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u64::MAX)
}

/// Bytes that can be allocated now without swapping and without another process being killed; `None` where the system
/// does not tell.
pub fn available_memory() -> Option<u64> {
    [container_free(), system_free()].into_iter().flatten().min()
}

/// Whether the address space itself is limited: then every reservation counts, even of memory that is never touched.
pub fn has_address_limit() -> bool {
    // Asked only once, because every read and every put needs it.
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| resource_limit().is_some())
}

/// Whether the system would grant the process this many bytes: a trial mapping that is not touched.
#[cfg(unix)]
pub fn can_map(bytes: usize) -> bool {
    // SAFETY: a new private mapping, at an address that the system chooses, that nobody else uses.
    unsafe {
        let address = libc::mmap(
            std::ptr::null_mut(),
            bytes.max(1),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
            -1,
            0,
        );
        address != libc::MAP_FAILED && libc::munmap(address, bytes.max(1)) == 0
    }
}

/// Whether the system would grant the process this many bytes.
#[cfg(not(unix))]
pub fn can_map(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

#[cfg(target_os = "linux")]
fn container_limit() -> Option<u64> {
    cgroup::own().iter().filter_map(cgroup::Group::limit).min()
}

#[cfg(target_os = "linux")]
fn container_free() -> Option<u64> {
    cgroup::own().iter().filter_map(cgroup::Group::free).min()
}

#[cfg(target_os = "linux")]
fn system_free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(not(target_os = "linux"))]
fn container_limit() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn container_free() -> Option<u64> {
    None
}

#[cfg(not(any(target_os = "linux", windows)))]
fn system_free() -> Option<u64> {
    None
}

#[cfg(unix)]
fn resource_limit() -> Option<u64> {
    let read = |which| {
        let mut limit = libc::rlimit {
            rlim_cur: libc::RLIM_INFINITY,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: getrlimit writes the struct that it is given, and nothing else.
        let answered = unsafe { libc::getrlimit(which, &mut limit) } == 0;
        (answered && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
    };
    [read(libc::RLIMIT_AS), read(libc::RLIMIT_DATA)]
        .into_iter()
        .flatten()
        .min()
}

#[cfg(not(unix))]
fn resource_limit() -> Option<u64> {
    None
}

#[cfg(unix)]
fn physical_memory() -> Option<u64> {
    // SAFETY: sysconf only reads; both names exist on every Unix that Rust supports (on macOS this is hw.memsize).
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    (pages > 0 && size > 0).then(|| pages as u64 * size as u64)
}

#[cfg(windows)]
fn physical_memory() -> Option<u64> {
    Some(windows_status()?.total_physical)
}

#[cfg(windows)]
fn system_free() -> Option<u64> {
    Some(windows_status()?.available_physical)
}

/// MEMORYSTATUSEX of the Windows API.
#[cfg(windows)]
#[repr(C)]
struct MemoryStatus {
    length: u32,
    load: u32,
    total_physical: u64,
    available_physical: u64,
    total_page_file: u64,
    available_page_file: u64,
    total_virtual: u64,
    available_virtual: u64,
    available_extended_virtual: u64,
}

#[cfg(windows)]
fn windows_status() -> Option<MemoryStatus> {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GlobalMemoryStatusEx(status: *mut MemoryStatus) -> i32;
    }
    let mut status = MemoryStatus {
        length: size_of::<MemoryStatus>() as u32,
        load: 0,
        total_physical: 0,
        available_physical: 0,
        total_page_file: 0,
        available_page_file: 0,
        total_virtual: 0,
        available_virtual: 0,
        available_extended_virtual: 0,
    };
    // SAFETY: the call fills the struct, whose length it is told.
    (unsafe { GlobalMemoryStatusEx(&mut status) } != 0).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_limit_and_something_free_below_it() {
        let limit = memory_limit();
        assert!(limit > 64 << 20 && limit < u64::MAX, "{limit}");
        if let Some(free) = available_memory() {
            assert!(free > 0 && free <= physical_memory().unwrap_or(u64::MAX), "{free}");
        }
    }
}
