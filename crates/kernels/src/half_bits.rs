//! bf16 and f16 to and from f32 as plain integer code without branches, so that it vectorises under any instruction set.

use half::{bf16, f16};

/// bf16 is the upper half of an f32: exact.
#[inline(always)]
pub fn bf16_to_f32(x: bf16) -> f32 {
    f32::from_bits((x.to_bits() as u32) << 16)
}

/// Rounds to the nearest bf16, ties to even; NaN stays NaN.
#[inline(always)]
pub fn f32_to_bf16(x: f32) -> bf16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    let quiet_nan = (bits >> 16) | 0x40;
    bf16::from_bits(if bits & 0x7fff_ffff > 0x7f80_0000 {
        quiet_nan
    } else {
        rounded
    } as u16)
}

/// f16 to f32: exact, subnormals included.
#[inline(always)]
pub fn f16_to_f32(x: f16) -> f32 {
    let bits = x.to_bits() as u32;
    let magnitude = bits & 0x7fff;
    // Shifts the 5-bit exponent to its position in f32, then corrects its bias by 2^(127 - 15), which also normalises subnormals.
    let scaled = f32::from_bits(magnitude << 13) * f32::from_bits(0x7780_0000);
    let special = if magnitude >= 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(scaled.to_bits() | special | ((bits & 0x8000) << 16))
}

/// Rounds to the nearest f16, ties to even; values that are too large become infinite, NaN stays NaN.
#[inline(always)]
pub fn f32_to_f16(x: f32) -> f16 {
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let normal = magnitude
        .wrapping_sub(112 << 23)
        .wrapping_add(0xfff + ((magnitude >> 13) & 1))
        >> 13;
    // Adding 0.5 makes the FPU round to the spacing of f16 subnormals, 2^-24.
    let subnormal = (f32::from_bits(magnitude) + 0.5)
        .to_bits()
        .wrapping_sub(0.5f32.to_bits());
    let special = if magnitude > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    let finite = if magnitude < (113 << 23) { subnormal } else { normal };
    let value = if magnitude >= (143 << 23) { special } else { finite };
    f16::from_bits((value | ((bits >> 16) & 0x8000)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_widens_as_the_half_crate_says() {
        for bits in 0..=u16::MAX {
            let (b, h) = (bf16::from_bits(bits), f16::from_bits(bits));
            let (got_b, got_h) = (bf16_to_f32(b), f16_to_f32(h));
            assert!(
                got_b.to_bits() == b.to_f32().to_bits() || (got_b.is_nan() && b.is_nan()),
                "bf16 {bits:#x}"
            );
            assert!(
                got_h.to_bits() == h.to_f32().to_bits() || (got_h.is_nan() && h.is_nan()),
                "f16 {bits:#x}"
            );
            assert!(b.is_nan() || f32_to_bf16(got_b) == b);
            assert!(h.is_nan() || f32_to_f16(got_h).to_bits() == bits);
        }
    }

    #[test]
    fn narrowing_rounds_to_even_on_a_sweep_of_all_exponents() {
        // A step with many set bits visits every exponent, and every rounding position around each.
        for bits in (0..=u32::MAX).step_by(9973) {
            let x = f32::from_bits(bits);
            let (b, h) = (f32_to_bf16(x), f32_to_f16(x));
            if x.is_nan() {
                assert!(b.is_nan() && h.is_nan());
            } else {
                assert_eq!(b.to_bits(), bf16::from_f32(x).to_bits(), "{bits:#x}");
                assert_eq!(h.to_bits(), f16::from_f32(x).to_bits(), "{bits:#x}");
            }
        }
    }
}
