//! The gradients of the low-rank update.

use super::super::scratch::with_scratch;
use super::super::small_rows::{Kind, Tile};
use super::operands::{LoraDims, LoraFactors, LoraGradients, LoraOperands, ROWS, check, offsets, transpose_blocks};
use crate::shared::shared;
use crate::{Float, Result, par};

/// Columns per task where the sum goes over all rows, and rows of x that are masked at once there.
const COLUMNS: usize = 128;

/// Multiply-adds that make a task worth another thread.
const LEAST_WORK: usize = 1 << 16;

/// Columns per task of a sum over `m` rows for `r` factors: more where there are few rows. No sum crosses columns.
fn columns(m: usize, r: usize) -> usize {
    COLUMNS.max(LEAST_WORK / (m * r).max(1) / COLUMNS * COLUMNS)
}

/// The gradients of [`super::lora_update`].
///
/// With `dhᵢ = scaling · dy[:, block i] · Bᵢ`: `dx += mask ∘ (dh · A)`, `dA = dhᵀ · dropout(x)`, `dBᵢ = scaling · dyᵢᵀ · hᵢ`.
///
/// `dy` (M, N) is the gradient of the output, `h` (M, G·R) comes from the forward pass. `dx` holds the gradient of the base
/// before and the update's gradient added to it after; `da` and `db` are overwritten. Bits do not depend on the threads.
///
/// # Errors
/// As [`super::lora_update`].
pub fn lora_update_backward<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    h: &[T],
    dy: &[T],
    gradients: LoraGradients<'_, T>,
) -> Result<()> {
    let wants_dh = gradients.dx.is_some() || gradients.da.is_some();
    with_scratch(if wants_dh { dims.m * dims.rows_a() } else { 0 }, |dh: &mut [T]| {
        let dh = wants_dh.then_some(dh);
        gradients_and_dh(dims, operands, h, dy, dh, gradients)
    })
}

/// [`lora_update_backward`] that also returns dh (M, G·R): `None` where it is not needed for dx, for dA or by the caller.
pub(super) fn gradients_and_dh<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    h: &[T],
    dy: &[T],
    dh: Option<&mut [T]>,
    gradients: LoraGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_update_backward";
    dims.check(NAME)?;
    let LoraDims { m, k, n, r, .. } = dims;
    let LoraOperands { x, factors, .. } = operands;
    let LoraGradients { dx, da, db } = gradients;
    let (gr, sum_len) = (dims.rows_a(), dims.rows_b());
    let length = |slice: &Option<&mut [T]>, want: usize| slice.as_ref().map_or(want, |s| s.len());
    check(
        NAME,
        &[
            ("dy", dy.len(), m * n),
            ("x", x.len(), m * k),
            ("a", factors.a.len(), gr * k),
            ("b", factors.b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("dx", length(&dx, m * k), m * k),
            ("da", length(&da, gr * k), gr * k),
            ("db", length(&db, sum_len * r), sum_len * r),
        ],
    )?;
    if gr == 0 {
        return Ok(());
    }
    if let Some(db) = db {
        gradient_b(dims, factors.scaling, h, dy, db);
    }
    let Some(dh) = dh else { return Ok(()) };
    gradient_h(dims, operands, dy, dh, dx);
    if let Some(da) = da {
        gradient_a(dims, operands, dh, da);
    }
    Ok(())
}

/// `dhᵢ = scaling · dyᵢ · Bᵢ` and, while its rows are in the cache, `dx += mask ∘ (dh · A)`.
fn gradient_h<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    dy: &[T],
    dh: &mut [T],
    dx: Option<&mut [T]>,
) {
    let LoraDims { m, k, n, r, blocks } = dims;
    let LoraFactors { a, b, scaling } = operands.factors;
    let gr = dims.rows_a();
    with_scratch(b.len(), |bt: &mut [T]| {
        transpose_blocks(b, blocks, r, bt);
        let bt = &*bt;
        let outputs = (
            par::Rows::new(&mut dh[..m * gr], gr),
            dx.map(|dx| par::Rows::new(dx, k)),
        );
        par::parts_mut(outputs, ROWS, |start, (dh, dx)| {
            let m = dh.data.len() / gr;
            for (i, first, block) in offsets(blocks) {
                let tile = Tile {
                    kind: Kind::Dot,
                    m,
                    k: block.len,
                    n: r,
                    x: dy[(start * n + block.start).min(dy.len())..].as_ptr(),
                    x_strides: (n, 1),
                    w: bt[first * r..].as_ptr(),
                    ldw: block.len,
                    y: dh.data[i * r..].as_mut_ptr(),
                    ldy: gr,
                    alpha: scaling,
                    beta: T::ZERO,
                };
                // SAFETY: the block's columns of dy (m, n), part i of Bᵀ (r, len) and part i of dh (m, r).
                unsafe { tile.run() }
            }
            let Some(dx) = dx else { return };
            let rows = dh.data.as_ptr();
            let run = |beta: T, out: &mut [T]| {
                let tile = Tile {
                    kind: Kind::Axpy,
                    m,
                    k: gr,
                    n: k,
                    x: rows,
                    x_strides: (gr, 1),
                    w: a.as_ptr(),
                    ldw: k,
                    y: out.as_mut_ptr(),
                    ldy: k,
                    alpha: T::ONE,
                    beta,
                };
                // SAFETY: dh (m, gr), A (gr, k) and an output (m, k).
                unsafe { tile.run() }
            };
            match operands.dropout {
                None => run(T::ONE, dx.data),
                Some(dropout) => with_scratch(m * k, |update: &mut [T]| {
                    run(T::ZERO, update);
                    dropout.apply((start * k) as u64, update);
                    dx.data.iter_mut().zip(&*update).for_each(|(dx, &u)| *dx += u);
                }),
            }
        });
    });
}

