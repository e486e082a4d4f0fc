//! What backward recomputes instead of keeping: the memory it saves, and that the gradients are the same bits.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::Code;
use engine::meta::Id;
use engine::ops::row::OpRow;
use engine::ops::table::*;
use engine::recorder::Kind;
use support::harness::{Host, Lab, Rand};

const ROWS: usize = 6;
const WIDTH: usize = 5;
/// Bytes of one activation.
const BYTES: u64 = (4 * ROWS * WIDTH) as u64;

fn host(seed: u64, shape: &[usize]) -> Host {
    let mut rand = Rand::new(seed);
    let data: Vec<f64> = (0..shape.iter().product()).map(|_| rand.normal()).collect();
    Host::f32(shape, &data)
}

fn row(seed: u64) -> Host {
    host(seed, &[ROWS, WIDTH])
}

/// The leaves of a graph: x, its norm's weight and bias, and the weights of two layers behind it.
struct Leaves {
    x: Id,
    others: [Id; 4],
}

impl Leaves {
    fn new(lab: &mut Lab) -> Leaves {
        Leaves {
            x: lab.leaf(&row(1)),
            others: [
                lab.leaf(&host(2, &[WIDTH])),
                lab.leaf(&host(3, &[WIDTH])),
                lab.leaf(&host(4, &[WIDTH, WIDTH])),
                lab.leaf(&host(5, &[WIDTH, WIDTH])),
            ],
        }
    }

    fn grads(&self, lab: &mut Lab) -> Vec<Option<Vec<f64>>> {
        let all = [&[self.x][..], &self.others].concat();
        all.into_iter().map(|id| lab.grad(id)).collect()
    }
}

fn sum(lab: &mut Lab, id: Id) -> Id {
    lab.op(&SUM, &[id], &[0.0, 0.0])
}

/// `Σ layer1(made) · layer2(made)` with `made` the op's output for 2x, passed through `between`. Handles of intermediate results are dropped.
fn loss(lab: &mut Lab, leaves: &Leaves, op: &'static OpRow, between: impl Fn(&mut Lab, Id) -> Id) -> Id {
    let [weight, bias, first, second] = leaves.others;
    let input = lab.op(&AFFINE, &[leaves.x], &[2.0, 0.0]);
    let inputs = match op.signature.name {
        "layerNorm" => vec![input, weight, bias],
        "rmsNorm" => vec![input, weight],
        "siluMul" => vec![input, leaves.x],
        _ => vec![input],
    };
    let made = lab.op(
        op,
        &inputs,
        if op.signature.name.ends_with("Norm") {
            &[1e-5]
        } else {
            &[]
        },
    );
    let read = between(lab, made);
    let a = lab.op(&LINEAR, &[read, first, 0], &[0.0]);
    let b = lab.op(&LINEAR, &[read, second, 0], &[0.0]);
    let product = lab.op(&MUL, &[a, b], &[]);
    let loss = sum(lab, product);
    lab.release(&[input, made, a, b, product]);
    if read != made {
        lab.release(&[read]);
    }
    loss
}

static MADE_AGAIN: [&OpRow; 8] = [
    &RELU,
    &SILU,
    &HARDSWISH,
    &GELU,
    &GELU_TANH,
    &SILU_MUL,
    &LAYER_NORM,
    &RMS_NORM,
];

#[test]
fn an_output_made_again_costs_no_memory_and_gives_the_same_gradients() {
    for op in MADE_AGAIN {
        for candle in [false, true] {
            let mut lab = Lab::new(candle, 2);
            let leaves = Leaves::new(&mut lab);
            let empty = lab.live_values();
            let mut outcomes = Vec::new();
            for kept in [false, true] {
                // A copy in between cannot be recomputed.
                let between = |lab: &mut Lab, made| {
                    if kept {
                        lab.op(&AFFINE, &[made], &[1.0, 0.0])
                    } else {
                        made
                    }
                };
                let loss = loss(&mut lab, &leaves, op, between);
                let bytes = lab.bytes_of(Kind::Activation);
                lab.backward(loss);
                lab.release(&[loss]);
                outcomes.push((bytes, leaves.grads(&mut lab)));
                for id in [&[leaves.x][..], &leaves.others].concat() {
                    lab.rec.set_grad(id, 0).unwrap();
                }
                assert_eq!(
                    lab.live_values(),
                    empty,
                    "{} leaves something behind",
                    op.signature.name
                );
                assert_eq!(lab.rec.tape_nodes(), 0);
            }
            assert_eq!(outcomes[1].0 - outcomes[0].0, BYTES, "{}", op.signature.name);
            assert!(outcomes[0].1.iter().flatten().count() >= 3);
            assert_eq!(outcomes[0].1, outcomes[1].1, "{}", op.signature.name);
        }
    }
}

