//! Arithmetic, comparison and selection over two or three operands that broadcast by stride 0.

mod select;

pub use select::where_;

pub use super::broadcast::Operand;

use super::broadcast::{Broadcast, map_broadcast};
use super::map::{map_inplace, zip_inplace, zip_inplace_loop};
use crate::error::{Result, check_len, fail};
use crate::float::Float;
use crate::{isa, par};

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// aᵇ
    Pow,
    /// The larger; NaN where either is NaN.
    Max,
    /// The smaller; NaN where either is NaN.
    Min,
}

/// A comparison; any comparison with NaN but `Ne` is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// a = b
    Eq,
    /// a ≠ b
    Ne,
    /// a < b
    Lt,
    /// a ≤ b
    Le,
    /// a > b
    Gt,
    /// a ≥ b
    Ge,
}

/// Calls `$go` with the operator as a closure, so that each operator gets its own vectorised loop.
macro_rules! with_binary {
    ($op:expr, $go:ident, $($args:expr),*) => {
        match $op {
            BinaryOp::Add => $go($($args,)* #[inline(always)] |a: T, b: T| a + b),
            BinaryOp::Sub => $go($($args,)* #[inline(always)] |a: T, b: T| a - b),
            BinaryOp::Mul => $go($($args,)* #[inline(always)] |a: T, b: T| a * b),
            BinaryOp::Div => $go($($args,)* #[inline(always)] |a: T, b: T| a / b),
            BinaryOp::Pow => $go($($args,)* #[inline(always)] |a: T, b: T| a.powf(b)),
            BinaryOp::Max => $go($($args,)* #[inline(always)] |a: T, b: T| a.max_nan(b)),
            BinaryOp::Min => $go($($args,)* #[inline(always)] |a: T, b: T| a.min_nan(b)),
        }
    };
}

/// `out = a op b` over `shape`.
///
/// # Errors
/// When `out` is not of that shape, or an operand is shorter than its strides say.
pub fn binary<T: Float>(
    op: BinaryOp,
    shape: &[usize],
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    out: &mut [T],
) -> Result<()> {
    let plan = Broadcast::new(
        "binary",
        shape,
        [a.strides, b.strides],
        [a.values.len(), b.values.len()],
        out.len(),
    )?;
    let (a, b) = (a.values, b.values);
    with_binary!(op, map_broadcast, &plan, a, b, out);
    Ok(())
}

/// `a = a op b` where `a` is contiguous of `shape` and `b` broadcasts.
///
/// # Errors
/// When `a` is not of that shape, or `b` is shorter than its strides say.
pub fn binary_assign<T: Float>(op: BinaryOp, shape: &[usize], a: &mut [T], b: Operand<'_, T>) -> Result<()> {
    let plan = Broadcast::new("binary_assign", shape, [b.strides], [b.values.len()], a.len())?;
    with_binary!(op, assign_broadcast, &plan, b.values, a);
    Ok(())
}

fn assign_broadcast<T: Float>(plan: &Broadcast<1>, b: &[T], a: &mut [T], f: impl Fn(T, T) -> T + Sync + Copy) {
    par::flat_mut(a, |start, chunk| {
        isa::dispatch(
            #[inline(always)]
            || {
                plan.walk(
                    start,
                    chunk.len(),
                    #[inline(always)]
                    |range, [offset], [stride]| assign_run(&mut chunk[range], &b[offset..], stride, f),
                )
            },
        )
    });
}

#[inline(always)]
fn assign_run<T: Float>(a: &mut [T], b: &[T], stride: usize, f: impl Fn(T, T) -> T) {
    match stride {
        1 => zip_inplace_loop(b, a, f),
        0 => {
            let b = b[0];
            for a in a {
                *a = f(*a, b);
            }
        }
        stride => {
            for (a, &b) in a.iter_mut().zip(b.iter().step_by(stride)) {
                *a = f(*a, b);
            }
        }
    }
}

/// `out = a op b` for integers; wraps around.
///
/// # Errors
/// As [`binary`], and for `Div` and `Pow`, which are not defined for integers.
pub fn binary_i64(
    op: BinaryOp,
    shape: &[usize],
    a: Operand<'_, i64>,
    b: Operand<'_, i64>,
    out: &mut [i64],
) -> Result<()> {
    const NAME: &str = "binary_i64";
    let plan = Broadcast::new(
        NAME,
        shape,
        [a.strides, b.strides],
        [a.values.len(), b.values.len()],
        out.len(),
    )?;
    let (a, b) = (a.values, b.values);
    match op {
        BinaryOp::Add => map_broadcast(&plan, a, b, out, i64::wrapping_add),
        BinaryOp::Sub => map_broadcast(&plan, a, b, out, i64::wrapping_sub),
        BinaryOp::Mul => map_broadcast(&plan, a, b, out, i64::wrapping_mul),
        BinaryOp::Max => map_broadcast(&plan, a, b, out, i64::max),
        BinaryOp::Min => map_broadcast(&plan, a, b, out, i64::min),
        BinaryOp::Div | BinaryOp::Pow => return fail(NAME, format!("{op:?} is not defined for integers")),
    }
    Ok(())
}

/// `out = a op b` as 0 or 1, for any ordered type (f32, f64, i64, u8).
///
/// # Errors
/// As [`binary`].
pub fn compare<T: PartialOrd + Copy + Send + Sync>(
    op: CompareOp,
    shape: &[usize],
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    out: &mut [u8],
) -> Result<()> {
    let plan = Broadcast::new(
        "compare",
        shape,
        [a.strides, b.strides],
        [a.values.len(), b.values.len()],
        out.len(),
    )?;
    let (a, b) = (a.values, b.values);
    match op {
        CompareOp::Eq => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a == b) as u8,
        ),
        CompareOp::Ne => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a != b) as u8,
        ),
        CompareOp::Lt => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a < b) as u8,
        ),
        CompareOp::Le => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a <= b) as u8,
        ),
        CompareOp::Gt => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a > b) as u8,
        ),
        CompareOp::Ge => map_broadcast(
            &plan,
            a,
            b,
            out,
            #[inline(always)]
            |a, b| (a >= b) as u8,
        ),
    }
    Ok(())
}

