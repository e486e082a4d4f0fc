//! The small gradient of a row that is nearly right, beside large logits: against f64, for every form of the loss, on kernels and twins.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::dtype::Dtype;
use engine::ops::table::{CROSS_ENTROPY, LINEAR_CROSS_ENTROPY, SUM};
use support::harness::{Host, Lab};

const CLASSES: usize = 3;

/// Logits whose first class has nearly all the probability. bf16 and f16 hold all of them exactly.
const ROWS: [[f64; CLASSES]; 6] = [
    [100.0, 90.5, 90.0],
    [100.0, 89.5, 89.0],
    [127.0, 117.0, 117.5],
    [-100.0, -110.0, -109.5],
    [64.5, 55.0, 54.5],
    [0.0, -9.5, -10.0],
];

/// `p - onehot(0)` of a row.
fn slope(row: &[f64; CLASSES]) -> [f64; CLASSES] {
    let others: f64 = row[1..].iter().map(|x| (x - row[0]).exp()).sum();
    let p = |x: f64| (x - row[0]).exp() / (1.0 + others);
    [-others / (1.0 + others), p(row[1]), p(row[2])]
}

fn logits(dtype: Dtype) -> Host {
    Host::new(dtype, &[ROWS.len(), CLASSES], ROWS.as_flattened().to_vec())
}

/// Gradients of the logits of a plain loss, summed over the rows.
fn plain(lab: &mut Lab, dtype: Dtype) -> Vec<f64> {
    let x = lab.leaf(&logits(dtype));
    let target = lab.put(&Host::i64(&[ROWS.len()], &[0; ROWS.len()]));
    let losses = lab.op(&CROSS_ENTROPY, &[x, target, 0], &[-100.0, 0.0]);
    let loss = lab.op(&SUM, &[losses], &[0.0, 0.0]);
    lab.backward(loss);
    lab.grad(x).unwrap()
}

/// The same with a head of unit rows, which leaves the hidden states as they are.
fn fused(lab: &mut Lab, hidden: Dtype, weight: Dtype) -> Vec<f64> {
    let x = lab.leaf(&logits(hidden));
    let unit = (0..CLASSES * CLASSES).map(|i| f64::from(u8::from(i % (CLASSES + 1) == 0)));
    let head = lab.put(&Host::new(weight, &[CLASSES, CLASSES], unit.collect()));
    let target = lab.put(&Host::i64(&[ROWS.len()], &[0; ROWS.len()]));
    let loss = lab.op(&LINEAR_CROSS_ENTROPY, &[x, head, 0, target], &[-100.0, 0.0, 2.0, 1.0]);
    lab.backward(loss);
    lab.grad(x).unwrap()
}

fn check(got: &[f64], dtype: Dtype, what: &str) {
    // Steps of f32 at 1, and the rounding of the gradient itself to the dtype of the logits.
    let (step, share) = match dtype {
        Dtype::F64 => (1e-15, 1e-12),
        Dtype::Bf16 => (3e-7, 4e-3),
        Dtype::F16 => (3e-7, 1e-3),
        _ => (3e-7, 1e-6),
    };
    let wanted: Vec<f64> = ROWS.iter().flat_map(slope).collect();
    for (i, (got, want)) in got.iter().zip(&wanted).enumerate() {
        assert!(
            (got - want).abs() <= step + share * want.abs(),
            "{what}: row {}, class {}: {got}, expected {want}",
            i / CLASSES,
            i % CLASSES
        );
    }
}

#[test]
fn small_gradients_keep_their_digits_beside_large_logits() {
    for candle in [false, true] {
        let mut lab = Lab::new(candle, 2);
        for dtype in [Dtype::F32, Dtype::F64, Dtype::Bf16, Dtype::F16] {
            let got = plain(&mut lab, dtype);
            check(&got, dtype, &format!("crossEntropy {dtype}, candle {candle}"));
            for weight in [dtype, if dtype == Dtype::F32 { Dtype::Bf16 } else { dtype }] {
                let got = fused(&mut lab, dtype, weight);
                check(
                    &got,
                    dtype,
                    &format!("linearCrossEntropy {dtype} with a head in {weight}, candle {candle}"),
                );
            }
        }
    }
}
