//! Twins of [`crate::cpu::reduce`].

use crate::cpu::reduce::{AxisDims, ReduceOp};

/// The `n` values of every output, in order.
fn lines(dims: AxisDims, x: &[f64]) -> Vec<Vec<f64>> {
    let AxisDims { outer, n, inner } = dims;
    (0..outer * inner)
        .map(|i| (0..n).map(|k| x[(i / inner * n + k) * inner + i % inner]).collect())
        .collect()
}

/// Twin of `reduce`.
pub fn reduce(op: ReduceOp, dims: AxisDims, x: &[f64]) -> Vec<f64> {
    let one = |line: Vec<f64>| match op {
        ReduceOp::Sum => line.iter().sum::<f64>() + 0.0,
        ReduceOp::Mean => line.iter().sum::<f64>() / dims.n as f64,
        ReduceOp::Max => line.into_iter().fold(f64::NEG_INFINITY, f64::max),
        ReduceOp::Min => line.into_iter().fold(f64::INFINITY, f64::min),
        ReduceOp::LogSumExp => line.iter().map(|x| x.exp()).sum::<f64>().ln(),
        ReduceOp::Prod => line.iter().product(),
    };
    lines(dims, x).into_iter().map(one).collect()
}

/// Twin of `var`.
pub fn var(dims: AxisDims, x: &[f64], correction: f64) -> Vec<f64> {
    let n = dims.n;
    let one = |line: Vec<f64>| {
        let mean = line.iter().sum::<f64>() / n as f64;
        line.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n as f64 - correction).max(0.0)
    };
    lines(dims, x).into_iter().map(one).collect()
}

/// Twin of `argmax` for values without NaN.
pub fn argmax(dims: AxisDims, x: &[f64]) -> Vec<i64> {
    let one = |line: Vec<f64>| {
        let max = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        line.iter().position(|&x| x == max).map_or(-1, |i| i as i64)
    };
    lines(dims, x).into_iter().map(one).collect()
}
