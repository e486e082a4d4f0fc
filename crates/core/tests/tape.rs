//! The tape as users meet it: gradients, what is kept for them, and the errors of its misuse.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::Code;
use engine::dtype::Dtype;
use engine::meta::Id;
use engine::ops::table::*;
use engine::recorder::Kind;
use support::harness::{Host, Lab, dims};

fn lab() -> Lab {
    Lab::new(false, 1)
}

fn vector(data: &[f64]) -> Host {
    Host::f32(&[data.len()], data)
}

fn sum(lab: &mut Lab, id: Id) -> Id {
    lab.op(&SUM, &[id], &[0.0, 0.0])
}

/// `Σ a · b`.
fn dot(lab: &mut Lab, a: Id, b: Id) -> Id {
    let product = lab.op(&MUL, &[a, b], &[]);
    let total = sum(lab, product);
    lab.release(&[product]);
    total
}

fn without_grad<T>(lab: &mut Lab, run: impl FnOnce(&mut Lab) -> T) -> T {
    let was = lab.rec.set_grad_enabled(false);
    let result = run(lab);
    lab.rec.set_grad_enabled(was);
    result
}

#[test]
fn frozen_weights_get_no_gradient_and_no_memory_for_one() {
    let mut lab = lab();
    let (n, k, r) = (40, 30, 2);
    let x = lab.put(&Host::f32(&[5, k], &vec![0.1; 5 * k]));
    let w = lab.put_as(&Host::f32(&[n, k], &vec![0.2; n * k]), Kind::Base);
    let a = lab.leaf(&Host::f32(&[r, k], &vec![0.3; r * k]));
    let b = lab.leaf(&Host::f32(&[n, r], &vec![0.4; n * r]));
    let y = lab.op(&LORA_LINEAR, &[x, w, 0, a, b], &[1.0, 0.0, 0.0, 2.0, 0.0, n as f64]);
    let loss = sum(&mut lab, y);
    lab.release(&[y]);
    lab.backward(loss);
    assert!(lab.grad(w).is_none() && lab.grad(x).is_none());
    assert!(lab.grad(a).is_some() && lab.grad(b).is_some());
    assert_eq!(lab.bytes_of(Kind::Gradient), (4 * r * (n + k)) as u64);
    // x and the loss: nothing else of the step is left.
    assert_eq!(lab.bytes_of(Kind::Activation), (4 * (5 * k + 1)) as u64);
    assert_eq!(lab.live_values(), 7);
}

#[test]
fn a_frozen_layer_keeps_no_input() {
    let mut lab = lab();
    let x = lab.leaf(&Host::f32(&[64, 32], &vec![0.1; 64 * 32]));
    let w = lab.put_as(&Host::f32(&[32, 32], &vec![0.2; 32 * 32]), Kind::Base);
    let h = lab.op(&AFFINE, &[x], &[2.0, 0.0]);
    let y = lab.op(&LINEAR, &[h, w, 0], &[0.0]);
    let before = lab.bytes_of(Kind::Activation);
    lab.release(&[h]);
    assert_eq!(before - lab.bytes_of(Kind::Activation), 4 * 64 * 32);
    let loss = sum(&mut lab, y);
    lab.backward(loss);
    assert!(lab.grad(x).unwrap().iter().all(|g| (g - 2.0 * 32.0 * 0.2).abs() < 1e-4));
}

#[test]
fn gradients_accumulate_until_they_are_cleared() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let c = lab.put(&vector(&[3.0, 5.0]));
    for round in 1..=3 {
        let loss = dot(&mut lab, x, c);
        lab.backward(loss);
        assert_eq!(lab.grad(x).unwrap(), [3.0 * f64::from(round), 5.0 * f64::from(round)]);
    }
    lab.rec.set_grad(x, 0).unwrap();
    assert!(!lab.rec.has_grad(x).unwrap());
    let loss = dot(&mut lab, x, c);
    lab.backward(loss);
    assert_eq!(lab.grad(x).unwrap(), [3.0, 5.0]);
}

#[test]
fn a_value_used_twice_gets_both_gradients() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, -2.0]));
    let double = lab.op(&ADD, &[x, x], &[]);
    let square = lab.op(&MUL, &[double, double], &[]);
    let more = lab.op(&ADD, &[square, double], &[]);
    let loss = sum(&mut lab, more);
    lab.backward(loss);
    // 4x² + 2x
    assert_eq!(lab.grad(x).unwrap(), [10.0, -14.0]);
}

