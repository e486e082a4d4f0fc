//! Kinds of blocks that are one group, which are most of what is used: codes are unpacked in registers, and the scales of several rows of W are converted together.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::super::tile::{Tile, prefetch_stream};
use super::super::{ROWS, Rounded, by_rows};
use super::Bytes;
use crate::blocks::{Codes, GROUP, Q4_0, Q4_1, Q8_0};

/// A kind whose block is one group: a scale, perhaps an offset, and 32 codes.
pub(super) trait Whole: Codes {
    /// What the sum of x is multiplied by beside the second half of [`Whole::halves`].
    const OFFSET: f32;

    /// Two numbers in 16 bits: the scale, and that of which the offset is a multiple.
    ///
    /// # Safety
    /// `block` points to a block of this kind.
    unsafe fn halves(block: *const u8) -> i32;

    /// The codes.
    ///
    /// # Safety
    /// As there; the CPU has AVX2.
    unsafe fn registers(block: *const u8) -> __m256i;
}

/// 16 bytes as 32 codes of four bits: the low halves, and then the high ones.
#[inline(always)]
unsafe fn nibbles(p: *const u8) -> __m256i {
    // SAFETY: as promised by the callers: 16 bytes are readable, and the CPU has AVX2.
    unsafe {
        let q = _mm_loadu_si128(p.cast());
        let both = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(q), _mm_srli_epi16::<4>(q));
        _mm256_and_si256(both, _mm256_set1_epi8(15))
    }
}

/// The scale twice.
#[inline(always)]
unsafe fn scale_twice(block: *const u8) -> i32 {
    // SAFETY: as promised by the callers: two bytes are readable.
    let scale = unsafe { block.cast::<u16>().read_unaligned() };
    i32::from(scale) * 0x1_0001
}

impl Whole for Q4_0 {
    const OFFSET: f32 = -8.0;

    #[inline(always)]
    unsafe fn halves(block: *const u8) -> i32 {
        // SAFETY: as promised by the caller.
        unsafe { scale_twice(block) }
    }

    #[inline(always)]
    unsafe fn registers(block: *const u8) -> __m256i {
        // SAFETY: as promised by the caller.
        unsafe { nibbles(block.add(2)) }
    }
}

impl Whole for Q4_1 {
    const OFFSET: f32 = 1.0;

