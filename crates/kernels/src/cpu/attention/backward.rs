//! The gradient of attention, which recomputes the weights tile by tile from the saved log-sums.

use super::super::scratch::with_scratch;
use super::micro::{LANES, Product, Trim};
use super::operands::{AttnDims, AttnGradients, AttnOperands, AttnOptions, AttnSaved, AttnStrides, Strides};
use super::problem::{KEYS, Problem, QUERIES, Rows, check_strided};
use super::tile::{Visibility, drop_by, gather, hide, lanes_at, padded, transpose};
use crate::shared::{Shared, shared};
use crate::{Float, Result, check_len, isa, par, pause};

/// Queries, and keys, in the block of one task.
const BLOCK: usize = 256;

/// The gradients of [`super::attention`] to q, k and v.
///
/// With weights P, dropped weights P̃, `dP = mask ∘ (dout · vᵀ)` and `Dᵢ = Σ doutᵢ ∘ outᵢ`:
/// `dS = scale · P ∘ (dP − D)`, with a softcap times `1 − tanh²(s / cap)`, `dq = dS · k`, `dk = dSᵀ · q`, `dv = P̃ᵀ · dout`.
///
/// `dout` has the strides of `out`; the gradients have those of their tensors, and are overwritten. Shared key heads sum
/// their query heads in order. Bits do not depend on the threads: queries and keys are cut in blocks of 256, and the pairs of blocks
/// run in rounds, in each of which a block of queries and a block of keys belong to one task alone.
///
/// # Errors
/// As [`super::attention`]; also when the strides of q, k or v make tokens overlap (a broadcast input has no such gradient).
pub fn attention_backward<T: Float>(
    dims: AttnDims,
    strides: AttnStrides,
    operands: AttnOperands<'_, T>,
    options: &AttnOptions<'_, T>,
    saved: AttnSaved<'_, T>,
    dout: &[T],
    gradients: AttnGradients<'_, T>,
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
    let AttnOperands { q, k, v } = operands;
    let AttnSaved { out, lse } = saved;
    let AttnGradients { dq, dk, dv } = gradients;
    let p = Problem::new(NAME, dims, strides, options)?;
    let (queries, keys) = ((batch, heads, tq, d), (batch, kv_heads, tk, d));
    for (name, len, sizes, strides, writes) in [
        ("dout", dout.len(), queries, strides.out, false),
        ("q", q.len(), queries, strides.q, false),
        ("k", k.len(), keys, strides.k, false),
        ("v", v.len(), keys, strides.v, false),
        ("out", out.len(), queries, strides.out, false),
        ("dq", dq.len(), queries, strides.q, true),
        ("dk", dk.len(), keys, strides.k, true),
        ("dv", dv.len(), keys, strides.v, true),
    ] {
        check_strided(NAME, name, len, sizes, strides, writes)?;
    }
    check_len(NAME, "lse", lse.len(), batch * heads * tq)?;
    // SAFETY: in a round, a task alone writes its block of dq, dk and dv; none overlap, checked above.
    let gradients = unsafe {
        Gradients {
            q: shared(dq.as_mut_ptr()),
            k: shared(dk.as_mut_ptr()),
            v: shared(dv.as_mut_ptr()),
        }
    };
    let inputs = Inputs { operands, saved, dout };
    let rounds = tq.max(tk).div_ceil(BLOCK);
    let work = 5 * p.group() * tq.min(BLOCK) * tk.min(BLOCK) * d;
    for round in 0..rounds {
        if round > 0 {
            pause::point();
        }
        par::for_rows(batch * kv_heads * rounds, par::grain(work), |range| {
            for task in range {
                let (b, kv, block) = (task / rounds / kv_heads, task / rounds % kv_heads, task % rounds);
                if round == 0 {
                    gradients.clear(&p, (b, kv), block * BLOCK);
                }
                // In the first round a task works on the very queries and keys that it cleared.
                let first = (block + round) % rounds * BLOCK;
                pair(&p, &inputs, &gradients, (b, kv), (first, block * BLOCK));
            }
        });
    }
    Ok(())
}

struct Inputs<'a, T> {
    operands: AttnOperands<'a, T>,
    saved: AttnSaved<'a, T>,
    dout: &'a [T],
}

struct Gradients<T> {
    q: Shared<*mut T>,
    k: Shared<*mut T>,
    v: Shared<*mut T>,
}

impl<T: Float> Gradients<T> {
    /// Zeroes a block of tokens of one key head and its query heads, which is the calling task's own.
    fn clear(&self, p: &Problem<'_, T>, (b, kv): (usize, usize), first: usize) {
        let AttnDims { tq, tk, d, .. } = p.dims;
        let clear = |gradient: *mut T, s: Strides, h: usize, tokens: usize| {
            for t in first..tokens.min(first + BLOCK) {
                // SAFETY: `attention_backward` checked that every token is inside, and this block belongs to the task.
                unsafe { std::slice::from_raw_parts_mut(gradient.add(s.at(b, h, t)), d).fill(T::ZERO) }
            }
        };
        clear(self.k.get(), p.strides.k, kv, tk);
        clear(self.v.get(), p.strides.v, kv, tk);
        (kv * p.group()..(kv + 1) * p.group()).for_each(|head| clear(self.q.get(), p.strides.q, head, tq));
    }
}

