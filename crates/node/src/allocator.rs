//! The allocator of everything that is not a JavaScript object: mimalloc.

/// candle and the pools allocate through it: no page faults on each step, memory given back when idle.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

unsafe extern "C" {
    // Part of the library that the mimalloc crate links; the crate itself does not name it.
    fn mi_collect(force: bool);
}

/// Returns what the calling thread freed to the system, not only to the allocator.
pub fn collect() {
    // SAFETY: it may be called at any time, by any thread.
    unsafe { mi_collect(true) }
}

/// It reserves a gigabyte of addresses at a time. Where these are limited (`ulimit -v`), none would be left for the stacks of the threads.
#[cfg(target_os = "linux")]
mod reserve {
    use std::ffi::{c_int, c_long};

    unsafe extern "C" {
        fn mi_option_get(option: c_int) -> c_long;
        fn mi_option_set(option: c_int, value: c_long);
    }

    /// `mi_option_arena_reserve` of mimalloc 3, in KiB.
    const ARENA_RESERVE: c_int = 23;
    const USUAL: c_long = 1 << 20;
    const LIMITED: c_long = 64 << 10;

    /// Runs when the library is loaded, before the first allocation: other initialisers have no number, and come later.
    #[used]
    #[unsafe(link_section = ".init_array.00099")]
    static SET: extern "C" fn() = set;

    extern "C" fn set() {
        let mut limit = libc::rlimit {
            rlim_cur: libc::RLIM_INFINITY,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: getrlimit writes the struct that it is given; the options are numbers that may be read and set at any time. The usual value shows that
        // the number means what it does in the version that is built in.
        unsafe {
            let is_limited =
                libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) == 0 && limit.rlim_cur != libc::RLIM_INFINITY;
            if is_limited && mi_option_get(ARENA_RESERVE) == USUAL {
                mi_option_set(ARENA_RESERVE, LIMITED);
            }
        }
    }
}
