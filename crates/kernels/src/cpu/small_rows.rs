//! Products with few rows (decoding, small batches): `y = beta · y + alpha · x · W`, bound by the reading of W.
//!
//! A row has the same bits alone and in a batch, for any thread count (see [`tile`]): each task computes whole elements
//! of y for a range of columns, and the order of the additions in an element depends on K only.

mod blocks;
mod rounded;
mod streamed;
mod tile;

pub(crate) use tile::{Kind, Tile, prefetch};

use crate::blocks::BlockRef;
use crate::float::Stored;
use crate::shared::shared;
use crate::{Float, WeightRef, par};

/// Most rows for which [`crate::cpu::gemm::gemm`] uses these kernels.
pub const MAX_ROWS: usize = 16;

/// Multiply-adds that are worth a second thread.
const SHARED_WORK: usize = 1 << 16;

/// Multiply-adds of one task: few, so that no thread waits long for the last one.
const TASK_WORK: usize = 1 << 14;

/// [`Tile::run`] on the current pool.
///
/// # Safety
/// As [`Tile::run`].
pub(crate) unsafe fn run_columns<T: Float, W: Stored<T>>(tile: Tile<T, W>) {
    if streamed::is_faster(&tile) {
        // SAFETY: the caller promises the pointers.
        return unsafe { streamed::run(tile) };
    }
    // SAFETY: tasks write disjoint columns of y.
    let tile = unsafe { shared(tile) };
    let whole = tile.get();
    par::for_rows(whole.n, columns_per_task(&whole), |columns| {
        // SAFETY: the columns are a part of the tile, whose pointers the caller promises.
        unsafe { part(tile.get(), columns.start, columns.len()).run() }
    });
}

/// [`run_columns`] for a W in the precision in which it is stored; its rows are `ldw` apart and `tile.w` is not used. Bits are those
/// of the widened W.
///
/// # Safety
/// As [`Tile::run`], W aside.
pub(crate) unsafe fn run_columns_of<T: Float>(tile: Tile<T>, w: WeightRef<'_, T>) {
    // SAFETY: the caller promises the sizes.
    unsafe {
        match w {
            WeightRef::Full(w) => run_columns(tile.with_weight(w.as_ptr())),
            WeightRef::Bf16(w) | WeightRef::Bf16Rounding(w) => run_columns(tile.with_weight(w.as_ptr())),
            WeightRef::F16(w) => run_columns(tile.with_weight(w.as_ptr())),
            WeightRef::Blocks(w) => run_blocks(tile, w, false),
            WeightRef::BlocksRounding(w) => run_blocks(tile, w, true),
        }
    }
}

/// [`run_columns`] for a W in blocks, (N, K); `rounds` when x may be rounded to 8 bits.
///
/// # Safety
/// As [`Tile::run`], W aside; `T` is f32.
unsafe fn run_blocks<T: Float>(tile: Tile<T>, w: BlockRef<'_>, rounds: bool) {
    debug_assert!(size_of::<T>() == size_of::<f32>() && tile.kind == Kind::Dot);
    let Tile { m, k, n, .. } = tile;
    let tile = Tile {
        kind: Kind::Dot,
        m,
        k,
        n,
        x: tile.x.cast::<f32>(),
        x_strides: tile.x_strides,
        w: std::ptr::null(),
        ldw: k,
        y: tile.y.cast::<f32>(),
        ldy: tile.ldy,
        alpha: tile.alpha.to_f32(),
        beta: tile.beta.to_f32(),
    };
    let grain = columns_per_task(&tile);
    // SAFETY: tasks write disjoint columns of y, a part of the tile, whose pointers the caller promises; rows are whole blocks.
    unsafe {
        if rounds && rounded::applies() {
            rounded::with_rounded(&tile, |x| {
                let (tile, x, w) = (shared(tile), shared(x), shared(w));
                par::for_rows(n, grain, |columns| rounded::run(tile.get(), x.get(), w.get(), columns));
            });
        } else {
            let (tile, w) = (shared(tile), shared(w));
            par::for_rows(n, grain, |columns| blocks::run(tile.get(), w.get(), columns));
        }
    }
}

/// Columns j..j+n of a tile.
unsafe fn part<T, W>(whole: Tile<T, W>, j: usize, n: usize) -> Tile<T, W> {
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
fn columns_per_task<T, W>(tile: &Tile<T, W>) -> usize {
    let work = tile.m * tile.k;
    if work * tile.n <= SHARED_WORK {
        return tile.n;
    }
    (TASK_WORK / work.max(1)).max(1).next_multiple_of(16)
}
