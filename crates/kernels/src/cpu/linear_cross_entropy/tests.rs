//! Against the plain products and the plain loss, one after the other.

use super::*;
use crate::cpu::cross_entropy::{CrossEntropyDims, CrossEntropyOperands};
use crate::reference::{cross_entropy as slow_loss, linear as slow_linear};
use crate::testing::{SIZES, close, each_isa, ids, same_for_any_thread_count, values, wide};
use half::bf16;

struct Got<T> {
    losses: Vec<T>,
    dx: Vec<T>,
    dw: Vec<T>,
    db: Vec<T>,
}

fn run<T: Float>(head: Head<'_, T>, labels: Labels<'_>, dloss: T) -> Got<T> {
    let (m, k, n) = (head.rows, head.width, head.classes);
    // The old content of a gradient must not matter.
    let mut got = Got {
        losses: vec![T::NAN; m],
        dx: vec![T::NAN; m * k],
        dw: vec![T::NAN; n * k],
        db: vec![T::NAN; n],
    };
    let mut scratch = vec![T::NAN; scratch_len::<T>(labels.counted(), k, n)];
    let gradients = Gradients {
        dloss,
        hidden: Some(&mut got.dx),
        weight: Some(&mut got.dw),
        bias: Some(&mut got.db),
    };
    linear_cross_entropy(head, labels, &mut got.losses, Some(gradients), &mut scratch).expect("it fits");
    let mut alone = vec![T::NAN; m];
    linear_cross_entropy(head, labels, &mut alone, None, &mut scratch).expect("it fits");
    close(&alone, &wide(&got.losses), 2e-6, "without gradients");
    got
}

/// Every third row ignored, from the second one on, or those after the first `m - m / 3`.
fn targets(m: usize, n: usize, apart: bool) -> Vec<i64> {
    let mut target = ids(m, n, 4);
    if apart {
        target.iter_mut().skip(1).step_by(3).for_each(|t| *t = -100);
    } else {
        target[m - m / 3..].fill(-100);
    }
    target
}

fn check_against_reference<T: Float>([m, k, n]: [usize; 3], smoothing: f64, apart: bool) {
    let (x, w, bias) = (values::<T>(m * k, 1), values::<T>(n * k, 2), values::<T>(n, 3));
    let target = targets(m, n, apart);
    let head = Head {
        hidden: &x,
        weight: WeightRef::Full(&w),
        bias: Some(&bias),
        rows: m,
        width: k,
        classes: n,
    };
    let labels = Labels {
        target: &target,
        ignore_index: -100,
        smoothing,
    };
    let got = run(head, labels, T::from_f64(0.5));
    let dims = LinearDims { m, k, n };
    let (wide_x, wide_w) = (wide(&x), wide(&w));
    let layer = LinearWeight {
        values: WeightRef::Full(&wide_w[..]),
        layout: Layout::OutIn,
    };
    let logits = slow_linear::linear(dims, &wide_x, layer, Some(&wide(&bias)));
    let operands = CrossEntropyOperands {
        logits: &logits,
        class_weight: None,
    };
    let loss_dims = CrossEntropyDims { rows: m, classes: n };
    let (losses, dy) = slow_loss::cross_entropy(loss_dims, operands, labels, &vec![0.5; m]);
    let context = format!("({m}, {k}) · ({n}, {k}) smoothing {smoothing} apart {apart}");
    let tolerance = 1e-5 * (1.0 + k as f64 / 16.0);
    close(&got.losses, &losses, tolerance, &context);
    close(&got.dx, &slow_linear::linear_dx(dims, &dy, layer), tolerance, &context);
    let dw = slow_linear::linear_dw(dims, &dy, &wide_x, Layout::OutIn);
    close(&got.dw, &dw, tolerance, &context);
    let db: Vec<f64> = (0..n).map(|c| (0..m).map(|row| dy[row * n + c]).sum()).collect();
    close(&got.db, &db, tolerance, &context);
}

#[test]
fn losses_and_gradients_meet_their_references() {
    each_isa(|_| {
        for n in SIZES.into_iter().filter(|&n| n > 0) {
            for (m, k) in [(0, 3), (1, 1), (5, 17), (19, 0), (37, 64)] {
                for smoothing in [0.0, 0.1] {
                    check_against_reference::<f32>([m, k, n], smoothing, m % 2 == 1);
                    check_against_reference::<f64>([m, k, n], smoothing, m % 2 == 0);
                }
            }
        }
    });
}

