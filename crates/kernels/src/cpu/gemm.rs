//! Dense products on strided operands.

pub(crate) mod blocked;
mod micro;
mod product;

use crate::shared::shared;
use crate::{Float, Result, par, pause};
use product::error;

pub(crate) use product::Product;

/// Multiply-adds below which a product stays on one thread.
pub(crate) const PARALLEL_WORK: usize = 48 * 48 * 256;

/// Multiply-adds from which one product of a batch fills all threads by itself.
const LARGE_WORK: usize = 1 << 24;

/// Sizes of a product: A (M, K), B (K, N), C (M, N).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmDims {
    /// M: rows of A and C.
    pub m: usize,
    /// K: columns of A, rows of B.
    pub k: usize,
    /// N: columns of B and C.
    pub n: usize,
}

/// What a product reads. Element (i, j) of a matrix has the index `i · strides.0 + j · strides.1`.
#[derive(Clone, Copy, Debug)]
pub struct GemmOperands<'a, T> {
    /// A (M, K).
    pub a: &'a [T],
    /// Row and column stride of A.
    pub a_strides: (isize, isize),
    /// B (K, N).
    pub b: &'a [T],
    /// Row and column stride of B.
    pub b_strides: (isize, isize),
    /// Factor of the product.
    pub alpha: T,
    /// Factor of the old C; where it is 0, the old C is not read and may be NaN.
    pub beta: T,
}

/// What a product writes.
#[derive(Debug)]
pub struct GemmOutput<'a, T> {
    /// C (M, N); the elements of a row are contiguous.
    pub c: &'a mut [T],
    /// Elements from one row of C to the next.
    pub row_stride: usize,
}

/// A batch of products: elements from one product's operand to the next; 0 repeats an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmBatch {
    /// Number of products.
    pub count: usize,
    /// Between their A.
    pub a_stride: usize,
    /// Between their B.
    pub b_stride: usize,
    /// Between their C.
    pub c_stride: usize,
}

/// `C = beta · C + alpha · A · B`.
///
/// Sums are in `T`, in an order given by the shapes and the CPU, not by the number of threads. Up to
/// [`MAX_ROWS`](super::small_rows::MAX_ROWS) rows, a row of C has the bits it has alone.
///
/// # Errors
/// When a stride is negative, rows of C overlap, or a slice is too short. C is then untouched.
pub fn gemm<T: Float>(dims: GemmDims, operands: GemmOperands<'_, T>, output: GemmOutput<'_, T>) -> Result<()> {
    let GemmDims { m, k, n } = dims;
    let (GemmOperands { a, b, .. }, c) = (operands, output.c);
    let p = product(dims, &operands, output.row_stride)?;
    p.check(a.len(), b.len(), c.len())?;
    // SAFETY: the lengths were checked, and the slices borrow their elements.
    unsafe { p.run(a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), m * k * n >= PARALLEL_WORK) }
    Ok(())
}

/// [`gemm`] for each product of a batch; the slices hold the operands of all of them.
///
/// # Errors
/// As [`gemm`]; also when two products of the batch would write the same element.
pub fn batched_gemm<T: Float>(
    batch: GemmBatch,
    dims: GemmDims,
    operands: GemmOperands<'_, T>,
    output: GemmOutput<'_, T>,
) -> Result<()> {
    let GemmDims { m, k, n } = dims;
    let GemmBatch {
        count,
        a_stride,
        b_stride,
        c_stride,
    } = batch;
    if count == 0 || m == 0 || n == 0 {
        return Ok(());
    }
    let (GemmOperands { a, b, .. }, GemmOutput { c, row_stride }) = (operands, output);
    let p = product(dims, &operands, row_stride)?;
    let last = count - 1;
    p.check(
        a.len().saturating_sub(last * a_stride),
        b.len().saturating_sub(last * b_stride),
        c.len().saturating_sub(last * c_stride),
    )?;
    let apart = c_stride >= (m - 1) * row_stride + n;
    let interleaved = c_stride >= n && (m == 1 || row_stride >= last * c_stride + n);
    if count > 1 && !apart && !interleaved {
        return Err(error(format!(
            "products {c_stride} apart overlap in C ({m} x {n}, rows {row_stride} apart)"
        )));
    }
    let work = m * k * n;
    // SAFETY: the lengths were checked for the last product, and the products write disjoint elements.
    let (a, b, c) = unsafe { (shared(a.as_ptr()), shared(b.as_ptr()), shared(c.as_mut_ptr())) };
    let one = |i: usize, parallel: bool| {
        // SAFETY: as above.
        unsafe {
            p.run(
                a.get().add(i * a_stride),
                b.get().add(i * b_stride),
                c.get().add(i * c_stride),
                parallel,
            )
        }
    };
    if work >= LARGE_WORK || count == 1 {
        for i in 0..count {
            if i > 0 {
                pause::point();
            }
            one(i, work >= PARALLEL_WORK);
        }
    } else {
        par::for_rows(count, ((1 << 16) / work.max(1)).max(1), |items| {
            items.for_each(|i| one(i, false))
        });
    }
    Ok(())
}

