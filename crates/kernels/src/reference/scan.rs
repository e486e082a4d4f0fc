//! Twin of [`crate::cpu::scan`]: each sum from the start.

use crate::cpu::axis::AxisDims;

/// Twin of `cumsum`.
pub fn cumsum(dims: AxisDims, x: &[f64], reverse: bool) -> Vec<f64> {
    let AxisDims { outer, n, inner } = dims;
    let at = |o: usize, k: usize, i: usize| (o * n + k) * inner + i;
    let mut y = vec![0.0; x.len()];
    for o in 0..outer {
        for k in 0..n {
            for i in 0..inner {
                let range = if reverse { k..n } else { 0..k + 1 };
                y[at(o, k, i)] = range.map(|j| x[at(o, j, i)]).sum();
            }
        }
    }
    y
}
