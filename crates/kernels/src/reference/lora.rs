//! Plain twins of the low-rank update.

use super::dropout::drop_factor;
use crate::cpu::linear::{Layout, LinearWeight};
use crate::cpu::lora::{Block, GroupedDims, GroupedOperands, LoraDims, LoraFactors, LoraOperands};

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

/// (h, y) of `lora_grouped`, added to the base product `y`.
pub fn lora_grouped(dims: GroupedDims<'_>, operands: GroupedOperands<'_, f64>, y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let GroupedDims { k, n, segments, .. } = dims;
    let (mut all, mut y) = (Vec::new(), y.to_vec());
    for segment in segments {
        let group = &operands.groups[segment.group];
        let LoraFactors { a, b, scaling } = group.factors;
        for i in segment.start..segment.start + segment.len {
            let x = |kk| drop_factor(group.dropout, i * k + kk) * operands.x[i * k + kk];
            let h: Vec<f64> = (0..group.r)
                .map(|c| (0..k).map(|kk| x(kk) * a[c * k + kk]).sum())
                .collect();
            for j in 0..n {
                let sum: f64 = (0..group.r).map(|c| h[c] * b[j * group.r + c]).sum();
                y[i * n + j] += scaling * sum;
            }
            all.extend(h);
        }
    }
    (all, y)
}

/// (dx, dA of each group, dB of each group) of `lora_grouped_backward`, dx added to `dx`.
pub fn lora_grouped_backward(
    dims: GroupedDims<'_>,
    operands: GroupedOperands<'_, f64>,
    h: &[f64],
    dy: &[f64],
    dx: &[f64],
) -> (Vec<f64>, Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let GroupedDims { k, n, segments, .. } = dims;
    let (mut dx, mut at) = (dx.to_vec(), 0);
    let zeros = |len: &dyn Fn(&LoraFactors<'_, f64>) -> usize| -> Vec<Vec<f64>> {
        operands
            .groups
            .iter()
            .map(|group| vec![0.0; len(&group.factors)])
            .collect()
    };
    let (mut da, mut db) = (zeros(&|factors| factors.a.len()), zeros(&|factors| factors.b.len()));
    for segment in segments {
        let group = &operands.groups[segment.group];
        let (LoraFactors { a, b, scaling }, r) = (group.factors, group.r);
        for i in segment.start..segment.start + segment.len {
            for c in 0..r {
                let mut dh = 0.0;
                for j in 0..n {
                    dh += scaling * dy[i * n + j] * b[j * r + c];
                    db[segment.group][j * r + c] += scaling * dy[i * n + j] * h[at + c];
                }
                for kk in 0..k {
                    let factor = drop_factor(group.dropout, i * k + kk);
                    dx[i * k + kk] += factor * dh * a[c * k + kk];
                    da[segment.group][c * k + kk] += factor * dh * operands.x[i * k + kk];
                }
            }
            at += r;
        }
    }
    (dx, da, db)
}
