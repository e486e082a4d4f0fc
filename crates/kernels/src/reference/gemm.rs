//! Plain twins of the products.

use crate::cpu::gemm::{GemmDims, GemmOperands, GemmOutput};

/// `beta · C + alpha · A · B`.
pub fn gemm(dims: GemmDims, operands: GemmOperands<'_, f64>, output: GemmOutput<'_, f64>) {
    let GemmDims { m, k, n } = dims;
    let GemmOperands { a, b, alpha, beta, .. } = operands;
    let GemmOutput { c, row_stride } = output;
    let at = |(rows, columns): (isize, isize), i: usize, j: usize| i * rows as usize + j * columns as usize;
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k)
                .map(|kk| a[at(operands.a_strides, i, kk)] * b[at(operands.b_strides, kk, j)])
                .sum();
            let old = if beta == 0.0 { 0.0 } else { beta * c[i * row_stride + j] };
            c[i * row_stride + j] = old + alpha * sum;
        }
    }
}
