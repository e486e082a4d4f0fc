//! The axpy layout for a large W: tasks are blocks of K, so that W is read in the order of memory.
//!
//! By columns, a task would read a few cache lines of each row, and the next row begins a page further: a third of the memory's speed.
//! The sums of each block are stored separately and added in the order of the blocks, which are those of [`Tile::run`]: the bits are the
//! same.

use std::ops::Range;

use super::tile::{K_BLOCK, Kind, Tile, prefetch};
use crate::cpu::scratch::with_scratch;
use crate::float::Stored;
use crate::shared::shared;
use crate::{Float, isa, par};
use pulp::{Simd, WithSimd};

/// Rows of W that are added to a row of sums together.
const GROUP: usize = 8;

/// Columns of a task: with [`GROUP`] rows 32 KiB of f32.
const COLUMNS: usize = 1024;

/// Columns of a task that adds up the blocks.
const ADDED_COLUMNS: usize = 256;

/// Multiply-adds from which separate sums pay.
const LEAST_WORK: usize = 1 << 18;

/// Whether [`run`] is the faster way.
pub(super) fn is_faster<T, W>(tile: &Tile<T, W>) -> bool {
    tile.kind == Kind::Axpy && tile.k >= 2 * K_BLOCK && tile.k * tile.n >= LEAST_WORK
}

/// [`Tile::run`] on the current pool.
///
/// # Safety
/// As [`Tile::run`].
pub(super) unsafe fn run<T: Float, W: Stored<T>>(tile: Tile<T, W>) {
    let blocks = tile.k.div_ceil(K_BLOCK);
    let pieces = tile.n.div_ceil(COLUMNS);
    let ld = line_of_sums::<T>(tile.n);
    let size = tile.m * ld;
    with_scratch(blocks * size, |sums: &mut [T]| {
        // SAFETY: tasks write the sums of their own block and columns, then their own columns of y.
        let (whole, all) = unsafe { (shared(tile), shared(sums.as_mut_ptr())) };
        par::for_rows(blocks * pieces, 1, |tasks| {
            for task in tasks {
                let (block, first) = (task / pieces, task % pieces * COLUMNS);
                let columns = first..tile.n.min(first + COLUMNS);
                let rows = block * K_BLOCK..tile.k.min((block + 1) * K_BLOCK);
                // SAFETY: the block's sums are (m, ld); rows and columns are inside W.
                unsafe { sum(whole.get(), rows, columns, all.get().add(block * size), ld) }
            }
        });
        par::for_rows(tile.n, ADDED_COLUMNS, |columns| {
            let sums = all.get().cast_const();
            // The sums of all blocks are complete, and the columns are inside y.
            isa::dispatch_registers(Add {
                tile: whole.get(),
                sums,
                ld,
                blocks,
                columns,
            });
        });
    });
}

/// Values from one row of sums to the next: an odd number of cache lines, so that the same column of many rows is in different cache sets.
fn line_of_sums<T>(n: usize) -> usize {
    let line = 64 / size_of::<T>();
    (n.div_ceil(line) | 1) * line
}

/// `sums[:, columns] = x[:, rows] · W[rows, columns]`, with `sums` (m, n) and rows `ld` apart.
unsafe fn sum<T: Float, W: Stored<T>>(
    tile: Tile<T, W>,
    rows: Range<usize>,
    columns: Range<usize>,
    sums: *mut T,
    ld: usize,
) {
    // SAFETY: the caller promises x, W and the sums.
    unsafe {
        isa::dispatch_registers(Chain(Tile {
            k: rows.len(),
            n: columns.len(),
            x: tile.x.add(rows.start * tile.x_strides.1),
            w: tile.w.add(rows.start * tile.ldw + columns.start),
            y: sums.add(columns.start),
            ldy: ld,
            ..tile
        }));
    }
}

/// `y = x · W` in the order of K; alpha and beta are not used.
struct Chain<T, W>(Tile<T, W>);

impl<T: Float, W: Stored<T>> WithSimd for Chain<T, W> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let mut k = 0;
        // SAFETY: the rows are inside the tile, whose pointers were promised.
        unsafe {
            while k + GROUP <= self.0.k {
                group::<S, T, W, GROUP>(s, &self.0, k);
                k += GROUP;
            }
            while k < self.0.k {
                group::<S, T, W, 1>(s, &self.0, k);
                k += 1;
            }
        }
    }
}

/// Rows k..k+G of W over all rows of sums.
#[inline(always)]
unsafe fn group<S: Simd, T: Float, W: Stored<T>, const G: usize>(s: S, p: &Tile<T, W>, k: usize) {
    let width = T::width::<S>();
    let whole = p.n / width * width;
    // SAFETY: k + G <= p.k, and all columns are inside the tile.
    unsafe {
        for j in (0..whole).step_by(width) {
            columns::<S, T, W, G, true>(s, p, k, j);
        }
        if whole < p.n {
            columns::<S, T, W, G, false>(s, p, k, whole);
        }
    }
}

