//! Plain twins of the low-rank update.

use super::dropout::drop_factor;
use crate::cpu::dropout::Dropout;
use crate::cpu::linear::Layout;
use crate::cpu::lora::Block;

/// (block, row within the block, row in B, output column) of every updated output.
fn outputs(blocks: &[Block]) -> Vec<(usize, usize, usize)> {
    let mut rows = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        for j in 0..block.len {
            rows.push((i, rows.len(), block.start + j));
        }
    }
    rows
}

/// (h, y) of `lora_update`.
#[allow(clippy::too_many_arguments, reason = "as the kernel")]
pub fn lora_update(
    x: &[f64],
    a: &[f64],
    b: &[f64],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: f64,
    dropout: Option<Dropout>,
    y: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let gr = blocks.len() * r;
    let (mut h, mut y) = (vec![0.0; m * gr], y.to_vec());
    for i in 0..m {
        for c in 0..gr {
            h[i * gr + c] = (0..k)
                .map(|kk| drop_factor(dropout, i * k + kk) * x[i * k + kk] * a[c * k + kk])
                .sum();
        }
        for &(g, row, column) in &outputs(blocks) {
            let sum: f64 = (0..r).map(|c| h[i * gr + g * r + c] * b[row * r + c]).sum();
            y[i * n + column] += scaling * sum;
        }
    }
    (h, y)
}

/// (dx, dA, dB) of `lora_update_backward`, dx added to `dx`.
#[allow(clippy::too_many_arguments, reason = "as the kernel")]
pub fn lora_update_backward(
    dy: &[f64],
    x: &[f64],
    a: &[f64],
    b: &[f64],
    h: &[f64],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: f64,
    dropout: Option<Dropout>,
    dx: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let gr = blocks.len() * r;
    let (mut dx, mut da, mut db) = (dx.to_vec(), vec![0.0; gr * k], vec![0.0; b.len()]);
    for i in 0..m {
        let mut dh = vec![0.0; gr];
        for &(g, row, column) in &outputs(blocks) {
            for c in 0..r {
                dh[g * r + c] += scaling * dy[i * n + column] * b[row * r + c];
                db[row * r + c] += scaling * dy[i * n + column] * h[i * gr + g * r + c];
            }
        }
        for kk in 0..k {
            let factor = drop_factor(dropout, i * k + kk);
            for c in 0..gr {
                dx[i * k + kk] += factor * dh[c] * a[c * k + kk];
                da[c * k + kk] += dh[c] * factor * x[i * k + kk];
            }
        }
    }
    (dx, da, db)
}

/// `W + scaling · B · A`.
#[allow(clippy::too_many_arguments, reason = "as the kernel")]
pub fn lora_merge(
    w: &[f64],
    a: &[f64],
    b: &[f64],
    blocks: &[Block],
    layout: Layout,
    k: usize,
    n: usize,
    r: usize,
    scaling: f64,
) -> Vec<f64> {
    let mut out = w.to_vec();
    for &(g, row, column) in &outputs(blocks) {
        for kk in 0..k {
            let sum: f64 = (0..r).map(|c| b[row * r + c] * a[(g * r + c) * k + kk]).sum();
            let at = if layout == Layout::OutIn {
                column * k + kk
            } else {
                kk * n + column
            };
            out[at] += scaling * sum;
        }
    }
    out
}
