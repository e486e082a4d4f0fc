//! Dense products on strided operands.

pub(crate) mod blocked;
mod micro;
mod product;

use super::shared::shared;
use crate::{Float, Result, par, pause};
use product::{Product, error};

/// Multiply-adds below which a product stays on one thread.
pub(crate) const PARALLEL_WORK: usize = 48 * 48 * 256;

/// Multiply-adds from which one product of a batch fills all threads by itself.
const LARGE_WORK: usize = 1 << 24;

/// `C = beta · C + alpha · A · B`.
///
/// | slice | shape  | element (i, j) at       |
/// |-------|--------|-------------------------|
/// | `a`   | (M, K) | `i · a_rs + j · a_cs`   |
/// | `b`   | (K, N) | `i · b_rs + j · b_cs`   |
/// | `c`   | (M, N) | `i · c_rs + j`          |
///
/// With `beta` 0 the old content of `c` is not read, so it may be NaN. Sums are in `T`, in an order given by the shapes
/// and the CPU, not by the number of threads. Up to [`MAX_ROWS`](super::small_rows::MAX_ROWS) rows, a row of C has the bits it has alone.
///
/// # Errors
/// When a stride is negative, rows of C overlap, or a slice is too short. C is then untouched.
#[allow(
    clippy::too_many_arguments,
    reason = "the operands of a product, in the order of every BLAS"
)]
pub fn gemm<T: Float>(
    m: usize,
    k: usize,
    n: usize,
    a: &[T],
    (a_rs, a_cs): (isize, isize),
    b: &[T],
    (b_rs, b_cs): (isize, isize),
    alpha: T,
    beta: T,
    c: &mut [T],
    c_rs: usize,
) -> Result<()> {
    let p = Product {
        m,
        k,
        n,
        a_strides: strides(a_rs, a_cs)?,
        b_strides: strides(b_rs, b_cs)?,
        alpha,
        beta,
        c_rs,
    };
    p.check(a.len(), b.len(), c.len())?;
    // SAFETY: the lengths were checked, and the slices borrow their elements.
    unsafe { p.run(a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), m * k * n >= PARALLEL_WORK) }
    Ok(())
}

/// [`gemm`] for each of `batch` products, whose operands start `*_batch_stride` elements apart (0 repeats an operand).
///
/// # Errors
/// As [`gemm`]; also when two products of the batch would write the same element.
#[allow(
    clippy::too_many_arguments,
    reason = "the operands of a product, in the order of every BLAS"
)]
pub fn batched_gemm<T: Float>(
    batch: usize,
    m: usize,
    k: usize,
    n: usize,
    a: &[T],
    a_batch_stride: usize,
    (a_rs, a_cs): (isize, isize),
    b: &[T],
    b_batch_stride: usize,
    (b_rs, b_cs): (isize, isize),
    alpha: T,
    beta: T,
    c: &mut [T],
    c_batch_stride: usize,
    c_rs: usize,
) -> Result<()> {
    if batch == 0 || m == 0 || n == 0 {
        return Ok(());
    }
    let p = Product {
        m,
        k,
        n,
        a_strides: strides(a_rs, a_cs)?,
        b_strides: strides(b_rs, b_cs)?,
        alpha,
        beta,
        c_rs,
    };
    let last = batch - 1;
    p.check(
        a.len().saturating_sub(last * a_batch_stride),
        b.len().saturating_sub(last * b_batch_stride),
        c.len().saturating_sub(last * c_batch_stride),
    )?;
    let apart = c_batch_stride >= (m - 1) * c_rs + n;
    let interleaved = c_batch_stride >= n && (m == 1 || c_rs >= last * c_batch_stride + n);
    if batch > 1 && !apart && !interleaved {
        return Err(error(format!(
            "products {c_batch_stride} apart overlap in C ({m} x {n}, rows {c_rs} apart)"
        )));
    }
    let work = m * k * n;
    // SAFETY: the lengths were checked for the last product, and the products write disjoint elements.
    let (a, b, c) = unsafe { (shared(a.as_ptr()), shared(b.as_ptr()), shared(c.as_mut_ptr())) };
    let one = |i: usize, parallel: bool| {
        // SAFETY: as above.
        unsafe {
            p.run(
                a.get().add(i * a_batch_stride),
                b.get().add(i * b_batch_stride),
                c.get().add(i * c_batch_stride),
                parallel,
            )
        }
    };
    if work >= LARGE_WORK || batch == 1 {
        for i in 0..batch {
            if i > 0 {
                pause::point();
            }
            one(i, work >= PARALLEL_WORK);
        }
    } else {
        par::for_rows(batch, ((1 << 16) / work.max(1)).max(1), |items| {
            items.for_each(|i| one(i, false))
        });
    }
    Ok(())
}

