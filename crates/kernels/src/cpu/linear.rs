//! Dense layers: `y = x · W + bias` and its gradients, for both layouts of W and for weights in half precision.

#[cfg(test)]
mod tests;

use super::gemm::blocked::{self, After, Blocked, Factor, Numbers, Start};
use super::gemm::{GemmDims, GemmOperands, GemmOutput, PARALLEL_WORK, gemm};
use super::scratch::with_scratch;
use super::small_rows::{self, Kind, MAX_ROWS, Tile};
use crate::{Float, Result, WeightRef, check_len, par};

/// The order of the dimensions of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// (out, in), as `torch.nn.Linear`.
    OutIn,
    /// (in, out): loralib's `fan_in_fan_out`, Hugging Face's `Conv1D`.
    InOut,
}

/// Sizes of a layer and its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearDims {
    /// M: rows of x, batch · tokens.
    pub m: usize,
    /// K: input width.
    pub k: usize,
    /// N: output width.
    pub n: usize,
}

/// The weight of a layer.
#[derive(Clone, Copy, Debug)]
pub struct LinearWeight<'a, T> {
    /// (N, K) or (K, N), in any precision.
    pub values: WeightRef<'a, T>,
    /// Which of the two.
    pub layout: Layout,
}

/// Values of a half-precision weight that are widened at once: 4 MiB of f32 (more where [`MIN_COLUMNS`] need it).
const PANEL: usize = 1 << 20;

/// Fewest columns of y per panel; with fewer the product itself gets slow.
const MIN_COLUMNS: usize = 64;

/// `y = x · Wᵀ + bias` (`Layout::OutIn`) or `y = x · W + bias` (`Layout::InOut`).
///
/// | slice  | shape                             |
/// |--------|-----------------------------------|
/// | `x`    | (M, K)                            |
/// | `bias` | (N,)                              |
/// | `y`    | (M, N), out                       |
///
/// Sums are in `T`; a half weight is widened by panels of about 4 MiB, or `x` is rounded for it ([`WeightRef::Bf16Rounding`]). Up to
/// [`MAX_ROWS`] rows, a row has the same bits alone and in a batch, and a half weight gives the bits of the widened one (with more rows,
/// if it fits in one panel).
///
/// # Errors
/// When a slice does not have the length of its shape. `y` is then untouched.
///
/// Slow twin: `reference::linear::linear`.
pub fn linear<T: Float>(
    dims: LinearDims,
    x: &[T],
    weight: LinearWeight<'_, T>,
    bias: Option<&[T]>,
    y: &mut [T],
) -> Result<()> {
    let LinearDims { m, k, n } = dims;
    check(
        "linear",
        [
            ("x", x.len(), m * k),
            ("w", weight.values.len(), n * k),
            ("y", y.len(), m * n),
        ],
    )?;
    let product = Product::forward(dims, x, weight);
    if let Some(bias) = bias {
        check_len("linear", "bias", bias.len(), n)?;
        if product.is_blocked() {
            product.blocked(Some(bias), None, y);
            return Ok(());
        }
        par::rows_mut(y, n, par::grain(n), |_, rows| {
            rows.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias))
        });
    }
    product.run(if bias.is_some() { T::ONE } else { T::ZERO }, y)
}

/// The gradient of [`linear`] to its input: `dx = dy · W` or `dx = dy · Wᵀ`; `dy` (M, N), `dx` (M, K).
///
/// # Errors
/// When a slice does not have the length of its shape. `dx` is then untouched.
pub fn linear_dx<T: Float>(dims: LinearDims, dy: &[T], weight: LinearWeight<'_, T>, dx: &mut [T]) -> Result<()> {
    let LinearDims { m, k, n } = dims;
    check(
        "linear_dx",
        [
            ("dy", dy.len(), m * n),
            ("w", weight.values.len(), n * k),
            ("dx", dx.len(), m * k),
        ],
    )?;
    Product::backward(dims, dy, weight).run(T::ZERO, dx)
}

