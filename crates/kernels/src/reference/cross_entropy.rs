//! Twin of [`crate::cpu::cross_entropy`], straight from the definition of torch's loss.

use crate::cpu::cross_entropy::{CrossEntropyDims, CrossEntropyOperands, Labels};

/// (loss, dlogits) of `cross_entropy` and its backward.
pub fn cross_entropy(
    dims: CrossEntropyDims,
    operands: CrossEntropyOperands<'_, f64>,
    labels: Labels<'_>,
    dloss: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let classes = dims.classes;
    let CrossEntropyOperands {
        logits: x,
        class_weight,
    } = operands;
    let Labels {
        target,
        ignore_index,
        smoothing,
    } = labels;
    let weight = |c: usize| class_weight.map_or(1.0, |w| w[c]);
    let (mut loss, mut dx) = (vec![0.0; target.len()], vec![0.0; x.len()]);
    for (row, &t) in target.iter().enumerate().filter(|&(_, &t)| t != ignore_index) {
        let x = &x[row * classes..(row + 1) * classes];
        // The maximum apart: the exponential of a large logit would be infinite.
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ln_sum = x.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
        // The loss is linear in the log-probabilities: Σ share[c] · −lp[c].
        let share = |c: usize| {
            let hit = if c as i64 == t { 1.0 - smoothing } else { 0.0 };
            weight(c) * (hit + smoothing / classes as f64)
        };
        let total: f64 = (0..classes).map(share).sum();
        for c in 0..classes {
            loss[row] += share(c) * (ln_sum - (x[c] - max));
            dx[row * classes + c] = dloss[row] * ((x[c] - max - ln_sum).exp() * total - share(c));
        }
    }
    (loss, dx)
}
