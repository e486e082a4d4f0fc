//! The dot layout for a W in blocks, with x rounded to blocks of 8 bits: whole numbers are multiplied, four at once, and the scales of both applied to their sums.
//!
//! A group of 32 products costs some ten instructions, where widening to f32 costs thirty. The sums over K of an element do not depend on other rows or columns: a row has
//! the same bits alone and in a batch.

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use super::tile::Tile;
use crate::blocks::{BlockRef, GROUP};
use crate::cpu::scratch::with_scratch;
use crate::isa;

/// Whether the instruction set in use multiplies bytes. The AVX-512 path needs VNNI.
pub(super) fn applies() -> bool {
    kernel().is_some()
}

/// Rows of x, rounded: a value is `scale · code`, with a scale for each 32 values of a row.
#[derive(Clone, Copy)]
pub(super) struct Rounded<'a> {
    /// (M, K).
    codes: &'a [i8],
    /// (M, K / 32).
    scales: &'a [f32],
    /// (M, K / 16): the sums of the rounded values.
    sums: &'a [f32],
}

/// Rounds the rows of x, which the tile names, and runs `f` with them.
///
/// # Safety
/// x is (m, k) and readable; k is a multiple of 32.
pub(super) unsafe fn with_rounded(tile: &Tile<f32>, f: impl FnOnce(Rounded<'_>)) {
    let Tile { m, k, .. } = *tile;
    // Four codes take the room of a number.
    let (codes, scales, sums) = (m * k / 4, m * k / GROUP, m * k / 16);
    with_scratch(codes + scales + sums, |scratch: &mut [f32]| {
        let (codes, rest) = scratch.split_at_mut(codes);
        let (scales, sums) = rest.split_at_mut(scales);
        // SAFETY: any bits are bytes, four for each number, and the numbers are not used under another name meanwhile.
        let codes: &mut [i8] = unsafe { std::slice::from_raw_parts_mut(codes.as_mut_ptr().cast(), m * k) };
        for i in 0..m {
            // SAFETY: as promised by the caller.
            let x = unsafe { std::slice::from_raw_parts(tile.x.add(i * tile.x_strides.0), k) };
            let (codes, scales, sums) = (
                &mut codes[i * k..][..k],
                &mut scales[i * (k / GROUP)..][..k / GROUP],
                &mut sums[i * (k / 16)..][..k / 16],
            );
            isa::dispatch(
                #[inline(always)]
                || {
                    for (g, x) in x.chunks_exact(GROUP).enumerate() {
                        scales[g] = round(x, &mut codes[g * GROUP..][..GROUP], &mut sums[2 * g..][..2]);
                    }
                },
            );
        }
        f(Rounded { codes, scales, sums });
    });
}

/// Rounds 32 values to 8 bits, to nearest; returns the scale, which is NaN where a value is.
#[inline(always)]
fn round(x: &[f32], codes: &mut [i8], sums: &mut [f32]) -> f32 {
    let largest = x.iter().fold(0.0f32, |most, &x| {
        // A NaN stays: no comparison with it holds.
        if x.abs() <= most { most } else { x.abs() }
    });
    // One NaN that a larger number followed would be lost.
    let nan = x.iter().fold(0.0f32, |sum, &x| sum + x * 0.0);
    let scale = largest / 127.0 + nan;
    let inverse = if scale > 0.0 { 127.0 / largest } else { 0.0 };
    for half in 0..2 {
        let mut sum = 0i32;
        for (code, &x) in codes[16 * half..][..16].iter_mut().zip(&x[16 * half..][..16]) {
            // Adding 1.5 · 2²³ rounds to a whole number, to nearest, ties to even.
            let rounded = (x * inverse + 12_582_912.0) - 12_582_912.0;
            *code = rounded as i8;
            sum += i32::from(*code);
        }
        sums[half] = scale * sum as f32;
    }
    scale
}

/// [`Tile::run`] in the dot layout for `columns` of the tile, from rounded rows of x.
///
/// # Safety
/// As [`Tile::run`], x and W aside; [`applies`].
pub(super) unsafe fn run(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
    if let Some(kernel) = kernel() {
        // SAFETY: as promised by the caller; the kernel is one of the instruction set in use.
        unsafe { kernel(tile, x, w, columns) }
    }
}

type Kernel = unsafe fn(Tile<f32>, Rounded<'_>, BlockRef<'_>, Range<usize>);

fn kernel() -> Option<Kernel> {
    #[cfg(target_arch = "x86_64")]
    return match isa::current() {
        isa::Isa::Avx512 if std::arch::is_x86_feature_detected!("avx512vnni") => Some(x86::vnni),
        isa::Isa::Avx512 | isa::Isa::Avx2 => Some(x86::avx2),
        _ => None,
    };
    #[cfg(target_arch = "aarch64")]
    return match isa::current() {
        isa::Isa::Neon if std::arch::is_aarch64_feature_detected!("dotprod") => Some(neon::dotprod),
        isa::Isa::Neon => Some(neon::plain),
        _ => None,
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    None
}

/// Rows of W that are multiplied together, so that the additions of one need not wait for each other.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const ROWS: usize = 4;

/// Calls `four` for each [`ROWS`] columns, and `one` for those that are left.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn by_rows(columns: Range<usize>, mut four: impl FnMut(usize), mut one: impl FnMut(usize)) {
    let mut j = columns.start;
    while j + ROWS <= columns.end {
        four(j);
        j += ROWS;
    }
    (j..columns.end).for_each(&mut one);
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, run_columns_of};
    use super::*;
    use crate::WeightRef;
    use crate::blocks::tests::sample;
    use crate::blocks::{BlockKind, BlockRef};
    use crate::testing::{each_isa, same_for_any_thread_count, values};

    fn tile(sizes: (usize, usize, usize), x: &[f32], y: &mut [f32]) -> Tile<f32> {
        let (m, k, n) = sizes;
        Tile {
            kind: Kind::Dot,
            m,
            k,
            n,
            x: x.as_ptr(),
            x_strides: (k, 1),
            w: std::ptr::null(),
            ldw: k,
            y: y.as_mut_ptr(),
            ldy: n,
            alpha: 1.0,
            beta: 0.0,
        }
    }

    /// The slow twin: x rounded to whole steps of its largest magnitude over 127, and everything else in f64.
    fn twin((m, k, n): (usize, usize, usize), x: &[f32], w: WeightRef<'_, f32>) -> Vec<f64> {
        let rounded: Vec<f64> = x
            .chunks(GROUP)
            .flat_map(|x| {
                let scale = x.iter().fold(0.0f32, |most, x| most.max(x.abs())) / 127.0;
                x.iter()
                    .map(move |x| f64::from((x / scale).round_ties_even()) * f64::from(scale))
            })
            .collect();
        (0..m * n)
            .map(|at| {
                let (i, j) = (at / n, at % n);
                (0..k)
                    .map(|k_at| rounded[i * k + k_at] * f64::from(w.get(j * k + k_at)))
                    .sum()
            })
            .collect()
    }

    #[test]
    fn meets_the_twin_and_rows_alone_have_their_bits() {
        each_isa(|isa| {
            if !applies() {
                return;
            }
            for kind in BlockKind::ALL {
                let sizes = (6, 2 * kind.len(), 7);
                let (m, k, n) = sizes;
                let bytes = sample(kind, n * k / kind.len());
                let w = WeightRef::BlocksRounding(BlockRef::new(kind, &bytes));
                let x = values::<f32>(m * k, 1);
                let run = |m: usize, x: &[f32]| {
                    let mut y = vec![f32::NAN; m * n];
                    // SAFETY: all slices have the sizes of the tile.
                    unsafe { run_columns_of(tile((m, k, n), x, &mut y), w) };
                    y
                };
                let got = run(m, &x);
                let want = twin(sizes, &x, w);
                let scale = want.iter().fold(0.0f64, |most, y| most.max(y.abs()));
                let worst = got
                    .iter()
                    .zip(&want)
                    .map(|(a, b)| (f64::from(*a) - b).abs())
                    .fold(0.0, f64::max);
                // A product that lies between two codes may be rounded to the other one.
                assert!(worst <= 2e-3 * scale, "{kind:?} {} {worst} of {scale}", isa.name());
                for i in 0..m {
                    assert_eq!(run(1, &x[i * k..][..k]), got[i * n..][..n], "{kind:?}");
                }
                same_for_any_thread_count(|| run(m, &x));
            }
        });
    }

    #[test]
    fn what_is_no_number_stays_none() {
        each_isa(|_| {
            if !applies() {
                return;
            }
            let kind = BlockKind::Q4_1;
            let bytes = sample(kind, 2);
            let w = WeightRef::BlocksRounding(BlockRef::new(kind, &bytes));
            for (bad, at) in [(f32::NAN, 0), (f32::NAN, 40), (f32::INFINITY, 63)] {
                let mut x = values::<f32>(64, 1);
                x[at] = bad;
                let mut y = [0.0f32];
                // SAFETY: all slices have the sizes of the tile.
                unsafe { run_columns_of(tile((1, 64, 1), &x, &mut y), w) };
                assert!(!y[0].is_finite(), "{bad}");
            }
            let mut y = [1.0f32];
            // SAFETY: all slices have the sizes of the tile.
            unsafe { run_columns_of(tile((1, 64, 1), &[0.0; 64], &mut y), w) };
            assert_eq!(y, [0.0]);
        });
    }
}
