//! Twins of [`crate::cpu::elementwise`].

use super::strided::indices;
use crate::cpu::elementwise::{BinaryOp, CompareOp, Operand};

/// The operand at every element of the output.
fn expanded<T: Copy>(x: Operand<'_, T>, shape: &[usize]) -> Vec<T> {
    let strides: Vec<isize> = x.strides.iter().map(|&s| s as isize).collect();
    indices(0, &strides, shape).into_iter().map(|i| x.values[i]).collect()
}

/// Twin of `binary`.
pub fn binary(op: BinaryOp, shape: &[usize], a: Operand<'_, f64>, b: Operand<'_, f64>) -> Vec<f64> {
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
    expanded(a, shape).into_iter().zip(expanded(b, shape)).map(f).collect()
}

/// Twin of `compare`.
pub fn compare(op: CompareOp, shape: &[usize], a: Operand<'_, f64>, b: Operand<'_, f64>) -> Vec<u8> {
    let f = |(a, b): (f64, f64)| match op {
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
    };
    expanded(a, shape)
        .into_iter()
        .zip(expanded(b, shape))
        .map(|pair| f(pair) as u8)
        .collect()
}

/// Twin of `where_`.
pub fn where_(shape: &[usize], cond: Operand<'_, u8>, a: Operand<'_, f64>, b: Operand<'_, f64>) -> Vec<f64> {
    let (a, b) = (expanded(a, shape), expanded(b, shape));
    expanded(cond, shape)
        .into_iter()
        .enumerate()
        .map(|(i, c)| if c != 0 { a[i] } else { b[i] })
        .collect()
}