#[test]
fn retain_graph_allows_a_second_backward_and_consuming_forbids_a_third() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.5, 2.0]));
    let loss = dot(&mut lab, x, x);
    lab.backward_with(loss, 0, true).unwrap();
    lab.backward_with(loss, 0, false).unwrap();
    assert_eq!(lab.grad(x).unwrap(), [6.0, 8.0]);
    assert_eq!(lab.backward_with(loss, 0, false).unwrap_err().code(), Code::Grad);
    // The failed walk left nothing behind: the gradient is as it was, and a new graph works.
    assert_eq!(lab.grad(x).unwrap(), [6.0, 8.0]);
    let again = dot(&mut lab, x, x);
    lab.backward(again);
    assert_eq!(lab.grad(x).unwrap(), [9.0, 12.0]);
}

#[test]
fn a_saved_tensor_changed_in_place_is_an_error() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let w = lab.leaf(&vector(&[3.0, 4.0]));
    let loss = dot(&mut lab, x, w);
    let version = lab.rec.version(w).unwrap();
    without_grad(&mut lab, |lab| lab.op(&FILL_INPLACE, &[w], &[0.0]));
    assert_eq!(lab.rec.version(w).unwrap(), version + 1);
    let error = lab.backward_with(loss, 0, false).unwrap_err();
    assert_eq!(error.code(), Code::Version);
    assert!(error.to_string().contains("mul"), "{error}");
    assert!(lab.grad(x).is_none());
}

#[test]
fn a_change_through_a_view_counts_too() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let c = lab.put(&vector(&[3.0, 4.0]));
    let view = lab.op(&RESHAPE, &[c], &dims(&[2, 1]));
    let loss = dot(&mut lab, x, c);
    lab.op(&FILL_INPLACE, &[view], &[0.0]);
    assert_eq!(lab.backward_with(loss, 0, false).unwrap_err().code(), Code::Version);
}

#[test]
fn changes_in_place_are_taped() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let c = lab.put(&vector(&[3.0, 5.0]));
    let y = lab.op(&AFFINE, &[x], &[2.0, 0.0]);
    lab.op(&ADD_INPLACE, &[y, x], &[]);
    lab.op(&MUL_INPLACE, &[y, c], &[]);
    let loss = sum(&mut lab, y);
    assert_eq!(lab.read(y), [9.0, 30.0]);
    lab.backward(loss);
    assert_eq!(lab.grad(x).unwrap(), [9.0, 15.0]);
}

#[test]
fn changes_in_place_that_cannot_be_taped_are_errors() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    assert_eq!(lab.try_op(&FILL_INPLACE, &[x], &[0.0]).unwrap_err().code(), Code::Grad);

    let y = lab.op(&CLONE, &[x], &[]);
    let view = lab.op(&RESHAPE, &[y], &dims(&[2, 1]));
    for id in [y, view] {
        assert_eq!(
            lab.try_op(&AFFINE_INPLACE, &[id], &[2.0, 0.0]).unwrap_err().code(),
            Code::Grad
        );
    }
    lab.release(&[view]);
    lab.op(&AFFINE_INPLACE, &[y], &[2.0, 0.0]);

    let version = lab.rec.version(y).unwrap();
    assert_eq!(
        lab.try_op(&CLAMP_INPLACE, &[y], &[0.0, 1.0]).unwrap_err().code(),
        Code::NoGrad
    );
    assert_eq!(lab.try_op(&MUL_INPLACE, &[y, x], &[]).unwrap_err().code(), Code::NoGrad);
    let part = lab.put(&vector(&[9.0]));
    assert_eq!(
        lab.try_op(&SLICE_ASSIGN, &[y, part], &[0.0, 0.0]).unwrap_err().code(),
        Code::NoGrad
    );
    assert_eq!(lab.try_op(&ADD_INPLACE, &[y, y], &[]).unwrap_err().code(), Code::Option);
    assert_eq!(lab.rec.version(y).unwrap(), version, "a refused change counts as none");
    assert_eq!(lab.read(y), [2.0, 4.0]);
}

#[test]
fn detach_shares_the_numbers_and_cuts_the_graph() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let bytes = lab.bytes_of(Kind::Adapter);
    let d = lab.rec.detach(x).unwrap();
    assert!(!lab.rec.requires_grad(d).unwrap() && lab.rec.is_leaf(d).unwrap());
    assert_eq!(lab.bytes_of(Kind::Adapter), bytes, "a view needs no memory");
    lab.op(&FILL_INPLACE, &[d], &[7.0]);
    assert_eq!(lab.read(x), [7.0, 7.0]);
    lab.release(&[x]);
    assert_eq!(lab.read(d), [7.0, 7.0]);
}

#[test]
fn retain_grad_keeps_the_gradient_of_a_result() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let y = lab.op(&AFFINE, &[x], &[3.0, 0.0]);
    lab.rec.retain_grad(y).unwrap();
    let loss = dot(&mut lab, y, y);
    lab.backward(loss);
    assert_eq!(lab.grad(y).unwrap(), [6.0, 12.0]);
    assert_eq!(lab.grad(x).unwrap(), [18.0, 36.0]);
    let frozen = lab.put(&vector(&[1.0]));
    assert_eq!(lab.rec.retain_grad(frozen).unwrap_err().code(), Code::Grad);
}

