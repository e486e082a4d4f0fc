//! One tile of queries against all its keys, with the online softmax. Scores are stored as (keys, queries): a register holds one key's
//! scores for several queries, so that the softmax needs no sums across a register and both products read contiguous operands.

use std::ops::Range;

use super::super::scratch::with_scratch;
use super::micro::{LANES, Product, Trim};
use super::operands::AttnOperands;
use super::problem::{KEYS, Outputs, Problem, QUERIES, Rows};
use crate::{Float, isa};

/// Which of the keys j0..j0 + width each query of a tile may attend to, by length, position and window. Padding rows repeat the last row.
pub(super) struct Visibility {
    /// First row to which each key is visible, by position.
    first: [usize; KEYS],
    /// First row whose window begins after each key.
    past: [usize; KEYS],
    /// First key in the window of each row.
    from: [usize; QUERIES],
    /// End of the keys that are visible to each row.
    seen: [usize; QUERIES],
    width: usize,
}

impl Visibility {
    /// For `width` keys from j0, all of which precede the end of the last row's keys.
    pub(super) fn new<T: Float>(p: &Problem<'_, T>, rows: Rows, j0: usize, width: usize) -> Self {
        let mut visibility = Visibility {
            first: [0; KEYS],
            past: [QUERIES; KEYS],
            from: [0; QUERIES],
            seen: [width; QUERIES],
            width,
        };
        let (mut begun, mut left) = (0, 0);
        for r in 0..rows.count {
            let visible = p.visible(rows.b, rows.first + r);
            let [from, to] = [visible.start, visible.end].map(|j| j.saturating_sub(j0).min(width));
            if to > begun {
                visibility.first[begun..to].fill(r);
                begun = to;
            }
            if from > left {
                visibility.past[left..from].fill(r);
                left = from;
            }
            visibility.from[r] = from;
            visibility.seen[r] = to;
        }
        visibility.from[rows.count..].fill(left);
        visibility
    }

    /// First row to which each key of the tile is visible.
    pub(super) fn first(&self) -> &[usize] {
        &self.first[..self.width]
    }

    /// End of the visible keys of each of the first `rows` rows.
    pub(super) fn seen(&self, rows: usize) -> &[usize] {
        &self.seen[..rows]
    }

    /// From the first to the last key that is visible to some row of the lanes l...
    pub(super) fn keys_of(&self, l: usize) -> Range<usize> {
        self.from[l]..self.seen[l + LANES - 1]
    }
}

/// The number of queries, rounded up to whole groups of lanes.
pub(super) fn padded(queries: usize) -> usize {
    queries.next_multiple_of(LANES)
}

/// Writes rows of `d` values, `stride` apart, times `scale`, as columns of (d, [`QUERIES`]); padding columns become 0.
pub(super) fn transpose<T: Float>(x: &[T], stride: usize, n: usize, d: usize, scale: T, out: &mut [T]) {
    isa::dispatch(
        #[inline(always)]
        || {
            for r0 in (0..padded(n)).step_by(LANES) {
                let rows = LANES.min(n.saturating_sub(r0));
                let mut c0 = 0;
                while c0 < d {
                    let columns = LANES.min(d - c0);
                    let mut block = [[T::ZERO; LANES]; LANES];
                    for (r, block) in block.iter_mut().enumerate().take(rows) {
                        let from = &x[(r0 + r) * stride + c0..][..columns];
                        block[..columns]
                            .iter_mut()
                            .zip(from)
                            .for_each(|(to, &x)| *to = x * scale);
                    }
                    for c in 0..columns {
                        let to = &mut out[(c0 + c) * QUERIES + r0..][..LANES];
                        for (r, to) in to.iter_mut().enumerate() {
                            *to = block[r][c];
                        }
                    }
                    c0 += LANES;
                }
            }
        },
    );
}

