//! Batch normalisation with the statistics of the batch (Ioffe and Szegedy 2015).

use super::fold;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::isa;
use crate::par;

/// Sizes of a batch: `n` samples of `c` channels of `len` spatial positions each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNormDims {
    /// Samples.
    pub n: usize,
    /// Channels.
    pub c: usize,
    /// Spatial positions of a channel.
    pub len: usize,
}

impl BatchNormDims {
    fn values(self) -> usize {
        self.n * self.c * self.len
    }
}

/// What [`batch_norm`] reads.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormOperands<'a, T> {
    /// (n, c, len).
    pub x: &'a [T],
    /// (c): scale; absent = 1.
    pub w: Option<&'a [T]>,
    /// (c): shift; absent = 0.
    pub b: Option<&'a [T]>,
}

/// What [`batch_norm`] writes.
#[derive(Debug)]
pub struct BatchNormOutputs<'a, T> {
    /// (n, c, len).
    pub y: &'a mut [T],
    /// (2, c): the mean of each channel, then the variance of each; kept for [`batch_norm_backward`].
    pub stats: &'a mut [T],
}

/// What the forward pass saved for [`batch_norm_backward`].
#[derive(Clone, Copy, Debug)]
pub struct BatchNormSaved<'a, T> {
    /// (n, c, len): input.
    pub x: &'a [T],
    /// (c): scale; absent = 1.
    pub w: Option<&'a [T]>,
    /// (2, c).
    pub stats: &'a [T],
}

/// Where the gradients of [`batch_norm`] go.
#[derive(Debug)]
pub struct BatchNormGradients<'a, T> {
    /// (n, c, len); not computed where it is `None`.
    pub dx: Option<&'a mut [T]>,
    /// (c).
    pub dw: &'a mut [T],
    /// (c).
    pub db: &'a mut [T],
}

/// `y = (x − mean) / √(var + eps) · w + b` per channel, mean and variance (1/count) over samples and positions.
///
/// # Errors
/// When a length does not fit.
pub fn batch_norm<T: Float>(
    dims: BatchNormDims,
    operands: BatchNormOperands<'_, T>,
    eps: f64,
    outputs: BatchNormOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "batch_norm";
    let BatchNormOperands { x, w, b } = operands;
    let BatchNormOutputs { y, stats } = outputs;
    let BatchNormDims { c, len, .. } = dims;
    check_len(NAME, "x", x.len(), dims.values())?;
    check_len(NAME, "y", y.len(), dims.values())?;
    check_len(NAME, "w", w.map_or(c, <[T]>::len), c)?;
    check_len(NAME, "b", b.map_or(c, <[T]>::len), c)?;
    check_len(NAME, "stats", stats.len(), 2 * c)?;
    let count = T::from_usize(dims.n * len);
    let (mean, var) = stats.split_at_mut(c);
    channel_sums(
        dims,
        [x, x],
        mean,
        #[inline(always)]
        |_| each(|x, _| x),
    );
    mean.iter_mut().for_each(|mean| *mean /= count);
    channel_sums(
        dims,
        [x, x],
        var,
        #[inline(always)]
        |channel| {
            let mean = mean[channel];
            each(
                #[inline(always)]
                move |x, _| (x - mean) * (x - mean),
            )
        },
    );
    var.iter_mut().for_each(|var| *var /= count);
    let rstd = rstds(var, eps);
    channel_map(
        dims,
        [x, x],
        y,
        #[inline(always)]
        |channel| {
            let (w, b) = (w.map_or(T::ONE, |w| w[channel]), b.map_or(T::ZERO, |b| b[channel]));
            let (mean, rstd) = (mean[channel], rstd[channel]);
            each(
                #[inline(always)]
                move |x, _| (x - mean) * rstd * w + b,
            )
        },
    );
    Ok(())
}

