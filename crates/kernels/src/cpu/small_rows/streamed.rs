//! The axpy layout for a large W: tasks are blocks of K, so that W is read as it lies in memory.
//!
//! By columns, a task would read a few cache lines of each row, and the next row begins a page further: a third of the memory's speed. A block's sums
//! are kept apart and added up in the order of the blocks, which are those of [`Tile::run`]: the bits are the same.

use std::ops::Range;

use super::lanes::Lane;
use super::tile::{K_BLOCK, Kind, Tile, on_current_isa, run_as_lane};
use super::{shared, widen, with_scratch};
use crate::{Float, WeightRef, par};
use pulp::{Simd, WithSimd};

/// Rows of W that pass over a row of sums at once.
const GROUP: usize = 8;

/// Columns of a task: with [`GROUP`] rows 32 KiB of f32.
const COLUMNS: usize = 1024;

/// Multiply-adds from which it pays to keep sums apart.
const LEAST_WORK: usize = 1 << 18;

/// Whether [`run`] is the faster way.
pub(super) fn serves<T>(tile: &Tile<T>) -> bool {
    tile.kind == Kind::Axpy && tile.k >= 2 * K_BLOCK && tile.k * tile.n >= LEAST_WORK
}

/// [`Tile::run`] on the current pool; `w` is the W of a tile whose own is not stored as `T`.
///
/// # Safety
/// As [`Tile::run`], W aside where `w` is given.
pub(super) unsafe fn run<T: Float>(tile: Tile<T>, w: Option<WeightRef<'_, T>>) {
    let blocks = tile.k.div_ceil(K_BLOCK);
    let pieces = tile.n.div_ceil(COLUMNS);
    let size = tile.m * tile.n;
    with_scratch(blocks * size, |sums: &mut [T]| {
        // SAFETY: tasks write the sums of their own block and columns, then their own columns of y.
        let (whole, all) = unsafe { (shared(tile), shared(sums.as_mut_ptr())) };
        par::for_rows(blocks * pieces, 1, |tasks| {
            for task in tasks {
                let (block, first) = (task / pieces, task % pieces * COLUMNS);
                let columns = first..tile.n.min(first + COLUMNS);
                let rows = block * K_BLOCK..tile.k.min((block + 1) * K_BLOCK);
                // SAFETY: the block's sums are (m, n); rows and columns are inside W.
                unsafe { sum(whole.get(), w, rows, columns, all.get().add(block * size)) }
            }
        });
        par::for_rows(tile.n, COLUMNS, |columns| {
            let sums = all.get().cast_const();
            // The sums of all blocks are there, and the columns are inside y.
            run_as_lane!(whole.get(), |tile| Add {
                tile,
                sums: sums.cast(),
                blocks,
                columns,
            });
        });
    });
}

/// `sums[:, columns] = x[:, rows] · W[rows, columns]`, with `sums` (m, n).
unsafe fn sum<T: Float>(
    tile: Tile<T>,
    w: Option<WeightRef<'_, T>>,
    rows: Range<usize>,
    columns: Range<usize>,
    sums: *mut T,
) {
    // SAFETY: the caller promises x, W and the sums.
    unsafe {
        let (x, n) = (tile.x.add(rows.start * tile.x_strides.1), columns.len());
        let sums = sums.add(columns.start);
        let start = rows.start * tile.ldw + columns.start;
        let part = Tile {
            k: rows.len(),
            n,
            x,
            y: sums,
            ldy: tile.n,
            ..tile
        };
        match w {
            None => {
                let w = tile.w.add(start);
                run_as_lane!(Tile { w, ..part }, |tile| Chain { tile, is_first: true });
            }
            Some(w) => with_scratch(GROUP * n, |panel: &mut [T]| {
                for k0 in (0..rows.len()).step_by(GROUP) {
                    let k = GROUP.min(rows.len() - k0);
                    widen(w, start + k0 * tile.ldw, tile.ldw, n, &mut panel[..k * n]);
                    let group = Tile {
                        k,
                        x: x.add(k0 * tile.x_strides.1),
                        w: panel.as_ptr(),
                        ldw: n,
                        ..part
                    };
                    run_as_lane!(group, |tile| Chain {
                        tile,
                        is_first: k0 == 0
                    });
                }
            }),
        }
    }
}

