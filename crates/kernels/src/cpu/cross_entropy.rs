//! Cross entropy of logits and class numbers, a loss per row, with torch's label smoothing and class weights.

use super::fold;
use super::softmax::max_and_ln_sum;
use crate::error::{Result, check_len, outside};
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// The class of each row.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// (M).
    pub target: &'a [i64],
    /// Rows with this target have loss 0 and no gradient: nothing is computed for them.
    pub ignore_index: i64,
    /// Share of the target that is spread evenly over all classes.
    pub smoothing: f64,
}

impl Labels<'_> {
    /// How many rows are not ignored.
    pub fn counted(&self) -> usize {
        self.target.iter().filter(|&&t| t != self.ignore_index).count()
    }
}

/// Sizes of a batch of logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossEntropyDims {
    /// M: rows, batch · tokens.
    pub rows: usize,
    /// N: classes.
    pub classes: usize,
}

/// What [`cross_entropy`] reads besides the labels.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropyOperands<'a, T> {
    /// (M, N).
    pub logits: &'a [T],
    /// (N): factor of each class; absent = 1.
    pub class_weight: Option<&'a [T]>,
}

/// What [`cross_entropy`] writes.
#[derive(Debug)]
pub struct CrossEntropyOutputs<'a, T> {
    /// (M).
    pub loss: &'a mut [T],
    /// (M): log-sum-exp, kept for [`cross_entropy_backward`]; 0 for ignored rows.
    pub lse: &'a mut [T],
}

/// Loss of each row of logits for its target t, with log-probabilities `lp = x − lse` and class weights w:
/// `(1 − smoothing) · (−w[t] · lp[t]) + smoothing / classes · Σ_c (−w[c] · lp[c])`; 0 where t is `ignore_index`.
///
/// # Errors
/// When a length does not fit, or a target is neither a class nor `ignore_index`.
pub fn cross_entropy<T: Float>(
    dims: CrossEntropyDims,
    operands: CrossEntropyOperands<'_, T>,
    labels: Labels<'_>,
    outputs: CrossEntropyOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "cross_entropy";
    let CrossEntropyDims { rows, classes } = dims;
    let CrossEntropyOperands { logits, class_weight } = operands;
    let CrossEntropyOutputs { loss, lse } = outputs;
    let Labels {
        target,
        ignore_index,
        smoothing,
    } = labels;
    check_len(NAME, "loss", loss.len(), rows)?;
    check_len(NAME, "lse", lse.len(), rows)?;
    check(NAME, dims, &operands, &labels)?;
    let (hit, spread) = (T::from_f64(1.0 - smoothing), T::from_f64(smoothing / classes as f64));
    par::parts_mut(
        (Rows::new(loss, 1), Rows::new(lse, 1)),
        par::grain(classes),
        |start, (loss, lse)| {
            isa::dispatch(
                #[inline(always)]
                || {
                    for row in 0..loss.data.len() {
                        let t = target[start + row];
                        if t == ignore_index {
                            (loss.data[row], lse.data[row]) = (T::ZERO, T::ZERO);
                            continue;
                        }
                        let x = &logits[(start + row) * classes..(start + row + 1) * classes];
                        let (max, ln_sum) = max_and_ln_sum(x);
                        let w = class_weight.map_or(T::ONE, |w| w[t as usize]);
                        // The maximum is subtracted first: next to large logits the logarithm would be rounded away.
                        let mut value = hit * w * (ln_sum - (x[t as usize] - max));
                        if smoothing > 0.0 {
                            value += spread * smooth(x, class_weight, max, ln_sum);
                        }
                        (loss.data[row], lse.data[row]) = (value, max + ln_sum);
                    }
                },
            )
        },
    );
    Ok(())
}

/// `Σ_c −w[c] · lp[c]`.
#[inline(always)]
fn smooth<T: Float>(x: &[T], class_weight: Option<&[T]>, max: T, ln_sum: T) -> T {
    match class_weight {
        Some(w) => fold::sum_of2(
            x,
            w,
            #[inline(always)]
            |x, w| w * (ln_sum - (x - max)),
        ),
        None => fold::sum_of(
            x,
            #[inline(always)]
            |x| ln_sum - (x - max),
        ),
    }
}