/// Copies rows of `d` values, `stride` apart, next to each other: rows a power of two apart would share a few sets of the first-level
/// cache, and a tile reads them many times.
pub(super) fn gather<T: Float>(x: &[T], stride: usize, d: usize, out: &mut [T]) {
    for (to, from) in out.chunks_exact_mut(d).zip(x.chunks(stride)) {
        to.copy_from_slice(&from[..d]);
    }
}

/// Attention of one tile of queries to all keys: the running maximum and sum of each row are updated tile by tile.
pub(super) fn attend<T: Float>(p: &Problem<'_, T>, operands: AttnOperands<'_, T>, outputs: Outputs<T>, rows: Rows) {
    let AttnOperands { q, k, v } = operands;
    let (d, n, kv) = (p.dims.d, rows.count, rows.head / p.group());
    let (keys, lanes) = (p.keys(rows), padded(n));
    with_scratch((2 * QUERIES + KEYS) * d + QUERIES * KEYS, |scratch: &mut [T]| {
        let (acc, rest) = scratch.split_at_mut(QUERIES * d);
        let (queries, rest) = rest.split_at_mut(QUERIES * d);
        let (values, scores) = rest.split_at_mut(KEYS * d);
        let mut softmax = Softmax {
            max: [T::NEG_INFINITY; QUERIES],
            sum: [T::ZERO; QUERIES],
            correction: [T::ZERO; QUERIES],
        };
        transpose(
            &q[p.strides.q.at(rows.b, rows.head, rows.first)..],
            p.strides.q.t,
            n,
            d,
            p.scale,
            queries,
        );
        if keys.is_empty() {
            acc.fill(T::ZERO);
        }
        for j0 in keys.clone().step_by(KEYS) {
            let width = KEYS.min(keys.end - j0);
            let (k, v) = (
                &k[p.strides.k.at(rows.b, kv, j0)..],
                &v[p.strides.v.at(rows.b, kv, j0)..],
            );
            let visibility = Visibility::new(p, rows, j0, width);
            // SAFETY: k has `width` rows of d, checked by the caller; the queries are (d, 64), the scores (128, 64).
            unsafe {
                Product {
                    m: width,
                    k: d,
                    n: lanes,
                    a: k.as_ptr(),
                    a_strides: (p.strides.k.t, 1),
                    b: queries.as_ptr(),
                    ldb: QUERIES,
                    c: scores.as_mut_ptr(),
                    ldc: QUERIES,
                    add: false,
                    trim: Trim::Columns(visibility.first()),
                }
                .run();
            }
            if let Some(cap) = p.cap {
                capped(cap, &mut scores[..width * QUERIES]);
            }
            p.mask_columns(rows, j0, width, scores);
            isa::dispatch(
                #[inline(always)]
                || softmax.step(&visibility, lanes, scores),
            );
            if j0 > keys.start {
                softmax.correct(&mut acc[..n * d], d);
            }
            if p.options.dropout.is_some() {
                with_scratch(QUERIES * KEYS, |factors: &mut [T]| {
                    p.drop_factors(rows, j0, width, factors);
                    drop_by(factors, &mut scores[..width * QUERIES]);
                });
            }
            gather(v, p.strides.v.t, d, &mut values[..width * d]);
            // SAFETY: the scores are (128, 64), the values (128, d), acc is (64, d).
            unsafe {
                Product {
                    m: n,
                    k: width,
                    n: d,
                    a: scores.as_ptr(),
                    a_strides: (1, QUERIES),
                    b: values.as_ptr(),
                    ldb: d,
                    c: acc.as_mut_ptr(),
                    ldc: d,
                    add: j0 > keys.start,
                    trim: Trim::To(visibility.seen(n)),
                }
                .run();
            }
        }
        for r in 0..n {
            // SAFETY: this row of `out` and this entry of `lse` belong to this task alone, see `attention`.
            unsafe { p.finish(rows, r, acc, (softmax.max[r], softmax.sum[r]), outputs) };
        }
    });
}

