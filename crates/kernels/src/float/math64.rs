//! The f64 functions: from the standard library, and `erf`, which it lacks, from fdlibm.

#[inline(always)]
pub fn exp(x: f64) -> f64 {
    x.exp()
}

#[inline(always)]
pub fn ln(x: f64) -> f64 {
    x.ln()
}

#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// erf x within 1 ulp.
///
/// Source: FreeBSD `s_erf.c` (Copyright (C) 1993 by Sun Microsystems, Inc.; permission to use, copy, modify, and
/// distribute this software is freely granted, provided that this notice is preserved).
pub fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a < 0.843_75 {
        if a < 3.725_290_298_461_914e-9 {
            // 2^-28: the next term is below the last bit.
            return x + x * (std::f64::consts::FRAC_2_SQRT_PI - 1.0);
        }
        let z = x * x;
        return x + x * (horner(&PP, z) / horner(&QQ, z));
    }
    if a < 1.25 {
        let s = a - 1.0;
        return (ERX + horner(&PA, s) / horner(&QA, s)).copysign(x);
    }
    if a >= 6.0 {
        return 1f64.copysign(x);
    }
    if a.is_nan() {
        return x;
    }
    let s = 1.0 / (a * a);
    let ratio = if a < 1.0 / 0.35 {
        horner(&RA, s) / horner(&SA, s)
    } else {
        horner(&RB, s) / horner(&SB, s)
    };
    // a² is split so that its leading part is exact; exp magnifies what is lost.
    let z = f64::from_bits(a.to_bits() & 0xffff_ffff_0000_0000);
    let complement = (-z * z - 0.5625).exp() * ((z - a) * (z + a) + ratio).exp() / a;
    (1.0 - complement).copysign(x)
}

#[inline(always)]
fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, &c| sum * x + c)
}

const ERX: f64 = 0.845_062_911_510_467_5;
/// erf on [0, 0.84375], numerator in x².
const PP: [f64; 5] = [
    0.128_379_167_095_512_56,
    -0.325_042_107_247_001_5,
    -0.028_481_749_575_598_51,
    -0.005_770_270_296_489_442,
    -2.376_301_665_665_016_3e-5,
];
/// Its denominator.
const QQ: [f64; 6] = [
    1.0,
    0.397_917_223_959_155_35,
    0.065_022_249_988_767_3,
    0.005_081_306_281_875_766,
    0.000_132_494_738_004_321_64,
    -3.960_228_278_775_368e-6,
];
/// erf on [0.84375, 1.25], numerator in |x| − 1.
const PA: [f64; 7] = [
    -0.002_362_118_560_752_659_4,
    0.414_856_118_683_748_33,
    -0.372_207_876_035_701_3,
    0.318_346_619_901_161_75,
    -0.110_894_694_282_396_68,
    0.035_478_304_325_618_236,
    -0.002_166_375_594_868_791,
];
/// Its denominator.
const QA: [f64; 7] = [
    1.0,
    0.106_420_880_400_844_23,
    0.540_397_917_702_171,
    0.071_828_654_414_196_27,
    0.126_171_219_808_761_64,
    0.013_637_083_912_029_05,
    0.011_984_499_846_799_107,
];
/// erfc on [1.25, 1/0.35], numerator in 1/x².
const RA: [f64; 8] = [
    -0.009_864_944_034_847_148,
    -0.693_858_572_707_181_8,
    -10.558_626_225_323_291,
    -62.375_332_450_326_006,
    -162.396_669_462_573_47,
    -184.605_092_906_711_04,
    -81.287_435_506_306_6,
    -9.814_329_344_169_145,
];
/// Its denominator.
const SA: [f64; 9] = [
    1.0,
    19.651_271_667_439_257,
    137.657_754_143_519_04,
    434.565_877_475_229_23,
    645.387_271_733_267_9,
    429.008_140_027_567_83,
    108.635_005_541_779_44,
    6.570_249_770_319_282,
    -0.060_424_415_214_858_1,
];
/// erfc above 1/0.35, numerator in 1/x².
const RB: [f64; 7] = [
    -0.009_864_942_924_700_1,
    -0.799_283_237_680_523,
    -17.757_954_917_754_752,
    -160.636_384_855_821_92,
    -637.566_443_368_389_6,
    -1_025.095_131_611_077_2,
    -483.519_191_608_651_4,
];
/// Its denominator.
const SB: [f64; 8] = [
    1.0,
    30.338_060_743_482_46,
    325.792_512_996_573_9,
    1_536.729_586_084_437,
    3_199.858_219_508_595_5,
    2_553.050_406_433_164_4,
    474.528_541_206_955_37,
    -22.440_952_446_585_82,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_matches_tabled_values() {
        // Digits of Abramowitz and Stegun table 7.1, extended.
        for (x, want) in [
            (0.0, 0.0),
            (0.1, 0.112_462_916_018_284_89),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
        ] {
            assert!((erf(x) - want).abs() <= 2e-16 && erf(-x) == -erf(x), "{x}: {}", erf(x));
        }
        assert_eq!((erf(f64::INFINITY), erf(f64::NEG_INFINITY), erf(7.0)), (1.0, -1.0, 1.0));
        assert!(erf(f64::NAN).is_nan());
        assert!((erf(1e-10) - 1.128_379_167_095_512_6e-10).abs() < 1e-25);
    }
}
