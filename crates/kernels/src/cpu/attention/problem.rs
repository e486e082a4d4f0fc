//! A checked attention problem: the keys that are visible to a query, masks, dropout, and the last step of a row.

use std::ops::Range;

use super::operands::{AttnDims, AttnOptions, AttnStrides, Causal, Mask, Strides};
use crate::shared::Shared;
use crate::{Float, Result, check_len, fail};

/// Queries per tile, and distance between the keys of a tile of scores.
pub(super) const QUERIES: usize = 64;

/// Keys per tile: 32 KiB of f32 scores.
pub(super) const KEYS: usize = 128;

/// A checked problem.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a, T> {
    pub dims: AttnDims,
    pub strides: AttnStrides,
    pub options: AttnOptions<'a, T>,
    pub scale: T,
    pub cap: Option<T>,
}

/// The outputs that tasks write, each the rows of its own queries.
#[derive(Clone, Copy)]
pub(super) struct Outputs<T> {
    pub out: Shared<*mut T>,
    pub lse: Shared<*mut T>,
}

/// Queries that are computed together: row r is query `first + r` of `head`, or, in a decoding step, the only query of
/// head `head + r`.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub b: usize,
    pub head: usize,
    pub first: usize,
    pub count: usize,
    pub across_heads: bool,
}

impl Rows {
    /// (head, query) of row r.
    pub fn position(self, r: usize) -> (usize, usize) {
        if self.across_heads {
            (self.head + r, self.first)
        } else {
            (self.head, self.first + r)
        }
    }

    /// Distance between rows.
    pub fn stride(self, s: Strides) -> usize {
        if self.across_heads { s.h } else { s.t }
    }
}

impl<'a, T: Float> Problem<'a, T> {
    /// The problem; everything is checked except the strided slices.
    pub fn new(
        kernel: &'static str,
        dims: AttnDims,
        strides: AttnStrides,
        options: &AttnOptions<'a, T>,
    ) -> Result<Self> {
        let problem = Self {
            dims,
            strides,
            options: *options,
            scale: T::from_f64(options.scale),
            cap: options.softcap.map(T::from_f64),
        };
        problem.check(kernel)?;
        Ok(problem)
    }

    /// Query heads per key head.
    pub fn group(&self) -> usize {
        self.dims.heads / self.dims.kv_heads
    }

    fn length(&self, b: usize) -> usize {
        self.options
            .lens
            .map_or(self.dims.tk, |lens| (lens[b].max(0) as usize).min(self.dims.tk))
    }

    /// Keys that are visible to query i by length, position and window. Both ends grow with i.
    pub fn visible(&self, b: usize, i: usize) -> Range<usize> {
        let (length, window) = (self.length(b), self.options.window);
        // One more than the position of the query among the keys.
        let next = match self.options.causal {
            Causal::None | Causal::TopLeft => i + 1,
            Causal::BottomRight => (length + i + 1).saturating_sub(self.dims.tq),
        };
        let end = match (self.options.causal, window) {
            (Causal::None, None) => length,
            (Causal::None, Some(window)) => length.min(i.saturating_add(window)),
            _ => length.min(next),
        };
        window.map_or(0, |window| next.saturating_sub(window)).min(end)..end
    }

    /// Keys that are visible to some row.
    pub fn keys(&self, rows: Rows) -> Range<usize> {
        let ((_, first), (_, last)) = (rows.position(0), rows.position(rows.count - 1));
        self.visible(rows.b, first).start..self.visible(rows.b, last).end
    }

    /// Roughly how many keys a tile of `queries` reads.
    pub fn reach(&self, queries: usize) -> usize {
        let reach = |window: usize| window.saturating_mul(2).saturating_add(queries);
        self.options
            .window
            .map_or(self.dims.tk, |window| self.dims.tk.min(reach(window)))
    }

    /// Index of row r in a (B, H, Tq) tensor.
    pub fn index(&self, rows: Rows, r: usize) -> usize {
        let (h, i) = rows.position(r);
        (rows.b * self.dims.heads + h) * self.dims.tq + i
    }

    /// Writes row r: the weighted sum of the values over the sum of the weights, and the logarithm of the latter. A row without visible
    /// keys is 0, its logarithm −∞.
    ///
    /// # Safety
    /// This row of `out` and this entry of `lse` exist, and no other task touches them, see `attention`.
    pub unsafe fn finish(&self, rows: Rows, r: usize, acc: &[T], (max, sum): (T, T), outputs: Outputs<T>) {
        let (h, i) = rows.position(r);
        let inverse = if sum == T::ZERO { T::ZERO } else { T::ONE / sum };
        // SAFETY: the caller's promise.
        let (row, lse) = unsafe {
            let row =
                std::slice::from_raw_parts_mut(outputs.out.get().add(self.strides.out.at(rows.b, h, i)), self.dims.d);
            (row, &mut *outputs.lse.get().add(self.index(rows, r)))
        };
        row.iter_mut()
            .zip(&acc[r * self.dims.d..])
            .for_each(|(y, &x)| *y = x * inverse);
        *lse = if sum == T::ZERO {
            T::NEG_INFINITY
        } else {
            max + sum.ln()
        };
    }

