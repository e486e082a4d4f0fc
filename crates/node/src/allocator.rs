//! The allocator of everything that is not a JavaScript object: mimalloc.

use std::alloc::{GlobalAlloc, Layout};

use mimalloc::MiMalloc;

/// candle and the pools allocate through it: no page faults on each step, memory given back when idle.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// mimalloc with huge pages for large blocks alone. The first touch of a huge page clears 2 MiB, which takes milliseconds on a virtual machine; what the
/// thread of JavaScript allocates is small, and it must not wait for that. Large blocks are first written by the compute threads.
struct Allocator;

// SAFETY: each block comes from mimalloc and goes back to it with the layout it was made for; advice to the system changes no content.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is that of mimalloc.
        let block = unsafe { MiMalloc.alloc(layout) };
        huge::advise(block, layout.size());
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { MiMalloc.alloc_zeroed(layout) };
        huge::advise(block, layout.size());
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { MiMalloc.realloc(block, layout, size) };
        huge::advise(block, size);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { MiMalloc.dealloc(block, layout) }
    }
}

unsafe extern "C" {
    // Part of the library that the mimalloc crate links; the crate itself does not name it.
    fn mi_collect(force: bool);
}

/// Returns what the calling thread freed to the system, not only to the allocator.
pub fn collect() {
    // SAFETY: it may be called at any time, by any thread.
    unsafe { mi_collect(true) }
}

#[cfg(target_os = "linux")]
mod huge {
    const HUGE_PAGE: usize = 2 << 20;
    /// A block of this size holds a whole huge page wherever it begins.
    const LARGE: usize = 2 * HUGE_PAGE;

    /// Asks for huge pages inside a large block.
    pub fn advise(block: *mut u8, size: usize) {
        if size < LARGE || block.is_null() {
            return;
        }
        let inside = block.align_offset(HUGE_PAGE);
        let whole = (size - inside) / HUGE_PAGE * HUGE_PAGE;
        // SAFETY: the range lies inside the block, and this advice changes how it is backed, not what it holds. A system without huge pages refuses it,
        // which changes nothing.
        unsafe { libc::madvise(block.add(inside).cast(), whole, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
mod huge {
    /// Other systems choose by themselves.
    pub fn advise(_block: *mut u8, _size: usize) {}
}

/// Options that mimalloc reads when it starts.
#[cfg(target_os = "linux")]
mod options {
    use std::ffi::{c_int, c_long};

    unsafe extern "C" {
        fn mi_option_get(option: c_int) -> c_long;
        fn mi_option_set(option: c_int, value: c_long);
        fn mi_process_init();
    }

    /// `mi_option_arena_reserve` of mimalloc 3, in KiB.
    const ARENA_RESERVE: c_int = 23;
    const USUAL: c_long = 1 << 20;
    const LIMITED: c_long = 64 << 10;
    /// `mi_option_allow_thp`: whether it asks for huge pages for all that it reserves.
    const ALLOW_HUGE_PAGES: c_int = 43;

    /// Runs when the library is loaded, before the first allocation: other initialisers have no number, and come later.
    #[used]
    #[unsafe(link_section = ".init_array.00099")]
    static SET: extern "C" fn() = set;

    extern "C" fn set() {
        let mut limit = libc::rlimit {
            rlim_cur: libc::RLIM_INFINITY,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: getrlimit writes the struct that it is given; the options are numbers that may be read and set at any time, and mimalloc may be started
        // by anybody. The usual values show that the numbers mean what they do in the version that is built in.
        unsafe {
            // It reserves a gigabyte of addresses at a time. Where these are limited (`ulimit -v`), none would be left for the stacks of the threads.
            let is_limited =
                libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) == 0 && limit.rlim_cur != libc::RLIM_INFINITY;
            if is_limited && mi_option_get(ARENA_RESERVE) == USUAL {
                mi_option_set(ARENA_RESERVE, LIMITED);
            }
            // When it starts without them it forbids huge pages to the whole process, so it starts with them.
            mi_process_init();
            if mi_option_get(ALLOW_HUGE_PAGES) == 1 {
                mi_option_set(ALLOW_HUGE_PAGES, 0);
            }
        }
    }
}