/// A block of queries of all heads of a group against a block of keys.
fn pair<T: Float>(
    p: &Problem<'_, T>,
    inputs: &Inputs<'_, T>,
    gradients: &Gradients<T>,
    (b, kv): (usize, usize),
    (first_query, first_key): (usize, usize),
) {
    let AttnDims { tq, tk, .. } = p.dims;
    for head in kv * p.group()..(kv + 1) * p.group() {
        for first in (first_query..tq.min(first_query + BLOCK)).step_by(QUERIES) {
            let rows = Rows {
                b,
                head,
                first,
                count: QUERIES.min(tq - first),
                across_heads: false,
            };
            let keys = p.keys(rows);
            let keys = keys.start.max(first_key)..keys.end.min(tk).min(first_key + BLOCK);
            if !keys.is_empty() {
                tile_rows(p, inputs, gradients, kv, rows, keys);
            }
        }
    }
}

/// One tile of queries of one head against some of its visible keys.
fn tile_rows<T: Float>(
    p: &Problem<'_, T>,
    inputs: &Inputs<'_, T>,
    gradients: &Gradients<T>,
    kv: usize,
    rows: Rows,
    keys: std::ops::Range<usize>,
) {
    let (d, n, b) = (p.dims.d, rows.count, rows.b);
    let (q_at, o_at) = (
        p.strides.q.at(b, rows.head, rows.first),
        p.strides.out.at(b, rows.head, rows.first),
    );
    let AttnOperands { q, k, v } = inputs.operands;
    let AttnSaved { out, lse } = inputs.saved;
    let (q, dout, out) = (&q[q_at..], &inputs.dout[o_at..], &out[o_at..]);
    let lanes = padded(n);
    let tile_if = |wanted: bool| if wanted { KEYS * QUERIES } else { 0 };
    let (factor_len, slope_len) = (tile_if(p.options.dropout.is_some()), tile_if(p.cap.is_some()));
    with_scratch(
        (4 * QUERIES + KEYS) * d + 2 * QUERIES * KEYS + factor_len + slope_len,
        |scratch: &mut [T]| {
            // Queries and gradients of the output by column, as the first two products read them, and by row for the last three.
            let (queries, rest) = scratch.split_at_mut(QUERIES * d);
            let (douts, rest) = rest.split_at_mut(QUERIES * d);
            let (query_rows, rest) = rest.split_at_mut(QUERIES * d);
            let (dout_rows, rest) = rest.split_at_mut(QUERIES * d);
            let (key_rows, rest) = rest.split_at_mut(KEYS * d);
            let (weights, rest) = rest.split_at_mut(QUERIES * KEYS);
            let (ds, rest) = rest.split_at_mut(QUERIES * KEYS);
            let (factors, slopes) = rest.split_at_mut(factor_len);
            transpose(q, p.strides.q.t, n, d, p.scale, queries);
            transpose(dout, p.strides.out.t, n, d, T::ONE, douts);
            gather(q, p.strides.q.t, d, &mut query_rows[..n * d]);
            gather(dout, p.strides.out.t, d, &mut dout_rows[..n * d]);
            let sums = Sums::new(&lse[p.index(rows, 0)..][..n], dout, out, p.strides.out.t, d);
            for j0 in keys.clone().step_by(KEYS) {
                let width = KEYS.min(keys.end - j0);
                let (k_at, v_at) = (p.strides.k.at(b, kv, j0), p.strides.v.at(b, kv, j0));
                let (k, v) = (&k[k_at..], &v[v_at..]);
                gather(k, p.strides.k.t, d, &mut key_rows[..width * d]);
                let visibility = Visibility::new(p, rows, j0, width);
                let scores = Product {
                    m: width,
                    k: d,
                    n: lanes,
                    a: key_rows.as_ptr(),
                    a_strides: (d, 1),
                    b: queries.as_ptr(),
                    ldb: QUERIES,
                    c: weights.as_mut_ptr(),
                    ldc: QUERIES,
                    add: false,
                    trim: Trim::Columns(visibility.first()),
                };
                let to_weights = Product {
                    a: v.as_ptr(),
                    a_strides: (p.strides.v.t, 1),
                    b: douts.as_ptr(),
                    c: ds.as_mut_ptr(),
                    ..scores
                };
                // SAFETY: keys and v have `width` rows of d, the transposed tiles are (d, 64), weights and ds (128, 64).
                unsafe {
                    scores.run();
                    to_weights.run();
                }
                if let Some(cap) = p.cap {
                    cap_slopes(cap, &mut weights[..width * QUERIES], slopes);
                }
                p.mask_columns(rows, j0, width, weights);
                if p.options.dropout.is_some() {
                    p.drop_factors(rows, j0, width, factors);
                    drop_by(factors, &mut ds[..width * QUERIES]);
                }
                isa::dispatch(
                    #[inline(always)]
                    || sums.score_gradient(&visibility, lanes, p.scale, weights, ds),
                );
                if p.cap.is_some() {
                    uncap(slopes, &mut ds[..width * QUERIES]);
                }
                // SAFETY: as above; the gradients' rows are this task's own, see `attention_backward`.
                unsafe {
                    let to_keys = Product {
                        m: width,
                        k: n,
                        n: d,
                        a: ds.as_ptr(),
                        a_strides: (QUERIES, 1),
                        b: query_rows.as_ptr(),
                        ldb: d,
                        c: gradients.k.get().add(k_at),
                        ldc: p.strides.k.t,
                        add: true,
                        trim: Trim::From(visibility.first()),
                    };
                    to_keys.run();
                    Product {
                        m: n,
                        k: width,
                        a_strides: (1, QUERIES),
                        b: key_rows.as_ptr(),
                        c: gradients.q.get().add(q_at),
                        ldc: p.strides.q.t,
                        trim: Trim::To(visibility.seen(n)),
                        ..to_keys
                    }
                    .run();
                    if p.options.dropout.is_some() {
                        drop_by(factors, &mut weights[..width * QUERIES]);
                    }
                    Product {
                        a: weights.as_ptr(),
                        b: dout_rows.as_ptr(),
                        c: gradients.v.get().add(v_at),
                        ldc: p.strides.v.t,
                        ..to_keys
                    }
                    .run();
                }
            }
        },
    );
}