    #[inline(always)]
    unsafe fn halves(block: *const u8) -> i32 {
        // SAFETY: as promised by the caller.
        unsafe { block.cast::<i32>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn registers(block: *const u8) -> __m256i {
        // SAFETY: as promised by the caller.
        unsafe { nibbles(block.add(4)) }
    }
}

impl Whole for Q8_0 {
    const OFFSET: f32 = -128.0;

    #[inline(always)]
    unsafe fn halves(block: *const u8) -> i32 {
        // SAFETY: as promised by the caller.
        unsafe { scale_twice(block) }
    }

    #[inline(always)]
    unsafe fn registers(block: *const u8) -> __m256i {
        // SAFETY: as promised by the caller. Bytes with sign become codes from 0 on.
        unsafe { _mm256_xor_si256(_mm256_loadu_si256(block.add(2).cast()), _mm256_set1_epi8(-128)) }
    }
}

/// [`super::columns_of`] for such a kind; `MOST` rows of x at once, as many as the CPU has registers for.
#[inline(always)]
pub(super) unsafe fn columns_of<B: Whole, D: Bytes, const LARGEST: u8, const MOST: usize>(
    tile: &Tile<f32>,
    x: Rounded<'_>,
    w: &[u8],
    columns: Range<usize>,
) {
    // SAFETY: as promised by the caller; the columns are inside the tile.
    by_rows(
        columns,
        |j| unsafe { all_rows::<B, D, LARGEST, ROWS, MOST>(tile, x, w, j) },
        |j| unsafe { all_rows::<B, D, LARGEST, 1, MOST>(tile, x, w, j) },
    );
}

#[inline(always)]
unsafe fn all_rows<B: Whole, D: Bytes, const LARGEST: u8, const NB: usize, const MOST: usize>(
    p: &Tile<f32>,
    x: Rounded<'_>,
    w: &[u8],
    j: usize,
) {
    let mut i = 0;
    // SAFETY: the rows are inside the tile.
    unsafe {
        while i + MOST <= p.m {
            rows::<B, D, LARGEST, NB, MOST>(p, x, w, j, i);
            i += MOST;
        }
        while i < p.m {
            rows::<B, D, LARGEST, NB, 1>(p, x, w, j, i);
            i += 1;
        }
    }
}

/// Rows i..i + MB of x with rows j..j + NB of W.
#[inline(always)]
unsafe fn rows<B: Whole, D: Bytes, const LARGEST: u8, const NB: usize, const MB: usize>(
    p: &Tile<f32>,
    x: Rounded<'_>,
    w: &[u8],
    j: usize,
    i: usize,
) {
    let groups = p.k / GROUP;
    let row_bytes = groups * B::BYTES;
    debug_assert!((j + NB) * row_bytes <= w.len() && (i + MB) * p.k <= x.codes.len());
    // SAFETY: the CPU has AVX2, FMA, F16C, and what D needs; rows i.. of x and j.. of W have their groups, and y has the elements.
    unsafe {
        let codes = x.codes.as_ptr().add(i * p.k);
        let (scales, sums) = (x.scales.as_ptr().add(i * groups), x.sums.as_ptr().add(2 * i * groups));
        let w = w.as_ptr().add(j * row_bytes);
        let mut acc = [[_mm256_setzero_ps(); NB]; MB];
        // The offsets of row b of W are summed in lane 2b + 1.
        let mut offsets = [_mm256_setzero_ps(); MB];
        for g in 0..groups {
            if i == 0 {
                prefetch_stream(w.wrapping_add(g * NB * B::BYTES), NB * B::BYTES);
            }
            let mut halves = [0i32; 4];
            for b in 0..NB {
                halves[b] = B::halves(w.add(b * row_bytes + g * B::BYTES));
            }
            let [h0, h1, h2, h3] = halves;
            let steps = _mm256_cvtph_ps(_mm_setr_epi32(h0, h1, h2, h3));
            let mut scaled = [_mm256_setzero_ps(); MB];
            for a in 0..MB {
                let scale = *scales.add(a * groups + g);
                let sum = B::OFFSET * (*sums.add(2 * (a * groups + g)) + *sums.add(2 * (a * groups + g) + 1));
                let factors = _mm256_blend_ps::<0b1010_1010>(_mm256_set1_ps(scale), _mm256_set1_ps(sum));
                scaled[a] = _mm256_mul_ps(steps, factors);
                offsets[a] = _mm256_add_ps(offsets[a], scaled[a]);
            }
            for b in 0..NB {
                let at = w.add(b * row_bytes + g * B::BYTES);
                let unpacked = B::registers(at);
                let lane = _mm256_set1_epi32(2 * b as i32);
                for a in 0..MB {
                    let x = _mm256_loadu_si256(codes.add(a * p.k + g * GROUP).cast());
                    let dot = _mm256_cvtepi32_ps(D::dot::<LARGEST>(unpacked, x));
                    acc[a][b] = _mm256_fmadd_ps(dot, _mm256_permutevar8x32_ps(scaled[a], lane), acc[a][b]);
                }
            }
        }
        for a in 0..MB {
            let mut quad = [_mm256_setzero_ps(); ROWS];
            quad[..NB].copy_from_slice(&acc[a]);
            let offsets = _mm256_permutevar8x32_ps(offsets[a], _mm256_setr_epi32(1, 3, 5, 7, 1, 3, 5, 7));
            let mut sums = [0f32; ROWS];
            _mm_storeu_ps(
                sums.as_mut_ptr(),
                _mm_add_ps(sums_of(quad), _mm256_castps256_ps128(offsets)),
            );
            for b in 0..NB {
                let y = p.y.add((i + a) * p.ldy + j + b);
                let v = p.alpha * sums[b];
                *y = if p.beta == 0.0 { v } else { p.beta * *y + v };
            }
        }
    }
}

/// The sums of the lanes of each.
#[inline(always)]
unsafe fn sums_of([a, b, c, d]: [__m256; ROWS]) -> __m128 {
    // SAFETY: the caller's CPU has AVX.
    unsafe {
        let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs))
    }
}
