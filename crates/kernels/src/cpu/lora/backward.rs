//! The gradients of the low-rank update.

use super::super::dropout::Dropout;
use super::super::scratch::with_scratch;
use super::super::shared::shared;
use super::super::small_rows::Kind;
use super::blocks::{Block, ROWS, check, check_blocks, offsets, tile, transpose_blocks};
use crate::{Float, Result, par};

/// Columns per task where the sum goes over all rows, and rows of x that are masked at once there.
const COLUMNS: usize = 128;

/// Multiply-adds below which a task is not worth handing to another thread.
const LEAST_WORK: usize = 1 << 16;

/// Columns per task of a sum over `m` rows for `r` factors: few rows go in one. No sum crosses columns.
fn columns(m: usize, r: usize) -> usize {
    COLUMNS.max(LEAST_WORK / (m * r).max(1) / COLUMNS * COLUMNS)
}

/// The gradients of [`super::lora_update`]; outputs that are `None` cost nothing.
///
/// With `dhᵢ = scaling · dy[:, block i] · Bᵢ`: `dx += mask ∘ (dh · A)`, `dA = dhᵀ · dropout(x)`, `dBᵢ = scaling · dyᵢᵀ · hᵢ`.
///
/// | slice    | shape     | meaning                                                      |
/// |----------|-----------|--------------------------------------------------------------|
/// | `dy`     | (M, N)    | gradient of the output                                       |
/// | `h`      | (M, G·R)  | from the forward pass                                        |
/// | `dx_acc` | (M, K)    | in: the base's gradient; out: the update's gradient added    |
/// | `da`     | (G·R, K)  | out                                                          |
/// | `db`     | (Σlen, R) | out                                                          |
///
/// The other arguments are those of the forward pass. `scaling` sits in `dh` and `db`. Bits do not depend on the threads.
///
/// # Errors
/// As [`super::lora_update`].
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_update_backward<T: Float>(
    dy: &[T],
    x: &[T],
    a: &[T],
    b: &[T],
    h: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    dx_acc: Option<&mut [T]>,
    da: Option<&mut [T]>,
    db: Option<&mut [T]>,
) -> Result<()> {
    let gr = blocks.len() * r;
    let wants_dh = dx_acc.is_some() || da.is_some();
    with_scratch(if wants_dh { m * gr } else { 0 }, |dh: &mut [T]| {
        let dh = wants_dh.then_some(dh);
        gradients(dy, x, a, b, h, blocks, m, k, n, r, scaling, dropout, dh, dx_acc, da, db)
    })
}

