//! Every gradient rule against central differences, in f64, through the recorder that users go through.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::BTreeSet;

use engine::ops::row::Gradient;
use engine::ops::table::{self, TABLE};
use support::grads::{Call, output_grad, run};
use support::harness::{Failures, Host, Lab, Rand, numbers};
use support::samples::{Form, Sample, all};

/// Step of the differences: the error of their formula is about STEP², that of rounding about 1e-16 / STEP.
const STEP: f64 = 1e-5;
const RTOL: f64 = 1e-6;
const ATOL: f64 = 1e-8;
/// Elements of each input that are checked.
const ELEMENTS: usize = 24;

/// In-place ops whose rule would need the overwritten values: recording them with a gradient is an error (see tape.rs).
const NEVER_TAPED: [&str; 1] = ["clampInplace"];

#[test]
fn every_public_op_has_a_sample() {
    let sampled: BTreeSet<&str> = all().iter().map(|s| s.row.signature.name).collect();
    let missing: Vec<&str> = TABLE
        .iter()
        .filter(|r| r.public && !sampled.contains(r.signature.name))
        .map(|r| r.signature.name)
        .collect();
    assert!(missing.is_empty(), "no sample for {missing:?}");
}

#[test]
fn every_rule_is_checked() {
    let checked: BTreeSet<&str> = all()
        .iter()
        .filter(|s| s.smooth && !s.differentiable().is_empty())
        .map(|s| s.row.signature.name)
        .collect();
    let has_rule = |r: &&&engine::ops::row::OpRow| r.public && matches!(r.gradient, Gradient::Rule { .. });
    let missing: Vec<&str> = TABLE
        .iter()
        .filter(has_rule)
        .map(|r| r.signature.name)
        .filter(|n| !checked.contains(n) && !NEVER_TAPED.contains(n))
        .collect();
    assert!(missing.is_empty(), "no gradient check for {missing:?}");
}

#[test]
fn gradients_are_central_differences() {
    let mut lab = Lab::new(false, 2);
    check_all(&mut lab);
}

#[test]
fn gradients_of_the_twins_are_central_differences() {
    let mut lab = Lab::new(true, 2);
    check_all(&mut lab);
}

fn check_all(lab: &mut Lab) {
    let mut failures = Failures::default();
    let mut count = 0;
    for sample in all().iter().filter(|s| s.smooth && !s.differentiable().is_empty()) {
        count += 1;
        if let Err(text) = check(lab, sample) {
            failures.add(
                sample.row.signature.name,
                format!("{}: {text}", sample.label(Form::F64)),
            );
        }
    }
    failures.check(count);
}

fn check(lab: &mut Lab, sample: &Sample) -> Result<(), String> {
    let wanted = sample.differentiable();
    let together = run(lab, sample, Form::F64, &wanted).map_err(|e| e.to_string())?;
    for (grad, &i) in together.grads.iter().zip(&wanted) {
        let Some(grad) = grad else {
            return Err(format!("input {i} got no gradient"));
        };
        compare_with_differences(lab, sample, i, grad)?;
        if wanted.len() > 1 {
            compare_alone(lab, sample, i, grad)?;
        }
    }
    Ok(())
}

/// What a rule saves depends on which inputs need a gradient: alone, each must get the same as together.
fn compare_alone(lab: &mut Lab, sample: &Sample, i: usize, together: &[f64]) -> Result<(), String> {
    let alone = run(lab, sample, Form::F64, &[i]).map_err(|e| format!("input {i} alone: {e}"))?;
    let Some(alone) = &alone.grads[0] else {
        return Err(format!("input {i} alone got no gradient"));
    };
    let scale = together.iter().fold(1e-9f64, |m, x| m.max(x.abs()));
    match together
        .iter()
        .zip(alone)
        .position(|(a, b)| (a - b).abs() > 1e-11 * scale)
    {
        Some(k) => Err(format!("input {i}[{k}]: {} together, {} alone", together[k], alone[k])),
        None => Ok(()),
    }
}

