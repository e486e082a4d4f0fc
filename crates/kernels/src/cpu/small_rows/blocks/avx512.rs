//! The dot layout for a W in blocks on AVX-512: values are widened in registers, 16 at once.
//!
//! Four and five bits index a table of the values that a block can hold, which a permutation looks up; other codes are converted. Each value has the bits of
//! [`Block::group`], and the sums are those of the generic code.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::super::MAX_ROWS;
use super::super::tile::{Tile, prefetch_stream};
use crate::blocks::{
    Block, BlockRef, Codes, GROUP, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, Steps, with_block,
};

/// Rows of W that are read together, so that the additions of one need not wait for each other.
const ROWS: usize = 4;

/// A kind whose groups are widened into two registers.
pub(super) trait Registers: Block {
    /// # Safety
    /// The CPU has AVX-512 F, BW, DQ and VL; `block` points to a block of this kind, and `group` is one of its groups.
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2];
}

/// [`super::run`] on AVX-512.
///
/// # Safety
/// As there; the CPU has AVX-512 F, BW, DQ and VL.
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c,bmi1,bmi2,lzcnt")]
pub(super) unsafe fn run(tile: &Tile<f32>, w: BlockRef<'_>, columns: Range<usize>) {
    // SAFETY: as promised by the caller.
    with_block!(w.kind(), B => unsafe { columns_of::<B>(tile, w.blocks_from(0), columns) });
}

#[inline(always)]
unsafe fn columns_of<B: Registers>(p: &Tile<f32>, w: &[u8], columns: Range<usize>) {
    let mut j = columns.start;
    // SAFETY: the columns are inside the tile, whose pointers the caller promises.
    unsafe {
        while j + ROWS <= columns.end {
            rows_of::<B, ROWS>(p, w, j);
            j += ROWS;
        }
        while j < columns.end {
            rows_of::<B, 1>(p, w, j);
            j += 1;
        }
    }
}

/// Rows j..j + NB of W with all rows of x, up to four of these at once.
#[inline(always)]
unsafe fn rows_of<B: Registers, const NB: usize>(p: &Tile<f32>, w: &[u8], j: usize) {
    // SAFETY: the rows are inside the tile.
    unsafe {
        match p.m {
            1 => rows::<B, NB, 1>(p, w, j, 0),
            2 => rows::<B, NB, 2>(p, w, j, 0),
            _ => {
                debug_assert!(p.m <= MAX_ROWS);
                let mut i = 0;
                while i + 4 <= p.m {
                    rows::<B, NB, 4>(p, w, j, i);
                    i += 4;
                }
                while i < p.m {
                    rows::<B, NB, 1>(p, w, j, i);
                    i += 1;
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn rows<B: Registers, const NB: usize, const MB: usize>(p: &Tile<f32>, w: &[u8], j: usize, i: usize) {
    let row_bytes = p.k / B::LEN * B::BYTES;
    debug_assert!((j + NB) * row_bytes <= w.len());
    // SAFETY: rows i.. of x have K values, rows j.. of W their blocks, and y has the elements.
    unsafe {
        let x = p.x.add(i * p.x_strides.0);
        let w = w.as_ptr().add(j * row_bytes);
        let mut acc = [[_mm512_setzero_ps(); NB]; MB];
        for block in 0..p.k / B::LEN {
            for group in 0..B::LEN / GROUP {
                let k = block * B::LEN + group * GROUP;
                for b in 0..NB {
                    let from = w.add(b * row_bytes + block * B::BYTES);
                    let wide = B::registers(from, group);
                    for (half, wide) in wide.into_iter().enumerate() {
                        for a in 0..MB {
                            let x = _mm512_loadu_ps(x.add(a * p.x_strides.0 + k + 16 * half));
                            acc[a][b] = _mm512_fmadd_ps(x, wide, acc[a][b]);
                        }
                    }
                }
            }
            if i == 0 {
                prefetch_stream(w.wrapping_add(block * NB * B::BYTES), NB * B::BYTES);
            }
        }
        for a in 0..MB {
            for b in 0..NB {
                let y = p.y.add((i + a) * p.ldy + j + b);
                let v = p.alpha * sum(acc[a][b]);
                *y = if p.beta == 0.0 { v } else { p.beta * *y + v };
            }
        }
    }
}

/// The sum of the lanes, in the order of the generic code.
#[inline(always)]
unsafe fn sum(x: __m512) -> f32 {
    pulp::x86::V4::try_new().map_or(f32::NAN, |s| {
        use crate::float::Lane;
        // SAFETY: both are 64 bytes of f32.
        <f32 as Lane>::sum(s, unsafe { std::mem::transmute::<__m512, pulp::f32x16>(x) })
    })
}

/// 0 to 15, as f32.
#[inline(always)]
unsafe fn count() -> __m512 {
    // SAFETY: as promised by the callers.
    unsafe {
        _mm512_setr_ps(
            0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
        )
    }
}

/// 16 bytes as whole numbers.
#[inline(always)]
unsafe fn bytes(p: *const u8) -> __m512i {
    // SAFETY: as promised by the callers: 16 bytes are readable.
    unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast())) }
}

#[inline(always)]
unsafe fn half_at(p: *const u8) -> f32 {
    // SAFETY: as promised by the callers: two bytes are readable.
    let bits = unsafe { p.cast::<u16>().read_unaligned() };
    // SAFETY: the CPU has F16C.
    unsafe { _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(bits)))) }
}

