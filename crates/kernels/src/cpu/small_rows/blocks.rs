//! The dot layout for a W in blocks: a piece of some rows of W is widened into the first-level cache, and multiplied with all rows of x.
//!
//! The sums are those of [`Tile::run`](super::tile::Tile::run) on the widened W, lane by lane in the order of K: the bits are the same.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

#[cfg(target_arch = "x86_64")]
mod avx512;

use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::MAX_ROWS;
use super::tile::{Tile, prefetch_stream};
use crate::blocks::{Block, BlockRef, with_block};
use crate::float::{Lane, Stored};
use crate::isa;

/// Values of a row of W that are widened at once: one long block, or eight short ones.
const PIECE: usize = 256;

/// Rows of W that are widened together, so that the additions of one need not wait for each other.
const ROWS: usize = 4;

/// [`Tile::run`] in the dot layout for `columns` of the tile, whose W are these blocks: (N, K), whole blocks in a row. `tile.w` is not used.
///
/// # Safety
/// As [`Tile::run`], W aside.
pub(super) unsafe fn run(tile: Tile<f32>, w: BlockRef<'_>, columns: Range<usize>) {
    #[cfg(target_arch = "x86_64")]
    if isa::current() == isa::Isa::Avx512 {
        // SAFETY: as promised by the caller; the instruction set in use is AVX-512.
        return unsafe { avx512::run(&tile, w, columns) };
    }
    with_block!(w.kind(), B => isa::dispatch_registers(Dot::<B> {
        tile,
        bytes: w.blocks_from(0),
        columns,
        block: PhantomData,
    }));
}

/// The product with blocks of kind `B`.
struct Dot<'a, B> {
    tile: Tile<f32>,
    bytes: &'a [u8],
    columns: Range<usize>,
    block: PhantomData<B>,
}

impl<B: Block> WithSimd for Dot<'_, B> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let mut j = self.columns.start;
        // SAFETY: the columns are inside the tile, whose pointers were promised to `run`.
        unsafe {
            while j + ROWS <= self.columns.end {
                rows::<S, B, ROWS>(s, &self, j);
                j += ROWS;
            }
            while j < self.columns.end {
                rows::<S, B, 1>(s, &self, j);
                j += 1;
            }
        }
    }
}

/// Rows j..j + NB of W with all rows of x.
#[inline(always)]
unsafe fn rows<S: Simd, B: Block, const NB: usize>(s: S, dot: &Dot<'_, B>, j: usize) {
    let p = &dot.tile;
    let zero = <f32 as Lane>::splat(s, 0.0);
    let row_bytes = p.k / B::LEN * B::BYTES;
    let mut sums = [[zero; NB]; MAX_ROWS];
    let mut wide = [[0f32; PIECE]; NB];
    for k0 in (0..p.k).step_by(PIECE) {
        let len = PIECE.min(p.k - k0);
        for (b, wide) in wide.iter_mut().enumerate() {
            let from = (j + b) * row_bytes + k0 / B::LEN * B::BYTES;
            let bytes = &dot.bytes[from..from + len / B::LEN * B::BYTES];
            for (block, out) in bytes.chunks_exact(B::BYTES).zip(wide.chunks_exact_mut(B::LEN)) {
                B::widen(block, out);
            }
        }
        let piece_bytes = len / B::LEN * B::BYTES;
        let done = j * row_bytes + NB * (k0 / B::LEN * B::BYTES);
        prefetch_stream(dot.bytes.as_ptr().wrapping_add(done), NB * piece_bytes);
        let mut i = 0;
        // SAFETY: len <= PIECE is a whole number of registers, i < m, and x has K values in a row.
        unsafe {
            while i + 4 <= p.m {
                piece::<S, 4, NB>(s, p, (i, k0, len), &wide, &mut sums[i..i + 4]);
                i += 4;
            }
            while i < p.m {
                piece::<S, 1, NB>(s, p, (i, k0, len), &wide, &mut sums[i..=i]);
                i += 1;
            }
        }
    }
    for (i, sums) in sums[..p.m].iter().enumerate() {
        for (b, &sum) in sums.iter().enumerate() {
            // SAFETY: row i and column j + b are inside the tile.
            unsafe {
                let y = p.y.add(i * p.ldy + j + b);
                let v = p.alpha * <f32 as Lane>::sum(s, sum);
                *y = if p.beta == 0.0 { v } else { p.beta * *y + v };
            }
        }
    }
}

/// Adds `len` products along K of MB rows of x, from row i and index k0, with the widened rows of W.
#[inline(always)]
unsafe fn piece<S: Simd, const MB: usize, const NB: usize>(
    s: S,
    p: &Tile<f32>,
    (i, k0, len): (usize, usize, usize),
    wide: &[[f32; PIECE]; NB],
    sums: &mut [[S::f32s; NB]],
) {
    let zero = <f32 as Lane>::splat(s, 0.0);
    let mut acc = [[zero; NB]; MB];
    acc.copy_from_slice(sums);
    for k in (0..len).step_by(<f32 as Lane>::width::<S>()) {
        for a in 0..MB {
            // SAFETY: as promised by the caller.
            let x = unsafe { <f32 as Stored<f32>>::load(s, p.x.add((i + a) * p.x_strides.0 + k0 + k)) };
            for b in 0..NB {
                // SAFETY: k is inside the piece.
                let w = unsafe { <f32 as Stored<f32>>::load(s, wide[b].as_ptr().add(k)) };
                acc[a][b] = <f32 as Lane>::fma(s, x, w, acc[a][b]);
            }
        }
    }
    sums.copy_from_slice(&acc);
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, run_columns_of};
    use super::*;
    use crate::WeightRef;
    use crate::blocks::BlockKind;
    use crate::blocks::tests::sample;
    use crate::testing::{each_isa, same_for_any_thread_count, values};

    #[test]
    fn has_the_bits_of_the_widened_weight() {
        each_isa(|_| {
            for kind in BlockKind::ALL {
                for (m, k, n) in [
                    (1, kind.len(), 1),
                    (1, 3 * kind.len(), 7),
                    (5, 2 * kind.len(), 9),
                    (16, 2 * kind.len(), 4),
                ] {
                    let bytes = sample(kind, n * k / kind.len());
                    let blocks = WeightRef::<f32>::Blocks(BlockRef::new(kind, &bytes));
                    let mut wide = vec![0.0; n * k];
                    blocks.row(0, n * k, &mut wide);
                    let (x, before) = (values::<f32>(m * k, 1), values::<f32>(m * n, 2));
                    let run = |w: WeightRef<'_, f32>, alpha, beta| {
                        let mut y = before.clone();
                        let tile = Tile {
                            kind: Kind::Dot,
                            m,
                            k,
                            n,
                            x: x.as_ptr(),
                            x_strides: (k, 1),
                            w: std::ptr::null(),
                            ldw: k,
                            y: y.as_mut_ptr(),
                            ldy: n,
                            alpha,
                            beta,
                        };
                        // SAFETY: all slices have the sizes of the tile.
                        unsafe { run_columns_of(tile, w) };
                        y
                    };
                    for (alpha, beta) in [(1.0, 0.0), (0.5, 1.5)] {
                        same_for_any_thread_count(|| {
                            let got = run(blocks, alpha, beta);
                            assert_eq!(got, run(WeightRef::Full(&wide), alpha, beta), "{kind:?} {m} {k} {n}");
                            got
                        });
                    }
                }
            }
        });
    }
}