fn compare_with_differences(lab: &mut Lab, sample: &Sample, i: usize, grad: &[f64]) -> Result<(), String> {
    let hosts = sample.hosts(Form::F64);
    let x = hosts[i].as_ref().unwrap();
    if x.data.len() != grad.len() {
        return Err(format!(
            "input {i} has {} elements, its gradient {}",
            x.data.len(),
            grad.len()
        ));
    }
    let mut rand = Rand::new(31);
    let elements: Vec<usize> = if x.data.len() <= ELEMENTS {
        (0..x.data.len()).collect()
    } else {
        (0..ELEMENTS).map(|_| rand.below(x.data.len())).collect()
    };
    let differences = differences(lab, sample, &hosts, i, &elements).map_err(|e| e.to_string())?;
    let scale = grad.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    for (&k, &(want, size)) in elements.iter().zip(&differences) {
        let bound = RTOL * want.abs() + ATOL * scale + 4e-16 * size / STEP;
        if (grad[k] - want).abs() > bound || !grad[k].is_finite() {
            return Err(format!(
                "input {i}[{k}]: gradient {:.12}, difference {want:.12}",
                grad[k]
            ));
        }
    }
    Ok(())
}

/// For each element k: `Σ dy · (y(x + h eₖ) - y(x - h eₖ)) / 2h`, and the sum of the magnitudes, which rounding scales with.
fn differences(
    lab: &mut Lab,
    sample: &Sample,
    hosts: &[Option<Host>],
    i: usize,
    elements: &[usize],
) -> engine::Result<Vec<(f64, f64)>> {
    let was = lab.rec.set_grad_enabled(false);
    let mut calls = Vec::new();
    for &k in elements {
        for sign in [1.0, -1.0] {
            let mut moved = hosts.to_vec();
            let x = &mut moved[i].as_mut().unwrap().data[k];
            *x += sign * STEP * x.abs().max(1.0);
            calls.push(Call::record(lab, sample, &moved, &[])?);
        }
    }
    lab.rec.set_grad_enabled(was);
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let dy = output_grad(lab, calls[0].results[0]).data;
    let ids: Vec<u64> = calls.iter().map(|call| call.results[0]).collect();
    let values: Vec<Vec<f64>> = lab.try_read_all(&ids)?.iter().map(numbers).collect();
    calls.into_iter().for_each(|call| call.release(lab, sample));
    let x = &hosts[i].as_ref().unwrap().data;
    Ok(elements
        .iter()
        .zip(values.chunks(2))
        .map(|(&k, pair)| {
            let h = STEP * x[k].abs().max(1.0);
            let terms = dy.iter().zip(pair[0].iter().zip(&pair[1]));
            terms.fold((0.0, 0.0), |(sum, size), (dy, (up, down))| {
                (sum + dy * (up - down) / (2.0 * h), size + (dy * up).abs())
            })
        })
        .collect())
}

#[test]
fn a_missing_rule_is_an_error_at_recording() {
    let mut lab = Lab::new(false, 1);
    let w = lab.leaf(&Host::f32(&[2, 2], &[1.0; 4]));
    let a = lab.put(&Host::f32(&[1, 2], &[1.0; 2]));
    let b = lab.put(&Host::f32(&[2, 1], &[1.0; 2]));
    let error = lab
        .try_op(&table::LORA_MERGE, &[w, a, b], &[1.0, 0.0, 2.0, 0.0, 2.0])
        .unwrap_err();
    assert_eq!(error.code(), engine::Code::NoGrad);
    let was = lab.rec.set_grad_enabled(false);
    lab.op(&table::LORA_MERGE, &[w, a, b], &[1.0, 0.0, 2.0, 0.0, 2.0]);
    lab.rec.set_grad_enabled(was);
}
