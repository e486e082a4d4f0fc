//! The head of a classifier and the cross entropy of its logits, in chunks of rows: only the logits of one chunk are in memory.
//!
//! The gradient of the logits overwrites them and is multiplied at once, so that nothing is left to compute in the backward pass.

mod row;
#[cfg(test)]
mod tests;

use super::gemm::{GemmDims, GemmOperands, GemmOutput, gemm};
use super::linear::{Layout, LinearDims, LinearWeight, linear, linear_dx};
use crate::error::{Result, check_len};
use crate::par;
use crate::{Float, WeightRef, isa};
use row::loss_rows;

pub use super::cross_entropy::{Labels, check_classes};

/// Bytes of logits in a chunk, unless [`LEAST_ROWS`] need more. The weight is read once for each chunk, so larger chunks read it less.
const CHUNK_BYTES: usize = 64 << 20;

/// Rows below which the products of a chunk would be bound by reading the weight.
const LEAST_ROWS: usize = 128;

/// All chunks but the last are whole tiles of the micro-kernels.
const ROW_STEP: usize = 16;

/// A dense layer and its input.
#[derive(Clone, Copy)]
pub struct Head<'a, T> {
    /// (M, K).
    pub hidden: &'a [T],
    /// (N, K): N classes.
    pub weight: WeightRef<'a, T>,
    /// (N).
    pub bias: Option<&'a [T]>,
    /// M.
    pub rows: usize,
    /// K.
    pub width: usize,
    /// N.
    pub classes: usize,
}

/// Where the gradients go; those that are `None` are not computed.
pub struct Gradients<'a, T> {
    /// Gradient of the loss of every row.
    pub dloss: T,
    /// (M, K).
    pub hidden: Option<&'a mut [T]>,
    /// (N, K).
    pub weight: Option<&'a mut [T]>,
    /// (N).
    pub bias: Option<&'a mut [T]>,
}

/// Rows in a chunk of `counted` rows in all: a function of sizes alone, so the bits do not depend on the number of threads.
fn chunk_rows<T>(counted: usize, classes: usize) -> usize {
    let most = (CHUNK_BYTES / (classes * size_of::<T>()).max(1)).max(LEAST_ROWS);
    let chunks = counted.div_ceil(most).max(1);
    counted.div_ceil(chunks).next_multiple_of(ROW_STEP).min(counted)
}

/// Length of the scratch memory of [`linear_cross_entropy`] for `counted` rows that are not ignored.
pub fn scratch_len<T>(counted: usize, width: usize, classes: usize) -> usize {
    chunk_rows::<T>(counted, classes) * (classes + 2 * width)
}

/// Loss of each row of `hidden · Wᵀ + bias` for its target, as [`cross_entropy`](super::cross_entropy::cross_entropy), and the gradients of
/// their sum times `dloss`. Gradients are overwritten.
///
/// `losses` (M); `scratch` of [`scratch_len`] values. Cost: 2·M·N·K flop, as much for each of the gradients of `hidden` and `weight`, over
/// the rows that are not ignored; the weight is read once for each chunk and product.
///
/// # Errors
/// When a length does not fit, or a target is neither a class nor `ignore_index`. Outputs are then untouched.
///
/// Slow twin: `reference::linear` with `reference::cross_entropy`. Comparable: Liger kernel's fused linear cross entropy.
pub fn linear_cross_entropy<T: Float>(
    head: Head<'_, T>,
    labels: Labels<'_>,
    losses: &mut [T],
    mut gradients: Option<Gradients<'_, T>>,
    scratch: &mut [T],
) -> Result<()> {
    check(&head, &labels, losses, &gradients, scratch)?;
    let (width, classes) = (head.width, head.classes);
    let layer = LinearWeight {
        values: head.weight,
        layout: Layout::OutIn,
    };
    let counted: Vec<usize> = (0..head.rows)
        .filter(|&row| labels.target[row] != labels.ignore_index)
        .collect();
    if counted.len() < head.rows {
        par::fill(losses, T::ZERO);
        if let Some(dx) = gradients.as_mut().and_then(|g| g.hidden.as_deref_mut()) {
            par::fill(dx, T::ZERO);
        }
    }
    let chunk = chunk_rows::<T>(counted.len(), classes);
    let (logits, scratch) = scratch.split_at_mut(chunk * classes);
    let (gathered, dgathered) = scratch.split_at_mut(chunk * width);
    for (number, rows) in counted.chunks(chunk.max(1)).enumerate() {
        let m = rows.len();
        let dims = LinearDims {
            m,
            k: width,
            n: classes,
        };
        let logits = &mut logits[..m * classes];
        // Adjacent rows are read and written directly.
        let range = (rows[m - 1] - rows[0] + 1 == m).then(|| rows[0] * width..(rows[0] + m) * width);
        let x = match &range {
            Some(range) => &head.hidden[range.clone()],
            None => gather(head.hidden, rows, width, &mut gathered[..m * width]),
        };
        linear(dims, x, layer, head.bias, logits)?;
        loss_rows(logits, rows, &labels, gradients.as_ref().map(|g| g.dloss), losses);
        let Some(Gradients {
            hidden, weight, bias, ..
        }) = &mut gradients
        else {
            continue;
        };
        if let Some(dx) = hidden {
            match range {
                Some(range) => linear_dx(dims, logits, layer, &mut dx[range])?,
                None => {
                    let dgathered = &mut dgathered[..m * width];
                    linear_dx(dims, logits, layer, dgathered)?;
                    scatter(dgathered, rows, width, dx);
                }
            }
        }
        let beta = if number == 0 { T::ZERO } else { T::ONE };
        if let Some(dw) = weight {
            gemm(
                GemmDims {
                    m: classes,
                    k: m,
                    n: width,
                },
                GemmOperands {
                    a: &*logits,
                    a_strides: (1, classes as isize),
                    b: x,
                    b_strides: (width as isize, 1),
                    alpha: T::ONE,
                    beta,
                },
                GemmOutput {
                    c: dw,
                    row_stride: width,
                },
            )?;
        }
        if let Some(db) = bias {
            add_columns(logits, classes, beta, db);
        }
    }
    if let (true, Some(Gradients { weight, bias, .. })) = (counted.is_empty(), gradients) {
        [weight, bias].into_iter().flatten().for_each(|g| par::fill(g, T::ZERO));
    }
    Ok(())
}

