//! The gradient of attention, which recomputes the weights tile by tile from the saved log-sums.

use super::super::gemm::gemm_on_thread;
use super::super::small_rows::{Shared, shared, with_scratch};
use super::problem::{Problem, Rows, check_strided};
use super::{AttnDims, AttnOptions, QUERIES, Strides};
use crate::{Float, Result, check_len, isa, par};

/// Keys per tile: two tiles of 64 x 128 scores stay in the second-level cache.
const KEYS: usize = 128;

/// The gradients of [`super::attention`] to q, k and v.
///
/// With weights P, dropped weights P̃, `dP = mask ∘ (dout · vᵀ)` and `Dᵢ = Σ doutᵢ ∘ outᵢ`:
/// `dS = scale · P ∘ (dP − D)`, `dq = dS · k`, `dk = dSᵀ · q`, `dv = P̃ᵀ · dout`.
///
/// `dout` has the strides `os` of `out`; `dq`, `dk`, `dv` those of q, k, v, and are overwritten. Shared key heads sum
/// their query heads in order. Bits do not depend on the threads: a task owns one key head of one sequence.
///
/// # Errors
/// As [`super::attention`]; also when `qs`, `ks` or `vs` make tokens overlap (a broadcast input has no such gradient).
#[allow(clippy::too_many_arguments, reason = "each tensor has its strides")]
pub fn attention_backward<T: Float>(
    dout: &[T],
    q: &[T],
    k: &[T],
    v: &[T],
    out: &[T],
    lse: &[T],
    dims: AttnDims,
    qs: Strides,
    ks: Strides,
    vs: Strides,
    os: Strides,
    options: &AttnOptions<'_, T>,
    dq: &mut [T],
    dk: &mut [T],
    dv: &mut [T],
) -> Result<()> {
    const NAME: &str = "attention_backward";
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
    };
    p.check(NAME)?;
    let (queries, keys) = ((batch, heads, tq, d), (batch, kv_heads, tk, d));
    for (name, len, sizes, strides, writes) in [
        ("dout", dout.len(), queries, os, false),
        ("q", q.len(), queries, qs, false),
        ("k", k.len(), keys, ks, false),
        ("v", v.len(), keys, vs, false),
        ("out", out.len(), queries, os, false),
        ("dq", dq.len(), queries, qs, true),
        ("dk", dk.len(), keys, ks, true),
        ("dv", dv.len(), keys, vs, true),
    ] {
        check_strided(NAME, name, len, sizes, strides, writes)?;
    }
    check_len(NAME, "lse", lse.len(), batch * heads * tq)?;
    if batch * kv_heads == 0 {
        return Ok(());
    }
    // SAFETY: a task writes dq of its group's heads, and dk and dv of its key head; none overlap, checked above.
    let gradients = unsafe {
        Gradients {
            q: shared(dq.as_mut_ptr()),
            k: shared(dk.as_mut_ptr()),
            v: shared(dv.as_mut_ptr()),
        }
    };
    let saved = Saved {
        dout,
        q,
        k,
        v,
        out,
        lse,
    };
    let group = p.group();
    par::for_rows(batch * kv_heads, par::grain(5 * group * tq * tk * d), |range| {
        for task in range {
            let (b, kv) = (task / kv_heads, task % kv_heads);
            clear(gradients.k.get(), ks, (b, kv), tk, d);
            clear(gradients.v.get(), vs, (b, kv), tk, d);
            for head in kv * group..(kv + 1) * group {
                clear(gradients.q.get(), qs, (b, head), tq, d);
                for first in (0..tq).step_by(QUERIES) {
                    let count = QUERIES.min(tq - first);
                    tile_rows(
                        &p,
                        &saved,
                        &gradients,
                        kv,
                        Rows {
                            b,
                            head,
                            first,
                            count,
                            across_heads: false,
                        },
                    );
                }
            }
        }
    });
    Ok(())
}

struct Saved<'a, T> {
    dout: &'a [T],
    q: &'a [T],
    k: &'a [T],
    v: &'a [T],
    out: &'a [T],
    lse: &'a [T],
}

struct Gradients<T> {
    q: Shared<*mut T>,
    k: Shared<*mut T>,
    v: Shared<*mut T>,
}

/// Zeroes one head of a gradient that belongs to the calling task.
fn clear<T: Float>(gradient: *mut T, s: Strides, (b, h): (usize, usize), tokens: usize, d: usize) {
    for t in 0..tokens {
        // SAFETY: the caller of `attention_backward` gave room for every token, and this head is the task's own.
        unsafe { std::slice::from_raw_parts_mut(gradient.add(s.at(b, h, t)), d).fill(T::ZERO) }
    }
}

