//! The inner loops of [`super`], on raw pointers: two layouts of `y = beta · y + alpha · x · W`.
//!
//! The bits of an element depend on its row of x, its column of W and the instruction set only, never on the tile that
//! contains it: in the dot layout each register lane sums its own k, in the axpy layout each element sums k in order,
//! in blocks of [`K_BLOCK`]. This makes a row alone equal to the same row in a batch.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

use crate::float::{Float, Stored};
use crate::isa;
use pulp::{Simd, WithSimd};

/// Length of one chain of additions in the axpy layout; the chains are then added in order.
pub(crate) const K_BLOCK: usize = 128;

/// Rows of W up to this length are read one after the other by a single row of x: of several at once the CPU would not prefetch far enough.
const SHORT_ROW: usize = 1024;

/// Registers of columns of W that all rows use before the next ones.
const STRIP: usize = 8;

/// The order of the dimensions of W.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// W is (N, K): an element of y is the dot product of two contiguous rows.
    Dot,
    /// W is (K, N): a row of y is a sum of rows of W.
    Axpy,
}

/// One product on raw pointers: x (m, k), W by `kind` with row stride `ldw`, y (m, n) with row stride `ldy`.
#[derive(Clone, Copy)]
pub(crate) struct Tile<T, W = T> {
    pub kind: Kind,
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub x: *const T,
    /// Row and column stride of x; the column stride must be 1 in the dot layout.
    pub x_strides: (usize, usize),
    /// Widened as it is read, where it is stored in half precision.
    pub w: *const W,
    pub ldw: usize,
    pub y: *mut T,
    pub ldy: usize,
    pub alpha: T,
    /// 0 means that y is not read.
    pub beta: T,
}

impl<T: Float, W: Stored<T>> Tile<T, W> {
    /// Computes the product on this thread, under the chosen instruction set.
    ///
    /// # Safety
    /// All elements named by the sizes and strides are readable (x, W) or writable (y), and no other thread writes them.
    pub(crate) unsafe fn run(self) {
        isa::dispatch_registers(Inner(self));
    }
}

impl<T: Copy> Tile<T> {
    /// The same product with the W at `w`.
    pub(crate) fn with_weight<W>(self, w: *const W) -> Tile<T, W> {
        let Tile {
            kind,
            m,
            k,
            n,
            x,
            x_strides,
            w: _,
            ldw,
            y,
            ldy,
            alpha,
            beta,
        } = self;
        Tile {
            kind,
            m,
            k,
            n,
            x,
            x_strides,
            w,
            ldw,
            y,
            ldy,
            alpha,
            beta,
        }
    }
}

/// A tile whose pointers were promised valid by the caller of [`Tile::run`].
struct Inner<T, W>(Tile<T, W>);

impl<T: Float, W: Stored<T>> WithSimd for Inner<T, W> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        // SAFETY: an Inner is built by `Tile::run` only, whose caller promises valid pointers.
        unsafe {
            match self.0.kind {
                Kind::Dot => dot(s, &self.0),
                Kind::Axpy => axpy(s, &self.0),
            }
        }
    }
}

/// Splits `count` into runs of the const sizes given, largest first, and calls the body with the start of each run.
macro_rules! in_runs {
    ($count:expr, $start:expr, |$at:ident, $size:ident| $body:expr, $($fixed:literal),+) => {{
        let mut $at = $start;
        $(
            while $count - $at >= $fixed {
                const $size: usize = $fixed;
                $body;
                $at += $fixed;
            }
        )+
    }};
}

#[inline(always)]
unsafe fn dot<S: Simd, T: Float, W: Stored<T>>(s: S, p: &Tile<T, W>) {
    // SAFETY: the blocks stay inside m and n; the caller promises the pointers.
    unsafe {
        if p.m == 1 && p.k <= SHORT_ROW && p.ldw == p.k {
            in_runs!(p.n, 0, |j, NB| dot_block::<S, T, W, 1, NB>(s, p, 0, j), 1);
        } else if p.m == 1 {
            in_runs!(p.n, 0, |j, NB| dot_block::<S, T, W, 1, NB>(s, p, 0, j), 8, 1);
        } else if S::REGISTER_COUNT >= 32 {
            in_runs!(
                p.n,
                0,
                |j, NB| in_runs!(p.m, 0, |i, MB| dot_block::<S, T, W, MB, NB>(s, p, i, j), 4, 1),
                4,
                1
            );
        } else {
            in_runs!(
                p.n,
                0,
                |j, NB| in_runs!(p.m, 0, |i, MB| dot_block::<S, T, W, MB, NB>(s, p, i, j), 2, 1),
                4,
                1
            );
        }
    }
}