/// The gradient of [`linear`] to its weight: `dw = dyᵀ · x` (N, K) or `dw = xᵀ · dy` (K, N), summed over the M rows.
///
/// # Errors
/// When a slice does not have the length of its shape. `dw` is then untouched.
pub fn linear_dw<T: Float>(dims: LinearDims, dy: &[T], x: &[T], layout: Layout, dw: &mut [T]) -> Result<()> {
    let LinearDims { m, k, n } = dims;
    check(
        "linear_dw",
        [("dy", dy.len(), m * n), ("x", x.len(), m * k), ("dw", dw.len(), n * k)],
    )?;
    let ((a, rows), (b, columns)) = match layout {
        Layout::OutIn => ((dy, n), (x, k)),
        Layout::InOut => ((x, k), (dy, n)),
    };
    gemm(
        GemmDims {
            m: rows,
            k: m,
            n: columns,
        },
        GemmOperands {
            a,
            a_strides: (1, rows as isize),
            b,
            b_strides: (columns as isize, 1),
            alpha: T::ONE,
            beta: T::ZERO,
        },
        GemmOutput {
            c: dw,
            row_stride: columns,
        },
    )
}

/// `x · W` with x (m, k) and a result (m, n); W is (n, k) when `transposed`, else (k, n).
#[derive(Clone, Copy)]
pub(super) struct Product<'a, T> {
    x: &'a [T],
    w: WeightRef<'a, T>,
    transposed: bool,
    m: usize,
    k: usize,
    n: usize,
}

/// A second pair of factors over which the sum of a product continues: x (m, k) and W (k, n).
pub(super) struct More<'a, T> {
    pub x: &'a [T],
    pub w: &'a [T],
    pub k: usize,
}

impl<'a, T: Float> Product<'a, T> {
    /// The layer's output from its input.
    pub(super) fn forward(dims: LinearDims, x: &'a [T], weight: LinearWeight<'a, T>) -> Self {
        let LinearDims { m, k, n } = dims;
        Self {
            x,
            w: weight.values,
            transposed: weight.layout == Layout::OutIn,
            m,
            k,
            n,
        }
    }

    /// The input's gradient from that of the output.
    pub(super) fn backward(dims: LinearDims, dy: &'a [T], weight: LinearWeight<'a, T>) -> Self {
        let LinearDims { m, k, n } = dims;
        Self {
            x: dy,
            w: weight.values,
            transposed: weight.layout == Layout::InOut,
            m,
            k: n,
            n: k,
        }
    }

    /// `y = x · W + beta · y`.
    fn run(self, beta: T, y: &mut [T]) -> Result<()> {
        let Self {
            x,
            w,
            transposed,
            m,
            k,
            n,
        } = self;
        let strides = |ld: usize| if transposed { (1, ld as isize) } else { (ld as isize, 1) };
        let dense = |b: &[T], ld: usize, columns: usize, c: &mut [T]| {
            gemm(
                GemmDims { m, k, n: columns },
                GemmOperands {
                    a: x,
                    a_strides: (k as isize, 1),
                    b,
                    b_strides: strides(ld),
                    alpha: T::ONE,
                    beta,
                },
                GemmOutput { c, row_stride: n },
            )
        };
        if let Some(w) = w.as_full() {
            return dense(w, if transposed { k } else { n }, n, y);
        }
        if m <= MAX_ROWS && self.has_few_rows_kernel() {
            self.few_rows(beta, y);
            return Ok(());
        }
        // A beta of 1 means a bias, and a blocked product has already added it.
        if self.is_blocked() {
            self.blocked(None, None, y);
            return Ok(());
        }
        // Panels of columns of y: the sum over k stays whole.
        let columns = (PANEL / k.max(1)).max(MIN_COLUMNS).min(n.max(1));
        with_scratch(columns * k, |panel: &mut [T]| {
            for j in (0..n).step_by(columns) {
                let columns = columns.min(n - j);
                let panel = &mut panel[..columns * k];
                let ld = if transposed { k } else { columns };
                par::rows_mut(panel, ld, par::grain(ld), |start, rows| {
                    for (r, row) in rows.chunks_exact_mut(ld.max(1)).enumerate() {
                        let first = if transposed {
                            (j + start + r) * k
                        } else {
                            (start + r) * n + j
                        };
                        w.row(first, ld, row);
                    }
                });
                dense(panel, ld, columns, &mut y[j..])?;
            }
            Ok(())
        })
    }

