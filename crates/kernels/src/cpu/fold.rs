//! Sums and maxima over one contiguous slice, in a fixed number of lanes and a fixed tree: the same bits on every
//! instruction set. For use inside [`crate::isa::dispatch`].

use crate::float::Float;

/// Independent accumulators: two AVX-512 registers of f32, so that additions to one do not wait for the other.
pub(crate) const LANES: usize = 32;

/// Folds `map` of each group of values with `join`: [`LANES`] accumulators, then pairwise.
///
/// `map` and `join` are separate so that a costly `map` (an exponential) still becomes a vector loop of its own.
macro_rules! fold {
    ($name:ident, $($x:ident),+) => {
        #[inline(always)]
        pub(crate) fn $name<T: Float, A: Float>(
            $($x: &[T],)+
            init: A,
            map: impl Fn($(fold!(@type $x T)),+) -> A,
            join: impl Fn(A, A) -> A,
        ) -> A {
            let n = usize::MAX$(.min($x.len()))+;
            $(let ($x, _) = $x.split_at(n);)+
            $(let $x = $x.as_chunks::<LANES>();)+
            let mut acc = [init; LANES];
            let mut mapped = [init; LANES];
            let chunks = n / LANES;
            for chunk in 0..chunks {
                $(let $x = &$x.0[chunk];)+
                for lane in 0..LANES {
                    mapped[lane] = map($($x[lane]),+);
                }
                for lane in 0..LANES {
                    acc[lane] = join(acc[lane], mapped[lane]);
                }
            }
            for lane in 0..n % LANES {
                acc[lane] = join(acc[lane], map($($x.1[lane]),+));
            }
            join_lanes(acc, join)
        }
    };
    (@type $x:ident $T:ident) => { $T };
}

fold!(fold1, x);
fold!(fold2, x, y);
fold!(fold3, x, y, z);

/// The fixed tree over the lanes: halves onto each other, 16, 8, 4, 2, 1.
#[inline(always)]
fn join_lanes<A: Float>(mut acc: [A; LANES], join: impl Fn(A, A) -> A) -> A {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            acc[lane] = join(acc[lane], acc[lane + width]);
        }
        width /= 2;
    }
    acc[0]
}

#[inline(always)]
fn plus<A: Float>(a: A, b: A) -> A {
    a + b
}

/// `Σ x`.
#[inline(always)]
pub(crate) fn sum<T: Float>(x: &[T]) -> T {
    sum_of(
        x,
        #[inline(always)]
        |x| x,
    )
}

/// `Σ f(x)`.
#[inline(always)]
pub(crate) fn sum_of<T: Float>(x: &[T], f: impl Fn(T) -> T) -> T {
    fold1(
        x,
        T::ZERO,
        f,
        #[inline(always)]
        |a, b| plus(a, b),
    )
}

/// `Σ f(x, y)` over slices of equal length.
#[inline(always)]
pub(crate) fn sum_of2<T: Float>(x: &[T], y: &[T], f: impl Fn(T, T) -> T) -> T {
    fold2(
        x,
        y,
        T::ZERO,
        f,
        #[inline(always)]
        |a, b| plus(a, b),
    )
}

/// `Σ f(x, y, z)` over slices of equal length.
#[inline(always)]
pub(crate) fn sum_of3<T: Float>(x: &[T], y: &[T], z: &[T], f: impl Fn(T, T, T) -> T) -> T {
    fold3(
        x,
        y,
        z,
        T::ZERO,
        f,
        #[inline(always)]
        |a, b| plus(a, b),
    )
}

/// The largest value, −∞ without values. NaN is ignored: the callers' next step reads every value and propagates it.
#[inline(always)]
pub(crate) fn max<T: Float>(x: &[T]) -> T {
    fold1(
        x,
        T::NEG_INFINITY,
        #[inline(always)]
        |x| x,
        #[inline(always)]
        |a, b| if b > a { b } else { a },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::dispatch;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    fn check<T: Float>() {
        for n in SIZES {
            let (x, y) = (values::<T>(n, 1), values::<T>(n, 2));
            let (wx, wy) = (wide(&x), wide(&y));
            let got = dispatch(
                #[inline(always)]
                || {
                    [
                        sum_of(
                            &x,
                            #[inline(always)]
                            |x| x,
                        ),
                        sum_of2(
                            &x,
                            &y,
                            #[inline(always)]
                            |x, y| x * y,
                        ),
                        max(&x),
                    ]
                },
            );
            let want = [
                wx.iter().sum(),
                wx.iter().zip(&wy).map(|(x, y)| x * y).sum(),
                wx.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ];
            close(&got, &want, 1e-5, &format!("n {n}"));
        }
    }

    #[test]
    fn sums_and_maxima_meet_plain_loops() {
        each_isa(|_| {
            check::<f32>();
            check::<f64>();
        });
    }

    #[test]
    fn every_set_gives_the_same_bits() {
        let x = values::<f32>(1001, 3);
        let mut seen = Vec::new();
        each_isa(|_| {
            seen.push(
                dispatch(
                    #[inline(always)]
                    || {
                        sum_of(
                            &x,
                            #[inline(always)]
                            |x| x.exp(),
                        )
                    },
                )
                .to_bits(),
            )
        });
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
