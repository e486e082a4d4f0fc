//! Conversion between element types, after torch: float to integer truncates, to a half type rounds to nearest even,
//! to bool is `≠ 0` (NaN included).

use half::{bf16, f16};

use super::map::map;
use crate::error::{Result, check_len};
use crate::half_bits::{bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16};

/// An element type of a tensor. Bools are u8 holding 0 or 1: read them as u8, write them with [`to_bool`].
pub trait Element: Copy + Send + Sync + PartialEq + Default + 'static {
    /// To f64: exact but for large integers.
    fn to_f64(self) -> f64;
    /// To f32, rounded.
    fn to_f32(self) -> f32;
    /// To an integer: truncated; NaN gives 0, values out of range the nearest integer.
    fn to_i64(self) -> i64;
}

/// An element type that can be made from `S`.
pub trait CastFrom<S>: Element {
    /// One converted value.
    fn cast_from(x: S) -> Self;
}

macro_rules! element {
    ($t:ty, $x:ident, $f64:expr, $f32:expr, $i64:expr) => {
        impl Element for $t {
            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $x = self;
                $f64
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                let $x = self;
                $f32
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                let $x = self;
                $i64
            }
        }
    };
}

element!(f32, x, x as f64, x, x as i64);
element!(f64, x, x, x as f32, x as i64);
element!(bf16, x, bf16_to_f32(x) as f64, bf16_to_f32(x), bf16_to_f32(x) as i64);
element!(f16, x, f16_to_f32(x) as f64, f16_to_f32(x), f16_to_f32(x) as i64);
element!(i64, x, x as f64, x as f32, x);
element!(u8, x, x as f64, x as f32, x as i64);

macro_rules! cast_from {
    ($t:ty, $x:ident, $value:expr) => {
        impl<S: Element> CastFrom<S> for $t {
            #[inline(always)]
            fn cast_from($x: S) -> Self {
                $value
            }
        }
    };
}

cast_from!(f32, x, x.to_f32());
cast_from!(f64, x, x.to_f64());
// Through f32, as in torch: an f64 may be rounded twice.
cast_from!(bf16, x, f32_to_bf16(x.to_f32()));
cast_from!(f16, x, f32_to_f16(x.to_f32()));
cast_from!(i64, x, x.to_i64());
// Through i64, as in torch: negative and large values wrap around.
cast_from!(u8, x, x.to_i64() as u8);

/// `dst = src` in another element type (or the same).
///
/// # Errors
/// When the lengths differ.
pub fn cast<S: Element, D: CastFrom<S>>(src: &[S], dst: &mut [D]) -> Result<()> {
    check_len("cast", "dst", dst.len(), src.len())?;
    map(
        src,
        dst,
        #[inline(always)]
        |x| D::cast_from(x),
    );
    Ok(())
}

/// `dst = src ≠ 0` as 0 or 1; NaN counts as true.
///
/// # Errors
/// When the lengths differ.
pub fn to_bool<S: Element>(src: &[S], dst: &mut [u8]) -> Result<()> {
    check_len("to_bool", "dst", dst.len(), src.len())?;
    map(
        src,
        dst,
        #[inline(always)]
        |x| (x != S::default()) as u8,
    );
    Ok(())
}

/// bf16 to f32, exact.
///
/// # Errors
/// When the lengths differ.
pub fn widen_bf16(src: &[bf16], dst: &mut [f32]) -> Result<()> {
    cast(src, dst)
}

/// f16 to f32, exact.
///
/// # Errors
/// When the lengths differ.
pub fn widen_f16(src: &[f16], dst: &mut [f32]) -> Result<()> {
    cast(src, dst)
}

/// f32 to bf16, to nearest even.
///
/// # Errors
/// When the lengths differ.
pub fn narrow_bf16(src: &[f32], dst: &mut [bf16]) -> Result<()> {
    cast(src, dst)
}

/// f32 to f16, to nearest even.
///
/// # Errors
/// When the lengths differ.
pub fn narrow_f16(src: &[f32], dst: &mut [f16]) -> Result<()> {
    cast(src, dst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SIZES, each_isa, values};

    #[test]
    fn halves_meet_the_half_crate() {
        each_isa(|_| {
            for n in SIZES.into_iter().chain([70_001]) {
                let x = values::<f32>(n, 1);
                let (mut b, mut h) = (vec![bf16::ZERO; n], vec![f16::ZERO; n]);
                narrow_bf16(&x, &mut b).unwrap();
                narrow_f16(&x, &mut h).unwrap();
                assert!((0..n).all(|i| b[i] == bf16::from_f32(x[i]) && h[i] == f16::from_f32(x[i])));
                let (mut back_b, mut back_h) = (vec![0f32; n], vec![0f32; n]);
                widen_bf16(&b, &mut back_b).unwrap();
                widen_f16(&h, &mut back_h).unwrap();
                assert!((0..n).all(|i| back_b[i] == b[i].to_f32() && back_h[i] == h[i].to_f32()));
            }
        });
    }

    #[test]
    fn floats_truncate_saturate_and_wrap_as_in_torch() {
        let x = [2.9f32, -2.9, f32::NAN, 1e30, -1e30, 300.0];
        let mut i = [0i64; 6];
        cast(&x, &mut i).unwrap();
        assert_eq!(i, [2, -2, 0, i64::MAX, i64::MIN, 300]);
        let mut u = [0u8; 6];
        cast(&x, &mut u).unwrap();
        assert_eq!((u[0], u[1], u[5]), (2, 254, 44));
        let mut d = [0f64; 2];
        cast(&[i64::MAX, -3], &mut d).unwrap();
        assert_eq!(d, [i64::MAX as f64, -3.0]);
    }

    #[test]
    fn bool_is_not_zero() {
        let mut out = [9u8; 5];
        to_bool(&[0.0, -0.0, 1e-300, f64::NAN, 2.0], &mut out).unwrap();
        assert_eq!(out, [0, 0, 1, 1, 1]);
        to_bool(&[0i64, 256, -1, 0, 1], &mut out).unwrap();
        assert_eq!(out, [0, 1, 1, 0, 1]);
        assert!(to_bool(&[0i64; 4], &mut out).is_err());
    }
}
