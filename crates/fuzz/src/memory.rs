//! Counts what the readers hold, and ends the process when that is too much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The most bytes that one input may take.
pub const LIMIT: usize = 256 << 20;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// What was live when the input began; `usize::MAX` while nothing is judged.
static BEFORE: AtomicUsize = AtomicUsize::new(usize::MAX);
static SHOWN: AtomicUsize = AtomicUsize::new(0);
static ENDING: AtomicBool = AtomicBool::new(false);

// SAFETY: all memory comes from and goes back to the system's allocator; this only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size(), Relaxed);
        grow(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Counts before anything is taken, so that one large request ends the process, too.
fn grow(size: usize) {
    let live = LIVE.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(live, Relaxed);
    let before = BEFORE.load(Relaxed);
    if before != usize::MAX && live > before.saturating_add(LIMIT) && !ENDING.swap(true, Relaxed) {
        eprintln!("memory: {size} bytes asked for, {} in all for this input, {LIMIT} allowed", live - before);
        std::process::abort();
    }
}

/// Runs a reader on one input. Prints what it took at most, when that is more than any input before.
pub fn watched(read: impl FnOnce()) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    BEFORE.store(before, Relaxed);
    read();
    BEFORE.store(usize::MAX, Relaxed);
    let peak = PEAK.load(Relaxed) - before;
    if peak > SHOWN.load(Relaxed) + (1 << 16) {
        SHOWN.store(peak, Relaxed);
        eprintln!("peak: {peak}");
    }
}

/// Runs what is no part of the reader.
pub fn uncounted(run: impl FnOnce()) {
    let before = BEFORE.swap(usize::MAX, Relaxed);
    run();
    BEFORE.store(before, Relaxed);
}