/// `y += x · W` in the order of K, from zero when `is_first`; alpha and beta are not used.
struct Chain<T> {
    tile: Tile<T>,
    is_first: bool,
}

impl<T: Lane> WithSimd for Chain<T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let mut is_first = self.is_first;
        let mut k = 0;
        // SAFETY: the rows are inside the tile, whose pointers were promised.
        unsafe {
            while k + GROUP <= self.tile.k {
                group::<S, T, GROUP>(s, &self.tile, k, is_first);
                is_first = false;
                k += GROUP;
            }
            while k < self.tile.k {
                group::<S, T, 1>(s, &self.tile, k, is_first);
                is_first = false;
                k += 1;
            }
        }
    }
}

/// Rows k..k+G of W over all rows of sums.
#[inline(always)]
unsafe fn group<S: Simd, T: Lane, const G: usize>(s: S, p: &Tile<T>, k: usize, is_first: bool) {
    let width = T::width::<S>();
    // SAFETY: k + G <= p.k, and all columns are inside the tile.
    unsafe {
        let (x, w) = (p.x.add(k * p.x_strides.1), p.w.add(k * p.ldw));
        let mut j = 0;
        while j < p.n {
            let rest = p.n - j;
            let mut wv = [T::splat(s, T::ZERO); G];
            for (g, wv) in wv.iter_mut().enumerate() {
                let from = w.add(g * p.ldw + j);
                *wv = T::load_rest(s, from, rest);
            }
            for i in 0..p.m {
                let y = p.y.add(i * p.ldy + j);
                let mut sum = if is_first {
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
            j += width;
        }
    }
}

/// `y = beta · y + Σ alpha · sums` over the blocks in their order.
struct Add<T> {
    tile: Tile<T>,
    sums: *const T,
    blocks: usize,
    columns: Range<usize>,
}

impl<T: Lane> WithSimd for Add<T> {
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
                    let from = self.sums.add(i * p.n + j);
                    let mut v = T::times(s, alpha, T::load_rest(s, from, rest));
                    if p.beta != T::ZERO {
                        v = T::fma(s, beta, T::load_rest(s, y, rest), v);
                    }
                    for block in 1..self.blocks {
                        let next = T::times(s, alpha, T::load_rest(s, from.add(block * p.m * p.n), rest));
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
        let check = |w: &[T], half: Option<WeightRef<'_, T>>| {
            let (mut got, mut want) = (before.clone(), before.clone());
            let tile = tile_of(sizes, &x, w, &mut got, alpha, beta);
            assert!(serves(&tile), "{sizes:?}");
            // SAFETY: all slices have the sizes of the tile.
            unsafe {
                run(tile, half);
                tile_of(sizes, &x, w, &mut want, alpha, beta).run();
            }
            assert!(got == want, "{sizes:?} alpha {alpha:?} beta {beta:?}");
        };
        let w = values::<T>(k * n, 2);
        check(&w, None);
        let halves: Vec<bf16> = w.iter().map(|w| bf16::from_f64(w.to_f64())).collect();
        let widened: Vec<T> = halves.iter().map(|w| T::from_f64(w.to_f64())).collect();
        check(&widened, Some(WeightRef::Bf16(&halves)));
        let halves: Vec<f16> = w.iter().map(|w| f16::from_f64(w.to_f64())).collect();
        let widened: Vec<T> = halves.iter().map(|w| T::from_f64(w.to_f64())).collect();
        check(&widened, Some(WeightRef::F16(&halves)));
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
            unsafe { run(tile_of(sizes, &x, &w, &mut y, 1.0, 0.0), None) };
            y
        });
    }
}
