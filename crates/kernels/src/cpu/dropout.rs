//! Dropout and random fills from the counter generator of [`crate::rng`].
//!
//! A value depends on (seed, counter, its index) alone: no mask is stored, and backward is the same call on the gradient.

mod mask;

pub use mask::Dropout;

use super::map::map2_loop;
use crate::error::{Result, check_len, fail};
use crate::float::{Float, sin_cos_turns};
use crate::rng::{self, BATCH, LANES};
use crate::{isa, par};

/// `y = x / (1 − p)` where the element is kept, else 0. Element i is kept iff `unit_f32(u_i) >= p`, the same rule for f32
/// and f64; u_i is lane i % 4 of block counter + i / 4. Its own backward.
///
/// # Errors
/// When the lengths differ or p is not in [0, 1].
pub fn dropout<T: Float>(x: &[T], p: f64, seed: u64, counter: u64, y: &mut [T]) -> Result<()> {
    check_len("dropout", "y", y.len(), x.len())?;
    check_probability("dropout", p)?;
    let threshold = rng::drop_threshold(p);
    let scale = T::from_f64(if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 });
    each_batch(
        y,
        seed,
        counter,
        #[inline(always)]
        move |start, random, y| {
            map2_loop(
                &x[start..],
                random,
                y,
                #[inline(always)]
                move |x, u| if u >> 8 >= threshold { x * scale } else { T::ZERO },
            );
        },
    );
    Ok(())
}

/// 1 where [`dropout`] of the same p, seed and counter would keep the element, else 0: Bernoulli(1 − p).
///
/// # Errors
/// When p is not in [0, 1].
pub fn dropout_mask(p: f64, seed: u64, counter: u64, out: &mut [u8]) -> Result<()> {
    check_probability("dropout_mask", p)?;
    let threshold = rng::drop_threshold(p);
    each_value(
        out,
        seed,
        counter,
        #[inline(always)]
        move |u| (u >> 8 >= threshold) as u8,
    );
    Ok(())
}

/// 1 with probability p, else 0.
///
/// # Errors
/// When p is not in [0, 1].
pub fn fill_bernoulli(seed: u64, counter: u64, p: f64, out: &mut [u8]) -> Result<()> {
    check_probability("fill_bernoulli", p)?;
    let threshold = rng::drop_threshold(p);
    each_value(
        out,
        seed,
        counter,
        #[inline(always)]
        move |u| (u >> 8 < threshold) as u8,
    );
    Ok(())
}

/// Uniform in [lo, hi). f32 takes 24 bits of one lane, f64 takes 53 bits of two.
pub fn fill_uniform<T: Float>(seed: u64, counter: u64, lo: f64, hi: f64, out: &mut [T]) {
    if size_of::<T>() == 4 {
        let (lo, width) = (lo as f32, (hi - lo) as f32);
        each_value(
            out,
            seed,
            counter,
            #[inline(always)]
            move |u| T::from_f32(rng::unit_f32(u) * width + lo),
        );
        return;
    }
    par::flat_mut(out, |start, out| {
        for (pair, out) in out.chunks_mut(2).enumerate() {
            let block = rng::philox(seed, counter.wrapping_add((start / 2 + pair) as u64));
            for (i, out) in out.iter_mut().enumerate() {
                *out = T::from_f64(rng::unit_f64(block[2 * i], block[2 * i + 1]) * (hi - lo) + lo);
            }
        }
    });
}

/// Normal with the given mean and standard deviation, by Box–Muller: two f32 from two lanes, two f64 from a block.
pub fn fill_normal<T: Float>(seed: u64, counter: u64, mean: f64, std: f64, out: &mut [T]) {
    if size_of::<T>() == 4 {
        let (mean, std) = (mean as f32, std as f32);
        par::flat_mut(out, |start, out| {
            isa::dispatch(
                #[inline(always)]
                || {
                    for (batch, out) in out.chunks_mut(BATCH).enumerate() {
                        let block = (start / 4 + batch * LANES) as u64;
                        let values = normal_batch(seed, counter.wrapping_add(block));
                        for (out, &z) in out.iter_mut().zip(&values) {
                            *out = T::from_f32(z * std + mean);
                        }
                    }
                },
            )
        });
        return;
    }
    par::flat_mut(out, |start, out| {
        for (pair, out) in out.chunks_mut(2).enumerate() {
            let [a, b, c, d] = rng::philox(seed, counter.wrapping_add((start / 2 + pair) as u64));
            let radius = (-2.0 * (1.0 - rng::unit_f64(a, b)).ln()).sqrt();
            let (sin, cos) = (rng::unit_f64(c, d) * std::f64::consts::TAU).sin_cos();
            for (out, z) in out.iter_mut().zip([radius * cos, radius * sin]) {
                *out = T::from_f64(z * std + mean);
            }
        }
    });
}

