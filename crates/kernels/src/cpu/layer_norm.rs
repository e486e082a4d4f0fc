//! Layer normalisation over the last dimension (Ba et al. 2016).

use super::fold;
use super::map::zip_inplace_loop;
use super::norm::{add_dw_row, add_in_order, chunk_rows};

pub use super::norm::NormDims;

use crate::error::{Result, check_len};
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// What [`layer_norm`] reads.
#[derive(Clone, Copy, Debug)]
pub struct LayerNormOperands<'a, T> {
    /// (M, N).
    pub x: &'a [T],
    /// (N): scale; absent = 1.
    pub w: Option<&'a [T]>,
    /// (N): shift; absent = 0.
    pub b: Option<&'a [T]>,
}

/// What [`layer_norm`] writes.
#[derive(Debug)]
pub struct LayerNormOutputs<'a, T> {
    /// (M, N).
    pub y: &'a mut [T],
    /// (M), kept for [`layer_norm_backward`].
    pub mean: &'a mut [T],
    /// (M), kept for [`layer_norm_backward`].
    pub rstd: &'a mut [T],
}

/// What the forward pass saved for [`layer_norm_backward`].
#[derive(Clone, Copy, Debug)]
pub struct LayerNormSaved<'a, T> {
    /// (M, N): input.
    pub x: &'a [T],
    /// (N): scale; absent = 1.
    pub w: Option<&'a [T]>,
    /// (M).
    pub mean: &'a [T],
    /// (M).
    pub rstd: &'a [T],
}

/// Where the gradients of [`layer_norm`] go; those that are `None` are not computed.
#[derive(Debug)]
pub struct LayerNormGradients<'a, T> {
    /// (M, N).
    pub dx: Option<&'a mut [T]>,
    /// (N).
    pub dw: Option<&'a mut [T]>,
    /// (N).
    pub db: Option<&'a mut [T]>,
}

/// `y = (x − mean) · rstd · w + b` for each row of x, with rstd = 1/√(var + eps) and the biased variance.
///
/// # Errors
/// When a length does not fit.
pub fn layer_norm<T: Float>(
    dims: NormDims,
    operands: LayerNormOperands<'_, T>,
    eps: f64,
    outputs: LayerNormOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "layer_norm";
    let NormDims { rows, n } = dims;
    let LayerNormOperands { x, w, b } = operands;
    let LayerNormOutputs { y, mean, rstd } = outputs;
    check_len(NAME, "x", x.len(), rows * n)?;
    check_len(NAME, "y", y.len(), rows * n)?;
    check_len(NAME, "w", w.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "b", b.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "mean", mean.len(), rows)?;
    check_len(NAME, "rstd", rstd.len(), rows)?;
    let eps = T::from_f64(eps);
    let outputs = (Rows::new(mean, 1), Rows::new(rstd, 1), Rows::new(y, n));
    par::parts_mut(outputs, par::grain(n), |start, (mean, rstd, y)| {
        isa::dispatch(
            #[inline(always)]
            || {
                for row in 0..mean.data.len() {
                    let x = &x[(start + row) * n..(start + row + 1) * n];
                    let y = &mut y.data[row * n..(row + 1) * n];
                    (mean.data[row], rstd.data[row]) = norm_row(x, w, b, eps, y);
                }
            },
        )
    });
    Ok(())
}

#[inline(always)]
fn norm_row<T: Float>(x: &[T], w: Option<&[T]>, b: Option<&[T]>, eps: T, y: &mut [T]) -> (T, T) {
    let count = T::from_usize(x.len());
    let mean = fold::sum(x) / count;
    let var = fold::sum_of(
        x,
        #[inline(always)]
        |x| (x - mean) * (x - mean),
    ) / count;
    let rstd = T::ONE / (var + eps).sqrt();
    match (w, b) {
        (Some(w), Some(b)) => {
            for (((y, &x), &w), &b) in y.iter_mut().zip(x).zip(w).zip(b) {
                *y = (x - mean) * rstd * w + b;
            }
        }
        (Some(w), None) => {
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(w) {
                *y = (x - mean) * rstd * w;
            }
        }
        (None, Some(b)) => {
            for ((y, &x), &b) in y.iter_mut().zip(x).zip(b) {
                *y = (x - mean) * rstd + b;
            }
        }
        (None, None) => {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - mean) * rstd;
            }
        }
    }
    (mean, rstd)
}

