//! AVX2, and AVX-512 with VNNI.

mod whole;

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::tile::{Tile, prefetch_stream};
use super::{ROWS, Rounded, by_rows};
use crate::blocks::{BlockKind, BlockRef, Codes, GROUP, Q4_0, Q4_1, Q8_0, with_block};

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
    unsafe {
        let (t, bytes) = (&tile, w.blocks_from(0));
        match w.kind() {
            BlockKind::Q4_0 => whole::columns_of::<Q4_0, Vnni, { Q4_0::LARGEST }, 4>(t, x, bytes, columns),
            BlockKind::Q4_1 => whole::columns_of::<Q4_1, Vnni, { Q4_1::LARGEST }, 4>(t, x, bytes, columns),
            BlockKind::Q8_0 => whole::columns_of::<Q8_0, Vnni, { Q8_0::LARGEST }, 4>(t, x, bytes, columns),
            kind => with_block!(kind, B => columns_of::<B, Vnni, { <B as Codes>::LARGEST }>(t, x, bytes, columns)),
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt")]
pub(super) unsafe fn avx2(tile: Tile<f32>, x: Rounded<'_>, w: BlockRef<'_>, columns: Range<usize>) {
    // SAFETY: as promised by the caller.
    unsafe {
        let (t, bytes) = (&tile, w.blocks_from(0));
        match w.kind() {
            BlockKind::Q4_0 => whole::columns_of::<Q4_0, Avx2, { Q4_0::LARGEST }, 1>(t, x, bytes, columns),
            BlockKind::Q4_1 => whole::columns_of::<Q4_1, Avx2, { Q4_1::LARGEST }, 1>(t, x, bytes, columns),
            BlockKind::Q8_0 => whole::columns_of::<Q8_0, Avx2, { Q8_0::LARGEST }, 1>(t, x, bytes, columns),
            kind => with_block!(kind, B => columns_of::<B, Avx2, { <B as Codes>::LARGEST }>(t, x, bytes, columns)),
        }
    }
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
                    prefetch_stream(
                        w.as_ptr().wrapping_add(j * row_bytes + block * NB * B::BYTES),
                        NB * B::BYTES,
                    );
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
