//! Flat elementwise loops, vectorised and threaded.
//!
//! The loops are functions of their own, with slices and closures as arguments: only then does the compiler know that the
//! slices do not overlap and that lengths and captured scalars are constant, and vectorises them.

use crate::{isa, par};

/// `y = f(x)` for slices of equal length.
pub(crate) fn map<A: Copy + Sync, O: Send>(x: &[A], y: &mut [O], f: impl Fn(A) -> O + Sync + Copy) {
    par::flat_mut(y, |start, y| {
        let x = &x[start..start + y.len()];
        isa::dispatch(
            #[inline(always)]
            || map_loop(x, y, f),
        )
    });
}

#[inline(always)]
fn map_loop<A: Copy, O>(x: &[A], y: &mut [O], f: impl Fn(A) -> O) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

/// `y = f(y)`.
pub(crate) fn map_inplace<T: Copy + Send>(y: &mut [T], f: impl Fn(T) -> T + Sync + Copy) {
    par::flat_mut(y, |_, y| {
        isa::dispatch(
            #[inline(always)]
            || map_inplace_loop(y, f),
        )
    });
}

#[inline(always)]
fn map_inplace_loop<T: Copy>(y: &mut [T], f: impl Fn(T) -> T) {
    for y in y {
        *y = f(*y);
    }
}

/// `out = f(a, b)` for slices of equal length.
pub(crate) fn map2<A, B, O>(a: &[A], b: &[B], out: &mut [O], f: impl Fn(A, B) -> O + Sync + Copy)
where
    A: Copy + Sync,
    B: Copy + Sync,
    O: Send,
{
    par::flat_mut(out, |start, out| {
        let (a, b) = (&a[start..start + out.len()], &b[start..start + out.len()]);
        isa::dispatch(
            #[inline(always)]
            || map2_loop(a, b, out, f),
        )
    });
}

/// One chunk of [`map2`], for use inside [`isa::dispatch`].
#[inline(always)]
pub(crate) fn map2_loop<A: Copy, B: Copy, O>(a: &[A], b: &[B], out: &mut [O], f: impl Fn(A, B) -> O) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(a, b);
    }
}

/// `y = f(y, x)` for slices of equal length.
pub(crate) fn zip_inplace<T: Copy + Send + Sync>(x: &[T], y: &mut [T], f: impl Fn(T, T) -> T + Sync + Copy) {
    par::flat_mut(y, |start, y| {
        let x = &x[start..start + y.len()];
        isa::dispatch(
            #[inline(always)]
            || zip_inplace_loop(x, y, f),
        )
    });
}

/// One chunk of [`zip_inplace`], for use inside [`isa::dispatch`].
#[inline(always)]
pub(crate) fn zip_inplace_loop<A: Copy, T: Copy>(x: &[A], y: &mut [T], f: impl Fn(T, A) -> T) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(*y, x);
    }
}