/// The values of codes 0 to 15, or of 16 to 31 with `from` 16: `scale · code + offset`.
#[inline(always)]
unsafe fn table(from: f32, scale: f32, offset: f32) -> __m512 {
    // SAFETY: as promised by the callers.
    unsafe {
        let codes = _mm512_add_ps(count(), _mm512_set1_ps(from));
        _mm512_add_ps(_mm512_mul_ps(codes, _mm512_set1_ps(scale)), _mm512_set1_ps(offset))
    }
}

/// The values of codes 0 to 15, or from `from` on: `scale · (code - zero)`.
#[inline(always)]
unsafe fn centred(from: f32, zero: f32, scale: f32) -> __m512 {
    // SAFETY: as promised by the callers.
    unsafe {
        _mm512_mul_ps(
            _mm512_add_ps(count(), _mm512_set1_ps(from - zero)),
            _mm512_set1_ps(scale),
        )
    }
}

/// The low and high halves of 16 bytes, looked up: a permutation uses the lowest 4 bits of an index.
#[inline(always)]
unsafe fn nibbles(p: *const u8, table: __m512) -> [__m512; 2] {
    // SAFETY: as promised by the callers: 16 bytes are readable.
    unsafe {
        let q = bytes(p);
        [
            _mm512_permutexvar_ps(q, table),
            _mm512_permutexvar_ps(_mm512_srli_epi32::<4>(q), table),
        ]
    }
}

/// The same with a fifth bit for each of the 32 values.
#[inline(always)]
unsafe fn with_fifth(p: *const u8, bits: u32, tables: [__m512; 2]) -> [__m512; 2] {
    // SAFETY: as promised by the callers: 16 bytes are readable.
    unsafe {
        let (q, low, sixteen) = (bytes(p), _mm512_set1_epi32(15), _mm512_set1_epi32(16));
        let index = |q: __m512i, bits: u32| {
            let q = _mm512_and_si512(q, low);
            _mm512_mask_or_epi32(q, bits as __mmask16, q, sixteen)
        };
        [(q, bits), (_mm512_srli_epi32::<4>(q), bits >> 16)]
            .map(|(q, bits)| _mm512_permutex2var_ps(tables[0], index(q, bits), tables[1]))
    }
}

impl Registers for Q4_0 {
    #[inline(always)]
    unsafe fn registers(block: *const u8, _: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe { nibbles(block.add(2), centred(0.0, 8.0, half_at(block))) }
    }
}

impl Registers for Q4_1 {
    #[inline(always)]
    unsafe fn registers(block: *const u8, _: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe { nibbles(block.add(4), table(0.0, half_at(block), half_at(block.add(2)))) }
    }
}

impl Registers for Q5_0 {
    #[inline(always)]
    unsafe fn registers(block: *const u8, _: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let d = half_at(block);
            let bits = block.add(2).cast::<u32>().read_unaligned();
            with_fifth(block.add(6), bits, [centred(0.0, 16.0, d), centred(16.0, 16.0, d)])
        }
    }
}

impl Registers for Q5_1 {
    #[inline(always)]
    unsafe fn registers(block: *const u8, _: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let (d, m) = (half_at(block), half_at(block.add(2)));
            let bits = block.add(4).cast::<u32>().read_unaligned();
            with_fifth(block.add(8), bits, [table(0.0, d, m), table(16.0, d, m)])
        }
    }
}

impl Registers for Q8_0 {
    #[inline(always)]
    unsafe fn registers(block: *const u8, _: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let d = _mm512_set1_ps(half_at(block));
            [2, 18].map(|at| {
                let q = _mm512_cvtepi8_epi32(_mm_loadu_si128(block.add(at).cast()));
                _mm512_mul_ps(_mm512_cvtepi32_ps(q), d)
            })
        }
    }
}

impl Registers for Q4K {
    #[inline(always)]
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let Steps { scale, offset } = steps_of::<Self>(block, group);
            let table = table(0.0, scale[0], offset[0]);
            let q = block.add(16 + group / 2 * 32);
            let shift = _mm_cvtsi32_si128((group % 2 * 4) as i32);
            [0, 16].map(|at| _mm512_permutexvar_ps(_mm512_srl_epi32(bytes(q.add(at)), shift), table))
        }
    }
}

