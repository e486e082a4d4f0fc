//! One product on raw pointers: the choice of the code that computes it.

use super::super::scratch::with_scratch;
use super::super::small_rows::{self, Kind, MAX_ROWS, Tile};
use super::blocked::{self, Blocked, Factor, Numbers, Start};
use crate::{Error, Float, Result, pause};
use gemm::Parallelism;

/// Multiply-adds between two pauses, about 5 ms.
const PIECE_WORK: usize = 1 << 28;

/// Rows or columns of a piece are a multiple of this, and so of every kernel's block: few of them are padded.
const PIECE_BLOCK: usize = 192;

/// Columns that are copied at once when B is contiguous in neither direction.
const COPY_COLUMNS: usize = 256;

/// A product without its pointers: C (m, n) has contiguous rows, `c_rs` apart.
#[derive(Clone, Copy)]
pub(crate) struct Product<T> {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub a_strides: (usize, usize),
    pub b_strides: (usize, usize),
    pub alpha: T,
    pub beta: T,
    pub c_rs: usize,
}

impl<T: Float> Product<T> {
    /// Checks the strides and the lengths of A, B and C.
    pub fn check(&self, a: usize, b: usize, c: usize) -> Result<()> {
        let &Self {
            m,
            k,
            n,
            a_strides,
            b_strides,
            c_rs,
            ..
        } = self;
        if m > 1 && c_rs < n {
            return Err(error(format!("rows of C are {c_rs} apart but {n} long")));
        }
        for (name, len, needed) in [
            ("A", a, extent(m, k, a_strides)),
            ("B", b, extent(k, n, b_strides)),
            ("C", c, extent(m, n, (c_rs, 1))),
        ] {
            if len < needed {
                return Err(error(format!(
                    "{name} has {len} elements, {m} x {k} x {n} needs {needed}"
                )));
            }
        }
        Ok(())
    }

    /// Computes it, on the current pool when `parallel`.
    ///
    /// # Safety
    /// The pointers are valid for the whole product, and no other thread touches C.
    pub unsafe fn run(self, a: *const T, b: *const T, c: *mut T, parallel: bool) {
        let Self {
            m,
            k,
            n,
            a_strides,
            b_strides,
            c_rs,
            ..
        } = self;
        if m <= MAX_ROWS {
            // SAFETY: as promised by the caller.
            return unsafe { self.few_rows(a, b, c, parallel) };
        }
        if blocked::applies::<T>(m, self.n, b_strides.1 == 1) {
            // SAFETY: as promised by the caller; `Float` is implemented by f32 and f64 only, so T is f32.
            return unsafe { self.blocked(a.cast(), b.cast(), c.cast()).run(parallel) };
        }
        if !parallel {
            // SAFETY: as promised by the caller.
            return unsafe { self.whole(a, b, c, Parallelism::None) };
        }
        // Split along the longer side of C, so that the operand on that side is still packed once; by the shape alone, never by the clock.
        let along_rows = m > n;
        let length = m.max(n);
        let pieces = m.saturating_mul(k).saturating_mul(n).div_ceil(PIECE_WORK).max(1);
        let step = length.div_ceil(pieces).next_multiple_of(PIECE_BLOCK);
        for start in (0..length).step_by(step) {
            let size = step.min(length - start);
            let (piece, a_at, b_at, c_at) = if along_rows {
                (Self { m: size, ..self }, start * a_strides.0, 0, start * c_rs)
            } else {
                (Self { n: size, ..self }, 0, start * b_strides.1, start)
            };
            if start > 0 {
                pause::point();
            }
            // SAFETY: the piece lies inside the product that the caller promised.
            unsafe {
                let parallelism = Parallelism::Rayon(rayon::current_num_threads());
                piece.whole(a.add(a_at), b.add(b_at), c.add(c_at), parallelism);
            }
        }
    }

