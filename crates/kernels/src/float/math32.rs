//! exp, ln, tanh, erf and sin/cos for f32: polynomials and selects only, so that loops over them vectorise.
//! NaN passes through every comparison below on the side that returns it.

/// 1.5 · 2²³: adding it rounds a small value to the nearest integer, which then sits in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;

/// eˣ within 2 ulp; 0 below −104, ∞ above 88.73. Source: Cephes `expf` (Moshier).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts: n times the first is exact.
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_6e-1;
    p = p * r + 0.5;
    let value = p * (r * r) + r + 1.0;
    // 2ⁿ in two factors, so that subnormal results and the last octave come out right.
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = n >> 1;
    value * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// ln x within 2 ulp; −∞ at 0, NaN below. Source: Cephes `logf`.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    let tiny = x < f32::MIN_POSITIVE;
    let bits = (if tiny { x * 8_388_608.0 } else { x }).to_bits();
    // Shifts the mantissa to [√½, √2).
    let offset = bits.wrapping_sub(0x3f35_04f3);
    let e = ((offset as i32) >> 23) as f32 - if tiny { 23.0 } else { 0.0 };
    let m = f32::from_bits((offset & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let f = m - 1.0;
    let z = f * f;
    let mut p = 7.037_683_6e-2;
    p = p * f - 1.151_461e-1;
    p = p * f + 1.167_699_84e-1;
    p = p * f - 1.242_014_1e-1;
    p = p * f + 1.424_932_3e-1;
    p = p * f - 1.666_805_7e-1;
    p = p * f + 2.000_071_4e-1;
    p = p * f - 2.499_999_4e-1;
    p = p * f + 3.333_333e-1;
    let y = p * f * z + e * -2.121_944_4e-4 - 0.5 * z;
    let value = f + y + e * 0.693_359_4;
    let value = if x == f32::INFINITY { x } else { value };
    let value = if x == 0.0 { f32::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f32::NAN }
}

/// tanh x within 2 ulp. Source: Cephes `tanhf`.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.704_988_7e-3;
    p = p * z + 2.063_908_8e-2;
    p = p * z - 5.373_971_5e-2;
    p = p * z + 1.333_144_2e-1;
    p = p * z - 3.333_328e-1;
    let near = p * z * x + x;
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

/// erf x within 2 ulp. Source: N. Juffa's single-precision minimax approximation (public domain posting).
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.967_617e-4;
    p = p * z + 4.991_194_2e-3;
    p = p * z - 2.676_813_5e-2;
    p = p * z + 1.128_199_25e-1;
    p = p * z - 3.761_253_4e-1;
    p = p * z + 1.283_791_7e-1;
    let near = p * x + x;
    // erf(4) rounds to 1 already, and the polynomial is not meant for more.
    let t = if a > 4.0 { 4.0 } else { a };
    let s = t * t;
    let r = -1.728_534_7e-5 * t + 3.831_971_3e-4;
    let u = -3.883_964_4e-3 * t + 2.425_462_2e-2;
    let mut q = r * s + u;
    q = q * t - 1.067_778_8e-1;
    q = q * t - 6.348_467e-1;
    q = q * t - 1.287_175_1e-1;
    q = q * t - t;
    let far = (1.0 - exp(q)).copysign(x);
    if a > 0.927_734_4 { far } else { near }
}

/// sin and cos of `turns · 2π` for `turns` in [0, 1), absolute error below 2e-7. Source: Cephes `sinf`, `cosf`.
#[inline(always)]
pub fn sin_cos_turns(turns: f32) -> (f32, f32) {
    let shifted = turns * 4.0 + ROUND;
    let quadrant = shifted.to_bits() & 3;
    let r = (turns - (shifted - ROUND) * 0.25) * std::f32::consts::TAU;
    let z = r * r;
    let sin = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * r + r;
    let cos = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    let odd = quadrant & 1 == 1;
    let (s, c) = (if odd { cos } else { sin }, if odd { sin } else { cos });
    let sin_sign = (quadrant & 2) << 30;
    let cos_sign = (quadrant.wrapping_add(1) & 2) << 30;
    (
        f32::from_bits(s.to_bits() ^ sin_sign),
        f32::from_bits(c.to_bits() ^ cos_sign),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error in units of the last place of the f64 result rounded to f32, over a dense sweep of `low..high`.
    fn worst_ulp(low: f32, high: f32, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let steps = 200_000;
        (0..=steps)
            .map(|i| low + (high - low) * (i as f32 / steps as f32))
            .map(|x| {
                let want = exact(x as f64);
                let ulp = (f32::from_bits((want as f32).abs().to_bits() + 1) - (want as f32).abs()) as f64;
                (f(x) as f64 - want).abs() / ulp
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_two_ulp_and_right_at_the_ends() {
        assert!(worst_ulp(-87.0, 88.7, exp, f64::exp) < 2.0);
        assert!(worst_ulp(-1.0, 1.0, exp, f64::exp) < 2.0);
        assert!(worst_ulp(-103.0, -87.0, exp, f64::exp) < 2.0);
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
        assert_eq!((exp(f32::NEG_INFINITY), exp(-200.0)), (0.0, 0.0));
        assert_eq!((exp(f32::INFINITY), exp(89.0)), (f32::INFINITY, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn ln_is_within_two_ulp_and_right_at_the_ends() {
        assert!(worst_ulp(1e-3, 10.0, ln, f64::ln) < 2.0);
        assert!(worst_ulp(1.0, 1e30, ln, f64::ln) < 2.0);
        assert!(worst_ulp(1e-44, 1e-38, ln, f64::ln) < 2.0);
        assert_eq!(
            (ln(1.0), ln(0.0), ln(-0.0)),
            (0.0, f32::NEG_INFINITY, f32::NEG_INFINITY)
        );
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
        assert!(ln(-1.0).is_nan() && ln(f32::NAN).is_nan() && ln(f32::NEG_INFINITY).is_nan());
    }

    #[test]
    fn tanh_is_within_two_ulp_and_right_at_the_ends() {
        assert!(worst_ulp(-10.0, 10.0, tanh, f64::tanh) < 2.0);
        assert!(worst_ulp(-0.7, 0.7, tanh, f64::tanh) < 2.0);
        assert_eq!(
            (tanh(f32::INFINITY), tanh(f32::NEG_INFINITY), tanh(0.0)),
            (1.0, -1.0, 0.0)
        );
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn erf_is_within_two_ulp_and_right_at_the_ends() {
        assert!(worst_ulp(-5.0, 5.0, erf, crate::Float::erf) < 2.0);
        assert!(worst_ulp(-1.0, 1.0, erf, crate::Float::erf) < 2.0);
        assert_eq!((erf(f32::INFINITY), erf(f32::NEG_INFINITY), erf(0.0)), (1.0, -1.0, 0.0));
        assert!(erf(f32::NAN).is_nan());
    }

    #[test]
    fn sin_and_cos_of_turns_are_close() {
        for i in 0..4096 {
            let turns = i as f32 / 4096.0;
            let (sin, cos) = sin_cos_turns(turns);
            let (want_sin, want_cos) = (turns as f64 * std::f64::consts::TAU).sin_cos();
            assert!(
                (sin as f64 - want_sin).abs() < 2e-7 && (cos as f64 - want_cos).abs() < 2e-7,
                "{turns}"
            );
        }
    }
}