/// Caps scores and writes the derivative of the cap at each, `1 − tanh²(s / cap)`.
fn cap_slopes<T: Float>(cap: T, scores: &mut [T], slopes: &mut [T]) {
    let inverse = T::ONE / cap;
    isa::dispatch(
        #[inline(always)]
        || {
            for (s, slope) in scores.iter_mut().zip(slopes) {
                let t = (*s * inverse).tanh();
                (*s, *slope) = (cap * t, T::ONE - t * t);
            }
        },
    );
}

/// Turns gradients of capped scores into those of the scores. Where a key is masked the gradient is 0, whatever the derivative is.
fn uncap<T: Float>(slopes: &[T], ds: &mut [T]) {
    isa::dispatch(
        #[inline(always)]
        || {
            for (ds, &slope) in ds.iter_mut().zip(slopes) {
                *ds = if *ds == T::ZERO { T::ZERO } else { *ds * slope };
            }
        },
    );
}

/// Per query, what the gradient of the softmax needs.
struct Sums<T> {
    /// Log-sum of the scores; +inf where the weights are 0: for padding, and where no key is allowed.
    lse: [T; QUERIES],
    /// `Σ dout ∘ out`.
    delta: [T; QUERIES],
}

impl<T: Float> Sums<T> {
    fn new(lse: &[T], dout: &[T], out: &[T], stride: usize, d: usize) -> Self {
        let mut sums = Sums {
            lse: [T::INFINITY; QUERIES],
            delta: [T::ZERO; QUERIES],
        };
        for (to, &lse) in sums.lse.iter_mut().zip(lse).filter(|(_, lse)| **lse != T::NEG_INFINITY) {
            *to = lse;
        }
        isa::dispatch(
            #[inline(always)]
            || {
                for (r, delta) in sums.delta[..lse.len()].iter_mut().enumerate() {
                    *delta = dot(&dout[r * stride..][..d], &out[r * stride..][..d]);
                }
            },
        );
        sums
    }

    /// Scores to weights, `exp(s − lse)`, and dP to dS, `scale · P · (dP − D)`; both become 0 where a key is masked.
    ///
    /// A query that sees one key alone has P = 1, D = dP and so no gradient; D is another sum than dP, though, and their difference would be the rounding of
    /// both. Adam makes a full step of any gradient, however small, so it must be 0.
    #[inline(always)]
    fn score_gradient(&self, visibility: &Visibility, lanes: usize, scale: T, weights: &mut [T], ds: &mut [T]) {
        for l in (0..lanes).step_by(LANES) {
            let (weights, ds, keys) = (&mut weights[l..], &mut ds[l..], visibility.keys_of(l));
            hide(visibility, l, weights);
            let (lse, delta) = (lanes_at(&self.lse, l), lanes_at(&self.delta, l));
            for j in keys.clone() {
                let (mut p, mut dp) = (lanes_at(weights, j * QUERIES), lanes_at(ds, j * QUERIES));
                for i in 0..LANES {
                    p[i] = (p[i] - lse[i]).exp();
                }
                for i in 0..LANES {
                    let scale = if p[i] < T::ONE { scale } else { T::ZERO }; // times 0: NaN stays NaN
                    dp[i] = scale * p[i] * (dp[i] - delta[i]);
                }
                weights[j * QUERIES..][..LANES].copy_from_slice(&p);
                ds[j * QUERIES..][..LANES].copy_from_slice(&dp);
            }
            for j in (0..keys.start).chain(keys.end..visibility.first().len()) {
                weights[j * QUERIES..][..LANES].fill(T::ZERO);
                ds[j * QUERIES..][..LANES].fill(T::ZERO);
            }
        }
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
