//! Reductions.

use engine::dtype::Dtype;
use engine::ops::row::OpRow;
use engine::ops::table::*;

use super::super::harness::dims;
use super::{Class, Fill, Sample, exact, input, sample, truth, whole, x};

const DIMS: [(&[usize], &[isize]); 13] = [
    (&[2, 3, 4], &[]),
    (&[2, 3, 4], &[0]),
    (&[2, 3, 4], &[1]),
    (&[2, 3, 4], &[-1]),
    (&[2, 3, 4], &[0, 2]),
    (&[2, 3, 4], &[1, 0]),
    (&[2, 3, 4], &[-1, -2]),
    (&[2, 3, 4], &[0, 1, 2]),
    (&[], &[]),
    (&[], &[0]),
    (&[17], &[0]),
    (&[1, 5], &[0]),
    (&[2, 0], &[0]),
];

const LARGE: [(&[usize], &[isize]); 4] = [
    (&[301, 257], &[]),
    (&[301, 257], &[0]),
    (&[301, 257], &[1]),
    (&[31, 67, 33], &[0, 2]),
];

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let reductions: [(&'static OpRow, Fill); 5] = [
        (&SUM, Fill::Normal),
        (&MEAN, Fill::Normal),
        (&AMAX, Fill::Distinct),
        (&AMIN, Fill::Distinct),
        (&LOGSUMEXP, Fill::Normal),
    ];
    for (row, fill) in reductions {
        for (shape, over) in DIMS {
            for keep in [0.0, 1.0] {
                list.push(sample(
                    row,
                    [x(shape).fill(fill.clone())],
                    &[dims(over), vec![keep]].concat(),
                ));
            }
        }
        for (shape, over) in LARGE {
            // Ties in half precision are decided by the same rule in kernel and twin.
            list.push(
                sample(row, [x(shape)], &[dims(over), vec![0.0]].concat())
                    .kinked()
                    .slack(30.0),
            );
        }
    }
    list.push(sample(&SUM, [x(&[0])], &[0.0, 0.0]));
    // Dimensions that are apart, one of them empty: zeros of the shape that is left.
    list.push(sample(&SUM, [x(&[0, 3, 2])], &[2.0, 0.0, 2.0, 0.0]));
    list.push(sample(&SUM, [x(&[2, 0, 3])], &[1.0, 1.0, 1.0]));
    list.push(sample(&LOGSUMEXP, [x(&[2, 0, 3])], &[1.0, 1.0, 0.0]));
    integers(&mut list);
    variances(&mut list);
    indexes(&mut list);
    list.push(sample(&AMAX, [exact(&[1.0, 3.0, 3.0, -1.0])], &[0.0, 0.0]).kinked());
    list.push(sample(&AMIN, [exact(&[1.0, -1.0, 3.0, -1.0])], &[0.0, 0.0]).kinked());
    list.push(sample(&LOGSUMEXP, [exact(&[1000.0, 999.0, 1000.0])], &[0.0, 0.0]).kinked());
    list.push(sample(&LOGSUMEXP, [exact(&[f64::NEG_INFINITY, 0.0, 1.0])], &[0.0, 0.0]).kinked());
    list
}

fn integers(list: &mut Vec<Sample>) {
    let bytes = input(Class::Of(Dtype::U8), &[2, 2]).fill(Fill::Exact(vec![200.0, 100.0, 3.0, 4.0]));
    for x in [whole(&[2, 2], &[5, -7, 1, 2]), truth(&[2, 2]), bytes] {
        for over in [&[][..], &[0], &[1]] {
            list.push(sample(&SUM, [x.clone()], &[dims(over), vec![0.0]].concat()));
        }
    }
}

fn variances(list: &mut Vec<Sample>) {
    for (shape, over) in [
        (&[4, 5][..], &[][..]),
        (&[4, 5], &[0]),
        (&[4, 5], &[-1]),
        (&[2, 3, 4], &[0, 2]),
        (&[17], &[0]),
    ] {
        for correction in [0.0, 1.0] {
            for keep in [0.0, 1.0] {
                list.push(sample(
                    &VARIANCE,
                    [x(shape)],
                    &[dims(over), vec![correction, keep]].concat(),
                ));
            }
        }
    }
    for (shape, over) in LARGE {
        list.push(
            sample(&VARIANCE, [x(shape)], &[dims(over), vec![1.0, 0.0]].concat())
                .kinked()
                .slack(30.0),
        );
    }
    // Far from 0: the naive formula loses everything here.
    list.push(
        sample(&VARIANCE, [exact(&[1000.0, 1000.5, 999.5, 1000.0])], &[0.0, 1.0, 0.0])
            .kinked()
            .slack(100.0),
    );
}

fn indexes(list: &mut Vec<Sample>) {
    for row in [&ARGMAX, &ARGMIN] {
        for (shape, dim) in [
            (&[5][..], 0.0),
            (&[3, 4], 0.0),
            (&[3, 4], -1.0),
            (&[2, 3, 4], 1.0),
            (&[], 0.0),
            (&[0, 3], 1.0),
            (&[301, 257], 1.0),
        ] {
            for keep in [0.0, 1.0] {
                list.push(sample(row, [x(shape).fill(Fill::Distinct)], &[dim, keep]));
            }
        }
        list.push(sample(row, [exact(&[2.0, 1.0, 2.0, 1.0])], &[0.0, 0.0]));
    }
}
