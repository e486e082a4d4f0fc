//! The loops under every reduction: lines of contiguous values, or columns side by side.

use std::ops::Range;

use crate::cpu::axis::AxisDims;
use crate::cpu::fold::fold1;
use crate::float::Float;
use crate::{isa, par};

/// Values per chunk of a long reduction.
pub(super) const CHUNK: usize = 32 * 1024;

/// Fewest rows in a chunk where columns are summed side by side; with fewer, partial results would be the main cost.
const CHUNK_ROWS: usize = 64;

/// Columns of a task where there are few rows and many columns.
const WIDE: usize = 8 * 1024;

/// x (outer, n, inner), to be folded over n.
pub(super) struct Input<'a, T> {
    pub(super) x: &'a [T],
    pub(super) dims: AxisDims,
}

/// How a line is folded: `init`, joined with `map` of each value in turn.
struct Fold<T, M, J> {
    init: T,
    map: M,
    join: J,
}

impl<T: Float> Input<'_, T> {
    pub(super) fn sum(&self, out: &mut [T]) {
        self.fold(
            None,
            T::ZERO,
            out,
            #[inline(always)]
            |x, _| x,
            #[inline(always)]
            |a, b| a + b,
        );
    }

    pub(super) fn max(&self, out: &mut [T]) {
        self.fold(
            None,
            T::NEG_INFINITY,
            out,
            #[inline(always)]
            |x, _| x,
            #[inline(always)]
            |a, b| a.max_nan(b),
        );
    }

    /// Joins `map(x, aux)` over n, with one `aux` value per output if given, else 0.
    pub(super) fn fold(
        &self,
        aux: Option<&[T]>,
        init: T,
        out: &mut [T],
        map: impl Fn(T, T) -> T + Sync,
        join: impl Fn(T, T) -> T + Sync,
    ) {
        let AxisDims { n, inner, .. } = self.dims;
        let fold = Fold { init, map, join };
        if inner == 1 && n <= CHUNK {
            par::rows_mut(out, 1, par::grain(n), |start, out| {
                self.fold_lines(aux.map(|aux| &aux[start..]), start * n..(start + 1) * n, out, &fold);
            });
        } else if inner == 1 {
            for (row, out) in out.iter_mut().enumerate() {
                let aux = aux.map(|aux| &aux[row..]);
                let partials = par::map_chunks(n, CHUNK, |range| {
                    let mut partial = [init];
                    self.fold_lines(aux, row * n + range.start..row * n + range.end, &mut partial, &fold);
                    partial[0]
                });
                *out = partials.into_iter().reduce(&fold.join).unwrap_or(init);
            }
        } else {
            self.fold_columns(aux, out, &fold);
        }
    }

    /// Folds one contiguous line per output; `line` is the first one, and the others follow it.
    #[inline(always)]
    fn fold_lines<M: Fn(T, T) -> T, J: Fn(T, T) -> T>(
        &self,
        aux: Option<&[T]>,
        line: Range<usize>,
        out: &mut [T],
        fold: &Fold<T, M, J>,
    ) {
        let (start, n) = (line.start, line.len());
        let Fold { init, map, join } = fold;
        isa::dispatch(
            #[inline(always)]
            || {
                for (row, out) in out.iter_mut().enumerate() {
                    let line = &self.x[start + row * n..start + (row + 1) * n];
                    let aux = aux.map_or(T::ZERO, |aux| aux[row]);
                    *out = fold1(
                        line,
                        *init,
                        #[inline(always)]
                        |x| map(x, aux),
                        join,
                    );
                }
            },
        );
    }

    /// Folds columns side by side: chunks of rows into partial rows, then those in order.
    fn fold_columns<M, J>(&self, aux: Option<&[T]>, out: &mut [T], fold: &Fold<T, M, J>)
    where
        M: Fn(T, T) -> T + Sync,
        J: Fn(T, T) -> T + Sync,
    {
        let (x, AxisDims { outer, n, inner }) = (self.x, self.dims);
        if out.is_empty() {
            return;
        }
        let chunk_rows = CHUNK_ROWS.max(CHUNK / inner);
        let chunks = n.div_ceil(chunk_rows).max(1);
        // Columns `from ..` of one chunk of rows, as many as `acc` holds.
        let fold_chunk = |index: usize, from: usize, acc: &mut [T]| {
            let (o, start) = (index / chunks, index % chunks * chunk_rows);
            let rows = &x[(o * n + start) * inner..(o * n + (start + chunk_rows).min(n)) * inner];
            let aux = aux.map(|aux| &aux[o * inner + from..][..acc.len()]);
            isa::dispatch(
                #[inline(always)]
                || fold_rows(rows, inner, from, aux, acc, fold),
            );
        };
        let grain = par::grain(chunk_rows.min(n) * inner);
        if chunks == 1 && inner > WIDE {
            for (o, out) in out.chunks_mut(inner).enumerate() {
                par::rows_mut(out, 1, WIDE, |from, out| fold_chunk(o, from, out));
            }
            return;
        }
        if chunks == 1 {
            par::rows_mut(out, inner, grain, |start, out| {
                out.chunks_mut(inner)
                    .enumerate()
                    .for_each(|(o, out)| fold_chunk(start + o, 0, out));
            });
            return;
        }
        let mut partials = crate::alloc::filled(outer * chunks * inner, fold.init);
        par::rows_mut(&mut partials, inner, grain, |start, part| {
            part.chunks_mut(inner)
                .enumerate()
                .for_each(|(i, acc)| fold_chunk(start + i, 0, acc));
        });
        for (out, partials) in out.chunks_mut(inner).zip(partials.chunks(chunks * inner)) {
            let join = &fold.join;
            par::rows_mut(out, 1, par::grain(chunks), |start, out| {
                isa::dispatch(
                    #[inline(always)]
                    || {
                        out.copy_from_slice(&partials[start..start + out.len()]);
                        for partial in partials.chunks(inner).skip(1) {
                            for (out, &partial) in out.iter_mut().zip(&partial[start..]) {
                                *out = join(*out, partial);
                            }
                        }
                    },
                )
            });
        }
    }
}

