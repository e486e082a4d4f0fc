//! One vector register of `f32` or `f64` under a pulp instruction set, so that a tile is written once for both types.

use pulp::Simd;
use std::any::TypeId;

/// What the tiles of [`super`] need from an element type. `V<S>` is one vector register of the instruction set `S`.
pub(crate) trait Lane:
    Copy + PartialEq + std::ops::Mul<Output = Self> + std::ops::Add<Output = Self> + 'static
{
    /// A full register of this type.
    type V<S: Simd>: Copy;
    /// The additive identity.
    const ZERO: Self;
    /// The multiplicative identity.
    const ONE: Self;
    /// Elements in one register.
    fn width<S: Simd>() -> usize;
    /// A register of equal elements.
    fn splat<S: Simd>(s: S, x: Self) -> Self::V<S>;
    /// The first `width` elements at `p`.
    ///
    /// # Safety
    /// `p` is readable for `width` elements.
    unsafe fn load<S: Simd>(s: S, p: *const Self) -> Self::V<S>;
    /// The first `n < width` elements at `p`, then zeros.
    ///
    /// # Safety
    /// `p` is readable for `n` elements.
    unsafe fn load_part<S: Simd>(s: S, p: *const Self, n: usize) -> Self::V<S>;
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
    /// [`Self::load`], or the `rest` elements that are left.
    ///
    /// # Safety
    /// `p` is readable for `width` elements or `rest`, whichever is less.
    #[inline(always)]
    unsafe fn load_rest<S: Simd>(s: S, p: *const Self, rest: usize) -> Self::V<S> {
        // SAFETY: the caller's promise.
        unsafe {
            if rest >= Self::width::<S>() {
                Self::load(s, p)
            } else {
                Self::load_part(s, p, rest)
            }
        }
    }
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

/// True for the plain instruction set, where a fused multiply-add would be a slow library call.
#[inline(always)]
fn is_plain<S: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<pulp::Scalar256b>()
}

macro_rules! lane {
    ($t:ty, $v:ident, $lanes:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $mul:ident, $sum:ident) => {
        impl Lane for $t {
            type V<S: Simd> = S::$v;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn width<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(s: S, x: Self) -> S::$v {
                s.$splat(x)
            }
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
                if is_plain::<S>() {
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
    reduce_sum_f32s
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
    reduce_sum_f64s
);
