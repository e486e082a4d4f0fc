//! Products with few rows (decoding, small batches): `y = beta · y + alpha · x · W` at the speed at which W is read.
//!
//! A row has the same bits alone and in a batch, for any thread count (see [`tile`]): each task computes whole elements
//! of y for a range of columns, and the order of the additions in an element is a matter of K only.

mod lanes;
mod scratch;
mod streamed;
mod tile;

pub(crate) use lanes::Lane;
pub(crate) use scratch::{release_scratch, with_scratch};
pub(crate) use tile::{Kind, Tile, on_current_isa, prefetch};

use crate::{Float, WeightRef, isa, par};
use tile::K_BLOCK;

/// Most rows for which [`crate::cpu::gemm::gemm`] comes here.
pub const MAX_ROWS: usize = 16;

/// Multiply-adds that are worth a second thread.
const SHARED_WORK: usize = 1 << 16;

/// Multiply-adds that one task should have: few, so that no thread waits long for the last one.
const TASK_WORK: usize = 1 << 14;

/// Rows of W that are widened at once in the dot layout.
const WIDE_ROWS: usize = 8;

/// Columns of W that are widened at once in the axpy layout: 128 KiB of f32 with [`K_BLOCK`] rows.
const WIDE_COLUMNS: usize = 256;

/// A pointer that tasks share; each writes its own elements only.
#[derive(Clone, Copy)]
pub(crate) struct Shared<P>(P);

// SAFETY: a Shared is made by `shared` only, whose users give each task elements that no other task touches.
unsafe impl<P> Send for Shared<P> {}
// SAFETY: as above.
unsafe impl<P> Sync for Shared<P> {}

impl<P: Copy> Shared<P> {
    /// The pointer. A method, so that closures capture the whole wrapper.
    pub(crate) fn get(self) -> P {
        self.0
    }
}

/// Lets tasks of the current pool use `p`.
///
/// # Safety
/// No two tasks may touch the same element when one of them writes it.
pub(crate) unsafe fn shared<P: Copy>(p: P) -> Shared<P> {
    Shared(p)
}

/// [`Tile::run`] on the current pool.
///
/// # Safety
/// As [`Tile::run`].
pub(crate) unsafe fn run_columns<T: Float>(tile: Tile<T>) {
    if streamed::serves(&tile) {
        // SAFETY: the caller promises the pointers.
        return unsafe { streamed::run(tile, None) };
    }
    // SAFETY: tasks write disjoint columns of y.
    let tile = unsafe { shared(tile) };
    let whole = tile.get();
    par::for_rows(whole.n, columns_per_task(&whole), |columns| {
        // SAFETY: the columns are a part of the tile that the caller vouches for.
        unsafe { part(tile.get(), columns.start, columns.len()).run() }
    });
}

/// [`run_columns`] for a W that is not stored as `T`; its rows are `ldw` apart and `tile.w` is not used. Bits are those
/// of the widened W.
///
/// # Safety
/// As [`Tile::run`], W aside.
pub(crate) unsafe fn run_columns_widened<T: Float>(tile: Tile<T>, w: WeightRef<'_, T>) {
    if streamed::serves(&tile) {
        // SAFETY: the caller promises the pointers.
        return unsafe { streamed::run(tile, Some(w)) };
    }
    // SAFETY: tasks write disjoint columns of y.
    let tile = unsafe { shared(tile) };
    let whole = tile.get();
    par::for_rows(whole.n, columns_per_task(&whole), |columns| {
        let whole = tile.get();
        // SAFETY: the columns are a part of the tile that the caller vouches for; w points into the scratch.
        unsafe {
            match whole.kind {
                Kind::Dot => widened_dot(whole, columns, w),
                Kind::Axpy => widened_axpy(whole, columns, w),
            }
        }
    });
}

