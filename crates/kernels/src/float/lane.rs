//! One vector register of `f32` or `f64` on a pulp instruction set, so that a loop over registers is written once for both types.

use half::{bf16, f16};
use pulp::Simd;

use super::half_lane;

/// What loops over registers need from an element type. `V<S>` is one vector register of the instruction set `S`.
pub trait Lane: Copy + Stored<Self> + 'static {
    /// A full register of this type.
    type V<S: Simd>: Copy;
    /// Elements in one register.
    fn width<S: Simd>() -> usize;
    /// A register of equal elements.
    fn splat<S: Simd>(s: S, x: Self) -> Self::V<S>;
    /// The `width` bfloat16 at `p`, widened.
    ///
    /// # Safety
    /// `p` is readable for `width` elements.
    unsafe fn load_bf16<S: Simd>(s: S, p: *const bf16) -> Self::V<S>;
    /// The `width` halves at `p`, widened.
    ///
    /// # Safety
    /// `p` is readable for `width` elements.
    unsafe fn load_f16<S: Simd>(s: S, p: *const f16) -> Self::V<S>;
    /// Writes all of `v`.
    ///
    /// # Safety
    /// `p` is writable for `width` elements.
    unsafe fn store<S: Simd>(s: S, p: *mut Self, v: Self::V<S>);
    /// Writes the first `n < width` elements of `v`.
    ///
    /// # Safety
    /// `p` is writable for `n` elements.
    unsafe fn store_part<S: Simd>(s: S, p: *mut Self, n: usize, v: Self::V<S>);
    /// [`Self::store`], or the `rest` elements that are left.
    ///
    /// # Safety
    /// `p` is writable for `width` elements or `rest`, whichever is less.
    #[inline(always)]
    unsafe fn store_rest<S: Simd>(s: S, p: *mut Self, rest: usize, v: Self::V<S>) {
        // SAFETY: the caller's promise.
        unsafe {
            if rest >= Self::width::<S>() {
                Self::store(s, p, v)
            } else {
                Self::store_part(s, p, rest, v)
            }
        }
    }
    /// `a · b + c`, fused where the instruction set has it.
    fn fma<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// `a · b`.
    fn times<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// The sum of the lanes, in an order fixed by `S`.
    fn sum<S: Simd>(s: S, a: Self::V<S>) -> Self;
}

/// How the elements of an operand are stored; sums are kept in `T`.
pub trait Stored<T: Lane>: Copy {
    /// The first `width` elements at `p`.
    ///
    /// # Safety
    /// `p` is readable for `width` elements.
    unsafe fn load<S: Simd>(s: S, p: *const Self) -> T::V<S>;
    /// The first `n < width` elements at `p`, then zeros.
    ///
    /// # Safety
    /// `p` is readable for `n` elements.
    unsafe fn load_part<S: Simd>(s: S, p: *const Self, n: usize) -> T::V<S>;
    /// [`Self::load`], or the `rest` elements that are left.
    ///
    /// # Safety
    /// `p` is readable for `width` elements or `rest`, whichever is less.
    #[inline(always)]
    unsafe fn load_rest<S: Simd>(s: S, p: *const Self, rest: usize) -> T::V<S> {
        // SAFETY: the caller's promise.
        unsafe {
            if rest >= T::width::<S>() {
                Self::load(s, p)
            } else {
                Self::load_part(s, p, rest)
            }
        }
    }
}

macro_rules! stored_half {
    ($half:ident, $load:ident) => {
        impl<T: Lane> Stored<T> for $half {
            #[inline(always)]
            unsafe fn load<S: Simd>(s: S, p: *const Self) -> T::V<S> {
                // SAFETY: the caller's promise.
                unsafe { T::$load(s, p) }
            }
            #[inline(always)]
            unsafe fn load_part<S: Simd>(s: S, p: *const Self, n: usize) -> T::V<S> {
                let mut whole = [$half::ZERO; MOST_LANES];
                assert!(n <= MOST_LANES);
                // SAFETY: the caller promises n readable elements; `whole` has at least `width`.
                unsafe {
                    p.copy_to_nonoverlapping(whole.as_mut_ptr(), n);
                    T::$load(s, whole.as_ptr())
                }
            }
        }
    };
}

stored_half!(bf16, load_bf16);
stored_half!(f16, load_f16);

/// Elements in the widest register, of f32 in AVX-512.
const MOST_LANES: usize = 16;

macro_rules! lane {
    ($t:ty, $v:ident, $lanes:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $mul:ident, $sum:ident, $bf16:path, $f16:path) => {
        impl Stored<$t> for $t {
            #[inline(always)]
            unsafe fn load<S: Simd>(_: S, p: *const Self) -> S::$v {
                // SAFETY: the caller promises `width` readable elements; the register type is plain data of that size.
                unsafe { p.cast::<S::$v>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn load_part<S: Simd>(s: S, p: *const Self, n: usize) -> S::$v {
                // SAFETY: the caller promises `n` readable elements.
                s.$load(unsafe { std::slice::from_raw_parts(p, n) })
            }
        }

        impl Lane for $t {
            type V<S: Simd> = S::$v;
            #[inline(always)]
            fn width<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(s: S, x: Self) -> S::$v {
                s.$splat(x)
            }
            #[inline(always)]
            unsafe fn load_bf16<S: Simd>(_: S, p: *const bf16) -> S::$v {
                // SAFETY: the caller promises `width` readable elements.
                unsafe { $bf16(p) }
            }
            #[inline(always)]
            unsafe fn load_f16<S: Simd>(_: S, p: *const f16) -> S::$v {
                // SAFETY: the caller promises `width` readable elements.
                unsafe { $f16(p) }
            }
            #[inline(always)]
            unsafe fn store<S: Simd>(_: S, p: *mut Self, v: S::$v) {
                // SAFETY: the caller promises `width` writable elements; the register type is plain data of that size.
                unsafe { p.cast::<S::$v>().write_unaligned(v) }
            }
            #[inline(always)]
            unsafe fn store_part<S: Simd>(s: S, p: *mut Self, n: usize, v: S::$v) {
                // SAFETY: the caller promises `n` writable elements.
                s.$store(unsafe { std::slice::from_raw_parts_mut(p, n) }, v)
            }
            #[inline(always)]
            fn fma<S: Simd>(s: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                // Without FMA, `mul_add` would call a slow library function.
                if half_lane::is::<S, pulp::Scalar256b>() {
                    s.$add(s.$mul(a, b), c)
                } else {
                    s.$fma(a, b, c)
                }
            }
            #[inline(always)]
            fn times<S: Simd>(s: S, a: S::$v, b: S::$v) -> S::$v {
                s.$mul(a, b)
            }
            #[inline(always)]
            fn sum<S: Simd>(s: S, a: S::$v) -> Self {
                s.$sum(a)
            }
        }
    };
}

lane!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    partial_load_f32s,
    partial_store_f32s,
    mul_add_e_f32s,
    add_f32s,
    mul_f32s,
    reduce_sum_f32s,
    half_lane::bf16_as_f32::<S>,
    half_lane::f16_as_f32::<S>
);
lane!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    partial_load_f64s,
    partial_store_f64s,
    mul_add_e_f64s,
    add_f64s,
    mul_f64s,
    reduce_sum_f64s,
    half_lane::bf16_as_f64::<S>,
    half_lane::f16_as_f64::<S>
);
