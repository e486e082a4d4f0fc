//! The two compute types, f32 and f64, behind one trait, with f32 functions that vectorise.

mod half_lane;
mod lane;
mod math32;
mod math64;

pub(crate) use lane::{Lane, Stored};
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// f32 or f64.
///
/// The f32 functions are branch-free polynomials (a few ulp) that the compiler vectorises inside
/// [`crate::isa::dispatch`]; the f64 functions are as exact as the standard library and scalar.
/// They use no fused multiply-add, so a value has the same bits on every instruction set.
pub trait Float:
    Lane
    + Default
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 0.5.
    const HALF: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;
    /// A quiet NaN.
    const NAN: Self;
    /// Distance from 1 to the next value.
    const EPSILON: Self;
    /// Smallest finite value.
    const MIN: Self;
    /// Largest finite value.
    const MAX: Self;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Rounds to this type.
    fn from_f64(x: f64) -> Self;
    /// Widens, exactly.
    fn to_f64(self) -> f64;
    /// Widens, exactly.
    fn from_f32(x: f32) -> Self;
    /// Rounds to f32.
    fn to_f32(self) -> f32;
    /// Rounds to this type.
    fn from_i64(x: i64) -> Self;
    /// Rounds to this type.
    fn from_usize(x: usize) -> Self;
    /// Truncates towards zero; NaN gives 0 and values out of range the nearest integer.
    fn to_i64(self) -> i64;

    /// `self · a + b` with one rounding: one instruction where [`crate::isa::Isa::has_fma`], a slow call elsewhere.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Magnitude.
    fn abs(self) -> Self;
    /// `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// Largest integer not above.
    fn floor(self) -> Self;
    /// Smallest integer not below.
    fn ceil(self) -> Self;
    /// Nearest integer, ties to even.
    fn round_even(self) -> Self;
    /// Nearest integer towards zero.
    fn trunc(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// Sine of radians. Scalar.
    fn sin(self) -> Self;
    /// Cosine of radians. Scalar.
    fn cos(self) -> Self;
    /// Power. Scalar.
    fn powf(self, p: Self) -> Self;
    /// Integer power. Scalar.
    fn powi(self, p: i32) -> Self;

    /// True for NaN.
    #[inline(always)]
    #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
    fn is_nan(self) -> bool {
        self != self
    }

    /// True for neither NaN nor an infinity.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.abs() <= Self::MAX
    }

    /// The larger value; NaN where either is NaN, as torch.
    #[inline(always)]
    fn max_nan(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// The smaller value; NaN where either is NaN, as torch.
    #[inline(always)]
    fn min_nan(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }

    /// 1 / (1 + e⁻ˣ).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }
}

macro_rules! float {
    ($t:ident, $math:ident) => {
        impl Float for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const INFINITY: Self = $t::INFINITY;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const NAN: Self = $t::NAN;
            const EPSILON: Self = $t::EPSILON;
            const MIN: Self = $t::MIN;
            const MAX: Self = $t::MAX;
            const NAME: &'static str = stringify!($t);

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn from_i64(x: i64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn from_usize(x: usize) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                self as i64
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $t::copysign(self, sign)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                $t::ceil(self)
            }
            #[inline(always)]
            fn round_even(self) -> Self {
                $t::round_ties_even(self)
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                $t::trunc(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $math::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $math::ln(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $math::tanh(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                $math::erf(self)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                $t::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                $t::cos(self)
            }
            #[inline(always)]
            fn powf(self, p: Self) -> Self {
                $t::powf(self, p)
            }
            #[inline(always)]
            fn powi(self, p: i32) -> Self {
                $t::powi(self, p)
            }
        }
    };
}

float!(f32, math32);
float!(f64, math64);

/// sin and cos of `turns · 2π` for `turns` in [0, 1), in f32 without branches: what Box–Muller needs.
#[inline(always)]
pub(crate) fn sin_cos_turns(turns: f32) -> (f32, f32) {
    math32::sin_cos_turns(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_and_min_keep_nan_from_either_side() {
        assert!(f32::NAN.max_nan(1.0).is_nan() && 1f32.max_nan(f32::NAN).is_nan());
        assert!(f64::NAN.min_nan(1.0).is_nan() && 1f64.min_nan(f64::NAN).is_nan());
        assert_eq!((2f32.max_nan(1.0), 2f32.min_nan(1.0)), (2.0, 1.0));
    }

    #[test]
    fn finite_means_neither_nan_nor_infinity() {
        assert!(Float::is_finite(f32::MAX) && Float::is_finite(-1f64));
        assert!(!Float::is_finite(f32::NAN) && !Float::is_finite(f64::NEG_INFINITY));
    }
}
