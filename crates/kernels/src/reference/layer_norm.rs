//! Twins of [`crate::cpu::layer_norm`].

use crate::cpu::layer_norm::{LayerNormOperands, NormDims};

fn stats(x: &[f64], eps: f64) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let var = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    (mean, 1.0 / (var + eps).sqrt())
}

/// Twin of `layer_norm`.
pub fn layer_norm(dims: NormDims, operands: LayerNormOperands<'_, f64>, eps: f64) -> Vec<f64> {
    let NormDims { rows, n } = dims;
    let LayerNormOperands { x, w, b } = operands;
    let mut y = Vec::new();
    for row in 0..rows {
        let x = &x[row * n..(row + 1) * n];
        let (mean, rstd) = stats(x, eps);
        for i in 0..n {
            y.push((x[i] - mean) * rstd * w.map_or(1.0, |w| w[i]) + b.map_or(0.0, |b| b[i]));
        }
    }
    y
}

/// Twin of `layer_norm_backward`: (dx, dw, db), the statistics recomputed.
pub fn layer_norm_backward(
    dims: NormDims,
    operands: LayerNormOperands<'_, f64>,
    eps: f64,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let NormDims { rows, n } = dims;
    let LayerNormOperands { x, w, .. } = operands;
    let (mut dx, mut dw, mut db) = (Vec::new(), vec![0.0; n], vec![0.0; n]);
    for row in 0..rows {
        let (x, dy) = (&x[row * n..(row + 1) * n], &dy[row * n..(row + 1) * n]);
        let (mean, rstd) = stats(x, eps);
        let xhat: Vec<f64> = x.iter().map(|x| (x - mean) * rstd).collect();
        let g: Vec<f64> = (0..n).map(|i| dy[i] * w.map_or(1.0, |w| w[i])).collect();
        let g_mean = g.iter().sum::<f64>() / n as f64;
        let gx_mean = (0..n).map(|i| g[i] * xhat[i]).sum::<f64>() / n as f64;
        for i in 0..n {
            dx.push(rstd * (g[i] - g_mean - xhat[i] * gx_mean));
            dw[i] += dy[i] * xhat[i];
            db[i] += dy[i];
        }
    }
    (dx, dw, db)
}
