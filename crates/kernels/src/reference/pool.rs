//! Twins of [`crate::cpu::pool`].

use crate::cpu::pool::{Axis, Pool, Windows};

/// Every position of window `o` in the input, and how many positions a mean counts.
fn positions(axis: &Axis, o: usize) -> (Vec<usize>, usize) {
    match axis.windows {
        Windows::Adaptive => {
            let start = (o as f64 * axis.size as f64 / axis.out as f64).floor() as usize;
            let end = ((o + 1) as f64 * axis.size as f64 / axis.out as f64).ceil() as usize;
            ((start..end).collect(), end - start)
        }
        Windows::Sliding {
            kernel,
            stride,
            padding,
            dilation,
            count_padding,
        } => {
            let all: Vec<isize> = (0..kernel)
                .map(|k| (o * stride + k * dilation) as isize - padding as isize)
                .collect();
            let inside: Vec<usize> = all
                .iter()
                .filter(|&&p| p >= 0 && p < axis.size as isize)
                .map(|&p| p as usize)
                .collect();
            let padded = all.iter().filter(|&&p| p < (axis.size + padding) as isize).count();
            let count = if count_padding { padded } else { inside.len() };
            (inside, count)
        }
    }
}

/// Flat indices of the inputs of each output of a plane, and the divisor of its mean.
fn windows(pool: &Pool) -> Vec<(Vec<usize>, f64)> {
    let [d, h, w] = &pool.0;
    let mut list = Vec::new();
    for od in 0..d.out {
        for oh in 0..h.out {
            for ow in 0..w.out {
                let (ds, hs, ws) = (positions(d, od), positions(h, oh), positions(w, ow));
                let mut flat = Vec::new();
                for i in &ds.0 {
                    for j in &hs.0 {
                        flat.extend(ws.0.iter().map(|k| (i * h.size + j) * w.size + k));
                    }
                }
                list.push((flat, (ds.1 * hs.1 * ws.1) as f64));
            }
        }
    }
    list
}

/// Twin of `max_pool`: the largest value and its index.
pub fn max_pool(x: &[f64], planes: usize, pool: &Pool) -> (Vec<f64>, Vec<i64>) {
    let (mut y, mut index) = (Vec::new(), Vec::new());
    for plane in 0..planes {
        let x = &x[plane * pool.input()..(plane + 1) * pool.input()];
        for (positions, _) in windows(pool) {
            let mut best = positions[0];
            for &at in &positions {
                best = if x[at] > x[best] { at } else { best };
            }
            y.push(x[best]);
            index.push(best as i64);
        }
    }
    (y, index)
}

/// Twin of `avg_pool`.
pub fn avg_pool(x: &[f64], planes: usize, pool: &Pool, divisor: Option<usize>) -> Vec<f64> {
    let mut y = Vec::new();
    for plane in 0..planes {
        let x = &x[plane * pool.input()..(plane + 1) * pool.input()];
        for (positions, count) in windows(pool) {
            y.push(positions.iter().map(|&at| x[at]).sum::<f64>() / divisor.map_or(count, |d| d as f64));
        }
    }
    y
}

/// Twin of `avg_pool_backward`.
pub fn avg_pool_backward(dy: &[f64], planes: usize, pool: &Pool, divisor: Option<usize>) -> Vec<f64> {
    let mut dx = vec![0.0; planes * pool.input()];
    for plane in 0..planes {
        for (o, (positions, count)) in windows(pool).into_iter().enumerate() {
            let share = dy[plane * pool.output() + o] / divisor.map_or(count, |d| d as f64);
            for at in positions {
                dx[plane * pool.input() + at] += share;
            }
        }
    }
    dx
}
