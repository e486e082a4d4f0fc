//! Convolutions and padding.

use engine::ops::table::*;

use super::{Class, Input, Sample, sample, truth, weight, whole, wide, with, x};
use engine::dtype::Dtype;

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    convolutions(&mut list);
    transposed(&mut list);
    pads(&mut list);
    list
}

/// Lists as they travel, each with its length in front, then the groups.
fn attrs(lists: &[&[usize]], groups: usize) -> Vec<f64> {
    let mut attrs = Vec::new();
    for list in lists {
        attrs.push(list.len() as f64);
        attrs.extend(list.iter().map(|&n| n as f64));
    }
    attrs.push(groups as f64);
    attrs
}

type Case<'a> = (&'a [usize], &'a [usize], [&'a [usize]; 3], usize);

fn convolutions(list: &mut Vec<Sample>) {
    let cases: [Case<'_>; 10] = [
        (&[2, 3, 7], &[4, 3, 3], [&[1], &[1, 1], &[1]], 1),
        (&[1, 4, 9], &[6, 2, 2], [&[2], &[0, 3], &[3]], 2),
        (&[2, 3, 5, 6], &[4, 3, 3, 3], [&[1, 1], &[1, 1, 1, 1], &[1, 1]], 1),
        (&[1, 2, 6, 7], &[3, 2, 2, 3], [&[2, 3], &[2, 0, 1, 2], &[2, 1]], 1),
        (&[2, 4, 5, 5], &[4, 1, 3, 3], [&[1, 2], &[1, 1, 1, 1], &[1, 1]], 4),
        (&[2, 6, 4, 3], &[4, 3, 1, 1], [&[1, 1], &[0, 0, 0, 0], &[1, 1]], 2),
        (
            &[1, 2, 3, 4, 5],
            &[2, 2, 2, 3, 2],
            [&[1, 2, 1], &[1, 0, 1, 1, 0, 2], &[1, 1, 2]],
            1,
        ),
        (&[1, 1, 2, 2], &[1, 1, 1, 1], [&[1, 1], &[2, 1, 0, 3], &[1, 1]], 1),
        (&[0, 2, 4, 4], &[3, 2, 3, 3], [&[1, 1], &[0, 0, 0, 0], &[1, 1]], 1),
        (&[1, 1, 3], &[1, 1, 3], [&[5], &[0, 0], &[1]], 1),
    ];
    for (input, kernel, lists, groups) in cases {
        let attrs = attrs(&lists, groups);
        list.push(sample(&CONV, [x(input), weight(kernel), wide(&kernel[..1])], &attrs).slack(4.0));
        list.push(with(&CONV, [Some(x(input).frozen()), Some(weight(kernel)), None], &attrs).slack(4.0));
    }
    let large = attrs(&[&[1, 1], &[1, 1, 1, 1], &[1, 1]], 1);
    let large = sample(
        &CONV,
        [x(&[3, 33, 30, 31]), weight(&[40, 33, 3, 3]), wide(&[40])],
        &large,
    );
    list.push(large.kinked().slack(20.0));
}

/// Shapes of input and weight; stride, padding, output padding and dilation; groups.
type Transposed = (&'static [usize], &'static [usize], [&'static [usize]; 4], usize);

fn transposed(list: &mut Vec<Sample>) {
    let cases: [Transposed; 8] = [
        (&[2, 3, 4], &[3, 2, 3], [&[1], &[0], &[0], &[1]], 1),
        (&[1, 4, 5], &[4, 2, 4], [&[3], &[1], &[2], &[2]], 2),
        (&[2, 3, 3, 4], &[3, 4, 3, 2], [&[2, 1], &[1, 0], &[1, 0], &[1, 2]], 1),
        (&[1, 2, 3, 3], &[2, 1, 2, 2], [&[2, 2], &[0, 1], &[1, 1], &[1, 1]], 2),
        (
            &[1, 2, 2, 3, 2],
            &[2, 2, 2, 2, 3],
            [&[2, 1, 2], &[0, 1, 1], &[1, 0, 0], &[1, 1, 1]],
            1,
        ),
        (&[0, 2, 3], &[2, 3, 2], [&[2], &[0], &[0], &[1]], 1),
        // An outputPadding of at least the stride, which the dilation allows.
        (&[2, 3, 4], &[3, 2, 2], [&[1], &[0], &[2], &[3]], 1),
        (&[1, 2, 3, 2], &[2, 2, 2, 2], [&[2, 1], &[1, 0], &[3, 1], &[4, 2]], 1),
    ];
    for (input, kernel, lists, groups) in cases {
        let (attrs, out) = (attrs(&lists, groups), kernel[1] * groups);
        list.push(sample(&CONV_TRANSPOSE, [x(input), weight(kernel), wide(&[out])], &attrs).slack(4.0));
        list.push(
            with(
                &CONV_TRANSPOSE,
                [Some(x(input)), Some(weight(kernel).frozen()), None],
                &attrs,
            )
            .slack(4.0),
        );
    }
}

fn pads(list: &mut Vec<Sample>) {
    let cases: [(&[usize], &[f64], f64); 14] = [
        (&[5], &[2.0, 3.0], 0.0),
        (&[2, 3], &[0.0, 1.0, 2.0, 0.0], 0.0),
        (&[2, 3, 4], &[0.0, 0.0, 1.0, 2.0, -1.0, 3.0], 0.0),
        (&[4, 5], &[-1.0, -1.0, 2.0, -3.0], 0.0),
        (&[2, 3, 4], &[0.0, 0.0, 2.0, 1.0, 3.0, 3.0], 1.0),
        (&[5], &[4.0, 0.0], 1.0),
        (&[2, 3, 4], &[1.0, 0.0, 2.0, 1.0, 9.0, 4.0], 2.0),
        (&[2, 3, 4], &[0.0, 2.0, 2.0, 3.0, 4.0, 1.0], 3.0),
        (
            &[1, 1, 3, 3, 3],
            &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 0.0, 1.0],
            1.0,
        ),
        (&[0, 3], &[1.0, 1.0, 0.0, 0.0], 0.0),
        (&[0, 3], &[0.0, 0.0, 1.0, 1.0], 2.0),
        (&[], &[], 0.0),
        (&[1, 1], &[7.0, 0.0, 0.0, 7.0], 2.0),
        (&[3, 200], &[1.0, 1.0, 150.0, 180.0], 1.0),
    ];
    for (shape, padding, mode) in cases {
        let mut attrs = vec![padding.len() as f64];
        attrs.extend_from_slice(padding);
        attrs.extend([mode, -0.5]);
        let large = shape.iter().product::<usize>() > 200;
        let padded = sample(&PAD, [x(shape)], &attrs).slack(4.0);
        list.push(if large { padded.kinked() } else { padded });
    }
    let around = [4.0, 1.0, 0.0, 0.0, 2.0, 0.0, 1.0];
    list.push(sample(&PAD, [whole(&[2, 2], &[1, 2, 3, 4])], &around));
    list.push(sample(&PAD, [truth(&[3, 4])], &around));
    let bytes = Input {
        class: Class::Of(Dtype::U8),
        ..truth(&[2, 3])
    };
    list.push(sample(&PAD, [bytes], &around));
}
