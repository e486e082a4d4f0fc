//! The priority of compute threads: below the event loop, so that a server answers while all cores compute.

/// Lowers the calling thread below the event loop's priority, unless the environment wants it to stay. Where the system refuses, or has no such
/// thing, nothing happens.
pub fn lower_thread_priority() {
    // A value that means nothing is an error where the engine starts.
    if crate::env::is_nice().unwrap_or(true) {
        lower();
    }
}

/// Gives rayon's default pool, which work outside the executor uses (tokenizing on libuv's threads), threads of low priority too.
pub fn lower_default_pool() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Refused when a pool is there already: then it stays as it is.
        let _ = rayon::ThreadPoolBuilder::new()
            .thread_name(|i| format!("loralib-text-{i}"))
            .start_handler(|_| lower_thread_priority())
            .build_global();
    });
}

/// A thread of a lower weight still finishes its slice of some milliseconds before a thread that wakes, and each wait of the event loop for one adds
/// up; one of the idle class leaves the core at once. Its share of a core that others want is next to nothing, so it needs another core to go on.
/// Threads are compared within their control group or session only: programs of others take no more than they would anyway.
#[cfg(target_os = "linux")]
fn lower() {
    let is_alone = std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the caller's own thread, and the priority lives through the call; a refusal changes nothing.
    let is_idle = !is_alone && unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) } == 0;
    if !is_idle {
        // SAFETY: setpriority on the caller's own thread id; a refusal changes nothing.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, libc::syscall(libc::SYS_gettid) as libc::id_t, 10);
        }
    }
}

#[cfg(target_vendor = "apple")]
fn lower() {
    unsafe extern "C" {
        fn pthread_set_qos_class_self_np(class: u32, priority: i32) -> i32;
    }
    /// QOS_CLASS_UTILITY: long work whose progress somebody watches.
    const UTILITY: u32 = 0x11;
    // SAFETY: it changes the calling thread only.
    unsafe {
        pthread_set_qos_class_self_np(UTILITY, 0);
    }
}

#[cfg(windows)]
fn lower() {
    use std::ffi::c_void;
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetCurrentThread() -> *mut c_void;
        fn SetThreadPriority(thread: *mut c_void, priority: i32) -> i32;
    }
    /// THREAD_PRIORITY_BELOW_NORMAL.
    const BELOW_NORMAL: i32 = -1;
    // SAFETY: the handle of the calling thread is valid as long as the thread runs.
    unsafe {
        SetThreadPriority(GetCurrentThread(), BELOW_NORMAL);
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
fn lower() {}
