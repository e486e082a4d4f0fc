//! Twins of [`crate::cpu::index`].

use crate::cpu::axis::AxisDims;

/// Twin of `gather`.
pub fn gather(dims: AxisDims, n_out: usize, x: &[f64], index: &[i64]) -> Vec<f64> {
    let AxisDims { outer, n, inner } = dims;
    let mut out = Vec::new();
    for o in 0..outer {
        for i in 0..n_out {
            for j in 0..inner {
                out.push(x[(o * n + index[(o * n_out + i) * inner + j] as usize) * inner + j]);
            }
        }
    }
    out
}

/// Twin of `scatter_add`.
pub fn scatter_add(dims: AxisDims, n_src: usize, dst: &mut [f64], index: &[i64], src: &[f64]) {
    for (at, (&id, &src)) in index.iter().zip(src).enumerate() {
        dst[target(dims, n_src, at, id)] += src;
    }
}

/// Twin of `scatter`.
pub fn scatter(dims: AxisDims, n_src: usize, dst: &mut [f64], index: &[i64], src: &[f64]) {
    for (at, (&id, &src)) in index.iter().zip(src).enumerate() {
        dst[target(dims, n_src, at, id)] = src;
    }
}

/// Where element `at` of the source goes.
fn target(dims: AxisDims, n_src: usize, at: usize, id: i64) -> usize {
    let AxisDims { n, inner, .. } = dims;
    (at / (n_src * inner) * n + id as usize) * inner + at % inner
}