/// [`lora_update_backward`] that leaves dh (M, G·R) behind: `None` where nobody needs it, neither dx nor dA nor the caller.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub(super) fn gradients<T: Float>(
    dy: &[T],
    x: &[T],
    a: &[T],
    b: &[T],
    h: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    dh: Option<&mut [T]>,
    dx_acc: Option<&mut [T]>,
    da: Option<&mut [T]>,
    db: Option<&mut [T]>,
) -> Result<()> {
    let (gr, sum_len) = check_blocks("lora_update_backward", blocks, n, r)?;
    let length = |slice: &Option<&mut [T]>, want: usize| slice.as_ref().map_or(want, |s| s.len());
    check(
        "lora_update_backward",
        &[
            ("dy", dy.len(), m * n),
            ("x", x.len(), m * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("dx", length(&dx_acc, m * k), m * k),
            ("da", length(&da, gr * k), gr * k),
            ("db", length(&db, sum_len * r), sum_len * r),
        ],
    )?;
    if gr == 0 {
        return Ok(());
    }
    if let Some(db) = db {
        gradient_b(dy, h, blocks, m, n, r, scaling, db);
    }
    let Some(dh) = dh else { return Ok(()) };
    gradient_h(dy, a, b, blocks, m, k, n, r, scaling, dropout, dh, dx_acc);
    if let Some(da) = da {
        gradient_a(x, dh, m, k, gr, dropout, da);
    }
    Ok(())
}

/// `dhᵢ = scaling · dyᵢ · Bᵢ` and, while its rows are in the cache, `dx += mask ∘ (dh · A)`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
fn gradient_h<T: Float>(
    dy: &[T],
    a: &[T],
    b: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    dh: &mut [T],
    dx: Option<&mut [T]>,
) {
    let gr = blocks.len() * r;
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
                let x = dy[(start * n + block.start).min(dy.len())..].as_ptr();
                let (w, y) = (bt[first * r..].as_ptr(), dh.data[i * r..].as_mut_ptr());
                // SAFETY: the block's columns of dy (m, n), part i of Bᵀ (r, len) and part i of dh (m, r).
                unsafe {
                    tile(
                        Kind::Dot,
                        (m, block.len, r),
                        x,
                        (n, 1),
                        w,
                        block.len,
                        scaling,
                        T::ZERO,
                        y,
                        gr,
                    )
                }
            }
            let Some(dx) = dx else { return };
            let rows = dh.data.as_ptr();
            // SAFETY: dh (m, gr), A (gr, k) and an output (m, k).
            let run = |beta: T, out: &mut [T]| unsafe {
                tile(
                    Kind::Axpy,
                    (m, gr, k),
                    rows,
                    (gr, 1),
                    a.as_ptr(),
                    k,
                    T::ONE,
                    beta,
                    out.as_mut_ptr(),
                    k,
                );
            };
            match dropout {
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
fn gradient_a<T: Float>(x: &[T], dh: &[T], m: usize, k: usize, gr: usize, dropout: Option<Dropout>, da: &mut [T]) {
    // SAFETY: tasks write disjoint columns of dA.
    let out = unsafe { shared(da.as_mut_ptr()) };
    par::for_rows(k, columns(m, gr), |columns| {
        let (j, width) = (columns.start, columns.len());
        // SAFETY: the columns are inside dA (gr, k).
        let y = unsafe { out.get().add(j) };
        let Some(dropout) = dropout else {
            // SAFETY: dhᵀ (gr, m), columns of x (m, k) and of dA (gr, k).
            return unsafe {
                tile(
                    Kind::Axpy,
                    (gr, m, width),
                    dh.as_ptr(),
                    (1, gr),
                    x[j.min(x.len())..].as_ptr(),
                    k,
                    T::ONE,
                    T::ZERO,
                    y,
                    k,
                )
            };
        };
        with_scratch(COLUMNS * width, |masked: &mut [T]| {
            for i0 in (0..m.max(1)).step_by(COLUMNS) {
                let rows = COLUMNS.min(m - i0);
                for (i, row) in masked.chunks_exact_mut(width).take(rows).enumerate() {
                    let at = (i0 + i) * k + j;
                    row.copy_from_slice(&x[at..][..width]);
                    dropout.apply(at as u64, row);
                }
                let beta = if i0 == 0 { T::ZERO } else { T::ONE };
                // SAFETY: rows i0.. of dh, transposed, the masked rows, and the same columns of dA.
                unsafe {
                    tile(
                        Kind::Axpy,
                        (gr, rows, width),
                        dh[i0 * gr..].as_ptr(),
                        (1, gr),
                        masked.as_ptr(),
                        width,
                        T::ONE,
                        beta,
                        y,
                        k,
                    )
                }
            }
        });
    });
}

/// `dBᵢ = scaling · dyᵢᵀ · hᵢ`, computed as its transpose so that dy is read along its rows.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
fn gradient_b<T: Float>(
    dy: &[T],
    h: &[T],
    blocks: &[Block],
    m: usize,
    n: usize,
    r: usize,
    scaling: T,
    mut db: &mut [T],
) {
    let gr = blocks.len() * r;
    for (i, block) in blocks.iter().enumerate() {
        let (own, rest) = db.split_at_mut(block.len * r);
        db = rest;
        par::rows_mut(own, r, columns(m, r), |start, rows| {
            let width = rows.len() / r;
            with_scratch(r * width, |transposed: &mut [T]| {
                let (x, w) = (
                    h[(i * r).min(h.len())..].as_ptr(),
                    dy[(block.start + start).min(dy.len())..].as_ptr(),
                );
                // SAFETY: part i of h, transposed (r, m), columns of dy (m, n), and the scratch (r, width).
                unsafe {
                    tile(
                        Kind::Axpy,
                        (r, m, width),
                        x,
                        (1, gr),
                        w,
                        n,
                        scaling,
                        T::ZERO,
                        transposed.as_mut_ptr(),
                        width,
                    )
                }
                for (j, row) in rows.chunks_exact_mut(r).enumerate() {
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(c, value)| *value = transposed[c * width + j]);
                }
            });
        });
    }
}
