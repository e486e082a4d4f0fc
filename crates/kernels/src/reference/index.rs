//! Twins of [`crate::cpu::index`].

/// Twin of `gather`.
pub fn gather(x: &[f64], index: &[i64], outer: usize, n: usize, n_out: usize, inner: usize) -> Vec<f64> {
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
pub fn scatter_add(dst: &mut [f64], index: &[i64], src: &[f64], n_dst: usize, n_src: usize, inner: usize) {
    for (at, (&id, &src)) in index.iter().zip(src).enumerate() {
        let (o, j) = (at / (n_src * inner), at % inner);
        dst[(o * n_dst + id as usize) * inner + j] += src;
    }
}

/// Twin of `scatter`.
pub fn scatter(dst: &mut [f64], index: &[i64], src: &[f64], n_dst: usize, n_src: usize, inner: usize) {
    for (at, (&id, &src)) in index.iter().zip(src).enumerate() {
        let (o, j) = (at / (n_src * inner), at % inner);
        dst[(o * n_dst + id as usize) * inner + j] = src;
    }
}