/// Gradients of [`batch_norm`], with x̂ = (x − mean) · rstd: `dw = Σ dy · x̂`, `db = Σ dy` and
/// `dx = w · rstd · (dy − db / count − x̂ · dw / count)`.
///
/// # Errors
/// When a length does not fit.
pub fn batch_norm_backward<T: Float>(
    dims: BatchNormDims,
    saved: BatchNormSaved<'_, T>,
    eps: f64,
    dy: &[T],
    gradients: BatchNormGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "batch_norm_backward";
    let BatchNormSaved { x, w, stats } = saved;
    let BatchNormGradients { dx, dw, db } = gradients;
    let BatchNormDims { c, len, .. } = dims;
    check_len(NAME, "dy", dy.len(), dims.values())?;
    check_len(NAME, "x", x.len(), dims.values())?;
    check_len(NAME, "w", w.map_or(c, <[T]>::len), c)?;
    check_len(NAME, "stats", stats.len(), 2 * c)?;
    check_len(NAME, "dx", dx.as_ref().map_or(x.len(), |dx| dx.len()), x.len())?;
    check_len(NAME, "dw", dw.len(), c)?;
    check_len(NAME, "db", db.len(), c)?;
    let (mean, var) = stats.split_at(c);
    let rstd = rstds(var, eps);
    channel_sums(
        dims,
        [dy, dy],
        db,
        #[inline(always)]
        |_| each(|dy, _| dy),
    );
    channel_sums(
        dims,
        [dy, x],
        dw,
        #[inline(always)]
        |channel| {
            let (mean, rstd) = (mean[channel], rstd[channel]);
            each(
                #[inline(always)]
                move |dy, x| dy * ((x - mean) * rstd),
            )
        },
    );
    let Some(dx) = dx else { return Ok(()) };
    let share = T::ONE / T::from_usize(dims.n * len);
    channel_map(
        dims,
        [dy, x],
        dx,
        #[inline(always)]
        |channel| {
            let (mean, rstd) = (mean[channel], rstd[channel]);
            let factor = rstd * w.map_or(T::ONE, |w| w[channel]);
            let (shift, slope) = (db[channel] * share, dw[channel] * share);
            each(
                #[inline(always)]
                move |dy, x| factor * (dy - shift - (x - mean) * rstd * slope),
            )
        },
    );
    Ok(())
}

fn rstds<T: Float>(var: &[T], eps: f64) -> Vec<T> {
    let eps = T::from_f64(eps);
    var.iter().map(|&var| T::ONE / (var + eps).sqrt()).collect()
}

/// Returns `f`: an attribute on a closure is allowed only in the argument of a call.
#[inline(always)]
fn each<T, F: Fn(T, T) -> T>(f: F) -> F {
    f
}

/// `out[channel] = Σ f(channel)(a, b)` over samples and positions, in an order that depends on the sizes alone.
#[inline(always)]
fn channel_sums<T: Float, F: Fn(T, T) -> T>(
    dims: BatchNormDims,
    [a, b]: [&[T]; 2],
    out: &mut [T],
    f: impl Fn(usize) -> F + Sync,
) {
    let BatchNormDims { n, c, len } = dims;
    // With one position, loops run along the channels; else along the positions of a channel.
    let samples = if len == 1 { super::norm::chunk_rows(c) } else { 1 };
    let mut sums = crate::alloc::filled(n.div_ceil(samples) * c, T::ZERO);
    let (row, grain) = if len == 1 { (c, 1) } else { (1, par::grain(len)) };
    par::rows_mut(&mut sums, row, grain, |start, sums| {
        isa::dispatch(
            #[inline(always)]
            || {
                if len == 1 {
                    for i in start * samples..((start + sums.len() / c) * samples).min(n) {
                        let sums = &mut sums[(i / samples - start) * c..][..c];
                        let (a, b) = (&a[i * c..][..c], &b[i * c..][..c]);
                        for (channel, ((sum, &a), &b)) in sums.iter_mut().zip(a).zip(b).enumerate() {
                            *sum += f(channel)(a, b);
                        }
                    }
                } else {
                    for (plane, sum) in (start..).zip(sums) {
                        let range = plane * len..(plane + 1) * len;
                        *sum = fold::sum_of2(&a[range.clone()], &b[range], f(plane % c));
                    }
                }
            },
        );
    });
    super::norm::add_in_order(&sums, c, out);
}