#[test]
fn without_grad_nothing_is_taped() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let loss = without_grad(&mut lab, |lab| dot(lab, x, x));
    assert!(!lab.rec.requires_grad(loss).unwrap());
    assert_eq!(lab.rec.tape_nodes(), 0);
    assert_eq!(lab.backward_with(loss, 0, false).unwrap_err().code(), Code::Grad);
    // What stops gradients needs none either.
    let mask = lab.op(&GT, &[x, loss], &[]);
    assert!(!lab.rec.requires_grad(mask).unwrap());
}

#[test]
fn a_result_takes_a_gradient_of_its_own_shape_only() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let y = lab.op(&AFFINE, &[x], &[3.0, 0.0]);
    assert_eq!(lab.backward_with(y, 0, false).unwrap_err().code(), Code::Grad);
    let wrong = lab.put(&vector(&[1.0, 1.0, 1.0]));
    assert_eq!(lab.backward_with(y, wrong, false).unwrap_err().code(), Code::Shape);
    let wrong = lab.put(&Host::f64(&[2], &[1.0, 1.0]));
    assert_eq!(lab.backward_with(y, wrong, false).unwrap_err().code(), Code::Dtype);
    let right = lab.put(&vector(&[1.0, 10.0]));
    lab.backward_with(y, right, false).unwrap();
    assert_eq!(lab.grad(x).unwrap(), [3.0, 30.0]);
    assert_eq!(lab.read(right), [1.0, 10.0]);
}

#[test]
fn half_leaves_get_full_gradients() {
    let mut lab = lab();
    let x = lab.leaf(&Host::new(Dtype::Bf16, &[2], vec![1.0, 2.0]));
    let y = lab.op(&MUL, &[x, x], &[]);
    let dy = lab.put(&Host::new(Dtype::Bf16, &[2], vec![1.0, 0.5]));
    lab.backward_with(y, dy, false).unwrap();
    assert_eq!(lab.grad(x).unwrap(), [2.0, 2.0]);
    let grad = lab.rec.grad(x).unwrap();
    assert_eq!(lab.meta(grad).dtype, Dtype::F32);
}

#[test]
fn a_gradient_may_be_set_read_and_added_to() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let g = lab.put(&vector(&[10.0, 20.0]));
    lab.rec.set_grad(x, g).unwrap();
    let y = lab.op(&CLONE, &[x], &[]);
    // The gradient that is there is also the one that comes.
    lab.backward_with(y, g, false).unwrap();
    assert_eq!(lab.grad(x).unwrap(), [20.0, 40.0]);
    let wrong = lab.put(&vector(&[1.0]));
    assert_eq!(lab.rec.set_grad(x, wrong).unwrap_err().code(), Code::Shape);
    let ids = lab.put(&Host::i64(&[2], &[1, 2]));
    assert_eq!(lab.rec.set_requires_grad(ids, true).unwrap_err().code(), Code::Dtype);
    let y = lab.op(&CLONE, &[x], &[]);
    assert_eq!(lab.rec.set_requires_grad(y, false).unwrap_err().code(), Code::Grad);
}

#[test]
fn used_after_release_is_an_error() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0, 2.0]));
    let y = lab.op(&AFFINE, &[x], &[3.0, 0.0]);
    let loss = dot(&mut lab, y, y);
    lab.release(&[y]);
    // The tape still holds y: backward works, the user's number does too until then; a second time it is gone.
    lab.backward(loss);
    assert_eq!(lab.grad(x).unwrap(), [18.0, 36.0]);
    assert_eq!(lab.try_op(&NEG, &[y], &[]).unwrap_err().code(), Code::Disposed);
    assert_eq!(lab.try_read(y).unwrap_err().code(), Code::Disposed);
    assert_eq!(lab.rec.meta(y).unwrap_err().code(), Code::Disposed);
}

#[test]
fn long_chains_are_walked_and_dropped_without_recursion() {
    let mut lab = lab();
    let x = lab.leaf(&vector(&[1.0]));
    for walk in [true, false] {
        let mut y = lab.op(&CLONE, &[x], &[]);
        for _ in 0..100_000 {
            let next = lab.op(&AFFINE, &[y], &[1.0, 1.0]);
            lab.release(&[y]);
            y = next;
        }
        assert_eq!(lab.rec.tape_nodes(), 100_001);
        if walk {
            lab.backward_with(y, 0, false).unwrap();
            assert_eq!(lab.grad(x).unwrap(), [1.0]);
        }
        lab.release(&[y]);
        assert_eq!(lab.rec.tape_nodes(), 0);
    }
    assert_eq!(lab.live_values(), 2);
}
