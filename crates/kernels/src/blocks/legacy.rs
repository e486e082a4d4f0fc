//! Blocks of 32 values with one scale, and for some kinds one offset, in f16.

use super::{Block, GROUP, half_at};

/// 4 bits: `d (q - 8)`.
pub struct Q4_0;
/// 4 bits: `d q + m`.
pub struct Q4_1;
/// 5 bits: `d (q - 16)`.
pub struct Q5_0;
/// 5 bits: `d q + m`.
pub struct Q5_1;
/// 8 bits: `d q`.
pub struct Q8_0;

/// The low and the high halves of 16 bytes: values 0..16 and 16..32.
#[inline(always)]
fn nibbles(qs: &[u8], out: &mut [f32; GROUP], value: impl Fn(usize, u8) -> f32) {
    let qs = &qs[..16];
    let (low, high) = out.split_at_mut(16);
    for j in 0..16 {
        low[j] = value(j, qs[j] & 15);
        high[j] = value(j + 16, qs[j] >> 4);
    }
}

impl Block for Q4_0 {
    const LEN: usize = 32;
    const BYTES: usize = 18;

    #[inline(always)]
    fn group(block: &[u8], _: usize, out: &mut [f32; GROUP]) {
        let d = half_at(block, 0);
        nibbles(&block[2..18], out, |_, q| (i32::from(q) - 8) as f32 * d);
    }
}

impl Block for Q4_1 {
    const LEN: usize = 32;
    const BYTES: usize = 20;

    #[inline(always)]
    fn group(block: &[u8], _: usize, out: &mut [f32; GROUP]) {
        let (d, m) = (half_at(block, 0), half_at(block, 2));
        nibbles(&block[4..20], out, |_, q| i32::from(q) as f32 * d + m);
    }
}

/// The fifth bits of all values.
#[inline(always)]
fn fifth_bits(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

impl Block for Q5_0 {
    const LEN: usize = 32;
    const BYTES: usize = 22;

    #[inline(always)]
    fn group(block: &[u8], _: usize, out: &mut [f32; GROUP]) {
        let (d, bits) = (half_at(block, 0), fifth_bits(block, 2));
        nibbles(&block[6..22], out, |i, q| {
            let fifth = (bits >> i & 1) << 4;
            ((u32::from(q) | fifth) as i32 - 16) as f32 * d
        });
    }
}

impl Block for Q5_1 {
    const LEN: usize = 32;
    const BYTES: usize = 24;

    #[inline(always)]
    fn group(block: &[u8], _: usize, out: &mut [f32; GROUP]) {
        let (d, m, bits) = (half_at(block, 0), half_at(block, 2), fifth_bits(block, 4));
        nibbles(&block[8..24], out, |i, q| {
            let fifth = (bits >> i & 1) << 4;
            (u32::from(q) | fifth) as i32 as f32 * d + m
        });
    }
}

impl Block for Q8_0 {
    const LEN: usize = 32;
    const BYTES: usize = 34;

    #[inline(always)]
    fn group(block: &[u8], _: usize, out: &mut [f32; GROUP]) {
        let d = half_at(block, 0);
        for (out, &q) in out.iter_mut().zip(&block[2..34]) {
            *out = f32::from(q as i8) * d;
        }
    }
}