/// Folds columns `from ..` of rows of `inner` values into `acc`, four rows at a time: fewer passes over `acc`, and less rounding.
#[inline(always)]
fn fold_rows<T: Float, M: Fn(T, T) -> T, J: Fn(T, T) -> T>(
    rows: &[T],
    inner: usize,
    from: usize,
    aux: Option<&[T]>,
    acc: &mut [T],
    fold: &Fold<T, M, J>,
) {
    let Fold { init, map, join } = fold;
    acc.fill(*init);
    let width = acc.len();
    let aux = aux.map(|aux| &aux[..width]);
    let mut quads = rows.chunks_exact(4 * inner);
    for quad in &mut quads {
        let row = |r: usize| &quad[r * inner + from..][..width];
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        match aux {
            Some(aux) => {
                for j in 0..width {
                    let front = join(map(a[j], aux[j]), map(b[j], aux[j]));
                    let back = join(map(c[j], aux[j]), map(d[j], aux[j]));
                    acc[j] = join(acc[j], join(front, back));
                }
            }
            None => {
                for j in 0..width {
                    let front = join(map(a[j], T::ZERO), map(b[j], T::ZERO));
                    let back = join(map(c[j], T::ZERO), map(d[j], T::ZERO));
                    acc[j] = join(acc[j], join(front, back));
                }
            }
        }
    }
    for row in quads.remainder().chunks_exact(inner) {
        let row = &row[from..][..width];
        for j in 0..width {
            acc[j] = join(acc[j], map(row[j], aux.map_or(T::ZERO, |aux| aux[j])));
        }
    }
}
