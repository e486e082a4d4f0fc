//! Scaled dot-product attention, tiled so that the (Tq, Tk) matrix is never stored.

mod backward;
mod decode;
mod micro;
mod operands;
mod problem;
#[cfg(test)]
mod tests;
mod tile;

pub use backward::attention_backward;
pub use operands::{
    AttnDims, AttnGradients, AttnOperands, AttnOptions, AttnOutputs, AttnSaved, AttnStrides, Causal, Mask, Strides,
};

use crate::shared::shared;
use crate::{Float, Result, check_len, par};
use problem::{Outputs, Problem, QUERIES, Rows, check_strided};

/// `out = softmax(scale · q · kᵀ + masks) · v` for each head, and `lse`, the logarithm of each softmax's denominator.
///
/// With a softcap, scores become `cap · tanh(s / cap)` before the masks. Keys outside of every query's window are skipped, tile by tile.
///
/// A query without visible keys gets zeros and `lse` −∞ (and no gradient). Keys beyond a sequence's length are not read.
/// Memory: one tile of scores per thread. Sums are in `T`; the bits do not depend on the threads, and for one
/// query (decoding) neither on the batch nor on Tk.
///
/// # Errors
/// When a slice is too short for its strides, those of `out` make tokens overlap, or H is not a multiple of Hkv.
///
/// Source: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022. Slow twin: `reference::attention::attention`.
pub fn attention<T: Float>(
    dims: AttnDims,
    strides: AttnStrides,
    operands: AttnOperands<'_, T>,
    options: &AttnOptions<'_, T>,
    outputs: AttnOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "attention";
    let AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    } = dims;
    let AttnOperands { q, k, v } = operands;
    let AttnOutputs { out, lse } = outputs;
    let p = Problem::new(NAME, dims, strides, options)?;
    check_strided(NAME, "q", q.len(), (batch, heads, tq, d), strides.q, false)?;
    check_strided(NAME, "k", k.len(), (batch, kv_heads, tk, d), strides.k, false)?;
    check_strided(NAME, "v", v.len(), (batch, kv_heads, tk, d), strides.v, false)?;
    check_strided(NAME, "out", out.len(), (batch, heads, tq, d), strides.out, true)?;
    check_len(NAME, "lse", lse.len(), batch * heads * tq)?;
    if lse.is_empty() {
        return Ok(());
    }
    // SAFETY: a task writes the rows of `out` and `lse` of its own queries; rows do not overlap, checked above.
    let outputs = unsafe {
        Outputs {
            out: shared(out.as_mut_ptr()),
            lse: shared(lse.as_mut_ptr()),
        }
    };
    let group = p.group();
    if tq == 1 {
        // The heads that share keys are the rows of one small product.
        let tasks = batch * kv_heads;
        par::for_rows(tasks, par::grain(2 * group * p.reach(1) * d), |range| {
            for task in range {
                let (b, kv) = (task / kv_heads, task % kv_heads);
                let rows = Rows {
                    b,
                    head: kv * group,
                    first: 0,
                    count: group,
                    across_heads: true,
                };
                decode::attend(&p, operands, outputs, rows);
            }
        });
    } else {
        let tiles = tq.div_ceil(QUERIES);
        let work = 2 * QUERIES.min(tq) * p.reach(QUERIES) * d;
        par::for_rows(batch * heads * tiles, par::grain(work), |range| {
            for task in range {
                let (b, head, first) = (task / tiles / heads, task / tiles % heads, task % tiles * QUERIES);
                let rows = Rows {
                    b,
                    head,
                    first,
                    count: QUERIES.min(tq - first),
                    across_heads: false,
                };
                tile::attend(&p, operands, outputs, rows);
            }
        });
    }
    Ok(())
}
