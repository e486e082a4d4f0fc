//! Nothing is left behind: counters return to zero when handles do, and steps do not grow.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::atomic::Ordering;

use engine::meta::Id;
use engine::ops::table::*;
use engine::recorder::Kind;
use support::grads::run;
use support::harness::{Failures, Host, Lab, Rand, adamw_attrs};
use support::samples::all;

/// Values, bytes of buffers, nodes of the tape, tensors that the recorder knows.
fn counts(lab: &mut Lab) -> [u64; 4] {
    let known = lab.rec.memory().iter().map(|(count, _)| count).sum();
    [lab.live_values(), lab.live_bytes(), lab.rec.tape_nodes() as u64, known]
}

#[test]
fn every_op_leaves_nothing_behind() {
    for candle in [false, true] {
        let mut lab = Lab::new(candle, 2);
        let mut failures = Failures::default();
        let samples = all();
        for sample in &samples {
            for form in sample.forms() {
                // A failing sample is the business of the other tests; its tensors must go all the same.
                let _ = run(&mut lab, sample, form, &sample.differentiable());
                let left = counts(&mut lab);
                if left != [0; 4] {
                    failures.add(
                        sample.row.signature.name,
                        format!("{} leaves {left:?}", sample.label(form)),
                    );
                    lab = Lab::new(candle, 2);
                }
            }
        }
        failures.check(samples.len());
    }
}

/// Two layers, of which the first is frozen under a low-rank update.
struct Model {
    w: Id,
    a: Id,
    b: Id,
    head: Id,
    moments: Vec<Id>,
}

impl Model {
    fn new(lab: &mut Lab) -> Model {
        let mut rand = Rand::new(3);
        let mut random = |shape: [usize; 2]| Host::f32(&shape, &rand.normals(shape[0] * shape[1]));
        let w = lab.put_as(&random([24, 16]), Kind::Base);
        let [a, b, head] = [[4, 16], [24, 4], [10, 24]].map(|shape| lab.leaf(&random(shape)));
        let zeros = |lab: &mut Lab, shape: [usize; 2]| {
            lab.put_as(&Host::f32(&shape, &vec![0.0; shape[0] * shape[1]]), Kind::Optimizer)
        };
        let moments = [[4, 16], [24, 4], [10, 24], [4, 16], [24, 4], [10, 24]]
            .map(|shape| zeros(lab, shape))
            .to_vec();
        Model { w, a, b, head, moments }
    }

    fn loss(&self, lab: &mut Lab, step: u64) -> Id {
        let x = lab.put(&Host::f32(&[6, 16], &Rand::new(step % 5).normals(96)));
        let target = lab.put(&Host::i64(&[6], &[0, 3, 9, 1, 1, 5]));
        let h = lab.op(
            &LORA_LINEAR,
            &[x, self.w, 0, self.a, self.b],
            &[0.5, 0.1, 0.0, 2.0, 0.0, 24.0],
        );
        let g = lab.op(&GELU, &[h], &[]);
        let logits = lab.op(&LINEAR, &[g, self.head, 0], &[0.0]);
        let rows = lab.op(&CROSS_ENTROPY, &[logits, target, 0], &[-100.0, 0.0]);
        let loss = lab.op(&MEAN, &[rows], &[0.0, 0.0]);
        lab.release(&[x, target, h, g, logits, rows]);
        loss
    }

    fn step(&self, lab: &mut Lab, step: u64) -> f64 {
        let loss = self.loss(lab, step);
        lab.backward(loss);
        let params = [self.a, self.b, self.head];
        let grads = params.map(|p| lab.rec.grad(p).unwrap());
        let norm = lab.op(&GLOBAL_NORM, &grads, &[3.0]);
        lab.rec
            .record(&CLIP_SCALE, &[&grads[..], &[norm]].concat(), &[3.0, 1.0])
            .unwrap();
        let inputs = [&params[..], &grads, &self.moments].concat();
        let attrs = adamw_attrs(3.0, 0.01, 0.01, step as f64);
        lab.rec.record(&ADAMW_STEP, &inputs, &attrs).unwrap();
        lab.fence(true).unwrap();
        let value = lab.read(loss)[0];
        params.iter().for_each(|&p| lab.rec.set_grad(p, 0).unwrap());
        lab.release(&grads);
        lab.release(&[norm, loss]);
        value
    }