/// Rows i.. of x against rows j.. of W; 13 to 25 registers live.
#[inline(always)]
unsafe fn dot_block<S: Simd, T: Float, W: Stored<T>, const MB: usize, const NB: usize>(
    s: S,
    p: &Tile<T, W>,
    i: usize,
    j: usize,
) {
    let width = T::width::<S>();
    let zero = T::splat(s, T::ZERO);
    let mut acc = [[zero; NB]; MB];
    // The next rows of W, because of several at once the CPU does not prefetch far enough: the blocks of x prefetch them in turns, so that
    // memory is never idle.
    let turns = p.m / MB;
    let prefetches: [bool; NB] = std::array::from_fn(|b| MB > 1 && b % turns == i / MB);
    // SAFETY: i + MB <= m, j + NB <= n and k0 + width <= k, inside what the caller promises.
    unsafe {
        let (x, w) = (p.x.add(i * p.x_strides.0), p.w.add(j * p.ldw));
        let mut k0 = 0;
        while k0 + width <= p.k {
            let mut wv = [zero; NB];
            for b in 0..NB {
                wv[b] = W::load(s, w.add(b * p.ldw + k0));
                if prefetches[b] {
                    prefetch(w.wrapping_add((NB + b) * p.ldw + k0));
                }
            }
            for a in 0..MB {
                let xv = T::load(s, x.add(a * p.x_strides.0 + k0));
                for b in 0..NB {
                    acc[a][b] = T::fma(s, xv, wv[b], acc[a][b]);
                }
            }
            k0 += width;
        }
        let rest = p.k - k0;
        if rest > 0 {
            let mut wv = [zero; NB];
            for b in 0..NB {
                wv[b] = W::load_part(s, w.add(b * p.ldw + k0), rest);
            }
            for a in 0..MB {
                let xv = T::load_part(s, x.add(a * p.x_strides.0 + k0), rest);
                for b in 0..NB {
                    acc[a][b] = T::fma(s, xv, wv[b], acc[a][b]);
                }
            }
        }
        for a in 0..MB {
            for b in 0..NB {
                let y = p.y.add((i + a) * p.ldy + j + b);
                let v = p.alpha * T::sum(s, acc[a][b]);
                *y = if p.beta == T::ZERO { v } else { p.beta * *y + v };
            }
        }
    }
}

#[inline(always)]
unsafe fn axpy<S: Simd, T: Float, W: Stored<T>>(s: S, p: &Tile<T, W>) {
    let width = T::width::<S>();
    let mut k0 = 0;
    // At least one iteration, so that k = 0 still scales y.
    loop {
        let k1 = p.k.min(k0 + K_BLOCK);
        let p = &Tile {
            beta: if k0 == 0 { p.beta } else { T::ONE },
            ..*p
        };
        // Strips keep their block of W in the first-level cache while all rows pass over it.
        let strip = STRIP * width;
        let mut j0 = 0;
        while j0 < p.n {
            let j1 = p.n.min(j0 + strip);
            // SAFETY: the strip and the rows are inside the sizes; the caller promises the pointers.
            unsafe {
                if S::REGISTER_COUNT >= 32 {
                    in_runs!(
                        p.m,
                        0,
                        |i, MB| axpy_rows::<S, T, W, MB, { tile_columns(MB, 32) }>(s, p, i, (j0, j1), (k0, k1)),
                        8,
                        4,
                        2,
                        1
                    );
                } else {
                    in_runs!(
                        p.m,
                        0,
                        |i, MB| axpy_rows::<S, T, W, MB, { tile_columns(MB, 16) }>(s, p, i, (j0, j1), (k0, k1)),
                        4,
                        2,
                        1
                    );
                }
            }
            j0 = j1;
        }
        k0 = k1;
        if k0 >= p.k {
            break;
        }
    }
}

/// Registers of W per row group such that the sums fill the register file except for W and x.
const fn tile_columns(rows: usize, registers: usize) -> usize {
    let wide = registers / 2 / rows;
    if wide > 8 { 8 } else { wide }
}