fn check<T: Float>(
    head: &Head<'_, T>,
    labels: &Labels<'_>,
    losses: &[T],
    gradients: &Option<Gradients<'_, T>>,
    scratch: &[T],
) -> Result<()> {
    const NAME: &str = "linear_cross_entropy";
    let (m, k, n) = (head.rows, head.width, head.classes);
    check_len(NAME, "hidden", head.hidden.len(), m * k)?;
    check_len(NAME, "weight", head.weight.len(), n * k)?;
    check_len(NAME, "bias", head.bias.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "losses", losses.len(), m)?;
    check_len(NAME, "target", labels.target.len(), m)?;
    if let Some(g) = gradients {
        check_len(
            NAME,
            "gradient of hidden",
            g.hidden.as_ref().map_or(m * k, |g| g.len()),
            m * k,
        )?;
        check_len(
            NAME,
            "gradient of weight",
            g.weight.as_ref().map_or(n * k, |g| g.len()),
            n * k,
        )?;
        check_len(NAME, "gradient of bias", g.bias.as_ref().map_or(n, |g| g.len()), n)?;
    }
    check_classes(NAME, n, labels.target, labels.ignore_index)?;
    check_len(NAME, "scratch", scratch.len(), scratch_len::<T>(labels.counted(), k, n))
}

/// Copies rows together.
fn gather<'a, T: Float>(from: &[T], rows: &[usize], width: usize, to: &'a mut [T]) -> &'a [T] {
    par::rows_mut(to, width, par::grain(width), |start, to| {
        for (to, &row) in to.chunks_exact_mut(width.max(1)).zip(&rows[start..]) {
            to.copy_from_slice(&from[row * width..(row + 1) * width]);
        }
    });
    to
}

/// Copies rows back to where they were gathered from.
fn scatter<T: Float>(from: &[T], rows: &[usize], width: usize, to: &mut [T]) {
    for (from, &row) in from.chunks_exact(width.max(1)).zip(rows) {
        to[row * width..(row + 1) * width].copy_from_slice(from);
    }
}

/// `sums[c] = beta · sums[c] + Σ_row x[row, c]`, from the first row to the last.
fn add_columns<T: Float>(x: &[T], columns: usize, beta: T, sums: &mut [T]) {
    let rows = x.len() / columns.max(1);
    par::rows_mut(sums, 1, par::grain(rows), |start, sums| {
        isa::dispatch(
            #[inline(always)]
            || {
                if beta == T::ZERO {
                    sums.fill(T::ZERO);
                }
                for row in 0..rows {
                    let x = &x[row * columns + start..][..sums.len()];
                    for (sum, &x) in sums.iter_mut().zip(x) {
                        *sum += x;
                    }
                }
            },
        )
    });
}

/// Multiplies the rows of `x` (rows, width) by their factors, in place. A gradient of exactly 0 stays 0 whatever the factor is: ignored
/// rows take no part in the loss, even if it is infinite or NaN.
///
/// # Errors
/// When a length does not fit: `factors` has one value for each row, or one for all.
pub fn scale_rows<T: Float>(x: &mut [T], width: usize, factors: &[T]) -> Result<()> {
    if factors.len() != 1 {
        check_len("scale_rows", "x", x.len(), factors.len() * width)?;
    }
    // With one factor for all, any split into rows will do.
    let row_len = if factors.len() == 1 { 1 } else { width };
    par::rows_mut(x, row_len, par::grain(row_len), |start, x| {
        isa::dispatch(
            #[inline(always)]
            || {
                if let [factor] = *factors {
                    return scale(x, factor);
                }
                for (x, &factor) in x.chunks_exact_mut(width.max(1)).zip(&factors[start..]) {
                    scale(x, factor);
                }
            },
        )
    });
    Ok(())
}

#[inline(always)]
fn scale<T: Float>(x: &mut [T], factor: T) {
    for x in x {
        *x = if *x == T::ZERO { T::ZERO } else { *x * factor };
    }
}
