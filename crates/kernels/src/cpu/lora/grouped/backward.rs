//! The gradients of a layer in which each row has its own update.

use std::ops::Range;

use super::super::super::linear::{self, LinearWeight, Product};
use super::super::super::scratch::with_scratch;
use super::super::super::small_rows::{Kind, Tile};
use super::super::operands::{ROWS, check};
use super::operands::{GroupedDims, GroupedGradients, GroupedOperands, Piece, intersections};
use super::{LEAST_WORK, Plan, Transposed};
use crate::shared::{Shared, shared};
use crate::{Float, Result, check_len, par};

/// Columns per task where the sum goes over the rows of a group, and rows of x that are masked at once there.
const COLUMNS: usize = 128;

/// The gradients of [`super::lora_grouped`] to its input and the factors of each group.
///
/// With `dh = scaling · dy · B` in each segment: `dx = dy · W + mask ∘ (dh · A)`, `dA = Σ dhᵀ · dropout(x)` and `dB = scaling · Σ dyᵀ · h` over the
/// segments of a group. `dy` is (M, N), `h` comes from the forward pass. The weight may be missing where `dx` is not wanted. All outputs are overwritten.
///
/// # Errors
/// As [`super::lora_grouped`].
///
/// Slow twins: `reference::linear::linear_dx`, `reference::lora::lora_grouped_backward`.
pub fn lora_grouped_backward<T: Float>(
    dims: GroupedDims<'_>,
    operands: GroupedOperands<'_, T>,
    weight: Option<LinearWeight<'_, T>>,
    h: &[T],
    dy: &[T],
    gradients: GroupedGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_grouped_backward";
    let GroupedDims { m, k, n, .. } = dims;
    let GroupedGradients { dx, mut da, mut db } = gradients;
    operands.check(NAME, dims)?;
    check(
        NAME,
        &[
            ("dy", dy.len(), m * n),
            ("x", operands.x.len(), m * k),
            ("h", h.len(), dims.hidden(operands.groups)),
            ("dx", dx.as_ref().map_or(m * k, |dx| dx.len()), m * k),
            ("da", da.len(), operands.groups.len()),
            ("db", db.len(), operands.groups.len()),
        ],
    )?;
    for (group, (da, db)) in operands.groups.iter().zip(da.iter().zip(&db)) {
        check_len(NAME, "da", da.as_ref().map_or(group.r * k, |da| da.len()), group.r * k)?;
        check_len(NAME, "db", db.as_ref().map_or(n * group.r, |db| db.len()), n * group.r)?;
    }
    let plan = Plan { dims, operands };
    plan.gradient_b(h, dy, &mut db);
    if dx.is_none() && da.iter().all(Option::is_none) {
        return Ok(());
    }
    with_scratch(h.len(), |dh: &mut [T]| {
        plan.with_transposed(|bt| plan.gradient_h(dy, bt, dh));
        let dh = &*dh;
        plan.gradient_a(dh, &mut da);
        match (dx, weight) {
            (Some(dx), Some(weight)) => plan.gradient_x(dy, dh, weight, dx),
            (Some(_), None) => check_len(NAME, "w", 0, n * k),
            (None, _) => Ok(()),
        }
    })
}

