//! The query heads of one key head in a decoding step: few rows against all keys, with the online softmax.

use super::super::gemm::Product;
use super::super::scratch::with_scratch;
use super::super::small_rows::prefetch;
use super::operands::AttnOperands;
use super::problem::{Outputs, Problem, Rows};
use super::tile::capped;
use crate::{Float, isa};

/// Keys per tile: 64 KiB of f32 scores for 64 queries.
const KEYS: usize = 256;

/// Attention of a few rows to all keys: the running maximum and sum of each row are updated tile by tile.
pub(super) fn attend<T: Float>(p: &Problem<'_, T>, operands: AttnOperands<'_, T>, outputs: Outputs<T>, rows: Rows) {
    let AttnOperands { q, k, v } = operands;
    let (d, n, kv) = (p.dims.d, rows.count, rows.head / p.group());
    let keys = p.keys(rows);
    with_scratch(n * (d + KEYS + 2), |scratch: &mut [T]| {
        let (acc, rest) = scratch.split_at_mut(n * d);
        let (scores, rest) = rest.split_at_mut(n * KEYS);
        let (max, sum) = rest.split_at_mut(n);
        acc.fill(T::ZERO);
        max.fill(T::NEG_INFINITY);
        sum.fill(T::ZERO);
        let q = &q[p.strides.q.at(rows.b, rows.head, rows.first)..];
        for j0 in keys.clone().step_by(KEYS) {
            let width = KEYS.min(keys.end - j0);
            let (k, v) = (
                &k[p.strides.k.at(rows.b, kv, j0)..],
                &v[p.strides.v.at(rows.b, kv, j0)..],
            );
            fetch(k, p.strides.k.t, d, width);
            fetch(v, p.strides.v.t, d, width);
            let scores = &mut scores[..n * width];
            // SAFETY: q has n rows of d, k has `width` rows of d, checked by the caller; scores is (n, width).
            unsafe {
                Product {
                    m: n,
                    k: d,
                    n: width,
                    a_strides: (rows.stride(p.strides.q), 1),
                    b_strides: (1, p.strides.k.t),
                    alpha: p.scale,
                    beta: T::ZERO,
                    c_rs: width,
                }
                .run(q.as_ptr(), k.as_ptr(), scores.as_mut_ptr(), false);
            }
            if let Some(cap) = p.cap {
                capped(cap, scores);
            }
            scores
                .chunks_exact_mut(width)
                .enumerate()
                .for_each(|(r, row)| p.mask(rows, r, j0, row));
            isa::dispatch(
                #[inline(always)]
                || {
                    for (r, row) in scores.chunks_exact_mut(width).enumerate() {
                        let correction = online_softmax(row, &mut max[r], &mut sum[r]);
                        acc[r * d..][..d].iter_mut().for_each(|x| *x *= correction);
                    }
                },
            );
            if p.options.dropout.is_some() {
                scores
                    .chunks_exact_mut(width)
                    .enumerate()
                    .for_each(|(r, row)| p.drop(rows, r, j0, row));
            }
            // SAFETY: scores is (n, width), v has `width` rows of d, acc is (n, d).
            unsafe {
                Product {
                    m: n,
                    k: width,
                    n: d,
                    a_strides: (width, 1),
                    b_strides: (p.strides.v.t, 1),
                    alpha: T::ONE,
                    beta: T::ONE,
                    c_rs: d,
                }
                .run(scores.as_ptr(), v.as_ptr(), acc.as_mut_ptr(), false);
            }
        }
        for r in 0..n {
            // SAFETY: this row of `out` and this entry of `lse` belong to this task alone, see `attention`.
            unsafe { p.finish(rows, r, acc, (max[r], sum[r]), outputs) };
        }
    });
}

/// Prefetches rows of a head. The rows of other heads are between them, so that the CPU does not predict the accesses.
fn fetch<T>(x: &[T], stride: usize, d: usize, rows: usize) {
    let line = 64 / size_of::<T>();
    for row in 0..rows {
        for at in (0..d).step_by(line) {
            prefetch(x.as_ptr().wrapping_add(row * stride + at));
        }
    }
}

/// Turns scores into weights relative to the new maximum; returns the factor for the sums under the old one.
#[inline(always)]
fn online_softmax<T: Float>(row: &mut [T], max: &mut T, sum: &mut T) -> T {
    let new = row_max(row).max_nan(*max);
    // A row without allowed keys so far has maximum -inf; exp(-inf - 0) is the 0 that it needs.
    let shift = if new == T::NEG_INFINITY { T::ZERO } else { new };
    let correction = (*max - shift).exp();
    *sum = *sum * correction + exp_sum(row, shift);
    *max = new;
    correction
}

#[inline(always)]
fn row_max<T: Float>(row: &[T]) -> T {
    let mut lanes = [T::NEG_INFINITY; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max_nan(x);
        }
    }
    let max = rest.iter().fold(T::NEG_INFINITY, |max, &x| max.max_nan(x));
    lanes.into_iter().fold(max, T::max_nan)
}

/// Replaces x by exp(x − shift) and returns the sum, in 16 lanes.
#[inline(always)]
fn exp_sum<T: Float>(row: &mut [T], shift: T) -> T {
    let mut lanes = [T::ZERO; 16];
    let (chunks, rest) = row.as_chunks_mut::<16>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *x = (*x - shift).exp();
            *lane += *x;
        }
    }
    let mut sum = T::ZERO;
    for x in rest {
        *x = (*x - shift).exp();
        sum += *x;
    }
    lanes.into_iter().fold(sum, |sum, lane| sum + lane)
}
