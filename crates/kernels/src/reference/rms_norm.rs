//! Twins of [`crate::cpu::rms_norm`].

use crate::cpu::rms_norm::{NormDims, RmsNormOperands};

fn rstd(x: &[f64], eps: f64) -> f64 {
    1.0 / (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64 + eps).sqrt()
}

/// Twin of `rms_norm`.
pub fn rms_norm(dims: NormDims, operands: RmsNormOperands<'_, f64>, eps: f64) -> Vec<f64> {
    let NormDims { rows, n } = dims;
    let RmsNormOperands { x, w } = operands;
    let value = |i: usize| x[i] * rstd(&x[i / n * n..(i / n + 1) * n], eps) * w.map_or(1.0, |w| w[i % n]);
    (0..rows * n).map(value).collect()
}

/// Twin of `rms_norm_backward`: (dx, dw), the statistics recomputed.
pub fn rms_norm_backward(
    dims: NormDims,
    operands: RmsNormOperands<'_, f64>,
    eps: f64,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let NormDims { rows, n } = dims;
    let RmsNormOperands { x, w } = operands;
    let (mut dx, mut dw) = (Vec::new(), vec![0.0; n]);
    for row in 0..rows {
        let (x, dy) = (&x[row * n..(row + 1) * n], &dy[row * n..(row + 1) * n]);
        let r = rstd(x, eps);
        let g: Vec<f64> = (0..n).map(|i| dy[i] * w.map_or(1.0, |w| w[i])).collect();
        let mean = (0..n).map(|i| g[i] * x[i] * r).sum::<f64>() / n as f64;
        for i in 0..n {
            dx.push(r * (g[i] - x[i] * r * mean));
            dw[i] += dy[i] * x[i] * r;
        }
    }
    (dx, dw)
}
