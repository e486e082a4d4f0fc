//! AVX2 with FMA: tiles of 6 x 16, so that 12 of the 16 registers hold sums.

use std::arch::x86_64::*;

use half::{bf16, f16};

use super::kernel::{Factor, Kernel, Lines, Numbers, Start, Tile, chains};
use super::plain;
use crate::half_bits::{bf16_to_f32, f16_to_f32};

const MR: usize = 6;
const NR: usize = 16;
const LANES: usize = 8;

pub(super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    per_step: 1,
    kc: 512,
    pack_a: [pack::<MR>; 2],
    pack_b: [pack::<NR>; 2],
    tile,
};

#[target_feature(enable = "avx2,fma")]
unsafe fn tile([k, more]: [usize; 2], a: *const f32, b: *const f32, t: &Tile) {
    let k = k + more;
    let mut edge = [0f32; MR * NR];
    // A tile that is narrower than NR is computed in a buffer of its own.
    let whole = t.columns == NR;
    let inner = if whole {
        *t
    } else {
        Tile {
            c: edge.as_mut_ptr(),
            c_rs: NR,
            start: Start::Zero,
            ..*t
        }
    };
    // SAFETY: as promised by the caller.
    unsafe {
        match (t.rows, t.columns > LANES) {
            (6, true) => rows::<6, 2>(k, a, b, &inner),
            (5, true) => rows::<5, 2>(k, a, b, &inner),
            (4, true) => rows::<4, 2>(k, a, b, &inner),
            (3, true) => rows::<3, 2>(k, a, b, &inner),
            (2, true) => rows::<2, 2>(k, a, b, &inner),
            (1, true) => rows::<1, 2>(k, a, b, &inner),
            (6, false) => rows::<6, 1>(k, a, b, &inner),
            (5, false) => rows::<5, 1>(k, a, b, &inner),
            (4, false) => rows::<4, 1>(k, a, b, &inner),
            (3, false) => rows::<3, 1>(k, a, b, &inner),
            (2, false) => rows::<2, 1>(k, a, b, &inner),
            (1, false) => rows::<1, 1>(k, a, b, &inner),
            _ => {}
        }
        if !whole {
            finish(&edge, t);
        }
    }
}

/// Copies the tile from that buffer to C, with the roundings of a whole tile.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn finish(edge: &[f32; MR * NR], t: &Tile) {
    for i in 0..t.rows {
        for j in 0..t.columns {
            let sum = edge[i * NR + j];
            // SAFETY: row and column are inside the tile, the column inside the bias.
            unsafe {
                let c = t.c.add(i * t.c_rs + j);
                *c = match t.start {
                    Start::Zero => sum,
                    Start::Scaled(beta) => beta.mul_add(*c, sum),
                    Start::Bias(bias) => *bias.add(j) + sum,
                };
            }
        }
    }
}

/// R rows of V registers.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn rows<const R: usize, const V: usize>(k: usize, mut a: *const f32, mut b: *const f32, t: &Tile) {
    for i in 0..R {
        // Prefetches C, which is read last; its rows are too far apart for the CPU to predict.
        _mm_prefetch::<_MM_HINT_T0>(t.c.wrapping_add(i * t.c_rs).cast());
        _mm_prefetch::<_MM_HINT_T0>(t.c.wrapping_add(i * t.c_rs + NR - 1).cast());
    }
    let mut sums = [[_mm256_setzero_ps(); V]; R];
    for len in chains(k) {
        let mut chain = [[_mm256_setzero_ps(); V]; R];
        for _ in 0..len {
            // SAFETY: the panels have k steps of MR and NR numbers.
            unsafe {
                let mut w = [_mm256_setzero_ps(); V];
                for v in 0..V {
                    w[v] = _mm256_loadu_ps(b.add(v * LANES));
                }
                for i in 0..R {
                    let x = _mm256_broadcast_ss(&*a.add(i));
                    for v in 0..V {
                        chain[i][v] = _mm256_fmadd_ps(x, w[v], chain[i][v]);
                    }
                }
                a = a.add(MR);
                b = b.add(NR);
            }
        }
        for i in 0..R {
            for v in 0..V {
                sums[i][v] = _mm256_add_ps(sums[i][v], chain[i][v]);
            }
        }
    }
    let alpha = _mm256_set1_ps(t.alpha);
    for v in 0..V {
        // SAFETY: R rows of V registers are inside the tile, and the bias has its columns.
        unsafe {
            let bias = match t.start {
                Start::Bias(bias) => _mm256_loadu_ps(bias.add(v * LANES)),
                _ => _mm256_setzero_ps(),
            };
            for i in 0..R {
                let c = t.c.add(i * t.c_rs + v * LANES);
                let sum = _mm256_mul_ps(alpha, sums[i][v]);
                let y = match t.start {
                    Start::Zero => sum,
                    Start::Bias(_) => _mm256_add_ps(bias, sum),
                    Start::Scaled(beta) => _mm256_fmadd_ps(_mm256_set1_ps(beta), _mm256_loadu_ps(c), sum),
                };
                _mm256_storeu_ps(c, y);
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
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
            Numbers::Blocks(_) => unreachable!("blocks are widened before they are packed"),
        }
    }
}