/// One tile of queries of one head against all keys it may see.
fn tile_rows<T: Float>(p: &Problem<'_, T>, saved: &Saved<'_, T>, gradients: &Gradients<T>, kv: usize, rows: Rows) {
    let (d, n, b) = (p.dims.d, rows.count, rows.b);
    let (q_at, o_at) = (p.qs.at(b, rows.head, rows.first), p.os.at(b, rows.head, rows.first));
    let (q, dout, out) = (&saved.q[q_at..], &saved.dout[o_at..], &saved.out[o_at..]);
    let lse = &saved.lse[p.index(rows, 0)..][..n];
    let keys = p.keys(rows);
    with_scratch(n * (3 * KEYS + 1), |scratch: &mut [T]| {
        let (weights, rest) = scratch.split_at_mut(n * KEYS);
        let (dropped, rest) = rest.split_at_mut(n * KEYS);
        let (ds, delta) = rest.split_at_mut(n * KEYS);
        for (r, delta) in delta.iter_mut().enumerate() {
            *delta = isa::dispatch(
                #[inline(always)]
                || dot(&dout[r * p.os.t..][..d], &out[r * p.os.t..][..d]),
            );
        }
        for j0 in (0..keys).step_by(KEYS) {
            let width = KEYS.min(keys - j0);
            let (k, v) = (&saved.k[p.ks.at(b, kv, j0)..], &saved.v[p.vs.at(b, kv, j0)..]);
            let (weights, ds) = (&mut weights[..n * width], &mut ds[..n * width]);
            // SAFETY: q and dout have n rows of d, k and v have `width` rows of d, the tiles are (n, width).
            unsafe {
                let sizes = (n, d, width);
                gemm_on_thread(
                    sizes,
                    q.as_ptr(),
                    (p.qs.t, 1),
                    k.as_ptr(),
                    (1, p.ks.t),
                    p.scale,
                    T::ZERO,
                    weights.as_mut_ptr(),
                    width,
                );
                gemm_on_thread(
                    sizes,
                    dout.as_ptr(),
                    (p.os.t, 1),
                    v.as_ptr(),
                    (1, p.vs.t),
                    T::ONE,
                    T::ZERO,
                    ds.as_mut_ptr(),
                    width,
                );
            }
            for (r, (weights, ds)) in weights
                .chunks_exact_mut(width)
                .zip(ds.chunks_exact_mut(width))
                .enumerate()
            {
                p.mask(rows, r, j0, weights);
                p.drop(rows, r, j0, ds);
                isa::dispatch(
                    #[inline(always)]
                    || score_gradient(weights, ds, lse[r], delta[r]),
                );
            }
            let dropped = if p.options.dropout.is_some() {
                let dropped = &mut dropped[..n * width];
                dropped.copy_from_slice(weights);
                dropped
                    .chunks_exact_mut(width)
                    .enumerate()
                    .for_each(|(r, row)| p.drop(rows, r, j0, row));
                dropped.as_ptr()
            } else {
                weights.as_ptr()
            };
            // SAFETY: as above; the gradients' rows are this task's own, see `attention_backward`.
            unsafe {
                let (one, scale) = (T::ONE, p.scale);
                let (dq, dk) = (gradients.q.get().add(q_at), gradients.k.get().add(p.ks.at(b, kv, j0)));
                let dv = gradients.v.get().add(p.vs.at(b, kv, j0));
                gemm_on_thread(
                    (width, n, d),
                    dropped,
                    (1, width),
                    dout.as_ptr(),
                    (p.os.t, 1),
                    one,
                    one,
                    dv,
                    p.vs.t,
                );
                gemm_on_thread(
                    (width, n, d),
                    ds.as_ptr(),
                    (1, width),
                    q.as_ptr(),
                    (p.qs.t, 1),
                    scale,
                    one,
                    dk,
                    p.ks.t,
                );
                gemm_on_thread(
                    (n, width, d),
                    ds.as_ptr(),
                    (width, 1),
                    k.as_ptr(),
                    (p.ks.t, 1),
                    scale,
                    one,
                    dq,
                    p.qs.t,
                );
            }
        }
    });
}

/// Scores to weights, `exp(s − lse)`, and dP to dS (without the scale), `P · (dP − D)`.
#[inline(always)]
fn score_gradient<T: Float>(weights: &mut [T], ds: &mut [T], lse: T, delta: T) {
    if lse == T::NEG_INFINITY {
        weights.fill(T::ZERO);
        ds.fill(T::ZERO);
        return;
    }
    for (weight, ds) in weights.iter_mut().zip(ds) {
        *weight = (*weight - lse).exp();
        *ds = *weight * (*ds - delta);
    }
}

/// Sum of products in 16 lanes.
#[inline(always)]
fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..16 {
            lanes[l] += a[l] * b[l];
        }
    }
    let rest = a_rest.iter().zip(b_rest).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
    lanes.into_iter().fold(rest, |sum, lane| sum + lane)
}
