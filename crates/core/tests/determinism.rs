//! The same bits for any number of threads, forward, backward and step, at odd sizes above every parallel threshold.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::dtype::Dtype;
use engine::meta::Id;
use engine::ops::table::*;
use engine::recorder::Kind;
use support::harness::{Host, Lab, Rand, adamw_attrs, dims};

const VOCABULARY: usize = 1031;
const WIDTH: usize = 132;
const HEADS: usize = 3;
const TOKENS: usize = 131;
const BATCH: usize = 3;
const RANK: usize = 5;
const STEPS: u64 = 3;

/// One block of a transformer with everything trainable but the projection that LoRA adapts.
struct Block {
    params: Vec<Id>,
    moments: Vec<Id>,
    frozen: Id,
}

/// Shapes of the parameters: embedding, norm, q/k/v factors, projection, norm, two layers, head.
const SHAPES: [&[usize]; 13] = [
    &[VOCABULARY, WIDTH],
    &[WIDTH],
    &[WIDTH],
    &[2 * RANK, WIDTH],
    &[2 * WIDTH, RANK],
    &[3 * WIDTH],
    &[WIDTH, WIDTH],
    &[WIDTH],
    &[WIDTH],
    &[4 * WIDTH, WIDTH],
    &[4 * WIDTH],
    &[WIDTH, 4 * WIDTH],
    &[VOCABULARY, WIDTH],
];

impl Block {
    fn new(lab: &mut Lab) -> Block {
        let mut rand = Rand::new(17);
        let mut random = |shape: &[usize]| {
            let numbers: Vec<f64> = rand.normals(shape.iter().product()).iter().map(|x| 0.1 * x).collect();
            Host::f32(shape, &numbers)
        };
        let params: Vec<Id> = SHAPES.iter().map(|shape| lab.leaf(&random(shape))).collect();
        let zeros = |shape: &&[usize]| Host::f32(shape, &vec![0.0; shape.iter().product()]);
        let moments = SHAPES
            .iter()
            .chain(&SHAPES)
            .map(|shape| lab.put_as(&zeros(shape), Kind::Optimizer))
            .collect();
        let mut weight = random(&[WIDTH, 3 * WIDTH]);
        weight.dtype = Dtype::Bf16;
        Block {
            params,
            moments,
            frozen: lab.put_as(&weight, Kind::Base),
        }
    }

    fn loss(&self, lab: &mut Lab) -> Id {
        let p = &self.params;
        let mut rand = Rand::new(23);
        let mut ids = |shape: &[usize]| {
            let n: usize = shape.iter().product();
            Host::i64(
                shape,
                &(0..n).map(|_| rand.below(VOCABULARY) as i64).collect::<Vec<_>>(),
            )
        };
        let (ids, target) = (lab.put(&ids(&[BATCH, TOKENS])), lab.put(&ids(&[BATCH * TOKENS])));
        let x = lab.op(&EMBEDDING, &[p[0], ids], &[-1.0, 0.0]);
        let x = lab.op(&DROPOUT, &[x], &[0.1]);
        let n = lab.op(&LAYER_NORM, &[x, p[1], p[2]], &[1e-5]);
        let width = WIDTH as f64;
        // q and v are adapted, k is not.
        let blocks = [0.0, width, 2.0 * width, width];
        let qkv = lab.op(
            &LORA_LINEAR,
            &[n, self.frozen, p[5], p[3], p[4]],
            &[&[0.5, 0.1, 1.0, 4.0][..], &blocks].concat(),
        );
        let heads = dims(&[
            BATCH as isize,
            TOKENS as isize,
            HEADS as isize,
            (WIDTH / HEADS) as isize,
        ]);
        let [q, k, v] = [0.0, 1.0, 2.0].map(|i| {
            let part = lab.op(&SLICE, &[qkv], &[-1.0, i * width, (i + 1.0) * width, 1.0]);
            lab.op(&RESHAPE, &[part], &heads)
        });
        let attended = lab.op(&SDPA, &[q, k, v, 0, 0], &[0.15, 1.0, 0.1, 1.0, 0.0, 0.0]);
        let joined = lab.op(
            &RESHAPE,
            &[attended],
            &dims(&[BATCH as isize, TOKENS as isize, WIDTH as isize]),
        );
        let projected = lab.op(&LINEAR, &[joined, p[6], p[7]], &[0.0]);
        let x = lab.op(&ADD, &[x, projected], &[]);
        let n = lab.op(&RMS_NORM, &[x, p[8]], &[1e-6]);
        let h = lab.op(&LINEAR, &[n, p[9], p[10]], &[0.0]);
        let h = lab.op(&GELU_TANH, &[h], &[]);
        let h = lab.op(&LINEAR, &[h, p[11], 0], &[0.0]);
        let x = lab.op(&ADD, &[x, h], &[]);
        let flat = lab.op(&RESHAPE, &[x], &dims(&[(BATCH * TOKENS) as isize, WIDTH as isize]));
        let logits = lab.op(&LINEAR, &[flat, p[12], 0], &[0.0]);
        let rows = lab.op(&CROSS_ENTROPY, &[logits, target, 0], &[-100.0, 0.1]);
        // Reductions over both ends, and a softmax across columns, for their own thresholds.
        let soft = lab.op(&SOFTMAX, &[logits], &[0.0]);
        let spread = lab.op(&VARIANCE, &[soft], &[0.0, 1.0, 0.0]);
        let loss = lab.op(&MEAN, &[rows], &[0.0, 0.0]);
        lab.op(&ADD, &[loss, spread], &[])
    }

