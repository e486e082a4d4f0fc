//! The low-rank update of a finished base product.

use super::super::scratch::with_scratch;
use super::super::small_rows::{Kind, Tile};
use super::operands::{LoraDims, LoraOperands, LoraOutputs, ROWS, check, offsets, transpose_blocks};
use crate::{Float, Result, par};

/// Adds the low-rank update to a finished base product: `h = dropout(x) · Aᵀ`, then `y[:, block i] += scaling · hᵢ · Bᵢᵀ`.
///
/// `y` holds `x · Wᵀ + bias` before and the same plus the update after. Sums are in `T`.
/// Cost: 2·M·R·(G·K + Σlen) flop, one read of `x`, one read and write of `y`.
///
/// # Errors
/// When a slice does not have the length of its shape, or blocks overlap or leave 0..N. Outputs are then untouched.
///
/// Source: Hu et al. 2021, section 4.1; blocks as in loralib's `MergedLinear`. Slow twin: `reference::lora::lora_update`.
pub fn lora_update<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    outputs: LoraOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_update";
    dims.check(NAME)?;
    let LoraDims { m, k, n, r, blocks } = dims;
    let (LoraOperands { x, factors, .. }, LoraOutputs { h, y }) = (operands, outputs);
    let (gr, sum_len) = (dims.rows_a(), dims.rows_b());
    check(
        NAME,
        &[
            ("x", x.len(), m * k),
            ("a", factors.a.len(), gr * k),
            ("b", factors.b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("y", y.len(), m * n),
        ],
    )?;
    if gr == 0 {
        return Ok(());
    }
    with_scratch(sum_len * r, |bt: &mut [T]| {
        transpose_blocks(factors.b, blocks, r, bt);
        let bt = &*bt;
        let outputs = (par::Rows::new(h, gr), par::Rows::new(y, n));
        par::parts_mut(outputs, ROWS, |start, (h, y)| {
            let m = h.data.len() / gr;
            low_rank(dims, operands, start, h.data);
            for (i, first, block) in offsets(blocks) {
                let column = block.start.min(y.data.len());
                let tile = Tile {
                    kind: Kind::Axpy,
                    m,
                    k: r,
                    n: block.len,
                    x: h.data[i * r..].as_ptr(),
                    x_strides: (gr, 1),
                    w: bt[first * r..].as_ptr(),
                    ldw: block.len,
                    y: y.data[column..].as_mut_ptr(),
                    ldy: n,
                    alpha: factors.scaling,
                    beta: T::ONE,
                };
                // SAFETY: part i of h (m, r), part i of Bᵀ (r, len) and the block's columns of y (m, n).
                unsafe { tile.run() }
            }
        });
    });
    Ok(())
}

/// `h = dropout(x) · Aᵀ` for the rows of `x` from `start` on.
pub(super) fn low_rank<T: Float>(dims: LoraDims<'_>, operands: LoraOperands<'_, T>, start: usize, h: &mut [T]) {
    let (k, gr) = (dims.k, dims.rows_a());
    let m = h.len() / gr;
    dropped_rows(k, operands, start, m, |x| {
        let tile = Tile {
            kind: Kind::Dot,
            m,
            k,
            n: gr,
            x: x.as_ptr(),
            x_strides: (k, 1),
            w: operands.factors.a.as_ptr(),
            ldw: k,
            y: h.as_mut_ptr(),
            ldy: gr,
            alpha: T::ONE,
            beta: T::ZERO,
        };
        // SAFETY: the callers checked that x has these rows (m, k), and A (gr, k); h is (m, gr).
        unsafe { tile.run() }
    });
}

/// Calls `f` with the rows start..start+m of `x`, after dropout.
fn dropped_rows<T: Float>(k: usize, operands: LoraOperands<'_, T>, start: usize, m: usize, f: impl FnOnce(&[T])) {
    let rows = &operands.x[start * k..][..m * k];
    match operands.dropout {
        None => f(rows),
        Some(dropout) => with_scratch(m * k, |masked: &mut [T]| {
            masked.copy_from_slice(rows);
            dropout.apply((start * k) as u64, masked);
            f(masked);
        }),
    }
}
