//! Reductions over the middle dimension of (outer, n, inner): sums, extrema, products, variance.
//!
//! Rows are cut into chunks whose size depends on the shape alone, and partial results are combined in order, so the
//! bits do not depend on the number of threads. NaN wins in maxima and minima, as in torch.

mod arg;
mod engine;

pub use arg::{argmax, argmin};

pub use super::axis::AxisDims;

use super::fold::{fold1, sum_of};
use crate::error::{Result, check_len, fail};
use crate::float::Float;
use crate::{isa, par};
use engine::{CHUNK, Input};

/// What is computed from the `n` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceOp {
    /// Σ x; 0 without values.
    Sum,
    /// Σ x / n; NaN without values.
    Mean,
    /// The largest; an error without values.
    Max,
    /// The smallest; an error without values.
    Min,
    /// ln Σ eˣ, without overflow; −∞ without values.
    LogSumExp,
    /// Π x; 1 without values.
    Prod,
}

/// Reduces x (outer, n, inner) over n to out (outer, inner).
///
/// # Errors
/// When a length does not fit, or for the maximum or minimum of no values.
pub fn reduce<T: Float>(op: ReduceOp, dims: AxisDims, x: &[T], out: &mut [T]) -> Result<()> {
    check_len("reduce", "x", x.len(), dims.numel())?;
    check_len("reduce", "out", out.len(), dims.lines())?;
    let (n, input) = (dims.n, Input { x, dims });
    match op {
        ReduceOp::Sum => input.sum(out),
        ReduceOp::Mean => {
            input.sum(out);
            let count = T::from_usize(n);
            out.iter_mut().for_each(|out| *out /= count);
        }
        ReduceOp::Max | ReduceOp::Min if n == 0 && !out.is_empty() => {
            return fail("reduce", format!("{op:?} over a dimension of size 0"));
        }
        ReduceOp::Max => input.max(out),
        ReduceOp::Min => input.fold(
            None,
            T::INFINITY,
            out,
            #[inline(always)]
            |x, _| x,
            #[inline(always)]
            |a, b| a.min_nan(b),
        ),
        ReduceOp::Prod => input.fold(
            None,
            T::ONE,
            out,
            #[inline(always)]
            |x, _| x,
            #[inline(always)]
            |a, b| a * b,
        ),
        ReduceOp::LogSumExp => {
            let mut max = crate::alloc::filled(out.len(), T::ZERO);
            input.max(&mut max);
            // An infinite maximum would turn into ∞ − ∞.
            max.iter_mut()
                .filter(|max| max.abs() == T::INFINITY)
                .for_each(|max| *max = T::ZERO);
            input.fold(
                Some(&max),
                T::ZERO,
                out,
                #[inline(always)]
                |x, max| (x - max).exp(),
                #[inline(always)]
                |a, b| a + b,
            );
            out.iter_mut().zip(&max).for_each(|(out, &max)| *out = out.ln() + max);
        }
    }
    Ok(())
}

/// Variance over n: Σ (x − mean)² / max(0, n − correction), in two passes. `mean_out` receives the means (outer, inner).
///
/// # Errors
/// When a length does not fit.
pub fn var<T: Float>(
    dims: AxisDims,
    x: &[T],
    correction: f64,
    mean_out: Option<&mut [T]>,
    out: &mut [T],
) -> Result<()> {
    check_len("var", "out", out.len(), dims.lines())?;
    let mut own;
    let mean = match mean_out {
        Some(mean) => mean,
        None => {
            own = crate::alloc::filled(out.len(), T::ZERO);
            &mut own[..]
        }
    };
    reduce(ReduceOp::Mean, dims, x, mean)?;
    let input = Input { x, dims };
    input.fold(
        Some(mean),
        T::ZERO,
        out,
        #[inline(always)]
        |x, mean| (x - mean) * (x - mean),
        #[inline(always)]
        |a, b| a + b,
    );
    let degrees = T::from_f64((dims.n as f64 - correction).max(0.0));
    out.iter_mut().for_each(|out| *out /= degrees);
    Ok(())
}

/// Σ x², summed in f64.
pub fn sum_squares<T: Float>(x: &[T]) -> f64 {
    let partials = par::map_chunks(x.len(), CHUNK, |range| {
        let x = &x[range];
        isa::dispatch(
            #[inline(always)]
            || {
                fold1(
                    x,
                    0f64,
                    #[inline(always)]
                    |x| x.to_f64() * x.to_f64(),
                    #[inline(always)]
                    |a, b| a + b,
                )
            },
        )
    });
    partials.iter().sum()
}

/// 0 for a finite value, NaN otherwise; a sum propagates it.
#[inline(always)]
#[allow(clippy::eq_op, reason = "∞ − ∞ and NaN − NaN are NaN")]
fn zero_or_nan<T: Float>(x: T) -> T {
    x - x
}