/// Gradients of [`layer_norm`], with x̂ = (x − mean) · rstd and g = dy · w:
/// `dx = rstd · (g − mean(g) − x̂ · mean(g · x̂))`, `dw = Σ dy · x̂`, `db = Σ dy`.
///
/// # Errors
/// When a length does not fit.
pub fn layer_norm_backward<T: Float>(
    dims: NormDims,
    saved: LayerNormSaved<'_, T>,
    dy: &[T],
    gradients: LayerNormGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "layer_norm_backward";
    let NormDims { rows, n } = dims;
    let LayerNormSaved { x, w, mean, rstd } = saved;
    let LayerNormGradients { dx, dw, db } = gradients;
    check_len(NAME, "dy", dy.len(), rows * n)?;
    check_len(NAME, "x", x.len(), rows * n)?;
    check_len(NAME, "w", w.map_or(n, <[T]>::len), n)?;
    check_len(NAME, "mean", mean.len(), rows)?;
    check_len(NAME, "rstd", rstd.len(), rows)?;
    check_len(NAME, "dx", dx.as_ref().map_or(rows * n, |dx| dx.len()), rows * n)?;
    check_len(NAME, "dw", dw.as_ref().map_or(n, |dw| dw.len()), n)?;
    check_len(NAME, "db", db.as_ref().map_or(n, |db| db.len()), n)?;
    let chunk = chunk_rows(n);
    let chunks = rows.div_ceil(chunk);
    let mut dw_parts = dw.is_some().then(|| crate::alloc::filled(chunks * n, T::ZERO));
    let mut db_parts = db.is_some().then(|| crate::alloc::filled(chunks * n, T::ZERO));
    let outputs = (
        dx.map(|dx| Rows::new(dx, chunk * n)),
        dw_parts.as_mut().map(|parts| Rows::new(parts, n)),
        db_parts.as_mut().map(|parts| Rows::new(parts, n)),
    );
    // One "row" of these outputs is a chunk of rows of x.
    par::parts_mut(outputs, 1, |index, (mut dx, mut dw, mut db)| {
        isa::dispatch(
            #[inline(always)]
            || {
                let first = index * chunk;
                for row in first..(first + chunk).min(rows) {
                    let range = row * n..(row + 1) * n;
                    let (dy, x) = (&dy[range.clone()], &x[range]);
                    if let Some(dx) = &mut dx {
                        let dx = &mut dx.data[(row - first) * n..(row - first + 1) * n];
                        dx_row(dy, x, w, mean[row], rstd[row], dx);
                    }
                    if let Some(dw) = &mut dw {
                        add_dw_row(dy, x, mean[row], rstd[row], dw.data);
                    }
                    if let Some(db) = &mut db {
                        zip_inplace_loop(
                            dy,
                            db.data,
                            #[inline(always)]
                            |db, dy| db + dy,
                        );
                    }
                }
            },
        )
    });
    for (out, parts) in [(dw, dw_parts), (db, db_parts)] {
        if let (Some(out), Some(parts)) = (out, parts) {
            add_in_order(&parts, n, out);
        }
    }
    Ok(())
}