/// Eight values at an address, or one, widened.
trait Load: Copy {
    /// # Safety
    /// The CPU has AVX2 and F16C, and eight values are readable.
    unsafe fn load(p: *const Self) -> __m256;
    fn one(self) -> f32;
}

impl Load for f32 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(p: *const Self) -> __m256 {
        // SAFETY: as promised by the caller.
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    fn one(self) -> f32 {
        self
    }
}

impl Load for bf16 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(p: *const Self) -> __m256 {
        // SAFETY: as promised by the caller.
        let bits = unsafe { _mm_loadu_si128(p.cast()) };
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(bits)))
    }
    #[inline(always)]
    fn one(self) -> f32 {
        bf16_to_f32(self)
    }
}

impl Load for f16 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(p: *const Self) -> __m256 {
        // SAFETY: as promised by the caller.
        _mm256_cvtph_ps(unsafe { _mm_loadu_si128(p.cast()) })
    }
    #[inline(always)]
    fn one(self) -> f32 {
        f16_to_f32(self)
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn pack_from<const W: usize, S: Load>(p: *const S, factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: every value that is read is inside the factor, by its line and along K.
    unsafe {
        if factor.k == 1 {
            for panel in 0..lines.count.div_ceil(W) {
                for group in (0..W).step_by(LANES) {
                    let line = panel * W + group;
                    let count = lines.count.saturating_sub(line).min(LANES).min(W - group);
                    let from = p.wrapping_add((lines.first + line) * factor.line + lines.k0);
                    let to = out.add(panel * lines.panel + group);
                    transposed::<W, S>(from, factor.line, count, lines.k_len, (W - group).min(LANES), to);
                }
            }
            return;
        }
        // Along the lines, which are contiguous: all panels of one k before the next k.
        for k in 0..lines.k_len {
            let from = p.add(lines.first + (lines.k0 + k) * factor.k);
            for panel in 0..lines.count.div_ceil(W) {
                let (from, to) = (from.add(panel * W), out.add(panel * lines.panel + k * W));
                let count = W.min(lines.count - panel * W);
                if count == W {
                    (0..W).for_each(|i| *to.add(i) = (*from.add(i)).one());
                } else {
                    (0..W).for_each(|i| *to.add(i) = if i < count { (*from.add(i)).one() } else { 0.0 });
                }
            }
        }
    }
}

/// Up to 8 lines that are contiguous along K, into the `width` units of a step that are left in the panel.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn transposed<const W: usize, S: Load>(
    from: *const S,
    line: usize,
    count: usize,
    k_len: usize,
    width: usize,
    to: *mut f32,
) {
    let whole = k_len / LANES * LANES;
    // SAFETY: lines below `count` have k_len numbers; the panel has k_len steps.
    unsafe {
        for k in (0..whole).step_by(LANES) {
            let mut v = [_mm256_setzero_ps(); LANES];
            for i in 0..LANES {
                if i < count {
                    v[i] = S::load(from.add(i * line + k));
                }
            }
            let v = transpose(v);
            for j in 0..LANES {
                let to = to.add((k + j) * W);
                if width == LANES || k + j + 1 < k_len {
                    // Where the panel has fewer lines, the excess goes into the next step, which is written later.
                    _mm256_storeu_ps(to, v[j]);
                } else {
                    let mut step = [0f32; LANES];
                    _mm256_storeu_ps(step.as_mut_ptr(), v[j]);
                    std::ptr::copy_nonoverlapping(step.as_ptr(), to, width);
                }
            }
        }
        for k in whole..k_len {
            for i in 0..width {
                let number = if i < count {
                    (*from.add(i * line + k)).one()
                } else {
                    0.0
                };
                *to.add(k * W + i) = number;
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn transpose(r: [__m256; LANES]) -> [__m256; LANES] {
    let zero = _mm256_setzero_ps();
    let (mut t, mut u, mut out) = ([zero; LANES], [zero; LANES], [zero; LANES]);
    for i in 0..4 {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for i in (0..LANES).step_by(4) {
        u[i] = _mm256_shuffle_ps::<0x44>(t[i], t[i + 2]);
        u[i + 1] = _mm256_shuffle_ps::<0xee>(t[i], t[i + 2]);
        u[i + 2] = _mm256_shuffle_ps::<0x44>(t[i + 1], t[i + 3]);
        u[i + 3] = _mm256_shuffle_ps::<0xee>(t[i + 1], t[i + 3]);
    }
    for c in 0..4 {
        out[c] = _mm256_permute2f128_ps::<0x20>(u[c], u[4 + c]);
        out[4 + c] = _mm256_permute2f128_ps::<0x31>(u[c], u[4 + c]);
    }
    out
}
