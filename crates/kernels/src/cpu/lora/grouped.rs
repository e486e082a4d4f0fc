//! A dense layer in which each row of the input has its own low-rank update: the base product is computed once for all of them.

mod backward;
mod operands;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::super::linear::{self, LinearWeight, Product};
use super::super::scratch::with_scratch;
use super::super::small_rows::{Kind, MAX_ROWS, Tile};
use super::operands::{ROWS, check};
use crate::shared::{Shared, shared};
use crate::{Float, Result, check_len, par};

pub use backward::lora_grouped_backward;
pub use operands::{GroupedDims, GroupedGradients, GroupedOperands, GroupedOutputs, RowGroup, RowSegment};
use operands::{Piece, intersections, pieces};

/// Columns of B that a task transposes for few rows.
const COLUMNS: usize = 128;

/// `y = x · W + bias`, then for each segment of rows `y += scaling · dropout(x) · Aᵀ · Bᵀ` with the factors of its group.
///
/// | slice  | shape                                                                 |
/// |--------|-----------------------------------------------------------------------|
/// | `x`    | (M, K)                                                                |
/// | `bias` | (N,)                                                                  |
/// | `h`    | out: `dropout(x) · Aᵀ` of each segment (len, r), one after the other   |
/// | `y`    | (M, N), out                                                           |
///
/// Segments of a group need not be adjacent, and a row in no segment gets the base alone. Segments that overlap add their updates in their order. The update
/// of a part of y is added while that part is in the cache. Up to [`MAX_ROWS`] rows, a row has the bits that [`super::lora_linear`] gives it.
/// Cost: the base, 2·r·(K + N) flop for each row, one read of `x`.
///
/// # Errors
/// When a slice does not have the length of its shape, or a segment names no rows or no group. Outputs are then untouched.
///
/// Slow twins: `reference::linear::linear`, `reference::lora::lora_grouped`.
pub fn lora_grouped<T: Float>(
    dims: GroupedDims<'_>,
    operands: GroupedOperands<'_, T>,
    weight: LinearWeight<'_, T>,
    bias: Option<&[T]>,
    outputs: GroupedOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_grouped";
    let GroupedDims { m, k, n, .. } = dims;
    let GroupedOutputs { h, y } = outputs;
    operands.check(NAME, dims)?;
    check(
        NAME,
        &[
            ("x", operands.x.len(), m * k),
            ("w", weight.values.len(), n * k),
            ("h", h.len(), dims.hidden(operands.groups)),
            ("y", y.len(), m * n),
        ],
    )?;
    if let Some(bias) = bias {
        check_len(NAME, "bias", bias.len(), n)?;
    }
    let plan = Plan { dims, operands };
    plan.hidden(h);
    let h = &*h;
    let base = Product::forward(dims.linear(), operands.x, weight);
    if m <= MAX_ROWS && !base.is_blocked() {
        linear::linear(dims.linear(), operands.x, weight, bias, y)?;
        plan.update_few_rows(h, y);
        return Ok(());
    }
    plan.with_transposed(|bt| {
        // SAFETY: parts of y are disjoint.
        let out = unsafe { shared(y.as_mut_ptr()) };
        let add = |rows: Range<usize>, columns: Range<usize>| plan.update(h, bt, rows, columns, out);
        if base.is_blocked() {
            // SAFETY: y was checked, and `add` writes the part that is finished.
            unsafe { base.blocked_then(bias, None, Some(&add), out.get()) }
            return Ok(());
        }
        linear::linear(dims.linear(), operands.x, weight, bias, y)?;
        par::for_rows(m, ROWS, |rows| add(rows, 0..n));
        Ok(())
    })
}

/// What the steps of a kernel share.
#[derive(Clone, Copy)]
struct Plan<'a, T> {
    dims: GroupedDims<'a>,
    operands: GroupedOperands<'a, T>,
}

