//! Dense layers: `y = x · W + bias` and its gradients, for both layouts of W and for weights in half precision.

#[cfg(test)]
mod tests;

use super::gemm::blocked::{self, Blocked, Factor, Numbers, Start};
use super::gemm::{PARALLEL_WORK, gemm};
use super::scratch::with_scratch;
use super::small_rows::{self, Kind, MAX_ROWS, Tile};
use crate::{Float, Result, WeightRef, check_len, par};

/// How a weight lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// (out, in), as `torch.nn.Linear`.
    OutIn,
    /// (in, out): loralib's `fan_in_fan_out`, Hugging Face's `Conv1D`.
    InOut,
}

/// Values of a half-precision weight that are widened at once: 4 MiB of f32 (more where [`MIN_COLUMNS`] need it).
const PANEL: usize = 1 << 20;

/// Least columns of y per panel, below which the product itself gets slow.
const MIN_COLUMNS: usize = 64;

/// `y = x · Wᵀ + bias` (`Layout::OutIn`) or `y = x · W + bias` (`Layout::InOut`).
///
/// | slice  | shape                             |
/// |--------|-----------------------------------|
/// | `x`    | (M, K)                            |
/// | `w`    | (N, K) or (K, N), any precision   |
/// | `bias` | (N,)                              |
/// | `y`    | (M, N), out                       |
///
/// Sums are in `T`; a half weight is widened by panels of about 4 MiB, or `x` rounded for it ([`WeightRef::Bf16Rounding`]). Up to [`MAX_ROWS`] rows, a row has the same bits
/// alone and in a batch, and a half weight gives the bits of the widened one (above, where it fits in one panel).
///
/// # Errors
/// When a slice length differs from its row above. `y` is then untouched.
///
/// Slow twin: `reference::linear::linear`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn linear<T: Float>(
    x: &[T],
    w: WeightRef<'_, T>,
    layout: Layout,
    bias: Option<&[T]>,
    m: usize,
    k: usize,
    n: usize,
    y: &mut [T],
) -> Result<()> {
    check(
        "linear",
        [("x", x.len(), m * k), ("w", w.len(), n * k), ("y", y.len(), m * n)],
    )?;
    if let Some(bias) = bias {
        check_len("linear", "bias", bias.len(), n)?;
        if is_blocked(w, layout == Layout::OutIn, m, n) {
            blocked_product(x, w, layout == Layout::OutIn, m, k, n, Some(bias), None, y);
            return Ok(());
        }
        par::rows_mut(y, n, par::grain(n), |_, rows| {
            rows.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias))
        });
    }
    let beta = if bias.is_some() { T::ONE } else { T::ZERO };
    product(x, w, layout == Layout::OutIn, m, k, n, beta, y)
}

/// The gradient of [`linear`] to its input: `dx = dy · W` or `dx = dy · Wᵀ`; `dy` (M, N), `dx` (M, K).
///
/// # Errors
/// When a slice length differs from its shape. `dx` is then untouched.
pub fn linear_dx<T: Float>(
    dy: &[T],
    w: WeightRef<'_, T>,
    layout: Layout,
    m: usize,
    k: usize,
    n: usize,
    dx: &mut [T],
) -> Result<()> {
    check(
        "linear_dx",
        [("dy", dy.len(), m * n), ("w", w.len(), n * k), ("dx", dx.len(), m * k)],
    )?;
    product(dy, w, layout == Layout::InOut, m, n, k, T::ZERO, dx)
}

/// The gradient of [`linear`] to its weight: `dw = dyᵀ · x` (N, K) or `dw = xᵀ · dy` (K, N), summed over the M rows.
///
/// # Errors
/// When a slice length differs from its shape. `dw` is then untouched.
pub fn linear_dw<T: Float>(
    dy: &[T],
    x: &[T],
    layout: Layout,
    m: usize,
    k: usize,
    n: usize,
    dw: &mut [T],
) -> Result<()> {
    check(
        "linear_dw",
        [("dy", dy.len(), m * n), ("x", x.len(), m * k), ("dw", dw.len(), n * k)],
    )?;
    let (rows_dy, rows_x) = (n as isize, k as isize);
    match layout {
        Layout::OutIn => gemm(n, m, k, dy, (1, rows_dy), x, (rows_x, 1), T::ONE, T::ZERO, dw, k),
        Layout::InOut => gemm(k, m, n, x, (1, rows_x), dy, (rows_dy, 1), T::ONE, T::ZERO, dw, n),
    }
}

