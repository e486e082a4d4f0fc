//! Twins of [`crate::cpu::dropout`]: one element at a time.

use crate::cpu::dropout::Dropout;
use crate::rng::{drop_threshold, element_u32, philox, unit_f32, unit_f64};
use std::f64::consts::TAU;

/// Twin of `dropout`.
pub fn dropout(x: &[f64], p: f64, seed: u64, counter: u64) -> Vec<f64> {
    let kept = |i: usize| unit_f32(element_u32(seed, counter, i as u64)) as f64 >= p;
    (0..x.len())
        .map(|i| if kept(i) { x[i] / (1.0 - p) } else { 0.0 })
        .collect()
}

/// Factor of element `index` under dropout: 0 or 1 / (1 − p).
pub fn drop_factor(dropout: Option<Dropout>, index: usize) -> f64 {
    match dropout {
        None => 1.0,
        Some(Dropout { p, seed, counter }) => {
            if element_u32(seed, counter, index as u64) >> 8 >= drop_threshold(p) {
                1.0 / (1.0 - p)
            } else {
                0.0
            }
        }
    }
}

/// The uniform value in [0, 1) of an element, in `single` precision or double.
fn unit(seed: u64, counter: u64, i: usize, single: bool) -> f64 {
    if single {
        return unit_f32(element_u32(seed, counter, i as u64)) as f64;
    }
    let block = philox(seed, counter.wrapping_add(i as u64 / 2));
    unit_f64(block[2 * (i % 2)], block[2 * (i % 2) + 1])
}

/// Twin of `fill_uniform`.
pub fn uniform(seed: u64, counter: u64, lo: f64, hi: f64, n: usize, single: bool) -> Vec<f64> {
    (0..n)
        .map(|i| lo + (hi - lo) * unit(seed, counter, i, single))
        .collect()
}

/// Twin of `fill_normal`: elements 2k and 2k + 1 share the uniform values 2k and 2k + 1.
pub fn normal(seed: u64, counter: u64, mean: f64, std: f64, n: usize, single: bool) -> Vec<f64> {
    let value = |i: usize| {
        let radius = (-2.0 * (1.0 - unit(seed, counter, i & !1, single)).ln()).sqrt();
        let angle = TAU * unit(seed, counter, i | 1, single);
        mean + std * radius * if i.is_multiple_of(2) { angle.cos() } else { angle.sin() }
    };
    (0..n).map(value).collect()
}
