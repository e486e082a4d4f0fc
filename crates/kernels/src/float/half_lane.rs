//! One vector register of values that are stored in half precision: widened in registers, exactly.

use std::any::TypeId;
use std::mem::MaybeUninit;

use half::{bf16, f16};
use pulp::Simd;

use crate::half_bits::{bf16_to_f32, f16_to_f32};

/// The bfloat16 at `p`.
///
/// # Safety
/// `p` is readable for a register of f32.
#[inline(always)]
pub(super) unsafe fn bf16_as_f32<S: Simd>(p: *const bf16) -> S::f32s {
    // SAFETY: the caller promises the elements. S is the set that is in use, so the CPU has its instructions; both types name one register.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::*;
            use std::mem::transmute_copy;
            if is::<S, pulp::x86::V4>() {
                let bits = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast())));
                return transmute_copy(&bits);
            }
            if is::<S, pulp::x86::V3>() {
                let bits = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast())));
                return transmute_copy(&bits);
            }
        }
        one_by_one::<S::f32s, f32>(|i| bf16_to_f32(*p.add(i)))
    }
}

/// The halves at `p`.
///
/// # Safety
/// `p` is readable for a register of f32.
#[inline(always)]
pub(super) unsafe fn f16_as_f32<S: Simd>(p: *const f16) -> S::f32s {
    // SAFETY: as in `bf16_as_f32`.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::*;
            use std::mem::transmute_copy;
            if is::<S, pulp::x86::V4>() {
                return transmute_copy(&_mm512_cvtph_ps(_mm256_loadu_si256(p.cast())));
            }
            if is::<S, pulp::x86::V3>() {
                // The steps of `f16_to_f32`: F16C, which has an instruction for it, is not among the features of V3.
                let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
                let magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fff));
                let scaled = _mm256_mul_ps(
                    _mm256_castsi256_ps(_mm256_slli_epi32::<13>(magnitude)),
                    _mm256_castsi256_ps(_mm256_set1_epi32(0x7780_0000)),
                );
                let is_special = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7bff));
                let special = _mm256_and_si256(is_special, _mm256_set1_epi32(0x7f80_0000));
                let sign = _mm256_slli_epi32::<16>(_mm256_andnot_si256(_mm256_set1_epi32(0x7fff), bits));
                let value = _mm256_or_si256(_mm256_castps_si256(scaled), _mm256_or_si256(special, sign));
                return transmute_copy(&value);
            }
        }
        one_by_one::<S::f32s, f32>(|i| f16_to_f32(*p.add(i)))
    }
}

/// The bfloat16 at `p`.
///
/// # Safety
/// `p` is readable for a register of f64.
#[inline(always)]
pub(super) unsafe fn bf16_as_f64<S: Simd>(p: *const bf16) -> S::f64s {
    // SAFETY: the caller promises the elements.
    unsafe { one_by_one::<S::f64s, f64>(|i| bf16_to_f32(*p.add(i)).into()) }
}

/// The halves at `p`.
///
/// # Safety
/// `p` is readable for a register of f64.
#[inline(always)]
pub(super) unsafe fn f16_as_f64<S: Simd>(p: *const f16) -> S::f64s {
    // SAFETY: the caller promises the elements.
    unsafe { one_by_one::<S::f64s, f64>(|i| f16_to_f32(*p.add(i)).into()) }
}

/// Whether `S` is the instruction set `Other`; known at compile time.
#[inline(always)]
pub(super) fn is<S: Simd, Other: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<Other>()
}

/// A register `V` of elements `T`.
///
/// # Safety
/// `V` is plain data that consists of nothing but `T`s.
#[inline(always)]
unsafe fn one_by_one<V, T>(number: impl Fn(usize) -> T) -> V {
    let mut register = MaybeUninit::<V>::uninit();
    let to = register.as_mut_ptr().cast::<T>();
    for i in 0..size_of::<V>() / size_of::<T>() {
        // SAFETY: i is inside the register, whose alignment is at least that of its elements.
        unsafe { to.add(i).write(number(i)) }
    }
    // SAFETY: all of it was written.
    unsafe { register.assume_init() }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};
    use pulp::{Simd, WithSimd};

    use super::super::{Float, Stored};
    use crate::half_bits::{bf16_to_f32, f16_to_f32};
    use crate::isa;
    use crate::testing::each_isa;

    /// Widens `from` into `to`, register by register, the last one in part.
    struct Widen<'a, W, T> {
        from: &'a [W],
        to: &'a mut [T],
    }

    impl<T: Float, W: Stored<T>> WithSimd for Widen<'_, W, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            for i in (0..self.from.len()).step_by(T::width::<S>()) {
                let (from, rest) = (&self.from[i..], self.from.len() - i);
                // SAFETY: both slices have `rest` elements from i on.
                unsafe {
                    let v = W::load_rest(s, from.as_ptr(), rest);
                    T::store_rest(s, self.to[i..].as_mut_ptr(), rest, v);
                }
            }
        }
    }

    fn widened<T: Float, W: Stored<T>>(from: &[W]) -> Vec<T> {
        let mut to = vec![T::ZERO; from.len()];
        isa::dispatch_registers(Widen { from, to: &mut to });
        to
    }

    #[test]
    fn every_half_is_widened_exactly() {
        // 65535 elements: the last register is not full.
        let (b, h): (Vec<bf16>, Vec<f16>) = (0..u16::MAX)
            .map(|bits| (bf16::from_bits(bits), f16::from_bits(bits)))
            .unzip();
        each_isa(|isa| {
            let same = |got: f32, want: f32| got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
            let (got_b, got_h): (Vec<f32>, Vec<f32>) = (widened(&b), widened(&h));
            let (wide_b, wide_h): (Vec<f64>, Vec<f64>) = (widened(&b), widened(&h));
            for i in 0..b.len() {
                let (want_b, want_h) = (bf16_to_f32(b[i]), f16_to_f32(h[i]));
                assert!(same(got_b[i], want_b) && same(got_h[i], want_h), "{isa:?} {i:#06x}");
                assert!(
                    same(wide_b[i] as f32, want_b) && same(wide_h[i] as f32, want_h),
                    "{isa:?} {i:#06x}"
                );
            }
        });
    }
}