/// `dA = dhᵀ · dropout(x)`: each task sums over all rows for its own columns, so no partial sums need combining.
fn gradient_a<T: Float>(dims: LoraDims<'_>, operands: LoraOperands<'_, T>, dh: &[T], da: &mut [T]) {
    let (m, k, gr, x) = (dims.m, dims.k, dims.rows_a(), operands.x);
    // SAFETY: tasks write disjoint columns of dA.
    let out = unsafe { shared(da.as_mut_ptr()) };
    par::for_rows(k, columns(m, gr), |columns| {
        let (j, width) = (columns.start, columns.len());
        let tile = Tile {
            kind: Kind::Axpy,
            m: gr,
            k: m,
            n: width,
            x: dh.as_ptr(),
            x_strides: (1, gr),
            w: x[j.min(x.len())..].as_ptr(),
            ldw: k,
            // SAFETY: the columns are inside dA (gr, k).
            y: unsafe { out.get().add(j) },
            ldy: k,
            alpha: T::ONE,
            beta: T::ZERO,
        };
        let Some(dropout) = operands.dropout else {
            // SAFETY: dhᵀ (gr, m), columns of x (m, k) and of dA (gr, k).
            return unsafe { tile.run() };
        };
        with_scratch(COLUMNS * width, |masked: &mut [T]| {
            for i0 in (0..m.max(1)).step_by(COLUMNS) {
                let rows = COLUMNS.min(m - i0);
                for (i, row) in masked.chunks_exact_mut(width).take(rows).enumerate() {
                    let at = (i0 + i) * k + j;
                    row.copy_from_slice(&x[at..][..width]);
                    dropout.apply(at as u64, row);
                }
                let tile = Tile {
                    k: rows,
                    x: dh[i0 * gr..].as_ptr(),
                    w: masked.as_ptr(),
                    ldw: width,
                    beta: if i0 == 0 { T::ZERO } else { T::ONE },
                    ..tile
                };
                // SAFETY: rows i0.. of dh, transposed, the masked rows, and the same columns of dA.
                unsafe { tile.run() }
            }
        });
    });
}

/// `dBᵢ = scaling · dyᵢᵀ · hᵢ`, computed as its transpose so that dy is read along its rows.
fn gradient_b<T: Float>(dims: LoraDims<'_>, scaling: T, h: &[T], dy: &[T], mut db: &mut [T]) {
    let LoraDims { m, n, r, blocks, .. } = dims;
    let gr = dims.rows_a();
    for (i, block) in blocks.iter().enumerate() {
        let (own, rest) = db.split_at_mut(block.len * r);
        db = rest;
        par::rows_mut(own, r, columns(m, r), |start, rows| {
            let width = rows.len() / r;
            with_scratch(r * width, |transposed: &mut [T]| {
                let tile = Tile {
                    kind: Kind::Axpy,
                    m: r,
                    k: m,
                    n: width,
                    x: h[(i * r).min(h.len())..].as_ptr(),
                    x_strides: (1, gr),
                    w: dy[(block.start + start).min(dy.len())..].as_ptr(),
                    ldw: n,
                    y: transposed.as_mut_ptr(),
                    ldy: width,
                    alpha: scaling,
                    beta: T::ZERO,
                };
                // SAFETY: part i of h, transposed (r, m), columns of dy (m, n), and the scratch (r, width).
                unsafe { tile.run() }
                for (j, row) in rows.chunks_exact_mut(r).enumerate() {
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(c, value)| *value = transposed[c * width + j]);
                }
            });
        });
    }
}