/// [`gemm`] on the calling thread and on raw pointers, for callers that split the work themselves.
///
/// # Safety
/// All elements named by sizes and strides are valid, and nobody else touches those of C.
#[allow(
    clippy::too_many_arguments,
    reason = "the operands of a product, in the order of every BLAS"
)]
pub(crate) unsafe fn gemm_on_thread<T: Float>(
    (m, k, n): (usize, usize, usize),
    a: *const T,
    a_strides: (usize, usize),
    b: *const T,
    b_strides: (usize, usize),
    alpha: T,
    beta: T,
    c: *mut T,
    c_rs: usize,
) {
    // SAFETY: the caller promises the pointers.
    unsafe {
        Product {
            m,
            k,
            n,
            a_strides,
            b_strides,
            alpha,
            beta,
            c_rs,
        }
        .run(a, b, c, false)
    }
}

fn strides(rs: isize, cs: isize) -> Result<(usize, usize)> {
    match (usize::try_from(rs), usize::try_from(cs)) {
        (Ok(rs), Ok(cs)) => Ok((rs, cs)),
        _ => Err(error(format!("strides ({rs}, {cs}) must not be negative"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

    /// One product in one of the layouts: transposed A, transposed B, and B strided both ways.
    fn meets_twin<T: Float>(m: usize, k: usize, n: usize, layout: usize, beta: f64) {
        let (ta, b_step) = (layout & 1 == 1, if layout & 4 == 4 { 2 } else { 1 });
        let (a, b) = (values::<T>(m * k, 1), values::<T>(k * n * b_step, 2));
        let a_strides = if ta { (1, m) } else { (k, 1) };
        let b_strides = if layout & 2 == 2 {
            (b_step, k * b_step)
        } else {
            (n * b_step, b_step)
        };
        let c_rs = n + 3;
        let mut c = values::<T>(m * c_rs, 3);
        let mut want = wide(&c);
        if beta == 0.0 {
            // What beta 0 must not read; the twin overwrites it too.
            (0..m).for_each(|i| c[i * c_rs..][..n].fill(T::NAN));
        }
        reference::gemm::gemm(
            m,
            k,
            n,
            &wide(&a),
            a_strides,
            &wide(&b),
            b_strides,
            0.5,
            beta,
            &mut want,
            c_rs,
        );
        let signed = |(rs, cs): (usize, usize)| (rs as isize, cs as isize);
        let (alpha, beta) = (T::HALF, T::from_f64(beta));
        gemm(
            m,
            k,
            n,
            &a,
            signed(a_strides),
            &b,
            signed(b_strides),
            alpha,
            beta,
            &mut c,
            c_rs,
        )
        .unwrap();
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
                    let run = |m: usize, a: &[f32]| {
                        let mut c = vec![0.0; m * n];
                        gemm(m, k, n, a, (k as isize, 1), &b, b_strides, 1.0, 0.0, &mut c, n).unwrap();
                        c
                    };
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
                same_for_any_thread_count(|| {
                    let mut c = vec![0f32; m * n];
                    gemm(m, k, n, &a, (k as isize, 1), &b, (1, k as isize), 1.0, 0.0, &mut c, n).unwrap();
                    c
                });
            }
        });
    }

    #[test]
    fn batches_equal_single_products_and_repeat_an_operand() {
        each_isa(|_| {
            let (batch, m, k, n) = (5, 20, 17, 9);
            let (a, b) = (values::<f32>(batch * m * k, 1), values::<f32>(k * n, 2));
            let (mut apart, mut mixed) = (vec![0f32; batch * m * n], vec![0f32; batch * m * n]);
            batched_gemm(
                batch,
                m,
                k,
                n,
                &a,
                m * k,
                (17, 1),
                &b,
                0,
                (9, 1),
                1.0,
                0.0,
                &mut apart,
                m * n,
                n,
            )
            .unwrap();
            batched_gemm(
                batch,
                m,
                k,
                n,
                &a,
                m * k,
                (17, 1),
                &b,
                0,
                (9, 1),
                1.0,
                0.0,
                &mut mixed,
                n,
                batch * n,
            )
            .unwrap();
            for i in 0..batch {
                let mut one = vec![0f32; m * n];
                gemm(m, k, n, &a[i * m * k..], (17, 1), &b, (9, 1), 1.0, 0.0, &mut one, n).unwrap();
                assert_eq!(one, apart[i * m * n..][..m * n]);
                assert!((0..m).all(|r| mixed[r * batch * n + i * n..][..n] == one[r * n..][..n]));
            }
        });
    }

    #[test]
    fn bad_shapes_are_refused() {
        let (a, mut c) = ([0f32; 4], [0f32; 4]);
        assert!(gemm(2, 2, 2, &a[..3], (2, 1), &a, (2, 1), 1.0, 0.0, &mut c, 2).is_err());
        assert!(gemm(2, 2, 2, &a, (2, -1), &a, (2, 1), 1.0, 0.0, &mut c, 2).is_err());
        assert!(gemm(2, 2, 2, &a, (2, 1), &a, (2, 1), 1.0, 0.0, &mut c, 1).is_err());
        assert!(batched_gemm(2, 1, 1, 2, &a, 0, (1, 1), &a, 0, (2, 1), 1.0, 0.0, &mut c, 1, 2).is_err());
    }
}