#[inline(always)]
fn dx_row<T: Float>(dy: &[T], x: &[T], w: Option<&[T]>, mean: T, rstd: T, dx: &mut [T]) {
    let count = T::from_usize(x.len());
    match w {
        Some(w) => {
            let g_mean = fold::sum_of2(
                dy,
                w,
                #[inline(always)]
                |dy, w| dy * w,
            ) / count;
            let gx_mean = fold::sum_of3(
                dy,
                w,
                x,
                #[inline(always)]
                |dy, w, x| dy * w * ((x - mean) * rstd),
            ) / count;
            for (((dx, &dy), &x), &w) in dx.iter_mut().zip(dy).zip(x).zip(w) {
                *dx = rstd * (dy * w - g_mean - (x - mean) * rstd * gx_mean);
            }
        }
        None => {
            let g_mean = fold::sum(dy) / count;
            let gx_mean = fold::sum_of2(
                dy,
                x,
                #[inline(always)]
                |dy, x| dy * ((x - mean) * rstd),
            ) / count;
            for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
                *dx = rstd * (dy - g_mean - (x - mean) * rstd * gx_mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::layer_norm as slow;
    use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

    fn check<T: Float>(rows: usize, n: usize, affine: bool) {
        let (x, dy) = (values::<T>(rows * n, 1), values::<T>(rows * n, 2));
        let (w, b) = (values::<T>(n, 3), values::<T>(n, 4));
        let (w, b) = (affine.then_some(&w[..]), affine.then_some(&b[..]));
        let mut y = vec![T::ZERO; rows * n];
        let (mut mean, mut rstd) = (vec![T::ZERO; rows], vec![T::ZERO; rows]);
        let dims = NormDims { rows, n };
        let outputs = LayerNormOutputs {
            y: &mut y,
            mean: &mut mean,
            rstd: &mut rstd,
        };
        layer_norm(dims, LayerNormOperands { x: &x, w, b }, 1e-2, outputs).unwrap();
        let (mut dx, mut dw, mut db) = (vec![T::ZERO; rows * n], vec![T::ONE; n], vec![T::ONE; n]);
        let gradients = LayerNormGradients {
            dx: Some(&mut dx),
            dw: Some(&mut dw),
            db: Some(&mut db),
        };
        let saved = LayerNormSaved {
            x: &x,
            w,
            mean: &mean,
            rstd: &rstd,
        };
        layer_norm_backward(dims, saved, &dy, gradients).unwrap();
        let (wide_x, wide_w, wide_b) = (wide(&x), w.map(wide), b.map(wide));
        let operands = LayerNormOperands {
            x: &wide_x[..],
            w: wide_w.as_deref(),
            b: wide_b.as_deref(),
        };
        let want = slow::layer_norm(dims, operands, 1e-2);
        let grads = slow::layer_norm_backward(dims, operands, 1e-2, &wide(&dy));
        let context = format!("({rows}, {n}) affine {affine}");
        close(&y, &want, 5e-6, &context);
        close(&dx, &grads.0, 2e-5, &format!("{context} dx"));
        close(&dw, &grads.1, 2e-5, &format!("{context} dw"));
        close(&db, &grads.2, 2e-5, &format!("{context} db"));
        let mut only = vec![T::ZERO; n];
        let gradients = LayerNormGradients {
            dx: None,
            dw: None,
            db: Some(&mut only),
        };
        layer_norm_backward(dims, LayerNormSaved { w: None, ..saved }, &dy, gradients).unwrap();
        assert!(only == db);
    }

    #[test]
    fn rows_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES {
                for rows in [0, 1, 3, 65] {
                    for affine in [false, true] {
                        check::<f32>(rows, n, affine);
                        check::<f64>(rows, n, affine);
                    }
                }
            }
        });
    }

    #[test]
    fn weight_gradient_bits_do_not_depend_on_threads() {
        let (rows, n) = (500, 128);
        let (x, dy) = (values::<f32>(rows * n, 1), values::<f32>(rows * n, 2));
        let (mean, rstd) = (vec![0.1; rows], vec![0.9; rows]);
        same_for_any_thread_count(|| {
            let mut dw = vec![0f32; n];
            let saved = LayerNormSaved {
                x: &x,
                w: None,
                mean: &mean,
                rstd: &rstd,
            };
            let gradients = LayerNormGradients {
                dx: None,
                dw: Some(&mut dw),
                db: None,
            };
            layer_norm_backward(NormDims { rows, n }, saved, &dy, gradients).unwrap();
            dw
        });
    }
}
