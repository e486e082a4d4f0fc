//! The formulas of the activation functions and of their derivatives, and the gated form of Llama's feed-forward.
//!
//! `*_grad` take what [`crate::cpu::unary::unary_backward`] saves: the output y where the derivative reads best from it,
//! else the input x.

use super::map::map2;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::{isa, par};

/// √(2/π), the factor inside GELU's tanh form.
const GELU_TANH_SCALE: f64 = 0.797_884_560_802_865_4;
/// The cubic coefficient of GELU's tanh form (Hendrycks & Gimpel 2016).
const GELU_TANH_CUBE: f64 = 0.044_715;
/// 1/√(2π), the height of the normal density.
const NORMAL_PEAK: f64 = 0.398_942_280_401_432_7;

/// max(x, 0); NaN stays NaN.
#[inline(always)]
pub fn relu<T: Float>(x: T) -> T {
    if x <= T::ZERO { T::ZERO } else { x }
}

/// x · sigmoid(x).
#[inline(always)]
pub fn silu<T: Float>(x: T) -> T {
    x / (T::ONE + (-x).exp())
}

/// d silu / dx.
#[inline(always)]
pub fn silu_grad<T: Float>(x: T) -> T {
    let s = x.sigmoid();
    s * (T::ONE + x * (T::ONE - s))
}

/// `x · min(max(x + 3, 0), 6) / 6`; NaN stays NaN.
#[inline(always)]
pub fn hardswish<T: Float>(x: T) -> T {
    let (three, six) = (T::from_f64(3.0), T::from_f64(6.0));
    let above = relu(x + three);
    let held = if above > six { six } else { above };
    x * held / six
}

/// d hardswish / dx: 0 up to −3, `x / 3 + 1/2` between −3 and 3, 1 from 3 on.
#[inline(always)]
pub fn hardswish_grad<T: Float>(x: T) -> T {
    let three = T::from_f64(3.0);
    let slope = if x >= three { T::ONE } else { x / three + T::HALF };
    if x <= -three { T::ZERO } else { slope }
}

