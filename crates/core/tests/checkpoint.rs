//! Backward that pauses at a function of the caller, as checkpointing does.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::meta::Id;
use engine::ops::table::*;
use support::harness::{Host, Lab};

/// The block: `w · x²`, and its sum.
fn block(lab: &mut Lab, x: Id, w: Id) -> Id {
    let square = lab.op(&SQUARE, &[x], &[]);
    let y = lab.op(&MUL, &[square, w], &[]);
    lab.release(&[square]);
    y
}

fn checkpointed(lab: &mut Lab, callback: u64, x: Id, w: Id) -> Id {
    let was = lab.rec.set_grad_enabled(false);
    let y = block(lab, x, w);
    lab.rec.set_grad_enabled(was);
    lab.rec.attach_callback(callback, &[x], &[y], &[]).unwrap();
    y
}

#[test]
fn backward_pauses_at_a_block_and_goes_on_with_its_gradients() {
    let mut lab = Lab::new(false, 1);
    let x = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    // A parameter that the block reaches but is not handed.
    let w = lab.leaf(&Host::f32(&[2], &[3.0, 4.0]));
    let h = lab.op(&AFFINE, &[x], &[2.0, 0.0]);
    let y = checkpointed(&mut lab, 17, h, w);
    let loss = lab.op(&SUM, &[y], &[0.0, 0.0]);

    let mut walk = lab.rec.backward_begin(loss, 0, false).unwrap();
    let pause = lab.rec.backward_run(&mut walk).unwrap().unwrap();
    assert_eq!(pause.callback, 17);
    assert_eq!(lab.read(pause.grads[0]), [1.0, 1.0]);

    // What the caller does: the block again, with a tape, and its backward.
    let again = lab.rec.detach(h).unwrap();
    lab.rec.set_requires_grad(again, true).unwrap();
    let redone = block(&mut lab, again, w);
    lab.backward_with(redone, pause.grads[0], false).unwrap();
    let dh = lab.rec.grad(again).unwrap();
    lab.rec.backward_supply(&mut walk, &[dh]).unwrap();
    assert!(lab.rec.backward_run(&mut walk).unwrap().is_none());

    // d/dx w (2x)² = 8 w x, d/dw (2x)².
    assert_eq!(lab.grad(x).unwrap(), [24.0, 64.0]);
    assert_eq!(lab.grad(w).unwrap(), [4.0, 16.0]);
    lab.release(&[redone, again, dh, y, h, loss, pause.grads[0]]);
    assert_eq!(lab.rec.take_dropped_callbacks(), [17]);
    assert_eq!(lab.rec.tape_nodes(), 0);
    lab.rec.set_grad(x, 0).unwrap();
    lab.rec.set_grad(w, 0).unwrap();
    assert_eq!(lab.live_values(), 2);
}

#[test]
fn an_abandoned_pause_leaves_nothing_behind() {
    let mut lab = Lab::new(false, 1);
    let x = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let w = lab.put(&Host::f32(&[2], &[3.0, 4.0]));
    let y = checkpointed(&mut lab, 3, x, w);
    let loss = lab.op(&SUM, &[y], &[0.0, 0.0]);
    let mut walk = lab.rec.backward_begin(loss, 0, true).unwrap();
    let pause = lab.rec.backward_run(&mut walk).unwrap().unwrap();
    lab.release(&pause.grads);
    lab.rec.backward_abandon(&mut walk);
    assert!(lab.grad(x).is_none());

    // The graph can be walked again.
    let mut walk = lab.rec.backward_begin(loss, 0, false).unwrap();
    let pause = lab.rec.backward_run(&mut walk).unwrap().unwrap();
    let dx = lab.put(&Host::f32(&[2], &[5.0, 6.0]));
    lab.rec.backward_supply(&mut walk, &[dx]).unwrap();
    assert!(lab.rec.backward_run(&mut walk).unwrap().is_none());
    assert_eq!(lab.grad(x).unwrap(), [5.0, 6.0]);
    lab.release(&pause.grads);
    lab.release(&[dx, loss, y, w]);
    assert_eq!(lab.rec.take_dropped_callbacks(), [3]);
    assert_eq!(lab.live_values(), 2);
}

#[test]
fn a_block_that_is_never_walked_reports_its_end() {
    let mut lab = Lab::new(false, 1);
    let x = lab.leaf(&Host::f32(&[2], &[1.0, 2.0]));
    let w = lab.put(&Host::f32(&[2], &[3.0, 4.0]));
    let y = checkpointed(&mut lab, 8, x, w);
    assert!(lab.rec.take_dropped_callbacks().is_empty());
    lab.release(&[y]);
    assert_eq!(lab.rec.take_dropped_callbacks(), [8]);
}