impl Registers for Q5K {
    #[inline(always)]
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let Steps { scale, offset } = steps_of::<Self>(block, group);
            let tables = [table(0.0, scale[0], offset[0]), table(16.0, scale[0], offset[0])];
            let (fifth, q) = (block.add(16), block.add(48 + group / 2 * 32));
            let (shift, low) = (_mm_cvtsi32_si128((group % 2 * 4) as i32), _mm512_set1_epi32(15));
            let bit = _mm512_set1_epi32(1 << group);
            [0, 16].map(|at| {
                let code = _mm512_and_si512(_mm512_srl_epi32(bytes(q.add(at)), shift), low);
                let has_fifth = _mm512_test_epi32_mask(bytes(fifth.add(at)), bit);
                let code = _mm512_mask_or_epi32(code, has_fifth, code, _mm512_set1_epi32(16));
                _mm512_permutex2var_ps(tables[0], code, tables[1])
            })
        }
    }
}

/// `scale · code + offset` of 16 codes.
#[inline(always)]
unsafe fn stepped(codes: __m512i, scale: f32, offset: f32) -> __m512 {
    // SAFETY: as promised by the callers.
    unsafe {
        _mm512_add_ps(
            _mm512_mul_ps(_mm512_cvtepi32_ps(codes), _mm512_set1_ps(scale)),
            _mm512_set1_ps(offset),
        )
    }
}

/// `scale · (code - zero)` of 16 codes.
#[inline(always)]
unsafe fn scaled(codes: __m512i, zero: i32, scale: f32) -> __m512 {
    // SAFETY: as promised by the callers.
    unsafe {
        _mm512_mul_ps(
            _mm512_cvtepi32_ps(_mm512_sub_epi32(codes, _mm512_set1_epi32(zero))),
            _mm512_set1_ps(scale),
        )
    }
}

impl Registers for Q2K {
    #[inline(always)]
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let Steps { scale, offset } = steps_of::<Self>(block, group);
            let q = block.add(16 + group / 4 * 32);
            let (shift, two) = (_mm_cvtsi32_si128((group % 4 * 2) as i32), _mm512_set1_epi32(3));
            [0, 1].map(|half| {
                let codes = _mm512_and_si512(_mm512_srl_epi32(bytes(q.add(16 * half)), shift), two);
                stepped(codes, scale[half], offset[half])
            })
        }
    }
}

impl Registers for Q3K {
    #[inline(always)]
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let Steps { scale, .. } = steps_of::<Self>(block, group);
            let (third, q) = (block, block.add(32 + group / 4 * 32));
            let (shift, two) = (_mm_cvtsi32_si128((group % 4 * 2) as i32), _mm512_set1_epi32(3));
            let bit = _mm512_set1_epi32(1 << group);
            [0, 1].map(|half| {
                let codes = _mm512_and_si512(_mm512_srl_epi32(bytes(q.add(16 * half)), shift), two);
                let high = _mm512_test_epi32_mask(bytes(third.add(16 * half)), bit);
                let codes = _mm512_mask_or_epi32(codes, high, codes, _mm512_set1_epi32(4));
                scaled(codes, 4, scale[half])
            })
        }
    }
}

impl Registers for Q6K {
    #[inline(always)]
    unsafe fn registers(block: *const u8, group: usize) -> [__m512; 2] {
        // SAFETY: as promised by the caller.
        unsafe {
            let Steps { scale, .. } = steps_of::<Self>(block, group);
            let (quarter, run) = (group / 4, group % 4);
            let low = block.add(quarter * 64 + run % 2 * 32);
            let high = block.add(128 + quarter * 32);
            let shifts = [run / 2 * 4, run * 2].map(|shift| _mm_cvtsi32_si128(shift as i32));
            [0, 1].map(|half| {
                let low = _mm512_and_si512(
                    _mm512_srl_epi32(bytes(low.add(16 * half)), shifts[0]),
                    _mm512_set1_epi32(15),
                );
                let high = _mm512_and_si512(
                    _mm512_srl_epi32(bytes(high.add(16 * half)), shifts[1]),
                    _mm512_set1_epi32(3),
                );
                scaled(_mm512_or_si512(low, _mm512_slli_epi32::<4>(high)), 32, scale[half])
            })
        }
    }
}

/// The steps of a group.
#[inline(always)]
unsafe fn steps_of<B: Codes>(block: *const u8, group: usize) -> Steps {
    // SAFETY: as promised by the callers, the block is readable.
    B::steps(unsafe { std::slice::from_raw_parts(block, B::BYTES) }, group)
}
