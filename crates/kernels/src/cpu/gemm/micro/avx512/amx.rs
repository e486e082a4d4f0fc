//! AMX: tiles of 32 x 32 from pairs of bf16, in registers that hold 16 rows of 64 bytes, at several times the rate of AVX512-BF16. What a second pair of factors adds
//! (the rank of an adapter) stays in f32.
//!
//! Rust has no stable intrinsics for these instructions, so the loop is assembly. A tile configures the registers and releases them: nothing else has state in them.

use std::arch::asm;
use std::arch::x86_64::*;

use half::bf16;

use super::super::kernel::{Factor, Kernel, Lines, Numbers, Tile};
use super::super::plain;
use super::lanes::{LANES, first};
use super::pack::{Two, Unit, pack, pack_pairs, transpose};
use super::tile::{add, finish};

const MR: usize = 32;
const NR: usize = 32;

/// Steps (pairs along K) of one instruction.
const BLOCK: usize = 16;

pub(in super::super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    per_step: 2,
    kc: 768,
    pack_a: [pack_rows, pack::<MR>],
    pack_b: [pack_pairs::<NR>, pack::<NR>],
    tile,
};

/// What the registers hold: eight of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

#[repr(align(64))]
struct Aligned<T>(T);

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn tile([steps, more]: [usize; 2], a: *const f32, b: *const f32, t: &Tile) {
    let mut sums = Aligned([[0f32; NR]; MR]);
    // SAFETY: the panels have these steps, and then `more` steps of the second pair.
    unsafe {
        if steps > 0 {
            multiply(steps, a, b, &mut sums.0);
        }
        add_more(more, a.add(steps * MR), b.add(steps * NR), t.rows, &mut sums.0);
    }
    for (i, row) in sums.0.iter().enumerate().take(t.rows) {
        // SAFETY: a row has 32 numbers; the rest as promised by the caller of the tile.
        unsafe {
            let v = [_mm512_load_ps(row.as_ptr()), _mm512_load_ps(row.as_ptr().add(LANES))];
            if t.columns > LANES {
                finish(v, i, t);
            } else {
                finish([v[0]], i, t);
            }
        }
    }
}