/// MB rows of y over one strip: full tiles of CV registers, then single registers, then the rest.
#[inline(always)]
unsafe fn axpy_rows<S: Simd, T: Float, W: Stored<T>, const MB: usize, const CV: usize>(
    s: S,
    p: &Tile<T, W>,
    i: usize,
    (j0, j1): (usize, usize),
    k: (usize, usize),
) {
    let width = T::width::<S>();
    let mut j = j0;
    // SAFETY: every block stays inside the strip.
    unsafe {
        while j + CV * width <= j1 {
            axpy_block::<S, T, W, MB, CV>(s, p, i, j, k);
            j += CV * width;
        }
        while j + width <= j1 {
            axpy_block::<S, T, W, MB, 1>(s, p, i, j, k);
            j += width;
        }
        if j < j1 {
            axpy_edge::<S, T, W, MB>(s, p, i, (j, j1 - j), k);
        }
    }
}

#[inline(always)]
unsafe fn axpy_block<S: Simd, T: Float, W: Stored<T>, const MB: usize, const CV: usize>(
    s: S,
    p: &Tile<T, W>,
    i: usize,
    j: usize,
    (k0, k1): (usize, usize),
) {
    let width = T::width::<S>();
    let zero = T::splat(s, T::ZERO);
    let mut acc = [[zero; CV]; MB];
    // SAFETY: rows i..i+MB, columns j..j+CV·width and k0..k1 are inside the sizes.
    unsafe {
        let x = p.x.add(i * p.x_strides.0);
        for kk in k0..k1 {
            let w = p.w.add(kk * p.ldw + j);
            let mut wv = [zero; CV];
            for c in 0..CV {
                wv[c] = W::load(s, w.add(c * width));
                if i == 0 {
                    // The next strip of this row of W: rows are too far apart for the CPU to predict.
                    prefetch(w.wrapping_add((c + STRIP) * width));
                }
            }
            for a in 0..MB {
                let xv = T::splat(s, *x.add(a * p.x_strides.0 + kk * p.x_strides.1));
                for c in 0..CV {
                    acc[a][c] = T::fma(s, xv, wv[c], acc[a][c]);
                }
            }
        }
        let (alpha, beta) = (T::splat(s, p.alpha), T::splat(s, p.beta));
        for a in 0..MB {
            for c in 0..CV {
                let y = p.y.add((i + a) * p.ldy + j + c * width);
                let mut v = T::times(s, alpha, acc[a][c]);
                if p.beta != T::ZERO {
                    v = T::fma(s, beta, T::load(s, y), v);
                }
                T::store(s, y, v);
            }
        }
    }
}

/// Prefetches the cache line at `p`, which need not be a valid address.
#[inline(always)]
pub(crate) fn prefetch<T>(p: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64, and a prefetch never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// Bytes that are asked for ahead of those that are used: as many as come in the time that memory takes to answer, and some more.
const AHEAD: usize = 4096;

/// Prefetches what comes [`AHEAD`] of `len` bytes that are read now, where all is read in the order of its addresses.
#[inline(always)]
pub(crate) fn prefetch_stream(at: *const u8, len: usize) {
    for line in (0..len).step_by(64) {
        prefetch(at.wrapping_add(AHEAD + line));
    }
}

/// The last columns, fewer than one register holds.
#[inline(always)]
unsafe fn axpy_edge<S: Simd, T: Float, W: Stored<T>, const MB: usize>(
    s: S,
    p: &Tile<T, W>,
    i: usize,
    (j, columns): (usize, usize),
    (k0, k1): (usize, usize),
) {
    let mut acc = [T::splat(s, T::ZERO); MB];
    // SAFETY: rows i..i+MB, columns j..j+columns and k0..k1 are inside the sizes.
    unsafe {
        let x = p.x.add(i * p.x_strides.0);
        for kk in k0..k1 {
            let wv = W::load_part(s, p.w.add(kk * p.ldw + j), columns);
            for a in 0..MB {
                let xv = T::splat(s, *x.add(a * p.x_strides.0 + kk * p.x_strides.1));
                acc[a] = T::fma(s, xv, wv, acc[a]);
            }
        }
        let (alpha, beta) = (T::splat(s, p.alpha), T::splat(s, p.beta));
        for a in 0..MB {
            let y = p.y.add((i + a) * p.ldy + j);
            let mut v = T::times(s, alpha, acc[a]);
            if p.beta != T::ZERO {
                v = T::fma(s, beta, T::load_part(s, y, columns), v);
            }
            T::store_part(s, y, columns, v);
        }
    }
}
