//! Packing on AVX-512. A unit of a panel is 32 bits of each line: one value in f32, or two along K in bf16.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use half::{bf16, f16};

use super::super::kernel::{Factor, Lines, Numbers};
use super::super::plain;
use super::lanes::{LANES, first};

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) unsafe fn pack<const W: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        if factor.k != 1 && factor.line != 1 {
            return plain::pack::<W>(factor, lines, out);
        }
        match factor.numbers {
            Numbers::F32(p) => pack_from::<W, One<f32>>(p, factor, lines, out),
            Numbers::Bf16(p) => pack_from::<W, One<bf16>>(p, factor, lines, out),
            Numbers::F16(p) => pack_from::<W, One<f16>>(p, factor, lines, out),
            Numbers::Blocks(_) => unreachable!("blocks are widened before they are packed"),
        }
    }
}

/// [`super::super::kernel::Pack`] into pairs of bf16; f32 is rounded.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) unsafe fn pack_pairs<const W: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        match factor.numbers {
            _ if factor.k != 1 && factor.line != 1 => plain::pack_pairs::<W>(factor, lines, out),
            Numbers::F32(p) => pack_from::<W, Two<f32>>(p, factor, lines, out),
            Numbers::Bf16(p) => pack_from::<W, Two<bf16>>(p, factor, lines, out),
            Numbers::F16(_) => plain::pack_pairs::<W>(factor, lines, out),
            Numbers::Blocks(_) => unreachable!("blocks are widened before they are packed"),
        }
    }
}

/// How numbers become the units of a step, 16 at once.
///
/// # Safety
/// Its functions need AVX-512 F, BW and VL, and read only what `count` and `lines` name.
pub(super) trait Unit {
    type Number: Copy;
    /// Numbers along K in a unit.
    const NUMBERS: usize;

    /// Up to 16 steps of one line from its next `count` numbers, which are contiguous; the rest is 0.
    unsafe fn along(p: *const Self::Number, count: usize) -> __m512;

    /// One step of up to 16 lines that are contiguous, from `count` values along K, `k` apart; the other lines are 0.
    unsafe fn across(p: *const Self::Number, k: usize, count: usize, lines: __mmask16) -> __m512;
}

/// One number, widened.
struct One<S>(PhantomData<S>);

/// Two numbers in bf16, the first in the lower half.
pub(super) struct Two<S>(PhantomData<S>);

impl<S: Load> Unit for One<S> {
    type Number = S;
    const NUMBERS: usize = 1;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn along(p: *const S, count: usize) -> __m512 {
        // SAFETY: as promised by the caller.
        unsafe { S::load(p, first(count)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn across(p: *const S, _k: usize, _count: usize, lines: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller.
        unsafe { S::load(p, lines) }
    }
}

impl Unit for Two<f32> {
    type Number = f32;
    const NUMBERS: usize = 2;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn along(p: *const f32, count: usize) -> __m512 {
        const ODD: [u16; 32] = {
            let mut odd = [0; 32];
            let mut i = 0;
            while i < 32 {
                odd[i] = 2 * i as u16 + 1;
                i += 1;
            }
            odd
        };
        let (low, high) = (count.min(LANES), count.saturating_sub(LANES));
        // SAFETY: as promised by the caller; ODD has 64 bytes.
        unsafe {
            let low = rounded(f32::load(p, first(low)));
            let high = rounded(f32::load(p.wrapping_add(LANES), first(high)));
            // The upper halves of all 32.
            let odd = _mm512_loadu_si512(ODD.as_ptr().cast());
            _mm512_castsi512_ps(_mm512_permutex2var_epi16(low, odd, high))
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn across(p: *const f32, k: usize, count: usize, lines: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller; without a second value nothing of it is read.
        let (low, high) = unsafe {
            let second = if count > 1 { lines } else { 0 };
            (f32::load(p, lines), f32::load(p.wrapping_add(k), second))
        };
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        let (low, high) = (
            _mm512_srli_epi32::<16>(rounded(low)),
            _mm512_and_si512(rounded(high), upper),
        );
        _mm512_castsi512_ps(_mm512_or_si512(low, high))
    }
}

impl Unit for Two<bf16> {
    type Number = bf16;
    const NUMBERS: usize = 2;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn along(p: *const bf16, count: usize) -> __m512 {
        let mask = ((1u64 << count) - 1) as __mmask32;
        // SAFETY: as promised by the caller.
        _mm512_castsi512_ps(unsafe { _mm512_maskz_loadu_epi16(mask, p.cast()) })
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn across(p: *const bf16, k: usize, count: usize, lines: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller; without a second value nothing of it is read.
        let (low, high) = unsafe {
            let second = if count > 1 { lines } else { 0 };
            (
                _mm256_maskz_loadu_epi16(lines, p.cast()),
                _mm256_maskz_loadu_epi16(second, p.wrapping_add(k).cast()),
            )
        };
        let (low, high) = (_mm512_cvtepu16_epi32(low), _mm512_cvtepu16_epi32(high));
        _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32::<16>(high)))
    }
}

/// Rounds to bf16 as [`f32_to_bf16`](crate::half_bits::f32_to_bf16); the results are the upper halves, the lower ones are unspecified.
#[inline]
#[target_feature(enable = "avx512f")]
fn rounded(x: __m512) -> __m512i {
    let bits = _mm512_castps_si512(x);
    let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
    let up = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
    let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
    _mm512_mask_or_epi32(_mm512_add_epi32(bits, up), nan, bits, _mm512_set1_epi32(0x40_0000))
}

/// A register from the first lanes at an address, widened; the others are 0.
trait Load: Copy {
    /// # Safety
    /// The CPU has AVX-512 F, BW and VL, and the values of the mask are readable.
    unsafe fn load(p: *const Self, mask: __mmask16) -> __m512;
}

impl Load for f32 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn load(p: *const Self, mask: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller.
        unsafe { _mm512_maskz_loadu_ps(mask, p) }
    }
}

impl Load for bf16 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn load(p: *const Self, mask: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller.
        let bits = unsafe { _mm256_maskz_loadu_epi16(mask, p.cast()) };
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(bits)))
    }
}

