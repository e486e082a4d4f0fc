//! Pools and batch norm.

use engine::ops::table::*;

use super::{Fill, Sample, sample, weight, with, x};

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    maxima(&mut list);
    means(&mut list);
    batch_norms(&mut list);
    list
}

/// Lists with their lengths first, then numbers.
fn attrs(lists: &[&[f64]], rest: &[f64]) -> Vec<f64> {
    let lists = lists.iter().flat_map(|list| [&[list.len() as f64][..], *list].concat());
    lists.chain(rest.iter().copied()).collect()
}

type Sliding = (&'static [usize], [&'static [f64]; 4], bool);

/// Input, kernel, stride, padding, dilation, ceilMode.
const SLIDING: [Sliding; 9] = [
    (&[2, 3, 9], [&[3.0], &[2.0], &[1.0], &[1.0]], false),
    (&[2, 1, 10], [&[2.0], &[3.0], &[0.0], &[1.0]], true),
    (
        &[1, 2, 4, 6],
        [&[2.0, 2.0], &[2.0, 2.0], &[0.0, 0.0], &[1.0, 1.0]],
        false,
    ),
    (
        &[2, 2, 7, 8],
        [&[3.0, 2.0], &[1.0, 3.0], &[1.0, 1.0], &[1.0, 1.0]],
        true,
    ),
    (
        &[1, 3, 3, 3],
        [&[1.0, 1.0], &[1.0, 1.0], &[0.0, 0.0], &[1.0, 1.0]],
        false,
    ),
    (
        &[0, 3, 4, 4],
        [&[2.0, 2.0], &[2.0, 2.0], &[1.0, 1.0], &[1.0, 1.0]],
        false,
    ),
    (
        &[2, 1, 3, 5, 4],
        [&[3.0, 2.0, 2.0], &[1.0, 2.0, 1.0], &[1.0, 1.0, 0.0], &[1.0, 1.0, 1.0]],
        false,
    ),
    (
        &[1, 2, 4, 4, 5],
        [&[2.0, 3.0, 4.0], &[2.0, 2.0, 3.0], &[0.0, 1.0, 2.0], &[1.0, 1.0, 1.0]],
        true,
    ),
    (&[1, 1, 5], [&[4.0], &[1.0], &[0.0], &[1.0]], false),
];

const ADAPTIVE: [(&[usize], &[f64]); 6] = [
    (&[2, 3, 7], &[3.0]),
    (&[1, 2, 5, 6], &[1.0, 1.0]),
    (&[2, 1, 5, 7], &[3.0, 4.0]),
    (&[1, 2, 3, 2], &[5.0, 2.0]),
    (&[0, 2, 4, 4], &[2.0, 2.0]),
    (&[1, 2, 3, 5, 4], &[2.0, 3.0, 4.0]),
];

fn maxima(list: &mut Vec<Sample>) {
    let distinct = |shape: &[usize]| x(shape).fill(Fill::Distinct);
    for (shape, sizes, ceil) in SLIDING {
        let ceil = f64::from(u8::from(ceil));
        list.push(sample(&MAX_POOL, [distinct(shape)], &attrs(&sizes, &[ceil])));
    }
    for (shape, sizes) in [
        (&[1, 2, 9][..], [&[3.0][..], &[1.0], &[1.0], &[2.0]]),
        (&[2, 1, 8, 7], [&[2.0, 3.0], &[2.0, 1.0], &[1.0, 0.0], &[3.0, 2.0]]),
    ] {
        for ceil in [0.0, 1.0] {
            list.push(sample(&MAX_POOL, [distinct(shape)], &attrs(&sizes, &[ceil])));
        }
    }
    for (shape, out) in ADAPTIVE {
        list.push(sample(&ADAPTIVE_MAX_POOL, [distinct(shape)], &attrs(&[out], &[])));
    }
}

fn means(list: &mut Vec<Sample>) {
    for (shape, [kernel, stride, padding, _], ceil) in SLIDING {
        let ceil = f64::from(u8::from(ceil));
        for (count_padding, divisor) in [(1.0, 0.0), (0.0, 0.0), (1.0, 3.0)] {
            let attrs = attrs(&[kernel, stride, padding], &[ceil, count_padding, divisor]);
            list.push(sample(&AVG_POOL, [x(shape)], &attrs));
        }
    }
    for (shape, out) in ADAPTIVE {
        list.push(sample(&ADAPTIVE_AVG_POOL, [x(shape)], &attrs(&[out], &[])));
    }
}

fn batch_norms(list: &mut Vec<Sample>) {
    for shape in [&[4, 3][..], &[2, 3, 5], &[1, 2, 3, 4], &[2, 1, 2, 3, 2], &[33, 5, 17]] {
        let c = shape[1];
        for (w, b) in [(true, true), (true, false), (false, true), (false, false)] {
            let inputs = [Some(x(shape)), w.then(|| weight(&[c])), b.then(|| weight(&[c]))];
            list.push(with(&BATCH_NORM, inputs, &[1e-5]).slack(10.0));
        }
    }
    // A constant channel: only eps keeps it finite.
    let constant = x(&[2, 1, 2]).fill(Fill::Exact(vec![2.0; 4]));
    list.push(with(&BATCH_NORM, [Some(constant), None, None], &[1e-2]).kinked());
}
