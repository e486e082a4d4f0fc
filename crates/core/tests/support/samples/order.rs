//! Order, running sums, scattered writes, draws, and the careful logarithm.

use engine::dtype::Dtype;
use engine::ops::table::*;

use super::{Class, Fill, Sample, exact, ids, input, sample, truth, whole, x};

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    sorts(&mut list);
    sums(&mut list);
    writes(&mut list);
    draws(&mut list);
    logarithms(&mut list);
    decompositions(&mut list);
    list
}

fn sorts(list: &mut Vec<Sample>) {
    let shapes: [(&[usize], &[f64]); 6] = [
        (&[1], &[-1.0, 0.0, 1.0]),
        (&[7], &[-1.0, 3.0, 7.0]),
        (&[4, 5], &[-1.0, 1.0]),
        (&[2, 3, 17], &[-1.0, 4.0]),
        (&[3, 0], &[-1.0]),
        (&[0, 3], &[2.0]),
    ];
    for (shape, counts) in shapes {
        for &k in counts {
            for descending in [0.0, 1.0] {
                list.push(sample(&SORT, [x(shape).fill(Fill::Distinct)], &[k, descending]));
            }
        }
    }
    for descending in [0.0, 1.0] {
        let ties = exact(&[2.0, 1.0, f64::NAN, 2.0, 1.0, f64::INFINITY, -0.0, 0.0, f64::NAN]);
        list.push(sample(&SORT, [ties.clone()], &[-1.0, descending]).kinked());
        list.push(sample(&SORT, [ties], &[4.0, descending]).kinked());
        list.push(sample(&SORT, [x(&[301, 257])], &[-1.0, descending]).kinked());
        list.push(sample(&SORT, [x(&[31, 1057])], &[10.0, descending]).kinked());
        list.push(sample(
            &SORT,
            [whole(&[2, 3], &[5, -7, 5, 1, 2, 0])],
            &[-1.0, descending],
        ));
        list.push(sample(&SORT, [truth(&[2, 9])], &[5.0, descending]));
    }
}

fn sums(list: &mut Vec<Sample>) {
    let shapes: [(&[usize], &[f64]); 6] = [
        (&[], &[0.0]),
        (&[7], &[0.0, -1.0]),
        (&[4, 5], &[0.0, 1.0]),
        (&[2, 3, 4], &[0.0, 1.0, -1.0]),
        (&[3, 0], &[0.0, 1.0]),
        (&[1, 1], &[1.0]),
    ];
    let bytes = input(Class::Of(Dtype::U8), &[3]).fill(Fill::Exact(vec![200.0, 100.0, 3.0]));
    for reverse in [0.0, 1.0] {
        for (shape, dims) in shapes {
            for &dim in dims {
                list.push(sample(&CUMSUM, [x(shape)], &[dim, reverse]));
            }
        }
        list.push(sample(&CUMSUM, [x(&[301, 257])], &[1.0, reverse]).kinked().slack(30.0));
        list.push(sample(&CUMSUM, [x(&[301, 257])], &[0.0, reverse]).kinked().slack(30.0));
        list.push(sample(&CUMSUM, [whole(&[2, 2], &[5, -7, 1, 2])], &[1.0, reverse]));
        list.push(sample(&CUMSUM, [truth(&[9])], &[0.0, reverse]));
        list.push(sample(&CUMSUM, [bytes.clone()], &[0.0, reverse]));
    }
}

fn writes(list: &mut Vec<Sample>) {
    // Every index at most once: of equal indexes only the last would count.
    let indexes = whole(&[2, 3], &[1, 0, 3, 2, 3, 1]);
    list.push(sample(&SCATTER, [x(&[4, 3]), indexes.clone(), x(&[2, 3])], &[0.0]));
    list.push(sample(
        &SCATTER,
        [x(&[2, 5]), whole(&[2, 3], &[1, 0, 4, 2, 3, 1]), x(&[2, 3])],
        &[-1.0],
    ));
    list.push(sample(&SCATTER, [x(&[4, 3]), ids(&[0, 3], 4), x(&[0, 3])], &[0.0]));
    list.push(sample(&SCATTER, [x(&[3]), whole(&[4], &[1, 2, 1, 1]), x(&[4])], &[0.0]).kinked());
    list.push(sample(
        &SCATTER,
        [truth(&[4, 3]), indexes.clone(), truth(&[2, 3])],
        &[0.0],
    ));
    list.push(sample(
        &SCATTER,
        [whole(&[3], &[7, 8, 9]), whole(&[2], &[2, 0]), whole(&[2], &[1, 2])],
        &[0.0],
    ));
}

fn draws(list: &mut Vec<Sample>) {
    let weights = Fill::Range(0.05, 1.0);
    let calls: [(&[usize], f64, f64); 7] = [
        (&[5], 1.0, 0.0),
        (&[5], 5.0, 0.0),
        (&[5], 9.0, 1.0),
        (&[3, 7], 4.0, 0.0),
        (&[3, 7], 20.0, 1.0),
        (&[0, 7], 2.0, 1.0),
        (&[31, 999], 3.0, 0.0),
    ];
    for (shape, count, replacement) in calls {
        list.push(sample(
            &MULTINOMIAL,
            [x(shape).fill(weights.clone())],
            &[count, replacement],
        ));
    }
    let some = exact(&[0.0, 2.0, 0.0, 1.0, 1.0]);
    list.push(sample(&MULTINOMIAL, [some.clone()], &[3.0, 0.0]));
    list.push(sample(&MULTINOMIAL, [some], &[30.0, 1.0]));
}

fn logarithms(list: &mut Vec<Sample>) {
    for shape in [&[][..], &[17], &[2, 0], &[5, 129]] {
        list.push(sample(&LOG1P, [x(shape).fill(Fill::Range(-0.7, 3.0))], &[]));
    }
    list.push(sample(&LOG1P, [exact(&[-1.0, 0.0, 1e-3, f64::INFINITY, 50.0])], &[]).kinked());
    list.push(sample(&LOG1P, [exact(&[0.0, 1e-7, -1e-7, 3e-8])], &[]).kinked());
}

fn decompositions(list: &mut Vec<Sample>) {
    for shape in [[1, 1], [5, 3], [3, 5], [17, 17], [64, 9]] {
        list.push(sample(&SVD, [x(&shape)], &[]));
        list.push(sample(&QR, [x(&shape)], &[]));
    }
}
