//! The precision of products with a bf16 weight: what it rounds, what it leaves alone, and when it is fixed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::dtype::Dtype;
use engine::meta::Id;
use engine::ops::table::{GELU, GELU_TANH, LINEAR, LORA_LINEAR, SILU, SILU_MUL};
use engine::precision::Precision;
use half::bf16;
use support::harness::{Host, Lab, Rand};

const M: usize = 45;
const K: usize = 71;
const N: usize = 66;
const RANK: usize = 3;

/// A layer with a frozen weight, factors, an input that learns, and a gradient of the output.
struct Layer {
    layout: f64,
    w: Host,
    x: Host,
    a: Host,
    b: Host,
    dy: Host,
}

impl Layer {
    fn new(dtype: Dtype, layout: f64) -> Layer {
        let mut rand = Rand::new(5);
        let mut random = |shape: &[usize]| Host::f32(shape, &rand.normals(shape.iter().product()));
        let mut w = random(&if layout == 0.0 { [N, K] } else { [K, N] });
        w.dtype = dtype;
        Layer {
            layout,
            w,
            x: random(&[M, K]),
            a: random(&[RANK, K]),
            b: random(&[N, RANK]),
            dy: random(&[M, N]),
        }
    }

    /// Output and gradient of the input of the plain layer, then of the adapted one.
    fn run(&self, lab: &mut Lab, precision: Precision) -> Vec<Id> {
        let [w, a, b, dy] = [&self.w, &self.a, &self.b, &self.dy].map(|host| lab.put(host));
        assert_eq!(lab.rec.set_precision(precision), Precision::Highest);
        let blocks = [2.0, 0.0, N as f64];
        let mut results = Vec::new();
        for adapted in [false, true] {
            let x = lab.leaf(&self.x);
            let y = if adapted {
                lab.op(
                    &LORA_LINEAR,
                    &[x, w, 0, a, b],
                    &[&[0.5, 0.0, self.layout][..], &blocks].concat(),
                )
            } else {
                lab.op(&LINEAR, &[x, w, 0], &[self.layout])
            };
            lab.backward_with(y, dy, true).unwrap();
            results.extend([y, lab.rec.grad(x).unwrap()]);
        }
        // What is queued keeps what it was recorded with.
        assert_eq!(lab.rec.set_precision(Precision::Highest), precision);
        results
    }

    /// The same in f64; with `rounds`, activations and gradients are rounded where they meet the weight.
    fn reference(&self, rounds: bool) -> Vec<Vec<f64>> {
        let weight = |n: usize, k: usize| {
            let at = if self.layout == 0.0 { n * K + k } else { k * N + n };
            bf16::from_f64(self.w.data[at]).to_f64()
        };
        let seen = |host: &Host| -> Vec<f64> {
            let values = host.data.iter().map(|&x| f64::from(x as f32));
            values
                .map(|x| if rounds { bf16::from_f64(x).to_f64() } else { x })
                .collect()
        };
        let (x, dy) = (seen(&self.x), seen(&self.dy));
        let (mut results, pairs) = (Vec::new(), |n, k| (0..n).flat_map(move |i| (0..k).map(move |j| (i, j))));
        for adapted in [0.0, 0.5] {
            let update = |n: usize, k: usize| -> f64 {
                adapted
                    * (0..RANK)
                        .map(|r| self.b.data[n * RANK + r] * self.a.data[r * K + k])
                        .sum::<f64>()
            };
            let y = pairs(M, N).map(|(i, n)| {
                (0..K)
                    .map(|k| x[i * K + k] * weight(n, k) + self.x.data[i * K + k] * update(n, k))
                    .sum::<f64>()
            });
            results.push(y.collect());
            let dx = pairs(M, K).map(|(i, k)| {
                (0..N)
                    .map(|n| dy[i * N + n] * weight(n, k) + self.dy.data[i * N + n] * update(n, k))
                    .sum::<f64>()
            });
            results.push(dx.collect());
        }
        results
    }
}

fn farthest(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    (got.iter().zip(want))
        .map(|(got, want)| (got - want).abs() / (1.0 + want.abs()))
        .fold(0.0, f64::max)
}

