//! Functions of one operand, each one vectorised pass, and their gradients.

use super::activation::{
    erf_grad, gelu_erf, gelu_erf_grad, gelu_tanh, gelu_tanh_grad, hardswish, hardswish_grad, relu, silu, silu_grad,
};
use super::map::{map, map_inplace, map2};
use crate::error::{Result, check_len, fail};
use crate::float::Float;

/// A function of one operand. In brackets: what its gradient reads, where it has one in [`unary_backward`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UnaryOp {
    /// −x (nothing)
    Neg,
    /// eˣ (y)
    Exp,
    /// Natural logarithm (x)
    Log,
    /// ln(1 + x), exact for small x too (x)
    Log1p,
    /// √x (y)
    Sqrt,
    /// 1/√x (y)
    Rsqrt,
    /// x² (x)
    Square,
    /// |x| (x; 0 at 0)
    Abs,
    /// −1, 0 or 1 (no gradient)
    Sign,
    /// 1/x (y)
    Recip,
    /// Sine of radians (x)
    Sin,
    /// Cosine of radians (x)
    Cos,
    /// Hyperbolic tangent (y)
    Tanh,
    /// 1 / (1 + e⁻ˣ) (y)
    Sigmoid,
    /// max(x, 0) (x or y; 0 at 0)
    Relu,
    /// x · sigmoid(x) (x)
    Silu,
    /// x · min(max(x + 3, 0), 6) / 6 (x; 0 at −3, 1 at 3)
    Hardswish,
    /// x · Φ(x), exact (x)
    GeluErf,
    /// x · Φ(x) in GPT-2's tanh form (x)
    GeluTanh,
    /// Error function (x)
    Erf,
    /// Largest integer not above (no gradient)
    Floor,
    /// Smallest integer not below (no gradient)
    Ceil,
    /// Nearest integer, ties to even (no gradient)
    Round,
    /// mul · x + add (nothing)
    Affine {
        /// Factor.
        mul: f64,
        /// Term.
        add: f64,
    },
    /// x to the power p (x)
    PowScalar(f64),
    /// x clamped to [min, max]; infinities leave a side open, NaN stays NaN (x)
    Clamp {
        /// Lower bound.
        min: f64,
        /// Upper bound; wins where the bounds cross.
        max: f64,
    },
}