/// `dlogits[c] = dloss · ((1 − smoothing) · w[t] · (p[c] − [c = t]) + smoothing / classes · (p[c] · Σw − w[c]))`
/// with `p = e^(x − lse)`; 0 for ignored rows. `lse` (M) comes from the forward pass; dloss (M), dlogits (M, N).
///
/// # Errors
/// As [`cross_entropy`].
pub fn cross_entropy_backward<T: Float>(
    dims: CrossEntropyDims,
    operands: CrossEntropyOperands<'_, T>,
    labels: Labels<'_>,
    lse: &[T],
    dloss: &[T],
    dlogits: &mut [T],
) -> Result<()> {
    const NAME: &str = "cross_entropy_backward";
    let CrossEntropyDims { rows, classes } = dims;
    let CrossEntropyOperands { logits, class_weight } = operands;
    let Labels {
        target,
        ignore_index,
        smoothing,
    } = labels;
    check_len(NAME, "dloss", dloss.len(), rows)?;
    check_len(NAME, "lse", lse.len(), rows)?;
    check_len(NAME, "dlogits", dlogits.len(), rows * classes)?;
    check(NAME, dims, &operands, &labels)?;
    let weight_sum = class_weight.map_or(classes as f64, |w| w.iter().map(|w| w.to_f64()).sum());
    par::rows_mut(dlogits, classes, par::grain(classes), |start, dlogits| {
        isa::dispatch(
            #[inline(always)]
            || {
                for (row, dx) in dlogits.chunks_exact_mut(classes).enumerate() {
                    let row = start + row;
                    if target[row] == ignore_index {
                        dx.fill(T::ZERO);
                        continue;
                    }
                    let (x, t, lse, dy) = (
                        &logits[row * classes..(row + 1) * classes],
                        target[row] as usize,
                        lse[row],
                        dloss[row],
                    );
                    let hit = (1.0 - smoothing) * class_weight.map_or(1.0, |w| w[t].to_f64());
                    let spread = smoothing / classes as f64;
                    let slope = dy * T::from_f64(hit + spread * weight_sum);
                    let even = dy * T::from_f64(spread);
                    let shares = class_weight.filter(|_| smoothing > 0.0);
                    slope_row(x, lse, slope, even, shares, dx);
                    dx[t] -= dy * T::from_f64(hit);
                }
            },
        )
    });
    Ok(())
}

/// `dx = slope · e^(x − lse) − even · w`.
#[inline(always)]
fn slope_row<T: Float>(x: &[T], lse: T, slope: T, even: T, w: Option<&[T]>, dx: &mut [T]) {
    match w {
        Some(w) => {
            for ((dx, &x), &w) in dx.iter_mut().zip(x).zip(w) {
                *dx = slope * (x - lse).exp() - even * w;
            }
        }
        None => {
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = slope * (x - lse).exp() - even;
            }
        }
    }
}

fn check<T>(
    kernel: &'static str,
    dims: CrossEntropyDims,
    operands: &CrossEntropyOperands<'_, T>,
    labels: &Labels<'_>,
) -> Result<()> {
    let CrossEntropyDims { rows, classes } = dims;
    check_len(kernel, "logits", operands.logits.len(), rows * classes)?;
    check_len(kernel, "target", labels.target.len(), rows)?;
    check_len(
        kernel,
        "class_weight",
        operands.class_weight.map_or(classes, <[T]>::len),
        classes,
    )?;
    check_classes(kernel, classes, labels.target, labels.ignore_index)
}

