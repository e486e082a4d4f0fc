//! Indices of the largest and the smallest value.

use crate::cpu::axis::AxisDims;
use crate::cpu::fold::fold1;
use crate::error::{Result, check_len, fail};
use crate::float::Float;
use crate::{isa, par};

/// Index of the largest value along n: the first of ties; the first NaN where there is one. x (outer, n, inner).
///
/// # Errors
/// When a length does not fit, or n is 0.
pub fn argmax<T: Float>(dims: AxisDims, x: &[T], out: &mut [i64]) -> Result<()> {
    arg("argmax", dims, x, out, |x, best| x > best)
}

/// Index of the smallest value along n; else as [`argmax`].
///
/// # Errors
/// As [`argmax`].
pub fn argmin<T: Float>(dims: AxisDims, x: &[T], out: &mut [i64]) -> Result<()> {
    arg("argmin", dims, x, out, |x, best| x < best)
}

fn arg<T: Float>(
    kernel: &'static str,
    dims: AxisDims,
    x: &[T],
    out: &mut [i64],
    better: impl Fn(T, T) -> bool + Sync,
) -> Result<()> {
    let AxisDims { n, inner, .. } = dims;
    check_len(kernel, "x", x.len(), dims.numel())?;
    check_len(kernel, "out", out.len(), dims.lines())?;
    if n == 0 && !out.is_empty() {
        return fail(kernel, "a dimension of size 0 has no largest or smallest value".into());
    }
    let wins = |x: T, best: T| better(x, best) || (x.is_nan() && !best.is_nan());
    if inner == 1 {
        par::rows_mut(out, 1, par::grain(n), |start, out| {
            for (row, out) in out.iter_mut().enumerate() {
                *out = first_best(&x[(start + row) * n..(start + row + 1) * n], &wins) as i64;
            }
        });
        return Ok(());
    }
    par::rows_mut(out, inner, par::grain(n * inner), |start, out| {
        let mut best = crate::alloc::filled(inner, T::ZERO);
        for (row, out) in out.chunks_mut(inner).enumerate() {
            let x = &x[(start + row) * n * inner..][..n * inner];
            best.copy_from_slice(&x[..inner]);
            out.fill(0);
            for (index, values) in x.chunks_exact(inner).enumerate().skip(1) {
                for ((out, best), &x) in out.iter_mut().zip(&mut best).zip(values) {
                    if wins(x, *best) {
                        (*best, *out) = (x, index as i64);
                    }
                }
            }
        }
    });
    Ok(())
}

/// The first index of the best value of a line: the value is found by lanes, then its position.
fn first_best<T: Float>(x: &[T], wins: &impl Fn(T, T) -> bool) -> usize {
    isa::dispatch(
        #[inline(always)]
        || {
            let best = fold1(
                x,
                x[0],
                #[inline(always)]
                |x| x,
                #[inline(always)]
                |a, b| if wins(b, a) { b } else { a },
            );
            // The best value does not win over its equals, so the first value that it does not win over is the first of them.
            x.iter()
                .position(|&x| !wins(best, x))
                .expect("the best is one of the values")
        },
    )
}
