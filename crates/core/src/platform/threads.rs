//! The priority of compute threads: below the event loop, so that a server answers while all cores compute.

use crate::config::Priority;

/// Gives the calling thread the priority of compute threads, LORALIB_PRIORITY.
pub fn lower_thread_priority() {
    // An invalid value is reported when the engine starts.
    set_thread_priority(crate::env::priority().unwrap_or(Priority::Low));
}

/// Gives the calling thread a priority. Where the system refuses or has no priorities, nothing happens.
pub fn set_thread_priority(priority: Priority) {
    set(priority);
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

/// Linux: a lower weight (nice), which still gets its share beside busy programs, and a short slice: a thread that wakes may have to wait until the running
/// one's slice has ended. The system's slice is 3 ms, and others can be had from Linux 6.12 on. The idle class gives up the core at once, and gets next to
/// nothing of one that others want (docs/design/performance.md has the numbers). Threads compete only within their control group or session: programs of
/// other groups get no more than they would anyway, and a long slice would hold back the event loop with the group.
#[cfg(target_os = "linux")]
fn set(priority: Priority) {
    /// Steps above the event loop's nice value: a tenth of its weight.
    const NICE: i32 = 10;
    const SLICE_NS: u64 = 1_000_000;
    // SAFETY: asks for the caller's own thread.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, own_id()) };
    let wanted = match priority {
        Priority::Normal => return,
        Priority::Low => SchedAttr::new(libc::SCHED_OTHER, (nice + NICE).min(19), SLICE_NS),
        Priority::Idle => SchedAttr::new(libc::SCHED_IDLE, 0, 0),
    };
    // SAFETY: the kernel reads as many bytes as the struct says that it has; 0 is the caller's own thread. The C library's functions are no use: some
    // have none for slices, and musl's do nothing.
    let refused = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const wanted, 0) } != 0;
    if refused {
        // SAFETY: setpriority on the caller's own thread id; a refusal changes nothing.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, own_id(), (nice + NICE).min(19)) };
    }
}

#[cfg(target_os = "linux")]
fn own_id() -> libc::id_t {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as libc::id_t }
}

/// `struct sched_attr` of Linux in its first version.
#[cfg(target_os = "linux")]
#[repr(C)]
struct SchedAttr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

#[cfg(target_os = "linux")]
impl SchedAttr {
    fn new(policy: libc::c_int, nice: i32, slice: u64) -> Self {
        SchedAttr {
            size: size_of::<SchedAttr>() as u32,
            policy: policy as u32,
            flags: 0,
            nice,
            priority: 0,
            runtime: slice,
            deadline: 0,
            period: 0,
        }
    }
}

#[cfg(target_vendor = "apple")]
fn set(priority: Priority) {
    unsafe extern "C" {
        fn pthread_set_qos_class_self_np(class: u32, priority: i32) -> i32;
    }
    // QOS_CLASS_UTILITY: long work whose progress somebody watches. QOS_CLASS_BACKGROUND: what nobody waits for.
    let class = match priority {
        Priority::Normal => return,
        Priority::Low => 0x11,
        Priority::Idle => 0x09,
    };
    // SAFETY: it changes the calling thread only.
    unsafe {
        pthread_set_qos_class_self_np(class, 0);
    }
}

#[cfg(windows)]
fn set(priority: Priority) {
    use std::ffi::c_void;
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetCurrentThread() -> *mut c_void;
        fn SetThreadPriority(thread: *mut c_void, priority: i32) -> i32;
    }
    // THREAD_PRIORITY_BELOW_NORMAL and THREAD_PRIORITY_IDLE.
    let value = match priority {
        Priority::Normal => return,
        Priority::Low => -1,
        Priority::Idle => -15,
    };
    // SAFETY: the handle of the calling thread is valid as long as the thread runs.
    unsafe {
        SetThreadPriority(GetCurrentThread(), value);
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
fn set(_: Priority) {}
