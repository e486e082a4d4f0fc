//! Softmax, norms, embedding, cross entropy, rotary positions.

use engine::ops::table::*;

use super::super::harness::Rand;
use super::{Fill, Input, Sample, exact, ids, sample, weight, whole, wide, with, x};

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    softmaxes(&mut list);
    norms(&mut list);
    embeddings(&mut list);
    losses(&mut list);
    fused_losses(&mut list);
    for shape in [&[][..], &[5], &[3, 17], &[0, 4], &[301, 257]] {
        let gate = sample(&SILU_MUL, [x(shape), x(shape)], &[]);
        list.push(if shape == [301, 257] {
            gate.kinked().slack(3.0)
        } else {
            gate
        });
    }
    rotations(&mut list);
    list
}

fn softmaxes(list: &mut Vec<Sample>) {
    for row in [&SOFTMAX, &LOG_SOFTMAX] {
        for (shape, dim) in [
            (&[5][..], 0.0),
            (&[3, 4], 0.0),
            (&[3, 4], -1.0),
            (&[2, 3, 4], 1.0),
            (&[], 0.0),
            (&[0, 3], 1.0),
            (&[2, 1], -1.0),
            (&[7, 129], 1.0),
        ] {
            list.push(sample(row, [x(shape)], &[dim]));
        }
        for dim in [0.0, 1.0] {
            list.push(sample(row, [x(&[301, 257])], &[dim]).kinked().slack(10.0));
        }
        list.push(
            sample(row, [exact(&[1000.0, 0.0, -1000.0, 999.0])], &[0.0])
                .kinked()
                .slack(10.0),
        );
    }
    list.push(sample(&SOFTMAX, [exact(&[f64::NEG_INFINITY, 0.0, 1.0])], &[0.0]).kinked());
}

fn norms(list: &mut Vec<Sample>) {
    for shape in [&[8][..], &[3, 5], &[2, 3, 17], &[0, 4], &[4, 129]] {
        let n = shape[shape.len() - 1];
        for (w, b) in [(true, true), (true, false), (false, true), (false, false)] {
            let parameters = [w.then(|| weight(&[n])), b.then(|| weight(&[n]))];
            list.push(with(
                &LAYER_NORM,
                [Some(x(shape)), parameters[0].clone(), parameters[1].clone()],
                &[1e-5],
            ));
        }
        list.push(with(&RMS_NORM, [Some(x(shape)), Some(weight(&[n]))], &[1e-6]));
        list.push(with(&RMS_NORM, [Some(x(shape)), None], &[1e-6]));
    }
    let large = || Some(x(&[301, 257]));
    list.push(
        with(
            &LAYER_NORM,
            [large(), Some(weight(&[257])), Some(weight(&[257]))],
            &[1e-5],
        )
        .kinked()
        .slack(30.0),
    );
    list.push(
        with(&RMS_NORM, [large(), Some(weight(&[257]))], &[1e-6])
            .kinked()
            .slack(30.0),
    );
    // A constant row: only eps keeps it finite.
    let constant = || Some(x(&[2, 3]).fill(Fill::Exact(vec![2.0, 2.0, 2.0, 0.0, 0.0, 0.0])));
    list.push(with(&LAYER_NORM, [constant(), None, None], &[1e-2]).kinked());
    list.push(with(&RMS_NORM, [constant(), None], &[1e-2]).kinked());
}

fn embeddings(list: &mut Vec<Sample>) {
    for shape in [&[][..], &[5], &[2, 3], &[0], &[2, 0]] {
        list.push(sample(&EMBEDDING, [weight(&[7, 4]), ids(shape, 7)], &[-1.0, 0.0]));
    }
    list.push(sample(&EMBEDDING, [weight(&[50, 33]), ids(&[9, 31], 50)], &[-1.0, 0.0]));
    // The padding row and the scaling by frequency are no derivatives.
    let repeated = || whole(&[6], &[1, 3, 1, 0, 3, 1]);
    for (padding, by_frequency) in [(1.0, 0.0), (-1.0, 1.0), (0.0, 1.0)] {
        list.push(sample(&EMBEDDING, [weight(&[5, 3]), repeated()], &[padding, by_frequency]).kinked());
    }
}