/// `y += alpha · x`.
///
/// # Errors
/// When the lengths differ.
pub fn axpy<T: Float>(alpha: T, x: &[T], y: &mut [T]) -> Result<()> {
    check_len("axpy", "y", y.len(), x.len())?;
    zip_inplace(
        x,
        y,
        #[inline(always)]
        move |y, x| y + alpha * x,
    );
    Ok(())
}

/// `y *= alpha`.
pub fn scale<T: Float>(alpha: T, y: &mut [T]) {
    map_inplace(
        y,
        #[inline(always)]
        move |y| y * alpha,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::elementwise as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    const OPS: [BinaryOp; 7] = {
        use BinaryOp::*;
        [Add, Sub, Mul, Div, Pow, Max, Min]
    };
    const COMPARES: [CompareOp; 6] = {
        use CompareOp::*;
        [Eq, Ne, Lt, Le, Gt, Ge]
    };

    /// Shapes with strides of two operands: equal, scalar, row, column, outer and odd ones.
    fn cases(n: usize) -> Vec<(Vec<usize>, Vec<usize>, Vec<usize>)> {
        vec![
            (vec![n], vec![1], vec![1]),
            (vec![n], vec![1], vec![0]),
            (vec![], vec![], vec![]),
            (vec![5, n], vec![n, 1], vec![0, 1]),
            (vec![n, 5], vec![5, 1], vec![1, 0]),
            (vec![3, n], vec![1, 0], vec![0, 1]),
            (vec![2, n, 3], vec![3, 0, 1], vec![3 * n, 3, 1]),
            (vec![n, 3], vec![1, n.max(1)], vec![3, 1]),
        ]
    }

    fn check<T: Float>(op: BinaryOp, n: usize) {
        for (shape, sa, sb) in cases(n) {
            let total: usize = shape.iter().product();
            let (mut a, b) = (values::<T>(total.max(1), 1), values::<T>(total.max(1), 2));
            if op == BinaryOp::Pow {
                a.iter_mut().for_each(|a| *a = a.abs());
            }
            let mut out = vec![T::ZERO; total];
            let (wide_a, wide_b) = (wide(&a), wide(&b));
            binary(op, &shape, Operand::new(&a, &sa), Operand::new(&b, &sb), &mut out).unwrap();
            let want = slow::binary(op, &shape, Operand::new(&wide_a, &sa), Operand::new(&wide_b, &sb));
            close(&out, &want, 1e-6, &format!("{op:?} {shape:?} {sa:?} {sb:?}"));
            if total > 0 {
                let mut assigned = a[..total].to_vec();
                let own: Vec<usize> = super::super::strided::contiguous(&shape)
                    .iter()
                    .map(|&s| s as usize)
                    .collect();
                binary_assign(op, &shape, &mut assigned, Operand::new(&b, &sb)).unwrap();
                close(
                    &assigned,
                    &slow::binary(op, &shape, Operand::new(&wide_a, &own), Operand::new(&wide_b, &sb)),
                    1e-6,
                    "assign",
                );
            }
        }
    }

    #[test]
    fn every_operator_meets_its_twin_in_every_broadcast() {
        each_isa(|_| {
            for n in SIZES {
                for op in OPS {
                    check::<f32>(op, n);
                    check::<f64>(op, n);
                }
            }
        });
    }

    #[test]
    fn comparisons_and_where_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES {
                for (shape, sa, sb) in cases(n) {
                    let total: usize = shape.iter().product();
                    let mut a = values::<f32>(total.max(1), 1);
                    let mut b: Vec<f32> = values(total.max(1), 2);
                    (a[0], b[total.max(1) / 2]) = (f32::NAN, a[total.max(1) / 2]);
                    let (wide_a, wide_b) = (wide(&a), wide(&b));
                    let (a, b) = (Operand::new(&a, &sa), Operand::new(&b, &sb));
                    let (wide_a, wide_b) = (Operand::new(&wide_a, &sa), Operand::new(&wide_b, &sb));
                    for op in COMPARES {
                        let mut out = vec![2; total];
                        compare(op, &shape, a, b, &mut out).unwrap();
                        assert_eq!(out, slow::compare(op, &shape, wide_a, wide_b), "{op:?} {shape:?}");
                    }
                    let cond: Vec<u8> = (0..total.max(1)).map(|i| (i % 3 == 0) as u8).collect();
                    let mut out = vec![0f32; total];
                    let cond = Operand::new(&cond, &sb);
                    where_(&shape, cond, a, b, &mut out).unwrap();
                    let want = slow::where_(&shape, cond, wide_a, wide_b);
                    close(&out, &want, 1e-6, &format!("where {shape:?}"));
                }
            }
        });
    }

    #[test]
    fn integers_wrap_and_have_no_division() {
        let mut out = [0i64; 2];
        let (a, b) = (Operand::new(&[i64::MAX, 1], &[1]), Operand::new(&[1], &[0]));
        binary_i64(BinaryOp::Add, &[2], a, b, &mut out).unwrap();
        assert_eq!(out, [i64::MIN, 2]);
        assert!(binary_i64(BinaryOp::Div, &[2], a, b, &mut out).is_err());
    }

    #[test]
    fn maximum_and_minimum_propagate_nan() {
        let mut out = [0f32; 2];
        let (a, b) = (
            Operand::new(&[f32::NAN, 1.0], &[1]),
            Operand::new(&[1.0, f32::NAN], &[1]),
        );
        binary(BinaryOp::Max, &[2], a, b, &mut out).unwrap();
        assert!(out[0].is_nan() && out[1].is_nan());
    }

    #[test]
    fn axpy_and_scale_do_large_slices() {
        let x = values::<f32>(100_003, 1);
        let mut y = x.clone();
        axpy(2.0, &x, &mut y).unwrap();
        scale(0.5, &mut y);
        close(&y, &wide(&x).iter().map(|x| 1.5 * x).collect::<Vec<_>>(), 1e-6, "axpy");
        assert!(axpy(2.0, &x[1..], &mut y).is_err());
    }

    #[test]
    fn short_operands_are_refused() {
        let mut out = [0f32; 4];
        let mut refuses = |size: usize, a| {
            let b = Operand::new(&[0.0; 4], &[1]);
            binary(BinaryOp::Add, &[size], a, b, &mut out).is_err()
        };
        assert!(!refuses(4, Operand::new(&[0.0; 4], &[1])));
        assert!(refuses(4, Operand::new(&[0.0; 3], &[1])));
        assert!(refuses(3, Operand::new(&[0.0; 4], &[1])));
        assert!(refuses(4, Operand::new(&[0.0; 4], &[1, 1])));
    }
}