    /// Applies all masks to the scaled scores of row r against keys j0...
    pub fn mask(&self, rows: Rows, r: usize, j0: usize, scores: &mut [T]) {
        let (h, i) = rows.position(r);
        let visible = self.visible(rows.b, i);
        let [from, to] = [visible.start, visible.end].map(|j| j.saturating_sub(j0).min(scores.len()));
        scores[..from].fill(T::NEG_INFINITY);
        scores[to..].fill(T::NEG_INFINITY);
        let seen = &mut scores[from..to];
        let base = |s: &[usize; 4]| rows.b * s[0] + h * s[1] + i * s[2] + (j0 + from) * s[3];
        match &self.options.mask {
            None => {}
            Some(Mask::Bool(allowed, s)) => {
                let base = base(s);
                for (j, score) in seen.iter_mut().enumerate() {
                    if allowed[base + j * s[3]] == 0 {
                        *score = T::NEG_INFINITY;
                    }
                }
            }
            Some(Mask::Add(bias, s)) => {
                let base = base(s);
                seen.iter_mut()
                    .enumerate()
                    .for_each(|(j, score)| *score += bias[base + j * s[3]]);
            }
        }
    }

    /// Applies the caller's mask to scores stored as (keys, [`QUERIES`]), for keys j0..j0 + width.
    pub fn mask_columns(&self, rows: Rows, j0: usize, width: usize, scores: &mut [T]) {
        let (h, i) = rows.position(0);
        let base = |s: &[usize; 4]| rows.b * s[0] + h * s[1] + i * s[2] + j0 * s[3];
        let columns = scores.chunks_exact_mut(QUERIES).take(width).enumerate();
        match &self.options.mask {
            None => {}
            // One value for all queries, as for padding.
            Some(Mask::Bool(allowed, s)) if s[2] == 0 => {
                let base = base(s);
                columns
                    .filter(|(j, _)| allowed[base + j * s[3]] == 0)
                    .for_each(|(_, column)| column.fill(T::NEG_INFINITY));
            }
            Some(Mask::Bool(allowed, s)) => {
                let base = base(s);
                for (j, column) in columns {
                    for (r, score) in column[..rows.count].iter_mut().enumerate() {
                        if allowed[base + r * s[2] + j * s[3]] == 0 {
                            *score = T::NEG_INFINITY;
                        }
                    }
                }
            }
            Some(Mask::Add(bias, s)) => {
                let base = base(s);
                for (j, column) in columns {
                    for (r, score) in column[..rows.count].iter_mut().enumerate() {
                        *score += bias[base + r * s[2] + j * s[3]];
                    }
                }
            }
        }
    }

    /// Writes the factors of dropout, 0 or 1 / (1 − p), as (keys, [`QUERIES`]).
    pub fn drop_factors(&self, rows: Rows, j0: usize, width: usize, factors: &mut [T]) {
        let mut row = [T::ZERO; KEYS];
        for r in 0..rows.count {
            row.fill(T::ONE);
            self.drop(rows, r, j0, &mut row[..width]);
            for (j, &factor) in row[..width].iter().enumerate() {
                factors[j * QUERIES + r] = factor;
            }
        }
    }

    /// Applies dropout to the weights of row r for keys j0...
    pub fn drop(&self, rows: Rows, r: usize, j0: usize, weights: &mut [T]) {
        if let Some(dropout) = self.options.dropout {
            dropout.apply((self.index(rows, r) * self.dims.tk + j0) as u64, weights);
        }
    }

    /// Checks everything except the strided slices.
    fn check(&self, kernel: &'static str) -> Result<()> {
        let AttnDims {
            batch,
            heads,
            kv_heads,
            tq,
            tk,
            d,
        } = self.dims;
        if d == 0 {
            return fail(kernel, "the head size is 0".into());
        }
        if (kv_heads == 0 && heads > 0) || (kv_heads > 0 && heads % kv_heads != 0) {
            return fail(
                kernel,
                format!("{heads} heads do not share {kv_heads} key heads evenly"),
            );
        }
        if let Some(lens) = self.options.lens {
            check_len(kernel, "lens", lens.len(), batch)?;
        }
        if self.options.window == Some(0) {
            return fail(kernel, "the window is 0: no key is visible".into());
        }
        if let Some(cap) = self.options.softcap
            && !(cap > 0.0 && cap.is_finite())
        {
            return fail(kernel, format!("the softcap is {cap}, not a number above 0"));
        }
        let (len, s) = match &self.options.mask {
            None => return Ok(()),
            Some(Mask::Bool(mask, s)) => (mask.len(), s),
            Some(Mask::Add(mask, s)) => (mask.len(), s),
        };
        let needed = extent(&[(batch, s[0]), (heads, s[1]), (tq, s[2]), (tk, s[3])], 1);
        if len < needed {
            return fail(
                kernel,
                format!("mask has {len} values, its strides {s:?} need {needed}"),
            );
        }
        Ok(())
    }
}

/// Checks that a slice covers (batch, heads, tokens, d) under `s`; with `writes`, that no two tokens share an element.
pub(super) fn check_strided(
    kernel: &'static str,
    name: &str,
    len: usize,
    (batch, heads, tokens, d): (usize, usize, usize, usize),
    s: Strides,
    writes: bool,
) -> Result<()> {
    let mut axes = [(batch, s.b), (heads, s.h), (tokens, s.t)];
    let needed = extent(&axes, d);
    if len < needed {
        return fail(
            kernel,
            format!("{name} has {len} values, its strides {s:?} need {needed}"),
        );
    }
    if needed == 0 {
        return Ok(());
    }
    axes.sort_by_key(|&(size, stride)| (stride, size));
    let mut covered = d;
    for (size, stride) in axes.into_iter().filter(|&(size, _)| size > 1) {
        if writes && stride < covered {
            return fail(kernel, format!("the strides {s:?} of {name} make tokens overlap"));
        }
        covered += (size - 1) * stride;
    }
    Ok(())
}

/// Elements from the first to the last of a strided tensor whose innermost dimension has `run` contiguous elements.
fn extent(axes: &[(usize, usize)], run: usize) -> usize {
    if run == 0 || axes.iter().any(|&(size, _)| size == 0) {
        return 0;
    }
    axes.iter().map(|&(size, stride)| (size - 1) * stride).sum::<usize>() + run
}
