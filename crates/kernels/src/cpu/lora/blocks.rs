//! The output columns that factors update, and what all kernels of the family do with them.

use super::super::small_rows::{Kind, Tile};
use crate::{Float, Result, check_len, fail};

/// Output columns `start .. start + len` that one pair of factors updates. A plain layer has the one block 0..N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First output column.
    pub start: usize,
    /// Number of output columns.
    pub len: usize,
}

/// Rows per task; fixed, though no sum crosses rows.
pub(super) const ROWS: usize = 32;

/// (number, first row in B, block) of each block.
pub(super) fn offsets(blocks: &[Block]) -> impl Iterator<Item = (usize, usize, Block)> + '_ {
    blocks.iter().enumerate().scan(0, |next, (i, &block)| {
        let first = *next;
        *next += block.len;
        Some((i, first, block))
    })
}

/// Bᵢ (len, r) to Bᵢᵀ (r, len), block after block.
pub(super) fn transpose_blocks<T: Float>(b: &[T], blocks: &[Block], r: usize, bt: &mut [T]) {
    for (_, first, block) in offsets(blocks) {
        let (from, to) = (&b[first * r..][..block.len * r], &mut bt[first * r..][..block.len * r]);
        for (c, row) in to.chunks_exact_mut(block.len.max(1)).enumerate() {
            row.iter_mut()
                .enumerate()
                .for_each(|(j, value)| *value = from[j * r + c]);
        }
    }
}

/// Checks the blocks against N; gives (G·R, Σlen).
pub(super) fn check_blocks(kernel: &'static str, blocks: &[Block], n: usize, r: usize) -> Result<(usize, usize)> {
    let mut sorted = blocks.to_vec();
    sorted.sort_by_key(|block| block.start);
    let apart = sorted
        .windows(2)
        .all(|pair| pair[0].start + pair[0].len <= pair[1].start);
    if !apart || blocks.iter().any(|block| block.start + block.len > n) {
        return fail(
            kernel,
            format!("blocks {blocks:?} overlap or leave the {n} output columns"),
        );
    }
    Ok((blocks.len() * r, blocks.iter().map(|block| block.len).sum()))
}

pub(super) fn check(kernel: &'static str, slices: &[(&str, usize, usize)]) -> Result<()> {
    slices
        .iter()
        .try_for_each(|&(name, got, want)| check_len(kernel, name, got, want))
}

/// [`Tile::run`] with the sizes as (m, k, n).
///
/// # Safety
/// As [`Tile::run`].
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub(super) unsafe fn tile<T: Float>(
    kind: Kind,
    (m, k, n): (usize, usize, usize),
    x: *const T,
    x_strides: (usize, usize),
    w: *const T,
    ldw: usize,
    alpha: T,
    beta: T,
    y: *mut T,
    ldy: usize,
) {
    // SAFETY: the caller promises the pointers.
    unsafe {
        Tile {
            kind,
            m,
            k,
            n,
            x,
            x_strides,
            w,
            ldw,
            y,
            ldy,
            alpha,
            beta,
        }
        .run()
    }
}
