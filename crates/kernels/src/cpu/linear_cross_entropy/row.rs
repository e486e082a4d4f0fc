//! One chunk of logits: each row yields its loss and becomes its gradient.

use crate::cpu::cross_entropy::Labels;
use crate::cpu::fold;
use crate::cpu::softmax::max_and_ln_sum;
use crate::par::{self, Rows};
use crate::{Float, isa};

/// The losses of the rows of a chunk. With `dloss`, the logits become the gradients.
pub(super) fn loss_rows<T: Float>(
    logits: &mut [T],
    rows: &[usize],
    labels: &Labels<'_>,
    dloss: Option<T>,
    losses: &mut [T],
) {
    let classes = logits.len() / rows.len();
    let mut found = vec![T::ZERO; rows.len()];
    par::parts_mut(
        (Rows::new(logits, classes), Rows::new(&mut found, 1)),
        par::grain(classes),
        |start, (logits, found)| {
            isa::dispatch(
                #[inline(always)]
                || {
                    let each = logits.data.chunks_exact_mut(classes).zip(found.data.iter_mut());
                    for ((x, loss), &row) in each.zip(&rows[start..]) {
                        let t = labels.target[row] as usize;
                        *loss = match dloss {
                            Some(dloss) => loss_and_slope(x, t, labels.smoothing, dloss),
                            None => loss_only(x, t, labels.smoothing),
                        };
                    }
                },
            )
        },
    );
    for (&row, loss) in rows.iter().zip(found) {
        losses[row] = loss;
    }
}

/// `(1 − smoothing) · −lp[t] + smoothing / classes · Σ_c −lp[c]` with `lp = x − max − ln_sum`; `below` is `Σ_c (x − max)`.
#[inline(always)]
fn smoothed<T: Float>(hit: T, ln_sum: T, classes: usize, smoothing: f64, below: impl FnOnce() -> T) -> T {
    let loss = T::from_f64(1.0 - smoothing) * (ln_sum - hit);
    if smoothing > 0.0 {
        // Both terms are positive: no digits are lost.
        loss + T::from_f64(smoothing) * (ln_sum - below() / T::from_f64(classes as f64))
    } else {
        loss
    }
}

#[inline(always)]
fn sum_below<T: Float>(x: &[T], max: T) -> T {
    fold::sum_of(
        x,
        #[inline(always)]
        |x| x - max,
    )
}

#[inline(always)]
fn loss_only<T: Float>(x: &[T], t: usize, smoothing: f64) -> T {
    let (max, ln_sum) = max_and_ln_sum(x);
    smoothed(
        x[t] - max,
        ln_sum,
        x.len(),
        smoothing,
        #[inline(always)]
        || sum_below(x, max),
    )
}

/// The loss of a row; its logits become `dloss · (p − (1 − smoothing) · [c = t] − smoothing / classes)` with one exponential each.
#[inline(always)]
fn loss_and_slope<T: Float>(x: &mut [T], t: usize, smoothing: f64, dloss: T) -> T {
    let max = fold::max(x);
    let hit = x[t] - max;
    let below = if smoothing > 0.0 { sum_below(x, max) } else { T::ZERO };
    for x in x.iter_mut() {
        *x = (*x - max).exp();
    }
    let sum = fold::sum(x);
    let slope = dloss / sum;
    let even = dloss * T::from_f64(smoothing / x.len() as f64);
    for x in x.iter_mut() {
        *x = slope * *x - even;
    }
    x[t] -= dloss * T::from_f64(1.0 - smoothing);
    smoothed(
        hit,
        sum.ln(),
        x.len(),
        smoothing,
        #[inline(always)]
        || below,
    )
}