/// Calls `$go` with the function as a closure, so that each gets its own vectorised loop.
macro_rules! with_unary {
    ($op:expr, $T:ident, $go:ident, $($args:expr),*) => {
        match $op {
            UnaryOp::Neg => $go($($args,)* #[inline(always)] move |x: $T| -x),
            UnaryOp::Exp => $go($($args,)* #[inline(always)] move |x: $T| x.exp()),
            UnaryOp::Log => $go($($args,)* #[inline(always)] move |x: $T| x.ln()),
            UnaryOp::Log1p => $go($($args,)* #[inline(always)] move |x: $T| log1p(x)),
            UnaryOp::Sqrt => $go($($args,)* #[inline(always)] move |x: $T| x.sqrt()),
            UnaryOp::Rsqrt => $go($($args,)* #[inline(always)] move |x: $T| $T::ONE / x.sqrt()),
            UnaryOp::Square => $go($($args,)* #[inline(always)] move |x: $T| x * x),
            UnaryOp::Abs => $go($($args,)* #[inline(always)] move |x: $T| x.abs()),
            UnaryOp::Sign => $go($($args,)* #[inline(always)] move |x: $T| sign(x)),
            UnaryOp::Recip => $go($($args,)* #[inline(always)] move |x: $T| $T::ONE / x),
            UnaryOp::Sin => $go($($args,)* #[inline(always)] move |x: $T| x.sin()),
            UnaryOp::Cos => $go($($args,)* #[inline(always)] move |x: $T| x.cos()),
            UnaryOp::Tanh => $go($($args,)* #[inline(always)] move |x: $T| x.tanh()),
            UnaryOp::Sigmoid => $go($($args,)* #[inline(always)] move |x: $T| x.sigmoid()),
            UnaryOp::Relu => $go($($args,)* #[inline(always)] move |x: $T| relu(x)),
            UnaryOp::Silu => $go($($args,)* #[inline(always)] move |x: $T| silu(x)),
            UnaryOp::Hardswish => $go($($args,)* #[inline(always)] move |x: $T| hardswish(x)),
            UnaryOp::GeluErf => $go($($args,)* #[inline(always)] move |x: $T| gelu_erf(x)),
            UnaryOp::GeluTanh => $go($($args,)* #[inline(always)] move |x: $T| gelu_tanh(x)),
            UnaryOp::Erf => $go($($args,)* #[inline(always)] move |x: $T| x.erf()),
            UnaryOp::Floor => $go($($args,)* #[inline(always)] move |x: $T| x.floor()),
            UnaryOp::Ceil => $go($($args,)* #[inline(always)] move |x: $T| x.ceil()),
            UnaryOp::Round => $go($($args,)* #[inline(always)] move |x: $T| x.round_even()),
            UnaryOp::Affine { mul, add } => {
                let (mul, add) = ($T::from_f64(mul), $T::from_f64(add));
                $go($($args,)* #[inline(always)] move |x: $T| x * mul + add)
            }
            UnaryOp::Clamp { min, max } => {
                let (min, max) = ($T::from_f64(min), $T::from_f64(max));
                $go($($args,)* #[inline(always)] move |x: $T| clamp(x, min, max))
            }
            // The common powers are products and roots, which vectorise.
            UnaryOp::PowScalar(2.0) => $go($($args,)* #[inline(always)] move |x: $T| x * x),
            UnaryOp::PowScalar(3.0) => $go($($args,)* #[inline(always)] move |x: $T| x * x * x),
            UnaryOp::PowScalar(-1.0) => $go($($args,)* #[inline(always)] move |x: $T| $T::ONE / x),
            UnaryOp::PowScalar(-2.0) => $go($($args,)* #[inline(always)] move |x: $T| $T::ONE / (x * x)),
            UnaryOp::PowScalar(0.5) => $go($($args,)* #[inline(always)] move |x: $T| x.sqrt()),
            UnaryOp::PowScalar(-0.5) => $go($($args,)* #[inline(always)] move |x: $T| $T::ONE / x.sqrt()),
            UnaryOp::PowScalar(p) => {
                let p = $T::from_f64(p);
                $go($($args,)* #[inline(always)] move |x: $T| x.powf(p))
            }
        }
    };
}

/// `y = op(x)`.
///
/// # Errors
/// When the lengths differ.
pub fn unary<T: Float>(op: UnaryOp, x: &[T], y: &mut [T]) -> Result<()> {
    check_len("unary", "y", y.len(), x.len())?;
    with_unary!(op, T, map, x, y);
    Ok(())
}

/// `y = op(y)`.
pub fn unary_inplace<T: Float>(op: UnaryOp, y: &mut [T]) {
    with_unary!(op, T, map_inplace, y);
}

/// `dx = dy · op'`, read from `saved`: the forward's x or y as [`UnaryOp`] says.
///
/// # Errors
/// When the lengths differ, or the function has no gradient but 0 (`Sign`, `Floor`, `Ceil`, `Round`).
pub fn unary_backward<T: Float>(op: UnaryOp, saved: &[T], dy: &[T], dx: &mut [T]) -> Result<()> {
    const NAME: &str = "unary_backward";
    check_len(NAME, "dy", dy.len(), saved.len())?;
    check_len(NAME, "dx", dx.len(), saved.len())?;
    /// One loop of `dx = f(saved, dy)`.
    macro_rules! grad {
        (|$s:ident, $d:ident| $body:expr) => {
            map2(
                saved,
                dy,
                dx,
                #[inline(always)]
                move |$s: T, $d: T| $body,
            )
        };
    }
    let two = T::ONE + T::ONE;
    match op {
        UnaryOp::Neg => grad!(|_x, dy| -dy),
        UnaryOp::Exp => grad!(|y, dy| dy * y),
        UnaryOp::Log => grad!(|x, dy| dy / x),
        UnaryOp::Log1p => grad!(|x, dy| dy / (T::ONE + x)),
        UnaryOp::Sqrt => grad!(|y, dy| dy / (two * y)),
        UnaryOp::Rsqrt => grad!(|y, dy| dy * -T::HALF * y * y * y),
        UnaryOp::Square => grad!(|x, dy| dy * two * x),
        UnaryOp::Abs => grad!(|x, dy| dy * sign(x)),
        UnaryOp::Recip => grad!(|y, dy| -dy * y * y),
        UnaryOp::Sin => grad!(|x, dy| dy * x.cos()),
        UnaryOp::Cos => grad!(|x, dy| -dy * x.sin()),
        UnaryOp::Tanh => grad!(|y, dy| dy * (T::ONE - y * y)),
        UnaryOp::Sigmoid => grad!(|y, dy| dy * (T::ONE - y) * y),
        UnaryOp::Relu => grad!(|x, dy| if x <= T::ZERO { T::ZERO } else { dy }),
        UnaryOp::Silu => grad!(|x, dy| dy * silu_grad(x)),
        UnaryOp::Hardswish => grad!(|x, dy| dy * hardswish_grad(x)),
        UnaryOp::GeluErf => grad!(|x, dy| dy * gelu_erf_grad(x)),
        UnaryOp::GeluTanh => grad!(|x, dy| dy * gelu_tanh_grad(x)),
        UnaryOp::Erf => grad!(|x, dy| dy * erf_grad(x)),
        UnaryOp::Affine { mul, .. } => {
            let mul = T::from_f64(mul);
            grad!(|_x, dy| dy * mul)
        }
        UnaryOp::Clamp { min, max } => {
            let (min, max) = (T::from_f64(min), T::from_f64(max));
            grad!(|x, dy| if x >= min && x <= max { dy } else { T::ZERO })
        }
        // p · x^(p−1) would be 0 · ∞ at 0.
        UnaryOp::PowScalar(0.0) => grad!(|_x, dy| dy * T::ZERO),
        UnaryOp::PowScalar(1.0) => grad!(|_x, dy| dy),
        UnaryOp::PowScalar(2.0) => grad!(|x, dy| dy * two * x),
        UnaryOp::PowScalar(p) => {
            let (p, less) = (T::from_f64(p), T::from_f64(p - 1.0));
            grad!(|x, dy| dy * (p * x.powf(less)))
        }
        UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Round => {
            return fail(NAME, format!("{op:?} has no gradient"));
        }
    }
    Ok(())
}

/// −1, 0 or 1; NaN stays NaN.
#[inline(always)]
fn sign<T: Float>(x: T) -> T {
    let positive = if x > T::ZERO { T::ONE } else { x };
    if x < T::ZERO { -T::ONE } else { positive }
}

/// ln(1 + x): the quotient compensates for the rounding of 1 + x (Higham 2002, section 1.14.1).
#[inline(always)]
fn log1p<T: Float>(x: T) -> T {
    let sum = T::ONE + x;
    let lost = sum == T::ONE || sum == T::INFINITY;
    let factor = x / if lost { T::ONE } else { sum - T::ONE };
    if lost { x } else { sum.ln() * factor }
}

/// NaN passes both comparisons and stays.
#[inline(always)]
fn clamp<T: Float>(x: T, min: T, max: T) -> T {
    let x = if x < min { min } else { x };
    if x > max { max } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::unary as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    const OPS: [UnaryOp; 35] = {
        use UnaryOp::*;
        let open = f64::INFINITY;
        [
            Neg,
            Exp,
            Log,
            Log1p,
            Sqrt,
            Rsqrt,
            Square,
            Abs,
            Sign,
            Recip,
            Sin,
            Cos,
            Tanh,
            Sigmoid,
            Relu,
            Silu,
            Hardswish,
            GeluErf,
            GeluTanh,
            Erf,
            Floor,
            Ceil,
            Round,
            Affine { mul: -1.5, add: 0.25 },
            PowScalar(2.0),
            PowScalar(3.0),
            PowScalar(-1.0),
            PowScalar(-2.0),
            PowScalar(0.5),
            PowScalar(-0.5),
            PowScalar(1.7),
            PowScalar(0.0),
            PowScalar(1.0),
            Clamp { min: -0.5, max: 0.75 },
            Clamp { min: -open, max: 1.0 },
        ]
    };

    fn check<T: Float>(op: UnaryOp, n: usize) {
        let x: Vec<T> = match op {
            // Where the function is defined on one side only, and not so steep that rounding of x shows.
            UnaryOp::Log | UnaryOp::Log1p | UnaryOp::Sqrt | UnaryOp::Rsqrt | UnaryOp::Recip | UnaryOp::PowScalar(_) => {
                values::<T>(n, 1).into_iter().map(|x| x.abs() + T::HALF).collect()
            }
            _ => values(n, 1),
        };
        let (wide_x, context) = (wide(&x), format!("{op:?} n {n}"));
        let mut y = vec![T::ZERO; n];
        unary(op, &x, &mut y).unwrap();
        close(&y, &slow::unary(op, &wide_x), 1e-6, &context);
        let mut inplace = x.clone();
        unary_inplace(op, &mut inplace);
        assert!(inplace == y, "{context} in place");
        let dy = values::<T>(n, 2);
        let mut dx = vec![T::ZERO; n];
        let reads_y = matches!(
            op,
            UnaryOp::Exp | UnaryOp::Sqrt | UnaryOp::Rsqrt | UnaryOp::Recip | UnaryOp::Tanh | UnaryOp::Sigmoid
        );
        let result = unary_backward(op, if reads_y { &y } else { &x }, &dy, &mut dx);
        match slow::derivative(op, &wide_x) {
            Some(slope) => {
                result.unwrap();
                let want: Vec<f64> = slope.iter().zip(wide(&dy)).map(|(slope, dy)| slope * dy).collect();
                close(&dx, &want, 4e-6, &format!("{context} backward"));
            }
            None => assert!(result.is_err()),
        }
    }

    #[test]
    fn every_function_and_gradient_meets_its_twin() {
        each_isa(|_| {
            for n in SIZES {
                for op in OPS {
                    check::<f32>(op, n);
                    check::<f64>(op, n);
                }
            }
            check::<f32>(UnaryOp::GeluTanh, 100_001);
        });
    }

    #[test]
    fn corners_are_as_in_torch() {
        let apply = |op, x: f32| {
            let mut y = [0.0];
            unary(op, &[x], &mut y).unwrap();
            y[0]
        };
        assert_eq!((apply(UnaryOp::Round, 2.5), apply(UnaryOp::Round, -0.5)), (2.0, -0.0));
        assert_eq!(apply(UnaryOp::Clamp { min: 2.0, max: 1.0 }, 5.0), 1.0);
        assert!(apply(UnaryOp::Clamp { min: 0.0, max: 1.0 }, f32::NAN).is_nan());
        assert!(apply(UnaryOp::Relu, f32::NAN).is_nan() && apply(UnaryOp::Sign, f32::NAN).is_nan());
        assert_eq!(
            (apply(UnaryOp::Log, 0.0), apply(UnaryOp::Exp, f32::INFINITY)),
            (f32::NEG_INFINITY, f32::INFINITY)
        );
        assert_eq!(
            (apply(UnaryOp::Sigmoid, -200.0), apply(UnaryOp::Sigmoid, 200.0)),
            (0.0, 1.0)
        );
        assert_eq!(
            (apply(UnaryOp::Log1p, -1.0), apply(UnaryOp::Log1p, f32::INFINITY)),
            (f32::NEG_INFINITY, f32::INFINITY)
        );
        for x in [1e-30f32, 3e-8, -3e-8, 1e-4, -1e-4] {
            assert!((apply(UnaryOp::Log1p, x) / x.ln_1p() - 1.0).abs() < 1e-6, "log1p({x})");
        }
        let mut dx = [9f32; 3];
        unary_backward(UnaryOp::Relu, &[-1.0, 0.0, 1.0], &[1.0; 3], &mut dx).unwrap();
        assert_eq!(dx, [0.0, 0.0, 1.0]);
        unary_backward(UnaryOp::Abs, &[-1.0, 0.0, 1.0], &[1.0; 3], &mut dx).unwrap();
        assert_eq!(dx, [-1.0, 0.0, 1.0]);
        unary_backward(UnaryOp::Hardswish, &[-3.0, 0.0, 3.0], &[1.0; 3], &mut dx).unwrap();
        assert_eq!(dx, [0.0, 0.5, 1.0]);
        assert!(apply(UnaryOp::Hardswish, f32::NAN).is_nan());
        assert_eq!(
            (apply(UnaryOp::Hardswish, -7.0), apply(UnaryOp::Hardswish, 7.0)),
            (-0.0, 7.0)
        );
    }
}
