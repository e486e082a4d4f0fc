//! The whole numbers that blocks hold: a value is `scale · code + offset`, with a scale and an offset for each 16 values.

use super::k_quants::{scale_and_min, scale_of_16};
use super::{Block, GROUP, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, half_at};

/// Scales and offsets of the two halves of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    /// What a step of the code is worth.
    pub scale: [f32; 2],
    /// The value of code 0.
    pub offset: [f32; 2],
}

impl Steps {
    #[inline(always)]
    fn same(scale: f32, offset: f32) -> Self {
        Steps {
            scale: [scale; 2],
            offset: [offset; 2],
        }
    }
}

/// A block as whole numbers.
pub trait Codes: Block {
    /// The largest code.
    const LARGEST: u8;

    /// What the codes of values `32 group..` of a block stand for. For callers inside [`isa::dispatch`](crate::isa::dispatch).
    fn steps(block: &[u8], group: usize) -> Steps;

    /// These codes. For callers inside [`isa::dispatch`](crate::isa::dispatch).
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]);
}

#[inline(always)]
fn nibbles(qs: &[u8], out: &mut [u8; GROUP]) {
    let qs = &qs[..16];
    for j in 0..16 {
        out[j] = qs[j] & 15;
        out[j + 16] = qs[j] >> 4;
    }
}

/// Adds bit 4 of all codes.
#[inline(always)]
fn fifth_bits(bits: &[u8], out: &mut [u8; GROUP]) {
    let bits = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
    for (i, out) in out.iter_mut().enumerate() {
        *out |= ((bits >> i & 1) << 4) as u8;
    }
}

impl Codes for Q4_0 {
    const LARGEST: u8 = 15;

    #[inline(always)]
    fn steps(block: &[u8], _: usize) -> Steps {
        let d = half_at(block, 0);
        Steps::same(d, -8.0 * d)
    }

    #[inline(always)]
    fn codes(block: &[u8], _: usize, out: &mut [u8; GROUP]) {
        nibbles(&block[2..18], out);
    }
}

impl Codes for Q4_1 {
    const LARGEST: u8 = 15;

    #[inline(always)]
    fn steps(block: &[u8], _: usize) -> Steps {
        Steps::same(half_at(block, 0), half_at(block, 2))
    }

    #[inline(always)]
    fn codes(block: &[u8], _: usize, out: &mut [u8; GROUP]) {
        nibbles(&block[4..20], out);
    }
}

impl Codes for Q5_0 {
    const LARGEST: u8 = 31;

    #[inline(always)]
    fn steps(block: &[u8], _: usize) -> Steps {
        let d = half_at(block, 0);
        Steps::same(d, -16.0 * d)
    }

    #[inline(always)]
    fn codes(block: &[u8], _: usize, out: &mut [u8; GROUP]) {
        nibbles(&block[6..22], out);
        fifth_bits(&block[2..6], out);
    }
}

impl Codes for Q5_1 {
    const LARGEST: u8 = 31;

    #[inline(always)]
    fn steps(block: &[u8], _: usize) -> Steps {
        Steps::same(half_at(block, 0), half_at(block, 2))
    }

    #[inline(always)]
    fn codes(block: &[u8], _: usize, out: &mut [u8; GROUP]) {
        nibbles(&block[8..24], out);
        fifth_bits(&block[4..8], out);
    }
}

impl Codes for Q8_0 {
    const LARGEST: u8 = 255;

    #[inline(always)]
    fn steps(block: &[u8], _: usize) -> Steps {
        let d = half_at(block, 0);
        Steps::same(d, -128.0 * d)
    }

    #[inline(always)]
    fn codes(block: &[u8], _: usize, out: &mut [u8; GROUP]) {
        for (out, &q) in out.iter_mut().zip(&block[2..34]) {
            *out = q ^ 0x80;
        }
    }
}

impl Codes for Q2K {
    const LARGEST: u8 = 3;

    #[inline(always)]
    fn steps(block: &[u8], group: usize) -> Steps {
        let scales = &block[..16];
        let (d, min) = (half_at(block, 80), half_at(block, 82));
        let of = |half: usize| scales[2 * group + half];
        Steps {
            scale: [0, 1].map(|half| d * f32::from(of(half) & 15)),
            offset: [0, 1].map(|half| -(min * f32::from(of(half) >> 4))),
        }
    }

