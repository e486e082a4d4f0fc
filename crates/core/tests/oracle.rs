//! Every kernel against its candle twin: forward, changes in place and gradients, in each dtype that the op takes.

mod support;

use support::grads::{Outcome, run};
use support::harness::{Failures, Lab};
use support::samples::{Form, Sample, all};

#[test]
fn kernels_and_twins_agree() {
    let (mut kernels, mut twins) = (Lab::new(false, 2), Lab::new(true, 2));
    let mut failures = Failures::default();
    let mut count = 0;
    for sample in all() {
        for form in sample.forms() {
            count += 1;
            let wanted = sample.differentiable();
            let a = run(&mut kernels, &sample, form, &wanted);
            let b = run(&mut twins, &sample, form, &wanted);
            let verdict = match (&a, &b) {
                (Ok(a), Ok(b)) => compare(a, b, &sample, form),
                (Err(a), Err(b)) if a.code() == b.code() => Err(format!("both: {}", brief(a))),
                _ => Err(format!("kernel: {}; twin: {}", outcome(&a), outcome(&b))),
            };
            if let Err(text) = verdict {
                failures.add(sample.row.signature.name, format!("{}: {text}", sample.label(form)));
            }
        }
    }
    failures.check(count);
}

fn outcome(result: &engine::Result<Outcome>) -> String {
    result.as_ref().map_or_else(brief, |_| "fine".into())
}

/// Without the backtrace that candle's errors carry.
fn brief(error: &engine::Error) -> String {
    error.to_string().lines().take(4).collect::<Vec<_>>().join(";")
}

fn compare(a: &Outcome, b: &Outcome, sample: &Sample, form: Form) -> Result<(), String> {
    for (k, (a, b)) in a.results.iter().zip(&b.results).enumerate() {
        close(a, b, form.tolerance() * sample.slack).map_err(|text| format!("result {k} {text}"))?;
    }
    for (k, pair) in a.grads.iter().zip(&b.grads).enumerate() {
        match pair {
            (Some(a), Some(b)) => {
                close(a, b, form.tolerance() * sample.slack).map_err(|text| format!("gradient {k} {text}"))?
            }
            (None, None) => {}
            _ => return Err(format!("gradient {k} exists on one side only")),
        }
    }
    Ok(())
}

/// Equal but for a share of the largest finite number; NaN meets NaN, infinity the same infinity.
fn close(kernel: &[f64], twin: &[f64], tolerance: f64) -> Result<(), String> {
    if kernel.len() != twin.len() {
        return Err(format!("kernel has {} elements, twin {}", kernel.len(), twin.len()));
    }
    let scale = twin
        .iter()
        .filter(|x| x.is_finite())
        .fold(0.1f64, |m, x| m.max(x.abs()));
    let differs = |a: f64, b: f64| !(a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * scale);
    match kernel.iter().zip(twin).position(|(&a, &b)| differs(a, b)) {
        Some(k) => Err(format!(
            "[{k}]: kernel {}, twin {}, largest {scale:.3}",
            kernel[k], twin[k]
        )),
        None => Ok(()),
    }
}
