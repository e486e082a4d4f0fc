//! The priority of compute threads: below the event loop, so that a server answers while all cores compute.

/// Lowers the calling thread below the priority of the event loop, unless LORALIB_PRIORITY says otherwise. Where the system refuses or has no
/// priorities, nothing happens.
pub fn lower_thread_priority() {
    // An invalid value is reported when the engine starts.
    if crate::env::is_nice().unwrap_or(true) {
        lower();
    }
}

/// Gives threads of low priority to rayon's default pool too, which work outside the executor uses (tokenizing on libuv's threads).
pub fn lower_default_pool() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Fails when the pool exists already: then it stays as it is.
        let _ = rayon::ThreadPoolBuilder::new()
            .thread_name(|i| format!("loralib-text-{i}"))
            .start_handler(|_| lower_thread_priority())
            .build_global();
    });
}

/// A thread of lower weight (nice) still finishes its slice of some milliseconds before a thread that wakes, and these waits of the event loop add up;
/// one of the idle class gives up the core at once. It gets next to nothing of a core that others want, so it needs another core to make progress.
/// Threads compete only within their control group or session: programs of other groups get no more than they would anyway.
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