impl Load for f16 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn load(p: *const Self, mask: __mmask16) -> __m512 {
        // SAFETY: as promised by the caller.
        _mm512_cvtph_ps(unsafe { _mm256_maskz_loadu_epi16(mask, p.cast()) })
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn pack_from<const W: usize, U: Unit>(p: *const U::Number, factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: every load is masked to values that are inside the factor, by their lines and along K.
    unsafe {
        if factor.k == 1 {
            for panel in 0..lines.count.div_ceil(W) {
                for group in (0..W).step_by(LANES) {
                    let line = panel * W + group;
                    let count = lines.count.saturating_sub(line).min(LANES).min(W - group);
                    let from = p.wrapping_add((lines.first + line) * factor.line + lines.k0);
                    let to = out.add(panel * lines.panel + group);
                    transposed::<W, U>(from, factor.line, count, lines.k_len, W - group, to);
                }
            }
            return;
        }
        // Along the lines, which are contiguous: all panels of one step before the next.
        let steps = lines.k_len.div_ceil(U::NUMBERS);
        for step in 0..steps {
            let k = step * U::NUMBERS;
            let from = p.add(lines.first + (lines.k0 + k) * factor.k);
            for panel in 0..lines.count.div_ceil(W) {
                for group in (0..W).step_by(LANES) {
                    let line = panel * W + group;
                    let count = lines.count.saturating_sub(line).min(LANES).min(W - group);
                    let v = U::across(from.wrapping_add(line), factor.k, lines.k_len - k, first(count));
                    let to = out.add(panel * lines.panel + step * W + group);
                    put(to, v, W - group, step + 1 == steps);
                }
            }
        }
    }
}

/// Up to 16 lines that are contiguous along K.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn transposed<const W: usize, U: Unit>(
    from: *const U::Number,
    line: usize,
    count: usize,
    k_len: usize,
    width: usize,
    to: *mut f32,
) {
    let steps = k_len.div_ceil(U::NUMBERS);
    for step in (0..steps).step_by(LANES) {
        let k = step * U::NUMBERS;
        let numbers = (LANES * U::NUMBERS).min(k_len - k);
        let mut v = [_mm512_setzero_ps(); LANES];
        // SAFETY: lines below `count` have k_len numbers; the panel has all steps.
        unsafe {
            for i in 0..LANES {
                if i < count {
                    v[i] = U::along(from.add(i * line + k), numbers);
                }
            }
            let v = transpose(v);
            for j in 0..LANES {
                if step + j < steps {
                    put(to.add((step + j) * W), v[j], width, step + j + 1 == steps);
                }
            }
        }
    }
}

/// Stores a step of a panel that has `width` units left. Fewer than 16 are exceeded into the next step, which is written later; the last
/// step is stored exactly.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn put(to: *mut f32, v: __m512, width: usize, last: bool) {
    // SAFETY: this step has `width` units, and another step follows unless it is the last.
    unsafe {
        if width >= LANES || !last {
            _mm512_storeu_ps(to, v);
        } else {
            _mm512_mask_storeu_ps(to, first(width), v);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transpose(r: [__m512; LANES]) -> [__m512; LANES] {
    let zero = _mm512_setzero_ps();
    let (mut t, mut u, mut out) = ([zero; LANES], [zero; LANES], [zero; LANES]);
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    let wide = |i: usize| _mm512_castps_pd(t[i]);
    for i in (0..LANES).step_by(4) {
        u[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(i), wide(i + 2)));
        u[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(i), wide(i + 2)));
        u[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(i + 1), wide(i + 3)));
        u[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(i + 1), wide(i + 3)));
    }
    // Quarter q of u[4i + c] holds column 4q + c of rows 4i to 4i + 3: what is left is a transposition of quarters.
    for c in 0..4 {
        let even = _mm512_shuffle_f32x4::<0x88>(u[c], u[4 + c]);
        let odd = _mm512_shuffle_f32x4::<0xdd>(u[c], u[4 + c]);
        let even_2 = _mm512_shuffle_f32x4::<0x88>(u[8 + c], u[12 + c]);
        let odd_2 = _mm512_shuffle_f32x4::<0xdd>(u[8 + c], u[12 + c]);
        out[c] = _mm512_shuffle_f32x4::<0x88>(even, even_2);
        out[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even, even_2);
        out[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd, odd_2);
        out[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd, odd_2);
    }
    out
}