    #[inline(always)]
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]) {
        let qs = &block[16..80];
        let (bytes, shift) = (&qs[group / 4 * 32..][..32], group % 4 * 2);
        for (out, &q) in out.iter_mut().zip(bytes) {
            *out = q >> shift & 3;
        }
    }
}

impl Codes for Q3K {
    const LARGEST: u8 = 7;

    #[inline(always)]
    fn steps(block: &[u8], group: usize) -> Steps {
        let scales = &block[96..108];
        let d = half_at(block, 108);
        let scale = [0, 1].map(|half| d * scale_of_16(scales, 2 * group + half));
        Steps {
            scale,
            offset: scale.map(|scale| -4.0 * scale),
        }
    }

    #[inline(always)]
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]) {
        let (third, qs) = (&block[..32], &block[32..96]);
        let (bytes, shift) = (&qs[group / 4 * 32..][..32], group % 4 * 2);
        for ((out, &q), &high) in out.iter_mut().zip(bytes).zip(third) {
            *out = q >> shift & 3 | (high >> group & 1) << 2;
        }
    }
}

impl Codes for Q4K {
    const LARGEST: u8 = 15;

    #[inline(always)]
    fn steps(block: &[u8], group: usize) -> Steps {
        let (scale, min) = scale_and_min(&block[4..16], group);
        Steps::same(half_at(block, 0) * scale, -(half_at(block, 2) * min))
    }

    #[inline(always)]
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]) {
        let (bytes, shift) = (&block[16 + group / 2 * 32..][..32], group % 2 * 4);
        for (out, &q) in out.iter_mut().zip(bytes) {
            *out = q >> shift & 15;
        }
    }
}

impl Codes for Q5K {
    const LARGEST: u8 = 31;

    #[inline(always)]
    fn steps(block: &[u8], group: usize) -> Steps {
        let (scale, min) = scale_and_min(&block[4..16], group);
        Steps::same(half_at(block, 0) * scale, -(half_at(block, 2) * min))
    }

    #[inline(always)]
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]) {
        let (fifth, bytes) = (&block[16..48], &block[48 + group / 2 * 32..][..32]);
        let shift = group % 2 * 4;
        for ((out, &q), &bits) in out.iter_mut().zip(bytes).zip(fifth) {
            *out = q >> shift & 15 | (bits >> group & 1) << 4;
        }
    }
}

impl Codes for Q6K {
    const LARGEST: u8 = 63;

    #[inline(always)]
    fn steps(block: &[u8], group: usize) -> Steps {
        let scales = &block[192..208];
        let d = half_at(block, 208);
        let scale = [0, 1].map(|half| d * f32::from(scales[2 * group + half] as i8));
        Steps {
            scale,
            offset: scale.map(|scale| -32.0 * scale),
        }
    }

    #[inline(always)]
    fn codes(block: &[u8], group: usize, out: &mut [u8; GROUP]) {
        let (low, high) = (&block[..128], &block[128..192]);
        let (quarter, run) = (group / 4, group % 4);
        let low = &low[quarter * 64 + run % 2 * 32..][..32];
        let high = &high[quarter * 32..][..32];
        let (shift, high_shift) = (run / 2 * 4, run * 2);
        for ((out, &q), &more) in out.iter_mut().zip(low).zip(high) {
            *out = q >> shift & 15 | (more >> high_shift & 3) << 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::super::{BlockKind, with_block};
    use super::*;

    #[test]
    fn codes_are_the_values() {
        for kind in BlockKind::ALL {
            let bytes = sample(kind, 2);
            let block = &bytes[kind.bytes()..];
            with_block!(kind, B => {
                for group in 0..B::LEN / GROUP {
                    let (mut values, mut codes) = ([0.0; GROUP], [0; GROUP]);
                    B::group(block, group, &mut values);
                    B::codes(block, group, &mut codes);
                    let steps = B::steps(block, group);
                    for (i, (&value, &code)) in values.iter().zip(&codes).enumerate() {
                        let got = steps.scale[i / 16] * f32::from(code) + steps.offset[i / 16];
                        let size = steps.scale[i / 16].abs() * f32::from(B::LARGEST) + steps.offset[i / 16].abs();
                        let is_code = u16::from(code) <= u16::from(B::LARGEST);
                        assert!(is_code && (got - value).abs() <= 1e-6 * size, "{kind:?} {group} {i}");
                    }
                }
            });
        }
    }
}
