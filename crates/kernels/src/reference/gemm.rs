//! Plain twins of the products.

/// `beta · C + alpha · A · B` with element strides; C is (m, n) with rows `c_rs` apart.
#[allow(clippy::too_many_arguments, reason = "as the kernel")]
pub fn gemm(
    m: usize,
    k: usize,
    n: usize,
    a: &[f64],
    (a_rs, a_cs): (usize, usize),
    b: &[f64],
    (b_rs, b_cs): (usize, usize),
    alpha: f64,
    beta: f64,
    c: &mut [f64],
    c_rs: usize,
) {
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k).map(|kk| a[i * a_rs + kk * a_cs] * b[kk * b_rs + j * b_cs]).sum();
            let old = if beta == 0.0 { 0.0 } else { beta * c[i * c_rs + j] };
            c[i * c_rs + j] = old + alpha * sum;
        }
    }
}