impl<T: Float> Plan<'_, T> {
    /// `dh = scaling · dy · B`.
    fn gradient_h(&self, dy: &[T], bt: &Transposed<'_, T>, dh: &mut [T]) {
        let n = self.dims.n;
        // SAFETY: pieces of dh are disjoint.
        let out = unsafe { shared(dh.as_mut_ptr()) };
        self.each_piece(n, |piece| {
            let group = self.group(piece.segment);
            let tile = Tile {
                kind: Kind::Dot,
                m: piece.rows.len(),
                k: n,
                n: group.r,
                x: dy[piece.rows.start * n..].as_ptr(),
                x_strides: (n, 1),
                w: bt.of(self.dims.segments[piece.segment].group).as_ptr(),
                ldw: n,
                // SAFETY: the piece is inside dh.
                y: unsafe { out.get().add(piece.hidden) },
                ldy: group.r,
                alpha: group.factors.scaling,
                beta: T::ZERO,
            };
            // SAFETY: rows of dy (len, n), Bᵀ (r, n) and a piece of dh (len, r).
            unsafe { tile.run() }
        });
    }

    /// `dx = dy · W + mask ∘ (dh · A)`; the second part is added while the first is in the cache, unless a mask needs whole rows.
    fn gradient_x(&self, dy: &[T], dh: &[T], weight: LinearWeight<'_, T>, dx: &mut [T]) -> Result<()> {
        let GroupedDims { m, k, .. } = self.dims;
        // SAFETY: parts of dx are disjoint.
        let out = unsafe { shared(dx.as_mut_ptr()) };
        let add = |rows: Range<usize>, columns: Range<usize>| self.add_to_dx(dh, rows, columns, out);
        let base = Product::backward(self.dims.linear(), dy, weight);
        let drops = self.operands.groups.iter().any(|group| group.dropout.is_some());
        if base.is_blocked() && !drops {
            // SAFETY: dx was checked, and `add` writes the part that is finished.
            unsafe { base.blocked_then(None, None, Some(&add), out.get()) }
            return Ok(());
        }
        linear::linear_dx(self.dims.linear(), dy, weight, dx)?;
        par::for_rows(m, ROWS, |rows| add(rows, 0..k));
        Ok(())
    }

    fn add_to_dx(&self, dh: &[T], rows: Range<usize>, columns: Range<usize>, dx: Shared<*mut T>) {
        let k = self.dims.k;
        for piece in intersections(self.dims.segments, self.operands.groups, &rows) {
            let group = self.group(piece.segment);
            // SAFETY: the rows and columns are inside dx.
            let dx = unsafe { dx.get().add(piece.rows.start * k + columns.start) };
            let tile = Tile {
                kind: Kind::Axpy,
                m: piece.rows.len(),
                k: group.r,
                n: columns.len(),
                x: dh[piece.hidden..].as_ptr(),
                x_strides: (group.r, 1),
                w: group.factors.a[columns.start.min(group.factors.a.len())..].as_ptr(),
                ldw: k,
                y: dx,
                ldy: k,
                alpha: T::ONE,
                beta: T::ONE,
            };
            let Some(dropout) = group.dropout else {
                // SAFETY: rows of dh (len, r), columns of A (r, k) and of dx (m, k), which this task alone writes.
                unsafe { tile.run() };
                continue;
            };
            let width = columns.len();
            with_scratch(piece.rows.len() * width, |update: &mut [T]| {
                let tile = Tile {
                    y: update.as_mut_ptr(),
                    ldy: width,
                    beta: T::ZERO,
                    ..tile
                };
                // SAFETY: as above, into scratch memory (len, width).
                unsafe { tile.run() }
                for (i, update) in update.chunks_exact_mut(width.max(1)).enumerate() {
                    dropout.apply(((piece.rows.start + i) * k + columns.start) as u64, update);
                    // SAFETY: a row of the part that this task alone writes.
                    let row = unsafe { std::slice::from_raw_parts_mut(dx.add(i * k), width) };
                    row.iter_mut().zip(&*update).for_each(|(dx, &u)| *dx += u);
                }
            });
        }
    }

    /// `dA = Σ dhᵀ · dropout(x)` of each group: a task sums over all of its rows for its own columns, so no partial sums need combining.
    fn gradient_a(&self, dh: &[T], da: &mut [Option<&mut [T]>]) {
        let k = self.dims.k;
        self.each_group(da, k, |group, pieces, out, columns| {
            let (start, width) = (columns.start, columns.len());
            let tile = |piece: &Piece, x: &[T], ldw: usize, len: usize, is_first: bool| Tile {
                kind: Kind::Axpy,
                m: group.r,
                k: len,
                n: width,
                x: dh[piece.hidden..].as_ptr(),
                x_strides: (1, group.r),
                w: x.as_ptr(),
                ldw,
                // SAFETY: the columns are inside dA (r, k).
                y: unsafe { out.get().add(start) },
                ldy: k,
                alpha: T::ONE,
                beta: if is_first { T::ZERO } else { T::ONE },
            };
            for (i, piece) in pieces.iter().enumerate() {
                let step = if group.dropout.is_some() {
                    COLUMNS
                } else {
                    piece.rows.len()
                };
                for first in (0..piece.rows.len()).step_by(step) {
                    let rows = piece.rows.start + first..(piece.rows.start + first + step).min(piece.rows.end);
                    let part = Piece {
                        hidden: piece.hidden + first * group.r,
                        ..piece.clone()
                    };
                    let (len, is_first) = (rows.len(), i == 0 && first == 0);
                    let ldw = if group.dropout.is_some() { width } else { k };
                    self.dropped_rows(group, rows, columns.clone(), |x| {
                        // SAFETY: rows of dh, transposed (r, len), columns of the rows of x, and columns of dA that this task alone writes.
                        unsafe { tile(&part, x, ldw, len, is_first).run() }
                    });
                }
            }
            if pieces.is_empty() {
                // SAFETY: rows of dA, columns that this task alone writes.
                unsafe { clear(out, group.r, k, columns) }
            }
        });
    }

    /// `dB = scaling · Σ dyᵀ · h` of each group, computed as its transpose so that dy is read along its rows.
    fn gradient_b(&self, h: &[T], dy: &[T], db: &mut [Option<&mut [T]>]) {
        let n = self.dims.n;
        self.each_group(db, n, |group, pieces, out, columns| {
            let (start, width, r) = (columns.start, columns.len(), group.r);
            with_scratch(r * width, |transposed: &mut [T]| {
                transposed.fill(T::ZERO);
                for piece in pieces {
                    let tile = Tile {
                        kind: Kind::Axpy,
                        m: r,
                        k: piece.rows.len(),
                        n: width,
                        x: h[piece.hidden..].as_ptr(),
                        x_strides: (1, r),
                        w: dy[piece.rows.start * n + start..].as_ptr(),
                        ldw: n,
                        y: transposed.as_mut_ptr(),
                        ldy: width,
                        alpha: group.factors.scaling,
                        beta: T::ONE,
                    };
                    // SAFETY: rows of h, transposed (r, len), columns of dy (m, n), and the scratch (r, width).
                    unsafe { tile.run() }
                }
                // SAFETY: rows of dB (n, r) that this task alone writes.
                let rows = unsafe { std::slice::from_raw_parts_mut(out.get().add(start * r), width * r) };
                for (j, row) in rows.chunks_exact_mut(r).enumerate() {
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(c, value)| *value = transposed[c * width + j]);
                }
            });
        });
    }

    /// Calls `f` for columns of each wanted gradient, with the segments of its group.
    fn each_group(
        &self,
        wanted: &mut [Option<&mut [T]>],
        length: usize,
        f: impl Fn(&super::RowGroup<'_, T>, &[Piece], Shared<*mut T>, Range<usize>) + Sync,
    ) {
        let GroupedDims { m, segments, .. } = self.dims;
        let groups = self.operands.groups;
        let mut pieces = vec![Vec::new(); groups.len()];
        for piece in intersections(segments, groups, &(0..m)) {
            pieces[segments[piece.segment].group].push(piece);
        }
        let mut tasks = Vec::new();
        for (g, out) in wanted.iter_mut().enumerate() {
            let Some(out) = out else { continue };
            if groups[g].r == 0 {
                continue;
            }
            let rows: usize = pieces[g].iter().map(|piece| piece.rows.len()).sum();
            let width = COLUMNS.max(LEAST_WORK / (rows * groups[g].r).max(1) / COLUMNS * COLUMNS);
            // SAFETY: tasks write disjoint columns of disjoint matrices.
            let out = unsafe { shared(out.as_mut_ptr()) };
            tasks.extend(
                (0..length)
                    .step_by(width)
                    .map(|start| (g, out, start..length.min(start + width))),
            );
        }
        par::for_rows(tasks.len(), 1, |range| {
            for (g, out, columns) in &tasks[range] {
                f(&groups[*g], &pieces[*g], *out, columns.clone());
            }
        });
    }
}

/// Sets columns of a matrix (rows, width) to 0.
///
/// # Safety
/// The columns are inside the matrix, and no other task touches them.
unsafe fn clear<T: Float>(out: Shared<*mut T>, rows: usize, width: usize, columns: Range<usize>) {
    for i in 0..rows {
        // SAFETY: as promised by the caller.
        unsafe { std::slice::from_raw_parts_mut(out.get().add(i * width + columns.start), columns.len()) }
            .fill(T::ZERO);
    }
}
