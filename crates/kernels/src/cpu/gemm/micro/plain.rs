//! Packing in plain code: for NEON, and elsewhere for lines that are contiguous in neither direction.

use super::kernel::{Factor, Lines, Numbers};
use crate::half_bits::{bf16_to_f32, f16_to_f32, f32_to_bf16};

/// [`super::kernel::Pack`] for panels of W lines.
#[inline(always)]
pub(super) unsafe fn pack<const W: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        match factor.numbers {
            Numbers::F32(p) => pack_from::<W, _>(factor, lines, out, |at| *p.add(at)),
            Numbers::Bf16(p) => pack_from::<W, _>(factor, lines, out, |at| bf16_to_f32(*p.add(at))),
            Numbers::F16(p) => pack_from::<W, _>(factor, lines, out, |at| f16_to_f32(*p.add(at))),
            Numbers::Blocks(_) => unreachable!("blocks are widened before they are packed"),
        }
    }
}

/// [`super::kernel::Pack`] into pairs of bf16, the first number in the lower half, for panels of W lines.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "x86-64 alone multiplies such pairs")
)]
#[inline(always)]
pub(super) unsafe fn pack_pairs<const W: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    // SAFETY: as promised by the caller.
    unsafe {
        match factor.numbers {
            Numbers::F32(p) => pairs_from::<W, _>(factor, lines, out, |at| *p.add(at)),
            Numbers::Bf16(p) => pairs_from::<W, _>(factor, lines, out, |at| bf16_to_f32(*p.add(at))),
            Numbers::F16(p) => pairs_from::<W, _>(factor, lines, out, |at| f16_to_f32(*p.add(at))),
            Numbers::Blocks(_) => unreachable!("blocks are widened before they are packed"),
        }
    }
}

/// The same pairs, of each panel `BLOCK` steps after `BLOCK`, and of those one line after the other; the last steps, where they are fewer, have shorter lines.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn pack_pair_rows<const W: usize, const BLOCK: usize>(factor: &Factor, lines: Lines, out: *mut f32) {
    let steps = lines.k_len.div_ceil(2);
    let mut columns = vec![0f32; W * steps];
    for panel in 0..lines.count.div_ceil(W) {
        let one = Lines {
            first: lines.first + panel * W,
            count: W.min(lines.count - panel * W),
            ..lines
        };
        // SAFETY: the lines are among those of the caller, whose panel has `steps` units for each of W lines.
        unsafe {
            pack_pairs::<W>(factor, one, columns.as_mut_ptr());
            let out = out.add(panel * lines.panel);
            for step in 0..steps {
                let (before, at) = (step / BLOCK * BLOCK, step % BLOCK);
                let width = BLOCK.min(steps - before);
                for i in 0..W {
                    *out.add(before * W + i * width + at) = columns[step * W + i];
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn pairs_from<const W: usize, F: Fn(usize) -> f32>(factor: &Factor, lines: Lines, out: *mut f32, number: F) {
    let bits = |at: usize| u32::from(f32_to_bf16(number(at)).to_bits());
    for panel in 0..lines.count.div_ceil(W) {
        let count = W.min(lines.count - panel * W);
        let first = (lines.first + panel * W) * factor.line;
        for step in 0..lines.k_len.div_ceil(2) {
            let at = first + (lines.k0 + 2 * step) * factor.k;
            let two = 2 * step + 1 < lines.k_len;
            // SAFETY: panel and step are inside the memory of the caller; both numbers are inside the factor.
            unsafe {
                let to = out.add(panel * lines.panel + step * W).cast::<u32>();
                for i in 0..W {
                    let at = at + i * factor.line;
                    *to.add(i) = match (i < count, two) {
                        (false, _) => 0,
                        (true, false) => bits(at),
                        (true, true) => bits(at) | bits(at + factor.k) << 16,
                    };
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn pack_from<const W: usize, F: Fn(usize) -> f32>(factor: &Factor, lines: Lines, out: *mut f32, number: F) {
    for panel in 0..lines.count.div_ceil(W) {
        let count = W.min(lines.count - panel * W);
        let first = (lines.first + panel * W) * factor.line;
        for k in 0..lines.k_len {
            let at = first + (lines.k0 + k) * factor.k;
            // SAFETY: panel and k are inside the memory of the caller; (line, k) is inside the factor.
            unsafe {
                let to = out.add(panel * lines.panel + k * W);
                for i in 0..W {
                    *to.add(i) = if i < count { number(at + i * factor.line) } else { 0.0 };
                }
            }
        }
    }
}