    fn drop(self, lab: &mut Lab) {
        lab.release(&[self.w, self.a, self.b, self.head]);
        lab.release(&self.moments);
    }
}

#[test]
fn training_steps_do_not_grow() {
    for candle in [false, true] {
        let mut lab = Lab::new(candle, 2);
        let model = Model::new(&mut lab);
        let mut before = [0; 4];
        let mut losses = Vec::new();
        for step in 1..=100 {
            losses.push(model.step(&mut lab, step));
            let now = counts(&mut lab);
            assert!(step < 3 || now == before, "step {step}: {now:?} after {before:?}");
            before = now;
        }
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        assert!(mean(&losses[90..]) < 0.5 * mean(&losses[..10]), "{losses:?}");
        assert_eq!(lab.bytes_of(Kind::Gradient), 0);
        assert_eq!(lab.bytes_of(Kind::Optimizer), 2 * 4 * (4 * 16 + 24 * 4 + 10 * 24));
        model.drop(&mut lab);
        assert_eq!(counts(&mut lab), [0; 4]);
    }
}

#[test]
fn the_pool_serves_later_steps() {
    let mut lab = Lab::new(false, 1);
    let model = Model::new(&mut lab);
    model.step(&mut lab, 1);
    let held = |lab: &mut Lab| lab.live_bytes() + lab.engine.counters().pool_bytes.load(Ordering::Relaxed);
    let first = held(&mut lab);
    for step in 2..50 {
        model.step(&mut lab, step);
    }
    let last = held(&mut lab);
    assert!(
        last as f64 <= 1.2 * first as f64,
        "{first} bytes after one step, {last} after fifty"
    );
    model.drop(&mut lab);
}

#[test]
fn abandoned_graphs_are_freed_with_their_handles() {
    let mut lab = Lab::new(false, 1);
    let model = Model::new(&mut lab);
    let before = counts(&mut lab);
    for step in 0..20 {
        let loss = model.loss(&mut lab, step);
        if step % 2 == 0 {
            // A graph that was kept by retainGraph is dropped as well.
            lab.backward_with(loss, 0, true).unwrap();
        }
        lab.release(&[loss]);
        [model.a, model.b, model.head]
            .iter()
            .for_each(|&p| lab.rec.set_grad(p, 0).unwrap());
        assert_eq!(counts(&mut lab), before);
    }
    model.drop(&mut lab);
    assert_eq!(counts(&mut lab), [0; 4]);
}

#[test]
fn failed_work_leaves_nothing_behind() {
    let mut lab = Lab::new(false, 1);
    let table = lab.leaf(&Host::f32(&[3, 2], &[1.0; 6]));
    let ids = lab.put(&Host::i64(&[2], &[0, 9]));
    for _ in 0..5 {
        let rows = lab.op(&EMBEDDING, &[table, ids], &[-1.0, 0.0]);
        let loss = lab.op(&SUM, &[rows], &[0.0, 0.0]);
        lab.backward(loss);
        lab.wait().unwrap_err();
        lab.rec.set_grad(table, 0).unwrap();
        // Refused at recording: the tensors that were to be made must not stay.
        lab.try_op(&MATMUL, &[rows, ids], &[0.0, 0.0]).unwrap_err();
        lab.release(&[rows, loss]);
    }
    // A backward that stops on its way.
    let a = lab.op(&SQUARE, &[table], &[]);
    let b = lab.op(&SQUARE, &[a], &[]);
    let loss = lab.op(&SUM, &[b], &[0.0, 0.0]);
    let was = lab.rec.set_grad_enabled(false);
    lab.op(&FILL_INPLACE, &[a], &[0.0]);
    lab.rec.set_grad_enabled(was);
    lab.backward_with(loss, 0, false).unwrap_err();
    lab.release(&[a, b, loss, table, ids]);
    assert_eq!(counts(&mut lab), [0; 4]);
}