/// True where any value is NaN or infinite.
pub fn any_nonfinite<T: Float>(x: &[T]) -> bool {
    let partials = par::map_chunks(x.len(), CHUNK, |range| {
        let x = &x[range];
        isa::dispatch(
            #[inline(always)]
            || {
                sum_of(
                    x,
                    #[inline(always)]
                    |x| zero_or_nan(x),
                )
            },
        )
    });
    partials.into_iter().any(|partial| partial.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::reduce as slow;
    use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

    const OPS: [ReduceOp; 6] = {
        use ReduceOp::*;
        [Sum, Mean, Max, Min, LogSumExp, Prod]
    };

    fn axis(outer: usize, n: usize, inner: usize) -> AxisDims {
        AxisDims { outer, n, inner }
    }

    fn check<T: Float>(dims: AxisDims) {
        let AxisDims { outer, n, inner } = dims;
        let x = values::<T>(outer * n * inner, 5);
        let mut out = vec![T::ZERO; outer * inner];
        for op in OPS {
            let context = format!("{op:?} ({outer}, {n}, {inner})");
            let result = reduce(op, dims, &x, &mut out);
            if n == 0 && !out.is_empty() && matches!(op, ReduceOp::Max | ReduceOp::Min) {
                assert!(result.is_err(), "{context}");
                continue;
            }
            result.unwrap();
            // Long sums round more; 1e-5 is what 50000 values of size 2 measured with margin.
            close(
                &out,
                &slow::reduce(op, dims, &wide(&x)),
                if n > 1000 { 2e-5 } else { 2e-6 },
                &context,
            );
        }
        for correction in [0.0, 1.0] {
            let mut mean = vec![T::ZERO; outer * inner];
            var(dims, &x, correction, Some(&mut mean), &mut out).unwrap();
            close(
                &out,
                &slow::var(dims, &wide(&x), correction),
                2e-5,
                &format!("var ({outer}, {n}, {inner})"),
            );
            close(
                &mean,
                &slow::reduce(ReduceOp::Mean, dims, &wide(&x)),
                2e-6,
                "mean of var",
            );
            let with_mean = out.clone();
            var(dims, &x, correction, None, &mut out).unwrap();
            close(&out, &wide(&with_mean), 0.0, "var without mean");
        }
        if n > 0 {
            let mut got = vec![-1; outer * inner];
            argmax(dims, &x, &mut got).unwrap();
            assert_eq!(got, slow::argmax(dims, &wide(&x)));
            argmin(dims, &x, &mut got).unwrap();
            let negative: Vec<f64> = x.iter().map(|x| -x.to_f64()).collect();
            assert_eq!(got, slow::argmax(dims, &negative));
        }
    }

    #[test]
    fn every_reduction_meets_its_twin() {
        each_isa(|_| {
            for n in SIZES {
                for (outer, inner) in [(1, 1), (3, 1), (2, 5), (1, 67), (0, 4), (4, 0)] {
                    check::<f32>(axis(outer, n, inner));
                    check::<f64>(axis(outer, n, inner));
                }
            }
            check::<f32>(axis(2, 70_001, 1));
            check::<f32>(axis(1, 1000, 129));
            check::<f64>(axis(2, 20_001, 3));
            check::<f32>(axis(2, 5, 40_001));
        });
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let x = values::<f32>(300_000, 7);
        for (outer, n, inner) in [(1, 300_000, 1), (1, 1000, 300), (300, 1000, 1)] {
            same_for_any_thread_count(|| {
                let mut out = vec![0f32; outer * inner];
                reduce(ReduceOp::Sum, axis(outer, n, inner), &x, &mut out).unwrap();
                out
            });
        }
        same_for_any_thread_count(|| vec![sum_squares(&x)]);
    }

    #[test]
    fn nan_and_infinity_behave_as_in_torch() {
        let x = [1.0, f32::NAN, 3.0];
        let mut out = [0f32];
        for op in OPS {
            reduce(op, axis(1, 3, 1), &x, &mut out).unwrap();
            assert!(out[0].is_nan(), "{op:?}");
        }
        let mut index = [0];
        argmax(axis(1, 3, 1), &x, &mut index).unwrap();
        assert_eq!(index, [1]);
        argmin(axis(1, 3, 1), &[2f32, 1.0, 1.0], &mut index).unwrap();
        assert_eq!(index, [1]);
        for (x, want) in [
            ([f32::NEG_INFINITY; 2], f32::NEG_INFINITY),
            ([f32::INFINITY, 0.0], f32::INFINITY),
        ] {
            reduce(ReduceOp::LogSumExp, axis(1, 2, 1), &x, &mut out).unwrap();
            assert_eq!(out[0], want);
        }
    }

    #[test]
    fn squares_and_finite_checks_see_every_chunk() {
        let mut x = values::<f32>(100_000, 9);
        let want: f64 = x.iter().map(|&x| x as f64 * x as f64).sum();
        assert!((sum_squares(&x) - want).abs() < 1e-9 * want);
        assert!(!any_nonfinite(&x) && !any_nonfinite::<f64>(&[]));
        x[99_999] = f32::INFINITY;
        assert!(any_nonfinite(&x));
        x[99_999] = f32::MAX;
        x[40_000] = f32::NAN;
        assert!(any_nonfinite(&x));
    }
}