/// `y = x · W + beta · y` with x (m, q) and y (m, p); W is (p, q) when `transposed`, else (q, p).
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
fn product<T: Float>(
    x: &[T],
    w: WeightRef<'_, T>,
    transposed: bool,
    m: usize,
    q: usize,
    p: usize,
    beta: T,
    y: &mut [T],
) -> Result<()> {
    let strides = |ld: usize| if transposed { (1, ld as isize) } else { (ld as isize, 1) };
    let ldw = if transposed { q } else { p };
    if let Some(w) = w.as_full() {
        return gemm(m, q, p, x, (q as isize, 1), w, strides(ldw), T::ONE, beta, y, p);
    }
    if m <= MAX_ROWS {
        few_rows(x, w, transposed, m, q, p, beta, y);
        return Ok(());
    }
    // A beta of 1 belongs to a bias, and a product that is blocked has added it itself.
    if is_blocked(w, transposed, m, p) {
        blocked_product(x, w, transposed, m, q, p, None, None, y);
        return Ok(());
    }
    // Panels of columns of y: the sum over q stays whole.
    let columns = (PANEL / q.max(1)).max(MIN_COLUMNS).min(p.max(1));
    with_scratch(columns * q, |panel: &mut [T]| {
        for j in (0..p).step_by(columns) {
            let columns = columns.min(p - j);
            let panel = &mut panel[..columns * q];
            let ld = if transposed { q } else { columns };
            par::rows_mut(panel, ld, par::grain(ld), |start, rows| {
                for (r, row) in rows.chunks_exact_mut(ld.max(1)).enumerate() {
                    let first = if transposed {
                        (j + start + r) * q
                    } else {
                        (start + r) * p + j
                    };
                    w.row(first, ld, row);
                }
            });
            gemm(
                m,
                q,
                columns,
                x,
                (q as isize, 1),
                panel,
                strides(ld),
                T::ONE,
                beta,
                &mut y[j..],
                p,
            )?;
        }
        Ok(())
    })
}

/// Whether [`blocked_product`] computes `y` (m, p).
pub(super) fn is_blocked<T: Float>(w: WeightRef<'_, T>, transposed: bool, m: usize, p: usize) -> bool {
    let rounds = matches!(w, WeightRef::Bf16Rounding(_));
    (rounds && blocked::serves_bf16::<T>(m, p)) || blocked::serves::<T>(m, p, !transposed)
}

/// A second pair of factors over which a product's sum goes on: x (m, k) and W (k, p).
pub(super) struct More<'a, T> {
    pub x: &'a [T],
    pub w: &'a [T],
    pub k: usize,
}

/// [`product`] on our own kernels: a half weight is widened while it is packed, and the bias added while y is written. `T` is f32.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub(super) fn blocked_product<T: Float>(
    x: &[T],
    w: WeightRef<'_, T>,
    transposed: bool,
    m: usize,
    q: usize,
    p: usize,
    bias: Option<&[T]>,
    more: Option<More<'_, T>>,
    y: &mut [T],
) {
    let (line, k) = if transposed { (q, 1) } else { (1, p) };
    let numbers = match w {
        WeightRef::Full(w) => Numbers::F32(w.as_ptr().cast()),
        WeightRef::Bf16(w) | WeightRef::Bf16Rounding(w) => Numbers::Bf16(w.as_ptr()),
        WeightRef::F16(w) => Numbers::F16(w.as_ptr()),
    };
    let rounds_a = matches!(w, WeightRef::Bf16Rounding(_));
    let x = Factor {
        numbers: Numbers::F32(x.as_ptr().cast()),
        line: q,
        k: 1,
    };
    let w = Factor { numbers, line, k };
    let (more_k, more) = more.map_or((0, (x, w)), |more| {
        let factor = |numbers: &[T], line, k| Factor {
            numbers: Numbers::F32(numbers.as_ptr().cast()),
            line,
            k,
        };
        (more.k, (factor(more.x, more.k, 1), factor(more.w, 1, p)))
    });
    let product = Blocked {
        m,
        n: p,
        k: q,
        more_k,
        a: [x, more.0],
        b: [w, more.1],
        rounds_a,
        alpha: 1.0,
        start: bias.map_or(Start::Zero, |bias| Start::Bias(bias.as_ptr().cast())),
        c: y.as_mut_ptr().cast(),
        c_rs: p,
    };
    // SAFETY: the callers checked the lengths of x (m, q), W (p · q), the bias (p), y (m, p) and the second factors; T is f32.
    unsafe { product.run(PARALLEL_WORK <= m * q * p) }
}

/// [`product`] with a half weight that is widened in registers.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
fn few_rows<T: Float>(
    x: &[T],
    w: WeightRef<'_, T>,
    transposed: bool,
    m: usize,
    q: usize,
    p: usize,
    beta: T,
    y: &mut [T],
) {
    let (kind, ldw) = if transposed { (Kind::Dot, q) } else { (Kind::Axpy, p) };
    // One column of a (q, 1) weight is contiguous; `gemm` takes the dot layout there, so the bits stay the same.
    let (kind, ldw) = if p == 1 { (Kind::Dot, q) } else { (kind, ldw) };
    let tile = Tile {
        kind,
        m,
        k: q,
        n: p,
        x: x.as_ptr(),
        x_strides: (q, 1),
        w: std::ptr::null(),
        ldw,
        y: y.as_mut_ptr(),
        ldy: p,
        alpha: T::ONE,
        beta,
    };
    // SAFETY: the callers checked the lengths of x (m, q), W (p · q) and y (m, p); y is borrowed mutably.
    unsafe { small_rows::run_columns_of(tile, w) }
}

fn check(kernel: &'static str, slices: [(&str, usize, usize); 3]) -> Result<()> {
    slices
        .into_iter()
        .try_for_each(|(name, got, want)| check_len(kernel, name, got, want))
}