    /// Whether [`Self::blocked`] computes it.
    pub(super) fn is_blocked(&self) -> bool {
        let rounds = self.w.rounds();
        (rounds && blocked::applies_bf16::<T>(self.m, self.n))
            || blocked::applies::<T>(self.m, self.n, !self.transposed)
    }

    /// `y = x · W + bias + (the product of `more`)` on our own kernels: a half weight is widened while it is packed, and the bias added while
    /// y is written. `T` is f32.
    pub(super) fn blocked(self, bias: Option<&[T]>, more: Option<More<'_, T>>, y: &mut [T]) {
        // SAFETY: y is borrowed mutably.
        unsafe { self.blocked_then(bias, more, None, y.as_mut_ptr()) }
    }

    /// [`Self::blocked`], which calls `after` for each finished part of y.
    ///
    /// # Safety
    /// y has M · N values, which nobody else touches, `after` aside.
    pub(super) unsafe fn blocked_then(
        self,
        bias: Option<&[T]>,
        more: Option<More<'_, T>>,
        after: Option<&After<'_>>,
        y: *mut T,
    ) {
        let Self {
            x,
            w,
            transposed,
            m,
            k,
            n,
        } = self;
        let (line, k_stride) = if transposed { (k, 1) } else { (1, n) };
        let numbers = match w {
            WeightRef::Full(w) => Numbers::F32(w.as_ptr().cast()),
            WeightRef::Bf16(w) | WeightRef::Bf16Rounding(w) => Numbers::Bf16(w.as_ptr()),
            WeightRef::F16(w) => Numbers::F16(w.as_ptr()),
            WeightRef::Blocks(w) | WeightRef::BlocksRounding(w) => Numbers::Blocks(w.raw()),
        };
        let rounds_a = w.rounds();
        let x = Factor {
            numbers: Numbers::F32(x.as_ptr().cast()),
            line: k,
            k: 1,
        };
        let w = Factor {
            numbers,
            line,
            k: k_stride,
        };
        let (more_k, more) = more.map_or((0, (x, w)), |more| {
            let factor = |numbers: &[T], line, k| Factor {
                numbers: Numbers::F32(numbers.as_ptr().cast()),
                line,
                k,
            };
            (more.k, (factor(more.x, more.k, 1), factor(more.w, 1, n)))
        });
        let product = Blocked {
            m,
            n,
            k,
            more_k,
            a: [x, more.0],
            b: [w, more.1],
            rounds_a,
            alpha: 1.0,
            start: bias.map_or(Start::Zero, |bias| Start::Bias(bias.as_ptr().cast())),
            c: y.cast(),
            c_rs: n,
            after,
        };
        // SAFETY: the callers checked the lengths of x (m, k), W (n · k), the bias (n), y (m, n) and the second factors; T is f32.
        unsafe { product.run(PARALLEL_WORK <= m * k * n) }
    }

    /// Whether [`Self::few_rows`] computes it. Blocks lie along K there, and are multiplied in f32.
    fn has_few_rows_kernel(&self) -> bool {
        !self.w.is_blocks() || (self.transposed && size_of::<T>() == size_of::<f32>())
    }

    /// [`Self::run`] with a weight that is widened in registers.
    fn few_rows(self, beta: T, y: &mut [T]) {
        let Self {
            x,
            w,
            transposed,
            m,
            k,
            n,
        } = self;
        let (kind, ldw) = if transposed { (Kind::Dot, k) } else { (Kind::Axpy, n) };
        // One column of a (k, 1) weight is contiguous; `gemm` takes the dot layout there, so the bits stay the same.
        let (kind, ldw) = if n == 1 { (Kind::Dot, k) } else { (kind, ldw) };
        let tile = Tile {
            kind,
            m,
            k,
            n,
            x: x.as_ptr(),
            x_strides: (k, 1),
            w: std::ptr::null(),
            ldw,
            y: y.as_mut_ptr(),
            ldy: n,
            alpha: T::ONE,
            beta,
        };
        // SAFETY: the callers checked the lengths of x (m, k), W (n · k) and y (m, n); y is borrowed mutably.
        unsafe { small_rows::run_columns_of(tile, w) }
    }
}

fn check(kernel: &'static str, slices: [(&str, usize, usize); 3]) -> Result<()> {
    slices
        .into_iter()
        .try_for_each(|(name, got, want)| check_len(kernel, name, got, want))
}
