//! The dot layout for a W in blocks, with x rounded to blocks of 8 bits: whole numbers are multiplied, four at once, and the scales of both applied to their sums.
//!
//! A group of 32 products costs some ten instructions, where widening to f32 costs thirty. The sums over K of an element do not depend on other rows or columns: a row has
//! the same bits alone and in a batch.

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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::ops::Range;

    use super::super::tile::{Tile, prefetch};
    use super::{ROWS, Rounded, by_rows};
    use crate::blocks::{BlockRef, Codes, GROUP, with_block};

    /// Products of 32 bytes without sign and 32 with sign, summed four at once.
    trait Bytes {
        /// # Safety
        /// The CPU has the instructions.
        unsafe fn dot<const LARGEST: u8>(codes: __m256i, x: __m256i) -> __m256i;
    }

    struct Vnni;
    impl Bytes for Vnni {
        #[inline(always)]
        unsafe fn dot<const LARGEST: u8>(codes: __m256i, x: __m256i) -> __m256i {
            // SAFETY: as promised by the caller.
            unsafe { _mm256_dpbusd_epi32(_mm256_setzero_si256(), codes, x) }
        }
    }

    struct Avx2;
    impl Bytes for Avx2 {
        #[inline(always)]
        unsafe fn dot<const LARGEST: u8>(codes: __m256i, x: __m256i) -> __m256i {
            // SAFETY: as promised by the caller.
            unsafe {
                if LARGEST < 128 {
                    // Two products of a code and a signed byte fit 16 bits.
                    return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1));
                }
                // Here they would not: the low 7 bits and the highest one are multiplied separately.
                let low = _mm256_and_si256(codes, _mm256_set1_epi8(127));
                let high = _mm256_and_si256(_mm256_srli_epi16::<7>(codes), _mm256_set1_epi8(1));
                let ones = _mm256_set1_epi16(1);
                let low = _mm256_madd_epi16(_mm256_maddubs_epi16(low, x), ones);
                let high = _mm256_madd_epi16(_mm256_maddubs_epi16(high, x), ones);
                _mm256_add_epi32(low, _mm256_slli_epi32::<7>(high))
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c,bmi1,bmi2,lzcnt")]
    pub(super) unsafe fn vnni(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
        // SAFETY: as promised by the caller.
        with_block!(w.kind(), B => unsafe { columns_of::<B, Vnni, { <B as Codes>::LARGEST }>(&tile, x, w.blocks_from(0), columns) })
    }

    #[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt")]
    pub(super) unsafe fn avx2(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
        // SAFETY: as promised by the caller.
        with_block!(w.kind(), B => unsafe { columns_of::<B, Avx2, { <B as Codes>::LARGEST }>(&tile, x, w.blocks_from(0), columns) })
    }

    #[inline(always)]
    unsafe fn columns_of<B: Codes, D: Bytes, const LARGEST: u8>(
        tile: &Tile<f32>,
        x: Rounded<'_>,
        w: &[u8],
        columns: Range<usize>,
    ) {
        // SAFETY: as promised by the caller; the columns are inside the tile.
        by_rows(
            columns,
            |j| unsafe { rows::<B, D, LARGEST, ROWS>(tile, x, w, j) },
            |j| unsafe { rows::<B, D, LARGEST, 1>(tile, x, w, j) },
        );
    }

    /// Rows j..j + NB of W with all rows of x, one after the other: with few rows the codes are worth unpacking again.
    #[inline(always)]
    unsafe fn rows<B: Codes, D: Bytes, const LARGEST: u8, const NB: usize>(
        p: &Tile<f32>,
        x: Rounded<'_>,
        w: &[u8],
        j: usize,
    ) {
        let row_bytes = p.k / B::LEN * B::BYTES;
        let groups = p.k / GROUP;
        for i in 0..p.m {
            let codes = &x.codes[i * p.k..][..p.k];
            let (scales, sums) = (
                &x.scales[i * groups..][..groups],
                &x.sums[2 * i * groups..][..2 * groups],
            );
            // SAFETY: the CPU has AVX2 and FMA, and what D needs; all slices hold the group; row i and column j + b are inside the tile.
            unsafe {
                let mut acc = [_mm256_setzero_ps(); NB];
                let mut offsets = [0f32; NB];
                for block in 0..p.k / B::LEN {
                    for group in 0..B::LEN / GROUP {
                        let g = block * (B::LEN / GROUP) + group;
                        let x = _mm256_loadu_si256(codes.as_ptr().add(g * GROUP).cast());
                        let (scale, sum) = (
                            *scales.get_unchecked(g),
                            [*sums.get_unchecked(2 * g), *sums.get_unchecked(2 * g + 1)],
                        );
                        for b in 0..NB {
                            let at = (j + b) * row_bytes + block * B::BYTES;
                            let bytes = w.get_unchecked(at..at + B::BYTES);
                            let mut unpacked = [0u8; GROUP];
                            B::codes(bytes, group, &mut unpacked);
                            let steps = B::steps(bytes, group);
                            let dot = D::dot::<LARGEST>(_mm256_loadu_si256(unpacked.as_ptr().cast()), x);
                            let [low, high] = steps.scale.map(|step| _mm_set1_ps(step * scale));
                            acc[b] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_set_m128(high, low), acc[b]);
                            offsets[b] += steps.offset[0] * sum[0] + steps.offset[1] * sum[1];
                        }
                    }
                    if i == 0 {
                        for b in 0..NB {
                            prefetch(w.as_ptr().wrapping_add((j + NB + b) * row_bytes + block * B::BYTES));
                        }
                    }
                }
                for b in 0..NB {
                    let y = p.y.add(i * p.ldy + j + b);
                    let v = p.alpha * (sum_of(acc[b]) + offsets[b]);
                    *y = if p.beta == 0.0 { v } else { p.beta * *y + v };
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn sum_of(x: __m256) -> f32 {
        let mut lanes = [0f32; 8];
        // SAFETY: the caller's CPU has AVX.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), x) };
        let [a, b, c, d, e, f, g, h] = lanes;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;
    use std::arch::asm;
    use std::ops::Range;

    use super::super::tile::Tile;
    use super::{ROWS, Rounded, by_rows};
    use crate::blocks::{BlockRef, Codes, GROUP, with_block};

    /// Products of 16 bytes with sign, those of the first at most 127 in size, summed four at once.
    trait Bytes {
        /// # Safety
        /// The CPU has the instructions.
        unsafe fn dot(codes: int8x16_t, x: int8x16_t) -> int32x4_t;
    }

    struct Dotprod;
    impl Bytes for Dotprod {
        #[inline(always)]
        unsafe fn dot(codes: int8x16_t, x: int8x16_t) -> int32x4_t {
            let mut sum: int32x4_t;
            // SAFETY: the caller's CPU has SDOT, whose intrinsic is not stable yet; it reads and writes these registers alone.
            unsafe {
                sum = vdupq_n_s32(0);
                asm!(
                    ".arch_extension dotprod",
                    "sdot {sum:v}.4s, {codes:v}.16b, {x:v}.16b",
                    sum = inout(vreg) sum,
                    codes = in(vreg) codes,
                    x = in(vreg) x,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            sum
        }
    }

    struct Plain;
    impl Bytes for Plain {
        #[inline(always)]
        unsafe fn dot(codes: int8x16_t, x: int8x16_t) -> int32x4_t {
            // SAFETY: NEON is part of the target. Two products of such bytes fit 16 bits.
            unsafe {
                let low = vmull_s8(vget_low_s8(codes), vget_low_s8(x));
                vpaddlq_s16(vmlal_high_s8(low, codes, x))
            }
        }
    }

    #[target_feature(enable = "neon")]
    pub(super) unsafe fn dotprod(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
        // SAFETY: as promised by the caller.
        with_block!(w.kind(), B => unsafe { columns_of::<B, Dotprod, { <B as Codes>::LARGEST }>(&tile, x, w.blocks_from(0), columns) })
    }

    #[target_feature(enable = "neon")]
    pub(super) unsafe fn plain(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
        // SAFETY: as promised by the caller.
        with_block!(w.kind(), B => unsafe { columns_of::<B, Plain, { <B as Codes>::LARGEST }>(&tile, x, w.blocks_from(0), columns) })
    }

    #[inline(always)]
    unsafe fn columns_of<B: Codes, D: Bytes, const LARGEST: u8>(
        tile: &Tile<f32>,
        x: Rounded<'_>,
        w: &[u8],
        columns: Range<usize>,
    ) {
        // SAFETY: as promised by the caller; the columns are inside the tile.
        by_rows(
            columns,
            |j| unsafe { rows::<B, D, LARGEST, ROWS>(tile, x, w, j) },
            |j| unsafe { rows::<B, D, LARGEST, 1>(tile, x, w, j) },
        );
    }

    /// Rows j..j + NB of W with all rows of x, one after the other.
    #[inline(always)]
    unsafe fn rows<B: Codes, D: Bytes, const LARGEST: u8, const NB: usize>(
        p: &Tile<f32>,
        x: Rounded<'_>,
        w: &[u8],
        j: usize,
    ) {
        let row_bytes = p.k / B::LEN * B::BYTES;
        let groups = p.k / GROUP;
        for i in 0..p.m {
            let codes = &x.codes[i * p.k..][..p.k];
            let (scales, sums) = (
                &x.scales[i * groups..][..groups],
                &x.sums[2 * i * groups..][..2 * groups],
            );
            // SAFETY: NEON is part of the target, and the CPU has what D needs; all slices hold the group; row i and column j + b are inside the tile.
            unsafe {
                let mut acc = [vdupq_n_f32(0.0); NB];
                let mut offsets = [0f32; NB];
                for block in 0..p.k / B::LEN {
                    for group in 0..B::LEN / GROUP {
                        let g = block * (B::LEN / GROUP) + group;
                        let halves = [0, 16].map(|half| vld1q_s8(codes.as_ptr().add(g * GROUP + half)));
                        let (scale, sum) = (scales[g], [sums[2 * g], sums[2 * g + 1]]);
                        for b in 0..NB {
                            let at = (j + b) * row_bytes + block * B::BYTES;
                            let bytes = &w[at..at + B::BYTES];
                            let mut unpacked = [0u8; GROUP];
                            B::codes(bytes, group, &mut unpacked);
                            let steps = B::steps(bytes, group);
                            for half in 0..2 {
                                let unpacked = vld1q_u8(unpacked.as_ptr().add(16 * half));
                                let dot = dot::<D, LARGEST>(unpacked, halves[half]);
                                acc[b] = vfmaq_n_f32(acc[b], vcvtq_f32_s32(dot), steps.scale[half] * scale);
                                offsets[b] += steps.offset[half] * sum[half];
                            }
                        }
                    }
                }
                for b in 0..NB {
                    let y = p.y.add(i * p.ldy + j + b);
                    let v = p.alpha * (vaddvq_f32(acc[b]) + offsets[b]);
                    *y = if p.beta == 0.0 { v } else { p.beta * *y + v };
                }
            }
        }
    }

    /// Products of codes without sign.
    #[inline(always)]
    unsafe fn dot<D: Bytes, const LARGEST: u8>(codes: uint8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: as promised by the caller.
        unsafe {
            if LARGEST < 128 {
                return D::dot(vreinterpretq_s8_u8(codes), x);
            }
            // The highest bit, which would be taken for a sign, is multiplied separately.
            let low = D::dot(vreinterpretq_s8_u8(vandq_u8(codes, vdupq_n_u8(127))), x);
            let high = D::dot(vreinterpretq_s8_u8(vshrq_n_u8::<7>(codes)), x);
            vaddq_s32(low, vshlq_n_s32::<7>(high))
        }
    }
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
                let sizes = (3, 2 * kind.len(), 7);
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