#[test]
fn what_was_changed_in_place_before_it_was_read_is_kept() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let doubled = |lab: &mut Lab, made| {
        let was = lab.rec.set_grad_enabled(false);
        lab.op(&AFFINE_INPLACE, &[made], &[2.0, 0.0]);
        lab.rec.set_grad_enabled(was);
        made
    };
    let first = loss(&mut lab, &leaves, &RELU, doubled);
    lab.backward(first);
    let got = lab.grad(leaves.others[2]).unwrap();
    lab.rec.set_grad(leaves.others[2], 0).unwrap();
    let plain = loss(&mut lab, &leaves, &RELU, |lab, made| {
        lab.op(&AFFINE, &[made], &[2.0, 0.0])
    });
    lab.backward(plain);
    assert_eq!(got, lab.grad(leaves.others[2]).unwrap());
}

#[test]
fn a_change_in_place_afterwards_hurts_nobody() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let [.., first, _] = leaves.others;
    let made = lab.op(&RELU, &[leaves.x], &[]);
    let y = lab.op(&LINEAR, &[made, first, 0], &[0.0]);
    let total = sum(&mut lab, y);
    let was = lab.rec.set_grad_enabled(false);
    lab.op(&FILL_INPLACE, &[made], &[7.0]);
    lab.rec.set_grad_enabled(was);
    lab.backward(total);
    let columns: Vec<f64> = (0..WIDTH)
        .map(|k| row(1).data.iter().skip(k).step_by(WIDTH).map(|x| x.max(0.0)).sum())
        .collect();
    for (k, got) in lab.grad(first).unwrap().into_iter().enumerate() {
        assert!((got - columns[k % WIDTH]).abs() < 1e-5);
    }
}

#[test]
fn the_input_of_the_maker_must_still_be_what_it_was() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let loss = loss(&mut lab, &leaves, &LAYER_NORM, |_, made| made);
    let was = lab.rec.set_grad_enabled(false);
    lab.op(&FILL_INPLACE, &[leaves.others[1]], &[0.0]); // the bias, which the output depends on
    lab.rec.set_grad_enabled(was);
    let error = lab.backward_with(loss, 0, false).unwrap_err();
    assert_eq!(error.code(), Code::Version);
    lab.release(&[loss]);
    assert_eq!(lab.rec.tape_nodes(), 0);
}

#[test]
fn a_graph_can_be_walked_twice() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let loss = loss(&mut lab, &leaves, &LAYER_NORM, |_, made| made);
    lab.backward_with(loss, 0, true).unwrap();
    let once = leaves.grads(&mut lab);
    lab.backward_with(loss, 0, false).unwrap();
    for (once, twice) in once.into_iter().zip(leaves.grads(&mut lab)) {
        let doubled: Vec<f64> = once.unwrap().into_iter().map(|g| 2.0 * g).collect();
        assert_eq!(doubled, twice.unwrap());
    }
}

#[test]
fn a_borrower_outlives_the_backward_that_used_its_maker_up() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let [.., first, second] = leaves.others;
    let start = lab.live_values();
    let made = lab.op(&GELU, &[leaves.x], &[]);
    let losses = [first, second].map(|weight| {
        let y = lab.op(&LINEAR, &[made, weight, 0], &[0.0]);
        let loss = sum(&mut lab, y);
        lab.release(&[y]);
        loss
    });
    lab.release(&[made]);
    lab.backward(losses[0]);
    // The gradient of the second weight alone does not lead through what is used up.
    let mut walk = lab.rec.grads_begin(&[(losses[1], 0)], &[second], true).unwrap();
    assert!(lab.rec.backward_run(&mut walk).unwrap().is_none());
    let grad = walk.found()[0];
    assert_eq!(Some(lab.read(grad)), lab.grad(first), "both are Σ gelu(x)");
    assert_eq!(lab.backward_with(losses[1], 0, false).unwrap_err().code(), Code::Grad);
    lab.release(&[grad, losses[0], losses[1]]);
    lab.rec.set_grad(first, 0).unwrap();
    lab.rec.set_grad(second, 0).unwrap();
    lab.rec.set_grad(leaves.x, 0).unwrap();
    assert_eq!(lab.rec.tape_nodes(), 0);
    assert_eq!(lab.live_values(), start);
}

#[test]
fn a_graph_that_is_dropped_leaves_nothing_behind() {
    let mut lab = Lab::new(false, 1);
    let leaves = Leaves::new(&mut lab);
    let start = lab.live_values();
    for op in MADE_AGAIN {
        let loss = loss(&mut lab, &leaves, op, |_, made| made);
        lab.release(&[loss]);
        assert_eq!(lab.rec.tape_nodes(), 0, "{}", op.signature.name);
        assert_eq!(lab.live_values(), start, "{}", op.signature.name);
    }
}
