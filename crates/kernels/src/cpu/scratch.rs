//! Scratch memory of one thread, kept between calls so that hot kernels neither allocate nor touch new pages.

use std::cell::Cell;

/// Buffers up to this size are kept: 4 MiB.
const KEPT_LINES: usize = 4 << 20 >> 6;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "only its bytes are used, through a cast")] [u64; 8]);

thread_local! {
    /// Free buffers, one for each level of nesting.
    static FREE: Cell<Vec<Vec<Line>>> = const { Cell::new(Vec::new()) };
}

/// Frees the buffers that the calling thread keeps.
pub fn release() {
    drop(FREE.take());
}

/// Runs `f` with `len` values of unspecified content, aligned to a cache line. Calls may nest.
pub(crate) fn with_scratch<T: crate::Float, R>(len: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
    let mut free = FREE.take();
    let mut lines = free.pop().unwrap_or_default();
    FREE.set(free);
    let wanted = (len * size_of::<T>()).div_ceil(64);
    if lines.len() < wanted {
        crate::alloc::grow(&mut lines, wanted);
        lines.resize(wanted, Line([0; 8]));
    }
    // SAFETY: the lines are initialised, cover `len` elements, are aligned to 64, and any bits are a valid f32 or f64
    // (`Float` has no other implementor). The vector outlives the slice.
    let result = f(unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<T>(), len) });
    if lines.len() <= KEPT_LINES {
        let mut free = FREE.take();
        free.push(lines);
        FREE.set(free);
    }
    result
}
