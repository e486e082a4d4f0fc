//! Plain twins of the dense layer.

use crate::cpu::linear::{Layout, LinearDims, LinearWeight};

/// Flat index of weight (out, in).
fn at(dims: LinearDims, layout: Layout, out: usize, input: usize) -> usize {
    match layout {
        Layout::OutIn => out * dims.k + input,
        Layout::InOut => input * dims.n + out,
    }
}

/// The weight as a function of (out, in).
fn matrix(dims: LinearDims, weight: LinearWeight<'_, f64>) -> impl Fn(usize, usize) -> f64 {
    move |out, input| weight.values.get(at(dims, weight.layout, out, input))
}

/// `y[i, o] = bias[o] + Σ x[i, c] · W[o, c]`.
pub fn linear(dims: LinearDims, x: &[f64], weight: LinearWeight<'_, f64>, bias: Option<&[f64]>) -> Vec<f64> {
    let LinearDims { m, k, n } = dims;
    let w = matrix(dims, weight);
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for o in 0..n {
            let sum: f64 = (0..k).map(|c| x[i * k + c] * w(o, c)).sum();
            y[i * n + o] = sum + bias.map_or(0.0, |bias| bias[o]);
        }
    }
    y
}

/// `dx[i, c] = Σ dy[i, o] · W[o, c]`.
pub fn linear_dx(dims: LinearDims, dy: &[f64], weight: LinearWeight<'_, f64>) -> Vec<f64> {
    let LinearDims { m, k, n } = dims;
    let w = matrix(dims, weight);
    let mut dx = vec![0.0; m * k];
    for i in 0..m {
        for c in 0..k {
            dx[i * k + c] = (0..n).map(|o| dy[i * n + o] * w(o, c)).sum();
        }
    }
    dx
}

/// `dW[o, c] = Σ dy[i, o] · x[i, c]`.
pub fn linear_dw(dims: LinearDims, dy: &[f64], x: &[f64], layout: Layout) -> Vec<f64> {
    let LinearDims { m, k, n } = dims;
    let mut dw = vec![0.0; n * k];
    for o in 0..n {
        for c in 0..k {
            dw[at(dims, layout, o, c)] = (0..m).map(|i| dy[i * n + o] * x[i * k + c]).sum();
        }
    }
    dw
}
