//! The low-rank update of a finished base product.

use super::super::dropout::Dropout;
use super::super::scratch::with_scratch;
use super::super::small_rows::Kind;
use super::blocks::{Block, ROWS, check, check_blocks, offsets, tile, transpose_blocks};
use crate::{Float, Result, par};

/// Adds the low-rank update to a finished base product: `h = dropout(x) · Aᵀ`, then `y[:, block i] += scaling · hᵢ · Bᵢᵀ`.
///
/// | slice | shape     | meaning                                                    |
/// |-------|-----------|------------------------------------------------------------|
/// | `x`   | (M, K)    | layer input                                                |
/// | `a`   | (G·R, K)  | `lora_A`, one R-row part for each of the G blocks          |
/// | `b`   | (Σlen, R) | `lora_B`, rows in block order                              |
/// | `h`   | (M, G·R)  | out: kept for [`lora_update_backward`]                     |
/// | `y`   | (M, N)    | in: `x · Wᵀ + bias`; out: the same plus the update         |
///
/// Units: `scaling` = alpha / rank; dropout is drawn by the flat index of x, the same for every block. Sums are in `T`.
/// Cost: 2·M·R·(G·K + Σlen) flop, one read of `x`, one read and write of `y`.
///
/// # Errors
/// When a slice length differs from its row above, or blocks overlap or leave 0..N. Outputs are then untouched.
///
/// Source: Hu et al. 2021, section 4.1; blocks as in loralib's `MergedLinear`. Slow twin: `reference::lora::lora_update`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_update<T: Float>(
    x: &[T],
    a: &[T],
    b: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    h: &mut [T],
    y: &mut [T],
) -> Result<()> {
    let (gr, sum_len) = check_blocks("lora_update", blocks, n, r)?;
    check(
        "lora_update",
        &[
            ("x", x.len(), m * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("y", y.len(), m * n),
        ],
    )?;
    if gr == 0 {
        return Ok(());
    }
    with_scratch(sum_len * r, |bt: &mut [T]| {
        transpose_blocks(b, blocks, r, bt);
        let bt = &*bt;
        let outputs = (par::Rows::new(h, gr), par::Rows::new(y, n));
        par::parts_mut(outputs, ROWS, |start, (h, y)| {
            let m = h.data.len() / gr;
            low_rank(x, a, k, gr, dropout, start, h.data);
            for (i, first, block) in offsets(blocks) {
                let (x, at) = (h.data[i * r..].as_ptr(), block.start.min(y.data.len()));
                let y = y.data[at..].as_mut_ptr();
                // SAFETY: part i of h (m, r), part i of Bᵀ (r, len) and the block's columns of y (m, n).
                unsafe {
                    tile(
                        Kind::Axpy,
                        (m, r, block.len),
                        x,
                        (gr, 1),
                        bt[first * r..].as_ptr(),
                        block.len,
                        scaling,
                        T::ONE,
                        y,
                        n,
                    )
                }
            }
        });
    });
    Ok(())
}

/// `h = dropout(x) · Aᵀ` for the rows of `x` from `start` on.
pub(super) fn low_rank<T: Float>(
    x: &[T],
    a: &[T],
    k: usize,
    gr: usize,
    dropout: Option<Dropout>,
    start: usize,
    h: &mut [T],
) {
    let m = h.len() / gr;
    dropped_rows(x, k, start, m, dropout, |x| {
        // SAFETY: the callers checked that x has these rows (m, k), and A (gr, k); h is (m, gr).
        unsafe {
            tile(
                Kind::Dot,
                (m, k, gr),
                x.as_ptr(),
                (k, 1),
                a.as_ptr(),
                k,
                T::ONE,
                T::ZERO,
                h.as_mut_ptr(),
                gr,
            )
        }
    });
}

/// Gives `f` the rows start..start+m of `x`, dropped out where asked.
fn dropped_rows<T: Float>(x: &[T], k: usize, start: usize, m: usize, dropout: Option<Dropout>, f: impl FnOnce(&[T])) {
    let rows = &x[start * k..][..m * k];
    match dropout {
        None => f(rows),
        Some(dropout) => with_scratch(m * k, |masked: &mut [T]| {
            masked.copy_from_slice(rows);
            dropout.apply((start * k) as u64, masked);
            f(masked);
        }),
    }
}
