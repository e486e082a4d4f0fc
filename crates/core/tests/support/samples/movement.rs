//! Other shapes, orders, pieces, joins, and gather and scatter.

use engine::ops::table::*;

use super::super::harness::dims;
use super::{Fill, Sample, ids, sample, truth, whole, x};

const END: f64 = f64::INFINITY;

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    views(&mut list);
    slices(&mut list);
    joins(&mut list);
    reads(&mut list);
    adds(&mut list);
    list
}

fn views(list: &mut Vec<Sample>) {
    let reshapes: [(&[usize], &[isize]); 7] = [
        (&[2, 3], &[3, 2]),
        (&[2, 3], &[-1]),
        (&[6], &[1, -1, 2]),
        (&[], &[1, 1]),
        (&[1], &[]),
        (&[0, 3], &[3, 0]),
        (&[4, 5], &[2, 2, 5]),
    ];
    for (shape, to) in reshapes {
        list.push(sample(&RESHAPE, [x(shape)], &dims(to)));
    }
    let orders: [(&[usize], &[isize]); 8] = [
        (&[2, 3], &[1, 0]),
        (&[2, 3, 4], &[2, 0, 1]),
        (&[2, 3, 4], &[-1, 0, 1]),
        (&[2, 3, 4], &[0, 1, 2]),
        (&[5], &[0]),
        (&[], &[]),
        (&[2, 0, 3], &[2, 1, 0]),
        (&[2, 1, 3, 2, 2, 3], &[5, 3, 0, 1, 4, 2]),
    ];
    for (shape, order) in orders {
        list.push(sample(&PERMUTE, [x(shape)], &dims(order)));
    }
    list.push(sample(&PERMUTE, [x(&[301, 257])], &dims(&[1, 0])).kinked());
    list.push(sample(&PERMUTE, [truth(&[3, 4])], &dims(&[1, 0])));
    let sizes: [(&[usize], &[isize]); 8] = [
        (&[1, 3], &[4, -1]),
        (&[3], &[2, 3]),
        (&[], &[2, 2]),
        (&[1], &[0]),
        (&[2, 1, 3], &[2, 5, 3]),
        (&[2, 3], &[2, 3]),
        (&[1, 1], &[3, 2, 4, 5]),
        (&[0, 1], &[0, 3]),
    ];
    for (shape, to) in sizes {
        list.push(sample(&EXPAND, [x(shape)], &dims(to)));
    }
    list.push(sample(&EXPAND, [whole(&[2, 1], &[4, 5])], &dims(&[2, 3])));
}

fn slices(list: &mut Vec<Sample>) {
    let slices: [(&[usize], [f64; 4]); 12] = [
        (&[5], [0.0, 1.0, 3.0, 1.0]),
        (&[5], [0.0, -3.0, END, 1.0]),
        (&[5], [0.0, 0.0, END, 2.0]),
        (&[5], [0.0, -100.0, 100.0, 3.0]),
        (&[5], [0.0, 3.0, 1.0, 1.0]),
        (&[4, 6], [1.0, 1.0, 6.0, 2.0]),
        (&[4, 6], [-1.0, 0.0, -1.0, 1.0]),
        (&[4, 6], [-2.0, 2.0, END, 1.0]),
        (&[2, 7, 3], [1.0, 1.0, 7.0, 4.0]),
        (&[2, 7, 3], [1.0, 6.0, 7.0, 5.0]),
        (&[0, 3], [1.0, 1.0, 2.0, 1.0]),
        (&[3, 4], [0.0, 0.0, 3.0, 1.0]),
    ];
    for (shape, attrs) in slices {
        list.push(sample(&SLICE, [x(shape)], &attrs));
    }
    list.push(sample(&SLICE, [truth(&[3, 4])], &[1.0, 1.0, 3.0, 1.0]));
}

