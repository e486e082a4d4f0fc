//! The products inside an attention tile, in registers: `C = A · B` or `C += A · B` where rows of B and C are contiguous and A is read
//! one value at a time, so that neither operand has to be packed. The loops skip what a causal mask hides.
//!
//! Each element of C is summed over k in order, whichever block it is in: its bits depend on the range of its own sum alone.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

use crate::{Float, isa};
use pulp::{Simd, WithSimd};

/// [`Trim::Columns`] starts at multiples of this: the lanes that the softmax processes together.
pub(super) const LANES: usize = 16;

/// What is skipped in each row of C. The bounds do not decrease from row to row.
#[derive(Clone, Copy)]
pub(super) enum Trim<'a> {
    /// Row i of C is computed from column `[i]` on, rounded down to [`LANES`]; earlier columns are not written.
    Columns(&'a [usize]),
    /// The sum of row i may start at k = `[i]`: A is 0 before.
    From(&'a [usize]),
    /// The sum of row i may end at k = `[i]`: A is 0 from there on.
    To(&'a [usize]),
}

/// One product on raw pointers: A (m, k) with any strides, B (k, n) with row stride `ldb`, C (m, n) with row stride `ldc`.
#[derive(Clone, Copy)]
pub(super) struct Product<'a, T> {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub a: *const T,
    /// Row and column stride of A.
    pub a_strides: (usize, usize),
    pub b: *const T,
    pub ldb: usize,
    pub c: *mut T,
    pub ldc: usize,
    /// Adds to C; otherwise C is overwritten, whatever it holds.
    pub add: bool,
    pub trim: Trim<'a>,
}

impl<T: Float> Product<'_, T> {
    /// Computes the product on this thread, under the chosen instruction set.
    ///
    /// # Safety
    /// All elements named by sizes and strides are readable (A, B) or writable (C), and no other thread writes them. The slice of `trim`
    /// has m values, none above n ([`Trim::Columns`]) or k.
    pub(super) unsafe fn run(self) {
        isa::dispatch_registers(Inner(self));
    }

    /// First column and range of k for rows i..i+rows.
    #[inline(always)]
    fn extent(&self, i: usize, rows: usize) -> (usize, (usize, usize)) {
        match self.trim {
            Trim::Columns(first) => (first[i] / LANES * LANES, (0, self.k)),
            Trim::From(first) => (0, (first[i], self.k)),
            Trim::To(end) => (0, (0, end[i + rows - 1])),
        }
    }
}

/// A product whose pointers were promised valid by the caller of [`Product::run`].
struct Inner<'a, T>(Product<'a, T>);

/// Runs of MB rows, largest first, so that few rows are left for the small blocks.
macro_rules! row_blocks {
    ($s:ident, $p:expr, $columns:literal, $($rows:literal),+) => {{
        let mut i = 0;
        $(
            while $p.m - i >= $rows {
                rows::<S, T, $rows, $columns>($s, $p, i);
                i += $rows;
            }
        )+
    }};
}

impl<T: Float> WithSimd for Inner<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        // SAFETY: an Inner is built by `Product::run` only, whose caller promises valid pointers; the blocks stay inside m.
        unsafe {
            // 24 sums, 4 registers of B and one of A of 32; 12, 2 and one of 16.
            if S::REGISTER_COUNT >= 32 {
                row_blocks!(s, &self.0, 4, 6, 4, 2, 1);
            } else {
                row_blocks!(s, &self.0, 2, 6, 4, 2, 1);
            }
        }
    }
}

/// MB rows of C: full blocks of CV registers, then single registers, then the rest.
#[inline(always)]
unsafe fn rows<S: Simd, T: Float, const MB: usize, const CV: usize>(s: S, p: &Product<'_, T>, i: usize) {
    let width = T::width::<S>();
    let (mut j, k) = p.extent(i, MB);
    // SAFETY: every block stays inside n.
    unsafe {
        while j + CV * width <= p.n {
            block::<S, T, MB, CV>(s, p, (i, j), k);
            j += CV * width;
        }
        while j + width <= p.n {
            block::<S, T, MB, 1>(s, p, (i, j), k);
            j += width;
        }
        if j < p.n {
            edge::<S, T, MB>(s, p, (i, j), k);
        }
    }
}

