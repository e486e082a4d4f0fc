//! Changes in place.

use engine::dtype::Dtype;
use engine::ops::table::*;

use super::super::harness::Rand;
use super::{Class, Fill, Input, Sample, input, sample, truth, whole, x};

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let shapes: [(&[usize], &[usize]); 7] = [
        (&[2, 3], &[2, 3]),
        (&[2, 3], &[3]),
        (&[2, 3, 4], &[3, 1]),
        (&[5], &[]),
        (&[0], &[1]),
        (&[17], &[17]),
        (&[301, 257], &[257]),
    ];
    for (a, b) in shapes {
        let large = a[0] > 100;
        let add = |list: &mut Vec<Sample>, s: Sample| list.push(if large { s.kinked().slack(10.0) } else { s });
        add(&mut list, sample(&ADD_INPLACE, [x(a), x(b)], &[]));
        add(&mut list, sample(&SUB_INPLACE, [x(a), x(b)], &[]));
        // The factor's own gradient would need the overwritten values.
        add(&mut list, sample(&MUL_INPLACE, [x(a), x(b).frozen()], &[]));
        add(
            &mut list,
            sample(&DIV_INPLACE, [x(a), x(b).fill(Fill::Apart).frozen()], &[]),
        );
        add(&mut list, sample(&COPY_INPLACE, [x(a), x(b)], &[]));
        add(&mut list, sample(&AFFINE_INPLACE, [x(a)], &[-1.5, 0.25]));
        add(&mut list, sample(&CLAMP_INPLACE, [x(a).frozen()], &[-0.5, 0.5]));
        add(&mut list, sample(&FILL_INPLACE, [x(a)], &[2.5]));
        add(&mut list, sample(&UNIFORM_INPLACE, [x(a)], &[-1.0, 2.0]));
        add(&mut list, sample(&NORMAL_INPLACE, [x(a)], &[1.0, 0.5]));
    }
    copies(&mut list);
    for (a, b, dim, start) in [
        (&[4, 3][..], &[2, 3][..], 0.0, 1.0),
        (&[4, 3], &[4, 1], -1.0, 2.0),
        (&[4, 3], &[4, 3], 0.0, 0.0),
        (&[2, 5, 3], &[2, 2, 3], 1.0, 3.0),
        (&[4], &[0], 0.0, 4.0),
    ] {
        list.push(sample(&SLICE_ASSIGN, [x(a), x(b)], &[dim, start]));
    }
    list.push(sample(&SLICE_ASSIGN, [truth(&[4]), truth(&[2])], &[0.0, 1.0]));
    list
}

/// Every dtype into every other.
fn copies(list: &mut Vec<Sample>) {
    let all = |dtype: Dtype| -> Input {
        let mut rand = Rand::new(3);
        let numbers = (0..6)
            .map(|_| {
                if dtype.is_float() {
                    100.0 * rand.unit()
                } else {
                    rand.below(2) as f64
                }
            })
            .collect();
        input(Class::Of(dtype), &[2, 3]).fill(Fill::Exact(numbers))
    };
    for to in Dtype::ALL.into_iter().filter(|dtype| dtype.blocks().is_none()) {
        for from in Dtype::ALL.into_iter().filter(|dtype| dtype.blocks().is_none()) {
            list.push(sample(&COPY_INPLACE, [all(to), all(from)], &[]));
        }
        list.push(sample(&FILL_INPLACE, [all(to)], &[1.0]));
    }
    list.push(sample(&COPY_INPLACE, [whole(&[3], &[1, 2, 3]), whole(&[1], &[9])], &[]));
    for (to, from) in [
        (Dtype::F32, Dtype::F64),
        (Dtype::Bf16, Dtype::F32),
        (Dtype::I64, Dtype::Bool),
    ] {
        list.push(sample(&ASSIGN, [all(to), all(from), all(from), all(to)], &[2.0, 2.0]));
    }
    list.push(sample(
        &ASSIGN,
        [x(&[301, 257]), x(&[3]), x(&[301, 257]), x(&[3])],
        &[2.0, 2.0],
    ));
    list.push(sample(&ALL_SOUND, [whole(&[3], &[1, 2, 3]), whole(&[1], &[9])], &[2.0]));
}
