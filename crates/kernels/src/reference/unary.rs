//! Twins of [`crate::cpu::unary`]: the functions by their formulas, the gradients as derivatives with respect to x.

use crate::Float;
use crate::cpu::unary::UnaryOp;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, PI};

/// Twin of `unary`.
pub fn unary(op: UnaryOp, x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| value(op, x)).collect()
}

/// The derivative at each x; `None` for functions without a gradient.
pub fn derivative(op: UnaryOp, x: &[f64]) -> Option<Vec<f64>> {
    slope(op, 1.0)?;
    x.iter().map(|&x| slope(op, x)).collect()
}

fn value(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Neg => -x,
        UnaryOp::Exp => x.exp(),
        UnaryOp::Log => x.ln(),
        UnaryOp::Log1p => x.ln_1p(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Rsqrt => 1.0 / x.sqrt(),
        UnaryOp::Square => x * x,
        UnaryOp::Abs => x.abs(),
        UnaryOp::Sign if x == 0.0 => 0.0,
        UnaryOp::Sign => x.signum(),
        UnaryOp::Recip => 1.0 / x,
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryOp::Relu => x.max(0.0),
        UnaryOp::Silu => x / (1.0 + (-x).exp()),
        UnaryOp::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        UnaryOp::GeluErf => x * normal_cdf(x),
        UnaryOp::GeluTanh => 0.5 * x * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
        UnaryOp::Erf => Float::erf(x),
        UnaryOp::Floor => x.floor(),
        UnaryOp::Ceil => x.ceil(),
        UnaryOp::Round => x.round_ties_even(),
        UnaryOp::Affine { mul, add } => mul * x + add,
        UnaryOp::PowScalar(p) => x.powf(p),
        UnaryOp::Clamp { min, max } => x.max(min).min(max),
    }
}

fn slope(op: UnaryOp, x: f64) -> Option<f64> {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    Some(match op {
        UnaryOp::Neg => -1.0,
        UnaryOp::Exp => x.exp(),
        UnaryOp::Log => 1.0 / x,
        UnaryOp::Log1p => 1.0 / (1.0 + x),
        UnaryOp::Sqrt => 0.5 / x.sqrt(),
        UnaryOp::Rsqrt => -0.5 * x.powf(-1.5),
        UnaryOp::Square => 2.0 * x,
        UnaryOp::Abs => value(UnaryOp::Sign, x),
        UnaryOp::Recip => -1.0 / (x * x),
        UnaryOp::Sin => x.cos(),
        UnaryOp::Cos => -x.sin(),
        UnaryOp::Tanh => 1.0 - x.tanh().powi(2),
        UnaryOp::Sigmoid => sigmoid * (1.0 - sigmoid),
        UnaryOp::Relu => (x > 0.0) as u8 as f64,
        UnaryOp::Silu => sigmoid + x * sigmoid * (1.0 - sigmoid),
        UnaryOp::Hardswish if x <= -3.0 => 0.0,
        UnaryOp::Hardswish if x >= 3.0 => 1.0,
        UnaryOp::Hardswish => (2.0 * x + 3.0) / 6.0,
        UnaryOp::GeluErf => normal_cdf(x) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt(),
        UnaryOp::GeluTanh => {
            let t = (FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3))).tanh();
            0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * FRAC_2_PI.sqrt() * (1.0 + 3.0 * 0.044715 * x * x)
        }
        UnaryOp::Erf => 2.0 / PI.sqrt() * (-x * x).exp(),
        UnaryOp::Affine { mul, .. } => mul,
        UnaryOp::PowScalar(p) => p * x.powf(p - 1.0),
        UnaryOp::Clamp { min, max } => (x >= min && x <= max) as u8 as f64,
        UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Round => return None,
    })
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * (1.0 + Float::erf(x * FRAC_1_SQRT_2))
}
