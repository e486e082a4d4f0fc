//! NEON: tiles of 8 x 12, so that 24 of the 32 registers hold sums.

use std::arch::aarch64::*;

use super::kernel::{Kernel, Start, Tile};
use super::plain;

const MR: usize = 8;
const NR: usize = 12;
const LANES: usize = 4;
const REGISTERS: usize = NR / LANES;

pub(super) static KERNEL: Kernel = Kernel {
    mr: MR,
    nr: NR,
    per_step: 1,
    kc: 256,
    pack_a: [plain::pack::<MR>; 2],
    pack_b: [plain::pack::<NR>; 2],
    tile,
};

/// Always a whole tile, computed in a buffer of its own: panels are padded with zeros.
unsafe fn tile([k, more]: [usize; 2], mut a: *const f32, mut b: *const f32, t: &Tile) {
    let mut block = [[0f32; NR]; MR];
    // SAFETY: NEON is part of arm64; the panels have k steps of MR and NR numbers; rows and columns are inside the tile.
    unsafe {
        let mut sums = [[vdupq_n_f32(0.0); REGISTERS]; MR];
        for _ in 0..k + more {
            let w = [vld1q_f32(b), vld1q_f32(b.add(LANES)), vld1q_f32(b.add(2 * LANES))];
            for i in 0..MR {
                let x = *a.add(i);
                for v in 0..REGISTERS {
                    sums[i][v] = vfmaq_n_f32(sums[i][v], w[v], x);
                }
            }
            a = a.add(MR);
            b = b.add(NR);
        }
        for i in 0..MR {
            for v in 0..REGISTERS {
                vst1q_f32(block[i].as_mut_ptr().add(v * LANES), sums[i][v]);
            }
        }
        for (i, row) in block.iter().enumerate().take(t.rows) {
            for (j, sum) in row.iter().enumerate().take(t.columns) {
                let (c, sum) = (t.c.add(i * t.c_rs + j), t.alpha * sum);
                *c = match t.start {
                    Start::Zero => sum,
                    Start::Scaled(beta) => beta.mul_add(*c, sum),
                    Start::Bias(bias) => *bias.add(j) + sum,
                };
            }
        }
    }
}