/// `sums` = the products of the pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn multiply(steps: usize, a: *const f32, b: *const f32, sums: &mut [[f32; NR]; MR]) {
    let (whole, rest) = (steps / BLOCK, steps % BLOCK);
    // The last steps of a sum, filled up with zeros.
    let mut tail = Aligned(([[0f32; BLOCK]; MR], [[0f32; NR]; BLOCK]));
    if rest > 0 {
        // SAFETY: the panels have `rest` more steps: rows of A of so many units, and rows of B of 32.
        unsafe {
            let (from_a, from_b) = (a.add(whole * BLOCK * MR), b.add(whole * BLOCK * NR));
            for i in 0..MR {
                let row = _mm512_maskz_loadu_ps(first(rest), from_a.add(i * rest));
                _mm512_store_ps(tail.0.0[i].as_mut_ptr(), row);
            }
            std::ptr::copy_nonoverlapping(from_b, tail.0.1.as_mut_ptr().cast(), rest * NR);
        }
    }
    // SAFETY: the caller of this kernel has found that the CPU and the system have AMX. `whole` blocks of 2048 bytes are read from each panel and one from each half
    // of `tail`, and 4096 bytes are written to `sums`; the registers that are named are all released.
    unsafe {
        asm!(
            "ldtilecfg [{config}]",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "test {n}, {n}",
            "jz 3f",
            "2:",
            "tileloadd tmm4, [{a} + {row_a}]",
            "tileloadd tmm6, [{b} + {row_b}]",
            "tileloadd tmm7, [{b} + {row_b} + 64]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{a} + {row_a} + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, 2048",
            "add {b}, 2048",
            "dec {n}",
            "jnz 2b",
            "3:",
            "test {rest}, {rest}",
            "jz 4f",
            "tileloadd tmm4, [{tail_a} + {row_a}]",
            "tileloadd tmm6, [{tail_b} + {row_b}]",
            "tileloadd tmm7, [{tail_b} + {row_b} + 64]",
            "tileloadd tmm5, [{tail_a} + {row_a} + 1024]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "4:",
            "tilestored [{c} + {row_b}], tmm0",
            "tilestored [{c} + {row_b} + 64], tmm1",
            "tilestored [{c} + {row_b} + 2048], tmm2",
            "tilestored [{c} + {row_b} + 2112], tmm3",
            "tilerelease",
            config = in(reg) &raw const CONFIG,
            a = inout(reg) a => _,
            b = inout(reg) b => _,
            n = inout(reg) whole => _,
            rest = in(reg) rest,
            tail_a = in(reg) tail.0.0.as_ptr(),
            tail_b = in(reg) tail.0.1.as_ptr(),
            c = in(reg) sums.as_mut_ptr(),
            row_a = in(reg) 4 * BLOCK,
            row_b = in(reg) 4 * NR,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Adds the steps of a second pair of factors, in f32.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn add_more(steps: usize, a: *const f32, b: *const f32, rows: usize, sums: &mut [[f32; NR]; MR]) {
    const TOGETHER: usize = 8;
    if steps == 0 {
        return;
    }
    for i0 in (0..rows).step_by(TOGETHER) {
        // SAFETY: the panels have these steps of 32 numbers, and the sums 32 rows, a multiple of 8.
        unsafe {
            let at = sums.as_mut_ptr().cast::<f32>().add(i0 * NR);
            let mut v = [[_mm512_setzero_ps(); 2]; TOGETHER];
            for i in 0..TOGETHER {
                v[i] = [_mm512_load_ps(at.add(i * NR)), _mm512_load_ps(at.add(i * NR + LANES))];
            }
            add::<TOGETHER, 2, MR>(&mut v, steps, a.add(i0), b);
            for i in 0..TOGETHER {
                _mm512_store_ps(at.add(i * NR), v[i][0]);
                _mm512_store_ps(at.add(i * NR + LANES), v[i][1]);
            }
        }
    }
}

/// [`super::super::kernel::Pack`] of rows: of each panel 16 steps after 16, and of those one row after the other. The last steps, where they are fewer, have shorter rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn pack_rows(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        match factor.numbers {
            Numbers::F32(p) if factor.k == 1 || factor.line == 1 => rows_from::<Two<f32>>(p, factor, lines, out),
            Numbers::Bf16(p) if factor.k == 1 || factor.line == 1 => rows_from::<Two<bf16>>(p, factor, lines, out),
            _ => plain::pack_pair_rows::<MR, BLOCK>(factor, lines, out),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn rows_from<U: Unit>(p: *const U::Number, factor: &Factor, lines: Lines, out: *mut f32) {
    let steps = lines.k_len.div_ceil(2);
    for panel in 0..lines.count.div_ceil(MR) {
        for step in (0..steps).step_by(BLOCK) {
            let width = BLOCK.min(steps - step);
            let k = 2 * step;
            let numbers = (2 * BLOCK).min(lines.k_len - k);
            for group in (0..MR).step_by(LANES) {
                let line = panel * MR + group;
                let count = lines.count.saturating_sub(line).min(LANES);
                let mut v = [_mm512_setzero_ps(); LANES];
                // SAFETY: every load is masked to values inside the factor, by their lines and along K; the panel has `steps` steps of 32 rows.
                unsafe {
                    let from = p.wrapping_add((lines.first + line) * factor.line + (lines.k0 + k) * factor.k);
                    if factor.k == 1 {
                        for i in 0..count {
                            v[i] = U::along(from.add(i * factor.line), numbers);
                        }
                    } else {
                        for j in 0..width {
                            v[j] = U::across(
                                from.wrapping_add(2 * j * factor.k),
                                factor.k,
                                numbers - 2 * j,
                                first(count),
                            );
                        }
                        v = transpose(v);
                    }
                    let to = out.add(panel * lines.panel + step * MR + group * width);
                    for i in 0..LANES {
                        _mm512_mask_storeu_ps(to.add(i * width), first(width), v[i]);
                    }
                }
            }
        }
    }
}