#[test]
fn medium_rounds_what_meets_a_bf16_weight_and_nothing_else() {
    for candle in [false, true] {
        let mut lab = Lab::new(candle, 2);
        let rounds = !candle && engine::precision::has_bf16_products();
        for layout in [0.0, 1.0] {
            let layer = Layer::new(Dtype::Bf16, layout);
            for (precision, rounds) in [(Precision::Highest, false), (Precision::Medium, rounds)] {
                let results = layer.run(&mut lab, precision);
                for (number, (id, want)) in results.into_iter().zip(layer.reference(rounds)).enumerate() {
                    let off = farthest(&lab.read(id), &want);
                    assert!(
                        off < 2e-5,
                        "{precision:?}, layout {layout}, candle {candle}: result {number} is off by {off}"
                    );
                }
            }
            if rounds {
                let apart = layer.reference(true).concat();
                assert!(
                    farthest(&apart, &layer.reference(false).concat()) > 1e-4,
                    "the two can be told apart"
                );
            }
        }
    }
}

#[test]
fn other_weights_have_the_same_bits_in_both() {
    let mut lab = Lab::new(false, 2);
    for dtype in [Dtype::F32, Dtype::F16] {
        let layer = Layer::new(dtype, 0.0);
        let run = |lab: &mut Lab, precision| -> Vec<Vec<u8>> {
            let results = layer.run(lab, precision);
            results.into_iter().map(|id| lab.bits(id)).collect()
        };
        assert!(
            run(&mut lab, Precision::Highest) == run(&mut lab, Precision::Medium),
            "{dtype}"
        );
    }
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let layer = Layer::new(Dtype::Bf16, 1.0);
    let run = |threads| -> Vec<Vec<u8>> {
        let mut lab = Lab::new(false, threads);
        let results = layer.run(&mut lab, Precision::Medium);
        results.into_iter().map(|id| lab.bits(id)).collect()
    };
    assert!(run(1) == run(2));
}

/// A layer, an activation, and a layer that learns: gradients of the first input and the last weight, and the bytes alive between forward and backward.
fn block(weight: Dtype, activation: &'static engine::ops::row::OpRow, precision: Precision) -> (Vec<Vec<f64>>, u64) {
    const SIZES: (usize, usize, usize) = (512, 48, 256);
    let (m, k, n) = SIZES;
    let mut lab = Lab::new(false, 2);
    let mut rand = Rand::new(9);
    let mut random = |shape: &[usize]| Host::f32(shape, &rand.normals(shape.iter().product()));
    let (x, mut w, last, dy) = (random(&[m, k]), random(&[n, k]), random(&[k, n]), random(&[m, k]));
    w.dtype = weight;
    let (x, w, last, dy) = (lab.leaf(&x), lab.put(&w), lab.leaf(&last), lab.put(&dy));
    lab.rec.set_precision(precision);
    let h = lab.op(&LINEAR, &[x, w, 0], &[0.0]);
    let inputs = [h, h];
    let a = lab.op(activation, &inputs[..activation.signature.inputs.len()], &[]);
    let y = lab.op(&LINEAR, &[a, last, 0], &[0.0]);
    lab.release(&[h, a]);
    let alive = lab.live_bytes();
    lab.backward_with(y, dy, true).unwrap();
    let gradients = [x, last].map(|id| lab.grad(id).unwrap());
    // The graph is there still, with its inputs widened.
    lab.backward_with(y, dy, false).unwrap();
    for (id, once) in [x, last].into_iter().zip(&gradients) {
        let twice: Vec<f64> = once.iter().map(|g| 2.0 * g).collect();
        assert!(farthest(&lab.grad(id).unwrap(), &twice) < 1e-6);
    }
    (gradients.to_vec(), alive)
}

#[test]
fn medium_keeps_what_activations_were_given_in_half_of_the_memory() {
    for activation in [&GELU, &GELU_TANH, &SILU, &SILU_MUL] {
        let (exact, full) = block(Dtype::Bf16, activation, Precision::Highest);
        let (rounded, half) = block(Dtype::Bf16, activation, Precision::Medium);
        if !engine::precision::has_bf16_products() {
            assert_eq!((exact, full), (rounded, half));
            continue;
        }
        let copies = activation.signature.inputs.len() as u64;
        // Both inputs of the gate are one tensor here, which was kept once.
        let saved = 512 * 256 * (4 - 2 * copies);
        assert_eq!(full - half, saved, "{}", activation.signature.name);
        for (exact, rounded) in exact.iter().zip(&rounded) {
            let scale = exact.iter().fold(0.0f64, |most, x| most.max(x.abs()));
            let off = exact
                .iter()
                .zip(rounded)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(
                off > 0.0 && off < 0.02 * scale,
                "{}: {off} of {scale}",
                activation.signature.name
            );
        }
        assert_eq!(
            block(Dtype::F32, activation, Precision::Highest),
            block(Dtype::F32, activation, Precision::Medium)
        );
    }
}
