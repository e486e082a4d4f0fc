//! Matrix products and dense layers.

use engine::ops::table::*;

use super::{Sample, sample, weight, wide, with, x};

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    matrices(&mut list);
    layers(&mut list);
    list
}

fn matrices(list: &mut Vec<Sample>) {
    for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        let attrs = [f64::from(u8::from(ta)), f64::from(u8::from(tb))];
        let turned = |shape: &[usize], turn: bool| {
            let mut shape = shape.to_vec();
            if turn {
                let n = shape.len();
                shape.swap(n - 1, n - 2);
            }
            shape
        };
        let pairs: [(&[usize], &[usize]); 12] = [
            (&[2, 3], &[3, 4]),
            (&[1, 5], &[5, 1]),
            (&[5, 2, 3], &[5, 3, 4]),
            (&[5, 2, 3], &[3, 4]),
            (&[2, 3], &[5, 3, 4]),
            (&[2, 1, 3, 4], &[5, 4, 2]),
            (&[1, 3, 4], &[6, 4, 2]),
            (&[2, 0], &[0, 3]),
            (&[0, 2], &[2, 3]),
            (&[0, 2, 3], &[0, 3, 2]),
            (&[33, 65], &[65, 17]),
            (&[2, 3, 2, 5], &[2, 3, 5, 4]),
        ];
        for (a, b) in pairs {
            list.push(sample(&MATMUL, [x(&turned(a, ta)), x(&turned(b, tb))], &attrs));
        }
        list.push(
            sample(
                &MATMUL,
                [x(&turned(&[130, 70], ta)), x(&turned(&[70, 150], tb))],
                &attrs,
            )
            .kinked()
            .slack(10.0),
        );
    }
    let vectors: [(&[usize], &[usize]); 5] = [
        (&[3], &[3, 4]),
        (&[2, 3], &[3]),
        (&[3], &[3]),
        (&[3], &[5, 3, 4]),
        (&[5, 2, 3], &[3]),
    ];
    for (a, b) in vectors {
        list.push(sample(&MATMUL, [x(a), x(b)], &[0.0, 0.0]));
    }
}

fn layers(list: &mut Vec<Sample>) {
    for layout in [0.0, 1.0] {
        let matrix = |n: usize, k: usize| weight(&if layout == 0.0 { [n, k] } else { [k, n] });
        for lead in [&[][..], &[3], &[2, 5], &[0], &[17], &[2, 3, 4]] {
            let shape = [lead, &[7]].concat();
            list.push(with(
                &LINEAR,
                [Some(x(&shape)), Some(matrix(4, 7)), Some(wide(&[4]))],
                &[layout],
            ));
            list.push(with(&LINEAR, [Some(x(&shape)), Some(matrix(4, 7)), None], &[layout]));
        }
        list.push(
            with(
                &LINEAR,
                [Some(x(&[33, 65])), Some(matrix(129, 65)), Some(wide(&[129]))],
                &[layout],
            )
            .slack(10.0),
        );
        list.push(
            with(
                &LINEAR,
                [Some(x(&[2, 129])), Some(matrix(17, 129)), Some(wide(&[17]))],
                &[layout],
            )
            .slack(10.0),
        );
        list.push(
            with(&LINEAR, [Some(x(&[70, 130])), Some(matrix(150, 130)), None], &[layout])
                .kinked()
                .slack(10.0),
        );
        list.push(with(
            &LINEAR,
            [Some(x(&[3, 1])), Some(matrix(1, 1)), Some(wide(&[1]))],
            &[layout],
        ));
        list.push(with(&LINEAR, [Some(x(&[3, 4])), Some(matrix(0, 4)), None], &[layout]));
    }
}