/// The same for one register of columns from `j` on, or the last columns, which do not fill one.
#[inline(always)]
unsafe fn columns<S: Simd, T: Float, W: Stored<T>, const G: usize, const WHOLE: bool>(
    s: S,
    p: &Tile<T, W>,
    k: usize,
    j: usize,
) {
    let rest = if WHOLE { T::width::<S>() } else { p.n - j };
    // SAFETY: the caller promises rows and columns.
    unsafe {
        let (x, w) = (p.x.add(k * p.x_strides.1), p.w.add(k * p.ldw + j));
        let mut wv = [T::splat(s, T::ZERO); G];
        for (g, wv) in wv.iter_mut().enumerate() {
            let from = w.add(g * p.ldw);
            *wv = W::load_rest(s, from, rest);
            // The next group. Code that only loads and adds keeps memory busy by itself, and a prefetch would cost it a tenth.
            if p.m > 1 || size_of::<W>() < size_of::<T>() {
                prefetch(from.wrapping_add(G * p.ldw));
            }
        }
        for i in 0..p.m {
            let y = p.y.add(i * p.ldy + j);
            let mut sum = if k == 0 {
                T::splat(s, T::ZERO)
            } else {
                T::load_rest(s, y, rest)
            };
            for (g, &wv) in wv.iter().enumerate() {
                let x = T::splat(s, *x.add(i * p.x_strides.0 + g * p.x_strides.1));
                sum = T::fma(s, x, wv, sum);
            }
            T::store_rest(s, y, rest, sum);
        }
    }
}

/// `y = beta · y + Σ alpha · sums` over the blocks in their order.
struct Add<T, W> {
    tile: Tile<T, W>,
    sums: *const T,
    /// From one row of sums to the next.
    ld: usize,
    blocks: usize,
    columns: Range<usize>,
}

impl<T: Float, W: Stored<T>> WithSimd for Add<T, W> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (p, width) = (&self.tile, T::width::<S>());
        let (alpha, beta) = (T::splat(s, p.alpha), T::splat(s, p.beta));
        let one = T::splat(s, T::ONE);
        for i in 0..p.m {
            let mut j = self.columns.start;
            while j < self.columns.end {
                let rest = self.columns.end - j;
                // SAFETY: the columns are inside y and the sums, which were promised.
                unsafe {
                    let y = p.y.add(i * p.ldy + j);
                    let from = self.sums.add(i * self.ld + j);
                    let mut v = T::times(s, alpha, T::load_rest(s, from, rest));
                    if p.beta != T::ZERO {
                        v = T::fma(s, beta, T::load_rest(s, y, rest), v);
                    }
                    for block in 1..self.blocks {
                        let next = T::times(s, alpha, T::load_rest(s, from.add(block * p.m * self.ld), rest));
                        v = T::fma(s, one, v, next);
                    }
                    T::store_rest(s, y, rest, v);
                }
                j += width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_isa, same_for_any_thread_count, values};
    use half::{bf16, f16};

    fn tile_of<T: Float>(sizes: (usize, usize, usize), x: &[T], w: &[T], y: &mut [T], alpha: T, beta: T) -> Tile<T> {
        let (m, k, n) = sizes;
        Tile {
            kind: Kind::Axpy,
            m,
            k,
            n,
            x: x.as_ptr(),
            x_strides: (k, 1),
            w: w.as_ptr(),
            ldw: n,
            y: y.as_mut_ptr(),
            ldy: n,
            alpha,
            beta,
        }
    }

    fn has_the_bits_of_a_tile<T: Float>(sizes: (usize, usize, usize), alpha: f64, beta: f64) {
        let (m, k, n) = sizes;
        let (x, before) = (values::<T>(m * k, 1), values::<T>(m * n, 3));
        let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
        let w = values::<T>(k * n, 2);
        let halves: Vec<bf16> = w.iter().map(|w| bf16::from_f64(w.to_f64())).collect();
        let shorts: Vec<f16> = w.iter().map(|w| f16::from_f64(w.to_f64())).collect();
        let got = |run: &dyn Fn(Tile<T>)| {
            let mut y = before.clone();
            let tile = tile_of(sizes, &x, &w, &mut y, alpha, beta);
            assert!(is_faster(&tile), "{sizes:?}");
            run(tile);
            y
        };
        let want = |w: &[T]| {
            let mut y = before.clone();
            // SAFETY: all slices have the sizes of the tile.
            unsafe { tile_of(sizes, &x, w, &mut y, alpha, beta).run() };
            y
        };
        let context = format!("{sizes:?} alpha {alpha:?} beta {beta:?}");
        // SAFETY: all slices have the sizes of the tile.
        unsafe {
            assert!(got(&|tile| run(tile)) == want(&w), "{context}");
            let (b, h) = (halves.as_ptr(), shorts.as_ptr());
            let widened: Vec<T> = halves.iter().map(|w| T::from_f64(w.to_f64())).collect();
            assert!(
                got(&|tile| run(tile.with_weight(b))) == want(&widened),
                "{context} bf16"
            );
            let widened: Vec<T> = shorts.iter().map(|w| T::from_f64(w.to_f64())).collect();
            assert!(got(&|tile| run(tile.with_weight(h))) == want(&widened), "{context} f16");
        }
    }

    #[test]
    fn has_the_bits_of_a_tile_on_odd_sizes() {
        each_isa(|_| {
            for m in [1, 3, 16] {
                for (k, n) in [(256, 1024), (259, 1061), (1037, 257)] {
                    has_the_bits_of_a_tile::<f32>((m, k, n), 1.0, 0.0);
                    has_the_bits_of_a_tile::<f64>((m, k, n), 0.7, 1.0);
                    has_the_bits_of_a_tile::<f32>((m, k, n), 0.7, 1.3);
                }
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let sizes = (2, 700, 1500);
        let (x, w) = (values::<f32>(2 * 700, 1), values::<f32>(700 * 1500, 2));
        same_for_any_thread_count(|| {
            let mut y = vec![0.0; 2 * 1500];
            // SAFETY: all slices have the sizes of the tile.
            unsafe { run(tile_of(sizes, &x, &w, &mut y, 1.0, 0.0)) };
            y
        });
    }
}