impl<T: Float> Plan<'_, T> {
    fn group(&self, segment: usize) -> &RowGroup<'_, T> {
        &self.operands.groups[self.dims.segments[segment].group]
    }

    /// `h = dropout(x) · Aᵀ` of each segment.
    fn hidden(&self, h: &mut [T]) {
        let k = self.dims.k;
        // SAFETY: pieces of h are disjoint.
        let out = unsafe { shared(h.as_mut_ptr()) };
        self.each_piece(k, |piece| {
            let group = self.group(piece.segment);
            self.dropped_rows(group, piece.rows.clone(), 0..k, |x| {
                let tile = Tile {
                    kind: Kind::Dot,
                    m: piece.rows.len(),
                    k,
                    n: group.r,
                    x: x.as_ptr(),
                    x_strides: (k, 1),
                    w: group.factors.a.as_ptr(),
                    ldw: k,
                    // SAFETY: the piece is inside h.
                    y: unsafe { out.get().add(piece.hidden) },
                    ldy: group.r,
                    alpha: T::ONE,
                    beta: T::ZERO,
                };
                // SAFETY: rows of x (len, k), A (r, k) and a piece of h (len, r).
                unsafe { tile.run() }
            });
        });
    }

    /// Calls `f` with each piece of a segment, at most [`ROWS`] rows, which costs `work` multiply-adds a row and factor.
    fn each_piece(&self, work: usize, f: impl Fn(&Piece) + Sync) {
        let pieces = pieces(self.dims.segments, self.operands.groups);
        let all: usize = pieces
            .iter()
            .map(|piece| piece.rows.len() * self.group(piece.segment).r)
            .sum();
        let each = (all * work / pieces.len().max(1)).max(1);
        par::for_rows(pieces.len(), LEAST_WORK.div_ceil(each), |range| {
            pieces[range].iter().for_each(&f)
        });
    }

    /// Calls `f` with columns of the rows of `x`, after dropout; without it `f` gets whole rows, from the first column on.
    fn dropped_rows(&self, group: &RowGroup<'_, T>, rows: Range<usize>, columns: Range<usize>, f: impl FnOnce(&[T])) {
        let k = self.dims.k;
        let Some(dropout) = group.dropout else {
            return f(&self.operands.x[(rows.start * k + columns.start).min(self.operands.x.len())..]);
        };
        with_scratch(rows.len() * columns.len(), |masked: &mut [T]| {
            for (i, row) in masked.chunks_exact_mut(columns.len().max(1)).enumerate() {
                let at = (rows.start + i) * k + columns.start;
                row.copy_from_slice(&self.operands.x[at..][..columns.len()]);
                dropout.apply(at as u64, row);
            }
            f(masked);
        });
    }

    /// Calls `f` with Bᵀ (r, N) of every group, one after the other.
    fn with_transposed<R>(&self, f: impl FnOnce(&Transposed<'_, T>) -> R) -> R {
        let (n, groups) = (self.dims.n, self.operands.groups);
        let starts: Vec<usize> = groups
            .iter()
            .scan(0, |next, group| {
                let start = *next;
                *next += group.r * n;
                Some(start)
            })
            .collect();
        let len = groups.iter().map(|group| group.r * n).sum();
        with_scratch(len, |values: &mut [T]| {
            // SAFETY: the matrices are disjoint.
            let out = unsafe { shared(values.as_mut_ptr()) };
            par::for_rows(
                groups.len(),
                (LEAST_WORK * groups.len()).div_ceil(len.max(1)),
                |range| {
                    for g in range {
                        let (b, r) = (groups[g].factors.b, groups[g].r);
                        // SAFETY: the matrix of this group, inside the scratch memory.
                        let bt = unsafe { std::slice::from_raw_parts_mut(out.get().add(starts[g]), r * n) };
                        transpose(b, r, bt);
                    }
                },
            );
            f(&Transposed {
                values,
                starts: &starts,
            })
        })
    }

    /// `y[rows, columns] += scaling · h · Bᵀ`.
    fn update(&self, h: &[T], bt: &Transposed<'_, T>, rows: Range<usize>, columns: Range<usize>, y: Shared<*mut T>) {
        let n = self.dims.n;
        for piece in intersections(self.dims.segments, self.operands.groups, &rows) {
            let group = self.group(piece.segment);
            let bt = bt.of(self.dims.segments[piece.segment].group);
            let tile = Tile {
                kind: Kind::Axpy,
                m: piece.rows.len(),
                k: group.r,
                n: columns.len(),
                x: h[piece.hidden..].as_ptr(),
                x_strides: (group.r, 1),
                w: bt[columns.start.min(bt.len())..].as_ptr(),
                ldw: n,
                // SAFETY: the rows and columns are inside y.
                y: unsafe { y.get().add(piece.rows.start * n + columns.start) },
                ldy: n,
                alpha: group.factors.scaling,
                beta: T::ONE,
            };
            // SAFETY: rows of h (len, r), columns of Bᵀ (r, n) and of y (m, n), which this task alone writes.
            unsafe { tile.run() }
        }
    }

    /// [`Self::update`] of all of y for few rows: each task transposes its own columns of B, so that no thread waits for all of it.
    fn update_few_rows(&self, h: &[T], y: &mut [T]) {
        let GroupedDims { m, n, segments, .. } = self.dims;
        let work: usize = segments
            .iter()
            .map(|s| (s.len + 4) * self.operands.groups[s.group].r)
            .sum();
        let columns = COLUMNS.max(LEAST_WORK / work.max(1) / COLUMNS * COLUMNS);
        // SAFETY: tasks write disjoint columns of y.
        let y = unsafe { shared(y.as_mut_ptr()) };
        par::for_rows(n, columns, |columns| {
            for start in columns.clone().step_by(COLUMNS) {
                let width = COLUMNS.min(columns.end - start);
                for piece in intersections(segments, self.operands.groups, &(0..m)) {
                    let group = self.group(piece.segment);
                    with_scratch(group.r * width, |bt: &mut [T]| {
                        transpose(&group.factors.b[start * group.r..][..width * group.r], group.r, bt);
                        let tile = Tile {
                            kind: Kind::Axpy,
                            m: piece.rows.len(),
                            k: group.r,
                            n: width,
                            x: h[piece.hidden..].as_ptr(),
                            x_strides: (group.r, 1),
                            w: bt.as_ptr(),
                            ldw: width,
                            // SAFETY: the rows and columns are inside y.
                            y: unsafe { y.get().add(piece.rows.start * n + start) },
                            ldy: n,
                            alpha: group.factors.scaling,
                            beta: T::ONE,
                        };
                        // SAFETY: rows of h (len, r), the transposed columns (r, width), and columns of y that this task alone writes.
                        unsafe { tile.run() }
                    });
                }
            }
        });
    }
}

/// Multiply-adds that make a task worth another thread.
const LEAST_WORK: usize = 1 << 16;

/// Bᵀ of every group.
struct Transposed<'a, T> {
    values: &'a [T],
    starts: &'a [usize],
}

impl<T> Transposed<'_, T> {
    fn of(&self, group: usize) -> &[T] {
        &self.values[self.starts[group]..]
    }
}

/// B (n, r) to Bᵀ (r, n).
fn transpose<T: Float>(b: &[T], r: usize, bt: &mut [T]) {
    let n = bt.len() / r.max(1);
    for (c, row) in bt.chunks_exact_mut(n.max(1)).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, value)| *value = b[j * r + c]);
    }
}