/// The standard normal values of [`LANES`] blocks, in element order.
#[inline(always)]
fn normal_batch(seed: u64, counter: u64) -> [f32; BATCH] {
    let words = rng::philox_lanes::<LANES>(seed, counter);
    let mut z = [[0f32; LANES]; 4];
    for pair in [0, 2] {
        for j in 0..LANES {
            // 1 − u is in (0, 1], so that the logarithm is finite.
            let radius = (-2.0 * Float::ln(1.0 - rng::unit_f32(words[pair][j]))).sqrt();
            let (sin, cos) = sin_cos_turns(rng::unit_f32(words[pair + 1][j]));
            z[pair][j] = radius * cos;
            z[pair + 1][j] = radius * sin;
        }
    }
    let mut out = [0f32; BATCH];
    for j in 0..LANES {
        for (w, z) in z.iter().enumerate() {
            out[4 * j + w] = z[j];
        }
    }
    out
}

/// `out = f(random value)`.
fn each_value<T: Send>(out: &mut [T], seed: u64, counter: u64, f: impl Fn(u32) -> T + Sync + Copy) {
    each_batch(
        out,
        seed,
        counter,
        #[inline(always)]
        move |_, random, out| {
            for (out, &u) in out.iter_mut().zip(random) {
                *out = f(u);
            }
        },
    );
}

/// Calls `f(first index, random values, outputs)` for batches of outputs; `f` is compiled for the instruction set.
fn each_batch<T: Send>(out: &mut [T], seed: u64, counter: u64, f: impl Fn(usize, &[u32], &mut [T]) + Sync + Copy) {
    // Chunks start at multiples of a batch, hence at whole blocks.
    const { assert!(par::FLAT_CHUNK.is_multiple_of(BATCH)) };
    par::flat_mut(out, |start, out| {
        isa::dispatch(
            #[inline(always)]
            || batch_loop(start, out, seed, counter, f),
        )
    });
}

#[inline(always)]
fn batch_loop<T>(start: usize, out: &mut [T], seed: u64, counter: u64, f: impl Fn(usize, &[u32], &mut [T])) {
    for (batch, out) in out.chunks_mut(BATCH).enumerate() {
        let start = start + batch * BATCH;
        let random = rng::batch(seed, counter.wrapping_add((start / 4) as u64));
        f(start, &random[..out.len()], out);
    }
}

fn check_probability(kernel: &'static str, p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        fail(kernel, format!("p is {p}, expected 0 to 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::dropout as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    fn check<T: Float>(n: usize) {
        let x = values::<T>(n, 1);
        let mut y = vec![T::ONE; n];
        for p in [0.0, 0.1, 0.5, 1.0] {
            dropout(&x, p, 42, 7, &mut y).unwrap();
            close(&y, &slow::dropout(&wide(&x), p, 42, 7), 1e-6, &format!("p {p} n {n}"));
            let (mut mask, mut bernoulli) = (vec![2; n], vec![2; n]);
            dropout_mask(p, 42, 7, &mut mask).unwrap();
            fill_bernoulli(42, 7, p, &mut bernoulli).unwrap();
            assert!((0..n).all(|i| (mask[i] == 1) == (y[i] != T::ZERO) && mask[i] + bernoulli[i] == 1));
        }
        let single = size_of::<T>() == 4;
        fill_uniform(42, 9, -1.0, 3.0, &mut y);
        close(&y, &slow::uniform(42, 9, -1.0, 3.0, n, single), 1e-6, "uniform");
        fill_normal(42, 9, 0.5, 2.0, &mut y);
        close(&y, &slow::normal(42, 9, 0.5, 2.0, n, single), 4e-6, "normal");
    }

    #[test]
    fn masks_and_fills_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES.into_iter().chain([70_003]) {
                check::<f32>(n);
                check::<f64>(n);
            }
        });
    }

    #[test]
    fn f32_and_f64_drop_the_same_elements() {
        let (mut a, mut b) = (vec![0f32; 1000], vec![0f64; 1000]);
        dropout(&[1f32; 1000], 0.3, 5, 0, &mut a).unwrap();
        dropout(&[1f64; 1000], 0.3, 5, 0, &mut b).unwrap();
        assert!(a.iter().zip(&b).all(|(a, b)| (*a == 0.0) == (*b == 0.0)));
        assert!(dropout(&[1f64; 1000], 1.5, 5, 0, &mut b).is_err());
        assert!(dropout(&[1f64; 1000], f64::NAN, 5, 0, &mut b).is_err());
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 1 << 18;
        let mut x = vec![0f32; n];
        let moments = |x: &[f32]| {
            let mean = x.iter().map(|&x| x as f64).sum::<f64>() / n as f64;
            (
                mean,
                x.iter().map(|&x| (x as f64 - mean).powi(2)).sum::<f64>() / n as f64,
            )
        };
        fill_normal(1, 0, 0.0, 1.0, &mut x);
        let (mean, var) = moments(&x);
        assert!(mean.abs() < 0.01 && (var - 1.0).abs() < 0.01, "normal {mean} {var}");
        fill_uniform(1, 0, 0.0, 1.0, &mut x);
        let (mean, var) = moments(&x);
        assert!(
            (mean - 0.5).abs() < 0.003 && (var - 1.0 / 12.0).abs() < 0.002,
            "uniform {mean} {var}"
        );
        assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
        dropout(&vec![1f32; n], 0.25, 1, 0, &mut x).unwrap();
        assert!((moments(&x).0 - 1.0).abs() < 0.01);
    }
}
