//! Optimizer steps, norms and clipping: many tensors at once.

use engine::ops::table::*;

use super::{Fill, Input, Sample, sample, wide, x};

/// Shapes of the tensors of one step; one lies above the size from which kernels use threads.
const GROUPS: [&[&[usize]]; 4] = [&[&[3]], &[&[2, 3], &[], &[17]], &[&[0], &[5]], &[&[301, 257], &[129]]];

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    for group in GROUPS {
        let n = group.len() as f64;
        let params = || group.iter().map(|s| x(s)).collect::<Vec<Input>>();
        let grads = || group.iter().map(|s| wide(s)).collect::<Vec<Input>>();
        let squares = || {
            group
                .iter()
                .map(|s| wide(s).fill(Fill::Range(0.01, 1.0)))
                .collect::<Vec<Input>>()
        };
        for (decoupled, maximize, step) in [(1.0, 0.0, 1.0), (0.0, 0.0, 7.0), (1.0, 1.0, 100.0)] {
            let row = |amsgrad: f64| [n, 0.01, 0.9, 0.99, 1e-8, 0.1, step, decoupled, maximize, amsgrad];
            let plain = [params(), grads(), grads(), squares()].concat();
            let attrs = [&[n, n, n, n, 0.0, 10.0][..], &row(0.0)].concat();
            list.push(sample(&ADAMW_STEP, plain.clone(), &attrs).slack(10.0));
            let attrs = [&[n; 5][..], &[10.0], &row(1.0)].concat();
            list.push(sample(&ADAMW_STEP, [plain, squares()].concat(), &attrs).slack(10.0));
        }
        for correct in [0.0, 1.0] {
            let inputs = [params(), grads(), grads(), squares()].concat();
            let numbers = [8.0, n, 0.01, 0.9, 0.98, 1e-6, 0.1, 3.0, correct];
            list.push(sample(&NLG_ADAMW_STEP, inputs, &[&[n; 4][..], &numbers].concat()).slack(10.0));
        }
        list.push(sample(
            &SGD_STEP,
            [params(), grads()].concat(),
            &[n, n, 0.0, 8.0, n, 0.1, 0.0, 0.0, 0.0, 0.01, 1.0, 0.0],
        ));
        for (nesterov, first, maximize) in [(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)] {
            let dampening = if nesterov == 1.0 { 0.0 } else { 0.2 };
            let attrs = [n, n, n, 8.0, n, 0.1, 0.9, dampening, nesterov, 0.01, first, maximize];
            list.push(sample(&SGD_STEP, [params(), grads(), grads()].concat(), &attrs));
        }
        if group.len() == 3 {
            list.extend(several_groups(&params, &grads, &squares));
        }
        list.push(sample(&GLOBAL_NORM, grads(), &[n]).slack(10.0));
        for norm in [0.5, 30.0] {
            let norm = wide(&[]).fill(Fill::Exact(vec![norm]));
            list.push(sample(&CLIP_SCALE, [grads(), vec![norm]].concat(), &[n, 1.0]));
        }
        list.push(sample(&CLIP_VALUE, grads(), &[n, 0.4]));
        list.push(sample(&ZERO_GRADS, grads(), &[n]));
    }
    list
}

/// The first parameter with options of its own, and state that the others do not have, or the other way.
fn several_groups(
    params: &impl Fn() -> Vec<Input>,
    grads: &impl Fn() -> Vec<Input>,
    squares: &impl Fn() -> Vec<Input>,
) -> Vec<Sample> {
    let adam =
        |count: f64, lr: f64, step: f64, amsgrad: f64| [count, lr, 0.9, 0.99, 1e-8, 0.1, step, 1.0, 0.0, amsgrad];
    let sgd = |count: f64, lr: f64, momentum: f64| [count, lr, momentum, 0.0, 0.0, 0.01, 0.0, 0.0];
    let mut list = Vec::new();
    for first in [0.0, 1.0] {
        let some = |all: Vec<Input>| {
            if first == 1.0 {
                all[..1].to_vec()
            } else {
                all[1..].to_vec()
            }
        };
        let vmax = some(squares());
        let lengths = [3.0, 3.0, 3.0, 3.0, vmax.len() as f64, 20.0];
        let rows = [adam(1.0, 0.01, 1.0, first), adam(2.0, 0.05, 7.0, 1.0 - first)].concat();
        let inputs = [params(), grads(), grads(), squares(), vmax].concat();
        list.push(sample(&ADAMW_STEP, inputs, &[&lengths[..], &rows].concat()).slack(10.0));
        let momentum = |on: bool| if on { 0.9 } else { 0.0 };
        let buffers = some(grads());
        let lengths = [3.0, 3.0, buffers.len() as f64, 16.0];
        let rows = [
            sgd(1.0, 0.1, momentum(first == 1.0)),
            sgd(2.0, 0.2, momentum(first == 0.0)),
        ]
        .concat();
        let inputs = [params(), grads(), buffers].concat();
        list.push(sample(&SGD_STEP, inputs, &[&lengths[..], &rows].concat()));
    }
    list
}
