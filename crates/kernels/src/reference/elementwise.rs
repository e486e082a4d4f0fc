//! Twins of [`crate::cpu::elementwise`].

use super::strided::indices;
use crate::cpu::elementwise::{BinaryOp, CompareOp};

fn operand<T: Copy>(x: &[T], strides: &[usize], shape: &[usize]) -> Vec<T> {
    let strides: Vec<isize> = strides.iter().map(|&s| s as isize).collect();
    indices(0, &strides, shape).into_iter().map(|i| x[i]).collect()
}

/// Twin of `binary`.
pub fn binary(op: BinaryOp, a: &[f64], sa: &[usize], b: &[f64], sb: &[usize], shape: &[usize]) -> Vec<f64> {
    let pick = |a: f64, b: f64, a_wins: bool| if a.is_nan() || (a_wins && !b.is_nan()) { a } else { b };
    let f = |(a, b): (f64, f64)| match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Max => pick(a, b, a > b),
        BinaryOp::Min => pick(a, b, a < b),
    };
    operand(a, sa, shape)
        .into_iter()
        .zip(operand(b, sb, shape))
        .map(f)
        .collect()
}

/// Twin of `compare`.
pub fn compare(op: CompareOp, a: &[f64], sa: &[usize], b: &[f64], sb: &[usize], shape: &[usize]) -> Vec<u8> {
    let f = |(a, b): (f64, f64)| match op {
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
    };
    operand(a, sa, shape)
        .into_iter()
        .zip(operand(b, sb, shape))
        .map(|pair| f(pair) as u8)
        .collect()
}

/// Twin of `where_`.
pub fn where_(
    cond: &[u8],
    sc: &[usize],
    a: &[f64],
    sa: &[usize],
    b: &[f64],
    sb: &[usize],
    shape: &[usize],
) -> Vec<f64> {
    let (a, b) = (operand(a, sa, shape), operand(b, sb, shape));
    operand(cond, sc, shape)
        .into_iter()
        .enumerate()
        .map(|(i, c)| if c != 0 { a[i] } else { b[i] })
        .collect()
}
