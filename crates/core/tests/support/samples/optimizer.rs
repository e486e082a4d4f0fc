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
            let numbers = [0.01, 0.9, 0.99, 1e-8, 0.1, step, decoupled, maximize];
            let plain = [params(), grads(), grads(), squares()].concat();
            list.push(sample(&ADAMW_STEP, plain.clone(), &[&[n, n, n, n, 0.0][..], &numbers].concat()).slack(10.0));
            list.push(
                sample(
                    &ADAMW_STEP,
                    [plain, squares()].concat(),
                    &[&[n; 5][..], &numbers].concat(),
                )
                .slack(10.0),
            );
        }
        for correct in [0.0, 1.0] {
            let inputs = [params(), grads(), grads(), squares()].concat();
            let numbers = [0.01, 0.9, 0.98, 1e-6, 0.1, 3.0, correct];
            list.push(sample(&NLG_ADAMW_STEP, inputs, &[&[n; 4][..], &numbers].concat()).slack(10.0));
        }
        list.push(sample(
            &SGD_STEP,
            [params(), grads()].concat(),
            &[n, n, 0.0, 0.1, 0.0, 0.0, 0.0, 0.01, 1.0, 0.0],
        ));
        for (nesterov, first, maximize) in [(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)] {
            let dampening = if nesterov == 1.0 { 0.0 } else { 0.2 };
            let attrs = [n, n, n, 0.1, 0.9, dampening, nesterov, 0.01, first, maximize];
            list.push(sample(&SGD_STEP, [params(), grads(), grads()].concat(), &attrs));
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