#[inline(always)]
unsafe fn block<S: Simd, T: Float, const MB: usize, const CV: usize>(
    s: S,
    p: &Product<'_, T>,
    (i, j): (usize, usize),
    (k0, k1): (usize, usize),
) {
    let width = T::width::<S>();
    let zero = T::splat(s, T::ZERO);
    let mut acc = [[zero; CV]; MB];
    // SAFETY: rows i..i+MB, columns j..j+CV·width and k0..k1 are inside the sizes.
    unsafe {
        let a = p.a.add(i * p.a_strides.0);
        for k in k0..k1 {
            let b = p.b.add(k * p.ldb + j);
            let mut bv = [zero; CV];
            for c in 0..CV {
                bv[c] = T::load(s, b.add(c * width));
            }
            for r in 0..MB {
                let av = T::splat(s, *a.add(r * p.a_strides.0 + k * p.a_strides.1));
                for c in 0..CV {
                    acc[r][c] = T::fma(s, av, bv[c], acc[r][c]);
                }
            }
        }
        let one = T::splat(s, T::ONE);
        for r in 0..MB {
            for c in 0..CV {
                let out = p.c.add((i + r) * p.ldc + j + c * width);
                let mut v = acc[r][c];
                if p.add {
                    v = T::fma(s, one, T::load(s, out), v);
                }
                T::store(s, out, v);
            }
        }
    }
}

/// The last columns, fewer than one register holds.
#[inline(always)]
unsafe fn edge<S: Simd, T: Float, const MB: usize>(
    s: S,
    p: &Product<'_, T>,
    (i, j): (usize, usize),
    (k0, k1): (usize, usize),
) {
    let columns = p.n - j;
    let mut acc = [T::splat(s, T::ZERO); MB];
    // SAFETY: rows i..i+MB, columns j..n and k0..k1 are inside the sizes.
    unsafe {
        let a = p.a.add(i * p.a_strides.0);
        for k in k0..k1 {
            let bv = T::load_part(s, p.b.add(k * p.ldb + j), columns);
            for r in 0..MB {
                let av = T::splat(s, *a.add(r * p.a_strides.0 + k * p.a_strides.1));
                acc[r] = T::fma(s, av, bv, acc[r]);
            }
        }
        let one = T::splat(s, T::ONE);
        for r in 0..MB {
            let out = p.c.add((i + r) * p.ldc + j);
            let mut v = acc[r];
            if p.add {
                v = T::fma(s, one, T::load_part(s, out, columns), v);
            }
            T::store_part(s, out, columns, v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, each_isa, values};

    /// A (m, k) stored by columns or rows, with 0 where `trim` skips, times B; C starts as ones.
    fn check<T: Float>((m, k, n): (usize, usize, usize), by_rows: bool, add: bool, trim: Trim<'_>) {
        let (mut a, b) = (values::<T>(m * k, 1), values::<T>(k * n, 2));
        let a_strides = if by_rows { (k, 1) } else { (1, m) };
        let at = |i: usize, l: usize| i * a_strides.0 + l * a_strides.1;
        for i in 0..m {
            for l in 0..k {
                let hidden = match trim {
                    Trim::Columns(_) => false,
                    Trim::From(first) => l < first[i],
                    Trim::To(end) => l >= end[i],
                };
                if hidden {
                    a[at(i, l)] = T::ZERO;
                }
            }
        }
        let mut c = vec![T::ONE; m * n];
        let product = Product {
            m,
            k,
            n,
            a: a.as_ptr(),
            a_strides,
            b: b.as_ptr(),
            ldb: n,
            c: c.as_mut_ptr(),
            ldc: n,
            add,
            trim,
        };
        // SAFETY: the vectors have the sizes above.
        unsafe { product.run() };
        for i in 0..m {
            let first = if let Trim::Columns(first) = trim {
                first[i].min(n)
            } else {
                0
            };
            let want: Vec<f64> = (first..n)
                .map(|j| {
                    let sum: f64 = (0..k).map(|l| a[at(i, l)].to_f64() * b[l * n + j].to_f64()).sum();
                    sum + f64::from(u8::from(add))
                })
                .collect();
            close(
                &c[i * n + first..(i + 1) * n],
                &want,
                2e-5,
                &format!("({m}, {k}, {n}) row {i}"),
            );
        }
    }

    #[test]
    fn products_meet_the_plain_sum_whatever_is_left_out() {
        each_isa(|_| {
            for sizes in [
                (1, 1, 1),
                (6, 3, 16),
                (7, 64, 64),
                (13, 17, 48),
                (11, 5, 67),
                (4, 0, 5),
                (0, 3, 3),
            ] {
                let (m, k, n) = sizes;
                let none = vec![0; m];
                let columns: Vec<usize> = (0..m).map(|i| (i * 5).min(n)).collect();
                let ks: Vec<usize> = (0..m).map(|i| (i * 2).min(k)).collect();
                for (by_rows, add) in [(true, false), (false, true)] {
                    for trim in [
                        Trim::Columns(&none),
                        Trim::Columns(&columns),
                        Trim::From(&ks),
                        Trim::To(&ks),
                    ] {
                        check::<f32>(sizes, by_rows, add, trim);
                        check::<f64>(sizes, by_rows, add, trim);
                    }
                }
            }
        });
    }
}
