//! Sizes and tensors of the low-rank update, and the code that its kernels share.

use super::super::dropout::Dropout;
use super::super::linear::LinearDims;
use crate::{Float, Result, check_len, fail};

/// Output columns `start .. start + len` that one pair of factors updates. A plain layer has the one block 0..N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First output column.
    pub start: usize,
    /// Number of output columns.
    pub len: usize,
}

/// Sizes of a layer and its update. G blocks have one pair of factors each; Σlen is the number of columns that they update.
#[derive(Clone, Copy, Debug)]
pub struct LoraDims<'a> {
    /// M: rows of x, batch · tokens. [`lora_merge`](super::lora_merge) has no x and does not read it.
    pub m: usize,
    /// K: input width.
    pub k: usize,
    /// N: output width.
    pub n: usize,
    /// R: rank of each pair of factors.
    pub r: usize,
    /// (G): the columns of each pair of factors, in the order of the factors.
    pub blocks: &'a [Block],
}

impl LoraDims<'_> {
    /// G·R: rows of A.
    pub fn rows_a(&self) -> usize {
        self.blocks.len() * self.r
    }

    /// Σlen: rows of B.
    pub fn rows_b(&self) -> usize {
        self.blocks.iter().map(|block| block.len).sum()
    }

    /// The sizes of the base layer.
    pub fn linear(&self) -> LinearDims {
        let Self { m, k, n, .. } = *self;
        LinearDims { m, k, n }
    }

    /// Checks the blocks against N.
    pub(super) fn check(&self, kernel: &'static str) -> Result<()> {
        let Self { n, blocks, .. } = *self;
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
        Ok(())
    }
}

/// A pair of factors, or one pair for each block.
#[derive(Clone, Copy, Debug)]
pub struct LoraFactors<'a, T> {
    /// (G·R, K): `lora_A`, R rows for each block.
    pub a: &'a [T],
    /// (Σlen, R): `lora_B`, rows in block order.
    pub b: &'a [T],
    /// alpha / rank.
    pub scaling: T,
}

/// What an update reads.
#[derive(Clone, Copy, Debug)]
pub struct LoraOperands<'a, T> {
    /// (M, K): layer input.
    pub x: &'a [T],
    /// The factors that multiply it.
    pub factors: LoraFactors<'a, T>,
    /// Dropout of x on its way to A, drawn by the flat index of x, the same for every block.
    pub dropout: Option<Dropout>,
}

/// What an update writes.
#[derive(Debug)]
pub struct LoraOutputs<'a, T> {
    /// (M, G·R): `dropout(x) · Aᵀ`, kept for the backward pass.
    pub h: &'a mut [T],
    /// (M, N): layer output.
    pub y: &'a mut [T],
}

/// Where the gradients of an update go; those that are `None` are not computed.
#[derive(Debug)]
pub struct LoraGradients<'a, T> {
    /// (M, K).
    pub dx: Option<&'a mut [T]>,
    /// (G·R, K).
    pub da: Option<&'a mut [T]>,
    /// (Σlen, R).
    pub db: Option<&'a mut [T]>,
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

/// Checks (name, length, expected length) of each slice.
pub(super) fn check(kernel: &'static str, slices: &[(&str, usize, usize)]) -> Result<()> {
    slices
        .iter()
        .try_for_each(|&(name, got, want)| check_len(kernel, name, got, want))
}
