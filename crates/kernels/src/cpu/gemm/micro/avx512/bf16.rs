//! AVX512-BF16: the same tiles from pairs of bf16, whose products are added to f32 at twice the rate. What a second pair of factors adds
//! (the rank of an adapter) stays in f32.

use std::arch::x86_64::*;
use std::mem::transmute;

use super::super::kernel::{Kernel, Tile};
use super::lanes::{LANES, MR, NR};
use super::pack::{pack, pack_pairs};
use super::tile::{add, by_size, finish, prefetch_tile};

pub(in super::super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    per_step: 2,
    kc: 768,
    pack_a: [pack_pairs::<MR>, pack::<MR>],
    pack_b: [pack_pairs::<NR>, pack::<NR>],
    tile,
};

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn tile(steps: [usize; 2], a: *const f32, b: *const f32, t: &Tile) {
    by_size!(t, rows(steps, a, b, t));
}

/// R rows of V registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn rows<const R: usize, const V: usize>(steps: [usize; 2], mut a: *const f32, mut b: *const f32, t: &Tile) {
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    prefetch_tile::<R, V>(t);
    for _ in 0..steps[0] {
        // SAFETY: the panels have these steps of MR and NR pairs.
        unsafe {
            let mut w = [_mm512_setzero_si512(); V];
            for v in 0..V {
                w[v] = _mm512_loadu_si512(b.add(v * LANES).cast());
            }
            for i in 0..R {
                let x = pairs(_mm512_set1_epi32(*a.add(i).cast()));
                for v in 0..V {
                    sums[i][v] = _mm512_dpbf16_ps(sums[i][v], x, pairs(w[v]));
                }
            }
            a = a.add(MR);
            b = b.add(NR);
        }
    }
    // SAFETY: after the pairs, the panels have these steps of MR and NR values; the rest as promised by the caller.
    unsafe {
        add::<R, V, MR>(&mut sums, steps[1], a, b);
        for i in 0..R {
            finish(sums[i], i, t);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn pairs(bits: __m512i) -> __m512bh {
    // SAFETY: two types of the same 64 bytes, both of which hold any bits.
    unsafe { transmute::<__m512i, __m512bh>(bits) }
}