/// x · Φ(x) with the exact normal distribution: `0.5 x (1 + erf(x/√2))`.
#[inline(always)]
pub fn gelu_erf<T: Float>(x: T) -> T {
    T::HALF * x * (T::ONE + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// d gelu / dx: Φ(x) + x φ(x).
#[inline(always)]
pub fn gelu_erf_grad<T: Float>(x: T) -> T {
    let cdf = T::HALF * (T::ONE + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf());
    cdf + x * T::from_f64(NORMAL_PEAK) * (-(x * x) * T::HALF).exp()
}

/// GPT-2's GELU: `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`, computed as `x · sigmoid(2 √(2/π) (x + 0.044715 x³))`: one exponential,
/// and no cancellation where the function is near 0.
#[inline(always)]
pub fn gelu_tanh<T: Float>(x: T) -> T {
    x / (T::ONE + gelu_tanh_exp(x))
}

/// `e^(−2u)` with u the argument of the tanh in GELU's tanh form.
#[inline(always)]
fn gelu_tanh_exp<T: Float>(x: T) -> T {
    let (linear, cube) = (
        T::from_f64(-2.0 * GELU_TANH_SCALE),
        T::from_f64(-2.0 * GELU_TANH_SCALE * GELU_TANH_CUBE),
    );
    (x * (linear + cube * (x * x))).exp()
}

/// d gelu_tanh / dx: `s + x s (1 − s) 2u'` with s the sigmoid of [`gelu_tanh`].
#[inline(always)]
pub fn gelu_tanh_grad<T: Float>(x: T) -> T {
    let (linear, cube) = (
        T::from_f64(2.0 * GELU_TANH_SCALE),
        T::from_f64(6.0 * GELU_TANH_SCALE * GELU_TANH_CUBE),
    );
    let s = T::ONE / (T::ONE + gelu_tanh_exp(x));
    s + x * s * (T::ONE - s) * (linear + cube * (x * x))
}

/// d erf / dx = 2/√π · e^(−x²).
#[inline(always)]
pub fn erf_grad<T: Float>(x: T) -> T {
    T::from_f64(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp()
}

/// `y = silu(gate) · up`, the SwiGLU of Llama (Shazeer 2020).
///
/// # Errors
/// When the lengths differ.
pub fn silu_mul<T: Float>(gate: &[T], up: &[T], y: &mut [T]) -> Result<()> {
    check_len("silu_mul", "up", up.len(), gate.len())?;
    check_len("silu_mul", "y", y.len(), gate.len())?;
    map2(
        gate,
        up,
        y,
        #[inline(always)]
        |gate, up| silu(gate) * up,
    );
    Ok(())
}

/// Gradients of [`silu_mul`]: `dgate = dy · up · silu'(gate)`, `dup = dy · silu(gate)`.
///
/// # Errors
/// When the lengths differ.
pub fn silu_mul_backward<T: Float>(dy: &[T], gate: &[T], up: &[T], dgate: &mut [T], dup: &mut [T]) -> Result<()> {
    const NAME: &str = "silu_mul_backward";
    for (name, len) in [
        ("gate", gate.len()),
        ("up", up.len()),
        ("dgate", dgate.len()),
        ("dup", dup.len()),
    ] {
        check_len(NAME, name, len, dy.len())?;
    }
    par::parts_mut(
        (par::Rows::new(dgate, 1), par::Rows::new(dup, 1)),
        par::FLAT_CHUNK,
        |start, (dgate, dup)| {
            let range = start..start + dgate.data.len();
            let (dy, gate, up) = (&dy[range.clone()], &gate[range.clone()], &up[range]);
            isa::dispatch(
                #[inline(always)]
                || silu_mul_backward_loop(dy, gate, up, dgate.data, dup.data),
            )
        },
    );
    Ok(())
}

#[inline(always)]
fn silu_mul_backward_loop<T: Float>(dy: &[T], gate: &[T], up: &[T], dgate: &mut [T], dup: &mut [T]) {
    let n = dy.len();
    let (gate, up, dgate, dup) = (&gate[..n], &up[..n], &mut dgate[..n], &mut dup[..n]);
    for i in 0..n {
        dgate[i] = dy[i] * up[i] * silu_grad(gate[i]);
        dup[i] = dy[i] * silu(gate[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::activation as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    fn check<T: Float>(n: usize) {
        let (gate, up, dy) = (values::<T>(n, 1), values::<T>(n, 2), values::<T>(n, 3));
        let (mut y, mut dgate, mut dup) = (vec![T::ZERO; n], vec![T::ZERO; n], vec![T::ZERO; n]);
        silu_mul(&gate, &up, &mut y).unwrap();
        silu_mul_backward(&dy, &gate, &up, &mut dgate, &mut dup).unwrap();
        let (want_dgate, want_dup) = slow::silu_mul_backward(&wide(&dy), &wide(&gate), &wide(&up));
        close(&y, &slow::silu_mul(&wide(&gate), &wide(&up)), 1e-6, "y");
        close(&dgate, &want_dgate, 2e-6, "dgate");
        close(&dup, &want_dup, 2e-6, "dup");
    }

    #[test]
    fn silu_mul_and_its_gradients_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES.into_iter().chain([70_001]) {
                check::<f32>(n);
                check::<f64>(n);
            }
        });
        assert!(silu_mul(&[0f32; 2], &[0.0; 3], &mut [0.0; 2]).is_err());
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        type Function = fn(f64) -> f64;
        let pairs: [(Function, Function); 4] = [
            (silu, silu_grad),
            (gelu_erf, gelu_erf_grad),
            (gelu_tanh, gelu_tanh_grad),
            (Float::erf, erf_grad),
        ];
        for (f, grad) in pairs {
            for x in [-3.0, -0.7, 0.0, 0.2, 1.5, 4.0] {
                let difference = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
                assert!(
                    (difference - grad(x)).abs() < 1e-8,
                    "at {x}: {difference} and {}",
                    grad(x)
                );
            }
        }
    }

    #[test]
    fn gelu_keeps_its_digits_where_it_is_small() {
        for x in [-3.0, -4.5, -5.5] {
            let inner = GELU_TANH_SCALE * (x + GELU_TANH_CUBE * x * x * x);
            let want = 0.5 * x * (1.0 + inner.tanh());
            let got = gelu_tanh(x as f32) as f64;
            assert!((got - want).abs() < 1e-5 * want.abs(), "at {x}: {got} and {want}");
        }
    }

    #[test]
    fn far_inputs_stay_finite_where_the_function_is() {
        assert_eq!((silu(-200f32), silu(200f32)), (-0.0, 200.0));
        assert_eq!((gelu_erf(-50f32), gelu_tanh(50f32)), (-0.0, 50.0));
        assert!(relu(f32::NAN).is_nan() && relu(-1f32) == 0.0);
    }
}
