//! Plain twins of the low-rank update.

use super::dropout::drop_factor;
use crate::cpu::linear::{Layout, LinearWeight};
use crate::cpu::lora::{Block, LoraDims, LoraFactors, LoraOperands};

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

/// (h, y) of `lora_update`, added to `y`.
pub fn lora_update(dims: LoraDims<'_>, operands: LoraOperands<'_, f64>, y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let LoraDims { m, k, n, r, blocks } = dims;
    let LoraOperands { x, factors, dropout } = operands;
    let LoraFactors { a, b, scaling } = factors;
    let gr = dims.rows_a();
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
pub fn lora_update_backward(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, f64>,
    h: &[f64],
    dy: &[f64],
    dx: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let LoraDims { m, k, n, r, blocks } = dims;
    let LoraOperands { x, factors, dropout } = operands;
    let LoraFactors { a, b, scaling } = factors;
    let gr = dims.rows_a();
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
pub fn lora_merge(dims: LoraDims<'_>, factors: LoraFactors<'_, f64>, weight: LinearWeight<'_, f64>) -> Vec<f64> {
    let LoraDims { k, n, r, blocks, .. } = dims;
    let LoraFactors { a, b, scaling } = factors;
    let mut out: Vec<f64> = (0..n * k).map(|i| weight.values.get(i)).collect();
    for &(g, row, column) in &outputs(blocks) {
        for kk in 0..k {
            let sum: f64 = (0..r).map(|c| b[row * r + c] * a[(g * r + c) * k + kk]).sum();
            let at = if weight.layout == Layout::OutIn {
                column * k + kk
            } else {
                kk * n + column
            };
            out[at] += scaling * sum;
        }
    }
    out
}
