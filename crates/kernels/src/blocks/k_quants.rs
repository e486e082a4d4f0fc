//! Blocks of 256 values: f16 scales for the block, and small whole scales for each 16 or 32 values in it.

use super::{Block, GROUP, half_at};

/// 2 bits, and for each 16 values a scale and an offset of 4 bits.
pub struct Q2K;
/// 3 bits, and for each 16 values a signed scale of 6 bits.
pub struct Q3K;
/// 4 bits, and for each 32 values a scale and an offset of 6 bits.
pub struct Q4K;
/// 5 bits, and for each 32 values a scale and an offset of 6 bits.
pub struct Q5K;
/// 6 bits, and for each 16 values a signed scale of 8 bits.
pub struct Q6K;

impl Block for Q2K {
    const LEN: usize = 256;
    const BYTES: usize = 84;

    #[inline(always)]
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]) {
        let (scales, qs) = (&block[..16], &block[16..80]);
        let (d, min) = (half_at(block, 80), half_at(block, 82));
        // Four groups share 32 bytes, 2 bits each.
        let (bytes, shift) = (&qs[group / 4 * 32..][..32], group % 4 * 2);
        for half in 0..2 {
            let scale = scales[2 * group + half];
            let (dl, ml) = (d * f32::from(scale & 15), min * f32::from(scale >> 4));
            for (out, &q) in out[16 * half..][..16].iter_mut().zip(&bytes[16 * half..][..16]) {
                *out = dl * f32::from(q >> shift & 3) - ml;
            }
        }
    }
}

/// Scale `i` of 16, of 6 bits each in 12 bytes: the low 4 bits of all, then the high 2 bits of four in each byte.
#[inline(always)]
pub(super) fn scale_of_16(packed: &[u8], i: usize) -> f32 {
    let low = packed[i % 8] >> (i / 8 * 4) & 15;
    let high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
    f32::from((low | high << 4) as i8 - 32)
}

impl Block for Q3K {
    const LEN: usize = 256;
    const BYTES: usize = 110;

    #[inline(always)]
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]) {
        let (third, qs, scales) = (&block[..32], &block[32..96], &block[96..108]);
        let d = half_at(block, 108);
        let (bytes, shift) = (&qs[group / 4 * 32..][..32], group % 4 * 2);
        for half in 0..2 {
            let dl = d * scale_of_16(scales, 2 * group + half);
            let low = &bytes[16 * half..][..16];
            let high = &third[16 * half..][..16];
            for ((out, &q), &high) in out[16 * half..][..16].iter_mut().zip(low).zip(high) {
                let q = q >> shift & 3 | (high >> group & 1) << 2;
                *out = dl * f32::from(q as i8 - 4);
            }
        }
    }
}

/// Scale and offset `j` of eight, of 6 bits each in 12 bytes.
#[inline(always)]
pub(super) fn scale_and_min(packed: &[u8], j: usize) -> (f32, f32) {
    let (scale, min) = if j < 4 {
        (packed[j] & 63, packed[j + 4] & 63)
    } else {
        (
            packed[j + 4] & 15 | packed[j - 4] >> 6 << 4,
            packed[j + 4] >> 4 | packed[j] >> 6 << 4,
        )
    };
    (f32::from(scale), f32::from(min))
}

impl Block for Q4K {
    const LEN: usize = 256;
    const BYTES: usize = 144;

    #[inline(always)]
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]) {
        let (scale, offset) = scale_and_min(&block[4..16], group);
        let (dl, ml) = (half_at(block, 0) * scale, half_at(block, 2) * offset);
        // Two groups share 32 bytes.
        let (bytes, shift) = (&block[16 + group / 2 * 32..][..32], group % 2 * 4);
        for (out, &q) in out.iter_mut().zip(bytes) {
            *out = dl * f32::from(q >> shift & 15) - ml;
        }
    }
}

impl Block for Q5K {
    const LEN: usize = 256;
    const BYTES: usize = 176;

    #[inline(always)]
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]) {
        let (scale, offset) = scale_and_min(&block[4..16], group);
        let (dl, ml) = (half_at(block, 0) * scale, half_at(block, 2) * offset);
        let (fifth, bytes) = (&block[16..48], &block[48 + group / 2 * 32..][..32]);
        let shift = group % 2 * 4;
        for ((out, &q), &bits) in out.iter_mut().zip(bytes).zip(fifth) {
            let q = q >> shift & 15 | (bits >> group & 1) << 4;
            *out = dl * f32::from(q) - ml;
        }
    }
}

impl Block for Q6K {
    const LEN: usize = 256;
    const BYTES: usize = 210;

    #[inline(always)]
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]) {
        let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
        let d = half_at(block, 208);
        // Four groups share 64 bytes of low bits, and 32 of high ones.
        let (quarter, run) = (group / 4, group % 4);
        let low = &low[quarter * 64 + run % 2 * 32..][..32];
        let high = &high[quarter * 32..][..32];
        let (shift, high_shift) = (run / 2 * 4, run * 2);
        for half in 0..2 {
            let dl = d * f32::from(scales[2 * group + half] as i8);
            let (low, high) = (&low[16 * half..][..16], &high[16 * half..][..16]);
            for ((out, &q), &more) in out[16 * half..][..16].iter_mut().zip(low).zip(high) {
                let q = q >> shift & 15 | (more >> high_shift & 3) << 4;
                *out = dl * f32::from(q as i8 - 32);
            }
        }
    }
}
