//! Root-mean-square normalisation over the last dimension (Zhang & Sennrich 2019).

use super::fold;
use super::norm::{add_dw_row, add_in_order, chunk_rows};

pub use super::norm::NormDims;

use crate::error::{Result, check_len};
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// What [`rms_norm`] reads.
#[derive(Clone, Copy, Debug)]
pub struct RmsNormOperands<'a, T> {
    /// (M, N).
    pub x: &'a [T],
    /// (N): scale; absent = 1.
    pub w: Option<&'a [T]>,
}

/// What [`rms_norm`] writes.
#[derive(Debug)]
pub struct RmsNormOutputs<'a, T> {
    /// (M, N).
    pub y: &'a mut [T],
    /// (M), kept for [`rms_norm_backward`].
    pub rstd: &'a mut [T],
}

/// What the forward pass saved for [`rms_norm_backward`].
#[derive(Clone, Copy, Debug)]
pub struct RmsNormSaved<'a, T> {
    /// (M, N): input.
    pub x: &'a [T],
    /// (N): scale; absent = 1.
    pub w: Option<&'a [T]>,
    /// (M).
    pub rstd: &'a [T],
}

/// Where the gradients of [`rms_norm`] go; those that are `None` are not computed.
#[derive(Debug)]
pub struct RmsNormGradients<'a, T> {
    /// (M, N).
    pub dx: Option<&'a mut [T]>,
    /// (N).
    pub dw: Option<&'a mut [T]>,
}

/// `y = x · rstd · w` for each row of x, with rstd = 1/√(mean(x²) + eps).
///
/// # Errors
/// When a length does not fit.
pub fn rms_norm<T: Float>(
    dims: NormDims,
    operands: RmsNormOperands<'_, T>,
    eps: f64,
    outputs: RmsNormOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "rms_norm";
    let NormDims { rows, n } = dims;
    let RmsNormOperands { x, w } = operands;
    let RmsNormOutputs { y, rstd } = outputs;
    check_len(NAME, "x", x.len(), rows * n)?;
    check_len(NAME, "y", y.len(), rows * n)?;
    check_len(NAME, "w", w.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "rstd", rstd.len(), rows)?;
    let eps = T::from_f64(eps);
    par::parts_mut(
        (Rows::new(rstd, 1), Rows::new(y, n)),
        par::grain(n),
        |start, (rstd, y)| {
            isa::dispatch(
                #[inline(always)]
                || {
                    for row in 0..rstd.data.len() {
                        let x = &x[(start + row) * n..(start + row + 1) * n];
                        let y = &mut y.data[row * n..(row + 1) * n];
                        rstd.data[row] = norm_row(x, w, eps, y);
                    }
                },
            )
        },
    );
    Ok(())
}

#[inline(always)]
fn norm_row<T: Float>(x: &[T], w: Option<&[T]>, eps: T, y: &mut [T]) -> T {
    let squares = fold::sum_of(
        x,
        #[inline(always)]
        |x| x * x,
    );
    let rstd = T::ONE / (squares / T::from_usize(x.len()) + eps).sqrt();
    match w {
        Some(w) => {
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(w) {
                *y = x * rstd * w;
            }
        }
        None => {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = x * rstd;
            }
        }
    }
    rstd
}

