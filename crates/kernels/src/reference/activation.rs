//! Twins of [`crate::cpu::activation`].

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Twin of `silu_mul`.
pub fn silu_mul(gate: &[f64], up: &[f64]) -> Vec<f64> {
    gate.iter().zip(up).map(|(&g, &u)| g * sigmoid(g) * u).collect()
}

/// Twin of `silu_mul_backward`: (dgate, dup).
pub fn silu_mul_backward(dy: &[f64], gate: &[f64], up: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let both = |i: usize| {
        let (g, s) = (gate[i], sigmoid(gate[i]));
        (dy[i] * up[i] * (s + g * s * (1.0 - s)), dy[i] * g * s)
    };
    (0..dy.len()).map(both).unzip()
}