#[test]
fn several_chunks_give_what_one_would() {
    let n = CHUNK_BYTES / LEAST_ROWS / 8 + 5; // as many classes as make chunks of the least rows in f64
    let m = 2 * LEAST_ROWS + 3;
    assert!(chunk_rows::<f64>(m, n) < m / 2 + ROW_STEP);
    for apart in [false, true] {
        check_against_reference::<f64>([m, 3, n], 0.1, apart);
    }
}

#[test]
fn a_half_weight_gives_what_its_widened_self_gives() {
    let (m, k, n) = (33, 20, 77);
    let half: Vec<bf16> = values::<f32>(n * k, 2).into_iter().map(bf16::from_f32).collect();
    let full: Vec<f32> = half.iter().map(|w| w.to_f32()).collect();
    let (x, target) = (values::<f32>(m * k, 1), targets(m, n, true));
    let labels = Labels {
        target: &target,
        ignore_index: -100,
        smoothing: 0.1,
    };
    let with = |weight| {
        let head = Head {
            hidden: &x,
            weight,
            bias: None,
            rows: m,
            width: k,
            classes: n,
        };
        run(head, labels, 1.0)
    };
    let (got, want) = (with(WeightRef::Bf16(&half)), with(WeightRef::Full(&full)));
    close(&got.losses, &wide(&want.losses), 1e-6, "losses");
    close(&got.dx, &wide(&want.dx), 1e-6, "dx");
    close(&got.dw, &wide(&want.dw), 1e-6, "dw");
}

#[test]
fn ignored_rows_are_not_read_and_others_propagate_nan() {
    let target = [-100, 1, 0];
    let labels = Labels {
        target: &target,
        ignore_index: -100,
        smoothing: 0.1,
    };
    let x = [f32::NAN, f32::NAN, 1.0, 2.0, f32::NAN, 0.0];
    let w = [0.5f32, -0.5, 0.25, 1.0];
    let head = Head {
        hidden: &x,
        weight: WeightRef::Full(&w),
        bias: None,
        rows: 3,
        width: 2,
        classes: 2,
    };
    let got = run(head, labels, 1.0);
    assert!(got.losses[0] == 0.0 && got.losses[1].is_finite() && got.losses[2].is_nan());
    assert!(got.dx[..2] == [0.0, 0.0] && got.dx[2].is_finite() && got.dx[5].is_nan());
    let none = Labels {
        target: &[-100; 3],
        ..labels
    };
    let got = run(head, none, 1.0);
    assert!([got.losses, got.dx, got.dw, got.db].concat().iter().all(|g| *g == 0.0));
}

#[test]
fn bits_do_not_depend_on_threads() {
    let (m, k, n) = (70, 33, 1031);
    let (x, w, bias) = (values::<f32>(m * k, 1), values::<f32>(n * k, 2), values::<f32>(n, 3));
    let target = targets(m, n, true);
    same_for_any_thread_count(|| {
        let head = Head {
            hidden: &x,
            weight: WeightRef::Full(&w),
            bias: Some(&bias),
            rows: m,
            width: k,
            classes: n,
        };
        let got = run(
            head,
            Labels {
                target: &target,
                ignore_index: -100,
                smoothing: 0.1,
            },
            1.0,
        );
        [got.losses, got.dx, got.dw, got.db].concat()
    });
}

#[test]
fn a_target_that_is_no_class_is_named() {
    let head = Head {
        hidden: &[0f32; 4],
        weight: WeightRef::Full(&[0.0; 6]),
        bias: None,
        rows: 2,
        width: 2,
        classes: 3,
    };
    let labels = Labels {
        target: &[0, 3],
        ignore_index: -100,
        smoothing: 0.0,
    };
    let error = linear_cross_entropy(head, labels, &mut [0.0; 2], None, &mut []).unwrap_err();
    assert!(error.to_string().contains("target of row 1 is 3"), "{error}");
}

#[test]
fn a_gradient_of_zero_stays_zero() {
    let mut x = [0f32, 1.0, 0.0, -2.0];
    scale_rows(&mut x, 2, &[f32::INFINITY, 0.5]).expect("two rows");
    assert_eq!(x, [0.0, f32::INFINITY, 0.0, -1.0]);
    scale_rows(&mut x[2..], 2, &[2.0]).expect("one factor");
    assert_eq!(x[2..], [0.0, -2.0]);
}
