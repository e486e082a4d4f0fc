//! NEON, with and without the instructions for dot products of bytes.

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