/// `cap · tanh(s / cap)` of each score.
pub(super) fn capped<T: Float>(cap: T, scores: &mut [T]) {
    let inverse = T::ONE / cap;
    isa::dispatch(
        #[inline(always)]
        || scores.iter_mut().for_each(|s| *s = cap * (*s * inverse).tanh()),
    );
}

/// A dropped weight becomes 0 even where it was infinite or NaN.
pub(super) fn drop_by<T: Float>(factors: &[T], weights: &mut [T]) {
    isa::dispatch(
        #[inline(always)]
        || {
            for (weight, &factor) in weights.iter_mut().zip(factors) {
                *weight = if factor == T::ZERO { T::ZERO } else { *weight * factor };
            }
        },
    );
}

/// The running softmax of each query of a tile.
struct Softmax<T> {
    max: [T; QUERIES],
    sum: [T; QUERIES],
    /// Factor for the sums under the previous maximum.
    correction: [T; QUERIES],
}

impl<T: Float> Softmax<T> {
    /// Turns scores into weights relative to the new maxima; hidden ones become 0.
    #[inline(always)]
    fn step(&mut self, visibility: &Visibility, lanes: usize, scores: &mut [T]) {
        for l in (0..lanes).step_by(LANES) {
            let (scores, keys) = (&mut scores[l..], visibility.keys_of(l));
            hide(visibility, l, scores);
            let old = lanes_at(&self.max, l);
            let mut max = old;
            for j in keys.clone() {
                let row = lanes_at(scores, j * QUERIES);
                for i in 0..LANES {
                    max[i] = max[i].max_nan(row[i]);
                }
            }
            let (mut shift, mut sum) = (max, [T::ZERO; LANES]);
            for i in 0..LANES {
                // A row without allowed keys so far has maximum -inf; exp(-inf - 0) is the 0 that it needs.
                shift[i] = if max[i] == T::NEG_INFINITY { T::ZERO } else { max[i] };
            }
            for j in keys.clone() {
                let mut row = lanes_at(scores, j * QUERIES);
                for i in 0..LANES {
                    row[i] = (row[i] - shift[i]).exp();
                }
                for i in 0..LANES {
                    sum[i] += row[i];
                }
                scores[j * QUERIES..][..LANES].copy_from_slice(&row);
            }
            for j in (0..keys.start).chain(keys.end..visibility.width) {
                scores[j * QUERIES..][..LANES].fill(T::ZERO);
            }
            for i in 0..LANES {
                self.correction[l + i] = (old[i] - shift[i]).exp();
                self.sum[l + i] = self.sum[l + i] * self.correction[l + i] + sum[i];
                self.max[l + i] = max[i];
            }
        }
    }

    /// Rescales the sums of earlier tiles to the new maxima.
    fn correct(&self, acc: &mut [T], d: usize) {
        isa::dispatch(
            #[inline(always)]
            || {
                for (row, &correction) in acc.chunks_exact_mut(d).zip(&self.correction) {
                    row.iter_mut().for_each(|x| *x *= correction);
                }
            },
        );
    }
}

/// [`LANES`] values from `at`.
#[inline(always)]
pub(super) fn lanes_at<T: Float>(x: &[T], at: usize) -> [T; LANES] {
    let mut lanes = [T::ZERO; LANES];
    lanes.copy_from_slice(&x[at..at + LANES]);
    lanes
}

/// Sets scores to -inf where a key is visible to some of the rows l.. but not to this one. `scores` starts at lane l.
#[inline(always)]
pub(super) fn hide<T: Float>(visibility: &Visibility, l: usize, scores: &mut [T]) {
    for j in visibility.seen[l]..visibility.keys_of(l).end {
        scores[j * QUERIES..][..visibility.first[j] - l].fill(T::NEG_INFINITY);
    }
    for j in visibility.from[l]..visibility.from[l + LANES - 1] {
        scores[j * QUERIES..][visibility.past[j] - l..LANES].fill(T::NEG_INFINITY);
    }
}
