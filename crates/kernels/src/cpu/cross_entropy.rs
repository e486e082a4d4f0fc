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
    /// (M): the largest logit, kept for [`cross_entropy_backward`]; 0 for ignored rows.
    pub max: &'a mut [T],
    /// (M): `ln Σ e^(x − max)`, kept as well; 0 for ignored rows.
    pub ln_sum: &'a mut [T],
}

/// What [`cross_entropy`] has kept of each row. The two stay apart: in f32, the sum of 100 and a logarithm of 6e-5 is rounded to steps of 7.6e-6, and the
/// gradient of a row that is nearly right, `p − 1`, would lose a tenth of itself.
#[derive(Clone, Copy, Debug)]
pub struct LogSums<'a, T> {
    /// (M): the largest logit.
    pub max: &'a [T],
    /// (M): `ln Σ e^(x − max)`.
    pub ln_sum: &'a [T],
}

/// Loss of each row of logits for its target t, with log-probabilities `lp = x − max − ln Σ e^(x − max)` and class weights w:
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
    let CrossEntropyOutputs { loss, max, ln_sum } = outputs;
    let Labels {
        target,
        ignore_index,
        smoothing,
    } = labels;
    check_len(NAME, "loss", loss.len(), rows)?;
    check_len(NAME, "max", max.len(), rows)?;
    check_len(NAME, "ln_sum", ln_sum.len(), rows)?;
    check(NAME, dims, &operands, &labels)?;
    let (hit, spread) = (T::from_f64(1.0 - smoothing), T::from_f64(smoothing / classes as f64));
    par::parts_mut(
        (Rows::new(loss, 1), Rows::new(max, 1), Rows::new(ln_sum, 1)),
        par::grain(classes),
        |start, (loss, maxima, ln_sums)| {
            isa::dispatch(
                #[inline(always)]
                || {
                    for row in 0..loss.data.len() {
                        let t = target[start + row];
                        if t == ignore_index {
                            for of in [&mut loss.data[row], &mut maxima.data[row], &mut ln_sums.data[row]] {
                                *of = T::ZERO;
                            }
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
                        (loss.data[row], maxima.data[row], ln_sums.data[row]) = (value, max, ln_sum);
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
/// with `p = e^(x − max − ln_sum)`; 0 for ignored rows. `sums` comes from the forward pass; dloss (M), dlogits (M, N).
///
/// # Errors
/// As [`cross_entropy`].
pub fn cross_entropy_backward<T: Float>(
    dims: CrossEntropyDims,
    operands: CrossEntropyOperands<'_, T>,
    labels: Labels<'_>,
    sums: LogSums<'_, T>,
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
    check_len(NAME, "max", sums.max.len(), rows)?;
    check_len(NAME, "ln_sum", sums.ln_sum.len(), rows)?;
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
                    let (x, t, dy) = (
                        &logits[row * classes..(row + 1) * classes],
                        target[row] as usize,
                        dloss[row],
                    );
                    let hit = (1.0 - smoothing) * class_weight.map_or(1.0, |w| w[t].to_f64());
                    let spread = smoothing / classes as f64;
                    let slope = dy * T::from_f64(hit + spread * weight_sum);
                    let even = dy * T::from_f64(spread);
                    let shares = class_weight.filter(|_| smoothing > 0.0);
                    slope_row(x, (sums.max[row], sums.ln_sum[row]), slope, even, shares, dx);
                    dx[t] -= dy * T::from_f64(hit);
                }
            },
        )
    });
    Ok(())
}

/// `dx = slope · e^(x − max − ln_sum) − even · w`.
#[inline(always)]
fn slope_row<T: Float>(x: &[T], (max, ln_sum): (T, T), slope: T, even: T, w: Option<&[T]>, dx: &mut [T]) {
    match w {
        Some(w) => {
            for ((dx, &x), &w) in dx.iter_mut().zip(x).zip(w) {
                *dx = slope * ((x - max) - ln_sum).exp() - even * w;
            }
        }
        None => {
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = slope * ((x - max) - ln_sum).exp() - even;
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

    fn loss_and_gradient<T: Float>(
        dims: CrossEntropyDims,
        operands: CrossEntropyOperands<'_, T>,
        labels: Labels<'_>,
        dloss: &[T],
    ) -> (Vec<T>, Vec<T>) {
        let [mut loss, mut max, mut ln_sum] = [(); 3].map(|()| vec![T::ONE; dims.rows]);
        let outputs = CrossEntropyOutputs {
            loss: &mut loss,
            max: &mut max,
            ln_sum: &mut ln_sum,
        };
        cross_entropy(dims, operands, labels, outputs).unwrap();
        let sums = LogSums {
            max: &max,
            ln_sum: &ln_sum,
        };
        let mut dx = vec![T::ONE; dims.rows * dims.classes];
        cross_entropy_backward(dims, operands, labels, sums, dloss, &mut dx).unwrap();
        (loss, dx)
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
        let (loss, dx) = loss_and_gradient(dims, operands, labels, &dloss);
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
        let [mut loss, mut max, mut ln_sum] = [(); 3].map(|()| vec![0.0; rows]);
        let operands = CrossEntropyOperands {
            logits,
            class_weight: None,
        };
        let outputs = CrossEntropyOutputs {
            loss: &mut loss,
            max: &mut max,
            ln_sum: &mut ln_sum,
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

    /// Rows that are nearly right, by their distance to the other logits: (gradient of the target, the same in f64), for each.
    fn nearly_right(at: f64, smoothing: f64) -> Vec<(f64, f64)> {
        let rows: Vec<[f32; 3]> = (0..40)
            .map(|i| [at, at - 9.0 - 0.05 * f64::from(i), at - 12.0].map(|x| x as f32))
            .collect();
        let (target, dloss) = (vec![0; rows.len()], vec![1.0f32; rows.len()]);
        let (dims, labels) = (
            CrossEntropyDims {
                rows: rows.len(),
                classes: 3,
            },
            labels(&target, smoothing),
        );
        let operands = CrossEntropyOperands {
            logits: rows.as_flattened(),
            class_weight: None,
        };
        let (_, dx) = loss_and_gradient(dims, operands, labels, &dloss);
        let logits = wide(rows.as_flattened());
        let operands = CrossEntropyOperands {
            logits: &logits[..],
            class_weight: None,
        };
        let (_, want) = slow::cross_entropy(dims, operands, labels, &wide(&dloss));
        (0..rows.len())
            .map(|row| (f64::from(dx[3 * row]), want[3 * row]))
            .collect()
    }

    #[test]
    fn the_small_gradient_of_a_row_that_is_nearly_right_keeps_its_digits_beside_large_logits() {
        each_isa(|isa| {
            for at in [0.0, 100.0, -300.0, 1e4] {
                for smoothing in [0.0, 1e-5] {
                    for (got, want) in nearly_right(at, smoothing) {
                        // Next to 1, f32 has steps of 1.2e-7; a log-sum-exp in one number has steps of 7.6e-6 at 100.
                        assert!(
                            (got - want).abs() < 3e-7,
                            "{isa:?} at {at}, smoothing {smoothing}: {got}, expected {want}"
                        );
                    }
                }
            }
        });
    }

    #[test]
    fn large_logits_stay_exact() {
        assert_eq!(losses(2, &[1e8, 1e8], &[0]).unwrap(), [std::f32::consts::LN_2]);
    }
}