fn losses(list: &mut Vec<Sample>) {
    for (rows, classes) in [(1, 1), (3, 5), (0, 4), (6, 33), (17, 129)] {
        for smoothing in [0.0, 0.1] {
            let call = |w: Option<Input>, t: Input| {
                with(
                    &CROSS_ENTROPY,
                    [Some(x(&[rows, classes])), Some(t), w],
                    &[-100.0, smoothing],
                )
            };
            list.push(call(None, ids(&[rows], classes)));
            list.push(call(
                Some(wide(&[classes]).fill(Fill::Range(0.2, 2.0)).frozen()),
                ids(&[rows], classes),
            ));
        }
    }
    for (ignore, target) in [(-100.0, [-100, 1, -100, 3]), (2.0, [2, 1, 0, 2])] {
        for smoothing in [0.0, 0.2] {
            let class_weight = Some(wide(&[4]).fill(Fill::Exact(vec![1.0, 0.5, 2.0, 0.0])).frozen());
            list.push(with(
                &CROSS_ENTROPY,
                [Some(x(&[4, 4])), Some(whole(&[4], &target)), class_weight],
                &[ignore, smoothing],
            ));
            list.push(with(
                &CROSS_ENTROPY,
                [Some(x(&[4, 4])), Some(whole(&[4], &target)), None],
                &[ignore, smoothing],
            ));
        }
    }
    list.push(
        with(
            &CROSS_ENTROPY,
            [Some(x(&[65, 1031])), Some(ids(&[65], 1031)), None],
            &[-100.0, 0.0],
        )
        .kinked()
        .slack(10.0),
    );
    let far = x(&[2, 3]).fill(Fill::Exact(vec![1000.0, 0.0, -1000.0, 5.0, 5.0, 5.0]));
    list.push(
        with(
            &CROSS_ENTROPY,
            [Some(far), Some(whole(&[2], &[2, 1])), None],
            &[-100.0, 0.0],
        )
        .kinked(),
    );
}

fn fused_losses(list: &mut Vec<Sample>) {
    const ALL: f64 = 7.0;
    for (rows, width, classes) in [(1, 1, 1), (3, 4, 5), (0, 3, 4), (6, 17, 33)] {
        for (reduction, smoothing) in [(1.0, 0.0), (1.0, 0.1), (2.0, 0.0), (2.0, 0.3)] {
            // The mean over no rows is undefined, and its difference too.
            let biased = (rows > 0 || reduction == 2.0).then(|| wide(&[classes]));
            let inputs = [
                Some(x(&[rows, width])),
                Some(weight(&[classes, width])),
                biased,
                Some(ids(&[rows], classes)),
            ];
            let needs = if inputs[2].is_some() { ALL } else { 3.0 };
            let call = with(&LINEAR_CROSS_ENTROPY, inputs, &[-100.0, smoothing, reduction, needs]);
            list.push(if rows == 0 { call.kinked() } else { call });
        }
    }
    let frozen = || Some(weight(&[4, 3]).frozen());
    for (ignore, target) in [
        (-100.0, [-100, 1, -100, 3]),
        (-100.0, [0, 1, -100, -100]),
        (2.0, [2, 1, 0, 2]),
    ] {
        let inputs = [Some(x(&[4, 3])), frozen(), None, Some(whole(&[4], &target))];
        list.push(with(&LINEAR_CROSS_ENTROPY, inputs.clone(), &[ignore, 0.2, 0.0, 1.0]));
        list.push(with(&LINEAR_CROSS_ENTROPY, inputs, &[ignore, 0.0, 1.0, 1.0]));
    }
    let none = [Some(x(&[2, 3])), frozen(), None, Some(whole(&[2], &[-100, -100]))];
    for reduction in [0.0, 1.0, 2.0] {
        list.push(with(&LINEAR_CROSS_ENTROPY, none.clone(), &[-100.0, 0.1, reduction, 1.0]).kinked());
    }
    let large = [
        Some(x(&[65, 19])),
        Some(weight(&[1031, 19])),
        None,
        Some(ids(&[65], 1031)),
    ];
    list.push(
        with(&LINEAR_CROSS_ENTROPY, large, &[-100.0, 0.1, 1.0, 3.0])
            .kinked()
            .slack(10.0),
    );
}

fn rotations(list: &mut Vec<Sample>) {
    let angles: Vec<f64> = {
        let mut rand = Rand::new(5);
        (0..9 * 3).map(|_| 6.0 * rand.unit()).collect()
    };
    let tables = |d: usize| {
        let half = |f: fn(f64) -> f64| {
            wide(&[9, d / 2])
                .fill(Fill::Exact(angles[..9 * d / 2].iter().map(|&a| f(a)).collect()))
                .frozen()
        };
        (half(f64::cos), half(f64::sin))
    };
    for layout in [0.0, 1.0] {
        let shape = |b: usize, h: usize, t: usize, d: usize| if layout == 0.0 { [b, h, t, d] } else { [b, t, h, d] };
        for interleaved in [0.0, 1.0] {
            for inverse in [0.0, 1.0] {
                let attrs = [layout, interleaved, inverse];
                for (b, h, t, d) in [(2, 3, 5, 4), (1, 1, 9, 6), (1, 2, 1, 2), (0, 2, 3, 4)] {
                    let (cos, sin) = tables(d);
                    list.push(with(
                        &ROPE,
                        [Some(x(&shape(b, h, t, d))), Some(cos.clone()), Some(sin.clone()), None],
                        &attrs,
                    ));
                    list.push(with(
                        &ROPE,
                        [Some(x(&shape(b, h, t, d))), Some(cos), Some(sin), Some(ids(&[b, t], 9))],
                        &attrs,
                    ));
                }
            }
        }
    }
}
