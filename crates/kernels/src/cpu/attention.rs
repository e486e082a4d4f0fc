//! Scaled dot-product attention, tiled so that the (Tq, Tk) matrix never exists.

mod backward;
mod decode;
mod micro;
mod problem;
#[cfg(test)]
mod tests;
mod tile;

pub use backward::attention_backward;
pub use problem::{AttnDims, AttnOptions, Causal, Mask, Strides};

use super::shared::shared;
use crate::{Float, Result, check_len, par};
use problem::{Problem, QUERIES, Rows, check_strided};

/// `out = softmax(scale · q · kᵀ + masks) · v` for each head, and `lse`, the logarithm of each softmax's denominator.
///
/// | slice | shape           | strides |
/// |-------|-----------------|---------|
/// | `q`   | (B, H, Tq, D)   | `qs`    |
/// | `k`   | (B, Hkv, Tk, D) | `ks`    |
/// | `v`   | (B, Hkv, Tk, D) | `vs`    |
/// | `out` | (B, H, Tq, D)   | `os`    |
/// | `lse` | (B, H, Tq)      | –       |
///
/// With a softcap, scores pass `cap · tanh(s / cap)` before the masks. Keys outside of a window cost nothing, but for those in the tile of one that
/// counts.
///
/// A query that may see no key gets zeros and `lse` −∞ (and no gradient). Keys beyond a sequence's length are not read.
/// Memory: one tile of scores per thread. Sums are in `T`; the bits do not depend on the threads, and for one
/// query (decoding) neither on the batch nor on Tk.
///
/// # Errors
/// When a slice is too short for its strides, `os` makes tokens overlap, or H is not a multiple of Hkv.
///
/// Source: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022. Slow twin: `reference::attention::attention`.
#[allow(clippy::too_many_arguments, reason = "each tensor has its strides")]
pub fn attention<T: Float>(
    q: &[T],
    k: &[T],
    v: &[T],
    dims: AttnDims,
    qs: Strides,
    ks: Strides,
    vs: Strides,
    os: Strides,
    options: &AttnOptions<'_, T>,
    out: &mut [T],
    lse: &mut [T],
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
    let p = Problem {
        dims,
        qs,
        ks,
        vs,
        os,
        options: *options,
        scale: T::from_f64(options.scale),
        cap: options.softcap.map(T::from_f64),
    };
    p.check(NAME)?;
    check_strided(NAME, "q", q.len(), (batch, heads, tq, d), qs, false)?;
    check_strided(NAME, "k", k.len(), (batch, kv_heads, tk, d), ks, false)?;
    check_strided(NAME, "v", v.len(), (batch, kv_heads, tk, d), vs, false)?;
    check_strided(NAME, "out", out.len(), (batch, heads, tq, d), os, true)?;
    check_len(NAME, "lse", lse.len(), batch * heads * tq)?;
    if lse.is_empty() {
        return Ok(());
    }
    // SAFETY: a task writes the rows of `out` and `lse` of its own queries; rows do not overlap, checked above.
    let outputs = unsafe { (shared(out.as_mut_ptr()), shared(lse.as_mut_ptr())) };
    let inputs = (q, k, v);
    let group = p.group();
    if tq == 1 {
        // The heads that share keys are the rows of one small product.
        let tasks = batch * kv_heads;
        par::for_rows(tasks, par::grain(2 * group * p.reach(1) * d), |range| {
            for task in range {
                let (b, kv) = (task / kv_heads, task % kv_heads);
                decode::attend(
                    &p,
                    inputs,
                    outputs,
                    Rows {
                        b,
                        head: kv * group,
                        first: 0,
                        count: group,
                        across_heads: true,
                    },
                );
            }
        });
    } else {
        let tiles = tq.div_ceil(QUERIES);
        let work = 2 * QUERIES.min(tq) * p.reach(QUERIES) * d;
        par::for_rows(batch * heads * tiles, par::grain(work), |range| {
            for task in range {
                let (b, head, first) = (task / tiles / heads, task / tiles % heads, task % tiles * QUERIES);
                let count = QUERIES.min(tq - first);
                tile::attend(
                    &p,
                    inputs,
                    outputs,
                    Rows {
                        b,
                        head,
                        first,
                        count,
                        across_heads: false,
                    },
                );
            }
        });
    }
    Ok(())
}