    /// The same product for our own kernels.
    fn blocked(&self, a: *const f32, b: *const f32, c: *mut f32) -> Blocked<'static> {
        let factor = |p, line, k| Factor {
            numbers: Numbers::F32(p),
            line,
            k,
        };
        let (a, b) = (
            factor(a, self.a_strides.0, self.a_strides.1),
            factor(b, self.b_strides.1, self.b_strides.0),
        );
        Blocked {
            m: self.m,
            n: self.n,
            k: self.k,
            more_k: 0,
            a: [a, a],
            b: [b, b],
            rounds_a: false,
            alpha: self.alpha.to_f32(),
            start: if self.beta == T::ZERO {
                Start::Zero
            } else {
                Start::Scaled(self.beta.to_f32())
            },
            c,
            c_rs: self.c_rs,
            after: None,
        }
    }

    /// More than [`MAX_ROWS`] rows at once, by the gemm crate.
    ///
    /// # Safety
    /// As [`Self::run`].
    unsafe fn whole(self, a: *const T, b: *const T, c: *mut T, parallelism: Parallelism) {
        // The gemm crate computes dst = alpha · dst + beta · lhs · rhs: its alpha is our beta.
        // SAFETY: as promised by the caller; dst is not read when beta is 0.
        unsafe {
            gemm::gemm(
                self.m,
                self.n,
                self.k,
                c,
                1,
                self.c_rs as isize,
                self.beta != T::ZERO,
                a,
                self.a_strides.1 as isize,
                self.a_strides.0 as isize,
                b,
                self.b_strides.1 as isize,
                self.b_strides.0 as isize,
                self.beta,
                self.alpha,
                false,
                false,
                false,
                parallelism,
            );
        }
    }

    /// Up to [`MAX_ROWS`] rows: B is read directly where one of its directions is contiguous, else by copied panels.
    ///
    /// # Safety
    /// As [`Self::run`].
    unsafe fn few_rows(self, a: *const T, b: *const T, c: *mut T, parallel: bool) {
        let Self {
            m,
            k,
            n,
            a_strides,
            b_strides,
            alpha,
            beta,
            c_rs,
        } = self;
        let tile = Tile {
            kind: Kind::Axpy,
            m,
            k,
            n,
            x: a,
            x_strides: a_strides,
            w: b,
            ldw: b_strides.0,
            y: c,
            ldy: c_rs,
            alpha,
            beta,
        };
        // SAFETY: as promised by the caller, here and in the closures.
        let run = |tile: Tile<T>| unsafe {
            if parallel {
                small_rows::run_columns(tile)
            } else {
                tile.run()
            }
        };
        // Chosen by K and N only, so that the bits of a row do not depend on the number of rows.
        let columns_contiguous = b_strides.0 == 1 || k == 1;
        if (b_strides.1 == 1 && n > 1) || (n == 1 && !columns_contiguous) {
            run(tile);
        } else if columns_contiguous {
            let tile = Tile {
                kind: Kind::Dot,
                ldw: b_strides.1,
                ..tile
            };
            if a_strides.1 == 1 {
                return run(tile);
            }
            with_scratch(m * k, |rows: &mut [T]| {
                for (i, row) in rows.chunks_exact_mut(k.max(1)).enumerate() {
                    for (kk, x) in row.iter_mut().enumerate() {
                        // SAFETY: (i, kk) is inside A.
                        *x = unsafe { *a.add(i * a_strides.0 + kk * a_strides.1) };
                    }
                }
                run(Tile {
                    x: rows.as_ptr(),
                    x_strides: (k, 1),
                    ..tile
                });
            });
        } else {
            with_scratch(k * COPY_COLUMNS.min(n), |panel: &mut [T]| {
                for j in (0..n).step_by(COPY_COLUMNS) {
                    let n = COPY_COLUMNS.min(n - j);
                    for (kk, row) in panel.chunks_exact_mut(n).take(k).enumerate() {
                        for (jj, x) in row.iter_mut().enumerate() {
                            // SAFETY: (kk, j + jj) is inside B.
                            *x = unsafe { *b.add(kk * b_strides.0 + (j + jj) * b_strides.1) };
                        }
                    }
                    // SAFETY: column j is inside C.
                    let y = unsafe { c.add(j) };
                    let (w, ldw) = (panel.as_ptr(), n);
                    run(Tile { n, w, ldw, y, ..tile });
                }
            });
        }
    }
}

/// Elements from the first to the last of a strided matrix.
fn extent(rows: usize, columns: usize, (rs, cs): (usize, usize)) -> usize {
    if rows == 0 || columns == 0 {
        0
    } else {
        (rows - 1) * rs + (columns - 1) * cs + 1
    }
}

/// A product that does not fit.
pub(super) fn error(what: String) -> Error {
    Error::new("gemm", what)
}
