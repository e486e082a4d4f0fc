//! One operand.

use engine::dtype::Dtype;
use engine::ops::row::OpRow;
use engine::ops::table::*;

use super::{Class, Fill, Sample, exact, input, sample, truth, whole, x};

const SHAPES: [&[usize]; 6] = [&[], &[3], &[17], &[2, 0], &[5, 129], &[2, 3, 4]];

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let positive = Fill::Range(0.3, 3.0);
    let functions: [(&'static OpRow, &Fill); 23] = [
        (&NEG, &Fill::Normal),
        (&EXP, &Fill::Normal),
        (&LOG, &positive),
        (&SQRT, &positive),
        (&RSQRT, &positive),
        (&SQUARE, &Fill::Normal),
        (&ABS, &Fill::Apart),
        (&SIGN, &Fill::Apart),
        (&RECIP, &Fill::Apart),
        (&SIN, &Fill::Normal),
        (&COS, &Fill::Normal),
        (&TANH, &Fill::Normal),
        (&SIGMOID, &Fill::Normal),
        (&RELU, &Fill::Apart),
        (&SILU, &Fill::Normal),
        (&HARDSWISH, &Fill::Normal),
        (&GELU, &Fill::Normal),
        (&GELU_TANH, &Fill::Normal),
        (&ERF, &Fill::Normal),
        (&FLOOR, &Fill::Apart),
        (&CEIL, &Fill::Apart),
        (&ROUND, &Fill::Apart),
        (&CLONE, &Fill::Normal),
    ];
    for (row, fill) in functions {
        for shape in SHAPES {
            list.push(sample(row, [x(shape).fill(fill.clone())], &[]));
        }
        // Above the size from which kernels use threads.
        list.push(sample(row, [x(&[301, 257]).fill(fill.clone())], &[]).kinked());
    }
    corners(&mut list);
    with_numbers(&mut list);
    casts(&mut list);
    list
}

/// Kinks, ties and the ends of the range.
fn corners(list: &mut Vec<Sample>) {
    let ends = exact(&[-88.0, -40.0, -12.0, -6.0, -0.0, 0.0, 1e-4, 6.0, 12.0, 40.0]);
    for row in [
        &TANH, &SIGMOID, &RELU, &SILU, &HARDSWISH, &GELU, &GELU_TANH, &ERF, &ABS, &SIGN, &SQUARE,
    ] {
        list.push(sample(row, [ends.clone()], &[]).kinked());
    }
    list.push(sample(&EXP, [exact(&[-200.0, -80.0, 0.0, 10.0, f64::NEG_INFINITY])], &[]).kinked());
    list.push(sample(&LOG, [exact(&[1e-4, 0.5, 1.0, 1000.0])], &[]).kinked());
    list.push(sample(&HARDSWISH, [exact(&[-3.5, -3.0, -2.5, -1.5, 0.0, 2.5, 3.0, 3.5])], &[]).kinked());
    let halves = exact(&[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.49, -3.51]);
    for row in [&FLOOR, &CEIL, &ROUND] {
        list.push(sample(row, [halves.clone()], &[]));
    }
}

fn with_numbers(list: &mut Vec<Sample>) {
    for shape in SHAPES {
        list.push(sample(&AFFINE, [x(shape)], &[-1.5, 0.25]));
        for exponent in [2.0, 3.0, 0.5, -1.5, 1.0, 0.0] {
            list.push(sample(&POW_SCALAR, [x(shape).fill(Fill::Range(0.4, 2.0))], &[exponent]));
        }
        for bounds in [[-1.0, 1.0], [f64::NEG_INFINITY, 0.5], [0.1, f64::INFINITY]] {
            list.push(sample(&CLAMP, [x(shape)], &bounds));
        }
        list.push(sample(&DROPOUT, [x(shape)], &[0.3]));
    }
    for p in [0.0, 0.5, 1.0] {
        list.push(sample(&DROPOUT, [x(&[9, 11])], &[p]));
    }
    list.push(sample(&DROPOUT, [x(&[301, 257])], &[0.1]).kinked());
    list.push(sample(&AFFINE, [x(&[301, 257])], &[2.0, 1.0]).kinked());
    list.push(sample(&AFFINE, [x(&[7])], &[1.0, 3.0]));
    list.push(sample(&AFFINE, [whole(&[3], &[1, -2, 3])], &[3.0, -1.0]));
    list.push(sample(&POW_SCALAR, [exact(&[-2.0, -0.5, 0.0, 3.0])], &[2.0]).kinked());
    list.push(sample(&POW_SCALAR, [exact(&[-2.0, -0.5, 0.0, 3.0])], &[3.0]).kinked());
    list.push(sample(&CLAMP, [exact(&[-1.0, 0.0, 1.0, 2.0])], &[-1.0, 1.0]).kinked());
}

fn casts(list: &mut Vec<Sample>) {
    list.push(sample(&CAST, [x(&[7, 5])], &[f64::from(Dtype::F64 as u8)]));
    for to in Dtype::ALL.into_iter().filter(|dtype| dtype.blocks().is_none()) {
        let to = f64::from(to as u8);
        list.push(sample(&CAST, [x(&[33])], &[to]).kinked());
        list.push(sample(&CAST, [x(&[0, 2])], &[to]).kinked());
        list.push(sample(&CAST, [whole(&[4], &[0, 1, 2, 100])], &[to]));
        list.push(sample(&CAST, [truth(&[9])], &[to]));
        let bytes = input(Class::Of(Dtype::U8), &[3]).fill(Fill::Exact(vec![0.0, 1.0, 200.0]));
        list.push(sample(&CAST, [bytes], &[to]));
    }
    for x in [whole(&[3], &[1, 2, 3]), truth(&[2, 2])] {
        list.push(sample(&CLONE, [x], &[]));
    }
}