/// The product without its slices.
fn product<T: Float>(dims: GemmDims, operands: &GemmOperands<'_, T>, row_stride: usize) -> Result<Product<T>> {
    let GemmDims { m, k, n } = dims;
    Ok(Product {
        m,
        k,
        n,
        a_strides: strides(operands.a_strides)?,
        b_strides: strides(operands.b_strides)?,
        alpha: operands.alpha,
        beta: operands.beta,
        c_rs: row_stride,
    })
}

fn strides((rows, columns): (isize, isize)) -> Result<(usize, usize)> {
    match (usize::try_from(rows), usize::try_from(columns)) {
        (Ok(rows), Ok(columns)) => Ok((rows, columns)),
        _ => Err(error(format!("strides ({rows}, {columns}) must not be negative"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

    /// `A · B` with rows of A contiguous.
    fn times(dims: GemmDims, a: &[f32], b: &[f32], b_strides: (isize, isize)) -> Vec<f32> {
        let mut c = vec![0.0; dims.m * dims.n];
        let output = GemmOutput {
            c: &mut c,
            row_stride: dims.n,
        };
        gemm(dims, plain(dims.k, a, b, b_strides), output).unwrap();
        c
    }

    fn plain<'a>(k: usize, a: &'a [f32], b: &'a [f32], b_strides: (isize, isize)) -> GemmOperands<'a, f32> {
        GemmOperands {
            a,
            a_strides: (k as isize, 1),
            b,
            b_strides,
            alpha: 1.0,
            beta: 0.0,
        }
    }

    /// One product in one of the layouts: transposed A, transposed B, and B strided both ways.
    fn meets_twin<T: Float>(m: usize, k: usize, n: usize, layout: usize, beta: f64) {
        let dims = GemmDims { m, k, n };
        let (ta, b_step) = (layout & 1 == 1, if layout & 4 == 4 { 2 } else { 1 });
        let (a, b) = (values::<T>(m * k, 1), values::<T>(k * n * b_step, 2));
        let a_strides = if ta { (1, m as isize) } else { (k as isize, 1) };
        let (step, row, column) = (b_step as isize, (n * b_step) as isize, (k * b_step) as isize);
        let b_strides = if layout & 2 == 2 { (step, column) } else { (row, step) };
        let c_rs = n + 3;
        let mut c = values::<T>(m * c_rs, 3);
        let mut want = wide(&c);
        if beta == 0.0 {
            // What beta 0 must not read; the twin overwrites it too.
            (0..m).for_each(|i| c[i * c_rs..][..n].fill(T::NAN));
        }
        let operands = GemmOperands {
            a: &wide(&a)[..],
            a_strides,
            b: &wide(&b),
            b_strides,
            alpha: 0.5,
            beta,
        };
        let output = GemmOutput {
            c: &mut want,
            row_stride: c_rs,
        };
        reference::gemm::gemm(dims, operands, output);
        let operands = GemmOperands {
            a: &a[..],
            a_strides,
            b: &b,
            b_strides,
            alpha: T::HALF,
            beta: T::from_f64(beta),
        };
        let output = GemmOutput {
            c: &mut c,
            row_stride: c_rs,
        };
        gemm(dims, operands, output).unwrap();
        close(&c, &want, 2e-5, &format!("{m}x{k}x{n} layout {layout}"));
    }

    #[test]
    fn gemm_meets_its_twin_at_all_sizes_layouts_and_sets() {
        each_isa(|_| {
            for (m, k, n) in SIZES
                .iter()
                .flat_map(|&m| SIZES.iter().flat_map(move |&k| SIZES.map(|n| (m, k, n))))
            {
                for layout in 0..4 {
                    meets_twin::<f32>(m, k, n, layout, 0.0);
                }
                meets_twin::<f32>(m, k, n, 4, 2.0);
                meets_twin::<f64>(m, k, n, k % 8, 1.0);
            }
            meets_twin::<f32>(8, 300, 520, 7, 1.0);
        });
    }

    #[test]
    fn a_row_alone_equals_the_row_in_a_batch() {
        each_isa(|isa| {
            for (k, n) in [(1, 5), (129, 1), (300, 129), (64, 200)] {
                for (b_strides, layout) in [((n as isize, 1), "(K, N)"), ((1, k as isize), "(N, K)")] {
                    let (a, b) = (values::<f32>(16 * k, 1), values::<f32>(k * n, 2));
                    let run = |m: usize, a: &[f32]| times(GemmDims { m, k, n }, a, &b, b_strides);
                    let whole = run(16, &a);
                    for m in 1..16 {
                        let part = run(m, &a[(16 - m) * k..]);
                        assert!(
                            part == whole[(16 - m) * n..],
                            "{m} rows, K {k}, N {n}, B {layout}, {}",
                            isa.name()
                        );
                    }
                }
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            for (m, k, n) in [(129, 300, 200), (7, 700, 500), (1, 3000, 64)] {
                let (a, b) = (values::<f32>(m * k, 1), values::<f32>(k * n, 2));
                same_for_any_thread_count(|| times(GemmDims { m, k, n }, &a, &b, (1, k as isize)));
            }
        });
    }

    #[test]
    fn batches_equal_single_products_and_repeat_an_operand() {
        each_isa(|_| {
            let (count, m, k, n) = (5, 20, 17, 9);
            let dims = GemmDims { m, k, n };
            let (a, b) = (values::<f32>(count * m * k, 1), values::<f32>(k * n, 2));
            let run = |c_stride: usize, row_stride: usize| {
                let mut c = vec![0f32; count * m * n];
                let batch = GemmBatch {
                    count,
                    a_stride: m * k,
                    b_stride: 0,
                    c_stride,
                };
                let output = GemmOutput { c: &mut c, row_stride };
                batched_gemm(batch, dims, plain(k, &a, &b, (9, 1)), output).unwrap();
                c
            };
            let (apart, mixed) = (run(m * n, n), run(n, count * n));
            for i in 0..count {
                let one = times(dims, &a[i * m * k..], &b, (9, 1));
                assert_eq!(one, apart[i * m * n..][..m * n]);
                assert!((0..m).all(|r| mixed[r * count * n + i * n..][..n] == one[r * n..][..n]));
            }
        });
    }

    #[test]
    fn bad_shapes_are_refused() {
        let (a, mut c) = ([0f32; 4], [0f32; 4]);
        let dims = GemmDims { m: 2, k: 2, n: 2 };
        let good = plain(2, &a, &a, (2, 1));
        let mut refuses = |operands, row_stride| gemm(dims, operands, GemmOutput { c: &mut c, row_stride }).is_err();
        assert!(!refuses(good, 2));
        assert!(refuses(GemmOperands { a: &a[..3], ..good }, 2));
        let negative = GemmOperands {
            a_strides: (2, -1),
            ..good
        };
        assert!(refuses(negative, 2));
        assert!(refuses(good, 1));
        let batch = GemmBatch {
            count: 2,
            a_stride: 0,
            b_stride: 0,
            c_stride: 1,
        };
        let output = GemmOutput {
            c: &mut c,
            row_stride: 2,
        };
        assert!(batched_gemm(batch, GemmDims { m: 1, k: 1, n: 2 }, good, output).is_err());
    }
}