/// Fails for a target that is neither a class nor `ignore_index`, which the error names with its row.
///
/// # Errors
/// When there is such a value.
pub fn check_classes(kernel: &'static str, classes: usize, target: &[i64], ignore_index: i64) -> Result<()> {
    let bad = |&t: &i64| t != ignore_index && (t < 0 || t as u64 >= classes as u64);
    match target.iter().position(bad) {
        None => Ok(()),
        Some(row) => {
            let t = target[row];
            let what = format!("target of row {row} is {t}, expected a class in 0..{classes} or {ignore_index}");
            let expected = format!(
                "a class from 0 to {}, or {ignore_index} to ignore the row",
                classes as i64 - 1
            );
            outside(kernel, what, expected, t)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::cross_entropy as slow;
    use crate::testing::{SIZES, close, each_isa, ids, values, wide};

    fn labels(target: &[i64], smoothing: f64) -> Labels<'_> {
        Labels {
            target,
            ignore_index: -100,
            smoothing,
        }
    }

    fn meets_twin<T: Float>(rows: usize, classes: usize, smoothing: f64, weighted: bool) {
        let (x, dloss) = (values::<T>(rows * classes, 1), values::<T>(rows, 2));
        let weights: Vec<T> = values::<T>(classes, 3).into_iter().map(|w| w.abs()).collect();
        let mut target = ids(rows, classes, 4);
        target.iter_mut().skip(1).step_by(3).for_each(|t| *t = -100);
        let (dims, labels) = (CrossEntropyDims { rows, classes }, labels(&target, smoothing));
        let operands = CrossEntropyOperands {
            logits: &x[..],
            class_weight: weighted.then_some(&weights[..]),
        };
        let (mut loss, mut lse) = (vec![T::ONE; rows], vec![T::ONE; rows]);
        let outputs = CrossEntropyOutputs {
            loss: &mut loss,
            lse: &mut lse,
        };
        cross_entropy(dims, operands, labels, outputs).unwrap();
        let mut dx = vec![T::ONE; rows * classes];
        cross_entropy_backward(dims, operands, labels, &lse, &dloss, &mut dx).unwrap();
        let context = format!("({rows}, {classes}) smoothing {smoothing} weighted {weighted}");
        let (x, weights) = (wide(&x), wide(&weights));
        let operands = CrossEntropyOperands {
            logits: &x[..],
            class_weight: weighted.then_some(&weights[..]),
        };
        let (want, want_dx) = slow::cross_entropy(dims, operands, labels, &wide(&dloss));
        close(&loss, &want, 5e-6, &context);
        close(&dx, &want_dx, 5e-6, &format!("{context} backward"));
    }

    /// Losses of rows of logits without class weights.
    fn losses(classes: usize, logits: &[f32], target: &[i64]) -> Result<Vec<f32>> {
        let rows = target.len();
        let (mut loss, mut lse) = (vec![0.0; rows], vec![0.0; rows]);
        let operands = CrossEntropyOperands {
            logits,
            class_weight: None,
        };
        let outputs = CrossEntropyOutputs {
            loss: &mut loss,
            lse: &mut lse,
        };
        cross_entropy(
            CrossEntropyDims { rows, classes },
            operands,
            labels(target, 0.0),
            outputs,
        )?;
        Ok(loss)
    }

    #[test]
    fn losses_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for classes in SIZES.into_iter().filter(|&n| n > 0) {
                for rows in [0, 1, 5, 17] {
                    for (smoothing, weighted) in [(0.0, false), (0.0, true), (0.1, false), (0.2, true)] {
                        meets_twin::<f32>(rows, classes, smoothing, weighted);
                        meets_twin::<f64>(rows, classes, smoothing, weighted);
                    }
                }
            }
            meets_twin::<f32>(3, 50_257, 0.1, false);
        });
    }

    #[test]
    fn a_target_that_is_no_class_is_named_with_its_row() {
        let error = losses(3, &[0.0; 6], &[0, 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cross_entropy: target of row 1 is 3, expected a class in 0..3 or -100"
        );
    }

    #[test]
    fn large_logits_stay_exact() {
        assert_eq!(losses(2, &[1e8, 1e8], &[0]).unwrap(), [std::f32::consts::LN_2]);
    }
}