fn joins(list: &mut Vec<Sample>) {
    let pieces: [(&[&[usize]], f64); 6] = [
        (&[&[2, 3]], 0.0),
        (&[&[2, 3], &[1, 3]], 0.0),
        (&[&[2, 3], &[2, 1], &[2, 2]], -1.0),
        (&[&[0, 3], &[2, 3], &[0, 3]], 0.0),
        (&[&[2, 3, 2], &[2, 1, 2]], 1.0),
        (&[&[0], &[0]], 0.0),
    ];
    for (shapes, dim) in pieces {
        list.push(sample(&CAT, shapes.iter().map(|s| x(s)), &[shapes.len() as f64, dim]));
    }
    // More pieces than a bit mask has bits.
    list.push(sample(&CAT, (0..37).map(|i| x(&[1 + i % 2, 2])), &[37.0, 0.0]));
    list.push(sample(&CAT, [whole(&[2], &[1, 2]), whole(&[1], &[3])], &[2.0, 0.0]));
}

fn reads(list: &mut Vec<Sample>) {
    let gathers: [(&[usize], &[usize], f64); 6] = [
        (&[5], &[7], 0.0),
        (&[4, 3], &[2, 3], 0.0),
        (&[4, 3], &[4, 5], 1.0),
        (&[4, 3], &[4, 5], -1.0),
        (&[2, 4, 3], &[2, 6, 3], 1.0),
        (&[4, 3], &[0, 3], 0.0),
    ];
    for (shape, index, dim) in gathers {
        list.push(sample(&GATHER, [x(shape), ids(index, size(shape, dim))], &[dim]));
    }
    list.push(sample(&GATHER, [truth(&[4]), ids(&[3], 4)], &[0.0]));
    list.push(sample(&GATHER, [whole(&[3], &[7, 8, 9]), ids(&[3], 3)], &[0.0]));
    let selects: [(&[usize], usize, f64); 6] = [
        (&[5], 7, 0.0),
        (&[4, 3], 2, 0.0),
        (&[4, 3], 5, 1.0),
        (&[2, 4, 3], 6, -2.0),
        (&[4, 3], 0, 0.0),
        (&[40, 33], 50, 0.0),
    ];
    for (shape, count, dim) in selects {
        list.push(sample(
            &INDEX_SELECT,
            [x(shape), ids(&[count], size(shape, dim))],
            &[dim],
        ));
    }
    list.push(sample(&INDEX_SELECT, [truth(&[4, 2]), ids(&[3], 4)], &[0.0]));
}

fn adds(list: &mut Vec<Sample>) {
    let scatters: [(&[usize], &[usize], f64); 6] = [
        (&[5], &[7], 0.0),
        (&[4, 3], &[2, 3], 0.0),
        (&[4, 3], &[4, 5], 1.0),
        (&[4, 3], &[4, 5], -1.0),
        (&[2, 4, 3], &[2, 6, 3], 1.0),
        (&[4, 3], &[0, 3], 0.0),
    ];
    for (shape, src, dim) in scatters {
        list.push(sample(
            &SCATTER_ADD,
            [x(shape), ids(src, size(shape, dim)), x(src)],
            &[dim],
        ));
    }
    // Every source at one index.
    list.push(sample(
        &SCATTER_ADD,
        [x(&[3]), whole(&[5], &[1; 5]), x(&[5]).fill(Fill::Normal)],
        &[0.0],
    ));
    let rows: [(&[usize], usize, f64); 5] = [
        (&[5], 7, 0.0),
        (&[4, 3], 2, 0.0),
        (&[4, 3], 5, 1.0),
        (&[2, 4, 3], 6, -2.0),
        (&[4, 3], 0, 0.0),
    ];
    for (shape, count, dim) in rows {
        let mut src = shape.to_vec();
        src[axis(shape, dim)] = count;
        list.push(sample(
            &INDEX_ADD,
            [x(shape), ids(&[count], size(shape, dim)), x(&src)],
            &[dim],
        ));
    }
}

fn axis(shape: &[usize], dim: f64) -> usize {
    if dim < 0.0 {
        (dim + shape.len() as f64) as usize
    } else {
        dim as usize
    }
}

fn size(shape: &[usize], dim: f64) -> usize {
    shape[axis(shape, dim)]
}