unsafe fn widened_dot<T: Float>(whole: Tile<T>, columns: std::ops::Range<usize>, w: WeightRef<'_, T>) {
    let k = whole.k;
    with_scratch(WIDE_ROWS * k, |panel: &mut [T]| {
        for j in columns.clone().step_by(WIDE_ROWS) {
            let rows = WIDE_ROWS.min(columns.end - j);
            widen(w, j * whole.ldw, whole.ldw, k, &mut panel[..rows * k]);
            // SAFETY: y is inside the caller's promise, W is the panel (rows, k).
            unsafe {
                Tile {
                    n: rows,
                    w: panel.as_ptr(),
                    ldw: k,
                    y: whole.y.add(j),
                    ..whole
                }
                .run()
            }
        }
    });
}

unsafe fn widened_axpy<T: Float>(whole: Tile<T>, columns: std::ops::Range<usize>, w: WeightRef<'_, T>) {
    with_scratch(WIDE_COLUMNS * K_BLOCK, |panel: &mut [T]| {
        for j in columns.clone().step_by(WIDE_COLUMNS) {
            let n = WIDE_COLUMNS.min(columns.end - j);
            let mut k0 = 0;
            loop {
                let k = K_BLOCK.min(whole.k - k0);
                widen(w, k0 * whole.ldw + j, whole.ldw, n, &mut panel[..k * n]);
                let beta = if k0 == 0 { whole.beta } else { T::ONE };
                // SAFETY: x from column k0 and y from column j are inside the caller's promise, W is the panel (k, n).
                unsafe {
                    let x = whole.x.add(k0 * whole.x_strides.1);
                    Tile {
                        n,
                        k,
                        x,
                        w: panel.as_ptr(),
                        ldw: n,
                        y: whole.y.add(j),
                        beta,
                        ..whole
                    }
                    .run();
                }
                k0 += k;
                if k0 >= whole.k {
                    break;
                }
            }
        }
    });
}

/// Fills `panel` with rows of `len` elements of W, `ldw` apart, from flat index `start`.
fn widen<T: Float>(w: WeightRef<'_, T>, start: usize, ldw: usize, len: usize, panel: &mut [T]) {
    isa::dispatch(
        #[inline(always)]
        || {
            for (r, row) in panel.chunks_exact_mut(len.max(1)).enumerate() {
                let from = w.slice(start + r * ldw, len);
                if ldw > len {
                    prefetch_after(from);
                }
                from.widen(row);
            }
        },
    );
}

/// Asks for the piece of the same row that the next panel will need; rows lie too far apart for the CPU to guess.
#[inline(always)]
fn prefetch_after<T: Float>(w: WeightRef<'_, T>) {
    let (address, size_bytes) = match w {
        WeightRef::Full(w) => (w.as_ptr().cast::<u8>(), size_of_val(w)),
        WeightRef::Bf16(w) | WeightRef::Bf16Rounding(w) => (w.as_ptr().cast(), size_of_val(w)),
        WeightRef::F16(w) => (w.as_ptr().cast(), size_of_val(w)),
    };
    (0..size_bytes)
        .step_by(64)
        .for_each(|line| prefetch(address.wrapping_add(size_bytes + line)));
}

/// Columns j..j+n of a tile.
unsafe fn part<T>(whole: Tile<T>, j: usize, n: usize) -> Tile<T> {
    let step = if whole.kind == Kind::Dot { whole.ldw } else { 1 };
    // SAFETY: j <= n of the whole tile.
    unsafe {
        Tile {
            n,
            w: whole.w.add(j * step),
            y: whole.y.add(j),
            ..whole
        }
    }
}

/// Whole cache lines of y, and enough work to pay for a task.
fn columns_per_task<T>(tile: &Tile<T>) -> usize {
    let work = tile.m * tile.k;
    if work * tile.n <= SHARED_WORK {
        return tile.n;
    }
    (TASK_WORK / work.max(1)).max(1).next_multiple_of(16)
}