/// `out = f(channel)(a, b)` for each element.
#[inline(always)]
fn channel_map<T: Float, F: Fn(T, T) -> T>(
    dims: BatchNormDims,
    [a, b]: [&[T]; 2],
    out: &mut [T],
    f: impl Fn(usize) -> F + Sync,
) {
    let BatchNormDims { c, len, .. } = dims;
    let row = if len == 1 { c } else { len };
    par::rows_mut(out, row, par::grain(row), |start, out| {
        isa::dispatch(
            #[inline(always)]
            || {
                for (i, out) in out.chunks_mut(row).enumerate() {
                    let range = (start + i) * row..(start + i + 1) * row;
                    let values = out.iter_mut().zip(&a[range.clone()]).zip(&b[range]);
                    if len == 1 {
                        for (channel, ((out, &a), &b)) in values.enumerate() {
                            *out = f(channel)(a, b);
                        }
                    } else {
                        let f = f((start + i) % c);
                        values.for_each(|((out, &a), &b)| *out = f(a, b));
                    }
                }
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::batch_norm as slow;
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    fn check<T: Float>(dims: BatchNormDims, affine: bool) {
        let all = dims.values();
        let (x, dy) = (values::<T>(all, 1), values::<T>(all, 2));
        let (w, b) = (values::<T>(dims.c, 3), values::<T>(dims.c, 4));
        let (w, b) = (affine.then_some(&w[..]), affine.then_some(&b[..]));
        let (mut y, mut stats) = (vec![T::ZERO; all], vec![T::ZERO; 2 * dims.c]);
        let outputs = BatchNormOutputs {
            y: &mut y,
            stats: &mut stats,
        };
        batch_norm(dims, BatchNormOperands { x: &x, w, b }, 1e-2, outputs).unwrap();
        let (mut dx, mut dw, mut db) = (vec![T::ZERO; all], vec![T::ONE; dims.c], vec![T::ONE; dims.c]);
        let saved = BatchNormSaved {
            x: &x,
            w,
            stats: &stats,
        };
        let gradients = BatchNormGradients {
            dx: Some(&mut dx),
            dw: &mut dw,
            db: &mut db,
        };
        batch_norm_backward(dims, saved, 1e-2, &dy, gradients).unwrap();
        let (wide_x, wide_w, wide_b) = (wide(&x), w.map(wide), b.map(wide));
        let operands = BatchNormOperands {
            x: &wide_x[..],
            w: wide_w.as_deref(),
            b: wide_b.as_deref(),
        };
        let want = slow::batch_norm(dims, operands, 1e-2);
        let grads = slow::batch_norm_backward(dims, operands, 1e-2, &wide(&dy));
        let context = format!("{dims:?} affine {affine}");
        close(&y, &want.0, 5e-6, &context);
        close(&stats, &want.1, 5e-6, &format!("{context} statistics"));
        close(&dx, &grads.0, 2e-5, &format!("{context} dx"));
        close(&dw, &grads.1, 2e-5, &format!("{context} dw"));
        close(&db, &grads.2, 2e-5, &format!("{context} db"));
        let (mut dw2, mut db2) = (vec![T::ONE; dims.c], vec![T::ONE; dims.c]);
        let gradients = BatchNormGradients {
            dx: None,
            dw: &mut dw2,
            db: &mut db2,
        };
        batch_norm_backward(dims, BatchNormSaved { w: None, ..saved }, 1e-2, &dy, gradients).unwrap();
        assert!(dw2 == dw && db2 == db);
    }

    #[test]
    fn channels_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for (n, c, len) in [(2, 1, 1), (3, 5, 17), (1, 3, 64), (64, 17, 1), (4, 3, 129)] {
                for affine in [false, true] {
                    check::<f32>(BatchNormDims { n, c, len }, affine);
                    check::<f64>(BatchNormDims { n, c, len }, affine);
                }
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let dims = BatchNormDims { n: 20, c: 12, len: 300 };
        let x = values::<f32>(dims.values(), 1);
        same_for_any_thread_count(|| {
            let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * dims.c]);
            let operands = BatchNormOperands {
                x: &x,
                w: None,
                b: None,
            };
            let outputs = BatchNormOutputs {
                y: &mut y,
                stats: &mut stats,
            };
            batch_norm(dims, operands, 1e-5, outputs).unwrap();
            [y, stats].concat()
        });
    }
}
