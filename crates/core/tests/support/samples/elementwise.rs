//! Two operands, and tensors from nothing.

use engine::dtype::Dtype;
use engine::ops::row::OpRow;
use engine::ops::table::*;

use super::super::harness::dims_and;
use super::{Class, Fill, Sample, exact, input, sample, truth, whole, x};

const PAIRS: [(&[usize], &[usize]); 9] = [
    (&[2, 3], &[2, 3]),
    (&[2, 3], &[3]),
    (&[2, 1, 4], &[3, 1]),
    (&[], &[3]),
    (&[5], &[1]),
    (&[0], &[1]),
    (&[2, 0, 3], &[3]),
    (&[4, 1, 1], &[1, 3, 5]),
    (&[7, 129], &[7, 129]),
];

/// Above the size from which kernels use threads.
const LARGE: [(&[usize], &[usize]); 3] = [
    (&[301, 257], &[301, 257]),
    (&[301, 257], &[257]),
    (&[301, 257], &[301, 1]),
];

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let arithmetic: [(&'static OpRow, Fill, Fill); 7] = [
        (&ADD, Fill::Normal, Fill::Normal),
        (&SUB, Fill::Normal, Fill::Normal),
        (&MUL, Fill::Normal, Fill::Normal),
        (&DIV, Fill::Normal, Fill::Apart),
        (&POW, Fill::Range(0.4, 2.0), Fill::Normal),
        (&MAXIMUM, Fill::Normal, Fill::Normal),
        (&MINIMUM, Fill::Normal, Fill::Normal),
    ];
    for (row, fa, fb) in arithmetic {
        for (a, b) in PAIRS {
            list.push(sample(row, [x(a).fill(fa.clone()), x(b).fill(fb.clone())], &[]));
            list.push(sample(row, [x(b).fill(fa.clone()), x(a).fill(fb.clone())], &[]));
        }
        for (a, b) in LARGE {
            list.push(
                sample(row, [x(a).fill(fa.clone()), x(b).fill(fb.clone())], &[])
                    .kinked()
                    .slack(10.0),
            );
        }
    }
    for row in [&ADD, &SUB, &MUL, &MAXIMUM, &MINIMUM] {
        list.push(sample(row, [whole(&[3], &[1, -2, 3]), whole(&[2, 1], &[5, 7])], &[]));
        let byte = |numbers: &[f64]| input(Class::Of(Dtype::U8), &[numbers.len()]).fill(Fill::Exact(numbers.to_vec()));
        list.push(sample(row, [byte(&[9.0, 8.0, 7.0]), byte(&[1.0, 8.0, 2.0])], &[]));
    }
    // Ties share the gradient; a power of zero, and of negative numbers by whole exponents.
    for row in [&MAXIMUM, &MINIMUM] {
        list.push(sample(row, [exact(&[1.0, 2.0, 3.0]), exact(&[1.0, 5.0, 3.0])], &[]).kinked());
    }
    list.push(sample(&POW, [exact(&[0.0, 2.0, 0.0, 3.0]), exact(&[2.0, 0.0, 1.0, -1.0])], &[]).kinked());
    list.push(
        sample(
            &POW,
            [exact(&[-2.0, -0.5, -1.0]), exact(&[2.0, 3.0, 0.0]).frozen()],
            &[],
        )
        .kinked(),
    );
    comparisons(&mut list);
    choices(&mut list);
    making(&mut list);
    list
}

