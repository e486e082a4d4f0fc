//! Hooks that see gradients on their way, and gradients that are returned instead of added to leaves.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::meta::Id;
use engine::ops::table::*;
use engine::tape::Walk;
use support::harness::{Host, Lab};

/// Runs a walk to its end, answering each hook by its number times the gradient.
fn run_scaling(lab: &mut Lab, walk: &mut Walk) -> Vec<(u64, Vec<f64>)> {
    let mut seen = Vec::new();
    while let Some(pause) = lab.rec.backward_run(walk).unwrap() {
        let grad = pause.grads[0];
        seen.push((pause.callback, lab.read(grad)));
        let scaled = lab.rec.record(&AFFINE, &[grad], &[pause.callback as f64, 0.0]).unwrap()[0];
        lab.rec.backward_supply(walk, &[scaled]).unwrap();
        lab.release(&[scaled, grad]);
    }
    seen
}

fn square_sum(lab: &mut Lab, x: Id) -> [Id; 3] {
    let y = lab.op(&SQUARE, &[x], &[]);
    let twice = lab.op(&ADD, &[y, x], &[]);
    let loss = lab.op(&SUM, &[twice], &[0.0, 0.0]);
    [y, twice, loss]
}

#[test]
fn hooks_see_whole_gradients_in_order_and_replace_them() {
    let mut lab = Lab::new(false, 1);
    let x = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let [y, twice, loss] = square_sum(&mut lab, x);
    lab.rec.register_hook(x, 2).unwrap();
    lab.rec.register_hook(y, 10).unwrap();
    lab.rec.register_hook(y, 3).unwrap();
    let mut walk = lab.rec.backward_begin(loss, 0, false).unwrap();
    // x gets 30 · 2x from the square and 1 from the sum, at once.
    let seen = run_scaling(&mut lab, &mut walk);
    assert_eq!(
        seen,
        [(10, vec![1.0, 1.0]), (3, vec![10.0, 10.0]), (2, vec![61.0, 121.0])]
    );
    assert_eq!(lab.grad(x).unwrap(), [122.0, 242.0]);
    assert_eq!(lab.rec.take_dropped_callbacks(), [10, 3]);
    lab.release(&[y, twice, loss]);
    lab.rec.set_grad(x, 0).unwrap();
    lab.release(&[x]);
    assert_eq!(lab.rec.take_dropped_callbacks(), [2]);
    assert_eq!((lab.rec.tape_nodes(), lab.live_values()), (0, 0));
}

#[test]
fn a_removed_hook_is_not_called_and_an_abandoned_one_leaves_nothing() {
    let mut lab = Lab::new(false, 1);
    let x = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let [y, twice, loss] = square_sum(&mut lab, x);
    for hook in [5, 6] {
        lab.rec.register_hook(x, hook).unwrap();
    }
    let mut walk = lab.rec.backward_begin(loss, 0, true).unwrap();
    let pause = lab.rec.backward_run(&mut walk).unwrap().unwrap();
    assert_eq!(pause.callback, 5);
    lab.release(&pause.grads);
    lab.rec.backward_abandon(&mut walk);
    assert!(lab.grad(x).is_none());
    lab.rec.remove_hook(5);
    lab.rec.remove_hook(6);
    lab.backward(loss);
    assert_eq!(lab.grad(x).unwrap(), [3.0, 5.0]);
    lab.release(&[y, twice, loss]);
    assert_eq!(lab.live_values(), 2);
}

#[test]
fn gradients_of_inputs_alone_touch_no_leaf_and_walk_no_further() {
    let mut lab = Lab::new(false, 1);
    let (x, w) = (
        lab.leaf(&Host::f32(&[2], &[1.0, 2.0])),
        lab.leaf(&Host::f32(&[2], &[3.0, 4.0])),
    );
    let h = lab.op(&MUL, &[x, w], &[]);
    let y = lab.op(&EXP, &[x], &[]);
    let unused = lab.op(&SQUARE, &[w], &[]);
    let both = lab.op(&ADD, &[h, y], &[]);
    let loss = lab.op(&SUM, &[both], &[0.0, 0.0]);
    let before = lab.rec.tape_nodes();
    let mut walk = lab
        .rec
        .grads_begin(&[(loss, 0), (h, both)], &[h, w, h, unused], true)
        .unwrap();
    assert!(lab.rec.backward_run(&mut walk).unwrap().is_none());
    let found = walk.found();
    let e = [1f64.exp() as f32, 2f64.exp() as f32].map(f64::from);
    let (g0, g1) = (lab.read(found[0]), lab.read(found[1]));
    // At h: 1 from the loss, and `both` = 3 + e, 8 + e² as its own gradient.
    assert!(
        (g0[0] - (4.0 + e[0])).abs() < 1e-5 && (g0[1] - (9.0 + e[1])).abs() < 1e-5,
        "{g0:?}"
    );
    assert!(
        (g1[0] - g0[0]).abs() < 1e-5 && (g1[1] - 2.0 * g0[1]).abs() < 1e-5,
        "{g1:?}"
    );
    assert_eq!((found[2], found[3]), (found[0], 0));
    assert!(lab.grad(x).is_none() && lab.grad(w).is_none());
    assert_eq!(lab.rec.tape_nodes(), before);
    lab.release(&found[..3]);
    lab.release(&[h, y, unused, both, loss]);
    assert_eq!((lab.rec.tape_nodes(), lab.live_values()), (0, 2));
}
