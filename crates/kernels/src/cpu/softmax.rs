//! softmax and log-softmax over the rows of (rows, n), and their gradients.
//!
//! A row of −∞ gives NaN, as in torch.

use super::fold;
use super::map::map2_loop;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::{isa, par};

/// `y = e^(x − max) / Σ e^(x − max)` per row.
///
/// # Errors
/// When a length is not rows · n.
pub fn softmax<T: Float>(x: &[T], rows: usize, n: usize, y: &mut [T]) -> Result<()> {
    check_len("softmax", "x", x.len(), rows * n)?;
    check_len("softmax", "y", y.len(), rows * n)?;
    each_row(
        [x, x],
        n,
        y,
        #[inline(always)]
        |[x, _], y| softmax_row(x, y),
    );
    Ok(())
}

/// One row of [`softmax`], for use inside [`isa::dispatch`].
#[inline(always)]
pub(crate) fn softmax_row<T: Float>(x: &[T], y: &mut [T]) {
    let max = fold::max(x);
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - max).exp();
    }
    let inverse = T::ONE / fold::sum(y);
    for y in y {
        *y *= inverse;
    }
}

/// `dx = y · (dy − Σ y·dy)` per row.
///
/// # Errors
/// When a length is not rows · n.
pub fn softmax_backward<T: Float>(y: &[T], dy: &[T], rows: usize, n: usize, dx: &mut [T]) -> Result<()> {
    check_backward("softmax_backward", y, dy, dx, rows * n)?;
    each_row(
        [y, dy],
        n,
        dx,
        #[inline(always)]
        |[y, dy], dx| {
            let dot = fold::sum_of2(
                y,
                dy,
                #[inline(always)]
                |y, dy| y * dy,
            );
            map2_loop(
                y,
                dy,
                dx,
                #[inline(always)]
                move |y, dy| y * (dy - dot),
            );
        },
    );
    Ok(())
}

/// `y = x − max − ln Σ e^(x − max)` per row.
///
/// # Errors
/// When a length is not rows · n.
pub fn log_softmax<T: Float>(x: &[T], rows: usize, n: usize, y: &mut [T]) -> Result<()> {
    check_len("log_softmax", "x", x.len(), rows * n)?;
    check_len("log_softmax", "y", y.len(), rows * n)?;
    each_row(
        [x, x],
        n,
        y,
        #[inline(always)]
        |[x, _], y| {
            let (max, ln_sum) = max_and_ln_sum(x);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - max) - ln_sum;
            }
        },
    );
    Ok(())
}

/// `max` and `ln Σ e^(x − max)` of a row: log-sum-exp in two parts. For use inside [`isa::dispatch`].
#[inline(always)]
pub(crate) fn max_and_ln_sum<T: Float>(x: &[T]) -> (T, T) {
    let max = fold::max(x);
    let sum = fold::sum_of(
        x,
        #[inline(always)]
        |x| (x - max).exp(),
    );
    (max, sum.ln())
}

/// `dx = dy − e^y · Σ dy` per row.
///
/// # Errors
/// When a length is not rows · n.
pub fn log_softmax_backward<T: Float>(y: &[T], dy: &[T], rows: usize, n: usize, dx: &mut [T]) -> Result<()> {
    check_backward("log_softmax_backward", y, dy, dx, rows * n)?;
    each_row(
        [y, dy],
        n,
        dx,
        #[inline(always)]
        |[y, dy], dx| {
            let sum = fold::sum(dy);
            map2_loop(
                y,
                dy,
                dx,
                #[inline(always)]
                move |y, dy| dy - y.exp() * sum,
            );
        },
    );
    Ok(())
}

fn check_backward<T>(kernel: &'static str, y: &[T], dy: &[T], dx: &[T], len: usize) -> Result<()> {
    check_len(kernel, "y", y.len(), len)?;
    check_len(kernel, "dy", dy.len(), len)?;
    check_len(kernel, "dx", dx.len(), len)
}

/// Calls `f` with each row of the inputs and of `out`, vectorised and threaded.
fn each_row<T: Float>(inputs: [&[T]; 2], n: usize, out: &mut [T], f: impl Fn([&[T]; 2], &mut [T]) + Sync) {
    par::rows_mut(out, n, par::grain(n), |start, out| {
        isa::dispatch(
            #[inline(always)]
            || {
                for (row, out) in out.chunks_exact_mut(n).enumerate() {
                    let range = (start + row) * n..(start + row + 1) * n;
                    f([&inputs[0][range.clone()], &inputs[1][range]], out);
                }
            },
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::softmax as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    fn check<T: Float>(rows: usize, n: usize) {
        let (x, dy) = (values::<T>(rows * n, 1), values::<T>(rows * n, 2));
        let (mut y, mut dx) = (vec![T::ZERO; rows * n], vec![T::ZERO; rows * n]);
        let context = format!("({rows}, {n})");
        softmax(&x, rows, n, &mut y).unwrap();
        softmax_backward(&y, &dy, rows, n, &mut dx).unwrap();
        let want = slow::softmax(&wide(&x), n);
        close(&y, &want, 1e-6, &context);
        close(&dx, &slow::softmax_backward(&want, &wide(&dy), n), 1e-6, &context);
        log_softmax(&x, rows, n, &mut y).unwrap();
        log_softmax_backward(&y, &dy, rows, n, &mut dx).unwrap();
        let want: Vec<f64> = want.into_iter().map(f64::ln).collect();
        close(&y, &want, 1e-6, &context);
        close(&dx, &slow::log_softmax_backward(&want, &wide(&dy), n), 5e-6, &context);
    }

    #[test]
    fn rows_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES {
                for rows in [0, 1, 3, 17] {
                    check::<f32>(rows, n);
                    check::<f64>(rows, n);
                }
            }
            check::<f32>(5, 50_257);
        });
    }

    #[test]
    fn infinities_and_large_values_behave_as_in_torch() {
        let mut y = [0f32; 3];
        softmax(&[f32::NEG_INFINITY; 3], 1, 3, &mut y).unwrap();
        assert!(y.iter().all(|y| y.is_nan()));
        softmax(&[f32::NEG_INFINITY, 1e30, 1e30], 1, 3, &mut y).unwrap();
        assert_eq!(y, [0.0, 0.5, 0.5]);
        log_softmax(&[f32::NEG_INFINITY, 0.0, -1e30], 1, 3, &mut y).unwrap();
        assert_eq!(y, [f32::NEG_INFINITY, 0.0, -1e30]);
        softmax(&[f32::NAN, 0.0, 0.0], 1, 3, &mut y).unwrap();
        assert!(y.iter().all(|y| y.is_nan()));
        assert!(softmax(&[0f32; 4], 1, 3, &mut y).is_err());
    }
}