fn comparisons(list: &mut Vec<Sample>) {
    for row in [&EQ, &NE, &LT, &LE, &GT, &GE] {
        for (a, b) in PAIRS {
            list.push(sample(row, [x(a), x(b)], &[]));
        }
        list.push(sample(
            row,
            [exact(&[1.0, 2.0, 3.0, -0.0]), exact(&[1.0, 3.0, 2.0, 0.0])],
            &[],
        ));
        list.push(sample(
            row,
            [
                exact(&[f64::NAN, 1.0, f64::INFINITY]),
                exact(&[f64::NAN, f64::NAN, f64::INFINITY]),
            ],
            &[],
        ));
        list.push(sample(row, [whole(&[3], &[1, -2, 3]), whole(&[1], &[1])], &[]));
        list.push(sample(row, [truth(&[4, 3]), truth(&[3])], &[]));
    }
    for row in [&LOGICAL_AND, &LOGICAL_OR] {
        for (a, b) in PAIRS {
            list.push(sample(row, [truth(a), truth(b)], &[]));
        }
    }
    list.push(sample(&LOGICAL_NOT, [truth(&[5, 3])], &[]));
    list.push(sample(&LOGICAL_NOT, [truth(&[0])], &[]));
    list.push(sample(&LOGICAL_NOT, [whole(&[3], &[0, 4, -1])], &[]));
    list.push(sample(&LOGICAL_NOT, [exact(&[0.0, 0.5, -0.0])], &[]));
}

fn choices(list: &mut Vec<Sample>) {
    let shapes: [[&[usize]; 3]; 6] = [
        [&[2, 3], &[2, 3], &[2, 3]],
        [&[3], &[2, 3], &[]],
        [&[2, 1], &[3], &[2, 3]],
        [&[2, 4, 1], &[1, 3], &[4, 3]],
        [&[0], &[0], &[1]],
        [&[301, 129], &[129], &[301, 1]],
    ];
    for [c, a, b] in shapes {
        let s = sample(&WHERE, [truth(c), x(a), x(b)], &[]);
        list.push(if c.len() == 2 && c[0] > 100 { s.kinked() } else { s });
    }
    list.push(sample(
        &WHERE,
        [truth(&[3]), whole(&[3], &[1, 2, 3]), whole(&[1], &[-1])],
        &[],
    ));
    list.push(sample(&WHERE, [truth(&[3]), truth(&[3]), truth(&[3])], &[]));
    // What is not chosen must not leak: 0 · NaN would.
    let mask = input(Class::Of(Dtype::Bool), &[3]).fill(Fill::Exact(vec![1.0, 0.0, 1.0]));
    list.push(
        sample(
            &WHERE,
            [
                mask.clone(),
                exact(&[1.0, f64::NAN, 2.0]),
                exact(&[f64::INFINITY, 3.0, f64::NAN]),
            ],
            &[],
        )
        .kinked(),
    );
    for (shape, mask) in [
        (&[2, 3][..], &[2, 3][..]),
        (&[2, 3], &[3]),
        (&[2, 4, 3], &[4, 1]),
        (&[0, 3], &[3]),
        (&[5], &[]),
    ] {
        list.push(sample(&MASKED_FILL, [x(shape), truth(mask)], &[-2.5]));
    }
    list.push(sample(&MASKED_FILL, [exact(&[1.0, f64::NAN, 2.0]), mask], &[f64::NEG_INFINITY]).kinked());
    list.push(sample(&MASKED_FILL, [whole(&[3], &[1, 2, 3]), truth(&[3])], &[-100.0]));
}

fn making(list: &mut Vec<Sample>) {
    for shape in [&[3, 5][..], &[], &[0], &[33_000]] {
        for dtype in [Dtype::F32, Dtype::F64, Dtype::Bf16, Dtype::F16] {
            let number = f64::from(dtype as u8);
            list.push(sample(&FULL, [], &dims_and(shape, &[1.25, number])));
            list.push(sample(&RAND, [], &dims_and(shape, &[-1.0, 3.0, number])));
            list.push(sample(&RANDN, [], &dims_and(shape, &[0.5, 2.0, number])));
        }
    }
    for dtype in [Dtype::I64, Dtype::U8, Dtype::Bool] {
        list.push(sample(&FULL, [], &dims_and(&[4], &[1.0, f64::from(dtype as u8)])));
    }
}