    fn step(&self, lab: &mut Lab, step: u64) -> Vec<u8> {
        let loss = self.loss(lab);
        lab.backward(loss);
        let grads: Vec<Id> = self.params.iter().map(|&p| lab.rec.grad(p).unwrap()).collect();
        assert!(grads.iter().all(|&g| g != 0), "every parameter has a gradient");
        let n = grads.len() as f64;
        let norm = lab.op(&GLOBAL_NORM, &grads, &[n]);
        lab.rec
            .record(&CLIP_SCALE, &[&grads[..], &[norm]].concat(), &[n, 1.0])
            .unwrap();
        let inputs = [&self.params[..], &grads, &self.moments].concat();
        let attrs = adamw_attrs(n, 0.01, 0.01, step as f64);
        lab.rec.record(&ADAMW_STEP, &inputs, &attrs).unwrap();
        lab.fence(true).unwrap();
        let mut bits = lab.bits(loss);
        bits.extend(lab.bits(norm));
        grads.iter().for_each(|&g| bits.extend(lab.bits(g)));
        self.params.iter().for_each(|&p| lab.rec.set_grad(p, 0).unwrap());
        bits
    }
}

/// Bits of losses, norms, gradients and, at the end, parameters and moments.
fn train(candle: bool, threads: usize) -> Vec<Vec<u8>> {
    let mut lab = Lab::new(candle, threads);
    let block = Block::new(&mut lab);
    let mut bits: Vec<Vec<u8>> = (1..=STEPS).map(|step| block.step(&mut lab, step)).collect();
    bits.extend(
        block
            .params
            .iter()
            .chain(&block.moments)
            .map(|&id| lab.bits(id))
            .collect::<Vec<_>>(),
    );
    bits
}

#[test]
fn threads_do_not_change_a_bit() {
    let one = train(false, 1);
    for threads in [1, 2, 3, 4] {
        let many = train(false, threads);
        let differs = one.iter().zip(&many).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{threads} threads differ from one in record {differs:?}");
    }
}

#[test]
fn twins_follow_the_kernels_through_training() {
    let loss = |bits: &[Vec<u8>]| f32::from_le_bytes(bits[STEPS as usize - 1][..4].try_into().unwrap());
    let (kernels, twins) = (loss(&train(false, 2)), loss(&train(true, 2)));
    assert!(
        (kernels - twins).abs() < 2e-3 * twins.abs(),
        "kernels {kernels}, twins {twins}"
    );
}
