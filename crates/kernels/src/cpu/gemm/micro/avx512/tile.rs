//! AVX-512: tiles of 14 x 32, so that 28 of the 32 registers hold sums.

use std::arch::x86_64::*;

use super::super::kernel::{Kernel, Start, Tile, chains};
use super::lanes::{LANES, MR, NR, first};
use super::pack::pack;

pub(in super::super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    per_step: 1,
    kc: 768,
    pack_a: [pack::<MR>; 2],
    pack_b: [pack::<NR>; 2],
    tile,
};

/// Calls `rows::<R, V>` for the rows and registers of a tile.
macro_rules! by_size {
    (@rows $tile:ident, $rows:ident, $v:literal, $args:tt, $($r:literal)+) => {
        match $tile.rows {
            // SAFETY: as promised by the caller of the tile.
            $($r => unsafe { $rows::<$r, $v> $args },)+
            _ => {}
        }
    };
    ($tile:ident, $rows:ident $args:tt) => {
        if $tile.columns > LANES {
            by_size!(@rows $tile, $rows, 2, $args, 14 1 2 3 4 5 6 7 8 9 10 11 12 13)
        } else {
            by_size!(@rows $tile, $rows, 1, $args, 14 1 2 3 4 5 6 7 8 9 10 11 12 13)
        }
    };
}
pub(super) use by_size;

#[target_feature(enable = "avx512f")]
unsafe fn tile([k, more]: [usize; 2], a: *const f32, b: *const f32, t: &Tile) {
    by_size!(t, rows(k + more, a, b, t));
}

/// R rows of V registers.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn rows<const R: usize, const V: usize>(k: usize, mut a: *const f32, mut b: *const f32, t: &Tile) {
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    prefetch_tile::<R, V>(t);
    for len in chains(k) {
        let mut chain = [[_mm512_setzero_ps(); V]; R];
        // SAFETY: as promised by the caller.
        unsafe {
            add::<R, V, MR>(&mut chain, len, a, b);
            (a, b) = (a.add(len * MR), b.add(len * NR));
        }
        for i in 0..R {
            for v in 0..V {
                sums[i][v] = _mm512_add_ps(sums[i][v], chain[i][v]);
            }
        }
    }
    for i in 0..R {
        // SAFETY: as promised by the caller.
        unsafe { finish(sums[i], i, t) };
    }
}

/// Prefetches the tile of C, which is read last; its rows are too far apart for the CPU to predict.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn prefetch_tile<const R: usize, const V: usize>(t: &Tile) {
    for i in 0..R {
        for v in 0..V {
            _mm_prefetch::<_MM_HINT_T0>(t.c.wrapping_add(i * t.c_rs + v * LANES).cast());
        }
    }
}

/// Adds k steps of panels of f32 to the sums, from a panel of A with W lines.
///
/// # Safety
/// The panels have k steps of W and NR numbers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn add<const R: usize, const V: usize, const W: usize>(
    sums: &mut [[__m512; V]; R],
    k: usize,
    mut a: *const f32,
    mut b: *const f32,
) {
    for _ in 0..k {
        // SAFETY: the caller's promise.
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
            a = a.add(W);
            b = b.add(NR);
        }
    }
}

/// Row `i` of a tile: `c = start + alpha · sums`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn finish<const V: usize>(sums: [__m512; V], i: usize, t: &Tile) {
    let alpha = _mm512_set1_ps(t.alpha);
    for v in 0..V {
        let columns = (t.columns - v * LANES).min(LANES);
        let mask = first(columns);
        let sum = _mm512_mul_ps(alpha, sums[v]);
        // SAFETY: the masked columns of the row are inside the tile, and the bias has its columns.
        unsafe {
            let c = t.c.add(i * t.c_rs + v * LANES);
            let y = match t.start {
                Start::Zero => sum,
                Start::Bias(bias) => _mm512_add_ps(_mm512_maskz_loadu_ps(mask, bias.add(v * LANES)), sum),
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
