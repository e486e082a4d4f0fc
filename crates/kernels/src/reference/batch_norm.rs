//! Twins of [`crate::cpu::batch_norm`].

use crate::cpu::batch_norm::{BatchNormDims, BatchNormOperands};

/// Flat indices of one channel.
fn indices(dims: BatchNormDims, channel: usize) -> Vec<usize> {
    (0..dims.n)
        .flat_map(|n| (0..dims.len).map(move |i| (n * dims.c + channel) * dims.len + i))
        .collect()
}

fn statistics(x: &[f64], indices: &[usize]) -> (f64, f64) {
    let count = indices.len() as f64;
    let mean = indices.iter().map(|&i| x[i]).sum::<f64>() / count;
    let var = indices.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / count;
    (mean, var)
}

/// Twin of `batch_norm`: y, and means followed by variances.
pub fn batch_norm(dims: BatchNormDims, operands: BatchNormOperands<'_, f64>, eps: f64) -> (Vec<f64>, Vec<f64>) {
    let BatchNormOperands { x, w, b } = operands;
    let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * dims.c]);
    for channel in 0..dims.c {
        let indices = indices(dims, channel);
        let (mean, var) = statistics(x, &indices);
        (stats[channel], stats[dims.c + channel]) = (mean, var);
        for i in indices {
            y[i] = (x[i] - mean) / (var + eps).sqrt() * w.map_or(1.0, |w| w[channel]) + b.map_or(0.0, |b| b[channel]);
        }
    }
    (y, stats)
}

/// Twin of `batch_norm_backward`: (dx, dw, db), the statistics recomputed.
pub fn batch_norm_backward(
    dims: BatchNormDims,
    operands: BatchNormOperands<'_, f64>,
    eps: f64,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let BatchNormOperands { x, w, .. } = operands;
    let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; dims.c], vec![0.0; dims.c]);
    for channel in 0..dims.c {
        let indices = indices(dims, channel);
        let (mean, var) = statistics(x, &indices);
        let (rstd, count) = (1.0 / (var + eps).sqrt(), indices.len() as f64);
        for &i in &indices {
            dw[channel] += dy[i] * (x[i] - mean) * rstd;
            db[channel] += dy[i];
        }
        for &i in &indices {
            let unit = (x[i] - mean) * rstd;
            let g = dy[i] - db[channel] / count - unit * dw[channel] / count;
            dx[i] = w.map_or(1.0, |w| w[channel]) * rstd * g;
        }
    }
    (dx, dw, db)
}
