//! AVX-512: tiles of 14 x 32, so that 28 of the 32 registers hold sums.

use std::arch::x86_64::*;

use half::{bf16, f16};

use super::{Factor, Kernel, Lines, Numbers, Start, Tile, plain};

const MR: usize = 14;
const NR: usize = 32;
const LANES: usize = 16;

pub(super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    kc: 768,
    pack_a: pack::<MR>,
    pack_b: pack::<NR>,
    tile,
};

#[target_feature(enable = "avx512f")]
unsafe fn tile(k: usize, a: *const f32, b: *const f32, t: &Tile) {
    macro_rules! by_rows {
        ($v:literal: $($r:literal)+) => {
            match t.rows {
                // SAFETY: as promised by the caller.
                $($r => unsafe { rows::<$r, $v>(k, a, b, t) },)+
                _ => {}
            }
        };
    }
    if t.columns > LANES {
        by_rows!(2: 14 1 2 3 4 5 6 7 8 9 10 11 12 13);
    } else {
        by_rows!(1: 14 1 2 3 4 5 6 7 8 9 10 11 12 13);
    }
}

/// R rows of V registers.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn rows<const R: usize, const V: usize>(k: usize, mut a: *const f32, mut b: *const f32, t: &Tile) {
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    for i in 0..R {
        for v in 0..V {
            // What the last lines read; rows of C lie too far apart for the CPU to guess.
            _mm_prefetch::<_MM_HINT_T0>(t.c.wrapping_add(i * t.c_rs + v * LANES).cast());
        }
    }
    for _ in 0..k {
        // SAFETY: the panels have k steps of MR and NR numbers.
        unsafe {
            let mut w = [_mm512_setzero_ps(); V];
            for v in 0..V {
                w[v] = _mm512_loadu_ps(b.add(v * LANES));
            }
            for i in 0..R {
                let x = _mm512_set1_ps(*a.add(i));
                for v in 0..V {
                    sums[i][v] = _mm512_fmadd_ps(x, w[v], sums[i][v]);
                }
            }
            a = a.add(MR);
            b = b.add(NR);
        }
    }
    let alpha = _mm512_set1_ps(t.alpha);
    for v in 0..V {
        let columns = (t.columns - v * LANES).min(LANES);
        let mask = first(columns);
        // SAFETY: the masked columns of R rows are inside the tile, and the bias has its columns.
        unsafe {
            let bias = match t.start {
                Start::Bias(bias) => _mm512_maskz_loadu_ps(mask, bias.add(v * LANES)),
                _ => _mm512_setzero_ps(),
            };
            for i in 0..R {
                let c = t.c.add(i * t.c_rs + v * LANES);
                let sum = _mm512_mul_ps(alpha, sums[i][v]);
                let y = match t.start {
                    Start::Zero => sum,
                    Start::Bias(_) => _mm512_add_ps(bias, sum),
                    Start::Scaled(beta) => _mm512_fmadd_ps(_mm512_set1_ps(beta), _mm512_maskz_loadu_ps(mask, c), sum),
                };
                if columns == LANES {
                    _mm512_storeu_ps(c, y);
                } else {
                    _mm512_mask_storeu_ps(c, mask, y);
                }
            }
        }
    }
}

/// The first `n` of 16 lanes.
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn pack<const W: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        if factor.k != 1 && factor.line != 1 {
            return plain::pack::<W>(factor, lines, out);
        }
        match factor.numbers {
            Numbers::F32(p) => pack_from::<W, f32>(p, factor, lines, out),
            Numbers::Bf16(p) => pack_from::<W, bf16>(p, factor, lines, out),
            Numbers::F16(p) => pack_from::<W, f16>(p, factor, lines, out),
        }
    }
}

/// A register from the first lanes at an address, widened; the others are 0.
trait Load: Copy {
    /// # Safety
    /// AVX-512 F, BW and VL are there, and so are the numbers of the mask.
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
unsafe fn pack_from<const W: usize, S: Load>(p: *const S, factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: every load is masked to lines and places along K that the factor has.
    unsafe {
        if factor.k == 1 {
            for panel in 0..lines.count.div_ceil(W) {
                for group in (0..W).step_by(LANES) {
                    let line = panel * W + group;
                    let count = lines.count.saturating_sub(line).min(LANES).min(W - group);
                    let from = p.wrapping_add((lines.first + line) * factor.line + lines.k0);
                    let to = out.add(panel * lines.panel + group);
                    transposed::<W, S>(from, factor.line, count, lines.k_len, W - group, to);
                }
            }
            return;
        }
        // Along the lines, which are contiguous: all panels of one k before the next k.
        for k in 0..lines.k_len {
            let from = p.add(lines.first + (lines.k0 + k) * factor.k);
            for panel in 0..lines.count.div_ceil(W) {
                for group in (0..W).step_by(LANES) {
                    let line = panel * W + group;
                    let count = lines.count.saturating_sub(line).min(LANES).min(W - group);
                    let v = S::load(from.wrapping_add(line), first(count));
                    let to = out.add(panel * lines.panel + k * W + group);
                    put(to, v, W - group, k + 1 == lines.k_len);
                }
            }
        }
    }
}

/// Up to 16 lines that are contiguous along K.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn transposed<const W: usize, S: Load>(
    from: *const S,
    line: usize,
    count: usize,
    k_len: usize,
    room: usize,
    to: *mut f32,
) {
    for k in (0..k_len).step_by(LANES) {
        let k_count = LANES.min(k_len - k);
        let mask = first(k_count);
        let mut v = [_mm512_setzero_ps(); LANES];
        // SAFETY: lines below `count` have k_len numbers; the panel has room for k_len steps.
        unsafe {
            for i in 0..LANES {
                if i < count {
                    v[i] = S::load(from.add(i * line + k), mask);
                }
            }
            let v = transpose(v);
            for j in 0..LANES {
                if j < k_count {
                    put(to.add((k + j) * W), v[j], room, k + j + 1 == k_len);
                }
            }
        }
    }
}

/// Stores a step of a panel. Where the panel has fewer than 16 lines, what is too much goes where the next step will be; the last
/// step is stored exactly.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn put(to: *mut f32, v: __m512, room: usize, last: bool) {
    // SAFETY: `room` numbers of this step are there, and behind it a further step unless it is the last.
    unsafe {
        if room >= LANES || !last {
            _mm512_storeu_ps(to, v);
        } else {
            _mm512_mask_storeu_ps(to, first(room), v);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: [__m512; LANES]) -> [__m512; LANES] {
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