/// Gradients of [`rms_norm`], with x̂ = x · rstd and g = dy · w: `dx = rstd · (g − x̂ · mean(g · x̂))`, `dw = Σ dy · x̂`.
///
/// # Errors
/// When a length does not fit.
pub fn rms_norm_backward<T: Float>(
    dims: NormDims,
    saved: RmsNormSaved<'_, T>,
    dy: &[T],
    gradients: RmsNormGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "rms_norm_backward";
    let NormDims { rows, n } = dims;
    let RmsNormSaved { x, w, rstd } = saved;
    let RmsNormGradients { dx, dw } = gradients;
    check_len(NAME, "dy", dy.len(), rows * n)?;
    check_len(NAME, "x", x.len(), rows * n)?;
    check_len(NAME, "w", w.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "rstd", rstd.len(), rows)?;
    check_len(NAME, "dx", dx.as_ref().map_or(rows * n, |dx| dx.len()), rows * n)?;
    check_len(NAME, "dw", dw.as_ref().map_or(n, |dw| dw.len()), n)?;
    let chunk = chunk_rows(n);
    let mut dw_parts = dw
        .is_some()
        .then(|| crate::alloc::filled(rows.div_ceil(chunk) * n, T::ZERO));
    let outputs = (
        dx.map(|dx| Rows::new(dx, chunk * n)),
        dw_parts.as_mut().map(|parts| Rows::new(parts, n)),
    );
    // One "row" of these outputs is a chunk of rows of x.
    par::parts_mut(outputs, 1, |index, (mut dx, mut dw)| {
        isa::dispatch(
            #[inline(always)]
            || {
                let first = index * chunk;
                for row in first..(first + chunk).min(rows) {
                    let range = row * n..(row + 1) * n;
                    let (dy, x, rstd) = (&dy[range.clone()], &x[range], rstd[row]);
                    if let Some(dx) = &mut dx {
                        dx_row(dy, x, w, rstd, &mut dx.data[(row - first) * n..(row - first + 1) * n]);
                    }
                    if let Some(dw) = &mut dw {
                        add_dw_row(dy, x, T::ZERO, rstd, dw.data);
                    }
                }
            },
        )
    });
    if let (Some(dw), Some(parts)) = (dw, dw_parts) {
        add_in_order(&parts, n, dw);
    }
    Ok(())
}

#[inline(always)]
fn dx_row<T: Float>(dy: &[T], x: &[T], w: Option<&[T]>, rstd: T, dx: &mut [T]) {
    let count = T::from_usize(x.len());
    match w {
        Some(w) => {
            let mean = fold::sum_of3(
                dy,
                w,
                x,
                #[inline(always)]
                |dy, w, x| dy * w * (x * rstd),
            ) / count;
            for (((dx, &dy), &x), &w) in dx.iter_mut().zip(dy).zip(x).zip(w) {
                *dx = rstd * (dy * w - x * rstd * mean);
            }
        }
        None => {
            let mean = fold::sum_of2(
                dy,
                x,
                #[inline(always)]
                |dy, x| dy * (x * rstd),
            ) / count;
            for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
                *dx = rstd * (dy - x * rstd * mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::rms_norm as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    fn check<T: Float>(rows: usize, n: usize, weighted: bool) {
        let (x, dy, w) = (values::<T>(rows * n, 1), values::<T>(rows * n, 2), values::<T>(n, 3));
        let w = weighted.then_some(&w[..]);
        let (mut y, mut rstd) = (vec![T::ZERO; rows * n], vec![T::ZERO; rows]);
        let dims = NormDims { rows, n };
        let outputs = RmsNormOutputs {
            y: &mut y,
            rstd: &mut rstd,
        };
        rms_norm(dims, RmsNormOperands { x: &x, w }, 1e-2, outputs).unwrap();
        let (mut dx, mut dw) = (vec![T::ZERO; rows * n], vec![T::ONE; n]);
        let saved = RmsNormSaved { x: &x, w, rstd: &rstd };
        let gradients = RmsNormGradients {
            dx: Some(&mut dx),
            dw: Some(&mut dw),
        };
        rms_norm_backward(dims, saved, &dy, gradients).unwrap();
        let (wide_x, wide_w) = (wide(&x), w.map(wide));
        let operands = RmsNormOperands {
            x: &wide_x[..],
            w: wide_w.as_deref(),
        };
        let want = slow::rms_norm(dims, operands, 1e-2);
        let (want_dx, want_dw) = slow::rms_norm_backward(dims, operands, 1e-2, &wide(&dy));
        let context = format!("({rows}, {n}) weighted {weighted}");
        close(&y, &want, 5e-6, &context);
        close(&dx, &want_dx, 2e-5, &format!("{context} dx"));
        close(&dw, &want_dw, 2e-5, &format!("{context} dw"));
    }

    #[test]
    fn rows_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES {
                for rows in [0, 1, 3, 65] {
                    for weighted in [false, true] {
                        check::<f32>(rows, n, weighted);
                        check::<f64>(rows, n, weighted);
                    }
                }
            }
        });
    }
}
