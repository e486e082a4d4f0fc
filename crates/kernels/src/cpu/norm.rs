//! What the normalisations have in common.

use crate::{Float, isa, par};

/// Sizes of a tensor whose rows are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormDims {
    /// M: rows, batch · tokens.
    pub rows: usize,
    /// N: width of a row.
    pub n: usize,
}

/// Rows of a chunk; the sums of dw and db run over the rows of a chunk, then over the chunks. Depends on n alone.
pub(crate) fn chunk_rows(n: usize) -> usize {
    par::grain(n).max(32)
}

/// `out` = the sum of the rows of `parts`, first to last.
pub(crate) fn add_in_order<T: Float>(parts: &[T], n: usize, out: &mut [T]) {
    out.fill(T::ZERO);
    isa::dispatch(
        #[inline(always)]
        || {
            for part in parts.chunks_exact(n.max(1)) {
                for (out, &part) in out.iter_mut().zip(part) {
                    *out += part;
                }
            }
        },
    );
}

/// `dw += dy · x̂`; the mean is 0 for RMS norm.
#[inline(always)]
pub(crate) fn add_dw_row<T: Float>(dy: &[T], x: &[T], mean: T, rstd: T, dw: &mut [T]) {
    for ((dw, &dy), &x) in dw.iter_mut().zip(dy).zip(x) {
        *dw += dy * ((x - mean) * rstd);
    }
}
